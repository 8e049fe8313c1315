/* str_test.c -- views: comparing, cutting, numbers, edit distance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <float.h>
#include <cmocka.h>

#include "base/str.h"

#define S WEFT_S_INIT

static void compares(void **state)
{
    static const struct {
        struct weft_str a, b;
        int order;
        bool is_equal_ignoring_case;
    } cases[] = {
        { S(""), S(""), 0, true },
        { { NULL, 0 }, S(""), 0, true },
        { S("a"), S(""), 1, false },
        { S("a"), S("b"), -1, false },
        { S("ab"), S("a"), 1, false },
        { S("a"), S("A"), 1, true },
        { S("\xff"), S("a"), 1, false },
        { S("a\0b"), S("a\0c"), -1, false },
        { S("Content-Type"), S("content-type"), -1, true },
        { S("[\\]"), S("{|}"), -1, false }, /* neighbours of the letters are no letters */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int order = weft_str_compare(cases[i].a, cases[i].b);
        assert_int_equal((order > 0) - (order < 0), cases[i].order);
        assert_int_equal(weft_str_equal(cases[i].a, cases[i].b), cases[i].order == 0);
        assert_int_equal(weft_str_equal_ignoring_case(cases[i].a, cases[i].b),
                         cases[i].is_equal_ignoring_case);
    }
}

static void starts_and_ends(void **state)
{
    struct weft_str s = WEFT_S("span.name");
    assert_true(weft_str_starts_with(s, WEFT_S("span.")));
    assert_true(weft_str_starts_with(s, WEFT_S("")));
    assert_false(weft_str_starts_with(s, WEFT_S("span.name.")));
    assert_true(weft_str_ends_with(s, WEFT_S("name")));
    assert_false(weft_str_ends_with(s, WEFT_S("Name")));
    assert_int_equal(weft_str_tail(s, 5).len, 4);
    assert_int_equal(weft_str_tail(s, 50).len, 0);
    assert_int_equal(weft_str_find(s, '.'), 4);
    assert_int_equal(weft_str_find(s, 'z'), -1);
    assert_int_equal(weft_str_find((struct weft_str){ NULL, 0 }, 'z'), -1);
}

static void trims(void **state)
{
    static const struct {
        struct weft_str in, out;
    } cases[] = {
        { S(""), S("") },   { S(" \t\r\n "), S("") }, { S(" a b\n"), S("a b") },
        { S("a"), S("a") }, { S("\va"), S("\va") },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(weft_str_equal(weft_str_trim(cases[i].in), cases[i].out));
}

static void splits(void **state)
{
    struct weft_str rest = WEFT_S("a,,bc");
    assert_true(weft_str_equal_c(weft_str_split(&rest, ','), "a"));
    assert_true(weft_str_equal_c(weft_str_split(&rest, ','), ""));
    assert_true(weft_str_equal_c(weft_str_split(&rest, ','), "bc"));
    assert_int_equal(rest.len, 0);
    assert_int_equal(weft_str_split(&rest, ',').len, 0);
}

static void reads_whole_numbers(void **state)
{
    static const struct {
        struct weft_str in;
        bool is_u64, is_i64;
        uint64_t u64;
        int64_t i64;
    } cases[] = {
        { S("0"), true, true, 0, 0 },
        { S("007"), true, true, 7, 7 },
        { S("18446744073709551615"), true, false, UINT64_MAX, 0 },
        { S("18446744073709551616"), false, false, 0, 0 },
        { S("99999999999999999999"), false, false, 0, 0 },
        { S("9223372036854775807"), true, true, INT64_MAX, INT64_MAX },
        { S("9223372036854775808"), true, false, UINT64_C(1) << 63, 0 },
        { S("-9223372036854775808"), false, true, 0, INT64_MIN },
        { S("-9223372036854775809"), false, false, 0, 0 },
        { S("-1"), false, true, 0, -1 },
        { S(""), false, false, 0, 0 },
        { S("-"), false, false, 0, 0 },
        { S("--1"), false, false, 0, 0 },
        { S("+1"), false, false, 0, 0 },
        { S(" 1"), false, false, 0, 0 },
        { S("1\0"), false, false, 0, 0 },
        { S("1.0"), false, false, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t u64 = 0;
        int64_t i64 = 0;
        assert_int_equal(weft_str_to_u64(cases[i].in, &u64), cases[i].is_u64);
        assert_int_equal(weft_str_to_i64(cases[i].in, &i64), cases[i].is_i64);
        if (cases[i].is_u64) assert_true(u64 == cases[i].u64);
        if (cases[i].is_i64) assert_true(i64 == cases[i].i64);
    }
}

static void reads_doubles(void **state)
{
    static const struct {
        struct weft_str in;
        bool is_ok;
        double out;
    } cases[] = {
        { S("0"), true, 0 },
        { S("-1.5e3"), true, -1500 },
        { S("1.7976931348623157e308"), true, DBL_MAX },
        { S("1e309"), false, 0 },
        { S("inf"), false, 0 },
        { S("nan"), false, 0 },
        { S("0x10"), false, 0 },
        { S(" 1"), false, 0 },
        { S("1 "), false, 0 },
        { S(""), false, 0 },
        { S("1e"), false, 0 },
        { S("."), false, 0 },
        { S("5e-324"), true, 5e-324 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double out = 0;
        assert_int_equal(weft_str_to_double(cases[i].in, &out), cases[i].is_ok);
        if (cases[i].is_ok) assert_true(out == cases[i].out);
    }
}

static void counts_edits(void **state)
{
    static const struct {
        struct weft_str a, b;
        size_t edits;
    } cases[] = {
        { S(""), S(""), 0 },
        { S("abc"), S(""), 3 },
        { S("kitten"), S("sitting"), 3 },
        { S("batch"), S("batch"), 0 },
        { S("tial_sampling"), S("tail_sampling"), 2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(weft_str_distance(cases[i].a, cases[i].b), cases[i].edits);
        assert_int_equal(weft_str_distance(cases[i].b, cases[i].a), cases[i].edits);
    }
    char longer[80];
    memset(longer, 'x', sizeof longer);
    assert_int_equal(weft_str_distance(weft_str_make(longer, 80), weft_str_make(longer, 79)), 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(starts_and_ends),
        cmocka_unit_test(trims),
        cmocka_unit_test(splits),
        cmocka_unit_test(reads_whole_numbers),
        cmocka_unit_test(reads_doubles),
        cmocka_unit_test(counts_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
