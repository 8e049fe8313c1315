// phone.tsx -- a trace on a narrow screen: the critical path as a list, details as a sheet from below.
import { useState } from "preact/hooks";
import { duration, grouped } from "../../model/number.ts";
import { clock, day, zoneName } from "../../model/time.ts";
import { endOf, scopeAt } from "../../model/trace.ts";
import { pathBelow } from "../../model/critical_path.ts";
import { timeScale } from "../../model/layout_time.ts";
import { stateWords } from "../../model/trace_facts.ts";
import { isHatched, serviceToken } from "../../draw/palette.ts";
import { zone } from "../../state/settings.ts";
import { change, hrefTo, param } from "../../state/url.ts";
import { Tabs } from "../../widgets/choice.tsx";
import { FigureText } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Swatch } from "../../widgets/service.tsx";
import { cameFrom } from "./crumbs.tsx";
import { Details } from "./details.tsx";
import { MoreMenu } from "./actions.tsx";
import { Shares } from "./head.tsx";
import type { TraceState } from "./trace_state.ts";
import { LogsView } from "./view_logs.tsx";

type PhoneTab = "path" | "all" | "errors" | "logs";
/* Steps with a smaller share of the path are folded. */
const LEAST = 0.05, ROWS_MAX = 300;

function rowsOf(state: TraceState, tab: PhoneTab, isWhole: boolean): { rows: number[]; left: number } {
    const { trace, path } = state.analysis.value;
    const below = pathBelow(trace, path), rows: number[] = [];
    let left = 0;
    for (let row = 0; row < trace.count; row++) {
        const fits = tab === "all" || (tab === "errors" ? trace.isError[row] === 1 : below[row]! > 0 || trace.isError[row] === 1);
        if (!fits) continue;
        if (tab === "path" && !isWhole && below[row]! < path.totalNs * LEAST && !trace.isError[row]) { left++; continue; }
        if (rows.length >= ROWS_MAX) left++;
        else rows.push(row);
    }
    return { rows, left };
}

function PhoneRow({ state, row }: { state: TraceState; row: number }) {
    const { trace, start, end, gaps } = state.analysis.value;
    const scope = scopeAt(trace, row), isError = trace.isError[row] === 1;
    const scale = timeScale(start, end, 1000, gaps, 0, 0), left = scale.x(trace.start[row]!) / 10; // of 100 %
    return <button type="button" class={state.selected.value === row ? "pr sel" : "pr"} style={{ "--d": Math.min(trace.depth[row]!, 7), "--c": `var(${serviceToken(scope.slot)})` }}
        aria-pressed={state.selected.value === row} onClick={() => state.select(state.selected.value === row ? -1 : row)}>
        <span class="row"><Swatch slot={scope.slot} /><span class="ell">{trace.name[row] || "unnamed"}</span>{isError && <span class="err"><Icon name="error" small /></span>}</span>
        <span class={isError ? "du err m" : "du"}><FigureText figure={duration(trace.duration[row]!)} /></span>
        <span class="tbar" aria-hidden="true"><i class={[isError && "bad", isHatched(scope.slot) && "h"].filter(Boolean).join(" ")} style={{ left: `${left}%`, width: `${scale.x(endOf(trace, row)) / 10 - left}%` }} /></span>
    </button>;
}

export function PhoneTrace({ state }: { state: TraceState }) {
    const [isWhole, setWhole] = useState(false);
    const { trace, facts } = state.analysis.value, words = stateWords(trace);
    const view = param("view");
    const tab: PhoneTab = view === "logs" || view === "errors" || view === "all" ? view : "path";
    const { rows, left } = rowsOf(state, tab, isWhole);
    return <main class="trace phone">
        <header class="pt"><a class="btn quiet icon" href={cameFrom()?.address ?? hrefTo("/search")} aria-label="Back to the search"><Icon name="left" /></a>
            <div class="grow"><h1 class="ell">{trace.name[trace.root] || "unnamed"}</h1><div class="micro muted">{day(trace.startTime, zone.value)} {clock(trace.startTime, zone.value)} {zoneName(zone.value, trace.startTime)}</div></div>
            <MoreMenu state={state} /></header>
        <section class="psum"><div class="row"><span class="big"><FigureText figure={duration(facts.rootNs)} /></span><span class="grow" /><span class={words.tone ? `tag ${words.tone}` : "tag"}>{words.tone === "error" && <Icon name="error" small />}{words.text}</span></div>
            <Shares shares={facts.shares} count={3} /></section>
        <Tabs label="Views of this trace" panel="trace-panel" value={tab} onChange={id => change({ view: id === "path" ? null : id })} choices={[{ id: "path", label: "Critical path" },
            { id: "all", label: "All", count: trace.count }, { id: "errors", label: "Errors", count: trace.errorCount }, { id: "logs", label: "Logs" }]} />
        <div id="trace-panel" role="tabpanel" aria-labelledby={`trace-panel-tab-${tab}`}>
            {tab === "logs" ? <LogsView state={state} /> : rows.map(row => <PhoneRow key={row} state={state} row={row} />)}
            {left > 0 && tab === "path" && <p class="small muted pad">{grouped(left)} steps under 5 % of the time are not shown. <button type="button" class="linkish" onClick={() => setWhole(true)}>Show all</button></p>}
            {left > 0 && tab !== "path" && <p class="small muted pad">{grouped(left)} more spans; a wider screen shows them all.</p>}
            {rows.length === 0 && tab === "errors" && <p class="pad muted">No span failed.</p>}
        </div>
        <Details state={state} isSheet />
    </main>;
}
