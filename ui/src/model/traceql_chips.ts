// traceql_chips.ts -- a TraceQL line as the chips of the query builder, and back. What chips cannot show stays as it was
// written, in a chip of its own: reading a line into chips and printing it never changes what it asks.
import { tokensOf, type Token } from "./traceql_tokens.ts";

/** One condition: `field operator value` as written, or a piece that chips cannot show. */
export type Piece =
    | { kind: "condition"; field: string; operator: string; value: string }
    | { kind: "written"; text: string };

/** One pair of braces. */
export interface Group { pieces: readonly Piece[] }

export interface Chips {
    groups: readonly Group[]; // at least one, unless `written`
    relations: readonly string[]; // between groups: ">>", "&&", …; one fewer than groups
    written: string | null; // spansets that are no chain of braces, as written
    stages: readonly string[]; // behind "|", as written
}

export const condition = (field: string, operator: string, value: string): Piece => ({ kind: "condition", field, operator, value });

export const relationWords: Readonly<Record<string, string>> = {
    ">>": "any descendant", ">": "a child", "<<": "any ancestor", "<": "the parent", "~": "a sibling",
    "!>>": "no ancestor", "!>": "no parent", "!<<": "no descendant", "!<": "no child", "!~": "no sibling",
    "&>>": "with a descendant", "&>": "with a child", "&<<": "with an ancestor", "&<": "with the parent", "&~": "with a sibling",
    "&&": "and also", "||": "or", "-link->": "linked from it", "<-link-": "linking to it",
};

const comparisons = new Set(["=", "!=", "<", "<=", ">", ">=", "=~", "!~", "contains"]);
const textOf = (tokens: readonly Token[]): string => tokens.map(t => t.text).join("").trim();
const isBlank = (token: Token): boolean => token.kind === "space";

/* Cuts at operators that stand outside of parentheses and braces. */
function cut(tokens: readonly Token[], isCut: (token: Token) => boolean): { parts: Token[][]; cuts: string[] } {
    const parts: Token[][] = [[]], cuts: string[] = [];
    let depth = 0;
    for (const token of tokens) {
        if (token.kind === "brace" || token.kind === "paren") depth += token.text === "{" || token.text === "(" ? 1 : -1;
        if (depth === 0 && isCut(token)) {
            cuts.push(token.text);
            parts.push([]);
        } else {
            parts.at(-1)!.push(token);
        }
    }
    return { parts, cuts };
}

function pieceOf(tokens: readonly Token[]): Piece {
    const solid = tokens.filter(t => !isBlank(t));
    const [field, operator, ...value] = solid;
    const [first, second] = value;
    const isNegative = value.length === 2 && first!.text === "-" && second!.kind === "number";
    const isPlain = value.length === 1 && (["string", "number", "value"].includes(first!.kind));
    if (field?.kind === "field" && operator && comparisons.has(operator.text) && (isPlain || isNegative))
        return condition(field.text, operator.text, value.map(t => t.text).join(""));
    return { kind: "written", text: textOf(tokens) };
}

/* The inside of a pair of braces. With "||" in it the whole is one piece: && and || are one level, read from the left. */
function groupOf(tokens: readonly Token[]): Group {
    const inside = tokens.filter(t => !isBlank(t));
    if (inside.length === 0) return { pieces: [] };
    const { parts, cuts } = cut(tokens, t => t.text === "&&" || t.text === "||");
    if (cuts.includes("||") || parts.some(part => part.every(isBlank))) return { pieces: [{ kind: "written", text: textOf(tokens) }] };
    return { pieces: parts.map(pieceOf) };
}

const relationTexts = new Set(Object.keys(relationWords));

/* `{ … }` and nothing around it. */
function braces(tokens: readonly Token[]): Token[] | null {
    const solid = tokens.filter(t => !isBlank(t));
    if (solid.length < 2 || solid[0]!.text !== "{" || solid.at(-1)!.text !== "}") return null;
    const inside = tokens.slice(tokens.indexOf(solid[0]!) + 1, tokens.indexOf(solid.at(-1)!));
    return inside.some(t => t.kind === "brace") ? null : inside;
}

export function chipsOf(line: string): Chips {
    const tokens = tokensOf(line);
    const { parts: [spansets = [], ...stages] } = cut(tokens, t => t.kind === "pipe");
    const chips = { stages: stages.map(textOf), written: null };
    if (spansets.every(isBlank)) return { ...chips, groups: [{ pieces: [] }], relations: [] };
    const { parts, cuts } = cut(spansets, t => relationTexts.has(t.text));
    const insides = parts.map(braces);
    // A comment would swallow what is printed behind it.
    if (insides.some(inside => inside === null) || tokens.some(t => t.kind === "comment" || t.kind === "odd") || isUnclosed(tokens))
        return { groups: [], relations: [], stages: chips.stages, written: textOf(spansets) };
    return { ...chips, groups: insides.map(inside => groupOf(inside!)), relations: cuts };
}

