// services.tsx -- every service that served requests in the range, worst first.
import { useEffect, useState } from "preact/hooks";
import { fetchRed } from "../../api/red.ts";
import { counted } from "../../model/number.ts";
import { REQUESTS, traceqlText } from "../../model/red.ts";
import { useLiveFigures } from "../../state/live.ts";
import { now, range } from "../../state/range.ts";
import { useKeys } from "../../state/keys.ts";
import { useResource } from "../../state/resource.ts";
import { services as known, slotOf, wantServices } from "../../state/services.ts";
import { hrefTo } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { RedTable } from "../../widgets/red_table.tsx";
import { Service } from "../../widgets/service.tsx";
import { Exactness, Failure, Nothing, Skeleton } from "../../widgets/states.tsx";

const SERVICE = "resource.service.name";
const filterOf = (name: string): string => (name ? `${SERVICE} = ${traceqlText(name)}` : `${SERVICE} = nil`);

export function Page(_: { id: string }) {
    const [wanted, setWanted] = useState("");
    useLiveFigures();
    useEffect(() => { document.title = "Services · weft"; }, []);
    useEffect(() => { wantServices(); }, [now.value]);
    useKeys("Services", [{ keys: "/", help: "Filter services", run: () => document.querySelector<HTMLElement>("#service-filter")?.focus() }]);
    const red = useResource(signal => fetchRed({ filter: "", label: SERVICE, from: range.value.from, to: range.value.to, points: 30 }, signal));
    const rows = red.value?.rows ?? [];
    const shown = rows.filter(row => row.name.toLowerCase().includes(wanted.trim().toLowerCase()));
    const quiet = known.value.filter(service => !rows.some(row => row.name === service.name));
    return <main class="page">
        <div class="phead"><h1>Services</h1></div>
        <section class="panel" aria-label="Services">
            <div class="ph"><span role="status"><b>{counted(shown.length, "service")}</b></span>{red.value && <Exactness partial={red.value.partial} />}
                <span class="sub">Requests are spans that serve or consume, and roots</span><span class="grow" />
                <label class="inp s"><Icon name="filter" /><span class="sr">Filter services</span><input id="service-filter" value={wanted} placeholder="Filter" onInput={event => setWanted(event.currentTarget.value)} /></label></div>
            {red.error && <div class="pb"><Failure error={red.error} again={red.again} /></div>}
            {!red.value && red.isSlow && <Skeleton rows={12} label="Loading services" />}
            {red.value && shown.length === 0 && <Nothing title={wanted ? `No service is called "${wanted}"` : "No requests in this range"}>
                <p>{wanted ? <button type="button" class="btn s" onClick={() => setWanted("")}>Show all</button> : "Choose a longer time range above."}</p></Nothing>}
            {shown.length > 0 && <RedTable rows={shown} what="Service" caption="Services"
                name={row => <a href={hrefTo(`/service/${encodeURIComponent(row.name)}`)}><Service name={row.name} slot={slotOf(row.name)} /></a>}
                tracesHref={(row, extra) => hrefTo("/search", { q: `{ ${[filterOf(row.name), `(${REQUESTS})`, extra].filter(Boolean).join(" && ")} }` })} />}
        </section>
        {red.value && quiet.length > 0 && !wanted && <p class="small muted quiet-services">Without requests in this range: {quiet.map((service, i) => <span key={service.name}>{i > 0 && ", "}
            <a href={hrefTo("/search", { q: `{ ${filterOf(service.name)} }` })}>{service.name || "unnamed service"}</a></span>)}</p>}
    </main>;
}
