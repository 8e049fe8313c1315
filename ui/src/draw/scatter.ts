// scatter.ts -- spans as dots over time and duration: a cross is an error, the colour its service.
import type { Heat } from "../model/heat.ts";
import { frameOf, xOfTime, yOfDuration } from "../model/heat_place.ts";
import type { TimeNs, Zone } from "../model/time.ts";
import type { Frame } from "./canvas.tsx";
import { drawAxes, type Pointer } from "./heat.ts";

export interface Dot { startTime: TimeNs; durationNs: number; isError: boolean; slot: number }

const RADIUS_PX = 2.6, SLOP_PX = 6;

export function drawScatter(frame: Frame, heat: Heat, dots: readonly Dot[], zone: Zone): void {
    const { c, palette } = frame;
    const place = drawAxes(frame, heat, zone);
    for (const dot of dots) {
        const x = xOfTime(heat, place, dot.startTime), y = yOfDuration(heat, place, dot.durationNs);
        if (x < place.left || x > place.left + place.width || y < place.top - 2 || y > place.top + place.height + 2) continue;
        if (dot.isError) {
            c.strokeStyle = palette.of("--error");
            c.lineWidth = 1.5;
            c.beginPath();
            c.moveTo(x - 2.5, y - 2.5);
            c.lineTo(x + 2.5, y + 2.5);
            c.moveTo(x + 2.5, y - 2.5);
            c.lineTo(x - 2.5, y + 2.5);
            c.stroke();
        } else {
            c.fillStyle = palette.service(dot.slot);
            c.globalAlpha = 0.8;
            c.beginPath();
            c.arc(x, y, RADIUS_PX, 0, 6.2832);
            c.fill();
            c.globalAlpha = 1;
        }
    }
}

/** The dot nearest to the pointer, within a few pixels; -1: none. */
export function dotAt(heat: Heat, dots: readonly Dot[], width: number, height: number, pointer: Pointer): number {
    const place = frameOf(width, height);
    let best = -1, least = SLOP_PX * SLOP_PX;
    for (const [i, dot] of dots.entries()) {
        const dx = xOfTime(heat, place, dot.startTime) - pointer.xView, dy = yOfDuration(heat, place, dot.durationNs) - pointer.yView;
        if (dx * dx + dy * dy <= least) { best = i; least = dx * dx + dy * dy; }
    }
    return best;
}
