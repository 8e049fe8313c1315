// look.mjs -- look at a page: open it, do things, take a picture, say what is wrong with it.
//
//   node tools/look.mjs PATH [--server URL] [--theme light|dark] [--size 1440x900|390] [--shot FILE.png] [--whole] [--no-axe]
//        then, in the order given: --click SEL  --dblclick SEL  --hover SEL  --fill "SEL=TEXT"  --press KEY  --type TEXT
//        --wait SEL|MILLISECONDS  --scroll PIXELS  --drag "X,Y X,Y"  --eval EXPRESSION (printed)  --shot FILE.png
//
// --server: $WEFT_SERVER or http://127.0.0.1:16686; "demo" starts one with an hour of the demo, "empty" one without traces.
// "{trace}" in PATH is the newest trace with an error, "{largest}" the one with most spans. --forced-colors, --reduced-motion: as they say.
// Exit status 1: a console error, a request that failed, an accessibility violation; each is printed.
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { axe, openBrowser, openPage, settled } from "../tests/browser.mjs";
import { servers } from "../tests/harness.mjs";

const text = { type: "string" }, texts = { type: "string", multiple: true }, flag = { type: "boolean" };
const { values: args, positionals: [path = "/"], tokens } = parseArgs({ allowPositionals: true, tokens: true, options: {
    server: text, theme: text, size: text, whole: flag, "no-axe": flag, "forced-colors": flag, "reduced-motion": flag,
    click: texts, dblclick: texts, hover: texts, fill: texts, press: texts, type: texts, wait: texts, scroll: texts, drag: texts,
    eval: texts, shot: texts,
} });

const actions = {
    click: (page, selector) => page.click(selector),
    dblclick: (page, selector) => page.dblclick(selector),
    hover: (page, selector) => page.hover(selector),
    fill: (page, given) => page.fill(given.slice(0, given.lastIndexOf("=")), given.slice(given.lastIndexOf("=") + 1)),
    press: (page, key) => page.keyboard.press(key),
    type: (page, what) => page.keyboard.type(what),
    wait: (page, what) => (/^\d+$/.test(what) ? sleep(Number(what)) : page.waitForSelector(what)),
    scroll: (page, pixels) => page.mouse.wheel(0, Number(pixels)),
    drag: async (page, given) => {
        const [from, to] = given.split(" ").map(p => p.split(",").map(Number));
        await page.mouse.move(...from);
        await page.mouse.down();
        await page.mouse.move(...to, { steps: 8 });
        await page.mouse.up();
    },
    eval: async (page, expression) => console.log(await page.evaluate(expression)),
    shot: async (page, file) => {
        await settled(page);
        await page.screenshot({ path: file, fullPage: args.whole, animations: "disabled" });
    },
};

/* Of the newest hundred. */
async function traceId(server, which) {
    const q = which === "largest" ? "{ }" : "{ status = error }";
    const answer = await fetch(`${server}/api/v1/query?limit=100&q=${encodeURIComponent(q)}`);
    const traces = (await answer.json()).traces ?? [];
    if (which === "largest") traces.sort((a, b) => b.span_count - a.span_count);
    return traces[0]?.trace_id ?? `no-${which}`;
}

async function look(server) {
    const browser = await openBrowser();
    try {
        const page = await openPage(browser, server, {
            theme: args.theme, size: args.size, forcedColors: args["forced-colors"] ? "active" : undefined,
            reducedMotion: args["reduced-motion"] ? "reduce" : undefined,
        });
        let address = path;
        for (const [place, which] of path.matchAll(/\{(trace|largest)\}/g)) address = address.replace(place, await traceId(server, which));
        await page.goto(address);
        await settled(page);
        for (const { kind, name, value } of tokens) if (kind === "option" && actions[name]) await actions[name](page, value);
        await settled(page);
        const problems = [...page.problems, ...(args["no-axe"] ? [] : await axe(page))];
        console.log(`${await page.title()} (${page.url()})`);
        for (const problem of problems) console.log(problem);
        return problems.length ? 1 : 0;
    } finally {
        await browser.close();
    }
}

const own = servers[args.server] && await servers[args.server]();
try {
    process.exitCode = await look(own?.url ?? args.server ?? process.env.WEFT_SERVER ?? "http://127.0.0.1:16686");
} finally {
    await own?.stop();
}
