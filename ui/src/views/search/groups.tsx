// groups.tsx -- the matching spans by an attribute: how many, how slow, how many errors; and series of metrics queries.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { fetchSeries, type Series, type SeriesAnswer } from "../../api/query.ts";
import type { Params } from "../../api/client.ts";
import { count, counted, percent, rate, significant } from "../../model/number.ts";
import { groupField, plainQuery } from "../../model/search_query.ts";
import { addPiece, condition, printChips, withoutStages, type Chips } from "../../model/traceql_chips.ts";
import { quoted } from "../../model/traceql_tokens.ts";
import { fieldWords } from "../../model/traceql_words.ts";
import { clock, hourMinute, timeAfter, zoneName } from "../../model/time.ts";
import { slotOf } from "../../state/services.ts";
import { zone } from "../../state/settings.ts";
import { hrefTo } from "../../state/url.ts";
import { Duration, FigureText } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Swatch } from "../../widgets/service.tsx";
import { askedChips, query } from "./search_state.ts";

export interface Group { value: string; spanCount: number; errorCount: number; p50: number; p99: number }
export interface GroupsAnswer { groups: Group[]; spanCount: number; partial: string | null; field: string }

/* Points of an instant query: one for the whole range. */
const whole = (series: Series): number => series.points.reduce<number>((sum, p) => sum + (p ?? 0), 0);
const labelOf = (series: Series): string => series.labels.find(l => l.name !== "p")?.value ?? "nil";

/** Three questions of the server: counts, errors, quantiles. */
export async function fetchGroups(chips: Chips, params: Params, signal: AbortSignal): Promise<GroupsAnswer> {
    const field = groupField(chips), base = plainQuery(chips);
    const ask = (stages: string, hints = ""): Promise<SeriesAnswer> => fetchSeries({ ...params, q: `${base} | ${stages} by (${field})${hints}`, instant: true }, signal);
    const [counts, errors, quantiles] = await Promise.all([ask("count_over_time()"), ask("{ status = error } | count_over_time()"), ask("quantile_over_time(duration, .5, .99)", " with (precise = true)")]);
    const groups = new Map<string, Group>(counts.series.map(s => [labelOf(s), { value: labelOf(s), spanCount: whole(s), errorCount: 0, p50: NaN, p99: NaN }]));
    for (const s of errors.series) { const group = groups.get(labelOf(s)); if (group) group.errorCount = whole(s); }
    for (const s of quantiles.series) {
        const group = groups.get(labelOf(s)), p = Number(s.labels.find(l => l.name === "p")?.value);
        if (group) group[p < 0.9 ? "p50" : "p99"] = whole(s) * 1e9;
    }
    const list = [...groups.values()];
    return { groups: list, spanCount: list.reduce((sum, g) => sum + g.spanCount, 0), partial: counts.partial ?? errors.partial ?? quantiles.partial, field };
}

type GroupSort = "value" | "spanCount" | "errorCount" | "share" | "p50" | "p99";
const sorts: Record<GroupSort, (g: Group) => number | string> = { value: g => g.value, spanCount: g => g.spanCount, errorCount: g => g.errorCount,
    share: g => g.errorCount / Math.max(1, g.spanCount), p50: g => g.p50 || 0, p99: g => g.p99 || 0 };

function sorted(groups: readonly Group[], by: GroupSort, isDown: boolean): Group[] {
    const of = sorts[by];
    return [...groups].sort((a, b) => {
        const x = of(a), y = of(b);
        const order = x < y ? -1 : x > y ? 1 : a.value < b.value ? -1 : 1;
        return isDown && x !== y ? -order : order;
    });
}

/* The spans of one group: the same query without by(), and the condition. Values come as text, fields with other types are compared as such. */
function hrefOf(chips: Chips, field: string, value: string): string {
    const literal = value === "nil" ? "nil" : /^(status|kind)$/.test(field) || /^-?\d+(\.\d+)?$|^(true|false)$/.test(value) && !/version|name|id$/.test(field) ? value : quoted(value);
    const next = addPiece(withoutStages(chips, "by", "coalesce", "count"), condition(field, "=", literal), Math.max(0, chips.groups.length - 1));
    return hrefTo("/search", { q: printChips(next) });
}

