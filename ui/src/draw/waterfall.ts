// waterfall.ts -- the bars of the rows in view. One scene in, drawn from top to bottom; nothing here reads the DOM.
import { eachPiece, type CriticalPath } from "../model/critical_path.ts";
import type { TimeScale, Tick } from "../model/layout_time.ts";
import { Mark, endOf, type Trace } from "../model/trace.ts";
import { ownPieces } from "../model/trace_own.ts";
import { RowKind, extentOf, type Rows } from "../model/trace_rows.ts";
import type { Alikes, MissingParent } from "../model/trace_shape.ts";
import type { Frame } from "./canvas.tsx";
import { isHatched } from "./palette.ts";
import { fitText, hatch, textWidth } from "./shapes.ts";
import { density } from "./waterfall_density.ts";

export interface SpanMarks { events: readonly number[]; hasLinks: boolean; outcome: string } // events: ns after the trace's start

export interface Scene {
    trace: Trace;
    rows: Rows;
    alikes: Alikes;
    missing: readonly MissingParent[];
    path: CriticalPath;
    errors: Uint32Array;
    skews: ReadonlyMap<number, number>;
    isAdjusted: boolean;
    scale: TimeScale;
    ticks: readonly Tick[];
    rowHeight: number;
    scrollTop: number;
    isCritShown: boolean;
    has: Uint8Array | null; // matches; others are dimmed
    slotOf: (row: number) => number;
    marksOf: (row: number) => SpanMarks;
    skewText: (ns: number) => string;
}

export const BAR_HEIGHT = 12;
const LEAST_PX = 1.5;
/* A closed node with fewer spans below shows its own bar. */
const DENSE = 50;

export const firstRow = (scene: { scrollTop: number; rowHeight: number }): number => Math.max(0, Math.floor(scene.scrollTop / scene.rowHeight));
export const lastRow = (scene: { scrollTop: number; rowHeight: number; rows: Rows }, height: number): number =>
    Math.min(scene.rows.count - 1, Math.ceil((scene.scrollTop + height) / scene.rowHeight));

const eachRow = (scene: Scene, height: number, draw: (i: number, y: number) => void): void => {
    for (let i = firstRow(scene), last = lastRow(scene, height); i <= last; i++) draw(i, i * scene.rowHeight - scene.scrollTop);
};

/** Selection, hover, grid and folded time: below the bars. */
export function drawGround({ c, width, height, palette }: Frame, scene: { scale: TimeScale; ticks: readonly Tick[]; rowHeight: number; scrollTop: number },
    active: number, hovered: number): void {
    const { rowHeight, scrollTop } = scene;
    if (hovered >= 0) { c.fillStyle = palette.of("--hover"); c.fillRect(0, hovered * rowHeight - scrollTop, width, rowHeight); }
    if (active >= 0) { c.fillStyle = palette.of("--selected"); c.fillRect(0, active * rowHeight - scrollTop, width, rowHeight); }
    c.fillStyle = palette.of("--grid");
    for (const tick of scene.ticks) c.fillRect(Math.round(tick.x), 0, 1, height);
    for (const piece of scene.scale.pieces) {
        if (!piece.isFold) continue;
        const x0 = piece.x0 + 8, x1 = piece.x1 - 8;
        c.fillStyle = palette.of("--sunken");
        c.fillRect(x0, 0, x1 - x0, height);
        c.strokeStyle = palette.of("--line-strong");
        c.lineWidth = 1;
        for (const x of [x0, x1]) {
            c.beginPath();
            for (let y = 0; y <= height + 6; y += 6) c.lineTo(x + ((y / 6) % 2 ? 2 : -2), y);
            c.stroke();
        }
    }
}

/* Pieces nearer to each other than a pixel become one run: as many boxes as there are pixels at most. */
function drawPieces(c: CanvasRenderingContext2D, scale: TimeScale, pieces: readonly number[], y: number, height: number, leastPx: number): void {
    let from = NaN, to = NaN;
    const left = -2, right = scale.width + 2;
    const flush = (): void => { if (to > from) c.fillRect(from, y, Math.max(leastPx, to - from), height); };
    for (let i = 0; i < pieces.length; i += 2) {
        const a = Math.max(left, scale.x(pieces[i]!)), b = Math.min(right, Math.max(scale.x(pieces[i + 1]!), a + 0.01));
        if (b < left || a > right) continue;
        if (a - to < 0.7) { to = Math.max(to, b); continue; }
        flush();
        from = a;
        to = b;
    }
    flush();
}

