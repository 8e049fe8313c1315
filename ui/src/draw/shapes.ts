// shapes.ts -- what several pictures draw alike.

/** Stripes over a box: the second sign of a service colour (slots 9 to 16). */
export function hatch(c: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, colour: string): void {
    c.save();
    c.beginPath();
    c.rect(x, y, width, height);
    c.clip();
    c.strokeStyle = colour;
    c.lineWidth = 1.5;
    c.beginPath();
    for (let i = Math.floor((x - height) / 5) * 5; i < x + width; i += 5) {
        c.moveTo(i, y + height);
        c.lineTo(i + height, y);
    }
    c.stroke();
    c.restore();
}

export function roundBox(c: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, radius: number): void {
    c.beginPath();
    c.roundRect(x, y, width, height, Math.min(radius, width / 2, height / 2));
}

const widths = new Map<string, number>();
/** The width of a text in the context's font, measured once. */
export function textWidth(c: CanvasRenderingContext2D, text: string): number {
    const key = `${c.font}\n${text}`;
    let width = widths.get(key);
    if (width === undefined) {
        if (widths.size > 20_000) widths.clear();
        widths.set(key, (width = c.measureText(text).width));
    }
    return width;
}

/** `text` cut with "…" to fit; "" when there is no room for anything readable. */
export function fitText(c: CanvasRenderingContext2D, text: string, room: number): string {
    if (room < 24) return "";
    if (textWidth(c, text) <= room) return text;
    let low = 0, high = text.length;
    while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (textWidth(c, `${text.slice(0, middle)}…`) <= room) low = middle;
        else high = middle - 1;
    }
    return low > 0 ? `${text.slice(0, low)}…` : "";
}
