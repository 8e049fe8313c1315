// layout_time.ts -- the time axis: from nanoseconds after the trace's start (t) to pixels of the view (x) and back,
// with folded gaps, and the ticks on it.
import type { Gap } from "./gaps.ts";
import { duration, joined } from "./number.ts";

export const FOLD_PX = 40;

interface Piece { t0: number; t1: number; x0: number; x1: number; isFold: boolean; gap: Gap | null }

export interface TimeScale {
    t0: number;
    t1: number;
    width: number;
    pieces: readonly Piece[];
    x: (t: number) => number;
    t: (x: number) => number;
    nsPerPx: number; // outside of folds
}

export function timeScale(t0: number, t1: number, width: number, gaps: readonly Gap[], padStart = 6, padEnd = 16): TimeScale {
    if (!(t1 > t0)) t1 = t0 + 1;
    const inside = gaps.filter(gap => gap.from >= t0 && gap.to <= t1);
    const folded = inside.reduce((sum, gap) => sum + gap.to - gap.from, 0);
    const room = Math.max(1, width - padStart - padEnd - inside.length * FOLD_PX);
    const nsPerPx = Math.max(1e-6, (t1 - t0 - folded) / room);
    const pieces: Piece[] = [];
    let t = t0, x = padStart;
    const add = (to: number, isFold: boolean, gap: Gap | null): void => {
        const x1 = isFold ? x + FOLD_PX : x + (to - t) / nsPerPx;
        pieces.push({ t0: t, t1: to, x0: x, x1, isFold, gap });
        t = to;
        x = x1;
    };
    for (const gap of inside) {
        if (gap.from > t) add(gap.from, false, null);
        add(gap.to, true, gap);
    }
    if (t < t1 || pieces.length === 0) add(t1, false, null);
    const first = pieces[0]!, last = pieces[pieces.length - 1]!;
    return {
        t0, t1, width, pieces, nsPerPx,
        x: at => {
            if (at <= t0) return first.x0 + (at - t0) / nsPerPx;
            for (const p of pieces) if (at <= p.t1) return p.x0 + ((at - p.t0) / (p.t1 - p.t0)) * (p.x1 - p.x0);
            return last.x1 + (at - t1) / nsPerPx;
        },
        t: at => {
            if (at <= first.x0) return t0 + (at - first.x0) * nsPerPx;
            for (const p of pieces) if (at <= p.x1) return p.t0 + ((at - p.x0) / (p.x1 - p.x0)) * (p.t1 - p.t0);
            return t1 + (at - last.x1) * nsPerPx;
        },
    };
}

export interface Tick { t: number; x: number; label: string }

/* Seconds become minutes and hours at steps people count in. */
const steps: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500].flatMap(n => [n, n * 1e3, n * 1e6]).concat(
    [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400].map(s => s * 1e9)).sort((a, b) => a - b);

export const tickStep = (nsPerPx: number, leastPx = 92): number => steps.find(step => step >= nsPerPx * leastPx) ?? steps[steps.length - 1]!;

function tickLabel(t: number, step: number): string {
    if (t === 0) return "0";
    if (step >= 60e9 && Math.abs(t) < 3600e9) return `${Math.round(t / 60e9)} min`;
    if (Math.abs(t) < 60e9) {
        const [scale, unit] = Math.abs(t) >= 1e9 ? [1e9, "s"] : Math.abs(t) >= 1e6 ? [1e6, "ms"] : Math.abs(t) >= 1e3 ? [1e3, "µs"] : [1, "ns"];
        // As many decimals as keep neighbours apart.
        const decimals = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / scale) - 1e-9)));
        return `${(t / scale).toFixed(Math.max(decimals, scale === 1e9 && Math.abs(t) < 10e9 ? Math.min(2, decimals + 1) : decimals))}\u2009${unit}`;
    }
    return joined(duration(t));
}

export function ticks(scale: TimeScale): Tick[] {
    const step = tickStep(scale.nsPerPx);
    const out: Tick[] = [];
    for (const piece of scale.pieces) {
        if (piece.isFold) continue;
        for (let t = Math.ceil(piece.t0 / step) * step; t <= piece.t1; t += step) {
            const x = scale.x(t);
            if (x <= scale.width - 24) out.push({ t, x, label: tickLabel(t === 0 ? 0 : t, step) });
        }
    }
    return out;
}
