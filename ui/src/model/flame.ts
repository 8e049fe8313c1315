// flame.ts -- merged paths as boxes: a node is as wide as its own measure and its children together, so children always
// fit below their parent. The widest child stands left.
import type { PathNode } from "./paths.ts";

export type Measure = "time" | "critical" | "calls";

export interface FlameBox { node: PathNode; x: number; width: number; depth: number } // x and width as shares of the whole
export interface Flame { rows: FlameBox[][]; total: number } // rows by depth, boxes by x

const ownOf = (node: PathNode, measure: Measure): number => {
    const side = node.sides[0]!;
    return measure === "time" ? side.ownNs : measure === "critical" ? side.criticalNs : side.calls;
};

/** Weight of every node: its own and what is below. */
export function weights(roots: readonly PathNode[], measure: Measure): Map<PathNode, number> {
    const known = new Map<PathNode, number>();
    const weigh = (node: PathNode): number => {
        let sum = ownOf(node, measure);
        for (const child of node.children) sum += weigh(child);
        known.set(node, sum);
        return sum;
    };
    for (const root of roots) weigh(root);
    return known;
}

/** Boxes of `roots` side by side; with `zoom` that node fills the width, below its own ancestors. */
export function layoutFlame(roots: readonly PathNode[], measure: Measure, zoom: readonly PathNode[] = []): Flame {
    const weight = weights(roots, measure);
    const rows: FlameBox[][] = [];
    const put = (box: FlameBox): void => { (rows[box.depth] ??= []).push(box); };
    const place = (nodes: readonly PathNode[], x: number, width: number, whole: number, depth: number): void => {
        let at = x;
        for (const node of [...nodes].sort((a, b) => weight.get(b)! - weight.get(a)! || (a.name < b.name ? -1 : 1))) {
            const share = whole > 0 ? (weight.get(node)! / whole) * width : 0;
            if (share <= 0) continue;
            put({ node, x: at, width: share, depth });
            place(node.children, at, share, weight.get(node)!, depth + 1);
            at += share;
        }
    };
    const target = zoom[zoom.length - 1];
    const total = target ? weight.get(target) ?? 0 : roots.reduce((sum, root) => sum + weight.get(root)!, 0);
    if (!target) place(roots, 0, 1, total, 0);
    else {
        zoom.forEach((node, depth) => put({ node, x: 0, width: 1, depth }));
        place(target.children, 0, 1, total, zoom.length);
    }
    return { rows, total };
}

/** The box at a place: row by depth, then a binary search. */
export function boxAt(flame: Flame, x: number, depth: number): FlameBox | null {
    const row = flame.rows[depth];
    if (!row) return null;
    let low = 0, high = row.length - 1;
    while (low <= high) {
        const middle = (low + high) >> 1, box = row[middle]!;
        if (x < box.x) high = middle - 1;
        else if (x >= box.x + box.width) low = middle + 1;
        else return box;
    }
    return null;
}
