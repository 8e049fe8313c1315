/* span_heat_test.c -- the rows of the grid. */
#include "query/span_heat.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void rows_are_eight_to_a_factor_of_ten(void **state)
{
    (void)state;
    static const uint64_t first[] = { 0, 2, 2, 3, 4, 5, 6, 8, 10, 14, 18, 24, 32, 43, 57, 75, 100 };
    for (uint32_t i = 0; i < sizeof first / sizeof first[0]; i++)
        assert_int_equal(first[i], weft_heat_row_ns(i));
    for (uint32_t i = 8; i + 8 < WEFT_HEAT_ROWS; i++) {
        uint64_t ten_times = 10 * weft_heat_row_ns(i), next = weft_heat_row_ns(i + 8);
        assert_true(next <= ten_times && ten_times - next < 10); /* both are rounded up */
    }
}

static void every_duration_is_in_the_row_that_holds_it(void **state)
{
    (void)state;
    uint64_t duration = 0;
    for (unsigned i = 0; i < 4000; i++) {
        uint32_t row = weft_heat_row_of(duration);
        assert_true(weft_heat_row_ns(row) <= duration);
        if (row + 1 < WEFT_HEAT_ROWS) assert_true(duration < weft_heat_row_ns(row + 1));
        duration += 1 + duration / 100;
    }
    assert_int_equal(WEFT_HEAT_ROWS - 1, weft_heat_row_of(UINT64_MAX));
    for (uint32_t row = 3; row < WEFT_HEAT_ROWS; row++)
        assert_int_equal(row, weft_heat_row_of(weft_heat_row_ns(row)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_eight_to_a_factor_of_ten),
        cmocka_unit_test(every_duration_is_in_the_row_that_holds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
