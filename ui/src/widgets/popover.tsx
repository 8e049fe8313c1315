// popover.tsx -- one layer above the page: a menu or small panel at a button, or a dialog in the middle. Esc and a
// click elsewhere close it, focus goes back to where it was.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { addKeys } from "../state/keys.ts";

function useLayer(isOpen: boolean, close: () => void, layer: { current: HTMLElement | null }, anchor?: { current: HTMLElement | null }): void {
    useEffect(() => {
        if (!isOpen) return;
        const before = document.activeElement as HTMLElement | null;
        const removeKeys = addKeys({ title: "", bindings: [{ keys: "Escape", help: "Close", run: close, inText: true }] });
        const onDown = (event: PointerEvent): void => {
            const target = event.target as Node;
            if (!layer.current?.contains(target) && !anchor?.current?.contains(target)) close();
        };
        document.addEventListener("pointerdown", onDown, true);
        return () => {
            removeKeys();
            document.removeEventListener("pointerdown", onDown, true);
            // Only when focus was inside: a click elsewhere has chosen its own place.
            if (!document.activeElement || document.activeElement === document.body) before?.focus();
        };
    }, [isOpen]);
}

/** A button that opens a panel below it. `children` gets a function that closes it. */
export function Popover({ button, label, buttonClass, panelClass, kind = "dialog", children, align = "left" }: {
    button: ComponentChildren; label: string; buttonClass?: string; panelClass?: string; kind?: "dialog" | "menu" | "listbox";
    children: (close: () => void) => ComponentChildren; align?: "left" | "right";
}) {
    const [isOpen, setOpen] = useState(false);
    const panel = useRef<HTMLDivElement>(null);
    const anchor = useRef<HTMLButtonElement>(null);
    const close = (): void => { setOpen(false); anchor.current?.focus(); };
    useLayer(isOpen, close, panel, anchor);
    useLayoutEffect(() => {
        if (!isOpen || !panel.current) return;
        const box = panel.current.getBoundingClientRect();
        // Pushed back into the window where it would stick out.
        const overflow = Math.max(0, box.right - innerWidth + 8), underflow = Math.max(0, 8 - box.left);
        if (overflow || underflow) panel.current.style.transform = `translateX(${underflow - overflow}px)`;
        panel.current.querySelector<HTMLElement>("[autofocus], input, button, a[href], [tabindex='0']")?.focus();
    }, [isOpen]);
    return <div class="anchor">
        <button ref={anchor} type="button" class={buttonClass ?? "btn"} aria-haspopup={kind} aria-expanded={isOpen} title={label}
            onClick={() => setOpen(!isOpen)}>{button}</button>
        {isOpen && <div ref={panel} class={`pop under ${align} ${panelClass ?? ""}`} role={kind} aria-label={label}>{children(close)}</div>}
    </div>;
}

/** In the middle of the window, with the page dimmed behind it. */
export function Dialog({ label, class: extra, close, children }: { label: string; class?: string; close: () => void; children: ComponentChildren }) {
    const panel = useRef<HTMLDivElement>(null);
    useLayer(true, close, panel);
    useEffect(() => {
        const first = panel.current?.querySelector<HTMLElement>("[autofocus], input, button");
        first?.focus();
        const keepInside = (event: KeyboardEvent): void => {
            if (event.key !== "Tab" || !panel.current) return;
            const stops = [...panel.current.querySelectorAll<HTMLElement>("input, button, a[href], select, textarea, [tabindex='0']")]
                .filter(element => element.offsetParent !== null);
            const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
            if (document.activeElement === edge) {
                event.preventDefault();
                (event.shiftKey ? stops[stops.length - 1] : stops[0])?.focus();
            }
        };
        document.addEventListener("keydown", keepInside);
        return () => document.removeEventListener("keydown", keepInside);
    }, []);
    return <div class="scrim"><div ref={panel} class={`dialog ${extra ?? ""}`} role="dialog" aria-modal="true" aria-label={label}>{children}</div></div>;
}
