// query_bar.tsx -- what is asked: shape of the answer, chips, and the TraceQL line; always both, each edits the other.
import type { ApiError } from "../../api/client.ts";
import type { Estimate } from "../../api/explain.ts";
import { bytesText } from "../../model/number.ts";
import { offsetOfColumn, tokensOf } from "../../model/traceql_tokens.ts";
import { range } from "../../state/range.ts";
import { hrefWith } from "../../state/url.ts";
import { Segmented } from "../../widgets/choice.tsx";
import { CopyButton } from "../../widgets/copy.tsx";
import { Failure } from "../../widgets/states.tsx";
import type { Kind } from "../../model/search_query.ts";
import { ChipRow } from "./chips.tsx";
import { QueryLine } from "./query_line.tsx";
import { SavedSearches } from "./saved.tsx";
import { ask, draft, isDrafted, kind, run, setKind } from "./search_state.ts";

const kinds: readonly { id: Kind; label: string; title: string }[] = [
    { id: "traces", label: "Traces", title: "Whole requests of which a span matches" },
    { id: "spans", label: "Spans", title: "The spans that match" },
    { id: "groups", label: "Groups", title: "Matching spans by an attribute: how many, how slow, how many errors" },
];

/* A metrics query has a shape of its own, which no click makes. */
const seriesKind = { id: "series" as Kind, label: "Series", title: "The query ends in a metrics function" };

/* The server names what it found; when it also names what would be right, one click writes it. */
function fixOf(error: ApiError, text: string): { words: string; text: string } | null {
    const meant = /did you mean ([^\s?]+(?: [^\s?]+)?)\?/.exec(error.message)?.[1] ?? /a string stands in quotes: (".*")$/.exec(error.message)?.[1];
    if (/expected an operator or "}"/.test(error.message) && /unexpected end/.test(error.message)) return { words: "Close the brace", text: `${text.trimEnd()} }` };
    if (/equality is written with one =/.test(error.message)) return { words: "Write =", text: text.replace("==", "=") };
    if (/stands? in quotes|did you mean/.test(error.message) && meant && error.column) {
        const at = offsetOfColumn(text, error.line, error.column);
        const token = tokensOf(text).find(t => at >= t.start && at < t.start + t.text.length);
        const plain = token?.kind === "stage" ? meant.replace(/\(\)$/, "") : meant;
        if (token) return { words: `Use ${plain}`, text: text.slice(0, token.start) + plain + text.slice(token.start + token.text.length) };
    }
    if (/unexpected "/.test(error.message) && error.column === 1 && !text.includes("{"))
        return { words: `Find "${text.trim()}" in any text`, text: `{ text contains "${text.trim().replaceAll('"', '\\"')}" }` };
    return null;
}

const sentence = (text: string): string => (text[0]?.toUpperCase() ?? "") + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");

function QueryError({ error }: { error: ApiError }) {
    const fix = fixOf(error, draft.value);
    const [, message = error.message] = /^line \d+, col \d+: (.*)$/s.exec(error.message) ?? [];
    return <div class="qerr"><Failure error={Object.assign(Object.create(Object.getPrototypeOf(error) as object) as ApiError, error, { message: sentence(message) })}
        title="The query cannot be read" actions={fix && <button type="button" class="btn s primary" onClick={() => ask(fix.text)}>{fix.words}</button>} /></div>;
}

const shareAddress = (): string => location.origin + hrefWith({ from: String(range.value.from), to: String(range.value.to) });

/* What will be read, before it is. */
function WillRead({ estimate }: { estimate: Estimate | null }) {
    if (!estimate || estimate.bytesMost === 0) return null; // nothing to tell
    const { bytesLeast, bytesMost } = estimate;
    return <span class="sub small reads wide760" title={`${bytesText(bytesLeast)} when the newest are enough or nothing matches, ${bytesText(bytesMost)} when every file has to be asked. From their directories: nothing was read for this.`}>
        reads {bytesMost > bytesLeast * 1.2 ? `${bytesText(bytesLeast)} – ${bytesText(bytesMost)}` : `≈ ${bytesText(bytesMost)}`}</span>;
}

export function QueryBar({ error, estimate }: { error: ApiError | null; estimate: Estimate | null }) {
    // An error belongs to the line that was asked, not to what is typed since.
    const shown = error && error.kind === "invalid" && !isDrafted.value ? error : null;
    return <div class="qb" role="search" aria-label="Traces">
        <div class="chips">
            <span class="in">Find</span><Segmented label="Shape of the answer" small value={kind.value} choices={kind.value === "series" ? [...kinds, seriesKind] : kinds} onChange={id => { if (id !== "series") setKind(id); }} /><span class="in">where</span>
            <ChipRow />
        </div>
        <div class="row qrow">
            <div class={shown ? "ed wrong" : "ed"}><span class="tok-c qname" aria-hidden="true">TraceQL</span><QueryLine error={shown} />
                <WillRead estimate={estimate} />
                <button type="button" class="btn primary s" onClick={run}>Run <span aria-hidden="true">↵</span></button></div>
            <SavedSearches />
            <CopyButton text={shareAddress} label="Copy a link with the time as instants, so that it always shows this">Share</CopyButton>
        </div>
        {shown && <QueryError error={shown} />}
    </div>;
}
