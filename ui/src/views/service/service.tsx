// service.tsx -- one service: how much it is asked, how often it fails, how long it takes, and which operations do it.
import { useEffect, useMemo } from "preact/hooks";
import { fetchSeries } from "../../api/query.ts";
import { fetchRed } from "../../api/red.ts";
import { Chart, type Line } from "../../draw/chart.tsx";
import { count, duration, durationText, percent, rate } from "../../model/number.ts";
import { REQUESTS, stepFor, traceqlText } from "../../model/red.ts";
import { hourMinute, isoTime, timeOf } from "../../model/time.ts";
import { useLiveFigures } from "../../state/live.ts";
import { now, range, rangeParams, setRange } from "../../state/range.ts";
import { useResource } from "../../state/resource.ts";
import { slotOf, wantServices } from "../../state/services.ts";
import { zone } from "../../state/settings.ts";
import { hrefTo } from "../../state/url.ts";
import { FigureText } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { RedTable } from "../../widgets/red_table.tsx";
import { Swatch } from "../../widgets/service.tsx";
import { Exactness, Failure, Nothing, Skeleton } from "../../widgets/states.tsx";

const POINTS = 60;

interface Curves { times: number[]; rates: number[]; errors: number[]; p50: (number | null)[]; p95: (number | null)[]; p99: (number | null)[]; partial: string | null }

async function fetchCurves(filter: string, signal: AbortSignal): Promise<Curves> {
    const scope = `(${REQUESTS}) && ${filter}`;
    const params = { step: `${stepFor(Number(range.value.to - range.value.from), POINTS)}s`, ...rangeParams() };
    const [rates, errors, quantiles] = await Promise.all([
        fetchSeries({ q: `{ ${scope} } | rate()`, ...params }, signal),
        fetchSeries({ q: `{ ${scope} && status = error } | rate()`, ...params }, signal),
        fetchSeries({ q: `{ ${scope} } | quantile_over_time(duration, .5, .95, .99) with (precise = true)`, ...params }, signal),
    ]);
    const points = rates.series[0]?.points.slice(1) ?? [];
    const startS = Number(rates.startTime / 1_000_000n) / 1e3, stepS = rates.stepNs / 1e9;
    const quantile = (p: string): (number | null)[] =>
        (quantiles.series.find(s => s.labels.some(l => l.name === "p" && Number(l.value) === Number(p)))?.points.slice(1) ?? points.map(() => null));
    return { times: points.map((_, i) => startS + (i + 1) * stepS), rates: points.map(p => p ?? 0),
        errors: points.map((p, i) => (p ? Math.min(1, (errors.series[0]?.points[i + 1] ?? 0) / p) : 0)),
        p50: quantile("0.5"), p95: quantile("0.95"), p99: quantile("0.99"), partial: rates.partial ?? quantiles.partial };
}

const mean = (values: readonly number[]): number => (values.length ? values.reduce((a, b) => a + b, 0) / values.length : 0);

