/* store_split_test.c -- traces that lie in several parts, in every state of the store, against a look into each part. */
#include "store/block_internal.h"
#include "store/store_split.h"
#include "store_states.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint32_t blocks_with(const struct weft_store_query *query, const struct weft_trace_id *id)
{
    uint32_t count = 0;
    struct weft_block *block;
    struct weft_err err;
    uint64_t spans;

    for (uint32_t i = 0; i < query->set->block_count; i++) {
        assert_int_equal(weft_store_block_get(query->set->blocks[i], &block, &err), WEFT_OK);
        assert_int_equal(
            weft_block_trace_spans(block, query->set->blocks[i]->mask, id, &spans, &err), WEFT_OK);
        count += spans > 0;
    }
    return count;
}

static bool segments_have(const struct weft_store_query *query, const struct weft_trace_id *id)
{
    struct weft_err err;
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    struct weft_batch found = { .arena = &arena };
    for (uint32_t i = 0; i < query->set->segment_count; i++)
        assert_int_equal(weft_segment_trace(&query->views[i], id, &found, &err), WEFT_OK);
    weft_arena_release(&arena);
    return found.span_count > 0;
}

static bool listed(const struct weft_buf *ids, const struct weft_trace_id *id)
{
    const struct weft_trace_id *items = (const struct weft_trace_id *)(const void *)ids->data;
    uint32_t found = 0;

    for (size_t i = 0; i < ids->len / sizeof *id; i++) {
        found += memcmp(&items[i], id, sizeof *id) == 0;
        if (i > 0) assert_true(memcmp(&items[i - 1], &items[i], sizeof *id) < 0);
    }
    return found == 1;
}

static void state_test(void **test_state)
{
    struct conformance_data data;
    struct store_state state;
    struct weft_store_query query;
    struct weft_store_split split;
    struct weft_buf ids = { 0 };
    uint32_t whole = 0;

    conformance_data_init(&data, conformance_seed(20261121), 40, 12);
    store_state_open(&state, *test_state, &data);
    weft_store_query_begin(&query, state.store);
    weft_store_split_init(&split, &query);
    assert_true(weft_store_split_ids(&split, &ids));
    for (uint32_t i = 0; i < data.trace_count; i++) {
        const struct weft_trace_id *id = &data.traces[i];
        bool is_split = blocks_with(&query, id) != 1 || segments_have(&query, id);
        if (weft_store_split_has(&split, id) != is_split || listed(&ids, id) != is_split)
            fail_msg("seed %llu, %s: trace %u %s split", (unsigned long long)data.seed, state.name,
                     i, is_split ? "is" : "is not");
        whole += !is_split;
    }
    const struct weft_trace_id nobody = { { 0xfe, 1 } };
    assert_false(weft_store_split_has(&split, &nobody));
    if (strcmp(state.name, "compacted") == 0) assert_int_equal(whole, data.trace_count);
    weft_buf_release(&ids);
    weft_store_query_end(&query);
    store_state_close(&state);
    conformance_data_release(&data);
}

int main(void)
{
    struct CMUnitTest tests[16];
    size_t count = 0;

    for (; store_state_names[count] != NULL; count++)
        tests[count] =
            (struct CMUnitTest){ .name = store_state_names[count],
                                 .test_func = state_test,
                                 .initial_state = (void *)(uintptr_t)store_state_names[count] };
    return _cmocka_run_group_tests("store_split", tests, count, NULL, NULL);
}
