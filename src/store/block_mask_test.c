/* block_mask_test.c -- masks: sorted, without repetitions, older ones kept; none is NULL. */
#include "store/block_mask.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void merging(void **state)
{
    const struct weft_mask_entry first[] = {
        { 7, 2, 5, 10 }, { 8, 0, 0, 99 }, { 7, 0, 3, 4 }, { 7, 2, 1, 2 }
    };
    const struct weft_mask_entry second[] = { { 7, 2, 5, 10 }, { 7, 2, 4, 1 } };
    struct weft_block_mask *older = weft_block_mask_create(NULL, 7, first, 4);
    struct weft_block_mask *mask = weft_block_mask_create(older, 7, second, 2);
    uint32_t count;

    assert_int_equal(weft_block_mask_trace_count(older), 3);
    assert_int_equal(weft_block_mask_spans(older), 16);
    assert_int_equal(weft_block_mask_spans(mask), 17);
    const uint32_t *traces = weft_block_mask_traces(mask, 2, &count);
    assert_int_equal(count, 3);
    assert_int_equal(traces[0], 1);
    assert_int_equal(traces[1], 4);
    assert_int_equal(traces[2], 5);
    assert_true(weft_block_mask_has(mask, 0, 3));
    assert_false(weft_block_mask_has(older, 2, 4));
    assert_false(weft_block_mask_has(mask, 1, 3));
    weft_block_mask_unref(older);
    weft_block_mask_unref(mask);
}

static void none(void **state)
{
    const struct weft_mask_entry other = { 8, 0, 0, 1 };
    uint32_t count = 1;

    assert_null(weft_block_mask_create(NULL, 7, &other, 1));
    assert_null(weft_block_mask_traces(NULL, 0, &count));
    assert_int_equal(count, 0);
    assert_false(weft_block_mask_has(NULL, 0, 0));
    weft_block_mask_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(merging), cmocka_unit_test(none) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
