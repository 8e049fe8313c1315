import assert from "node:assert/strict";
import { test } from "node:test";
import { criticalPath, pathSteps } from "./critical_path.ts";
import { compileFind, findRows, markedWords, parseFind } from "./find.ts";
import { foldedGaps } from "./gaps.ts";
import { ticks, timeScale } from "./layout_time.ts";
import { attributesAt, type Trace } from "./trace.ts";
import { traceOfBytes } from "./trace_bytes.ts";
import { factsOf, stateWords } from "./trace_facts.ts";
import { answerOf, traceFrom } from "./trace_fixture.ts";
import { ownPieces, ownTimes } from "./trace_own.ts";
import { RowKind, buildRows, openAtFirst, placeAmongSiblings } from "./trace_rows.ts";
import { adjusted, alikeSiblings, errorsBelow, missingParents, skewOf } from "./trace_shape.ts";
import { csv, sortRows, tableRows } from "./trace_table.ts";
import { stepsOf } from "./trace_steps.ts";

const shop = `
gateway POST-/checkout 0+100 server
  gateway auth 1+9 client
  checkout place 10+85 server error tier=gold
    db SELECT-a 12+2 client
    db SELECT-a 15+2 client
    db SELECT-a 18+2 client
    db SELECT-a 21+2 client
    db SELECT-a 24+2 client
    payment pay 30+60 client error tier=gold-plated
  kafka publish 96+1 producer
    mail process 900+100 consumer
`;

const linesOf = (trace: Trace, keep: ((row: number) => boolean) | null = null, openAlike = false): string[] => {
    const errors = errorsBelow(trace), alikes = alikeSiblings(trace, errors);
    const open = openAtFirst(trace, criticalPath(trace), errors);
    const missing = missingParents(trace);
    const rows = buildRows({ trace, alikes, missing, isSpanOpen: row => open[row] === 1, isAlikeOpen: () => openAlike, keep });
    return Array.from({ length: rows.count }, (_, i) => {
        const subject = rows.subject[i]!;
        const name = rows.kind[i] === RowKind.span ? trace.name[subject] : rows.kind[i] === RowKind.alike
            ? `${alikes.groups[subject]!.rows.length} x ${trace.name[alikes.groups[subject]!.rows[0]!]}` : `missing ${missing[subject]!.spanId}`;
        return `${"  ".repeat(rows.depth[i]!)}${rows.isGhost[i] ? "~" : ""}${name}`;
    });
};

test("own time", () => {
    const trace = traceFrom(shop);
    const own = ownTimes(trace);
    assert.deepEqual(Array.from(own, ns => ns / 1e6), [5, 9, 15, 2, 2, 2, 2, 2, 60, 1, 100]);
    assert.deepEqual(ownPieces(trace, 2).map(ns => ns / 1e6), [10, 12, 14, 15, 17, 18, 20, 21, 23, 24, 26, 30, 90, 95]);
    // Children that overlap are counted once, what sticks out not at all.
    assert.deepEqual(Array.from(ownTimes(traceFrom("a r 0+10\n  a x 1+5\n  a y 3+5\n  a z 9+9")), ns => ns / 1e6), [2, 5, 5, 9]);
    assert.deepEqual(Array.from(ownTimes(traceFrom("a r 5+10\n  a early 0+7")), ns => ns / 1e6), [8, 7]);
});

test("critical path", () => {
    const trace = traceFrom(shop);
    const path = criticalPath(trace);
    assert.equal(path.totalNs / 1e6, 100, "adds up to the request");
    assert.deepEqual(Array.from(path.ownNs, ns => ns / 1e6), [5, 9, 15, 2, 2, 2, 2, 2, 60, 1, 0]);
    assert.equal(path.isOn[10], 0, "what came after the response was not waited for");
    assert.deepEqual(pathSteps(path).slice(0, 3), [0, 1, 2]);
    const parallel = criticalPath(traceFrom("a r 0+10\n  a short 0+3\n  a long 0+9"));
    assert.deepEqual(Array.from(parallel.ownNs, ns => ns / 1e6), [1, 0, 9]);
    assert.equal(criticalPath(traceFrom("")).totalNs, 0);
});

test("rows: like leaf siblings are one, late and missing parents stand apart", () => {
    assert.deepEqual(linesOf(traceFrom(shop)), ["POST /checkout", "  auth", "  place", "    5 x SELECT a", "    pay", "  publish", "    process"]);
    assert.equal(linesOf(traceFrom(shop), null, true).length, 12);
    const trace = traceFrom(shop);
    assert.deepEqual(linesOf(trace, row => trace.name[row] === "pay"), ["~POST /checkout", "  ~place", "    pay"]);
    assert.deepEqual(linesOf(traceFrom("a r 0+10\nb x 3+2 lost:00000000000000ff\n  b y 3+1\nb z 4+1 lost:00000000000000ff")),
        ["r", "missing 00000000000000ff", "  x", "    y", "  z"]);
});

