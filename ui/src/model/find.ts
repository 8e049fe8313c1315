// find.ts -- the find language of a trace: text, key=value, key!=value, >50ms, service:x, -word. All terms must hold.
import { scopeAt, attributesAt, attributeText, eventsAt, statusAt, statusMessageAt, type Trace } from "./trace.ts";

export type Term =
    | { kind: "text"; text: string; isNot: boolean }
    | { kind: "service"; text: string; isNot: boolean }
    | { kind: "attribute"; key: string; text: string; isNot: boolean }
    | { kind: "duration"; isLonger: boolean; ns: number; isNot: boolean };

const unitNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** "50ms" in nanoseconds; null: not a duration. */
export function parseDuration(text: string): number | null {
    const found = /^(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)$/.exec(text);
    return found ? Number(found[1]) * unitNs[found[2]!]! : null;
}

/* Words, with "…" around what has spaces, also behind a key: name="GET /". */
const words = (text: string): string[] => text.match(/(?:[^\s"]|"(?:[^"\\]|\\.)*"?)+/g) ?? [];
const unquoted = (text: string): string =>
    text.startsWith('"') ? text.slice(1).replace(/(?<!\\)"$/, "").replace(/\\(.)/g, "$1") : text;

function termOf(word: string): Term {
    const isNot = word.length > 1 && word.startsWith("-");
    const bare = isNot ? word.slice(1) : word;
    if (bare.startsWith('"')) return { kind: "text", text: unquoted(bare), isNot };
    const duration = /^([<>])=?(.+)$/.exec(bare);
    const ns = duration ? parseDuration(duration[2]!) : null;
    if (duration && ns !== null) return { kind: "duration", isLonger: duration[1] === ">", ns, isNot };
    const service = /^service:(.+)$/.exec(bare);
    if (service) return { kind: "service", text: unquoted(service[1]!), isNot };
    const pair = /^([^=!"\s]+?)(!?=)(.*)$/.exec(bare);
    if (pair) return { kind: "attribute", key: pair[1]!, text: unquoted(pair[3]!), isNot: isNot !== (pair[2] === "!=") };
    return { kind: "text", text: bare, isNot };
}

export const parseFind = (text: string): Term[] => words(text).map(termOf);

/* Keys that are fields of a span, under the names people use. */
function fieldText(trace: Trace, row: number, key: string): string | null {
    switch (key.replace(/^span\.|^resource\./, "")) {
        case "name": return trace.name[row]!;
        case "service": case "service.name": return scopeAt(trace, row).serviceName;
        case "kind": return trace.kind[row]!;
        case "status": return statusAt(trace, row);
        case "id": case "span_id": return trace.spanId[row]!;
        case "scope": return scopeAt(trace, row).name;
        case "event": return null;
        default: return null;
    }
}

function hasAttribute(trace: Trace, row: number, key: string, text: string): boolean {
    const field = fieldText(trace, row, key);
    if (field !== null) return field.toLowerCase() === text.toLowerCase();
    if (key === "error") return (trace.isError[row] === 1) === (text.toLowerCase() !== "false");
    if (key === "event") return trace.raw.contains("events", row, text) && eventsAt(trace, row).some(event => event.name === text);
    const inSpan = key.startsWith("span.") ? key.slice(5) : key, inResource = key.startsWith("resource.") ? key.slice(9) : key;
    const is = (value: string): boolean => value.toLowerCase() === text.toLowerCase();
    if (trace.raw.contains("attributes", row, inSpan) && is(attributeText(attributesAt(trace, row), inSpan))) return true;
    return is(attributeText(scopeAt(trace, row).resource, inResource)) && text !== "";
}

/* Texts of a service are asked once for each scope and name, not for each span. */
function textTest(trace: Trace, text: string): (row: number) => boolean {
    const wanted = text.toLowerCase();
    if (wanted === "") return () => true;
    const names = new Map<string, boolean>();
    const scopes = trace.scopes.map(scope => scope.serviceName.toLowerCase().includes(wanted));
    return row => {
        if (scopes[trace.scope[row]!]) return true;
        const name = trace.name[row]!;
        let inName = names.get(name);
        if (inName === undefined) names.set(name, (inName = name.toLowerCase().includes(wanted)));
        return inName || trace.spanId[row] === wanted || trace.raw.contains("attributes", row, text) ||
            (trace.isError[row] === 1 && statusMessageAt(trace, row).toLowerCase().includes(wanted)) || trace.raw.contains("events", row, text);
    };
}

function testOf(trace: Trace, term: Term): (row: number) => boolean {
    switch (term.kind) {
        case "text": return textTest(trace, term.text);
        case "service": {
            const wanted = term.text.toLowerCase();
            const scopes = trace.scopes.map(scope => scope.serviceName.toLowerCase().includes(wanted));
            return row => scopes[trace.scope[row]!]!;
        }
        case "duration": return row => (term.isLonger ? trace.duration[row]! > term.ns : trace.duration[row]! < term.ns);
        case "attribute": return row => hasAttribute(trace, row, term.key, term.text);
    }
}

/** A test of spans; null: the text asks for nothing. */
export function compileFind(trace: Trace, text: string): ((row: number) => boolean) | null {
    const terms = parseFind(text);
    if (terms.length === 0) return null;
    // What is cheap to ask is asked first.
    const cost = { duration: 0, service: 0, attribute: 2, text: 1 };
    const tests = terms.sort((a, b) => cost[a.kind] - cost[b.kind]).map(term => ({ test: testOf(trace, term), isNot: term.isNot }));
    return row => tests.every(({ test, isNot }) => test(row) !== isNot);
}

/** Rows that match, asked in slices so that a page with 100,000 spans stays awake; gives the number found so far after each slice. */
export function* findRows(trace: Trace, test: (row: number) => boolean, into: number[], now: () => number, sliceMs = 8): Generator<number> {
    let until = now() + sliceMs;
    for (let row = 0; row < trace.count; row++) {
        if (test(row)) into.push(row);
        if ((row & 255) === 255 && now() > until) {
            yield into.length;
            until = now() + sliceMs;
        }
    }
}

/** The words of a find that names and services are marked with. */
export const markedWords = (text: string): string[] => parseFind(text).flatMap(term =>
    (term.kind === "text" || term.kind === "service") && !term.isNot && term.text ? [term.text.toLowerCase()]
        : term.kind === "attribute" && !term.isNot && ["name", "service", "service.name"].includes(term.key) && term.text ? [term.text.toLowerCase()] : []);
