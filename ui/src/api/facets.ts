// facets.ts -- counts (docs/api/facets.md): the most frequent values of attributes, and spans by start and duration.
import type { Histogram } from "../model/heat.ts";
import { parseTime, timeOf } from "../model/time.ts";
import { fieldsOf, flagOf, listOf, numberOf, textOf } from "../model/untrusted.ts";
import { ask, type Params } from "./client.ts";

export interface FacetValue { type: string; value: string; spanCount: number }
export interface Facet { key: string; scope: string; name: string; spanCount: number; values: FacetValue[]; hasMore: boolean; isComplete: boolean }
export interface FacetsAnswer { facets: Facet[]; hasMore: boolean; spanCount: number | null; partial: string | null } // spanCount null: not counted

export async function fetchFacets(params: Params, signal?: AbortSignal): Promise<FacetsAnswer> {
    const answer = fieldsOf(await ask("/facets", params, signal));
    return {
        facets: listOf(answer["facets"]).map(fieldsOf).map(f => ({
            key: textOf(f["key"]), scope: textOf(f["scope"]), name: textOf(f["name"]), spanCount: numberOf(f["span_count"]),
            values: listOf(f["values"]).map(fieldsOf).map(v => ({ type: textOf(v["type"]), value: textOf(v["value"]), spanCount: numberOf(v["span_count"]) })),
            hasMore: flagOf(f["has_more"]), isComplete: flagOf(f["is_complete"]),
        })),
        hasMore: flagOf(answer["has_more"]), spanCount: typeof answer["span_count"] === "number" ? answer["span_count"] : null,
        partial: textOf(answer["partial"]) || null,
    };
}

const COLUMNS_MAX = 500;

export async function fetchHistogram(params: Params, signal?: AbortSignal): Promise<Histogram> {
    const answer = fieldsOf(await ask("/histogram", params, signal));
    const cells = fieldsOf(answer["cells"]);
    const columnCount = Math.min(COLUMNS_MAX, Math.max(1, numberOf(answer["column_count"], 1)));
    const boundsNs = Float64Array.from(listOf(answer["duration_bounds_ns"]), b => numberOf(b));
    const columns = listOf(cells["column"]).map(c => numberOf(c)), rows = listOf(cells["row"]).map(r => numberOf(r));
    // Cells outside of the picture would be a fault of the server: they are left out, all columns alike.
    const fits = columns.map((column, i) => column >= 0 && column < columnCount && rows[i]! >= 0 && rows[i]! < boundsNs.length - 1);
    const kept = <T,>(values: readonly T[]): T[] => values.filter((_, i) => fits[i]);
    const counts = (name: string): Float64Array => {
        const values = listOf(cells[name]);
        return Float64Array.from(kept(columns.map((_, i) => numberOf(values[i]))));
    };
    const ids = (name: string): string[] => {
        const values = listOf(cells[name]);
        return kept(columns.map((_, i) => textOf(values[i])));
    };
    return {
        startTime: parseTime(answer["start_time_unix_nano"]) ?? timeOf(0n), stepNs: Math.max(1, numberOf(answer["step_ns"], 1)), columnCount, boundsNs,
        cells: { column: Uint16Array.from(kept(columns)), row: Uint16Array.from(kept(rows)), spanCount: counts("span_count"), errorCount: counts("error_count"),
            traceId: ids("trace_id"), spanId: ids("span_id") },
        spanCount: numberOf(answer["span_count"]), errorCount: numberOf(answer["error_count"]), partial: textOf(answer["partial"]) || null,
    };
}
