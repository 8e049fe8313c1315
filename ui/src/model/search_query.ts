// search_query.ts -- from the query that is written to the queries that are asked: with order and columns for the list,
// without limits on duration for the picture, and what counts as "the scope" when values are called unusual.
import { addPiece, chipsOf, condition, isMetrics, printChips, printPiece, stageOf, withoutStages, type Chips, type Group, type Piece } from "./traceql_chips.ts";
import { durationLiteral } from "./traceql_words.ts";
import { tokensOf } from "./traceql_tokens.ts";
import { traceqlDuration } from "./number.ts";
import { isInstantText, timeOf, type TimeNs } from "./time.ts";

export type Kind = "traces" | "spans" | "groups" | "series";

/** A part of the picture: a time and a duration range; ends are open (not included). */
export interface Box { t0: TimeNs; t1: TimeNs; d0: number; d1: number }

export function boxOf(text: string): Box | null {
    const [t0 = "", t1 = "", d0 = "", d1 = ""] = text.split(",");
    if (!isInstantText(t0) || !isInstantText(t1) || !/^\d{1,19}$/.test(d0) || !/^\d{1,19}$/.test(d1)) return null;
    const box = { t0: timeOf(BigInt(t0)), t1: timeOf(BigInt(t1)), d0: Number(d0), d1: Number(d1) };
    return box.t0 < box.t1 && box.d0 < box.d1 ? box : null;
}
export const boxText = (box: Box): string => `${box.t0},${box.t1},${Math.round(box.d0)},${Math.round(box.d1)}`;

export const isRootPiece = (piece: Piece): boolean => piece.kind === "condition" && /^nestedSetParent < 0$|^nestedSetParent = -1$/.test(printPiece(piece));
const rootPiece = condition("nestedSetParent", "<", "0");

/** What shape of answer a query has when the address does not say: metrics are series, spans() lists spans. */
export function kindOf(chips: Chips, wanted: string): Kind {
    if (isMetrics(chips)) return "series";
    if (wanted === "spans" || wanted === "groups" || wanted === "traces") return wanted;
    return stageOf(chips, "spans") ? "spans" : stageOf(chips, "by") ? "groups" : "traces";
}

/* --- the list --- */

/** Columns by which the server can order; the sign says the direction. */
export const sortFields: Readonly<Record<string, { traces?: string; spans?: string }>> = {
    start: { traces: "start", spans: "start" }, duration: { traces: "traceDuration", spans: "duration" },
    root: { traces: "rootName", spans: "rootName" }, name: { spans: "name" }, service: { traces: "rootServiceName", spans: "resource.service.name" },
    status: { spans: "status" },
};

/** "duration", "-duration" -> "order(traceDuration desc)"; "" for the order that needs no stage. */
export function orderStage(sort: string, kind: "traces" | "spans"): string {
    const isDown = sort.startsWith("-");
    const field = sortFields[sort.replace(/^-/, "")]?.[kind];
    if (!field || sort === "-start") return "";
    return `order(${field} ${isDown ? "desc" : "asc"})`;
}

/* Stages go behind what is written, before those that end a search; the text before them keeps its columns, so that
 * the server's errors point into what the reader sees. */
function insertStage(query: string, stage: string): string {
    let depth = 0, at = query.length;
    const tokens = tokensOf(query);
    for (const [i, token] of tokens.entries()) {
        if (token.kind === "brace" || token.kind === "paren") depth += token.text === "{" || token.text === "(" ? 1 : -1;
        const next = tokens.slice(i + 1).find(t => t.kind !== "space");
        if (depth === 0 && token.kind === "pipe" && next && /^(order|distinct|spans)$/.test(next.text)) { at = token.start; break; }
    }
    const before = query.slice(0, at).trimEnd(), behind = query.slice(at);
    const newline = tokens.some(t => t.kind === "comment") ? "\n" : " ";
    return `${before}${newline}| ${stage}${behind ? ` ${behind}` : ""}`;
}

const wholeQuery = (query: string): string => (query.trim() === "" ? "{ }" : query);

