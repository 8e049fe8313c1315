// trace.ts -- a trace as typed columns: row i of every column is the i-th span, parents before their children,
// siblings by start. Built once from the API's answer; never changed afterwards.
import { timeOf, parseTime, type TimeNs } from "./time.ts";
import { fieldsOf, listOf, numberOf, textOf, type Fields } from "./untrusted.ts";

export interface Attribute { key: string; value: Fields; previewOf: string; length: number; href: string } // value: OTLP AnyValue
/** `atNs`: after the trace's start, as spans are. */
export interface SpanEvent { atNs: number; name: string; attributes: readonly Attribute[] }
export interface SpanLink { traceId: string; spanId: string; attributes: readonly Attribute[] }
export interface Scope { serviceName: string; slot: number; resource: readonly Attribute[]; name: string; version: string; attributes: readonly Attribute[] }

export interface Trace {
    traceId: string;
    startTime: TimeNs;
    durationNs: number;
    spanCount: number; // of the whole trace; `count` rows are here
    errorCount: number;
    orphanCount: number;
    depthMax: number;
    partialReason: string | null;
    root: number; // row of the root shown first
    scopes: readonly Scope[];
    count: number;
    spanId: readonly string[];
    parent: Int32Array; // row, -1: none
    depth: Uint16Array;
    scope: Uint32Array; // index into scopes
    name: readonly string[];
    kind: readonly string[];
    start: Float64Array; // ns after startTime
    shift: Float64Array | null; // how far each span was moved because of its clock; null: stored times
    duration: Float64Array; // ns
    isError: Uint8Array;
    marks: Uint8Array; // bits of Mark
    subtreeEnd: Uint32Array; // first row behind the span's descendants
    raw: RawCells; // what is read only for a span looked at
}

/** What the server said about a span, as bits. */
export const Mark = { orphan: 1, duplicateId: 2, endBeforeStart: 4, unfinished: 8 } as const;
const markBits: Readonly<Record<string, number>> = { orphan: Mark.orphan, duplicate_id: Mark.duplicateId,
    end_before_start: Mark.endBeforeStart, unfinished: Mark.unfinished };

export type RawColumn = "status" | "status_message" | "trace_state" | "attributes" | "events" | "links" | "dropped_counts" | "parent_span_id" | "flags";
/** Cells as JSON values, read when asked for. `contains` looks for a text in the cell's JSON, ASCII letters of any case alike. */
export interface RawCells { cell: (column: RawColumn, row: number) => unknown; contains: (column: RawColumn, row: number, text: string) => boolean }

export type Column = readonly unknown[];
/** The columns that a picture of the whole trace needs. */
export interface LightColumns { spanId: Column; parent: Column; scope: Column; name: Column; kind: Column; start: Column; duration: Column; status: Column; marks: Column }

export function attributesOf(value: unknown): Attribute[] {
    return listOf(value).map(fieldsOf).map(a => ({ key: textOf(a["key"]), value: fieldsOf(a["value"]), previewOf: textOf(a["preview_of"]),
        length: numberOf(a["length"]), href: textOf(a["href"]) }));
}

function scopeOf(value: unknown): Scope {
    const s = fieldsOf(value);
    const serviceName = textOf(s["service_name"]);
    return { serviceName, slot: numberOf(s["slot"]), resource: attributesOf(s["resource"]), name: textOf(s["name"]),
        version: textOf(s["version"]), attributes: attributesOf(s["attributes"]) };
}

/* A broken answer may name rows that are not there: a parent must stand before its child. */
function parentsOf(column: Column, count: number): Int32Array {
    const parents = new Int32Array(count).fill(-1);
    for (let row = 0; row < count; row++) {
        const parent = column[row];
        if (typeof parent === "number" && Number.isInteger(parent) && parent >= 0 && parent < row) parents[row] = parent;
    }
    return parents;
}

function subtreeEnds(parent: Int32Array): Uint32Array {
    const end = new Uint32Array(parent.length);
    for (let row = 0; row < end.length; row++) end[row] = row + 1;
    for (let row = parent.length - 1; row > 0; row--) {
        const up = parent[row]!;
        if (up >= 0 && end[up]! < end[row]!) end[up] = end[row]!;
    }
    return end;
}

/* One string object per different text: a hundred thousand spans have a few names. */
function interned(column: Column, count: number): string[] {
    const known = new Map<string, string>();
    const texts = new Array<string>(count);
    for (let row = 0; row < count; row++) {
        const text = textOf(column[row]);
        const first = known.get(text);
        if (first === undefined) known.set(text, text);
        texts[row] = first ?? text;
    }
    return texts;
}

function floats(column: Column, count: number, least: number): Float64Array {
    const values = new Float64Array(count);
    for (let row = 0; row < count; row++) values[row] = Math.max(least, numberOf(column[row]));
    return values;
}

