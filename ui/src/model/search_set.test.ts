import assert from "node:assert/strict";
import { test } from "node:test";
import { searchSet } from "./search_set.ts";
import { timeOf } from "./time.ts";

test("the search a trace was opened from", () => {
    const now = timeOf(1_795_226_400_000_000_000n);
    assert.equal(searchSet("", now), null);
    const plain = searchSet(new URLSearchParams({ q: "{ status = error }", from: "now-3h" }).toString(), now)!;
    assert.equal(plain.query, "{ status = error }");
    assert.equal(plain.question.q, "{ status = error }");
    assert.equal(plain.question.from, String(now - 10_800_000_000_000n));
    assert.ok(plain.isOfTraces);
    assert.equal(searchSet("q=%7B%7D&kind=spans", now)!.isOfTraces, false);
    assert.deepEqual([searchSet("q=%7B%7D&after=50:abc", now)!.before, searchSet("q=%7B%7D&after=50:abc", now)!.question.cursor], [50, "abc"]);
    assert.equal(searchSet('{ name = "x" }', now)!.query, '{ name = "x" }', "a query alone");
    assert.equal(searchSet("%%%", now)!.query, "");
});
