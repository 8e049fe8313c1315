/* segment_wanted.c -- which of some keys the selected rows of a segment have (segment_vectors.h): by shape and head, each looked at once,
 * and row by row where keys are spelt out, or events and links are wanted.
 */
#include "model/wanted_keys.h"
#include "store/block_vectors.h"
#include "store/segment_internal.h"
#include "store/segment_select.h"

struct looking {
    const struct weft_segment_view *view;
    const struct weft_span_scan *scan;
    struct weft_segment_select *select;
    uint64_t *shapes, *heads; /* a bit for each that was looked at */
    struct weft_arena row;
};

static bool is_new(uint64_t *bits, uint32_t i)
{
    uint64_t bit = UINT64_C(1) << i % 64;
    bool was_there = (bits[i / 64] & bit) != 0;

    bits[i / 64] |= bit;
    return !was_there;
}

static void head_look(struct looking *l, uint32_t head)
{
    const struct weft_scope *scope =
        weft_segment_tables_head(&l->view->segment->tables, head)->scope;

    if (!is_new(l->heads, head)) return;
    weft_wanted_find_all(l->scan->wanted, WEFT_SCOPE_RESOURCE, scope->resource->attributes);
    weft_wanted_find_all(l->scan->wanted, WEFT_SCOPE_INSTRUMENTATION, scope->attributes);
}

static void shape_look(struct looking *l, uint32_t number)
{
    if (!is_new(l->shapes, number)) return;
    struct weft_shape_view shape = weft_segment_shape(l->view, number);
    for (uint32_t k = 0; k < shape.count; k++)
        weft_wanted_find(l->scan->wanted, WEFT_SCOPE_SPAN,
                         weft_segment_key(l->view, shape.keys[k] >> 4));
}

static void row_look(struct looking *l, const struct weft_chunk_view *chunk, uint32_t row)
{
    const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
    struct weft_wanted_keys *wanted = l->scan->wanted;
    uint32_t flags = weft_record_flags(record), shape = weft_record_shape(record);
    bool is_inline = (shape & WEFT_SHAPE_INLINE) != 0;
    struct weft_span span;

    head_look(l, weft_record_head(record));
    if (!is_inline) shape_look(l, shape);
    if (!is_inline &&
        !((flags & WEFT_ROW_EVENTS) != 0 && weft_wanted_any(wanted, WEFT_SCOPE_EVENT)) &&
        !((flags & WEFT_ROW_LINKS) != 0 && weft_wanted_any(wanted, WEFT_SCOPE_LINK)))
        return;
    weft_row_read(l->view, chunk, row, &span, &l->row);
    weft_wanted_find_all(wanted, WEFT_SCOPE_SPAN, span.attributes);
    weft_wanted_find_carriers(wanted, &span);
    weft_arena_reset(&l->row);
}

static bool is_in_range(const struct weft_span_scan *scan, const uint8_t *record)
{
    uint64_t start = weft_record_start(record);
    return start >= scan->from_ns && (scan->to_ns == 0 || start < scan->to_ns);
}

static int chunk_look(struct looking *l, uint32_t number, struct weft_err *err)
{
    struct weft_chunk_view chunk;
    int rc = weft_vectors_check_time(l->scan, err);

    if (rc < 0) return rc;
    weft_segment_chunk(l->view, number, &chunk);
    for (uint32_t row = 0; row < chunk.span_count && l->scan->wanted->left > 0; row++)
        if (is_in_range(l->scan, chunk.records + (size_t)row * WEFT_RECORD_BYTES) &&
            weft_segment_select_holds(l->select, &chunk, row))
            row_look(l, &chunk, row);
    return WEFT_OK;
}

int weft_segment_wanted_look(const struct weft_segment_view *view,
                             const struct weft_span_scan *scan, struct weft_err *err)
{
    struct looking l = { .view = view, .scan = scan };
    struct weft_arena arena;
    int rc = WEFT_OK;

    weft_arena_init(&arena, 0);
    weft_arena_init(&l.row, 0);
    l.shapes = weft_arena_alloc_array(&arena, view->shape_count / 64 + 1, sizeof *l.shapes);
    l.heads = weft_arena_alloc_array(&arena, view->head_count / 64 + 1, sizeof *l.heads);
    l.select = weft_segment_select_init(view, scan->selection, &arena);
    for (uint32_t c = 0; l.select != NULL && c < view->chunk_count && rc == WEFT_OK; c++)
        rc = chunk_look(&l, c, err);
    weft_segment_select_release(l.select);
    weft_arena_release(&l.row);
    weft_arena_release(&arena);
    return rc;
}
