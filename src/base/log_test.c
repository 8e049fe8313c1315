/* log_test.c -- what reaches the log is one line, whatever was said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"

static int pipe_fds[2];
static char line[8192];

static const char *logged(void)
{
    ssize_t len = read(pipe_fds[0], line, sizeof line - 1);
    assert_true(len > 0);
    line[len] = '\0';
    assert_int_equal(line[len - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
    return line;
}

static int setup(void **state)
{
    return pipe(pipe_fds);
}

static void json_lines_are_json(void **state)
{
    weft_log_configure(WEFT_LOG_INFO, WEFT_LOG_AUTO, pipe_fds[1]); /* a pipe is no terminal: JSON */
    weft_log(WEFT_LOG_DEBUG, "test", "not wanted");
    weft_log(WEFT_LOG_WARN, "test", "said \"%s\"", "a\\b\n\x1b\xff\xe2\x82\xac");
    const char *text = logged();
    assert_memory_equal(text, "{\"time\":\"20", 11);
    assert_string_equal(
        strstr(text, ",\"level\""),
        ",\"level\":\"warn\",\"part\":\"test\",\"message\":\"said \\\"a\\\\b\\u000a\\u001b"
        "\xef\xbf\xbd\xe2\x82\xac\\\"\"}\n");
}

static void text_lines_keep_the_terminal_safe(void **state)
{
    weft_log_configure(WEFT_LOG_DEBUG, WEFT_LOG_TEXT, pipe_fds[1]);
    weft_log(WEFT_LOG_DEBUG, "store", "\x1b[2J \"x\"");
    assert_string_equal(logged() + 24, " DEBUG store: \\u001b[2J \"x\"\n");
}

static void long_lines_are_cut(void **state)
{
    char message[6000];
    memset(message, '\x01', sizeof message);
    message[sizeof message - 1] = '\0';
    weft_log_configure(WEFT_LOG_INFO, WEFT_LOG_JSON, pipe_fds[1]);
    weft_log(WEFT_LOG_INFO, "test", "%s", message);
    size_t len = strlen(logged());
    assert_true(len <= 4096);
    assert_string_equal(line + len - 3, "\"}\n");
}

static void limited_lines_say_what_was_left_out(void **state)
{
    static struct weft_log_limit limit;
    weft_log_configure(WEFT_LOG_INFO, WEFT_LOG_TEXT, pipe_fds[1]);
    for (int i = 0; i < 5; i++)
        weft_log_limited(&limit, UINT64_C(1) << 60, WEFT_LOG_INFO, "test", "number %d", i);
    assert_string_equal(logged() + 24, " INFO  test: number 0\n");
    limit.next_ns = 0;
    weft_log_limited(&limit, 1, WEFT_LOG_INFO, "test", "number %d", 5);
    assert_string_equal(logged() + 24, " INFO  test: number 5 (and 4 more like this)\n");
}

static void levels_have_names(void **state)
{
    enum weft_log_level level;
    assert_true(weft_log_level_parse(WEFT_S("WARN"), &level));
    assert_int_equal(level, WEFT_LOG_WARN);
    assert_false(weft_log_level_parse(WEFT_S("loud"), &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines_are_json),
        cmocka_unit_test(text_lines_keep_the_terminal_safe),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(limited_lines_say_what_was_left_out),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
