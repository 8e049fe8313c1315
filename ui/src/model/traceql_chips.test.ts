import { test } from "node:test";
import assert from "node:assert/strict";
import { addGroup, addPiece, chipsOf, condition, isMetrics, printChips, removeGroup, removePiece, setPiece } from "./traceql_chips.ts";
import { characterAt, isFinished, offsetOfCharacter, offsetOfColumn, quoted, tokensOf, unquoted } from "./traceql_tokens.ts";
import { durationLiteral, fieldWords, valueLiteral, valueWords } from "./traceql_words.ts";

const lines: [name: string, line: string, shown: string, printed?: string][] = [
    ["empty", "", "[]", "{ }"],
    ["all", "{}", "[]", "{ }"],
    ["one", '{ resource.service.name = "checkout" }', "[resource.service.name|=|\"checkout\"]"],
    ["tight", "{duration>800ms&&status=error}", "[duration|>|800ms, status|=|error]", "{ duration > 800ms && status = error }"],
    ["relation", '{ name = "a" } >> { status = error }', '[name|=|"a"] >> [status|=|error]'],
    ["three", "{ } > { } >> { kind = server }", "[] > [] >> [kind|=|server]"],
    ["not", '{ .a != 1 } !>> { span."x y" =~ "z.*" }', '[.a|!=|1] !>> [span."x y"|=~|"z.*"]'],
    ["minus", "{ span.x = -1 }", "[span.x|=|-1]"],
    ["contains", '{ text contains "a } b" }', '[text|contains|"a } b"]'],
    ["or is one piece", "{ a.b = 1 || status = error }", "[~a.b = 1 || status = error]"],
    ["parentheses", "{ kind = server && (status = error || duration > 1s) }", "[kind|=|server, ~(status = error || duration > 1s)]"],
    ["expression", "{ span.a + 1 > 2 && name != nil }", "[~span.a + 1 > 2, name|!=|nil]"],
    ["stages", "{ } | by(name) | count() > 2 | select(span.a, span.b)", "[] | by(name) | count() > 2 | select(span.a, span.b)"],
    ["spansets in parentheses", "({ } >> { }) || { status = error }", "~({ } >> { }) || { status = error }"],
    ["hint", "{ } with (most_recent=true)", "~{ } with (most_recent=true)"],
    ["comment", "{ } // all\n| count() > 1", "~{ } // all | count() > 1", "{ } // all\n| count() > 1"],
    ["unfinished", '{ name = "che', '~{ name = "che'],
    ["no braces", "checkout", "~checkout"],
    ["links", '{ name = "b" } -link-> { kind = producer }', '[name|=|"b"] -link-> [kind|=|producer]'],
    ["arithmetic of metrics", "({ } | rate()) / ({ } | rate())", "~({ } | rate()) / ({ } | rate())"],
    ["backquotes", "{ name = `GET \"x\"` }", '[name|=|`GET "x"`]'],
];

function show(line: string): string {
    const chips = chipsOf(line);
    const groups = chips.groups.map(g => `[${g.pieces.map(p => (p.kind === "written" ? `~${p.text}` : `${p.field}|${p.operator}|${p.value}`)).join(", ")}]`);
    const spansets = chips.written !== null ? `~${chips.written}` : groups.map((g, i) => (i ? `${chips.relations[i - 1]} ${g}` : g)).join(" ");
    return [spansets, ...chips.stages].join(" | ");
}

for (const [name, line, shown, printed] of lines) {
    test(`chips: ${name}`, () => {
        if (name !== "comment") assert.equal(show(line), shown);
        const again = printChips(chipsOf(line));
        if (name !== "comment") assert.equal(again, printed ?? line);
        assert.equal(printChips(chipsOf(again)), again, "printing is stable");
        assert.equal(tokensOf(line).map(t => t.text).join(""), line, "tokens lose nothing");
    });
}

