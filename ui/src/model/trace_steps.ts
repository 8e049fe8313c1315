// trace_steps.ts -- the trace as steps: like calls below one step are merged; and where each step stands in the picture.
import { pathBelow, type CriticalPath } from "./critical_path.ts";
import { childrenOf, scopeAt, type Trace } from "./trace.ts";

export interface Step {
    id: number;
    depth: number;
    y: number; // in rows
    name: string;
    serviceName: string;
    slot: number;
    row: number; // its longest span
    spanCount: number;
    errorCount: number;
    totalNs: number;
    ownNs: number;
    criticalNs: number; // of it and of what is below it
    children: Step[];
}

export interface Steps { steps: readonly Step[]; rowCount: number; depth: number; leftOut: number }

/* A picture of more is no picture. */
export const STEPS_MAX = 400;

function merge(trace: Trace, path: CriticalPath, own: Float64Array, rows: readonly number[], depth: number, all: Step[]): { steps: Step[]; leftOut: number } {
    const byKey = new Map<string, { step: Step; rows: number[] }>();
    let leftOut = 0;
    for (const row of rows) {
        const { serviceName, slot } = scopeAt(trace, row);
        const key = `${serviceName}\n${trace.name[row]}`;
        let known = byKey.get(key);
        if (!known) {
            if (all.length >= STEPS_MAX) { leftOut++; continue; }
            const step: Step = { id: all.length, depth, y: 0, name: trace.name[row]!, serviceName, slot, row, spanCount: 0, errorCount: 0, totalNs: 0, ownNs: 0, criticalNs: 0, children: [] };
            all.push(step);
            byKey.set(key, (known = { step, rows: [] }));
        }
        const step = known.step;
        step.spanCount++;
        step.errorCount += trace.isError[row]!;
        step.totalNs += trace.duration[row]!;
        step.ownNs += own[row]!;
        step.criticalNs += path.ownNs[row]!;
        if (trace.duration[row]! > trace.duration[step.row]!) step.row = row;
        known.rows.push(row);
    }
    const steps: Step[] = [];
    for (const { step, rows: merged } of byKey.values()) {
        const below = merge(trace, path, own, merged.flatMap(row => childrenOf(trace, row)), depth + 1, all);
        step.children = below.steps;
        leftOut += below.leftOut;
        for (const child of below.steps) step.criticalNs += child.criticalNs;
        steps.push(step);
    }
    return { steps, leftOut };
}

/* Leaves take a row each; what has children stands in their middle. */
function place(step: Step, next: { y: number; depth: number }): void {
    next.depth = Math.max(next.depth, step.depth);
    if (step.children.length === 0) { step.y = next.y++; return; }
    for (const child of step.children) place(child, next);
    step.y = (step.children[0]!.y + step.children[step.children.length - 1]!.y) / 2;
}

export function stepsOf(trace: Trace, path: CriticalPath, own: Float64Array): Steps {
    const all: Step[] = [];
    const roots: number[] = [];
    for (let row = 0; row < trace.count; row = trace.subtreeEnd[row]!) roots.push(row);
    const { steps, leftOut } = merge(trace, path, own, roots, 0, all);
    const next = { y: 0, depth: 0 };
    for (const step of steps) place(step, next);
    return { steps: all, rowCount: next.y, depth: next.depth, leftOut };
}

export interface ServiceNode { name: string; slot: number; spanCount: number; errorCount: number; ownNs: number; criticalNs: number }
export interface ServiceEdge { from: string; to: string; callCount: number; errorCount: number; totalNs: number; criticalNs: number } // criticalNs: on the path, of what the calls led to

/** Who calls whom within the trace. */
export function serviceGraph(trace: Trace, path: CriticalPath, own: Float64Array): { nodes: ServiceNode[]; edges: ServiceEdge[] } {
    const nodes = new Map<string, ServiceNode>(), edges = new Map<string, ServiceEdge>();
    const below = pathBelow(trace, path);
    for (let row = 0; row < trace.count; row++) {
        const { serviceName: name, slot } = scopeAt(trace, row);
        const node = nodes.get(name) ?? { name, slot, spanCount: 0, errorCount: 0, ownNs: 0, criticalNs: 0 };
        nodes.set(name, node);
        node.spanCount++;
        node.errorCount += trace.isError[row]!;
        node.ownNs += own[row]!;
        node.criticalNs += path.ownNs[row]!;
        const up = trace.parent[row]!;
        const from = up >= 0 ? scopeAt(trace, up).serviceName : name;
        if (from === name) continue;
        const key = `${from}\n${name}`;
        const edge = edges.get(key) ?? { from, to: name, callCount: 0, errorCount: 0, totalNs: 0, criticalNs: 0 };
        edges.set(key, edge);
        edge.callCount++;
        edge.errorCount += trace.isError[row]!;
        edge.totalNs += trace.duration[row]!;
        edge.criticalNs += below[row]!;
    }
    return { nodes: [...nodes.values()], edges: [...edges.values()] };
}
