// trace_bytes.ts -- a trace from the bytes of the API's answer. Only what the picture of the whole trace needs is
// parsed; attributes, events and links stay bytes and are parsed for the spans one looks at: of 100,000 spans their
// objects would take hundreds of megabytes.
import { buildTrace, traceOf, type Column, type RawCells, type RawColumn, type Trace } from "./trace.ts";
import { listOf } from "./untrusted.ts";

const QUOTE = 34, COMMA = 44, BACKSLASH = 92, OPEN_ARRAY = 91, CLOSE_ARRAY = 93, OPEN_OBJECT = 123, CLOSE_OBJECT = 125, COLON = 58;

interface Range { start: number; end: number }

class Malformed extends Error {}

function skipSpace(b: Uint8Array, i: number): number {
    while (i < b.length && b[i]! <= 32) i++;
    return i;
}

/* `i` is at the opening quote; gives the place behind the closing one. */
function skipString(b: Uint8Array, i: number): number {
    for (i++; i < b.length; i++) {
        const c = b[i]!;
        if (c === BACKSLASH) i++;
        else if (c === QUOTE) return i + 1;
    }
    throw new Malformed("a text without an end");
}

function skipValue(b: Uint8Array, i: number): number {
    const first = b[i];
    if (first === QUOTE) return skipString(b, i);
    if (first === OPEN_ARRAY || first === OPEN_OBJECT) {
        for (let depth = 0; i < b.length;) {
            const c = b[i]!;
            if (c === QUOTE) { i = skipString(b, i); continue; }
            if (c === OPEN_ARRAY || c === OPEN_OBJECT) depth++;
            else if ((c === CLOSE_ARRAY || c === CLOSE_OBJECT) && --depth === 0) return i + 1;
            i++;
        }
        throw new Malformed("a list without an end");
    }
    while (i < b.length && b[i] !== COMMA && b[i] !== CLOSE_ARRAY && b[i] !== CLOSE_OBJECT) i++;
    return i;
}

const decoder = new TextDecoder();
const parsed = (b: Uint8Array, { start, end }: Range): unknown => JSON.parse(decoder.decode(b.subarray(start, end)));

/* Where the values of an object stand, by key. */
function fieldsIn(b: Uint8Array, at: number): Map<string, Range> {
    const fields = new Map<string, Range>();
    let i = skipSpace(b, at);
    if (b[i] !== OPEN_OBJECT) throw new Malformed("no object");
    i = skipSpace(b, i + 1);
    while (b[i] !== CLOSE_OBJECT) {
        if (b[i] !== QUOTE) throw new Malformed("no key");
        const keyEnd = skipString(b, i);
        const key = String(parsed(b, { start: i, end: keyEnd }));
        i = skipSpace(b, keyEnd);
        if (b[i] !== COLON) throw new Malformed("no value");
        const start = skipSpace(b, i + 1);
        const end = skipValue(b, start);
        fields.set(key, { start, end });
        i = skipSpace(b, end);
        if (b[i] === COMMA) i = skipSpace(b, i + 1);
        else if (b[i] !== CLOSE_OBJECT) throw new Malformed("no end of an object");
    }
    return fields;
}

function isSame(b: Uint8Array, a: number, c: number, length: number): boolean {
    for (let k = 0; k < length; k++) if (b[a + k] !== b[c + k]) return false;
    return true;
}

/* A column of texts of which few differ: each different one is made once. */
function textColumn(b: Uint8Array, column: Range): Column {
    if (b[column.start] !== OPEN_ARRAY) return [];
    const texts: unknown[] = [];
    const known = new Map<number, { start: number; length: number; text: unknown }>();
    let i = skipSpace(b, column.start + 1);
    while (b[i] !== CLOSE_ARRAY && i < column.end) {
        const end = skipValue(b, i), length = end - i;
        let hash = length;
        for (let k = i; k < end; k++) hash = (Math.imul(hash, 31) + b[k]!) | 0;
        const before = known.get(hash);
        if (before && before.length === length && isSame(b, before.start, i, length)) texts.push(before.text);
        else {
            const text = parsed(b, { start: i, end });
            known.set(hash, { start: i, length, text });
            texts.push(text);
        }
        i = skipSpace(b, end);
        if (b[i] === COMMA) i = skipSpace(b, i + 1);
    }
    return texts;
}

