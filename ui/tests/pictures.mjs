// pictures.mjs -- how much two screenshots differ. The browser decodes them: no package is needed for that.
import { readFile, writeFile } from "node:fs/promises";

const COLOUR_STEPS = 24; // of 255 in one channel: what smoothing of edges may differ by

/* In the page: the part of the pixels that differ, and a picture of where. */
async function compare([a, b, steps]) {
    const load = async source => createImageBitmap(await (await fetch(source)).blob());
    const images = await Promise.all([load(a), load(b)]);
    const [width, height] = [Math.max(...images.map(i => i.width)), Math.max(...images.map(i => i.height))];
    const pixels = images.map(image => {
        const context = new OffscreenCanvas(width, height).getContext("2d");
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, width, height);
    });
    const [x, y] = pixels.map(p => p.data);
    let count = 0;
    for (let i = 0; i < x.length; i += 4) {
        const differs = [0, 1, 2, 3].some(c => Math.abs(x[i + c] - y[i + c]) > steps);
        count += differs;
        const grey = 255 - (255 - (y[i] + y[i + 1] + y[i + 2]) / 3) / 4;
        y.set(differs ? [220, 0, 60, 255] : [grey, grey, grey, 255], i);
    }
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d").putImageData(pixels[1], 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return { part: count / (width * height), picture: btoa(text) };
}

/** 0 to 1; `shown` gets a picture of the difference when there is one. A reference that is not there differs altogether. */
export async function difference(browser, reference, taken, shown) {
    const read = async file => `data:image/png;base64,${(await readFile(file)).toString("base64")}`;
    let a;
    try {
        a = await read(reference);
    } catch (error) {
        if (error.code === "ENOENT") return 1;
        throw error;
    }
    const page = await browser.newPage();
    try {
        const { part, picture } = await page.evaluate(compare, [a, await read(taken), COLOUR_STEPS]);
        if (part > 0) await writeFile(shown, Buffer.from(picture, "base64"));
        return part;
    } finally {
        await page.close();
    }
}
