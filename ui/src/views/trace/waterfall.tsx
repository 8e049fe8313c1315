// waterfall.tsx -- tree and bars as one: a scrolling box whose visible rows are drawn, the tree as a pool of elements, the
// bars on canvases. Tree and canvases stand still in the box and follow its scroll position in the same frame.
import { computed, signal, useComputed } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Canvas } from "../../draw/canvas.tsx";
import { drawAxis, drawBars, drawCrosshair, drawGround, type Scene, type SpanMarks } from "../../draw/waterfall.ts";
import { palette } from "../../draw/palette.ts";
import { markedWords } from "../../model/find.ts";
import { ticks, timeScale, type TimeScale } from "../../model/layout_time.ts";
import { durationText, offsetText } from "../../model/number.ts";
import { clock, timeAfter } from "../../model/time.ts";
import { eventsAt, type Trace } from "../../model/trace.ts";
import { outcomeOf } from "../../model/trace_facts.ts";
import { setting, zone } from "../../state/settings.ts";
import { param } from "../../state/url.ts";
import { Minimap } from "./minimap.tsx";
import type { TraceState } from "./trace_state.ts";
import { TreeRow, slotFor } from "./tree_row.tsx";
import { skewText } from "./words.ts";

const treeWidth = setting<number>("trace-tree-width", 424, v => typeof v === "number" && v >= 160 && v <= 1200);
const TREE_LEAST = 180, BARS_LEAST = 200;
/* Rows above and below the visible ones that the tree keeps ready. */
const SPARE = 8;

type View = ReturnType<typeof useView>;

/* Events and outcomes of spans that were in view; parsing them for each frame would take too long. */
function marksCache(trace: Trace): (row: number) => SpanMarks {
    const known = new Map<number, SpanMarks>();
    return row => {
        let marks = known.get(row);
        if (!marks) {
            if (known.size > 5000) known.clear();
            const events = trace.raw.contains("events", row, "{") ? eventsAt(trace, row).map(event => event.atNs).sort((a, b) => a - b) : [];
            known.set(row, (marks = { events, hasLinks: trace.raw.contains("links", row, "{"), outcome: trace.isError[row] ? outcomeOf(trace, row) : "" }));
        }
        return marks;
    };
}

const rowHeightNow = (): number => parseFloat(palette.value.of("--row-1")) || 24;

function useView(state: TraceState) {
    return useMemo(() => {
        const scrollTop = signal(0), height = signal(0), barsWidth = signal(0);
        const gaps = computed(() => (state.unfolded.value ? [] : state.analysis.value.gaps));
        const scale = computed(() => timeScale(state.window.value.t0, state.window.value.t1, barsWidth.value, gaps.value));
        const tickList = computed(() => ticks(scale.value));
        const rowHeight = computed(rowHeightNow);
        const marks = computed(() => marksCache(state.analysis.value.trace));
        const scene = computed<Scene>(() => ({
            ...state.analysis.value, rows: state.rows.value, skews: state.skews, isAdjusted: state.isAdjusted.value, scale: scale.value, ticks: tickList.value,
            rowHeight: rowHeight.value, scrollTop: scrollTop.value, isCritShown: state.isCritShown.value, has: state.matches.value.has,
            slotOf: row => slotFor(state, row), marksOf: marks.value, skewText,
        }));
        return { scrollTop, height, barsWidth, scale, ticks: tickList, rowHeight, scene };
    }, [state]);
}

/* Keep the chosen row in sight: at the nearest edge, or in the middle when it was far. */
function useScrolling(state: TraceState, view: View, box: { current: HTMLElement | null }): void {
    useEffect(() => state.scrollTo.subscribe(wanted => {
        if (!wanted || !box.current) return;
        const at = state.active.value;
        if (at < 0) return;
        const element = box.current, rowHeight = view.rowHeight.value, top = at * rowHeight, room = element.clientHeight;
        if (top >= element.scrollTop && top + rowHeight <= element.scrollTop + room) return;
        const isNear = Math.abs(top - element.scrollTop - room / 2) < room;
        element.scrollTop = isNear ? (top < element.scrollTop ? top - rowHeight : top + 2 * rowHeight - room) : top - room / 2;
        view.scrollTop.value = element.scrollTop;
    }), [state]);
}

