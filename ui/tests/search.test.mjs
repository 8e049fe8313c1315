// search.test.mjs -- the search page against the real server: the query in its two forms, the picture and its box, facets,
// results in their shapes, and every state.
import { test } from "./harness.mjs";

const errors = "{ status = error }";
const at = (q, more = "") => `/search?q=${encodeURIComponent(q)}${more}`;
const rows = page => page.locator(".rs tbody tr, .reslist li");
const query = page => page.evaluate(() => new URLSearchParams(location.search).get("q") ?? "");
const parameter = (page, name) => page.evaluate(n => new URLSearchParams(location.search).get(n) ?? "", name);
async function opened(t, path, options, server = "demo") {
    const page = await t.page(typeof server === "string" ? await t.weft(server) : server, options);
    await page.goto(path);
    return page;
}

test("search: every trace of the last hour, in few requests", { seconds: 60 }, async t => {
    const page = await t.page(await t.weft("demo")); // the foot line asks for the status on its own, again and again
    const asked = [];
    page.on("request", r => { if (/\/api\/v1\/(?!status)/.test(r.url())) asked.push(new URL(r.url()).pathname + new URL(r.url()).search); });
    await page.goto("/search");
    await rows(page).nth(49).waitFor();
    await page.waitForLoadState("networkidle");
    t.ok(asked.length <= 6, `${asked.length} requests: ${asked.join("\n")}`);
    t.equal(new Set(asked).size, asked.length);
    t.match(await page.locator(".hm canvas[role=img]").getAttribute("aria-label"), /Duration over time, \d\d:\d\d to .* UTC: [\d,]+ spans, half of them under/);
    t.match(await page.locator(".foot").textContent(), /1–50 of/);
    await t.accessible(page);
    await t.shot(page, "search");
});

test("search: chips and line are one query", async t => {
    const page = await opened(t, at('{ resource.service.name = "checkout" && duration > 1ms } >> { status = error }'));
    await rows(page).first().waitFor();
    t.equal(await page.locator(".chips .chip").count(), 3);
    await page.getByRole("button", { name: "Remove duration" }).click();
    await page.waitForFunction(() => !location.search.includes("duration"));
    t.equal(await query(page), '{ resource.service.name = "checkout" } >> { status = error }');
    t.equal(await page.locator(".ql textarea").inputValue(), await query(page));
    await page.goBack();
    await page.waitForFunction(() => location.search.includes("duration"));
    t.equal(await page.locator(".chips .chip").count(), 3);

    await page.getByRole("button", { name: "Condition", exact: true }).click();
    await page.keyboard.type("kind");
    await page.keyboard.press("Enter"); // before the list is there
    await page.getByLabel("Value of kind").first().waitFor();
    await page.keyboard.type("server");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.search.includes("kind"));
    t.match(await query(page), /&& kind = server } >> /);
});

test("search: the line completes keys and values, and runs", async t => {
    const page = await t.page(await t.weft("demo"));
    await page.route("**/api/v1/explain?**", route => route.fulfill({ json: { estimate: { bytes_least: 1048576, bytes_most: 4194304 } } }));
    await page.goto("/search");
    await page.click(".ql textarea");
    await page.keyboard.type("{ resource.service.na");
    const holds = text => page.waitForFunction(t => document.querySelector(".ql textarea").value === t, text);
    await page.locator(".qlist [role=option]", { hasText: "resource.service.name" }).first().waitFor();
    await page.keyboard.press("Tab"); // perhaps before the list is of all that was typed
    await holds("{ resource.service.name ");
    await page.keyboard.type("= \"chec");
    await page.locator(".qlist [role=option]", { hasText: "checkout" }).waitFor();
    await page.keyboard.press("Tab");
    await holds('{ resource.service.name = "checkout" ');
    await page.keyboard.type("}");
    t.equal(await page.locator(".ql textarea").inputValue(), '{ resource.service.name = "checkout" }');
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.search.includes("checkout"));
    await rows(page).first().waitFor();
    await page.locator(".reads", { hasText: "1.00\u2009MiB – 4.00\u2009MiB" }).waitFor();
});

test("search: an error stands under its word, with what to write instead", async t => {
    const page = await opened(t, at("{ status = eror }"));
    t.mayFail(page, /400/);
    await page.locator(".qerr").waitFor();
    t.equal(await page.locator(".colours .tok-e").textContent(), "eror");
    t.match(await page.locator(".qerr").textContent(), /column 12.*did you mean error\?/s);
    await t.accessible(page);
    await page.getByRole("button", { name: "Use error" }).click();
    await rows(page).first().waitFor();
    t.equal(await query(page), errors);
});

