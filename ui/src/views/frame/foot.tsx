// foot.tsx -- the line below pages of figures: is everything received and kept? Health is quiet; anything else is said.
import type { ComponentChildren } from "preact";
import { ago, offsetNs } from "../../model/time.ts";
import { bytesText, count, percent, rate } from "../../model/number.ts";
import { isOffline, receivedPerS, status } from "../../state/live.ts";
import { zone } from "../../state/settings.ts";
import { zoneName } from "../../model/time.ts";
import { Icon } from "../../widgets/icon.tsx";

const Item = ({ children }: { children: ComponentChildren }) => <span>{children}</span>;

export function Foot() {
    const s = status.value;
    if (!s) return null;
    const used = s.bytesMax > 0 ? s.bytes / s.bytesMax : 0;
    const isFine = !isOffline.value && s.refusedSpanCount === 0 && used < 0.9;
    const perS = receivedPerS.value;
    return <footer class={isFine ? "foot" : "foot odd"}>
        <Item>{isFine ? <i class="okdot" aria-hidden="true" /> : <Icon name="warn" small />}{isOffline.value ? "Not connected"
            : perS === null || perS === 0 ? "Ready" : <>Receiving <b class="t2 m">{rate(perS).value} spans/s</b></>}</Item>
        <Item>{s.refusedSpanCount > 0 ? <b class="wrn m">{count(s.refusedSpanCount)} spans refused</b> : "0 refused"}</Item>
        <Item>{count(s.spanCount)} spans kept</Item>
        {s.oldestTime && s.time && <Item>Oldest data <b class="t2 m">{ago(offsetNs(s.time, s.oldestTime)).replace(" ago", "")}</b></Item>}
        <Item>Disk {bytesText(s.bytes)}{s.bytesMax > 0 && <>, {percent(used)} of {bytesText(s.bytesMax)}</>}</Item>
        <span class="grow" />
        <Item>weft {s.version}</Item>
        <Item>Times in {s.time ? zoneName(zone.value, s.time) : "UTC"}</Item>
    </footer>;
}
