// first_run.tsx -- nothing was received yet: where this server listens, how to send a first trace, and the trace itself
// as soon as it is there.
import { useEffect, useMemo, useState } from "preact/hooks";
import { endpointNamed, endpointUrl, type Status } from "../../api/status.ts";
import { counted } from "../../model/number.ts";
import { timeOfMs } from "../../model/time.ts";
import { askStatusOften, status } from "../../state/live.ts";
import { go, hrefTo } from "../../state/url.ts";
import { Tabs } from "../../widgets/choice.tsx";
import { CopyButton } from "../../widgets/copy.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { ways } from "./ways.ts";

const labels: Record<string, string> = { otlp_grpc: "OTLP gRPC", otlp_http: "OTLP HTTP", zipkin: "Zipkin", jaeger_thrift_http: "Jaeger" };

const Code = ({ code, label }: { code: string; label: string }) => <div class="code-with-copy">
    <pre class="codebox" tabIndex={0} role="region" aria-label={label}>{code}</pre><CopyButton text={code} label={`Copy ${label}`}>Copy</CopyButton></div>;

function Listening({ s, demoTo }: { s: Status; demoTo: string }) {
    const doors = s.endpoints.filter(endpoint => endpoint.takesSpans);
    const connections = doors.reduce((sum, door) => sum + door.connectionCount, 0);
    return <div class="wait" role="status"><span class="pulse" aria-hidden="true" />
            <div class="grow"><b>Listening</b> <span class="t2">{doors.map((door, i) => <span key={door.name}>{i > 0 && ", "}{labels[door.name] ?? door.name} <span class="mono">{door.address}</span></span>)}</span>
                <div class="small muted">{counted(connections, "connection")}, {counted(s.acceptedSpanCount, "span")}, for {Math.round(s.uptimeS)} s.{" "}
                    {doors.every(door => door.isLocal) ? <>Only this machine can connect; <span class="mono">--set {doors[0]?.key ?? "receivers.otlp.protocols.grpc.endpoint"}=0.0.0.0:4317</span> opens it to the network.</> : "Other machines can connect."}</div></div>
            <CopyButton text={`weft demo --endpoint ${demoTo}`} label="Copy the command that sends a made-up shop's traffic">Copy the demo's command</CopyButton></div>;
}

export function FirstRun() {
    const s = status.value!;
    const [name, setName] = useState("Python");
    useEffect(() => askStatusOften(), []);
    useEffect(() => {
        if (s.newestTraceId) go(hrefTo(`/trace/${s.newestTraceId}`));
    }, [s.newestTraceId]);
    const grpc = endpointUrl(endpointNamed(s, "otlp_grpc"), "127.0.0.1:4317", location.hostname);
    const http = endpointUrl(endpointNamed(s, "otlp_http"), "127.0.0.1:4318", location.hostname);
    const all = useMemo(() => ways({ grpc, http, now: timeOfMs(Date.now()) }), [grpc, http]);
    const way = all.find(one => one.name === name) ?? all[0]!;
    return <main class="page first-run">
        <h1>weft is running. Nothing has been sent to it yet.</h1>
        <p class="lead">Point any OpenTelemetry program at this machine and its first trace appears here by itself. No account, no schema and no index to choose.</p>
        <Listening s={s} demoTo={grpc} />
        <div class="first-run-grid"><div>
            <div class="step"><span class="no">1</span><div><h2>Choose how your program is written</h2>
                <Tabs label="Language" panel="way" value={way.name} onChange={setName} choices={all.map(one => ({ id: one.name, label: one.name }))} /></div></div>
            <div id="way" role="tabpanel" aria-labelledby={`way-tab-${way.name}`}>
                <div class="step"><span class="no">2</span><div><h2>{way.install.title}</h2><Code code={way.install.code} label="the commands" /></div></div>
                <div class="step"><span class="no">3</span><div><h2>{way.start.title}</h2><Code code={way.start.code} label="the start" /></div></div>
            </div>
            <div class="step"><span class="no">4</span><div><h2>Use the program once</h2><p class="t2">This page opens the trace as soon as it is on disk, within a second of your program sending it. {way.hint}</p></div></div>
            <div class="note"><Icon name="help" /><div class="grow small"><b>Nothing arrives?</b>
                <div>A container needs the host's address instead of 127.0.0.1. <span class="mono">weft demo --endpoint {grpc}</span> sends a whole shop's traffic, and <span class="mono">weft load --spans 1 --endpoint {grpc}</span> one span: if they arrive, the way from your program is at fault.</div></div></div>
        </div>
        <aside class="panel" aria-label="Other ways to begin"><div class="ph"><h2>Or bring what you have</h2></div>
            <div class="card"><b>From Zipkin</b><span>send to {endpointUrl(endpointNamed(s, "zipkin"), "127.0.0.1:9411", location.hostname)}: one address to change</span></div>
            <div class="card"><b>From Tempo or Jaeger</b><span>Grafana and Jaeger's user interface keep working: same API</span></div>
            <div class="card"><b>From the Collector</b><span>add one OTLP exporter with the address above</span></div>
            <div class="card"><b>From a file</b><span><span class="mono">weft import FILE</span> reads OTLP, Jaeger and Zipkin JSON</span></div>
        </aside></div>
    </main>;
}
