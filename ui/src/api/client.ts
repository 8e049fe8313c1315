// client.ts -- the one door to the server. An answer is JSON or an ApiError whose sentence is the server's own.

export class ApiError extends Error {
    constructor(
        readonly kind: string, // "invalid", "not_found", "full", … as the server says it; "offline": no answer
        message: string,
        readonly httpStatus: number,
        readonly line = 0, // of a TraceQL query, from 1; 0: the error has no place
        readonly column = 0,
        readonly retryAfterS = 0,
    ) {
        super(message);
    }
}

export type Params = Record<string, string | number | boolean | readonly string[] | null | undefined>;

export function queryString(params: Params): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) {
        if (value === undefined || value === null || value === "" || value === false) continue;
        for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
    }
    const text = search.toString();
    return text ? `?${text}` : "";
}

async function errorOf(response: Response): Promise<ApiError> {
    const retry = Number(response.headers.get("retry-after")) || 0;
    try {
        const error = ((await response.json()) as { error?: Record<string, unknown> }).error ?? {};
        return new ApiError(String(error["status"] ?? "error"), String(error["message"] ?? response.statusText), response.status,
            Number(error["line"]) || 0, Number(error["column"]) || 0, retry);
    } catch {
        return new ApiError("error", `the server answered ${response.status} ${response.statusText}`, response.status, 0, 0, retry);
    }
}

/* Queries longer than this go in a body: proxies cut long addresses. */
const ADDRESS_MAX = 4000;

async function responseOf(path: string, params: Params, signal?: AbortSignal): Promise<Response> {
    const address = `/api/v1${path}${queryString(params)}`;
    let response: Response;
    try {
        response = address.length <= ADDRESS_MAX
            ? await fetch(address, { signal: signal ?? null, headers: { accept: "application/json" } })
            : await fetch(`/api/v1${path}`, { signal: signal ?? null, method: "POST", body: JSON.stringify(params),
                headers: { accept: "application/json", "content-type": "application/json" } });
    } catch (error) {
        if ((error as Error).name === "AbortError") throw error;
        throw new ApiError("offline", "The server did not answer. It may be restarting, or the network is down.", 0);
    }
    if (!response.ok) throw await errorOf(response);
    return response;
}

async function whole<T>(response: Response, read: (response: Response) => Promise<T>): Promise<T> {
    try {
        return await read(response);
    } catch (error) {
        if ((error as Error).name === "AbortError") throw error;
        throw new ApiError("error", "The answer was cut off before its end.", response.status);
    }
}

/** Ask `path` under /api/v1. Rejects with ApiError, or AbortError when `signal` fired. */
export const ask = async (path: string, params: Params = {}, signal?: AbortSignal): Promise<unknown> =>
    whole(await responseOf(path, params, signal), response => response.json());
/** The same for answers that are read piece by piece. */
export const askBytes = async (path: string, params: Params = {}, signal?: AbortSignal): Promise<Uint8Array> =>
    new Uint8Array(await whole(await responseOf(path, params, signal), response => response.arrayBuffer()));
export const askText = async (path: string, params: Params = {}, signal?: AbortSignal): Promise<string> =>
    whole(await responseOf(path, params, signal), response => response.text());
