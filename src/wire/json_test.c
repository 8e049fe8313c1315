/* json_test.c -- RFC 8259 in rows. */
#include "wire/json.h"
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S WEFT_S_INIT

/* Tokens as one letter each: { } [ ] k s n t f z(null) $(end) !(error). */
static void tokens_of(struct weft_str input, char *out, size_t size, struct weft_arena *arena)
{
    static const char letters[] = "!${}[]ksntfz";
    struct weft_json_reader r;
    weft_json_reader_init(&r, input, arena);
    size_t at = 0;
    for (;;) {
        enum weft_json_token token = weft_json_next(&r);
        if (at + 1 < size) out[at++] = letters[token];
        if (token == WEFT_JSON_END || token == WEFT_JSON_ERROR) break;
    }
    out[at] = 0;
}

static void test_tokens(void **state)
{
    static const struct {
        struct weft_str in;
        const char *tokens;
    } cases[] = {
        { S("{}"), "{}$" },
        { S("[]"), "[]$" },
        { S(" 1 "), "n$" },
        { S("null"), "z$" },
        { S("\"\""), "s$" },
        { S("[true,false,null]"), "[tfz]$" },
        { S("{\"a\":[1,{\"b\":\"c\"}]}"), "{k[n{ks}]}$" },
        { S("{\"a\" : 1 ,\r\n\t\"b\":2}"), "{knkn}$" },
        { S(""), "!" },
        { S("   "), "!" },
        { S("[1,]"), "[n!" },
        { S("{\"a\":1,}"), "{kn!" },
        { S("[,1]"), "[!" },
        { S("{a:1}"), "{!" },
        { S("{\"a\" 1}"), "{!" },
        { S("{\"a\":}"), "{k!" },
        { S("[1 2]"), "[n!" },
        { S("1 2"), "n!" },
        { S("[1}"), "[n!" },
        { S("{]"), "{!" },
        { S("[\"a"), "[!" },
        { S("tru"), "!" },
        { S("nul"), "!" },
        { S("'a'"), "!" },
        { S("// c\n1"), "!" },
        { S("\xef\xbb\xbf"
            "1"),
          "!" },
        { S("NaN"), "!" },
        /* numbers */
        { S("0"), "n$" },
        { S("-0"), "n$" },
        { S("-1.5e+10"), "n$" },
        { S("1E5"), "n$" },
        { S("01"), "n!" },
        { S("-"), "!" },
        { S("+1"), "!" },
        { S(".5"), "!" },
        { S("1."), "!" },
        { S("1e"), "!" },
        { S("1e+"), "!" },
        { S("0x10"), "n!" },
        /* strings */
        { S("\"a\nb\""), "!" },
        { S("\"\\x\""), "!" },
        { S("\"\\u12g4\""), "!" },
        { S("\"\\u12\""), "!" },
        { S("\"\\\""), "!" },
        { S("\"\\"), "!" },
        { S("\"\x01\\n\""), "!" },
        { S("\"\\n\x01\""), "!" },
        { S("\"\x7f\""), "s$" },
    };
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char found[64];
        tokens_of(cases[i].in, found, sizeof found, &arena);
        if (strcmp(found, cases[i].tokens) != 0) {
            fail_msg("%.*s: tokens %s, expected %s", WEFT_S_ARG(cases[i].in), found,
                     cases[i].tokens);
        }
    }
    weft_arena_release(&arena);
}

static void test_strings(void **state)
{
    static const struct {
        struct weft_str in, out;
        unsigned mended;
    } cases[] = {
        { S("\"plain\""), S("plain"), 0 },
        { S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), S("\"\\/\b\f\n\r\t"), 0 },
        { S("\"\\u0041\\u00e9\\u20AC\\ud834\\udd1e\""), S("A\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e"),
          0 },
        { S("\"a\\u0000b\""), S("a\0b"), 0 },
        { S("\"\xc3\xa9t\xc3\xa9\""), S("\xc3\xa9t\xc3\xa9"), 0 },
        { S("\"\xc3\xa9\\n\""), S("\xc3\xa9\n"), 0 },
        { S("\"\\ud800\""), S("\xef\xbf\xbd"), 1 },   /* lone high surrogate */
        { S("\"\\udc00x\""), S("\xef\xbf\xbdx"), 1 }, /* lone low surrogate */
        { S("\"\\ud800\\u0041\""),
          S("\xef\xbf\xbd"
            "A"),
          1 },
        { S("\"\\ud800\\ud800\\udc00\""), S("\xef\xbf\xbd\xf0\x90\x80\x80"), 1 },
        { S("\"a\xff"
            "b\""),
          S("a\xef\xbf\xbd"
            "b"),
          1 },
        { S("\"\\n\xc3\""), S("\n\xef\xbf\xbd"), 1 },
        { S("\"0123456789abcdef0123456789\\n0123456789abcdef\""),
          S("0123456789abcdef0123456789\n0123456789abcdef"), 0 },
    };
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_json_reader r;
        weft_json_reader_init(&r, cases[i].in, &arena);
        assert_int_equal(weft_json_next(&r), WEFT_JSON_STRING);
        assert_int_equal(r.text.len, cases[i].out.len);
        assert_memory_equal(r.text.ptr, cases[i].out.ptr, r.text.len);
        assert_int_equal(r.mended_strings, cases[i].mended);
        assert_int_equal(weft_json_next(&r), WEFT_JSON_END);
    }
    weft_arena_release(&arena);
}

