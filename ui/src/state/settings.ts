// settings.ts -- what this reader likes, kept in the browser: theme, zone, widths. Never what a colleague must see.
import { effect, signal, type Signal } from "@preact/signals";
import type { Zone } from "../model/time.ts";
import { param } from "./url.ts";
import { computed } from "@preact/signals";

const PREFIX = "weft.";

function read<T>(name: string, fallback: T, fits: (value: unknown) => boolean): T {
    try {
        const value: unknown = JSON.parse(localStorage.getItem(PREFIX + name) ?? "null");
        return value !== null && fits(value) ? (value as T) : fallback;
    } catch {
        return fallback; // storage may be forbidden, or hold what an older weft wrote
    }
}

/** A setting kept in the browser; `fits` refuses what an older version or another program left there. */
export function setting<T>(name: string, fallback: T, fits: (value: unknown) => boolean): Signal<T> {
    const value = signal(read(name, fallback, fits));
    let isFirst = true;
    effect(() => {
        const text = JSON.stringify(value.value);
        if (isFirst) { isFirst = false; return; }
        try { localStorage.setItem(PREFIX + name, text); } catch { /* it lasts until the page is closed */ }
    });
    return value;
}

export type Theme = "system" | "light" | "dark";
export const theme = setting<Theme>("theme", "system", v => v === "system" || v === "light" || v === "dark");
export const zoneSetting = setting<Zone>("zone", "utc", v => v === "utc" || v === "local");
/** Single letters as keys; some people's speech input types them (WCAG 2.1.4). */
export const hasLetterKeys = setting<boolean>("letter-keys", true, v => typeof v === "boolean");

/** The zone in use: the link's before the reader's. */
export const zone = computed<Zone>(() => {
    const linked = param("tz");
    return linked === "local" || linked === "utc" ? linked : zoneSetting.value;
});

const darkWish = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(darkWish.matches);
darkWish.addEventListener("change", () => { systemIsDark.value = darkWish.matches; });

export const isDark = computed(() => theme.value === "dark" || (theme.value === "system" && systemIsDark.value));

/** Call once: keeps <html data-theme> as chosen. */
export function startTheme(): void {
    effect(() => {
        if (theme.value === "system") delete document.documentElement.dataset["theme"];
        else document.documentElement.dataset["theme"] = theme.value;
    });
}
export const toggleTheme = (): void => { theme.value = isDark.value ? "light" : "dark"; };
