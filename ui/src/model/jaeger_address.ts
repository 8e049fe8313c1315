// jaeger_address.ts -- addresses of Jaeger's interface, which stand in people's runbooks, as addresses of ours.
// Null: the address is not Jaeger's, or is already ours.

const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/* "2h" of lookback is from=now-2h; "custom" has start and end in microseconds. */
function rangeOf(params: URLSearchParams): { from?: string; to?: string } {
    const lookback = params.get("lookback") ?? "";
    const start = params.get("start") ?? "", end = params.get("end") ?? "";
    if (/^\d{1,9}[smhdw]$/.test(lookback)) return { from: `now-${lookback}` };
    if (/^\d{16}$/.test(start) && /^\d{16}$/.test(end)) return { from: `${start}000`, to: `${end}000` };
    return {};
}

function conditionsOf(params: URLSearchParams): string[] {
    const conditions: string[] = [];
    const service = params.get("service"), operation = params.get("operation");
    if (service) conditions.push(`resource.service.name = ${quoted(service)}`);
    if (operation && operation !== "all") conditions.push(`name = ${quoted(operation)}`);
    for (const [name, sign] of [["minDuration", ">="], ["maxDuration", "<="]] as const) {
        const value = params.get(name);
        if (value && /^[\d.]+(ns|us|µs|ms|s|m|h)$/.test(value)) conditions.push(`duration ${sign} ${value.replace("µ", "u")}`);
    }
    try {
        const tags: unknown = JSON.parse(params.get("tags") ?? "{}");
        for (const [key, value] of Object.entries(tags as Record<string, unknown>)) {
            if (key === "error") conditions.push(String(value) === "true" ? "status = error" : "status != error");
            else conditions.push(`."${key.replaceAll('"', '\\"')}" = ${quoted(String(value))}`);
        }
    } catch { /* tags that are not JSON were not understood by Jaeger either */ }
    return conditions;
}

export function jaegerAddress(path: string, params: URLSearchParams): string | null {
    if (path === "/search" && (params.has("service") || params.has("lookback")) && !params.has("q")) {
        const next = new URLSearchParams();
        const { from, to } = rangeOf(params);
        if (from) next.set("from", from);
        if (to) next.set("to", to);
        const conditions = conditionsOf(params);
        next.set("q", conditions.length ? `{ ${conditions.join(" && ")} }` : "{ }");
        return `/search?${next}`;
    }
    if (path.startsWith("/trace/") && (params.has("uiFind") || params.has("uiEmbed"))) {
        const next = new URLSearchParams();
        const find = params.get("uiFind");
        if (find) next.set("find", find);
        if (params.has("uiEmbed")) next.set("embed", "1");
        return `${path}?${next}`;
    }
    if (path === "/dependencies") return "/map";
    return null;
}
