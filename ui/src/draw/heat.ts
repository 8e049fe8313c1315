// heat.ts -- draws durations over time: axes, cells, lines, dots, the box and the crosshair. Drawing only; places are in
// model/heat_place.ts, counts in model/heat.ts.
import { columnQuantiles, columnSums, durationTicks, level, timeTicks, type Heat } from "../model/heat.ts";
import { cellsOfBox, frameOf, xOfColumn, xOfTime, yOfDuration, yOfRow, type Frame as CellFrame } from "../model/heat_place.ts";
import { counted, durationText, rate, joined } from "../model/number.ts";
import type { Box } from "../model/search_query.ts";
import { clock, day, hourMinute, timeAfter, type Zone } from "../model/time.ts";
import type { Frame } from "./canvas.tsx";
import type { Palette } from "./palette.ts";
import { textWidth } from "./shapes.ts";

/* Ticks are at least this far apart. */
const TICK_Y_PX = 24, TICK_X_PX = 110;

const shortDuration = (ns: number): string => durationText(ns).replace(/\.0+(?=\D)/, "");

function tickLabel(heat: Heat, offsetNs: number, stepNs: number, zone: Zone): string {
    const time = timeAfter(heat.histogram.startTime, offsetNs);
    if (stepNs >= 86_400e9) return day(time, zone).slice(5);
    return stepNs < 60e9 ? clock(time, zone, 0) : hourMinute(time, zone);
}

function timeAxis(c: CanvasRenderingContext2D, palette: Palette, heat: Heat, frame: CellFrame, zone: Zone, height: number): void {
    const spanNs = heat.histogram.stepNs * heat.histogram.columnCount;
    c.font = palette.font(11);
    c.textBaseline = "alphabetic";
    c.fillStyle = palette.of("--text-3");
    for (const { offsetNs, stepNs } of timeTicks(heat.histogram.startTime, spanNs, frame.width / TICK_X_PX)) {
        const x = frame.left + (offsetNs / spanNs) * frame.width;
        const label = tickLabel(heat, offsetNs, stepNs, zone);
        const half = textWidth(c, label) / 2;
        c.textAlign = "center";
        if (x - half >= frame.left - 20 && x + half <= frame.left + frame.width + 10) c.fillText(label, x, height - 6);
        c.fillRect(Math.round(x), frame.top + frame.height, 1, 3);
    }
}

function durationAxis(c: CanvasRenderingContext2D, palette: Palette, heat: Heat, frame: CellFrame, isGrid: boolean): void {
    const { boundsNs } = heat.histogram;
    c.font = palette.font(11);
    c.textAlign = "right";
    c.textBaseline = "middle";
    for (const ns of durationTicks(boundsNs[heat.rowLow]!, boundsNs[heat.rowHigh]!, frame.height / TICK_Y_PX)) {
        const y = Math.round(yOfDuration(heat, frame, ns));
        c.fillStyle = palette.of(isGrid ? "--grid" : "--line");
        c.fillRect(isGrid ? frame.left : frame.left - 4, y, isGrid ? frame.width : 3, 1);
        c.fillStyle = palette.of("--text-3");
        c.fillText(shortDuration(ns), frame.left - 8, y);
    }
}

function cells(c: CanvasRenderingContext2D, palette: Palette, heat: Heat, frame: CellFrame): void {
    const { cells, columnCount } = heat.histogram;
    const cellWidth = frame.width / columnCount, cellHeight = frame.height / (heat.rowHigh - heat.rowLow);
    const gap = cellWidth > 5 ? 1 : 0;
    for (let i = 0; i < cells.column.length; i++) {
        const x = xOfColumn(heat, frame, cells.column[i]!), y = yOfRow(heat, frame, cells.row[i]! + 1);
        c.fillStyle = palette.sequence[level(cells.spanCount[i]!, heat.max)]!;
        if (palette.isForced) c.strokeRect(x + 0.5, y + 0.5, cellWidth - 1, cellHeight - 1);
        else c.fillRect(x + gap / 2, y + gap / 2, cellWidth - gap, cellHeight - gap);
        if (cells.errorCount[i]!) {
            const tick = Math.max(1.5, Math.min(3.5, cellWidth / 3));
            c.fillStyle = palette.of("--error");
            c.fillRect(x + cellWidth - tick - gap, y + 1, tick, cellHeight - 2);
        }
    }
}

