/* otlp_protobuf_test.c -- hand-made bytes: each rule for odd spans, by its number in the
 * checklist. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "model/otlp.h"
#include "wire/protobuf.h"

#define S WEFT_S_INIT
#define TRACE "\x0a\x10\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c"
#define SPAN "\x12\x08\xee\xe1\x9b\x7e\xc3\xc1\xb1\x74"
#define IDS TRACE SPAN

struct decoded {
    struct weft_arena arena;
    struct weft_buf body;
    struct weft_batch batch;
    struct weft_otlp_result result;
    struct weft_err err;
    int rc;
};

static void decode(struct decoded *d, struct weft_str span)
{
    memset(d, 0, sizeof *d);
    weft_arena_init(&d->arena, 0);
    d->batch.arena = &d->arena;
    size_t resource = weft_pb_open(&d->body, 1);
    size_t scope = weft_pb_open(&d->body, 2);
    size_t mark = weft_pb_open(&d->body, 2);
    weft_buf_append_str(&d->body, span);
    weft_pb_close(&d->body, mark);
    weft_pb_close(&d->body, scope);
    weft_pb_close(&d->body, resource);
    d->rc = weft_otlp_decode_protobuf(&d->batch, weft_buf_str(&d->body), &d->result, &d->err);
}

static void release(struct decoded *d)
{
    weft_buf_release(&d->body);
    weft_arena_release(&d->arena);
}

/* What becomes of a span: kept, mended, rejected, refused. */
static void odd_spans(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct weft_str span;
        int rc;
        uint32_t span_count;
        uint64_t mended;
        const char *reason; /* part of the sentence */
    } cases[] = {
        { "C3.7.2 ids alone", S(IDS), WEFT_OK, 1, 0, "" },
        { "C3.7.6 trace id of 15 bytes",
          S("\x0a\x0f"
            "123456789012345" SPAN),
          WEFT_OK, 0, 0,
          "resource_spans[0].scope_spans[0].spans[0]: trace_id has 15 bytes, 16 expected" },
        { "C3.7.6 trace id missing", S(SPAN), WEFT_OK, 0, 0, "trace_id has 0 bytes" },
        { "C3.7.6 trace id all zero", S("\x0a\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" SPAN), WEFT_OK,
          0, 0, "trace_id is all zero" },
        { "C3.7.6 span id missing", S(TRACE), WEFT_OK, 0, 0, "span_id has 0 bytes" },
        { "C3.7.6 span id all zero", S(TRACE "\x12\x08\0\0\0\0\0\0\0\0"), WEFT_OK, 0, 0,
          "span_id is all zero" },
        { "C3.7.6 parent empty", S(IDS "\x22\x00"), WEFT_OK, 1, 0, "" },
        { "C3.7.6 parent all zero", S(IDS "\x22\x08\0\0\0\0\0\0\0\0"), WEFT_OK, 1, 1, "" },
        { "C3.7.6 parent of 4 bytes",
          S(IDS "\x22\x04"
                "abcd"),
          WEFT_OK, 1, 1, "" },
        { "C3.7.6 empty name", S(IDS "\x2a\x00"), WEFT_OK, 1, 0, "" },
        { "C3.7.4 kind 5", S(IDS "\x30\x05"), WEFT_OK, 1, 0, "" },
        { "C3.7.4 kind 6", S(IDS "\x30\x06"), WEFT_OK, 1, 1, "" },
        { "C3.7.4 kind -1", S(IDS "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), WEFT_OK, 1, 1,
          "" },
        { "C3.7.4 status 3", S(IDS "\x7a\x02\x18\x03"), WEFT_OK, 1, 1, "" },
        { "C3.7.5 flags beyond bit 9", S(IDS "\x85\x01\x01\x07\x00\x80"), WEFT_OK, 1, 1, "" },
        { "C3.7.5 flags of ten bits", S(IDS "\x85\x01\x01\x03\x00\x00"), WEFT_OK, 1, 0, "" },
        { "name not UTF-8",
          S(IDS "\x2a\x03"
                "a\xff"
                "b"),
          WEFT_OK, 1, 1, "" },
        { "C3.8.1 value not UTF-8",
          S(IDS "\x4a\x0a\x0a\x01k\x12\x05\x0a\x03"
                "a\xc3("),
          WEFT_OK, 1, 1, "" },
        { "C3.8.1 key not UTF-8", S(IDS "\x4a\x07\x0a\x01\xff\x12\x02\x10\x01"), WEFT_OK, 1, 1,
          "" },
        { "C3.8.1 text in an array not UTF-8",
          S(IDS "\x4a\x0c\x0a\x01k\x12\x07\x2a\x05\x0a\x03\x0a\x01\x80"), WEFT_OK, 1, 1, "" },
        { "C3.6.3 unknown fields of each wire type",
          S(IDS "\xa0\x06\x96\x01\xa1\x06"
                "12345678"
                "\xa2\x06\x02xy\xa5\x06"
                "1234"),
          WEFT_OK, 1, 0, "" },
        { "known field of another wire type", S(IDS "\x28\x05"), WEFT_OK, 1, 0, "" },
        { "tag of two bytes where one would do", S(IDS "\xaa\x00\x01n"), WEFT_OK, 1, 0, "" },
        { "C3.3.5 length past the end",
          S(IDS "\x2a\x05"
                "ab"),
          WEFT_INVALID, 0, 0, "spans[0]: not a protobuf message" },
        { "C3.3.5 attribute cut short", S(IDS "\x4a\x03\x0a\x05k"), WEFT_INVALID, 0, 0,
          "spans[0].attributes: not a protobuf" },
        { "C3.3.5 event cut short", S(IDS "\x5a\x03\x09\x01\x02"), WEFT_INVALID, 0, 0, ".events" },
        { "C3.3.5 link cut short", S(IDS "\x6a\x02\x0a\x10"), WEFT_INVALID, 0, 0, ".links" },
        { "C3.3.5 status cut short", S(IDS "\x7a\x02\x12\x10"), WEFT_INVALID, 0, 0, ".status" },
        { "C3.3.5 a group", S(IDS "\x2b\x2c"), WEFT_INVALID, 0, 0, "not a protobuf message" },
        { "C3.3.5 field number 0", S(IDS "\x00\x01"), WEFT_INVALID, 0, 0,
          "not a protobuf message" },
        { "C3.3.5 array broken inside", S(IDS "\x4a\x08\x0a\x01k\x12\x03\x2a\x01\x0a"),
          WEFT_INVALID, 0, 0, ".attributes" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct decoded d;
        decode(&d, cases[i].span);
        const char *sentence = d.rc < 0 ? d.err.text : d.result.reason;
        if (d.rc != cases[i].rc || d.batch.span_count != cases[i].span_count ||
            d.result.mended_fields != cases[i].mended ||
            strstr(sentence, cases[i].reason) == NULL) {
            fail_msg("%s: rc %d, %u spans, %u mended, \"%s\"", cases[i].name, d.rc,
                     d.batch.span_count, (unsigned)d.result.mended_fields, sentence);
        }
        assert_int_equal(d.result.rejected_spans, d.rc == WEFT_OK && cases[i].span_count == 0);
        release(&d);
    }
}

/* C3.7.2, C3.7.3, C3.8.1: every field, in bytes. */
static void golden_span(void **state)
{
    (void)state;
    struct decoded d;
    decode(&d, WEFT_S(IDS "\x1a\x03"
                          "a=b"
                          "\x22\x08"
                          "parentid"
                          "\x2a\x02"
                          "hi"
                          "\x30\x02"
                          "\x39\x01\0\0\0\0\0\0\0"
                          "\x41\x02\0\0\0\0\0\0\0"
                          "\x4a\x08\x0a\x01s\x12\x03\x0a\x01v"
                          "\x4a\x07\x0a\x01"
                          "b\x12\x02\x10\x01"
                          "\x4a\x08\x0a\x01i\x12\x03\x18\xc8\x01"
                          "\x4a\x0e\x0a\x01"
                          "d\x12\x09\x21\0\0\0\0\0\0\xf0\x3f"
                          "\x4a\x0c\x0a\x01"
                          "a\x12\x07\x2a\x05\x0a\x03\x0a\x01x"
                          "\x4a\x08\x0a\x01y\x12\x03\x3a\x01\xff"
                          "\x4a\x05\x0a\x01"
                          "e\x12\x00"
                          "\x4a\x03\x0a\x01"
                          "f"
                          "\x50\x07"
                          "\x5a\x0f\x09\x05\0\0\0\0\0\0\0\x12\x02"
                          "ev\x20\x01"
                          "\x60\x08"
                          "\x6a\x25" TRACE SPAN "\x1a\x02ts\x35\x01\x01\0\0"
                          "\x70\x09"
                          "\x7a\x07\x12\x03"
                          "bad\x18\x02"
                          "\x85\x01\x01\x01\0\0"));
    assert_int_equal(d.rc, WEFT_OK);
    assert_int_equal(d.batch.span_count, 1);
    assert_int_equal(d.result.mended_fields, 0);
    const struct weft_span *span = &d.batch.spans[0];
    char hex[33];
    weft_trace_id_format(&span->trace_id, hex);
    assert_string_equal(hex, "5b8efff798038103d269b633813fc60c");
    assert_memory_equal(span->parent_span_id.bytes, "parentid", 8);
    assert_true(weft_str_equal_c(span->trace_state, "a=b"));
    assert_true(weft_str_equal_c(span->name, "hi"));
    assert_int_equal(span->kind, WEFT_KIND_SERVER);
    assert_int_equal(span->start_time_unix_nano, 1);
    assert_int_equal(span->end_time_unix_nano, 2);
    assert_int_equal(span->attributes.count, 8);
    static const uint8_t types[] = { WEFT_VALUE_STRING, WEFT_VALUE_BOOL,  WEFT_VALUE_INT,
                                     WEFT_VALUE_DOUBLE, WEFT_VALUE_ARRAY, WEFT_VALUE_BYTES,
                                     WEFT_VALUE_EMPTY,  WEFT_VALUE_EMPTY };
    for (uint32_t i = 0; i < 8; i++) assert_int_equal(span->attributes.items[i].type, types[i]);
    assert_true(span->attributes.items[1].bool_value);
    assert_int_equal(span->attributes.items[2].int_value, 200);
    assert_true(span->attributes.items[3].double_value == 1.0);
    assert_int_equal(span->attributes.items[4].value_len, 5);
    assert_int_equal(span->attributes.dropped_count, 7);
    assert_int_equal(span->event_count, 1);
    assert_int_equal(span->events[0].time_unix_nano, 5);
    assert_true(weft_str_equal_c(span->events[0].name, "ev"));
    assert_int_equal(span->events[0].attributes.dropped_count, 1);
    assert_int_equal(span->dropped_events_count, 8);
    assert_int_equal(span->link_count, 1);
    assert_memory_equal(span->links[0].trace_id.bytes, span->trace_id.bytes, 16);
    assert_true(weft_str_equal_c(span->links[0].trace_state, "ts"));
    assert_int_equal(span->links[0].flags, 0x101);
    assert_int_equal(span->dropped_links_count, 9);
    assert_int_equal(span->status_code, WEFT_STATUS_ERROR);
    assert_true(weft_str_equal_c(span->status_message, "bad"));
    assert_int_equal(span->flags, 0x101);
    release(&d);
}

static void mended_text_is_repaired(void **state)
{
    (void)state;
    struct decoded d;
    decode(&d, WEFT_S(IDS "\x2a\x03"
                          "a\xff"
                          "b"
                          "\x4a\x0c\x0a\x01k\x12\x07\x2a\x05\x0a\x03\x0a\x01\x80"));
    assert_int_equal(d.result.mended_fields, 2);
    assert_true(weft_str_equal_c(d.batch.spans[0].name, "a\xef\xbf\xbd"
                                                        "b"));
    struct weft_value array = weft_attribute_value(&d.batch.spans[0].attributes.items[0]), element;
    size_t at = 0;
    assert_true(weft_value_next(array.bytes, &at, NULL, &element, false));
    assert_true(weft_str_equal_c(element.bytes, "\xef\xbf\xbd"));
    assert_false(weft_value_next(array.bytes, &at, NULL, &element, false));
    release(&d);
}

static int decode_nested(unsigned depth)
{
    struct weft_buf value = { 0 }, span = { 0 };
    struct decoded d;
    for (unsigned i = 0; i < depth;
         i++) { /* from the inside out: AnyValue{array{values: AnyValue}} */
        struct weft_buf array = { 0 }, outer = { 0 };
        size_t mark = weft_pb_open(&array, 1);
        weft_buf_append_str(&array, weft_buf_str(&value));
        weft_pb_close(&array, mark);
        weft_pb_put_bytes(&outer, 5, weft_buf_str(&array));
        weft_buf_release(&array);
        weft_buf_release(&value);
        value = outer;
    }
    weft_buf_append_str(&span, WEFT_S(IDS));
    size_t mark = weft_pb_open(&span, 9);
    weft_pb_put_bytes(&span, 2, weft_buf_str(&value));
    weft_pb_close(&span, mark);
    decode(&d, weft_buf_str(&span));
    int rc = d.rc;
    release(&d);
    weft_buf_release(&value);
    weft_buf_release(&span);
    return rc;
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    assert_int_equal(decode_nested(WEFT_OTLP_DEPTH_MAX), WEFT_OK);
    assert_int_equal(decode_nested(WEFT_OTLP_DEPTH_MAX + 1), WEFT_TOO_LARGE);
    assert_int_equal(decode_nested(1000), WEFT_TOO_LARGE);
}

static void long_key_rejects_the_span(void **state)
{
    (void)state;
    for (size_t len = WEFT_OTLP_KEY_BYTES_MAX; len <= WEFT_OTLP_KEY_BYTES_MAX + 1; len++) {
        struct weft_buf span = { 0 }, key = { 0 };
        struct decoded d;
        weft_buf_append_str(&span, WEFT_S(IDS));
        weft_buf_append_zero(&key, len);
        size_t mark = weft_pb_open(&span, 9);
        weft_pb_put_bytes(&span, 1, weft_buf_str(&key));
        weft_pb_close(&span, mark);
        decode(&d, weft_buf_str(&span));
        assert_int_equal(d.rc, WEFT_OK);
        assert_int_equal(d.result.rejected_spans, len > WEFT_OTLP_KEY_BYTES_MAX);
        assert_int_equal(d.batch.span_count, len <= WEFT_OTLP_KEY_BYTES_MAX);
        release(&d);
        weft_buf_release(&span);
        weft_buf_release(&key);
    }
}

/* A million empty messages must not become hundreds of megabytes. */
static void growth_has_a_limit(void **state)
{
    (void)state;
    static const char *const elements[] = { "\x4a\x00", "\x5a\x00", "\x6a\x00" };
    for (size_t e = 0; e < 3; e++) {
        struct weft_buf span = { 0 };
        struct decoded d;
        weft_buf_append_str(&span, WEFT_S(IDS));
        for (int i = 0; i < 1000000; i++) weft_buf_append(&span, elements[e], 2);
        decode(&d, weft_buf_str(&span));
        assert_int_equal(d.rc, WEFT_TOO_LARGE);
        assert_int_equal(d.batch.span_count, 0);
        assert_true(d.arena.total_bytes < 40 * d.body.len);
        release(&d);
        weft_buf_release(&span);
    }
}

/* C3.7.1: parts may come in any order; spans point to what comes later. C3.8.2: resource in two
 * pieces adds up. */
static void parts_in_any_order(void **state)
{
    (void)state;
    struct weft_arena arena;
    struct weft_err err = { 0 };
    struct weft_otlp_result result;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = { .arena = &arena };
    struct weft_str body =
        WEFT_S("\x0a\x58"
               "\x1a\x01u"
               "\x12\x28"
               "\x1a\x01w"
               "\x12\x1c" IDS "\x0a\x05\x0a\x01n\x12\x00"
               "\x0a\x17\x0a\x15\x0a\x0cservice.name\x12\x05\x0a\x03web"
               "\x0a\x10\x0a\x07\x0a\x01k\x12\x02\x10\x01\x10\x03\x1a\x03\x12\x01t");
    assert_int_equal(weft_otlp_decode_protobuf(&batch, body, &result, &err), WEFT_OK);
    assert_int_equal(batch.span_count, 1);
    const struct weft_scope *scope = batch.spans[0].scope;
    assert_true(weft_str_equal_c(scope->name, "n"));
    assert_true(weft_str_equal_c(scope->schema_url, "w"));
    assert_true(weft_str_equal_c(scope->resource->schema_url, "u"));
    assert_true(weft_str_equal_c(scope->resource->service_name, "web"));
    assert_int_equal(scope->resource->attributes.count, 2);
    assert_int_equal(scope->resource->attributes.dropped_count, 3);
    assert_true(weft_str_equal_c(scope->resource->entity_refs, "\x1a\x03\x12\x01t"));
    weft_arena_release(&arena);
}

/* C3.2.5 */
static void empty_request_is_a_success(void **state)
{
    (void)state;
    struct weft_arena arena;
    struct weft_otlp_result result;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = { .arena = &arena };
    assert_int_equal(weft_otlp_decode_protobuf(&batch, WEFT_S(""), &result, NULL), WEFT_OK);
    assert_int_equal(weft_otlp_decode_protobuf(&batch, WEFT_S("\x0a\x00"), &result, NULL), WEFT_OK);
    assert_int_equal(weft_otlp_decode_protobuf(&batch, WEFT_S("hello"), &result, NULL),
                     WEFT_INVALID);
    assert_int_equal(batch.span_count, 0);
    weft_arena_release(&arena);
}

/* Cut anywhere, a request is refused or shorter, never read past its end (run under the address
 * sanitizer). */
static void every_prefix_is_safe(void **state)
{
    (void)state;
    struct decoded whole;
    decode(
        &whole,
        WEFT_S(IDS
               "\x2a\x02hi\x4a\x08\x0a\x01s\x12\x03\x0a\x01v\x5a\x0d\x09\x05\0\0\0\0\0\0\0\x12\x02"
               "ev"));
    assert_int_equal(whole.rc, WEFT_OK);
    for (size_t len = 0; len < whole.body.len; len++) {
        struct weft_arena arena;
        struct weft_otlp_result result;
        weft_arena_init(&arena, 0);
        struct weft_batch batch = { .arena = &arena };
        char *copy = malloc(len + 1);
        memcpy(copy, whole.body.data, len);
        char *exact = realloc(copy, len > 0 ? len : 1);
        int rc = weft_otlp_decode_protobuf(&batch, weft_str_make(exact, len), &result, NULL);
        assert_int_equal(rc, len == 0 ? WEFT_OK : WEFT_INVALID);
        free(exact);
        weft_arena_release(&arena);
    }
    release(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_spans),
        cmocka_unit_test(golden_span),
        cmocka_unit_test(mended_text_is_repaired),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(long_key_rejects_the_span),
        cmocka_unit_test(growth_has_a_limit),
        cmocka_unit_test(parts_in_any_order),
        cmocka_unit_test(empty_request_is_a_success),
        cmocka_unit_test(every_prefix_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
