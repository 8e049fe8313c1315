// trace.ts -- a trace as typed columns: row i of every column is the i-th span, parents before their children,
// siblings by start. Built once from the API's answer; never changed afterwards.
import { timeOf, parseTime, type TimeNs } from "./time.ts";
import { fieldsOf, listOf, numberOf, textOf, type Fields } from "./untrusted.ts";

export interface Attribute { key: string; value: Fields; previewOf: string; length: number; href: string } // value: OTLP AnyValue
export interface SpanEvent { timeOffsetNs: number; name: string; attributes: readonly Attribute[] }
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
    duration: Float64Array; // ns
    isError: Uint8Array;
    subtreeEnd: Uint32Array; // first row behind the span's descendants
    raw: RawColumns; // what is read only for a span looked at
}
interface RawColumns { status: Column; statusMessage: Column; traceState: Column; attributes: Column; events: Column; links: Column;
    marks: Column; dropped: Column; parentSpanId: Column }
type Column = readonly unknown[];

export function attributesOf(value: unknown): Attribute[] {
    return listOf(value).map(fieldsOf).map(a => ({ key: textOf(a["key"]), value: fieldsOf(a["value"]), previewOf: textOf(a["preview_of"]),
        length: numberOf(a["length"]), href: textOf(a["href"]) }));
}

function scopeOf(value: unknown): Scope {
    const s = fieldsOf(value);
    return { serviceName: textOf(s["service_name"]), slot: numberOf(s["slot"]), resource: attributesOf(s["resource"]), name: textOf(s["name"]),
        version: textOf(s["version"]), attributes: attributesOf(s["attributes"]) };
}

/* A broken answer may name rows that are not there: a parent must stand before its child. */
function parentsOf(column: Column, count: number): Int32Array {
    return Int32Array.from({ length: count }, (_, row) => {
        const parent = numberOf(column[row], -1);
        return Number.isInteger(parent) && parent >= 0 && parent < row ? parent : -1;
    });
}

function subtreeEnds(parent: Int32Array): Uint32Array {
    const end = Uint32Array.from(parent, (_, row) => row + 1);
    for (let row = parent.length - 1; row > 0; row--) {
        const up = parent[row]!;
        if (up >= 0 && end[up]! < end[row]!) end[up] = end[row]!;
    }
    return end;
}

export function traceOf(answer: unknown): Trace {
    const t = fieldsOf(answer);
    const columns = fieldsOf(t["columns"]);
    const column = (name: string): Column => listOf(columns[name]);
    const spanId = column("span_id").map(id => textOf(id));
    const count = spanId.length;
    const scopes = listOf(t["scopes"]).map(scopeOf);
    if (scopes.length === 0) scopes.push(scopeOf({}));
    const parent = parentsOf(column("parent"), count);
    const depth = new Uint16Array(count);
    for (let row = 0; row < count; row++) depth[row] = parent[row]! >= 0 ? Math.min(65_535, depth[parent[row]!]! + 1) : 0;
    const scopeColumn = column("scope"), status = column("status"), starts = column("start_offset_ns"), durations = column("duration_ns");
    return {
        traceId: textOf(t["trace_id"]), startTime: parseTime(t["start_time_unix_nano"]) ?? timeOf(0n), durationNs: numberOf(t["duration_ns"]),
        spanCount: numberOf(t["span_count"], count), errorCount: numberOf(t["error_count"]), orphanCount: numberOf(t["orphan_count"]),
        depthMax: numberOf(t["depth_max"]), partialReason: textOf(t["partial_reason"]) || null,
        root: Math.min(Math.max(0, numberOf(t["root"])), Math.max(0, count - 1)), scopes, count, spanId, parent, depth,
        scope: Uint32Array.from({ length: count }, (_, row) => { const s = numberOf(scopeColumn[row]); return s >= 0 && s < scopes.length ? s : 0; }),
        name: column("name").map(name => textOf(name)), kind: column("kind").map(kind => textOf(kind)),
        start: Float64Array.from({ length: count }, (_, row) => numberOf(starts[row])),
        duration: Float64Array.from({ length: count }, (_, row) => Math.max(0, numberOf(durations[row]))),
        isError: Uint8Array.from({ length: count }, (_, row) => (status[row] === "error" ? 1 : 0)),
        subtreeEnd: subtreeEnds(parent),
        raw: { status, statusMessage: column("status_message"), traceState: column("trace_state"), attributes: column("attributes"),
            events: column("events"), links: column("links"), marks: column("marks"), dropped: column("dropped_counts"), parentSpanId: column("parent_span_id") },
    };
}

export const scopeAt = (trace: Trace, row: number): Scope => trace.scopes[trace.scope[row]!]!;
export const endOf = (trace: Trace, row: number): number => trace.start[row]! + trace.duration[row]!;
export const attributesAt = (trace: Trace, row: number): Attribute[] => attributesOf(trace.raw.attributes[row]);
export const statusMessageAt = (trace: Trace, row: number): string => textOf(trace.raw.statusMessage[row]);
export const marksAt = (trace: Trace, row: number): readonly string[] => listOf(trace.raw.marks[row]).map(mark => textOf(mark));
export const eventsAt = (trace: Trace, row: number): SpanEvent[] => listOf(trace.raw.events[row]).map(fieldsOf)
    .map(e => ({ timeOffsetNs: numberOf(e["time_offset_ns"]), name: textOf(e["name"]), attributes: attributesOf(e["attributes"]) }));
export const linksAt = (trace: Trace, row: number): SpanLink[] => listOf(trace.raw.links[row]).map(fieldsOf)
    .map(l => ({ traceId: textOf(l["trace_id"]), spanId: textOf(l["span_id"]), attributes: attributesOf(l["attributes"]) }));

/** An OTLP AnyValue as a person reads it. */
export function valueText(value: Fields): string {
    const [kind, inner] = Object.entries(value)[0] ?? ["", ""];
    if (kind === "arrayValue") return `[${listOf(fieldsOf(inner)["values"]).map(v => valueText(fieldsOf(v))).join(", ")}]`;
    if (kind === "kvlistValue") return `{${attributesOf(fieldsOf(inner)["values"]).map(a => `${a.key}: ${valueText(a.value)}`).join(", ")}}`;
    return typeof inner === "object" ? JSON.stringify(inner) : String(inner);
}
