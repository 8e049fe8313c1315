// pictures.test.mjs -- pages over spans whose every field is known, at a known time, beside the pictures kept in shots/.
// After a change that is meant: WEFT_SHOTS_KEEP=1 node tests/run.mjs tests/pictures.test.mjs, and look at them.
import { test } from "./harness.mjs";

const begin = BigInt(Date.UTC(2026, 10, 21, 3, 9, 41, 318)) * 1_000_000n;
const look = new Date("2026-11-21T03:12:00Z");
const range = "from=2026-11-21T03:00:00Z&to=2026-11-21T03:12:00Z";
const traceId = n => `4bf92f3577b34da6a3ce929d0e0e47${n.toString(16).padStart(2, "0")}`;
const spanId = (trace, span) => `a${trace.toString(16).padStart(7, "0")}${span.toString(16).padStart(8, "0")}`;

/* [service, name, kind, parent, start ms, duration ms, error] of a checkout; `slow` draws out the payment. */
const shape = slow => [
    ["frontend", "POST /checkout", 2, -1, 0, 240 + slow],
    ["checkout", "POST /checkout", 2, 0, 4, 232 + slow],
    ["cart", "GET /cart", 2, 1, 8, 22],
    ["cart", "HGET", 3, 2, 12, 6],
    ["pricing", "POST /quote", 2, 1, 32, 60],
    ...Array.from({ length: 7 }, (_, i) => ["pricing", "SELECT price_rules", 3, 4, 34 + i * 8, 7]),
    ["payment", "POST /charge", 2, 1, 96, 130 + slow, slow > 0],
    ["payment", "POST /v2/charges", 3, 12, 100, 60, slow > 0],
    ["payment", "POST /v2/charges", 3, 12, 160 + slow, 64],
    ["shipping", "send parcel", 4, 0, 238 + slow, 1],
];

function otlp(count) {
    const byService = new Map();
    for (let t = 0; t < count; t++) {
        const slow = t % 4 === 0 ? 400 + t * 10 : 0, at = begin - BigInt(t) * 20_000_000_000n;
        shape(slow).forEach(([service, name, kind, parent, start, duration, isError], i) => {
            const from = at + BigInt(start) * 1_000_000n;
            if (!byService.has(service)) byService.set(service, []);
            byService.get(service).push({ traceId: traceId(t), spanId: spanId(t, i), parentSpanId: parent < 0 ? "" : spanId(t, parent), name, kind,
                startTimeUnixNano: String(from), endTimeUnixNano: String(from + BigInt(duration) * 1_000_000n),
                attributes: [{ key: "http.request.method", value: { stringValue: "POST" } }, { key: "app.items", value: { intValue: "3" } }],
                events: isError ? [{ timeUnixNano: String(from + 50_000_000n), name: "exception", attributes: [{ key: "exception.message", value: { stringValue: "gateway timed out" } }] }] : [],
                status: isError ? { code: 2, message: "gateway timed out" } : {} });
        });
    }
    return { resourceSpans: [...byService].map(([service, spans]) => ({ resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] }, scopeSpans: [{ spans }] })) };
}

test("pages look as they did", { seconds: 90 }, async t => {
    const weft = await t.ownWeft();
    await weft.send(otlp(24));
    const pages = [
        ["trace", "light", `/trace/${traceId(0)}?span=${spanId(0, 12)}`, "[role=treegrid]"],
        ["trace", "dark", `/trace/${traceId(0)}`, "[role=treegrid]"],
        ["search", "light", `/search?${range}`, "table tbody tr"],
        ["compare", "dark", `/compare?a=${traceId(0)}&b=${traceId(1)}`, "table tbody tr"],
        ["flame", "light", `/flame?${range}`, "table tbody tr"],
    ];
    for (const [name, theme, address, there] of pages) {
        const page = await t.page(weft, { theme, size: "1280x800" });
        await page.clock.setFixedTime(look);
        await page.goto(address);
        await page.locator(there).first().waitFor();
        await t.same(page, `${name}-${theme}`, 0.004); // how long an answer took is on the search page
    }
});