export function buildTrace(t: Fields, columns: LightColumns, raw: RawCells): Trace {
    const spanId = columns.spanId.map(id => textOf(id));
    const count = spanId.length;
    const scopes = listOf(t["scopes"]).map(scopeOf);
    if (scopes.length === 0) scopes.push(scopeOf({}));
    const parent = parentsOf(columns.parent, count);
    const depth = new Uint16Array(count), scope = new Uint32Array(count), isError = new Uint8Array(count), marks = new Uint8Array(count);
    for (let row = 0; row < count; row++) {
        depth[row] = parent[row]! >= 0 ? Math.min(65_535, depth[parent[row]!]! + 1) : 0;
        const s = numberOf(columns.scope[row]);
        scope[row] = s >= 0 && s < scopes.length ? s : 0;
        isError[row] = columns.status[row] === "error" ? 1 : 0;
        for (const mark of listOf(columns.marks[row])) marks[row]! |= markBits[textOf(mark)] ?? 0;
    }
    return {
        traceId: textOf(t["trace_id"]), startTime: parseTime(t["start_time_unix_nano"]) ?? timeOf(0n), durationNs: numberOf(t["duration_ns"]),
        spanCount: Math.max(count, numberOf(t["span_count"], count)), errorCount: numberOf(t["error_count"]), orphanCount: numberOf(t["orphan_count"]),
        depthMax: numberOf(t["depth_max"]), partialReason: textOf(t["partial_reason"]) || null,
        root: Math.min(Math.max(0, Math.trunc(numberOf(t["root"]))), Math.max(0, count - 1)), scopes, count, spanId, parent, depth, scope,
        name: interned(columns.name, count), kind: interned(columns.kind, count),
        start: floats(columns.start, count, -Infinity), shift: null, duration: floats(columns.duration, count, 0),
        isError, marks, subtreeEnd: subtreeEnds(parent), raw,
    };
}

/** From an answer that is parsed already; a large one goes through traceOfBytes. */
export function traceOf(answer: unknown): Trace {
    const t = fieldsOf(answer);
    const columns = fieldsOf(t["columns"]);
    const column = (name: string): Column => listOf(columns[name]);
    const raw: RawCells = {
        cell: (name, row) => column(name)[row],
        contains: (name, row, text) => (JSON.stringify(column(name)[row]) ?? "").toLowerCase().includes(text.toLowerCase()),
    };
    return buildTrace(t, { spanId: column("span_id"), parent: column("parent"), scope: column("scope"), name: column("name"), kind: column("kind"),
        start: column("start_offset_ns"), duration: column("duration_ns"), status: column("status"), marks: column("marks") }, raw);
}

export const scopeAt = (trace: Trace, row: number): Scope => trace.scopes[trace.scope[row]!]!;
export const serviceAt = (trace: Trace, row: number): string => scopeAt(trace, row).serviceName;
export const endOf = (trace: Trace, row: number): number => trace.start[row]! + trace.duration[row]!;
export const attributesAt = (trace: Trace, row: number): Attribute[] => attributesOf(trace.raw.cell("attributes", row));
export const statusMessageAt = (trace: Trace, row: number): string => textOf(trace.raw.cell("status_message", row));
export const statusAt = (trace: Trace, row: number): string => textOf(trace.raw.cell("status", row), "unset");
export const parentSpanIdAt = (trace: Trace, row: number): string => textOf(trace.raw.cell("parent_span_id", row));
export const traceStateAt = (trace: Trace, row: number): string => textOf(trace.raw.cell("trace_state", row));
/** Attributes, events and links that the sender left out. */
export const droppedAt = (trace: Trace, row: number): readonly number[] => [0, 1, 2].map(i => numberOf(listOf(trace.raw.cell("dropped_counts", row))[i]));
export const eventsAt = (trace: Trace, row: number): SpanEvent[] => listOf(trace.raw.cell("events", row)).map(fieldsOf)
    .map(e => ({ atNs: numberOf(e["time_offset_ns"]) + (trace.shift ? trace.shift[row]! : 0), name: textOf(e["name"]), attributes: attributesOf(e["attributes"]) }));
export const linksAt = (trace: Trace, row: number): SpanLink[] => listOf(trace.raw.cell("links", row)).map(fieldsOf)
    .map(l => ({ traceId: textOf(l["trace_id"]), spanId: textOf(l["span_id"]), attributes: attributesOf(l["attributes"]) }));
export const rowOfSpan = (trace: Trace, spanId: string): number => (spanId ? trace.spanId.indexOf(spanId.toLowerCase()) : -1);

/** The spans directly below, in order. */
export function childrenOf(trace: Trace, row: number): number[] {
    const children: number[] = [];
    const end = trace.subtreeEnd[row]!;
    for (let child = row + 1; child < end; child = trace.subtreeEnd[child]!) if (trace.parent[child] === row) children.push(child);
    return children;
}

/** An OTLP AnyValue as a person reads it. */
export function valueText(value: Fields): string {
    const [kind, inner] = Object.entries(value)[0] ?? ["", ""];
    if (kind === "arrayValue") return `[${listOf(fieldsOf(inner)["values"]).map(v => valueText(fieldsOf(v))).join(", ")}]`;
    if (kind === "kvlistValue") return `{${attributesOf(fieldsOf(inner)["values"]).map(a => `${a.key}: ${valueText(a.value)}`).join(", ")}}`;
    return typeof inner === "object" ? JSON.stringify(inner) : String(inner);
}

/** The text of an attribute; "" when it is not there. */
export function attributeText(attributes: readonly Attribute[], key: string): string {
    const found = attributes.find(a => a.key === key);
    return found ? valueText(found.value) : "";
}
