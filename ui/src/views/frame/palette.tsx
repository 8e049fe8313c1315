// palette.tsx -- go to anything: pages, services, operations, saved searches, actions, and a pasted trace id or
// traceparent. "@" looks among services alone, ">" among actions.
import { useEffect, useMemo, useState } from "preact/hooks";
import { fetchOperations, fetchServices, type OperationName, type ServiceName } from "../../api/names.ts";
import { count } from "../../model/number.ts";
import { pastedTrace } from "../../model/pasted.ts";
import { traceqlText } from "../../model/red.ts";
import { pageItems } from "../../state/page_items.ts";
import { isLive, refresh } from "../../state/range.ts";
import { useResource } from "../../state/resource.ts";
import { saved, savedHref } from "../../state/saved_searches.ts";
import { toggleTheme } from "../../state/settings.ts";
import { go, hrefTo } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Dialog } from "../../widgets/popover.tsx";
import { Swatch } from "../../widgets/service.tsx";
import { entries } from "./entries.ts";

interface Item { group: string; label: string; remark: string; slot?: number; run: (isNewTab: boolean) => void }
interface Known { services: readonly ServiceName[]; operations: readonly OperationName[] }

const GROUP_MAX = 6;

const open = (href: string) => (isNewTab: boolean): void => { if (isNewTab) window.open(href, "_blank", "noopener"); else go(href); };

const actions: readonly Item[] = [
    ...entries.map(entry => ({ group: "Pages", label: entry.label, remark: entry.key, run: (isNewTab: boolean) => open(hrefTo(entry.href))(isNewTab) })),
    { group: "Pages", label: "Settings", remark: "", run: isNewTab => open(hrefTo("/settings"))(isNewTab) },
    { group: "Do", label: "Light or dark theme", remark: "D", run: toggleTheme },
    { group: "Do", label: "Refresh", remark: "r", run: refresh },
    { group: "Do", label: "Live on or off", remark: "l", run: () => { isLive.value = !isLive.value; } },
    { group: "Do", label: "Copy the link of this page", remark: "y", run: () => void navigator.clipboard?.writeText(location.href) },
];

const has = (label: string, wanted: string): boolean => label.toLowerCase().includes(wanted);

function pastedItems(text: string): Item[] {
    const pasted = pastedTrace(text);
    return pasted ? [{ group: "Pasted", label: `Open trace ${pasted.traceId}`, remark: pasted.spanId ? `at span ${pasted.spanId}` : "",
        run: open(hrefTo(`/trace/${pasted.traceId}`, { span: pasted.spanId })) }] : [];
}

const serviceItems = (services: readonly ServiceName[], wanted: string, most: number): Item[] =>
    services.filter(service => has(service.name, wanted)).slice(0, most).map(service => ({ group: "Services", label: service.name || "unnamed service",
        remark: `${count(service.spanCount)} spans`, slot: service.slot, run: open(hrefTo(`/service/${encodeURIComponent(service.name)}`)) }));

const operationItems = ({ operations, services }: Known, wanted: string): Item[] =>
    operations.filter(operation => has(operation.name, wanted)).sort((a, b) => b.spanCount - a.spanCount).slice(0, GROUP_MAX).map(operation => ({
        group: "Operations", label: operation.name, remark: operation.serviceName, slot: services.find(service => service.name === operation.serviceName)?.slot ?? 0,
        run: open(hrefTo("/search", { q: `{ resource.service.name = ${traceqlText(operation.serviceName)} && name = ${traceqlText(operation.name)} }` })) }));

/* All that the typed text can mean, the nearest first. */
function itemsFor(text: string, known: Known): Item[] {
    const prefix = /^[>@]/.exec(text)?.[0] ?? "", typed = text.slice(prefix.length).trim(), wanted = typed.toLowerCase();
    if (prefix === "@") return serviceItems(known.services, wanted, 50);
    const done = actions.filter(item => has(item.label, wanted));
    if (prefix === ">") return done;
    const page = pageItems.value;
    return [
        ...pastedItems(text),
        ...serviceItems(known.services, wanted, GROUP_MAX),
        ...(wanted ? operationItems(known, wanted) : []),
        ...(wanted && page ? page.find(typed).map(item => ({ ...item, group: page.title })) : []),
        ...saved.value.filter(one => has(`${one.name} ${one.query}`, wanted)).slice(0, GROUP_MAX).map(one => ({ group: "Saved searches", label: one.name, remark: one.query, run: open(savedHref(one.address)) })),
        ...done,
        ...(wanted ? [{ group: "Do", label: `Search traces with "${typed}"`, remark: "Search", run: open(hrefTo("/search", { q: `{ text contains ${traceqlText(typed)} }` })) }] : []),
    ];
}

export function Palette({ close }: { close: () => void }) {
    const [text, setText] = useState("");
    const [at, setAt] = useState(0);
    const services = useResource(signal => fetchServices(signal));
    const operations = useResource(signal => fetchOperations(signal));
    const items = useMemo(() => itemsFor(text, { services: services.value ?? [], operations: operations.value ?? [] }), [text, services.value, operations.value]);
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
        <div class="ft"><span><span class="kbd">↑</span> <span class="kbd">↓</span> move</span><span><span class="kbd">↵</span> open</span><span><span class="kbd">@</span> services</span><span><span class="kbd">&gt;</span> actions</span><span><span class="kbd">Esc</span> close</span></div>
    </Dialog>;
}
