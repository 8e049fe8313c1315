/* block_fixture.h -- for the tests of blocks: random batches into segments, segments into a block,
 * spans in one comparable order. */
#ifndef WEFT_STORE_BLOCK_FIXTURE_H
#define WEFT_STORE_BLOCK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "model/batch_random.h"
#include "model/span_equal.h"
#include "store/block_internal.h"

struct block_fixture {
    char directory[64];
    struct weft_arena arena;
    struct weft_batch all; /* every span that was written */
    uint64_t next_segment, next_block;
    uint32_t crowd_rows; /* as in weft_merge_options */
};

static inline void block_fixture_init(struct block_fixture *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->directory, sizeof f->directory, "/tmp/weft-block-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    weft_arena_init(&f->arena, 1 << 16);
    f->all.arena = &f->arena;
    f->next_segment = f->next_block = 1;
}

static inline void block_fixture_release(struct block_fixture *f)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->directory);
    assert_int_equal(system(command), 0);
    weft_arena_release(&f->arena);
}

/* A sealed segment with these batches, one commit each. */
static inline struct weft_segment *block_fixture_segment(struct block_fixture *f,
                                                         const struct weft_batch *batches,
                                                         uint32_t count)
{
    struct weft_segment_options options = { .directory = f->directory,
                                            .number = f->next_segment++,
                                            .created_unix_ns = 1 };
    struct weft_segment_writer *writer;
    struct weft_err err = { 0 };
    bool must_seal;

    if (weft_segment_writer_create(&writer, &options, &err) < 0) fail_msg("%s", err.text);
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    weft_segment_ref(segment);
    for (uint32_t i = 0; i < count; i++) {
        if (weft_segment_writer_append(writer, &batches[i], &must_seal, &err) < 0)
            fail_msg("%s", err.text);
        struct weft_chunk_build *chunk = weft_segment_writer_take(writer);
        if (weft_chunk_commit(chunk, &err) < 0) fail_msg("%s", err.text);
        weft_segment_writer_give_back(writer, chunk);
    }
    if (weft_segment_writer_seal(writer, &err) < 0) fail_msg("%s", err.text);
    return segment;
}

/* The same from a seed; the spans are remembered in f->all. */
static inline struct weft_segment *block_fixture_random(struct block_fixture *f, uint64_t seed,
                                                        uint32_t batch_count,
                                                        const struct weft_batch_random_knobs *knobs)
{
    struct weft_batch *batches = weft_arena_alloc_array(&f->arena, batch_count, sizeof *batches);
    struct weft_random random;

    weft_random_init(&random, seed);
    for (uint32_t i = 0; i < batch_count; i++) {
        batches[i].arena = &f->arena;
        weft_batch_random(&batches[i], &random, knobs);
        for (uint32_t s = 0; s < batches[i].span_count; s++)
            *weft_batch_add(&f->all) = batches[i].spans[s];
    }
    return block_fixture_segment(f, batches, batch_count);
}

static inline struct weft_block *block_fixture_open(const char *path)
{
    struct weft_block *block;
    struct weft_err err = { 0 };
    if (weft_block_open(&block, path, &err) < 0) fail_msg("%s", err.text);
    return block;
}

static inline void block_fixture_path(const struct block_fixture *f, uint64_t number, char *out,
                                      size_t size)
{
    snprintf(out, size, "%s/block-%016llx.weft", f->directory, (unsigned long long)number);
}

/* Segments (released) and blocks (kept) merged; the new block open. */
static inline struct weft_block *block_fixture_merge(
    struct block_fixture *f, struct weft_segment **segments, uint32_t segment_count,
    struct weft_block **blocks, uint32_t block_count, struct weft_merge_stats *stats)
{
    struct weft_segment_view *views = weft_alloc_array(segment_count + 1, sizeof *views);
    const struct weft_segment_view **pointers =
        weft_alloc_array(segment_count + 1, sizeof *pointers);
    struct weft_merge_input input = { .segments = pointers,
                                      .segment_count = segment_count,
                                      .blocks = blocks,
                                      .block_count = block_count };
    struct weft_merge_options options = { .directory = f->directory,
                                          .number = f->next_block++,
                                          .crowd_rows = f->crowd_rows };
    struct weft_err err = { 0 };
    char path[128];

    for (uint32_t i = 0; i < segment_count; i++) {
        weft_segment_view_init(&views[i], segments[i]);
        pointers[i] = &views[i];
    }
    if (weft_merge(&input, &options, stats, &err) < 0) fail_msg("%s", err.text);
    for (uint32_t i = 0; i < segment_count; i++) {
        weft_segment_view_release(&views[i]);
        weft_segment_unref(segments[i]);
    }
    weft_free(views);
    weft_free(pointers);
    block_fixture_path(f, options.number, path, sizeof path);
    return block_fixture_open(path);
}

/* ---- masks ---- */

/* About one trace in `of` is masked, by its id; 0: none. */
static inline bool fixture_is_masked(const struct weft_trace_id *id, uint32_t of)
{
    return of != 0 && id->bytes[9] % of == 0;
}

