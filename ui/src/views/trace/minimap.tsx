// minimap.tsx -- the whole trace above the waterfall: drag makes a window, its edges resize, its middle moves, a double
// click shows all.
import { useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Canvas } from "../../draw/canvas.tsx";
import { drawSpans, drawWindow } from "../../draw/minimap.ts";
import { timeScale } from "../../model/layout_time.ts";
import { durationText } from "../../model/number.ts";
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { TraceState } from "./trace_state.ts";
import { slotFor } from "./tree_row.tsx";

const EDGE_PX = 6, SLOP_PX = 4;

export function Minimap({ state }: { state: TraceState }) {
    const width = useMemo(() => signal(0), []);
    const box = useRef<HTMLDivElement>(null);
    const scale = useComputed(() => {
        const { start, end, gaps } = state.analysis.value;
        return timeScale(start, end, width.value, state.unfolded.value ? [] : gaps, 4, 4);
    });
    const onDown = (event: PointerEvent): void => {
        const element = box.current!, left = element.getBoundingClientRect().left;
        const x = (e: PointerEvent): number => e.clientX - left;
        const s = scale.peek(), { t0, t1 } = state.window.peek();
        const begin = x(event), a = s.x(t0), b = s.x(t1);
        const { start, end } = state.analysis.peek();
        const isWhole = t0 <= start && t1 >= end;
        const what = Math.abs(begin - a) <= EDGE_PX ? "left" : Math.abs(begin - b) <= EDGE_PX ? "right" : begin > a && begin < b && !isWhole ? "move" : "new";
        element.setPointerCapture(event.pointerId);
        let isDragged = false;
        const onMove = (move: PointerEvent): void => {
            const at = x(move);
            if (!isDragged && Math.abs(at - begin) < SLOP_PX) return;
            isDragged = true;
            if (what === "left") state.setWindow(Math.min(s.t(at), t1 - 10), t1, false);
            else if (what === "right") state.setWindow(t0, Math.max(s.t(at), t0 + 10), false);
            else if (what === "move") state.setWindow(t0 + (s.t(at) - s.t(begin)), t1 + (s.t(at) - s.t(begin)), false);
            else state.setWindow(s.t(Math.min(begin, at)), s.t(Math.max(begin, at)), false);
        };
        const done = (): void => {
            element.removeEventListener("pointermove", onMove);
            if (isDragged) state.setWindow(state.window.peek().t0, state.window.peek().t1);
        };
        element.addEventListener("pointermove", onMove);
        element.addEventListener("lostpointercapture", done, { once: true });
    };
    const { t0, t1 } = state.window.value, { start, end, trace } = state.analysis.value;
    const label = `All ${trace.count.toLocaleString("en-US")} spans over time; the window shows ${t0 <= start && t1 >= end ? "all of it" : `${durationText(t0)} to ${durationText(t1)}`}`;
    return <div class="mini" ref={box} onPointerDown={onDown} onDblClick={() => state.setWindow(start, end)} title="Drag: look at a part. Double click: all">
        <Canvas label={label} draw={frame => { width.value = frame.width; drawSpans(frame, state.analysis.value.trace, scale.value, row => slotFor(state, row)); }} />
        <Canvas isOverlay label="" draw={frame => drawWindow(frame, scale.value.x(state.window.value.t0), scale.value.x(state.window.value.t1))} />
    </div>;
}
