/* text_test.c -- hex, base64, percent, query strings, UTF-8: published vectors and what is almost
 * right. */
#include "wire/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S WEFT_S_INIT

static void test_hex(void **state)
{
    static const struct {
        struct weft_str hex;
        bool is_good;
    } cases[] = {
        { S("00ff7f80"), true },
        { S("00FF7f80"), true },
        { S("00ff7f8"), false },
        { S("00ff7f8g"), false },
        { S("00ff7f8000"), false },
        { S(""), false },
        { S("0x00ff7f"), false },
        { S(" 0ff7f80"), false },
        { S("00ff7f8:"), false },
        { S("00ff7f8@"), false },
        { S("00ff7f8`"), false },
        { S("00ff7f8/"), false },
        { S("\xb0\xb0"
            "ff7f80"),
          false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char out[4];
        if (weft_hex_decode(out, 4, cases[i].hex) != cases[i].is_good)
            fail_msg("%.*s", WEFT_S_ARG(cases[i].hex));
        if (!cases[i].is_good) continue;
        assert_memory_equal(out, "\x00\xff\x7f\x80", 4);
        char text[8];
        weft_hex_encode(text, out, 4);
        assert_memory_equal(text, "00ff7f80", 8);
    }
    for (int c = 0; c < 256; c++) {
        const char *digits = "0123456789abcdef", *upper = "0123456789ABCDEF";
        const char *at = c == 0 ? NULL : strchr(digits, c),
                   *at_upper = c == 0 ? NULL : strchr(upper, c);
        int expected = at != NULL         ? (int)(at - digits)
                       : at_upper != NULL ? (int)(at_upper - upper)
                                          : -1;
        assert_int_equal(weft_hex_digit((char)c), expected);
    }
}

/* RFC 4648 §10, and what is not canonical. */
static void test_base64(void **state)
{
    static const struct {
        struct weft_str bytes, standard, url;
    } good[] = {
        { S(""), S(""), S("") },
        { S("f"), S("Zg=="), S("Zg") },
        { S("fo"), S("Zm8="), S("Zm8") },
        { S("foo"), S("Zm9v"), S("Zm9v") },
        { S("foob"), S("Zm9vYg=="), S("Zm9vYg") },
        { S("fooba"), S("Zm9vYmE="), S("Zm9vYmE") },
        { S("foobar"), S("Zm9vYmFy"), S("Zm9vYmFy") },
        { S("\xfb\xff\xbe"), S("+/++"), S("-_--") },
        { S("\0\0"), S("AAA="), S("AAA") },
    };
    struct weft_buf out = { 0 };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        for (int form = 0; form < 2; form++) {
            struct weft_str text = form == 0 ? good[i].standard : good[i].url;
            weft_buf_reset(&out);
            weft_base64_encode(&out, (enum weft_base64)form, good[i].bytes);
            assert_true(weft_str_equal(weft_buf_str(&out), text));
            for (int any = 0; any < 2; any++) {
                weft_buf_reset(&out);
                assert_true(
                    weft_base64_decode(&out, any ? WEFT_BASE64_ANY : (enum weft_base64)form, text));
                assert_true(weft_str_equal(weft_buf_str(&out), good[i].bytes));
            }
        }
    }
    static const struct {
        struct weft_str text;
        enum weft_base64 alphabet;
    } bad[] = {
        { S("Z"), WEFT_BASE64_ANY },        { S("Zg="), WEFT_BASE64_ANY },
        { S("Zg==="), WEFT_BASE64_ANY },    { S("="), WEFT_BASE64_ANY },
        { S("=="), WEFT_BASE64_ANY },       { S("===="), WEFT_BASE64_ANY },
        { S("Zm9v===="), WEFT_BASE64_ANY }, { S("Zh=="), WEFT_BASE64_ANY },
        { S("Zm9="), WEFT_BASE64_ANY },     { S("Zg==Zg=="), WEFT_BASE64_ANY },
        { S("Zm 9v"), WEFT_BASE64_ANY },    { S("Zm9v\n"), WEFT_BASE64_ANY },
        { S("Zm9v*"), WEFT_BASE64_ANY },    { S("-_--"), WEFT_BASE64_STANDARD },
        { S("+/++"), WEFT_BASE64_URL },     { S("Zm9\xc3"), WEFT_BASE64_ANY },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        weft_buf_reset(&out);
        if (weft_base64_decode(&out, bad[i].alphabet, bad[i].text))
            fail_msg("%.*s was taken", WEFT_S_ARG(bad[i].text));
        assert_int_equal(out.len, 0);
    }
    weft_buf_release(&out);
}