static void test_sentences(void **state)
{
    static const struct {
        struct weft_str in;
        const char *sentence;
    } cases[] = {
        { S("{\n  \"a\": tru\n}"), "JSON line 2, column 8: found 't', expected a value" },
        { S("[1 2]"), "JSON line 1, column 4: found '2', expected ',' or ']'" },
        { S("{\"a\":1"), "JSON line 1, column 7: found the end, expected ',' or '}'" },
        { S("[\x01]"), "JSON line 1, column 2: found byte 0x01, expected a value" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_json_reader r;
        struct weft_err err;
        weft_json_reader_init(&r, cases[i].in, NULL);
        enum weft_json_token token;
        do token = weft_json_next(&r);
        while (token != WEFT_JSON_ERROR && token != WEFT_JSON_END);
        assert_int_equal(weft_json_fail(&r, &err), WEFT_INVALID);
        assert_string_equal(err.text, cases[i].sentence);
    }
}

static void test_depth_is_bounded(void **state)
{
    char text[2 * WEFT_JSON_DEPTH_MAX + 2];
    for (size_t depth = WEFT_JSON_DEPTH_MAX; depth <= WEFT_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        char found[2 * WEFT_JSON_DEPTH_MAX + 4];
        tokens_of(weft_str_make(text, 2 * depth), found, sizeof found, NULL);
        assert_int_equal(found[strlen(found) - 1], depth > WEFT_JSON_DEPTH_MAX ? '!' : '$');
    }
}

static void test_skip(void **state)
{
    struct weft_json_reader r;
    weft_json_reader_init(&r, WEFT_S("{\"a\":{\"b\":[1,[2],{}]},\"c\":3}"), NULL);
    assert_int_equal(weft_json_next(&r), WEFT_JSON_OBJECT_START);
    assert_int_equal(weft_json_next(&r), WEFT_JSON_KEY);
    assert_true(weft_json_skip(&r, WEFT_JSON_KEY));
    assert_int_equal(weft_json_next(&r), WEFT_JSON_KEY);
    assert_true(weft_str_equal_c(r.text, "c"));
    assert_true(weft_json_skip(&r, weft_json_next(&r)));
    assert_int_equal(weft_json_next(&r), WEFT_JSON_OBJECT_END);
    assert_int_equal(weft_json_next(&r), WEFT_JSON_END);
}

static void test_writer(void **state)
{
    struct weft_buf out = { 0 };
    struct weft_json_writer w = { &out, false };
    weft_json_object_start(&w);
    weft_json_key(&w, "a");
    weft_json_array_start(&w);
    weft_json_i64(&w, INT64_MIN);
    weft_json_u64(&w, UINT64_MAX);
    weft_json_i64_string(&w, -7);
    weft_json_u64_string(&w, 0);
    weft_json_array_start(&w);
    weft_json_array_end(&w);
    weft_json_object_start(&w);
    weft_json_object_end(&w);
    weft_json_array_end(&w);
    weft_json_key_str(&w, WEFT_S("b\""));
    weft_json_bool(&w, true);
    weft_json_key(&w, "c");
    weft_json_null(&w);
    weft_json_key(&w, "d");
    weft_json_string(&w, WEFT_S("\x01\x1f\n\\\x7f\xc3\xa9\xff\xc3z"));
    weft_json_key(&w, "e");
    weft_json_raw(&w, WEFT_S("[0]"));
    weft_json_object_end(&w);
    weft_buf_append_byte(&out, 0);
    assert_string_equal(
        out.data,
        "{\"a\":[-9223372036854775808,18446744073709551615,\"-7\",\"0\",[],{}],\"b\\\"\":true,"
        "\"c\":null,\"d\":\"\\u0001\\u001f\\n\\\\\x7f\xc3\xa9\xef\xbf\xbd\xef\xbf\xbdz\",\"e\":[0]"
        "}");
    weft_buf_release(&out);
}

/* C3.6.5: NaN and infinities are strings. */
static void test_doubles(void **state)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { -0.0, "-0.0" },
        { 1, "1" },
        { -3, "-3" },
        { 0.1, "0.1" },
        { 1.5, "1.5" },
        { 0.30000000000000004, "0.30000000000000004" },
        { 1e22, "1e+22" },
        { 1e300, "1e+300" },
        { DBL_MAX, "1.7976931348623157e+308" },
        { DBL_MIN, "2.2250738585072014e-308" },
        { 5e-324, "5e-324" },
        { 123456.789, "123456.789" },
        { 9007199254740991.0, "9007199254740991" },
        { 9007199254740992.0, "9007199254740992" },
        { 1.0 / 3, "0.3333333333333333" },
        { NAN, "\"NaN\"" },
        { INFINITY, "\"Infinity\"" },
        { -INFINITY, "\"-Infinity\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_buf out = { 0 };
        struct weft_json_writer w = { &out, false };
        weft_json_double(&w, cases[i].v);
        weft_buf_append_byte(&out, 0);
        assert_string_equal(out.data, cases[i].text);
        weft_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),    cmocka_unit_test(test_strings),
        cmocka_unit_test(test_sentences), cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_skip),      cmocka_unit_test(test_writer),
        cmocka_unit_test(test_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
