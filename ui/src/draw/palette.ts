// palette.ts -- the colours and fonts of tokens.css for canvases; read once per theme, contrast or forced-colours change.
import { effect, signal } from "@preact/signals";
import { isDark } from "../state/settings.ts";

export interface Palette {
    isDark: boolean;
    isForced: boolean; // forced colours: outlines and text, no fills
    of: (token: string) => string; // "--grid" -> "#edebe5"
    service: (slot: number) => string; // 0 and unknown slots are neutral
    onService: (slot: number) => string; // text on it
    sequence: readonly string[]; // heat map, low to high
    font: (px: number, weight?: number, isMono?: boolean) => string;
}

export const SLOT_COUNT = 16;
/** Slots 9 to 16 are always hatched: their colours lie closer together. */
export const isHatched = (slot: number): boolean => slot > 8 && slot <= SLOT_COUNT;
export const serviceToken = (slot: number): string => (slot >= 1 && slot <= SLOT_COUNT ? `--svc-${slot}` : "--svc-other");

function readPalette(): Palette {
    const style = getComputedStyle(document.documentElement);
    const known = new Map<string, string>();
    const of = (token: string): string => {
        let value = known.get(token);
        if (value === undefined) known.set(token, (value = style.getPropertyValue(token).trim()));
        return value;
    };
    // Values are read now: the style object is live and would show the next theme's.
    const service = Array.from({ length: SLOT_COUNT + 1 }, (_, slot) => of(serviceToken(slot)));
    const onService = Array.from({ length: SLOT_COUNT + 1 }, (_, slot) => of(`${serviceToken(slot)}-on`));
    const ui = of("--font-ui");
    const mono = of("--font-mono");
    return {
        isDark: isDark.peek(), isForced: matchMedia("(forced-colors: active)").matches, of,
        service: slot => service[slot] ?? service[0]!, onService: slot => onService[slot] ?? onService[0]!,
        sequence: Array.from({ length: 9 }, (_, i) => of(`--seq-${i + 1}`)),
        font: (px, weight = 400, isMono = false) => `${weight} ${px}px ${isMono ? mono : ui}`,
    };
}

export const palette = signal<Palette>(readPalette());

/** Call once, after the theme is set on the document. */
export function startPalette(): void {
    effect(() => {
        void isDark.value;
        // The attribute is set by another effect of the same change: read after it.
        queueMicrotask(() => { palette.value = readPalette(); });
    });
    for (const wish of ["(forced-colors: active)", "(prefers-contrast: more)"])
        matchMedia(wish).addEventListener("change", () => { palette.value = readPalette(); });
}
