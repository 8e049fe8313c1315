// flame.ts -- draws the boxes of a flame graph: colour and hatch of the service, the name where it fits, what was found
// bright and the rest pale.
import { boxAt, type Flame, type FlameBox } from "../model/flame.ts";
import type { PathNode } from "../model/paths.ts";
import type { Frame } from "./canvas.tsx";
import { isHatched } from "./palette.ts";
import { fitText, hatch } from "./shapes.ts";

export const FLAME_ROW = 24;
const PAD = 1, TEXT = 6;
/* Narrower boxes merge into one run per row. */
const BOX_MIN = 1.5;

export interface FlameScene {
    flame: Flame;
    isFound: ((node: PathNode) => boolean) | null; // null: nothing is looked for
    selected: PathNode | null;
    figure: (box: FlameBox) => string;
}

export function drawFlame({ c, width, palette }: Frame, { flame, isFound, selected, figure }: FlameScene): void {
    c.textBaseline = "middle";
    flame.rows.forEach((row, depth) => {
        const y = depth * FLAME_ROW + PAD, height = FLAME_ROW - 2;
        let runEnd = -1; // pixels already painted as a run of narrow boxes
        for (const box of row) {
            const x = box.x * width, w = box.width * width;
            if (w < BOX_MIN) {
                if (x + w <= runEnd) continue;
                runEnd = x + BOX_MIN;
                c.fillStyle = palette.service(box.node.slot);
                c.fillRect(x, y, BOX_MIN, height);
                continue;
            }
            drawBox(c, box, x, y, w - 1, height, { flame, isFound, selected, figure }, palette);
        }
    });
}

function drawBox(c: CanvasRenderingContext2D, box: FlameBox, x: number, y: number, w: number, h: number, scene: FlameScene, palette: Frame["palette"]): void {
    const { node } = box, isPale = scene.isFound !== null && !scene.isFound(node);
    const errors = node.sides.reduce((sum, side) => sum + side.errors, 0);
    if (palette.isForced) {
        c.strokeStyle = palette.of("--text");
        c.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
    } else {
        c.globalAlpha = isPale ? 0.25 : 1;
        c.fillStyle = palette.service(node.slot);
        c.fillRect(x, y, w, h);
        if (isHatched(node.slot)) hatch(c, x, y, w, h, palette.of("--hatch"));
        c.globalAlpha = 1;
    }
    if (errors > 0) {
        c.strokeStyle = palette.of("--error");
        c.lineWidth = 1.5;
        c.strokeRect(x + 0.75, y + 0.75, Math.max(0, w - 1.5), h - 1.5);
    }
    if (node === scene.selected) {
        c.strokeStyle = palette.of("--text");
        c.lineWidth = 2;
        c.strokeRect(x + 1, y + 1, Math.max(0, w - 2), h - 2);
    }
    const isOnColour = !isPale && !palette.isForced;
    // A hatch below letters makes them hard to read: they stand on the plain colour.
    c.font = palette.font(12, 500);
    const text = fitText(c, node.name || "unnamed", w - TEXT * 2);
    if (!text) return;
    const textWidth = c.measureText(text).width;
    if (isOnColour && isHatched(node.slot)) {
        c.fillStyle = palette.service(node.slot);
        c.fillRect(x + TEXT - 3, y + 3, textWidth + 6, h - 6);
    }
    c.fillStyle = isOnColour ? palette.onService(node.slot) : palette.of("--text");
    c.fillText(text, x + TEXT, y + h / 2 + 0.5);
    c.font = palette.font(11);
    const figure = fitText(c, scene.figure(box), w - TEXT * 3 - textWidth);
    if (figure && !figure.endsWith("…")) {
        if (isOnColour && isHatched(node.slot)) {
            c.fillStyle = palette.service(node.slot);
            c.fillRect(x + TEXT + textWidth + 3, y + 3, c.measureText(figure).width + 8, h - 6);
            c.fillStyle = palette.onService(node.slot);
        }
        c.fillText(figure, x + TEXT + textWidth + 7, y + h / 2 + 0.5);
    }
}

export function boxUnder(flame: Flame, xView: number, yView: number, width: number): FlameBox | null {
    return boxAt(flame, xView / width, Math.floor(yView / FLAME_ROW));
}
