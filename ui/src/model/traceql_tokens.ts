// traceql_tokens.ts -- a TraceQL line cut into tokens: for colours, and for reading it into chips. Nothing is lost: the
// tokens' texts joined are the line, whatever it holds.

export type TokenKind =
    | "space" | "comment"
    | "string" | "number" // 12, 1.5s
    | "field" // an attribute or an intrinsic: span.http.route, .a, duration
    | "value" // a word that is a value: error, server, true, nil
    | "stage" // the name of a function: count, by, rate
    | "operator" | "brace" | "paren" | "pipe" | "comma"
    | "odd"; // not TraceQL

export interface Token { kind: TokenKind; text: string; start: number } // start: in UTF-16 units

const values = new Set(["true", "false", "nil", "error", "ok", "unset", "server", "client", "producer", "consumer", "internal",
    "unspecified", "minInt", "maxInt"]);
const operators = ["-link->", "<-link-", "!>>", "!<<", "&>>", "&<<", "&&", "||", "!>", "!<", "!~", "&>", "&<", "&~", "=~", "!=", "<=", ">=",
    ">>", "<<", "=", "<", ">", "~", "+", "-", "*", "/", "%", "^", "!"];

const patterns: readonly [TokenKind, RegExp][] = [
    ["space", /\s+/y],
    ["comment", /\/\/[^\n]*|\/\*[^]*?\*\//y],
    ["string", /"(?:[^"\\]|\\.)*"?|`[^`]*`?/ys],
    ["number", /(?:\d+(?:\.\d+)?|\.\d+)(?:[a-zA-Zµ]+(?:\d+(?:\.\d+)?[a-zA-Zµ]+)*)?/y],
    // Parts of an attribute's name may be quoted: span."a b".c
    ["field", /(?:(?:span|resource|event|link|instrumentation|parent)\.|\.)(?:"(?:[^"\\]|\\.)*"?|[^\s{}()|&=!<>~,"`+*^%])+/ys],
    ["field", /[A-Za-z_][\w]*(?::[A-Za-z_]\w*)?/y],
    ["brace", /[{}]/y],
    ["paren", /[()]/y],
    ["comma", /,/y],
];

function wordKind(text: string, rest: string): TokenKind {
    if (text === "contains") return "operator";
    if (values.has(text)) return "value";
    return /^\s*\(/.test(rest) || text === "with" ? "stage" : "field";
}

function tokenAt(line: string, at: number): Token {
    for (const operator of operators) {
        // A minus before a number is part of an expression; "-link->" is not a minus.
        if (line.startsWith(operator, at)) return { kind: "operator", text: operator, start: at };
    }
    if (line[at] === "|") return { kind: "pipe", text: "|", start: at };
    for (const [kind, pattern] of patterns) {
        pattern.lastIndex = at;
        const found = pattern.exec(line)?.[0];
        if (!found) continue;
        const isWord = kind === "field" && /^[A-Za-z_][\w]*(:|$)/.test(found);
        return { kind: isWord ? wordKind(found, line.slice(at + found.length)) : kind, text: found, start: at };
    }
    const [character = ""] = line.slice(at);
    return { kind: "odd", text: character, start: at };
}

export function tokensOf(line: string): Token[] {
    const tokens: Token[] = [];
    for (let at = 0; at < line.length;) {
        // Comments begin like a division.
        const isComment = line.startsWith("//", at) || line.startsWith("/*", at);
        const token = isComment ? commentAt(line, at) : tokenAt(line, at);
        tokens.push(token);
        at += token.text.length;
    }
    return tokens;
}

function commentAt(line: string, at: number): Token {
    const pattern = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y;
    pattern.lastIndex = at;
    return { kind: "comment", text: pattern.exec(line)![0], start: at };
}

/** False while a line is being typed: a brace or a quote is open. Such a line need not be asked about. */
export function isFinished(line: string): boolean {
    let depth = 0;
    for (const { kind, text } of tokensOf(line)) {
        if (kind === "brace" || kind === "paren") depth += text === "{" || text === "(" ? 1 : -1;
        if (depth < 0 || (kind === "string" && (text.length < 2 || text.at(-1) !== text[0]))) return false;
    }
    return depth === 0;
}

/** The API counts characters (code points) from 1; texts here count UTF-16 units from 0. */
export function offsetOfColumn(text: string, line: number, column: number): number {
    let start = 0;
    for (let i = 1; i < line; i++) {
        const next = text.indexOf("\n", start);
        if (next < 0) return text.length;
        start = next + 1;
    }
    let offset = start;
    for (const character of text.slice(start)) {
        if (--column <= 0) break;
        offset += character.length;
    }
    return offset;
}

/** How many characters stand before a UTF-16 offset: a place as the API counts it, from 0. */
export const characterAt = (text: string, offset: number): number => [...text.slice(0, offset)].length;
/** The UTF-16 offset of a character counted from 0. */
export const offsetOfCharacter = (text: string, character: number): number => [...text].slice(0, character).join("").length;

/** A text as TraceQL quotes it. */
export const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

/** What a quoted text says; other texts as they are. */
export function unquoted(text: string): string {
    if (/^`[^`]*`$/.test(text)) return text.slice(1, -1);
    if (!/^"(?:[^"\\]|\\.)*"$/s.test(text)) return text;
    return text.slice(1, -1).replace(/\\(.)/gs, (_, c: string) => ({ n: "\n", t: "\t", r: "\r" } as Record<string, string>)[c] ?? c);
}

/** A value of the API (docs/api/query.md, Values) as TraceQL writes it; null: it cannot be written. */
export function literalOf(type: string, value: string): string | null {
    if (type === "string") return quoted(value);
    if (type === "nil") return "nil";
    return ["int", "float", "bool", "duration", "status", "kind"].includes(type) ? value : null;
}
