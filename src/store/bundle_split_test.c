/* bundle_split_test.c -- spans of random traces dealt out to blocks, bundled, bundled again with late spans, merged: every
 * span is found once, and what was split is together. The judge is a plain array. */
#include "base/hash.h"
#include "base/map.h"
#include "store/block_fixture.h"
#include "store/bundle_internal.h"

/* What a set of the store would hold: blocks, with the masks that follow from all their sections MASKS. */
struct world {
    struct block_fixture f; /* f.all: what must be found, each span once */
    struct weft_block *blocks[32];
    struct weft_block_mask *masks[32];
    uint32_t count;
    uint64_t next_bundle;
};

static void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    block_fixture_init(&w->f);
    w->next_bundle = 1000;
}

static void masks_drop(struct world *w)
{
    for (uint32_t i = 0; i < w->count; i++) {
        weft_block_mask_unref(w->masks[i]);
        w->masks[i] = NULL;
    }
}

static void world_release(struct world *w)
{
    masks_drop(w);
    for (uint32_t i = 0; i < w->count; i++) weft_block_unref(w->blocks[i]);
    block_fixture_release(&w->f);
}

static void masks_gather(struct world *w)
{
    struct weft_buf entries = { 0 };

    masks_drop(w);
    for (uint32_t i = 0; i < w->count; i++)
        assert_int_equal(weft_block_masked(w->blocks[i], &entries, NULL), 0);
    for (uint32_t i = 0; i < w->count; i++)
        w->masks[i] =
            weft_block_mask_create(NULL, w->blocks[i]->info.number, (const void *)entries.data,
                                   entries.len / sizeof(struct weft_mask_entry));
    weft_buf_release(&entries);
}

static void world_add(struct world *w, const struct weft_batch *spans)
{
    struct weft_merge_stats stats;
    struct weft_segment *segment = block_fixture_segment(&w->f, spans, 1);
    w->blocks[w->count++] = block_fixture_merge(&w->f, &segment, 1, NULL, 0, &stats);
}

/* Blocks from .. to - 1 become a bundle, the others stay beside it. */
static void world_bundle(struct world *w, uint32_t from, uint32_t to,
                         struct weft_bundle_stats *stats)
{
    struct weft_bundle_part members[32], others[32];
    struct weft_bundle_input input = { .members = members, .others = others };
    struct weft_bundle_options options = { .directory = w->f.directory,
                                           .number = w->next_bundle++,
                                           .patch_number = w->f.next_block++ };
    struct weft_bundle_info info;
    struct weft_bundle *bundle;
    struct weft_err err = { 0 };
    char path[128];

    masks_gather(w);
    for (uint32_t i = 0; i < w->count; i++) {
        struct weft_bundle_part part = { w->blocks[i], w->masks[i] };
        if (i >= from && i < to)
            members[input.member_count++] = part;
        else
            others[input.other_count++] = part;
    }
    if (weft_bundle_write(&input, &options, stats, &err) < 0) fail_msg("%s", err.text);
    snprintf(path, sizeof path, "%s/bundle-%016llx.weft", w->f.directory,
             (unsigned long long)options.number);
    if (weft_bundle_open(&bundle, path, &err) < 0) fail_msg("%s", err.text);
    weft_bundle_info(bundle, &info);
    assert_int_equal(info.member_count, to - from + (stats->split_traces > 0));
    assert_int_equal(info.member_count, stats->members);
    for (uint32_t i = 0; i < info.member_count; i++) {
        struct weft_block **place = i < to - from ? &w->blocks[from + i] : &w->blocks[w->count++];
        weft_block_unref(*place);
        if (weft_bundle_block(bundle, i, place, &err) < 0) fail_msg("%s", err.text);
        if (weft_block_check(*place, NULL, NULL, &err) < 0) fail_msg("%s", err.text);
    }
    weft_bundle_unref(bundle);
    masks_gather(w);
}

/* ---- judging ---- */

static void read_unmasked(struct weft_block *block, const struct weft_block_mask *mask,
                          struct weft_batch *out, struct weft_map *traces)
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
        if (weft_rows_load_traces(&rows, &err) < 0) fail_msg("%s", err.text);
        for (uint32_t t = 0; t < rows.trace_count; t++) {
            uint32_t n = (uint32_t)weft_paged_get(&rows.trace_spans, t);
            struct weft_trace_id id;
            if (weft_block_mask_has(mask, r, t)) continue;
            weft_rows_trace_id(&rows, t, &id);
            uint64_t *blocks = weft_map_put(traces, weft_str_make((const char *)id.bytes, 16),
                                            block->info.number, NULL);
            if (*blocks != block->info.number) *blocks = UINT64_MAX; /* in several */
            struct weft_span *spans = weft_arena_alloc(&scratch, n * sizeof *spans);
            if (weft_rows_spans(&rows, weft_rows_trace_first(&rows, t), n, spans, &reader,
                                out->arena, &err) < 0)
                fail_msg("%s", err.text);
            for (uint32_t i = 0; i < n; i++) *weft_batch_add(out) = spans[i];
        }
        weft_arena_reset(&scratch);
    }
    weft_block_reader_release(&reader);
    weft_arena_release(&scratch);
}

