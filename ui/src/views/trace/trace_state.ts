// trace_state.ts -- what the parts of the trace page share: the trace and what is computed of it, what is open, chosen,
// found and looked at. What a colleague must see is in the address; the rest lives as long as the page, or the session.
import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { criticalPath, pathSteps, type CriticalPath } from "../../model/critical_path.ts";
import { compileFind, findRows, parseDuration } from "../../model/find.ts";
import { foldedGaps, type Gap } from "../../model/gaps.ts";
import { endOf, rowOfSpan, type Trace } from "../../model/trace.ts";
import { factsOf, type Facts } from "../../model/trace_facts.ts";
import { ownTimes } from "../../model/trace_own.ts";
import { RowKind, buildRows, openAtFirst, rowOf, type Rows } from "../../model/trace_rows.ts";
import { adjusted, alikeSiblings, errorsBelow, missingParents, skews, type Alikes, type MissingParent } from "../../model/trace_shape.ts";
import { change, param, type Changes } from "../../state/url.ts";

export interface Analysis {
    trace: Trace;
    path: CriticalPath;
    own: Float64Array;
    errors: Uint32Array; // of each subtree
    alikes: Alikes;
    missing: readonly MissingParent[];
    gaps: readonly Gap[];
    facts: Facts;
    start: number; // of the whole axis
    end: number;
}

export interface Matches { rows: readonly number[]; has: Uint8Array | null; isDone: boolean } // has null: nothing is asked
const noMatches: Matches = { rows: [], has: null, isDone: true };

export type Only = "" | "matches" | "errors" | "critical";

export interface TraceState {
    source: Trace;
    skews: ReadonlyMap<number, number>;
    analysis: ReadonlySignal<Analysis>;
    rows: ReadonlySignal<Rows>;
    selected: ReadonlySignal<number>; // row of the trace, -1
    active: ReadonlySignal<number>; // row of the picture, -1
    window: Signal<{ t0: number; t1: number }>;
    unfolded: Signal<boolean>; // folded gaps are shown in full
    matches: ReadonlySignal<Matches>;
    marked: Signal<ReadonlySet<string>>; // spans that the search matched
    only: ReadonlySignal<Only>;
    leastNs: ReadonlySignal<number>; // shorter spans are hidden; 0: none
    isCritShown: ReadonlySignal<boolean>;
    isAdjusted: ReadonlySignal<boolean>;
    colourBy: ReadonlySignal<"service" | "kind">;
    cursorT: Signal<number | null>; // under the pointer
    hoverRow: Signal<number>; // row of the picture
    scrollTo: Signal<{ row: number; how: "near" | "middle" } | null>;
    select: (row: number, how?: { reveal?: boolean; keepPanel?: boolean }) => void;
    activate: (pictureRow: number) => void;
    toggle: (pictureRow: number, open?: boolean) => void;
    openAll: (isOpen: boolean) => void;
    reveal: (row: number) => void;
    setWindow: (t0: number, t1: number, isFinal?: boolean) => void;
    stop: () => void;
}

/* What was opened and closed, by trace, while this page is not left for good. */
const openMemory = new Map<string, { spans: Map<number, boolean>; alikes: Set<number> }>();
const MEMORY_MAX = 20;

function memoryOf(traceId: string): { spans: Map<number, boolean>; alikes: Set<number> } {
    let known = openMemory.get(traceId);
    if (!known) {
        if (openMemory.size >= MEMORY_MAX) openMemory.delete(openMemory.keys().next().value!);
        openMemory.set(traceId, (known = { spans: new Map(), alikes: new Set() }));
    }
    return known;
}

export function analyse(trace: Trace): Analysis {
    const path = criticalPath(trace), errors = errorsBelow(trace);
    let start = 0, end = 1;
    for (let row = 0; row < trace.count; row++) {
        start = Math.min(start, trace.start[row]!);
        end = Math.max(end, endOf(trace, row));
    }
    return { trace, path, errors, own: ownTimes(trace), alikes: alikeSiblings(trace, errors), missing: missingParents(trace),
        gaps: foldedGaps(trace), facts: factsOf(trace, path), start, end };
}

