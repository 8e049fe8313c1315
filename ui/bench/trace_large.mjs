// trace_large.mjs -- figures of the trace page with 100,000 spans, measured in Chromium against the real server.
//
//   node bench/trace_large.mjs [--server URL --trace ID] [--spans 100000]
//
// Without --server one is started and given such a trace. Prints what UI.md §13 asks for: time from the click to the first
// bars, from the last byte to the first bars, frames while scrolling and zooming, find, open and close, heap.
import { parseArgs } from "node:util";
import { openBrowser, openPage } from "../tests/browser.mjs";
import { Weft } from "../tests/weft.mjs";

const { values: args } = parseArgs({ options: { server: { type: "string" }, trace: { type: "string" }, spans: { type: "string", default: "100000" } } });
const spans = Number(args.spans);

async function largest(server) {
    const answer = await (await fetch(`${server}/api/v1/query?type=traces&limit=100&q=${encodeURIComponent("{ }")}`)).json();
    return answer.traces.sort((a, b) => b.span_count - a.span_count)[0].trace_id;
}

/* In the page: how long each frame took while `step` ran in every one of them. */
const frames = async (page, count, step) => page.evaluate(async ([n, source]) => {
    const step = new Function("i", `return (${source})(i)`);
    const times = [];
    let before = await new Promise(requestAnimationFrame);
    for (let i = 0; i < n; i++) {
        step(i);
        const now = await new Promise(requestAnimationFrame);
        times.push(now - before);
        before = now;
    }
    times.sort((a, b) => a - b);
    return { fps: 1000 / (times.reduce((a, b) => a + b, 0) / times.length), p50: times[Math.floor(n / 2)], p95: times[Math.floor(n * 0.95)], worst: times[n - 1] };
}, [count, step.toString()]);

/* Processor time of the page's main thread: what the page itself costs, whatever else the machine does. */
async function busy(client, run) {
    const read = async () => Object.fromEntries((await client.send("Performance.getMetrics")).metrics.map(m => [m.name, m.value]));
    const before = await read();
    const result = await run();
    const after = await read();
    return { ...result, threadMs: (after.ThreadTime - before.ThreadTime) * 1000 };
}

const heap = async client => {
    await client.send("HeapProfiler.collectGarbage");
    const { usedSize } = await client.send("Runtime.getHeapUsage");
    return usedSize / 2 ** 20;
};

