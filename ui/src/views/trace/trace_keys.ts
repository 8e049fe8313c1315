// trace_keys.ts -- the keyboard of the trace page.
import { RowKind } from "../../model/trace_rows.ts";
import { useKeys, type KeyBinding } from "../../state/keys.ts";
import { change, param } from "../../state/url.ts";
import { neighbour, nextStep, walked, type TraceState } from "./trace_state.ts";

function step(state: TraceState, by: number): void {
    const { count } = state.rows.value;
    if (count === 0) return;
    const at = Math.max(0, Math.min(count - 1, state.active.value < 0 && Math.abs(by) <= 1 ? 0 : state.active.value + by));
    state.activate(at);
    state.scrollTo.value = { row: at, how: "near" };
}

function openOrChild(state: TraceState): void {
    const at = state.active.value, rows = state.rows.value;
    if (at < 0) { step(state, 0); return; }
    const { trace } = state.analysis.value;
    const canOpen = rows.kind[at] === RowKind.alike || (rows.kind[at] === RowKind.span && trace.subtreeEnd[rows.subject[at]!]! > rows.subject[at]! + 1);
    if (canOpen && !rows.isOpen[at]) state.toggle(at, true);
    else if (canOpen || rows.kind[at] === RowKind.missing) step(state, 1);
}

function closeOrParent(state: TraceState): void {
    const at = state.active.value, rows = state.rows.value;
    if (at < 0) return;
    if (rows.isOpen[at] && rows.kind[at] !== RowKind.missing) { state.toggle(at, false); return; }
    for (let i = at - 1; i >= 0; i--) if (rows.depth[i]! < rows.depth[at]!) { step(state, i - at); return; }
}

function zoom(state: TraceState, factor: number): void {
    const { t0, t1 } = state.window.value, middle = (t0 + t1) / 2, half = ((t1 - t0) / 2) * factor;
    state.setWindow(middle - half, middle + half);
}
function pan(state: TraceState, share: number): void {
    const { t0, t1 } = state.window.value, by = (t1 - t0) * share;
    state.setWindow(t0 + by, t1 + by);
}
const errorRows = (state: TraceState): number[] => Array.from(state.source.isError.keys()).filter(row => state.source.isError[row]);

const views = ["", "graph", "table", "logs", "json"];

export function useTraceKeys(state: TraceState): void {
    const isWaterfall = (): boolean => param("view") === "";
    const inWaterfall = (run: () => void) => (): void | false => { if (!isWaterfall()) return false; run(); };
    const walk = (list: () => readonly number[], by: 1 | -1) => (): void => {
        const row = neighbour(list(), state.selected.value, by);
        if (row >= 0) state.select(row, { reveal: true });
    };
    const bindings: KeyBinding[] = [
        { keys: "ArrowDown", help: "Next row", run: inWaterfall(() => step(state, 1)) },
        { keys: "ArrowUp", help: "Row before", run: inWaterfall(() => step(state, -1)) },
        { keys: "ArrowRight", help: "Open, or first child", run: inWaterfall(() => openOrChild(state)) },
        { keys: "ArrowLeft", help: "Close, or parent", run: inWaterfall(() => closeOrParent(state)) },
        { keys: "Home", help: "First row", run: inWaterfall(() => step(state, -Infinity)) },
        { keys: "End", help: "Last row", run: inWaterfall(() => step(state, Infinity)) },
        { keys: "/", help: "Find in the trace", run: () => { (document.querySelector<HTMLInputElement>("#trace-find") ?? document.querySelector<HTMLInputElement>(".alt .inp input"))?.focus(); } },
        { keys: "n", help: "Next match", run: walk(() => walked(state), 1) },
        { keys: "N", help: "Match before", run: walk(() => walked(state), -1) },
        { keys: "e", help: "Next error", run: walk(() => errorRows(state), 1) },
        { keys: "E", help: "Error before", run: walk(() => errorRows(state), -1) },
        { keys: "c", help: "Next step of the critical path", run: () => { const row = nextStep(state); if (row >= 0) state.select(row, { reveal: true }); } },
        { keys: "f", help: "Only matches, all", run: () => change({ only: state.only.value === "matches" ? null : "matches" }) },
        { keys: "w", help: "Zoom in", run: inWaterfall(() => zoom(state, 0.6)) },
        { keys: "s", help: "Zoom out", run: inWaterfall(() => zoom(state, 1 / 0.6)) },
        { keys: "a", help: "Earlier", run: inWaterfall(() => pan(state, -0.25)) },
        { keys: "d", help: "Later", run: inWaterfall(() => pan(state, 0.25)) },
        { keys: "0", help: "The whole trace", run: inWaterfall(() => state.setWindow(state.analysis.value.start, state.analysis.value.end)) },
        { keys: "]", help: "Open all", run: inWaterfall(() => state.openAll(true)) },
        { keys: "[", help: "Close all", run: inWaterfall(() => state.openAll(false)) },
        { keys: "i", help: "To the details", run: () => document.querySelector<HTMLElement>("#span-panel")?.focus() },
        { keys: "t", help: "Table", run: () => change({ view: param("view") === "table" ? null : "table" }) },
        ...views.map((view, i) => ({ keys: String(i + 1), help: ["Waterfall", "Graph", "Table", "Logs", "JSON"][i]!, run: () => change({ view }) })),
        { keys: "Y", help: "Copy the trace's id", run: () => void navigator.clipboard?.writeText(state.source.traceId) },
        { keys: "Escape", help: "Close the details", run: () => { if (state.active.value < 0) return false; state.select(-1); } },
    ];
    useKeys("Trace", bindings, [state]);
}
