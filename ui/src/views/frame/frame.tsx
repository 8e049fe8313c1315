// frame.tsx -- the one bar, the page below it, and the layers that any page can open.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { isLive, refresh } from "../../state/range.ts";
import { keyLabel, useKeys } from "../../state/keys.ts";
import { isDark, toggleTheme, zoneSetting } from "../../state/settings.ts";
import { change, go, hrefTo, param } from "../../state/url.ts";
import { Icon } from "../../widgets/icon.tsx";
import { entries } from "./entries.ts";
import { Foot } from "./foot.tsx";
import { KeyHelp } from "./key_help.tsx";
import { Offline } from "./offline.tsx";
import { Palette } from "./palette.tsx";
import { RangePicker } from "./range_picker.tsx";

const Brand = () => <a class="brand" href={hrefTo("/")} aria-label="weft, home">
    <svg viewBox="0 0 20 20" aria-hidden="true">
        <path class="weave" d="M3 6.500h14M3 13.500h14" />
        <path class="warp" d="M6.500 3v5.200M6.500 11.800V17M13.500 3v1.800M13.500 8.400v3.400M13.500 15.200V17" />
    </svg>weft</a>;

const toggleZone = (): void => {
    zoneSetting.value = zoneSetting.value === "utc" ? "local" : "utc";
    if (param("tz")) change({ tz: null }, "replace");
};

export function Frame({ section, children }: { section: string; children: ComponentChildren }) {
    const [layer, setLayer] = useState<"palette" | "keys" | "">("");
    useKeys("Everywhere", [
        { keys: "Mod+k", help: "Go to anything", inText: true, run: () => setLayer("palette") },
        { keys: "?", help: "This help", run: () => setLayer("keys") },
        ...entries.map(entry => ({ keys: entry.key, help: entry.label, run: () => go(hrefTo(entry.href)) })),
        { keys: "r", help: "Refresh", run: refresh },
        { keys: "l", help: "Live on, off", run: () => { isLive.value = !isLive.value; } },
        { keys: "T", help: "Time range", run: () => document.querySelector<HTMLElement>(".range > button")?.click() },
        { keys: "z", help: "UTC or local time", run: toggleZone },
        { keys: "D", help: "Light, dark", run: toggleTheme },
        { keys: "y", help: "Copy link", run: () => void navigator.clipboard?.writeText(location.href) },
    ]);
    const hasFoot = section === "home" || section === "services" || section === "settings"; // other pages have their own, or need the height
    if (param("embed")) return <div class="embedded">{children}</div>;
    return <>
        <a class="skip" href="#page">Skip to the page</a>
        <header class="top">
            <Brand />
            <nav class="nav" aria-label="Main">
                {entries.map(entry => <a key={entry.id} href={hrefTo(entry.href)} aria-current={entry.id === section ? "page" : undefined}>
                    <Icon name={entry.icon} /><span>{entry.label}</span></a>)}
            </nav>
            <span class="grow" />
            <div class="tools">
                <RangePicker />
                <button type="button" class="btn wide" aria-pressed={isLive.value} title={`Follow new data (${keyLabel("l")})`}
                    onClick={() => { isLive.value = !isLive.value; }}><Icon name={isLive.value ? "pause" : "play"} small />Live</button>
                <button type="button" class="btn wide goto" onClick={() => setLayer("palette")}>
                    <Icon name="search" /><span>Go to anything</span><span class="kbd">{keyLabel("Mod+k")}</span></button>
                <button type="button" class="btn quiet icon" aria-label={isDark.value ? "Light theme (D)" : "Dark theme (D)"} onClick={toggleTheme}><Icon name="sun" /></button>
                <a class="btn quiet icon wide" aria-label="Settings" href={hrefTo("/settings")}><Icon name="settings" /></a>
                <button type="button" class="btn quiet icon wide" aria-label="Keyboard (?)" onClick={() => setLayer("keys")}><Icon name="help" /></button>
            </div>
        </header>
        <Offline />
        <div id="page">{children}</div>
        {hasFoot && <Foot />}
        {layer === "palette" && <Palette close={() => setLayer("")} />}
        {layer === "keys" && <KeyHelp close={() => setLayer("")} />}
    </>;
}