async function measure(server, id) {
    const browser = await openBrowser();
    const say = (name, value, limit) => console.log(`${name.padEnd(44)} ${value.padStart(12)}   ${limit}`);
    const ms = value => `${value.toFixed(0)} ms`;
    try {
        const page = await openPage(browser, server);
        const client = await page.context().newCDPSession(page);
        await client.send("Performance.enable");
        await client.send("HeapProfiler.enable");
        await page.goto("/services");
        await page.waitForLoadState("networkidle");
        const heapBefore = await heap(client);

        const opened = await busy(client, () => page.evaluate(async path => {
            const begin = performance.now();
            const link = document.createElement("a");
            link.href = path;
            document.body.append(link);
            link.click();
            link.remove();
            while (!document.querySelector(".trace .tr")) await new Promise(r => setTimeout(r, 1));
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            const shown = performance.now();
            const entry = performance.getEntriesByType("resource").find(e => e.name.includes("/api/v1/traces/"));
            return { total: shown - begin, server: entry.responseEnd - entry.requestStart, afterBytes: shown - entry.responseEnd, bytes: entry.decodedBodySize };
        }, `/trace/${id}`));
        say("answer", `${(opened.bytes / 2 ** 20).toFixed(1)} MiB`, "");
        say("click to first bars", ms(opened.total), "at most 1,500 ms");
        say("  of it waiting for the answer", ms(opened.server), "");
        say("last byte to first bars", ms(opened.afterBytes), "at most 600 ms");
        say("  processor time of the main thread", ms(opened.threadMs), "");
        say("heap beyond the page before", `${(await heap(client) - heapBefore).toFixed(0)} MiB`, "at most 60 MiB and the answer");

        const toggle = await page.evaluate(async () => {
            const press = async key => {
                const begin = performance.now();
                document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
                const script = performance.now() - begin;
                await new Promise(requestAnimationFrame);
                await new Promise(r => setTimeout(r, 0));
                return { script, drawn: performance.now() - begin };
            };
            const all = await press("]");
            await press("ArrowDown");
            await press("ArrowDown");
            const close = await press("ArrowLeft"), open = await press("ArrowRight");
            return { all, close, open, rows: Number(document.querySelector("[role=treegrid]").getAttribute("aria-rowcount")) };
        });
        say(`open all (${toggle.rows.toLocaleString("en-US")} rows)`, ms(toggle.all.script), "");
        say("close one, open one", `${toggle.close.script.toFixed(1)}, ${toggle.open.script.toFixed(1)} ms`, "at most 16 ms");

        const scroll = await busy(client, () => frames(page, 120, i => { document.querySelector(".wf").scrollTop = i * 137; }));
        say("scroll: frames a second", scroll.fps.toFixed(0), "at least 50");
        say("  frame p95, worst", `${scroll.p95.toFixed(1)}, ${scroll.worst.toFixed(1)} ms`, "p95 at most 20 ms");
        say("  processor time a frame", `${(scroll.threadMs / 120).toFixed(1)} ms`, "script at most 6 ms");
        const zoom = await busy(client, () => frames(page, 120, i => {
            const box = document.querySelector(".tl"), r = box.getBoundingClientRect();
            box.dispatchEvent(new WheelEvent("wheel", { deltaY: i < 60 ? -20 : 20, ctrlKey: true, clientX: r.left + r.width / 3, clientY: r.top + 50, bubbles: true, cancelable: true }));
        }));
        say("zoom: frames a second", zoom.fps.toFixed(0), "at least 50");
        say("  frame p95, worst", `${zoom.p95.toFixed(1)}, ${zoom.worst.toFixed(1)} ms`, "p95 at most 20 ms");
        say("  processor time a frame", `${(zoom.threadMs / 120).toFixed(1)} ms`, "script at most 6 ms");

        await page.keyboard.press("[");
        const folded = await busy(client, () => frames(page, 120, i => {
            const box = document.querySelector(".tl"), r = box.getBoundingClientRect();
            box.dispatchEvent(new WheelEvent("wheel", { deltaY: i < 60 ? -20 : 20, ctrlKey: true, clientX: r.left + r.width / 3, clientY: r.top + 50, bubbles: true, cancelable: true }));
        }));
        say("zoom, all folded: frames a second", folded.fps.toFixed(0), "at least 50");
        say("  processor time a frame", `${(folded.threadMs / 120).toFixed(1)} ms`, "script at most 6 ms");

        const find = await page.evaluate(async () => {
            const input = document.querySelector("#trace-find"), found = () => document.querySelector(".found").textContent;
            const type = async text => {
                input.value = text;
                const begin = performance.now();
                input.dispatchEvent(new Event("input", { bubbles: true }));
                const script = performance.now() - begin;
                while (!/\d|none/.test(found()) || found().includes("≥")) await new Promise(r => setTimeout(r, 1));
                return { script, all: performance.now() - begin, found: found() };
            };
            const name = await type("work");
            const attribute = await type("value-0017");
            return { name, attribute, key: await type("key-1=value-0030") };
        });
        say(`find a name (${find.name.found})`, ms(find.name.all), "at most 30 ms to the first");
        say(`find in attributes (${find.attribute.found})`, `${ms(find.attribute.script)}, ${ms(find.attribute.all)}`, "first slice, all");
        say(`find key=value (${find.key.found})`, `${ms(find.key.script)}, ${ms(find.key.all)}`, "first slice, all");
        say("heap at the end", `${(await heap(client)).toFixed(0)} MiB`, "at most 200 MiB");
        for (const problem of page.problems) console.log(problem);
    } finally {
        await browser.close();
    }
}

if (args.server) await measure(args.server, args.trace ?? await largest(args.server));
else {
    const weft = await new Weft().start();
    try {
        await weft.load("giant", { spans, traceSpans: spans });
        await measure(weft.url, await largest(weft.url));
    } finally {
        await weft.stop();
    }
}
