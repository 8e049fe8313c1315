/* cell_text_test.c -- foreign text on a terminal. */
#include "app/cell_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S WEFT_S_INIT

static const struct {
    const char *name;
    struct weft_str in;
    unsigned width, columns; /* of the whole text; how many are given */
    const char *out;
    unsigned used;
} cases[] = {
    { "empty", S(""), 0, 5, "", 0 },
    { "fits", S("cart"), 4, 4, "cart", 4 },
    { "cut", S("checkout"), 8, 5, "chec…", 5 },
    { "cut to one", S("checkout"), 8, 1, "…", 1 },
    { "no room at all", S("checkout"), 8, 0, "", 0 },
    { "letters of two bytes", S("über"), 4, 4, "über", 4 },
    { "wide characters take two", S("日本語"), 6, 6, "日本語", 6 },
    { "a wide one does not stand half", S("日本語"), 6, 4, "日…", 3 },
    { "emoji take two", S("a🚀b"), 4, 4, "a🚀b", 4 },
    { "combining marks take none", S("e\xcc\x81x"), 2, 2, "e\xcc\x81x", 2 },
    { "an escape sequence loses its escape", S("\033[31mred"), 8, 20, "·[31mred", 8 },
    { "a title sequence with a bell", S("\033]0;x\a"), 6, 20, "·]0;x·", 6 },
    { "line ends and tabs", S("a\r\n\tb"), 5, 20, "a···b", 5 },
    { "delete and the second row of controls", S("\x7f\xc2\x9b"), 2, 20, "··", 2 },
    { "text that turns around",
      S("a\xe2\x80\xae"
        "b"),
      3, 20, "a·b", 3 },
    { "zero width",
      S("a\xe2\x80\x8b"
        "b"),
      3, 20, "a·b", 3 },
    { "a byte that is no UTF-8",
      S("a\xff"
        "b"),
      3, 20,
      "a\xef\xbf\xbd"
      "b",
      3 },
    { "cut off in a character", S("a\xe2\x82"), 3, 20, "a\xef\xbf\xbd\xef\xbf\xbd", 3 },
    { "longer than needed for its value", S("\xc0\x80"), 2, 20, "\xef\xbf\xbd\xef\xbf\xbd", 2 },
    { "a surrogate", S("\xed\xa0\x80"), 3, 20, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3 },
    { "NUL", WEFT_S_INIT("a\0b"), 3, 20, "a·b", 3 },
};

static void test_put(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_buf out = { 0 };
        unsigned used = weft_cell_put(&out, cases[i].in, cases[i].columns);
        if (used != cases[i].used || weft_cell_width(cases[i].in) != cases[i].width ||
            !weft_str_equal_c(weft_buf_str(&out), cases[i].out))
            fail_msg("%s: \"%.*s\" in %u columns of %u", cases[i].name,
                     WEFT_S_ARG(weft_buf_str(&out)), used, weft_cell_width(cases[i].in));
        weft_buf_release(&out);
    }
}

static void test_put_right(void **state)
{
    struct weft_buf out = { 0 };
    weft_cell_put_right(&out, WEFT_S("5ms"), 6);
    weft_cell_put_right(&out, WEFT_S("日"), 4);
    weft_cell_put_right(&out, WEFT_S("too long"), 2);
    assert_true(weft_str_equal_c(weft_buf_str(&out), "   5ms  日too long"));
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_put),
                                        cmocka_unit_test(test_put_right) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
