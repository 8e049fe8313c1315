/* block_cursor.h -- rows being unfolded into words: what block_cursor.c and block_cursor_events.c share. */
#ifndef WEFT_STORE_BLOCK_CURSOR_H
#define WEFT_STORE_BLOCK_CURSOR_H
#include "store/block_internal.h"

struct weft_block_cursor {
    struct weft_block *block;
    const struct weft_block_mask *mask, *only;
    struct weft_block_use *use; /* NULL: nobody asks */
    struct weft_block_reader reader;
    struct weft_arena scratch; /* of the open row group */
    struct weft_arena span;    /* of one row */
    struct weft_rows rows;
    bool is_open;
    uint32_t number, trace, row; /* row group; first trace and row not given yet */
    const uint32_t *listed;      /* traces of the row group in `only`, or else in `mask` */
    uint32_t listed_count;
    uint16_t *group_of, *index_of; /* by row of the row group; NULL: asked for trace by trace */
    struct weft_paged_view status, trace_start;
    struct weft_paged_view *
        *columns;           /* by group, made at its first row: heads, starts, durations */
    struct weft_buf places; /* where each attribute's words of the row at hand start, in bytes */
    struct weft_buf records, words, heap;
};

static inline void weft_use_mark(uint64_t *bits, uint32_t number)
{
    bits[number / 64] |= UINT64_C(1) << (number % 64);
}
static inline void weft_block_use_head(struct weft_block_use *use, const struct weft_block *block,
                                       uint32_t head)
{
    uint32_t name = weft_block_head(block, head).name;
    weft_use_mark(use->heads, head);
    if (name != WEFT_NO_NAME) weft_use_mark(use->strings, name);
}

static inline void weft_cursor_word(struct weft_block_cursor *c, uint32_t w)
{
    weft_buf_append(&c->words, &w, 4);
}
static inline void weft_cursor_wide(struct weft_block_cursor *c, uint64_t w)
{
    weft_buf_append(&c->words, &w, 8);
}
static inline void weft_cursor_spelt(struct weft_block_cursor *c, struct weft_str s)
{
    uint32_t len = (uint32_t)s.len;

    weft_cursor_word(c, WEFT_WORD_HEAP | (uint32_t)c->heap.len);
    weft_buf_append(&c->heap, &len, 4);
    weft_buf_append_str(&c->heap, s);
    weft_buf_append_zero(&c->heap, -c->heap.len & 3);
}
/* Numbers are below the count of their table, or a blob's: the caller has looked. */
static inline void weft_cursor_string(struct weft_block_cursor *c, uint32_t number)
{
    if (c->use != NULL && number < c->block->strings.count) weft_use_mark(c->use->strings, number);
    weft_cursor_word(c, number);
}
static inline void weft_cursor_key(struct weft_block_cursor *c, uint32_t number, uint32_t type)
{
    if (c->use != NULL) weft_use_mark(c->use->keys, number);
    weft_cursor_word(c, number << 4 | type);
}
static inline void weft_cursor_string_word(struct weft_block_cursor *c,
                                           const struct weft_run_value *v)
{
    if (v->is_spelt)
        weft_cursor_spelt(c, v->bytes);
    else
        weft_cursor_string(c, v->number);
}

/* Events and links of a row, from the bytes of its run. */
int weft_cursor_events(struct weft_block_cursor *c, uint64_t start, struct weft_str bytes,
                       struct weft_err *err);
int weft_cursor_links(struct weft_block_cursor *c, struct weft_str bytes, struct weft_err *err);

#endif
