// tree_row.tsx -- one row of the tree beside the bars: indent, fold, service where it changes, name, counts, duration.
import { duration, exactDuration } from "../../model/number.ts";
import { Mark, scopeAt, serviceAt } from "../../model/trace.ts";
import { RowKind, placeAmongSiblings } from "../../model/trace_rows.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Swatch } from "../../widgets/service.tsx";
import type { TraceState } from "./trace_state.ts";
import { alikeName, missingName, rowLabel } from "./words.ts";

/** A text with what is looked for marked. */
export function Marked({ text, words }: { text: string; words: readonly string[] }) {
    const low = text.toLowerCase();
    let at = -1, length = 0;
    for (const word of words) {
        const found = low.indexOf(word);
        if (found >= 0 && (at < 0 || found < at)) { at = found; length = word.length; }
    }
    if (at < 0 || low.length !== text.length) return <>{text}</>;
    return <>{text.slice(0, at)}<mark>{text.slice(at, at + length)}</mark>{text.slice(at + length)}</>;
}

/* At most as many lines as fit before names are squeezed. */
const DEPTH_SHOWN = 18;

const Guides = ({ depth }: { depth: number }) =>
    <>{Array.from({ length: Math.min(depth, DEPTH_SHOWN) }, (_, d) => <span class="g" key={d} style={{ left: `${18 + d * 11}px` }} />)}</>;

function DurationCell({ ns, isError, isRunning }: { ns: number; isError: boolean; isRunning: boolean }) {
    const { value, unit } = duration(ns);
    return <span role="gridcell" class={isError ? "du e" : "du"} title={exactDuration(ns)}>{isRunning && <span class="acc">running </span>}{value}<span class="u">{unit}</span></span>;
}

interface RowProps { state: TraceState; i: number; words: readonly string[]; isActive: boolean }

export function TreeRow({ state, i, words, isActive }: RowProps) {
    const rows = state.rows.value, analysis = state.analysis.value, { trace, alikes, errors } = analysis;
    const subject = rows.subject[i]!, kind = rows.kind[i]!, depth = rows.depth[i]!;
    const group = kind === RowKind.alike ? alikes.groups[subject]! : null;
    const missing = kind === RowKind.missing ? analysis.missing[subject]! : null;
    const span = group ? group.rows[0]! : missing ? missing.rows[0]! : subject;
    const scope = scopeAt(trace, span);
    const hasChildren = group !== null || (!missing && trace.subtreeEnd[subject]! > subject + 1);
    const isOpen = rows.isOpen[i] === 1;
    const up = trace.parent[span]!;
    const isOtherService = up < 0 || serviceAt(trace, up) !== scope.serviceName; // written only where it changes
    const below = group ? 0 : trace.subtreeEnd[subject]! - subject - 1;
    const errorsHidden = group ? group.errorCount : !isOpen && !missing ? errors[subject]! - trace.isError[subject]! : 0;
    const isError = !group && !missing && trace.isError[subject] === 1;
    const has = state.matches.value.has;
    const isHit = !group && !missing && (has ? has[subject] === 1 : state.marked.value.has(trace.spanId[subject]!));
    const place = placeAmongSiblings(rows, i);
    const classes = ["tr", isActive && "sel", rows.isGhost[i] && "ghost", missing && "gap", isHit && "hit"].filter(Boolean).join(" ");
    return <div class={classes} role="row" id={`span-row-${i}`} data-row={i} aria-label={rowLabel(state, i)} aria-level={depth + 1}
        aria-expanded={hasChildren ? isOpen : undefined} aria-selected={isActive} aria-rowindex={i + 2}
        aria-posinset={place?.position} aria-setsize={place?.siblings} style={{ "--d": Math.min(depth, DEPTH_SHOWN) }}>
        <Guides depth={depth} />
        <span role="gridcell" class="nm" title={missing ? missing.spanId : `${scope.serviceName}  ${trace.name[span]}`}>
            <span class={hasChildren ? "tw can" : "tw"} data-toggle={hasChildren ? "" : undefined}>
                {hasChildren ? <Icon name={isOpen ? "down" : "right"} small /> : missing ? <Icon name="warn" small /> : null}</span>
            {missing ? <span class="o ell">{missingName(missing.spanId)}</span> : <>
                <Swatch slot={slotFor(state, span)} />
                {isOtherService && <span class="s"><Marked text={scope.serviceName || "unnamed service"} words={words} /></span>}
                <span class="o ell"><Marked text={group ? alikeName(analysis, subject) : trace.name[subject] || "unnamed"} words={words} /></span></>}
            {hasChildren && !group && !isOpen && <span class="cn">{below.toLocaleString("en-US")}</span>}
            {group && !group.isLeaf && <span class="cn">{group.spanCount.toLocaleString("en-US")}</span>}
            {isError && <span class="er"><Icon name="error" small /></span>}
            {errorsHidden > 0 && <span class="er"><Icon name="error" small />{errorsHidden.toLocaleString("en-US")}</span>}
        </span>
        <DurationCell ns={group ? group.totalNs : missing ? missing.end - missing.start : trace.duration[subject]!} isError={isError}
            isRunning={!group && !missing && (trace.marks[subject]! & Mark.unfinished) !== 0} />
    </div>;
}

const kindSlots: Readonly<Record<string, number>> = { server: 6, client: 1, internal: 2, producer: 4, consumer: 7 };
export function slotFor(state: TraceState, row: number): number {
    const { trace } = state.analysis.value;
    return state.colourBy.value === "kind" ? kindSlots[trace.kind[row]!] ?? 0 : scopeAt(trace, row).slot;
}
