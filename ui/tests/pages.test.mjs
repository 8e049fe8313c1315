// pages.test.mjs -- first run, home, services, one service, settings: what they show, by mouse and by keyboard.
import { test } from "./harness.mjs";

test("first run says where to send, and opens the first trace by itself", { seconds: 60 }, async t => {
    const weft = await t.ownWeft();
    const page = await t.page(weft, { theme: "light", size: 1440 });
    await page.goto("/");
    await page.getByRole("heading", { name: "Nothing has been sent to it yet" }).waitFor();
    await t.accessible(page);
    await t.shot(page, "first-run-light");
    for (const way of ["Go", "Java", "Node.js", "C", "No code change", "curl"]) {
        await page.getByRole("tab", { name: way, exact: true }).click();
        await t.accessible(page);
    }
    // The command of the curl tab, as it stands, sends what this page then opens.
    const command = await page.getByRole("region", { name: "the start" }).textContent();
    await t.run(command);
    await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
    await page.getByRole("heading", { level: 1 }).filter({ hasText: "hello" }).waitFor();
});

test("home, services and a service show the figures of the demo", { seconds: 90 }, async t => {
    const weft = await t.weft("demo");
    for (const theme of ["light", "dark"]) {
        const page = await t.page(weft, { theme, size: 1440 });
        await page.goto("/");
        await page.getByRole("row", { name: /checkout/ }).first().waitFor();
        await t.accessible(page);
        await t.shot(page, `home-${theme}`);
        await page.goto("/services");
        const services = page.locator("table.red tbody tr");
        await services.first().waitFor();
        t.ok(await services.count() > 10);
        await t.accessible(page);
        await t.shot(page, `services-${theme}`);
        await page.getByRole("link", { name: "checkout", exact: true }).click();
        await page.getByRole("img", { name: /Requests a second over time/ }).waitFor();
        await page.getByRole("row", { name: /PlaceOrder/ }).waitFor();
        await t.accessible(page);
        await t.shot(page, `service-${theme}`);
    }
    const page = await t.page(weft, { theme: "light", size: 390 });
    await page.goto("/services");
    await page.locator("table.red tbody tr").first().waitFor();
    await t.accessible(page);
    await t.shot(page, "services-phone");
});

test("services are filtered, sorted and opened by keyboard", async t => {
    const page = await t.page(await t.weft("demo"), { theme: "light", size: 1280 });
    await page.goto("/services");
    await page.locator("table.red tbody tr").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("pay");
    await page.locator("table.red tbody tr").first().waitFor();
    t.equal(await page.locator("table.red tbody tr").count(), 1);
    await page.getByRole("link", { name: "payment", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/service\/payment/);
    await page.keyboard.press("g");
    await page.keyboard.press("h");
    await page.waitForURL(url => url.pathname === "/");
});

test("settings keep the theme", async t => {
    const page = await t.page(await t.weft("demo"), { theme: "light", size: 1280 });
    await page.goto("/settings");
    await page.getByRole("button", { name: "Dark", exact: true }).click();
    t.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await t.accessible(page);
    await page.reload();
    t.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await t.shot(page, "settings-dark");
});
