// search.mjs -- figures of the search page, measured in Chromium against the real server.
//
//   node bench/search.mjs [--server URL] [--rounds 10]
//
// Without --server one is started and given an hour of the demo. Prints what UI.md §13 and issue 6 ask for: what the first page weighs and
// how soon it is there, how soon results stand on the page after their answer, and how many questions a page asks.
import { parseArgs } from "node:util";
import { openBrowser, openPage } from "../tests/browser.mjs";
import { Weft } from "../tests/weft.mjs";

const { values: args } = parseArgs({ options: { server: { type: "string" }, rounds: { type: "string", default: "10" } } });
const rounds = Number(args.rounds);
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const say = (name, value, limit = "") => console.log(`${name.padEnd(52)} ${value.padStart(12)}   ${limit}`);
const ms = value => `${value.toFixed(0)} ms`;

/* In the page, before anything else: when the rows changed last, and when that was on the screen. */
function watch() {
    globalThis.rowsAt = 0;
    new MutationObserver(changes => {
        if (!changes.some(c => c.target.closest?.(".rs tbody") || [...c.addedNodes].some(n => n.querySelector?.(".rs tbody tr") || n.matches?.(".rs tbody tr")))) return;
        const seen = performance.now();
        requestAnimationFrame(() => setTimeout(() => { globalThis.rowsAt = Math.max(seen, performance.now()); }, 0));
    }).observe(document, { subtree: true, childList: true });
}
const answerEnd = page => page.evaluate(() => performance.getEntriesByType("resource").filter(e => e.name.includes("/api/v1/query")).at(-1)?.responseEnd ?? NaN);
const rowsAt = page => page.evaluate(() => globalThis.rowsAt);

async function cold(browser, server) {
    const page = await openPage(browser, server);
    await page.addInitScript(watch);
    const asked = [];
    page.on("request", r => asked.push(r.url()));
    await page.goto("/search");
    await page.waitForFunction(() => globalThis.rowsAt > 0);
    await page.waitForLoadState("networkidle");
    const found = await page.evaluate(() => ({
        paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN, usable: globalThis.rowsAt,
        files: performance.getEntriesByType("resource").filter(e => e.name.includes("/assets/")).map(e => ({ name: e.name, bytes: e.encodedBodySize })),
        html: performance.getEntriesByType("navigation")[0].encodedBodySize }));
    const afterAnswer = await rowsAt(page) - await answerEnd(page);
    await page.context().close();
    return { ...found, afterAnswer, questions: asked.filter(u => u.includes("/api/")).length };
}

/* Another query on an open page: from the end of its answer to its rows on the screen. */
async function change(browser, server) {
    const page = await openPage(browser, server);
    await page.addInitScript(watch);
    const client = await page.context().newCDPSession(page);
    await client.send("Performance.enable");
    const threadMs = async () => (await client.send("Performance.getMetrics")).metrics.find(m => m.name === "ThreadTime").value * 1000;
    await page.goto("/search");
    await page.waitForFunction(() => globalThis.rowsAt > 0);
    const { services } = await (await fetch(`${server}/api/v1/services`)).json();
    const times = [], costs = [];
    for (let i = 0; i < rounds; i++) {
        await page.waitForLoadState("networkidle");
        await page.evaluate(() => { globalThis.rowsAt = 0; performance.clearResourceTimings(); });
        const before = await threadMs();
        await page.fill(".ql textarea", `{ resource.service.name = "${services[i % services.length].name}" && duration > ${1 + i}us }`);
        await page.press(".ql textarea", "Enter");
        await page.waitForFunction(() => globalThis.rowsAt > 0);
        times.push(await rowsAt(page) - await answerEnd(page));
        await page.waitForLoadState("networkidle");
        costs.push(await threadMs() - before);
    }
    await page.context().close();
    return { drawn: median(times), worst: Math.max(...times), cost: median(costs) };
}

const own = args.server ? null : await new Weft().start();
if (own) await own.demo({ backfill: "1h", rate: 2 });
const server = args.server ?? own.url;
const browser = await openBrowser();
try {
    const loads = [];
    for (let i = 0; i < 5; i++) loads.push(await cold(browser, server));
    const [load] = loads;
    const weight = ending => load.files.filter(f => f.name.endsWith(ending)).reduce((sum, f) => sum + f.bytes, 0) / 1024;
    const all = weight(".js") + weight(".css") + load.html / 1024;
    say("first page on the wire, all of it", `${all.toFixed(1)} KiB`, "at most 150 KB");
    say("  of it scripts", `${weight(".js").toFixed(1)} KiB`, "at most 105 KB");
    say("  of it styles", `${weight(".css").toFixed(1)} KiB`, "at most 16 KB");
    say("the page's own chunk", `${(load.files.find(f => f.name.includes("/search-"))?.bytes / 1024).toFixed(1)} KiB`, "at most 45 KB");
    say("questions of a page", String(load.questions), "at most 6");
    say("cold, first content (median of 5)", ms(median(loads.map(l => l.paint))), "at most 250 ms");
    say("cold, results on the screen", ms(median(loads.map(l => l.usable))), "at most 500 ms");
    say("  after their answer", ms(median(loads.map(l => l.afterAnswer))), "at most 100 ms");
    const next = await change(browser, server);
    say(`another query: rows after their answer (of ${rounds})`, ms(next.drawn), "at most 100 ms");
    say("  the slowest", ms(next.worst));
    say("  main thread for all parts of the page", ms(next.cost));
} finally {
    await browser.close();
    await own?.stop();
}
