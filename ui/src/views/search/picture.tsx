// picture.tsx -- durations over time: heat map, dots, percentiles, rate, or a table; and the box on it, made by mouse or
// by keys. The box narrows what stands below; "Only these" makes it part of the query.
import { computed, signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { SpanFound } from "../../api/query.ts";
import { drawBox, drawCrosshair, drawHeat, drawPercentiles, drawRate, type Pointer } from "../../draw/heat.ts";
import { Canvas } from "../../draw/canvas.tsx";
import { dotAt, drawScatter, type Dot } from "../../draw/scatter.ts";
import { cellAt, countIn, heatOf, heatSentence, type Heat, type Histogram } from "../../model/heat.ts";
import { boxOfCells, cellsOfBox, clampedCell, columnAt, frameOf, movedCells, rowAt, xOfTime, type CellBox } from "../../model/heat_place.ts";
import { counted, durationText } from "../../model/number.ts";
import { boxText, type Box } from "../../model/search_query.ts";
import { clock, hourMinute, timeAfter, zoneName, type Zone } from "../../model/time.ts";
import { range } from "../../state/range.ts";
import type { Resource } from "../../state/resource.ts";
import { slotOf } from "../../state/services.ts";
import { zone } from "../../state/settings.ts";
import { change, go, hrefTo, param } from "../../state/url.ts";
import { Segmented } from "../../widgets/choice.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Failure } from "../../widgets/states.tsx";
import { PictureTable } from "./picture_table.tsx";
import { boxInWords, onlyThese, scopeInWords } from "./box_words.ts";
import { box, scope, setText } from "./search_state.ts";

export type Picture = "heat" | "scatter" | "percentiles" | "rate" | "table";
const pictures: readonly { id: Picture; label: string; title?: string }[] = [
    { id: "heat", label: "Heat map" }, { id: "scatter", label: "Scatter", title: "Each span as a dot, the newest 1,000" },
    { id: "percentiles", label: "Percentiles", title: "p50, p95 and p99 of each step, from the heat map's rows: ± 15 %" },
    { id: "rate", label: "Rate" }, { id: "table", label: "Table", title: "The same figures in words (t)" },
];
export const picture = computed<Picture>(() => pictures.find(p => p.id === param("pic"))?.id ?? "heat");

const CLICK_PX = 4;

export const dotsOf = (spans: readonly SpanFound[]): Dot[] => spans.map(span => ({ startTime: span.startTime, durationNs: span.durationNs,
    isError: span.attributes.some(a => a.key === "status" && a.value === "error"), slot: slotOf(span.serviceName) }));

function setBox(next: Box | null, how: "push" | "replace" = "push"): void {
    change({ box: next ? boxText(next) : null, after: null, sel: null }, how);
}

/* What the query itself limits, as a box: the durations of the range. */
function queryBox(heat: Heat): Box | null {
    const { d0, d1 } = scope.value;
    if (d0 === 0 && d1 === Infinity) return null;
    const { boundsNs } = heat.histogram;
    return { t0: range.value.from, t1: range.value.to, d0, d1: Math.min(d1, boundsNs[heat.rowHigh] ?? boundsNs.at(-1)!) };
}

function Tip({ heat, pointer, dots, spans, width, height }: { heat: Heat; pointer: Pointer; dots: readonly Dot[] | null; spans: readonly SpanFound[]; width: number; height: number }) {
    const frame = frameOf(width, height), z = zone.value;
    const column = columnAt(heat, frame, pointer.xView), row = rowAt(heat, frame, pointer.yView);
    if (column < 0 || column >= heat.histogram.columnCount) return null;
    const { startTime, stepNs, boundsNs, cells } = heat.histogram;
    const place = { left: `${Math.min(pointer.xView + 12, width - 230)}px`, top: `${Math.max(0, Math.min(pointer.yView + 14, height - 62))}px` };
    const near = dots ? dotAt(heat, dots, width, height, pointer) : -1;
    if (dots && near >= 0) {
        const span = spans[near]!;
        return <div class="pop tip" style={place}><b>{span.name || span.spanId}</b><br />{span.serviceName}, {durationText(span.durationNs)}{dots[near]!.isError ? ", error" : ""}<br />
            <span class="muted">{clock(span.startTime, z)} {zoneName(z, span.startTime)}</span></div>;
    }
    const t0 = timeAfter(startTime, column * stepNs), t1 = timeAfter(t0, stepNs);
    const i = cellAt(heat, column, row);
    const when = `${stepNs < 60e9 ? clock(t0, z, 0) : hourMinute(t0, z)} – ${stepNs < 60e9 ? clock(t1, z, 0) : hourMinute(t1, z)} ${zoneName(z, t0)}`;
    if (dots || row < heat.rowLow || row >= heat.rowHigh) return <div class="pop tip" style={place}>{when}</div>;
    return <div class="pop tip" style={place}>
        <b>{i < 0 ? "no spans" : counted(cells.spanCount[i]!, "span")}</b>{i >= 0 && cells.errorCount[i]! > 0 && <span class="err">, {counted(cells.errorCount[i]!, "error")}</span>}<br />
        {durationText(boundsNs[row]!)} – {durationText(boundsNs[row + 1]!)}<br /><span class="muted">{when}</span></div>;
}

/* The pictures with the layer above them: pointer, box, keys. */
function Stage({ heat, shape, spans, isCut, z }: { heat: Heat; shape: Picture; spans: readonly SpanFound[]; isCut: boolean; z: Zone }) {
    const stage = useRef<HTMLDivElement>(null);
    const pointer = useMemo(() => signal<Pointer | null>(null), []);
    const drawn = useMemo(() => signal<CellBox | null>(null), []); // while the mouse draws it
    const start = useRef<Pointer | null>(null);
    const [size, setSize] = useState({ width: 1, height: 1 });
    const dots = useMemo(() => (shape === "scatter" ? dotsOf(spans) : null), [shape, spans]);
    const hasCells = shape === "heat" || shape === "scatter";
    useEffect(() => {
        const observer = new ResizeObserver(() => { const s = stage.current; if (s) setSize({ width: s.clientWidth, height: s.clientHeight }); });
        observer.observe(stage.current!);
        return () => observer.disconnect();
    }, []);
    const at = (event: PointerEvent): Pointer => {
        const around = stage.current!.getBoundingClientRect();
        return { xView: event.clientX - around.left, yView: event.clientY - around.top };
    };
    const cellsBetween = (a: Pointer, b: Pointer): CellBox => {
        const frame = frameOf(size.width, size.height);
        const p = clampedCell(heat, columnAt(heat, frame, Math.min(a.xView, b.xView)), rowAt(heat, frame, Math.max(a.yView, b.yView)));
        const q = clampedCell(heat, columnAt(heat, frame, Math.max(a.xView, b.xView)), rowAt(heat, frame, Math.min(a.yView, b.yView)));
        return { c0: p.column, c1: q.column + 1, r0: hasCells ? p.row : heat.rowLow, r1: hasCells ? q.row + 1 : heat.rowHigh };
    };
    const onDown = (event: PointerEvent): void => {
        if (event.button !== 0) return;
        start.current = at(event);
        (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent): void => {
        pointer.value = at(event);
        const from = start.current;
        if (from && Math.hypot(pointer.value.xView - from.xView, pointer.value.yView - from.yView) > CLICK_PX) drawn.value = cellsBetween(from, pointer.value);
    };
    const onUp = (event: PointerEvent): void => {
        const from = start.current, cells = drawn.value;
        start.current = null;
        drawn.value = null;
        if (!from) return;
        if (cells) { setBox(boxOfCells(heat, cells)); return; }
        const here = at(event);
        if (dots) {
            const near = dotAt(heat, dots, size.width, size.height, here);
            if (near >= 0) go(hrefTo(`/trace/${spans[near]!.traceId}`, { span: spans[near]!.spanId, set: setText.value }));
            return;
        }
        const frame = frameOf(size.width, size.height), column = columnAt(heat, frame, here.xView), row = rowAt(heat, frame, here.yView);
        if (shape === "heat" && cellAt(heat, column, row) >= 0) setBox(boxOfCells(heat, { c0: column, c1: column + 1, r0: row, r1: row + 1 }));
        else if (box.value) setBox(null);
    };
    const onKey = (event: KeyboardEvent): void => {
        const step = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] } as Record<string, [number, number]>)[event.key];
        if (event.key === "Enter" && box.value) onlyThese(box.value);
        else if (event.key === "Escape" && box.value) setBox(null);
        else if (step) {
            const cells = box.value ? movedCells(heat, cellsOfBox(heat, box.value), step[0], step[1], event.shiftKey) : strongest(heat);
            setBox(boxOfCells(heat, cells), box.value ? "replace" : "push");
        } else return;
        event.preventDefault();
        event.stopPropagation();
    };
    const shown = (): Box | null => (drawn.value ? boxOfCells(heat, drawn.value) : box.value);
    return <div ref={stage} class="hm" role="group" tabIndex={0} aria-label="Picture. Arrow keys make and move a box, with Shift they resize it, Enter shows only these, Escape clears."
        onPointerDown={onDown} onPointerMove={onMove} onPointerUp={onUp} onPointerLeave={() => { pointer.value = null; }} onKeyDown={onKey}>
        <Canvas label={heatSentence(heat.histogram, z)} draw={frame => {
            if (shape === "scatter") drawScatter(frame, heat, dots ?? [], isCut, z);
            else if (shape === "percentiles") drawPercentiles(frame, heat, z);
            else if (shape === "rate") drawRate(frame, heat, z);
            else drawHeat(frame, heat, z);
        }} />
        <Canvas isOverlay label="" draw={frame => {
            const b = shown();
            if (b) drawBox(frame, heat, hasCells ? b : { ...b, d0: heat.histogram.boundsNs[heat.rowLow]!, d1: heat.histogram.boundsNs[heat.rowHigh]! }, false);
            else if (hasCells) drawBox(frame, heat, queryBox(heat), true);
            if (pointer.value && !start.current) drawCrosshair(frame, pointer.value);
        }} />
        <PointerTip pointer={pointer} hide={drawn} heat={heat} dots={dots} spans={spans} size={size} />
        <BoxBar heat={heat} size={size} isDrawing={drawn} />
    </div>;
}

