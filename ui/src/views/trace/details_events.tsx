// details_events.tsx -- the events of a span, exceptions with their stack folded to the program's own frames.
import { useState } from "preact/hooks";
import { durationText, offsetText } from "../../model/number.ts";
import { clock, timeAfter } from "../../model/time.ts";
import { attributeText, eventsAt, valueText, type SpanEvent } from "../../model/trace.ts";
import { foldedStack } from "../../model/stack.ts";
import { zone } from "../../state/settings.ts";
import { CopyButton } from "../../widgets/copy.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { LongValue, laidOut } from "./attribute_row.tsx";
import type { TraceState } from "./trace_state.ts";

function Stack({ text }: { text: string }) {
    const [isWhole, setWhole] = useState(false);
    const parts = foldedStack(text);
    return <div class="stack"><pre class="codebox" tabIndex={0} role="region" aria-label="Stack">{isWhole ? text : parts.map((part, i) => part.isFolded
        ? <button type="button" class="linkish" key={i} onClick={() => setWhole(true)}>{`  … ${part.lines.length} frames of libraries\n`}</button> : `${part.lines.join("\n")}\n`)}</pre>
        <div class="row"><CopyButton text={text} label="Copy the stack">Copy stack</CopyButton>
            {parts.some(part => part.isFolded) && <button type="button" class="linkish" onClick={() => setWhole(!isWhole)}>{isWhole ? "fold library frames" : "show all frames"}</button>}</div></div>;
}

const EventValue = ({ text }: { text: string }) => (text.includes("\n") ? <span class="block" tabIndex={0}>{text}</span> : <>{text}</>);

function EventBody({ event }: { event: SpanEvent }) {
    const rest = event.attributes.filter(a => a.key !== "exception.stacktrace");
    const stack = event.attributes.find(a => a.key === "exception.stacktrace");
    return <>
        {rest.length > 0 && <table class="attr"><tbody>{rest.map(a => <tr key={a.key}><th scope="row">{a.key}</th><td class="mono">
            {a.previewOf && a.href ? <LongValue preview={valueText(a.value)} length={a.length} href={a.href} /> : <EventValue text={laidOut(valueText(a.value))} />}</td></tr>)}</tbody></table>}
        {stack && (stack.previewOf && stack.href ? <div class="mono small"><LongValue preview={valueText(stack.value)} length={stack.length} href={stack.href} /></div> : <Stack text={valueText(stack.value)} />)}
    </>;
}

export function Events({ state, row }: { state: TraceState; row: number }) {
    const { trace } = state.analysis.value;
    const events = eventsAt(trace, row);
    if (events.length === 0) return <p class="muted small pad">This span has no events.</p>;
    return <ol class="events">{events.map((event, i) => {
        const at = event.atNs, inSpan = at - trace.start[row]!, isBad = event.name === "exception";
        return <li key={i} onPointerEnter={() => { state.cursorT.value = at; }} onPointerLeave={() => { state.cursorT.value = null; }}>
            <div class="row"><b class={isBad ? "err" : ""}>{isBad && <Icon name="error" small />} {event.name || "unnamed event"}</b><span class="grow" />
                <span class="small muted" title={`${offsetText(at)} from the trace's start`}>{offsetText(inSpan)} · {clock(timeAfter(trace.startTime, at), zone.value)}</span></div>
            {isBad && <p class="small">{attributeText(event.attributes, "exception.message")}</p>}
            {inSpan > trace.duration[row]! && <p class="small wrn">{durationText(inSpan - trace.duration[row]!)} after the span's end</p>}
            <EventBody event={event} />
        </li>;
    })}</ol>;
}
