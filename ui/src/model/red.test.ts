import assert from "node:assert/strict";
import { test } from "node:test";
import { redOf, stepFor, worstFirst } from "./red.ts";

const series = (name: string, points: (number | null)[], more: Record<string, string> = {}) =>
    ({ labels: [{ name: "resource.service.name", value: name }, ...Object.entries(more).map(([n, value]) => ({ name: n, value }))], points });

test("figures of services", () => {
    const rows = redOf({
        rates: [series("cart", [9, 1, 3], { status: "unset" }), series("cart", [9, 1, null], { status: "error" }), series("cart", [9, 0, 1], { status: "ok" }),
            series("ad", [0, 1, 1], { status: "unset" })],
        p99s: [series("cart", [9, 0.002, null])], quantiles: [series("cart", [0.001], { p: "0.5" }), series("cart", [0.003], { p: "0.99" })],
    }, "resource.service.name");
    const [cart, ad] = rows;
    assert.deepEqual([cart!.rate, cart!.errorRate, cart!.errorShare, cart!.p50Ns, cart!.p99Ns], [3, 0.5, 0.5 / 3, 1e6, 3e6]);
    assert.deepEqual([cart!.ratePoints, cart!.errorPoints, cart!.p99Points], [[2, 4], [1, 0], [2e6, null]]);
    assert.ok(Number.isNaN(ad!.p99Ns) && ad!.rate === 1);
});

test("the worst comes first", () => {
    const row = (name: string, errorShare: number, p99Ns: number) => ({ name, errorShare, p99Ns }) as Parameters<typeof worstFirst>[0];
    const rows = [row("slow", 0, 9e9), row("fine", 0, NaN), row("failing", 0.2, 1), row("odd", 0.001, 1)];
    assert.deepEqual(rows.sort(worstFirst).map(r => r.name), ["failing", "slow", "odd", "fine"]);
});

test("steps", () => {
    assert.equal(stepFor(3600e9, 60), 60);
    assert.equal(stepFor(15 * 60e9, 60), 15);
    assert.equal(stepFor(365 * 86_400e9, 10), 86_400);
});