const PointerTip = ({ pointer, hide, heat, dots, spans, size }: {
    pointer: { value: Pointer | null }; hide: { value: CellBox | null }; heat: Heat; dots: readonly Dot[] | null; spans: readonly SpanFound[]; size: { width: number; height: number };
}) => (pointer.value && !hide.value ? <Tip heat={heat} pointer={pointer.value} dots={dots} spans={spans} {...size} /> : null);

function BoxBar({ heat, size, isDrawing }: { heat: Heat; size: { width: number; height: number }; isDrawing: { value: CellBox | null } }) {
    const b = box.value;
    if (!b || isDrawing.value || size.width < 10) return null;
    const cells = cellsOfBox(heat, b);
    const { spanCount } = countIn(heat.histogram, cells.c0, cells.c1, cells.r0, cells.r1);
    const frame = frameOf(size.width, size.height);
    const x = xOfTime(heat, frame, b.t0), x1 = xOfTime(heat, frame, b.t1);
    const left = x > size.width * 0.45 ? { right: `${Math.max(8, size.width - x + 10)}px` } : { left: `${Math.max(8, Math.min(x1 + 10, size.width - 380))}px` };
    return <div class="pop selbar" style={size.width < 500 ? { left: "8px" } : left} onPointerDown={event => event.stopPropagation()} onPointerUp={event => event.stopPropagation()}>
        <span><b>{counted(spanCount, "span")}</b>, {boxInWords(b, zone.value)}</span>
        <button type="button" class="btn s primary" onClick={() => onlyThese(b)}>Only these</button>
        <button type="button" class="btn quiet s icon" aria-label="Clear the box (Esc)" onClick={() => setBox(null)}><Icon name="close" /></button>
    </div>;
}

