// attribute_groups.ts -- attributes in the order people look for them: what is pinned, then the span's own, its resource's
// and its scope's, each by the first word of the convention; and a filter over keys and values.
import { valueText, type Attribute, type Scope, type Trace, attributesAt, scopeAt } from "./trace.ts";

export type Origin = "span" | "resource" | "scope" | "event" | "link";
export interface Placed { origin: Origin; attribute: Attribute }
export interface AttributeGroup { title: string; rows: readonly Placed[] }

const byKey = (a: Attribute, b: Attribute): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/* What explains a failure is read first. */
const firstWords = ["error", "exception", "http", "url", "rpc", "db", "messaging", "faas", "gen_ai"];
const rank = (key: string): number => {
    const at = firstWords.indexOf(key.split(".")[0]!);
    return at < 0 ? firstWords.length : at;
};

export const pinName = (origin: Origin, key: string): string => `${origin}.${key}`;

const place = (origin: Origin, attributes: readonly Attribute[]): Placed[] =>
    [...attributes].sort((a, b) => (origin === "span" ? rank(a.key) - rank(b.key) : 0) || byKey(a, b)).map(attribute => ({ origin, attribute }));

const scopeFields = (scope: Scope): Attribute[] => [
    ...(scope.name ? [{ key: "name", value: { stringValue: scope.name }, previewOf: "", length: 0, href: "" }] : []),
    ...(scope.version ? [{ key: "version", value: { stringValue: scope.version }, previewOf: "", length: 0, href: "" }] : []),
    ...scope.attributes];

export function attributeGroups(trace: Trace, row: number, pins: readonly string[], filter: string): { groups: AttributeGroup[]; total: number; shown: number } {
    const scope = scopeAt(trace, row);
    const all = [...place("span", attributesAt(trace, row)), ...place("resource", scope.resource), ...place("scope", scopeFields(scope))];
    const wanted = filter.trim().toLowerCase();
    const fits = all.filter(({ attribute }) => wanted === "" || attribute.key.toLowerCase().includes(wanted) || valueText(attribute.value).toLowerCase().includes(wanted));
    const isPinned = ({ origin, attribute }: Placed): boolean => pins.includes(pinName(origin, attribute.key));
    const groups: AttributeGroup[] = [{ title: "Pinned", rows: fits.filter(isPinned) }];
    for (const [origin, title] of [["span", "Span"], ["resource", "Resource"], ["scope", "Scope"]] as const)
        groups.push({ title, rows: fits.filter(p => p.origin === origin && !isPinned(p)) });
    return { groups: groups.filter(group => group.rows.length > 0), total: all.length, shown: fits.length };
}
