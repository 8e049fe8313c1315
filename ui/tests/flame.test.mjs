// flame.test.mjs -- flame graph of a search and of a trace, and two traces compared.
import { test } from "./harness.mjs";

const checkout = encodeURIComponent('{ name = "POST /checkout" && nestedSetParent < 0 }');

test("a search as a flame graph: zoom, find, the chosen step", { seconds: 60 }, async t => {
    const weft = await t.weft("demo");
    for (const theme of ["light", "dark"]) {
        const page = await t.page(weft, { theme, size: 1440 });
        await page.goto(`/flame?q=${checkout}`);
        const picture = page.getByRole("img", { name: /Flame graph of/ });
        await picture.waitFor();
        await t.accessible(page);
        await t.shot(page, `flame-${theme}`);
        const box = await picture.boundingBox();
        await page.mouse.click(box.x + box.width * 0.3, box.y + 24 * 4 + 10);
        await page.getByRole("navigation", { name: "Zoomed to" }).waitFor();
        t.match(page.url(), /node=/);
        await page.getByRole("region", { name: "Chosen step" }).waitFor();
        await page.goBack();
        await page.getByRole("navigation", { name: "Zoomed to" }).waitFor({ state: "detached" });
        await page.keyboard.press("/");
        await page.keyboard.type("payment");
        await page.getByText(/%/).first().waitFor();
        await t.accessible(page);
    }
});

test("a trace as a flame graph, by keyboard", async t => {
    const weft = await t.weft("demo");
    const page = await t.page(weft, { theme: "light", size: 1280 });
    const id = (await weft.search(decodeURIComponent(checkout), 1))[0];
    await page.goto(`/trace/${id}?view=flame`);
    await page.getByRole("img", { name: /Flame graph of/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("navigation", { name: "Zoomed to" }).waitFor();
    await t.accessible(page);
});

test("two traces compared: the sentence, the steps, the sum; swapped", async t => {
    const weft = await t.weft("demo");
    const found = await weft.search(`${decodeURIComponent(checkout)} | order(duration)`, 40);
    for (const theme of ["light", "dark"]) {
        const page = await t.page(weft, { theme, size: 1440 });
        await page.goto(`/compare?a=${found[0]}&b=${found[found.length - 1]}`);
        await page.getByText(/A takes|Both take/).waitFor();
        await page.getByText(/on the critical path in all/).waitFor();
        await t.accessible(page);
        await t.shot(page, `compare-${theme}`);
        await page.getByRole("button", { name: "Swap A and B" }).click();
        await page.waitForURL(url => url.searchParams.get("b") === found[0]);
        await page.getByRole("button", { name: /All \d+ steps/ }).click();
        await page.getByRole("row", { name: /PlaceOrder/ }).first().waitFor();
    }
    const page = await t.page(weft, { theme: "light", size: 390 });
    await page.goto("/compare");
    await page.getByRole("heading", { name: "Choose two traces" }).waitFor();
    await t.accessible(page);
    await page.getByRole("textbox", { name: /trace A/ }).fill(found[0]);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: /POST \/checkout/ }).waitFor();
    await t.shot(page, "compare-phone");
});