/* As high as all rows together: what makes the box scroll. */
const Tall = ({ state, view }: { state: TraceState; view: View }) => <div class="tall" style={{ height: `${state.rows.value.count * view.rowHeight.value}px` }} />;

function Tree({ state, view, box }: { state: TraceState; view: View; box: { current: HTMLDivElement | null } }) {
    const first = useComputed(() => Math.max(0, Math.floor(view.scrollTop.value / view.rowHeight.value) - SPARE));
    const rows = state.rows.value, find = param("find"), words = useMemo(() => markedWords(find), [find]);
    const pool = Math.ceil(view.height.value / view.rowHeight.value) + 2 * SPARE + 1;
    // The same element again is not compared again: while scrolling only rows that come into view are made.
    const active = state.active.value, made = useMemo(() => new Map<number, VNode>(), [state, words, active, pool]);
    const element = (i: number): VNode => {
        let known = made.get(i);
        if (!known) {
            if (made.size > 4 * pool) made.clear();
            made.set(i, (known = <TreeRow key={i % pool} state={state} i={i} words={words} isActive={active === i} />));
        }
        return known;
    };
    const list = useRef<HTMLDivElement>(null);
    useEffect(() => view.scrollTop.subscribe(top => {
        if (list.current) list.current.style.transform = `translateY(${first.value * view.rowHeight.value - top}px)`;
    }), [view]);
    const from = Math.min(first.value, Math.max(0, rows.count - 1)), to = Math.min(rows.count, from + pool);
    const isActiveThere = active >= from && active < to;
    return <div class="tree" ref={box} role="treegrid" aria-label="Spans of this trace" tabIndex={0} aria-rowcount={rows.count + 1} aria-colcount={2}
        aria-activedescendant={isActiveThere ? `span-row-${active}` : undefined}>
        <div class="rows" ref={list} role="rowgroup" style={{ transform: `translateY(${from * view.rowHeight.value - view.scrollTop.peek()}px)` }}>
            {Array.from({ length: Math.max(0, to - from) }, (_, k) => element(from + k))}
        </div></div>;
}

function wheelZoom(event: WheelEvent, state: TraceState, x: number, scale: TimeScale): void {
    event.preventDefault();
    const { t0, t1 } = state.window.value;
    if (event.ctrlKey || event.metaKey) {
        const at = scale.t(x), factor = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.01);
        state.setWindow(at - (at - t0) * factor, at + (t1 - at) * factor, false);
    } else {
        const by = event.deltaX * scale.nsPerPx;
        state.setWindow(t0 + by, t1 + by, false);
    }
}

/** Drag the line between tree and bars; arrow keys move it too. */
function Splitter({ box }: { box: { current: HTMLElement | null } }) {
    const clamp = (width: number): number => Math.max(TREE_LEAST, Math.min(width, (box.current?.clientWidth ?? 900) - BARS_LEAST));
    const onDown = (event: PointerEvent): void => {
        const handle = event.currentTarget as HTMLElement;
        handle.setPointerCapture(event.pointerId);
        const left = box.current!.getBoundingClientRect().left;
        const onMove = (move: PointerEvent): void => { treeWidth.value = clamp(move.clientX - left); };
        handle.addEventListener("pointermove", onMove);
        handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", onMove), { once: true });
        event.preventDefault();
    };
    return <div class="split" role="separator" aria-orientation="vertical" aria-label="Width of the names" tabIndex={0} aria-valuenow={Math.round(treeWidth.value)} aria-valuemin={TREE_LEAST} aria-valuemax={1200}
        onPointerDown={onDown} onDblClick={() => { treeWidth.value = 424; }}
        onKeyDown={event => {
            const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
            if (!step) return;
            event.preventDefault();
            treeWidth.value = clamp(treeWidth.value + step);
        }} />;
}

function Axis({ state, view }: { state: TraceState; view: View }) {
    const resume = (t: number): string => offsetText(t - state.analysis.value.trace.start[state.analysis.value.trace.root]!);
    return <div class="wfh axis" onDblClick={() => { state.unfolded.value = !state.unfolded.value; }}
        title={state.analysis.value.gaps.length ? "Double click: show or fold the time in which nothing ran" : undefined}>
        <Canvas label="Time axis, from the start of the trace" draw={frame => drawAxis(frame, view.scale.value, view.ticks.value, durationText, resume)} />
    </div>;
}

