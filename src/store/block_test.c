/* block_test.c -- batches into segments into blocks and back: every span identical, traces,
 * duplicates, merges of merges. */
#include "store/block_fixture.h"

static const struct weft_batch_random_knobs *everything(void)
{
    static const struct weft_batch_random_knobs knobs = { .has_odd_values = true,
                                                          .has_nested_values = true,
                                                          .has_unicode = true,
                                                          .has_odd_times = true,
                                                          .has_events_and_links = true,
                                                          .has_all_fields = true };
    return &knobs;
}

static void assert_same(struct weft_batch *expected, struct weft_batch *got)
{
    char text[512];

    fixture_sort(expected);
    fixture_sort(got);
    assert_int_equal(expected->span_count, got->span_count);
    for (uint32_t i = 0; i < got->span_count; i++)
        if (!weft_span_difference(&expected->spans[i], &got->spans[i], text, sizeof text))
            fail_msg("span %u of %u: %s", i, got->span_count, text);
}

static void assert_holds_all(struct block_fixture *f, struct weft_block *block)
{
    struct weft_arena arena;
    struct weft_batch got = { .arena = &arena };
    struct weft_block_info info;
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 1 << 16);
    fixture_read_all(block, &got);
    assert_same(&f->all, &got);
    weft_block_info(block, &info);
    assert_int_equal(info.span_count, f->all.span_count);
    if (weft_block_check(block, NULL, NULL, &err) < 0) fail_msg("%s", err.text);
    weft_arena_release(&arena);
}

static void segments_become_a_block(void **state)
{
    static const struct {
        uint32_t segments, batches;
        bool is_plain;
    } cases[] = {
        { 1, 1, true }, { 1, 1, false }, { 3, 4, false }, { 4, 40, true }, { 2, 60, false },
    };
    static const struct weft_batch_random_knobs plain = { 0 };

    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct block_fixture f;
            struct weft_segment *segments[8];
            struct weft_merge_stats stats;
            block_fixture_init(&f);
            for (uint32_t i = 0; i < cases[c].segments; i++)
                segments[i] = block_fixture_random(&f, seed * 100 + i, cases[c].batches,
                                                   cases[c].is_plain ? &plain : everything());
            struct weft_block *block =
                block_fixture_merge(&f, segments, cases[c].segments, NULL, 0, &stats);
            assert_int_equal(stats.spans_in, f.all.span_count);
            assert_holds_all(&f, block);
            weft_block_unref(block);
            block_fixture_release(&f);
        }
    }
}

static void blocks_and_segments_become_a_block(void **state)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct block_fixture f;
        struct weft_segment *segment[3];
        struct weft_block *blocks[2];
        struct weft_merge_stats stats;
        block_fixture_init(&f);
        for (uint32_t i = 0; i < 3; i++)
            segment[i] = block_fixture_random(&f, seed * 10 + i, 12, everything());
        blocks[0] = block_fixture_merge(&f, segment, 1, NULL, 0, &stats);
        blocks[1] = block_fixture_merge(&f, segment + 1, 1, NULL, 0, &stats);
        struct weft_block *all = block_fixture_merge(&f, segment + 2, 1, blocks, 2, &stats);
        assert_holds_all(&f, all);
        struct weft_block_info info;
        weft_block_info(all, &info);
        assert_int_equal(info.superseded_segment_count, 1);
        assert_int_equal(info.superseded_block_count, 2);
        assert_int_equal(info.superseded_blocks[1], 2);
        weft_block_unref(blocks[0]);
        weft_block_unref(blocks[1]);
        weft_block_unref(all);
        block_fixture_release(&f);
    }
}

static void traces_are_found(void **state)
{
    struct block_fixture f;
    struct weft_segment *segments[2];
    struct weft_merge_stats stats;
    struct weft_err err = { 0 };

    block_fixture_init(&f);
    for (uint32_t i = 0; i < 2; i++)
        segments[i] = block_fixture_random(&f, 40 + i, 20, everything());
    struct weft_block *block = block_fixture_merge(&f, segments, 2, NULL, 0, &stats);
    fixture_sort(&f.all);
    for (uint32_t i = 0, end; i < f.all.span_count; i = end) {
        struct weft_arena arena;
        struct weft_batch got = { .arena = &arena }, expected = { .arena = &arena };
        weft_arena_init(&arena, 0);
        for (end = i; end < f.all.span_count &&
                      memcmp(&f.all.spans[end].trace_id, &f.all.spans[i].trace_id, 16) == 0;
             end++)
            *weft_batch_add(&expected) = f.all.spans[end];
        if (weft_block_trace(block, NULL, &f.all.spans[i].trace_id, &got, &err) < 0)
            fail_msg("%s", err.text);
        assert_same(&expected, &got);
        got.span_count = 0;
        struct weft_trace_id other = f.all.spans[i].trace_id;
        other.bytes[15] ^= 1;
        assert_int_equal(weft_block_trace(block, NULL, &other, &got, &err), 0);
        assert_int_equal(got.span_count, 0);
        weft_arena_release(&arena);
    }
    weft_block_unref(block);
    block_fixture_release(&f);
}

