// crumbs.tsx -- the search this trace came from, its place in it, and the way to its neighbours.
import { useState } from "preact/hooks";
import { fetchFound } from "../../api/trace.ts";
import { searchSet, type SearchSet } from "../../model/search_set.ts";
import { useKeys } from "../../state/keys.ts";
import { resultSet } from "../../state/result_set.ts";
import { now } from "../../state/range.ts";
import { go, hrefTo, param } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import type { TraceState } from "./trace_state.ts";

export const cameFrom = (): SearchSet | null => searchSet(param("set"), now.value);

/* What the search has listed is known when one comes from it; after a reload the list is asked for, when a neighbour is wanted. */
const lists = new Map<string, Promise<string[]>>();
function traceIdsOf(set: SearchSet): Promise<readonly string[]> {
    if (resultSet.value.query === param("set")) return Promise.resolve([...new Set(resultSet.value.traceIds)]);
    const key = JSON.stringify(set.question);
    let list = lists.get(key);
    if (!list) {
        list = fetchFound(set.question).then(found => found.map(trace => trace.traceId));
        list.catch(() => lists.delete(key));
        lists.set(key, list);
    }
    return list;
}

export function Crumbs({ state }: { state: TraceState }) {
    const [says, setSays] = useState("");
    const set = cameFrom(), id = state.source.traceId, n = Number(param("n")) || 0;
    const isListed = set !== null && resultSet.value.query === param("set");
    const isWalkable = set !== null && (set.isOfTraces || isListed), { traceIds, hasMore } = resultSet.value;
    const open = async (step: 1 | -1): Promise<void> => {
        if (!set) return;
        try {
            const ids = await traceIdsOf(set), at = ids.indexOf(id), next = ids[at + step];
            if (at < 0) setSays("this trace is no longer among the results");
            else if (next === undefined) setSays(step < 0 && set.before === 0 ? "the first of the results" : "the end of this page of results");
            else go(hrefTo(`/trace/${next}`, { set: param("set"), n: String(set.before + at + step + 1), view: param("view") }));
        } catch (error) { setSays((error as Error).message); }
    };
    const walk = (step: 1 | -1) => (): void | false => { if (!isWalkable) return false; void open(step); };
    useKeys("Results", isWalkable ? [
        { keys: "J", help: "Next result of the search", run: walk(1) },
        { keys: "K", help: "Previous result of the search", run: walk(-1) },
    ] : [], [param("set"), id]);
    return <nav class="crumb" aria-label="Where this is from">
        <a href={set ? set.address : hrefTo("/search")}>Search</a><span aria-hidden="true">›</span>
        {set && set.query && <a class="mono ell" href={set.address}>{set.query}</a>}
        {isWalkable && n > 0 && <span class="nw">· result {n}{isListed && ` of ${hasMore ? "≥ " : ""}${(set.before + traceIds.length).toLocaleString("en-US")}`}</span>}
        {isWalkable && <><button type="button" class="btn quiet s icon" aria-label="Previous result (K)" title="Previous result (K)" onClick={() => void open(-1)}><Icon name="up" /></button>
            <button type="button" class="btn quiet s icon" aria-label="Next result (J)" title="Next result (J)" onClick={() => void open(1)}><Icon name="down" /></button></>}
        <span class="nw" role="status">{says}</span>
    </nav>;
}
