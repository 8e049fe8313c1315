// suggest_menu.tsx -- a field with a list below it: what is typed is completed from what the store knows.
import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Suggestion } from "../../api/suggest.ts";
import { count } from "../../model/number.ts";
import { createResource } from "../../state/resource.ts";
import { slotOf } from "../../state/services.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Swatch } from "../../widgets/service.tsx";

export interface MenuItem { text: string; label: string; spanCount: number; isService?: boolean }

const DEBOUNCE_MS = 60;

/** `find` is asked anew while typing; `choose` gets an item, or what was typed when the list has nothing to offer. */
export function SuggestMenu({ label, placeholder, initial = "", find, choose, chooseTyped }: {
    label: string; placeholder: string; initial?: string;
    find: (typed: string, abort: AbortSignal) => Promise<MenuItem[]>;
    choose: (item: MenuItem) => void; chooseTyped?: (typed: string) => void;
}) {
    const [typed, setTyped] = useState(initial);
    const [at, setAt] = useState(-1);
    const wanted = useMemo(() => signal(""), []);
    const found = useMemo(() => createResource(abort => find(wanted.value, abort)), []);
    useEffect(() => found.stop, []);
    const list = useRef<HTMLDivElement>(null);
    useEffect(() => {
        const timer = setTimeout(() => { wanted.value = typed === initial ? "" : typed; }, DEBOUNCE_MS);
        return () => clearTimeout(timer);
    }, [typed]);
    const field = useRef<HTMLInputElement>(null);
    useEffect(() => field.current?.focus(), []);
    const items = found.state.value.value ?? [];
    useEffect(() => { list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }); }, [at]);
    // Who types fast presses Enter before the list is there: it is meant for the list to come.
    const isFresh = wanted.value === (typed === initial ? "" : typed) && !found.state.value.isLoading;
    const isPending = useRef(false);
    useEffect(() => { if (isFresh && isPending.current) done(); }, [isFresh, found.state.value.value]);
    const done = (): void => {
        isPending.current = !isFresh;
        if (!isFresh) return;
        if (items[at]) choose(items[at]!);
        else if (typed.trim() && chooseTyped) chooseTyped(typed);
        else if (items[0]) choose(items[0]);
    };
    const onKey = (event: KeyboardEvent): void => {
        if (event.key === "ArrowDown") setAt(Math.min(at + 1, items.length - 1));
        else if (event.key === "ArrowUp") setAt(Math.max(at - 1, -1));
        else if (event.key === "Enter") done();
        else return;
        event.preventDefault();
    };
    return <div class="smenu">
        <label class="inp"><Icon name="search" /><span class="sr">{label}</span>
            <input ref={field} autofocus onFocus={event => event.currentTarget.select()} role="combobox" aria-expanded="true" aria-controls="smenu-list" aria-activedescendant={at >= 0 ? `smenu-${at}` : undefined}
                placeholder={placeholder} value={typed} onInput={event => { setTyped(event.currentTarget.value); setAt(-1); }} onKeyDown={onKey} /></label>
        <div ref={list} id="smenu-list" role="listbox" aria-label={label} class="slist">
            {items.map((item, i) => <div key={item.text} id={`smenu-${i}`} role="option" aria-selected={i === at} class="menu-item"
                onClick={() => choose(item)} title={item.text}>
                {item.isService && <Swatch slot={slotOf(item.label)} />}<span class="ell grow">{item.label}</span>
                {item.spanCount > 0 && <span class="micro muted">{count(item.spanCount)}</span>}</div>)}
        </div>
        {items.length === 0 && !found.state.value.isLoading && <p class="micro muted snone">{chooseTyped && typed ? <>↵ takes "{typed}" as it is</> : "Nothing known begins so"}</p>}
        {found.state.value.error && <p class="micro err snone">{found.state.value.error.message}</p>}
    </div>;
}

export const itemOf = (suggestion: Suggestion, label: string): MenuItem => ({ text: suggestion.text, label, spanCount: suggestion.spanCount });
