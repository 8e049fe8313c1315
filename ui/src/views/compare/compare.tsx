// compare.tsx -- two traces: what differs, step by step, and how the difference adds up.
import { useEffect, useMemo, useState } from "preact/hooks";
import { fetchTrace } from "../../api/trace.ts";
import { Canvas } from "../../draw/canvas.tsx";
import { largestParts, onlyChanges, stepChanges, type StepChange } from "../../model/compare.ts";
import { count, counted, duration, durationText, exactDuration, offsetText } from "../../model/number.ts";
import { pastedTrace } from "../../model/pasted.ts";
import { runMerge } from "../../model/paths.ts";
import { serviceAt, type Trace } from "../../model/trace.ts";
import { clock, day, zoneName } from "../../model/time.ts";
import { useResource } from "../../state/resource.ts";
import { zone } from "../../state/settings.ts";
import { change, hrefTo, param } from "../../state/url.ts";
import { Segmented } from "../../widgets/choice.tsx";
import { FigureText } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Swatch } from "../../widgets/service.tsx";
import { Failure, Nothing, Skeleton } from "../../widgets/states.tsx";
import { drawOutline, OUTLINE_HEIGHT } from "./outline.ts";

function Side({ letter, trace, id }: { letter: "A" | "B"; trace: Trace | null; id: string }) {
    const [text, setText] = useState(id);
    const submit = (event: Event): void => {
        event.preventDefault();
        const pasted = pastedTrace(text);
        if (pasted) change({ [letter.toLowerCase()]: pasted.traceId });
    };
    return <section class="panel side-card" aria-label={`Trace ${letter}`}><span class={`letter ${letter}`}>{letter}</span><div class="grow">
        {trace ? <><a class="ell" href={hrefTo(`/trace/${trace.traceId}`)}><b>{serviceAt(trace, trace.root)}</b> {trace.name[trace.root]}</a>
            <div class="small muted">{day(trace.startTime, zone.value)} {clock(trace.startTime, zone.value)} {zoneName(zone.value, trace.startTime)} · {counted(trace.spanCount, "span")} · <b class="t2">{durationText(trace.durationNs)}</b></div></>
            : <form class="row" onSubmit={submit}><label class="inp grow"><span class="sr">Id or address of trace {letter}</span><input value={text} placeholder={`Id or address of trace ${letter}`} onInput={event => setText(event.currentTarget.value)} /></label>
                <button class="btn">Use</button></form>}
    </div>{trace && <button type="button" class="btn s" onClick={() => change({ [letter.toLowerCase()]: null })}>Change</button>}</section>;
}

const kindTag = (change: StepChange) => change.kind === "new" ? <span class="tag warn">only in A</span> : change.kind === "gone" ? <span class="tag">only in B</span> : null;

function Bar({ ns, most, isSame }: { ns: number; most: number; isSame: boolean }) {
    const share = most > 0 ? Math.min(1, Math.abs(ns) / most) * 50 : 0;
    const strength = Math.abs(ns) > most / 2 ? 4 : Math.abs(ns) > most / 10 ? 3 : 2;
    const colour = isSame ? "--line-strong" : `--div-${ns >= 0 ? "slow" : "fast"}-${strength}`;
    return <span class="diff-bar" aria-hidden="true"><i style={{ left: ns >= 0 ? "50%" : `${50 - share}%`, width: `${share}%`, background: `var(${colour})` }} /></span>;
}

const Time = ({ calls, ns }: { calls: number; ns: number }) => calls === 0 ? <span class="muted">–</span> : <FigureText figure={duration(ns)} title={exactDuration(ns)} />;

function Steps({ changes }: { changes: readonly StepChange[] }) {
    const level = param("changes") === "all" ? "all" : "changes";
    const rows = level === "all" ? changes : onlyChanges(changes);
    const most = Math.max(...changes.map(one => Math.abs(one.changeNs)), 1);
    return <section class="panel" aria-labelledby="steps"><div class="ph"><h2 id="steps">Structure and time</h2><span class="sub">of each step, A minus B; grey: within a tenth</span><span class="grow" />
        <Segmented label="Steps shown" small value={level} onChange={id => change({ changes: id === "all" ? "all" : null })}
            choices={[{ id: "changes", label: "Only changes" }, { id: "all", label: `All ${count(changes.length)} steps` }]} /></div>
        {rows.length === 0 ? <Nothing title="No step differs"><p>Both traces have the same steps, and each takes the same time within a tenth.</p></Nothing>
            : <div class="scroll-x" tabIndex={0} role="region" aria-label="Steps"><table class="t compact compare-table"><caption class="sr">Steps of both traces</caption>
                <thead><tr><th scope="col">Step</th><th scope="col" class="num">Calls A</th><th scope="col" class="num">B</th><th scope="col" class="num">Time A</th><th scope="col" class="num">B</th>
                    <th scope="col" class="middle">Faster | slower</th><th scope="col" class="num">Change</th></tr></thead>
                <tbody>{rows.slice(0, 1000).map(one => { const [a, b] = one.node.sides as [typeof one.node.sides[0], typeof one.node.sides[0]]; return <tr key={one.node.id}>
                    <th scope="row" style={{ paddingLeft: `${12 + Math.min(one.node.depth, 16) * 12}px` }}><span class="row"><Swatch slot={one.node.slot} /><span class="ell" title={`${one.node.serviceName}: ${one.node.name}`}>{one.node.name || "unnamed"}</span>{kindTag(one)}</span></th>
                    <td class={a.calls !== b.calls ? "num wrn m" : "num"}>{a.calls ? count(a.calls) : "–"}</td><td class="num muted">{b.calls ? count(b.calls) : "–"}</td>
                    <td class="num"><Time calls={a.calls} ns={a.totalNs} /></td><td class="num"><Time calls={b.calls} ns={b.totalNs} /></td>
                    <td><Bar ns={one.changeNs} most={most} isSame={one.kind === "same"} /></td>
                    <td class={one.kind === "same" ? "num muted" : "num m"}>{one.changeNs === 0 ? "same" : offsetText(one.changeNs)}</td></tr>; })}</tbody></table></div>}
        {rows.length > 1000 && <p class="pb small muted">The first 1,000 of {count(rows.length)} steps.</p>}
        <Sum changes={changes} /></section>;
}

