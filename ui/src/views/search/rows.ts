// rows.ts -- the rows that are shown, as the keyboard and the export see them.
import { signal } from "@preact/signals";
import { isoTime } from "../../model/time.ts";
import type { SpanFound, TraceFound } from "../../api/query.ts";
import { change, hrefTo, param } from "../../state/url.ts";
import { columns, setText } from "./search_state.ts";

export interface Row { id: string; href: string; traceId: string }

export const SELECTED_MAX = 8;
/* The row the keyboard is on; -1: none. */
export const current = signal(-1);

export const selected = (): string[] => param("sel").split(",").filter(id => /^[0-9a-f]{1,32}$/.test(id));
export function toggleSelected(traceId: string): void {
    const before = selected();
    const next = before.includes(traceId) ? before.filter(id => id !== traceId) : [...before, traceId].slice(-SELECTED_MAX);
    change({ sel: next.join(",") || null }, "replace");
}
export const selectAll = (ids: readonly string[]): void => change({ sel: [...new Set(ids)].slice(0, SELECTED_MAX).join(",") || null }, "replace");

/** The trace page with the way back. */
export const traceHref = (traceId: string, spanId = ""): string => hrefTo(`/trace/${traceId}`, { span: spanId, set: setText.value });

const cell = (value: string | number): string => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
const csvOf = (rows: readonly (readonly (string | number)[])[]): string => rows.map(row => row.map(cell).join(",")).join("\r\n") + "\r\n";
const attribute = (attributes: readonly { key: string; value: string }[], column: string): string => attributeOf(attributes, column)?.value ?? "";

/** The API names attributes without their scope. */
export const attributeOf = <T extends { key: string }>(attributes: readonly T[], column: string): T | undefined => {
    const plain = column.replace(/^(span|resource|event|link|instrumentation)\.|^\./, "").replaceAll('"', "");
    return attributes.find(a => a.key === column || a.key === plain);
};

export const tracesCsv = (traces: readonly TraceFound[]): string => csvOf([
    ["start", "root_service", "root_name", "duration_ns", "errors", "spans", "matched_spans", ...columns.value, "trace_id"],
    ...traces.map(t => [isoTime(t.startTime), t.rootServiceName, t.rootName, t.durationNs, t.errorCount, t.spanCount, t.matchedSpanCount,
        ...columns.value.map(c => attribute(t.attributes, c)), t.traceId])]);

export const spansCsv = (spans: readonly SpanFound[]): string => csvOf([
    ["start", "service", "name", "duration_ns", "status", ...columns.value, "trace_id", "span_id"],
    ...spans.map(s => [isoTime(s.startTime), s.serviceName, s.name, s.durationNs, attribute(s.attributes, "status"),
        ...columns.value.map(c => attribute(s.attributes, c)), s.traceId, s.spanId])]);

export const tableCsv = csvOf;

export function download(name: string, type: string, text: string): void {
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
