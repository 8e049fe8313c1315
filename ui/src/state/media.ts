// media.ts -- how wide the window is, where a page is built differently and not only laid out differently.
import { signal } from "@preact/signals";

const narrow = matchMedia("(max-width: 760px)");
/** A phone: lists instead of tables. */
export const isNarrow = signal(narrow.matches);
narrow.addEventListener("change", () => { isNarrow.value = narrow.matches; });