const isUnclosed = (tokens: readonly Token[]): boolean =>
    tokens.some(t => t.kind === "string" && (t.text.length < 2 || t.text.at(-1) !== t.text[0]));

export const printPiece = (piece: Piece): string =>
    piece.kind === "written" ? piece.text : `${piece.field} ${piece.operator} ${piece.value}`;

function printGroup(group: Group): string {
    // A piece with "||" stands in parentheses beside others.
    const texts = group.pieces.map(piece => {
        const text = printPiece(piece);
        return piece.kind === "written" && group.pieces.length > 1 && needsParentheses(text) ? `(${text})` : text;
    });
    return texts.length ? `{ ${texts.join(" && ")} }` : "{ }";
}

const needsParentheses = (text: string): boolean => cut(tokensOf(text), t => t.text === "||").cuts.length > 0;

export function printChips(chips: Chips): string {
    const spansets = chips.written ?? chips.groups.map((group, i) => (i ? `${chips.relations[i - 1]} ` : "") + printGroup(group)).join(" ");
    return [spansets, ...chips.stages].join(" | ");
}

/* --- changes; each gives new chips --- */

const withGroup = (chips: Chips, at: number, pieces: readonly Piece[]): Chips =>
    ({ ...chips, groups: chips.groups.map((group, i) => (i === at ? { pieces } : group)) });

export function addPiece(chips: Chips, piece: Piece, at = 0): Chips {
    // What is written by hand is filtered further: `(…) && { … }` would mean something else.
    if (chips.written !== null) return { ...chips, stages: [`{ ${printPiece(piece)} }`, ...chips.stages] };
    const pieces = chips.groups[at]?.pieces ?? [];
    return pieces.some(p => printPiece(p) === printPiece(piece)) ? chips : withGroup(chips, at, [...pieces, piece]);
}
export const setPiece = (chips: Chips, at: number, index: number, piece: Piece): Chips =>
    withGroup(chips, at, chips.groups[at]!.pieces.map((p, i) => (i === index ? piece : p)));

/** A relation whose last condition goes, goes with it. */
export function removePiece(chips: Chips, at: number, index: number): Chips {
    const pieces = chips.groups[at]!.pieces.filter((_, i) => i !== index);
    return pieces.length === 0 && at > 0 ? removeGroup(chips, at) : withGroup(chips, at, pieces);
}
export const addGroup = (chips: Chips, relation: string, pieces: readonly Piece[]): Chips =>
    ({ ...chips, groups: [...chips.groups, { pieces }], relations: [...chips.relations, relation] });
export const removeGroup = (chips: Chips, at: number): Chips => ({ ...chips, groups: chips.groups.filter((_, i) => i !== at),
    relations: chips.relations.filter((_, i) => i !== Math.max(0, at - 1)) });
export const setRelation = (chips: Chips, at: number, relation: string): Chips =>
    ({ ...chips, relations: chips.relations.map((r, i) => (i === at ? relation : r)) });
export const removeStage = (chips: Chips, at: number): Chips => ({ ...chips, stages: chips.stages.filter((_, i) => i !== at) });

const nameOfStage = (stage: string): string => /^[a-zA-Z_]\w*/.exec(stage)?.[0] ?? "";
export const stageOf = (chips: Chips, name: string): string | null => chips.stages.find(s => nameOfStage(s) === name) ?? null;
/** Without the stages of these names. */
export const withoutStages = (chips: Chips, ...names: string[]): Chips =>
    ({ ...chips, stages: chips.stages.filter(s => !names.includes(nameOfStage(s))) });

const metrics = /^(?:rate|\w+_over_time|compare|topk|bottomk)\b/;
/** A query that answers with series. */
export const isMetrics = (chips: Chips): boolean => chips.stages.some(s => metrics.test(s)) || metrics.test(chips.written ?? "") ||
    /\|\s*(?:rate|\w+_over_time|compare)\s*\(/.test(chips.written ?? "");

/** The condition of a field in a group, when there is exactly one. */
export function conditionOn(group: Group | undefined, field: string, operator = "="): string | null {
    const found = (group?.pieces ?? []).filter(p => p.kind === "condition" && p.field === field);
    const [only] = found;
    return found.length === 1 && only?.kind === "condition" && only.operator === operator ? only.value : null;
}
