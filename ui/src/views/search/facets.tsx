// facets.tsx -- the values of the answer's spans with their counts: a check filters in, × filters out; what stands out
// against the scope is marked.
import { signal } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";
import type { Facet, FacetsAnswer, FacetValue } from "../../api/facets.ts";
import { count, grouped, percent } from "../../model/number.ts";
import { isUnusual, ordered, usualShare } from "../../model/search_unusual.ts";
import { addPiece, condition, printPiece, removePiece } from "../../model/traceql_chips.ts";
import { literalOf } from "../../model/traceql_tokens.ts";
import { fieldWords, valueWords } from "../../model/traceql_words.ts";
import type { Resource } from "../../state/resource.ts";
import { isNarrow } from "../../state/media.ts";
import { slotOf } from "../../state/services.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Swatch } from "../../widgets/service.tsx";
import { Failure } from "../../widgets/states.tsx";
import { askChips, askedChips, box } from "./search_state.ts";

const SHOWN_KEYS = 9, SHOWN_VALUES = 5;
/* Which attribute's values are all shown. */
const opened = signal<ReadonlySet<string>>(new Set());

const lastGroup = (): number => Math.max(0, askedChips.value.groups.length - 1);

function toggle(key: string, literal: string, operator: "=" | "!="): void {
    const wanted = condition(key, operator, literal);
    const chips = askedChips.value, at = lastGroup();
    const index = chips.groups[at]?.pieces.findIndex(p => printPiece(p) === printPiece(wanted)) ?? -1;
    askChips(index >= 0 ? removePiece(chips, at, index) : addPiece(chips, wanted, at));
}
const isOn = (key: string, literal: string): boolean =>
    askedChips.value.groups[lastGroup()]?.pieces.some(p => printPiece(p) === printPiece(condition(key, "=", literal))) ?? false;

interface Shares { spanCount: number; usual: Map<string, Facet>; usualCount: number }

function Value({ facet, value, shares }: { facet: Facet; value: FacetValue; shares: Shares }) {
    const literal = literalOf(value.type, value.value);
    const share = shares.spanCount > 0 ? value.spanCount / shares.spanCount : 0;
    const usual = usualShare(shares.usual.get(facet.key), value, shares.usualCount);
    const isHot = isUnusual(value.spanCount, share, usual);
    const words = value.type === "string" ? value.value || '""' : valueWords(value.value);
    const id = `f-${facet.key}-${value.type}-${value.value}`.replace(/[^\w-]/g, c => `_${c.charCodeAt(0).toString(16)}`);
    const title = isHot ? `${words}: ${percent(share)} here, ${percent(usual!)} in the whole scope. Unusual: at least 5 spans, twice the usual share and 10 points more.` : `${words}: ${grouped(value.spanCount)} spans, ${percent(share)}`;
    return <div class={isHot ? "fv hot" : "fv"} style={{ "--p": Math.min(1, share) }} title={title}>
        <input type="checkbox" id={id} checked={literal !== null && isOn(facet.key, literal)} disabled={literal === null}
            onClick={event => { if (literal) toggle(facet.key, literal, event.altKey ? "!=" : "="); }} />
        <label for={id}>{facet.key === "resource.service.name" && <Swatch slot={slotOf(value.value)} />}<span class="ell">{words}</span>{isHot && <span class="acc micro">unusual</span>}</label>
        <span class="c">{count(value.spanCount)}</span>
        {literal !== null && <button type="button" class="fx" aria-label={`Without ${fieldWords(facet.key)} ${words}`} onClick={() => toggle(facet.key, literal, "!=")}><Icon name="close" small /></button>}
    </div>;
}

