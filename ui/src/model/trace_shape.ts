// trace_shape.ts -- what stands out in a trace's form: like siblings that can be shown as one, parents that never
// came, clocks that differ.
import { Mark, childrenOf, endOf, parentSpanIdAt, serviceAt, type Trace } from "./trace.ts";

/* Fewer leaves are read faster than a fold; fewer subtrees hide more than they save. */
const LEAVES_ALIKE = 5, SUBTREES_ALIKE = 20;

export interface Alike { id: number; rows: readonly number[]; isLeaf: boolean; spanCount: number; errorCount: number; totalNs: number; start: number; end: number }
export interface Alikes { groups: readonly Alike[]; of: Int32Array } // `of`: group of each span, -1: none

function groupOf(trace: Trace, id: number, rows: number[], isLeaf: boolean, errors: Uint32Array): Alike {
    let spanCount = 0, errorCount = 0, totalNs = 0, start = Infinity, end = -Infinity;
    for (const row of rows) {
        spanCount += trace.subtreeEnd[row]! - row;
        errorCount += errors[row]!;
        totalNs += trace.duration[row]!;
        start = Math.min(start, trace.start[row]!);
        end = Math.max(end, endOf(trace, row));
    }
    // Alike subtrees: the worst first, because one opens such a list to find it. Leaves stay in order of time.
    if (!isLeaf) rows.sort((a, b) => Number(errors[b]! > 0) - Number(errors[a]! > 0) || trace.duration[b]! - trace.duration[a]! || a - b);
    return { id, rows, isLeaf, spanCount, errorCount, totalNs, start, end };
}

/** Errors in each span's subtree, itself included. */
export function errorsBelow(trace: Trace): Uint32Array {
    const errors = Uint32Array.from(trace.isError);
    for (let row = trace.count - 1; row > 0; row--) if (trace.parent[row]! >= 0) errors[trace.parent[row]!]! += errors[row]!;
    return errors;
}

/* Equal names have equal numbers: comparing those is cheap. */
function nameCodes(trace: Trace): Uint32Array {
    const codes = new Map<string, number>();
    return Uint32Array.from(trace.name, name => {
        const known = codes.get(name);
        if (known === undefined) codes.set(name, codes.size);
        return known ?? codes.size - 1;
    });
}

export function alikeSiblings(trace: Trace, errors: Uint32Array): Alikes {
    const of = new Int32Array(trace.count).fill(-1);
    const groups: Alike[] = [];
    const names = nameCodes(trace);
    for (let parent = 0; parent < trace.count; parent++) {
        if (trace.subtreeEnd[parent]! - parent <= LEAVES_ALIKE) continue;
        const byKey = new Map<number, number[]>();
        for (const child of childrenOf(trace, parent)) {
            const isLeaf = trace.subtreeEnd[child] === child + 1;
            const key = 2 * (names[child]! * trace.scopes.length + trace.scope[child]!) + (isLeaf ? 1 : 0);
            const rows = byKey.get(key);
            if (rows) rows.push(child);
            else byKey.set(key, [child]);
        }
        for (const [key, rows] of byKey) {
            const isLeaf = key % 2 === 1;
            if (rows.length < (isLeaf ? LEAVES_ALIKE : SUBTREES_ALIKE)) continue;
            const id = groups.length;
            for (const row of rows) of[row] = id;
            groups.push(groupOf(trace, id, rows, isLeaf, errors));
        }
    }
    return { groups, of };
}

/** A parent that is not here, with the spans that name it. */
export interface MissingParent { spanId: string; rows: readonly number[]; start: number; end: number }

export function missingParents(trace: Trace): MissingParent[] {
    const byId = new Map<string, number[]>();
    for (let row = 0; row < trace.count; row++) {
        if (!(trace.marks[row]! & Mark.orphan) || trace.parent[row]! >= 0) continue;
        const id = parentSpanIdAt(trace, row);
        byId.set(id, [...(byId.get(id) ?? []), row]);
    }
    return [...byId].map(([spanId, rows]) => ({ spanId, rows,
        start: Math.min(...rows.map(row => trace.start[row]!)), end: Math.max(...rows.map(row => endOf(trace, row))) }));
}

/* Below this clocks on different machines always differ. */
const SKEW_NS = 50e6;

/** How far a span's clock is off from its parent's, nanoseconds (plus: ahead); 0: not told or not enough to say.
 *  Only a call that fits into its caller and yet lies outside of it says something about clocks. */
export function skewOf(trace: Trace, row: number): number {
    const up = trace.parent[row]!;
    if (up < 0 || trace.scope[up] === trace.scope[row] || serviceAt(trace, up) === serviceAt(trace, row)) return 0;
    if (trace.kind[row] === "consumer" || trace.kind[up] === "producer") return 0; // may be later than its sender
    const room = trace.duration[up]! - trace.duration[row]!;
    if (room < 0) return 0;
    const early = trace.start[up]! - trace.start[row]!, late = endOf(trace, row) - endOf(trace, up);
    if (early <= 0 && late <= 0) return 0;
    // Its middle belongs in its caller's middle: what is on the wire takes as long there as back.
    const off = trace.start[row]! - (trace.start[up]! + room / 2);
    return Math.abs(early > 0 ? early : late) > SKEW_NS ? off : 0;
}

/** All spans whose clocks are off by more than 50 ms. */
export function skews(trace: Trace): Map<number, number> {
    const found = new Map<number, number>();
    for (let row = 0; row < trace.count; row++) {
        const off = skewOf(trace, row);
        if (off !== 0) found.set(row, off);
    }
    return found;
}

/** The trace with each such span, and what is below it, moved by the difference of clocks. */
export function adjusted(trace: Trace): Trace {
    const start = Float64Array.from(trace.start);
    const shift = new Float64Array(trace.count);
    const moved: Trace = { ...trace, start, shift };
    for (let row = 0; row < trace.count; row++) {
        const off = skewOf(moved, row); // its parent has been moved already
        if (off === 0) continue;
        for (let below = row; below < trace.subtreeEnd[row]!; below++) {
            start[below]! -= off;
            shift[below]! -= off;
        }
    }
    return moved;
}
