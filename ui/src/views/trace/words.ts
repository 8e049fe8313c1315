// words.ts -- what the trace page says of a span, in words.
import { durationText, offsetText } from "../../model/number.ts";
import { Mark, scopeAt, type Trace } from "../../model/trace.ts";
import { outcomeOf } from "../../model/trace_facts.ts";
import { RowKind } from "../../model/trace_rows.ts";
import type { Analysis, TraceState } from "./trace_state.ts";

/** "clock +180 ms, starts before its parent" */
export const skewText = (ns: number): string => `clock ${offsetText(ns)}${ns < 0 ? ", starts before its parent" : ", ends after its parent"}`;

/** The name of a group of like spans. */
export const alikeName = (analysis: Analysis, group: number): string => {
    const { rows } = analysis.alikes.groups[group]!;
    return `${rows.length.toLocaleString("en-US")} × ${analysis.trace.name[rows[0]!]}`;
};

const shortId = (id: string): string => (id.length > 8 ? `${id.slice(0, 4)}…${id.slice(-2)}` : id);
export const missingName = (id: string): string => `parent not received (span ${shortId(id)})`;

/** What a screen reader reads for a row. */
export function rowLabel(state: TraceState, i: number): string {
    const analysis = state.analysis.value, { trace, path } = analysis, rows = state.rows.value;
    const subject = rows.subject[i]!;
    if (rows.kind[i] === RowKind.missing) return missingName(analysis.missing[subject]!.spanId);
    if (rows.kind[i] === RowKind.alike) {
        const group = analysis.alikes.groups[subject]!;
        return `${alikeName(analysis, subject)}, ${scopeAt(trace, group.rows[0]!).serviceName}, ${durationText(group.totalNs)} in all${group.errorCount ? `, ${group.errorCount} errors` : ""}`;
    }
    const parts = [trace.name[subject]!, scopeAt(trace, subject).serviceName, durationText(trace.duration[subject]!),
        `starts at ${durationText(trace.start[subject]!)}`];
    if (trace.isError[subject]) parts.push(`error ${outcomeOf(trace, subject)}`);
    if (path.first[subject]! >= 0) parts.push("on the critical path");
    if (trace.marks[subject]! & Mark.unfinished) parts.push("running");
    const skew = state.skews.get(subject);
    if (skew !== undefined) parts.push(skewText(skew));
    return parts.join(", ");
}

/** What is odd about a span, each with its reason. */
export function oddities(trace: Trace, row: number): string[] {
    const marks = trace.marks[row]!;
    const found: string[] = [];
    if (marks & Mark.orphan) found.push("Its parent has not arrived: it may still be on its way, was dropped by a sampler, or was never sent.");
    if (marks & Mark.duplicateId) found.push("Another span of this trace has the same id and kind, with other content.");
    if (marks & Mark.endBeforeStart) found.push("Its end lies before its start; it is shown with a duration of 0.");
    if (marks & Mark.unfinished) found.push("It has not ended yet.");
    return found;
}