test("rows: places among siblings", () => {
    const trace = traceFrom("a r 0+9\n  a x 0+1\n    a y 0+1\n  a z 2+1");
    const rows = buildRows({ trace, alikes: alikeSiblings(trace, errorsBelow(trace)), missing: [], isSpanOpen: () => true, isAlikeOpen: () => true, keep: null });
    assert.deepEqual([0, 1, 2, 3].map(i => placeAmongSiblings(rows, i)), [{ position: 1, siblings: 1 }, { position: 1, siblings: 2 }, { position: 1, siblings: 1 }, { position: 2, siblings: 2 }]);
});

test("facts and state in words", () => {
    const trace = traceFrom(shop);
    const facts = factsOf(trace, criticalPath(trace));
    assert.equal(facts.rootNs / 1e6, 100);
    assert.equal(facts.lateNs / 1e6, 900);
    assert.deepEqual([facts.lateSpanCount, facts.lateConsumerCount, facts.serviceCount, facts.depth], [1, 1, 6, 3]);
    assert.deepEqual(facts.shares.map(s => [s.name, Math.round(s.share * 100)]), [["payment", 60], ["checkout", 15], ["gateway", 14], ["db", 10], ["kafka", 1]]);
    assert.deepEqual(stateWords(trace), { tone: "error", text: "2 errors, request succeeded" });
    assert.equal(stateWords(traceFrom("a r 0+1 server error")).text, "1 error, request failed");
    assert.equal(stateWords(traceFrom("a r 0+1")).text, "no errors");
});

test("folded time", () => {
    assert.deepEqual(foldedGaps(traceFrom(shop)).map(g => [g.from / 1e6, g.to / 1e6]), [[100, 900]]);
    assert.deepEqual(foldedGaps(traceFrom("a r 0+10\n  a late 15+5")), [], "a quarter of the axis is no reason");
    const gap = { from: 100, to: 900 };
    const scale = timeScale(0, 1000, 262, [gap]);
    assert.equal(scale.x(0), 6);
    assert.equal(scale.x(100), 106);
    assert.equal(scale.x(900), 146, "40 pixels of fold");
    assert.equal(scale.x(1000), 246);
    for (const t of [0, 50, 100, 500, 900, 950]) assert.ok(Math.abs(scale.t(scale.x(t)) - t) < 1e-6, `${t} and back`);
    assert.equal(timeScale(0, 500, 262, [gap]).pieces.length, 1, "a gap cut by the window is not folded");
    assert.ok(scale.x(-10) < 6, "what is before the window lies left of it");
});

test("ticks", () => {
    const labels = (t1: number, width = 600): string[] => ticks(timeScale(0, t1, width, [])).map(t => t.label);
    assert.deepEqual(labels(2.9e9), ["0", "500\u2009ms", "1.00\u2009s", "1.50\u2009s", "2.00\u2009s", "2.50\u2009s"]);
    assert.deepEqual(labels(900), ["0", "200\u2009ns", "400\u2009ns", "600\u2009ns", "800\u2009ns"]);
    assert.deepEqual(labels(41 * 60e9, 900)[1], "5 min");
});

test("find: the language", () => {
    const cases: [string, unknown][] = [
        ["fraud", [{ kind: "text", text: "fraud", isNot: false }]],
        ["-fraud", [{ kind: "text", text: "fraud", isNot: true }]],
        ["-", [{ kind: "text", text: "-", isNot: false }]],
        ['"GET /" service:db', [{ kind: "text", text: "GET /", isNot: false }, { kind: "service", text: "db", isNot: false }]],
        ['name="GET /"', [{ kind: "attribute", key: "name", text: "GET /", isNot: false }]],
        ["tier=gold tier!=x", [{ kind: "attribute", key: "tier", text: "gold", isNot: false }, { kind: "attribute", key: "tier", text: "x", isNot: true }]],
        [">50ms", [{ kind: "duration", isLonger: true, ns: 5e7, isNot: false }]],
        ["<1.5s", [{ kind: "duration", isLonger: false, ns: 1.5e9, isNot: false }]],
        [">x", [{ kind: "text", text: ">x", isNot: false }]],
        ['"unclosed word', [{ kind: "text", text: "unclosed word", isNot: false }]],
        ["  ", []],
    ];
    for (const [text, terms] of cases) assert.deepEqual(parseFind(text), terms, text);
    assert.deepEqual(markedWords("Fraud tier=x service:db -no name=a"), ["fraud", "db", "a"]);
});

test("find: what matches", () => {
    for (const make of [traceFrom, (text: string) => traceOfBytes(new TextEncoder().encode(JSON.stringify(answerOf(text))))]) {
        const trace = make(shop);
        const cases: [string, number[]][] = [["select", [3, 4, 5, 6, 7]], ["service:pay", [8]], ["tier=gold", [2]], ["GOLD", [2, 8]], ["tier!=gold >50ms", [0, 8, 10]],
            ["error=true", [2, 8]], ["status=error -pay", [2]], ["kind=consumer", [10]], ["service.name=mail", [10]], ["nothing-like-it", []], ["00000000000000", []],
            ["0000000000000008", [8]]];
        for (const [text, rows] of cases) {
            const found: number[] = [];
            for (const _ of findRows(trace, compileFind(trace, text)!, found, () => 0)) void _;
            assert.deepEqual(found, rows, text);
        }
        assert.equal(compileFind(trace, " "), null);
    }
});

