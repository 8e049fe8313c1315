/* protobuf_test.c -- the encoding guide's examples, and what breaks a reader. */
#include "wire/protobuf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S WEFT_S_INIT

static void test_varints(void **state)
{
    static const struct {
        struct weft_str bytes;
        uint64_t value;
        bool is_broken, is_canonical;
    } cases[] = {
        { S("\x00"), 0, false, true },
        { S("\x01"), 1, false, true },
        { S("\x7f"), 127, false, true },
        { S("\x96\x01"), 150, false, true },
        { S("\xff\x7f"), 16383, false, true },
        { S("\x80\x80\x01"), 16384, false, true },
        { S("\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), INT64_MAX, false, true },
        { S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), UINT64_MAX, false, true },
        { S("\x81\x80\x00"), 1, false, false }, /* padded: legal, never written */
        { S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), 0, true, false },     /* 65 bits */
        { S("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), 0, true, false }, /* eleven bytes */
        { S("\x80"), 0, true, false },
        { S(""), 0, true, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_pb_reader r = weft_pb_reader_make(cases[i].bytes);
        assert_int_equal(weft_pb_varint(&r), cases[i].value);
        assert_int_equal(r.is_broken, cases[i].is_broken);
        assert_ptr_equal(r.at, r.end);
        if (!cases[i].is_canonical) continue;
        struct weft_buf out = { 0 };
        weft_pb_put_varint(&out, cases[i].value);
        assert_int_equal(out.len, cases[i].bytes.len);
        assert_int_equal(weft_pb_varint_size(cases[i].value), out.len);
        assert_memory_equal(out.data, cases[i].bytes.ptr, out.len);
        weft_buf_release(&out);
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_int_equal(weft_pb_varint_size(UINT64_C(1) << bit), bit / 7 + 1);
    }
}

static void test_walk(void **state)
{
    static const struct {
        const char *name;
        struct weft_str bytes;
        unsigned fields;
        bool is_broken;
    } cases[] = {
        { "empty", S(""), 0, false },
        { "varint", S("\x08\x96\x01"), 1, false },
        { "string", S("\x12\x07testing"), 1, false },
        { "message", S("\x1a\x03\x08\x96\x01"), 1, false },
        { "fixed",
          S("\x09"
            "12345678"
            "\x15"
            "1234"),
          2, false },
        { "highest number", S("\xf8\xff\xff\xff\x0f\x01"), 1, false },
        { "number zero", S("\x00\x01"), 0, true },
        { "number beyond 2^29", S("\xf8\xff\xff\xff\x1f\x01"), 0, true },
        { "group", S("\x0b\x0c"), 1, true },
        { "end of a group", S("\x0c"), 1, true },
        { "wire type 6", S("\x0e"), 1, true },
        { "wire type 7", S("\x0f"), 1, true },
        { "string cut short", S("\x12\x07test"), 1, true },
        { "length beyond memory",
          S("\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
            "a"),
          1, true },
        { "length of 2^64 - 1",
          S("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
            "a"),
          1, true },
        { "fixed64 cut short",
          S("\x09"
            "1234567"),
          1, true },
        { "fixed32 cut short",
          S("\x15"
            "123"),
          1, true },
        { "tag alone", S("\x08"), 1, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_pb_reader r = weft_pb_reader_make(cases[i].bytes);
        uint32_t tag;
        unsigned fields = 0;
        while (weft_pb_next(&r, &tag)) {
            fields++;
            weft_pb_skip(&r, tag);
        }
        if (fields != cases[i].fields || r.is_broken != cases[i].is_broken) {
            fail_msg("%s: %u fields, broken %d", cases[i].name, fields, r.is_broken);
        }
    }
}

static void test_writer(void **state)
{
    struct weft_buf out = { 0 };
    weft_pb_put_uint(&out, 1, 150);
    weft_pb_put_uint(&out, 1, 0);
    weft_pb_put_bytes(&out, 2, WEFT_S("testing"));
    weft_pb_put_bytes(&out, 2, WEFT_S(""));
    weft_pb_put_bytes_always(&out, 2, WEFT_S(""));
    weft_pb_put_fixed64(&out, 3, 1);
    weft_pb_put_fixed32(&out, 4, 2);
    weft_pb_put_fixed64(&out, 3, 0);
    weft_pb_put_fixed32(&out, 4, 0);
    size_t mark = weft_pb_open(&out, 5);
    weft_pb_put_uint(&out, 1, 150);
    weft_pb_close(&out, mark);
    static const char expected[] = "\x08\x96\x01\x12\x07testing\x12\x00\x19\x01\0\0\0\0\0\0\0\x25"
                                   "\x02\0\0\0\x2a\x03\x08\x96\x01";
    assert_int_equal(out.len, sizeof expected - 1);
    assert_memory_equal(out.data, expected, out.len);
    weft_buf_release(&out);
}

/* Whatever its size, a message closed later reads back whole. */
static void test_open_and_close(void **state)
{
    static const size_t sizes[] = { 0, 1, 127, 128, 16383, 16384, 2097151, 2097152 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct weft_buf out = { 0 };
        weft_buf_append_byte(&out, 'x');
        size_t outer = weft_pb_open(&out, 1);
        size_t inner = weft_pb_open(&out, 2000);
        memset(weft_buf_reserve(&out, sizes[i]), 'y', sizes[i]);
        out.len += sizes[i];
        weft_pb_close(&out, inner);
        weft_pb_close(&out, outer);
        struct weft_pb_reader r = weft_pb_reader_make(weft_str_tail(weft_buf_str(&out), 1));
        uint32_t tag;
        assert_true(weft_pb_next(&r, &tag));
        assert_int_equal(tag, 1 << 3 | WEFT_PB_BYTES);
        struct weft_pb_reader sub = weft_pb_reader_make(weft_pb_bytes(&r));
        assert_ptr_equal(r.at, r.end);
        assert_true(weft_pb_next(&sub, &tag));
        assert_int_equal(tag, 2000 << 3 | WEFT_PB_BYTES);
        assert_int_equal(weft_pb_bytes(&sub).len, sizes[i]);
        assert_ptr_equal(sub.at, sub.end);
        assert_false(sub.is_broken);
        weft_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_varints),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_open_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
