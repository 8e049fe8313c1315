// trace_logs.ts -- the events of all spans as lines in order of time.
import { attributeText, eventsAt, scopeAt, valueText, type SpanEvent, type Trace } from "./trace.ts";

export type Level = "error" | "warn" | "info" | "debug" | "event";

export interface LogLine {
    row: number;
    index: number; // of the event in its span
    atNs: number; // after the trace's start
    inSpanNs: number; // after the span's start
    level: Level;
    serviceName: string;
    slot: number;
    message: string;
    event: SpanEvent;
}

/* Senders write levels in many ways. */
function levelOf(event: SpanEvent): Level {
    if (event.name === "exception") return "error";
    const text = (attributeText(event.attributes, "level") || attributeText(event.attributes, "log.severity") ||
        attributeText(event.attributes, "severity")).toLowerCase();
    if (/^(err|fatal|crit|emerg|alert)/.test(text)) return "error";
    if (text.startsWith("warn")) return "warn";
    if (text.startsWith("info") || text === "notice") return "info";
    if (text.startsWith("debug") || text.startsWith("trace")) return "debug";
    return "event";
}

function messageOf(event: SpanEvent): string {
    const text = (key: string): string => attributeText(event.attributes, key);
    if (event.name === "exception") return [text("exception.type"), text("exception.message")].filter(Boolean).join(": ") || "exception";
    const message = text("message") || text("log.message") || text("body");
    if (message) return event.name && event.name !== "log" && event.name !== "message" ? `${event.name}: ${message}` : message;
    const rest = event.attributes.filter(a => !["level", "severity"].includes(a.key)).slice(0, 4).map(a => `${a.key}=${valueText(a.value)}`).join(" ");
    return rest ? `${event.name} ${rest}` : event.name;
}

/* More lines are asked for by filters, not read. */
const LINES_MAX = 20_000;

export function logLines(trace: Trace): { lines: LogLine[]; isCut: boolean } {
    const lines: LogLine[] = [];
    let isCut = false;
    for (let row = 0; row < trace.count && !isCut; row++) {
        if (!trace.raw.contains("events", row, "{")) continue;
        const { serviceName, slot } = scopeAt(trace, row);
        eventsAt(trace, row).forEach((event, index) => {
            if (lines.length >= LINES_MAX) { isCut = true; return; }
            lines.push({ row, index, atNs: event.atNs, inSpanNs: event.atNs - trace.start[row]!, level: levelOf(event), serviceName, slot, message: messageOf(event), event });
        });
    }
    lines.sort((a, b) => a.atNs - b.atNs || a.row - b.row);
    return { lines, isCut };
}

export const isBad = (level: Level): boolean => level === "error" || level === "warn";
export const lineMatches = (line: LogLine, wanted: string): boolean => {
    const text = wanted.toLowerCase();
    const pair = /^([^=\s]+)=(.*)$/.exec(wanted);
    if (pair) return attributeText(line.event.attributes, pair[1]!).toLowerCase() === pair[2]!.toLowerCase();
    return line.message.toLowerCase().includes(text) || line.event.name.toLowerCase().includes(text) || line.serviceName.toLowerCase().includes(text) ||
        line.event.attributes.some(a => valueText(a.value).toLowerCase().includes(text));
};

/** Decimals in milliseconds that keep neighbouring instants apart: one for all lines. */
export function decimalsOf(instants: readonly number[]): number {
    let least = Infinity;
    for (let i = 1; i < instants.length; i++) {
        const step = Math.abs(instants[i]! - instants[i - 1]!);
        if (step > 0) least = Math.min(least, step);
    }
    return least >= 100_000 ? 1 : least >= 10_000 ? 2 : 3;
}
