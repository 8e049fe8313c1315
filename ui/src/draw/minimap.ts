// minimap.ts -- all spans of a trace in 46 pixels of height, and the window on them. Each row of the trace has its place
// from top to bottom; a large trace becomes a picture of how many spans run at once.
import { endOf, type Trace } from "../model/trace.ts";
import type { TimeScale } from "../model/layout_time.ts";
import type { Frame } from "./canvas.tsx";
import type { Palette } from "./palette.ts";

export const MINIMAP_HEIGHT = 46;
const PAD = 4;
/* More spans than that are drawn as density. */
const DRAWN_MAX = 1500;

export function drawSpans(frame: Frame, trace: Trace, scale: TimeScale, slotOf: (row: number) => number): void {
    if (trace.count > DRAWN_MAX) drawDensity(frame, trace, scale);
    else drawEach(frame, trace, scale, slotOf);
    drawErrors(frame, trace, scale);
}

function drawEach({ c, height, palette }: Frame, trace: Trace, scale: TimeScale, slotOf: (row: number) => number): void {
    const rowHeight = (height - 2 * PAD) / Math.max(12, trace.count);
    c.globalAlpha = 0.9;
    for (let row = 0; row < trace.count; row++) {
        const x = scale.x(trace.start[row]!);
        c.fillStyle = palette.service(slotOf(row));
        c.fillRect(x, PAD + row * rowHeight, Math.max(1.5, scale.x(endOf(trace, row)) - x), Math.max(1, rowHeight));
    }
    c.globalAlpha = 1;
}

/* One tick a pixel: a thousand errors are no more than that. */
function drawErrors({ c, height, width, palette }: Frame, trace: Trace, scale: TimeScale): void {
    const seen = new Uint8Array(Math.ceil(width / 2) + 2);
    c.fillStyle = palette.of("--error");
    for (let row = 0; row < trace.count; row++) {
        if (!trace.isError[row]) continue;
        const x = Math.max(0, Math.min(width - 2, scale.x(endOf(trace, row)) - 1));
        const bin = Math.floor(x / 2);
        if (seen[bin]) continue;
        seen[bin] = 1;
        c.fillRect(x, 3, 2, height - 6);
    }
}

const CELL_W = 2, CELL_H = 4;

function drawDensity({ c, width, height, palette }: Frame, trace: Trace, scale: TimeScale): void {
    const columns = Math.max(1, Math.ceil(width / CELL_W)), lines = Math.floor((height - 2 * PAD) / CELL_H) || 1;
    const change = new Int32Array((columns + 1) * lines);
    for (let row = 0; row < trace.count; row++) {
        const a = Math.max(0, Math.min(columns - 1, Math.floor(scale.x(trace.start[row]!) / CELL_W)));
        const b = Math.max(a, Math.min(columns - 1, Math.floor(scale.x(endOf(trace, row)) / CELL_W)));
        const line = Math.floor((row / trace.count) * lines);
        change[line * (columns + 1) + a]!++;
        change[line * (columns + 1) + b + 1]!--;
    }
    let most = 1;
    for (let line = 0; line < lines; line++) {
        let running = 0;
        for (let k = 0; k <= columns; k++) {
            running += change[line * (columns + 1) + k]!;
            change[line * (columns + 1) + k] = running;
            most = Math.max(most, running);
        }
    }
    paintCells(c, palette, change, columns, lines, most);
}

function paintCells(c: CanvasRenderingContext2D, palette: Palette, counts: Int32Array, columns: number, lines: number, most: number): void {
    const steps = palette.sequence.length;
    const level = (n: number): number => Math.min(steps - 1, Math.floor((Math.log1p(n) / Math.log1p(most)) * steps));
    for (let line = 0; line < lines; line++) {
        for (let k = 0; k < columns;) {
            const n = counts[line * (columns + 1) + k]!;
            let end = k + 1;
            if (n > 0) {
                while (end < columns && counts[line * (columns + 1) + end]! > 0 && level(counts[line * (columns + 1) + end]!) === level(n)) end++;
                c.fillStyle = palette.sequence[level(n)]!;
                c.fillRect(k * CELL_W, PAD + line * CELL_H, (end - k) * CELL_W, CELL_H - 0.6);
            }
            k = end;
        }
    }
}

/** The window and its handles. */
export function drawWindow({ c, width, height, palette }: Frame, x0: number, x1: number): void {
    const a = Math.max(1.5, x0), b = Math.min(width - 1.5, x1);
    c.fillStyle = palette.of("--brush");
    if (a > 2) c.fillRect(0, 0, a, height);
    if (b < width - 2) c.fillRect(b, 0, width - b, height);
    c.strokeStyle = palette.of("--brush-line");
    c.lineWidth = 1;
    c.strokeRect(Math.round(a) + 0.5, 1.5, Math.round(b - a) - 1, height - 3);
    for (const x of [a, b]) {
        c.beginPath();
        c.roundRect(x - 3, height / 2 - 8, 6, 16, 3);
        c.fillStyle = palette.of("--surface");
        c.fill();
        c.stroke();
    }
}
