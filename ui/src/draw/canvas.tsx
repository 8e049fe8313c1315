// canvas.tsx -- a canvas that fills its box: sharp on every screen, drawn again when its size, its inputs or the
// theme change, at most once a frame.
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { palette, type Palette } from "./palette.ts";

/* Larger backing stores are refused or slow in browsers. */
const SIDE_MAX_DEVICE = 8192;

export interface Frame { c: CanvasRenderingContext2D; width: number; height: number; palette: Palette }

export interface CanvasProps {
    draw: (frame: Frame) => void; // in CSS pixels; may read signals: it is called again when they change
    label: string; // a sentence that says what the picture shows
    class?: string;
    onPointerDown?: (event: PointerEvent) => void;
    onPointerMove?: (event: PointerEvent) => void;
    onPointerLeave?: (event: PointerEvent) => void;
    onDblClick?: (event: MouseEvent) => void;
    isOverlay?: boolean; // says nothing of its own: another layer has the sentence
}

/** `run` at the next frame, once however often it is asked for. */
export function oncePerFrame(run: () => void): { ask: () => void; stop: () => void } {
    let handle = 0;
    return {
        ask: () => { handle ||= requestAnimationFrame(() => { handle = 0; run(); }); },
        stop: () => { cancelAnimationFrame(handle); handle = 0; },
    };
}

export function Canvas(props: CanvasProps) {
    const element = useRef<HTMLCanvasElement>(null);
    const draw = useRef(props.draw);
    draw.current = props.draw;
    const again = useRef<() => void>(() => {});

    useEffect(() => {
        const canvas = element.current!;
        const c = canvas.getContext("2d")!;
        let width = 0, height = 0, stopSignals = (): void => {};
        const paint = (): void => {
            stopSignals();
            // Reads signals inside draw: each change asks for one more frame.
            let isFirst = true;
            stopSignals = effect(() => {
                const colours = palette.value;
                if (!isFirst) { frame.ask(); return; }
                isFirst = false;
                if (!width || !height) return;
                const scale = Math.min(devicePixelRatio || 1, SIDE_MAX_DEVICE / Math.max(width, height));
                const xDevice = Math.round(width * scale), yDevice = Math.round(height * scale);
                if (canvas.width !== xDevice || canvas.height !== yDevice) {
                    canvas.width = xDevice;
                    canvas.height = yDevice;
                }
                c.setTransform(xDevice / width, 0, 0, yDevice / height, 0, 0);
                c.clearRect(0, 0, width, height);
                draw.current({ c, width, height, palette: colours });
            });
        };
        const frame = oncePerFrame(paint);
        again.current = frame.ask;
        const observer = new ResizeObserver(entries => {
            const box = entries[entries.length - 1]!.contentRect;
            width = box.width;
            height = box.height;
            paint(); // at once: the next frame would show the old picture stretched
        });
        observer.observe(canvas);
        let ratio = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
        const onRatio = (): void => {
            ratio.removeEventListener("change", onRatio);
            ratio = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
            ratio.addEventListener("change", onRatio);
            frame.ask();
        };
        ratio.addEventListener("change", onRatio);
        return () => { observer.disconnect(); ratio.removeEventListener("change", onRatio); frame.stop(); stopSignals(); };
    }, []);
    useEffect(() => again.current());

    return <canvas ref={element} class={props.class} role={props.isOverlay ? undefined : "img"}
        aria-label={props.isOverlay ? undefined : props.label} aria-hidden={props.isOverlay ? "true" : undefined}
        onPointerDown={props.onPointerDown} onPointerMove={props.onPointerMove} onPointerLeave={props.onPointerLeave}
        onDblClick={props.onDblClick} />;
}
