// traceql.ts -- the queries that links of the trace page ask.
import type { Attribute } from "../../model/trace.ts";
import { valueText } from "../../model/trace.ts";

export const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

/** Spans of one operation of one service. */
export const likeQuery = (service: string, name: string): string => `{ resource.service.name = ${quoted(service)} && name = ${quoted(name)} }`;

const plainKey = /^[A-Za-z_][\w.-]*$/;
export const keyOf = (scope: "span" | "resource" | "event" | "link" | "instrumentation", key: string): string =>
    `${scope}.${plainKey.test(key) ? key : quoted(key)}`;

/** An attribute as TraceQL compares it; null: its kind cannot be compared. */
export function valueOf(attribute: Attribute): string | null {
    if (attribute.previewOf) return null;
    const kind = Object.keys(attribute.value)[0] ?? "";
    if (kind === "stringValue") return quoted(valueText(attribute.value));
    if (kind === "intValue" || kind === "doubleValue" || kind === "boolValue") {
        const text = valueText(attribute.value);
        return /^(-?\d+(\.\d+)?(e[+-]?\d+)?|true|false)$/i.test(text) ? text : null;
    }
    return null;
}
