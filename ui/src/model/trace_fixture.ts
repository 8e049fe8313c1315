// trace_fixture.ts -- traces for tests, written as one line a span; and a large one.
import { traceOf, type Trace } from "./trace.ts";

/** Lines "  service name start+duration [kind] [error]" in ms, indented two spaces a level; "-" for a space in a name. */
export function answerOf(text: string): Record<string, unknown> {
    const scopes: { service_name: string; resource: unknown[]; name: string; version: string; attributes: unknown[] }[] = [];
    const c: Record<string, unknown[]> = { span_id: [], parent_span_id: [], parent: [], depth: [], scope: [], name: [], kind: [], start_offset_ns: [],
        duration_ns: [], status: [], status_message: [], attributes: [], events: [], links: [], dropped_counts: [], marks: [] };
    const open: number[] = [];
    for (const line of text.split("\n").filter(l => l.trim())) {
        const depth = (/^ */.exec(line)![0].length) / 2;
        const [service, name, when, ...words] = line.trim().split(/\s+/);
        const [start, duration] = when!.split("+").map(ms => Number(ms) * 1e6);
        let scope = scopes.findIndex(s => s.service_name === service);
        if (scope < 0) scope = scopes.push({ service_name: service!, resource: [{ key: "service.name", value: { stringValue: service } }], name: "", version: "", attributes: [] }) - 1;
        const row = c["span_id"]!.length;
        open.length = depth;
        const parent = depth > 0 ? open[depth - 1]! : -1;
        open.push(row);
        const id = row.toString(16).padStart(16, "0");
        const lost = words.find(w => w.startsWith("lost:"));
        c["span_id"]!.push(id);
        c["parent_span_id"]!.push(lost ? lost.slice(5) : parent >= 0 ? c["span_id"]![parent] : null);
        c["parent"]!.push(parent);
        c["depth"]!.push(depth);
        c["scope"]!.push(scope);
        c["name"]!.push(name!.replaceAll("-", " "));
        c["kind"]!.push(words.find(w => ["server", "client", "producer", "consumer"].includes(w)) ?? "internal");
        c["start_offset_ns"]!.push(start);
        c["duration_ns"]!.push(duration);
        c["status"]!.push(words.includes("error") ? "error" : "unset");
        c["status_message"]!.push("");
        c["attributes"]!.push(words.filter(w => w.includes("=")).map(w => ({ key: w.split("=")[0], value: { stringValue: w.split("=")[1] } })));
        c["events"]!.push([]);
        c["links"]!.push([]);
        c["dropped_counts"]!.push([0, 0, 0]);
        c["marks"]!.push(lost ? ["orphan"] : []);
    }
    return { trace_id: "0af7651916cd43dd8448eb211c80319c", start_time_unix_nano: "1795226400000000000", duration_ns: 0, span_count: c["span_id"]!.length,
        error_count: c["status"]!.filter(s => s === "error").length, orphan_count: 0, depth_max: 0, root: 0, scopes, columns: c };
}

export const traceFrom = (text: string): Trace => traceOf(answerOf(text));
