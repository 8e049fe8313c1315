// browser.mjs -- Debian's Chromium for tests and for ui/tools/look.mjs: pages that report what goes wrong in them.
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--font-render-hinting=none"];

export async function openBrowser() {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    return chromium.launch({ executablePath, args: flags });
}

/** "1440x900" or 1440 (with the height that screens of that width have). */
export function sizeOf(size = 1440) {
    const [width, height] = String(size).split("x").map(Number);
    return { width, height: height ?? (width < 760 ? 844 : width > 2000 ? 1440 : 900) };
}

/**
 * A page in a context of its own. `page.problems` gathers what no page of ours may have: console errors (a breach of the content
 * security policy is one), uncaught exceptions, requests that failed or went elsewhere.
 */
export async function openPage(browser, server, { theme = "light", size = 1440, ...context } = {}) {
    const { width, height } = sizeOf(size);
    const page = await (await browser.newContext({
        baseURL: server, viewport: { width, height }, colorScheme: theme, locale: "en-GB", timezoneId: "UTC",
        ...(width < 760 ? { hasTouch: true, isMobile: true } : {}), ...context,
    })).newPage();
    page.setDefaultTimeout(10_000);
    page.problems = [];
    page.waiting = new Set(); // requests that are not answered
    page.on("request", r => page.waiting.add(r));
    for (const end of ["requestfinished", "requestfailed"]) page.on(end, r => page.waiting.delete(r));
    page.on("console", m => {
        if (m.type() === "error") page.problems.push(`console: ${m.text()} ${m.location().url ?? ""}`.trim());
    });
    page.on("pageerror", e => page.problems.push(`uncaught: ${e.stack ?? e.message}`));
    page.on("requestfailed", r => {
        // A page that leaves, or asks anew, cancels what it waits for.
        if (r.failure()?.errorText !== "net::ERR_ABORTED") page.problems.push(`request: ${r.url()} ${r.failure()?.errorText}`);
    });
    page.on("request", r => {
        const { protocol, origin } = new URL(r.url());
        if (origin !== server && !["data:", "blob:"].includes(protocol)) page.problems.push(`request to elsewhere: ${r.url()}`);
    });
    return page;
}

/** Accessibility: one line a violation. evaluate, not addScriptTag: the pages' policy forbids inline scripts. */
export async function axe(page, options = {}) {
    const require = createRequire(import.meta.url);
    if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(require("axe-core").source);
    const { violations } = await page.evaluate(o => globalThis.axe.run(o.within ?? document, o.run ?? {}), options);
    return violations.map(v => `axe ${v.impact}: ${v.id}: ${v.help}: ` +
        v.nodes.slice(0, 5).map(n => n.target.join(" ")).join(", ") + (v.nodes.length > 5 ? ` and ${v.nodes.length - 5} more` : ""));
}

/** Wait until no request has been open for a moment, fonts are there, and two frames were drawn; 10 s at most. */
export async function settled(page) {
    const end = Date.now() + 10_000;
    for (let quiet = 0; quiet < 4 && Date.now() < end;) {
        await page.evaluate(async () => {
            await document.fonts.ready;
            for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
        });
        quiet = page.waiting.size === 0 ? quiet + 1 : 0;
        if (quiet < 4) await sleep(15);
    }
}
