// outline.ts -- a trace as a small picture: a line for each depth, on a scale shared with another.
import type { Frame } from "../../draw/canvas.tsx";
import { scopeAt, type Trace } from "../../model/trace.ts";

const DEPTHS = 9;
export const OUTLINE_HEIGHT = DEPTHS * 6;

export function drawOutline({ c, width, palette }: Frame, trace: Trace, scaleNs: number): void {
    if (scaleNs <= 0) return;
    for (let row = 0; row < trace.count; row++) {
        const depth = trace.depth[row]!;
        if (depth >= DEPTHS) continue;
        const x = (trace.start[row]! / scaleNs) * width, w = Math.max(1, (trace.duration[row]! / scaleNs) * width);
        c.fillStyle = palette.service(scopeAt(trace, row).slot);
        c.fillRect(x, depth * 6, w, 5);
        if (!trace.isError[row]) continue;
        c.fillStyle = palette.of("--error"); // a tick at its end: the colour stays the service's
        c.fillRect(x + w - 2, depth * 6 - 1, 3, 7);
    }
}
