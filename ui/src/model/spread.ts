// spread.ts -- where one duration stands among many that were counted by steps of duration.

export interface Standing { below: number; atMost: number } // shares: surely shorter, and shorter or in the same step

export function standing(bounds: readonly number[], counts: readonly number[], ns: number): Standing | null {
    const total = counts.reduce((sum, n) => sum + n, 0);
    if (total < 20) return null; // too few to call a share
    let below = 0, same = 0;
    counts.forEach((n, i) => {
        if (bounds[i + 1]! <= ns) below += n;
        else if (bounds[i]! <= ns) same += n;
    });
    return { below: below / total, atMost: (below + same) / total };
}

/** "slower than 99 %": what is certain in spite of the steps. */
export const slowerThan = ({ below }: Standing): number => Math.floor(below * 1000) / 1000;

/** The duration below which `share` of the counts lie, as the upper bound of its step. */
export function quantile(bounds: readonly number[], counts: readonly number[], share: number): number {
    const total = counts.reduce((sum, n) => sum + n, 0);
    let seen = 0;
    for (let i = 0; i < counts.length; i++) {
        seen += counts[i]!;
        if (seen >= total * share) return bounds[i + 1]!;
    }
    return bounds[bounds.length - 1] ?? 0;
}
