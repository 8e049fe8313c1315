// copy.tsx -- a button that copies a text and says so where it was pressed.
import { useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

export function CopyButton({ text, label, children }: { text: string | (() => string); label: string; children?: string }) {
    const [isDone, setDone] = useState(false);
    const copy = async (): Promise<void> => {
        try {
            await navigator.clipboard.writeText(typeof text === "string" ? text : text());
            setDone(true);
            setTimeout(() => setDone(false), 1600);
        } catch { /* a page without https outside localhost may not: the text stays selectable */ }
    };
    return <button type="button" class={children ? "btn s" : "btn quiet s icon"} aria-label={children ? undefined : label} title={label} onClick={() => void copy()}>
        <Icon name={isDone ? "ok" : "copy"} />{children && (isDone ? "Copied" : children)}<span class="sr" role="status">{isDone ? "Copied" : ""}</span>
    </button>;
}
