// view_flame.tsx -- the trace as a flame graph: like calls below one path are one box.
import { useMemo } from "preact/hooks";
import type { Measure } from "../../model/flame.ts";
import { runMerge } from "../../model/paths.ts";
import { change, param } from "../../state/url.ts";
import { FlameGraph } from "../../widgets/flame_graph.tsx";
import type { TraceState } from "./trace_state.ts";

export function FlameView({ state }: { state: TraceState }) {
    const paths = useMemo(() => runMerge([[state.source]]), [state]);
    return <div class="flame-in-trace"><FlameGraph paths={paths} measure={(["critical", "calls"].find(m => m === param("width")) ?? "time") as Measure}
        setMeasure={measure => change({ width: measure === "time" ? null : measure })} find={param("find")} setFind={text => change({ find: text }, "replace")}
        zoom={param("node")} setZoom={id => change({ node: id || null })} /></div>;
}
