import assert from "node:assert/strict";
import { test } from "node:test";
import { jaegerAddress } from "./jaeger_address.ts";

const ours = (address: string): string | null => {
    const url = new URL(address, "http://x");
    const found = jaegerAddress(url.pathname, url.searchParams);
    return found === null ? null : decodeURIComponent(found.replaceAll("+", " "));
};

test("Jaeger's addresses become ours", () => {
    const cases: [string, string | null][] = [
        ["/search?service=cart&lookback=2h&limit=20", '/search?from=now-2h&q={ resource.service.name = "cart" }'],
        ["/search?service=cart&operation=GET%20%2F&minDuration=1.5ms&tags=%7B%22error%22%3A%22true%22%2C%22a.b%22%3A%22c%22%7D",
            '/search?q={ resource.service.name = "cart" && name = "GET /" && duration >= 1.5ms && status = error && ."a.b" = "c" }'],
        ["/search?service=cart&lookback=custom&start=1795230581318000&end=1795230591318000",
            '/search?from=1795230581318000000&to=1795230591318000000&q={ resource.service.name = "cart" }'],
        ["/search?service=a%22b&tags=nonsense", '/search?q={ resource.service.name = "a\\"b" }'],
        ["/trace/abc?uiFind=redis", "/trace/abc?find=redis"],
        ["/search?q=%7B%7D", null], ["/trace/abc", null], ["/search", null],
    ];
    for (const [from, to] of cases) assert.equal(ours(from), to, from);
});
