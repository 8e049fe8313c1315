// details_links.tsx -- links of a span, in both directions, with the other trace's name and how far away it is.
import { fetchFound } from "../../api/trace.ts";
import { counted, durationText } from "../../model/number.ts";
import { clock, day, offsetNs, timeAfter, zoneName, type TimeNs } from "../../model/time.ts";
import { linksAt, rowOfSpan, valueText } from "../../model/trace.ts";
import type { TraceFound } from "../../api/query.ts";
import { useResource } from "../../state/resource.ts";
import { zone } from "../../state/settings.ts";
import { hrefTo, param } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Service } from "../../widgets/service.tsx";
import type { TraceState } from "./trace_state.ts";
import { quoted } from "./traceql.ts";

const isId = (id: string): boolean => /^[0-9a-f]{1,32}$/i.test(id);
/* More is a list to search, not to read. */
const SHOWN = 20;

function Far({ from, to }: { from: TimeNs; to: TimeNs }) {
    const ns = offsetNs(to, from);
    return <span class="small muted">{day(to, zone.value)} {clock(to, zone.value)} {zoneName(zone.value, to)}, {ns < 0 ? `${durationText(-ns)} before` : `${durationText(ns)} later`}</span>;
}

function Other({ found, traceId, spanId, here }: { found: TraceFound | undefined; traceId: string; spanId: string; here: TimeNs }) {
    const href = hrefTo(`/trace/${encodeURIComponent(traceId)}`, { span: spanId, set: param("set") });
    if (!found) return <div><a href={href} class="mono">{traceId}</a><div class="small muted">not stored here, or not any more</div></div>;
    const slot = found.services.find(s => s.name === found.rootServiceName)?.slot ?? 0;
    return <div><a href={href}><Service name={found.rootServiceName} slot={slot} /> <b>{found.rootName || "unnamed"}</b></a>
        <div><Far from={here} to={found.startTime} />{found.errorCount > 0 && <span class="small err"> · {counted(found.errorCount, "error")}</span>}</div></div>;
}

export function Links({ state, row }: { state: TraceState; row: number }) {
    const { trace } = state.analysis.value;
    const links = linksAt(trace, row);
    const here = timeAfter(trace.startTime, trace.start[row]!);
    const others = [...new Set(links.map(link => link.traceId))].filter(id => isId(id) && id !== trace.traceId).slice(0, SHOWN);
    const outward = useResource(signal => (others.length ? fetchFound({ q: `{ ${others.map(id => `trace:id = ${quoted(id)}`).join(" || ")} }`, limit: SHOWN }, signal) : null));
    const inward = useResource(signal => fetchFound({ q: `{ link:traceID = ${quoted(trace.traceId)} && link:spanID = ${quoted(trace.spanId[row]!)} }`, limit: SHOWN }, signal));
    const known = new Map(outward.value?.map(found => [found.traceId, found]));
    return <>
        <h3 class="sec"><Icon name="link" small />From this span</h3>
        {links.length === 0 && <p class="muted small pad">None.</p>}
        <ul class="links">{links.map((link, i) => {
            const inside = link.traceId === trace.traceId ? rowOfSpan(trace, link.spanId) : -1;
            return <li key={i}>{inside >= 0 ? <button type="button" class="linkish" onClick={() => state.select(inside, { reveal: true })}>{trace.name[inside]} in this trace</button>
                : outward.isLoading ? <span class="muted mono">{link.traceId}</span> : <Other found={known.get(link.traceId)} traceId={link.traceId} spanId={link.spanId} here={here} />}
                {link.attributes.length > 0 && <div class="small mono t2">{link.attributes.map(a => `${a.key}=${valueText(a.value)}`).join("  ")}</div>}</li>;
        })}</ul>
        <h3 class="sec"><Icon name="link" small />To this span, from other traces</h3>
        {inward.error && <p class="small err">{inward.error.message}</p>}
        {inward.value?.length === 0 && <p class="muted small pad">None stored.</p>}
        <ul class="links">{inward.value?.filter(found => found.traceId !== trace.traceId).map(found => <li key={found.traceId}><Other found={found} traceId={found.traceId} spanId="" here={here} /></li>)}</ul>
    </>;
}
