// trace.ts -- one trace as columns (docs/api/trace.md), and what the trace page asks around it.
import { ApiError, ask, askBytes, askText } from "./client.ts";
import { traceFoundOf, type TraceFound } from "./query.ts";
import type { Trace } from "../model/trace.ts";
import { traceOfBytes } from "../model/trace_bytes.ts";
import { fieldsOf, listOf, numberOf, textOf } from "../model/untrusted.ts";

const pathOf = (id: string): string => `/traces/${encodeURIComponent(id)}`;

export async function fetchTrace(id: string, signal?: AbortSignal): Promise<Trace> {
    const bytes = await askBytes(pathOf(id), {}, signal);
    try {
        return traceOfBytes(bytes);
    } catch (error) {
        throw new ApiError("error", `The answer is no trace: ${(error as Error).message}`, 200);
    }
}

/** The trace as OTLP JSON, as text. */
export const fetchOtlp = (id: string, signal?: AbortSignal): Promise<string> => askText(pathOf(id), { format: "otlp" }, signal);
export const otlpAddress = (id: string): string => `/api/v1${pathOf(id)}?format=otlp`;

/** A long value whole; `href` is what the API gave, and only an address of this API is asked. */
export async function fetchValue(href: string, signal?: AbortSignal): Promise<string> {
    const path = /^\/api\/v1(\/traces\/[^?#]*\/value)\?([^#]*)$/.exec(href);
    if (!path) throw new Error("not an address of a value");
    const params: Record<string, string[]> = {};
    for (const [key, value] of new URLSearchParams(path[2])) (params[key] ??= []).push(value);
    return askText(path[1]!, params, signal);
}

/** Spans of a trace that a query matches, by id. */
export async function fetchMatches(query: string, signal?: AbortSignal): Promise<Set<string>> {
    const answer = fieldsOf(await ask("/query", { q: query, type: "spans", limit: 1000 }, signal));
    return new Set(listOf(answer["spans"]).map(span => textOf(fieldsOf(span)["span_id"])));
}

/** Traces of a query, for links between traces and walking the results of a search. */
export async function fetchFound(params: { q: string; limit: number; from?: string; to?: string; cursor?: string }, signal?: AbortSignal): Promise<TraceFound[]> {
    const answer = fieldsOf(await ask("/query", { ...params, type: "traces" }, signal));
    return listOf(answer["traces"]).map(traceFoundOf);
}

/** How the durations of like spans are spread: `counts[i]` lie from `bounds[i]` up to `bounds[i + 1]`. */
export interface Spread { bounds: readonly number[]; counts: readonly number[]; spanCount: number; partial: string | null }

export async function fetchSpread(params: { q: string; from: string; to: string }, signal?: AbortSignal): Promise<Spread> {
    const answer = fieldsOf(await ask("/histogram", { ...params, columns: 1 }, signal));
    const bounds = listOf(answer["duration_bounds_ns"]).map(b => numberOf(b));
    const cells = fieldsOf(answer["cells"]);
    const counts = new Array<number>(Math.max(0, bounds.length - 1)).fill(0);
    const spans = listOf(cells["span_count"]);
    listOf(cells["row"]).forEach((row, i) => { const r = numberOf(row, -1); if (r in counts) counts[r]! += numberOf(spans[i]); });
    return { bounds, counts, spanCount: numberOf(answer["span_count"]), partial: textOf(answer["partial"]) || null };
}
