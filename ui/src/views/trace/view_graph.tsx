// view_graph.tsx -- the trace as steps from left to right, like calls merged; or as services that call each other.
import { useComputed } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { layeredServices, type ServiceLayout } from "../../draw/service_layout.ts";
import { palette, serviceToken } from "../../draw/palette.ts";
import { fitText } from "../../draw/shapes.ts";
import { count, counted, durationText, grouped, percent } from "../../model/number.ts";
import { serviceGraph, stepsOf, type Step } from "../../model/trace_steps.ts";
import { param, change } from "../../state/url.ts";
import { Segmented } from "../../widgets/choice.tsx";
import type { TraceState } from "./trace_state.ts";

type Measure = "critical" | "own" | "calls";
const COLUMN = 164, ROW = 36, WIDTH = 148, HEIGHT = 30, PAD = 14;
/* A thick line is what the request waited for: at least this share of it. */
const THICK = 0.05;

/* Cut to a width; measured, because names are as wide as their letters. */
const measure2d = document.createElement("canvas").getContext("2d")!;
function cut(text: string, room: number, weight: number): string {
    measure2d.font = palette.value.font(11, weight);
    return fitText(measure2d, text, room);
}
const xOf = (step: { depth: number }): number => PAD + step.depth * COLUMN;
const yOf = (step: { y: number }): number => PAD + step.y * ROW;

interface BoxProps { x: number; y: number; name: string; service: string; slot: number; share: number; figure: string; isError: boolean; isBold: boolean; label: string; isSelected: boolean; choose: () => void }

function Box({ x, y, name, service, slot, share, figure, isError, isBold, label, isSelected, choose }: BoxProps) {
    const colour = `var(${serviceToken(slot)})`;
    return <g class={isSelected ? "step sel" : "step"}>
        <rect class={isError ? "box bad" : "box"} x={x} y={y} width={WIDTH} height={HEIGHT} rx="4" />
        <rect x={x} y={y} width="4" height={HEIGHT} rx="2" style={{ fill: colour }} />
        <rect x={x + 4} y={y + HEIGHT - 3} width={Math.max(0, (WIDTH - 5) * Math.min(1, share))} height="3" style={{ fill: colour }} opacity=".75" />
        <g aria-hidden="true">
            <text class="nm" x={x + 10} y={y + 12}>{cut(name, WIDTH - 16, 500)}</text>
            <text class="sv" x={x + 10} y={y + 24}>{cut(service, WIDTH - 66, 400)}</text>
            <text class={isError ? "fg bad" : isBold ? "fg bold" : "fg"} x={x + WIDTH - 6} y={y + 24} text-anchor="end">{figure}</text>
        </g>
        <rect class="press" role="button" tabIndex={0} aria-label={label} x={x} y={y} width={WIDTH} height={HEIGHT} rx="4" onClick={choose}
            onKeyDown={event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } }}><title>{label}</title></rect>
    </g>;
}

const Edge = ({ x1, y1, x2, y2, isThick }: { x1: number; y1: number; x2: number; y2: number; isThick: boolean }) =>
    <path class={isThick ? "edge thick" : "edge"} d={`M${x1} ${y1}C${x1 + 9} ${y1} ${x2 - 9} ${y2} ${x2} ${y2}`} />;

function StepsPicture({ state, measure }: { state: TraceState; measure: Measure }) {
    const analysis = state.analysis.value, { trace, path, own } = analysis;
    const { steps, rowCount, depth } = useComputed(() => stepsOf(state.analysis.value.trace, state.analysis.value.path, state.analysis.value.own)).value;
    void path; void own;
    const total = Math.max(1, analysis.path.totalNs), mostCalls = Math.max(1, ...steps.map(s => s.spanCount)), mostOwn = Math.max(1, ...steps.map(s => s.ownNs));
    const shareOf = (s: Step): number => (measure === "critical" ? s.criticalNs / total : measure === "own" ? s.ownNs / mostOwn : s.spanCount / mostCalls);
    const figureOf = (s: Step): string => (measure === "calls" ? count(s.spanCount) : durationText(measure === "own" ? s.ownNs : s.totalNs));
    return <svg class="steps" width={PAD * 2 + (depth + 1) * COLUMN} height={PAD * 2 + rowCount * ROW} role="group" aria-label={`${steps.length} steps of the trace from left to right`}>
        {steps.flatMap(s => s.children.map(child => <Edge key={`${s.id} ${child.id}`} x1={xOf(s) + WIDTH} y1={yOf(s) + HEIGHT / 2} x2={xOf(child)} y2={yOf(child) + HEIGHT / 2} isThick={child.criticalNs / total >= THICK} />))}
        {steps.map(s => {
            const name = `${s.spanCount > 1 ? `${grouped(s.spanCount)} × ` : ""}${s.name || "unnamed"}`;
            return <Box key={s.id} x={xOf(s)} y={yOf(s)} name={name} service={s.serviceName} slot={s.slot} share={shareOf(s)} figure={figureOf(s)} isError={s.errorCount > 0}
                isBold={s.criticalNs / total >= THICK} isSelected={state.selected.value >= 0 && trace.name[state.selected.value] === s.name && s.row === state.selected.value}
                label={`${name}, ${s.serviceName}, ${durationText(s.totalNs)}, ${percent(s.criticalNs / total)} of the critical path${s.errorCount ? `, ${s.errorCount} errors` : ""}`} choose={() => state.select(s.row, { reveal: true })} />;
        })}
    </svg>;
}

