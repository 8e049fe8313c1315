// Layouts of real traces, as text that can be read: WEFT_SNAPSHOTS=1 npm run unit writes them anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { criticalPath } from "./critical_path.ts";
import { timeScale } from "./layout_time.ts";
import { foldedGaps } from "./gaps.ts";
import { durationText, percent } from "./number.ts";
import { endOf, scopeAt, type Trace } from "./trace.ts";
import { traceOfBytes } from "./trace_bytes.ts";
import { factsOf, outcomeOf } from "./trace_facts.ts";
import { ownTimes } from "./trace_own.ts";
import { RowKind, buildRows, extentOf, openAtFirst } from "./trace_rows.ts";
import { alikeSiblings, errorsBelow, missingParents } from "./trace_shape.ts";

const folder = join(process.cwd(), "src/model/snapshots");
const BAR = 40;

/* A row as text: its bar over 40 columns, tree, own work, share of the critical path. */
function picture(trace: Trace): string {
    const path = criticalPath(trace), errors = errorsBelow(trace), alikes = alikeSiblings(trace, errors), missing = missingParents(trace), own = ownTimes(trace);
    const open = openAtFirst(trace, path, errors), facts = factsOf(trace, path);
    const rows = buildRows({ trace, alikes, missing, isSpanOpen: row => open[row] === 1, isAlikeOpen: () => false, keep: null });
    let end = 1;
    for (let row = 0; row < trace.count; row++) end = Math.max(end, endOf(trace, row));
    const scale = timeScale(0, end, BAR, foldedGaps(trace), 0, 0);
    const lines = [`${durationText(facts.rootNs)}, ${trace.count} spans, ${facts.serviceCount} services, depth ${facts.depth}; ${facts.shares.map(s => `${s.name} ${percent(s.share)}`).join(", ")}`];
    for (let i = 0; i < rows.count; i++) {
        const subject = rows.subject[i]!, extent = extentOf(rows, i, trace, alikes, missing);
        const a = Math.min(BAR - 1, Math.max(0, Math.floor(scale.x(extent.start)))), b = Math.max(a + 1, Math.min(BAR, Math.round(scale.x(extent.end))));
        const bar = " ".repeat(a) + "=".repeat(b - a) + " ".repeat(BAR - b), indent = "  ".repeat(rows.depth[i]!);
        if (rows.kind[i] === RowKind.alike) {
            const group = alikes.groups[subject]!;
            lines.push(`|${bar}| ${indent}${group.rows.length} x ${trace.name[group.rows[0]!]} (${group.spanCount} spans, ${durationText(group.totalNs)})`);
        } else if (rows.kind[i] === RowKind.missing) lines.push(`|${bar.replaceAll("=", "-")}| ${indent}parent not received (${missing[subject]!.spanId})`);
        else {
            lines.push(`|${bar}| ${indent}${rows.isOpen[i] ? "- " : ""}${scopeAt(trace, subject).serviceName} ${trace.name[subject]} ${durationText(trace.duration[subject]!)}, own ${durationText(own[subject]!)}` +
                `${path.ownNs[subject]! > 0 ? `, waited for ${durationText(path.ownNs[subject]!)}` : ""}${trace.isError[subject] ? `, error ${outcomeOf(trace, subject)}` : ""}`);
        }
    }
    return lines.join("\n").replaceAll("\u2009", " ") + "\n";
}

for (const count of [5, 41, 500]) {
    test(`layout of a real trace of ${count} spans`, () => {
        const trace = traceOfBytes(readFileSync(join(folder, `spans-${count}.json`)));
        assert.equal(trace.count, count);
        const text = picture(trace), file = join(folder, `spans-${count}.txt`);
        if (process.env["WEFT_SNAPSHOTS"]) writeFileSync(file, text);
        assert.equal(text, readFileSync(file, "utf8"));
        const path = criticalPath(trace);
        assert.ok(Math.abs(path.totalNs - trace.duration[trace.root]!) < 1, "the critical path is as long as the request");
    });
}
