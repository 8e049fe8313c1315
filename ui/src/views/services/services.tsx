// services.tsx -- the services that sent spans.
import { useEffect } from "preact/hooks";
import { fetchServices } from "../../api/names.ts";
import { count } from "../../model/number.ts";
import { now } from "../../state/range.ts";
import { useResource } from "../../state/resource.ts";
import { Service } from "../../widgets/service.tsx";
import { Failure, Skeleton } from "../../widgets/states.tsx";

export function Page(_: { id: string }) {
    useEffect(() => { document.title = "Services · weft"; }, []);
    const services = useResource(signal => { void now.value; return fetchServices(signal); });
    return <main class="page">
        <h1 class="h1">Services</h1>
        {services.error && <Failure error={services.error} again={services.again} />}
        {!services.value && services.isSlow && <Skeleton rows={8} label="Loading services" />}
        {services.value && <div class="panel"><table class="t"><thead><tr><th scope="col">Service</th><th scope="col" class="num">Spans</th></tr></thead>
            <tbody>{services.value.map(service => <tr key={service.name}><td><Service name={service.name} slot={service.slot} /></td><td class="num">{count(service.spanCount)}</td></tr>)}</tbody></table></div>}
    </main>;
}
