// flame_graph.tsx -- merged paths as a picture and as a table; a click or Enter zooms, the way back stands above.
import { useMemo, useRef, useState } from "preact/hooks";
import { Canvas } from "../draw/canvas.tsx";
import { boxUnder, drawFlame, FLAME_ROW } from "../draw/flame.ts";
import { layoutFlame, weights, type Measure } from "../model/flame.ts";
import { count, duration, durationText, exactDuration, percent } from "../model/number.ts";
import { findNode, pathTo, walkPaths, type PathNode, type Paths } from "../model/paths.ts";
import { useKeys } from "../state/keys.ts";
import { hrefTo } from "../state/url.ts";
import { Segmented } from "./choice.tsx";
import { FigureText } from "./figure.tsx";
import { Icon } from "./icon.tsx";
import { Service, Swatch } from "./service.tsx";

export interface FlameGraphProps {
    paths: Paths;
    measure: Measure; setMeasure: (measure: Measure) => void;
    find: string; setFind: (text: string) => void;
    zoom: string; setZoom: (id: string) => void; // "" shows all
}

const measures = [{ id: "time", label: "Mean time" }, { id: "critical", label: "Critical path" }, { id: "calls", label: "Calls" }] as const;

interface Operation { key: string; name: string; serviceName: string; slot: number; ownNs: number; totalNs: number; calls: number; errors: number; node: PathNode }

/* By service and name, whatever the path. Total counts a call of itself once. */
function operationsOf(roots: readonly PathNode[]): Operation[] {
    const byKey = new Map<string, Operation>();
    const visit = (node: PathNode, above: ReadonlySet<string>): void => {
        const key = `${node.serviceName}\n${node.name}`, side = node.sides[0]!;
        let known = byKey.get(key);
        if (!known) byKey.set(key, (known = { key, name: node.name, serviceName: node.serviceName, slot: node.slot, ownNs: 0, totalNs: 0, calls: 0, errors: 0, node }));
        known.ownNs += side.ownNs;
        known.calls += side.calls;
        known.errors += side.errors;
        if (!above.has(key)) known.totalNs += side.totalNs;
        const inside = new Set(above).add(key);
        for (const child of node.children) visit(child, inside);
    };
    for (const root of roots) visit(root, new Set());
    return [...byKey.values()].sort((a, b) => b.ownNs - a.ownNs);
}

function Chosen({ node, traceCount, share }: { node: PathNode; traceCount: number; share: number }) {
    const side = node.sides[0]!;
    return <section class="flame-chosen" aria-label="Chosen step">
        <h2 class="row"><Swatch slot={node.slot} />{node.name || "unnamed"}<span class="sub small">{node.serviceName}</span></h2>
        <dl class="kv">
            <dt>Time, mean of a trace</dt><dd><FigureText figure={duration(side.totalNs / traceCount)} /> ({percent(share)} of the width)</dd>
            <dt>Own work</dt><dd><FigureText figure={duration(side.ownNs / traceCount)} /></dd>
            <dt>Calls</dt><dd>{count(side.calls)}{traceCount > 1 && `, ${(side.calls / traceCount).toFixed(1)} a trace`}</dd>
            <dt>Errors</dt><dd class={side.errors ? "err m" : ""}>{count(side.errors)}</dd>
            <dt>Longest</dt><dd><a href={hrefTo(`/trace/${node.sample.traceId}`, { span: node.sample.spanId })}>{durationText(node.sample.durationNs)}, open its trace</a></dd>
        </dl></section>;
}

