import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, clock, day, fullTime, isoTime, parseInstant, parseTime, relativeName, timeOf } from "./time.ts";

const at = timeOf(1_795_230_581_318_204_112n);

test("instants keep their nanoseconds", () => {
    assert.equal(fullTime(at, "utc"), "2026-11-21 03:09:41.318204112 UTC");
    assert.equal(clock(at, "utc"), "03:09:41.318");
    assert.equal(day(at, "utc"), "2026-11-21");
    assert.equal(isoTime(at), "2026-11-21T03:09:41.318204112Z");
    assert.equal(parseInstant(isoTime(at), at), at);
    assert.equal(parseTime("12"), 12n);
    for (const odd of [12, null, "1.5", "-3", "", "9".repeat(30)]) assert.equal(parseTime(odd), null);
});

test("ends of ranges", () => {
    const cases: [string, bigint | null][] = [
        ["now", at], ["now-1h", at - 3_600_000_000_000n], ["now-15m", at - 900_000_000_000n],
        ["1795230581", 1_795_230_581_000_000_000n], ["1795230581318", 1_795_230_581_318_000_000n],
        ["2026-11-21T03:09:41Z", 1_795_230_581_000_000_000n], ["2026-11-21T04:09:41+01:00", 1_795_230_581_000_000_000n],
        ["yesterday", null], ["now-1y", null], ["", null],
    ];
    for (const [text, want] of cases) assert.equal(parseInstant(text, at), want, text);
    assert.equal(relativeName("now-1h", "now"), "Last 1 h");
    assert.equal(relativeName("now-1h", "2026-11-21T03:09:41Z"), "");
    assert.equal(ago(161e9), "2 min 41 s ago");
});
