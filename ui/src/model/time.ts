// time.ts -- instants and ranges. An instant is a bigint of Unix nanoseconds from the wire to the label; a number
// is only ever a distance (nanoseconds after some base), never a date.

export type TimeNs = bigint & { readonly __time: unique symbol };

export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

export const timeOf = (value: bigint): TimeNs => value as TimeNs;
export const timeOfMs = (ms: number): TimeNs => timeOf(BigInt(Math.round(ms)) * 1_000_000n);
export const msOf = (time: TimeNs): number => Number(time / 1_000n) / 1_000;
/** Nanoseconds from `base` to `time`; exact below 104 days. */
export const offsetNs = (time: TimeNs, base: TimeNs): number => Number(time - base);
export const timeAfter = (base: TimeNs, ns: number): TimeNs => timeOf(base + BigInt(Math.round(ns)));

/** An instant as the API writes it: decimal digits in a string. Null when it is anything else. */
export function parseTime(value: unknown): TimeNs | null {
    return typeof value === "string" && /^\d{1,20}$/.test(value) ? timeOf(BigInt(value)) : null;
}

export type Zone = "utc" | "local";

interface Parts { year: string; month: string; day: string; clock: string; fraction: string }

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");

function partsOf(time: TimeNs, zone: Zone): Parts {
    const date = new Date(Number(time / 1_000_000n));
    const fraction = pad(Number(((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n), 9);
    return zone === "utc"
        ? { year: pad(date.getUTCFullYear(), 4), month: pad(date.getUTCMonth() + 1), day: pad(date.getUTCDate()),
            clock: `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`, fraction }
        : { year: pad(date.getFullYear(), 4), month: pad(date.getMonth() + 1), day: pad(date.getDate()),
            clock: `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`, fraction };
}

/** "03:09:41.318"; `decimals` 0 to 9. */
export function clock(time: TimeNs, zone: Zone, decimals = 3): string {
    const { clock, fraction } = partsOf(time, zone);
    return decimals > 0 ? `${clock}.${fraction.slice(0, decimals)}` : clock;
}
/** "03:09" */
export const hourMinute = (time: TimeNs, zone: Zone): string => partsOf(time, zone).clock.slice(0, 5);
/** "2026-11-21" */
export function day(time: TimeNs, zone: Zone): string {
    const { year, month, day } = partsOf(time, zone);
    return `${year}-${month}-${day}`;
}
export const isSameDay = (a: TimeNs, b: TimeNs, zone: Zone): boolean => day(a, zone) === day(b, zone);

/** "UTC", or the local offset: "UTC+1", "UTC-3:30". */
export function zoneName(zone: Zone, at: TimeNs): string {
    if (zone === "utc") return "UTC";
    const minutes = -new Date(Number(at / 1_000_000n)).getTimezoneOffset();
    const rest = Math.abs(minutes) % 60;
    return `UTC${minutes < 0 ? "-" : "+"}${Math.floor(Math.abs(minutes) / 60)}${rest ? `:${pad(rest)}` : ""}`;
}

/** The whole instant, for titles and copying: "2026-11-21 03:09:41.318204112 UTC". */
export const fullTime = (time: TimeNs, zone: Zone): string =>
    `${day(time, zone)} ${clock(time, zone, 9)} ${zoneName(zone, time)}`;

/** RFC 3339 in UTC, as links carry it; whole milliseconds are written short. */
export function isoTime(time: TimeNs): string {
    const { year, month, day, clock, fraction } = partsOf(time, "utc");
    const digits = fraction.replace(/0+$/, "");
    return `${year}-${month}-${day}T${clock}${digits ? `.${digits}` : ""}Z`;
}

/* --- ranges: "now-1h" or an absolute instant --- */

const unitNs: Record<string, bigint> = { s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n,
    d: 86_400_000_000_000n, w: 604_800_000_000_000n };

/** An end of a range as links carry it: `now`, `now-15m`, RFC 3339, or Unix s, ms, µs, ns. Null: not understood. */
export function parseInstant(text: string, now: TimeNs): TimeNs | null {
    const relative = /^now(?:-(\d{1,9})([smhdw]))?$/.exec(text);
    if (relative) {
        const [, count, unit] = relative;
        return count && unit ? timeOf(now - BigInt(count) * unitNs[unit]!) : now;
    }
    if (/^\d{9,19}$/.test(text)) {
        const scale = text.length <= 11 ? 1_000_000_000n : text.length <= 14 ? 1_000_000n : text.length <= 17 ? 1_000n : 1n;
        return timeOf(BigInt(text) * scale);
    }
    const iso = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
    if (!iso) return null;
    const ms = Date.parse(`${iso[1]!.replace(" ", "T")}${iso[3] ?? "Z"}`);
    if (Number.isNaN(ms)) return null;
    return timeOf(BigInt(ms) * 1_000_000n + BigInt((iso[2] ?? "").padEnd(9, "0")));
}

export const isRelative = (text: string): boolean => text.startsWith("now");

/** "Last 1 h" for now-1h…now; empty when the ends are instants. */
export function relativeName(from: string, to: string): string {
    const found = /^now-(\d+)([smhdw])$/.exec(from);
    if (!found || to !== "now") return "";
    const words: Record<string, string> = { s: "s", m: "min", h: "h", d: found[1] === "1" ? "day" : "days",
        w: found[1] === "1" ? "week" : "weeks" };
    return `Last ${found[1]} ${words[found[2]!]}`;
}

/** "2 min 41 s ago" from a distance in nanoseconds. */
export function ago(ns: number): string {
    const s = Math.max(0, Math.floor(ns / NS_PER_S));
    if (s < 60) return `${s} s ago`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60 ? `${s % 60} s ` : ""}ago`;
    if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min ago`;
    return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h ago`;
}

/** True for an instant as it stands in addresses and answers: decimal nanoseconds. */
export const isInstantText = (text: string): boolean => /^\d{16,20}$/.test(text);
