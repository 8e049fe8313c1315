// search_set.ts -- the search a trace was opened from, as the trace page's address carries it: set = the search page's own
// parameters, n = which of its results this is, from 1.
import { boxOf, boxedChips, kindOf, listQuery } from "./search_query.ts";
import { parseInstant, type TimeNs } from "./time.ts";
import { chipsOf, printChips } from "./traceql_chips.ts";

const PAGE_ROWS = 50;

export interface SearchSet {
    address: string; // of the search page
    query: string;
    isOfTraces: boolean; // lists of spans and groups have no trace before and after
    question: { q: string; limit: number; from: string; to: string; cursor: string };
    before: number; // results on earlier pages
}

export function searchSet(text: string, now: TimeNs): SearchSet | null {
    if (text === "") return null;
    // A query alone is understood too: people write links by hand.
    const params = text.trimStart().startsWith("{") ? new URLSearchParams({ q: text }) : new URLSearchParams(text);
    const query = params.get("q") ?? "";
    const chips = chipsOf(query), kind = kindOf(chips, params.get("kind") ?? ""), box = boxOf(params.get("box") ?? "");
    const place = /^(\d{1,9}):(.+)$/.exec(params.get("after") ?? "");
    const from = parseInstant(params.get("from") || "now-1h", now) ?? parseInstant("now-1h", now)!, to = parseInstant(params.get("to") || "now", now) ?? now;
    const narrowed = box ? printChips(boxedChips(chips, kind, box)) : query;
    return {
        address: `/search?${params}`, query, isOfTraces: kind === "traces",
        question: { q: listQuery(narrowed, "traces", params.get("sort") ?? "", []), limit: PAGE_ROWS, from: String(box?.t0 ?? from), to: String(box?.t1 ?? to), cursor: place?.[2] ?? "" },
        before: place ? Number(place[1]) : 0,
    };
}
