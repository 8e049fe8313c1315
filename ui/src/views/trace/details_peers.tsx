// details_peers.tsx -- how long this span took among others like it in the range looked at: a curve and its place in it.
import { useMemo } from "preact/hooks";
import { signal } from "@preact/signals";
import { fetchSpread, type Spread } from "../../api/trace.ts";
import { Canvas, type Frame } from "../../draw/canvas.tsx";
import { textWidth } from "../../draw/shapes.ts";
import { count, durationText, percent } from "../../model/number.ts";
import { quantile, slowerThan, standing } from "../../model/spread.ts";
import { scopeAt } from "../../model/trace.ts";
import { range, rangeParams } from "../../state/range.ts";
import { relativeName, timeAfter } from "../../model/time.ts";
import { useResource } from "../../state/resource.ts";
import { hrefTo } from "../../state/url.ts";
import type { TraceState } from "./trace_state.ts";
import { likeQuery } from "./traceql.ts";

function drawSpread({ c, width, height, palette }: Frame, spread: Spread, ns: number, isSlow: boolean): void {
    const { bounds, counts } = spread;
    const used = counts.flatMap((n, i) => (n > 0 ? [i] : []));
    const low = Math.max(1, Math.min(bounds[used[0]!] ?? 1, ns) * 0.8), high = Math.max(bounds[used[used.length - 1]! + 1] ?? 1, ns) * 1.25;
    const x = (value: number): number => (Math.log(Math.max(low, value) / low) / Math.log(high / low)) * width;
    const most = Math.max(...counts), room = height - 15;
    counts.forEach((n, i) => {
        if (n === 0) return;
        const a = x(bounds[i]!), b = x(bounds[i + 1]!), h = Math.max(1, (n / most) * room);
        c.fillStyle = palette.of("--ghost");
        c.fillRect(a, height - 13 - h, Math.max(1, b - a - 1), h);
    });
    c.fillStyle = palette.of("--line-strong");
    c.fillRect(0, height - 13, width, 1);
    const at = Math.min(width - 1, x(ns)), colour = palette.of(isSlow ? "--warn" : "--text");
    c.fillStyle = colour;
    c.beginPath();
    c.moveTo(at - 4, 1);
    c.lineTo(at + 4, 1);
    c.lineTo(at, 7);
    c.fill();
    c.fillRect(at - 0.5, 3, 1, room);
    c.font = palette.font(11, 600);
    c.textBaseline = "alphabetic";
    c.textAlign = "left";
    const mine = `this ${durationText(ns)}`, mineWidth = textWidth(c, mine);
    const mineX = Math.max(0, Math.min(width - mineWidth, at - mineWidth / 2));
    c.fillText(mine, mineX, height - 1);
    c.font = palette.font(11);
    c.fillStyle = palette.of("--text-3");
    let free = 0;
    for (const [name, share] of [["p50", 0.5], ["p95", 0.95]] as const) {
        const value = quantile(bounds, counts, share), text = `${name} ≈ ${durationText(value)}`, w = textWidth(c, text), left = Math.max(0, x(value) - w / 2);
        if (left < free || left + w > width || (left < mineX + mineWidth + 6 && left + w > mineX - 6)) continue;
        c.fillText(text, left, height - 1);
        free = left + w + 8;
    }
}

const AROUND_NS = 1_800_000_000_000n;

export function Peers({ state, row }: { state: TraceState; row: number }) {
    const { trace } = state.analysis.value;
    const query = likeQuery(scopeAt(trace, row).serviceName, trace.name[row]!), ns = trace.duration[row]!;
    const asked = useMemo(() => signal(query), []);
    asked.value = query;
    const at = timeAfter(trace.startTime, trace.start[row]!), isInRange = at >= range.value.from && at < range.value.to;
    // A trace opened by its id may lie outside of the range: then its own time is asked.
    const spread = useResource(signal => fetchSpread({ q: asked.value, ...(isInRange ? rangeParams() : { from: String(at - AROUND_NS), to: String(at + AROUND_NS) }) }, signal));
    const known = spread.value && !spread.isStale ? spread.value : null;
    const place = known && !known.partial ? standing(known.bounds, known.counts, ns) : null;
    if (!known || !place) return null;
    const share = slowerThan(place), isSlow = share >= 0.95;
    const within = !isInRange ? "± 30 min" : relativeName(range.value.fromText, range.value.toText).replace("Last ", "") || "this range";
    return <>
        <div class="peer"><span class={isSlow ? "tag warn b" : "tag"}>{share >= 0.5 ? `slower than ${percent(share)}` : place.atMost < 0.5 ? `faster than ${percent(Math.floor((1 - place.atMost) * 1000) / 1000)}` : "as most"}</span>
            <a class="micro muted" href={hrefTo("/search", { q: query })}>of {count(known.spanCount)} like it, {within}</a></div>
        <div class="curve"><Canvas label={`Durations of ${known.spanCount} spans like this one: half take at most ${durationText(quantile(known.bounds, known.counts, 0.5))}, 95 percent at most ${durationText(quantile(known.bounds, known.counts, 0.95))}; this one ${durationText(ns)}`}
            draw={frame => drawSpread(frame, known, ns, isSlow)} /></div>
    </>;
}
