// range_picker.tsx -- the time range: what it is in words and instants, presets, and two fields for anything else.
import { useState } from "preact/hooks";
import { day, hourMinute, isoTime, isSameDay, parseInstant, relativeName, zoneName } from "../../model/time.ts";
import { isRangeOdd, now, range, setRange } from "../../state/range.ts";
import { zone } from "../../state/settings.ts";
import { Icon } from "../../widgets/icon.tsx";
import { Popover } from "../../widgets/popover.tsx";

const presets = ["15m", "30m", "1h", "3h", "6h", "12h", "24h", "2d", "7d", "14d", "30d"];

function words(): string {
    const { from, to } = range.value;
    const z = zone.value;
    const date = isSameDay(from, now.value, z) ? "" : `${day(from, z)} `;
    const end = isSameDay(from, to, z) ? hourMinute(to, z) : `${day(to, z)} ${hourMinute(to, z)}`;
    return `${date}${hourMinute(from, z)} – ${end} ${zoneName(z, to)}`;
}

function Fields({ close }: { close: () => void }) {
    const { from, to, fromText, toText } = range.value;
    const [start, setStart] = useState(fromText.startsWith("now") ? fromText : isoTime(from));
    const [end, setEnd] = useState(toText.startsWith("now") ? toText : isoTime(to));
    const a = parseInstant(start, now.value), b = parseInstant(end, now.value);
    const problem = a === null ? "The start is not understood." : b === null ? "The end is not understood." : a >= b ? "The start is not before the end." : "";
    const apply = (event: Event): void => {
        event.preventDefault();
        if (problem) return;
        setRange(start, end);
        close();
    };
    return <form class="fields" onSubmit={apply}>
        <label>From<span class="inp"><input value={start} aria-invalid={a === null} onInput={e => setStart(e.currentTarget.value.trim())} /></span></label>
        <label>To<span class="inp"><input value={end} aria-invalid={b === null} onInput={e => setEnd(e.currentTarget.value.trim())} /></span></label>
        <p class="micro muted" role="status">{problem || "2026-11-21T03:00:00Z, now-90m, or Unix time"}</p>
        <button class="btn primary" disabled={problem !== ""}>Look at this range</button>
    </form>;
}

export function RangePicker() {
    const name = relativeName(range.value.fromText, range.value.toText);
    return <div class="range">
        <Popover label="Time range (T)" buttonClass="btn wide" panelClass="ranges" align="right"
            button={<><Icon name="clock" />{name && <span class="m">{name}</span>}<span class={name ? "sub" : "m"}>{words()}</span><Icon name="down" small /></>}>
            {close => <>
                <div class="presets" role="group" aria-label="Until now">
                    {presets.map(preset => <button key={preset} type="button" class="btn quiet" aria-pressed={name !== "" && range.value.fromText === `now-${preset}`}
                        onClick={() => { setRange(`now-${preset}`, "now"); close(); }}>{relativeName(`now-${preset}`, "now")}</button>)}
                </div>
                <Fields close={close} />
            </>}
        </Popover>
        {isRangeOdd.value && <span class="tag warn" role="status"><Icon name="warn" small />The link's range was not understood</span>}
    </div>;
}
