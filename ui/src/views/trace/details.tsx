// details.tsx -- the chosen span: what it is, how it compares with others like it, and everything it carries.
import { useEffect, useRef, useState } from "preact/hooks";
import { attributeGroups } from "../../model/attribute_groups.ts";
import { duration, exactDuration, offsetText } from "../../model/number.ts";
import { attributeText, attributesAt, childrenOf, eventsAt, linksAt, scopeAt, serviceAt, statusMessageAt, traceStateAt, droppedAt, parentSpanIdAt, statusAt, type Trace } from "../../model/trace.ts";
import { outcomeOf } from "../../model/trace_facts.ts";
import { RowKind } from "../../model/trace_rows.ts";
import { setting } from "../../state/settings.ts";
import { Tabs } from "../../widgets/choice.tsx";
import { CopyButton } from "../../widgets/copy.tsx";
import { FigureText } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Service } from "../../widgets/service.tsx";
import { Note } from "../../widgets/states.tsx";
import { AttributeRow, pins } from "./attribute_row.tsx";
import { Events } from "./details_events.tsx";
import { Links } from "./details_links.tsx";
import { Peers } from "./details_peers.tsx";
import { GroupDetails, MissingDetails } from "./details_group.tsx";
import type { TraceState } from "./trace_state.ts";
import { oddities, skewText } from "./words.ts";

type TabId = "attributes" | "events" | "links" | "json";
const panelWidth = setting<number>("trace-panel-width", 404, v => typeof v === "number" && v >= 320 && v <= 720);

function Attributes({ trace, row }: { trace: Trace; row: number }) {
    const [filter, setFilter] = useState("");
    const { groups, total, shown } = attributeGroups(trace, row, pins.value, filter);
    return <>
        <label class="inp s full"><Icon name="filter" /><span class="sr">Filter attributes</span>
            <input value={filter} placeholder={`Filter ${total} attributes`} onInput={event => setFilter(event.currentTarget.value)} /></label>
        {groups.map(group => <section key={group.title}>
            <h3 class="sec">{group.title === "Pinned" && <Icon name="pin" small />}{group.title}</h3>
            <table class="attr"><tbody>{group.rows.map(placed => <AttributeRow key={`${placed.origin} ${placed.attribute.key}`} placed={placed} />)}</tbody></table>
        </section>)}
        {shown === 0 && <p class="muted small pad">{total === 0 ? "This span has no attributes." : `None of ${total} attributes has “${filter}” in its key or value.`}</p>}
    </>;
}

/* The span as the API says it, read back from its columns. */
const spanJson = (trace: Trace, row: number): string => JSON.stringify({
    trace_id: trace.traceId, span_id: trace.spanId[row], parent_span_id: parentSpanIdAt(trace, row) || null, name: trace.name[row], kind: trace.kind[row],
    start_time_unix_nano: String(trace.startTime + BigInt(Math.round(trace.start[row]!))), duration_ns: trace.duration[row], status: statusAt(trace, row),
    status_message: statusMessageAt(trace, row), trace_state: traceStateAt(trace, row), attributes: trace.raw.cell("attributes", row), events: trace.raw.cell("events", row),
    links: trace.raw.cell("links", row), dropped_counts: trace.raw.cell("dropped_counts", row),
    scope: { name: scopeAt(trace, row).name, version: scopeAt(trace, row).version, attributes: scopeAt(trace, row).attributes }, resource: scopeAt(trace, row).resource,
}, null, 2);