const pieceCache = new WeakMap<Trace, Map<number, number[]>>();
function cachedPieces(trace: Trace, row: number): number[] {
    let known = pieceCache.get(trace);
    if (!known) pieceCache.set(trace, (known = new Map()));
    let pieces = known.get(row);
    if (!pieces) {
        if (known.size > 2000) known.clear();
        known.set(row, (pieces = ownPieces(trace, row)));
    }
    return pieces;
}

function drawBar(frame: Frame, scene: Scene, i: number, y: number): void {
    const { c, palette, width } = frame;
    const { trace, rows, alikes, scale, errors } = scene;
    const subject = rows.subject[i]!;
    const isAlike = rows.kind[i] === RowKind.alike;
    const first = isAlike ? alikes.groups[subject]!.rows[0]! : subject;
    const { start, end } = extentOf(rows, i, trace, alikes, scene.missing);
    const x = scale.x(start), x2 = Math.max(x + LEAST_PX, scale.x(end)), top = y + (scene.rowHeight - BAR_HEIGHT) / 2;
    if (x > width || x2 < 0) { drawBeyond(frame, x > width, top); return; }
    const xa = Math.max(-4, x), xb = Math.min(width + 4, x2);
    const slot = scene.slotOf(first), colour = palette.isForced ? palette.of("--text") : palette.service(slot);
    const dim = (scene.has && !isAlike && !scene.has[subject]) || rows.isGhost[i] ? 0.4 : 1;
    const below = trace.subtreeEnd[subject]! - subject - 1;
    c.save();
    c.beginPath();
    c.roundRect(xa, top, xb - xa, BAR_HEIGHT, Math.min(2, (xb - xa) / 2));
    c.clip();
    c.fillStyle = colour;
    c.globalAlpha = 0.3 * dim;
    c.fillRect(xa, top, xb - xa, BAR_HEIGHT);
    c.globalAlpha = dim;
    if (isAlike || (!rows.isOpen[i] && below > DENSE)) drawFolded(frame, scene, i, xa, xb, top, dim);
    else drawPieces(c, scale, cachedPieces(trace, subject), top, BAR_HEIGHT, 0.8);
    c.globalAlpha = dim;
    if (isHatched(slot) && !palette.isForced) hatch(c, xa, top, xb - xa, BAR_HEIGHT, palette.of("--hatch"));
    if (!isAlike && trace.marks[subject]! & Mark.unfinished) fadeOut(frame, xb, top);
    c.restore();
    if (!isAlike && trace.isError[subject]) outline(frame, xa, xb, top);
    else if ((isAlike || !rows.isOpen[i]) && (isAlike ? alikes.groups[subject]!.errorCount : errors[subject]!) > 0) errorTicks(frame, scene, i, top);
    if (scene.isCritShown) drawCritical(frame, scene, i, top);
    if (!isAlike) drawMarks(frame, scene, subject, xa, xb, top);
}

/* Stronger is more, errors as ticks; a few leaves are drawn one by one. */
function drawFolded(frame: Frame, scene: Scene, i: number, xa: number, xb: number, top: number, dim: number): void {
    const { c } = frame;
    const group = scene.rows.kind[i] === RowKind.alike ? scene.alikes.groups[scene.rows.subject[i]!]! : null;
    if (group?.isLeaf && group.rows.length * 2 < xb - xa) {
        for (const row of group.rows) {
            const a = scene.scale.x(scene.trace.start[row]!);
            c.fillRect(a, top, Math.max(2, scene.scale.x(endOf(scene.trace, row)) - a - 0.7), BAR_HEIGHT);
        }
        return;
    }
    const bins = density(scene.trace, scene.rows, i, scene.alikes, scene.scale);
    for (let k = 0; k < bins.strength.length; k++) {
        const x = bins.x0 + k * 2;
        if (bins.strength[k]! <= 0 || x < xa - 2 || x > xb) continue;
        c.globalAlpha = bins.strength[k]! * dim;
        c.fillRect(x, top, 1.6, BAR_HEIGHT);
    }
}

function errorTicks({ c, palette }: Frame, scene: Scene, i: number, top: number): void {
    c.fillStyle = palette.of("--error");
    const bins = density(scene.trace, scene.rows, i, scene.alikes, scene.scale);
    for (const x of bins.errorXs) c.fillRect(x, top - 2, 2, BAR_HEIGHT + 4);
}