function legend(c: CanvasRenderingContext2D, palette: Palette, heat: Heat, frame: CellFrame): void {
    if (heat.max === 0 || frame.width < 420) return; // a phone has no room: the panel says the counts
    const y = frame.top - 18;
    let x = frame.left;
    const text = (label: string): void => {
        c.fillText(label, x, y + 5);
        x += textWidth(c, label) + 6;
    };
    c.font = palette.font(11);
    c.textAlign = "left";
    c.textBaseline = "middle";
    const labels = ["1", counted(heat.max, "span"), "errors"];
    c.fillStyle = palette.of("--text-3");
    text(labels[0]!);
    for (const colour of palette.sequence) {
        c.fillStyle = colour;
        c.fillRect(x, y, 10, 10);
        x += 11;
    }
    x += 5;
    c.fillStyle = palette.of("--text-3");
    text(labels[1]!);
    c.fillStyle = palette.of("--error");
    c.fillRect(x, y, 3.5, 10);
    x += 8;
    c.fillStyle = palette.of("--text-3");
    text(labels[2]!);
}

function nothing(c: CanvasRenderingContext2D, palette: Palette, frame: CellFrame): void {
    c.font = palette.font(12);
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillStyle = palette.of("--text-3");
    c.fillText("No spans in this range", frame.left + frame.width / 2, frame.top + frame.height / 2);
}

/** The axes alone, with lines across. */
export function drawAxes({ c, width, height, palette }: Frame, heat: Heat, zone: Zone): CellFrame {
    const frame = frameOf(width, height);
    durationAxis(c, palette, heat, frame, true);
    timeAxis(c, palette, heat, frame, zone, height);
    return frame;
}

export function drawHeat({ c, width, height, palette }: Frame, heat: Heat, zone: Zone): void {
    const frame = frameOf(width, height);
    durationAxis(c, palette, heat, frame, false);
    timeAxis(c, palette, heat, frame, zone, height);
    c.strokeStyle = palette.of("--text");
    cells(c, palette, heat, frame);
    legend(c, palette, heat, frame);
    if (heat.max === 0) nothing(c, palette, frame);
}

/* --- lines: percentiles on the duration axis, rate on its own --- */

function line(c: CanvasRenderingContext2D, xs: (i: number) => number, ys: readonly number[]): void {
    c.beginPath();
    let isDown = false;
    for (const [i, y] of ys.entries()) {
        // A gap is a gap.
        if (Number.isNaN(y)) { isDown = false; continue; }
        if (isDown) c.lineTo(xs(i), y);
        else { c.moveTo(xs(i), y); c.lineTo(xs(i) + 0.01, y); }
        isDown = true;
    }
    c.stroke();
}

export function drawPercentiles({ c, width, height, palette }: Frame, heat: Heat, zone: Zone): void {
    const frame = drawAxes({ c, width, height, palette }, heat, zone);
    if (heat.max === 0) { nothing(c, palette, frame); return; }
    const xs = (i: number): number => xOfColumn(heat, frame, i + 0.5);
    const labels: { name: string; y: number }[] = [];
    for (const [share, name, token, thick] of [[0.5, "p50", "--text-3", 1.5], [0.95, "p95", "--text-2", 1.5], [0.99, "p99", "--text", 2]] as const) {
        const values = columnQuantiles(heat.histogram, share);
        const ys = Array.from(values, ns => (Number.isNaN(ns) ? NaN : yOfDuration(heat, frame, ns)));
        c.strokeStyle = palette.of(token);
        c.lineWidth = thick;
        c.lineJoin = c.lineCap = "round";
        line(c, xs, ys);
        const last = ys.filter(y => !Number.isNaN(y)).at(-1);
        if (last !== undefined) labels.push({ name, y: last });
    }
    lineLabels(c, palette, frame, labels);
}

/* At the lines' ends, one below the other where these lie close; with a rim, since lines pass behind. */
function lineLabels(c: CanvasRenderingContext2D, palette: Palette, frame: CellFrame, labels: readonly { name: string; y: number }[]): void {
    let above = frame.top - 8;
    c.font = palette.font(11, 600);
    c.textAlign = "right";
    c.textBaseline = "middle";
    c.lineWidth = 3;
    c.strokeStyle = palette.of("--surface");
    c.fillStyle = palette.of("--text-2");
    for (const { name, y } of [...labels].reverse()) {
        above = Math.max(above + 13, y - 9);
        c.strokeText(name, frame.left + frame.width - 4, above);
        c.fillText(name, frame.left + frame.width - 4, above);
    }
}