test("search: a box by keys and by mouse narrows, and becomes the query", async t => {
    const page = await opened(t, at(errors));
    await rows(page).first().waitFor();
    await page.locator(".hm canvas").first().waitFor();
    const before = await page.locator(".results h2").textContent();
    await page.locator(".hm").focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => location.search.includes("box="));
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Shift+ArrowUp");
    await page.locator(".tag", { hasText: "in the box" }).waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !location.search.includes("box="));
    const { x, y, width, height } = await page.locator(".hm").boundingBox();
    await page.mouse.move(x + width * 0.3, y + height * 0.2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.8, y + height * 0.7, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(() => location.search.includes("box="));
    await page.getByRole("button", { name: "Only these" }).click();
    await page.waitForFunction(() => !location.search.includes("box=") && location.search.includes("from="));
    t.match(await query(page), /^{ status = error && duration >= .* && duration < .* }$/);
    await page.goBack();
    await page.goBack();
    await page.waitForFunction(() => !location.search.includes("box="));
    await page.waitForFunction(text => document.querySelector(".results h2")?.textContent === text, before);
});

test("search: facets filter in and out", async t => {
    const page = await opened(t, at(errors));
    const value = page.locator(".fv", { hasText: "payment" }).first();
    await value.locator("input").click();
    await page.waitForFunction(() => location.search.includes("payment"));
    t.equal(await query(page), '{ status = error && resource.service.name = "payment" }');
    t.ok(await page.locator(".fv", { hasText: "payment" }).first().locator("input").isChecked());
    await page.locator(".fv", { hasText: "payment" }).first().locator("input").click();
    await page.waitForFunction(() => !location.search.includes("payment"));
    await page.locator(".fv", { hasText: "payment" }).first().locator("input").click({ modifiers: ["Alt"] });
    await page.waitForFunction(() => location.search.includes("payment"));
    t.equal(await query(page), '{ status = error && resource.service.name != "payment" }');
    await page.fill(".fac [data-filter]", "http.request");
    await page.locator(".fh", { hasText: "http.request.method" }).waitFor();
});

test("search: what stands out against the scope is marked", async t => {
    const page = await opened(t, at(errors));
    await page.locator(".fv.hot").first().waitFor();
    t.match(await page.locator(".fv.hot").first().getAttribute("title"), /here, .* in the whole scope\. Unusual: at least 5 spans/);
});

test("search: rows by keys, sorted, with a column, and the trace knows where it is from", async t => {
    const page = await opened(t, at(errors, "&cols=span.error.type"));
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Duration", exact: true }).click();
    await page.waitForFunction(() => location.search.includes("sort=-duration"));
    await page.locator("th[aria-sort=descending]", { hasText: "Duration" }).waitFor();
    await page.waitForFunction(() => document.querySelector(".results")?.getAttribute("aria-busy") === "false");
    t.equal(await page.locator("th", { hasText: "error.type" }).count(), 1);
    await page.locator("body").press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    t.equal((await parameter(page, "sel")).length, 32);
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.pathname.startsWith("/trace/"));
    t.equal(await parameter(page, "set"), errors);
    await page.goBack();
    await page.waitForFunction(() => location.pathname === "/search");
    await rows(page).first().waitFor();
    t.equal(await parameter(page, "sort"), "-duration");
});

test("search: pages by cursor repeat nothing", async t => {
    const page = await opened(t, "/search");
    await rows(page).nth(49).waitFor();
    const ids = () => page.locator(".rs .tid a").evaluateAll(links => links.map(a => a.title));
    const first = await ids();
    await page.locator(".nextpage").click();
    await page.waitForFunction(() => /51–100/.test(document.querySelector(".foot")?.textContent ?? ""));
    const second = await ids();
    t.equal(second.filter(id => first.includes(id)), []);
    await page.getByRole("link", { name: "First 50" }).click();
    await page.waitForFunction(() => /1–50 of/.test(document.querySelector(".foot")?.textContent ?? ""));
    t.equal(await ids(), first);
});