/** The query as it is asked for a list: with the order of the column heads and the attributes of the columns. */
export function listQuery(query: string, kind: "traces" | "spans", sort: string, columns: readonly string[]): string {
    let sent = wholeQuery(query);
    const chips = chipsOf(sent);
    const order = stageOf(chips, "order") ? "" : orderStage(sort, kind);
    const fields = kind === "spans" ? ["status", "statusMessage", ...columns] : columns;
    if (fields.length && chips.stages.every(s => !/^(?:distinct|coalesce)/.test(s))) sent = insertStage(sent, `select(${fields.join(", ")})`);
    if (order) sent = insertStage(sent, order);
    return sent;
}

/* --- groups --- */

export const DEFAULT_GROUP = "resource.service.name";
/** What groups are made by: the inside of by(…). */
export const groupField = (chips: Chips): string => /^by\s*\((.*)\)\s*$/s.exec(stageOf(chips, "by") ?? "")?.[1]?.trim() || DEFAULT_GROUP;
const listStages = ["by", "select", "order", "distinct", "spans", "coalesce", "count", "avg", "min", "max", "sum"];
/** The spans that groups and pictures count: without what only shapes the list. */
export const plainQuery = (chips: Chips): string => printChips(withoutMetrics(withoutStages(chips, ...listStages)));

const withoutMetrics = (chips: Chips): Chips => ({ ...chips, stages: chips.stages.filter(s => !/^(?:rate|\w+_over_time|compare|topk|bottomk)\b|^[<>=!]/.test(s)) });

/* --- the picture --- */

const isDurationLimit = (piece: Piece): boolean => piece.kind === "condition" && /^(span:)?duration$/.test(piece.field) &&
    /^[<>]=?$/.test(piece.operator) && durationLiteral(piece.value) !== null;

export interface Scope { query: string; d0: number; d1: number; group: Group } // d0 and d1: what the query limits durations to

/** What the picture shows: the first pair of braces without its limits on duration, so that one sees what they cut off.
 *  A search for traces without any condition shows requests: root spans. */
export function pictureScope(chips: Chips, kind: Kind): Scope {
    if (chips.written !== null) return { query: plainQuery(chips), d0: 0, d1: Infinity, group: { pieces: [] } };
    const pieces = chips.groups[0]?.pieces ?? [];
    let d0 = 0, d1 = Infinity;
    for (const piece of pieces) {
        if (piece.kind !== "condition" || !isDurationLimit(piece)) continue;
        const ns = durationLiteral(piece.value)!;
        if (piece.operator.startsWith(">")) d0 = Math.max(d0, ns);
        else d1 = Math.min(d1, ns);
    }
    const kept = pieces.filter(piece => !isDurationLimit(piece));
    const group = { pieces: kept.length === 0 && kind !== "spans" && chips.groups.length === 1 ? [rootPiece] : kept };
    const filters = chips.stages.filter(s => s.startsWith("{"));
    return { query: printChips({ groups: [group], relations: [], written: null, stages: chips.groups.length === 1 ? filters : [] }), d0, d1, group };
}

/** The written query with the durations of a box. Its time is the range asked for. */
export function boxedChips(chips: Chips, kind: Kind, box: Box): Chips {
    const limits = [...(box.d0 > 0 ? [condition("duration", ">=", traceqlDuration(box.d0))] : []),
        ...(Number.isFinite(box.d1) ? [condition("duration", "<", traceqlDuration(box.d1))] : [])];
    if (chips.written !== null) return limits.reduceRight((made, piece) => addPiece(made, piece), chips);
    const first = (chips.groups[0]?.pieces ?? []).filter(piece => !isDurationLimit(piece));
    const roots = first.length === 0 && kind !== "spans" && chips.groups.length === 1 ? [rootPiece] : first;
    return { ...chips, groups: [{ pieces: [...roots, ...limits] }, ...chips.groups.slice(1)] };
}

/* --- what counts as usual --- */

const identity = new Set(["resource.service.name", "name", "kind", "nestedSetParent"]);
/** What the values of an answer are compared with: all spans of the same service, name and kind. Null: it is the same. */
export function comparedQuery(chips: Chips): string | null {
    const last = chips.groups.at(-1)?.pieces ?? [];
    const pieces = last.filter(p => p.kind === "condition" && identity.has(p.field) && (p.operator === "=" || isRootPiece(p)));
    const compared = printChips({ groups: [{ pieces }], relations: [], stages: [], written: null });
    return compared === plainQuery(chips) ? null : compared;
}
