// result_set.ts -- the traces a search has listed, so that a trace opened from it (set=QUERY in its address) knows its
// place and its neighbours. Held for the session: a link sent to a colleague has the query, not the list.
import { signal } from "@preact/signals";

export interface ResultSet { query: string; traceIds: readonly string[]; hasMore: boolean }

export const resultSet = signal<ResultSet>({ query: "", traceIds: [], hasMore: false });

/** The trace before or after one in the list; null at its ends. */
export function neighbourIn(results: ResultSet, traceId: string, step: 1 | -1): string | null {
    const at = results.traceIds.indexOf(traceId);
    return at < 0 ? null : results.traceIds[at + step] ?? null;
}