/* Every span once; with `is_joined` no trace is in two blocks. */
static void world_check(struct world *w, bool is_joined)
{
    struct weft_batch got = { .arena = &w->f.arena };
    const struct weft_map_slot *slot;
    struct weft_map traces = { 0 };
    uint32_t split = 0;
    size_t at = 0;

    for (uint32_t i = 0; i < w->count; i++) read_unmasked(w->blocks[i], w->masks[i], &got, &traces);
    fixture_assert_same(&w->f.all, &got);
    while ((slot = weft_map_next(&traces, &at)) != NULL) split += slot->value == UINT64_MAX;
    if (is_joined) assert_int_equal(split, 0);
    weft_map_release(&traces);
    for (uint32_t i = 0; i < w->f.all.span_count; i += 7) {
        struct weft_batch found = { .arena = &w->f.arena };
        const struct weft_trace_id *id = &w->f.all.spans[i].trace_id;
        uint32_t expected = 0;
        for (uint32_t b = 0; b < w->count; b++)
            assert_int_equal(weft_block_trace(w->blocks[b], w->masks[b], id, &found, NULL), 0);
        for (uint32_t s = 0; s < w->f.all.span_count; s++)
            expected += memcmp(&w->f.all.spans[s].trace_id, id, 16) == 0;
        assert_int_equal(found.span_count, expected);
    }
}

/* ---- random worlds ---- */

/* Spans of random traces for `count` blocks: most of a trace comes to one of them, one span in five to any, one in fifty
 * to two (sent twice). */
static void deal(struct world *w, struct weft_random *random,
                 const struct weft_batch_random_knobs *knobs, uint32_t batches, uint32_t count)
{
    struct weft_batch dealt[8] = { 0 };

    for (uint32_t i = 0; i < count; i++) dealt[i].arena = &w->f.arena;
    for (uint32_t b = 0; b < batches; b++) {
        struct weft_batch batch = { .arena = &w->f.arena };
        weft_batch_random(&batch, random, knobs);
        for (uint32_t i = 0; i < batch.span_count; i++) {
            const struct weft_span *span = &batch.spans[i];
            uint32_t home = span->trace_id.bytes[3] % count;
            if (weft_random_below(random, 5) == 0)
                home = (uint32_t)weft_random_below(random, count);
            *weft_batch_add(&w->f.all) = *span;
            *weft_batch_add(&dealt[home]) = *span;
            if (weft_random_below(random, 50) == 0)
                *weft_batch_add(&dealt[(home + 1) % count]) = *span;
        }
    }
    for (uint32_t i = 0; i < count; i++) world_add(w, &dealt[i]);
}

/* More spans for traces that are there already, some of which a patch has. */
static void deal_late(struct world *w, struct weft_random *random, uint32_t count)
{
    struct weft_batch late = { .arena = &w->f.arena };
    uint32_t known = w->f.all.span_count;

    for (uint32_t i = 0; i < count; i++) {
        struct weft_span span = w->f.all.spans[weft_random_below(random, known)];
        weft_random_bytes(random, &span.span_id, 8);
        *weft_batch_add(&w->f.all) = span;
        *weft_batch_add(&late) = span;
    }
    world_add(w, &late);
}