static inline void fixture_masked(struct weft_block *block, uint32_t of, struct weft_buf *entries)
{
    struct weft_arena arena;
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 0);
    for (uint32_t r = 0; r < block->info.row_group_count; r++) {
        struct weft_rows rows;
        assert_int_equal(weft_rows_open(&rows, block, r, &arena, &err), 0);
        assert_int_equal(weft_rows_load_traces(&rows, &err), 0);
        for (uint32_t t = 0; t < rows.trace_count; t++) {
            struct weft_trace_id id;
            weft_rows_trace_id(&rows, t, &id);
            struct weft_mask_entry entry = { .block = block->info.number,
                                             .row_group = r,
                                             .trace = t,
                                             .spans =
                                                 (uint32_t)weft_paged_get(&rows.trace_spans, t) };
            if (fixture_is_masked(&id, of)) weft_buf_append(entries, &entry, sizeof entry);
        }
    }
    weft_arena_release(&arena);
}

static inline struct weft_block_mask *fixture_mask(struct weft_block *block, uint32_t of)
{
    struct weft_buf entries = { 0 };

    fixture_masked(block, of, &entries);
    struct weft_block_mask *mask =
        weft_block_mask_create(NULL, block->info.number, (const void *)entries.data,
                               entries.len / sizeof(struct weft_mask_entry));
    weft_buf_release(&entries);
    return mask;
}

/* ---- comparing ---- */

static inline int fixture_compare_attribute(const void *a, const void *b)
{
    const struct weft_attribute *const *px = a, *const *py = b;
    const struct weft_attribute *x = *px, *y = *py;
    int c = weft_str_compare(weft_attribute_key(x), weft_attribute_key(y));
    return c != 0 ? c : (x > y) - (x < y);
}

/* Attributes of a span in canonical order: by key, then as they came. */
static inline void fixture_canonical(struct weft_span *span, struct weft_arena *arena)
{
    uint32_t n = span->attributes.count;
    const struct weft_attribute **order = weft_arena_alloc_array(arena, n, sizeof *order);
    struct weft_attribute *items = weft_arena_alloc_array(arena, n, sizeof *items);

    for (uint32_t i = 0; i < n; i++) order[i] = &span->attributes.items[i];
    qsort(order, n, sizeof *order, fixture_compare_attribute);
    for (uint32_t i = 0; i < n; i++) items[i] = *order[i];
    span->attributes.items = items;
}

static inline int fixture_compare_span(const void *a, const void *b)
{
    const struct weft_span *x = a, *y = b;
    int c = memcmp(&x->trace_id, &y->trace_id, 16);
    if (c == 0) c = memcmp(&x->span_id, &y->span_id, 8);
    if (c == 0)
        c = (x->start_time_unix_nano > y->start_time_unix_nano) -
            (x->start_time_unix_nano < y->start_time_unix_nano);
    return c;
}

static inline void fixture_sort(struct weft_batch *batch)
{
    for (uint32_t i = 0; i < batch->span_count; i++)
        fixture_canonical(&batch->spans[i], batch->arena);
    qsort(batch->spans, batch->span_count, sizeof *batch->spans, fixture_compare_span);
}

/* The spans of `all` whose traces are masked, or those whose traces are not. */
static inline void fixture_part(const struct weft_batch *all, uint32_t of, bool is_masked,
                                struct weft_batch *out)
{
    for (uint32_t i = 0; i < all->span_count; i++)
        if (fixture_is_masked(&all->spans[i].trace_id, of) == is_masked)
            *weft_batch_add(out) = all->spans[i];
}

/* Both hold the same spans; puts them in order. */
static inline void fixture_assert_same(struct weft_batch *a, struct weft_batch *b)
{
    assert_int_equal(a->span_count, b->span_count);
    fixture_sort(a);
    fixture_sort(b);
    for (uint32_t i = 0; i < a->span_count; i++)
        if (!weft_span_equal(&a->spans[i], &b->spans[i])) fail_msg("span %u differs", i);
}

/* Every span of the block, by walking its rows. */
static inline void fixture_read_all(struct weft_block *block, struct weft_batch *out)
{
    struct weft_block_reader reader;
    struct weft_arena scratch;
    struct weft_err err = { 0 };

    if (weft_block_load_tables(block, &err) < 0) fail_msg("%s", err.text);
    weft_arena_init(&scratch, 0);
    weft_block_reader_init(&reader, block);
    for (uint32_t r = 0; r < block->info.row_group_count; r++) {
        struct weft_rows rows;
        if (weft_rows_open(&rows, block, r, &scratch, &err) < 0) fail_msg("%s", err.text);
        struct weft_span *spans = weft_alloc_array(rows.span_count, sizeof *spans);
        if (weft_rows_spans(&rows, 0, rows.span_count, spans, &reader, out->arena, &err) < 0)
            fail_msg("%s", err.text);
        for (uint32_t i = 0; i < rows.span_count; i++) *weft_batch_add(out) = spans[i];
        weft_free(spans);
        weft_arena_reset(&scratch);
    }
    weft_block_reader_release(&reader);
    weft_arena_release(&scratch);
}

#endif
