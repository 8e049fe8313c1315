/* store_without_blocks.c -- until block.c and merge.c are in the tree: the store works on segments alone, and says so when it
 * is asked for a block. Weak, so the real functions win; to be removed with the first commit of blocks. */
#include "store/block.h"

#define UNTIL_THEN __attribute__((weak))
#define REFUSE(err) weft_fail(err, WEFT_UNSUPPORTED, "this build has no blocks yet: segments stay as they are")

UNTIL_THEN int weft_merge(const struct weft_merge_input *input, const struct weft_merge_options *options,
                          struct weft_merge_stats *stats, struct weft_err *err)
{
    return REFUSE(err);
}

UNTIL_THEN int weft_block_open(struct weft_block **out, const char *path, struct weft_err *err)
{
    return REFUSE(err);
}

UNTIL_THEN void weft_block_unref(struct weft_block *block) {}

UNTIL_THEN void weft_block_info(const struct weft_block *block, struct weft_block_info *out)
{
    *out = (struct weft_block_info){ 0 };
}

UNTIL_THEN int weft_block_trace(struct weft_block *block, const struct weft_trace_id *id, struct weft_batch *out,
                                struct weft_err *err)
{
    return REFUSE(err);
}

UNTIL_THEN int weft_block_search(struct weft_block *block, const struct weft_search *search, uint64_t tag_base,
                                 struct weft_top *top, struct weft_search_result *stats, struct weft_err *err)
{
    return REFUSE(err);
}

UNTIL_THEN int weft_block_hit(struct weft_block *block, uint64_t row_tag, struct weft_hit *out, struct weft_arena *arena,
                              struct weft_err *err)
{
    return REFUSE(err);
}

UNTIL_THEN int weft_block_operations(struct weft_block *block,
                                     void (*add)(void *arg, struct weft_str service, struct weft_str name, uint8_t kind,
                                                 uint64_t spans, uint64_t errors),
                                     void *arg, struct weft_err *err)
{
    return REFUSE(err);
}

UNTIL_THEN int weft_block_check(struct weft_block *block, void (*report)(void *arg, const char *sentence), void *arg,
                                struct weft_err *err)
{
    return REFUSE(err);
}

UNTIL_THEN int weft_block_sizes(struct weft_block *block, struct weft_block_size *out, uint32_t capacity, uint32_t *count)
{
    return REFUSE(NULL);
}

UNTIL_THEN int weft_block_dump(struct weft_block *block, struct weft_buf *out, struct weft_err *err)
{
    return REFUSE(err);
}
