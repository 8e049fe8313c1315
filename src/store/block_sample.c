/* block_sample.c -- what a merge asks of a block before it reads all its rows: which ids there are, and of a few traces which
 * table entries they need. */
#include "base/alloc.h"
#include "store/block_cursor.h"

int weft_block_sample(struct weft_block *block, const struct weft_block_mask *mask, uint32_t step,
                      struct weft_buf *samples, struct weft_err *err)
{
    struct weft_arena arena;
    int rc = WEFT_OK;

    weft_arena_init(&arena, 0);
    for (uint32_t r = 0; r < block->info.row_group_count && rc == WEFT_OK; r++) {
        struct weft_rows rows;
        if ((rc = weft_rows_open(&rows, block, r, &arena, err)) < 0 ||
            (rc = weft_rows_load_traces(&rows, err)) < 0)
            break;
        uint32_t wanted = rows.span_count / step + 1;
        for (uint32_t i = 0; i < wanted; i++) {
            uint32_t trace = (uint32_t)((uint64_t)i * rows.trace_count / wanted);
            if (weft_block_mask_has(mask, r, trace)) continue;
            uint64_t prefix = weft_paged_get(&rows.prefix, trace) >> 24;
            weft_buf_append(samples, &prefix, 8);
        }
        weft_arena_reset(&arena);
    }
    weft_arena_release(&arena);
    return rc;
}

int weft_block_use_find(struct weft_block_use *use, struct weft_block *block,
                        const struct weft_block_mask *only, uint32_t step, struct weft_err *err)
{
    struct weft_block_cursor *cursor = weft_block_cursor_create(block, NULL, only);
    struct weft_chunk_view none;

    use->strings = weft_alloc_array(block->strings.count / 64 + 1, 8);
    use->keys = weft_alloc_array(block->keys.count / 64 + 1, 8);
    use->heads = weft_alloc_array(block->head_count / 64 + 1, 8);
    use->step = step;
    cursor->use = use;
    int rc = weft_block_cursor_range(cursor, UINT64_C(1) << 40, &none, err);
    weft_block_cursor_destroy(cursor);
    return rc;
}

void weft_block_use_release(struct weft_block_use *use)
{
    weft_free(use->strings);
    weft_free(use->keys);
    weft_free(use->heads);
    weft_buf_release(&use->samples);
}
