// chart.tsx -- lines or bars over time (uPlot), in the colours of the theme; drag chooses a range. The picture has a
// sentence, and a table twin for whoever cannot see it.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { palette } from "./palette.ts";

export interface Line { label: string; token: string; points: readonly (number | null)[]; isFilled?: boolean; isBars?: boolean }
export interface ChartProps {
    times: readonly number[]; // Unix seconds
    lines: readonly Line[];
    format: (value: number) => string;
    timeText: (seconds: number) => string;
    sentence: string;
    onRange?: (fromS: number, toS: number) => void;
    height?: number;
}

function options(props: ChartProps, width: number, height: number): uPlot.Options {
    const colours = palette.value;
    const axis = { stroke: colours.of("--text-3"), font: colours.font(11), ticks: { show: false }, grid: { stroke: colours.of("--grid"), width: 1 } };
    return {
        width, height, legend: { show: false }, padding: [8, 36, 0, 0],
        cursor: { drag: { x: props.onRange !== undefined, y: false, setScale: false }, points: { size: 5 } },
        scales: { x: { time: true }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [
            { ...axis, grid: { show: false }, size: 24, values: (_, splits) => splits.map(props.timeText), space: 70 },
            { ...axis, size: 56, values: (_, splits) => splits.map(props.format), space: 26 },
        ],
        series: [{}, ...props.lines.map(line => ({
            label: line.label, stroke: colours.of(line.token), width: 1.5, points: { show: false },
            ...(line.isFilled || line.isBars ? { fill: colours.of(line.token) + (line.isBars ? "" : "2a") } : {}),
            ...(line.isBars ? { paths: uPlot.paths.bars!({ size: [0.7, 12] }) } : {}),
        }))],
        hooks: {
            setSelect: [plot => {
                if (plot.select.width < 4) return;
                const from = plot.posToVal(plot.select.left, "x"), to = plot.posToVal(plot.select.left + plot.select.width, "x");
                plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
                props.onRange?.(from, to);
            }],
            draw: [plot => endLabels(plot, props)],
        },
    };
}

/* The legend is the label at a line's end, moved apart where they would meet. */
function endLabels(plot: uPlot, props: ChartProps): void {
    if (props.lines.length < 2) return;
    const c = plot.ctx, ratio = devicePixelRatio || 1;
    const places = props.lines.map((line, i) => {
        const values = plot.data[i + 1]!;
        let at = values.length - 1;
        while (at > 0 && values[at] == null) at--;
        return { text: line.label, token: line.token, y: plot.valToPos((values[at] as number) ?? 0, "y", true) };
    }).sort((a, b) => a.y - b.y);
    c.save();
    c.font = palette.value.font(11 * ratio, 500);
    c.textBaseline = "middle";
    // Downwards apart, then back up from the floor of the picture.
    const gap = 12 * ratio, floor = plot.bbox.top + plot.bbox.height - 4 * ratio;
    places.forEach((place, i) => { place.y = Math.max(place.y, i > 0 ? places[i - 1]!.y + gap : 0); });
    for (let i = places.length - 1; i >= 0; i--) places[i]!.y = Math.min(places[i]!.y, i + 1 < places.length ? places[i + 1]!.y - gap : floor);
    for (const place of places) {
        c.fillStyle = palette.value.of(place.token);
        c.fillText(place.text, plot.bbox.left + plot.bbox.width + 6 * ratio, place.y);
    }
    c.restore();
}

export function Chart(props: ChartProps) {
    const box = useRef<HTMLDivElement>(null);
    const colours = palette.value; // drawn anew with another theme
    useEffect(() => {
        const element = box.current!;
        const data = [props.times, ...props.lines.map(line => line.points)] as unknown as uPlot.AlignedData;
        const height = props.height ?? 140;
        const plot = new uPlot(options(props, Math.max(120, element.clientWidth), height), data, element);
        const observer = new ResizeObserver(() => {
            if (element.clientWidth > 0 && element.clientWidth !== plot.width) plot.setSize({ width: element.clientWidth, height });
        });
        observer.observe(element);
        return () => { observer.disconnect(); plot.destroy(); };
    }, [props.times, props.lines, colours]);
    return <div ref={box} class="chart" role="img" aria-label={props.sentence} />;
}
