import assert from "node:assert/strict";
import { test } from "node:test";
import { largestParts, onlyChanges, stepChanges } from "./compare.ts";
import { boxAt, layoutFlame } from "./flame.ts";
import { findNode, pathTo, runMerge, walkPaths } from "./paths.ts";
import { traceOf } from "./trace.ts";

/* [name, parent row, start ms, duration ms, error] */
type Row = [string, number, number, number, boolean?];
const trace = (rows: Row[]) => traceOf({ trace_id: "a".repeat(32), start_time_unix_nano: "1", duration_ns: rows[0]![3] * 1e6, span_count: rows.length, root: 0,
    scopes: [{ service_name: "s", slot: 1 }],
    columns: { span_id: rows.map((_, i) => String(i).padStart(16, "0")), parent: rows.map(r => r[1]), scope: rows.map(() => 0), name: rows.map(r => r[0]),
        kind: rows.map(() => "server"), start_offset_ns: rows.map(r => r[2] * 1e6), duration_ns: rows.map(r => r[3] * 1e6), status: rows.map(r => (r[4] ? "error" : "unset")) } });

const slow = trace([["root", -1, 0, 100], ["call", 0, 10, 60, true], ["call", 0, 70, 20], ["sleep", 0, 92, 5]]);
const fast = trace([["root", -1, 0, 40], ["call", 0, 10, 20], ["cache", 0, 32, 4]]);

test("like spans below one path are one node", () => {
    const paths = runMerge([[slow]]);
    const names = [...walkPaths(paths.roots)].map(n => `${n.depth} ${n.name} ${n.sides[0]!.calls}`);
    assert.deepEqual(names, ["0 root 1", "1 call 2", "1 sleep 1"]);
    const call = paths.roots[0]!.children[0]!;
    assert.deepEqual([call.sides[0]!.totalNs, call.sides[0]!.errors, call.sample.durationNs], [80e6, 1, 60e6]);
    assert.equal(findNode(runMerge([[fast]]), call.id)?.name, "call", "the same path has the same id");
    assert.deepEqual(pathTo(paths, call).map(n => n.name), ["root", "call"]);
});

test("a flame graph's children fit below their parents", () => {
    const { roots } = runMerge([[slow, fast]]);
    for (const measure of ["time", "critical", "calls"] as const) {
        const flame = layoutFlame(roots, measure);
        const root = flame.rows[0]![0]!;
        assert.equal(root.width, 1);
        const sum = flame.rows[1]!.reduce((total, box) => total + box.width, 0);
        assert.ok(sum <= 1 + 1e-9, `${measure}: ${sum}`);
        assert.equal(boxAt(flame, 0.001, 1)?.node.name, "call");
        assert.equal(boxAt(flame, 0.9999, 5), null);
    }
    const zoomed = layoutFlame(roots, "time", pathTo({ roots, traceCounts: [2], nodeCount: 4, leftOut: 0 }, roots[0]!.children[0]!));
    assert.deepEqual(zoomed.rows.map(row => row.map(box => [box.node.name, box.width])), [[["root", 1]], [["call", 1]]]);
});

test("the changes of two traces add up", () => {
    const changes = stepChanges(runMerge([[slow], [fast]]));
    assert.deepEqual(changes.map(c => [c.node.name, c.kind, c.changeNs / 1e6]), [["root", "slower", 60], ["call", "slower", 60], ["sleep", "new", 5], ["cache", "gone", -4]]);
    const { parts, restNs, sumNs } = largestParts(changes, 1);
    assert.equal(sumNs, 60e6);
    assert.equal(parts[0]!.node.name, "call");
    assert.equal(parts[0]!.criticalChangeNs + restNs, sumNs);
    const same = stepChanges(runMerge([[slow], [slow]]));
    assert.deepEqual(onlyChanges(same), []);
    assert.deepEqual(onlyChanges(changes).map(c => c.node.name), ["root", "call", "sleep", "cache"]);
});