static void test_percent(void **state)
{
    static const struct {
        struct weft_str in, out;
        bool is_good;
    } cases[] = {
        { S("/a%20b%2Fc%2f"), S("/a b/c/"), true },
        { S("%00"), S("\0"), true },
        { S("a+b"), S("a+b"), true },
        { S(""), S(""), true },
        { S("%"), S(""), false },
        { S("a%2"), S(""), false },
        { S("%g0"), S(""), false },
        { S("%%20"), S(""), false },
    };
    struct weft_buf out = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weft_buf_reset(&out);
        assert_int_equal(weft_percent_decode(&out, cases[i].in), cases[i].is_good);
        assert_true(weft_str_equal(weft_buf_str(&out), cases[i].out));
    }
    weft_buf_reset(&out);
    weft_percent_encode(&out, WEFT_S("aZ09-._~ /%\xc3\xa9&"));
    assert_true(weft_str_equal_c(weft_buf_str(&out), "aZ09-._~%20%2F%25%C3%A9%26"));
    weft_buf_release(&out);
}

static void test_query_strings(void **state)
{
    static const struct {
        struct weft_str query;
        const char *pairs;
    } cases[] = {
        { S("a=1&b=two+words&c"), "a=1|b=two words|c=|" },
        { S(""), "" },
        { S("&&a=1&"), "a=1|" },
        { S("=x"), "=x|" },
        { S("a=b=c"), "a=b=c|" },
        { S("a%20b=%7B%22x%22%7D"), "a b={\"x\"}|" },
        { S("q=50%&r=%zz%4"), "q=50%|r=%zz%4|" },
        { S("a=%2B+"), "a=+ |" },
        { S("a=1&a=2"), "a=1|a=2|" },
    };
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_buf found = { 0 };
        struct weft_str name, value;
        size_t at = 0;
        while (weft_query_string_next(cases[i].query, &at, &arena, &name, &value)) {
            weft_buf_printf(&found, "%.*s=%.*s|", WEFT_S_ARG(name), WEFT_S_ARG(value));
        }
        assert_true(weft_str_equal_c(weft_buf_str(&found), cases[i].pairs));
        weft_buf_release(&found);
    }
    struct weft_str value;
    assert_true(weft_query_string_find(WEFT_S("a=1&b=2&b=3"), &arena, WEFT_S("b"), &value));
    assert_true(weft_str_equal_c(value, "2"));
    assert_false(weft_query_string_find(WEFT_S("a=1&b=2"), &arena, WEFT_S("c"), &value));
    assert_int_equal(value.len, 0);
    weft_arena_release(&arena);
}

/* Unicode 15 table 3-7, and the examples of §3.9 for what one U+FFFD stands for (tables 3-8 to
 * 3-11). */
