/* hit_line_test.c -- lines of weft search and weft tail: read from JSON, drawn at several
 * widths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "app/cell_text.h"
#include "app/hit_line.h"
#include "base/arena.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define TRACE(service, name, spans, errors)                                                   \
    "{\"trace_id\":\"" ID "\",\"root_service_name\":\"" service "\",\"root_name\":\"" name    \
    "\",\"unknown\":[{\"a\":{}}],\"start_time_unix_nano\":\"1000\",\"duration_ns\":12500000," \
    "\"span_count\":" spans ",\"error_count\":" errors ",\"services\":[{\"name\":\"x\"},{}]," \
    "\"first_match\":{\"name\":\"other\",\"start_time_unix_nano\":\"946684805123456789\"}}"
#define SPAN                                                                                    \
    "{\"trace_id\":\"" ID "\",\"span_id\":\"1\",\"service_name\":\"cart\",\"name\":\"GET k\","  \
    "\"kind\":\"client\",\"status\":\"error\",\"start_time_unix_nano\":\"946684805123456789\"," \
    "\"duration_ns\":950}"

static const struct {
    const char *json, *line;
    unsigned width;
    bool is_span;
} cases[] = {
    { TRACE("cart", "GET /", "3", "1"), "2000-01-01  12.5ms cart GET /            3   ✗1 " ID "\n",
      80 },
    { TRACE("", "", "3", "0"), "2000-01-01  12.5ms (no ser… (no name)    3      " ID "\n", 80 },
    { TRACE("a-long-service", "a-long-name", "123", "5000"),
      "2000-01-01  12.5ms a-long… a-long-na…  123 ✗999 " ID "\n", 80 },
    { TRACE("cart", "red\\u001b[31m", "1", "0"),
      "2000-01-01 00:00:05.123  12.5ms cart red·[31m                1      " ID "\n", 100 },
    { TRACE("cart", "GET /", "3", "1"),
      "2000-01-01 00:00:05.123  12.5ms cart GET /                     3 spans    1 err " ID "\n",
      112 },
    { SPAN, "2000-01-01   950ns ✗ cart GET k                 " ID "\n", 80, true },
    { SPAN, "2000-01-01 00:00:05.123   950ns ✗ cart GET k               client   " ID "\n", 100,
      true },
};

static void test_lines(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct weft_terminal terminal = { .width = cases[i].width };
        struct weft_arena arena;
        struct weft_json_reader reader;
        struct weft_hit_line line;
        struct weft_buf out = { 0 };
        weft_arena_init(&arena, 0);
        weft_json_reader_init(&reader, weft_str_from_c(cases[i].json), &arena);
        assert_int_equal(weft_json_next(&reader), WEFT_JSON_OBJECT_START);
        assert_true(weft_hit_line_read(&line, &reader));
        assert_int_equal(weft_json_next(&reader), WEFT_JSON_END);
        if (cases[i].is_span)
            weft_hit_line_write_span(&out, &line, &terminal);
        else
            weft_hit_line_write_trace(&out, &line, &terminal);
        if (!weft_str_equal_c(weft_buf_str(&out), cases[i].line))
            fail_msg("%zu, got:\n%.*swanted:\n%s", i, WEFT_S_ARG(weft_buf_str(&out)),
                     cases[i].line);
        struct weft_str text = weft_str_make(weft_buf_str(&out).ptr, weft_buf_str(&out).len - 1);
        assert_int_equal(weft_cell_width(text), cases[i].width);
        weft_buf_release(&out);
        weft_arena_release(&arena);
    }
}

static void test_not_a_line(void **state)
{
    static const char *const texts[] = { "{\"trace_id\":1}",
                                         "{\"span_count\":{}}",
                                         "{\"first_match\":3}",
                                         "{\"first_match\":{\"a\"}}",
                                         "{\"services\":{}}",
                                         "{\"name\":",
                                         "{" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct weft_arena arena;
        struct weft_json_reader reader;
        struct weft_hit_line line;
        weft_arena_init(&arena, 0);
        weft_json_reader_init(&reader, weft_str_from_c(texts[i]), &arena);
        weft_json_next(&reader);
        assert_false(weft_hit_line_read(&line, &reader));
        weft_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines),
                                        cmocka_unit_test(test_not_a_line) };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
