// url.ts -- where we are: path and parameters, as one signal. A link is an ordinary <a href>; this file makes it a
// change of state instead of a page load.
import { batch, computed, signal } from "@preact/signals";

interface Place { path: string; params: URLSearchParams; key: string }

const placeNow = (): Place => ({ path: location.pathname, params: new URLSearchParams(location.search),
    key: String((history.state as { key?: string } | null)?.key ?? "") });

const current = signal<Place>(placeNow());

export const path = computed(() => current.value.path);
export const params = computed(() => current.value.params);
/** Differs for each entry of the history: scroll positions are kept under it. */
export const entryKey = computed(() => current.value.key);

/** A parameter's value; "" when it is not there. Reading it subscribes. */
export const param = (name: string): string => current.value.params.get(name) ?? "";

export type Changes = Record<string, string | null | undefined>;

/** The address of `path` with these parameters changed; null, undefined and "" remove one. */
export function hrefWith(changes: Changes, to = current.value.path, base: URLSearchParams = current.value.params): string {
    const next = new URLSearchParams(base);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === undefined || value === "") next.delete(name);
        else next.set(name, value);
    }
    const text = next.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
    return to + (text ? `?${text}` : "");
}

/* Kept from page to page: what one looks at, not how. */
const kept = ["from", "to", "tz"];

/** The address of another page: range and zone come along, the rest starts anew. */
export function hrefTo(to: string, changes: Changes = {}): string {
    const base = new URLSearchParams();
    for (const name of kept) {
        const value = current.value.params.get(name);
        if (value) base.set(name, value);
    }
    return hrefWith(changes, to, base);
}

let entries = 0;

/** Go to an address of ours. "replace" is for what Back should not undo on its own. */
export function go(href: string, how: "push" | "replace" = "push"): void {
    if (href === location.pathname + location.search) return;
    if (how === "push") history.pushState({ key: `${Date.now()}-${++entries}` }, "", href);
    else history.replaceState(history.state, "", href);
    batch(() => { current.value = placeNow(); });
}

export const change = (changes: Changes, how: "push" | "replace" = "push"): void => go(hrefWith(changes), how);

const isOurs = (link: HTMLAnchorElement): boolean =>
    link.origin === location.origin && !link.target && !link.hasAttribute("download") && !link.pathname.startsWith("/api/");

/** Call once: takes over clicks on links and the browser's Back and Forward. */
export function startUrl(): void {
    if (!(history.state as { key?: string } | null)?.key) history.replaceState({ key: "first" }, "");
    current.value = placeNow();
    addEventListener("popstate", () => { current.value = placeNow(); });
    document.addEventListener("click", event => {
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        const link = (event.target as Element | null)?.closest?.("a[href]");
        if (!(link instanceof HTMLAnchorElement) || !isOurs(link)) return;
        if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
        event.preventDefault();
        go(link.pathname + link.search);
    });
}
