// view_table.tsx -- the spans of the trace as figures: by operation, by service, or every one.
import { useComputed } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { count, duration, exactDuration, grouped, offsetText, percent } from "../../model/number.ts";
import { sortRows, tableCsv, tableRows, type GroupBy, type SortKey, type TableRow } from "../../model/trace_table.ts";
import { isHatched, serviceToken } from "../../draw/palette.ts";
import { change, param } from "../../state/url.ts";
import { Segmented } from "../../widgets/choice.tsx";
import { CopyButton } from "../../widgets/copy.tsx";
import { FigureText } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Service } from "../../widgets/service.tsx";
import type { TraceState } from "./trace_state.ts";

interface Column { key: SortKey; label: string; isNumber: boolean; only?: (by: GroupBy) => boolean }
const columns: readonly Column[] = [
    { key: "name", label: "Operation", isNumber: false, only: by => by !== "service" },
    { key: "serviceName", label: "Service", isNumber: false },
    { key: "startNs", label: "Start", isNumber: true, only: by => by === "span" },
    { key: "spanCount", label: "Spans", isNumber: true, only: by => by !== "span" },
    { key: "errorCount", label: "Errors", isNumber: true },
    { key: "criticalNs", label: "On the critical path", isNumber: false },
    { key: "ownNs", label: "Own work", isNumber: true },
    { key: "totalNs", label: "Total", isNumber: true },
    { key: "meanNs", label: "Mean", isNumber: true, only: by => by !== "span" },
    { key: "maxNs", label: "Longest", isNumber: true, only: by => by !== "span" },
];

const isGroup = (text: string): text is GroupBy => ["operation", "service", "span"].includes(text);
const Ns = ({ ns }: { ns: number }) => <td class="num"><FigureText figure={duration(ns)} title={exactDuration(ns)} /></td>;

function Critical({ share, slot }: { share: number; slot: number }) {
    return <td><span class="row cbar"><span class="meterbar" aria-hidden="true"><i class={isHatched(slot) ? "h" : ""} style={{ "--c": `var(${serviceToken(slot)})`, width: `${share * 100}%` }} /></span>
        <span class="n">{percent(share)}</span></span></td>;
}

function Row({ state, row, by, total }: { state: TraceState; row: TableRow; by: GroupBy; total: number }) {
    const isChosen = by === "span" && state.selected.value === row.row;
    const open = (): void => { if (by === "service") change({ by: null, find: null, tfind: row.serviceName }); else state.select(row.row, { reveal: true }); };
    return <tr class={isChosen ? "sel" : ""}>
        {by !== "service" && <td class="m"><button type="button" class="cell ell" title={`${row.name}: choose ${row.spanCount > 1 ? "its longest span" : "the span"}`} onClick={open}>{row.name || "unnamed"}</button></td>}
        <td>{by === "service" ? <button type="button" class="cell" title="Its operations" onClick={open}><Service name={row.serviceName} slot={row.slot} /></button> : <Service name={row.serviceName} slot={row.slot} />}</td>
        {by === "span" && <td class="num">{offsetText(row.startNs)}</td>}
        {by !== "span" && <td class={row.spanCount > 2 ? "num m" : "num"}>{grouped(row.spanCount)}</td>}
        <td class={row.errorCount ? "num err m" : "num muted"}>{grouped(row.errorCount)}</td>
        <Critical share={total > 0 ? row.criticalNs / total : 0} slot={row.slot} />
        <Ns ns={row.ownNs} /><Ns ns={row.totalNs} />
        {by !== "span" && <><Ns ns={row.meanNs} /><Ns ns={row.maxNs} /></>}
    </tr>;
}

const ROW_PX = 30, SPARE = 10;

