// trace.test.mjs -- the trace page: what it shows, its keys, its address, its states.
import { test } from "./harness.mjs";
import { checkout, odd, otlp } from "./trace_story.mjs";

/* Begun an hour ago: the age in the head does not change within a run. */
const START_MS = Math.floor((Date.now() - 3_600_000) / 1000) * 1000 + 318;
let story = null;
const servedStory = t => story ??= (async () => {
    const weft = await t.weft("empty");
    for (const { traceId, spans } of [checkout(), odd()]) await weft.send(otlp(traceId, START_MS, spans));
    return weft;
})();
const checkoutAt = `/trace/${checkout().traceId}`, oddAt = `/trace/${odd().traceId}`;
const row = (page, name) => page.locator(".tr", { hasText: name });
const search = page => new URL(page.url()).searchParams;

test("trace: the head says what happened", async t => {
    const page = await t.page(await servedStory(t));
    await page.goto(checkoutAt);
    await page.waitForSelector(".tr");
    t.match(await page.title(), /POST \/checkout · 2\.84\ss · weft/);
    const facts = await page.locator(".facts").innerText();
    for (const part of [/2\.84\s?s/, /\.318/, /After the response\s+\+38\.6/, /2 consumers, 4 spans/, /fraud-check\s+69\s%/]) t.match(facts, part);
    t.match(await page.locator(".line1").innerText(), /4 errors, request succeeded/);
    t.match(await page.locator(".tree").innerText(), /14 × SELECT price_rules/);
    await t.accessible(page);
    await t.shot(page, "trace-light");
});

test("trace: every view, light and dark, is accessible", { seconds: 60 }, async t => {
    const weft = await servedStory(t);
    for (const theme of ["light", "dark"]) {
        const page = await t.page(weft, { theme });
        for (const view of theme === "dark" ? ["", "logs"] : ["", "graph", "graph&nodes=services", "table", "table&by=span", "logs", "json"]) {
            await page.goto(`${checkoutAt}?view=${view}`);
            await page.waitForSelector(".facts");
            await t.shot(page, `trace-${view.replace(/\W/g, "-") || "waterfall"}-${theme}`);
            await t.accessible(page);
        }
    }
});

test("trace: keys walk the rows, errors, matches and the critical path", async t => {
    const page = await t.page(await servedStory(t));
    await page.goto(checkoutAt);
    await page.waitForSelector(".tr");
    const active = () => page.locator(".tr.sel").getAttribute("aria-label");
    await page.keyboard.press("ArrowDown");
    t.match(await active(), /^POST \/checkout, edge-gateway/);
    await page.keyboard.press("ArrowDown");
    t.match(await active(), /^auth\.verify/);
    await page.keyboard.press("ArrowLeft");
    t.equal(await row(page, "auth.verify").getAttribute("aria-expanded"), "false");
    await page.keyboard.press("ArrowRight");
    t.equal(await row(page, "auth.verify").getAttribute("aria-expanded"), "true");
    await page.keyboard.press("e");
    t.match(await active(), /POST fraud-check \/score.*error DEADLINE_EXCEEDED/);
    t.match(await page.locator(".side").innerText(), /context deadline exceeded after 800 ms/);
    await page.keyboard.press("/");
    await page.keyboard.type("service:redis");
    t.match(await page.locator(".found").innerText(), /^4$/);
    await page.keyboard.press("Enter");
    t.match(await page.locator(".found").innerText(), /^\d of 4$/);
    await page.keyboard.press("Escape");
    t.equal(search(page).get("find"), null);
    await page.keyboard.press("c");
    t.ok(search(page).get("span"));
    await page.keyboard.press("Escape");
    t.equal(search(page).get("span"), null);
    t.equal(await page.locator(".side").count(), 0);
    await page.keyboard.press("w");
    t.ok(Number(search(page).get("t0")) > 0, "zoomed");
    await page.keyboard.press("0");
    t.equal(search(page).get("t0"), null);
    await page.keyboard.press("3");
    t.equal(search(page).get("view"), "table");
    await page.goBack();
    t.equal(search(page).get("view"), null, "Back undoes one step");
});

test("trace: the link shows the same to a colleague", async t => {
    const page = await t.page(await servedStory(t));
    await page.goto(`${checkoutAt}?find=fraud&only=matches&hide=1%25&t0=0&t1=1200000000`);
    await page.waitForSelector(".tr.hit");
    const names = await page.locator(".tr").allInnerTexts();
    t.ok(names.every(n => !n.includes("auth.verify")), "only matches and what is above them");
    t.ok(names.some(n => n.includes("model.infer")));
    const [id] = await page.locator(".tr.hit").evaluateAll(rows => rows.map(r => r.dataset.row));
    await page.locator(`[data-row="${id}"]`).click();
    const address = page.url();
    const other = await t.page(await servedStory(t));
    await other.goto(address);
    await other.waitForSelector(".side h2");
    t.equal(await other.locator(".side h2").innerText(), await page.locator(".side h2").innerText());
    t.equal(await other.locator(".tr").allInnerTexts(), names);
});