function Key({ facet, shares, filter }: { facet: Facet; shares: Shares; filter: string }) {
    const isOpen = opened.value.has(facet.key);
    const fits = filter && !fieldWords(facet.key).toLowerCase().includes(filter) ? facet.values.filter(v => v.value.toLowerCase().includes(filter)) : facet.values;
    const shown = isOpen || filter ? fits : fits.slice(0, SHOWN_VALUES);
    const toggleOpen = (): void => {
        const next = new Set(opened.value);
        if (!next.delete(facet.key)) next.add(facet.key);
        opened.value = next;
    };
    const more = fits.length - shown.length;
    return <section aria-label={fieldWords(facet.key)}>
        <h2 class="fh" title={`${facet.key}, ${grouped(facet.spanCount)} spans have it${facet.isComplete ? "" : "; some values could not be counted"}`}>
            <span class="ell">{fieldWords(facet.key)}</span>{facet.hasMore && <span class="sub">{facet.values.length}+</span>}</h2>
        {shown.map(value => <Value key={`${value.type}${value.value}`} facet={facet} value={value} shares={shares} />)}
        {(more > 0 || (isOpen && fits.length > SHOWN_VALUES)) && !filter && <button type="button" class="aslink micro" onClick={toggleOpen}>{isOpen ? "fewer" : `${more} more`}</button>}
    </section>;
}

export function Facets({ found, usual }: { found: Resource<FacetsAnswer> & { again: () => void }; usual: Resource<FacetsAnswer> }) {
    const [filter, setFilter] = useState("");
    const [isAll, setAll] = useState(false);
    const [isShown, setShown] = useState(false); // on a phone
    const answer = found.value;
    const total = answer?.spanCount ?? answer?.facets.find(f => f.key === "resource.service.name")?.spanCount ?? 0;
    const shares = useMemo<Shares>(() => ({
        spanCount: total, usual: new Map(usual.value?.facets.map(f => [f.key, f])),
        usualCount: usual.value?.spanCount ?? usual.value?.facets.find(f => f.key === "resource.service.name")?.spanCount ?? 0,
    }), [answer, usual.value]);
    const keys = useMemo(() => ordered(answer?.facets ?? [], total, facet => facet.values.some(v =>
        isUnusual(v.spanCount, v.spanCount / Math.max(1, total), usualShare(shares.usual.get(facet.key), v, shares.usualCount)))), [answer, shares]);
    const wanted = filter.trim().toLowerCase();
    const fitting = wanted ? keys.filter(f => f.key.toLowerCase().includes(wanted) || f.values.some(v => v.value.toLowerCase().includes(wanted))) : keys;
    const shown = isAll || wanted ? fitting.slice(0, 60) : fitting.slice(0, SHOWN_KEYS);
    const isFolded = isNarrow.value && !isShown;
    return <aside class="fac" aria-label="Facets" aria-busy={found.isSlow}>
        {isNarrow.value && <button type="button" class="btn ffold" aria-expanded={!isFolded} onClick={() => setShown(!isShown)}><Icon name="filter" />Filter by attribute<Icon name={isFolded ? "down" : "up"} small /></button>}
        {!isFolded && <>
        <label class="inp"><Icon name="search" /><span class="sr">Find an attribute or value</span>
            <input data-filter placeholder={answer ? `Find among ${answer.facets.length}${answer.hasMore ? "+" : ""} attributes` : "Find an attribute"} value={filter} onInput={event => setFilter(event.currentTarget.value)} /></label>
        {box.value && answer && <p class="micro muted fnote" title="Of the traces that overlap the box's time, all spans with its durations">Counts of traces in the box</p>}
        {answer?.spanCount === null && <p class="micro muted fnote" title="From the store's own statistics, which leave out whole files only. Add a condition for exact counts.">≈ counts of all that is stored</p>}
        {answer?.partial && <p class="micro wrn fnote"><Icon name="warn" small /> cut: {answer.partial}</p>}
        {found.error && found.error.kind !== "invalid" && <Failure error={found.error} again={found.again} title="Values could not be counted" />}
        {!answer && found.isSlow && <div aria-hidden="true">{Array.from({ length: 9 }, (_, i) => <div key={i} class="sk line fsk" style={{ width: `${85 - ((i * 23) % 40)}%` }} />)}</div>}
        {shown.map(facet => <Key key={facet.key} facet={facet} shares={shares} filter={wanted} />)}
        {fitting.length === 0 && answer && <p class="micro muted fnote">{wanted ? `No attribute and no frequent value has "${filter.trim()}".` : "No spans, no attributes."}</p>}
        {!wanted && keys.length > SHOWN_KEYS && <button type="button" class="aslink small fmore" onClick={() => setAll(!isAll)}>
            {isAll ? "Fewer attributes" : `${keys.length - SHOWN_KEYS} more attributes`}</button>}
        </>}
    </aside>;
}
