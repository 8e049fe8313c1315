// red.ts -- rate, errors and duration of services and operations, from series of TraceQL metrics. A request is a span
// that serves or consumes, or one without parent: what was called, not the calls.

export const REQUESTS = "kind = server || kind = consumer || nestedSetParent < 0";

interface SeriesLike { labels: readonly { name: string; value: string }[]; points: readonly (number | null)[] }

export interface Red {
    name: string;
    rate: number; // requests per second, mean over the range
    errorRate: number;
    errorShare: number; // 0..1
    p50Ns: number; p95Ns: number; p99Ns: number; // NaN: no figure
    ratePoints: readonly number[]; errorPoints: readonly number[]; p99Points: readonly (number | null)[];
}

export const traceqlText = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

const labelOf = (series: SeriesLike, name: string): string => {
    const value = series.labels.find(label => label.name === name)?.value ?? "";
    return value === "nil" ? "" : value;
};
const mean = (points: readonly (number | null)[]): number =>
    points.length ? points.reduce<number>((sum, point) => sum + (point ?? 0), 0) / points.length : 0;

function empty(name: string): Red {
    return { name, rate: 0, errorRate: 0, errorShare: 0, p50Ns: NaN, p95Ns: NaN, p99Ns: NaN, ratePoints: [], errorPoints: [], p99Points: [] };
}

/** rates: by label and status. */
export interface RedSeries { rates: readonly SeriesLike[]; p99s: readonly SeriesLike[]; quantiles: readonly SeriesLike[] }

/** One row per value of `label`. The first point of a series lies before the range and is left out. */
export function redOf({ rates, p99s, quantiles }: RedSeries, label: string): Red[] {
    const rows = new Map<string, Red>();
    const row = (series: SeriesLike): Red => {
        const name = labelOf(series, label);
        let found = rows.get(name);
        if (!found) rows.set(name, (found = empty(name)));
        return found;
    };
    for (const series of rates) {
        const r = row(series), points = series.points.slice(1).map(point => point ?? 0);
        r.ratePoints = points.map((point, i) => point + (r.ratePoints[i] ?? 0));
        r.rate = mean(r.ratePoints);
        if (labelOf(series, "status") !== "error") continue;
        r.errorPoints = points;
        r.errorRate = mean(points);
    }
    for (const series of p99s) row(series).p99Points = series.points.slice(1).map(point => (point === null ? null : point * 1e9));
    for (const series of quantiles) {
        const r = row(series), value = (series.points.find(point => point !== null) ?? NaN) * 1e9;
        const p = Number(labelOf(series, "p"));
        if (p === 0.5) r.p50Ns = value;
        else if (p === 0.95) r.p95Ns = value;
        else if (p === 0.99) r.p99Ns = value;
    }
    for (const r of rows.values()) r.errorShare = r.rate > 0 ? Math.min(1, r.errorRate / r.rate) : 0;
    return [...rows.values()];
}

/** Worst first: the share of errors in steps that matter, then the slowest. */
export function worstFirst(a: Red, b: Red): number {
    const step = (share: number): number => (share <= 0 ? 0 : Math.floor(Math.log10(share * 1000) * 2));
    return step(b.errorShare) - step(a.errorShare) || (b.p99Ns || 0) - (a.p99Ns || 0) || (a.name < b.name ? -1 : 1);
}

/** A step that gives some `count` points over a range, from a list people know. */
export function stepFor(rangeNs: number, count: number): number {
    const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];
    return seconds.find(s => rangeNs / 1e9 / s <= count) ?? 86_400;
}
