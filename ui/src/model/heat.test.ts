import { test } from "node:test";
import assert from "node:assert/strict";
import { cellAt, columnQuantiles, columnSums, countIn, durationTicks, heatOf, heatSentence, level, quantile, rowOf, timeTicks, type Histogram } from "./heat.ts";
import { boxOfCells, cellsOfBox, columnAt, frameOf, movedCells, rowAt, xOfColumn, yOfDuration, yOfRow } from "./heat_place.ts";
import { timeOf } from "./time.ts";

const bounds = Float64Array.from({ length: 96 }, (_, i) => Math.ceil(10 ** (i / 8)));
function histogram(cells: [column: number, row: number, spans: number, errors: number][], columnCount = 4): Histogram {
    return { startTime: timeOf(1_795_226_400_000_000_000n), stepNs: 60e9, columnCount, boundsNs: bounds, partial: null,
        cells: { column: Uint16Array.from(cells, c => c[0]), row: Uint16Array.from(cells, c => c[1]), spanCount: Float64Array.from(cells, c => c[2]),
            errorCount: Float64Array.from(cells, c => c[3]), traceId: cells.map(() => "t"), spanId: cells.map(() => "s") },
        spanCount: cells.reduce((n, c) => n + c[2], 0), errorCount: cells.reduce((n, c) => n + c[3], 0) };
}

test("rows, cells and levels", () => {
    const heat = heatOf(histogram([[0, 64, 10, 0], [0, 70, 1, 1], [2, 65, 100, 0]]));
    assert.ok(heat.rowLow <= 63 && heat.rowHigh >= 72 && heat.rowHigh - heat.rowLow >= 12);
    assert.equal(cellAt(heat, 0, 70), 1);
    assert.equal(cellAt(heat, 1, 70), -1);
    assert.equal(cellAt(heat, 9, 70), -1);
    assert.equal(heat.max, 100);
    assert.deepEqual([0, 1, 100].map(n => level(n, 100)), [0, 0, 8]);
    assert.equal(level(1, 1), 4);
    assert.equal(rowOf(heat.histogram, 0), 0);
    assert.equal(rowOf(heat.histogram, 1e8), 64);
    const none = heatOf(histogram([]));
    assert.ok(none.rowHigh > none.rowLow);
});

test("sums and quantiles", () => {
    const h = histogram([[0, 64, 10, 0], [0, 72, 10, 5], [2, 65, 100, 0]]);
    assert.deepEqual([...columnSums(h).spanCount], [20, 0, 100, 0]);
    assert.deepEqual([...columnSums(h).errorCount], [5, 0, 0, 0]);
    const p99 = columnQuantiles(h, 0.99);
    assert.ok(p99[0]! > bounds[72]! && p99[0]! < bounds[73]!);
    assert.ok(Number.isNaN(p99[1]!));
    assert.ok(quantile(h, 0.5) >= bounds[65]! && quantile(h, 0.5) <= bounds[66]!);
    assert.deepEqual(countIn(h, 0, 1, 70, 80), { spanCount: 10, errorCount: 5 });
    assert.match(heatSentence(h, "utc"), /120 spans/);
    assert.match(heatSentence(histogram([]), "utc"), /no spans/);
});

test("ticks", () => {
    assert.deepEqual(durationTicks(40e6, 6e9, 9), [50e6, 100e6, 200e6, 500e6, 1e9, 2e9, 5e9]);
    assert.deepEqual(durationTicks(1e3, 1e10, 8), [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]);
    const ticks = timeTicks(timeOf(1_795_226_430_000_000_000n), 3600e9, 8);
    assert.equal(ticks[0]!.offsetNs, 570e9);
    assert.equal(ticks.length, 6);
});

test("places: there and back", () => {
    const heat = heatOf(histogram([[0, 64, 10, 0], [3, 72, 10, 5]]));
    const frame = frameOf(1000, 214);
    for (const column of [0, 1, 3]) assert.equal(columnAt(heat, frame, xOfColumn(heat, frame, column) + 1), column);
    for (const row of [heat.rowLow, heat.rowHigh - 1]) assert.equal(rowAt(heat, frame, yOfRow(heat, frame, row) - 1), row);
    assert.ok(Math.abs(yOfDuration(heat, frame, bounds[66]!) - yOfRow(heat, frame, 66)) < 0.5);
    const cells = { c0: 1, c1: 3, r0: 65, r1: 68 };
    assert.deepEqual(cellsOfBox(heat, boxOfCells(heat, cells)), cells);
    assert.deepEqual(movedCells(heat, cells, 1, 1, false), { c0: 2, c1: 4, r0: 66, r1: 69 });
    assert.deepEqual(movedCells(heat, cells, 9, 0, false), { c0: 2, c1: 4, r0: 65, r1: 68 });
    assert.deepEqual(movedCells(heat, cells, -5, -9, true), { c0: 1, c1: 2, r0: 65, r1: 66 });
});
