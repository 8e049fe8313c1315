#!/usr/bin/env node
// run.mjs -- run the browser tests.
//
//   node tests/run.mjs [--only TEXT]... [FILE]...       all *.test.mjs unless files are named; --only: tests whose name has TEXT
//
// Ends with "N passed, N failed"; status 1 when one failed, 77 when there is no browser. The slowest are listed.
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { openBrowser } from "./browser.mjs";
import { shots, Test, tests } from "./harness.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: args, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: "string", multiple: true, default: [] } } });

async function load() {
    const files = positionals.length ? positionals.map(f => resolve(f)) :
        (await readdir(here)).filter(f => f.endsWith(".test.mjs")).sort().map(f => join(here, f));
    for (const file of files) {
        const before = tests.length;
        await import(pathToFileURL(file));
        for (const test of tests.slice(before)) test.file = basename(file, ".test.mjs");
    }
    return tests.filter(t => args.only.length === 0 || args.only.some(text => t.name.includes(text)));
}

/* A picture of each page tells most. */
async function pictures(t, name) {
    await mkdir(shots, { recursive: true });
    for (const [i, page] of t.pages.entries()) {
        const file = join(shots, `failed-${name.replace(/\W+/g, "-")}-${i}.png`);
        if (await page.screenshot({ path: file, timeout: 3000 }).catch(() => null)) console.log(`    page ${page.url()} is in ${file}`);
    }
}

async function runOne(browser, shared, test) {
    const t = new Test(browser, shared), seconds = test.options.seconds ?? 60, start = performance.now();
    const late = new Promise((_, failed) => {
        test.timer = setTimeout(() => failed(new Error(`not done after ${seconds} s`)), seconds * 1000);
    });
    let failure;
    try {
        await Promise.race([test.run(t), late]);
    } catch (error) {
        failure = error;
        await pictures(t, test.name);
    }
    clearTimeout(test.timer);
    const problems = await t.end();
    test.ms = performance.now() - start;
    if (failure) console.log(`FAILED  ${test.file}: ${test.name}\n    ${String(failure.stack ?? failure).replaceAll("\n", "\n    ")}`);
    else if (problems.length) console.log(`FAILED  ${test.file}: ${test.name}: problems in its pages`);
    else console.log(`ok      ${test.file}: ${test.name} (${Math.round(test.ms)} ms)`);
    for (const problem of problems) console.log(`    ${problem}`);
    return !failure && problems.length === 0;
}

async function main() {
    if (!existsSync(process.env.CHROMIUM ?? "/usr/bin/chromium")) {
        console.log("no /usr/bin/chromium: apt-get install chromium");
        return 77;
    }
    const chosen = await load(), browser = await openBrowser(), shared = {};
    let passed = 0;
    try {
        for (const test of chosen) passed += await runOne(browser, shared, test);
    } finally {
        await browser.close();
        for (const weft of Object.values(shared)) await (await weft.catch(() => null))?.stop();
    }
    const slow = [...chosen].sort((a, b) => b.ms - a.ms).slice(0, 5).map(t => `${t.name} ${(t.ms / 1000).toFixed(1)} s`);
    console.log(`slowest: ${slow.join("; ")}\n${passed} passed, ${chosen.length - passed} failed`);
    return passed === chosen.length ? 0 : 1;
}

process.exitCode = await main();
