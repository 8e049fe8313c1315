// search_state.ts -- what the search page knows: the line being written, the query that is asked (in the address), and
// what follows from both. One page, one state: signals of this module.
import { computed, effect, signal } from "@preact/signals";
import type { Params } from "../../api/client.ts";
import { addPiece, chipsOf, printChips, withoutStages, type Chips, type Piece } from "../../model/traceql_chips.ts";
import { boxedChips, boxOf, DEFAULT_GROUP, kindOf, listQuery, orderStage, pictureScope, type Kind } from "../../model/search_query.ts";
import { setting } from "../../state/settings.ts";
import { range, refresh } from "../../state/range.ts";
import { change, param, type Changes } from "../../state/url.ts";

export const PAGE_ROWS = 50;

/** As it is written in the line; may differ from what is asked. */
export const draft = signal("");
export const query = computed(() => param("q"));
export const chips = computed(() => chipsOf(draft.value));
/** Of the query that is asked. */
export const askedChips = computed(() => chipsOf(query.value));
export const kind = computed<Kind>(() => kindOf(askedChips.value, param("kind")));
export const isDrafted = computed(() => draft.value.trim() !== query.value.trim());
export const box = computed(() => boxOf(param("box")));
export const columns = computed(() => param("cols").split(",").filter(column => /^[\w.:"-]+(?: [\w.:"-]+)*$/.test(column)));
export const sort = computed(() => (orderStage(param("sort"), kind.value === "spans" ? "spans" : "traces") ? param("sort") : "-start"));

/** Call while the page is shown: the line follows the address. */
export const followAddress = (): (() => void) => effect(() => { draft.value = query.value; });

/** The chips asked, narrowed to the box when there is one. */
export const narrowedChips = computed(() => (box.value ? boxedChips(askedChips.value, kind.value, box.value) : askedChips.value));
/** The range asked, narrowed to the box. */
export const narrowedRange = (): { from: string; to: string } => ({
    from: String(box.value?.t0 ?? range.value.from), to: String(box.value?.t1 ?? range.value.to) });

const narrowedQuery = (): string => (box.value ? printChips(narrowedChips.value) : query.value);

/** "50:CURSOR": where the page of results begins, and how many stand before it. */
export const place = computed(() => {
    const found = /^(\d{1,9}):(.+)$/.exec(param("after"));
    return { before: found ? Number(found[1]) : 0, cursor: found?.[2] ?? "" };
});
export const afterText = (before: number, cursor: string): string => `${before}:${cursor}`;

/** What is asked for the list of traces or spans. */
export function listParams(shape: "traces" | "spans"): Params {
    return { q: listQuery(narrowedQuery(), shape, sort.value === "-start" ? "" : sort.value, columns.value), limit: PAGE_ROWS,
        cursor: place.value.cursor, spss: 1, ...narrowedRange() };
}

export const scope = computed(() => pictureScope(askedChips.value, kind.value));

/* --- actions --- */

/* What belongs to one answer and not to the next. */
const forgotten: Changes = { after: null, sel: null, box: null };

const RECENT_MAX = 20;
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(v => typeof v === "string");
export const recent = setting<readonly string[]>("search.recent", [], isTexts);

function remember(text: string): void {
    if (text.trim() && text !== "{ }") recent.value = [text, ...recent.value.filter(q => q !== text)].slice(0, RECENT_MAX);
}

/** Ask this query. The same once more is a refresh. */
export function ask(text: string, changes: Changes = {}): void {
    const next = text.trim() === "{ }" || text.trim() === "{}" ? "" : text.trim();
    remember(next);
    draft.value = next;
    if (next === query.value && Object.keys(changes).length === 0) {
        refresh();
        if (param("after")) change({ after: null });
        return;
    }
    change({ ...forgotten, q: next || null, ...changes });
}
export const run = (): void => ask(draft.value);
export const askChips = (next: Chips, changes: Changes = {}): void => ask(printChips(next), changes);

/** The condition goes to the spans that the answer shows: the last pair of braces. */
export const filterBy = (piece: Piece): void => askChips(addPiece(chips.value, piece, Math.max(0, chips.value.groups.length - 1)));

export function setKind(next: Kind): void {
    const plain = withoutStages(askedChips.value, "by", "spans", "coalesce");
    const made = next === "groups" ? { ...plain, stages: [...plain.stages, `by(${DEFAULT_GROUP})`] } : plain;
    ask(printChips(made), { kind: next === "traces" || next === "groups" ? null : next, sort: null, cols: null });
}

export function sortBy(field: string, isFirstDown: boolean): void {
    const down = `-${field}`;
    const next = sort.value === down ? field : sort.value === field ? down : isFirstDown ? down : field;
    change({ sort: next === "-start" ? null : next, after: null, sel: null });
}

/** What a trace opened from here says it came from: its page marks the spans that match, and knows its neighbours. */
export const setText = computed(() => narrowedQuery() || "{ }");
