import { test } from "node:test";
import assert from "node:assert/strict";
import { boxedChips, boxOf, boxText, comparedQuery, groupField, kindOf, listQuery, pictureScope, plainQuery } from "./search_query.ts";
import { isUnusual, ordered, usualShare } from "./search_unusual.ts";
import { chipsOf, printChips } from "./traceql_chips.ts";
import { timeOf } from "./time.ts";

test("the list's query keeps the columns of what is written", () => {
    assert.equal(listQuery("{ }", "traces", "-start", []), "{ }");
    assert.equal(listQuery("", "traces", "", []), "{ }");
    assert.equal(listQuery("{ }", "traces", "-duration", ["span.a"]), "{ } | select(span.a) | order(traceDuration desc)");
    assert.equal(listQuery("{ } | order(span.a)", "traces", "-duration", ["span.a"]), "{ } | select(span.a) | order(span.a)");
    assert.equal(listQuery("{  } | spans()", "spans", "duration", []), "{  } | select(status, statusMessage) | order(duration asc) | spans()");
    assert.equal(listQuery("{ } // all", "traces", "-duration", []), "{ } // all\n| order(traceDuration desc)");
});

test("the picture shows what the limits on duration cut off", () => {
    const scope = (q: string, kind: "traces" | "spans" = "traces") => { const s = pictureScope(chipsOf(q), kind); return [s.query, s.d0, s.d1]; };
    assert.deepEqual(scope('{ name = "a" && duration > 800ms } >> { status = error }'), ['{ name = "a" }', 8e8, Infinity]);
    assert.deepEqual(scope("{ duration >= 1s && duration < 2s }"), ["{ nestedSetParent < 0 }", 1e9, 2e9]);
    assert.deepEqual(scope("{ }"), ["{ nestedSetParent < 0 }", 0, Infinity]);
    assert.deepEqual(scope("{ }", "spans"), ["{ }", 0, Infinity]);
    assert.deepEqual(scope("{ status = error } | by(name) | count() > 1"), ["{ status = error }", 0, Infinity]);
    assert.deepEqual(scope("{ status = error } | { kind = server } | rate()"), ["{ status = error } | { kind = server }", 0, Infinity]);
});

test("a box becomes conditions", () => {
    const box = { t0: timeOf(1_795_226_400_000_000_000n), t1: timeOf(1_795_226_460_000_000_000n), d0: 8e8, d1: 4e9 };
    assert.deepEqual(boxOf(boxText(box)), box);
    for (const odd of ["", "1,2,3", "x,y,1,2", "1795226400000000000,1795226400000000000,1,2", "1795226400000000000,1795226460000000000,3,2"]) assert.equal(boxOf(odd), null);
    assert.equal(printChips(boxedChips(chipsOf("{ }"), "traces", box)), "{ nestedSetParent < 0 && duration >= 800ms && duration < 4s }");
    assert.equal(printChips(boxedChips(chipsOf('{ name = "a" && duration > 1ms } >> { status = error }'), "traces", box)),
        '{ name = "a" && duration >= 800ms && duration < 4s } >> { status = error }');
    assert.equal(printChips(boxedChips(chipsOf("({ } >> { })"), "traces", box)), "({ } >> { }) | { duration >= 800ms } | { duration < 4s }");
});

test("kinds, groups and what is compared", () => {
    assert.equal(kindOf(chipsOf("{ } | rate()"), "spans"), "series");
    assert.equal(kindOf(chipsOf("{ } | spans()"), ""), "spans");
    assert.equal(kindOf(chipsOf("{ } | by(name)"), ""), "groups");
    assert.equal(kindOf(chipsOf("{ }"), "nonsense"), "traces");
    assert.equal(groupField(chipsOf("{ } | by(span.a)")), "span.a");
    assert.equal(groupField(chipsOf("{ }")), "resource.service.name");
    assert.equal(plainQuery(chipsOf("{ status = error } | by(name) | count() > 1 | select(span.a)")), "{ status = error }");
    assert.equal(comparedQuery(chipsOf("{ status = error }")), "{ }");
    assert.equal(comparedQuery(chipsOf("{ }")), null);
    assert.equal(comparedQuery(chipsOf('{ name = "a" } >> { kind = client && status = error }')), "{ kind = client }");
});

test("unusual values", () => {
    const key = { key: "span.a", spanCount: 100, hasMore: false, values: [{ value: "x", type: "string", spanCount: 31 }, { value: "y", type: "string", spanCount: 60 }] };
    assert.equal(usualShare(key, { value: "x", type: "string", spanCount: 1 }, 100), 0.31);
    assert.equal(usualShare(key, { value: "z", type: "string", spanCount: 1 }, 100), 0);
    assert.equal(usualShare({ ...key, hasMore: true }, { value: "z", type: "string", spanCount: 1 }, 100), 0.6);
    assert.equal(usualShare(undefined, { value: "z", type: "string", spanCount: 1 }, 100), null);
    for (const [n, share, usual, is] of [[100, 0.96, 0.31, true], [4, 0.96, 0.31, false], [100, 0.5, 0.31, false], [100, 0.12, 0.01, true], [100, 0.1, 0.01, false],
        [100, 0.9, null, false]] as const) assert.equal(isUnusual(n, share, usual), is);
    const of = (name: string, spanCount: number, ...counts: number[]) =>
        ({ key: name, spanCount, hasMore: false, values: counts.map((n, i) => ({ value: String(i), type: "string", spanCount: n })) });
    const keys = [of("span.constant", 100, 100), of("span.id", 100, 1, 1, 1), of("span.good", 80, 50, 30), of("span.odd", 40, 39, 1), of("status", 100, 60, 40)];
    assert.deepEqual(ordered(keys, 100, k => k.key === "span.odd").map(k => k.key), ["status", "span.odd", "span.good", "span.constant", "span.id"]);
});
