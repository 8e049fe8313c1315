// traceql_words.ts -- chips in words: what a field is called, how a value is read, which operators fit.
import { durationText } from "./number.ts";
import { unquoted } from "./traceql_tokens.ts";

const short: Readonly<Record<string, string>> = { "resource.service.name": "service", nestedSetParent: "place in the tree",
    rootServiceName: "root service", rootName: "root name", traceDuration: "trace duration", statusMessage: "status message" };

/** "service", "name", "http.route", "event.exception.type": the scope is said where it is not the span's or its resource's; titles say all. */
export function fieldWords(field: string): string {
    return short[field] ?? field.replace(/^(span\.|resource\.|\.)/, "").replaceAll('"', "");
}

const unitsNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12, d: 8.64e13, w: 6.048e14, y: 3.1536e16 };
/** Of "800ms", "1h30m": nanoseconds; null for anything else. */
export function durationLiteral(text: string): number | null {
    if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|y))+$/.test(text)) return null;
    let ns = 0;
    for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w|y)/g)) ns += Number(value) * unitsNs[unit!]!;
    return ns;
}

/** A value as a person reads it: without quotes, durations with a space. */
export function valueWords(value: string): string {
    const ns = durationLiteral(value);
    if (ns !== null && /^\d+(?:\.\d+)?[a-zµ]+$/.test(value)) {
        const exact = value.replace(/^(.*?)([a-zµ]+)$/, "$1\u2009$2").replace("us", "µs");
        return ns >= 6e10 ? durationText(ns) : exact;
    }
    return unquoted(value) || '""';
}

export const isDurationField = (field: string): boolean => /^(?:span:|trace:)?(?:duration|traceDuration)$|^event:timeSinceStart$/.test(field);

/** Words of a closed list: status and kind. */
export const closedValues: Readonly<Record<string, readonly string[]>> = {
    status: ["error", "ok", "unset"], kind: ["server", "client", "internal", "producer", "consumer", "unspecified"],
};

/** The operators that make sense for a field. */
export function operatorsFor(field: string, value: string): readonly string[] {
    if (closedValues[field]) return ["=", "!="];
    if (isDurationField(field)) return [">", ">=", "<", "<=", "=", "!="];
    if (/^-?[\d.]/.test(value)) return ["=", "!=", ">", ">=", "<", "<="];
    return ["=", "!=", "contains", "=~", "!~"];
}

const operatorNames: Readonly<Record<string, string>> = { "=": "is", "!=": "is not", ">": "more than", ">=": "at least", "<": "less than",
    "<=": "at most", "=~": "matches", "!~": "does not match", contains: "contains" };
export const operatorWords = (operator: string): string => operatorNames[operator] ?? operator;

/** What a person typed as a value, as TraceQL writes it: numbers, durations and known words plain, other texts quoted. */
export function valueLiteral(field: string, typed: string): string {
    const text = typed.trim();
    if (/^".*"$/s.test(text) || /^`[^`]*`$/.test(text)) return text;
    if (closedValues[field]?.includes(text) || text === "nil" || text === "true" || text === "false") return text;
    if (isDurationField(field)) {
        const spaced = text.replace(/\s+/g, "").replace("µs", "us");
        if (durationLiteral(spaced) !== null) return spaced;
        if (/^\d+(\.\d+)?$/.test(spaced)) return `${spaced}ms`; // a bare number would be nanoseconds: nobody means that
    }
    if (/^-?\d+(\.\d+)?$/.test(text) && !/name|version|service/i.test(field)) return text;
    return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