/* Only the rows in view exist: "Every span" may be a hundred thousand. */
function useSlice(total: number): { box: { current: HTMLDivElement | null }; from: number; to: number } {
    const box = useRef<HTMLDivElement>(null);
    const [view, setView] = useState({ top: 0, height: 900 });
    useEffect(() => {
        const element = box.current!;
        const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
        element.addEventListener("scroll", measure, { passive: true });
        const observer = new ResizeObserver(measure);
        observer.observe(element);
        return () => { element.removeEventListener("scroll", measure); observer.disconnect(); };
    }, []);
    const from = Math.max(0, Math.floor(view.top / ROW_PX) - SPARE);
    return { box, from, to: Math.min(total, from + Math.ceil(view.height / ROW_PX) + 2 * SPARE) };
}

export function TableView({ state }: { state: TraceState }) {
    const by: GroupBy = isGroup(param("by")) ? (param("by") as GroupBy) : "operation";
    const [filter, setFilter] = useState(param("tfind"));
    const [sort, setSort] = useState<{ key: SortKey; isDescending: boolean }>({ key: "criticalNs", isDescending: true });
    const all = useComputed(() => {
        const { trace, path, own } = state.analysis.value;
        return tableRows(trace, path, own, isGroup(param("by")) ? (param("by") as GroupBy) : "operation");
    });
    useEffect(() => setFilter(param("tfind")), [param("tfind")]);
    const wanted = filter.trim().toLowerCase();
    const rows = sortRows(wanted ? all.value.filter(r => r.name.toLowerCase().includes(wanted) || r.serviceName.toLowerCase().includes(wanted)) : all.value, sort.key, sort.isDescending);
    const shown = columns.filter(column => !column.only || column.only(by));
    const { box, from, to } = useSlice(rows.length);
    const total = state.analysis.value.path.totalNs;
    const word = by === "operation" ? "operations" : by === "service" ? "services" : "spans";
    return <section class="alt" aria-label="Table">
        <div class="tb">
            <Segmented small label="Rows" value={by} onChange={id => change({ by: id === "operation" ? null : id })}
                choices={[{ id: "operation", label: "By operation" }, { id: "service", label: "By service" }, { id: "span", label: "Every span" }]} />
            <label class="inp s w220"><Icon name="search" /><span class="sr">Filter</span><input value={filter} placeholder={`Filter ${word}`} onInput={event => setFilter(event.currentTarget.value)} /></label>
            <CopyButton text={() => tableCsv(rows)} label="Copy these rows as CSV">Copy as CSV</CopyButton>
            <span class="grow" /><span class="small muted" role="status">{count(rows.length)} {word}{by !== "span" && `, ${grouped(state.source.count)} spans`}</span>
        </div>
        <div class="altbody" ref={box} tabIndex={0} role="region" aria-label="Rows">
            <table class="t sticky" aria-rowcount={rows.length + 1}><caption class="sr">{word} of this trace</caption>
                <thead><tr>{shown.map(column => <th key={column.key} scope="col" class={column.isNumber ? "num" : ""} aria-sort={sort.key === column.key ? (sort.isDescending ? "descending" : "ascending") : undefined}>
                    <button type="button" onClick={() => setSort({ key: column.key, isDescending: sort.key === column.key ? !sort.isDescending : column.key !== "name" && column.key !== "serviceName" && column.key !== "startNs" })}>
                        {column.label}{sort.key === column.key && <Icon name={sort.isDescending ? "down" : "up"} small />}</button></th>)}</tr></thead>
                <tbody>{from > 0 && <tr aria-hidden="true" class="space"><td colSpan={shown.length} style={{ height: `${from * ROW_PX}px` }} /></tr>}
                    {rows.slice(from, to).map(row => <Row key={row.key} state={state} row={row} by={by} total={total} />)}
                    {to < rows.length && <tr aria-hidden="true" class="space"><td colSpan={shown.length} style={{ height: `${(rows.length - to) * ROW_PX}px` }} /></tr>}</tbody></table>
            {rows.length === 0 && <p class="pad muted">No {word} have “{filter}” in their name.</p>}
        </div>
    </section>;
}
