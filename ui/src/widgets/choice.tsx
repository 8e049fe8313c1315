// choice.tsx -- tabs and segmented buttons: one of a few, by mouse or arrow keys.
import type { ComponentChildren } from "preact";

export interface Choice<T extends string> { id: T; label: ComponentChildren; count?: number | null; href?: string; title?: string }

function focusNeighbour(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const list = (event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("button, a");
    const at = [...list].indexOf(document.activeElement as HTMLElement);
    if (!step || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    list[(at + step + list.length) % list.length]!.focus();
}

/** Views of one thing. With `href` each is an address of its own. */
export const Tabs = <T extends string>({ label, choices, value, onChange, panel }: {
    label: string; choices: readonly Choice<T>[]; value: T; onChange: (id: T) => void; panel: string;
}) => <div class="tabs" role="tablist" aria-label={label} onKeyDown={focusNeighbour}>
    {choices.map(choice => <button key={choice.id} type="button" role="tab" id={`${panel}-tab-${choice.id}`} aria-controls={panel} title={choice.title}
        aria-selected={choice.id === value} tabIndex={choice.id === value ? 0 : -1} onClick={() => onChange(choice.id)}>
        {choice.label}{choice.count != null && <span class="cnt">{choice.count.toLocaleString("en-US")}</span>}
    </button>)}
</div>;

export const Segmented = <T extends string>({ label, choices, value, onChange, small }: {
    label: string; choices: readonly Choice<T>[]; value: T; onChange: (id: T) => void; small?: boolean;
}) => <div class={small ? "seg s" : "seg"} role="group" aria-label={label} onKeyDown={focusNeighbour}>
    {choices.map(choice => <button key={choice.id} type="button" aria-pressed={choice.id === value} title={choice.title}
        onClick={() => onChange(choice.id)}>{choice.label}</button>)}
</div>;