function outline({ c, palette }: Frame, xa: number, xb: number, top: number): void {
    c.strokeStyle = palette.of("--error");
    c.lineWidth = 1.5;
    c.beginPath();
    c.roundRect(xa + 0.75, top + 0.75, Math.max(1, xb - xa - 1.5), BAR_HEIGHT - 1.5, Math.min(2, Math.max(0.5, (xb - xa) / 2 - 0.75)));
    c.stroke();
}

function fadeOut({ c, palette }: Frame, xb: number, top: number): void {
    const surface = palette.of("--surface");
    const fade = c.createLinearGradient(xb - 46, 0, xb, 0);
    fade.addColorStop(0, `${surface}00`);
    fade.addColorStop(1, surface);
    c.globalAlpha = 1;
    c.fillStyle = fade;
    c.fillRect(xb - 46, top, 47, BAR_HEIGHT);
}

function drawCritical({ c, palette }: Frame, scene: Scene, i: number, top: number): void {
    const { rows, alikes, path, scale } = scene;
    const subject = rows.subject[i]!;
    const pieces: number[] = [];
    const add = (row: number): void => eachPiece(path, row, (from, to) => pieces.push(from, to));
    if (rows.kind[i] === RowKind.alike) {
        if (!rows.isOpen[i]) for (const row of alikes.groups[subject]!.rows) for (let r = row; r < scene.trace.subtreeEnd[row]! && path.isOn[row]; r++) add(r);
    } else if (rows.isOpen[i] || scene.trace.subtreeEnd[subject] === subject + 1) add(subject);
    else for (let r = subject; r < scene.trace.subtreeEnd[subject]! && path.isOn[subject]; r++) add(r); // closed: what is below counts here
    if (pieces.length === 0) return;
    if (pieces.length > 2) sortPairs(pieces);
    c.fillStyle = palette.of("--crit");
    drawPieces(c, scale, pieces, top + BAR_HEIGHT + 1, 2.5, 1);
}

function sortPairs(pieces: number[]): void {
    const pairs = Array.from({ length: pieces.length / 2 }, (_, i) => [pieces[2 * i]!, pieces[2 * i + 1]!] as const).sort((a, b) => a[0] - b[0]);
    pairs.forEach(([from, to], i) => { pieces[2 * i] = from; pieces[2 * i + 1] = to; });
}

function diamond({ c, palette }: Frame, x: number, y: number, isHollow: boolean): void {
    c.beginPath();
    c.moveTo(x, y - 5);
    c.lineTo(x + 4, y);
    c.lineTo(x, y + 5);
    c.lineTo(x - 4, y);
    c.closePath();
    c.fillStyle = palette.of(isHollow ? "--surface" : "--event");
    c.fill();
    c.strokeStyle = palette.of(isHollow ? "--event" : "--surface");
    c.lineWidth = 1;
    c.stroke();
}

/* Events, links, clocks and the words beside the bar; words never lie on another mark. */
function drawMarks(frame: Frame, scene: Scene, row: number, xa: number, xb: number, top: number): void {
    const { c, palette, width } = frame;
    const marks = scene.marksOf(row), middle = top + BAR_HEIGHT / 2;
    let right = xb;
    if (marks.hasLinks) diamond(frame, Math.max(5, xa), middle, true);
    let before = -Infinity;
    for (const at of marks.events) {
        const x = scene.scale.x(at);
        if (x < -5 || x > width + 5 || x - before < 1) continue;
        diamond(frame, x, middle, false);
        before = x;
        right = Math.max(right, x + 4);
    }
    const skew = scene.skews.get(row);
    if (skew !== undefined) {
        c.strokeStyle = palette.of("--text");
        c.lineWidth = 1;
        c.setLineDash([2, 2]);
        c.beginPath();
        for (const x of [xa, xb]) { c.moveTo(Math.round(x) + 0.5, top - 3); c.lineTo(Math.round(x) + 0.5, top + BAR_HEIGHT + 3); }
        c.stroke();
        c.setLineDash([]);
    }
    const words = marks.outcome || (skew !== undefined ? scene.skewText(skew) : scene.trace.marks[row]! & Mark.endBeforeStart ? "ends before it starts" : "");
    if (!words) return;
    c.font = palette.font(11, marks.outcome ? 600 : 400);
    c.fillStyle = palette.of(marks.outcome ? "--error" : "--text-2");
    c.textBaseline = "middle";
    c.textAlign = "left";
    const wordsWidth = textWidth(c, words);
    const fold = scene.scale.pieces.find(p => p.isFold && p.x0 >= xb - 1);
    const limit = fold ? fold.x0 + 4 : width - 4;
    if (right + 8 + wordsWidth <= limit) c.fillText(words, right + 8, middle + 0.5);
    else if (xa - 8 - wordsWidth > 4) c.fillText(words, xa - 8 - wordsWidth, middle + 0.5);
    else {
        const short = fitText(c, words, limit - right - 8);
        if (short) c.fillText(short, right + 8, middle + 0.5);
    }
}

