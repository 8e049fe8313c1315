/* segment_attributes.c -- the attributes of a segment's rows: keys by shape, values and what is spelt out
 * row by row. */
#include "base/alloc.h"
#include "store/part_attributes.h"
#include "store/segment_internal.h"

struct asking {
    const struct weft_segment_view *view;
    const struct weft_attribute_walk *walk;
    struct weft_arena arena;               /* of a row */
    uint64_t *resources, *scopes, *shapes; /* spans that have them */
};

static void span_walk(struct asking *a, const struct weft_chunk_view *chunk, uint32_t row)
{
    struct weft_span span;

    weft_row_read(a->view, chunk, row, &span, &a->arena);
    weft_attributes_walk(a->walk, WEFT_SCOPE_SPAN, span.attributes, 1);
    weft_carriers_walk(a->walk, &span);
    weft_arena_reset(&a->arena);
}

/* Is there something that the shape does not say? */
static bool must_read(const struct asking *a, const uint8_t *record)
{
    uint32_t flags = weft_record_flags(record);
    bool has_carriers =
        ((flags & WEFT_ROW_EVENTS) != 0 && weft_attribute_walk_wants(a->walk, WEFT_SCOPE_EVENT)) ||
        ((flags & WEFT_ROW_LINKS) != 0 && weft_attribute_walk_wants(a->walk, WEFT_SCOPE_LINK));

    if (a->walk->add_key == NULL) return has_carriers || a->walk->scope == WEFT_SCOPE_SPAN;
    return has_carriers || (weft_record_shape(record) & WEFT_SHAPE_INLINE) != 0;
}

static void chunk_walk(struct asking *a, uint32_t number)
{
    struct weft_chunk_view chunk;

    weft_segment_chunk(a->view, number, &chunk);
    for (uint32_t row = 0; row < chunk.span_count; row++) {
        const uint8_t *record = chunk.records + (size_t)row * WEFT_RECORD_BYTES;
        struct weft_head_view head = weft_segment_head(a->view, weft_record_head(record));
        a->resources[head.resource]++;
        a->scopes[head.scope]++;
        if (must_read(a, record))
            span_walk(a, &chunk, row);
        else if ((weft_record_shape(record) & WEFT_SHAPE_INLINE) == 0)
            a->shapes[weft_record_shape(record)]++;
    }
}

static void shapes_walk(struct asking *a)
{
    const struct weft_segment_view *view = a->view;

    for (uint32_t i = 0; i < view->shape_count; i++) {
        struct weft_shape_view shape = weft_segment_shape(view, i);
        for (uint32_t k = 0; a->shapes[i] > 0 && k < shape.count; k++)
            a->walk->add_key(a->walk->arg, WEFT_SCOPE_SPAN,
                             weft_segment_key(view, shape.keys[k] >> 4), a->shapes[i]);
    }
}

void weft_segment_attributes(const struct weft_segment_view *view,
                             const struct weft_attribute_walk *walk)
{
    struct asking a = { .view = view, .walk = walk };
    struct weft_arena counts;

    weft_arena_init(&counts, 0);
    weft_arena_init(&a.arena, 0);
    a.resources = weft_arena_alloc_array(&counts, view->resource_count + 1, 8);
    a.scopes = weft_arena_alloc_array(&counts, view->scope_count + 1, 8);
    a.shapes = weft_arena_alloc_array(&counts, view->shape_count + 1, 8);
    for (uint32_t c = 0; c < view->chunk_count; c++) chunk_walk(&a, c);
    for (uint32_t i = 0; i < view->resource_count; i++)
        weft_attributes_walk(walk, WEFT_SCOPE_RESOURCE, weft_segment_resource(view, i)->attributes,
                             a.resources[i]);
    for (uint32_t i = 0; i < view->scope_count; i++)
        weft_attributes_walk(walk, WEFT_SCOPE_INSTRUMENTATION,
                             weft_segment_scope(view, i)->attributes, a.scopes[i]);
    if (walk->add_key != NULL) shapes_walk(&a);
    weft_arena_release(&a.arena);
    weft_arena_release(&counts);
}
