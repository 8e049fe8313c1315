// view_logs.tsx -- what the spans said, in order of time.
import { useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import { timeScale } from "../../model/layout_time.ts";
import { grouped } from "../../model/number.ts";
import { clock, timeAfter, zoneName } from "../../model/time.ts";
import { decimalsOf, isBad, lineMatches, logLines, type LogLine } from "../../model/trace_logs.ts";
import { serviceToken } from "../../draw/palette.ts";
import { setting, zone } from "../../state/settings.ts";
import { Segmented } from "../../widgets/choice.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Service } from "../../widgets/service.tsx";
import type { TraceState } from "./trace_state.ts";

type Base = "trace" | "span" | "clock";
const base = setting<Base>("trace-log-base", "trace", v => v === "trace" || v === "span" || v === "clock");
const LINES_SHOWN = 500;

/** "+1,029.4" of milliseconds: one unit, so that order is seen. */
const ms = (ns: number, decimals: number): string =>
    `${ns < 0 ? "−" : "+"}${Math.abs(ns / 1e6).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}`;

const LevelTag = ({ line }: { line: LogLine }) =>
    <span class={line.level === "error" ? "tag error" : line.level === "warn" ? "tag warn" : line.level === "event" ? "tag accent" : "tag"}>
        {line.level === "error" && <Icon name="error" small />}{line.level === "warn" && <Icon name="warn" small />}{line.level}</span>;

function Line({ state, line, decimals }: { state: TraceState; line: LogLine; decimals: number }) {
    const { trace, start, end, gaps } = state.analysis.value;
    const at = timeScale(start, end, 1000, gaps, 0, 0).x(line.atNs) / 10; // of 100 %
    return <tr class={state.selected.value === line.row ? "sel" : ""} onPointerEnter={() => { state.cursorT.value = line.atNs; }} onPointerLeave={() => { state.cursorT.value = null; }}>
        <td class="num">{base.value === "clock" ? clock(timeAfter(trace.startTime, line.atNs), zone.value, Math.min(9, 3 + decimals)) : <>{ms(base.value === "span" ? line.inSpanNs : line.atNs - trace.start[trace.root]!, decimals)}<span class="u">ms</span></>}</td>
        <td class="wide"><span class="place" aria-hidden="true"><i style={{ "--c": line.level === "error" ? "var(--error)" : `var(${serviceToken(line.slot)})`, left: `${Math.max(0, Math.min(100, at))}%` }} /></span></td>
        <td><LevelTag line={line} /></td>
        <td class="wide"><Service name={line.serviceName} slot={line.slot} /></td>
        <td class={isBad(line.level) ? "msg m" : "msg"} title={line.message}>{line.message}</td>
        <td class="wide"><button type="button" class="cell ell" onClick={() => state.select(line.row, { reveal: true })}>{trace.name[line.row]}</button></td>
    </tr>;
}

export function LogsView({ state }: { state: TraceState }) {
    const [filter, setFilter] = useState("");
    const [badOnly, setBadOnly] = useState(false);
    const [shown, setShown] = useState(LINES_SHOWN);
    const found = useComputed(() => logLines(state.analysis.value.trace));
    const { lines, isCut } = found.value;
    const kept = lines.filter(line => (!badOnly || isBad(line.level)) && (!filter.trim() || lineMatches(line, filter.trim())));
    const decimals = decimalsOf(kept.slice(0, shown).map(line => line.atNs));
    if (lines.length === 0) return <section class="alt" aria-label="Logs"><div class="altbody pad"><h2>No events</h2><p class="t2">None of the {grouped(state.source.count)} spans carries an event.</p></div></section>;
    return <section class="alt" aria-label="Logs">
        <div class="tb">
            <button type="button" class="btn s" aria-pressed={badOnly} onClick={() => setBadOnly(!badOnly)}>Warn and above</button>
            <label class="inp s w240"><Icon name="search" /><span class="sr">Filter</span><input value={filter} placeholder="Filter text or key=value" onInput={event => setFilter(event.currentTarget.value)} /></label>
            <span class="small muted">Times from</span>
            <Segmented small label="Times from" value={base.value} onChange={id => { base.value = id; }}
                choices={[{ id: "trace", label: "trace start" }, { id: "span", label: "span start" }, { id: "clock", label: `clock, ${zoneName(zone.value, state.source.startTime)}` }]} />
            <span class="grow" /><span class="small muted" role="status">{kept.length === lines.length ? `${grouped(lines.length)} events` : `${grouped(kept.length)} of ${grouped(lines.length)} events`}{isCut && ", the first of the trace"}</span>
        </div>
        <div class="altbody" tabIndex={0} role="region" aria-label="Lines">
            <table class="t compact sticky logs"><caption class="sr">Events of this trace in order of time</caption>
                <thead><tr><th scope="col" class="num" aria-sort="ascending">Time{base.value === "clock" && `, ${zoneName(zone.value, state.source.startTime)}`}</th><th scope="col" class="wide">In the trace</th><th scope="col">Level</th><th scope="col" class="wide">Service</th><th scope="col">Message</th><th scope="col" class="wide">Span</th></tr></thead>
                <tbody>{kept.slice(0, shown).map(line => <Line key={`${line.row} ${line.index}`} state={state} line={line} decimals={decimals} />)}</tbody></table>
            {kept.length > shown && <p class="pad"><button type="button" class="btn s" onClick={() => setShown(shown + 2000)}>{grouped(kept.length - shown)} more</button></p>}
            {kept.length === 0 && <p class="pad muted">No event has “{filter}”{badOnly && " at warn and above"}.</p>}
        </div>
    </section>;
}
