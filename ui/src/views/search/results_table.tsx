// results_table.tsx -- traces or spans as rows: heads that sort, columns of attributes, a box to select, one row the
// keyboard is on.
import type { ComponentChildren } from "preact";
import type { SpansAnswer, TraceFound, TracesAnswer, ValueFound } from "../../api/query.ts";
import { counted, durationText, percent } from "../../model/number.ts";
import { sortFields } from "../../model/search_query.ts";
import { fieldWords, valueWords } from "../../model/traceql_words.ts";
import { clock, day, fullTime, isSameDay, zoneName, type TimeNs } from "../../model/time.ts";
import { now, range } from "../../state/range.ts";
import { slotOf } from "../../state/services.ts";
import { zone } from "../../state/settings.ts";
import { Duration } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { ShareBar, Swatch } from "../../widgets/service.tsx";
import { attributeOf, current, selectAll, selected, SELECTED_MAX, toggleSelected, traceHref } from "./rows.ts";
import { columns, kind, sort, sortBy } from "./search_state.ts";

function Head({ field, children, isNumber, isFirstDown = false }: { field: string; children: ComponentChildren; isNumber?: boolean; isFirstDown?: boolean }) {
    const canSort = sortFields[field]?.[kind.value === "spans" ? "spans" : "traces"];
    const direction = sort.value === field ? "ascending" : sort.value === `-${field}` ? "descending" : undefined;
    if (!canSort) return <th scope="col" class={isNumber ? "num" : ""}>{children}</th>;
    return <th scope="col" class={isNumber ? "num" : ""} aria-sort={direction}><button type="button" onClick={() => sortBy(field, isFirstDown)}>
        {children}{direction && <Icon name={direction === "descending" ? "down" : "up"} small />}</button></th>;
}

const Start = ({ time, href }: { time: TimeNs; href: string }) => {
    const z = zone.value;
    const isToday = isSameDay(time, now.value, z);
    const text = clock(time, z);
    return <a href={href} title={fullTime(time, z)}>{!isToday && `${day(time, z).slice(5)} `}{text.slice(0, 8)}<span class="muted">{text.slice(8)}</span></a>;
};

const Attribute = ({ value }: { value: ValueFound | undefined }) =>
    <td class="mono attr ell" title={value?.value}>{value ? value.type === "string" ? value.value : valueWords(value.value) : <span class="muted">–</span>}</td>;

const shortId = (id: string): string => (id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id);

function Select({ traceId, label }: { traceId: string; label: string }) {
    return <td class="selc"><input type="checkbox" aria-label={label} checked={selected().includes(traceId)} onClick={() => toggleSelected(traceId)} /></td>;
}

const SelectAll = ({ ids }: { ids: readonly string[] }) => {
    const all = ids.length > 0 && selected().length >= Math.min(SELECTED_MAX, new Set(ids).size);
    return <th scope="col" class="selc"><input type="checkbox" aria-label={`Select the first ${Math.min(SELECTED_MAX, ids.length)}`} checked={all}
        onClick={() => selectAll(all ? [] : ids)} /></th>;
};

/* The share of the trace's spans by service: what the list knows of each. The critical path has its place here when it is told. */
export function Services({ trace }: { trace: TraceFound }) {
    const total = trace.services.reduce((sum, s) => sum + s.spanCount, 0) || 1;
    const parts = [...trace.services].sort((a, b) => b.spanCount - a.spanCount).map(s => ({ name: s.name, slot: s.slot || slotOf(s.name), share: s.spanCount / total }));
    const words = parts.slice(0, 6).map(p => `${p.name} ${percent(p.share)}`).join(", ") + (parts.length > 6 ? `, and ${parts.length - 6} more` : "");
    return <div class="dbar" title={`Spans by service: ${words}`}><ShareBar parts={parts} label={`Spans by service: ${words}`} /></div>;
}

const rowClass = (i: number, traceId: string): string => [i === current.value ? "cur" : "", selected().includes(traceId) ? "sel" : ""].join(" ").trim();