function ErrorNote({ trace, row, openEvents }: { trace: Trace; row: number; openEvents: () => void }) {
    if (!trace.isError[row]) return null;
    const exception = eventsAt(trace, row).find(event => event.name === "exception");
    const message = statusMessageAt(trace, row) || (exception && attributeText(exception.attributes, "exception.message")) || outcomeOf(trace, row);
    const stack = exception ? attributeText(exception.attributes, "exception.stacktrace") : "";
    const first = stack.split("\n").map(line => line.trim()).find(line => /^(at |File |\S+\.go:|\S+\(.*:\d+)/.test(line)) ?? "";
    return <Note tone="error" title={message || "error"}>
        {first && <span class="t2">{first}</span>}{exception && <>{first && " · "}<button type="button" class="linkish" onClick={openEvents}>stack</button></>}
    </Note>;
}

/** Who called whom: of a client the service that answered, of a server the one that asked. */
function Way({ state, row }: { state: TraceState; row: number }) {
    const { trace } = state.analysis.value;
    const scope = scopeAt(trace, row);
    const server = childrenOf(trace, row).find(child => serviceAt(trace, child) !== scope.serviceName && ["server", "consumer"].includes(trace.kind[child]!));
    const parent = trace.parent[row]!;
    const caller = parent >= 0 && serviceAt(trace, parent) !== scope.serviceName ? parent : -1;
    const open = (to: number) => (): void => state.select(to, { reveal: true });
    return <div class="row small way">
        {caller >= 0 && <><Service name={serviceAt(trace, caller)} slot={scopeAt(trace, caller).slot} /><span class="muted">→</span></>}
        <Service name={scope.serviceName} slot={scope.slot} />
        {server !== undefined && <><span class="muted">→</span><Service name={serviceAt(trace, server)} slot={scopeAt(trace, server).slot} /></>}
        <span class="grow" />
        {server !== undefined ? <button type="button" class="linkish" onClick={open(server)}>Open {trace.kind[server]} span</button>
            : caller >= 0 && <button type="button" class="linkish" onClick={open(caller)}>Open caller</button>}
    </div>;
}

function Figures({ state, row }: { state: TraceState; row: number }) {
    const { trace, own, path } = state.analysis.value;
    const items: [string, number, string?][] = [["Duration", trace.duration[row]!], ["Own work", own[row]!], ["Starts at", trace.start[row]! - trace.start[trace.root]!, "offset"]];
    if (path.ownNs[row]! > 0) items.push(["On critical path", path.ownNs[row]!]);
    return <div class="figs">{items.map(([label, ns, kind]) => <span key={label}><span class="micro muted">{label}</span>
        {kind ? <b class="n" title={exactDuration(ns)}>{offsetText(ns)}</b> : <b><FigureText figure={duration(ns)} title={exactDuration(ns)} /></b>}</span>)}</div>;
}

function SpanDetails({ state, row, close }: { state: TraceState; row: number; close: () => void }) {
    const [tab, setTab] = useState<TabId>("attributes");
    const { trace } = state.analysis.value;
    const events = eventsAt(trace, row), links = linksAt(trace, row), attributes = attributesAt(trace, row);
    const dropped = droppedAt(trace, row), odd = oddities(trace, row), skew = state.skews.get(row);
    const resend = attributeText(attributes, "http.request.resend_count");
    return <>
        <header class="sh">
            <div class="row tags">
                {trace.isError[row] === 1 && <span class="tag error"><Icon name="error" small />{outcomeOf(trace, row)}</span>}
                <span class="tag">{trace.kind[row] || "unspecified"}</span>{resend && <span class="tag">resent {resend} ×</span>}
                {state.marked.value.has(trace.spanId[row]!) && <span class="tag accent">matches the search</span>}
                <span class="grow" />
                <CopyButton text={trace.spanId[row]!} label={`Copy span id ${trace.spanId[row]}`} />
                <button type="button" class="btn quiet s icon" aria-label="Close (Esc)" title="Close (Esc)" onClick={close}><Icon name="close" /></button></div>
            <h2>{trace.name[row] || "unnamed"}</h2>
            <Way state={state} row={row} />
        </header>
        <div class="pct"><Figures state={state} row={row} /><Peers state={state} row={row} /></div>
        <Tabs label="Of this span" panel="span-panel" value={tab} onChange={setTab} choices={[
            { id: "attributes", label: "Attributes", count: attributes.length }, { id: "events", label: "Events", count: events.length },
            { id: "links", label: "Links", count: links.length }, { id: "json", label: "JSON" }]} />
        <div class="sb" id="span-panel" role="tabpanel" aria-labelledby={`span-panel-tab-${tab}`} tabIndex={0}>
            {tab === "attributes" && <>
                <ErrorNote trace={trace} row={row} openEvents={() => setTab("events")} />
                {odd.map(text => <Note key={text} tone="warn" title={text} />)}
                {skew !== undefined && <Note tone="warn" title={skewText(skew)}>{state.isAdjusted.value ? "Shown moved by that; the stored times are in JSON." : "Shown as stored."}</Note>}
                <Attributes trace={trace} row={row} />
                {dropped.some(n => n > 0) && <p class="small muted pad">The sender left out {dropped[0]} attributes, {dropped[1]} events, {dropped[2]} links.</p>}</>}
            {tab === "events" && <Events key={row} state={state} row={row} />}
            {tab === "links" && <Links key={row} state={state} row={row} />}
            {tab === "json" && <><div class="row pad"><CopyButton text={() => spanJson(trace, row)} label="Copy this span as JSON">Copy</CopyButton></div><pre class="codebox" tabIndex={0} role="region" aria-label="This span as JSON">{spanJson(state.source, row)}</pre></>}
        </div>
    </>;
}

/* Drag the panel's edge; arrow keys too. */
function Edge() {
    const onDown = (event: PointerEvent): void => {
        const handle = event.currentTarget as HTMLElement, start = event.clientX, before = panelWidth.value;
        handle.setPointerCapture(event.pointerId);
        const onMove = (move: PointerEvent): void => { panelWidth.value = Math.max(320, Math.min(720, before + start - move.clientX)); };
        handle.addEventListener("pointermove", onMove);
        handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", onMove), { once: true });
        event.preventDefault();
    };
    return <div class="edge" role="separator" aria-orientation="vertical" aria-label="Width of the details" tabIndex={0} aria-valuenow={panelWidth.value} aria-valuemin={320} aria-valuemax={720}
        onPointerDown={onDown} onDblClick={() => { panelWidth.value = 404; }}
        onKeyDown={event => {
            const step = { ArrowLeft: 16, ArrowRight: -16 }[event.key];
            if (!step) return;
            event.preventDefault();
            panelWidth.value = Math.max(320, Math.min(720, panelWidth.value + step));
        }} />;
}

export function Details({ state, isSheet }: { state: TraceState; isSheet?: boolean }) {
    const rows = state.rows.value, at = state.active.value, box = useRef<HTMLElement>(null);
    const kind = at >= 0 ? rows.kind[at] : RowKind.span;
    const row = state.selected.value;
    const close = (): void => { state.select(-1); document.querySelector<HTMLElement>(".tree")?.focus({ preventScroll: true }); };
    useEffect(() => { box.current?.querySelector(".sb")?.scrollTo(0, 0); }, [row]);
    const body = kind === RowKind.alike ? <GroupDetails state={state} group={rows.subject[at]!} close={close} />
        : kind === RowKind.missing ? <MissingDetails state={state} index={rows.subject[at]!} close={close} />
            : row >= 0 ? <SpanDetails key={isSheet ? "sheet" : "side"} state={state} row={row} close={close} /> : null;
    if (!body) return null;
    return <aside ref={box} class={isSheet ? "sheet" : "side"} aria-label="Selected span" style={isSheet ? undefined : { width: `${panelWidth.value}px` }}>
        {!isSheet && <Edge />}{body}
    </aside>;
}
