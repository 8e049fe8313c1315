// saved.tsx -- searches kept in this browser: those saved under a name, and the last ones asked.
import { useState } from "preact/hooks";
import { saved, savedHref } from "../../state/saved_searches.ts";
import { hrefTo, hrefWith } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Popover } from "../../widgets/popover.tsx";
import { query, recent } from "./search_state.ts";

const addressNow = (): string => hrefWith({ from: null, to: null, after: null, sel: null, box: null }, "");

export function SavedSearches() {
    const [name, setName] = useState("");
    const existing = saved.value.find(s => s.address === addressNow());
    const save = (event: Event): void => {
        event.preventDefault();
        const entry = { name: name.trim() || query.value || "Every trace", query: query.value, address: addressNow() };
        saved.value = [entry, ...saved.value.filter(s => s.address !== entry.address)].slice(0, 200);
        setName("");
    };
    return <Popover label="Saved and recent searches" buttonClass="btn tall" panelClass="savedpop" align="right"
        button={<><Icon name="save" /><span>{existing ? "Saved" : "Save"}</span></>}>
        {close => <>
            <form class="row savenew" onSubmit={save}>
                <label class="inp grow"><span class="sr">Name</span><input placeholder={existing ? existing.name : "Name of this search"} value={name} onInput={event => setName(event.currentTarget.value)} /></label>
                <button class="btn primary">{existing ? "Rename" : "Save"}</button></form>
            <div class="savelist">
                {saved.value.length > 0 && <h2>Saved</h2>}
                {saved.value.map(s => <div key={s.address} class="row"><a class="menu-item" href={savedHref(s.address)} onClick={close} title={s.query}>
                    <b class="ell">{s.name}</b><code class="ell muted">{s.query || "{ }"}</code></a>
                    <button type="button" class="btn quiet s icon" aria-label={`Forget ${s.name}`} onClick={() => { saved.value = saved.value.filter(o => o !== s); }}><Icon name="close" small /></button></div>)}
                {recent.value.length > 0 && <h2>Recent</h2>}
                {recent.value.slice(0, 10).map(q => <a key={q} class="menu-item" href={hrefTo("/search", { q })} onClick={close} title={q}><code class="ell">{q}</code></a>)}
                {saved.value.length + recent.value.length === 0 && <p class="small muted">Searches you save are kept in this browser.</p>}
            </div>
        </>}
    </Popover>;
}