/* The changes on the critical path add up to the difference of the traces. */
function Sum({ changes }: { changes: readonly StepChange[] }) {
    const { parts, sumNs, restNs } = largestParts(changes, 3);
    if (sumNs === 0 || parts.length === 0) return null;
    return <p class="sum"><b>{offsetText(sumNs)}</b> on the critical path in all: {parts.map((part, i) => <span key={part.node.id}>{i > 0 && ", "}<b>{offsetText(part.criticalChangeNs)}</b> in {part.node.serviceName} {part.node.name}</span>)}, <b>{offsetText(restNs)}</b> the rest.</p>;
}

function sentence(a: Trace, b: Trace, changes: readonly StepChange[]): string {
    const slower = a.durationNs >= b.durationNs, [more, less] = slower ? [a.durationNs, b.durationNs] : [b.durationNs, a.durationNs];
    const factor = less > 0 ? more / less : Infinity;
    const { parts } = largestParts(changes, 1);
    if (factor < 1.1) return `Both take about the same: ${durationText(a.durationNs)} and ${durationText(b.durationNs)}.`;
    const where = parts[0] ? `; most of the difference is in ${parts[0].node.serviceName} ${parts[0].node.name}` : "";
    return `A takes ${durationText(a.durationNs)}, B ${durationText(b.durationNs)}: A is ${factor > 99 ? "> 99" : factor.toFixed(1)}× ${slower ? "slower" : "faster"}${where}.`;
}

const isTraceId = (text: string): boolean => /^[0-9a-f]{1,32}$/i.test(text);

export function Page(_: { id: string }) {
    const a = param("a"), b = param("b");
    const first = useResource(signal => (isTraceId(param("a")) ? fetchTrace(param("a"), signal) : null));
    const second = useResource(signal => (isTraceId(param("b")) ? fetchTrace(param("b"), signal) : null));
    const traceA = first.isStale ? null : first.value, traceB = second.isStale ? null : second.value;
    useEffect(() => { document.title = "Compare · weft"; }, []);
    const changes = useMemo(() => (traceA && traceB ? stepChanges(runMerge([[traceA], [traceB]])) : null), [traceA, traceB]);
    const isQuery = [a, b].some(side => side !== "" && !isTraceId(side));
    return <main class="page compare"><div class="phead"><h1>What differs</h1>{traceA && traceB && changes && <p class="t2" role="status">{sentence(traceA, traceB, changes)}</p>}</div>
        <div class="sides"><Side letter="A" key={`a${a}`} id={a} trace={traceA} />
            <button type="button" class="btn icon" aria-label="Swap A and B" onClick={() => change({ a: b || null, b: a || null })}><Icon name="diff" /></button>
            <Side letter="B" key={`b${b}`} id={b} trace={traceB} /></div>
        {first.error && <Failure title="Trace A" error={first.error} again={first.again} />}
        {second.error && <Failure title="Trace B" error={second.error} again={second.again} />}
        {isQuery && <p class="small muted">Two traces are compared here, by their ids; whole sets of traces are not yet.</p>}
        {(first.isSlow || second.isSlow) && <Skeleton rows={8} label="Loading the traces" />}
        {!a && !b && <Nothing title="Choose two traces"><p>Mark two in the <a href={hrefTo("/search")}>results of a search</a> and press c, or paste their ids above.</p></Nothing>}
        {traceA && traceB && changes && <>
            <Steps changes={changes} />
            <section class="panel" aria-labelledby="scale"><div class="ph"><h2 id="scale">Both on the same scale</h2></div>
                {([["A", traceA], ["B", traceB]] as const).map(([letter, trace]) => <div class="outline" key={letter}><span class={`letter ${letter}`}>{letter}</span><span class="m n">{durationText(trace.durationNs)}</span>
                    <div class="outline-canvas" style={{ height: `${OUTLINE_HEIGHT}px` }}><Canvas label={`Spans of trace ${letter} over ${durationText(trace.durationNs)}`} draw={frame => drawOutline(frame, trace, Math.max(traceA.durationNs, traceB.durationNs))} /></div></div>)}
            </section></>}
    </main>;
}