function Bars({ state, view }: { state: TraceState; view: View }) {
    const box = useRef<HTMLDivElement>(null);
    useEffect(() => {
        const observer = new ResizeObserver(entries => { view.barsWidth.value = entries[0]!.contentRect.width; });
        observer.observe(box.current!);
        const element = box.current!;
        const onWheel = (event: WheelEvent): void => {
            if (event.ctrlKey || event.metaKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
                wheelZoom(event, state, event.clientX - element.getBoundingClientRect().left, view.scale.peek());
        };
        element.addEventListener("wheel", onWheel, { passive: false });
        return () => { observer.disconnect(); element.removeEventListener("wheel", onWheel); };
    }, [state]);
    const crosshairLabel = (t: number): string => {
        const { trace } = state.analysis.value;
        return `${offsetText(t - trace.start[trace.root]!)} · ${clock(timeAfter(trace.startTime, t), zone.value)}`;
    };
    return <div class="tl" ref={box} onPointerMove={event => { state.cursorT.value = view.scale.peek().t(event.offsetX); }}
        onPointerLeave={() => { state.cursorT.value = null; }}>
        <Canvas isOverlay label="" draw={frame => drawGround(frame, view.scene.value, state.active.value, state.hoverRow.value)} />
        <Canvas label="The bars of the visible spans over time; the table has the same figures" draw={frame => drawBars(frame, view.scene.value)} />
        <Canvas isOverlay label="" draw={frame => {
            const t = state.cursorT.value;
            if (t !== null) drawCrosshair(frame, view.scale.value.x(t), crosshairLabel(t));
        }} />
    </div>;
}

/* Reads no signal that changes while one scrolls: drawing again what stands still would cost the frame. */
export function Waterfall({ state }: { state: TraceState }) {
    const view = useView(state);
    const box = useRef<HTMLDivElement>(null), scroller = useRef<HTMLDivElement>(null), tree = useRef<HTMLDivElement>(null);
    useScrolling(state, view, scroller);
    useEffect(() => {
        const observer = new ResizeObserver(entries => { view.height.value = entries[0]!.contentRect.height; });
        observer.observe(scroller.current!);
        if (state.selected.peek() >= 0) queueMicrotask(() => state.reveal(state.selected.peek()));
        return () => observer.disconnect();
    }, [state]);
    const rowAt = (event: MouseEvent): number => {
        const y = event.clientY - scroller.current!.getBoundingClientRect().top + view.scrollTop.peek();
        const at = Math.floor(y / view.rowHeight.peek());
        return at < state.rows.peek().count ? at : -1;
    };
    const onClick = (event: MouseEvent): void => {
        const at = rowAt(event);
        if (at < 0) return;
        if ((event.target as Element).closest("[data-toggle]")) { state.toggle(at); return; }
        state.activate(at);
        tree.current?.focus({ preventScroll: true });
    };
    const columns = { gridTemplateColumns: `min(${treeWidth.value}px, 55%) minmax(0, 1fr)` };
    return <div class="left" ref={box}>
        <Minimap state={state} />
        <div class="wfhead" style={columns}>
            <div class="wfh"><span>Service and operation</span><span class="grow" /><span>Duration</span></div>
            <Axis state={state} view={view} />
            <Splitter box={box} />
        </div>
        <div class="wf" ref={scroller} onScroll={event => { view.scrollTop.value = event.currentTarget.scrollTop; }} tabIndex={-1}
            onClick={onClick} onDblClick={event => { const at = rowAt(event); if (at >= 0 && !(event.target as Element).closest("[data-toggle]")) state.toggle(at); }}
            onPointerMove={event => { state.hoverRow.value = rowAt(event); }} onPointerLeave={() => { state.hoverRow.value = -1; }}>
            <Tall state={state} view={view} />
            <div class="stand" style={{ ...columns, height: `${view.height.value}px` }}>
                <Tree state={state} view={view} box={tree} />
                <Bars state={state} view={view} />
            </div>
        </div>
    </div>;
}
