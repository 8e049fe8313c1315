// key_help.tsx -- the keys of this page and of everywhere, as the page has bound them.
import { useState } from "preact/hooks";
import { keyGroups, keyLabel } from "../../state/keys.ts";
import { hasLetterKeys } from "../../state/settings.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Dialog } from "../../widgets/popover.tsx";

const Keys = ({ keys }: { keys: string }) =>
    <span>{keys.split(" ").map((key, i) => <span class="kbd" key={i}>{keyLabel(key)}</span>)}</span>;

export function KeyHelp({ close }: { close: () => void }) {
    const [wanted, setWanted] = useState("");
    const fits = (text: string): boolean => text.toLowerCase().includes(wanted.trim().toLowerCase());
    const groups = [...keyGroups.value].reverse().filter(group => group.title !== "")
        .map(group => ({ ...group, bindings: group.bindings.filter(binding => fits(`${binding.help} ${binding.keys}`)) })).filter(group => group.bindings.length > 0);
    return <Dialog label="Keyboard" class="keyhelp" close={close}>
        <div class="row head"><h2>Keyboard</h2><span class="sub small">this page's keys first; the last group works everywhere</span>
            <span class="grow" /><label class="inp s"><Icon name="search" /><span class="sr">Find a key or action</span><input value={wanted} placeholder="Find a key or action" onInput={event => setWanted(event.currentTarget.value)} /></label>
            <button type="button" class="btn quiet s icon" aria-label="Close (Esc)" onClick={close}><Icon name="close" /></button></div>
        <div class="groups">
            {groups.map(group => <section key={group.title}><h3>{group.title}</h3>
                {group.bindings.map(binding => <div class="kk" key={binding.keys}><Keys keys={binding.keys} /><span class="t2">{binding.help}</span></div>)}
            </section>)}
        </div>
        <label class="row small foot-note"><input type="checkbox" checked={hasLetterKeys.value}
            onChange={event => { hasLetterKeys.value = event.currentTarget.checked; }} />Single letters are keys</label>
    </Dialog>;
}
