/* segment_select.h -- which rows of a segment a selection has, row by row.
 *
 * Meaning    that of model/selection.h, but for AT_LEAST, BOTH and structural operators: these are unions here. A segment seldom has whole traces
 * Threads    one user
 * Ownership  lives in the arena of init(); view and selection outlive it
 */
#ifndef WEFT_STORE_SEGMENT_SELECT_H
#define WEFT_STORE_SEGMENT_SELECT_H
#include "model/selection.h"
#include "store/segment.h"

struct weft_segment_select;
/* NULL: no row of the segment can be selected. `selection` NULL: all. */
struct weft_segment_select *weft_segment_select_init(const struct weft_segment_view *view,
                                                     const struct weft_selection *selection,
                                                     struct weft_arena *arena);
bool weft_segment_select_holds(struct weft_segment_select *select,
                               const struct weft_chunk_view *chunk, uint32_t row);
void weft_segment_select_release(struct weft_segment_select *select); /* NULL is fine */

#endif