/** "1 %" of the trace or "50ms". */
export function leastOf(text: string, whole: number): number {
    const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
    return share ? (Number(share[1]) / 100) * whole : parseDuration(text) ?? 0;
}

/** Matches of a text, found in slices; a new text stops the one before. */
function followMatches(analysis: ReadonlySignal<Analysis>): { matches: Signal<Matches>; stop: () => void } {
    const matches = signal<Matches>(noMatches);
    const stop = effect(() => {
        const { trace } = analysis.value;
        const test = compileFind(trace, param("find"));
        if (!test) { matches.value = noMatches; return; }
        const rows: number[] = [], has = new Uint8Array(trace.count);
        const work = findRows(trace, test, rows, () => performance.now());
        let timer = 0, marked = 0;
        const go = (): void => {
            const { done } = work.next();
            for (; marked < rows.length; marked++) has[rows[marked]!] = 1;
            matches.value = { rows: [...rows], has, isDone: done === true };
            if (!done) timer = window.setTimeout(go, 0);
        };
        go();
        return () => clearTimeout(timer);
    });
    return { matches, stop };
}

const isOnly = (text: string): text is Only => ["matches", "errors", "critical"].includes(text);

export function createTraceState(source: Trace): TraceState {
    const memory = memoryOf(source.traceId);
    const skewed = skews(source);
    const plain = analyse(source);
    const isAdjusted = computed(() => param("adj") === "1" && skewed.size > 0);
    const moved = computed(() => analyse(adjusted(source)));
    const analysis = computed(() => (isAdjusted.value ? moved.value : plain));
    const { matches, stop: stopMatches } = followMatches(analysis);
    const opened = signal(0); // counts changes of memory
    const selected = computed(() => rowOfSpan(source, param("span")));
    const chosenGroup = signal<{ kind: number; subject: number } | null>(null);
    const only = computed<Only>(() => (isOnly(param("only")) ? (param("only") as Only) : ""));
    const leastNs = computed(() => leastOf(param("hide"), plain.facts.rootNs));
    const first = openAtFirst(source, plain.path, plain.errors);
    const marked = signal<ReadonlySet<string>>(new Set());

    const keep = computed<((row: number) => boolean) | null>(() => {
        const { trace, path } = analysis.value;
        const least = leastNs.value, which = only.value, chosen = selected.value;
        const found = which === "matches" ? (matches.value.has ?? (marked.value.size ? Uint8Array.from(trace.spanId, id => (marked.value.has(id) ? 1 : 0)) : null)) : null;
        if (least === 0 && (which === "" || (which === "matches" && !found))) return null;
        return row => {
            if (least > 0 && trace.duration[row]! < least && !trace.isError[row] && row !== chosen) return false;
            if (found) return found[row] === 1;
            if (which === "errors") return trace.isError[row] === 1;
            return which !== "critical" || path.first[row]! >= 0;
        };
    });
    const rows = computed<Rows>(() => {
        void opened.value;
        const { trace, alikes, missing } = analysis.value;
        const filter = keep.value;
        const isNarrow = filter !== null && only.value !== "";
        return buildRows({ trace, alikes, missing, keep: filter,
            isSpanOpen: row => memory.spans.get(row) ?? (isNarrow || first[row] === 1), isAlikeOpen: group => memory.alikes.has(group) });
    });
    const active = computed(() => {
        const group = chosenGroup.value;
        if (group) {
            const { kind, subject, count } = rows.value;
            for (let i = 0; i < count; i++) if (kind[i] === group.kind && subject[i] === group.subject) return i;
        }
        return selected.value >= 0 ? rowOf(rows.value, analysis.value.trace, analysis.value.alikes, selected.value) : -1;
    });

    const rootStart = source.count ? source.start[source.root]! : 0;
    const windowOfUrl = (): { t0: number; t1: number } => {
        const { start, end } = analysis.value;
        const t0 = /^-?\d+$/.test(param("t0")) ? Number(param("t0")) + rootStart : start;
        const t1 = /^-?\d+$/.test(param("t1")) ? Number(param("t1")) + rootStart : end;
        return t0 < t1 ? { t0, t1 } : { t0: start, t1: end };
    };
    const view = signal(windowOfUrl());
    const stopWindow = effect(() => { view.value = windowOfUrl(); });
    let commit = 0;
    const setWindow = (from: number, to: number, isFinal = true): void => {
        const { start, end } = analysis.value;
        const length = Math.max(10, Math.min(to - from, end - start));
        const t0 = Math.max(start, Math.min(from, end - length));
        view.value = { t0, t1: t0 + length };
        clearTimeout(commit);
        const write = (): void => {
            const isWhole = length >= end - start;
            change({ t0: isWhole ? null : String(Math.round(t0 - rootStart)), t1: isWhole ? null : String(Math.round(t0 + length - rootStart)) });
        };
        if (isFinal) write();
        else commit = window.setTimeout(write, 400);
    };

    const scrollTo = signal<{ row: number; how: "near" | "middle" } | null>(null);
    const bump = (): void => { opened.value++; };
    const reveal = (row: number): void => {
        const { trace, alikes } = analysis.value;
        let isChanged = false;
        for (let at = row; at >= 0; at = trace.parent[at]!) {
            const group = alikes.of[at]!, up = trace.parent[at]!;
            if (group >= 0 && !memory.alikes.has(group)) { memory.alikes.add(group); isChanged = true; }
            if (up >= 0 && rows.peek().indexOfSpan[at]! < 0 && memory.spans.get(up) !== true) { memory.spans.set(up, true); isChanged = true; }
        }
        if (isChanged) bump();
        scrollTo.value = { row, how: "near" };
    };
    const select: TraceState["select"] = (row, { reveal: isRevealed = false } = {}) => {
        chosenGroup.value = null;
        change({ span: row >= 0 ? source.spanId[row]! : null }, "replace");
        if (row >= 0 && isRevealed) reveal(row);
    };
    const toggle: TraceState["toggle"] = (at, open) => {
        const { kind, subject, isOpen } = rows.value;
        const next = open ?? isOpen[at] === 0;
        if (kind[at] === RowKind.span) memory.spans.set(subject[at]!, next);
        else if (kind[at] === RowKind.alike) { if (next) memory.alikes.add(subject[at]!); else memory.alikes.delete(subject[at]!); }
        bump();
    };

    return {
        source, skews: skewed, analysis, rows, selected, active, window: view, unfolded: signal(false), matches, marked, only, leastNs,
        isCritShown: computed(() => param("crit") !== "off"), isAdjusted, colourBy: computed(() => (param("color") === "kind" ? "kind" : "service")),
        cursorT: signal<number | null>(null), hoverRow: signal(-1), scrollTo, select, toggle, reveal, setWindow,
        activate: at => {
            const { kind, subject, count } = rows.value;
            if (at < 0 || at >= count) return;
            if (kind[at] === RowKind.span) { select(subject[at]!); return; }
            chosenGroup.value = { kind: kind[at]!, subject: subject[at]! };
        },
        openAll: isOpen => {
            memory.spans.clear();
            memory.alikes.clear();
            for (let row = 0; row < source.count; row++) if (source.subtreeEnd[row]! > row + 1) memory.spans.set(row, isOpen || source.parent[row]! < 0);
            if (isOpen) for (const group of analysis.value.alikes.groups) memory.alikes.add(group.id);
            bump();
        },
        stop: () => { stopMatches(); stopWindow(); clearTimeout(commit); },
    };
}

/** Rows that the key "n" walks: what is found, or what the search matched. */
export function walked(state: TraceState): readonly number[] {
    const { rows, has } = state.matches.value;
    if (has) return rows;
    return state.source.spanId.flatMap((id, row) => (state.marked.value.has(id) ? [row] : []));
}

/** The one after (or before) the selected among rows in order; wraps around. */
export function neighbour(list: readonly number[], at: number, step: 1 | -1): number {
    if (list.length === 0) return -1;
    if (step === 1) return list.find(row => row > at) ?? list[0]!;
    return [...list].reverse().find(row => row < at) ?? list[list.length - 1]!;
}

export const nextStep = (state: TraceState): number => {
    const steps = pathSteps(state.analysis.value.path);
    const at = steps.indexOf(state.selected.value);
    return steps.length ? steps[(at + 1) % steps.length]! : -1;
};

export const set = (changes: Changes): void => change(changes);
