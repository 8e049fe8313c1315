// flame.tsx -- where the requests of a search, or one trace, spend their time.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fetchTrace } from "../../api/trace.ts";
import type { Measure } from "../../model/flame.ts";
import { counted } from "../../model/number.ts";
import { useLiveFigures } from "../../state/live.ts";
import { fetchTraces, mergeInSlices } from "../../state/many_traces.ts";
import { rangeParams } from "../../state/range.ts";
import { useResource } from "../../state/resource.ts";
import { change, hrefTo, param } from "../../state/url.ts";
import { FlameGraph } from "../../widgets/flame_graph.tsx";
import { Failure, Nothing, Skeleton } from "../../widgets/states.tsx";

const TRACES_MAX = 50;

export function Page(_: { id: string }) {
    useLiveFigures();
    const done = useSignal<[number, number]>([0, 0]);
    const query = param("q") || "{ }", traceId = param("trace");
    const merged = useResource(signal => {
        const id = param("trace"), q = param("q") || "{ }", range = rangeParams();
        const traces = id ? fetchTrace(id, signal).then(trace => [trace])
            : fetchTraces({ q, ...range, limit: TRACES_MAX }, signal, (n, all) => { done.value = [n, all]; });
        return traces.then(all => mergeInSlices([all], signal));
    });
    const traceCount = merged.value?.traceCounts[0] ?? 0;
    const title = traceId ? "Where this trace spends its time" : `Where ${traceCount ? counted(traceCount, "trace") : "these traces"} spend their time`;
    useEffect(() => { document.title = `${title} · weft`; }, [title]);
    return <main class="flame-page">
        <div class="th"><div class="crumb">{traceId ? <a href={hrefTo(`/trace/${traceId}`)}>Trace {traceId.slice(0, 8)}…</a>
            : <a href={hrefTo("/search", { q: query })}>Search</a>} › {!traceId && <code class="ell">{query}</code>}</div>
            <h1>{title}</h1>{!traceId && traceCount === TRACES_MAX && <p class="small muted">The newest {TRACES_MAX} of the query.</p>}</div>
        {merged.error && <div class="page"><Failure error={merged.error} again={merged.again} /></div>}
        {!merged.value && merged.isSlow && <div class="page"><p class="small muted" role="status">{done.value[1] > 0 ? `Read ${done.value[0]} of ${done.value[1]} traces` : "Looking for traces"}</p><Skeleton rows={8} label="Loading traces" /></div>}
        {merged.value && traceCount === 0 && <div class="page"><section class="panel"><Nothing title="No trace to draw"><p>The query finds none in this range. <a href={hrefTo("/search", { q: query })}>Change the query</a></p></Nothing></section></div>}
        {merged.value && traceCount > 0 && <FlameGraph paths={merged.value} measure={(["critical", "calls"].find(m => m === param("width")) ?? "time") as Measure}
            setMeasure={measure => change({ width: measure === "time" ? null : measure })} find={param("find")} setFind={text => change({ find: text }, "replace")}
            zoom={param("node")} setZoom={id => change({ node: id || null })} />}
    </main>;
}
