// offline.tsx -- said once, above the page, while the server does not answer; what is shown stays.
import { useEffect, useState } from "preact/hooks";
import { clock } from "../../model/time.ts";
import { askStatusNow, isOffline, status } from "../../state/live.ts";
import { refresh } from "../../state/range.ts";
import { zone } from "../../state/settings.ts";
import { Note } from "../../widgets/states.tsx";

export function Offline() {
    const [wasOffline, setWasOffline] = useState(false);
    useEffect(() => {
        // Back again: what is shown is asked for anew.
        if (!isOffline.value && wasOffline) refresh();
        setWasOffline(isOffline.value);
    }, [isOffline.value]);
    if (!isOffline.value) return null;
    const seen = status.value?.time;
    return <div class="offline"><Note tone="warn" title="Connection lost, trying again every few seconds"
        actions={<button type="button" class="btn s" onClick={askStatusNow}>Try now</button>}>
        {seen ? `You see the state of ${clock(seen, zone.value, 0)}. ` : ""}What you typed is kept.</Note></div>;
}
