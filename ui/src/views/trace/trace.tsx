// trace.tsx -- one request: where its time went and why.
import { useEffect } from "preact/hooks";
import { fetchTrace } from "../../api/trace.ts";
import { durationText } from "../../model/number.ts";
import { scopeAt } from "../../model/trace.ts";
import { useResource } from "../../state/resource.ts";
import { Duration } from "../../widgets/figure.tsx";
import { Service } from "../../widgets/service.tsx";
import { Failure, Skeleton } from "../../widgets/states.tsx";

export function Page({ id }: { id: string }) {
    const found = useResource(signal => fetchTrace(id, signal));
    const trace = found.value;
    useEffect(() => { document.title = trace ? `${trace.name[trace.root]} · ${durationText(trace.durationNs)} · weft` : "Trace · weft"; }, [trace]);
    if (found.error) return <main class="page"><Failure error={found.error} again={found.again} /></main>;
    if (!trace) return <main class="page">{found.isSlow && <Skeleton rows={12} label="Loading the trace" />}</main>;
    return <main class="page"><h1 class="h1">{trace.name[trace.root]}</h1>
        <table class="t">{Array.from({ length: Math.min(trace.count, 200) }, (_, row) => <tr key={row}>
            <td style={{ paddingLeft: `${12 + trace.depth[row]! * 11}px` }}><Service name={scopeAt(trace, row).serviceName} slot={scopeAt(trace, row).slot} /> {trace.name[row]}</td>
            <td class="num"><Duration ns={trace.duration[row]!} /></td></tr>)}</table></main>;
}