static void test_utf8(void **state)
{
#define R "\xef\xbf\xbd"
    static const struct {
        struct weft_str in;
        size_t valid;
        struct weft_str repaired;
    } cases[] = {
        { S(""), 0, S("") },
        { S("plain"), 5, S("plain") },
        { S("\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e"), 9, S("\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e") },
        { S("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), 19,
          S("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf") },
        { S("\xed\x9f\xbf\xee\x80\x80"), 6, S("\xed\x9f\xbf\xee\x80\x80") },
        { S("a\x80z"), 1, S("a" R "z") },
        { S("\xc0\xaf"), 0, S(R R) },
        { S("\xc1\xbf"), 0, S(R R) },
        { S("\xe0\x9f\xbf"), 0, S(R R R) },
        { S("\xf0\x8f\xbf\xbf"), 0, S(R R R R) },
        { S("\xed\xa0\x80"), 0, S(R R R) },
        { S("\xf4\x90\x80\x80"), 0, S(R R R R) },
        { S("\xf5\x80\x80\x80"), 0, S(R R R R) },
        { S("\xff\xfe"), 0, S(R R) },
        { S("a\xc3"), 1, S("a" R) },
        { S("a\xe2\x82"), 1, S("a" R) },
        { S("\xf0\x9d\x84"), 0, S(R) },
        { S("\xe2\x82z"), 0, S(R "z") },
        { S("\xf1\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64"), 0, S(R R R "b" R "c" R R "d") },
        { S("0123456789abcdef0123456789\xff"
            "0123456789"),
          26, S("0123456789abcdef0123456789" R "0123456789") },
    };
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_buf out = { 0 };
        if (weft_utf8_valid_prefix(cases[i].in) != cases[i].valid)
            fail_msg("case %zu: %zu", i, weft_utf8_valid_prefix(cases[i].in));
        assert_int_equal(weft_utf8_is_valid(cases[i].in), cases[i].valid == cases[i].in.len);
        weft_utf8_append_repaired(&out, cases[i].in);
        assert_true(weft_str_equal(weft_buf_str(&out), cases[i].repaired));
        assert_true(weft_str_equal(weft_utf8_repair(cases[i].in, &arena), cases[i].repaired));
        weft_buf_release(&out);
    }
    weft_arena_release(&arena);
}

static void test_every_code_point(void **state)
{
    for (uint32_t c = 0; c <= 0x110000; c++) {
        char text[8]; /* 4 are used; gcc does not see that eight are never read */
        size_t len = weft_utf8_encode(text, c);
        bool is_whole = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        if (!weft_utf8_is_valid(weft_str_make(text, len))) fail_msg("U+%04X", (unsigned)c);
        if (!is_whole) assert_memory_equal(text, R, 3);
        if (len > 1 && weft_utf8_valid_prefix(weft_str_make(text, len - 1)) != 0)
            fail_msg("U+%04X cut short", (unsigned)c);
    }
}

static void test_is_ascii(void **state)
{
    char text[40];
    for (size_t len = 0; len <= sizeof text; len++) {
        memset(text, 'x', sizeof text);
        assert_true(weft_is_ascii(text, len));
        for (size_t at = 0; at < sizeof text; at++) {
            text[at] = (char)0x80;
            assert_int_equal(weft_is_ascii(text, len), at >= len);
            text[at] = 'x';
        }
    }
}

static void test_lower(void **state)
{
    struct weft_arena arena;
    char text[4];
    size_t changed = 0;
    weft_arena_init(&arena, 0);
    for (uint32_t c = 1; c < 0x110000; c++) {
        if (c >= 0xd800 && c < 0xe000) continue;
        struct weft_str s = weft_str_make(text, weft_utf8_encode(text, c));
        struct weft_str lower = weft_utf8_lower(s, &arena);
        assert_true(weft_utf8_is_valid(lower));
        assert_true(weft_str_equal(weft_utf8_lower(lower, &arena), lower));
        changed += !weft_str_equal(lower, s);
    }
    assert_int_equal(changed, 1406 + 26 + 1); /* Unicode 14; ASCII; U+0130 */
    struct weft_str same = WEFT_S("already so"), bad = WEFT_S("A\xff");
    assert_ptr_equal(weft_utf8_lower(same, &arena).ptr, same.ptr);
    assert_ptr_equal(weft_utf8_lower(bad, &arena).ptr, bad.ptr);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lower),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_query_strings),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_is_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
