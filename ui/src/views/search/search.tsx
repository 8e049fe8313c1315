// search.tsx -- find requests and see how they are spread: the query, the picture, facets and results of one question.
import { useEffect, useMemo } from "preact/hooks";
import { fetchFacets, fetchHistogram, type FacetsAnswer } from "../../api/facets.ts";
import { fetchEstimate, type Estimate } from "../../api/explain.ts";
import { fetchSeries, fetchSpans, fetchTraces } from "../../api/query.ts";
import { addPiece, condition, printChips, withoutStages } from "../../model/traceql_chips.ts";
import { isFinished } from "../../model/traceql_tokens.ts";
import { comparedQuery, listQuery, plainQuery } from "../../model/search_query.ts";
import { useKeys } from "../../state/keys.ts";
import { range, rangeParams } from "../../state/range.ts";
import { createResource, useResource, type Resource } from "../../state/resource.ts";
import { resultSet } from "../../state/result_set.ts";
import { wantServices } from "../../state/services.ts";
import { change, go, hrefTo } from "../../state/url.ts";
import { computed, effect, signal } from "@preact/signals";
import { fetchGroups } from "./groups.tsx";
import { Facets } from "./facets.tsx";
import { Foot } from "./foot.tsx";
import { picture, PicturePanel } from "./picture.tsx";
import { QueryBar } from "./query_bar.tsx";
import { pageOf, Results, rowCount, type Listed } from "./results.tsx";
import { current, selected, toggleSelected, traceHref } from "./rows.ts";
import { askChips, askedChips, box, followAddress, kind, listParams, narrowedChips, narrowedRange, PAGE_ROWS, place, draft, query, run, scope, setText } from "./search_state.ts";

const FACET_VALUES = 10, COMPARED_VALUES = 200, COMPARED_KEYS = 40, DOTS = 1000;

async function fetchList(abort: AbortSignal): Promise<Listed> {
    const start = performance.now(), { before } = place.value;
    const took = (): { askedMs: number; before: number } => ({ askedMs: performance.now() - start, before });
    const shape = kind.value;
    if (shape === "traces") { const traces = await fetchTraces(listParams(shape), abort); return { kind: shape, traces, ...took() }; }
    if (shape === "spans") { const spans = await fetchSpans(listParams(shape), abort); return { kind: shape, spans, ...took() }; }
    if (shape === "groups") { const groups = await fetchGroups(narrowedChips.value, narrowedRange(), abort); return { kind: shape, groups, ...took() }; }
    const series = await fetchSeries({ q: query.value, ...rangeParams() }, abort);
    return { kind: shape, series, ...took() };
}

/* The picture is of the whole scope: a box on it must not change it. */
const columnCount = (): number => (innerWidth < 760 ? 30 : innerWidth < 1800 ? 60 : 120);
const fetchPicture = (abort: AbortSignal) => fetchHistogram({ q: scope.value.query, columns: columnCount(), ...rangeParams() }, abort);

function facetQuery(): string | null {
    const plain = plainQuery(narrowedChips.value);
    return plain === "{ }" ? null : plain;
}
/* Without conditions the store answers at once from what it knows. */
const fetchCounts = (abort: AbortSignal): Promise<FacetsAnswer> => fetchFacets({ q: facetQuery(), limit: FACET_VALUES, ...narrowedRange() }, abort);

