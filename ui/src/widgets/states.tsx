// states.tsx -- loading, partial, failed, nothing: the same words and shapes on every page.
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/client.ts";
import { Icon, type IconName } from "./icon.tsx";

type Tone = "error" | "warn" | "ok" | "acc" | "";
const icons: Record<Tone, IconName> = { error: "error", warn: "warn", ok: "ok", acc: "pause", "": "clock" };

/** What happened, why, what to do. */
export function Note({ tone, title, icon, children, actions, isUrgent }: {
    tone: Tone; title: ComponentChildren; icon?: IconName; children?: ComponentChildren; actions?: ComponentChildren; isUrgent?: boolean;
}) {
    return <div class={`note ${tone}`} role={isUrgent ? "alert" : tone ? "status" : undefined}>
        <Icon name={icon ?? icons[tone]} />
        <div class="grow small"><b>{title}</b>{children && <div>{children}</div>}{actions && <div class="row wrap actions">{actions}</div>}</div>
    </div>;
}

const heads: Record<string, string> = { offline: "No connection to the server", not_found: "Not there", full: "The server is busy",
    invalid: "This cannot be asked", closed: "The server is stopping", bug: "This page has a fault" };

/** isPage: there is nothing else, so no other heading. */
export function Failure({ error, again, title, actions, isPage }: {
    error: ApiError; again?: () => void; title?: string; actions?: ComponentChildren; isPage?: boolean;
}) {
    const place = error.column ? ` at ${error.line > 1 ? `line ${error.line}, ` : ""}column ${error.column}` : "";
    const head = (title ?? heads[error.kind] ?? "The server could not answer") + place;
    return <>{isPage && <h1 class="sr">{head}</h1>}<Note tone="error" isUrgent title={head}
        actions={<>
            {again && <button class="btn s" onClick={again}>Try again</button>}{actions}
            <button class="btn s quiet" onClick={() => void navigator.clipboard?.writeText(
                `${new Date().toISOString()} ${location.href}\n${error.httpStatus} ${error.kind}: ${error.message}`)}>Copy details</button>
        </>}>{error.message}</Note></>;
}

/** The shape of what comes, shown only for waits that are felt. */
export const Skeleton = ({ rows, label }: { rows: number; label: string }) =>
    <div aria-busy="true" class="skeleton"><span class="sr" role="status">{label}</span>
        {Array.from({ length: rows }, (_, i) => <div class="skrow" key={i} aria-hidden="true">
            <span class="sk box" /><span class="sk line" style={{ width: `${30 - ((i * 7) % 12)}%` }} /><span class="grow" />
            <span class="sk line" style={{ width: "54px" }} /><span class="sk line" style={{ width: "96px" }} />
        </div>)}
    </div>;

/** isPage: there is no other heading. */
export const Nothing = ({ title, children, isPage }: { title: string; children?: ComponentChildren; isPage?: boolean }) =>
    <div class="nothing">{isPage ? <h1>{title}</h1> : <h2>{title}</h2>}{children}</div>;

/** A count that says how sure it is. */
export const Exactness = ({ partial }: { partial: string | null }) => partial === null
    ? <span class="tag ok"><Icon name="ok" small />exact</span>
    : <span class="tag warn" title={partial}><Icon name="warn" small />cut: {partial}</span>;
