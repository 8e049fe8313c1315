// range.ts -- the time looked at. Relative ends stay relative; what "now" was is fixed until the next refresh, so
// that all parts of a page speak of the same hour.
import { computed, signal } from "@preact/signals";
import { parseInstant, timeOfMs, type TimeNs } from "../model/time.ts";
import { change, param } from "./url.ts";

export interface Range { from: TimeNs; to: TimeNs; fromText: string; toText: string }

const DEFAULT_FROM = "now-1h";

export const now = signal<TimeNs>(timeOfMs(Date.now()));
/** Ask everything again, with a new now. */
export const refresh = (): void => { now.value = timeOfMs(Date.now()); };

export const range = computed<Range>(() => {
    const fromText = param("from") || DEFAULT_FROM;
    const toText = param("to") || "now";
    const from = parseInstant(fromText, now.value);
    const to = parseInstant(toText, now.value);
    if (from === null || to === null || from >= to) {
        return { from: parseInstant(DEFAULT_FROM, now.value)!, to: now.value, fromText: DEFAULT_FROM, toText: "now" };
    }
    return { from, to, fromText, toText };
});

/** True when the address has a range that could not be understood: the page says so. */
export const isRangeOdd = computed(() =>
    (param("from") !== "" && range.value.fromText !== param("from")) || (param("to") !== "" && range.value.toText !== param("to")));

export function setRange(from: string, to: string): void {
    refresh();
    change({ from: from === DEFAULT_FROM && to === "now" ? null : from, to: to === "now" ? null : to });
}

/** The range as the API takes it. */
export const rangeParams = (): { from: string; to: string } => ({ from: String(range.value.from), to: String(range.value.to) });

export const isLive = signal(false);
