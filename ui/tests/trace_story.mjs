// trace_story.mjs -- traces for tests, a line a span, as OTLP JSON: the slow checkout of the design, and an odd one.

const NS = 1_000_000n;
const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
const text = (key, value) => ({ key, value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value } });
const hex = (n, digits) => n.toString(16).padStart(digits, "0");

/** `spans`: { depth, service, name, kind, start, ms, error, events: [[ms, name, attributes]], attributes, parent, links }; times in ms. */
export function otlp(traceId, startMs, spans) {
    const byService = new Map();
    const open = [];
    spans.forEach((s, i) => {
        const spanId = hex(BigInt(`0x${traceId.slice(0, 8)}`) * 65536n + BigInt(i) + 1n, 16);
        open.length = s.depth;
        const parent = s.parent ?? (s.depth > 0 ? open[s.depth - 1] : "");
        open.push(spanId);
        const at = ms => String(BigInt(startMs) * NS + BigInt(Math.round(ms * 1e6)));
        const span = { traceId, spanId, parentSpanId: parent, name: s.name, kind: kinds[s.kind ?? "internal"], startTimeUnixNano: at(s.start),
            endTimeUnixNano: at(s.start + s.ms), attributes: Object.entries(s.attributes ?? {}).map(([k, v]) => text(k, v)),
            events: (s.events ?? []).map(([ms, name, attributes]) => ({ timeUnixNano: at(ms), name, attributes: Object.entries(attributes ?? {}).map(([k, v]) => text(k, v)) })),
            links: (s.links ?? []).map(l => ({ traceId: l.traceId, spanId: l.spanId })),
            status: s.error !== undefined ? { code: 2, message: s.error } : {} };
        if (!byService.has(s.service)) byService.set(s.service, []);
        byService.get(s.service).push(span);
    });
    return { resourceSpans: [...byService].map(([service, list]) => ({ resource: { attributes: [text("service.name", service), text("service.version", "2.14.0")] },
        scopeSpans: [{ scope: { name: "test", version: "1" }, spans: list }] })) };
}

const span = (depth, service, name, kind, start, ms, more = {}) => ({ depth, service, name, kind, start, ms, ...more });
const failed = (word, message) => ({ error: message, attributes: { "error.type": word } });

/** The checkout that is slow because fraud-check times out twice; two consumers run 38 s later. */
export function checkout() {
    const attempt = (start, ms, inferMs, isFailed) => [
        span(6, "payment", "POST fraud-check /score", "client", start, ms, isFailed ? { ...failed("DEADLINE_EXCEEDED", "context deadline exceeded after 800 ms"), attributes: { "error.type": "DEADLINE_EXCEEDED",
            "http.request.method": "POST", "server.address": "fraud-check.eu-west-1", "rpc.timeout_ms": 800, "http.request.resend_count": 1 },
            events: [[start + ms - 1, "exception", { "exception.type": "DeadlineExceeded", "exception.message": "context deadline exceeded after 800 ms",
                "exception.stacktrace": "context deadline exceeded\nfraud.(*Client).Score\n\tclient.go:118\nruntime.gopanic\n\t/usr/local/go/src/runtime/panic.go:884\nnet/http.(*Client).do\n\t/usr/local/go/src/net/http/client.go:725\nmain.main\n\tmain.go:20" }]] } : {}),
        span(7, "fraud-check", "POST /score", "server", start + 3.2, ms - 5, isFailed ? failed("503", "") : {}),
        span(8, "redis", "MGET features:{user}", "client", start + 8, 3.2),
        span(8, "fraud-check", "model.infer", "internal", start + 13, inferMs, { events: [[start + 14, "queue full", { message: "512 of 512 waiting for model workers", level: "warn" }]] })];
    const spans = [
        span(0, "edge-gateway", "POST /checkout", "server", 0, 2843.2),
        span(1, "edge-gateway", "auth.verify", "client", 1, 8.2), span(2, "user", "GET /sessions/{id}", "server", 2, 4.9), span(3, "redis", "GET session:{id}", "client", 3, 0.8),
        span(1, "edge-gateway", "POST checkout", "client", 10, 2818),
        span(2, "checkout", "POST /checkout", "server", 12, 2813, { events: [[140, "stock reserved"], [2704, "payment authorised"]] }),
        span(3, "checkout", "pricing.quote", "client", 54, 86), span(4, "pricing", "POST /quote", "server", 55, 81.4),
        ...Array.from({ length: 14 }, (_, i) => span(5, "orders-db", "SELECT price_rules", "client", 57 + i * 5.3, 4.1 + ((i * 7) % 5) * 0.2)),
        span(3, "checkout", "payment.authorize", "client", 207, 2492.4),
        span(4, "payment", "payment.v2.Payment/Authorize", "server", 209.1, 2487, { events: [[1030, "retry", { level: "warn", message: "retry 1 of 2" }]] }),
        span(5, "orders-db", "SELECT merchants", "client", 213, 8.1),
        span(5, "payment", "fraud.score", "internal", 226, 2398.7),
        ...attempt(228, 801.4, 783, true), span(6, "payment", "backoff", "internal", 1030, 150),
        ...attempt(1181, 801.2, 784, true), span(6, "payment", "backoff", "internal", 1983, 250),
        ...attempt(2233.8, 389.6, 351.5, false),
        span(5, "acquirer.example", "POST /v2/authorisations", "client", 2630, 58.3),
        span(3, "checkout", "orders.create", "internal", 2704, 88), span(4, "orders-db", "INSERT orders", "client", 2708, 41.2), span(4, "orders-db", "COMMIT", "client", 2751, 30.6),
        span(3, "kafka", "orders publish", "producer", 2794, 6.1),
        span(4, "shipping", "orders process", "consumer", 41_180, 96.4), span(5, "orders-db", "SELECT orders", "client", 41_196, 12.2),
        span(4, "notification", "orders process", "consumer", 41_230, 212), span(5, "notification", "smtp send", "client", 41_262, 168),
    ];
    return { traceId: "7f3a1c09e4b25d8866b0f2a94c1e7d53", spans };
}

/** Everything a page may stumble over: names that are HTML, long ones, links that are scripts, 20 services, lost parents, clocks. */
export function odd() {
    const html = "<img src=x onerror=\"document.title='broken'\"><b>bold</b>";
    const spans = [
        span(0, html, `${html} & "quotes"`, "server", 0, 1000, { ...failed(html, html), attributes: { "error.type": html, "url.full": "javascript:document.title='broken'", "good.url": "https://example.test/a?b=c",
            "a<b>\"'": "]]>\u202e\u0000 {\"json\": [1, {\"deep\": true}]}", "json": "{\"a\": [1, 2, {\"b\": \"c\"}]}", ["very.long.key.".repeat(12)]: "v", "long.value": "x".repeat(40_000), empty: "" },
            events: [[10, html, { message: html }], [-50, "before the trace"], [5000, "long after"]], links: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }] }),
        span(1, "s".repeat(64), "operation ".repeat(30), "client", 100, 500),
        span(2, "clock-ahead", "serve", "server", 20, 200),
        ...Array.from({ length: 18 }, (_, i) => span(1, `service-${i}`, `step ${i}`, "client", 300 + i * 10, 5)),
        span(1, "zero", "nothing", "internal", 900, 0),
        span(0, "orphaned", "child of nobody", "server", 400, 100, { parent: "00000000000000ff" }), span(1, "orphaned", "grandchild", "internal", 410, 50),
    ];
    return { traceId: "badc0ffee0ddf00dbadc0ffee0ddf00d", spans };
}
