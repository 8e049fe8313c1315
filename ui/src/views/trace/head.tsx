// head.tsx -- who, how it went, five facts, and where the time went by service.
import { count, counted, duration, exactDuration, grouped, offsetText, percent } from "../../model/number.ts";
import { ago, clock, day, fullTime, offsetNs, zoneName } from "../../model/time.ts";
import { scopeAt } from "../../model/trace.ts";
import { stateWords, type ServiceShare } from "../../model/trace_facts.ts";
import { now } from "../../state/range.ts";
import { zone } from "../../state/settings.ts";
import { hrefWith } from "../../state/url.ts";
import { CopyButton } from "../../widgets/copy.tsx";
import { FigureText } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { ShareBar, Swatch } from "../../widgets/service.tsx";
import { MoreMenu, Similar } from "./actions.tsx";
import { Crumbs } from "./crumbs.tsx";
import type { TraceState } from "./trace_state.ts";

/** A trace id in two halves, as people compare them. */
const halves = (id: string): string => (id.length === 32 ? `${id.slice(0, 16)} ${id.slice(16)}` : id);

export function Title({ state }: { state: TraceState }) {
    const { trace } = state.analysis.value;
    const scope = scopeAt(trace, trace.root), words = stateWords(trace);
    return <div class="line1">
        <h1 title={`${scope.serviceName} ${trace.name[trace.root]}`}><Swatch slot={scope.slot} /><span class="ell svcname">{scope.serviceName || "unnamed service"}</span><span class="ell op">{trace.name[trace.root] || "unnamed"}</span></h1>
        <span class={words.tone ? `tag ${words.tone}` : "tag"}>{words.tone === "error" && <Icon name="error" small />}{words.text}</span>
        {trace.orphanCount > 0 && <span class="tag warn"><Icon name="warn" small />{counted(trace.orphanCount, "parent missing", "parents missing")}</span>}
        <span class="mono id">{halves(trace.traceId)}</span><CopyButton text={trace.traceId} label={`Copy trace id ${trace.traceId} (Y)`} />
        <span class="grow" />
        <Similar state={state} />
        <CopyButton text={() => shareLink()} label="Copy a link to this view (y)">Share</CopyButton>
        <MoreMenu state={state} />
    </div>;
}

/** The address as it is now; what is relative in it does not matter for one trace. */
export const shareLink = (): string => new URL(hrefWith({ from: null, to: null, set: null, n: null }), location.origin).href;

export function Shares({ shares, count: shown }: { shares: readonly ServiceShare[]; count: number }) {
    const big = shares.slice(0, shown), rest = shares.slice(shown);
    const restShare = rest.reduce((sum, s) => sum + s.share, 0);
    const label = `Time on the critical path: ${big.map(s => `${s.name} ${percent(s.share)}`).join(", ")}${rest.length ? `, ${rest.length} more ${percent(restShare)}` : ""}`;
    return <>
        <ShareBar parts={big.map(s => ({ name: s.name, slot: s.slot, share: s.share }))} label={label} />
        <div class="lg">
            {big.map(s => <span key={s.name} title={s.name}><Swatch slot={s.slot} /><a class="ell" href={hrefWith({ find: `service:${/\s/.test(s.name) ? `"${s.name}"` : s.name}` })}>{s.name || "unnamed service"}</a> <b>{percent(s.share)}</b></span>)}
            {rest.length > 0 && <span class="muted">{rest.length} more <b>{percent(restShare)}</b></span>}
        </div>
    </>;
}

/* Fewer names before names are cut. */
const slim = matchMedia("(max-width: 1400px)");

export function Facts({ state }: { state: TraceState }) {
    const { trace, facts } = state.analysis.value;
    const z = zone.value, age = offsetNs(now.value, trace.startTime);
    const late = duration(facts.lateNs);
    return <div class="facts">
        <div><div class="l">Duration</div><div class="v"><FigureText figure={duration(facts.rootNs)} title={exactDuration(facts.rootNs)} /></div>
            <div class="x">{facts.lateNs > 0 ? "until the response" : "of the whole trace"}</div></div>
        <div><div class="l">Started</div><div class="v" title={fullTime(trace.startTime, z)}>{clock(trace.startTime, z)}<span class="u">{zoneName(z, trace.startTime)}</span></div>
            <div class="x">{day(trace.startTime, z)}, {age >= 0 ? ago(age) : "in the future"}</div></div>
        <div><div class="l">Spans</div><div class="v">{grouped(trace.spanCount)}</div>
            <div class="x">{counted(facts.serviceCount, "service")}, depth {facts.depth}</div></div>
        {facts.unfinishedCount > 0 && <div><div class="l">Not finished</div><div class="v">{count(facts.unfinishedCount)}</div><div class="x">shown as they are now</div></div>}
        {facts.lateNs > 0 && <div><div class="l">After the response</div><div class="v" title={exactDuration(facts.lateNs)}>+{late.value}<span class="u">{late.unit}</span></div>
            <div class="x">{facts.lateConsumerCount > 0 && `${counted(facts.lateConsumerCount, "consumer")}, `}{facts.lateSpanCount > 0 ? counted(facts.lateSpanCount, "span") : "one span ends later"}</div></div>}
        {state.skews.size > 0 && <div><div class="l">Clocks</div><div class="v">{offsetText([...state.skews.values()].reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0))}</div>
            <div class="x">{counted(state.skews.size, "span")} off, <a href={hrefWith({ adj: state.isAdjusted.value ? null : "1" })}>{state.isAdjusted.value ? "show as stored" : "show adjusted"}</a></div></div>}
        <div class="shares"><div class="row"><span class="l">Time on the critical path, by service</span><span class="grow" /><a class="micro" href={hrefWith({ view: "table", by: "service" })}>table</a></div>
            <Shares shares={facts.shares} count={slim.matches ? 3 : 5} /></div>
    </div>;
}

export const Head = ({ state }: { state: TraceState }) => <><Crumbs state={state} /><Title state={state} /><Facts state={state} /></>;
