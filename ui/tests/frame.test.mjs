// frame.test.mjs -- the page arrives and is sound.
import { test } from "./harness.mjs";

test("the start page opens", async t => {
    const page = await t.page(await t.weft("empty"));
    await page.goto("/");
    t.match(await page.title(), /weft/);
    await t.accessible(page);
    await t.shot(page, "start");
});
