// weft.mjs -- the real server for the interface's tests: free ports, an empty directory, traces of the demo or of weft load.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { closeSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const binary = resolve(process.env.WEFT ?? join(root, "build/weft"));
const listeners = ["receivers.otlp.protocols.grpc", "receivers.otlp.protocols.http", "server.http", "server.tempo",
    "server.jaeger_grpc", "server.zipkin"];

/* Whatever ends this process ends what it started. */
const running = new Set();
function watched(child) {
    running.add(child);
    child.on("close", () => running.delete(child));
    return child;
}
process.on("exit", () => { for (const child of running) child.kill("SIGKILL"); });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

function run(args, seconds = 120) {
    return new Promise((done, failed) => {
        const child = watched(spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] }));
        let out = "", err = "";
        child.stdout.on("data", d => { out += d; });
        child.stderr.on("data", d => { err += d; });
        const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
        child.on("error", failed);
        child.on("close", status => {
            clearTimeout(timer);
            if (status === 0) done(out);
            else failed(new Error(`weft ${args.join(" ")} ended with ${status}:\n${err.slice(-2000)}`));
        });
    });
}

export class Weft {
    /** settings: what --set takes. */
    constructor(settings = []) {
        this.settings = settings;
        this.children = [];
    }

    async start() {
        this.directory ??= await mkdtemp(join(tmpdir(), "weft-ui-"));
        const addresses = join(this.directory, "addresses.json");
        await rm(addresses, { force: true });
        const log = openSync(join(this.directory, "weft.log"), "a");
        const given = [...listeners.map(l => `${l}.endpoint=127.0.0.1:0`), ...this.settings].flatMap(s => ["--set", s]);
        this.process = watched(spawn(binary, ["serve", "--data", join(this.directory, "store"), "--addresses", addresses, ...given],
            { stdio: ["ignore", log, log] }));
        closeSync(log);
        this.ended = new Promise(done => this.process.on("close", done));
        for (let i = 0; i < 1000; i++) {
            const text = await readFile(addresses, "utf8").catch(() => "");
            if (text.endsWith("\n")) {
                this.addresses = JSON.parse(text);
                return this;
            }
            if (this.process.exitCode !== null) break;
            await sleep(20);
        }
        throw new Error(`weft did not start:\n${(await readFile(join(this.directory, "weft.log"), "utf8")).slice(-2000)}`);
    }

    address(listener) {
        return this.addresses[`${listener}.endpoint`];
    }

    /** Where the interface is. */
    get url() {
        return `http://${this.address("server.http")}`;
    }

    get otlp() {
        return `http://${this.address("receivers.otlp.protocols.grpc")}`;
    }

    /** The demo's past, sent at once: the same story for the same seed; ids are new. */
    async demo({ backfill = "1h", rate = 2, seed = 1 } = {}) {
        await run(["demo", "--quiet", "--endpoint", this.otlp, "--backfill", backfill, "--duration", "1ns",
            "--rate", String(rate), "--seed", String(seed)]);
    }

    /** The demo, live until stop(). */
    demoLive({ rate = 5, speed = 1 } = {}) {
        this.children.push(watched(spawn(binary, ["demo", "--quiet", "--endpoint", this.otlp, "--rate", String(rate), "--speed", String(speed)],
            { stdio: "ignore" })));
    }

    /** Spans of a shape of weft load: load("giant", { spans: 100_000, traceSpans: 100_000 }). */
    async load(shape, { spans = 1000, traceSpans, seed = 1 } = {}) {
        const more = traceSpans ? ["--trace-spans", String(traceSpans)] : [];
        await run(["load", "--quiet", "--endpoint", this.otlp, "--shape", shape, "--spans", String(spans),
            "--spans-per-request", String(Math.min(spans, 1000)), "--connections", "1", "--in-flight", "1", "--seed", String(seed), ...more]);
    }

    /** OTLP JSON, as an object: traces whose every field the test knows. */
    async send(traces) {
        const answer = await fetch(`http://${this.address("receivers.otlp.protocols.http")}/v1/traces`,
            { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(traces) });
        if (!answer.ok) throw new Error(`POST /v1/traces: ${answer.status} ${await answer.text()}`);
    }

    /** api("/search?limit=1"), with a body by POST. */
    async api(path, body) {
        const answer = await fetch(`${this.url}/api/v1${path}`, body && { method: "POST", body: JSON.stringify(body) });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
        return JSON.parse(text);
    }

    /** The newest trace that TraceQL finds, as the query lists it. */
    async trace(q, range = {}) {
        const { traces } = await this.api("/query", { q, limit: 1, ...range });
        if (!traces?.length) throw new Error(`no trace for ${q}`);
        return traces[0];
    }

    /** Ids of traces that a TraceQL query finds. */
    async search(q, limit) {
        const { traces } = await this.api("/query", { q, limit, type: "traces" });
        return traces.map(trace => trace.trace_id);
    }

    /** Gone, at once, as when a machine dies; start() again gives other ports and the same data. */
    async kill() {
        this.process.kill("SIGKILL");
        await this.ended;
    }

    async stop() {
        for (const child of this.children.splice(0)) child.kill("SIGKILL");
        if (this.process?.exitCode === null && this.process.signalCode === null) await this.kill();
        if (this.directory) await rm(this.directory, { recursive: true, force: true });
    }
}
