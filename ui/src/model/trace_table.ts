// trace_table.ts -- the spans of a trace summed by operation or by service, sorted, and as CSV.
import type { CriticalPath } from "./critical_path.ts";
import { scopeAt, type Trace } from "./trace.ts";

export type GroupBy = "operation" | "service" | "span";

export interface TableRow {
    key: string;
    name: string; // of operation or span; "" by service
    serviceName: string;
    slot: number;
    row: number; // the longest span of it
    spanCount: number;
    errorCount: number;
    criticalNs: number;
    ownNs: number;
    totalNs: number;
    meanNs: number;
    maxNs: number;
    startNs: number; // of the first
}

export type SortKey = "name" | "serviceName" | "spanCount" | "errorCount" | "criticalNs" | "ownNs" | "totalNs" | "meanNs" | "maxNs" | "startNs";

export function tableRows(trace: Trace, path: CriticalPath, own: Float64Array, by: GroupBy): TableRow[] {
    const rows = new Map<string, TableRow>();
    for (let row = 0; row < trace.count; row++) {
        const { serviceName, slot } = scopeAt(trace, row);
        const name = by === "service" ? "" : trace.name[row]!;
        const key = by === "span" ? String(row) : `${serviceName}\n${name}`;
        let r = rows.get(key);
        if (!r) {
            r = { key, name, serviceName, slot, row, spanCount: 0, errorCount: 0, criticalNs: 0, ownNs: 0, totalNs: 0, meanNs: 0, maxNs: -1, startNs: Infinity };
            rows.set(key, r);
        }
        const ns = trace.duration[row]!;
        r.spanCount++;
        r.errorCount += trace.isError[row]!;
        r.criticalNs += path.ownNs[row]!;
        r.ownNs += own[row]!;
        r.totalNs += ns;
        r.startNs = Math.min(r.startNs, trace.start[row]!);
        if (ns > r.maxNs) { r.maxNs = ns; r.row = row; }
    }
    for (const r of rows.values()) r.meanNs = r.totalNs / r.spanCount;
    return [...rows.values()];
}

export function sortRows(rows: readonly TableRow[], key: SortKey, isDescending: boolean): TableRow[] {
    const sign = isDescending ? -1 : 1;
    return [...rows].sort((a, b) => {
        const x = a[key], y = b[key];
        return (x < y ? -sign : x > y ? sign : 0) || a.row - b.row;
    });
}

/* A cell that begins like a formula would be run by a spreadsheet. */
const csvCell = (value: string | number): string => {
    const text = typeof value === "number" ? String(value) : /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
export const csv = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
    [head, ...rows].map(row => row.map(csvCell).join(",")).join("\r\n") + "\r\n";

export const tableCsv = (rows: readonly TableRow[]): string =>
    csv(["operation", "service", "spans", "errors", "critical_path_ns", "own_ns", "total_ns", "mean_ns", "longest_ns"],
        rows.map(r => [r.name, r.serviceName, r.spanCount, r.errorCount, r.criticalNs, r.ownNs, r.totalNs, Math.round(r.meanNs), r.maxNs]));
