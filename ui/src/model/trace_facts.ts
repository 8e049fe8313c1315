// trace_facts.ts -- the head of the trace page: what happened in words, five facts, and the share of each service.
import { counted } from "./number.ts";
import type { CriticalPath } from "./critical_path.ts";
import { Mark, attributeText, attributesAt, endOf, scopeAt, statusAt, type Trace } from "./trace.ts";

export interface ServiceShare { name: string; slot: number; ns: number; share: number }

export interface Facts {
    rootNs: number; // the request itself
    lateNs: number; // from the end of the root to the end of the last span; 0: nothing came later
    lateSpanCount: number;
    lateConsumerCount: number;
    serviceCount: number;
    depth: number;
    unfinishedCount: number;
    shares: readonly ServiceShare[]; // of the critical path, largest first
}

export function sharesOf(trace: Trace, path: CriticalPath): ServiceShare[] {
    const byName = new Map<string, ServiceShare>();
    for (let row = 0; row < trace.count; row++) {
        const ns = path.ownNs[row]!;
        if (ns === 0) continue;
        const { serviceName: name, slot } = scopeAt(trace, row);
        const known = byName.get(name) ?? { name, slot, ns: 0, share: 0 };
        known.ns += ns;
        byName.set(name, known);
    }
    return [...byName.values()].map(s => ({ ...s, share: path.totalNs > 0 ? s.ns / path.totalNs : 0 })).sort((a, b) => b.ns - a.ns || (a.name < b.name ? -1 : 1));
}

export function factsOf(trace: Trace, path: CriticalPath): Facts {
    const rootEnd = trace.count ? endOf(trace, trace.root) : 0;
    let lastEnd = rootEnd, lateSpanCount = 0, lateConsumerCount = 0, unfinishedCount = 0, depth = 0;
    for (let row = 0; row < trace.count; row++) {
        lastEnd = Math.max(lastEnd, endOf(trace, row));
        depth = Math.max(depth, trace.depth[row]! + 1);
        if (trace.marks[row]! & Mark.unfinished) unfinishedCount++;
        if (trace.start[row]! < rootEnd || row === trace.root) continue;
        lateSpanCount++;
        if (trace.kind[row] === "consumer") lateConsumerCount++;
    }
    return {
        rootNs: trace.count ? trace.duration[trace.root]! : 0, lateNs: lastEnd - rootEnd, lateSpanCount, lateConsumerCount,
        serviceCount: new Set(trace.scopes.map(scope => scope.serviceName)).size, depth, unfinishedCount, shares: sharesOf(trace, path),
    };
}

export type Tone = "error" | "warn" | "ok" | "accent" | "";
export interface StateWords { tone: Tone; text: string }

/** "4 errors, request succeeded": what the root says of the request, and what happened below it. */
export function stateWords(trace: Trace): StateWords {
    const rootFailed = trace.count > 0 && trace.isError[trace.root] === 1;
    const errors = Math.max(trace.errorCount, 0);
    if (trace.count && trace.marks[trace.root]! & Mark.orphan) {
        return errors > 0 ? { tone: "error", text: `${counted(errors, "error")}, outcome not known` } : { tone: "", text: "no errors" };
    }
    if (errors === 0) return { tone: "", text: "no errors" };
    const word = isRequest(trace) ? "request" : "work";
    return { tone: "error", text: rootFailed ? `${counted(errors, "error")}, ${word} failed` : `${counted(errors, "error")}, ${word} succeeded` };
}

const isRequest = (trace: Trace): boolean => trace.kind[trace.root] === "server" || trace.kind[trace.root] === "client";

/* What a reader calls the outcome of a span, from the conventions of HTTP, gRPC and errors. */
const outcomeKeys = ["error.type", "rpc.grpc.status_code", "http.response.status_code", "http.status_code", "exception.type"];

/** One or two words for a failed span: "503", "DEADLINE_EXCEEDED", "timeout". */
export function outcomeOf(trace: Trace, row: number): string {
    if (statusAt(trace, row) !== "error") return "";
    const attributes = attributesAt(trace, row);
    for (const key of outcomeKeys) {
        const text = attributeText(attributes, key);
        if (text && text !== "_OTHER") return text.length > 40 ? `${text.slice(0, 39)}…` : text;
    }
    return "error";
}
