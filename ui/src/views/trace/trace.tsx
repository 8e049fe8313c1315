// trace.tsx -- one request: where its time went and why.
import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { fetchMatches, fetchTrace } from "../../api/trace.ts";
import { durationText } from "../../model/number.ts";
import type { Trace } from "../../model/trace.ts";
import { logLines } from "../../model/trace_logs.ts";
import { pageItems } from "../../state/page_items.ts";
import { useResource } from "../../state/resource.ts";
import { change, hrefTo, param } from "../../state/url.ts";
import { Tabs } from "../../widgets/choice.tsx";
import { Failure, Note, Nothing, Skeleton } from "../../widgets/states.tsx";
import { cameFrom } from "./crumbs.tsx";
import { Details } from "./details.tsx";
import { Head } from "./head.tsx";
import { PhoneTrace } from "./phone.tsx";
import { Toolbar } from "./toolbar.tsx";
import { useTraceKeys } from "./trace_keys.ts";
import { createTraceState, type TraceState } from "./trace_state.ts";
import { quoted } from "./traceql.ts";
import { FlameView } from "./view_flame.tsx";
import { GraphView } from "./view_graph.tsx";
import { JsonView } from "./view_json.tsx";
import { LogsView } from "./view_logs.tsx";
import { TableView } from "./view_table.tsx";
import { Waterfall } from "./waterfall.tsx";

const narrow = matchMedia("(max-width: 760px)");
const isNarrow = signal(narrow.matches);
narrow.addEventListener("change", () => { isNarrow.value = narrow.matches; });

type View = "waterfall" | "flame" | "graph" | "table" | "logs" | "json";
const views: readonly { id: View; label: string }[] = [{ id: "waterfall", label: "Waterfall" }, { id: "flame", label: "Flame graph" }, { id: "graph", label: "Graph" }, { id: "table", label: "Table" }, { id: "logs", label: "Logs" }, { id: "json", label: "JSON" }];

/* In larger traces the events are counted when they are asked for. */
const COUNTED_MAX = 5000;

/* The spans that the search matched arrive marked: the search's own condition, asked of this trace alone. */
function useMarked(state: TraceState): void {
    const query = cameFrom()?.query ?? "";
    useEffect(() => {
        // Only a plain condition on spans can be asked again within one trace.
        const inner = /^\s*\{([^{}|]*)\}\s*$/.exec(query)?.[1]?.trim();
        if (!inner || inner === "true") return;
        const abort = new AbortController();
        fetchMatches(`{ (${inner}) && trace:id = ${quoted(state.source.traceId)} }`, abort.signal)
            .then(ids => { state.marked.value = ids; }, () => { /* marks are a help; the trace is whole without them */ });
        return () => abort.abort();
    }, [state, query]);
}

function Loaded({ trace }: { trace: Trace }) {
    const state = useMemo(() => createTraceState(trace), [trace]);
    useEffect(() => state.stop, [state]);
    useMarked(state);
    useTraceKeys(state);
    useEffect(() => {
        pageItems.value = { title: "In this trace", find: text => [{ label: `Find "${text}" among its spans`, remark: "/", run: () => change({ find: text }) }] };
        return () => { pageItems.value = null; };
    }, []);
    const eventCount = useMemo(() => (trace.count <= COUNTED_MAX ? logLines(trace).lines.length : null), [trace]);
    if (isNarrow.value) return <PhoneTrace state={state} />;
    const view = views.find(v => v.id === param("view"))?.id ?? "waterfall";
    return <main class="trace">
        <div class="th"><Head state={state} />
            {trace.partialReason && <Note tone="warn" title="This trace is not whole">{trace.partialReason}. The figures above are of the {trace.count.toLocaleString("en-US")} spans that are here.</Note>}
            <Tabs label="Views of this trace" panel="trace-panel" value={view} onChange={id => change({ view: id === "waterfall" ? null : id })} choices={views.map(v => (v.id === "logs" ? { ...v, count: eventCount } : v))} /></div>
        <div id="trace-panel" class="views" role="tabpanel" aria-labelledby={`trace-panel-tab-${view}`}>
            {view === "waterfall" && <Toolbar state={state} />}
            <div class="body">
                {view === "waterfall" && <Waterfall state={state} />}
                {view === "flame" && <FlameView state={state} />}
                {view === "table" && <TableView state={state} />}
                {view === "logs" && <LogsView state={state} />}
                {view === "graph" && <GraphView state={state} />}
                {view === "json" && <JsonView state={state} />}
                <Details state={state} />
            </div>
        </div>
    </main>;
}

function Absent({ id }: { id: string }) {
    return <main class="page"><Nothing isPage title="This trace is not stored">
        <p class="mono">{id}</p>
        <p>It was never received, was dropped by a sampler before it came here, or is older than what this server keeps. A trace that began within the last minute may still be on its way.</p>
        <p class="row wrap"><a class="btn" href={hrefTo("/search", { q: "{ }" })}>Search traces</a><a class="btn" href={hrefTo("/services")}>Services</a></p>
    </Nothing></main>;
}

export function Page({ id }: { id: string }) {
    const asked = useMemo(() => signal(id), []);
    useEffect(() => { asked.value = id; }, [id]);
    const found = useResource(signal => fetchTrace(asked.value, signal));
    const trace = found.isStale && !found.error ? null : found.value;
    useEffect(() => {
        document.title = trace && trace.count > 0 ? `${trace.name[trace.root]} · ${durationText(trace.duration[trace.root]!)} · weft` : "Trace · weft";
    }, [trace]);
    if (found.error?.kind === "not_found") return <Absent id={id} />;
    if (found.error) return <main class="page"><Failure isPage error={found.error} again={found.again} /></main>;
    if (!trace) return <main class="page"><h1 class="sr">Trace {id}</h1>{found.isSlow && <Skeleton rows={14} label="Loading the trace" />}</main>;
    if (trace.count === 0) return <main class="page"><Nothing isPage title="This trace has no spans"><p>The server knows {id}, but holds none of its spans.</p></Nothing></main>;
    return <Loaded key={trace.traceId} trace={trace} />;
}
