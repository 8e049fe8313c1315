// suggest.ts -- what may be written at a place of a query (docs/api/suggest.md).
import { quoted } from "../model/traceql_tokens.ts";
import { fieldsOf, listOf, numberOf, textOf } from "../model/untrusted.ts";
import { ask, type Params } from "./client.ts";

export interface Suggestion { text: string; kind: string; spanCount: number } // kind: attribute, intrinsic, value, operator, stage
export interface Suggestions { start: number; end: number; suggestions: Suggestion[] } // characters that a suggestion replaces

/* The server quotes with backquotes; people read double quotes more easily. */
const readable = (text: string): string => (/^`[^`"\\]*`$/.test(text) ? quoted(text.slice(1, -1)) : text);

export async function fetchSuggestions(q: string, position: number, params: Params, signal?: AbortSignal): Promise<Suggestions> {
    const answer = fieldsOf(await ask("/suggest", { q, position, ...params }, signal));
    return {
        start: numberOf(answer["start"], position), end: numberOf(answer["end"], position),
        suggestions: listOf(answer["suggestions"]).map(fieldsOf).map(s => ({ text: readable(textOf(s["text"])), kind: textOf(s["kind"]), spanCount: numberOf(s["span_count"]) })),
    };
}
