/* block_filter.h -- predicates over a block's columns: which rows of a group hold, as a bitmap.
 *
 * The meaning is that of model/predicate.h: wherever a column's numbers cannot answer by comparing,
 * the value itself is put to weft_predicate_holds_value() or weft_predicate_holds_span().
 */
#ifndef WEFT_STORE_BLOCK_FILTER_H
#define WEFT_STORE_BLOCK_FILTER_H
#include "store/block_internal.h"

/* A predicate made ready for a block: names and values are looked up once. */
struct weft_filter {
    const struct weft_predicate *predicate;
    uint32_t key; /* of the block, or WEFT_NO_NAME */
    bool
        has_range; /* strings: holds for numbers low .. high - 1, or for all others when `is_outside` */
    bool is_outside;
    uint32_t low, high;
    bool has_wide_range; /* ints: the same, low .. high inclusive */
    int64_t wide_low, wide_high;
    uint8_t *by_string; /* of a match: answers by number, 0 not asked, 1 no, 2 yes; or NULL */
    uint8_t *by_head;   /* what head, resource and scope say: 0, 1; 2: the name is spelt out */
};
bool weft_filter_is_head(const struct weft_filter *f); /* by_head decides */
bool weft_filter_is_row(const struct weft_filter *f);  /* status, root, trace id: asked per row */
int weft_filter_init(struct weft_filter *f, struct weft_block *block,
                     const struct weft_predicate *predicate, struct weft_block_reader *reader,
                     struct weft_arena *arena, struct weft_err *err);
/* The row group's directory says that no row of it can hold (block_filter_absent.c). It is loaded. */
bool weft_filter_is_absent(const struct weft_filter *f, struct weft_rows *rows);
bool weft_filter_may_be_absent(const struct weft_filter *f); /* is it worth asking? */
/* Clear the bits of rows of group `g` that do not hold. */
int weft_filter_group(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                      struct weft_block_reader *reader, uint64_t *selected, struct weft_err *err);

#endif
