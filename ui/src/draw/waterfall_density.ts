// waterfall_density.ts -- how many spans run below a closed node, by two pixels of the axis; computed once for a scale.
import type { TimeScale } from "../model/layout_time.ts";
import { endOf, type Trace } from "../model/trace.ts";
import { RowKind, extentOf, type Rows } from "../model/trace_rows.ts";
import type { Alikes } from "../model/trace_shape.ts";

export interface Density { x0: number; strength: Float32Array; errorXs: readonly number[] }

const BIN_PX = 2;
const none: Density = { x0: 0, strength: new Float32Array(0), errorXs: [] };

let known = new Map<string, Density>();
let knownScale: TimeScale | null = null, knownTrace: Trace | null = null;

export function density(trace: Trace, rows: Rows, i: number, alikes: Alikes, scale: TimeScale): Density {
    if (scale !== knownScale || trace !== knownTrace) {
        known = new Map();
        knownScale = scale;
        knownTrace = trace;
    }
    const key = `${rows.kind[i]} ${rows.subject[i]}`;
    let found = known.get(key);
    if (!found) known.set(key, (found = compute(trace, rows, i, alikes, scale)));
    return found;
}

function compute(trace: Trace, rows: Rows, i: number, alikes: Alikes, scale: TimeScale): Density {
    const subject = rows.subject[i]!;
    const group = rows.kind[i] === RowKind.alike ? alikes.groups[subject]! : null;
    const { start, end } = extentOf(rows, i, trace, alikes, []);
    const x0 = Math.max(-BIN_PX, scale.x(start)), x1 = Math.min(scale.width + BIN_PX, scale.x(end));
    const count = Math.ceil((x1 - x0) / BIN_PX);
    if (!(count > 0)) return none;
    const change = new Int32Array(count + 1);
    const errors = new Set<number>();
    // Without folds the axis is a straight line: a hundred thousand spans are binned while one zooms.
    const isStraight = scale.pieces.length === 1, origin = scale.x(scale.t0) - x0, t0 = scale.t0, perNs = 1 / scale.nsPerPx;
    const xOf = (t: number): number => (isStraight ? origin + (t - t0) * perNs : scale.x(t) - x0);
    const add = (row: number): void => {
        const a = Math.floor(xOf(trace.start[row]!) / BIN_PX), b = Math.floor(xOf(endOf(trace, row)) / BIN_PX);
        if (b < 0 || a >= count) return;
        change[Math.max(0, a)]!++;
        change[Math.min(count, b + 1)]!--;
        if (trace.isError[row]) errors.add(Math.max(0, Math.min(count - 1, b)));
    };
    if (group) for (const row of group.rows) for (let r = row; r < trace.subtreeEnd[row]!; r++) add(r);
    else for (let r = subject + 1; r < trace.subtreeEnd[subject]!; r++) add(r);
    const strength = new Float32Array(count);
    let running = 0, most = 1;
    for (let k = 0; k < count; k++) { running += change[k]!; strength[k] = running; most = Math.max(most, running); }
    for (let k = 0; k < count; k++) strength[k] = strength[k]! > 0 ? 0.15 + 0.85 * (Math.log1p(strength[k]!) / Math.log1p(most)) : 0;
    return { x0, strength, errorXs: [...errors].map(k => x0 + k * BIN_PX) };
}
