/* jaeger_decode_test.c -- Jaeger's JSON in all its forms, what becomes of tags, and what is said of what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/jaeger_decode.h"

#define TRACE "\"traceID\":\"0af7651916cd43dd8448eb211c80319c\""
#define SPAN TRACE ",\"spanID\":\"b7\",\"operationName\":\"get\",\"processID\":\"p1\""
#define PROCESSES "\"processes\":{\"p1\":{\"serviceName\":\"shop\",\"tags\":[]}}"
#define ONE(members) "{\"spans\":[{" SPAN members "}]," PROCESSES "}"
#define TAG(key, type, value) "{\"key\":\"" key "\",\"type\":\"" type "\",\"value\":" value "}"

struct decoded {
    struct weft_arena arena;
    struct weft_batch batch;
    struct weft_otlp_result result;
    struct weft_err err;
    int rc;
};

static void decode(struct decoded *out, const char *text)
{
    weft_arena_init(&out->arena, 0);
    out->batch = (struct weft_batch){ .arena = &out->arena };
    out->rc = weft_jaeger_decode_json(&out->batch, weft_str_from_c(text), &out->result, &out->err);
}

static const struct weft_span *only_span(struct decoded *out, const char *text)
{
    decode(out, text);
    if (out->rc != WEFT_OK) fail_msg("%s: %s", text, out->err.text);
    assert_int_equal(out->batch.span_count, 1);
    return &out->batch.spans[0];
}

static void assert_text(struct weft_str found, const char *expected)
{
    if (!weft_str_equal_c(found, expected))
        fail_msg("found \"%.*s\", expected \"%s\"", WEFT_S_ARG(found), expected);
}

static void forms(void **state)
{
    static const struct {
        const char *text;
        uint32_t spans;
    } cases[] = {
        { "{\"data\":[" ONE("") "," ONE("") "],\"total\":0,\"errors\":null}", 2 },
        { "{\"total\":0,\"data\":" ONE("") "}", 1 },
        { "{\"data\":null,\"errors\":[{\"code\":404}]}", 0 },
        { "{\"data\":[]}", 0 },
        { ONE(""), 1 },
        { "[" ONE("") "," ONE("") "," ONE("") "]", 3 },
        { "[]", 0 },
        { "{" SPAN ",\"process\":{\"serviceName\":\"shop\"}}", 1 },
        { "[{" SPAN ",\"process\":{\"serviceName\":\"shop\"}},{" SPAN "}]", 2 },
        { "{" PROCESSES ",\"spans\":[{" SPAN "}]}", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct decoded d;
        decode(&d, cases[i].text);
        if (d.rc != WEFT_OK) fail_msg("%s: %s", cases[i].text, d.err.text);
        if (d.batch.span_count != cases[i].spans)
            fail_msg("%s: %u spans", cases[i].text, d.batch.span_count);
        if (cases[i].spans > 0) {
            assert_text(d.batch.spans[0].scope->resource->service_name, "shop");
            assert_text(d.batch.spans[0].name, "get");
            assert_int_equal(d.batch.spans[0].span_id.bytes[7], 0xb7);
        }
        weft_arena_release(&d.arena);
    }
}

static void values(void **state)
{
    static const struct {
        const char *tag;
        struct weft_attribute expected;
        const char *text;
        int mended;
    } cases[] = {
        { TAG("k", "string", "\"v\""), { .type = WEFT_VALUE_STRING }, "v", 0 },
        { TAG("k", "string", "null"), { .type = WEFT_VALUE_STRING }, "", 0 },
        { TAG("k", "string", "5"), { .type = WEFT_VALUE_STRING }, "5", 0 },
        { TAG("k", "string", "{\"a\": [1]}"), { .type = WEFT_VALUE_STRING }, "{\"a\": [1]}", 0 },
        { TAG("k", "bool", "true"), { .type = WEFT_VALUE_BOOL, .bool_value = true }, NULL, 0 },
        { TAG("k", "bool", "\"false\""), { .type = WEFT_VALUE_BOOL }, NULL, 0 },
        { TAG("k", "bool", "1"), { .type = WEFT_VALUE_STRING }, "1", 1 },
        { TAG("k", "int64", "-7"), { .type = WEFT_VALUE_INT, .int_value = -7 }, NULL, 0 },
        { TAG("k", "int64", "\"9223372036854775807\""),
          { .type = WEFT_VALUE_INT, .int_value = INT64_MAX },
          NULL,
          0 },
        { TAG("k", "int64", "1e3"), { .type = WEFT_VALUE_INT, .int_value = 1000 }, NULL, 0 },
        { TAG("k", "int64", "1.5"), { .type = WEFT_VALUE_STRING }, "1.5", 1 },
        { TAG("k", "float64", "1.5"), { .type = WEFT_VALUE_DOUBLE, .double_value = 1.5 }, NULL, 0 },
        { TAG("k", "float64", "2"), { .type = WEFT_VALUE_DOUBLE, .double_value = 2 }, NULL, 0 },
        { TAG("k", "binary", "\"AP8=\""), { .type = WEFT_VALUE_BYTES }, "\0\xff", 0 },
        { TAG("k", "binary", "\"!\""), { .type = WEFT_VALUE_STRING }, "!", 1 },
        { "{\"key\":\"k\",\"value\":3}", { .type = WEFT_VALUE_INT, .int_value = 3 }, NULL, 0 },
        { "{\"value\":0.5,\"key\":\"k\"}",
          { .type = WEFT_VALUE_DOUBLE, .double_value = .5 },
          NULL,
          0 },
        { TAG("k", "odd", "\"x\""), { .type = WEFT_VALUE_STRING }, "x", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct decoded d;
        struct weft_buf text = { 0 };
        weft_buf_printf(&text, ONE(",\"tags\":[%s]"), cases[i].tag);
        weft_buf_append_byte(&text, '\0');
        const struct weft_span *span = only_span(&d, text.data);
        const struct weft_attribute *a = &span->attributes.items[0], *want = &cases[i].expected;
        if (span->attributes.count != 1 || a->type != want->type ||
            (int)d.result.mended_fields != cases[i].mended)
            fail_msg("%s: type %u, %d mended", cases[i].tag, a->type, (int)d.result.mended_fields);
        if (a->type == WEFT_VALUE_BYTES)
            assert_memory_equal(a->ptr, cases[i].text, 2);
        else if (cases[i].text != NULL)
            assert_text(weft_str_make(a->ptr, a->value_len), cases[i].text);
        else if (a->type == WEFT_VALUE_BOOL)
            assert_int_equal(a->bool_value, want->bool_value);
        else
            assert_memory_equal(&a->int_value, &want->int_value, 8);
        weft_buf_release(&text);
        weft_arena_release(&d.arena);
    }
}

/* Tags that become fields: status and kind of the span, and how many attributes are left. */
static void fields(void **state)
{
    static const struct {
        const char *tags;
        uint8_t status, kind;
        const char *message;
        uint32_t attributes;
    } cases[] = {
        { TAG("span.kind", "string", "\"client\""), 0, WEFT_KIND_CLIENT, "", 0 },
        { TAG("span.kind", "string", "\"odd\""), 0, 0, "", 1 },
        { TAG("error", "bool", "true"), WEFT_STATUS_ERROR, 0, "", 0 },
        { TAG("error", "bool", "false"), WEFT_STATUS_UNSET, 0, "", 1 },
        { TAG("error", "string", "\"true\""), WEFT_STATUS_UNSET, 0, "", 1 },
        { TAG("otel.status_code", "string", "\"ok\""), WEFT_STATUS_OK, 0, "", 0 },
        { TAG("otel.status_code", "string", "\"ERROR\"") "," TAG("otel.status_description",
                                                                 "string", "\"no\""),
          WEFT_STATUS_ERROR, 0, "no", 0 },
        { TAG("error", "bool", "true") "," TAG("otel.status_code", "string", "\"OK\""),
          WEFT_STATUS_ERROR, 0, "", 0 },
        { TAG("error", "bool", "true") "," TAG("http.status_message", "string", "\"gone\""),
          WEFT_STATUS_ERROR, 0, "gone", 1 },
        { TAG("http.status_code", "int64", "503"), WEFT_STATUS_ERROR, 0, "", 1 },
        { TAG("http.status_code", "string", "\"404\""), WEFT_STATUS_ERROR, 0, "", 1 },
        { TAG("http.status_code", "int64", "404") "," TAG("span.kind", "string", "\"server\""), 0,
          WEFT_KIND_SERVER, "", 1 },
        { TAG("otel.status_code", "string", "\"UNSET\"") "," TAG("http.status_code", "int64",
                                                                 "500"),
          0, 0, "", 2 },
        { TAG("span.kind", "string", "\"client\"") "," TAG("span.kind", "string",
                                                           "\"unspecified\""),
          0, 0, "", 2 },
        { TAG("http.status_code", "int64", "200"), 0, 0, "", 1 },
        { TAG("http.status_code", "int64", "500") "," TAG("otel.scope.name", "string", "\"lib\""),
          0, 0, "", 1 },
        { TAG("http.status_code", "int64", "500") "," TAG("otel.status_code", "string", "\"OK\""),
          WEFT_STATUS_OK, 0, "", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct decoded d;
        struct weft_buf text = { 0 };
        weft_buf_printf(&text, ONE(",\"tags\":[%s]"), cases[i].tags);
        weft_buf_append_byte(&text, '\0');
        const struct weft_span *span = only_span(&d, text.data);
        if (span->status_code != cases[i].status || span->kind != cases[i].kind ||
            span->attributes.count != cases[i].attributes ||
            !weft_str_equal_c(span->status_message, cases[i].message))
            fail_msg("%s: status %u, kind %u, %u attributes, \"%.*s\"", cases[i].tags,
                     span->status_code, span->kind, span->attributes.count,
                     WEFT_S_ARG(span->status_message));
        weft_buf_release(&text);
        weft_arena_release(&d.arena);
    }
}

#define REFERENCE(type, trace, span) \
    "{\"refType\":\"" type "\",\"traceID\":\"" trace "\",\"spanID\":\"" span "\"}"
#define OWN "af7651916cd43dd8448eb211c80319c" /* without its leading zero */

static void references(void **state)
{
    static const struct {
        const char *list;
        uint8_t parent;
        uint32_t links;
        uint8_t first_link;
        const char *type;
    } cases[] = {
        { "", 0, 0, 0, NULL },
        { REFERENCE("CHILD_OF", OWN, "1"), 1, 0, 0, NULL },
        { REFERENCE("FOLLOWS_FROM", OWN, "1"), 1, 0, 0, NULL },
        { REFERENCE("FOLLOWS_FROM", OWN, "1") "," REFERENCE("CHILD_OF", OWN, "2"), 2, 1, 1,
          "follows_from" },
        { REFERENCE("CHILD_OF", "ee", "1") "," REFERENCE("CHILD_OF", OWN, "2"), 2, 1, 1,
          "child_of" },
        { REFERENCE("FOLLOWS_FROM", "ee", "3"), 0, 1, 3, "follows_from" },
        { REFERENCE("CHILD_OF", OWN, "odd"), 0, 0, 0, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct decoded d;
        struct weft_buf text = { 0 };
        weft_buf_printf(&text, ONE(",\"references\":[%s]"), cases[i].list);
        weft_buf_append_byte(&text, '\0');
        const struct weft_span *span = only_span(&d, text.data);
        if (span->parent_span_id.bytes[7] != cases[i].parent || span->link_count != cases[i].links)
            fail_msg("%s: parent %u, %u links", cases[i].list, span->parent_span_id.bytes[7],
                     span->link_count);
        if (cases[i].links > 0) {
            const struct weft_attribute *type = &span->links[0].attributes.items[0];
            assert_int_equal(span->links[0].span_id.bytes[7], cases[i].first_link);
            assert_text(weft_str_make(type->ptr, type->value_len), cases[i].type);
        }
        weft_buf_release(&text);
        weft_arena_release(&d.arena);
    }
}

static void whole_span(void **state)
{
    struct decoded d;
    const struct weft_span *span = only_span(
        &d,
        "{\"spans\":[{" SPAN ",\"startTime\":1700000000000001,\"duration\":2.5,\"flags\":3,"
        "\"warnings\":[\"odd\"],\"logs\":[{\"timestamp\":\"5\",\"fields\":"
        "[" TAG("event", "string", "\"hit\"") "," TAG("n", "int64", "1") "]}],\"tags\":[" TAG(
            "otel.library.name", "string",
            "\"lib\"") "," TAG("otel.library.version", "string",
                               "\"2\"") "," TAG("w3c.tracestate", "string",
                                                "\"a=b\"") "]}],"
                                                           "\"processes\""
                                                           ":{\"p1\":{"
                                                           "\"serviceName"
                                                           "\":\"shop\","
                                                           "\"tags\":"
                                                           "[" TAG(
                                                               "hostn"
                                                               "ame",
                                                               "strin"
                                                               "g",
                                                               "\"h"
                                                               "\"") "," TAG("jaeger.version",
                                                                             "string",
                                                                             "\"Go-2\"") "]}}}");
    assert_true(span->start_time_unix_nano == UINT64_C(1700000000000001000));
    assert_true(span->end_time_unix_nano == UINT64_C(1700000000000003500));
    assert_int_equal(span->flags, 1);
    assert_text(span->scope->name, "lib");
    assert_text(span->scope->version, "2");
    assert_text(span->trace_state, "a=b");
    assert_int_equal(span->event_count, 1);
    assert_text(span->events[0].name, "hit");
    assert_true(span->events[0].time_unix_nano == 5000);
    assert_int_equal(span->events[0].attributes.count, 1);
    assert_int_equal(span->attributes.count, 1);
    assert_text(weft_attribute_key(&span->attributes.items[0]), "@jaeger@warnings");
    const struct weft_attributes *resource = &span->scope->resource->attributes;
    assert_int_equal(resource->count, 3);
    assert_non_null(weft_attributes_find(*resource, WEFT_S("host.name")));
    const struct weft_attribute *version =
        weft_attributes_find(*resource, WEFT_S("opencensus.exporterversion"));
    assert_text(weft_str_make(version->ptr, version->value_len), "Jaeger-Go-2");
    weft_arena_release(&d.arena);
}

/* Spans of one process and scope stand together, as a batch asks for. */
static void grouping(void **state)
{
    struct decoded d;
#define OF(id, process)                                         \
    "{" TRACE ",\"spanID\":\"" id "\",\"processID\":\"" process \
    "\",\"tags\":[" TAG("otel.scope.name", "string", "\"" id "\"") "]}"
    decode(
        &d,
        "{\"spans\":[" OF("1", "p1") "," OF("2", "p2") "," OF("3", "p1") "," OF("2", "p2") "," OF(
            "1", "p1") "," OF("4",
                              "none") "],\"processes\":{\"p1\":{"
                                      "\"serviceName\":\"a\"},\"p2\":{\"serviceName\":\"b\"}}}");
    static const uint8_t expected[] = { 1, 1, 3, 2, 2, 4 };
    assert_int_equal(d.rc, WEFT_OK);
    assert_int_equal(d.batch.span_count, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(d.batch.spans[i].span_id.bytes[7], expected[i]);
    assert_ptr_equal(d.batch.spans[0].scope, d.batch.spans[1].scope);
    assert_ptr_equal(d.batch.spans[0].scope->resource, d.batch.spans[2].scope->resource);
    assert_ptr_not_equal(d.batch.spans[0].scope, d.batch.spans[2].scope);
    assert_int_equal(d.batch.spans[5].scope->resource->attributes.count, 0);
    assert_int_equal(d.result.mended_fields, 1);
    weft_arena_release(&d.arena);
}

static void mistakes(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "expected" },
        { "7", "text: found a number, expected an object" },
        { "{\"a\":1}", "expected Jaeger's JSON" },
        { "[[]]", "found an array, expected an object" },
        { ONE(",\"startTime\":\"x\""),
          "spans[0].startTime: found a string, expected microseconds" },
        { ONE(",\"tags\":[5]"), "spans[0].tags: found a number, expected an object" },
        { ONE(",\"logs\":{}"), "spans[0].logs: found an object, expected an array" },
        { "{\"spans\":[{" SPAN "}],\"processes\":[]}",
          "processes: found an array, expected an object" },
        { ONE("") "x", "JSON line 1" },
        { "{\"spans\":[{" SPAN "}", "JSON line 1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct decoded d;
        decode(&d, cases[i].text);
        if (d.rc != WEFT_INVALID || strstr(d.err.text, cases[i].says) == NULL)
            fail_msg("%s: %d \"%s\"", cases[i].text, d.rc, d.rc < 0 ? d.err.text : "");
        assert_int_equal(d.batch.span_count, 0);
        weft_arena_release(&d.arena);
    }
}

static void rejected(void **state)
{
    struct decoded d;
    decode(&d, "{\"spans\":[{\"traceID\":\"1\",\"spanID\":\"0\"},{\"spanID\":\"1\"},{" SPAN
               "}]," PROCESSES "}");
    assert_int_equal(d.rc, WEFT_OK);
    assert_int_equal(d.batch.span_count, 1);
    assert_int_equal(d.result.rejected_spans, 2);
    assert_string_equal(d.result.reason,
                        "spans[0].spanID: found \"0\", expected 1 to 16 hex digits, not all zero");
    weft_arena_release(&d.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),      cmocka_unit_test(values),     cmocka_unit_test(fields),
        cmocka_unit_test(references), cmocka_unit_test(whole_span), cmocka_unit_test(grouping),
        cmocka_unit_test(mistakes),   cmocka_unit_test(rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