/* From point to point, leaving and arriving level. */
const curve = (points: readonly { x: number; y: number }[]): string => points.map((p, i) => {
    const [x, y] = [p.x + PAD, p.y + PAD], before = points[i - 1];
    if (!before) return `M${x} ${y}`;
    const middle = (before.x + PAD + x) / 2;
    return `C${middle} ${before.y + PAD} ${middle} ${y} ${x} ${y}`;
}).join("");

function ServicesPicture({ state, measure }: { state: TraceState; measure: Measure }) {
    const [layout, setLayout] = useState<ServiceLayout | null>(null);
    const graph = useComputed(() => { const a = state.analysis.value; return serviceGraph(a.trace, a.path, a.own); }).value;
    useEffect(() => {
        let isGone = false;
        void layeredServices(graph.nodes.map(n => n.name), graph.edges, WIDTH, HEIGHT).then(found => { if (!isGone) setLayout(found); });
        return () => { isGone = true; };
    }, [graph]);
    if (!layout) return <p class="pad muted">Laying out…</p>;
    const total = Math.max(1, state.analysis.value.path.totalNs), mostOwn = Math.max(1, ...graph.nodes.map(n => n.ownNs)), mostCalls = Math.max(1, ...graph.nodes.map(n => n.spanCount));
    return <svg class="steps" width={layout.width + 2 * PAD} height={layout.height + 2 * PAD} role="group" aria-label={`${graph.nodes.length} services of the trace`}>
        {graph.edges.map(edge => {
            const points = layout.edges.get(`${edge.from}\n${edge.to}`) ?? [];
            return <g key={`${edge.from}\n${edge.to}`}><path class={edge.criticalNs / total >= THICK ? "edge thick" : "edge"} d={curve(points)} />
                <title>{`${edge.from} → ${edge.to}: ${edge.callCount} calls, ${durationText(edge.totalNs)}`}</title></g>;
        })}
        {graph.nodes.map(n => {
            const at = layout.nodes.get(n.name)!;
            const share = measure === "critical" ? n.criticalNs / total : measure === "own" ? n.ownNs / mostOwn : n.spanCount / mostCalls;
            return <Box key={n.name} x={at.x + PAD} y={at.y + PAD} name={n.name || "unnamed"} service={counted(n.spanCount, "span")} slot={n.slot} share={share} isSelected={false}
                figure={measure === "calls" ? count(n.spanCount) : durationText(measure === "own" ? n.ownNs : n.criticalNs)} isError={n.errorCount > 0} isBold={n.criticalNs / total >= THICK}
                label={`${n.name}, ${n.spanCount} spans, ${percent(n.criticalNs / total)} of the critical path`} choose={() => change({ view: null, find: `service:${/\s/.test(n.name) ? `"${n.name}"` : n.name}` })} />;
        })}
    </svg>;
}

export function GraphView({ state }: { state: TraceState }) {
    const of = param("nodes") === "services" ? "services" : "steps";
    const [measure, setMeasure] = useState<Measure>("critical");
    const steps = useComputed(() => stepsOf(state.analysis.value.trace, state.analysis.value.path, state.analysis.value.own)).value;
    return <section class="alt" aria-label="Graph">
        <div class="tb">
            <Segmented small label="Boxes" value={of} onChange={id => change({ nodes: id === "steps" ? null : id })} choices={[{ id: "steps", label: "Steps" }, { id: "services", label: "Services" }]} />
            <Segmented small label="The bar shows" value={measure} onChange={setMeasure} choices={[{ id: "critical", label: "Critical path" }, { id: "own", label: "Own work" }, { id: "calls", label: "Calls" }]} />
            <span class="small muted wide ell">{of === "steps" ? "Like calls are merged; the thick line is what the request waited for" : "Who calls whom; the thick line is what the request waited for"}</span>
            <span class="grow" /><span class="small muted nw">{of === "steps" ? `${grouped(steps.steps.length)} steps from ${grouped(state.source.count)} spans${steps.leftOut ? `; ${grouped(steps.leftOut)} calls deeper down left out` : ""}` : ""}</span>
        </div>
        <div class="altbody" tabIndex={0} role="region" aria-label="Picture">{of === "steps" ? <StepsPicture state={state} measure={measure} /> : <ServicesPicture state={state} measure={measure} />}</div>
    </section>;
}