test("bytes: the same trace as from parsed JSON, and answers of odd shape", () => {
    const answer = answerOf(shop);
    const text = JSON.stringify(answer, null, 1);
    const a = traceFrom(shop), b = traceOfBytes(new TextEncoder().encode(text));
    assert.deepEqual({ ...b, raw: null }, { ...a, raw: null });
    for (let row = 0; row < a.count; row++) assert.deepEqual(attributesAt(b, row), attributesAt(a, row));
    const hostile = { ...answer, columns: { ...(answer["columns"] as object), attributes: [[{ key: 'a"]},{\\', value: { stringValue: "\\\"]}" } }], null, 7] }, "x\"{": "[" };
    const odd = traceOfBytes(new TextEncoder().encode(JSON.stringify(hostile)));
    assert.equal(attributesAt(odd, 0)[0]!.key, 'a"]},{\\');
    assert.deepEqual(attributesAt(odd, 1), []);
    assert.deepEqual(attributesAt(odd, 9), []);
    for (const bad of ["{}", "[]", "null", '{"columns":7}', '{"columns":{}}', '{"columns":{"span_id":["a",5,null],"parent":[9,"x",-3]}}'])
        assert.doesNotThrow(() => traceOfBytes(new TextEncoder().encode(bad)), bad);
    assert.throws(() => traceOfBytes(new TextEncoder().encode('{"columns":{"span_id":["a"')));
});

test("clocks", () => {
    const trace = traceFrom("a call 1000+400 client\n  b serve 700+200 server\n    b query 750+50 client\na r 0+1");
    assert.equal(skewOf(trace, 1) / 1e6, -400, "300 before its caller, 100 of way there");
    assert.equal(skewOf(trace, 2), 0, "the same service has one clock");
    const moved = adjusted(trace);
    assert.deepEqual(Array.from(moved.start, ns => ns / 1e6), [1000, 1100, 1150, 0]);
    assert.equal(skewOf(traceFrom("a send 0+1 producer\n  b take 900+10 consumer"), 1), 0);
    assert.equal(skewOf(traceFrom("a call 100+400 client\n  b serve 90+200 server"), 1), 0, "10 ms are usual");
});

test("table and steps", () => {
    const trace = traceFrom(shop), path = criticalPath(trace), own = ownTimes(trace);
    const rows = sortRows(tableRows(trace, path, own, "operation"), "criticalNs", true);
    assert.deepEqual([rows[0]!.name, rows[0]!.criticalNs / 1e6], ["pay", 60]);
    assert.equal(rows.find(r => r.name === "SELECT a")!.spanCount, 5);
    assert.equal(tableRows(trace, path, own, "service").length, 6);
    assert.equal(tableRows(trace, path, own, "span").length, 11);
    assert.equal(csv(["a"], [['x"y,z'], ["=1+1"], [-5]]), 'a\r\n"x""y,z"\r\n\'=1+1\r\n-5\r\n');
    const steps = stepsOf(trace, path, own);
    assert.deepEqual(steps.steps.map(s => [s.name, s.depth, s.y, s.spanCount]),
        [["POST /checkout", 0, 1.625, 1], ["auth", 1, 0, 1], ["place", 1, 1.5, 1], ["publish", 1, 3, 1], ["SELECT a", 2, 1, 5], ["pay", 2, 2, 1], ["process", 2, 3, 1]]
            .sort((a, b) => steps.steps.findIndex(s => s.name === a[0]) - steps.steps.findIndex(s => s.name === b[0])).map(x => (x[0] === "POST /checkout" ? [x[0], x[1], steps.steps[0]!.y, x[3]] : x)));
});

test("100,000 spans: every part in reasonable time, and the fold makes it readable", () => {
    const lines = ["svc root 0+2000 server"];
    for (let i = 0; i < 10_000; i++) {
        lines.push(`  svc work ${i * 0.1}+50`);
        for (let k = 0; k < 9; k++) lines.push(`    svc step ${i * 0.1 + k}+1${i === 77 && k === 3 ? " error" : ""}`);
    }
    const bytes = new TextEncoder().encode(JSON.stringify(answerOf(lines.join("\n"))));
    const begin = performance.now();
    const trace = traceOfBytes(bytes);
    assert.equal(trace.count, 100_001);
    const path = criticalPath(trace);
    ownTimes(trace);
    foldedGaps(trace);
    const shown = linesOf(trace);
    assert.ok(performance.now() - begin < 5000, `${performance.now() - begin} ms`);
    assert.deepEqual(shown, ["root", "  10000 x work"]);
    assert.ok(path.totalNs <= 2e9 + 1);
});
