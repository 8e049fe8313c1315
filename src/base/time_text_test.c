/* time_text_test.c -- durations and times to text and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/random.h"
#include <cmocka.h>

#define S WEFT_S_INIT

static void reads_durations(void **state)
{
    static const struct {
        struct weft_str in;
        bool is_ok;
        int64_t ns;
    } cases[] = {
        { S("0"), true, 0 },
        { S("0s"), true, 0 },
        { S("30s"), true, INT64_C(30000000000) },
        { S("1h30m"), true, INT64_C(5400000000000) },
        { S("250ms"), true, 250000000 },
        { S("1.5us"), true, 1500 },
        { S("1.5\xc2\xb5s"), true, 1500 },
        { S("100ns"), true, 100 },
        { S("2d"), true, INT64_C(172800000000000) },
        { S("0.123456789s"), true, 123456789 },
        { S("0.1234567899s"), true, 123456789 },
        { S("1.000000001h"), true, INT64_C(3600000003600) },
        { S("106751d"), true, INT64_C(106751) * 86400 * 1000000000 },
        { S("106752d"), false, 0 },
        { S("99999999999999999999s"), false, 0 },
        { S("18446744073709551615ns"), false, 0 },
        { S(""), false, 0 },
        { S("5"), false, 0 },
        { S("1.5"), false, 0 },
        { S("s"), false, 0 },
        { S("-1s"), false, 0 },
        { S("1 s"), false, 0 },
        { S("1.s"), false, 0 },
        { S(".5s"), false, 0 },
        { S("1x"), false, 0 },
        { S("1s2"), false, 0 },
        { S("1S"), false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = -1;
        if (weft_duration_parse(cases[i].in, &ns) != cases[i].is_ok ||
            (cases[i].is_ok && ns != cases[i].ns))
            fail_msg("%.*s: %lld", WEFT_S_ARG(cases[i].in), (long long)ns);
    }
}

static void writes_durations(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        { 0, "0ns" },
        { 812, "812ns" },
        { 1000, "1us" },
        { 1005, "1.01us" },
        { 9999, "10us" },
        { 12340, "12.3us" },
        { 1240000, "1.24ms" },
        { 100400000, "100ms" },
        { 999499999, "999ms" },
        { 999500000, "1s" },
        { INT64_C(3500000000), "3.5s" },
        { INT64_C(59940000000), "59.9s" },
        { INT64_C(60000000000), "1m" },
        { INT64_C(124000000000), "2m 4s" },
        { INT64_C(3900000000000), "1h 5m" },
        { INT64_C(183600000000000), "2d 3h" },
        { -1500, "-1.5us" },
        { INT64_MIN, "-106751d 23h" },
    };
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = weft_duration_format(text, sizeof text, cases[i].ns);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(len, strlen(text));
    }
    assert_int_equal(weft_duration_format(text, 4, 1240000), 3);
    assert_string_equal(text, "1.2");
}

static void reads_times(void **state)
{
    static const struct {
        struct weft_str in;
        bool is_ok;
        uint64_t ns;
    } cases[] = {
        { S("1970-01-01T00:00:00Z"), true, 0 },
        { S("2026-11-21T05:00:00.123456789Z"), true, UINT64_C(1795237200123456789) },
        { S("2026-11-21T05:00:00.1234567899Z"), true, UINT64_C(1795237200123456789) },
        { S("2026-11-21t06:30:00.5+01:30"), true, UINT64_C(1795237200500000000) },
        { S("2026-11-20T23:00:00-06:00"), true, UINT64_C(1795237200000000000) },
        { S("2024-02-29T00:00:00Z"), true, UINT64_C(1709164800000000000) },
        { S("2000-02-29T00:00:00Z"), true, UINT64_C(951782400000000000) },
        { S("2016-12-31T23:59:60Z"), true, UINT64_C(1483228800000000000) },
        { S("2554-07-21T23:34:33.709551615Z"), true, UINT64_MAX },
        { S("2554-07-21T23:34:33.709551616Z"), false, 0 },
        { S("2023-02-29T00:00:00Z"), false, 0 },
        { S("2100-02-29T00:00:00Z"), false, 0 },
        { S("1969-12-31T23:59:59Z"), false, 0 },
        { S("1970-01-01T00:00:00+00:01"), false, 0 },
        { S("2026-13-01T00:00:00Z"), false, 0 },
        { S("2026-00-01T00:00:00Z"), false, 0 },
        { S("2026-01-32T00:00:00Z"), false, 0 },
        { S("2026-01-01T24:00:00Z"), false, 0 },
        { S("2026-01-01T00:00:00"), false, 0 },
        { S("2026-01-01T00:00:00.Z"), false, 0 },
        { S("2026-01-01T00:00:00Zx"), false, 0 },
        { S("2026-01-01T00:00:00+0100"), false, 0 },
        { S("2026-1-01T00:00:00Z"), false, 0 },
        { S("2026-01-01\0"), false, 0 },
        { S(""), false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ns = 1;
        if (weft_time_parse_rfc3339(cases[i].in, &ns) != cases[i].is_ok ||
            (cases[i].is_ok && ns != cases[i].ns))
            fail_msg("%.*s: %llu", WEFT_S_ARG(cases[i].in), (unsigned long long)ns);
    }
}

static void times_come_back(void **state)
{
    struct weft_random random;
    char text[64];
    weft_random_init(&random, 1);
    for (int i = 0; i < 2000; i++) {
        uint64_t ns = weft_random_u64(&random), back;
        size_t len = weft_time_format_rfc3339(text, sizeof text, ns, 9);
        assert_int_equal(len, 30);
        assert_true(weft_time_parse_rfc3339(weft_str_make(text, len), &back));
        assert_true(back == ns);
    }
    assert_int_equal(weft_time_format_rfc3339(text, sizeof text, 1999999999, 3), 24);
    assert_string_equal(text, "1970-01-01T00:00:01.999Z");
    weft_time_format_rfc3339(text, sizeof text, 1999999999, 0);
    assert_string_equal(text, "1970-01-01T00:00:01Z");
}

static void clocks_run(void **state)
{
    uint64_t before = weft_clock_monotonic_ns();
    weft_clock_sleep_ns(1000);
    assert_true(weft_clock_monotonic_ns() >= before + 1000);
    assert_true(weft_clock_unix_ns() > UINT64_C(1600000000) * WEFT_NS_PER_SECOND);
    assert_true(weft_clock_process_cpu_ns() >= weft_clock_thread_cpu_ns() / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_durations), cmocka_unit_test(writes_durations),
        cmocka_unit_test(reads_times),     cmocka_unit_test(times_come_back),
        cmocka_unit_test(clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
