/* store_split.h -- which traces do not lie whole in one row group of one block: those are joined before they are judged, all others
 * can be judged where they lie.
 *
 * Of the blocks they are found once for each set of blocks (a merge over trace ids, some 40 ns a trace) and remembered beside it;
 * those of segments are looked up by each query.
 *
 * Errors     none: what cannot be read of a block is left out, and is found again by whoever reads it
 * Threads    one query thread for each; what is remembered may be shared
 * Ownership  good as long as the query
 */
#ifndef WEFT_STORE_STORE_SPLIT_H
#define WEFT_STORE_STORE_SPLIT_H
#include "base/buf.h"
#include "store/store_internal.h"

/* More split traces than that are not listed: then every trace counts as split. */
#define WEFT_SPLIT_TRACES_MAX (256u << 10)
#define WEFT_SPLIT_IDS_MAX (4u << 20) /* with those of segments */

struct weft_store_split {
    const struct weft_store_query *query;
    const struct weft_block_split *blocks;
};
void weft_store_split_init(struct weft_store_split *split, const struct weft_store_query *query);
/* Are those of blocks known already? Then init() takes no time. */
bool weft_store_split_is_made(const struct weft_store_query *query);
/* Has more than one block (or row group) some of it? */
bool weft_store_split_blocks_have(const struct weft_store_split *split,
                                  const struct weft_trace_id *id);
/* Does the trace, of which some spans were found in a block, lie elsewhere too? Traces of segments always count as split. */
bool weft_store_split_has(const struct weft_store_split *split, const struct weft_trace_id *id);
/* Appends all of them to `ids` (struct weft_trace_id), rising. False: there are too many. */
bool weft_store_split_ids(const struct weft_store_split *split, struct weft_buf *ids);

/* ---- what a set remembers ---- */

struct weft_block_split *weft_block_split_create(void); /* one reference for the caller */
void weft_block_split_ref(struct weft_block_split *split);
void weft_block_split_unref(struct weft_block_split *split);

#endif
