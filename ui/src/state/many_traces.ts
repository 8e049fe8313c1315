// many_traces.ts -- the traces of a query, whole, a few at a time; and work on them cut into slices, so that the page
// stays alive.
import { fetchFound, fetchTrace } from "../api/trace.ts";
import { mergePaths, type Paths } from "../model/paths.ts";
import type { Trace } from "../model/trace.ts";

const AT_ONCE = 4, SLICE_MS = 8;

export async function fetchTraces(query: { q: string; from: string; to: string; limit: number }, signal: AbortSignal, progress: (done: number, all: number) => void): Promise<Trace[]> {
    const found = await fetchFound(query, signal);
    const traces: Trace[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
        while (next < found.length) {
            traces.push(await fetchTrace(found[next++]!.traceId, signal));
            progress(traces.length, found.length);
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return traces;
}

export async function mergeInSlices(sets: readonly (readonly Trace[])[], signal: AbortSignal): Promise<Paths> {
    const steps = mergePaths(sets);
    for (let until = performance.now() + SLICE_MS; ;) {
        const step = steps.next();
        if (step.done) return step.value;
        if (performance.now() < until) continue;
        await new Promise(resolve => setTimeout(resolve));
        signal.throwIfAborted();
        until = performance.now() + SLICE_MS;
    }
}