function Charts({ curves }: { curves: Curves }) {
    const timeText = (seconds: number): string => hourMinute(timeOf(BigInt(Math.round(seconds * 1e9))), zone.value);
    const onRange = (fromS: number, toS: number): void =>
        setRange(isoTime(timeOf(BigInt(Math.round(fromS)) * 1_000_000_000n)), isoTime(timeOf(BigInt(Math.round(toS)) * 1_000_000_000n)));
    const requests = mean(curves.rates);
    const errorShare = requests > 0 ? curves.errors.reduce((sum, share, i) => sum + share * curves.rates[i]!, 0) / curves.rates.reduce((a, b) => a + b, 0) : 0;
    const p99s = curves.p99.filter(p => p !== null);
    const worst = p99s.length ? Math.max(...p99s) * 1e9 : NaN;
    const lines = useMemo((): [Line[], Line[], Line[]] => [
        [{ label: "requests", token: "--accent", points: curves.rates, isFilled: true }],
        [{ label: "errors", token: "--error", points: curves.errors, isBars: true }],
        [{ label: "p50", token: "--text-3", points: curves.p50 }, { label: "p95", token: "--accent", points: curves.p95 }, { label: "p99", token: "--text", points: curves.p99 }],
    ], [curves]);
    return <div class="three">
        <section class="panel" aria-labelledby="chart-rate"><div class="ph"><h2 id="chart-rate">Requests</h2><span class="sub">mean of the range</span></div>
            <p class="figure"><FigureText figure={rate(requests)} class="big" /></p>
            <Chart times={curves.times} lines={lines[0]} format={v => (v >= 1000 ? count(v) : String(v))} timeText={timeText} onRange={onRange}
                sentence={`Requests a second over time; ${rate(requests).value} on average.`} /></section>
        <section class="panel" aria-labelledby="chart-errors"><div class="ph"><h2 id="chart-errors">Errors</h2><span class="sub">share of requests</span></div>
            <p class={errorShare > 0 ? "figure err" : "figure"}><span class="big">{percent(errorShare)}</span></p>
            <Chart times={curves.times} lines={lines[1]} format={percent} timeText={timeText} onRange={onRange}
                sentence={`Share of requests with an error over time; ${percent(errorShare)} in all.`} /></section>
        <section class="panel" aria-labelledby="chart-duration"><div class="ph"><h2 id="chart-duration">Duration</h2><span class="sub">p50, p95, p99; highest p99</span></div>
            <p class="figure"><FigureText figure={duration(worst)} class="big" /></p>
            <Chart times={curves.times} lines={lines[2]} format={v => durationText(v * 1e9)} timeText={timeText} onRange={onRange}
                sentence={`p50, p95 and p99 of the duration over time; the highest p99 is ${durationText(worst)}.`} /></section>
    </div>;
}

export function Page({ id }: { id: string }) {
    const filter = id ? `resource.service.name = ${traceqlText(id)}` : "resource.service.name = nil";
    useLiveFigures();
    useEffect(() => { document.title = `${id || "Unnamed service"} · weft`; }, [id]);
    useEffect(() => { wantServices(); }, [now.value]);
    const curves = useResource(signal => fetchCurves(filter, signal));
    const operations = useResource(signal => fetchRed({ filter, label: "name", from: range.value.from, to: range.value.to, points: 30 }, signal));
    const rows = operations.value?.rows ?? [];
    return <main class="page service-page">
        <div class="crumb"><a href={hrefTo("/services")}>Services</a> ›</div>
        <div class="phead"><h1 class="row"><Swatch slot={slotOf(id)} />{id || "unnamed service"}</h1><span class="grow" />
            <a class="btn" href={hrefTo("/search", { q: `{ ${filter} }` })}><Icon name="search" />Traces</a>
            <a class="btn" href={hrefTo("/search", { q: `{ ${filter} && status = error }` })}><Icon name="error" />Errors</a></div>
        {curves.error && <Failure error={curves.error} again={curves.again} />}
        {!curves.value && curves.isSlow && <Skeleton rows={6} label="Loading charts" />}
        {curves.value && curves.value.times.length > 0 && <Charts curves={curves.value} />}
        {curves.value && curves.value.times.length === 0 && <section class="panel"><Nothing title={`${id} served no request in this range`}>
            <p>Choose a longer time range above, or look at <a href={hrefTo("/search", { q: `{ ${filter} }` })}>all its spans</a>.</p></Nothing></section>}
        <section class="panel" aria-labelledby="operations"><div class="ph"><h2 id="operations">Operations</h2><span class="sub">{rows.length || ""} that served requests</span>
            {operations.value && <Exactness partial={operations.value.partial} />}</div>
            {operations.error && <div class="pb"><Failure error={operations.error} again={operations.again} /></div>}
            {!operations.value && operations.isSlow && <Skeleton rows={6} label="Loading operations" />}
            {operations.value && rows.length === 0 && <p class="pb muted small">None in this range.</p>}
            {rows.length > 0 && <RedTable rows={rows} what="Operation" caption={`Operations of ${id}`} hasShare
                name={row => <a class="ell" href={hrefTo("/search", { q: `{ ${filter} && name = ${traceqlText(row.name)} }` })}>{row.name}</a>}
                tracesHref={(row, extra) => hrefTo("/search", { q: `{ ${[filter, `name = ${traceqlText(row.name)}`, extra].filter(Boolean).join(" && ")} }` })} />}
        </section>
    </main>;
}
