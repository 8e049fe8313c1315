// palette.tsx -- go to anything: pages, services, actions, and a pasted trace id or traceparent.
import { useEffect, useMemo, useState } from "preact/hooks";
import { fetchServices } from "../../api/names.ts";
import { pastedTrace } from "../../model/pasted.ts";
import { refresh } from "../../state/range.ts";
import { useResource } from "../../state/resource.ts";
import { toggleTheme } from "../../state/settings.ts";
import { go, hrefTo } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Dialog } from "../../widgets/popover.tsx";
import { Swatch } from "../../widgets/service.tsx";
import { entries } from "./entries.ts";

interface Item { group: string; label: string; remark: string; slot?: number; run: (isNewTab: boolean) => void }

const open = (href: string) => (isNewTab: boolean): void => { if (isNewTab) window.open(href, "_blank", "noopener"); else go(href); };

const actions: readonly Item[] = [
    ...entries.map(entry => ({ group: "Pages", label: entry.label, remark: entry.key, run: (isNewTab: boolean) => open(hrefTo(entry.href))(isNewTab) })),
    { group: "Do", label: "Light or dark theme", remark: "D", run: toggleTheme },
    { group: "Do", label: "Refresh", remark: "r", run: refresh },
];

const traceqlText = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

export function Palette({ close }: { close: () => void }) {
    const [text, setText] = useState("");
    const [at, setAt] = useState(0);
    const services = useResource(signal => fetchServices(signal));
    const items = useMemo(() => {
        const wanted = text.trim().toLowerCase();
        const pasted = pastedTrace(text);
        const found: Item[] = [];
        if (pasted) {
            found.push({ group: "Pasted", label: `Open trace ${pasted.traceId}`, remark: pasted.spanId ? `at span ${pasted.spanId}` : "",
                run: open(hrefTo(`/trace/${pasted.traceId}`, { span: pasted.spanId })) });
        }
        for (const service of services.value ?? []) {
            if (!service.name.toLowerCase().includes(wanted)) continue;
            found.push({ group: "Services", label: service.name, remark: "search its traces", slot: service.slot,
                run: open(hrefTo("/search", { q: `{ resource.service.name = ${traceqlText(service.name)} }` })) });
            if (found.length >= 8) break;
        }
        return [...found, ...actions.filter(item => item.label.toLowerCase().includes(wanted))];
    }, [text, services.value]);
    useEffect(() => setAt(0), [text]);
    const choose = (item: Item | undefined, isNewTab: boolean): void => { if (item) { close(); item.run(isNewTab); } };
    const onKey = (event: KeyboardEvent): void => {
        if (event.key === "ArrowDown") setAt(Math.min(at + 1, items.length - 1));
        else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
        else if (event.key === "Enter") choose(items[at], event.metaKey || event.ctrlKey);
        else return;
        event.preventDefault();
    };
    return <Dialog label="Go to anything" class="goto-dialog" close={close}>
        <div class="q"><Icon name="search" /><input autofocus role="combobox" aria-expanded="true" aria-controls="goto-list" aria-activedescendant={`goto-${at}`}
            aria-label="Search pages, services and actions, or paste a trace id" value={text} placeholder="Go to anything"
            onInput={event => setText(event.currentTarget.value)} onKeyDown={onKey} />
            <span class="small muted">or paste a trace id or a traceparent</span></div>
        <div id="goto-list" role="listbox" aria-label="Results">
            {items.map((item, i) => <>
                {item.group !== items[i - 1]?.group && <div class="gr" role="presentation">{item.group}</div>}
                <div key={`${item.group}${item.label}`} id={`goto-${i}`} role="option" aria-selected={i === at} class={i === at ? "op on" : "op"}
                    onPointerMove={() => setAt(i)} onClick={event => choose(item, event.metaKey || event.ctrlKey)}>
                    {item.slot === undefined ? <Icon name="right" /> : <Swatch slot={item.slot} />}<span class="ell">{item.label}</span><span class="r">{item.remark}</span>
                </div></>)}
            {items.length === 0 && <p class="gr">Nothing is called "{text}".</p>}
        </div>
        <div class="ft"><span><span class="kbd">↑</span> <span class="kbd">↓</span> move</span><span><span class="kbd">↵</span> open</span><span><span class="kbd">Esc</span> close</span></div>
    </Dialog>;
}
