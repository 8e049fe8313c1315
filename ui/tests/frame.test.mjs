// frame.test.mjs -- what holds on every page: it opens and reads well in both themes and all widths, keys work, what the server or
// a sender does wrong breaks nothing, old addresses lead somewhere.
import { settled, sizeOf } from "./browser.mjs";
import { test } from "./harness.mjs";

/* Of a server with the demo; "{trace}" is one of its traces. */
const pages = { home: "/", search: "/search", services: "/services", trace: "/trace/{trace}", nothing: "/no/such/page" };

async function address(weft, path) {
    return path.includes("{trace}") ? path.replace("{trace}", (await weft.trace("{ status = error }")).trace_id) : path;
}

/* Browsers report the status of the page itself as an error. */
const notFound = /the server responded with a status of 404/;

for (const [name, path] of Object.entries(pages)) {
    test(`${name}: both themes, every width`, { seconds: 180 }, async t => {
        const weft = await t.weft("demo"), to = await address(weft, path);
        for (const sizes of [[1440, 1280, 2560], [390]]) {
            const page = await t.page(weft, { size: sizes[0] });
            if (name === "nothing") t.mayFail(page, notFound);
            await page.goto(to);
            for (const size of sizes) for (const theme of ["light", "dark"]) {
                await page.setViewportSize(sizeOf(size));
                await page.emulateMedia({ colorScheme: theme });
                await settled(page);
                t.match(await page.title(), /weft$/);
                t.equal(await page.locator("main").count(), 1);
                t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${theme} ${size}: nothing sticks out sideways`);
                if (size !== 2560) await t.shot(page, `${name}-${theme}-${size}`);
                if (size === 1440 || (size === 390 && theme === "light")) await t.accessible(page);
            }
        }
    });
}

test("nothing received: the pages open", async t => {
    for (const path of ["/", "/search", "/services", "/trace/0a294c4402ce5b13c605385691bd9c40"]) {
        const page = await t.page(await t.weft("empty"));
        t.mayFail(page, notFound); // the trace
        await page.goto(path);
        await settled(page);
        await t.accessible(page);
        await t.shot(page, `empty-${path.split("/")[1] || "home"}`);
    }
});

test("keys: go to anything, help, theme, pages; Esc closes", async t => {
    const page = await t.page(await t.weft("demo"));
    await page.goto("/services");
    await settled(page);
    await page.keyboard.press("Control+k");
    await page.waitForSelector("[role=dialog]");
    await t.accessible(page);
    await t.shot(page, "palette");
    await page.keyboard.type("checkout");
    await page.waitForFunction(() => document.querySelector("[role=dialog]").textContent.includes("checkout"));
    await page.keyboard.press("Escape");
    t.equal(await page.locator("[role=dialog]").count(), 0);
    await page.keyboard.press("?");
    await page.waitForSelector("[role=dialog]");
    await t.accessible(page);
    await t.shot(page, "keys");
    await page.keyboard.press("Escape");
    t.equal(await page.locator("[role=dialog]").count(), 0);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.keyboard.press("Shift+D");
    await page.waitForFunction(before => getComputedStyle(document.body).backgroundColor !== before, light);
    await page.reload();
    await settled(page);
    t.ok(await ground() !== light, "the theme is remembered");
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.waitForURL(/\/search/);
    await page.goBack();
    await page.waitForURL(/\/services/);
});

test("a pasted trace id opens the trace", async t => {
    const weft = await t.weft("demo"), page = await t.page(weft);
    const { trace_id: id } = await weft.trace("{ status = error }");
    await page.goto("/");
    await settled(page);
    await page.keyboard.press("Control+k");
    await page.waitForSelector("[role=dialog]");
    await page.keyboard.type(`00-${id}-0000000000000001-01`);
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/trace/${id}`));
});

test("Jaeger's addresses are understood", async t => {
    const weft = await t.weft("demo"), page = await t.page(weft);
    await page.goto("/search?service=checkout&lookback=2h&limit=20&tags=%7B%22error%22%3A%22true%22%7D");
    await page.waitForURL(url => url.searchParams.get("q")?.includes("checkout") && url.searchParams.get("from") === "now-2h");
    const { trace_id: id } = await weft.trace("{ }");
    await page.goto(`/trace/${id}?uiFind=checkout`);
    await page.waitForURL(url => url.pathname === `/trace/${id}` && url.searchParams.get("find") === "checkout");
});

const hostile = ["<img src=x onerror=\"document.title='owned'\">", "<script>document.title='owned'</script>", "\"><svg onload=document.title='owned'>",
    "javascript:document.title='owned'", "{{constructor.constructor('document.title=1')()}}", "\u202egnp.exe", "a".repeat(4000), "\u0000\u0007\t\n"];

function hostileTraces() {
    const now = BigInt(Date.now()) * 1_000_000n, hex = (n, i) => i.toString(16).padStart(n, "0");
    const attributes = pairs => pairs.map(([key, text]) => ({ key, value: { stringValue: text } }));
    return { resourceSpans: hostile.map((text, i) => ({
        resource: { attributes: attributes([["service.name", text], [text, text]]) },
        scopeSpans: [{ scope: { name: text, version: text }, spans: [{
            traceId: hex(32, 0xabc), spanId: hex(16, i + 1), ...(i ? { parentSpanId: hex(16, i) } : {}), name: text, kind: 2,
            startTimeUnixNano: String(now + BigInt(i) * 1_000_000n), endTimeUnixNano: String(now + 60_000_000n), traceState: text,
            attributes: attributes([[text, text], ["http.url", text], ["url.full", "javascript:document.title='owned'"], ["exception.stacktrace", text]]),
            events: [{ timeUnixNano: String(now), name: text, attributes: attributes([[text, text]]) }],
            links: [{ traceId: hex(32, 1), spanId: hex(16, 1), attributes: attributes([[text, text]]) }],
            status: { code: 2, message: text } }] }] })) };
}

test("what senders write is text: names, keys and values that look like pages", async t => {
    const weft = await t.ownWeft(), page = await t.page(weft);
    await weft.send(hostileTraces());
    for (const path of ["/", "/search", "/search?q=%7B%7D", "/services", `/trace/${"abc".padStart(32, "0")}`]) {
        await page.goto(path);
        await settled(page);
        t.match(await page.title(), /weft$/);
        t.equal(await page.evaluate(() => document.querySelectorAll("main img, main script, main iframe, [onerror], [onload], a[href^='javascript']").length), 0);
        await t.shot(page, `hostile-${path.split("/")[1] || "home"}`);
    }
});

test("the policy holds: no inline script or style, no frame around us", async t => {
    const page = await t.page(await t.weft("empty"));
    t.mayFail(page, /Content Security Policy/);
    t.mayFail(page, /request to elsewhere|ERR_BLOCKED_BY_CSP/);
    await page.goto("/");
    const ran = await page.evaluate(async () => {
        const script = document.createElement("script");
        script.textContent = "globalThis.owned = true";
        document.body.append(script);
        const styled = document.createElement("div");
        document.body.append(styled);
        styled.outerHTML = "<div id=styled style='position:fixed'></div>";
        const fetched = await fetch("http://127.0.0.1:1/").then(() => true, () => false);
        return { script: globalThis.owned === true, style: getComputedStyle(document.querySelector("#styled")).position === "fixed", fetched };
    });
    t.equal(ran, { script: false, style: false, fetched: false });
});

/* What the own API might answer one day, or a proxy in between. */
const answers = [["{}", "an empty object"], ["[]", "a list"], ["null", "null"], ["<html>proxy</html>", "a page"], ["", "nothing"],
    ['{"traces":null,"services":7,"series":{},"columns":[],"scopes":"x","endpoints":5,"received":[],"span_count":"many"}', "other types"],
    ['{"services":[null,{"name":5},{"slot":-1}],"traces":[null,{"trace_id":7,"services":3}],"columns":{"span_id":[1],"name":[null],"parent":[99]},"scopes":[null]}',
        "lists of the wrong things"]];

for (const [body, what] of answers) {
    test(`the API answers with ${what}`, async t => {
        const page = await t.page(await t.weft("demo"));
        await page.route("**/api/v1/**", route => route.fulfill({ status: 200, contentType: "application/json", body }));
        for (const path of ["/", "/search?q=%7B%7D", "/services", `/trace/${"1".repeat(32)}`]) {
            await page.goto(path);
            await settled(page);
            t.equal(await page.locator("main").count(), 1);
            t.ok(!(await page.locator("main").textContent()).includes("This page has a fault"), `${path} has a fault`);
        }
    });
}

test("the server is gone: every page says so", async t => {
    const weft = await t.ownWeft(), page = await t.page(weft);
    t.mayFail(page, /ERR_CONNECTION_REFUSED|ERR_FAILED|Failed to load resource|request:/);
    await page.goto("/");
    await settled(page);
    await page.route("**/api/v1/**", route => route.abort());
    for (const path of ["/search?q=%7B%7D", "/services", `/trace/${"1".repeat(32)}`]) {
        await page.goto(path);
        await page.waitForSelector("[role=alert], [role=status].error, .note.error", { timeout: 5000 });
        await t.accessible(page);
    }
    await t.shot(page, "server-gone");
});

test("the first page is small and asks for nothing twice", async t => {
    const weft = await t.weft("demo"), page = await t.page(weft), asked = [];
    let bytes = 0;
    page.on("response", response => asked.push(response));
    await page.goto("/");
    await settled(page);
    const files = asked.filter(r => !r.url().includes("/api/"));
    for (const file of files) bytes += Number((await file.allHeaders())["content-length"]);
    t.ok(bytes > 5000 && bytes <= 150 * 1024, `${bytes} bytes`);
    const questions = asked.map(r => r.url()).filter(url => url.includes("/api/") && !url.endsWith("/status")); // that is the frame's, each second
    t.ok(questions.length <= 6, questions.join("\n"));
    t.equal(new Set(questions).size, questions.length);
});