test("a change of chips", () => {
    let chips = chipsOf('{ name = "a" }');
    chips = addPiece(chips, condition("status", "=", "error"));
    assert.equal(printChips(chips), '{ name = "a" && status = error }');
    assert.equal(printChips(addPiece(chips, condition("status", "=", "error"))), printChips(chips), "twice is once");
    chips = addGroup(chips, ">>", [condition("kind", "=", "client")]);
    assert.equal(printChips(chips), '{ name = "a" && status = error } >> { kind = client }');
    chips = setPiece(chips, 1, 0, condition("kind", "=", "server"));
    assert.equal(printChips(removePiece(chips, 0, 0)), "{ status = error } >> { kind = server }");
    assert.equal(printChips(removePiece(chips, 1, 0)), '{ name = "a" && status = error }');
    assert.equal(printChips(removeGroup(chips, 0)), "{ kind = server }");
    assert.equal(printChips(addPiece(chipsOf("({ } >> { }) || { } | count() > 1"), condition("name", "=", '"x"'))),
        '({ } >> { }) || { } | { name = "x" } | count() > 1');
    assert.equal(printChips(addPiece(chipsOf("{ .a = 1 || .b = 2 }"), condition("name", "=", '"x"'))), '{ (.a = 1 || .b = 2) && name = "x" }');
});

test("metrics are told from lists", () => {
    for (const [line, is] of [["{ } | rate()", true], ["{ } | count() > 2", false], ["{ } | quantile_over_time(duration, .5) by (name)", true],
        ["({ } | rate()) / ({ } | rate())", true], ["{ name = `| rate()` }", false]] as const) assert.equal(isMetrics(chipsOf(line)), is, line);
});

test("texts in quotes", () => {
    for (const text of ["a", 'say "x"', "back\\slash", "two\nlines", ""]) assert.equal(unquoted(quoted(text)), text);
    assert.equal(unquoted("`a\\b`"), "a\\b");
    assert.equal(unquoted("error"), "error");
});

test("columns count characters", () => {
    assert.equal(offsetOfColumn("{ a }", 1, 3), 2);
    assert.equal(offsetOfColumn("{ 😀 b }", 1, 5), 5);
    assert.equal(offsetOfColumn("{\n b }", 2, 2), 3);
    assert.equal(characterAt("😀x", 2), 1);
    assert.equal(offsetOfCharacter("😀x", 1), 2);
});

test("a line that is still being typed", () => {
    for (const [line, is] of [["", true], ["{ }", true], ["{ name = ", false], ['{ name = "a', false], ['{ name = "a" }', true], ["{ } | by(", false], ["}", false]] as const)
        assert.equal(isFinished(line), is, line);
});

test("kinds of tokens", () => {
    const kinds = (line: string): string => tokensOf(line).filter(t => t.kind !== "space").map(t => `${t.kind}:${t.text}`).join(" ");
    assert.equal(kinds('{ span.http.route = "a" && duration > 1.5s }'),
        'brace:{ field:span.http.route operator:= string:"a" operator:&& field:duration operator:> number:1.5s brace:}');
    assert.equal(kinds("| count() > 2"), "pipe:| stage:count paren:( paren:) operator:> number:2");
    assert.equal(kinds("{ a } -link-> { b }"), "brace:{ field:a brace:} operator:-link-> brace:{ field:b brace:}");
    assert.equal(kinds("{ status = error } // why"), "brace:{ field:status operator:= value:error brace:} comment:// why");
    assert.equal(kinds("{ § }"), "brace:{ odd:§ brace:}");
});

test("words", () => {
    assert.equal(fieldWords("resource.service.name"), "service");
    assert.equal(fieldWords("span.http.route"), "http.route");
    assert.equal(fieldWords("resource.k8s.pod.name"), "k8s.pod.name");
    assert.equal(valueWords("800ms"), "800\u2009ms");
    assert.equal(valueWords('"GET /"'), "GET /");
    assert.equal(durationLiteral("1h30m"), 5.4e12);
    assert.equal(durationLiteral("12"), null);
    for (const [field, typed, literal] of [["duration", "800", "800ms"], ["duration", "1.5 s", "1.5s"], ["name", "GET /", '"GET /"'], ["status", "error", "error"],
        ["span.a", "12", "12"], ["resource.service.version", "2.14", '"2.14"'], ["span.b", '"12"', '"12"'], ["span.c", 'x"y', '"x\\"y"']] as const)
        assert.equal(valueLiteral(field, typed), literal);
});
