/* query_print_test.c -- answers in the terminal: tables, sparklines, carets, CSV. */
#include "app/query/query_print.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static const struct weft_terminal plain = { .width = 80 };
static struct weft_arena arena;

static const char series_json[] =
    "{\"type\":\"series\",\"start_time_unix_nano\":\"1795226400000000000\",\"step_ns\":60000000000,"
    "\"series\":[{\"labels\":[{\"name\":\"a\",\"type\":\"string\",\"value\":\"x,y\"}],"
    "\"points\":[0,1,null,7,0.004]},"
    "{\"labels\":[{\"name\":\"a\",\"type\":\"string\",\"value\":\"top\"}],"
    "\"points\":[123456,999.7,\"Infinity\",12.34,1]},"
    "{\"labels\":[{\"name\":\"a\",\"type\":\"nil\",\"value\":\"nil\"}],"
    "\"points\":[null,null,null,null,null]}],"
    "\"future\":{\"b\":[1,{}]},\"note\":\"mind\",\"partial\":null}";

static struct weft_answer read_series(void)
{
    struct weft_answer answer;
    assert_true(weft_answer_read(&answer, weft_str_from_c(series_json), &arena));
    assert_true(answer.is_series);
    assert_int_equal(3, answer.series_count);
    assert_int_equal(5, answer.series[0].point_count);
    assert_true(weft_str_equal_c(answer.note, "mind"));
    assert_int_equal(0, answer.partial.len);
    return answer;
}

static void check(struct weft_buf *out, const char *want)
{
    weft_buf_append_byte(out, '\0');
    assert_string_equal(want, out->data);
    weft_buf_release(out);
}

static void a_table_has_the_highest_series_first(void **state)
{
    (void)state;
    struct weft_answer answer = read_series();
    struct weft_buf out = { 0 };
    /* The last step is not over: it is in the sparkline alone. */
    weft_query_print_series(&out, &answer, &plain, UINT64_C(1795226630000000000), &arena);
    check(&out, "a        last      min      max  02:00:00 – 02:04:00, step 1m\n"
                "top      12.3     12.3      inf  █▂█▂▂\n"
                "x,y         7        0        7  ▁▂ █▂\n"
                "nil         -        -        -       \n");
}

static void csv_has_a_line_for_each_point(void **state)
{
    (void)state;
    struct weft_answer answer = read_series();
    struct weft_buf out = { 0 };
    answer.series_count = 1;
    weft_query_csv_series(&out, &answer);
    check(&out, "time,a,value\n"
                "2026-11-21T02:00:00.000000000Z,\"x,y\",0\n"
                "2026-11-21T02:01:00.000000000Z,\"x,y\",1\n"
                "2026-11-21T02:03:00.000000000Z,\"x,y\",7\n"
                "2026-11-21T02:04:00.000000000Z,\"x,y\",0.0040000000000000001\n");
}

static void a_caret_stands_under_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        uint32_t line, column;
        const char *want;
    } cases[] = {
        { "{ x }", 1, 3, "  { x }\n    ^\n" },
        { "{ é y }", 1, 5, "  { é y }\n      ^\n" },
        { "{ }\n| rat()", 2, 3, "  | rat()\n    ^\n" },
        { "{ }", 1, 4, "  { }\n     ^\n" },
        { "{ \x1b[31m }", 1, 9, "  { ·[31m }\n          ^\n" },
        { "", 1, 1, "  \n  ^\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_buf out = { 0 };
        weft_query_print_place(&out, weft_str_from_c(cases[i].query), cases[i].line,
                               cases[i].column, &plain);
        check(&out, cases[i].want);
    }
}

static void what_is_no_answer_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = { "",
                                         "[]",
                                         "{\"series\":1}",
                                         "{\"traces\":[1]}",
                                         "{\"series\":[{\"points\":[{}]}]}",
                                         "{\"series\":[{\"labels\":[{\"name\":1}]}]}",
                                         "{\"type\":\"series\"" };
    struct weft_answer answer;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(weft_answer_read(&answer, weft_str_from_c(cases[i]), &arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_has_the_highest_series_first),
        cmocka_unit_test(csv_has_a_line_for_each_point),
        cmocka_unit_test(a_caret_stands_under_the_place),
        cmocka_unit_test(what_is_no_answer_is_refused),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    weft_arena_init(&arena, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weft_arena_release(&arena);
    return failed;
}
