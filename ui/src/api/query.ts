// query.ts -- TraceQL (docs/api/query.md): traces, spans or series.
import { parseTime, timeOf, type TimeNs } from "../model/time.ts";
import { fieldsOf, flagOf, listOf, numberOf, textOf } from "../model/untrusted.ts";
import { ask, type Params } from "./client.ts";

export interface TraceFound {
    traceId: string; rootServiceName: string; rootName: string; hasRoot: boolean; startTime: TimeNs; durationNs: number;
    spanCount: number; errorCount: number; matchedSpanCount: number; services: { name: string; slot: number; spanCount: number; errorCount: number }[];
}
export interface TracesAnswer { traces: TraceFound[]; hasMore: boolean; nextCursor: string; partial: string | null; inspected: { traces: number; spans: number; bytes: number } }

export function traceFoundOf(value: unknown): TraceFound {
    const t = fieldsOf(value);
    return {
        traceId: textOf(t["trace_id"]), rootServiceName: textOf(t["root_service_name"]), rootName: textOf(t["root_name"]), hasRoot: flagOf(t["has_root"]),
        startTime: parseTime(t["start_time_unix_nano"]) ?? timeOf(0n), durationNs: numberOf(t["duration_ns"]),
        spanCount: numberOf(t["span_count"]), errorCount: numberOf(t["error_count"]), matchedSpanCount: numberOf(t["matched_span_count"]),
        services: listOf(t["services"]).map(fieldsOf).map(s => ({ name: textOf(s["name"]), slot: numberOf(s["slot"]), spanCount: numberOf(s["span_count"]), errorCount: numberOf(s["error_count"]) })),
    };
}

export async function fetchTraces(params: Params, signal?: AbortSignal): Promise<TracesAnswer> {
    const answer = fieldsOf(await ask("/query", { ...params, type: "traces" }, signal));
    const inspected = fieldsOf(answer["inspected"]);
    return { traces: listOf(answer["traces"]).map(traceFoundOf), hasMore: flagOf(answer["has_more"]), nextCursor: textOf(answer["next_cursor"]),
        partial: textOf(answer["partial"]) || null,
        inspected: { traces: numberOf(inspected["traces"]), spans: numberOf(inspected["spans"]), bytes: numberOf(inspected["bytes"]) } };
}