/* A bar outside of the window: an arrow says on which side. */
function drawBeyond({ c, width, palette }: Frame, isRight: boolean, top: number): void {
    const x = isRight ? width - 5 : 5, d = isRight ? -4 : 4, y = top + BAR_HEIGHT / 2;
    c.strokeStyle = palette.of("--text-3");
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(x + d, y - 3.5);
    c.lineTo(x, y);
    c.lineTo(x + d, y + 3.5);
    c.stroke();
}

function drawMissing({ c, palette }: Frame, scene: Scene, i: number, y: number): void {
    const { start, end } = extentOf(scene.rows, i, scene.trace, scene.alikes, scene.missing);
    const xa = scene.scale.x(start), xb = Math.max(xa + 6, scene.scale.x(end)), top = y + (scene.rowHeight - BAR_HEIGHT) / 2;
    c.strokeStyle = palette.of("--warn");
    c.lineWidth = 1;
    c.setLineDash([3, 3]);
    c.beginPath();
    c.roundRect(xa + 0.5, top + 0.5, xb - xa - 1, BAR_HEIGHT - 1, 2);
    c.stroke();
    c.setLineDash([]);
}

export function drawBars(frame: Frame, scene: Scene): void {
    eachRow(scene, frame.height, (i, y) => (scene.rows.kind[i] === RowKind.missing ? drawMissing(frame, scene, i, y) : drawBar(frame, scene, i, y)));
}

/** The line under the pointer, with the offset and the clock time. */
export function drawCrosshair({ c, width, height, palette }: Frame, x: number, label: string): void {
    const at = Math.round(x) + 0.5;
    c.strokeStyle = palette.of("--text-3");
    c.lineWidth = 1;
    c.setLineDash([3, 3]);
    c.beginPath();
    c.moveTo(at, 0);
    c.lineTo(at, height);
    c.stroke();
    c.setLineDash([]);
    if (!label) return;
    c.font = palette.font(11, 500);
    const labelWidth = textWidth(c, label) + 12;
    const left = at + 5 + labelWidth > width ? at - 5 - labelWidth : at + 5;
    c.fillStyle = palette.of("--text");
    c.beginPath();
    c.roundRect(left, height - 24, labelWidth, 18, 3);
    c.fill();
    c.fillStyle = palette.of("--text-inverse");
    c.textBaseline = "middle";
    c.textAlign = "left";
    c.fillText(label, left + 6, height - 14.5);
}

export function drawAxis({ c, width, height, palette }: Frame, scale: TimeScale, ticks: readonly Tick[], foldText: (ns: number) => string, resumeText: (t: number) => string): void {
    c.font = palette.font(11);
    c.textBaseline = "middle";
    let free = -Infinity;
    const folds = scale.pieces.filter(p => p.isFold);
    for (const fold of folds) {
        c.textAlign = "center";
        c.fillStyle = palette.of("--text-2");
        c.fillText(foldText(fold.t1 - fold.t0), (fold.x0 + fold.x1) / 2, height / 2);
        c.textAlign = "left";
        c.fillStyle = palette.of("--text-3");
        if (fold.x1 + 6 + textWidth(c, resumeText(fold.t1)) < width) c.fillText(resumeText(fold.t1), fold.x1 + 6, height / 2);
    }
    for (const tick of ticks) {
        c.textAlign = "left";
        c.fillStyle = palette.of("--line-strong");
        c.fillRect(Math.round(tick.x), height - 5, 1, 5);
        const right = tick.x + 4 + textWidth(c, tick.label);
        const isNearFold = folds.some(f => right > f.x0 - 8 && tick.x < f.x1 + 8 + textWidth(c, resumeText(f.t1)));
        if (tick.x < free || right > width || isNearFold) continue;
        c.fillStyle = palette.of("--text-3");
        c.fillText(tick.label, tick.x + 4, height / 2);
        free = right + 8;
    }
}
