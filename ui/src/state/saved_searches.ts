// saved_searches.ts -- searches kept in this browser under a name: for the search page and for going to anything.
import { setting } from "./settings.ts";
import { hrefTo } from "./url.ts";

export interface Saved { name: string; query: string; address: string } // address: "?q=…", without the range

const isSaved = (value: unknown): boolean => Array.isArray(value) && value.every(v => typeof v === "object" && v !== null &&
    ["name", "query", "address"].every(key => typeof (v as Record<string, unknown>)[key] === "string"));
export const saved = setting<readonly Saved[]>("search.saved", [], isSaved);

/* A saved search keeps its shape but not its time: it is asked of the time one looks at. */
export function savedHref(address: string): string {
    const kept = Object.fromEntries(new URLSearchParams(address));
    return hrefTo("/search", kept);
}
