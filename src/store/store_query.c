/* store_query.c -- what a query works on, and what it does with a file that cannot be read.
 *
 * A query takes the set and a view of the committed prefix of each live segment, then works on
 * these alone: what is sealed, compacted or removed meanwhile stays as it was for this query, so a
 * span is seen once, in its segment or in its block.
 */
#include "store/store_internal.h"

void weft_store_query_begin(struct weft_store_query *query, struct weft_store *store)
{
    query->set = weft_store_set_take(store);
    query->views = weft_alloc_array(query->set->segment_count + 1, sizeof *query->views);
    for (uint32_t i = 0; i < query->set->segment_count; i++)
        weft_segment_view_init(&query->views[i], query->set->segments[i].segment);
}

void weft_store_query_end(struct weft_store_query *query)
{
    for (uint32_t i = 0; i < query->set->segment_count; i++)
        weft_segment_view_release(&query->views[i]);
    weft_free(query->views);
    weft_store_set_release(query->set);
}

bool weft_store_block_found_damaged(struct weft_store *store, struct weft_store_block *block,
                                    int rc, const struct weft_err *err)
{
    if (rc != WEFT_CORRUPT && rc != WEFT_UNSUPPORTED) return false;
    if (!atomic_exchange(&block->is_damaged, true)) {
        atomic_fetch_add(&store->damaged_files, 1);
        weft_log(WEFT_LOG_ERROR, "store", "%s", err != NULL ? err->text : block->file->path);
    }
    return true;
}

bool weft_store_segment_is_unreadable(struct weft_store *store,
                                      const struct weft_store_segment *segment,
                                      struct weft_err *err)
{
    struct weft_err found;

    if (weft_segment_intact(segment->segment, &found) == WEFT_OK) return false;
    if (!atomic_exchange(&segment->memo->is_unreadable, true)) {
        /* Damage found when it was opened is counted already. */
        if (weft_segment_damaged_bytes(segment->segment) == 0)
            atomic_fetch_add(&store->damaged_files, 1);
        weft_log(WEFT_LOG_ERROR, "store", "%s", found.text);
    }
    if (err != NULL) *err = found;
    return true;
}
