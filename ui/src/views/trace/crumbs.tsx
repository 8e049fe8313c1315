// crumbs.tsx -- the search this trace came from, its place in it, and the way to its neighbours.
import { useKeys } from "../../state/keys.ts";
import { resultSet, neighbourIn } from "../../state/result_set.ts";
import { go, hrefTo, param } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import type { TraceState } from "./trace_state.ts";

export function Crumbs({ state }: { state: TraceState }) {
    const query = param("set"), id = state.source.traceId;
    const results = resultSet.value;
    const isOurs = query !== "" && results.query === query;
    const at = isOurs ? results.traceIds.indexOf(id) : -1;
    const open = (step: 1 | -1): void | false => {
        const next = isOurs ? neighbourIn(results, id, step) : null;
        if (next === null) return false;
        go(hrefTo(`/trace/${next}`, { set: query, view: param("view") }));
    };
    useKeys("Results", [
        { keys: "J", help: "Next result of the search", run: () => open(1) },
        { keys: "K", help: "Previous result of the search", run: () => open(-1) },
    ], [query, id, results]);
    return <nav class="crumb" aria-label="Where this is from">
        <a href={hrefTo("/search", { q: query })}>Search</a><span aria-hidden="true">›</span>
        {query && <a class="mono ell" href={hrefTo("/search", { q: query })}>{query}</a>}
        {at >= 0 && <><span class="nw">· result {at + 1} of {results.traceIds.length}{results.hasMore ? " shown" : ""}</span>
            <button type="button" class="btn quiet s icon" aria-label="Previous result (K)" disabled={at === 0} onClick={() => open(-1)}><Icon name="up" /></button>
            <button type="button" class="btn quiet s icon" aria-label="Next result (J)" disabled={at === results.traceIds.length - 1} onClick={() => open(1)}><Icon name="down" /></button></>}
    </nav>;
}
