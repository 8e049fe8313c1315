// status.ts -- the server and its store, cheap enough to be asked every second (docs/api/status.md).
import { parseTime, type TimeNs } from "../model/time.ts";
import { fieldsOf, flagOf, listOf, numberOf, textOf } from "../model/untrusted.ts";
import { ask } from "./client.ts";

export interface Endpoint { name: string; key: string; address: string; isTls: boolean; isLocal: boolean; takesSpans: boolean; connectionCount: number }
export interface Status {
    version: string; time: TimeNs | null; uptimeS: number; endpoints: Endpoint[];
    acceptedSpanCount: number; refusedSpanCount: number; newestTraceId: string;
    spanCount: number; bytes: number; bytesMax: number; oldestTime: TimeNs | null;
}

export async function fetchStatus(signal?: AbortSignal): Promise<Status> {
    const answer = fieldsOf(await ask("/status", {}, signal));
    const received = fieldsOf(answer["received"]), storage = fieldsOf(answer["storage"]);
    return {
        version: textOf(answer["version"]), time: parseTime(answer["time_unix_nano"]), uptimeS: numberOf(answer["uptime_seconds"]),
        endpoints: listOf(answer["endpoints"]).map(fieldsOf).map(e => ({ name: textOf(e["name"]), key: textOf(e["key"]), address: textOf(e["address"]),
            isTls: flagOf(e["is_tls"]), isLocal: flagOf(e["is_local"]), takesSpans: flagOf(e["takes_spans"]), connectionCount: numberOf(e["connection_count"]) })),
        acceptedSpanCount: numberOf(received["accepted_span_count"]),
        refusedSpanCount: numberOf(received["refused_span_count"]) + numberOf(received["rejected_span_count"]),
        newestTraceId: textOf(received["newest_trace_id"]),
        spanCount: numberOf(storage["span_count"]), bytes: numberOf(storage["bytes"]), bytesMax: numberOf(storage["bytes_max"]),
        oldestTime: parseTime(storage["oldest_time_unix_nano"]),
    };
}

export const endpointNamed = (status: Status, name: string): Endpoint | undefined => status.endpoints.find(e => e.name === name);
/** As a client writes it: http://127.0.0.1:4317. An address open to all is told as this page was reached. */
export function endpointUrl(endpoint: Endpoint | undefined, fallback: string, pageHost: string): string {
    const address = (endpoint?.address ?? fallback).replace(/^(0\.0\.0\.0|\[::\])/, pageHost || "127.0.0.1");
    return `${endpoint?.isTls ? "https" : "http"}://${address}`;
}