/* The same spans twice (attributes in another order, in another segment): once in the block.
 * Changed ones: both, and counted. */
static void duplicates_are_dropped(void **state)
{
    struct block_fixture f;
    struct weft_merge_stats stats;
    struct weft_batch first = { 0 }, second = { 0 };
    struct weft_random random;

    block_fixture_init(&f);
    first.arena = second.arena = &f.arena;
    weft_random_init(&random, 7);
    struct weft_batch_random_knobs knobs = *everything();
    knobs.span_count = 200;
    weft_batch_random(&first, &random, &knobs);
    for (uint32_t i = 0; i < first.span_count; i++) {
        struct weft_span *copy = weft_batch_add(&second);
        *copy = first.spans[i];
        *weft_batch_add(&f.all) = first.spans[i];
        fixture_canonical(copy, &f.arena);
        if (i % 10 != 3) continue;
        copy->start_time_unix_nano += 1;
        copy->end_time_unix_nano += 1;
        *weft_batch_add(&f.all) = *copy;
    }
    struct weft_segment *segments[2] = { block_fixture_segment(&f, &first, 1),
                                         block_fixture_segment(&f, &second, 1) };
    struct weft_block *block = block_fixture_merge(&f, segments, 2, NULL, 0, &stats);
    assert_int_equal(stats.exact_duplicates, 180);
    assert_int_equal(stats.conflicting_duplicates, 20);
    assert_holds_all(&f, block);
    /* Once more from blocks: the same content through another reader. */
    segments[0] = block_fixture_segment(&f, &second, 1);
    struct weft_block *again = block_fixture_merge(&f, segments, 1, &block, 1, &stats);
    assert_int_equal(stats.exact_duplicates, 200);
    assert_holds_all(&f, again);
    weft_block_unref(block);
    weft_block_unref(again);
    block_fixture_release(&f);
}

/* What a merge makes of blocks is no larger than what it makes of the segments that these came from. */
static void merging_again_costs_no_bytes(void **state)
{
    struct block_fixture f;
    struct weft_merge_stats stats;
    struct weft_block *blocks[2];
    struct weft_segment *segments[2];

    block_fixture_init(&f);
    for (uint32_t i = 0; i < 2; i++) {
        segments[0] = block_fixture_random(&f, 20 + i, 60, everything());
        blocks[i] = block_fixture_merge(&f, segments, 1, NULL, 0, &stats);
    }
    for (uint32_t i = 0; i < 2; i++)
        segments[i] = block_fixture_random(&f, 20 + i, 60, everything());
    struct weft_block *fresh = block_fixture_merge(&f, segments, 2, NULL, 0, &stats);
    struct weft_block *again = block_fixture_merge(&f, NULL, 0, blocks, 2, &stats);
    assert_int_equal(again->info.span_count, fresh->info.span_count);
    assert_true(again->info.file_bytes <= fresh->info.file_bytes * 102 / 100);
    for (uint32_t i = 0; i < 2; i++) weft_block_unref(blocks[i]);
    weft_block_unref(fresh);
    weft_block_unref(again);
    block_fixture_release(&f);
}

struct counts {
    uint64_t spans, errors;
};
static void count(void *arg, struct weft_str service, struct weft_str name, uint8_t kind,
                  uint64_t spans, uint64_t errors)
{
    struct counts *c = arg;
    c->spans += spans;
    c->errors += errors;
}

static void operations_add_up(void **state)
{
    struct block_fixture f;
    struct weft_merge_stats stats;
    struct counts c = { 0, 0 };
    struct weft_err err;
    uint64_t errors = 0;

    block_fixture_init(&f);
    struct weft_segment *segment = block_fixture_random(&f, 3, 50, everything());
    struct weft_block *block = block_fixture_merge(&f, &segment, 1, NULL, 0, &stats);
    assert_int_equal(weft_block_operations(block, NULL, count, &c, &err), 0);
    for (uint32_t i = 0; i < f.all.span_count; i++)
        errors += f.all.spans[i].status_code == WEFT_STATUS_ERROR;
    assert_int_equal(c.spans, f.all.span_count);
    assert_int_equal(c.errors, errors);
    struct weft_buf dump = { 0 };
    assert_int_equal(weft_block_dump(block, &dump, &err), 0);
    assert_true(dump.len > 1000);
    weft_buf_release(&dump);
    weft_block_unref(block);
    block_fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_become_a_block),
        cmocka_unit_test(blocks_and_segments_become_a_block),
        cmocka_unit_test(traces_are_found),
        cmocka_unit_test(duplicates_are_dropped),
        cmocka_unit_test(merging_again_costs_no_bytes),
        cmocka_unit_test(operations_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
