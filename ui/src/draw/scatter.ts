// scatter.ts -- spans as dots over time and duration: a cross is an error, the colour its service.
import type { Heat } from "../model/heat.ts";
import { frameOf, xOfTime, yOfDuration, type Frame as CellFrame } from "../model/heat_place.ts";
import type { TimeNs, Zone } from "../model/time.ts";
import type { Frame } from "./canvas.tsx";
import { drawAxes, type Pointer } from "./heat.ts";
import { fitText, hatch, textWidth } from "./shapes.ts";

export interface Dot { startTime: TimeNs; durationNs: number; isError: boolean; slot: number }

const RADIUS_PX = 2.6, SLOP_PX = 6;

/* Left of the oldest dot there are spans too: the list was cut, and the picture says so. */
function drawCut({ c, palette }: Frame, place: CellFrame, xOldest: number): void {
    const width = xOldest - place.left - 6;
    if (width < 8) return;
    hatch(c, place.left, place.top, width, place.height, palette.of("--line"));
    c.font = palette.font(11);
    const label = fitText(c, "older spans are not drawn", width - 16);
    const room = textWidth(c, label) + 12, middle = place.top + place.height / 2;
    if (!label) return;
    c.fillStyle = palette.of("--surface");
    c.fillRect(place.left + (width - room) / 2, middle - 9, room, 18);
    c.fillStyle = palette.of("--text-3");
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillText(label, place.left + width / 2, middle);
}

/** `isCut`: there are more spans, older than these. */
export function drawScatter(frame: Frame, heat: Heat, dots: readonly Dot[], isCut: boolean, zone: Zone): void {
    const { c, palette } = frame;
    const place = drawAxes(frame, heat, zone);
    if (isCut && dots.length) drawCut(frame, place, Math.min(...dots.map(dot => xOfTime(heat, place, dot.startTime))));
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