/* Where the first box of the keyboard lies. */
function strongest(heat: Heat): CellBox {
    const { cells } = heat.histogram;
    let best = 0;
    for (let i = 1; i < cells.spanCount.length; i++) if (cells.spanCount[i]! > cells.spanCount[best]!) best = i;
    const c = cells.column[best] ?? 0, r = cells.row[best] ?? heat.rowLow;
    return { c0: c, c1: c + 1, r0: r, r1: r + 1 };
}

export function PicturePanel({ found, spans }: { found: Resource<Histogram> & { again: () => void }; spans: Resource<{ spans: SpanFound[]; hasMore: boolean }> }) {
    const histogram = found.value;
    const heat = useMemo(() => (histogram ? heatOf(histogram) : null), [histogram]);
    const shape = picture.value, z = zone.value;
    const dots = spans.value?.spans ?? [];
    return <section class="panel pic" aria-labelledby="pic-h" aria-busy={found.isSlow}>
        <div class="ph"><h2 id="pic-h">{shape === "rate" ? "Rate" : "Duration over time"}</h2>
            <span class="sub ell grow">{histogram && scopeInWords(histogram, shape === "scatter" && spans.value ? { count: dots.length, hasMore: spans.value.hasMore } : null)}
                {histogram?.partial && <span class="wrn"> cut: {histogram.partial}</span>}</span>
            <Segmented label="Picture" small value={shape} choices={pictures} onChange={id => change({ pic: id === "heat" ? null : id }, "replace")} /></div>
        {found.error ? <div class="pb"><Failure error={found.error} again={found.again} title="The picture could not be made" /></div>
            : !heat ? <div class="hm">{found.isSlow && <div class="sk hmsk" aria-hidden="true" />}</div>
            : shape === "table" ? <PictureTable histogram={histogram!} z={z} />
            : <Stage heat={heat} shape={shape} spans={dots} isCut={spans.value?.hasMore ?? false} z={z} />}
    </section>;
}
