// page_items.ts -- what the page shown offers for a typed text, for "go to anything".
import { signal } from "@preact/signals";

export interface PageItem { label: string; remark: string; run: () => void }

/** Null: the page offers nothing. */
export const pageItems = signal<{ title: string; find: (text: string) => readonly PageItem[] } | null>(null);
