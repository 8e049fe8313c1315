// harness.mjs -- tests of the interface in a browser. A file *.test.mjs registers its tests; run.mjs runs them.
//
//   import { test } from "./harness.mjs";
//
//   test("search finds the slow checkout", async t => {
//       const weft = await t.weft("demo");               // a server that other tests read too: see servers
//       const page = await t.page(weft, { theme: "dark", size: 1280 });
//       await page.goto("/search");
//       t.equal(await page.locator("h1").textContent(), "Search");
//       await t.accessible(page);
//       await t.shot(page, "search-dark");               // a picture to look at, in build/ui-shots
//   });
//
// When a test ends, each of its pages must be free of problems (browser.mjs), unless the test said t.mayFail(page, /what/).
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { axe, openPage, settled } from "./browser.mjs";
import { difference } from "./pictures.mjs";
import { Weft } from "./weft.mjs";

const here = dirname(fileURLToPath(import.meta.url));
export const shots = process.env.WEFT_SHOTS ?? join(here, "../../build/ui-shots");
const kept = join(here, "shots");

/** Servers that tests share, made when first asked for; a test that writes takes t.ownWeft(). */
export const servers = {
    empty: async () => new Weft().start(),
    demo: async () => {
        const weft = await new Weft().start();
        await weft.demo({ backfill: "1h", rate: 2 });
        return weft;
    },
    /* One trace of 100,000 spans, one of 500. */
    giant: async () => {
        const weft = await new Weft().start();
        await weft.load("giant", { spans: 500, traceSpans: 500 });
        await weft.load("giant", { spans: 100_000, traceSpans: 100_000, seed: 2 });
        return weft;
    },
};

export const tests = [];
/** options: { seconds } it may take, 60 by default. */
export function test(name, options, run) {
    if (typeof options === "function") [options, run] = [{}, options];
    tests.push({ name, options, run });
}

/** What a test gets. */
export class Test {
    constructor(browser, shared) {
        this.browser = browser;
        this.shared = shared;
        this.pages = [];
        this.own = [];
        this.equal = assert.deepEqual;
        this.ok = assert.ok;
        this.match = assert.match;
    }

    weft(name) {
        return this.shared[name] ??= servers[name]();
    }

    async ownWeft(settings) {
        const weft = new Weft(settings);
        this.own.push(weft);
        return weft.start();
    }

    /** A command as a reader would paste it. */
    async run(command) {
        await promisify(execFile)("sh", ["-c", command], { timeout: 10_000 });
    }

    async page(weft, options) {
        const page = await openPage(this.browser, weft.url, options);
        this.pages.push(page);
        return page;
    }

    /** This test makes that happen: problems that match are none. */
    mayFail(page, pattern) {
        (page.expected ??= []).push(pattern);
    }

    problems(page) {
        return page.problems.filter(p => !page.expected?.some(e => e.test(p)));
    }

    async accessible(page, options) {
        this.equal(await axe(page, options), []);
    }

    async shot(page, name) {
        await settled(page);
        await mkdir(shots, { recursive: true });
        const file = join(shots, `${name}.png`);
        await page.screenshot({ path: file, animations: "disabled", caret: "hide" });
        return file;
    }

    /**
     * The page looks as ui/tests/shots/NAME.png does; `tolerance` is the part of its pixels that may differ. For pages whose data
     * and clock the test has fixed. WEFT_SHOTS_KEEP=1 writes the pictures anew.
     */
    async same(page, name, tolerance = 0.002) {
        const taken = await this.shot(page, name), reference = join(kept, `${name}.png`);
        if (process.env.WEFT_SHOTS_KEEP) {
            await mkdir(kept, { recursive: true });
            await writeFile(reference, await readFile(taken));
            return;
        }
        const found = await difference(this.browser, reference, taken, join(shots, `${name}-difference.png`));
        this.ok(found <= tolerance, `${taken}: ${(found * 100).toFixed(2)} % of the pixels differ from ${reference}, ` +
            `expected at most ${(tolerance * 100).toFixed(2)} % (see ${name}-difference.png)`);
    }

    async end() {
        const problems = this.pages.flatMap(page => this.problems(page));
        for (const page of this.pages) await page.context().close().catch(() => {});
        for (const weft of this.own) await weft.stop();
        return problems;
    }
}
