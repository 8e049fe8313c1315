/* tempo_time_test.c -- times and steps as Tempo takes them. */
#include "base/clock.h"
#include "server/tempo.h"
#include <inttypes.h>
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#define NONE UINT64_MAX

static void durations(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns; /* NONE: refused */
    } cases[] = {
        { "0", 0 },
        { "60s", 60 * WEFT_NS_PER_SECOND },
        { "1h30m", 5400 * WEFT_NS_PER_SECOND },
        { "1.5s", 1500 * WEFT_NS_PER_MS },
        { "1ms", WEFT_NS_PER_MS },
        { "250\xc2\xb5s", 250000 },
        { "1d", 86400 * WEFT_NS_PER_SECOND },
        { "2w1d", 15 * 86400 * WEFT_NS_PER_SECOND },
        { "1y", 365 * 86400 * WEFT_NS_PER_SECOND },
        { "", NONE },
        { "2", NONE },
        { "-1s", NONE },
        { "1 s", NONE },
        { "1x", NONE },
        { "s", NONE },
        { "1.2.3s", NONE },
        { "1000y", NONE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ns;
        if (!weft_tempo_duration_parse(weft_str_from_c(cases[i].text), &ns)) ns = NONE;
        if (ns != cases[i].ns) fail_msg("%s: %" PRIu64, cases[i].text, ns);
    }
}

static void times(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        { "1795226400", UINT64_C(1795226400000000000) },
        { "0", 0 },
        { "1795226400.5", UINT64_C(1795226400500000000) },
        { "1795226400.123", UINT64_C(1795226400123000000) },
        { "1795226400000000001", UINT64_C(1795226400000000001) },
        { "2026-11-21T00:00:00Z", UINT64_C(1795219200000000000) },
        { "x", NONE },
        { "-5", NONE },
        { "1e99", NONE },
        { "NaN", NONE },
        { "2026-11-21", NONE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ns;
        if (!weft_tempo_time_parse(weft_str_from_c(cases[i].text), &ns)) ns = NONE;
        uint64_t off = ns > cases[i].ns ? ns - cases[i].ns : cases[i].ns - ns;
        bool has_fraction = strchr(cases[i].text, '.') != NULL; /* a double holds 0.2 us of it */
        if (off > (has_fraction ? 500 : 0)) fail_msg("%s: %" PRIu64, cases[i].text, ns);
    }
}

static void ranges(void **state)
{
    uint64_t from, to;
    struct weft_err err;
    assert_int_equal(weft_tempo_range_make(0, 0, &from, &to, &err), WEFT_OK);
    assert_true(from == 0 && to == 0);
    assert_int_equal(weft_tempo_range_make(5, 10, &from, &to, &err), WEFT_OK);
    assert_true(from == 5 * WEFT_NS_PER_SECOND && to == 10 * WEFT_NS_PER_SECOND + 1);
    assert_int_equal(weft_tempo_range_make(10, 10, &from, &to, &err), WEFT_INVALID);
    assert_int_equal(weft_tempo_range_make(10, 5, &from, &to, &err), WEFT_INVALID);
    assert_int_equal(weft_tempo_range_make(0, 5, &from, &to, &err), WEFT_INVALID);
    assert_int_equal(weft_tempo_range_make(5, 0, &from, &to, &err), WEFT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(times),
        cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
