// red_table.tsx -- services or operations with rate, errors and durations; sortable, each figure a link to its traces.
import { useState } from "preact/hooks";
import { count, duration, exactDuration, percent, rate, roundedDown, traceqlDuration } from "../model/number.ts";
import { worstFirst, type Red } from "../model/red.ts";
import type { ComponentChildren } from "preact";
import { Icon } from "./icon.tsx";
import { FigureText } from "./figure.tsx";
import { Spark } from "./spark.tsx";

/* Quantiles are known within a hundredth: the link finds what the figure is made of. */
const SLACK = 0.99;

type Column = "worst" | "name" | "rate" | "errors" | "p50" | "p95" | "p99";

const orders: Record<Column, (a: Red, b: Red) => number> = {
    worst: worstFirst,
    name: (a, b) => (a.name < b.name ? -1 : 1),
    rate: (a, b) => b.rate - a.rate,
    errors: (a, b) => b.errorShare - a.errorShare,
    p50: (a, b) => (b.p50Ns || 0) - (a.p50Ns || 0),
    p95: (a, b) => (b.p95Ns || 0) - (a.p95Ns || 0),
    p99: (a, b) => (b.p99Ns || 0) - (a.p99Ns || 0),
};

export interface RedTableProps {
    rows: readonly Red[];
    what: string; // "Service"
    caption: string;
    name: (row: Red) => ComponentChildren;
    tracesHref: (row: Red, extra: string) => string; // extra: a condition, may be empty
    hasShare?: boolean; // the share of all time spent
}

export function RedTable({ rows, what, caption, name, tracesHref, hasShare }: RedTableProps) {
    const [order, setOrder] = useState<Column>("worst");
    const sorted = [...rows].sort(orders[order]);
    const timeOf = (row: Red): number => row.rate * (Number.isNaN(row.p50Ns) ? 0 : row.p50Ns);
    const allTime = rows.reduce((sum, row) => sum + timeOf(row), 0);
    const Head = ({ id, children, isNumber }: { id: Column; children: string; isNumber?: boolean }) =>
        <th scope="col" class={isNumber ? "num" : ""} aria-sort={order === id ? (id === "name" ? "ascending" : "descending") : undefined}>
            <button type="button" onClick={() => setOrder(order === id ? "worst" : id)}>{children}{order === id && <Icon name="down" small />}</button></th>;
    return <div class="scroll-x"><table class="t red">
        <caption class="sr">{caption}{order === "worst" ? ", worst first" : ""}</caption>
        <thead><tr>
            <Head id="name">{what}</Head>
            <Head id="rate" isNumber>Requests</Head><th scope="col" class="lg1400"><span class="sr">Requests over time</span></th>
            <Head id="errors" isNumber>Errors</Head><th scope="col" class="lg1400"><span class="sr">Errors over time</span></th>
            <Head id="p50" isNumber>p50</Head><Head id="p95" isNumber>p95</Head><Head id="p99" isNumber>p99</Head>
            <th scope="col" class="lg1400"><span class="sr">p99 over time</span></th>{hasShare && <th scope="col" class="num">Share of time</th>}
        </tr></thead>
        <tbody>{sorted.map(row => <tr key={row.name}>
            <th scope="row">{name(row)}</th>
            <td class="num"><a href={tracesHref(row, "")}><FigureText figure={rate(row.rate)} title={`${count(row.rate * 60)} a minute`} /></a></td>
            <td class="lg1400"><Spark points={row.ratePoints} label={`Requests of ${row.name} over time`} /></td>
            <td class="num"><a class={row.errorShare > 0 ? "err m" : "muted"} href={tracesHref(row, "status = error")}>{percent(row.errorShare)}</a></td>
            <td class="lg1400">{row.errorRate > 0 && <Spark points={row.errorPoints} isError label={`Errors of ${row.name} over time`} />}</td>
            {[row.p50Ns, row.p95Ns, row.p99Ns].map((ns, i) => <td class="num" key={i}>{Number.isNaN(ns) ? <span class="muted">–</span>
                : <a href={tracesHref(row, `duration >= ${traceqlDuration(roundedDown(ns * SLACK))}`)}><FigureText figure={duration(ns)} title={exactDuration(ns)} /></a>}</td>)}
            <td class="lg1400"><Spark points={row.p99Points} label={`p99 of ${row.name} over time`} /></td>
            {hasShare && <td class="num"><span class="meter inline" aria-hidden="true"><i class="acc" style={{ width: `${allTime ? (timeOf(row) / allTime) * 100 : 0}%` }} /></span>
                {percent(allTime ? timeOf(row) / allTime : 0)}</td>}
        </tr>)}</tbody>
    </table></div>;
}