export function drawRate({ c, width, height, palette }: Frame, heat: Heat, zone: Zone): void {
    const frame = { ...frameOf(width, height), top: 12, height: height - 34 };
    const sums = columnSums(heat.histogram), perSecond = 1e9 / heat.histogram.stepNs;
    const max = Math.max(...sums.spanCount) * perSecond || 1;
    const step = 10 ** Math.floor(Math.log10(max)) * ([1, 2, 5, 10].find(s => (max / 10 ** Math.floor(Math.log10(max))) / s <= 4) ?? 10);
    const top = Math.ceil(max / step) * step;
    const yOf = (value: number): number => frame.top + (1 - value / top) * frame.height;
    c.font = palette.font(11);
    c.textAlign = "right";
    c.textBaseline = "middle";
    for (let value = 0; value <= top * 1.001; value += step) {
        c.fillStyle = palette.of("--grid");
        c.fillRect(frame.left, Math.round(yOf(value)), frame.width, 1);
        c.fillStyle = palette.of("--text-3");
        c.fillText(value === 0 ? "0" : joined(rate(value)).replace(/\.?0+(?=\D)/, ""), frame.left - 6, yOf(value));
    }
    timeAxis(c, palette, heat, frame, zone, height);
    const columnWidth = frame.width / heat.histogram.columnCount, gap = columnWidth > 5 ? 1 : 0;
    for (let i = 0; i < heat.histogram.columnCount; i++) {
        const x = xOfColumn(heat, frame, i) + gap / 2, all = yOf(sums.spanCount[i]! * perSecond), bad = yOf(sums.errorCount[i]! * perSecond);
        c.fillStyle = palette.sequence[palette.isDark ? 4 : 3]!;
        c.fillRect(x, all, columnWidth - gap, frame.top + frame.height - all);
        c.fillStyle = palette.of("--error");
        if (sums.errorCount[i]!) c.fillRect(x, Math.min(bad, frame.top + frame.height - 1.5), columnWidth - gap, frame.top + frame.height - Math.min(bad, frame.top + frame.height - 1.5));
    }
}

/* --- the layer above --- */

export interface Pointer { xView: number; yView: number }

export function drawBox({ c, width, height, palette }: Frame, heat: Heat, box: Box | null, isQuiet: boolean): void {
    if (!box) return;
    const frame = frameOf(width, height);
    const cells = cellsOfBox(heat, box);
    const x0 = isQuiet ? xOfTime(heat, frame, box.t0) : xOfColumn(heat, frame, cells.c0);
    const x1 = isQuiet ? xOfTime(heat, frame, box.t1) : xOfColumn(heat, frame, cells.c1);
    const y0 = Math.max(frame.top, yOfRow(heat, frame, cells.r1)), y1 = Math.min(frame.top + frame.height, yOfRow(heat, frame, cells.r0));
    if (y1 <= y0) return;
    c.strokeStyle = palette.of("--brush-line");
    c.lineWidth = 1.5;
    if (isQuiet) { // what the query itself limits: drawn, not held
        c.setLineDash([4, 3]);
        c.strokeRect(x0, y0, x1 - x0, y1 - y0);
        c.setLineDash([]);
        return;
    }
    c.fillStyle = palette.of("--brush");
    c.fillRect(x0, y0, x1 - x0, y1 - y0);
    c.strokeRect(x0, y0, x1 - x0, y1 - y0);
    c.fillStyle = palette.of("--surface");
    for (const [x, y] of [[x0, y0], [x1, y0], [x0, y1], [x1, y1]] as const) {
        c.fillRect(x - 3, y - 3, 6, 6);
        c.strokeRect(x - 3, y - 3, 6, 6);
    }
}

export function drawCrosshair({ c, width, height, palette }: Frame, pointer: Pointer): void {
    const frame = frameOf(width, height);
    if (pointer.xView < frame.left || pointer.xView > frame.left + frame.width) return;
    c.fillStyle = palette.of("--text-3");
    c.fillRect(Math.round(pointer.xView), frame.top, 1, frame.height);
    if (pointer.yView >= frame.top && pointer.yView <= frame.top + frame.height) c.fillRect(frame.left, Math.round(pointer.yView), frame.width, 1);
}

