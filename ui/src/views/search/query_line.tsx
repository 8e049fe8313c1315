// query_line.tsx -- the TraceQL line: a text field with colours behind it, completion at the caret, and the server's
// error underlined where it says.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ApiError } from "../../api/client.ts";
import { fetchSuggestions, type Suggestion, type Suggestions } from "../../api/suggest.ts";
import { count } from "../../model/number.ts";
import { characterAt, offsetOfCharacter, offsetOfColumn, tokensOf, type Token } from "../../model/traceql_tokens.ts";
import { rangeParams } from "../../state/range.ts";
import { createResource } from "../../state/resource.ts";
import { draft, run } from "./search_state.ts";

const classes: Partial<Record<Token["kind"], string>> = { field: "tok-k", string: "tok-s", number: "tok-n", value: "tok-n", comment: "tok-c", stage: "tok-f" };
const DEBOUNCE_MS = 60, SUGGESTIONS = 12;

/* The same text as in the field, coloured; the error's token underlined; a mark where the list hangs. */
function Colours({ text, errorAt, markAt }: { text: string; errorAt: number; markAt: number }) {
    const parts = [];
    for (const token of tokensOf(text)) {
        const end = token.start + token.text.length;
        if (markAt >= token.start && markAt < end) parts.push(<i key="mark" data-mark />);
        const isWrong = errorAt >= token.start && errorAt < end && token.kind !== "space";
        const kind = classes[token.kind] ?? "";
        parts.push(<span key={token.start} class={isWrong ? `${kind} tok-e` : kind}>{token.text}</span>);
    }
    if (markAt >= text.length) parts.push(<i key="mark" data-mark />);
    if (errorAt >= text.length) parts.push(<span key="end" class="tok-e">{"\u00a0"}</span>);
    return <div class="colours" aria-hidden="true">{parts}{"\u200b"}</div>;
}

const glue = (suggestion: Suggestion, behind: string): string =>
    /[({ ]$/.test(suggestion.text) || /^\s/.test(behind) ? suggestion.text : `${suggestion.text} `;

export function QueryLine({ error }: { error: ApiError | null }) {
    const field = useRef<HTMLTextAreaElement>(null);
    const box = useRef<HTMLDivElement>(null);
    const [at, setAt] = useState(-1);
    const [left, setLeft] = useState(0);
    // Where completion is wanted: null while the reader does not type.
    const wanted = useMemo(() => signal<{ text: string; character: number } | null>(null), []);
    const found = useMemo(() => createResource<Suggestions>(abort => {
        const place = wanted.value;
        return place && fetchSuggestions(place.text, place.character, { limit: SUGGESTIONS, ...rangeParams() }, abort);
    }), []);
    useEffect(() => found.stop, []);
    const timer = useRef(0);
    const close = (): void => { clearTimeout(timer.current); wanted.value = null; setAt(-1); };
    const complete = (): void => {
        clearTimeout(timer.current);
        timer.current = window.setTimeout(() => {
            const area = field.current!;
            if (document.activeElement !== area || area.selectionStart !== area.selectionEnd) return;
            wanted.value = { text: area.value, character: characterAt(area.value, area.selectionStart) };
        }, DEBOUNCE_MS);
    };
    const text = draft.value;
    const answer = wanted.value ? found.state.value.value : null;
    const typed = answer ? [...text].slice(answer.start, answer.end).join("") : "";
    // What is already written in full needs no offer.
    const items = (answer?.suggestions ?? []).filter(s => s.text !== typed);
    const markAt = answer && items.length ? offsetOfCharacter(text, answer.start) : -1;
    useLayoutEffect(() => {
        const mark = box.current?.querySelector<HTMLElement>("[data-mark]");
        if (mark) setLeft(Math.max(0, Math.min(mark.offsetLeft, (box.current?.clientWidth ?? 0) - 320)));
    });
    useLayoutEffect(() => { // as high as its text
        const area = field.current!;
        area.style.height = "0";
        area.style.height = `${area.scrollHeight}px`;
    }, [text]);
    const accept = (item: Suggestion): void => {
        const start = offsetOfCharacter(text, answer!.start), end = offsetOfCharacter(text, answer!.end);
        const put = glue(item, text.slice(end));
        draft.value = text.slice(0, start) + put + text.slice(end);
        setAt(-1);
        queueMicrotask(() => {
            const area = field.current!;
            area.focus();
            area.setSelectionRange(start + put.length, start + put.length);
            complete();
        });
    };
    // The list may still be of a shorter text: what is chosen then is meant for the list to come.
    const isFresh = wanted.value?.text === text && !found.state.value.isLoading;
    const pending = useRef(-1);
    const take = (index: number): void => {
        pending.current = isFresh ? -1 : index;
        const item = items[index];
        if (isFresh && item) accept(item);
    };
    useEffect(() => { if (isFresh && pending.current >= 0) take(pending.current); }, [isFresh, answer]);
    const onKey = (event: KeyboardEvent): void => {
        const isOpen = items.length > 0;
        if (event.key === "ArrowDown" && isOpen) setAt(Math.min(at + 1, items.length - 1));
        else if (event.key === "ArrowUp" && isOpen) setAt(Math.max(at - 1, -1));
        else if (event.key === "Tab" && !event.shiftKey && isOpen && (at >= 0 || typed)) take(Math.max(0, at));
        else if (event.key === "Enter" && isOpen && at >= 0 && !event.ctrlKey && !event.metaKey) take(at);
        else if (event.key === "Enter" && !event.shiftKey) { close(); run(); }
        else if (event.key === "Escape" && isOpen) close();
        else return;
        event.preventDefault();
        event.stopPropagation();
    };
    const errorOffset = error && error.column > 0 ? offsetOfColumn(text, error.line, error.column) : -1;
    return <div class="ql" ref={box}>
        <Colours text={text} errorAt={errorOffset} markAt={markAt} />
        <textarea ref={field} rows={1} spellcheck={false} autocomplete="off" autocapitalize="off" aria-label="TraceQL query" placeholder="{ } finds every trace"
            aria-haspopup="listbox" aria-controls="ql-list" aria-autocomplete="list" aria-activedescendant={at >= 0 ? `ql-${at}` : undefined}
            aria-invalid={error && error.column > 0 ? "true" : undefined} value={text}
            onInput={event => { draft.value = event.currentTarget.value; pending.current = -1; setAt(-1); complete(); }}
            onKeyDown={onKey} onPointerUp={complete} onBlur={() => { window.setTimeout(close, 120); }} />
        <div id="ql-list" class={items.length ? "pop qlist" : "qlist"} role="listbox" aria-label="Completions" aria-busy={!isFresh} style={{ left: `${left}px` }} hidden={!items.length}>
            {items.map((item, i) => <div key={item.text} id={`ql-${i}`} role="option" aria-selected={i === at} class="menu-item"
                onPointerDown={event => { event.preventDefault(); take(i); }}>
                <code class="ell grow">{item.text}</code><span class="micro muted">{item.spanCount > 0 ? count(item.spanCount) : item.kind === "attribute" || item.kind === "value" ? "" : item.kind}</span></div>)}
            <div class="qhint micro muted" role="presentation"><span><span class="kbd">↓</span> choose</span><span><span class="kbd">Tab</span> take</span><span><span class="kbd">↵</span> run</span></div>
        </div>
    </div>;
}
