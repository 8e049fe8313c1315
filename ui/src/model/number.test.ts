import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesText, count, durationText, percent, roundedDown, significant, traceqlDuration } from "./number.ts";

const plain = (text: string): string => text.replaceAll("\u2009", " ");

test("durations have three significant digits and a fitting unit", () => {
    const cases: [number, string][] = [
        [0, "0 ms"], [1, "1 ns"], [999, "999 ns"], [1000, "1.00 µs"], [12_340, "12.3 µs"], [999_600, "1.00 ms"],
        [8_200_000, "8.20 ms"], [37_000_000, "37.0 ms"], [801_000_000, "801 ms"], [2_843_217_004, "2.84 s"],
        [59_990_000_000, "60.0 s"], [84_000_000_000, "1 m 24 s"], [4_320_000_000_000, "1 h 12 m"],
        [273_600_000_000_000, "3 d 4 h"], [-5_000_000, "−5.00 ms"],
    ];
    for (const [ns, text] of cases) assert.equal(plain(durationText(ns)), text, String(ns));
});

test("durations in TraceQL are exact", () => {
    const cases: [number, string][] = [[800_000_000, "800ms"], [1_500_000_000, "1.5s"], [250_000, "250us"], [12, "12ns"],
        [1_234_567_891, "1234567891ns"], [2_000_000_000, "2s"]];
    for (const [ns, text] of cases) assert.equal(traceqlDuration(ns), text);
});

test("rounded down for a limit", () => {
    const cases: [number, string][] = [[3_409_961_426, "3.4s"], [3_376_000_000, "3.37s"], [194_000_000, "194ms"], [508_999, "508us"]];
    for (const [ns, text] of cases) assert.equal(traceqlDuration(roundedDown(ns)), text);
});

test("counts, bytes and shares", () => {
    assert.equal(count(12_345), "12,345");
    assert.equal(plain(count(1_240_000)), "1.24 M");
    assert.equal(plain(count(100_000)), "100 k");
    assert.equal(plain(bytesText(512)), "512 B");
    assert.equal(plain(bytesText(43_000_000)), "41.0 MiB");
    const shares: [number, string][] = [[0, "0 %"], [1, "100 %"], [0.0004, "0.04 %"], [0.69, "69 %"], [0.9969, "99.69 %"],
        [0.99999, "99.99 %"], [0.021, "2.1 %"], [0.00001, "< 0.01 %"]];
    for (const [share, text] of shares) assert.equal(plain(percent(share)), text);
    assert.equal(significant(9.996), "10.0");
});
