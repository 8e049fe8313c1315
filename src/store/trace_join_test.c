/* trace_join_test.c -- spans of one trace from several parts: order, duplicates, sharing, and that
 * nothing of the parts is kept. */
#include "model/batch_random.h"
#include "model/span_equal.h"
#include "store/trace_join.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void add_copies(struct weft_batch *parts, const struct weft_batch *from)
{
    assert_int_equal(weft_batch_copy(from, parts, NULL), WEFT_OK);
}

static void shuffle(struct weft_batch *batch, struct weft_random *random)
{
    for (uint32_t i = batch->span_count; i > 1; i--) {
        uint32_t k = (uint32_t)weft_random_below(random, i);
        struct weft_span other = batch->spans[i - 1];
        batch->spans[i - 1] = batch->spans[k];
        batch->spans[k] = other;
    }
}

/* Two of the same, in any order: once, and always in the same order. */
static void shuffled_and_doubled_test(void **state)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct weft_arena arena;
        bool is_cut;
        struct weft_random random;
        char difference[256];

        weft_random_init(&random, seed);
        weft_arena_init(&arena, 0);
        struct weft_batch first = { .arena = &arena }, second = { .arena = &arena };
        struct weft_batch sent = { .arena = &arena };
        weft_batch_random(&sent, &random, &WEFT_BATCH_RANDOM_EVERYTHING);
        for (uint32_t i = 1; i < sent.span_count;
             i += 3) { /* some conflict: same place, other contents */
            sent.spans[i].span_id = sent.spans[i - 1].span_id;
            sent.spans[i].start_time_unix_nano = sent.spans[i - 1].start_time_unix_nano;
        }
        for (int round = 0; round < 2; round++) {
            struct weft_batch *joined = round == 0 ? &first : &second;
            add_copies(joined, &sent);
            add_copies(joined, &sent);
            shuffle(joined, &random);
            assert_int_equal(weft_trace_join(joined, &is_cut, NULL), 0);
        }
        assert_int_equal(first.span_count, sent.span_count);
        if (!weft_batch_difference(&first, &second, difference, sizeof difference))
            fail_msg("seed %llu: %s", (unsigned long long)seed, difference);
        for (uint32_t i = 0; i < sent.span_count; i++) {
            uint32_t k = 0;
            while (k < first.span_count && !weft_span_equal(&sent.spans[i], &first.spans[k])) k++;
            if (k == first.span_count)
                fail_msg("seed %llu: span %u is lost", (unsigned long long)seed, i);
        }
        weft_arena_release(&arena);
    }
}

static struct weft_attribute int_attribute(const char *key, int64_t value)
{
    return (struct weft_attribute){ .key = key,
                                    .key_len = (uint32_t)strlen(key) & 0xffffff,
                                    .type = WEFT_VALUE_INT,
                                    .int_value = value };
}

/* The same span through a segment and through a block, whose keys have an order of their own. */
static void key_order_test(void **state)
{
    struct weft_attribute one[] = { int_attribute("b", 1), int_attribute("a", 2),
                                    int_attribute("a", 3) };
    struct weft_attribute other[] = { int_attribute("a", 2), int_attribute("a", 3),
                                      int_attribute("b", 1) };
    struct weft_attribute swapped[] = { int_attribute("a", 3), int_attribute("a", 2),
                                        int_attribute("b", 1) };
    struct weft_attribute *const lists[] = { one, other, swapped };
    struct weft_resource resources[3] = { { .schema_url = WEFT_S("x") },
                                          { .schema_url = WEFT_S("x") },
                                          { .schema_url = WEFT_S("x") } };
    struct weft_scope scopes[3];
    struct weft_arena arena;
    bool is_cut;

    weft_arena_init(&arena, 0);
    struct weft_batch out = { .arena = &arena };
    for (uint32_t i = 0; i < 3; i++) {
        resources[i].attributes = (struct weft_attributes){ .items = one, .count = 3 };
        scopes[i] = (struct weft_scope){ .resource = &resources[i], .name = WEFT_S("lib") };
        struct weft_span *span = weft_batch_add(&out);
        span->scope = &scopes[i];
        span->trace_id.bytes[0] = span->span_id.bytes[0] = 1;
        span->attributes = (struct weft_attributes){ .items = lists[i], .count = 3 };
    }
    assert_int_equal(weft_trace_join(&out, &is_cut, NULL), 0);
    assert_int_equal(out.span_count, 2); /* repeated keys in another order are another thing */
    assert_ptr_equal(out.spans[0].scope, out.spans[1].scope);
    assert_ptr_not_equal(out.spans[0].scope, &scopes[0]);
    assert_ptr_equal(out.spans[0].scope->resource, out.spans[1].scope->resource);
    weft_arena_release(&arena);
}

static void empty_test(void **state)
{
    struct weft_arena arena;
    bool is_cut;

    weft_arena_init(&arena, 0);
    struct weft_batch out = { .arena = &arena };
    assert_int_equal(weft_trace_join(&out, &is_cut, NULL), 0);
    assert_int_equal(out.span_count, 0);
    weft_arena_release(&arena);
}

/* Of a trace that is too long the earliest spans. */
static void too_many_test(void **state)
{
    struct weft_arena arena;
    struct weft_resource resource = { .schema_url = WEFT_S("x") };
    struct weft_scope scope = { .resource = &resource };
    bool is_cut;

    weft_arena_init(&arena, 0);
    for (uint32_t max = 9; max <= 11; max++) {
        struct weft_batch trace = { .arena = &arena, .spans_max = max };
        for (uint32_t i = 0; i < 10; i++) {
            struct weft_span *span = weft_batch_add(&trace);
            span->scope = &scope;
            span->start_time_unix_nano = 10 - i;
        }
        assert_int_equal(weft_trace_join(&trace, &is_cut, NULL), 0);
        assert_int_equal(trace.span_count, max < 10 ? max : 10);
        assert_int_equal(is_cut, max < 10);
        for (uint32_t i = 0; i < trace.span_count; i++)
            assert_int_equal(trace.spans[i].start_time_unix_nano, i + 1);
    }
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuffled_and_doubled_test),
        cmocka_unit_test(key_order_test),
        cmocka_unit_test(empty_test),
        cmocka_unit_test(too_many_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
