// harness.test.mjs -- the harness sees what it is there to see.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { axe } from "./browser.mjs";
import { test } from "./harness.mjs";
import { difference } from "./pictures.mjs";

test("pictures: the same, a little different, very different, none", async t => {
    const page = await t.browser.newPage({ viewport: { width: 200, height: 100 } });
    const folder = await mkdtemp(join(tmpdir(), "weft-ui-pictures-"));
    const take = async (name, left, width) => {
        await page.setContent(`<body style="margin:0;background:#fff"><div style="position:absolute;left:${left}px;top:0;width:${width}px;height:100px;background:#136">`);
        await page.screenshot({ path: join(folder, name) });
        return join(folder, name);
    };
    try {
        const a = await take("a.png", 10, 50), same = await take("same.png", 10, 50), moved = await take("moved.png", 12, 50), full = await take("full.png", 0, 200);
        t.equal(await difference(t.browser, a, same, join(folder, "d.png")), 0);
        t.equal(await difference(t.browser, a, moved, join(folder, "d.png")), 4 / 200);
        t.equal(await difference(t.browser, a, full, join(folder, "d.png")), 150 / 200);
        t.equal(await difference(t.browser, join(folder, "none.png"), a, join(folder, "d.png")), 1);
    } finally {
        await page.close();
        await rm(folder, { recursive: true });
    }
});

test("problems of a page are seen: errors, requests to elsewhere, names that are missing", async t => {
    const page = await t.page(await t.weft("empty"));
    t.mayFail(page, /./);
    await page.goto("/");
    await page.evaluate(() => {
        console.error("said");
        setTimeout(() => { throw new Error("thrown"); });
        void fetch("http://127.0.0.1:1/").catch(() => {});
        document.body.append(document.createElement("button")); // outside of what the page draws again
    });
    await page.waitForTimeout(200);
    for (const what of [/console: said/, /uncaught: Error: thrown/, /request to elsewhere|Content Security Policy/])
        t.ok(page.problems.some(p => what.test(p)), `${what} in ${page.problems}`);
    t.ok((await axe(page)).some(v => v.includes("button-name")));
});

test("traces of 500 and of 100,000 spans are there", { seconds: 120 }, async t => {
    const weft = await t.weft("giant"), { traces } = await weft.api("/query", { q: "{ }", limit: 10 });
    t.equal(traces.map(trace => trace.span_count).sort((a, b) => a - b), [500, 100_000]);
});
