// details_group.tsx -- what is chosen is not one span: many like siblings, or a parent that never came.
import { counted, duration, exactDuration, offsetText } from "../../model/number.ts";
import { scopeAt } from "../../model/trace.ts";
import { FigureText } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Service } from "../../widgets/service.tsx";
import { Note } from "../../widgets/states.tsx";
import type { TraceState } from "./trace_state.ts";
import { alikeName } from "./words.ts";

const SHOWN = 100;

const CloseButton = ({ close }: { close: () => void }) =>
    <button type="button" class="btn quiet s icon" aria-label="Close (Esc)" title="Close (Esc)" onClick={close}><Icon name="close" /></button>;

export function GroupDetails({ state, group, close }: { state: TraceState; group: number; close: () => void }) {
    const analysis = state.analysis.value, { trace } = analysis, alike = analysis.alikes.groups[group]!;
    const scope = scopeAt(trace, alike.rows[0]!);
    const slowest = [...alike.rows].sort((a, b) => trace.isError[b]! - trace.isError[a]! || trace.duration[b]! - trace.duration[a]!).slice(0, SHOWN);
    const figures: [string, number][] = [["All together", alike.totalNs], ["From first to last", alike.end - alike.start], ["Mean", alike.totalNs / alike.rows.length]];
    return <>
        <header class="sh"><div class="row tags"><span class="tag">{counted(alike.rows.length, "like sibling")}</span>
            {alike.errorCount > 0 && <span class="tag error"><Icon name="error" small />{counted(alike.errorCount, "error")}</span>}<span class="grow" /><CloseButton close={close} /></div>
            <h2>{alikeName(analysis, group)}</h2><div class="row small"><Service name={scope.serviceName} slot={scope.slot} /></div></header>
        <div class="pct"><div class="figs">{figures.map(([label, ns]) => <span key={label}><span class="micro muted">{label}</span><b><FigureText figure={duration(ns)} title={exactDuration(ns)} /></b></span>)}</div></div>
        <div class="sb" tabIndex={0} role="region" aria-label="Its spans, worst first">
            <table class="t compact"><thead><tr><th scope="col" class="num">Start</th><th scope="col" class="num">Duration</th><th scope="col">Span</th></tr></thead>
                <tbody>{slowest.map(row => <tr key={row}><td class="num">{offsetText(trace.start[row]! - trace.start[trace.root]!)}</td>
                    <td class="num"><FigureText figure={duration(trace.duration[row]!)} title={exactDuration(trace.duration[row]!)} /></td>
                    <td><button type="button" class="linkish mono" onClick={() => state.select(row, { reveal: true })}>{trace.spanId[row]}</button>{trace.isError[row] === 1 && <span class="err"> error</span>}</td></tr>)}</tbody></table>
            {alike.rows.length > SHOWN && <p class="small muted pad">The {SHOWN} worst of {alike.rows.length.toLocaleString("en-US")}; open the row to see all.</p>}
        </div>
    </>;
}

export function MissingDetails({ state, index, close }: { state: TraceState; index: number; close: () => void }) {
    const { missing, trace } = state.analysis.value, lost = missing[index]!;
    return <>
        <header class="sh"><div class="row tags"><span class="tag warn"><Icon name="warn" small />not received</span><span class="grow" /><CloseButton close={close} /></div>
            <h2>Parent of {counted(lost.rows.length, "span")}</h2><div class="row small mono">{lost.spanId}</div></header>
        <div class="sb"><Note tone="warn" title="The parent has not arrived">
            {counted(lost.rows.length, "span")} of {[...new Set(lost.rows.map(row => scopeAt(trace, row).serviceName))].join(", ")} name it. It may still be on its way (a span is sent when it ends),
            may have been dropped by a sampler or a full queue, or its service does not send to this server. The dashed bar covers its children, its own length is not known.</Note></div>
    </>;
}
