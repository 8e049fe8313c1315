// live.ts -- asking again by itself: the status every few seconds, the page while Live is on and somebody looks.
import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fetchStatus, type Status } from "../api/status.ts";
import { isLive, range, refresh } from "./range.ts";

const STATUS_MS = 5000;
const LIVE_MS = 5000;

export const status = signal<Status | null>(null);
export const isOffline = signal(false);
/** Spans a second since the status before; null until there are two. */
export const receivedPerS = signal<number | null>(null);

let timer = 0, delayMs = STATUS_MS;

async function askStatus(): Promise<void> {
    clearTimeout(timer);
    try {
        const next = await fetchStatus();
        const before = status.value;
        const seconds = before?.time && next.time ? Number(next.time - before.time) / 1e9 : 0;
        const more = next.acceptedSpanCount - (before?.acceptedSpanCount ?? 0);
        // A server that was started anew counts from zero: no rate until the next answer.
        receivedPerS.value = seconds > 0 && more >= 0 ? more / seconds : null;
        status.value = next;
        isOffline.value = false;
    } catch {
        isOffline.value = true;
    }
    timer = window.setTimeout(() => void poll(), isOffline.value ? Math.min(delayMs, 4000) : delayMs);
}
/* A page nobody sees asks nothing; it does when it is looked at again. */
const poll = (): Promise<void> | void => { if (document.visibilityState === "visible") return askStatus(); };

export const askStatusNow = (): void => void askStatus();
/** Ask every second while this runs; returns what ends it. */
export function askStatusOften(): () => void {
    delayMs = 1000;
    askStatusNow();
    return () => { delayMs = STATUS_MS; };
}

/** Call once. */
export function startLive(): void {
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") void askStatus(); });
    void askStatus();
}

/** For pages of figures: while Live is on and the range ends now, they are asked for again. Lists have their own way:
 *  what is new waits there until it is wanted. */
export function useLiveFigures(): void {
    useEffect(() => effect(() => {
        if (!isLive.value || range.value.toText !== "now") return;
        const beat = setInterval(() => { if (document.visibilityState === "visible" && !isOffline.value) refresh(); }, LIVE_MS);
        return () => clearInterval(beat);
    }), []);
}
