// attribute_row.tsx -- a key and its value: short values in full, long ones on demand, JSON and SQL laid out, and what can
// be done with them.
import { useState } from "preact/hooks";
import { fetchValue } from "../../api/trace.ts";
import { pinName, type Placed } from "../../model/attribute_groups.ts";
import { bytesText } from "../../model/number.ts";
import { valueText } from "../../model/trace.ts";
import { setting } from "../../state/settings.ts";
import { hrefTo } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { keyOf, valueOf } from "./traceql.ts";

export const pins = setting<string[]>("trace-pins", [], v => Array.isArray(v) && v.every(one => typeof one === "string"));

/* Longer values are cut until asked for. */
const SHOWN_MAX = 600;

/** JSON in a text, laid out; the text itself when it is none. */
export function laidOut(text: string): string {
    if (!/^\s*[[{]/.test(text) || text.length > 200_000) return text;
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

const isLink = (text: string): boolean => /^https?:\/\/[^\s]+$/.test(text) && text.length < 2000;

function Value({ text }: { text: string }) {
    const [isWhole, setWhole] = useState(false);
    const shown = laidOut(text);
    if (isLink(text)) return <a href={text} target="_blank" rel="noopener noreferrer">{text}</a>;
    if (text === "") return <span class="muted">empty</span>;
    const isBlock = shown.includes("\n");
    const cut = !isWhole && shown.length > SHOWN_MAX ? `${shown.slice(0, SHOWN_MAX)}…` : shown;
    return <>{isBlock ? <span class="block" tabIndex={0}>{cut}</span> : cut}
        {shown.length > SHOWN_MAX && <button type="button" class="linkish" onClick={() => setWhole(!isWhole)}>{isWhole ? "show less" : `show all ${bytesText(shown.length)}`}</button>}</>;
}

/** A value that the server keeps until it is asked for. */
export function LongValue({ preview, length, href }: { preview: string; length: number; href: string }) {
    const [state, setState] = useState<{ text: string | null; error: string; isLoading: boolean }>({ text: null, error: "", isLoading: false });
    const load = async (): Promise<void> => {
        setState({ text: null, error: "", isLoading: true });
        try { setState({ text: await fetchValue(href), error: "", isLoading: false }); }
        catch (error) { setState({ text: null, error: (error as Error).message, isLoading: false }); }
    };
    if (state.text !== null) return <span class="block" tabIndex={0}>{laidOut(state.text)}</span>;
    return <><span>{preview}…</span><button type="button" class="linkish" disabled={state.isLoading} onClick={() => void load()}>
        {state.isLoading ? "loading" : `show all ${bytesText(length)}`}</button>{state.error && <span class="err"> {state.error}</span>}</>;
}

function Actions({ placed, text }: { placed: Placed; text: string }) {
    const { origin, attribute } = placed;
    const name = pinName(origin, attribute.key);
    const isPinned = pins.value.includes(name);
    const value = valueOf(attribute);
    const key = keyOf(origin === "scope" ? "instrumentation" : origin, attribute.key);
    const copy = (): void => void navigator.clipboard?.writeText(text);
    return <span class="acts">
        {value !== null && <a href={hrefTo("/search", { q: `{ ${key} = ${value} }` })} aria-label={`Search spans with this ${attribute.key}`} title="Search spans with this value"><Icon name="plus" small /></a>}
        {value !== null && <a href={hrefTo("/search", { q: `{ ${key} != ${value} }` })} aria-label={`Search spans with another ${attribute.key}`} title="Search spans with another value"><Icon name="minus" small /></a>}
        <a href={hrefTo("/search", { q: `{ ${key} != nil } | by(${key})` })} aria-label={`Group traces by ${attribute.key}`} title="Group traces by this key"><Icon name="filter" small /></a>
        <button type="button" aria-pressed={isPinned} aria-label={`${isPinned ? "Unpin" : "Pin"} ${attribute.key}`} title={isPinned ? "Unpin" : "Pin: always first"}
            onClick={() => { pins.value = isPinned ? pins.value.filter(p => p !== name) : [...pins.value, name]; }}><Icon name="pin" small /></button>
        <button type="button" aria-label={`Copy ${attribute.key}`} title="Copy the value" onClick={copy}><Icon name="copy" small /></button>
    </span>;
}

export function AttributeRow({ placed }: { placed: Placed }) {
    const { attribute } = placed;
    const text = valueText(attribute.value);
    return <tr><th scope="row">{attribute.key}</th><td class="mono">
        {attribute.previewOf && attribute.href ? <LongValue preview={text} length={attribute.length} href={attribute.href} /> : <Value text={text} />}
        <Actions placed={placed} text={text} /></td></tr>;
}