/** Of the same attributes in the whole scope: asked when the counts are there, for they name the attributes. */
function useCompared(counts: Resource<FacetsAnswer>): Resource<FacetsAnswer> {
    const keys = useMemo(() => signal<readonly string[] | null>(null), []);
    const asked = useMemo(() => createResource<FacetsAnswer>(abort => {
        const compared = box.value ? scope.value.query : comparedQuery(askedChips.value);
        if (!keys.value?.length || compared === null) return null;
        return fetchFacets({ q: compared === "{ }" ? null : compared, keys: keys.value, limit: COMPARED_VALUES, ...rangeParams() }, abort);
    }), []);
    useEffect(() => asked.stop, []);
    useEffect(() => {
        // Intrinsics of all spans are not known without looking at all: they are left out there.
        const isAll = !box.value && comparedQuery(askedChips.value) === "{ }";
        const named = (counts.value?.facets ?? []).filter(f => f.values.length && f.values[0]!.spanCount >= 5 && (!isAll || f.key.includes(".")));
        keys.value = counts.value && !counts.isStale ? ["resource.service.name", ...named.map(f => f.key).filter(k => k !== "resource.service.name")].slice(0, COMPARED_KEYS) : null;
    }, [counts.value, counts.isStale]);
    return asked.state.value;
}

/* Conditions on whole spansets, as count() > 2, are left out of the facets: those count other spans. */
const isPlain = computed(() => plainQuery(narrowedChips.value) === printChips(withoutStages(narrowedChips.value, "select", "order", "spans")));

const ESTIMATE_AFTER_MS = 250;

/** What the line would read, asked once one stops typing. Wrong queries have no estimate: their error comes when they are asked. */
function useEstimate(): Estimate | null {
    const settled = useMemo(() => signal(draft.peek()), []);
    useEffect(() => effect(() => {
        const text = draft.value;
        const timer = setTimeout(() => { settled.value = text; }, ESTIMATE_AFTER_MS);
        return () => clearTimeout(timer);
    }), []);
    const found = useResource(abort => !isFinished(settled.value) ? null : fetchEstimate({ q: settled.value.trim() || "{ }", limit: PAGE_ROWS, ...rangeParams() }, abort));
    return found.error ? null : found.value;
}

/* Spans of one trace stand once in the set. */
const traceIds = (answer: Listed): string[] => answer.kind === "traces" ? answer.traces.traces.map(t => t.traceId)
    : answer.kind === "spans" ? [...new Set(answer.spans.spans.map(s => s.traceId))] : [];

const rowElement = (): HTMLElement | null => document.querySelector(`.rs [data-row="${current.value}"]`);

function useListKeys(answer: Listed | null): void {
    const rows = answer ? rowCount(answer) : 0;
    useEffect(() => { current.value = -1; }, [answer]);
    const move = (by: number): void => {
        if (!rows) return;
        current.value = Math.min(rows - 1, Math.max(0, current.value + by));
        // The row's link has the focus: Enter opens it, and screen readers read it.
        requestAnimationFrame(() => {
            rowElement()?.querySelector<HTMLElement>(".root a, a")?.focus({ preventScroll: true });
            rowElement()?.scrollIntoView({ block: "nearest" });
        });
    };
    const at = (): { traceId: string; spanId: string; service: string; name: string } | null => {
        if (answer?.kind === "traces") { const t = answer.traces.traces[current.value]; return t ? { traceId: t.traceId, spanId: "", service: t.rootServiceName, name: t.rootName } : null; }
        if (answer?.kind === "spans") { const s = answer.spans.spans[current.value]; return s ? { traceId: s.traceId, spanId: s.spanId, service: s.serviceName, name: s.name } : null; }
        return null;
    };
    const href = (): string => { const row = at(); return row ? traceHref(row.traceId, row.spanId) : ""; };
    const open = (isNewTab: boolean): void | false => {
        const address = href() || rowElement()?.querySelector("a")?.getAttribute("href") || "";
        if (!address) return false;
        if (isNewTab) window.open(address, "_blank", "noopener");
        else go(address);
    };
    /* The service and the name of the row, in or out. */
    const filter = (operator: "=" | "!="): void | false => {
        const row = at();
        if (!row) return false;
        const last = Math.max(0, askedChips.value.groups.length - 1);
        const [service, name] = answer!.kind === "traces" ? ["rootServiceName", "rootName"] : ["resource.service.name", "name"];
        const text = (value: string): string => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
        askChips(operator === "=" ? addPiece(addPiece(askedChips.value, condition(service!, "=", text(row.service)), last), condition(name!, "=", text(row.name)), last)
            : addPiece(askedChips.value, condition(name!, "!=", text(row.name)), last));
    };
    useKeys("Search", [
        { keys: "j", help: "Next result", run: () => move(1) },
        { keys: "k", help: "Result before", run: () => move(-1) },
        { keys: "Enter", help: "Open", run: event => { const tag = (event.target as HTMLElement).tagName; return tag === "BODY" || tag === "MAIN" || tag === "DIV" ? open(false) : false; } },
        { keys: "o", help: "Open in a new tab", run: () => open(true) },
        { keys: "x", help: "Select", run: () => { const row = at(); if (!row) return false; toggleSelected(row.traceId); } },
        { keys: "c", help: "Compare the two selected", run: () => { const [a, b, ...more] = selected(); if (!a || !b || more.length) return false; go(hrefTo("/compare", { a, b })); } },
        { keys: "+", help: "Only results like this", run: () => filter("=") },
        { keys: "-", help: "Without results like this", run: () => filter("!=") },
        { keys: "q", help: "To the query", run: () => focusIn(".ql textarea") },
        { keys: "/", help: "Find an attribute", run: () => focusIn(".fac [data-filter]") },
        { keys: "t", help: "Table of the picture", run: () => change({ pic: picture.value === "table" ? null : "table" }, "replace") },
        { keys: "Mod+Enter", help: "Run", inText: true, run },
        { keys: "Mod+s", help: "Save", inText: true, run: () => document.querySelector<HTMLElement>(".qrow .anchor > button")?.click() },
        { keys: "Escape", help: "Clear box, selection", run: () => { if (box.value) change({ box: null, after: null }); else if (selected().length) change({ sel: null }, "replace"); else return false; } },
    ], [answer]);
}

