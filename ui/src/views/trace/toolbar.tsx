// toolbar.tsx -- find, what is shown, and open and close all.
import { useEffect, useRef } from "preact/hooks";
import { count, grouped } from "../../model/number.ts";
import { change, param } from "../../state/url.ts";
import { Segmented } from "../../widgets/choice.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Popover } from "../../widgets/popover.tsx";
import { neighbour, walked, type TraceState } from "./trace_state.ts";

const hideChoices = ["", "0.1%", "1%", "5%", "10%", "1ms", "10ms", "100ms"];
const hideLabel = (hide: string): string => (hide === "" ? "nothing" : hide.replace(/%$/, " %").replace(/(\d)(ms)$/, "$1 $2"));

function Find({ state }: { state: TraceState }) {
    const input = useRef<HTMLInputElement>(null);
    const find = param("find");
    /* Effects come late: compared with what is asked for by then, or letters typed meanwhile would be lost. */
    useEffect(() => {
        const now = param("find");
        if (input.current && input.current.value.trim() !== now) input.current.value = now;
    }, [find]);
    const { has, isDone } = state.matches.value;
    const list = walked(state), at = list.indexOf(state.selected.value);
    const go = (step: 1 | -1): void => {
        const row = neighbour(list, state.selected.value, step);
        if (row >= 0) state.select(row, { reveal: true });
    };
    return <label class="inp find"><Icon name="search" /><span class="sr">Find in the trace</span>
        <input ref={input} id="trace-find" defaultValue={find} placeholder="Find: text, key=value, >50ms" autocomplete="off" spellcheck={false}
            onInput={event => change({ find: event.currentTarget.value.trim() }, "replace")}
            onKeyDown={event => {
                if (event.key === "Enter") { event.preventDefault(); go(event.shiftKey ? -1 : 1); }
                if (event.key === "Escape") { event.preventDefault(); if (param("find")) change({ find: null, only: param("only") === "matches" ? null : param("only") }, "replace"); event.currentTarget.blur(); }
            }} />
        <span class="small found" role="status">{(has || state.marked.value.size > 0) && (list.length === 0 ? (isDone ? "none" : "…")
            : at >= 0 ? `${at + 1} of ${grouped(list.length)}` : `${isDone ? "" : "≥ "}${grouped(list.length)}${has ? "" : " of the search"}`)}</span>
        <span class="kbd">/</span>
    </label>;
}

function Hide() {
    const hide = param("hide");
    return <Popover label="Hide short spans" kind="menu" panelClass="menu" button={<><span>Hide shorter than <b>{hideLabel(hide)}</b></span><Icon name="down" small /></>}>
        {close => hideChoices.map(choice => <button key={choice} type="button" role="menuitemradio" aria-checked={choice === hide} class="menu-item"
            onClick={() => { change({ hide: choice }); close(); }}>
            <span class="tick">{choice === hide && <Icon name="ok" small />}</span>{choice === "" ? "Hide nothing" : `${hideLabel(choice)}${choice.endsWith("%") ? " of the request" : ""}`}</button>)}
    </Popover>;
}

const Colour = () => {
    const by = param("color") === "kind" ? "kind" : "service";
    return <Popover label="Colour" kind="menu" align="right" buttonClass="btn quiet s" panelClass="menu" button={<>Colour: {by}<Icon name="down" small /></>}>
        {close => (["service", "kind"] as const).map(choice => <button key={choice} type="button" role="menuitemradio" aria-checked={choice === by} class="menu-item"
            onClick={() => { change({ color: choice === "service" ? null : choice }); close(); }}><span class="tick">{choice === by && <Icon name="ok" small />}</span>By {choice === "kind" ? "kind of span" : choice}</button>)}
    </Popover>;
};

export function Toolbar({ state }: { state: TraceState }) {
    const only = state.only.value, errorCount = state.source.errorCount;
    const hidden = state.rows.value.hiddenCount;
    const toggleOnly = (which: "errors" | "critical"): void => change({ only: only === which ? null : which });
    return <div class="tb" role="toolbar" aria-label="Waterfall tools">
        <Find state={state} />
        <Segmented label="Matches" value={only === "matches" ? "matches" : "all"} onChange={id => change({ only: id === "matches" ? "matches" : null })}
            choices={[{ id: "all", label: "Highlight", title: "Show all spans, matches marked" }, { id: "matches", label: "Only matches", title: "Show matches and what is above them (f)" }]} />
        <button type="button" class="btn" aria-pressed={only === "critical"} title="Only the spans the request waited for" onClick={() => toggleOnly("critical")}>
            <svg class="i" viewBox="0 0 16 16" aria-hidden="true"><path d="M2 11.5h12" stroke-width="3" stroke-linecap="butt" /></svg><span>Critical path</span></button>
        <button type="button" class="btn" aria-pressed={only === "errors"} disabled={errorCount === 0} title="Only errors and what is above them" onClick={() => toggleOnly("errors")}>
            <Icon name="error" />Errors <span class="sub">{count(errorCount)}</span></button>
        <Hide />
        {state.skews.size > 0 && <button type="button" class="btn" aria-pressed={state.isAdjusted.value} title="Move spans by the difference of their clocks" onClick={() => change({ adj: state.isAdjusted.value ? null : "1" })}>
            <Icon name="clock" />Adjusted clocks <span class="sub">{state.skews.size}</span></button>}
        <span class="grow" />
        {hidden > 0 && <span class="small muted" role="status">{grouped(hidden)} of {grouped(state.source.count)} spans hidden</span>}
        <button type="button" class="btn quiet s icon" aria-label="Open all ( ] )" title="Open all ( ] )" onClick={() => state.openAll(true)}><Icon name="expand" /></button>
        <button type="button" class="btn quiet s icon" aria-label="Close all ( [ )" title="Close all ( [ )" onClick={() => state.openAll(false)}><Icon name="collapse" /></button>
        <Colour />
    </div>;
}
