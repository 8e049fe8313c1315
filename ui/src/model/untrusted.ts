// untrusted.ts -- reading answers of a server that may be older, newer or broken: each field is asked for by type,
// and what does not fit becomes the given default. Nothing below throws.

export type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (value: unknown): Fields =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const textOf = (value: unknown, fallback = ""): string => (typeof value === "string" ? value : fallback);
export const numberOf = (value: unknown, fallback = 0): number =>
    typeof value === "number" && Number.isFinite(value) ? value
        : typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : fallback;
export const flagOf = (value: unknown): boolean => value === true;
