// trace.ts -- one trace as columns (docs/api/trace.md).
import { ask } from "./client.ts";
import { traceOf, type Trace } from "../model/trace.ts";

export async function fetchTrace(id: string, signal?: AbortSignal): Promise<Trace> {
    return traceOf(await ask(`/traces/${encodeURIComponent(id)}`, {}, signal));
}
