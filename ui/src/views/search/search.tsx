// search.tsx -- find requests: the query, and the traces it finds.
import { useEffect, useState } from "preact/hooks";
import { fetchTraces } from "../../api/query.ts";
import { clock } from "../../model/time.ts";
import { rangeParams } from "../../state/range.ts";
import { useResource } from "../../state/resource.ts";
import { zone } from "../../state/settings.ts";
import { change, hrefTo, param } from "../../state/url.ts";
import { Duration } from "../../widgets/figure.tsx";
import { Service } from "../../widgets/service.tsx";
import { Exactness, Failure, Skeleton } from "../../widgets/states.tsx";

export function Page(_: { id: string }) {
    useEffect(() => { document.title = "Search · weft"; }, []);
    const query = param("q") || "{ }";
    const [text, setText] = useState(query);
    const found = useResource(signal => fetchTraces({ q: param("q") || "{ }", limit: 50, ...rangeParams() }, signal));
    return <main class="page"><h1 class="sr">Search</h1>
        <form class="row" onSubmit={event => { event.preventDefault(); change({ q: text }); }}>
            <label class="inp grow mono"><span class="muted">TraceQL</span><input value={text} onInput={event => setText(event.currentTarget.value)} /></label>
            <button class="btn primary">Run</button></form>
        {found.error && <Failure error={found.error} again={found.again} />}
        {!found.value && found.isSlow && <Skeleton rows={10} label="Searching" />}
        {found.value && <div class="panel"><div class="ph"><h2>{found.value.traces.length} traces</h2><Exactness partial={found.value.partial} /></div>
            <table class="t"><thead><tr><th scope="col">Start, UTC</th><th scope="col">Root</th><th scope="col" class="num">Duration</th><th scope="col" class="num">Spans</th></tr></thead>
                <tbody>{found.value.traces.map(trace => <tr key={trace.traceId}>
                    <td>{clock(trace.startTime, zone.value)}</td>
                    <td><a href={hrefTo(`/trace/${trace.traceId}`)}><Service name={trace.rootServiceName} slot={trace.services.find(s => s.name === trace.rootServiceName)?.slot ?? 0} /> {trace.rootName}</a></td>
                    <td class="num"><Duration ns={trace.durationNs} /></td><td class="num">{trace.spanCount}</td></tr>)}</tbody></table></div>}
    </main>;
}