/* Marks are rare: a column of empty lists has no quote in it. */
function marksColumn(b: Uint8Array, column: Range | undefined): Column {
    if (!column) return [];
    const quote = b.indexOf(QUOTE, column.start);
    return quote < 0 || quote >= column.end ? [] : listOf(parsed(b, column));
}

/* Start of each cell of a column, and one more: the place behind the last. */
function cellStarts(b: Uint8Array, column: Range, count: number): Uint32Array {
    const starts = new Uint32Array(count + 1);
    let i = skipSpace(b, column.start + 1), row = 0;
    while (row < count && i < column.end - 1) {
        starts[row++] = i;
        i = skipSpace(b, skipValue(b, i));
        if (b[i] === COMMA) i = skipSpace(b, i + 1);
    }
    starts.fill(column.end, row);
    return starts;
}

const lower = (c: number): number => (c >= 65 && c <= 90 ? c + 32 : c);

function includesAnyCase(b: Uint8Array, start: number, end: number, needle: Uint8Array): boolean {
    const first = needle[0]!, last = end - needle.length;
    for (let i = start; i <= last; i++) {
        if (lower(b[i]!) !== first) continue;
        let k = 1;
        while (k < needle.length && lower(b[i + k]!) === needle[k]) k++;
        if (k === needle.length) return true;
    }
    return false;
}

/* As the text stands within JSON, lower case. */
const needleOf = (text: string): Uint8Array => new TextEncoder().encode(JSON.stringify(text).slice(1, -1)).map(lower);

function cellsOf(b: Uint8Array, columns: Map<string, Range>, count: number): RawCells {
    const starts = new Map<RawColumn, Uint32Array | null>();
    const startsOf = (name: RawColumn): Uint32Array | null => {
        let known = starts.get(name);
        if (known === undefined) {
            const column = columns.get(name);
            starts.set(name, (known = column && b[column.start] === OPEN_ARRAY ? cellStarts(b, column, count) : null));
        }
        return known;
    };
    const rangeOf = (name: RawColumn, row: number): Range | null => {
        const all = startsOf(name);
        if (!all || row < 0 || row >= count || all[row] === all[row + 1]) return null;
        return { start: all[row]!, end: skipValue(b, all[row]!) };
    };
    let needleText = "", needle = new Uint8Array();
    return {
        cell: (name, row) => {
            const range = rangeOf(name, row);
            try { return range ? parsed(b, range) : undefined; } catch { return undefined; }
        },
        contains: (name, row, text) => {
            if (text !== needleText) { needleText = text; needle = new Uint8Array(needleOf(text)); }
            const all = startsOf(name);
            return all !== null && needle.length > 0 && includesAnyCase(b, all[row]!, all[row + 1]!, needle);
        },
    };
}

const LARGE = ["columns"];

export function traceOfBytes(b: Uint8Array): Trace {
    try {
        const top = fieldsIn(b, 0);
        const columnsAt = top.get("columns");
        if (!columnsAt) throw new Malformed("no columns");
        const columns = fieldsIn(b, columnsAt.start);
        const head: Record<string, unknown> = {};
        for (const [key, range] of top) if (!LARGE.includes(key)) head[key] = parsed(b, range);
        const column = (name: string): Column => {
            const range = columns.get(name);
            return range ? listOf(parsed(b, range)) : [];
        };
        const texts = (name: string): Column => {
            const range = columns.get(name);
            return range ? textColumn(b, range) : [];
        };
        const spanId = column("span_id");
        return buildTrace(head, { spanId, parent: column("parent"), scope: column("scope"), name: texts("name"), kind: texts("kind"),
            start: column("start_offset_ns"), duration: column("duration_ns"), status: texts("status"), marks: marksColumn(b, columns.get("marks")) },
            cellsOf(b, columns, spanId.length));
    } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        return traceOf(JSON.parse(decoder.decode(b))); // JSON of another shape, or none: JSON.parse says what is wrong
    }
}
