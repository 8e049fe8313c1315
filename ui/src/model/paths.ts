// paths.ts -- traces merged by path: spans of one service and name below one path are one node. Of one trace a flame
// graph, of many where they spend their time, of two what differs.
import { criticalPath } from "./critical_path.ts";
import { ownTimes } from "./trace_own.ts";
import { scopeAt, type Trace } from "./trace.ts";

export interface Side { calls: number; totalNs: number; ownNs: number; criticalNs: number; errors: number }

export interface PathNode {
    id: string; // the same for the same path, in every merge
    name: string;
    serviceName: string;
    slot: number;
    depth: number; // of roots 0
    sides: Side[]; // one for each set of traces merged
    sample: { traceId: string; spanId: string; durationNs: number }; // its longest span
    children: PathNode[];
}

export interface Paths { roots: PathNode[]; traceCounts: number[]; nodeCount: number; leftOut: number }

/* More nodes than anybody can see; what is left out is told. */
const NODES_MAX = 20_000;

/* FNV-1a: short enough for an address, and a path met again finds its node. */
function hashOf(text: string, seed: string): string {
    let hash = 0x811c9dc5;
    for (const c of `${seed}\n${text}`) hash = Math.imul(hash ^ c.codePointAt(0)!, 0x01000193);
    return (hash >>> 0).toString(36);
}

const emptySide = (): Side => ({ calls: 0, totalNs: 0, ownNs: 0, criticalNs: 0, errors: 0 });

/** Merge `sets` of traces; side i of a node is of set i. Yields between traces, so that a caller can let the page breathe. */
export function* mergePaths(sets: readonly (readonly Trace[])[]): Generator<void, Paths> {
    const roots = new Map<string, { node: PathNode; below: Index }>();
    const result: Paths = { roots: [], traceCounts: sets.map(set => set.length), nodeCount: 0, leftOut: 0 };
    for (let side = 0; side < sets.length; side++) {
        for (const trace of sets[side]!) {
            mergeTrace(result, roots, trace, side, sets.length);
            yield;
        }
    }
    for (const { node } of roots.values()) result.roots.push(node);
    return result;
}
type Index = Map<string, { node: PathNode; below: Index }>;

function mergeTrace(result: Paths, roots: Index, trace: Trace, side: number, sideCount: number): void {
    const own = ownTimes(trace), path = criticalPath(trace);
    const places: ({ node: PathNode; below: Index } | null)[] = new Array(trace.count).fill(null);
    for (let row = 0; row < trace.count; row++) {
        const up = trace.parent[row]!, parent = up >= 0 ? places[up]! : null;
        if (up >= 0 && parent === null) { result.leftOut++; continue; }
        const { serviceName, slot } = scopeAt(trace, row), name = trace.name[row]!;
        const index = parent ? parent.below : roots, key = `${serviceName}\n${name}`;
        let place = index.get(key);
        if (!place) {
            if (result.nodeCount >= NODES_MAX) { result.leftOut++; continue; }
            result.nodeCount++;
            const node: PathNode = { id: hashOf(key, parent?.node.id ?? ""), name, serviceName, slot, depth: parent ? parent.node.depth + 1 : 0,
                sides: Array.from({ length: sideCount }, emptySide), sample: { traceId: trace.traceId, spanId: trace.spanId[row]!, durationNs: -1 }, children: [] };
            index.set(key, (place = { node, below: new Map() }));
            parent?.node.children.push(node);
        }
        places[row] = place;
        const { node } = place, sums = node.sides[side]!;
        sums.calls++;
        sums.totalNs += trace.duration[row]!;
        sums.ownNs += own[row]!;
        sums.criticalNs += path.ownNs[row]!;
        sums.errors += trace.isError[row]!;
        if (trace.duration[row]! > node.sample.durationNs) node.sample = { traceId: trace.traceId, spanId: trace.spanId[row]!, durationNs: trace.duration[row]! };
    }
}

export function runMerge(sets: readonly (readonly Trace[])[]): Paths {
    const steps = mergePaths(sets);
    for (;;) {
        const step = steps.next();
        if (step.done) return step.value;
    }
}

export function* walkPaths(nodes: readonly PathNode[]): Generator<PathNode> {
    for (const node of nodes) {
        yield node;
        yield* walkPaths(node.children);
    }
}
export const findNode = (paths: Paths, id: string): PathNode | null => {
    for (const node of walkPaths(paths.roots)) if (node.id === id) return node;
    return null;
};
/** From a root down to `node`, both included. */
export function pathTo(paths: Paths, node: PathNode): PathNode[] {
    const seek = (nodes: readonly PathNode[]): PathNode[] | null => {
        for (const one of nodes) {
            if (one === node) return [one];
            const below = seek(one.children);
            if (below) return [one, ...below];
        }
        return null;
    };
    return seek(paths.roots) ?? [node];
}