export function TracesTable({ answer }: { answer: TracesAnswer }) {
    const z = zone.value;
    return <div class="scroll-x"><table class="t rs"><caption class="sr">Matching traces</caption>
        <thead><tr><SelectAll ids={answer.traces.map(t => t.traceId)} /><Head field="start" isFirstDown>Start, {zoneName(z, range.value.to)}</Head>
            <Head field="root">Root</Head><Head field="duration" isNumber isFirstDown>Duration</Head>
            <th scope="col" class="wide760" title="Which services the trace's spans are of">Spans by service</th>
            <th scope="col" class="num">Errors</th><th scope="col" class="num">Spans</th><th scope="col" class="num" title="Spans that match the query">Matched</th>
            {columns.value.map(column => <th key={column} scope="col" title={column}>{fieldWords(column)}</th>)}<th scope="col">Trace</th></tr></thead>
        <tbody>{answer.traces.map((trace, i) => {
            const href = traceHref(trace.traceId);
            const slot = trace.services.find(s => s.name === trace.rootServiceName)?.slot || slotOf(trace.rootServiceName);
            return <tr key={trace.traceId} class={rowClass(i, trace.traceId)} data-row={i}>
                <Select traceId={trace.traceId} label={`Select ${trace.rootName || trace.traceId}, ${durationText(trace.durationNs)}`} />
                <td><Start time={trace.startTime} href={href} /></td>
                <td class="root"><span class="row"><Swatch slot={slot} /><a href={href} class="m ell" title={`${trace.rootServiceName}: ${trace.rootName}`}>{trace.rootName || (trace.hasRoot ? "unnamed" : "root not received")}</a>
                    <span class="muted ell wide1280">{trace.rootServiceName}</span></span></td>
                <td class="num m"><Duration ns={trace.durationNs} /></td>
                <td class="wide760"><Services trace={trace} /></td>
                <td class={trace.errorCount ? "num err m" : "num"}>{trace.errorCount}</td><td class="num">{trace.spanCount}</td><td class="num">{trace.matchedSpanCount}</td>
                {columns.value.map(column => <Attribute key={column} value={attributeOf(trace.attributes, column)} />)}
                <td class="mono muted tid"><a href={href} title={trace.traceId} class="muted">{shortId(trace.traceId)}</a></td></tr>;
        })}</tbody></table></div>;
}

function StatusCell({ attributes }: { attributes: readonly ValueFound[] }) {
    const status = attributes.find(a => a.key === "status")?.value ?? "";
    const message = attributes.find(a => a.key === "statusMessage")?.value ?? "";
    if (status !== "error") return <td class="muted">{status || "–"}</td>;
    return <td class="err"><span class="row"><Icon name="error" small /><span class="ell stm" title={message}>{message || "error"}</span></span></td>;
}

export function SpansTable({ answer }: { answer: SpansAnswer }) {
    const z = zone.value;
    return <div class="scroll-x"><table class="t rs"><caption class="sr">Matching spans</caption>
        <thead><tr><SelectAll ids={answer.spans.map(s => s.traceId)} /><Head field="start" isFirstDown>Start, {zoneName(z, range.value.to)}</Head>
            <Head field="service">Service</Head><Head field="name">Span</Head><Head field="duration" isNumber isFirstDown>Duration</Head><Head field="status">Status</Head>
            {columns.value.map(column => <th key={column} scope="col" title={column}>{fieldWords(column)}</th>)}
            <th scope="col" class="num wide760">Of the trace's time</th><th scope="col" class="wide760">In trace</th></tr></thead>
        <tbody>{answer.spans.map((span, i) => {
            const href = traceHref(span.traceId, span.spanId), trace = answer.traces.get(span.traceId);
            const slot = span.serviceSlot || slotOf(span.serviceName);
            const isError = span.attributes.some(a => a.key === "status" && a.value === "error");
            return <tr key={span.spanId} class={rowClass(i, span.traceId)} data-row={i}>
                <Select traceId={span.traceId} label={`Select the trace of ${span.name || span.spanId}`} />
                <td><Start time={span.startTime} href={href} /></td>
                <td><span class="row"><Swatch slot={slot} /><span class="ell svcn" title={span.serviceName}>{span.serviceName}</span></span></td>
                <td class="root"><a href={href} class="m ell" title={span.name}>{span.name || span.spanId}</a></td>
                <td class={isError ? "num m err" : "num m"}><Duration ns={span.durationNs} /></td>
                <StatusCell attributes={span.attributes} />
                {columns.value.map(column => <Attribute key={column} value={attributeOf(span.attributes, column)} />)}
                <td class="num wide760">{trace && trace.durationNs > 0 ? percent(Math.min(1, span.durationNs / trace.durationNs)) : "–"}</td>
                <td class="wide760"><span class="row"><a href={traceHref(span.traceId)} class="ell intr" title={trace ? `${trace.rootName}, ${counted(trace.spanCount, "span")}` : span.traceId}>{trace?.rootName || "root not received"}</a>
                    <span class="mono muted tid">{shortId(span.traceId)}</span></span></td></tr>;
        })}</tbody></table></div>;
}
