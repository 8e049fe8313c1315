// live.ts -- while Live is on: how many results are newer than those shown. They wait; nothing moves while one reads.
import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fetchSpans, fetchTraces } from "../../api/query.ts";
import { isLive, range } from "../../state/range.ts";
import { timeOfMs, type TimeNs } from "../../model/time.ts";
import { listQuery } from "../../model/search_query.ts";
import { box, kind, query } from "./search_state.ts";

const EVERY_MS = 3000, COUNTED_MAX = 100;

export const newer = signal<{ count: number; isMore: boolean }>({ count: 0, isMore: false });

/* Newer than `since`, by their start: what overlaps the old range was there before. */
async function countNewer(since: TimeNs, abort: AbortSignal): Promise<{ count: number; isMore: boolean }> {
    const shape = kind.value === "spans" ? "spans" : "traces";
    const params = { q: listQuery(query.value, shape, "", []), from: String(since), to: String(timeOfMs(Date.now())), limit: COUNTED_MAX, spss: 1 };
    const starts = shape === "spans" ? (await fetchSpans(params, abort)).spans.map(s => s.startTime) : (await fetchTraces(params, abort)).traces.map(t => t.startTime);
    const count = starts.filter(t => t > since).length;
    return { count, isMore: count >= COUNTED_MAX };
}

export function useNewer(): void {
    useEffect(() => effect(() => {
        newer.value = { count: 0, isMore: false };
        if (!isLive.value || box.value || range.value.toText !== "now" || kind.value === "groups" || kind.value === "series") return;
        const since = range.value.to, abort = new AbortController();
        void query.value;
        let timer = 0;
        const look = async (): Promise<void> => {
            try {
                // A hidden page asks nothing.
                if (!document.hidden) newer.value = await countNewer(since, abort.signal);
            } catch { /* the next look may succeed; the list itself says when the server is gone */ }
            if (!abort.signal.aborted) timer = window.setTimeout(() => void look(), EVERY_MS);
        };
        timer = window.setTimeout(() => void look(), EVERY_MS);
        return () => { clearTimeout(timer); abort.abort(); };
    }), []);
}