test("search: spans, groups and series", { seconds: 60 }, async t => {
    const page = await opened(t, at(errors, "&kind=spans"));
    await rows(page).first().waitFor();
    await page.waitForFunction(() => /^[\d,]+ spans$/.test(document.querySelector(".results h2")?.textContent ?? "")); // the facets have counted
    await t.accessible(page);
    await t.shot(page, "search-spans");
    await page.getByRole("button", { name: "Groups" }).click();
    await page.waitForFunction(() => location.search.includes("by%28"));
    await page.locator(".gbar").first().waitFor();
    t.equal(await query(page), "{ status = error } | by(resource.service.name)");
    await t.accessible(page);
    await t.shot(page, "search-groups");
    await page.fill(".ql textarea", "{ } | quantile_over_time(duration, .5, .99)");
    await page.press(".ql textarea", "Enter");
    await page.locator(".spark").first().waitFor();
    t.match(await page.locator(".rs tbody").textContent(), /ms/);
    await t.accessible(page);
});

test("search: the other pictures", { seconds: 60 }, async t => {
    for (const [picture, theme] of [["scatter", "dark"], ["percentiles", "light"], ["rate", "dark"], ["table", "light"]]) {
        const page = await opened(t, at(errors, `&pic=${picture}`), { theme });
        await rows(page).first().waitFor();
        await page.locator(picture === "table" ? ".pictable tbody tr" : ".hm canvas").first().waitFor();
        await t.accessible(page, { within: ".pic" });
        await t.shot(page, `search-${picture}`);
    }
});

test("search: nothing found says which condition excludes everything", async t => {
    const page = await opened(t, at('{ status = error && resource.cloud.region = "nowhere" }'));
    const without = page.locator(".sug a", { hasText: "nowhere" });
    await without.waitFor();
    t.match(await page.locator(".nothing").textContent(), /No trace matches both conditions.*The answer is exact/s);
    t.match(await without.textContent(), /[1-9][\d,]* spans/);
    await t.accessible(page);
    await t.shot(page, "search-nothing");
    await without.click();
    await rows(page).first().waitFor();
    t.equal(await query(page), errors);
});

test("search: nothing received, and no server", async t => {
    const page = await opened(t, "/search", {}, "empty");
    await page.locator(".nothing").waitFor();
    await t.accessible(page);
    const lost = await t.page(await t.weft("demo"));
    t.mayFail(lost, /ERR_FAILED|Failed to load/);
    await lost.route("**/api/**", route => route.abort("failed"));
    await lost.goto(at(errors));
    await lost.locator(".results .note.error").waitFor();
    t.match(await lost.locator(".results .note.error").textContent(), /No connection to the server.*Try again/s);
    await t.accessible(lost);
    await lost.unroute("**/api/**");
    await lost.locator(".results").getByRole("button", { name: "Try again" }).click();
    await rows(lost).first().waitFor();
});

