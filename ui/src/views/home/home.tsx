// home.tsx -- what is wrong now, as far as figures tell: services worst first, newest errors, slowest requests. Until
// something was sent, how to send it.
import { useEffect, useRef, useState } from "preact/hooks";
import { fetchTraces, type TraceFound } from "../../api/query.ts";
import { fetchRed } from "../../api/red.ts";
import { count, counted } from "../../model/number.ts";
import { REQUESTS, traceqlText, type Red } from "../../model/red.ts";
import { ago, clock, offsetNs } from "../../model/time.ts";
import { status, useLiveFigures } from "../../state/live.ts";
import { now, range, rangeParams } from "../../state/range.ts";
import { useResource, type Resource } from "../../state/resource.ts";
import { slotOf, wantServices } from "../../state/services.ts";
import { zone } from "../../state/settings.ts";
import { go, hrefTo } from "../../state/url.ts";
import { Duration } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { RedTable } from "../../widgets/red_table.tsx";
import { Service, Swatch } from "../../widgets/service.tsx";
import { Failure, Nothing, Skeleton } from "../../widgets/states.tsx";
import { FirstRun } from "./first_run.tsx";

const ROWS = 8;
const SERVICE = "resource.service.name";
const SLOWEST = "{ nestedSetParent < 0 } | order(duration)";
const ERRORS = "{ status = error }";

const serviceFilter = (name: string): string => (name ? `${SERVICE} = ${traceqlText(name)}` : `${SERVICE} = nil`);

function SearchBox() {
    const [text, setText] = useState("");
    const submit = (event: Event): void => {
        event.preventDefault();
        const query = text.trim();
        go(hrefTo("/search", { q: query.startsWith("{") || query === "" ? query : `{ text contains ${traceqlText(query)} }` }));
    };
    return <form class="home-search" role="search" onSubmit={submit}>
        <label class="inp"><Icon name="search" /><span class="sr">Search traces: words, or TraceQL</span>
            <input value={text} placeholder="Search traces: words, or TraceQL such as { duration > 1s }" onInput={event => setText(event.currentTarget.value)} /></label>
        <button class="btn primary">Search</button></form>;
}

function sentence(rows: readonly Red[]): string {
    const failing = rows.filter(row => row.errorRate > 0).sort((a, b) => b.errorShare - a.errorShare);
    const services = counted(rows.length, "service");
    if (failing.length === 0) return `${services} served requests without an error.`;
    return `${failing.length} of ${services} answered with errors; most often ${failing[0]!.name || "an unnamed service"}.`;
}

function Services() {
    const red = useResource(signal => fetchRed({ filter: "", label: SERVICE, from: range.value.from, to: range.value.to, points: 30 }, signal));
    const rows = red.value?.rows ?? [];
    return <section class="panel services" aria-labelledby="home-services">
        <div class="ph"><h2 id="home-services">Services</h2>{red.value && <span class="sub">{sentence(rows)}</span>}<span class="grow" />
            <a class="btn s" href={hrefTo("/services")}>All {rows.length || ""}</a></div>
        {red.error && <div class="pb"><Failure error={red.error} again={red.again} /></div>}
        {!red.value && red.isSlow && <Skeleton rows={ROWS} label="Loading services" />}
        {red.value && rows.length === 0 && <Nothing title="No requests in this range"><p>Choose a longer time range above, or look at <a href={hrefTo("/search", { from: "now-30d" })}>the last 30 days</a>.</p></Nothing>}
        {rows.length > 0 && <RedTable rows={rows} what="Service" caption="Services"
            name={row => <a href={hrefTo(`/service/${encodeURIComponent(row.name)}`)}><Service name={row.name} slot={slotOf(row.name)} /></a>}
            tracesHref={(row, extra) => hrefTo("/search", { q: `{ ${[serviceFilter(row.name), `(${REQUESTS})`, extra].filter(Boolean).join(" && ")} }` })} />}
    </section>;
}

function TraceList({ id, title, query, found, detail, again }: {
    id: string; title: string; query: string; found: Resource<readonly TraceFound[]>; again: () => void; detail: (trace: TraceFound) => preact.ComponentChildren;
}) {
    return <section class="panel" aria-labelledby={id}>
        <div class="ph"><h2 id={id}>{title}</h2><span class="grow" /><a class="small" href={hrefTo("/search", { q: query })}>All</a></div>
        {found.error && <div class="pb"><Failure error={found.error} again={again} /></div>}
        {!found.value && found.isSlow && <Skeleton rows={5} label={title} />}
        {found.value && found.value.length === 0 && <p class="pb muted small">None in this range.</p>}
        {found.value && found.value.length > 0 && <ul class="list">{found.value.map(trace => <li key={trace.traceId}>
            <a href={hrefTo(`/trace/${trace.traceId}`)}><Swatch slot={slotOf(trace.rootServiceName)} /><span class="ell grow"><span class="t2">{trace.rootServiceName || "root not received"}</span> {trace.rootName}</span>{detail(trace)}</a>
        </li>)}</ul>}
    </section>;
}

function Board() {
    useLiveFigures();
    useEffect(() => { wantServices(); }, [now.value]);
    const slow = useResource(signal => fetchTraces({ q: SLOWEST, limit: 6, ...rangeParams() }, signal).then(a => a.traces));
    const errors = useResource(signal => fetchTraces({ q: ERRORS, limit: 6, ...rangeParams() }, signal).then(a => a.traces));
    return <main class="page home"><h1 class="sr">Home</h1>
        <SearchBox />
        <Services />
        <div class="two">
            <TraceList id="home-errors" title="Newest errors" query={ERRORS} found={errors} again={errors.again}
                detail={trace => <><span class="err m nowrap">{counted(trace.errorCount, "error")}</span><time class="muted nowrap" title={ago(offsetNs(now.value, trace.startTime))}>{clock(trace.startTime, zone.value, 0)}</time></>} />
            <TraceList id="home-slow" title="Slowest requests" query={SLOWEST} found={slow} again={slow.again}
                detail={trace => <><span class="muted nowrap">{count(trace.spanCount)} spans</span><Duration ns={trace.durationNs} class="m" /></>} />
        </div>
    </main>;
}

export function Page(_: { id: string }) {
    useEffect(() => { document.title = "weft"; }, []);
    const wasEmpty = useRef(false); // then the first trace is opened by the page that waited for it
    const s = status.value;
    if (s === null) return <main class="page"><h1 class="sr">Home</h1></main>;
    if (s.spanCount === 0 && s.newestTraceId === "") wasEmpty.current = true;
    return wasEmpty.current ? <FirstRun /> : <Board />;
}
