// red.ts -- the three questions behind rate, errors and duration by a label.
import type { TimeNs } from "../model/time.ts";
import { REQUESTS, redOf, stepFor, type Red } from "../model/red.ts";
import { fetchSeries } from "./query.ts";

export interface RedScope { filter: string; label: string; from: TimeNs; to: TimeNs; points: number } // filter: further conditions, may be empty

export async function fetchRed({ filter, label, from, to, points }: RedScope, signal?: AbortSignal): Promise<{ rows: Red[]; partial: string | null }> {
    const scope = filter ? `(${REQUESTS}) && ${filter}` : REQUESTS;
    const range = { from: String(from), to: String(to) };
    const step = `${stepFor(Number(to - from), points)}s`;
    const [rates, p99s, quantiles] = await Promise.all([
        fetchSeries({ q: `{ ${scope} } | rate() by (${label}, status)`, step, ...range }, signal),
        fetchSeries({ q: `{ ${scope} } | quantile_over_time(duration, .99) by (${label}) with (precise = true)`, step, ...range }, signal),
        fetchSeries({ q: `{ ${scope} } | quantile_over_time(duration, .5, .95, .99) by (${label}) with (precise = true)`, instant: "true", ...range }, signal),
    ]);
    return { rows: redOf({ rates: rates.series, p99s: p99s.series, quantiles: quantiles.series }, label),
        partial: rates.partial ?? p99s.partial ?? quantiles.partial };
}
