/* grpc_frame_test.c -- C3.5.5 and PROTOCOL-HTTP2.md in rows. */
#include "wire/grpc_frame.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S WEFT_S_INIT

static void test_unary(void **state)
{
    static const struct {
        const char *name;
        struct weft_str body;
        int rc;
        const char *message;
        bool is_compressed;
    } cases[] = {
        { "plain", S("\x00\x00\x00\x00\x05hello"), WEFT_OK, "hello", false },
        { "compressed", S("\x01\x00\x00\x00\x05hello"), WEFT_OK, "hello", true },
        { "empty message", S("\x00\x00\x00\x00\x00"), WEFT_OK, "", false }, /* C3.2.5 */
        { "nothing", S(""), WEFT_INVALID, "", false },
        { "half a prefix", S("\x00\x00\x00"), WEFT_INVALID, "", false },
        { "half a message", S("\x00\x00\x00\x00\x05hell"), WEFT_INVALID, "", false },
        { "bytes behind", S("\x00\x00\x00\x00\x05hello!"), WEFT_INVALID, "", false },
        { "two messages", S("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), WEFT_INVALID, "", false },
        { "flag", S("\x02\x00\x00\x00\x05hello"), WEFT_INVALID, "", false },
        { "flag alone", S("\x80"), WEFT_INVALID, "", false },
        { "largest",
          S("\x00\x00\x00\x00\x0a"
            "0123456789"),
          WEFT_OK, "0123456789", false },
        { "too large",
          S("\x00\x00\x00\x00\x0b"
            "0123456789a"),
          WEFT_TOO_LARGE, "", false },
        { "too large, by prefix alone", S("\x00\xff\xff\xff\xff"), WEFT_TOO_LARGE, "", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_grpc_frame frame;
        struct weft_err err;
        int rc = weft_grpc_frame_unary(&frame, cases[i].body, 10, &err);
        if (rc != cases[i].rc) fail_msg("%s: %d", cases[i].name, rc);
        if (rc < 0) continue;
        assert_true(weft_str_equal_c(frame.message, cases[i].message));
        assert_int_equal(frame.is_compressed, cases[i].is_compressed);
    }
}

static void test_stream(void **state)
{
    struct weft_buf out = { 0 };
    static const struct weft_str messages[] = { S("one"), S(""), S("three") };
    for (size_t i = 0; i < 3; i++) weft_grpc_frame_append(&out, i == 2, messages[i]);
    for (size_t len = 0; len <= out.len; len++) {
        struct weft_grpc_frame frame;
        size_t at = 0, count = 0;
        int rc;
        while ((rc = weft_grpc_frame_next(&frame, weft_str_make(out.data, len), &at, 100, NULL)) ==
               1) {
            assert_true(weft_str_equal(frame.message, messages[count]));
            assert_int_equal(frame.is_compressed, count == 2);
            count++;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(count, len < 8 ? 0 : len < 13 ? 1 : len < 23 ? 2 : 3);
    }
    weft_buf_release(&out);
}

static void test_timeouts(void **state)
{
    static const struct {
        struct weft_str text;
        bool is_good;
        uint64_t ns;
    } cases[] = {
        { S("1n"), true, 1 },
        { S("5u"), true, 5000 },
        { S("100m"), true, 100000000 },
        { S("5S"), true, 5000000000 },
        { S("2M"), true, 120000000000 },
        { S("1H"), true, 3600000000000 },
        { S("0S"), true, 0 },
        { S("00000001m"), true, 1000000 },
        { S("99999999H"), true, UINT64_MAX },
        { S("99999999S"), true, 99999999000000000 },
        { S(""), false, 0 },
        { S("S"), false, 0 },
        { S("5"), false, 0 },
        { S("5s"), false, 0 },
        { S("-5S"), false, 0 },
        { S("+5S"), false, 0 },
        { S("5 S"), false, 0 },
        { S("5.0S"), false, 0 },
        { S("123456789S"), false, 0 },
        { S("5SS"), false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t ns = 0;
        if (weft_grpc_timeout_parse(cases[i].text, &ns) != cases[i].is_good)
            fail_msg("%.*s", WEFT_S_ARG(cases[i].text));
        if (cases[i].is_good) assert_int_equal(ns, cases[i].ns);
    }
    static const struct {
        uint64_t ns;
        const char *text;
    } formats[] = {
        { 0, "0n" },
        { 99999999, "99999999n" },
        { 100000000, "100000u" },
        { 100000001, "100001u" },
        { 10000000000, "10000000u" },
        { 100000000000, "100000m" },
        { UINT64_MAX, "5124096H" },
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char text[10];
        assert_int_equal(weft_grpc_timeout_format(text, formats[i].ns), strlen(formats[i].text));
        assert_string_equal(text, formats[i].text);
        uint64_t ns;
        assert_true(weft_grpc_timeout_parse(weft_str_from_c(text), &ns));
        assert_true(ns >= formats[i].ns);
    }
}

static void test_messages(void **state)
{
    static const struct {
        struct weft_str text, encoded;
    } both[] = {
        { S("plain words, 100!"), S("plain words, 100!") },
        { S("50%"), S("50%25") },
        { S("a\nb\t"), S("a%0Ab%09") },
        { S("\xc3\xa9"), S("%C3%A9") },
        { S("~\x7f"), S("~%7F") },
        { S(""), S("") },
    };
    struct weft_buf out = { 0 };
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        weft_buf_reset(&out);
        weft_grpc_message_encode(&out, both[i].text);
        assert_true(weft_str_equal(weft_buf_str(&out), both[i].encoded));
        weft_buf_reset(&out);
        weft_grpc_message_decode(&out, both[i].encoded);
        assert_true(weft_str_equal(weft_buf_str(&out), both[i].text));
    }
    static const struct {
        struct weft_str encoded, text;
    } odd[] = {
        { S("100%"), S("100%") },        { S("%2"), S("%2") },
        { S("%zz%41"), S("%zzA") },      { S("%c3%a9"), S("\xc3\xa9") },
        { S("%FF"), S("\xef\xbf\xbd") }, { S("raw \xc3\xa9"), S("raw \xc3\xa9") },
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        weft_buf_reset(&out);
        weft_grpc_message_decode(&out, odd[i].encoded);
        assert_true(weft_str_equal(weft_buf_str(&out), odd[i].text));
    }
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
