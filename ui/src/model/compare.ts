// compare.ts -- what differs between two traces, step by step. The changes of all steps' time on the critical path add
// up to the difference of the traces.
import type { PathNode, Paths } from "./paths.ts";

export type Kind = "same" | "slower" | "faster" | "new" | "gone";

export interface StepChange {
    node: PathNode;
    kind: Kind;
    changeNs: number; // of its total time, A minus B
    criticalChangeNs: number; // of its own time on the critical path
}

/* Clocks and schedulers make less than this: it is no change. */
const NOISE_NS = 1e6, NOISE_SHARE = 0.1;

function changeOf(node: PathNode): StepChange {
    const [a, b] = node.sides as [PathNode["sides"][0], PathNode["sides"][0]];
    const changeNs = a.totalNs - b.totalNs;
    const isNoise = Math.abs(changeNs) < Math.max(NOISE_NS, Math.max(a.totalNs, b.totalNs) * NOISE_SHARE);
    const kind: Kind = b.calls === 0 ? "new" : a.calls === 0 ? "gone" : isNoise && a.calls === b.calls ? "same" : changeNs >= 0 ? "slower" : "faster";
    return { node, kind, changeNs, criticalChangeNs: a.criticalNs - b.criticalNs };
}

/** Parents before children, children by start of the change: the largest first. */
export function stepChanges(paths: Paths): StepChange[] {
    const all: StepChange[] = [];
    const visit = (nodes: readonly PathNode[]): void => {
        for (const change of nodes.map(changeOf).sort((x, y) => Math.abs(y.changeNs) - Math.abs(x.changeNs))) {
            all.push(change);
            visit(change.node.children);
        }
    };
    visit(paths.roots);
    return all;
}

/** The steps that make up the difference, largest first, and what is left. */
export function largestParts(changes: readonly StepChange[], count: number): { parts: StepChange[]; restNs: number; sumNs: number } {
    const sumNs = changes.reduce((sum, change) => sum + change.criticalChangeNs, 0);
    const parts = [...changes].filter(change => Math.sign(change.criticalChangeNs) === Math.sign(sumNs) && change.criticalChangeNs !== 0)
        .sort((a, b) => Math.abs(b.criticalChangeNs) - Math.abs(a.criticalChangeNs)).slice(0, count);
    return { parts, sumNs, restNs: sumNs - parts.reduce((sum, part) => sum + part.criticalChangeNs, 0) };
}

/** Rows to show when same steps are hidden: changes and their ancestors. */
export function onlyChanges(changes: readonly StepChange[]): StepChange[] {
    const kept: StepChange[] = [];
    let depth = -1; // of the ancestors still wanted
    for (let i = changes.length - 1; i >= 0; i--) {
        const change = changes[i]!;
        if (change.kind !== "same" || change.node.depth < depth) {
            kept.push(change);
            depth = change.node.depth;
        }
    }
    return kept.reverse();
}