function focusIn(selector: string): void {
    const element = document.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector);
    element?.focus();
    element?.select();
}

export function Page(_: { id: string }) {
    useEffect(followAddress, []);
    useEffect(() => { document.title = `${query.value ? `${query.value} · ` : ""}Search · weft`; }, [query.value]);
    useEffect(() => { wantServices(); }, [range.value]);
    const isStopped = useMemo(() => signal(false), []);
    // Another question starts anew.
    useEffect(() => effect(() => { void narrowedChips.value; void range.value; void kind.value; isStopped.value = false; }), []);
    const list = useResource(abort => (isStopped.value ? null : fetchList(abort)));
    const isWrong = list.error?.kind === "invalid";
    const histogram = useResource(fetchPicture);
    const counts = useResource(fetchCounts);
    const compared = useCompared(counts);
    const dots = useResource(abort => (picture.value === "scatter"
        ? fetchSpans({ q: listQuery(scope.value.query, "spans", "", []), limit: DOTS, ...rangeParams() }, abort) : null));
    const answer = list.value && list.value.kind === kind.value && !list.error ? list.value : null;
    useListKeys(answer);
    useEffect(() => { if (answer) resultSet.value = { query: setText.peek(), traceIds: traceIds(answer), hasMore: pageOf(answer).hasMore }; }, [answer]);
    // The list knows its page; the facets have counted all.
    const counted = counts.value && !counts.isStale && !counts.error && counts.value.partial === null ? counts.value : null;
    const matched = isPlain.value ? counted?.spanCount ?? null : null;
    const total = kind.value === "spans" ? matched : null;
    return <main class="searchp"><h1 class="sr">Search</h1>
        <QueryBar error={list.error} estimate={useEstimate()} />
        <div class="lay">
            <Facets found={counts} usual={compared} />
            <div class="mainc">
                {kind.value !== "series" && !isWrong && <PicturePanel found={histogram} spans={dots} />}
                <Results found={list} isStopped={isStopped.value} stop={() => { isStopped.value = true; }} start={() => { isStopped.value = false; }} total={total} matched={matched} facets={counts.value?.facets ?? []} />
            </div>
        </div>
        <Foot answer={answer} total={total} />
    </main>;
}
