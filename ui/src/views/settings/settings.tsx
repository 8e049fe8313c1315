// settings.tsx -- how this reader likes it; kept in this browser.
import { useEffect } from "preact/hooks";
import { status } from "../../state/live.ts";
import { hasLetterKeys, theme, zoneSetting, type Theme } from "../../state/settings.ts";
import type { Zone } from "../../model/time.ts";
import { Segmented } from "../../widgets/choice.tsx";

export function Page(_: { id: string }) {
    useEffect(() => { document.title = "Settings · weft"; }, []);
    return <main class="page settings"><div class="phead"><h1>Settings</h1></div>
        <section class="panel"><div class="ph"><h2>This browser</h2><span class="sub">kept here, for nobody else</span></div>
            <dl class="pb">
                <dt>Theme</dt><dd><Segmented<Theme> label="Theme" value={theme.value} onChange={value => { theme.value = value; }}
                    choices={[{ id: "system", label: "As the system" }, { id: "light", label: "Light" }, { id: "dark", label: "Dark" }]} /></dd>
                <dt>Times in</dt><dd><Segmented<Zone> label="Times in" value={zoneSetting.value} onChange={value => { zoneSetting.value = value; }}
                    choices={[{ id: "utc", label: "UTC" }, { id: "local", label: "Local time" }]} /></dd>
                <dt>Keyboard</dt><dd><label class="row"><input type="checkbox" checked={hasLetterKeys.value} onChange={event => { hasLetterKeys.value = event.currentTarget.checked; }} />
                    Single letters are keys; turn this off when speech input types them</label></dd>
            </dl></section>
        <section class="panel"><div class="ph"><h2>This server</h2><span class="sub">from its configuration file; weft check says what a change would do</span></div>
            {status.value && <dl class="pb">{status.value.endpoints.map(endpoint => <><dt>{endpoint.name.replaceAll("_", " ")}</dt><dd><span class="mono">{endpoint.address}</span>{" "}
                <span class="muted">{endpoint.isTls ? "TLS" : "no TLS"}, {endpoint.isLocal ? "this machine only" : "other machines too"}; {endpoint.key}</span></dd></>)}
                <dt>Version</dt><dd>{status.value.version}</dd></dl>}</section>
    </main>;
}
