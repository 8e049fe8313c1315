/* tempo_logfmt_test.c -- tags and logfmt of a search request. */
#include "server/tempo.h"
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

static const struct {
    const char *tags, *query; /* NULL: refused, and `query` is in the sentence */
    const char *sentence;
} cases[] = {
    { "", "" },
    { " \t ", "" },
    { "a=b", "{ span.\"a\" =~ \".*b.*\" || resource.\"a\" =~ \".*b.*\" }" },
    { "a=\"x y\" c=d", "{ span.\"a\" =~ \".*x y.*\" || resource.\"a\" =~ \".*x y.*\" } && "
                       "{ span.\"c\" =~ \".*d.*\" || resource.\"c\" =~ \".*d.*\" }" },
    { "a=503", "{ span.\"a\" = 503 || resource.\"a\" = 503 }" },
    { "a=-1.5", "{ span.\"a\" = -1.5 || resource.\"a\" = -1.5 }" },
    { "a=1.2.3",
      "{ span.\"a\" =~ \".*1\\\\.2\\\\.3.*\" || resource.\"a\" =~ \".*1\\\\.2\\\\.3.*\" }" },
    { "a=99999999999999999999", "{ span.\"a\" =~ \".*99999999999999999999.*\" || "
                                "resource.\"a\" =~ \".*99999999999999999999.*\" }" },
    { "a=true", "{ span.\"a\" =~ \".*true.*\" || span.\"a\" = true || "
                "resource.\"a\" =~ \".*true.*\" || resource.\"a\" = true }" },
    { "name=tick", "{ name =~ \".*tick.*\" }" },
    { "root.name=t", "{ rootName =~ \".*t.*\" }" },
    { "root.service.name=t", "{ rootServiceName =~ \".*t.*\" }" },
    { "status.code=error", "{ status = error }" },
    { "status.code=2", "{ false }" },
    { "a", "{ span.\"a\" =~ \".*.*\" || resource.\"a\" =~ \".*.*\" }" },
    { "a=", "{ span.\"a\" =~ \".*.*\" || resource.\"a\" =~ \".*.*\" }" },
    { "name=\"\\\\ \\\" \\n \\u2615\"", "{ name =~ \".*\\\\\\\\ \\\" \\x0a \xe2\x98\x95.*\" }" },
    { "a\\b=(", "{ span.\"a\\\\b\" =~ \".*\\\\(.*\" || resource.\"a\\\\b\" =~ \".*\\\\(.*\" }" },
    { "a=1 a=2", NULL, "tag a has been set twice" },
    { "\"a\"=1", NULL, "a key without quotes" },
    { "=1", NULL, "found '=' at character 1, expected a key" },
    { "a=\"x", NULL, "found the end, expected a closing quote" },
    { "a=\"x\"y", NULL, "a space behind the closing quote" },
    { "a=\"\\x\"", NULL, "behind a backslash" },
    { "a=\"\\u12\"", NULL, "four hex digits" },
    { "a=b=c", NULL, "a value in quotes" },
    { "a=b\"c", NULL, "a value in quotes" },
};

static void tags_as_queries(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_err err = { 0 };
        struct weft_buf out = { 0 };
        int rc = weft_tempo_tags_to_query(&out, weft_str_from_c(cases[i].tags), &err);
        if (cases[i].query == NULL) {
            if (rc != WEFT_INVALID || strstr(err.text, cases[i].sentence) == NULL)
                fail_msg("%s: %d, \"%s\"", cases[i].tags, rc, err.text);
        } else if (rc != WEFT_OK || !weft_str_equal_c(weft_buf_str(&out), cases[i].query)) {
            fail_msg("%s: %d, %.*s%s", cases[i].tags, rc, (int)out.len, out.data, err.text);
        }
        weft_buf_release(&out);
    }
}

static void many_tags(void **state)
{
    struct weft_buf tags = { 0 }, out = { 0 };
    struct weft_err err;
    for (int i = 0; i < 64; i++) weft_buf_printf(&tags, "k%d=v ", i);
    assert_int_equal(weft_tempo_tags_to_query(&out, weft_buf_str(&tags), &err), WEFT_OK);
    weft_buf_append_c(&tags, "one=more");
    assert_int_equal(weft_tempo_tags_to_query(&out, weft_buf_str(&tags), &err), WEFT_INVALID);
    assert_string_equal(err.text, "found more than 64 tags");
    weft_buf_release(&tags);
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_as_queries),
        cmocka_unit_test(many_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
