// search_unusual.ts -- which values stand out. The rule is fixed and said in the mark's title: a value is unusual when it
// has at least 5 spans here, at least twice the share it has among all spans of the scope, and 10 points more.

export const UNUSUAL_SPANS = 5;
export const UNUSUAL_FACTOR = 2;
export const UNUSUAL_POINTS = 0.1;

/** A value's share here and in the scope; null: not known there. */
export function isUnusual(spanCount: number, share: number, usualShare: number | null): boolean {
    return usualShare !== null && spanCount >= UNUSUAL_SPANS && share >= usualShare * UNUSUAL_FACTOR && share - usualShare >= UNUSUAL_POINTS;
}

export interface Counted { value: string; type: string; spanCount: number }
export interface CountedKey { key: string; spanCount: number; values: readonly Counted[]; hasMore: boolean }

/** The share of a value in the scope. One that is not listed there is at most as frequent as the last that is. */
export function usualShare(key: CountedKey | undefined, value: Counted, spanCount: number): number | null {
    if (!key || spanCount <= 0) return null;
    const found = key.values.find(v => v.value === value.value && v.type === value.type);
    if (found) return found.spanCount / spanCount;
    if (!key.hasMore) return 0;
    return (key.values.at(-1)?.spanCount ?? 0) / spanCount;
}

/* The version stands early: a release is the first suspect. */
const firsts = ["status", "resource.service.name", "name", "resource.service.version", "kind"];
/* Ids and clocks differ in every span, and constants in none: they tell nothing and come last. */
function rank(key: CountedKey, spanCount: number, hasUnusual: boolean): number {
    const first = firsts.indexOf(key.key);
    if (first >= 0) return first;
    const [top] = key.values;
    const isConstant = key.values.length <= 1 && !key.hasMore;
    const isScattered = (top?.spanCount ?? 0) <= Math.max(1, key.spanCount / 50) || /\.id$/.test(key.key);
    if (hasUnusual && !isScattered) return 10 + (1 - (top?.spanCount ?? 0) / Math.max(1, spanCount));
    if (isConstant || isScattered) return 1000 - key.spanCount / Math.max(1, spanCount);
    return 100 - key.spanCount / Math.max(1, spanCount);
}

/** The attributes of an answer, those first that tell most. */
export function ordered<T extends CountedKey>(keys: readonly T[], spanCount: number, hasUnusual: (key: T) => boolean): T[] {
    return keys.map((key, i) => ({ key, i, rank: rank(key, spanCount, hasUnusual(key)) }))
        .sort((a, b) => a.rank - b.rank || a.i - b.i).map(({ key }) => key);
}