export function GroupsTable({ answer }: { answer: GroupsAnswer }) {
    const [by, setBy] = useState<GroupSort>("spanCount");
    const [isDown, setDown] = useState(true);
    const chips = askedChips.value;
    const most = Math.max(1, ...answer.groups.map(g => g.spanCount));
    const Head = ({ id, label, isNumber = true }: { id: GroupSort; label: string; isNumber?: boolean }) =>
        <th scope="col" class={isNumber ? "num" : ""} aria-sort={by === id ? (isDown ? "descending" : "ascending") : undefined}>
            <button type="button" onClick={() => { setDown(by === id ? !isDown : isNumber); setBy(id); }}>{label}{by === id && <Icon name={isDown ? "down" : "up"} small />}</button></th>;
    return <div class="scroll-x"><table class="t rs"><caption class="sr">Matching spans by {answer.field}</caption>
        <thead><tr><Head id="value" label={fieldWords(answer.field)} isNumber={false} /><Head id="spanCount" label="Spans" /><th scope="col" class="wide760"><span class="sr">Share</span></th>
            <Head id="errorCount" label="Errors" /><Head id="share" label="Of them" /><Head id="p50" label="p50" /><Head id="p99" label="p99" /></tr></thead>
        <tbody>{sorted(answer.groups, by, isDown).slice(0, 500).map((group, i) => <tr key={group.value} data-row={i}>
            <td class="root"><span class="row">{answer.field === "resource.service.name" && <Swatch slot={slotOf(group.value)} />}
                <a class="m ell" href={hrefOf(chips, answer.field, group.value)} title={group.value}>{group.value === "nil" ? "without it" : group.value || '""'}</a></span></td>
            <td class="num">{count(group.spanCount)}</td>
            <td class="wide760"><div class="gbar" aria-hidden="true"><i style={{ width: `${(group.spanCount / most) * 100}%` }} /></div></td>
            <td class={group.errorCount ? "num err m" : "num"}>{count(group.errorCount)}</td><td class={group.errorCount ? "num" : "num muted"}>{percent(group.errorCount / Math.max(1, group.spanCount))}</td>
            <td class="num"><Duration ns={group.p50} /></td><td class="num m"><Duration ns={group.p99} /></td></tr>)}</tbody></table>
        {answer.groups.length > 500 && <p class="small muted tailnote">The first 500 of {counted(answer.groups.length, "group")} in this order; add a condition to see others.</p>}</div>;
}

type Unit = "duration" | "rate" | "";
/* The API gives durations in seconds; which values are some, the query says. */
function unitOf(query: string): Unit {
    if (/\/\s*\(|[*+]\s*\(/.test(query)) return ""; // calculated with series
    if (/\b(?:quantile|avg|min|max|sum)_over_time\s*\(\s*(?:span:)?(?:duration|traceDuration)\b/.test(query)) return "duration";
    return /\|\s*rate\s*\(/.test(query) ? "rate" : "";
}
function figure(value: number | null | undefined, unit: Unit): ComponentChildren {
    if (value === null || value === undefined) return "–";
    if (unit === "duration") return <Duration ns={value * 1e9} />;
    if (unit === "rate") return <FigureText figure={rate(value)} />;
    return Number.isInteger(value) ? count(value) : significant(value);
}

/* Small enough to be read in a row: the line of each series beside its figures. */
function Spark({ points }: { points: readonly (number | null)[] }) {
    const max = Math.max(...points.map(p => p ?? 0)) || 1, width = 240, height = 22;
    const paths: string[] = [];
    let isDown = false;
    for (const [i, p] of points.entries()) {
        if (p === null) { isDown = false; continue; }
        const x = (i / Math.max(1, points.length - 1)) * width, y = height - (p / max) * height;
        paths.push(`${isDown ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`);
        isDown = true;
    }
    return <svg class="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true"><path d={paths.join("")} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" /></svg>;
}

export function SeriesTable({ answer }: { answer: SeriesAnswer }) {
    const z = zone.value, unit = unitOf(query.value);
    const steps = Math.max(0, ...answer.series.map(s => s.points.length));
    const end = timeAfter(answer.startTime, answer.stepNs * steps);
    return <div class="scroll-x"><table class="t rs"><caption class="sr">Series</caption>
        <thead><tr><th scope="col">Series</th><th scope="col" class="wide760">{hourMinute(answer.startTime, z)} – {hourMinute(end, z)} {zoneName(z, end)}</th>
            <th scope="col" class="num">Last</th><th scope="col" class="num">Least</th><th scope="col" class="num">Most</th></tr></thead>
        <tbody>{answer.series.slice(0, 200).map((series, i) => {
            const known = series.points.filter((p): p is number => p !== null);
            return <tr key={i}><td class="root"><span class="ell mono">{series.labels.map(l => `${fieldWords(l.name)}=${l.value}`).join(", ") || "all"}</span></td>
                <td class="wide760 t2"><Spark points={series.points} /></td>
                <td class="num m" title={`at ${clock(end, z, 0)}`}>{figure(known.at(-1), unit)}</td><td class="num">{known.length ? figure(Math.min(...known), unit) : "–"}</td><td class="num">{known.length ? figure(Math.max(...known), unit) : "–"}</td></tr>;
        })}</tbody></table>
        {answer.series.length > 200 && <p class="small muted tailnote">The first 200 of {counted(answer.series.length, "series", "series")}.</p>}</div>;
}
