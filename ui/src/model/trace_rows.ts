// trace_rows.ts -- the rows of the waterfall: which spans, folds and gaps are shown, in order, for what is open and
// what is filtered. Rebuilt whole on every change: work is in proportion to what is shown.
import type { Alikes, MissingParent } from "./trace_shape.ts";
import { pathBelow, type CriticalPath } from "./critical_path.ts";
import { endOf, type Trace } from "./trace.ts";

export const RowKind = { span: 0, alike: 1, missing: 2 } as const;

/** Row i of the picture. `subject` is a span's row, a group, or a missing parent, by `kind`. */
export interface Rows {
    count: number;
    kind: Uint8Array;
    subject: Uint32Array;
    depth: Uint16Array;
    isOpen: Uint8Array;
    isGhost: Uint8Array; // shown only because something below it matches
    indexOfSpan: Int32Array; // where each span stands, -1: it is not shown
    hiddenCount: number; // spans left out by the filters
}

export interface RowsInput {
    trace: Trace;
    alikes: Alikes;
    missing: readonly MissingParent[];
    isSpanOpen: (row: number) => boolean;
    isAlikeOpen: (group: number) => boolean;
    keep: ((row: number) => boolean) | null; // null: all; ancestors of what is kept stay as ghosts
}

const ROOM_FIRST = 1024;

class Builder {
    kind = new Uint8Array(ROOM_FIRST);
    subject = new Uint32Array(ROOM_FIRST);
    depth = new Uint16Array(ROOM_FIRST);
    isOpen = new Uint8Array(ROOM_FIRST);
    isGhost = new Uint8Array(ROOM_FIRST);
    count = 0;
    add(kind: number, subject: number, depth: number, isOpen: boolean, isGhost: boolean): void {
        if (this.count === this.kind.length) this.grow();
        const i = this.count++;
        this.kind[i] = kind;
        this.subject[i] = subject;
        this.depth[i] = depth;
        this.isOpen[i] = isOpen ? 1 : 0;
        this.isGhost[i] = isGhost ? 1 : 0;
    }
    private grow(): void {
        const larger = <T extends Uint8Array | Uint16Array | Uint32Array>(make: new (n: number) => T, old: T): T => {
            const next = new make(old.length * 2);
            next.set(old);
            return next;
        };
        this.kind = larger(Uint8Array, this.kind);
        this.subject = larger(Uint32Array, this.subject);
        this.depth = larger(Uint16Array, this.depth);
        this.isOpen = larger(Uint8Array, this.isOpen);
        this.isGhost = larger(Uint8Array, this.isGhost);
    }
}

/* Per span: 0 left out, 1 ghost, 2 shown. */
function fates(trace: Trace, keep: (row: number) => boolean): { fate: Uint8Array; hiddenCount: number } {
    const fate = new Uint8Array(trace.count);
    let hiddenCount = trace.count;
    for (let row = trace.count - 1; row >= 0; row--) {
        if (keep(row)) fate[row] = 2;
        if (!fate[row]) continue;
        hiddenCount--;
        const up = trace.parent[row]!;
        if (up >= 0 && !fate[up]) fate[up] = 1;
    }
    return { fate, hiddenCount };
}

