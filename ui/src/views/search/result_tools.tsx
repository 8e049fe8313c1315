// result_tools.tsx -- what can be done with the rows: compare, export, choose columns, see the plan.
import type { Facet } from "../../api/facets.ts";
import { queryString } from "../../api/client.ts";
import { chipsOf } from "../../model/traceql_chips.ts";
import { fieldWords } from "../../model/traceql_words.ts";
import { change, hrefTo, param } from "../../state/url.ts";
import { useState } from "preact/hooks";
import { Icon } from "../../widgets/icon.tsx";
import { Popover } from "../../widgets/popover.tsx";
import { download, selected, spansCsv, tracesCsv } from "./rows.ts";
import { columns, kind, listParams } from "./search_state.ts";
import type { Listed } from "./results.tsx";

const EXPORT_ROWS = 1000;

/** Two selected traces are compared; one waits for another. */
export function Compare() {
    const ids = selected();
    if (ids.length !== 2) return <button type="button" class="btn s wide760" disabled title={ids.length > 2 ? "Two traces can be compared" : "Select two traces (x)"}>Compare {ids.length} selected</button>;
    return <a class="btn s wide760" href={hrefTo("/compare", { a: ids[0], b: ids[1] })}>Compare 2 selected</a>;
}

/** What the query finds, as one picture of where time goes. */
export const FlameLink = () => <a class="btn s wide760" href={hrefTo("/flame", { q: param("q") })}><Icon name="flame" />Flame graph</a>;

const csvOf = (answer: Listed): string => (answer.kind === "traces" ? tracesCsv(answer.traces.traces) : answer.kind === "spans" ? spansCsv(answer.spans.spans) : "");

export function Export({ answer }: { answer: Listed }) {
    if (answer.kind !== "traces" && answer.kind !== "spans") return null;
    const shape = answer.kind;
    const { cursor: _, ...params } = listParams(shape);
    return <Popover label="Export" buttonClass="btn s wide760" panelClass="menu" align="right" kind="menu" button={<><Icon name="download" />Export</>}>
        {close => <>
            <button type="button" role="menuitem" class="menu-item" onClick={() => { download(`weft-${shape}.csv`, "text/csv", csvOf(answer)); close(); }}>CSV of the {shape} on this page</button>
            <a role="menuitem" class="menu-item" href={`/api/v1/query${queryString({ ...params, type: shape, limit: EXPORT_ROWS, spss: 100 })}`} download={`weft-${shape}.json`} onClick={close}>JSON of the first 1,000, as the API answers</a>
            <p class="micro muted spick">All spans of all traces as OTLP: <code>weft export</code></p>
        </>}
    </Popover>;
}

/** Columns of attributes: those that the answer's spans have. */
export function Columns({ facets }: { facets: readonly Facet[] }) {
    const [filter, setFilter] = useState("");
    const chosen = columns.value;
    const wanted = filter.trim().toLowerCase();
    const fixed = new Set(kind.value === "spans" ? ["name", "status", "resource.service.name"] : ["resource.service.name"]);
    const offered = [...chosen, ...facets.map(f => f.key).filter(key => !chosen.includes(key) && !fixed.has(key))].filter(key => key.toLowerCase().includes(wanted));
    const toggle = (key: string): void => {
        const next = chosen.includes(key) ? chosen.filter(c => c !== key) : [...chosen, key];
        change({ cols: next.join(",") || null }, "replace");
    };
    const own = filter.trim();
    const isField = chipsOf(`{ ${own} = 1 }`).groups[0]?.pieces[0]?.kind === "condition" && /^(span|resource|event|link|instrumentation)\.|^\./.test(own);
    return <Popover label="Columns" buttonClass="btn s icon wide760" panelClass="menu colpop" align="right" button={<Icon name="settings" />}>
        {() => <>
            <label class="inp"><Icon name="search" /><span class="sr">Find an attribute</span><input placeholder="Attribute as a column" value={filter} onInput={event => setFilter(event.currentTarget.value)}
                onKeyDown={event => { if (event.key === "Enter" && isField) { toggle(own); setFilter(""); } }} /></label>
            <div class="slist">
                {offered.slice(0, 80).map(key => <label key={key} class="menu-item" title={key}><input type="checkbox" checked={chosen.includes(key)} onChange={() => toggle(key)} /><span class="ell">{fieldWords(key)}</span></label>)}
                {offered.length === 0 && <p class="micro muted spick">{isField ? "↵ adds it" : "Write it with its scope, as span.http.route, and ↵"}</p>}
            </div></>}
    </Popover>;
}
