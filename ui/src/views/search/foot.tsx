// foot.tsx -- the line below a list: where one is in it, the next page, and the keys.
import { count } from "../../model/number.ts";
import { keyLabel } from "../../state/keys.ts";
import { hrefWith } from "../../state/url.ts";
import { pageOf, rowCount, type Listed } from "./results.tsx";
import { afterText, PAGE_ROWS, sort } from "./search_state.ts";

const Key = ({ keys, words }: { keys: readonly string[]; words: string }) =>
    <span class="fkey">{keys.map(k => <><span class="kbd">{keyLabel(k)}</span>{" "}</>)}{words}</span>;

const orders: Record<string, string> = { "-start": "Newest first", start: "Oldest first", "-duration": "Longest first", duration: "Shortest first" };

export function Foot({ answer, total }: { answer: Listed | null; total: number | null }) {
    const before = answer?.before ?? 0;
    const page = answer && pageOf(answer), rows = answer ? rowCount(answer) : 0;
    const end = total !== null && answer && (answer.kind === "spans" || answer.kind === "traces") ? count(Math.max(total, before + rows)) : page?.hasMore ? `≥ ${count(before + rows + 1)}` : count(before + rows);
    const isPaged = answer?.kind === "traces" || answer?.kind === "spans";
    return <footer class="foot">
        {answer && rows > 0 && <span>{isPaged ? `${count(before + 1)}–${count(before + rows)} of ${end}` : `${count(rows)} in all`}</span>}
        {before > 0 && <a href={hrefWith({ after: null, sel: null })}>First {PAGE_ROWS}</a>}
        {page?.hasMore && page.nextCursor && <a class="nextpage" href={hrefWith({ after: afterText(before + rows, page.nextCursor), sel: null })}>Next {PAGE_ROWS}</a>}
        {isPaged && <span>{orders[sort.value] ?? "Sorted"}, same order every time</span>}
        <span class="grow" />
        <Key keys={["j", "k"]} words="move" /><Key keys={["Enter"]} words="open" /><Key keys={["x"]} words="select" /><Key keys={["c"]} words="compare" /><Key keys={["q"]} words="query" /><Key keys={["?"]} words="all keys" />
    </footer>;
}
