// box_words.ts -- the picture and its box in words, and the box made part of the query.
import { columnSums, type Histogram } from "../../model/heat.ts";
import { count, counted, durationText } from "../../model/number.ts";
import { boxedChips, isRootPiece, type Box } from "../../model/search_query.ts";
import { printChips, printPiece } from "../../model/traceql_chips.ts";
import { valueWords } from "../../model/traceql_words.ts";
import { clock, day, hourMinute, isSameDay, type Zone } from "../../model/time.ts";
import { ask, askedChips, kind, scope } from "./search_state.ts";

/** "02:51 – 03:11, 0.80 – 4.00 s" */
export function boxInWords({ t0, t1, d0, d1 }: Box, zone: Zone): string {
    const isShort = t1 - t0 < 120_000_000_000n;
    const text = (t: typeof t0): string => `${isSameDay(t0, t1, zone) ? "" : `${day(t, zone).slice(5)} `}${isShort ? clock(t, zone, 0) : hourMinute(t, zone)}`;
    return `${text(t0)}–${text(t1)}, ${durationText(d0)}–${durationText(d1)}`;
}

/** Range and query become the box; the picture follows. */
export const onlyThese = (box: Box): void =>
    ask(printChips(boxedChips(askedChips.value, kind.value, box)), { from: String(box.t0), to: String(box.t1), box: null });

function nameOfScope(): string {
    const pieces = scope.value.group.pieces;
    if (pieces.length === 1 && isRootPiece(pieces[0]!)) return "root spans";
    const named = pieces.filter(p => p.kind === "condition" && ["name", "resource.service.name"].includes(p.field) && p.operator === "=");
    const words = named.map(p => (p.kind === "condition" ? valueWords(p.value) : printPiece(p))).join(" of ");
    return named.length && named.length === pieces.length ? `spans of ${words}` : "spans";
}

/* "1 min", "30 s", "12 h" */
function stepWords(ns: number): string {
    for (const [unit, size] of [["h", 3.6e12], ["min", 6e10], ["s", 1e9]] as const) if (ns >= size && ns % size === 0) return `${ns / size} ${unit}`;
    return durationText(ns);
}

/** "17,352 spans of POST /checkout, 60 × 1 min; the query's limits are the dashed box" */
export function scopeInWords(histogram: Histogram, dots: { count: number; hasMore: boolean } | null): string {
    const what = nameOfScope();
    if (dots) return `${dots.hasMore ? `the newest ${count(dots.count)} of ${counted(histogram.spanCount, "span")}` : counted(dots.count, "span")}; a cross is an error, colour is the service`;
    const step = stepWords(histogram.stepNs);
    const limits = scope.value.d0 > 0 || scope.value.d1 < Infinity ? "; the query's limits are the dashed box" : "";
    const errors = columnSums(histogram).errorCount.reduce((a, b) => a + b, 0);
    return `${count(histogram.spanCount)} ${histogram.spanCount === 1 ? what.replace("spans", "span") : what}, ${errors ? `${counted(errors, "error")}, ` : ""}steps of ${step}${limits}`;
}
