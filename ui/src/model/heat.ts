// heat.ts -- the histogram of durations over time as pictures need it: which rows are used, how strong a cell is, what the
// columns sum up to. Rows are the server's: eight to a factor of ten.
import { counted, durationText } from "./number.ts";
import { hourMinute, timeAfter, zoneName, type TimeNs, type Zone } from "./time.ts";

export interface Cells {
    column: Uint16Array; row: Uint16Array; spanCount: Float64Array; errorCount: Float64Array;
    traceId: readonly string[]; spanId: readonly string[]; // of the slowest span
}
export interface Histogram {
    startTime: TimeNs; stepNs: number; columnCount: number; boundsNs: Float64Array; cells: Cells;
    spanCount: number; errorCount: number; partial: string | null;
}

export interface Heat {
    histogram: Histogram;
    rowLow: number; rowHigh: number; // rows shown, rowHigh not included
    max: number;
    at: Int32Array; // cell of column * rowCount + row - rowLow; -1: empty
}

const ROWS_MIN = 12;

export function heatOf(histogram: Histogram): Heat {
    const { cells, boundsNs, columnCount } = histogram;
    const rowMax = boundsNs.length - 1;
    let low = Infinity, high = 0, max = 0;
    for (let i = 0; i < cells.row.length; i++) {
        low = Math.min(low, cells.row[i]!);
        high = Math.max(high, cells.row[i]! + 1);
        max = Math.max(max, cells.spanCount[i]!);
    }
    if (low === Infinity) { low = rowOf(histogram, 1e6); high = rowOf(histogram, 1e9); }
    low = Math.max(0, low - 1);
    high = Math.min(rowMax, high + 1);
    while (high - low < ROWS_MIN && (low > 0 || high < rowMax)) {
        if (high < rowMax) high++;
        if (high - low < ROWS_MIN && low > 0) low--;
    }
    const rowCount = Math.max(1, high - low);
    const at = new Int32Array(columnCount * rowCount).fill(-1);
    for (let i = 0; i < cells.row.length; i++) {
        const column = cells.column[i]!;
        if (column < columnCount) at[column * rowCount + cells.row[i]! - low] = i;
    }
    return { histogram, rowLow: low, rowHigh: high, max, at };
}

/** The row that holds a duration. */
export function rowOf({ boundsNs }: Histogram, ns: number): number {
    let low = 0, high = Math.max(0, boundsNs.length - 2);
    while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (boundsNs[middle]! <= ns) low = middle;
        else high = middle - 1;
    }
    return low;
}

export const cellAt = (heat: Heat, column: number, row: number): number =>
    column < 0 || column >= heat.histogram.columnCount || row < heat.rowLow || row >= heat.rowHigh ? -1
        : heat.at[column * (heat.rowHigh - heat.rowLow) + row - heat.rowLow]!;

/** 0 to 8: logarithmic, one single span is visible. */
export function level(count: number, max: number): number {
    if (count <= 0) return 0;
    return max <= 1 ? 4 : Math.min(8, Math.floor((Math.log(count) / Math.log(max)) * 8.999));
}

export interface Sums { spanCount: Float64Array; errorCount: Float64Array }
export function columnSums({ cells, columnCount }: Histogram): Sums {
    const sums = { spanCount: new Float64Array(columnCount), errorCount: new Float64Array(columnCount) };
    for (let i = 0; i < cells.column.length; i++) {
        sums.spanCount[cells.column[i]!]! += cells.spanCount[i]!;
        sums.errorCount[cells.column[i]!]! += cells.errorCount[i]!;
    }
    return sums;
}

/** A quantile in each column, within its row by even spread on the logarithm; NaN where nothing is. */
export function columnQuantiles(histogram: Histogram, share: number): Float64Array {
    const { cells, columnCount } = histogram;
    const found = new Float64Array(columnCount).fill(NaN);
    // Cells come by column, then row.
    for (let i = 0; i < cells.column.length;) {
        const column = cells.column[i]!;
        let end = i, total = 0;
        while (end < cells.column.length && cells.column[end] === column) total += cells.spanCount[end++]!;
        if (column < columnCount) found[column] = quantileIn(histogram, i, end, total * share);
        i = end;
    }
    return found;
}