static void run(uint64_t seed, const struct weft_batch_random_knobs *knobs)
{
    struct weft_bundle_stats stats;
    struct weft_random random;
    struct world w;

    world_init(&w);
    weft_random_init(&random, seed);
    deal(&w, &random, knobs, 12, 5);
    /* Three blocks become a bundle; two stay beside it and give what they have of its traces. */
    world_bundle(&w, 0, 3, &stats);
    assert_true(stats.split_traces > 0 && stats.patch_spans > stats.split_traces);
    assert_true(stats.exact_duplicates > 0);
    assert_int_equal(stats.conflicting_duplicates, 0);
    world_bundle(&w, 3, 5, &stats);
    world_check(&w, true);
    /* Late spans, also for traces of patches; then everything in one. */
    deal_late(&w, &random, 100);
    world_bundle(&w, w.count - 1, w.count, &stats);
    assert_true(stats.split_traces > 0);
    world_check(&w, true);
    deal_late(&w, &random, 50);
    world_bundle(&w, 0, w.count, &stats);
    assert_true(stats.split_traces > 0);
    world_check(&w, true);
    world_bundle(&w, 0, w.count, &stats);
    assert_int_equal(stats.split_traces, 0);
    assert_int_equal(stats.bytes > stats.copied_bytes, true);
    world_check(&w, true);
    /* A true merge of all of it masks nothing any more. */
    struct weft_merge_input input = { .blocks = w.blocks,
                                      .masks = (const struct weft_block_mask *const *)w.masks,
                                      .block_count = w.count };
    struct weft_merge_options options = { .directory = w.f.directory, .number = 900 };
    struct weft_merge_stats merged;
    struct weft_err err = { 0 };
    char path[128];
    if (weft_merge(&input, &options, &merged, &err) < 0) fail_msg("%s", err.text);
    assert_int_equal(merged.spans_out, w.f.all.span_count);
    assert_int_equal(merged.exact_duplicates, 0);
    masks_drop(&w);
    for (uint32_t i = 0; i < w.count; i++) weft_block_unref(w.blocks[i]);
    block_fixture_path(&w.f, 900, path, sizeof path);
    w.blocks[0] = block_fixture_open(path);
    w.count = 1;
    world_check(&w, true);
    world_release(&w);
}

static void every_span_is_there_once(void **state)
{
    static const struct weft_batch_random_knobs plain = { 0 }, odd = { .has_odd_values = true,
                                                                       .has_nested_values = true,
                                                                       .has_unicode = true,
                                                                       .has_odd_times = true,
                                                                       .has_events_and_links = true,
                                                                       .has_all_fields = true };
    for (uint64_t seed = 1; seed <= 3; seed++) run(seed, &plain);
    for (uint64_t seed = 4; seed <= 8; seed++) run(seed, &odd);
}

/* ---- chosen worlds ---- */

static struct weft_scope *scope_make(struct world *w)
{
    struct weft_resource *resource = weft_arena_alloc_zero(&w->f.arena, sizeof *resource);
    struct weft_scope *scope = weft_arena_alloc_zero(&w->f.arena, sizeof *scope);
    scope->resource = resource;
    return scope;
}

static void span_add(struct world *w, struct weft_batch *to, const struct weft_scope *scope,
                     uint64_t trace, uint64_t number, uint64_t start)
{
    struct weft_span span = { .scope = scope,
                              .name = WEFT_S("work"),
                              .start_time_unix_nano = start,
                              .end_time_unix_nano = start + 1 };
    weft_store_u64_be(span.trace_id.bytes, weft_hash_u64(trace));
    weft_store_u64_be(span.span_id.bytes, number + 1);
    *weft_batch_add(to) = span;
    *weft_batch_add(&w->f.all) = span;
}

/* Values that are blobs of their block lie inside a member, and go with their span into a patch. */
static void long_values_go_along(void **state)
{
    enum { LONG = 40000 };
    struct weft_bundle_stats stats;
    struct world w;
    char *text;

    world_init(&w);
    const struct weft_scope *scope = scope_make(&w);
    struct weft_batch spans[2] = { { .arena = &w.f.arena }, { .arena = &w.f.arena } };
    for (uint32_t i = 0; i < 40; i++) {
        struct weft_batch *to = &spans[i % 2];
        span_add(&w, to, scope, i / 2, i, 1000000 + i);
        text = weft_arena_alloc(&w.f.arena, LONG);
        memset(text, 'a', LONG);
        text[i % 5 * 1000] = 'b'; /* five contents */
        struct weft_attribute *a = weft_arena_alloc(&w.f.arena, sizeof *a);
        *a = weft_attribute_text(WEFT_S("body"), weft_str_make(text, LONG));
        to->spans[to->span_count - 1].attributes =
            (struct weft_attributes){ .items = a, .count = 1 };
        w.f.all.spans[w.f.all.span_count - 1] = to->spans[to->span_count - 1];
    }
    for (uint32_t i = 0; i < 2; i++) world_add(&w, &spans[i]);
    world_bundle(&w, 0, 2, &stats);
    assert_int_equal(stats.split_traces, 20);
    world_check(&w, true);
    assert_int_equal(weft_block_load_tables(w.blocks[2], NULL), 0);
    assert_int_equal(w.blocks[2]->blob_count, 5);
    world_release(&w);
}

