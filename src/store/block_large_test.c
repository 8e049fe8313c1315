/* block_large_test.c -- what only shows with many spans: several row groups, traces larger than
 * one, ids that share their first
 * half, uuids, decimals, keys that no table has. */
#include "store/block_fixture.h"

enum kind { MANY_TRACES, ONE_TRACE, CHAIN, SHORT_IDS, HOSTILE, TENS, STEPS };

static struct weft_str uuid_text(struct weft_arena *arena, struct weft_random *random)
{
    uint64_t a = weft_random_u64(random), b = weft_random_u64(random);
    return weft_arena_printf(arena, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(a >> 32),
                             (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xffff),
                             (unsigned)(b >> 48), (unsigned long long)(b & 0xffffffffffff));
}

static void attribute(struct weft_attribute *a, struct weft_str key, struct weft_str value)
{
    *a = (struct weft_attribute){ .key = key.ptr,
                                  .key_len = (uint32_t)key.len & 0xffffff,
                                  .type = WEFT_VALUE_STRING,
                                  .ptr = value.ptr,
                                  .value_len = (uint32_t)value.len };
}

static void attributes_fill(struct weft_span *span, struct weft_random *random,
                            struct weft_arena *arena, enum kind kind, uint32_t i)
{
    uint32_t count = kind == HOSTILE || kind == STEPS ? 4 : 3;
    struct weft_attribute *a = weft_arena_alloc_array(arena, count, sizeof *a);

    if (i % 5 == 4 && kind != STEPS) count = 2; /* another list */
    attribute(&a[0], WEFT_S("request.id"), uuid_text(arena, random));
    a[1] =
        (struct weft_attribute){ .key = "price",
                                 .key_len = 5,
                                 .type = WEFT_VALUE_DOUBLE,
                                 .double_value = (double)weft_random_below(random, 100000) / 100 };
    attribute(
        &a[2], WEFT_S("user"),
        weft_arena_printf(arena, "user-%llu", (unsigned long long)weft_random_below(random, 3000)));
    if (kind == HOSTILE)
        attribute(&a[3], weft_arena_printf(arena, "key.%u", i),
                  weft_arena_printf(arena, "id/%u", i));
    if (kind == STEPS) /* ten lists, and now and then the wrong one */
        attribute(&a[3], weft_arena_printf(arena, "step.%u", i % 97 == 5 ? 3 : i % 10),
                  weft_arena_printf(arena, "at %u", i % 1000));
    span->attributes = (struct weft_attributes){ .items = a, .count = count };
}

static void spans_fill(struct weft_batch *batch, struct weft_random *random, enum kind kind,
                       const struct weft_scope *scope, uint32_t from, uint32_t count)
{
    static struct weft_span_id last;
    static struct weft_trace_id trace;

    for (uint32_t i = from; i < from + count; i++) {
        struct weft_span *span = weft_batch_add(batch);
        uint64_t id = i + 1;
        weft_random_bytes(random, &span->trace_id, 16);
        if (kind == ONE_TRACE || kind == CHAIN) memset(&span->trace_id, 7, 16);
        if (kind == SHORT_IDS) memset(&span->trace_id, 0, 8);
        if (kind == SHORT_IDS && i % 3 != 0)
            span->trace_id = batch->spans[batch->span_count - 2 + (i == from)].trace_id;
        bool has_tens = kind == TENS || kind == STEPS;
        if (has_tens && i % 10 == 0) trace = span->trace_id;
        if (has_tens) span->trace_id = trace;
        if (weft_trace_id_is_zero(&span->trace_id)) span->trace_id.bytes[15] = 1;
        memcpy(&span->span_id, &id, 8);
        if ((kind == CHAIN && i > 0) || (has_tens && i % 10 != 0) ||
            (kind == ONE_TRACE && i % 3 != 0))
            span->parent_span_id = last;
        last = span->span_id;
        span->scope = scope;
        span->start_time_unix_nano = UINT64_C(1700000000000000000) + (uint64_t)i * 1000;
        span->end_time_unix_nano =
            span->start_time_unix_nano + weft_random_below(random, 1000) * 1000;
        span->name =
            kind == HOSTILE ? weft_arena_printf(batch->arena, "GET /%u", i) : WEFT_S("GET /");
        span->status_code = i % 100 == 0 ? WEFT_STATUS_ERROR : WEFT_STATUS_UNSET;
        attributes_fill(span, random, batch->arena, kind, i);
    }
}

/* Depths in traces alike are told from the row before; so are groups where each step has a list of
 * its own. */
static void assert_follows(struct weft_block *block, enum kind kind)
{
    struct weft_arena arena;
    struct weft_rows rows;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    assert_int_equal(weft_rows_open(&rows, block, 0, &arena, &err), 0);
    assert_int_equal(weft_rows_load_groups(&rows, &err), 0);
    assert_int_equal(weft_rows_load_tree(&rows, &err), 0);
    assert_true(rows.depth.follows);
    assert_int_equal(rows.group.follows, kind == STEPS);
    weft_arena_release(&arena);
}