test("search: an answer that a limit cut says so, and reads on", async t => {
    const page = await t.page(await t.weft("demo"));
    await page.route("**/api/v1/query?**", async route => {
        const answer = await (await route.fetch()).json();
        await route.fulfill({ json: { ...answer, partial: "limit of bytes read: 65MiB, at most 64MiB" } });
    });
    await page.goto(at(errors));
    await page.locator(".cutnote").waitFor();
    t.match(await page.locator(".cutnote").textContent(), /The answer is cut.*limit of bytes read.*Read on/s);
    t.equal(await page.locator(".results .tag", { hasText: "exact" }).count(), 0);
    await t.accessible(page);
    await t.shot(page, "search-partial");
    await page.getByRole("button", { name: "Read on" }).click();
    await page.waitForFunction(() => location.search.includes("after=50"));
    await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("search: odd answers and an odd address leave a page", async t => {
    const page = await t.page(await t.weft("demo"));
    const odd = { query: { traces: [null, 7, { trace_id: 5, services: "x", start_time_unix_nano: -1, spansets: [{}] }], has_more: "yes", inspected: [] },
        histogram: { cells: { column: [1e9, -1, "x"], row: [2], span_count: null }, duration_bounds_ns: "none", column_count: -5 },
        facets: { facets: [null, { key: 4, values: [{ value: {} }] }], span_count: "many" }, services: { services: 3 }, explain: [] };
    for (const [name, json] of Object.entries(odd)) await page.route(`**/api/v1/${name}?**`, route => route.fulfill({ json }));
    await page.goto("/search?box=1,2&sort=-nonsense&kind=what&pic=none&after=x&cols=a%20%22%3B,%3Cb%3E&sel=%3Cscript%3E&from=yesterday");
    await page.locator(".results").waitFor();
    await page.locator(".pic .hm").waitFor();
    await t.shot(page, "search-odd");
});

test("search: hostile names and values are text", async t => {
    const weft = await t.ownWeft();
    const nasty = `<img src=x onerror="window.broken=1">"'&{}|\\ ${"long".repeat(60)}`;
    const now = BigInt(Date.now()) * 1_000_000n;
    const text = stringValue => ({ stringValue });
    await weft.send({ resourceSpans: [{ resource: { attributes: [{ key: "service.name", value: text(nasty) }] }, scopeSpans: [{ spans: Array.from({ length: 6 }, (_, i) => ({
        traceId: `0${i}`.repeat(16), spanId: `0${i + 1}`.repeat(8), name: nasty, kind: 2, startTimeUnixNano: String(now - BigInt(i + 1) * 1_000_000_000n),
        endTimeUnixNano: String(now - BigInt(i) * 1_000_000_000n), attributes: [{ key: "a<b>", value: text(nasty) }, { key: "javascript:alert(1)", value: text(nasty) }], status: { code: 2, message: nasty } })) }] }] });
    for (const kind of ["", "&kind=spans"]) {
        const page = await opened(t, at(errors, kind), {}, weft);
        await rows(page).first().waitFor();
        await page.locator(".fv").first().waitFor();
        t.equal(await page.evaluate(() => window.broken), undefined);
        t.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
        await page.locator(".fv", { hasText: "<img" }).first().locator("input").click();
        await page.waitForFunction(() => location.search.includes("img"));
        await rows(page).first().waitFor();
        await t.accessible(page);
    }
});

test("search: newer results wait behind a count", { seconds: 40 }, async t => {
    const weft = await t.ownWeft();
    await weft.demo({ backfill: "5m", rate: 2 });
    const page = await opened(t, "/search", {}, weft);
    await rows(page).first().waitFor();
    const first = await page.locator(".rs .tid a").first().getAttribute("title");
    weft.demoLive({ rate: 5, speed: 1 });
    await page.locator("body").press("l");
    const newer = page.getByRole("button", { name: /newer/ });
    await newer.waitFor({ timeout: 20_000 });
    t.equal(await page.locator(".rs .tid a").first().getAttribute("title"), first);
    await newer.click();
    await page.waitForFunction(id => document.querySelector(".rs .tid a")?.title !== id, first);
});

test("search: a phone, dark, and at 200 %", async t => {
    const phone = await opened(t, at(errors), { size: 390, theme: "dark" });
    await phone.locator(".reslist li").first().waitFor();
    t.equal(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await t.accessible(phone);
    await t.shot(phone, "search-phone");
    await phone.getByRole("button", { name: "Filter by attribute" }).click();
    await phone.locator(".fv").first().waitFor();
    await t.accessible(phone);
    const zoomed = await opened(t, at(errors), { size: "720x450" });
    await zoomed.locator(".reslist li").first().waitFor();
    t.equal(await zoomed.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
});

test("search: searches are kept in the browser", async t => {
    const page = await opened(t, at(errors));
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.keyboard.type("Failures");
    await page.keyboard.press("Enter");
    await page.locator(".savelist", { hasText: "Failures" }).waitFor();
    await t.accessible(page);
    await page.goto("/search");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.locator(".savelist a", { hasText: "Failures" }).click();
    await page.waitForFunction(() => location.search.includes("status"));
    t.equal(await query(page), errors);
});

test("search: the plan of a query", async t => {
    const page = await opened(t, at(errors));
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Plan" }).click();
    await page.locator(".plan table").first().waitFor();
    t.match(await page.locator(".plan").textContent(), /How this is answered.*read in.*Looked for status = error/s);
    await t.accessible(page);
});

test("search: a long search can be stopped", async t => {
    const page = await t.page(await t.weft("demo"));
    let release;
    const held = new Promise(done => { release = done; });
    await page.route("**/api/v1/query?**", async route => { await held; await route.continue().catch(() => {}); });
    await page.goto(at(errors));
    await page.getByRole("button", { name: "Stop" }).click();
    await page.locator(".results", { hasText: "The search was stopped" }).waitFor();
    await t.accessible(page);
    release();
    await page.getByRole("button", { name: "Search on" }).click();
    await rows(page).first().waitFor();
    await page.unrouteAll({ behavior: "ignoreErrors" });
});
