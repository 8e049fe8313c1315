/* block_masked_test.c -- blocks whose traces are partly read elsewhere: traces, operations and merges leave them out; a
 * patch has them and nothing else, and says so in its footer. */
#include "base/map.h"
#include "store/block_fixture.h"

static const struct weft_batch_random_knobs knobs = { .has_odd_values = true,
                                                      .has_nested_values = true,
                                                      .has_unicode = true,
                                                      .has_odd_times = true,
                                                      .has_events_and_links = true,
                                                      .has_all_fields = true };
enum { OF = 3 };

static struct weft_block *make(struct block_fixture *f, uint64_t seed, uint32_t batches)
{
    struct weft_merge_stats stats;
    struct weft_segment *segment = block_fixture_random(f, seed, batches, &knobs);
    return block_fixture_merge(f, &segment, 1, NULL, 0, &stats);
}

static void masked_traces_are_not_there(void **state)
{
    struct block_fixture f;
    struct weft_err err = { 0 };

    block_fixture_init(&f);
    struct weft_block *block = make(&f, 1, 20);
    struct weft_block_mask *mask = fixture_mask(block, OF);
    for (uint32_t i = 0; i < f.all.span_count; i++) {
        const struct weft_trace_id *id = &f.all.spans[i].trace_id;
        struct weft_batch found = { .arena = &f.arena };
        uint32_t expected = 0;
        for (uint32_t k = 0; k < f.all.span_count && !fixture_is_masked(id, OF); k++)
            expected += memcmp(&f.all.spans[k].trace_id, id, 16) == 0;
        assert_int_equal(weft_block_trace(block, mask, id, &found, &err), 0);
        assert_int_equal(found.span_count, expected);
    }
    weft_block_mask_unref(mask);
    weft_block_unref(block);
    block_fixture_release(&f);
}

/* ---- operations ---- */

struct tally {
    struct weft_map counts; /* "service/name/kind" -> spans and errors << 32 */
};
static void tally_add(void *arg, struct weft_str service, struct weft_str name, uint8_t kind,
                      uint64_t spans, uint64_t errors)
{
    struct tally *t = arg;
    struct weft_buf key = { 0 };

    weft_buf_append_str(&key, service);
    weft_buf_append_byte(&key, 0);
    weft_buf_append_str(&key, name);
    weft_buf_append_byte(&key, 0);
    weft_buf_append_byte(&key, (char)kind);
    *weft_map_put(&t->counts, weft_buf_str(&key), 0, NULL) += spans + (errors << 32);
    weft_buf_release(&key);
}

static void operations_leave_masked_spans_out(void **state)
{
    struct block_fixture f;
    struct tally expected = { 0 }, got = { 0 };
    const struct weft_map_slot *slot;
    struct weft_err err = { 0 };
    size_t at = 0;

    block_fixture_init(&f);
    struct weft_block *block = make(&f, 2, 60);
    struct weft_block_mask *mask = fixture_mask(block, OF);
    for (uint32_t i = 0; i < f.all.span_count; i++) {
        const struct weft_span *s = &f.all.spans[i];
        if (!fixture_is_masked(&s->trace_id, OF))
            tally_add(&expected, s->scope->resource->service_name, s->name, s->kind, 1,
                      s->status_code == WEFT_STATUS_ERROR);
    }
    if (weft_block_operations(block, mask, tally_add, &got, &err) < 0) fail_msg("%s", err.text);
    assert_int_equal(got.counts.count, expected.counts.count);
    while ((slot = weft_map_next(&expected.counts, &at)) != NULL) {
        const uint64_t *counted = weft_map_get(&got.counts, slot->key);
        assert_non_null(counted);
        assert_int_equal(*counted, slot->value);
    }
    weft_map_release(&expected.counts);
    weft_map_release(&got.counts);
    weft_block_mask_unref(mask);
    weft_block_unref(block);
    block_fixture_release(&f);
}

/* ---- merges ---- */

static struct weft_block *merge(struct block_fixture *f, struct weft_merge_input *input,
                                struct weft_merge_stats *stats)
{
    struct weft_merge_options options = { .directory = f->directory, .number = f->next_block++ };
    struct weft_err err = { 0 };
    char path[128];

    if (weft_merge(input, &options, stats, &err) < 0) fail_msg("%s", err.text);
    block_fixture_path(f, options.number, path, sizeof path);
    return block_fixture_open(path);
}

static void assert_holds(struct block_fixture *f, struct weft_block *block, bool is_masked)
{
    struct weft_batch expected = { .arena = &f->arena }, got = { .arena = &f->arena };
    struct weft_err err = { 0 };

    if (weft_block_check(block, NULL, NULL, &err) < 0) fail_msg("%s", err.text);
    fixture_part(&f->all, OF, is_masked, &expected);
    fixture_read_all(block, &got);
    fixture_assert_same(&expected, &got);
}