export function buildRows({ trace, alikes, missing, isSpanOpen, isAlikeOpen, keep }: RowsInput): Rows {
    const out = new Builder();
    const { fate, hiddenCount } = keep ? fates(trace, keep) : { fate: null, hiddenCount: 0 };
    const isIn = (row: number): boolean => fate === null || fate[row]! > 0;
    const groupSeen = new Uint8Array(alikes.groups.length);

    const addSpan = (row: number, depth: number): void => {
        const hasChildren = trace.subtreeEnd[row]! > row + 1;
        const isOpen = hasChildren && isSpanOpen(row);
        out.add(RowKind.span, row, depth, isOpen, fate !== null && fate[row] === 1);
        if (isOpen) addChildren(row, depth + 1);
    };
    const addChildren = (row: number, depth: number): void => {
        const end = trace.subtreeEnd[row]!;
        for (let child = row + 1; child < end; child = trace.subtreeEnd[child]!) {
            const group = alikes.of[child]!;
            if (group >= 0) addAlike(group, depth);
            else if (isIn(child)) addSpan(child, depth);
        }
    };
    const addAlike = (group: number, depth: number): void => {
        if (groupSeen[group]) return;
        groupSeen[group] = 1;
        const rows = alikes.groups[group]!.rows.filter(isIn);
        if (rows.length === 0) return;
        const isOpen = isAlikeOpen(group);
        out.add(RowKind.alike, group, depth, isOpen, false);
        if (isOpen) for (const row of rows) addSpan(row, depth + 1);
    };

    const lost = new Map<number, number>();
    missing.forEach((parent, i) => parent.rows.forEach(row => lost.set(row, i)));
    const missingSeen = new Set<number>();
    for (let row = 0; row < trace.count; row = trace.subtreeEnd[row]!) {
        const gap = lost.get(row);
        if (gap === undefined) { if (isIn(row)) addSpan(row, 0); continue; }
        if (missingSeen.has(gap)) continue;
        missingSeen.add(gap);
        const rows = missing[gap]!.rows.filter(isIn);
        if (rows.length > 0) out.add(RowKind.missing, gap, 0, true, false);
        for (const orphan of rows) addSpan(orphan, 1);
    }
    const indexOfSpan = new Int32Array(trace.count).fill(-1);
    for (let i = 0; i < out.count; i++) if (out.kind[i] === RowKind.span) indexOfSpan[out.subject[i]!] = i;
    return { count: out.count, kind: out.kind, subject: out.subject, depth: out.depth, isOpen: out.isOpen, isGhost: out.isGhost,
        indexOfSpan, hiddenCount };
}

/* Farther away than that is not looked: a list of thousands has no place worth reading out. */
const LOOKED_MAX = 3000;

/** Which of its siblings a row is, from 1, and how many there are; null: too many to say. */
export function placeAmongSiblings({ depth, count }: Rows, i: number): { position: number; siblings: number } | null {
    const level = depth[i]!;
    let position = 1, after = 0, looked = 0;
    for (let k = i - 1; k >= 0 && depth[k]! >= level; k--) {
        if (++looked > LOOKED_MAX) return null;
        if (depth[k] === level) position++;
    }
    for (let k = i + 1; k < count && depth[k]! >= level; k++) {
        if (++looked > LOOKED_MAX) return null;
        if (depth[k] === level) after++;
    }
    return { position, siblings: position + after };
}

/* One screen of rows. */
const SCREEN = 40;

/** What is open when a trace is first shown: the critical path, errors and the chosen span; other subtrees when they are short.
 *  In a large trace only what lasts on the critical path, or a large one would open into thousands of rows. */
export function openAtFirst(trace: Trace, path: CriticalPath, errors: Uint32Array): Uint8Array {
    const open = new Uint8Array(trace.count);
    const isLarge = trace.count > 1500;
    const least = isLarge ? path.totalNs / 50 : 0;
    const below = pathBelow(trace, path);
    let errorRoom = isLarge ? 200 : Infinity;
    for (let row = 0; row < trace.count; row++) {
        const size = trace.subtreeEnd[row]! - row - 1;
        if (size === 0) continue;
        if (trace.parent[row]! < 0 || (path.isOn[row] && below[row]! >= least)) open[row] = 1;
        else if (!isLarge && size <= SCREEN) open[row] = 1;
        else if (errors[row]! > trace.isError[row]! && errorRoom-- > 0) open[row] = 1;
    }
    return open;
}

/** Where a span stands among the rows, or the fold or closed ancestor that holds it; -1: it is filtered out. */
export function rowOf(rows: Rows, trace: Trace, alikes: Alikes, span: number): number {
    for (let at = span; at >= 0; at = trace.parent[at]!) {
        if (rows.indexOfSpan[at]! >= 0) return rows.indexOfSpan[at]!;
        const group = alikes.of[at]!;
        if (group < 0) continue;
        for (let i = 0; i < rows.count; i++) if (rows.kind[i] === RowKind.alike && rows.subject[i] === group) return i;
    }
    return -1;
}

/** From when to when the spans of a row last. */
export function extentOf(rows: Rows, i: number, trace: Trace, alikes: Alikes, missing: readonly MissingParent[]): { start: number; end: number } {
    const subject = rows.subject[i]!;
    if (rows.kind[i] === RowKind.alike) return alikes.groups[subject]!;
    if (rows.kind[i] === RowKind.missing) return missing[subject]!;
    return { start: trace.start[subject]!, end: endOf(trace, subject) };
}
