// resource.ts -- something asked of the server: what is asked follows signals, the last answer stays while the next
// one loads, and leaving cancels.
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError } from "../api/client.ts";

/* Shorter waits show nothing: a flicker is worse than a moment of rest. */
const QUIET_MS = 120;

export interface Resource<T> {
    value: T | null; // the last answer, kept while another is on its way
    error: ApiError | null;
    isLoading: boolean;
    isSlow: boolean; // loading for longer than a reader calls instant
    isStale: boolean; // `value` answers an older question
}

const nothing: Resource<never> = { value: null, error: null, isLoading: false, isSlow: false, isStale: false };

export interface LiveResource<T> { state: ReadonlySignal<Resource<T>>; stop: () => void; again: () => void }

/** Ask now and whenever a signal read by `question` changes. `question` reads its signals before it first awaits;
 *  null means that there is nothing to ask. */
export function createResource<T>(question: (signal: AbortSignal) => Promise<T> | null): LiveResource<T> {
    const state = signal<Resource<T>>(nothing);
    const tries = signal(0);
    const stop = effect(() => {
        void tries.value;
        const abort = new AbortController();
        const asked = question(abort.signal);
        const before = state.peek();
        if (asked === null) {
            state.value = nothing;
            return;
        }
        state.value = { ...before, isLoading: true, isSlow: false, isStale: before.value !== null };
        const timer = setTimeout(() => { state.value = { ...state.peek(), isSlow: true }; }, QUIET_MS);
        asked.then(
            value => { if (!abort.signal.aborted) state.value = { ...nothing, value }; },
            (error: unknown) => {
                if (abort.signal.aborted) return;
                const known = error instanceof ApiError ? error : new ApiError("bug", String((error as Error)?.stack ?? error), 0);
                state.value = { ...nothing, value: state.peek().value, error: known, isStale: true };
            }).finally(() => clearTimeout(timer));
        return () => { clearTimeout(timer); abort.abort(); };
    });
    return { state, stop, again: () => { tries.value++; } };
}

/** The same for a component: ends with it. */
export function useResource<T>(question: (signal: AbortSignal) => Promise<T> | null): Resource<T> & { again: () => void } {
    const resource = useMemo(() => createResource(question), []);
    useEffect(() => resource.stop, []);
    return { ...resource.state.value, again: resource.again };
}
