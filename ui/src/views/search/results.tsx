// results.tsx -- the answer: how many and how sure, the rows, and every state they can be in.
import type { Facet } from "../../api/facets.ts";
import type { SeriesAnswer, SpansAnswer, TracesAnswer } from "../../api/query.ts";
import { count, counted, durationText } from "../../model/number.ts";
import { clock, zoneName, type TimeNs } from "../../model/time.ts";
import { range, refresh } from "../../state/range.ts";
import { isNarrow } from "../../state/media.ts";
import { zone } from "../../state/settings.ts";
import type { Resource } from "../../state/resource.ts";
import { change } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Exactness, Failure, Note, Skeleton } from "../../widgets/states.tsx";
import { useRef, useState } from "preact/hooks";
import { GroupsTable, SeriesTable, type GroupsAnswer } from "./groups.tsx";
import { newer, useNewer } from "./live.ts";
import { NothingFound } from "./nothing_found.tsx";
import { PlanPanel } from "./plan.tsx";
import { Columns, Compare, FlameLink, Export } from "./result_tools.tsx";
import { Pages, SpansList, TracesList } from "./results_list.tsx";
import { SpansTable, TracesTable } from "./results_table.tsx";
import { afterText, box, kind } from "./search_state.ts";

/** `before`: results on the pages before this one. */
export type Listed = { askedMs: number; before: number } & (
    | { kind: "traces"; traces: TracesAnswer } | { kind: "spans"; spans: SpansAnswer }
    | { kind: "groups"; groups: GroupsAnswer } | { kind: "series"; series: SeriesAnswer });

export const rowCount = (answer: Listed): number => answer.kind === "traces" ? answer.traces.traces.length : answer.kind === "spans" ? answer.spans.spans.length
    : answer.kind === "groups" ? answer.groups.groups.length : answer.series.series.length;
export const pageOf = (answer: Listed): { hasMore: boolean; nextCursor: string; partial: string | null; completeFrom: TimeNs | null } =>
    answer.kind === "traces" ? answer.traces : answer.kind === "spans" ? answer.spans
        : { hasMore: false, nextCursor: "", completeFrom: null, partial: answer.kind === "groups" ? answer.groups.partial : answer.series.partial };

const nouns: Record<Listed["kind"], [string, string]> = { traces: ["trace", "traces"], spans: ["span", "spans"], groups: ["group", "groups"], series: ["series", "series"] };

/** "1,284 traces" when the end is known, "≥ 51 traces" when there are more. */
export function howMany(answer: Listed, total: number | null): string {
    const { hasMore } = pageOf(answer), [one, many] = nouns[answer.kind];
    const here = answer.before + rowCount(answer);
    if (total !== null && (answer.kind === "spans" || answer.kind === "traces")) return counted(Math.max(total, here), one, many);
    return hasMore ? `≥ ${count(here + 1)} ${many}` : counted(here, one, many);
}

/* "≥ 51" says itself that it is not exact. */
const isBound = (answer: Listed, total: number | null): boolean => pageOf(answer).partial !== null || total !== null || !pageOf(answer).hasMore;

function Inspected({ answer, matched }: { answer: Listed; matched: number | null }) {
    const inspected = answer.kind === "traces" ? answer.traces.inspected : answer.kind === "spans" ? answer.spans.inspected : null;
    return <span class="sub" title={inspected ? `${counted(inspected.traces, "trace")} and ${counted(inspected.spans, "span")} looked at` : ""}>
        {answer.kind === "groups" ? `${counted(answer.groups.spanCount, "span")}, ` : answer.kind === "traces" && matched !== null ? `${counted(matched, "matching span")}, ` : ""}{answer.kind === "series" && answer.series.note ? `${answer.series.note}, ` : ""}answered in {durationText(answer.askedMs * 1e6)}</span>;
}

