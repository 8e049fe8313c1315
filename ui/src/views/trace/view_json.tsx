// view_json.tsx -- the trace as OTLP JSON, as another program would get it.
import { fetchOtlp, otlpAddress } from "../../api/trace.ts";
import { bytesText } from "../../model/number.ts";
import { useResource } from "../../state/resource.ts";
import { CopyButton } from "../../widgets/copy.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Failure, Skeleton } from "../../widgets/states.tsx";
import { laidOut } from "./attribute_row.tsx";
import type { TraceState } from "./trace_state.ts";

/* More text than that makes a browser slow and no reader wiser. */
const SHOWN_MAX = 400_000, ASKED_MAX_SPANS = 5000;

export function JsonView({ state }: { state: TraceState }) {
    const id = state.source.traceId, isLarge = state.source.count > ASKED_MAX_SPANS;
    const otlp = useResource(signal => (isLarge ? null : fetchOtlp(id, signal)));
    const text = otlp.value === null ? "" : laidOut(otlp.value);
    return <section class="alt" aria-label="JSON">
        <div class="tb"><span class="small t2">OTLP JSON</span>
            {otlp.value !== null && <CopyButton text={() => otlp.value ?? ""} label="Copy the whole trace">Copy</CopyButton>}
            <a class="btn s" href={otlpAddress(id)} download={`trace-${id}.otlp.json`}><Icon name="download" />Download</a>
            <span class="grow" /><span class="small muted">{text && bytesText(otlp.value!.length)}{text.length > SHOWN_MAX && ", the first part is shown"}</span></div>
        <div class="altbody" tabIndex={0} role="region" aria-label="OTLP JSON">
            {isLarge && <p class="pad t2">This trace has {state.source.count.toLocaleString("en-US")} spans; its JSON is better downloaded than read here.</p>}
            {otlp.error && <Failure error={otlp.error} again={otlp.again} />}
            {otlp.isSlow && !otlp.value && <Skeleton rows={12} label="Loading the JSON" />}
            {text && <pre class="codebox whole" tabIndex={0}>{text.slice(0, SHOWN_MAX)}</pre>}
        </div>
    </section>;
}
