/* block_mask.h -- traces of a block that are read elsewhere: a later block has them, joined with what other blocks
 * had of them.
 *
 * A mask belongs to a set of the store, not to a block: a query on an older set still reads the trace here.
 *
 * Threads    immutable once made
 * Ownership  counted references; NULL is a mask without entries, everywhere
 */
#ifndef WEFT_STORE_BLOCK_MASK_H
#define WEFT_STORE_BLOCK_MASK_H
#include <stdbool.h>
#include <stdint.h>

/* One trace of one block: as the section MASKS of a footer has it (docs/format/block.md). */
struct weft_mask_entry {
    uint64_t block;            /* its number */
    uint32_t row_group, trace; /* where: trace is counted inside the row group */
    uint32_t spans;            /* that it has there */
};

struct weft_block_mask;
/* Those of `entries` that name `block`, together with what `older` (or NULL) masks. NULL when nothing is left. Repeated
 * entries count once. */
struct weft_block_mask *weft_block_mask_create(const struct weft_block_mask *older, uint64_t block,
                                               const struct weft_mask_entry *entries,
                                               uint64_t entry_count);
void weft_block_mask_ref(struct weft_block_mask *mask);
void weft_block_mask_unref(struct weft_block_mask *mask);
bool weft_block_mask_has(const struct weft_block_mask *mask, uint32_t row_group, uint32_t trace);
/* The masked traces of a row group, ascending; count 0: none. Good as long as the mask. */
const uint32_t *weft_block_mask_traces(const struct weft_block_mask *mask, uint32_t row_group,
                                       uint32_t *count);
/* Spans of the masked traces: of one row group, of all. */
uint64_t weft_block_mask_group_spans(const struct weft_block_mask *mask, uint32_t row_group);
uint64_t weft_block_mask_spans(const struct weft_block_mask *mask);
uint64_t weft_block_mask_trace_count(const struct weft_block_mask *mask);

#endif
