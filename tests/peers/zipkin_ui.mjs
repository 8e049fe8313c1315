// zipkin_ui.mjs URL: drives Zipkin's pages as a person would (zipkin_ui.py starts what it needs).
import { createRequire } from "node:module";
import path from "node:path";
// NODE_PATH is where playwright-core was installed; import does not look there, require does.
const { chromium } = createRequire(path.join(process.env.NODE_PATH, "x.js"))("playwright-core");

const url = process.argv[2];
let passed = 0, failed = 0;
function check(name, ok, said = "") {
    if (ok) passed++; else { failed++; console.log(`FAILED  ${name}: ${String(said).slice(0, 800)}`); }
}

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
const problems = [], asked = [];
page.setDefaultTimeout(10_000);
page.on("console", m => m.type() === "error" && problems.push(`console: ${m.text()}`));
page.on("pageerror", e => problems.push(`uncaught: ${e.message}`));
page.on("response", r => { if (r.url().includes("/api/")) asked.push(new URL(r.url()).pathname + new URL(r.url()).search); if (r.status() >= 400) problems.push(`${r.status()} ${r.url()}`); });
const text = async () => (await page.textContent("body")).replace(/\s+/g, " ");
const search = async where => {
    await open(where);
    await page.click("text=Run Query");
    await page.waitForSelector("table tbody tr");
};
const open = async where => { await page.goto(url + where, { waitUntil: "networkidle" }); };

try {
    await search("");
    check("search: six traces", (await page.locator("table tbody tr").count()) >= 6, await text());
    check("search: names", /frontend/i.test(await text()) && /get \/cart/.test(await text()) && /billing/i.test(await text()), await text());

    await search("?serviceName=backend&lookback=15m&limit=10");
    check("search by service: five traces", !/billing/i.test(await text()), await text());

    await search("?serviceName=billing&spanName=charge+card&minDuration=5ms&annotationQuery=amount%3D42+and+retry&lookback=15m&limit=10");
    check("search by everything", /charge card/.test(await text()), await text());

    await search("?annotationQuery=error&lookback=15m&limit=10");
    check("search by a tag's name", /billing/i.test(await text()), await text());

    await open("traces/" + "1".padStart(32, "0"));
    await page.waitForFunction(() => /Span ID/i.test(document.body.textContent));
    const trace = await text();
    for (const word of [/frontend/i, /backend/i, /get \/cart/, /query/]) check(`a trace: ${word}`, word.test(trace), trace);
    check("a trace: depth and services are counted", /Services:? ?3|Number of Services/i.test(trace) || /Total Spans/i.test(trace), trace);
    check("a trace: tags of the first span", /http\.path/.test(trace) && /\/cart/.test(trace), trace);

    await open("traces/" + "c".repeat(32));
    await page.waitForFunction(() => /Span ID/i.test(document.body.textContent));
    check("a trace of OTLP", /charge card/.test(await text()) && /amount/.test(await text()) && /no funds/.test(await text()), await text());

    const hour = 3_600_000, now = Date.now();
    await open(`dependency?startTime=${now - hour}&endTime=${now}`);
    await page.waitForTimeout(500);
    const links = asked.filter(x => x.includes("/dependencies?"));
    check("dependencies were asked for", links.length > 0, asked.join("\n"));
    check("dependencies are drawn", !/no dependency|No dependencies/i.test(await text()) && (await page.locator("canvas, svg").count()) > 0, await text());

    await open("traces/" + "d".repeat(32)).catch(() => {});
    await page.waitForTimeout(300);
    const missing = problems.filter(p => p.startsWith("404"));
    check("a trace that is not there: 404, and the page says so", missing.length > 0 && /not found|No trace/i.test(await text()), await text());

    for (const part of ["/services", "/spans?", "/remoteServices?", "/autocompleteKeys", "/traces?", "/trace/"])
        check(`asked for ${part}`, asked.some(x => x.includes("/zipkin/api/v2" + part)), asked.join("\n"));
    const others = problems.filter(p => !p.includes("404"));
    check("nothing failed", others.length === 0, others.join("\n"));
} catch (error) {
    check("the pages", false, `${error.message}\n${problems.join("\n")}\n${await text()}`);
} finally {
    if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT });
    await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
