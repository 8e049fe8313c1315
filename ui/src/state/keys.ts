// keys.ts -- the keyboard: pages say which keys they have; the help lists exactly those.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { hasLetterKeys } from "./settings.ts";

export interface KeyBinding {
    keys: string; // as the help shows them: "j", "g s", "Mod+k", "Shift+Tab", "ArrowDown"
    help: string;
    run: (event: KeyboardEvent) => void | false; // false: not for me, let others see it
    inText?: boolean; // also while typing
}
export interface KeyGroup { title: string; bindings: readonly KeyBinding[] }

/** Innermost last: it is asked first. */
export const keyGroups = signal<readonly KeyGroup[]>([]);

export function addKeys(group: KeyGroup): () => void {
    keyGroups.value = [...keyGroups.value, group];
    return () => { keyGroups.value = keyGroups.value.filter(other => other !== group); };
}
export function useKeys(title: string, bindings: readonly KeyBinding[], inputs: readonly unknown[] = []): void {
    useEffect(() => addKeys({ title, bindings }), inputs);
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
/** How a key is written for this reader: "Mod+k" is ⌘K or Ctrl K. */
export const keyLabel = (keys: string): string =>
    keys.replace("Mod+", isMac ? "⌘" : "Ctrl ").replace(/\b[a-z]$/, last => (keys.startsWith("Mod+") ? last.toUpperCase() : last))
        .replace("Shift+", "⇧").replace("ArrowUp", "↑").replace("ArrowDown", "↓").replace("ArrowLeft", "←").replace("ArrowRight", "→").replace("Enter", "↵");

function nameOf(event: KeyboardEvent): string {
    const mod = isMac ? event.metaKey : event.ctrlKey;
    const shift = event.shiftKey && event.key.length > 1 ? "Shift+" : "";
    return (mod ? "Mod+" : "") + (event.altKey ? "Alt+" : "") + shift + (mod && event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

const isText = (target: EventTarget | null): boolean => {
    const element = target as HTMLElement | null;
    return !!element && (element.isContentEditable || element.tagName === "TEXTAREA" || element.tagName === "SELECT" ||
        (element instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(element.type)));
};

let prefix = ""; // "g" while the second key of "g s" is awaited
let prefixTimer = 0;

function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    const typed = isText(event.target);
    const name = nameOf(event);
    const sequence = prefix ? `${prefix} ${name}` : name;
    prefix = "";
    clearTimeout(prefixTimer);
    for (const group of [...keyGroups.value].reverse()) {
        for (const binding of group.bindings) {
            if (typed && !binding.inText) continue;
            if (/^[a-zA-Z]( [a-z])?$/.test(binding.keys) && !hasLetterKeys.value) continue;
            if (binding.keys === sequence && binding.run(event) !== false) {
                event.preventDefault();
                return;
            }
        }
    }
    if (!typed && hasLetterKeys.value && keyGroups.value.some(g => g.bindings.some(b => b.keys.startsWith(`${name} `)))) {
        prefix = name;
        prefixTimer = window.setTimeout(() => { prefix = ""; }, 1200);
    }
}

/** Call once. */
export const startKeys = (): void => document.addEventListener("keydown", onKey);
