/* metric_limit_test.c -- every value lies in the bucket of its limit, and above the limit before. */
#include "query/metric_limit.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void check(struct weft_traceql_value value, double number, bool is_precise)
{
    int64_t limit;
    assert_true(weft_metric_limit(&value, is_precise, &limit));
    double high = weft_metric_limit_value(limit, is_precise);
    double low = weft_metric_limit_value(limit - 1, is_precise);
    assert_true(number <= high && number > low);
    if (is_precise) assert_true(high / low <= 1 + 1.0 / WEFT_METRIC_STEPS + 1e-12);
}

static void test_whole_numbers(void **state)
{
    (void)state;
    for (int64_t n = 2; n < 5000; n++)
        for (int precise = 0; precise < 2; precise++)
            check((struct weft_traceql_value){ .type = WEFT_TRACEQL_INT, .int_value = n },
                  (double)n, precise);
    for (uint32_t shift = 12; shift < 53; shift++)
        for (int64_t near = -2; near <= 2; near++)
            check((struct weft_traceql_value){ .type = WEFT_TRACEQL_DURATION,
                                               .int_value = (INT64_C(1) << shift) + near },
                  (double)((INT64_C(1) << shift) + near), true);
}

static void test_floats(void **state)
{
    (void)state;
    for (int power = -40; power < 40; power++)
        for (double part = 1; part < 2; part += 0.0007)
            for (int precise = 0; precise < 2; precise++)
                check((struct weft_traceql_value){ .type = WEFT_TRACEQL_FLOAT,
                                                   .float_value = ldexp(part, power) },
                      ldexp(part, power), precise);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        int64_t n;
        bool is_coarse, is_precise;
        double value;
    } cases[] = { { -1, false, false, 0 },
                  { 0, false, true, 0 },
                  { 1, false, true, 1 },
                  { 2, true, true, 2 },
                  { INT64_MAX, true, true, 0x1p63 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_traceql_value value = { .type = WEFT_TRACEQL_INT, .int_value = cases[i].n };
        int64_t limit;
        assert_int_equal(weft_metric_limit(&value, false, &limit), cases[i].is_coarse);
        assert_int_equal(weft_metric_limit(&value, true, &limit), cases[i].is_precise);
        if (cases[i].is_precise)
            assert_true(weft_metric_limit_value(limit, true) == cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