/* A row read alone, with nothing of its row group open: only its own pages are unpacked. */
static void row_alone(struct weft_block *block, uint32_t number, uint32_t row,
                      const struct weft_span *expected)
{
    struct weft_arena arena;
    struct weft_rows rows;
    struct weft_span span;
    struct weft_err err;
    uint16_t group, index;
    uint32_t found = 0;
    char text[512];

    weft_arena_init(&arena, 0);
    if (weft_block_span(block, (uint64_t)number << 20 | row, &span, &arena, &err) < 0)
        fail_msg("%s", err.text);
    if (!weft_span_difference(expected, &span, text, sizeof text))
        fail_msg("row group %u, row %u: %s", number, row, text);
    if (weft_rows_open(&rows, block, number, &arena, &err) < 0 ||
        weft_rows_load_groups(&rows, &err) < 0 ||
        weft_rows_places(&rows, row, 1, &group, &index, &err) < 0 ||
        weft_rows_find_row(&rows, group, index, &found, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(found, row);
    weft_arena_release(&arena);
}

static void rows_alone(struct weft_block *block, struct weft_random *random,
                       const struct weft_span *all)
{
    for (uint32_t r = 0, before = 0; r < block->info.row_group_count; r++) {
        uint32_t n = block->rows[r].span_count;
        for (uint32_t i = 0; i < 200; i++) {
            uint32_t row = i == 0 ? n - 1 : (uint32_t)weft_random_below(random, n);
            row_alone(block, r, row, &all[before + row]);
        }
        before += n;
    }
}

static void run_crowded(enum kind kind, uint32_t spans, uint32_t crowd_rows)
{
    struct weft_resource resource = { .service_name = { NULL, 0 } };
    struct weft_scope scope = { .resource = &resource };
    struct block_fixture f;
    struct weft_segment *segments[2];
    struct weft_merge_stats stats;
    struct weft_arena arena;
    struct weft_random random;
    struct weft_err err = { 0 };
    char text[512];

    block_fixture_init(&f);
    f.crowd_rows = crowd_rows;
    weft_random_init(&random, (uint64_t)kind + 1);
    uint32_t at = 0;
    for (uint32_t s = 0; s < 2; s++) {
        struct weft_batch batches[64] = { { 0 } };
        uint32_t count = 0;
        for (; count < 64 && at < spans * (s + 1) / 2; count++) {
            batches[count].arena = &f.arena;
            uint32_t n = spans * (s + 1) / 2 - at < 4000 ? spans * (s + 1) / 2 - at : 4000;
            spans_fill(&batches[count], &random, kind, &scope, at, n);
            at += n;
            for (uint32_t i = 0; i < n; i++) *weft_batch_add(&f.all) = batches[count].spans[i];
        }
        segments[s] = block_fixture_segment(&f, batches, count);
    }
    struct weft_block *block = block_fixture_merge(&f, segments, 2, NULL, 0, &stats), *again;
    again = block_fixture_merge(&f, NULL, 0, &block, 1, &stats);
    struct weft_block *const blocks[2] = { block, again };
    fixture_sort(&f.all);
    for (unsigned b = 0; b < 2; b++) {
        struct weft_batch got = { .arena = &arena };
        if (kind == TENS || kind == STEPS) assert_follows(blocks[b], kind);
        weft_arena_init(&arena, 1 << 20);
        fixture_read_all(blocks[b], &got);
        rows_alone(blocks[b], &random, got.spans);
        fixture_sort(&got);
        assert_int_equal(got.span_count, f.all.span_count);
        for (uint32_t i = 0; i < got.span_count; i++)
            if (!weft_span_difference(&f.all.spans[i], &got.spans[i], text, sizeof text))
                fail_msg("kind %d, block %u, span %u: %s", kind, b, i, text);
        struct weft_batch trace = { .arena = &arena };
        if (weft_block_trace(blocks[b], NULL, &f.all.spans[spans / 2].trace_id, &trace, &err) < 0)
            fail_msg("%s", err.text);
        uint32_t expected = 0;
        for (uint32_t i = 0; i < f.all.span_count; i++)
            expected += memcmp(&f.all.spans[i].trace_id, &f.all.spans[spans / 2].trace_id, 16) == 0;
        assert_int_equal(trace.span_count, expected);
        weft_arena_release(&arena);
    }
    weft_block_unref(block);
    weft_block_unref(again);
    block_fixture_release(&f);
}

static void run(enum kind kind, uint32_t spans)
{
    run_crowded(kind, spans, 0);
}

static void many_row_groups(void **state)
{
    run(MANY_TRACES, 140000);
}
static void one_trace_over_row_groups(void **state)
{
    run(ONE_TRACE, 70000);
}
static void traces_alike(void **state)
{
    run(TENS, 70000);
}
static void steps_of_traces_alike(void **state)
{
    run(STEPS, 70000);
}
static void a_chain_of_spans(void **state)
{
    run(CHAIN, 3000);
}
static void ids_of_64_bits(void **state)
{
    run(SHORT_IDS, 90000);
}
static void ids_of_64_bits_in_pieces(void **state)
{
    (void)state;
    run_crowded(SHORT_IDS, 90000, 10000);
}
static void one_trace_in_pieces(void **state)
{
    (void)state;
    run_crowded(ONE_TRACE, 90000, 20000);
}
static void fresh_keys_names_and_values(void **state)
{
    run(HOSTILE, 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_row_groups),
        cmocka_unit_test(one_trace_over_row_groups),
        cmocka_unit_test(traces_alike),
        cmocka_unit_test(a_chain_of_spans),
        cmocka_unit_test(ids_of_64_bits),
        cmocka_unit_test(ids_of_64_bits_in_pieces),
        cmocka_unit_test(one_trace_in_pieces),
        cmocka_unit_test(steps_of_traces_alike),
        cmocka_unit_test(fresh_keys_names_and_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