export function FlameGraph({ paths, measure, setMeasure, find, setFind, zoom, setZoom }: FlameGraphProps) {
    const [hovered, setHovered] = useState<PathNode | null>(null);
    const [selected, setSelected] = useState<PathNode | null>(null);
    const box = useRef<HTMLDivElement>(null);
    const traceCount = Math.max(1, paths.traceCounts[0] ?? 1);
    const way = useMemo(() => { const node = zoom ? findNode(paths, zoom) : null; return node ? pathTo(paths, node) : []; }, [paths, zoom]);
    const flame = useMemo(() => layoutFlame(paths.roots, measure, way), [paths, measure, way]);
    const weight = useMemo(() => weights(paths.roots, measure), [paths, measure]);
    const operations = useMemo(() => operationsOf(way.length ? [way[way.length - 1]!] : paths.roots), [paths, way]);
    const wanted = find.trim().toLowerCase();
    const isFound = wanted ? (node: PathNode): boolean => `${node.serviceName} ${node.name}`.toLowerCase().includes(wanted) : null;
    const foundShare = useMemo(() => {
        if (!isFound) return 0;
        let sum = 0;
        const visit = (node: PathNode): void => { if (isFound(node)) sum += weight.get(node)!; else node.children.forEach(visit); };
        paths.roots.forEach(visit);
        return sum / Math.max(1e-9, paths.roots.reduce((all, root) => all + weight.get(root)!, 0));
    }, [paths, wanted, weight]);
    const figure = (node: PathNode): string => (measure === "calls" ? count(node.sides[0]!.calls) : durationText((measure === "critical" ? weight.get(node)! : node.sides[0]!.totalNs) / traceCount));
    const shown = selected ?? hovered;
    const under = (event: MouseEvent): PathNode | null => {
        const area = box.current!.getBoundingClientRect();
        return boxUnder(flame, event.clientX - area.left, event.clientY - area.top, area.width)?.node ?? null;
    };
    const press = (event: PointerEvent): void => {
        const node = under(event);
        if (!node) return;
        setSelected(node);
        setZoom(node.id === zoom ? "" : node.id);
    };
    const step = (to: (node: PathNode) => PathNode | undefined): void => {
        const first = flame.rows[0]?.[0]?.node;
        const next = selected ? to(selected) : first;
        if (next) setSelected(next);
    };
    const byWidth = (nodes: readonly PathNode[]): PathNode[] => [...nodes].sort((a, b) => weight.get(b)! - weight.get(a)!);
    const siblings = (node: PathNode): PathNode[] => byWidth(pathTo(paths, node).slice(-2, -1)[0]?.children ?? paths.roots);
    useKeys("Flame graph", [
        { keys: "ArrowDown", help: "First child", run: () => step(node => byWidth(node.children)[0]) },
        { keys: "ArrowUp", help: "Parent", run: () => step(node => pathTo(paths, node).slice(-2, -1)[0]) },
        { keys: "ArrowRight", help: "Next sibling", run: () => step(node => siblings(node)[siblings(node).indexOf(node) + 1]) },
        { keys: "ArrowLeft", help: "Sibling before", run: () => step(node => siblings(node)[siblings(node).indexOf(node) - 1]) },
        { keys: "Enter", help: "Zoom to the chosen step", run: event => { if (!selected || (event.target as Element).closest("button, a, input")) return false; setZoom(selected.id); } },
        { keys: "0", help: "Show all", run: () => setZoom("") },
        { keys: "/", help: "Find a step", run: () => document.querySelector<HTMLElement>("#flame-find")?.focus() },
    ], [paths, selected, flame, zoom]);
    const [widest] = operations;
    return <div class="flame-view">
        <div class="tb">
            <Segmented<Measure> label="Width shows" choices={measures} value={measure} onChange={setMeasure} />
            <label class="inp"><Icon name="search" /><span class="sr">Find a step or service</span><input id="flame-find" value={find} placeholder="Find a step or service" onInput={event => setFind(event.currentTarget.value)} />
                {wanted && <span class="small" role="status">{percent(foundShare)}</span>}</label>
            {way.length > 0 && <nav class="crumb" aria-label="Zoomed to"><button type="button" class="btn quiet s" onClick={() => setZoom("")}>All</button>
                {way.slice(-4).map(node => <span key={node.id} class="row">› <button type="button" class="btn quiet s ell" onClick={() => setZoom(node.id)}>{node.name || "unnamed"}</button></span>)}</nav>}
            <span class="grow" /><span class="small muted">A step is as wide as its own work and what it called</span>
        </div>
        <div class="flame-grid">
            <div class="flame-picture">
                <div ref={box} class="flame-canvas" style={{ height: `${Math.max(1, flame.rows.length) * FLAME_ROW}px` }}>
                    <Canvas label={`Flame graph of ${count(traceCount)} ${traceCount === 1 ? "trace" : "traces"}; most own work: ${widest ? `${widest.name}, ${durationText(widest.ownNs / traceCount)}` : "none"}`}
                        draw={frame => drawFlame(frame, { flame, isFound, selected, figure: b => figure(b.node) })}
                        onPointerDown={press} onPointerMove={event => setHovered(under(event))} onPointerLeave={() => setHovered(null)} />
                </div>
                <div class="sr" role="status">{selected ? `${selected.name}, ${selected.serviceName}, ${figure(selected)}` : ""}</div>
                {shown && <Chosen node={shown} traceCount={traceCount} share={flame.total ? Math.min(1, weight.get(shown)! / flame.total) : 0} />}
                {paths.leftOut > 0 && <p class="small muted">{count(paths.leftOut)} spans lie on paths beyond the {count([...walkPaths(paths.roots)].length)} drawn.</p>}
            </div>
            <div class="scroll-x flame-table" tabIndex={0} role="region" aria-label="Operations"><table class="t compact"><caption class="sr">Operations by own work</caption>
                <thead><tr><th scope="col">Operation</th><th scope="col" class="num" aria-sort="descending">Own</th><th scope="col" class="num">Total</th><th scope="col" class="num">Calls</th><th scope="col" class="num">Errors</th></tr></thead>
                <tbody>{operations.slice(0, 200).map(op => <tr key={op.key} class={shown && shown.name === op.name && shown.serviceName === op.serviceName ? "sel" : ""}>
                    <td><button type="button" class="link" onClick={() => { setSelected(op.node); setFind(op.name); }}><Service name={op.name} slot={op.slot} /></button></td>
                    <td class="num"><FigureText figure={duration(op.ownNs / traceCount)} title={exactDuration(op.ownNs)} /></td><td class="num"><FigureText figure={duration(op.totalNs / traceCount)} /></td>
                    <td class="num">{count(op.calls)}</td><td class={op.errors ? "num err m" : "num muted"}>{count(op.errors)}</td></tr>)}</tbody></table></div>
        </div>
    </div>;
}
