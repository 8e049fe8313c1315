// heat_place.ts -- where things stand in the picture of durations over time: pixels of the view (xView, yView) to columns,
// rows, instants and durations, and back. The duration axis is logarithmic: each of the server's rows is as high as the next.
import { rowOf, type Heat } from "./heat.ts";
import type { Box } from "./search_query.ts";
import { offsetNs, timeAfter, type TimeNs } from "./time.ts";

export interface Frame { left: number; top: number; width: number; height: number } // of the cells, in the view's pixels

/* The legend stands above the cells: none of them is hidden. */
const LEGEND_PX = 24;

export const frameOf = (width: number, height: number): Frame =>
    (width < 500 ? { left: 46, top: 6, width: Math.max(1, width - 54), height: Math.max(1, height - 28) }
        : { left: 56, top: LEGEND_PX, width: Math.max(1, width - 68), height: Math.max(1, height - LEGEND_PX - 22) });

/** A range of cells; ends not included. */
export interface CellBox { c0: number; c1: number; r0: number; r1: number }

export const columnAt = (heat: Heat, frame: Frame, xView: number): number =>
    Math.floor(((xView - frame.left) / frame.width) * heat.histogram.columnCount);
export const rowAt = (heat: Heat, frame: Frame, yView: number): number =>
    heat.rowHigh - 1 - Math.floor(((yView - frame.top) / frame.height) * (heat.rowHigh - heat.rowLow));

export const xOfColumn = (heat: Heat, frame: Frame, column: number): number => frame.left + (column / heat.histogram.columnCount) * frame.width;
export const yOfRow = (heat: Heat, frame: Frame, row: number): number =>
    frame.top + ((heat.rowHigh - row) / (heat.rowHigh - heat.rowLow)) * frame.height;

/** Of a duration, between its row's bounds on the logarithm. */
export function yOfDuration(heat: Heat, frame: Frame, ns: number): number {
    const { boundsNs } = heat.histogram;
    const row = rowOf(heat.histogram, ns);
    const low = Math.max(1, boundsNs[row] ?? 1), high = Math.max(low + 1, boundsNs[row + 1] ?? low * 1.33);
    return yOfRow(heat, frame, row + Math.min(1, Math.max(0, Math.log(Math.max(low, ns) / low) / Math.log(high / low))));
}
export const xOfTime = (heat: Heat, frame: Frame, time: TimeNs): number =>
    frame.left + (offsetNs(time, heat.histogram.startTime) / (heat.histogram.stepNs * heat.histogram.columnCount)) * frame.width;
export const timeAt = (heat: Heat, frame: Frame, xView: number): TimeNs =>
    timeAfter(heat.histogram.startTime, ((xView - frame.left) / frame.width) * heat.histogram.stepNs * heat.histogram.columnCount);

export const clampedCell = (heat: Heat, column: number, row: number): { column: number; row: number } => ({
    column: Math.min(heat.histogram.columnCount - 1, Math.max(0, column)), row: Math.min(heat.rowHigh - 1, Math.max(heat.rowLow, row)) });

/** The instants and durations of a range of cells. */
export function boxOfCells({ histogram }: Heat, { c0, c1, r0, r1 }: CellBox): Box {
    const { startTime, stepNs, boundsNs } = histogram;
    return { t0: timeAfter(startTime, c0 * stepNs), t1: timeAfter(startTime, c1 * stepNs), d0: boundsNs[r0]!, d1: boundsNs[r1] ?? boundsNs.at(-1)! };
}

/** The cells nearest to a box: the box may come from a link whose picture had other steps. */
export function cellsOfBox({ histogram }: Heat, box: Box): CellBox {
    const column = (time: TimeNs): number => Math.round(offsetNs(time, histogram.startTime) / histogram.stepNs);
    const c0 = Math.max(0, Math.min(histogram.columnCount - 1, column(box.t0)));
    const nearest = (ns: number): number => {
        const row = rowOf(histogram, ns);
        const next = histogram.boundsNs[row + 1] ?? ns;
        return Math.abs(next - ns) < Math.abs(ns - histogram.boundsNs[row]!) ? row + 1 : row;
    };
    const r0 = nearest(box.d0);
    return { c0, c1: Math.max(c0 + 1, Math.min(histogram.columnCount, column(box.t1))), r0, r1: Math.max(r0 + 1, nearest(box.d1)) };
}

/** The box moved by cells, or its upper right corner with `isResize`; kept within the picture. */
export function movedCells(heat: Heat, cells: CellBox, columns: number, rows: number, isResize: boolean): CellBox {
    const { columnCount } = heat.histogram;
    if (isResize) {
        return { ...cells, c1: Math.min(columnCount, Math.max(cells.c0 + 1, cells.c1 + columns)),
            r1: Math.min(heat.rowHigh, Math.max(cells.r0 + 1, cells.r1 + rows)) };
    }
    const byColumns = Math.min(columnCount - cells.c1, Math.max(-cells.c0, columns));
    const byRows = Math.min(heat.rowHigh - cells.r1, Math.max(heat.rowLow - cells.r0, rows));
    return { c0: cells.c0 + byColumns, c1: cells.c1 + byColumns, r0: cells.r0 + byRows, r1: cells.r1 + byRows };
}
