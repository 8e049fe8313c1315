// trace_own.ts -- own work: the time of a span that none of its children covers.
import { endOf, type Trace } from "./trace.ts";

/** Own time of every span, nanoseconds. Children are in order of start, so one pass over each span's children is enough. */
export function ownTimes(trace: Trace): Float64Array {
    const { parent, start, count } = trace;
    const own = Float64Array.from(trace.duration);
    const covered = Float64Array.from(start); // per span: up to here its children so far cover it
    for (let row = 0; row < count; row++) {
        const up = parent[row]!;
        if (up < 0) continue;
        const from = Math.max(start[row]!, covered[up]!), to = Math.min(endOf(trace, row), endOf(trace, up));
        if (to > from) {
            own[up]! -= to - from;
            covered[up] = to;
        }
    }
    for (let row = 0; row < count; row++) if (own[row]! < 0) own[row] = 0;
    return own;
}

/** The pieces of a span in which it worked itself: start, end, start, end … */
export function ownPieces(trace: Trace, row: number): number[] {
    const pieces: number[] = [];
    const end = endOf(trace, row), last = trace.subtreeEnd[row]!;
    let at = trace.start[row]!;
    for (let child = row + 1; child < last && at < end; child = trace.subtreeEnd[child]!) {
        const from = trace.start[child]!, to = Math.min(end, endOf(trace, child));
        if (to <= at) continue;
        if (from > at) pieces.push(at, Math.min(from, end));
        at = Math.max(at, to);
    }
    if (at < end) pieces.push(at, end);
    return pieces;
}
