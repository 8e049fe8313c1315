// nothing_found.tsx -- no result: which condition excludes everything, told by counting without each; and wider ranges.
import { useMemo } from "preact/hooks";
import { fetchHistogram } from "../../api/facets.ts";
import { counted } from "../../model/number.ts";
import { printChips, printPiece, removePiece, type Chips } from "../../model/traceql_chips.ts";
import { fieldWords, valueWords } from "../../model/traceql_words.ts";
import { hourMinute, zoneName } from "../../model/time.ts";
import { range, rangeParams } from "../../state/range.ts";
import { useResource } from "../../state/resource.ts";
import { zone } from "../../state/settings.ts";
import { change, hrefTo, hrefWith } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { askedChips, box, kind } from "./search_state.ts";

interface Without { words: string; query: string; spanCount: number | null }

/* Each costs a count: of many conditions the first are tried. */
const TRIED_MAX = 5;

function variants(chips: Chips): { words: string; query: string }[] {
    return chips.groups.flatMap((group, at) => group.pieces.map((piece, i) => ({
        words: piece.kind === "condition" ? `${fieldWords(piece.field)} ${piece.operator} ${valueWords(piece.value)}` : printPiece(piece),
        query: printChips(removePiece(chips, at, i)),
    }))).slice(0, TRIED_MAX);
}

async function countEach(chips: Chips, params: { from: string; to: string }, signal: AbortSignal): Promise<Without[]> {
    const found: Without[] = [];
    for (const variant of variants(chips)) { // one after the other: they are a help, not what was asked for
        try {
            found.push({ ...variant, spanCount: (await fetchHistogram({ q: variant.query, columns: 1, ...params }, signal)).spanCount });
        } catch (error) {
            if ((error as Error).name === "AbortError") throw error;
            found.push({ ...variant, spanCount: null });
        }
    }
    return found.sort((a, b) => (b.spanCount ?? 0) - (a.spanCount ?? 0));
}

const wider = ["1h", "6h", "24h", "7d"];

export function NothingFound() {
    const chips = askedChips.value;
    const count = useMemo(() => chips.groups.reduce((sum, g) => sum + g.pieces.length, 0), [chips]);
    const found = useResource(signal => (askedChips.value.written === null && !box.value && variants(askedChips.value).length
        ? countEach(askedChips.value, rangeParams(), signal) : null));
    const { from, to } = range.value;
    const what = kind.value === "spans" ? "span" : kind.value === "series" ? "series" : "trace";
    const length = Number(to - from) / 3.6e12;
    const next = wider.filter(w => ({ h: 1, d: 24 }[w.slice(-1)] ?? 1) * Number(w.slice(0, -1)) > length * 1.01)[0];
    const z = zone.value;
    return <div class="nothing">
        <h2>{count > 1 ? `No ${what} matches ${count === 2 ? "both" : `all ${count}`} conditions` : count === 1 ? `No ${what} matches` : `No ${what}s in this range`}</h2>
        <p>{hourMinute(from, z)} – {hourMinute(to, z)} {zoneName(z, to)} was searched{box.value ? ", in the box" : ""}. The answer is exact.</p>
        <div class="sug">
            {box.value && <a class="menu-item" href={hrefWith({ box: null })}><Icon name="expand" />Without the box</a>}
            {found.value?.map(w => <a key={w.query} class="menu-item" href={hrefWith({ q: w.query, after: null, sel: null })}>
                <Icon name="minus" /><span class="ell">Without <b>{w.words}</b></span><span class="r muted">{w.spanCount === null ? "not counted" : counted(w.spanCount, "span")}</span></a>)}
            {found.isSlow && <p class="menu-item muted" role="status">Counting without each condition …</p>}
            {next && <button type="button" class="menu-item" onClick={() => change({ from: `now-${next}`, to: null, box: null, after: null })}><Icon name="clock" />Last {next.replace(/([hd])$/, " $1")} instead</button>}
            {count > 0 && <a class="menu-item" href={hrefTo("/search")}><Icon name="close" />Every trace of this range</a>}
        </div>
    </div>;
}