function quantileIn({ cells, boundsNs }: Histogram, from: number, end: number, wanted: number): number {
    let before = 0;
    for (let i = from; i < end; i++) {
        const here = cells.spanCount[i]!;
        if (before + here >= wanted || i === end - 1) {
            const low = Math.max(1, boundsNs[cells.row[i]!]!), high = Math.max(low, boundsNs[cells.row[i]! + 1] ?? low);
            return low * (high / low) ** Math.min(1, Math.max(0, (wanted - before) / here));
        }
        before += here;
    }
    return NaN;
}

/** A quantile of all. */
export function quantile(histogram: Histogram, share: number): number {
    const { cells, boundsNs, spanCount } = histogram;
    const rows = new Float64Array(boundsNs.length);
    for (let i = 0; i < cells.row.length; i++) rows[cells.row[i]!]! += cells.spanCount[i]!;
    let before = 0;
    for (let row = 0; row < rows.length - 1; row++) {
        if (rows[row]! > 0 && before + rows[row]! >= spanCount * share) {
            const low = Math.max(1, boundsNs[row]!), part = (spanCount * share - before) / rows[row]!;
            return low * (Math.max(low, boundsNs[row + 1]!) / low) ** part;
        }
        before += rows[row]!;
    }
    return NaN;
}

/** Spans and errors in a part of the picture. */
export function countIn({ cells }: Histogram, c0: number, c1: number, r0: number, r1: number): { spanCount: number; errorCount: number } {
    let spanCount = 0, errorCount = 0;
    for (let i = 0; i < cells.column.length; i++) {
        const column = cells.column[i]!, row = cells.row[i]!;
        if (column < c0 || column >= c1 || row < r0 || row >= r1) continue;
        spanCount += cells.spanCount[i]!;
        errorCount += cells.errorCount[i]!;
    }
    return { spanCount, errorCount };
}

/** Durations for the axis: 1, 2 and 5 of each power of ten when there is room, else 1 and 10. */
export function durationTicks(lowNs: number, highNs: number, room: number): number[] {
    const decades = Math.log10(Math.max(highNs, 1) / Math.max(lowNs, 1));
    const steps = decades * 3 <= room ? [1, 2, 5] : decades <= room ? [1] : [1];
    const every = decades > room ? Math.ceil(decades / Math.max(1, room)) : 1;
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(Math.max(1, lowNs))); power <= 14; power++) {
        if (power % every) continue;
        for (const step of steps) {
            const ns = step * 10 ** power;
            if (ns >= lowNs && ns < highNs) ticks.push(ns);
        }
    }
    return ticks;
}

const niceSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];
/** Instants for the axis, on round clock times; as offsets from the start. */
export function timeTicks(startTime: TimeNs, spanNs: number, room: number): { offsetNs: number; stepNs: number }[] {
    const wanted = spanNs / 1e9 / Math.max(1, room);
    const stepNs = (niceSteps.find(s => s >= wanted) ?? 604_800) * 1e9;
    const first = stepNs - Number(startTime % BigInt(stepNs));
    const ticks = [];
    for (let offsetNs = first === stepNs ? 0 : first; offsetNs <= spanNs; offsetNs += stepNs) ticks.push({ offsetNs, stepNs });
    return ticks;
}

/** What the picture shows, as a sentence. */
export function heatSentence(histogram: Histogram, zone: Zone): string {
    const { startTime, stepNs, columnCount, spanCount, errorCount } = histogram;
    if (spanCount === 0) return "Duration over time: no spans in this range.";
    const end = timeAfter(startTime, stepNs * columnCount);
    const sums = columnSums(histogram);
    const most = sums.spanCount.reduce((best, n, i) => (n > sums.spanCount[best]! ? i : best), 0);
    return `Duration over time, ${hourMinute(startTime, zone)} to ${hourMinute(end, zone)} ${zoneName(zone, end)}: ${counted(spanCount, "span")}, ` +
        `half of them under ${durationText(quantile(histogram, 0.5))}, one in a hundred over ${durationText(quantile(histogram, 0.99))}; ` +
        `${errorCount ? counted(errorCount, "error") : "no errors"}. Most at ${hourMinute(timeAfter(startTime, most * stepNs), zone)}.`;
}
