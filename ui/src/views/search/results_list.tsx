// results_list.tsx -- results on a phone: one entry each, the whole of it a link.
import type { SpansAnswer, TracesAnswer } from "../../api/query.ts";
import { counted } from "../../model/number.ts";
import { clock, day, isSameDay, zoneName, type TimeNs } from "../../model/time.ts";
import { now } from "../../state/range.ts";
import { slotOf } from "../../state/services.ts";
import { zone } from "../../state/settings.ts";
import { hrefWith } from "../../state/url.ts";
import { Duration } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Swatch } from "../../widgets/service.tsx";
import { Services } from "./results_table.tsx";
import { traceHref } from "./rows.ts";
import { afterText, PAGE_ROWS } from "./search_state.ts";

function when(time: TimeNs): string {
    const z = zone.value;
    return `${isSameDay(time, now.value, z) ? "" : `${day(time, z).slice(5)} `}${clock(time, z, 0)} ${zoneName(z, time)}`;
}

const Errors = ({ count }: { count: number }) => (count > 0 ? <b class="err">{counted(count, "error")}</b> : null);

export const TracesList = ({ answer }: { answer: TracesAnswer }) => <ul class="reslist">
    {answer.traces.map((trace, i) => <li key={trace.traceId} data-row={i}><a class="it" href={traceHref(trace.traceId)}>
        <span class="m ell">{trace.rootName || "root not received"}</span><span class="d"><Duration ns={trace.durationNs} /></span>
        <span class="x row"><Swatch slot={trace.services.find(s => s.name === trace.rootServiceName)?.slot || slotOf(trace.rootServiceName)} /><span class="ell">{trace.rootServiceName}</span>
            <span>{counted(trace.spanCount, "span")}</span><Errors count={trace.errorCount} /></span><span class="x">{when(trace.startTime)}</span>
        <Services trace={trace} /></a></li>)}
</ul>;

export const SpansList = ({ answer }: { answer: SpansAnswer }) => <ul class="reslist">
    {answer.spans.map((span, i) => {
        const isError = span.attributes.some(a => a.key === "status" && a.value === "error");
        const message = span.attributes.find(a => a.key === "statusMessage")?.value;
        return <li key={span.spanId} data-row={i}><a class="it" href={traceHref(span.traceId, span.spanId)}>
            <span class="m ell">{span.name || span.spanId}</span><span class="d"><Duration ns={span.durationNs} /></span>
            <span class="x row"><Swatch slot={span.serviceSlot || slotOf(span.serviceName)} /><span class="ell">{span.serviceName}</span>
                {isError && <b class="err ell"><Icon name="error" small /> {message || "error"}</b>}</span><span class="x">{when(span.startTime)}</span></a></li>;
    })}
</ul>;

/** The foot line has no room on a phone: the pages are turned below the list. */
export function Pages({ hasMore, nextCursor, rows, before }: { hasMore: boolean; nextCursor: string; rows: number; before: number }) {
    if (!before && !(hasMore && nextCursor)) return null;
    return <div class="row pages">
        {before > 0 && <a class="btn" href={hrefWith({ after: null, sel: null })}>First {PAGE_ROWS}</a>}
        {hasMore && nextCursor && <a class="btn" href={hrefWith({ after: afterText(before + rows, nextCursor), sel: null })}>Next {PAGE_ROWS}</a>}</div>;
}
