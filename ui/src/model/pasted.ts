// pasted.ts -- what people paste: a trace id, a traceparent, or an address of weft, Jaeger, Zipkin, Tempo or Grafana.

export interface Pasted { traceId: string; spanId: string }

export function pastedTrace(text: string): Pasted | null {
    const trimmed = text.trim();
    const parent = /^(?:traceparent:\s*)?00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/i.exec(trimmed);
    if (parent) return { traceId: parent[1]!.toLowerCase(), spanId: parent[2]!.toLowerCase() };
    const id = trimmed.replaceAll("-", ""); // some tools show ids as UUIDs
    if (/^[0-9a-f]{16}$|^[0-9a-f]{32}$/i.test(id)) return { traceId: id.toLowerCase(), spanId: "" };
    const address = /(?:traces?|zipkin\/traces)\/([0-9a-f]{16,32})\b(?:.*[?&](?:span|spanId)=([0-9a-f]{16})\b)?/i.exec(trimmed);
    return address ? { traceId: address[1]!.toLowerCase(), spanId: (address[2] ?? "").toLowerCase() } : null;
}