/* The order is by start, the newest first, until a limit of time cut it: what was not looked at is older. */
function Cut({ answer }: { answer: Listed }) {
    const { partial, nextCursor, hasMore, completeFrom } = pageOf(answer), z = zone.value;
    if (partial === null) return null;
    const { from, to } = range.value;
    const covered = completeFrom !== null && completeFrom > from ? `The answer is cut: it covers ${clock(completeFrom, z, 0)} – ${clock(to, z, 0)} ${zoneName(z, to)} of the ${durationText(Number(to - from))} asked for` : "The answer is cut";
    return <div class="cutnote"><Note tone="warn" title={covered} actions={<>
        {hasMore && nextCursor && <button type="button" class="btn s primary" onClick={() => change({ after: afterText(answer.before + rowCount(answer), nextCursor), sel: null })}>Read on</button>}
        <button type="button" class="btn s" onClick={() => document.querySelector<HTMLElement>(".range button")?.click()}>Choose a shorter range</button></>}>
        The {partial} ended it. What is listed matches; what was not looked at may be missing.</Note></div>;
}

const Newer = () => (newer.value.count > 0
    ? <button type="button" class="btn s accent" onClick={refresh}><Icon name="up" small />{newer.value.isMore ? "≥ " : ""}{count(newer.value.count)} newer</button> : null);

/* How long it takes so far: the server tells no progress of a query under way. */
function Waiting({ stop }: { stop: () => void }) {
    return <div class="waiting"><div class="row small muted" role="status"><span class="grow">Searching …</span><button type="button" class="btn s" onClick={stop}>Stop</button></div>
        <div class="meter busy" role="progressbar" aria-label="Search"><i class="acc" /></div><Skeleton rows={10} label="Searching" /></div>;
}

export function Results({ found, isStopped, stop, start, total, matched, facets }: {
    found: Resource<Listed> & { again: () => void }; isStopped: boolean; stop: () => void; start: () => void; total: number | null; matched: number | null; facets: readonly Facet[];
}) {
    useNewer();
    const [hasPlan, setPlan] = useState(false);
    const panel = useRef<HTMLElement>(null);
    const answer = found.value?.kind === kind.value ? found.value : null;
    const error = found.error && found.error.kind !== "invalid" ? found.error : null;
    return <>
        {hasPlan && <PlanPanel close={() => setPlan(false)} />}
        <section ref={panel} class={found.isStale && found.isSlow ? "panel results stale" : "panel results"} aria-labelledby="res-h" aria-busy={found.isLoading}>
            <div class="ph"><h2 id="res-h">{answer ? howMany(answer, total) : found.error ? "No answer" : nouns[kind.value][1].replace(/^./, c => c.toUpperCase())}</h2>
                {answer && isBound(answer, total) && (pageOf(answer).partial === null ? <Exactness partial={null} /> : <span class="tag warn"><Icon name="warn" small />cut</span>)}
                {box.value && answer && <span class="tag accent">in the box</span>}
                {answer && <Inspected answer={answer} matched={matched} />}<span class="grow" />
                <Newer />
                {answer && (answer.kind === "traces" || answer.kind === "spans") && <><FlameLink /><Compare /></>}
                {answer && <Export answer={answer} />}
                {kind.value !== "groups" && kind.value !== "series" && <Columns facets={facets} />}
                <button type="button" class="btn s wide760" aria-pressed={hasPlan} onClick={() => setPlan(!hasPlan)}>Plan</button></div>
            {error && <div class="pb"><Failure error={error} again={found.again} /></div>}
            {answer && <Cut answer={answer} />}
            {isStopped && <div class="cutnote"><Note tone="" icon="pause" title="The search was stopped" actions={<button type="button" class="btn s" onClick={start}>Search on</button>}>Nothing was answered yet. A shorter range, or one more condition, reads less.</Note></div>}
            {!answer && found.isSlow && <Waiting stop={stop} />}
            {answer && rowCount(answer) === 0 && pageOf(answer).partial === null && <NothingFound key={kind.value} />}
            {answer && rowCount(answer) > 0 && (answer.kind === "traces" ? isNarrow.value ? <TracesList answer={answer.traces} /> : <TracesTable answer={answer.traces} />
                : answer.kind === "spans" ? isNarrow.value ? <SpansList answer={answer.spans} /> : <SpansTable answer={answer.spans} />
                : answer.kind === "groups" ? <GroupsTable answer={answer.groups} /> : <SeriesTable answer={answer.series} />)}
            {answer && isNarrow.value && <Pages {...pageOf(answer)} rows={rowCount(answer)} before={answer.before} />}
        </section>
        <span class="sr" role="status">{answer && !found.isLoading ? `${howMany(answer, total)}${pageOf(answer).partial === null ? ", exact" : ", cut"}` : ""}</span>
    </>;
}
