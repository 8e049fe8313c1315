/* retry_delay_test.c -- grows under refusals, comes back, spreads, stays in its bounds. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "base/clock.h"
#include "base/retry_delay.h"

#define MS WEFT_NS_PER_MS
#define S WEFT_NS_PER_SECOND

/* `refused` of every `of` requests, 100 a window of 250 ms. */
static void run(struct weft_retry_delay *delay, uint64_t *now_ns, unsigned windows,
                unsigned refused, unsigned of)
{
    for (unsigned i = 0; i < windows * 100; i++, *now_ns += 2500000) {
        if (i % of < refused)
            weft_retry_delay_refused(delay, *now_ns);
        else
            weft_retry_delay_taken(delay, *now_ns);
    }
}

static void grows_and_comes_back(void **state)
{
    struct weft_retry_delay delay = { 0 };
    uint64_t now_ns = 1000 * S;
    assert_int_equal(weft_retry_delay_middle_ns(&delay), 100 * MS);
    run(&delay, &now_ns, 8, 2, 3);
    uint64_t after_two_seconds = weft_retry_delay_middle_ns(&delay);
    assert_in_range(after_two_seconds, 1 * S, 4 * S);
    run(&delay, &now_ns, 4, 1, 8); /* some refused: neither too many nor too few */
    assert_in_range(weft_retry_delay_middle_ns(&delay), after_two_seconds,
                    after_two_seconds * 3 / 2);
    run(&delay, &now_ns, 100, 1, 1);
    assert_int_equal(weft_retry_delay_middle_ns(&delay), 30 * S);
    run(&delay, &now_ns, 30, 0, 1);
    assert_int_equal(weft_retry_delay_middle_ns(&delay), 100 * MS);
}

static void silence_lets_it_shrink(void **state)
{
    struct weft_retry_delay delay = { 0 };
    uint64_t now_ns = 1000 * S;
    run(&delay, &now_ns, 100, 1, 1);
    weft_retry_delay_taken(&delay, now_ns + 10 * S);
    assert_in_range(weft_retry_delay_middle_ns(&delay), 100 * MS, 200 * MS);
}

static void draws_are_spread(void **state)
{
    struct weft_retry_delay delay = { 0 };
    unsigned tenths[10] = { 0 };
    for (unsigned i = 0; i < 10000; i++) { /* all at one moment: the window does not turn */
        uint64_t drawn = weft_retry_delay_refused(&delay, 100 * MS);
        assert_in_range(drawn, 50 * MS, 150 * MS);
        tenths[(drawn - 50 * MS) / (10 * MS + 1)]++;
    }
    for (unsigned i = 0; i < 10; i++) assert_in_range(tenths[i], 850, 1150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_comes_back),
        cmocka_unit_test(silence_lets_it_shrink),
        cmocka_unit_test(draws_are_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
