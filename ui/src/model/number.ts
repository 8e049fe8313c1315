// number.ts -- figures as people read them: three significant digits, a unit of their own, nothing rounded to a lie.

/** A figure in two parts, so that a column can align digits and units apart. */
export interface Figure { value: string; unit: string }

const THIN = "\u2009";

export const joined = ({ value, unit }: Figure): string => (unit ? `${value}${THIN}${unit}` : value);

export function significant(value: number): string {
    const size = Math.abs(value);
    if (size >= 99.95) return value.toFixed(0);
    if (size >= 9.995) return value.toFixed(1);
    return value.toFixed(2);
}

const scales: readonly [number, string][] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

/** Of nanoseconds: "8.20 ms", "2.84 s", "1 m 24 s", "1 h 12 m", "3 d 4 h". */
export function duration(ns: number): Figure {
    if (!Number.isFinite(ns)) return { value: "–", unit: "" };
    const size = Math.abs(ns);
    const sign = ns < 0 ? "−" : "";
    if (size === 0) return { value: "0", unit: "ms" };
    if (size >= 59.995e9) return { value: sign + longDuration(size), unit: longUnit(size) };
    for (const [scale, unit] of scales) {
        // 999.6 µs is 1.00 ms: rounding decides the unit.
        if (size >= scale * 0.9995) return { value: sign + (unit === "ns" ? String(Math.round(size)) : significant(size / scale)), unit };
    }
    return { value: sign + significant(size), unit: "ns" };
}

function longDuration(ns: number): string {
    const s = Math.round(ns / 1e9);
    if (s < 3600) return `${Math.floor(s / 60)} m ${s % 60}`;
    if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)}`;
    return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)}`;
}
const longUnit = (ns: number): string => {
    const s = Math.round(ns / 1e9);
    return s < 3600 ? "s" : s < 86_400 ? "m" : "h";
};

export const durationText = (ns: number): string => joined(duration(ns));
/** "2,843,217,004 ns", for titles and copying. */
export const exactDuration = (ns: number): string => `${grouped(Math.round(ns))}${THIN}ns`;
/** "+228 ms" */
export const offsetText = (ns: number): string => (ns < 0 ? "" : "+") + durationText(ns);

/** A duration as TraceQL writes it, exact: 800ms, 1.5s, 250us, 12ns. */
export function traceqlDuration(ns: number): string {
    const whole = Math.max(0, Math.round(ns));
    for (const [scale, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "us"]] as const)
        if (whole >= scale && whole < scale * 1e5 && Number.isInteger((whole / scale) * 1000)) return `${whole / scale}${unit}`;
    return `${whole}ns`;
}

/** Rounded down to three digits: what a figure was rounded from is not less. */
export function roundedDown(value: number): number {
    if (!(value > 0)) return 0;
    const scale = 10 ** (Math.floor(Math.log10(value)) - 2);
    return Math.floor(value / scale) * scale;
}

export const grouped = (value: number): string => Math.round(value).toLocaleString("en-US");

/** "12,345", from a hundred thousand "1.24 M". */
export function count(value: number): string {
    const size = Math.abs(value);
    if (size < 99_999.5) return grouped(value);
    for (const [scale, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]] as const)
        if (size >= scale * 0.9995) return `${significant(value / scale)}${THIN}${unit}`;
    return grouped(value);
}
/** "1 trace", "2 traces" */
export const counted = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

export function bytes(value: number): Figure {
    for (const [scale, unit] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [1024, "KiB"]] as const)
        if (value >= scale) return { value: significant(value / scale), unit };
    return { value: grouped(value), unit: "B" };
}
export const bytesText = (value: number): string => joined(bytes(value));

/** Of a share 0..1: "0.04 %", "69 %", "99.69 %"; 100 % and 0 % only when it is so. */
export function percent(share: number): string {
    if (!Number.isFinite(share)) return "–";
    const value = share * 100;
    if (value === 0 || value === 100) return `${value}${THIN}%`;
    if (value > 99 && value < 100) return `${Math.min(99.99, value).toFixed(2)}${THIN}%`;
    if (Math.abs(value) < 0.01) return `< 0.01${THIN}%`;
    return `${Math.abs(value) >= 9.95 ? value.toFixed(0) : Math.abs(value) >= 0.995 ? value.toFixed(1) : value.toFixed(2)}${THIN}%`;
}

/** "20,680 /s", "6.8 /s" */
export function rate(perSecond: number): Figure {
    return { value: perSecond >= 1000 ? count(perSecond) : perSecond === 0 ? "0" : significant(perSecond), unit: "/s" };
}