static void merges_leave_masked_traces_out(void **state)
{
    struct block_fixture f;
    struct weft_merge_stats stats;

    block_fixture_init(&f);
    struct weft_block *blocks[2] = { make(&f, 3, 30), make(&f, 4, 30) };
    struct weft_block_mask *first = fixture_mask(blocks[0], OF),
                           *second = fixture_mask(blocks[1], OF);
    const struct weft_block_mask *masks[2] = { first, second };
    const uint64_t gone_blocks[] = { 70, 71, 72 }, gone_segment = 80;
    const struct weft_mask_entry entries[] = { { 500, 1, 2, 3 }, { 501, 4, 5, 6 } };
    struct weft_merge_input input = { .blocks = blocks,
                                      .masks = masks,
                                      .block_count = 2,
                                      .masked = entries,
                                      .masked_count = 2,
                                      .more_superseded_segments = &gone_segment,
                                      .more_superseded_segment_count = 1,
                                      .more_superseded_blocks = gone_blocks,
                                      .more_superseded_block_count = 3 };
    struct weft_block *merged = merge(&f, &input, &stats);
    assert_holds(&f, merged, false);
    assert_int_equal(stats.spans_in, f.all.span_count - weft_block_mask_spans(first) -
                                         weft_block_mask_spans(second));
    struct weft_block_info info;
    struct weft_buf masked = { 0 };
    weft_block_info(merged, &info);
    assert_int_equal(info.superseded_segment_count, 1);
    assert_int_equal(info.superseded_segments[0], 80);
    assert_int_equal(info.superseded_block_count, 5);
    assert_int_equal(info.superseded_blocks[0], blocks[0]->info.number);
    assert_int_equal(info.superseded_blocks[4], 72);
    assert_int_equal(info.masked_count, 2);
    assert_int_equal(weft_block_masked(merged, &masked, NULL), 0);
    assert_int_equal(masked.len, sizeof entries);
    const struct weft_mask_entry *found = (const void *)masked.data;
    for (uint32_t i = 0; i < 2; i++) { /* by field: padding has no value */
        assert_int_equal(found[i].block, entries[i].block);
        assert_int_equal(found[i].row_group, entries[i].row_group);
        assert_int_equal(found[i].trace, entries[i].trace);
        assert_int_equal(found[i].spans, entries[i].spans);
    }
    weft_buf_release(&masked);
    weft_block_mask_unref(first);
    weft_block_mask_unref(second);
    for (uint32_t i = 0; i < 2; i++) weft_block_unref(blocks[i]);
    weft_block_unref(merged);
    block_fixture_release(&f);
}

/* A patch: the masked traces of two blocks, and of their tables what these need. */
static void a_patch_has_the_masked_traces_alone(void **state)
{
    struct block_fixture f;
    struct weft_merge_stats stats;
    struct weft_buf entries = { 0 };

    block_fixture_init(&f);
    struct weft_block *blocks[2] = { make(&f, 5, 30), make(&f, 6, 30) };
    for (uint32_t i = 0; i < 2; i++) fixture_masked(blocks[i], OF, &entries);
    struct weft_merge_input input = { .blocks = blocks,
                                      .block_count = 2,
                                      .masked = (const void *)entries.data,
                                      .masked_count = entries.len / sizeof(struct weft_mask_entry),
                                      .only_masked = true,
                                      .keeps_inputs = true };
    struct weft_block *patch = merge(&f, &input, &stats);
    assert_holds(&f, patch, true);
    assert_int_equal(patch->info.superseded_block_count, 0);
    assert_int_equal(patch->info.masked_count, input.masked_count);
    /* Every string of the patch is one that its spans have: a block of the same spans has as many. */
    struct weft_batch again = { .arena = &f.arena };
    fixture_part(&f.all, OF, true, &again);
    struct weft_segment *segment = block_fixture_segment(&f, &again, 1);
    struct weft_block *fresh = block_fixture_merge(&f, &segment, 1, NULL, 0, &stats);
    assert_int_equal(weft_block_load_tables(fresh, NULL), 0);
    assert_true(weft_block_head_count(patch) <= weft_block_head_count(fresh) * 2);
    assert_true(weft_block_strings(patch)->count <= weft_block_strings(fresh)->count * 3 / 2);
    weft_buf_release(&entries);
    for (uint32_t i = 0; i < 2; i++) weft_block_unref(blocks[i]);
    weft_block_unref(fresh);
    weft_block_unref(patch);
    block_fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masked_traces_are_not_there),
        cmocka_unit_test(operations_leave_masked_spans_out),
        cmocka_unit_test(merges_leave_masked_traces_out),
        cmocka_unit_test(a_patch_has_the_masked_traces_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
