/* gzip_stream_test.c -- what is written piece by piece is one gzip member. */
#include "wire/compress.h"
#include "wire/gzip_stream.h"
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

static void unpack(struct weft_buf *out, const struct weft_buf *packed)
{
    struct weft_err err = { 0 };
    int rc = weft_decompress(out, WEFT_COMPRESSION_GZIP, weft_buf_str(packed), 1 << 26, 0, &err);
    if (rc < 0) fail_msg("%s", err.text);
}

/* Pieces of no, one, and more bytes than a step takes; some of them do not compress. */
static void round_trip_test(void **state)
{
    static const size_t lengths[] = { 0, 1, 100, 70000, 0, 300000, 65536, 5 };
    struct weft_gzip_stream *stream = weft_gzip_stream_create();
    struct weft_buf plain = { 0 }, packed = { 0 }, again = { 0 };
    uint32_t number = 1;

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t from = plain.len;
        for (size_t k = 0; k < lengths[i]; k++) {
            number = number * 1664525 + 1013904223;
            weft_buf_append_byte(&plain, i % 2 == 0 ? (uint8_t)(number >> 24) : (uint8_t)(k % 7));
        }
        struct weft_str piece = weft_str_make((const char *)plain.data + from, lengths[i]);
        weft_gzip_stream_append(stream, &packed, piece,
                                i + 1 == sizeof lengths / sizeof lengths[0]);
    }
    unpack(&again, &packed);
    assert_true(weft_str_equal(weft_buf_str(&plain), weft_buf_str(&again)));
    weft_gzip_stream_destroy(stream);
    weft_buf_release(&plain);
    weft_buf_release(&packed);
    weft_buf_release(&again);
}

/* Nothing at all is a member too. */
static void empty_test(void **state)
{
    struct weft_gzip_stream *stream = weft_gzip_stream_create();
    struct weft_buf packed = { 0 }, again = { 0 };

    weft_gzip_stream_append(stream, &packed, WEFT_S(""), true);
    unpack(&again, &packed);
    assert_int_equal(again.len, 0);
    weft_gzip_stream_destroy(stream);
    weft_buf_release(&packed);
    weft_buf_release(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_test),
        cmocka_unit_test(empty_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
