// actions.tsx -- what can be done with the whole trace: traces like it, download, print.
import { otlpAddress } from "../../api/trace.ts";
import { scopeAt } from "../../model/trace.ts";
import { hrefTo } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Popover } from "../../widgets/popover.tsx";
import type { TraceState } from "./trace_state.ts";
import { likeQuery } from "./traceql.ts";

export const Similar = ({ state }: { state: TraceState }) => {
    const { trace } = state.analysis.value;
    return <a class="btn s" href={hrefTo("/search", { q: likeQuery(scopeAt(trace, trace.root).serviceName, trace.name[trace.root]!) })}
        title={`Traces with ${trace.name[trace.root]} of ${scopeAt(trace, trace.root).serviceName}`}><Icon name="search" />Similar traces</a>;
};

export const MoreMenu = ({ state }: { state: TraceState }) => {
    const id = state.source.traceId;
    return <Popover label="More: download, print" kind="menu" align="right" buttonClass="btn s icon" panelClass="menu" button={<Icon name="more" />}>
        {close => <>
            <a class="menu-item" role="menuitem" href={hrefTo("/compare", { a: id })} onClick={close}><Icon name="diff" />Compare with another trace</a>
            <a class="menu-item" role="menuitem" href={otlpAddress(id)} download={`trace-${id}.otlp.json`} onClick={close}><Icon name="download" />Download OTLP JSON</a>
            <a class="menu-item" role="menuitem" href={`/api/traces/${id}`} download={`trace-${id}.jaeger.json`} onClick={close}><Icon name="download" />Download Jaeger JSON</a>
            <a class="menu-item" role="menuitem" href={`/zipkin/api/v2/trace/${id}`} download={`trace-${id}.zipkin.json`} onClick={close}><Icon name="download" />Download Zipkin JSON</a>
            <button type="button" class="menu-item" role="menuitem" onClick={() => { close(); setTimeout(() => print(), 0); }}><Icon name="table" />Print</button>
        </>}
    </Popover>;
};