/* A trace with more spans than a row group holds stands in several row groups of its block. */
static void a_trace_that_is_cut_is_patched(void **state)
{
    enum { LARGE = 70000 };
    struct weft_bundle_stats stats;
    struct world w;

    world_init(&w);
    const struct weft_scope *scope = scope_make(&w);
    struct weft_batch spans[2] = { { .arena = &w.f.arena }, { .arena = &w.f.arena } };
    for (uint32_t i = 0; i < LARGE; i++) span_add(&w, &spans[0], scope, 5, i, 1000000 + i);
    for (uint32_t i = 0; i < 300; i++) span_add(&w, &spans[0], scope, 100 + i, 1, 1000000);
    for (uint32_t i = 0; i < 20; i++) span_add(&w, &spans[1], scope, 5, LARGE + i, 1000000 + i);
    for (uint32_t i = 0; i < 300; i++) span_add(&w, &spans[1], scope, 500 + i, 1, 1000000);
    for (uint32_t i = 0; i < 2; i++) world_add(&w, &spans[i]);
    assert_true(w.blocks[0]->info.row_group_count > 1);
    world_bundle(&w, 0, 2, &stats);
    assert_int_equal(stats.split_traces, 1);
    assert_int_equal(stats.patch_spans, LARGE + 20);
    assert_true(w.blocks[2]->info.masked_count >= 3);
    world_bundle(&w, 0, 3, &stats);
    assert_int_equal(stats.split_traces, 0);
    struct weft_batch got = { .arena = &w.f.arena };
    struct weft_map traces = { 0 };
    for (uint32_t i = 0; i < w.count; i++) read_unmasked(w.blocks[i], w.masks[i], &got, &traces);
    fixture_assert_same(&w.f.all, &got);
    weft_map_release(&traces);
    world_release(&w);
}

/* Blocks elsewhere are asked for traces that start in their times, or ten minutes beside them, and for no others. */
static void only_near_blocks_are_asked(void **state)
{
    static const uint64_t minute = UINT64_C(60000000000), day = UINT64_C(86400000000000);
    struct weft_bundle_stats stats;
    struct world w;

    world_init(&w);
    const struct weft_scope *scope = scope_make(&w);
    struct weft_batch now = { .arena = &w.f.arena }, old = { .arena = &w.f.arena };
    for (uint32_t i = 0; i < 10; i++) {
        span_add(&w, &old, scope, i, 1, 10 * day + i * minute);
        /* 0: long after; 1: in its times; 2: nine minutes behind them; 3: eleven */
        uint64_t start = i == 0   ? 15 * day
                         : i == 1 ? 10 * day + minute
                         : i == 2 ? 10 * day + 18 * minute
                         : i == 3 ? 10 * day + 20 * minute
                                  : 0;
        if (start != 0) span_add(&w, &now, scope, i, 2, start);
    }
    world_add(&w, &now);
    world_add(&w, &old);
    world_bundle(&w, 0, 1, &stats);
    assert_int_equal(stats.split_traces, 2);
    assert_int_equal(stats.patch_spans, 4);
    world_check(&w, false);
    world_release(&w);
}

/* Ids that count up, blocks of very different sizes, and the same traces in all of them. */
static void ids_in_any_pattern_are_matched(void **state)
{
    struct weft_bundle_stats stats;
    struct world w;

    for (uint32_t pattern = 0; pattern < 3; pattern++) {
        world_init(&w);
        const struct weft_scope *scope = scope_make(&w);
        static const uint32_t counts[] = { 20000, 3, 700, 20000 };
        for (uint32_t b = 0; b < 4; b++) {
            struct weft_batch spans = { .arena = &w.f.arena };
            for (uint32_t i = 0; i < counts[b]; i++) {
                uint64_t trace = pattern == 0 ? i : pattern == 1 ? b * 100000 + i : i * (b + 1);
                span_add(&w, &spans, scope, trace, b, 1000000);
                struct weft_span *span = &spans.spans[spans.span_count - 1];
                if (pattern < 2) { /* in the last bytes */
                    memset(&span->trace_id, 7, 16);
                    weft_store_u64_be(span->trace_id.bytes + 8, trace);
                    w.f.all.spans[w.f.all.span_count - 1].trace_id = span->trace_id;
                }
            }
            world_add(&w, &spans);
        }
        world_bundle(&w, 0, 4, &stats);
        if (pattern == 0) assert_int_equal(stats.split_traces, 20000);
        if (pattern == 1) assert_int_equal(stats.split_traces, 0);
        struct weft_batch got = { .arena = &w.f.arena };
        struct weft_map traces = { 0 };
        const struct weft_map_slot *slot;
        size_t at = 0;
        for (uint32_t i = 0; i < w.count; i++)
            read_unmasked(w.blocks[i], w.masks[i], &got, &traces);
        fixture_assert_same(&w.f.all, &got);
        while ((slot = weft_map_next(&traces, &at)) != NULL) assert_true(slot->value != UINT64_MAX);
        weft_map_release(&traces);
        world_release(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_span_is_there_once),
        cmocka_unit_test(long_values_go_along),
        cmocka_unit_test(a_trace_that_is_cut_is_patched),
        cmocka_unit_test(only_near_blocks_are_asked),
        cmocka_unit_test(ids_in_any_pattern_are_matched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
