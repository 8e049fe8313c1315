// query.ts -- TraceQL (docs/api/query.md): traces, spans or series.
import { parseTime, timeOf, type TimeNs } from "../model/time.ts";
import { fieldsOf, flagOf, listOf, numberOf, textOf, type Fields } from "../model/untrusted.ts";
import { ask, type Params } from "./client.ts";

export interface ValueFound { key: string; type: string; value: string } // value: as TraceQL shows it
export interface ServiceFound { name: string; slot: number; spanCount: number; errorCount: number }
export interface TraceFound {
    traceId: string; rootServiceName: string; rootName: string; hasRoot: boolean; startTime: TimeNs; durationNs: number;
    spanCount: number; errorCount: number; matchedSpanCount: number; services: ServiceFound[];
    attributes: ValueFound[]; // of the first matched span, as far as the query mentions or selects them
}
export interface SpanFound {
    traceId: string; spanId: string; serviceName: string; serviceSlot: number; name: string; startTime: TimeNs; durationNs: number; attributes: ValueFound[];
}
export interface Inspected { traces: number; spans: number; bytes: number }
interface Page {
    hasMore: boolean; nextCursor: string; partial: string | null; inspected: Inspected;
    completeFrom: TimeNs | null; // of a partial answer: from here on nothing is missing
}
export interface TracesAnswer extends Page { traces: TraceFound[] }
export interface SpansAnswer extends Page { spans: SpanFound[]; traces: ReadonlyMap<string, TraceFound> } // the traces they belong to, by id
export interface Series { labels: { name: string; value: string }[]; points: (number | null)[] }
export interface SeriesAnswer { startTime: TimeNs; stepNs: number; series: Series[]; note: string | null; partial: string | null }

export const inspectedOf = (value: unknown): Inspected => {
    const { traces, spans, bytes } = fieldsOf(value);
    return { traces: numberOf(traces), spans: numberOf(spans), bytes: numberOf(bytes) };
};
const startOf = (fields: Fields): TimeNs => parseTime(fields["start_time_unix_nano"]) ?? timeOf(0n);

const valuesOf = (value: unknown): ValueFound[] => listOf(value).map(fieldsOf)
    .map(a => ({ key: textOf(a["key"]), type: textOf(a["type"]), value: textOf(a["value"]) }));

export function traceFoundOf(value: unknown): TraceFound {
    const t = fieldsOf(value);
    const set = fieldsOf(listOf(t["spansets"])[0]);
    return {
        traceId: textOf(t["trace_id"]), rootServiceName: textOf(t["root_service_name"]), rootName: textOf(t["root_name"]), hasRoot: flagOf(t["has_root"]),
        startTime: startOf(t), durationNs: numberOf(t["duration_ns"]), spanCount: numberOf(t["span_count"]), errorCount: numberOf(t["error_count"]),
        matchedSpanCount: numberOf(t["matched_span_count"]),
        services: listOf(t["services"]).map(fieldsOf).map(s => ({ name: textOf(s["name"]), slot: numberOf(s["slot"]),
            spanCount: numberOf(s["span_count"]), errorCount: numberOf(s["error_count"]) })),
        attributes: [...valuesOf(fieldsOf(listOf(set["spans"])[0])["attributes"]), ...valuesOf(set["attributes"])],
    };
}

function spanFoundOf(value: unknown): SpanFound {
    const s = fieldsOf(value);
    return { traceId: textOf(s["trace_id"]), spanId: textOf(s["span_id"]), serviceName: textOf(s["service_name"]), serviceSlot: numberOf(s["service_slot"]), name: textOf(s["name"]),
        startTime: startOf(s), durationNs: numberOf(s["duration_ns"]), attributes: valuesOf(s["attributes"]) };
}

const pageOf = (answer: Fields): Page => ({ hasMore: flagOf(answer["has_more"]), nextCursor: textOf(answer["next_cursor"]),
    partial: textOf(answer["partial"]) || null, inspected: inspectedOf(answer["inspected"]),
    completeFrom: parseTime(answer["complete_from_unix_nano"]) });

export async function fetchTraces(params: Params, signal?: AbortSignal): Promise<TracesAnswer> {
    const answer = fieldsOf(await ask("/query", { ...params, type: "traces" }, signal));
    return { ...pageOf(answer), traces: listOf(answer["traces"]).map(traceFoundOf) };
}

export async function fetchSpans(params: Params, signal?: AbortSignal): Promise<SpansAnswer> {
    const answer = fieldsOf(await ask("/query", { ...params, type: "spans" }, signal));
    const traces = listOf(answer["traces"]).map(traceFoundOf);
    return { ...pageOf(answer), spans: listOf(answer["spans"]).map(spanFoundOf), traces: new Map(traces.map(t => [t.traceId, t])) };
}

export async function fetchSeries(params: Params, signal?: AbortSignal): Promise<SeriesAnswer> {
    const answer = fieldsOf(await ask("/query", { ...params, type: "series" }, signal));
    return {
        startTime: startOf(answer), stepNs: Math.max(1, numberOf(answer["step_ns"], 1)), note: textOf(answer["note"]) || null, partial: textOf(answer["partial"]) || null,
        series: listOf(answer["series"]).map(fieldsOf).map(s => ({
            labels: listOf(s["labels"]).map(fieldsOf).map(l => ({ name: textOf(l["name"]), value: textOf(l["value"]) })),
            points: listOf(s["points"]).map(p => (typeof p === "number" ? p : null)),
        })),
    };
}
