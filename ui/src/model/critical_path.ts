// critical_path.ts -- what the request waited for. From the end of the root back to its start: the child that ended
// last before the cursor is what was waited for; between children the span itself worked.
import { childrenOf, endOf, type Trace } from "./trace.ts";

export interface CriticalPath {
    row: Uint32Array; // pieces by span: those of one span follow each other
    from: Float64Array;
    to: Float64Array;
    first: Int32Array; // per span: its first piece, -1: not on the path
    ownNs: Float64Array; // per span: its time on the path
    totalNs: number;
    isOn: Uint8Array; // per span: it or a span below it is on the path
}

interface Piece { row: number; from: number; to: number }

function walk(trace: Trace, root: number): Piece[] {
    const pieces: Piece[] = [];
    const work: { row: number; until: number }[] = [{ row: root, until: endOf(trace, root) }];
    while (work.length > 0) {
        const { row, until } = work.pop()!;
        const start = trace.start[row]!;
        let at = Math.min(endOf(trace, row), until);
        const children = childrenOf(trace, row).sort((a, b) => endOf(trace, b) - endOf(trace, a) || b - a);
        for (const child of children) {
            if (trace.start[child]! >= at || trace.duration[child] === 0) continue;
            const childEnd = Math.min(endOf(trace, child), at);
            if (childEnd <= start) continue;
            if (childEnd < at) pieces.push({ row, from: childEnd, to: at });
            work.push({ row: child, until: childEnd });
            at = Math.max(start, trace.start[child]!);
            if (at <= start) break;
        }
        if (at > start) pieces.push({ row, from: start, to: at });
    }
    return pieces;
}

export function criticalPath(trace: Trace): CriticalPath {
    const pieces = trace.count ? walk(trace, trace.root) : [];
    pieces.sort((a, b) => a.row - b.row || a.from - b.from);
    const first = new Int32Array(trace.count).fill(-1);
    const ownNs = new Float64Array(trace.count), isOn = new Uint8Array(trace.count);
    let totalNs = 0;
    pieces.forEach((piece, i) => {
        if (first[piece.row] === -1) first[piece.row] = i;
        ownNs[piece.row]! += piece.to - piece.from;
        totalNs += piece.to - piece.from;
        for (let row = piece.row; row >= 0 && !isOn[row]; row = trace.parent[row]!) isOn[row] = 1;
    });
    return { row: Uint32Array.from(pieces, p => p.row), from: Float64Array.from(pieces, p => p.from), to: Float64Array.from(pieces, p => p.to),
        first, ownNs, totalNs, isOn };
}

/** Per span: the time on the path of it and everything below it. */
export function pathBelow(trace: Trace, path: CriticalPath): Float64Array {
    const below = Float64Array.from(path.ownNs);
    for (let row = trace.count - 1; row > 0; row--) if (trace.parent[row]! >= 0) below[trace.parent[row]!]! += below[row]!;
    return below;
}

/** Calls `visit` with each piece of the path within a span. */
export function eachPiece(path: CriticalPath, row: number, visit: (from: number, to: number) => void): void {
    for (let i = path.first[row]!; i >= 0 && i < path.row.length && path.row[i] === row; i++) visit(path.from[i]!, path.to[i]!);
}

/** The spans of the path in order of time, each once: what the key "c" walks. */
export function pathSteps(path: CriticalPath): number[] {
    const steps: number[] = [];
    const seen = new Set<number>();
    const order = Array.from(path.row.keys()).sort((a, b) => path.from[a]! - path.from[b]! || path.row[a]! - path.row[b]!);
    for (const i of order) {
        const row = path.row[i]!;
        if (!seen.has(row)) { seen.add(row); steps.push(row); }
    }
    return steps;
}
