// gaps.ts -- stretches of the axis in which no span runs, and which of them are folded away.
import { endOf, type Trace } from "./trace.ts";

export interface Gap { from: number; to: number } // ns after the trace's start

/* Folding is worth a break in the axis only when most of the axis is empty. */
const EMPTY_SHARE = 0.6, LEAST_SHARE = 0.1;

function emptyStretches(trace: Trace): { gaps: Gap[]; from: number; to: number } {
    const order = Array.from({ length: trace.count }, (_, row) => row).sort((a, b) => trace.start[a]! - trace.start[b]!);
    const gaps: Gap[] = [];
    let from = 0, to = 0;
    order.forEach((row, i) => {
        const start = trace.start[row]!, end = endOf(trace, row);
        if (i === 0) { from = start; to = end; return; }
        if (start > to) gaps.push({ from: to, to: start });
        to = Math.max(to, end);
    });
    return { gaps, from, to };
}

/* A span that takes as much as gaps may leave: there is nothing to sort and look for. */
function isCovered(trace: Trace): boolean {
    let from = Infinity, to = -Infinity, longest = 0;
    for (let row = 0; row < trace.count; row++) {
        from = Math.min(from, trace.start[row]!);
        to = Math.max(to, endOf(trace, row));
        longest = Math.max(longest, trace.duration[row]!);
    }
    return longest >= (to - from) * (1 - EMPTY_SHARE);
}

/** The gaps to fold, in order; none unless together they take more than 60 % of the trace. */
export function foldedGaps(trace: Trace): Gap[] {
    if (isCovered(trace)) return [];
    const { gaps, from, to } = emptyStretches(trace);
    const whole = to - from;
    const large = gaps.filter(gap => gap.to - gap.from > whole * LEAST_SHARE);
    const empty = large.reduce((sum, gap) => sum + gap.to - gap.from, 0);
    return empty > whole * EMPTY_SHARE ? large : [];
}