test("trace: what is hostile or odd is shown as what it is", { seconds: 60 }, async t => {
    const page = await t.page(await servedStory(t));
    await page.goto(oddAt);
    await page.waitForSelector(".tr");
    await page.keyboard.press("ArrowDown");
    await page.waitForSelector(".side .attr");
    t.equal(await page.locator("#page img").count(), 0);
    t.match(await page.title(), /img src/);
    t.equal(await page.locator(".side a[href^='javascript']").count(), 0);
    t.equal(await page.locator(".side a[href='https://example.test/a?b=c']").getAttribute("rel"), "noopener noreferrer");
    await page.locator(".attr tr", { hasText: "long.value" }).getByRole("button", { name: /show all/ }).click();
    await page.waitForFunction(() => document.querySelector(".attr .block, .attr td")?.closest("table").innerText.length > 40_000);
    t.match(await page.locator(".tree").innerText(), /parent not received/);
    t.match(await page.locator(".facts").innerText(), /Clocks/);
    await page.getByRole("button", { name: /Adjusted clocks/ }).click();
    t.equal(search(page).get("adj"), "1");
    await t.accessible(page);
    await t.shot(page, "trace-odd");
    for (const tab of ["events", "links", "json"]) {
        await page.locator(`#span-panel-tab-${tab}`).click();
        await t.accessible(page);
        await t.shot(page, `trace-odd-${tab}`);
    }
    for (const view of ["graph", "table", "logs"]) {
        await page.goto(`${oddAt}?view=${view}`);
        await page.waitForSelector(".alt");
        t.equal(await page.locator("#page img").count(), 0);
        await t.shot(page, `trace-odd-${view}`);
    }
});

test("trace: not stored, not an id", async t => {
    const page = await t.page(await servedStory(t));
    t.mayFail(page, /404|400/);
    await page.goto("/trace/00000000000000000000000000000abc");
    await page.waitForSelector(".nothing");
    t.match(await page.locator("main").innerText(), /not stored/);
    await t.accessible(page);
    await page.goto("/trace/%3Cb%3E");
    await page.waitForSelector(".note.error, .nothing");
    await t.accessible(page);
});

test("trace: a server that breaks off, one that answers nonsense", async t => {
    const page = await t.page(await servedStory(t));
    t.mayFail(page, /500|Failed to load|net::/);
    await page.route("**/api/v1/traces/*", route => route.fulfill({ status: 500, contentType: "application/json", body: '{"error":{"status":"corrupt","message":"block 7: checksum differs"}}' }));
    await page.goto(checkoutAt);
    t.match(await page.locator(".note.error").innerText(), /block 7: checksum differs/);
    await page.unroute("**/api/v1/traces/*");
    const partial = { trace_id: "ab", start_time_unix_nano: "1795226400000000000", span_count: 3, partial_reason: "damaged file", new_field: {},
        columns: { span_id: ["aa", 7, null], parent: [-1, 5, "x"], name: ["root", {}, null], duration_ns: [1e9, "x", -4], kind: [1], scope: [99], attributes: [null, "x", [{ key: 3 }]] } };
    await page.route("**/api/v1/traces/*", route => route.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify(partial) }));
    await page.getByRole("button", { name: "Try again" }).click();
    await page.waitForSelector(".tr");
    t.match(await page.locator(".th .note").innerText(), /damaged file/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await t.accessible(page);
    await page.unroute("**/api/v1/traces/*");
});

test("trace: widths, and the phone", { seconds: 60 }, async t => {
    const weft = await servedStory(t);
    for (const size of [1280, 2560]) {
        const page = await t.page(weft, { size });
        for (const at of [checkoutAt, oddAt]) {
            await page.goto(at);
            await page.waitForSelector(".tr");
            await page.keyboard.press("e");
            t.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing scrolls sideways");
            await t.shot(page, `trace-${at === oddAt ? "odd-" : ""}${size}`);
        }
    }
    const phone = await t.page(weft, { size: 390 });
    await phone.goto(checkoutAt);
    await phone.waitForSelector(".pr");
    t.match(await phone.locator("[role=tab][aria-selected=true]").innerText(), /Critical path/);
    await t.shot(phone, "trace-phone");
    await phone.locator(".pr", { hasText: "POST fraud-check" }).first().click();
    await phone.waitForSelector(".sheet");
    t.equal(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await t.accessible(phone, { within: "#page" });
    await t.shot(phone, "trace-phone-sheet");
});

test("trace: 100,000 spans", { seconds: 90 }, async t => {
    const weft = await t.weft("giant");
    const { traces } = await weft.api("/query", { q: "{ }", limit: 10, type: "traces" });
    const large = traces.find(trace => trace.span_count === 100_000);
    const page = await t.page(weft);
    await page.goto(`/trace/${large.trace_id}`);
    await page.waitForSelector(".tr", { timeout: 30_000 });
    await t.accessible(page);
    await page.keyboard.press("]");
    await page.waitForFunction(() => Number(document.querySelector("[role=treegrid]").getAttribute("aria-rowcount")) > 100_000);
    t.ok(await page.locator(".tr").count() < 100, "only what is in view exists");
    await page.keyboard.press("End");
    await page.waitForSelector(".tr.sel");
    await t.shot(page, "trace-large");
    await page.keyboard.press("/");
    await page.keyboard.type("key-1=value-0030");
    await page.waitForFunction(() => /^[\d,]+$/.test(document.querySelector(".found").textContent));
    await page.keyboard.press("Enter");
    await page.waitForSelector(".tr.sel.hit");
});
