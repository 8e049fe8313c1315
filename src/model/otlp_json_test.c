/* otlp_json_test.c -- OTLP's published JSON example, and each oddity of C3.6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "model/otlp.h"

#define S WEFT_S_INIT
#define IDS "\"traceId\":\"5B8EFFF798038103D269B633813FC60C\",\"spanId\":\"EEE19B7EC3C1B174\""
#define REQUEST(span) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" span "}]}]}]}"
#define ODD(rest) S(REQUEST(IDS "," rest))
#define VALUE(value) S(REQUEST(IDS ",\"attributes\":[{\"key\":\"k\",\"value\":" value "}]"))

/* examples/trace.json of opentelemetry-proto. */
static const char published_example[] =
    "{\n  \"resourceSpans\": [\n    {\n      \"resource\": {\n        \"attributes\": [\n          "
    "{\n"
    "            \"key\": \"service.name\",\n            \"value\": {\n              "
    "\"stringValue\": \"my.service\"\n"
    "            }\n          }\n        ]\n      },\n      \"scopeSpans\": [\n        {\n         "
    " \"scope\": {\n"
    "            \"name\": \"my.library\",\n            \"version\": \"1.0.0\",\n            "
    "\"attributes\": [\n"
    "              {\n                \"key\": \"my.scope.attribute\",\n                \"value\": "
    "{\n"
    "                  \"stringValue\": \"some scope attribute\"\n                }\n              "
    "}\n            ]\n"
    "          },\n          \"spans\": [\n            {\n              \"traceId\": "
    "\"5B8EFFF798038103D269B633813FC60C\",\n"
    "              \"spanId\": \"EEE19B7EC3C1B174\",\n              \"parentSpanId\": "
    "\"EEE19B7EC3C1B173\",\n"
    "              \"name\": \"I'm a server span\",\n              \"startTimeUnixNano\": "
    "\"1544712660000000000\",\n"
    "              \"endTimeUnixNano\": \"1544712661000000000\",\n              \"kind\": 2,\n"
    "              \"attributes\": [\n                {\n                  \"key\": "
    "\"my.span.attr\",\n"
    "                  \"value\": {\n                    \"stringValue\": \"some value\"\n         "
    "         }\n"
    "                }\n              ]\n            }\n          ]\n        }\n      ]\n    }\n  "
    "]\n}\n";

struct decoded {
    struct weft_arena arena;
    struct weft_batch batch;
    struct weft_otlp_result result;
    struct weft_err err;
    int rc;
};

static void decode(struct decoded *d, struct weft_str body)
{
    memset(d, 0, sizeof *d);
    weft_arena_init(&d->arena, 0);
    d->batch.arena = &d->arena;
    d->rc = weft_otlp_decode_json(&d->batch, body, &d->result, &d->err);
}

static void c3_2_1_published_example(void **state)
{
    (void)state;
    struct decoded d;
    char hex[33];
    decode(&d, weft_str_from_c(published_example));
    assert_int_equal(d.rc, WEFT_OK);
    assert_int_equal(d.batch.span_count, 1);
    assert_int_equal(d.result.mended_fields, 0);
    const struct weft_span *span = &d.batch.spans[0];
    weft_trace_id_format(&span->trace_id, hex);
    assert_string_equal(hex, "5b8efff798038103d269b633813fc60c");
    weft_span_id_format(&span->parent_span_id, hex);
    assert_string_equal(hex, "eee19b7ec3c1b173");
    assert_true(weft_str_equal_c(span->name, "I'm a server span"));
    assert_int_equal(span->kind, WEFT_KIND_SERVER);
    assert_int_equal(span->start_time_unix_nano, UINT64_C(1544712660000000000));
    assert_int_equal(span->end_time_unix_nano, UINT64_C(1544712661000000000));
    assert_int_equal(span->attributes.count, 1);
    assert_true(weft_str_equal_c(span->scope->name, "my.library"));
    assert_true(weft_str_equal_c(span->scope->version, "1.0.0"));
    assert_int_equal(span->scope->attributes.count, 1);
    assert_true(weft_str_equal_c(span->scope->resource->service_name, "my.service"));
    weft_arena_release(&d.arena);
}

static void odd_requests(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct weft_str body;
        int rc;
        uint32_t span_count;
        uint64_t mended;
        const char *reason;
    } cases[] = {
        { "C3.2.5 empty object", S("{}"), WEFT_OK, 0, 0, "" },
        { "C3.6.1 ids of either case",
          S(REQUEST(
              "\"traceId\":\"5b8EfFf798038103d269b633813fc60c\",\"spanId\":\"eeE19b7ec3c1b174\"")),
          WEFT_OK, 1, 0, "" },
        { "C3.6.1 trace id in base64",
          S(REQUEST("\"traceId\":\"W47/95gDgQPSabYzgT/GDA==\",\"spanId\":\"7uGbfsPBsXQ=\"")),
          WEFT_OK, 0, 0,
          "resourceSpans[0].scopeSpans[0].spans[0]: traceId \"W47/95gDgQPSabYzgT/GDA==\" looks "
          "like base64" },
        { "C3.6.1 span id in base64",
          S(REQUEST(
              "\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"7uGbfsPBsXQ=\"")),
          WEFT_OK, 0, 0, "spanId \"7uGbfsPBsXQ=\" looks like base64" },
        { "C3.6.1 id of 31 digits",
          S(REQUEST(
              "\"traceId\":\"5b8efff798038103d269b633813fc60\",\"spanId\":\"eee19b7ec3c1b174\"")),
          WEFT_OK, 0, 0, "traceId has 31 characters, 32 hex digits expected" },
        { "C3.7.6 ids missing", S(REQUEST("")), WEFT_OK, 0, 0, "traceId is missing" },
        { "C3.7.6 trace id zero",
          S(REQUEST(
              "\"traceId\":\"00000000000000000000000000000000\",\"spanId\":\"eee19b7ec3c1b174\"")),
          WEFT_OK, 0, 0, "traceId is all zero" },
        { "C3.6.1 parent empty", ODD("\"parentSpanId\":\"\""), WEFT_OK, 1, 0, "" },
        { "C3.6.1 parent null", ODD("\"parentSpanId\":null"), WEFT_OK, 1, 0, "" },
        { "C3.7.6 parent zero", ODD("\"parentSpanId\":\"0000000000000000\""), WEFT_OK, 1, 1, "" },
        { "C3.7.6 parent of wrong length", ODD("\"parentSpanId\":\"abc\""), WEFT_OK, 1, 1, "" },
        { "C3.6.2 kind by number", ODD("\"kind\":3"), WEFT_OK, 1, 0, "" },
        { "C3.6.2 kind by name", ODD("\"kind\":\"SPAN_KIND_SERVER\""), WEFT_OK, 1, 1, "" },
        { "C3.6.2 kind as digits", ODD("\"kind\":\"3\""), WEFT_OK, 1, 1, "" },
        { "C3.6.2 kind unknown", ODD("\"kind\":17"), WEFT_OK, 1, 1, "" },
        { "C3.6.2 kind nonsense", ODD("\"kind\":\"SPAN_KIND_NONE\""), WEFT_OK, 1, 1, "" },
        { "C3.6.2 status by name", ODD("\"status\":{\"code\":\"STATUS_CODE_ERROR\"}"), WEFT_OK, 1,
          1, "" },
        { "C3.6.3 unknown fields everywhere",
          S("{\"x\":[{}],\"resourceSpans\":[{\"x\":{\"y\":[1,2,{\"z\":null}]},\"resource\":{\"x\":"
            "1},\"scopeSpans\":[{\"x\":\"\","
            "\"scope\":{\"x\":true},\"spans\":[{" IDS
            ",\"x\":[],\"events\":[{\"x\":{}}],\"links\":[{\"x\":1.5}],\"status\":{\"x\":0},"
            "\"attributes\":[{\"x\":1,\"key\":\"k\",\"value\":{\"x\":{},\"intValue\":1}}]}]}]}]}"),
          WEFT_OK, 1, 0, "" },
        { "C3.6.4 snake_case is unknown", S("{\"resource_spans\":[{\"scope_spans\":[]}]}"), WEFT_OK,
          0, 0, "" },
        { "C3.6.4 snake_case id is unknown",
          S(REQUEST("\"trace_id\":\"5b8efff798038103d269b633813fc60c\"")), WEFT_OK, 0, 0,
          "traceId is missing" },
        { "C3.6.5 times as numbers", ODD("\"startTimeUnixNano\":1544712660000000000"), WEFT_OK, 1,
          0, "" },
        { "C3.6.5 32-bit as string", ODD("\"droppedLinksCount\":\"7\""), WEFT_OK, 1, 0, "" },
        { "C3.6.5 time negative", ODD("\"startTimeUnixNano\":\"-1\""), WEFT_INVALID, 0, 0,
          "resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano: found a string, expected a "
          "whole number" },
        { "C3.6.5 count too large", ODD("\"droppedLinksCount\":4294967296"), WEFT_INVALID, 0, 0,
          "below 2^32" },
        { "C3.7.5 flags masked", ODD("\"flags\":4294967295"), WEFT_OK, 1, 1, "" },
        { "C3.6.7 null members are absent",
          ODD("\"name\":null,\"attributes\":null,\"events\":null,\"status\":null"), WEFT_OK, 1, 0,
          "" },
        { "C3.6.7 null elements are absent", ODD("\"attributes\":[null],\"events\":[null]"),
          WEFT_OK, 1, 0, "" },
        { "C3.6.8 defaults present",
          ODD("\"traceState\":\"\",\"kind\":0,\"flags\":0,\"attributes\":[],\"status\":{\"code\":"
              "0}"),
          WEFT_OK, 1, 0, "" },
        { "lone surrogate", ODD("\"name\":\"a\\ud800b\""), WEFT_OK, 1, 1, "" },
        { "name not UTF-8", ODD("\"name\":\"a\xff\""), WEFT_OK, 1, 1, "" },
        { "C3.3.5 name is a number", ODD("\"name\":5"), WEFT_INVALID, 0, 0,
          "spans[0].name: found a number, expected a string" },
        { "C3.3.5 spans is an object", S("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":{}}]}]}"),
          WEFT_INVALID, 0, 0, "expected an array" },
        { "C3.3.5 not JSON", S("hello"), WEFT_INVALID, 0, 0, "line 1" },
        { "C3.3.5 nothing", S(""), WEFT_INVALID, 0, 0, "found the end" },
        { "C3.3.5 an array", S("[]"), WEFT_INVALID, 0, 0, "expected an object" },
        { "C3.3.5 cut short", S("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" IDS),
          WEFT_INVALID, 0, 0, "found the end" },
        { "C3.3.5 something behind", S("{} {}"), WEFT_INVALID, 0, 0, "the end of the text" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct decoded d;
        decode(&d, cases[i].body);
        const char *sentence = d.rc < 0 ? d.err.text : d.result.reason;
        if (d.rc != cases[i].rc || d.batch.span_count != cases[i].span_count ||
            d.result.mended_fields != cases[i].mended ||
            strstr(sentence, cases[i].reason) == NULL) {
            fail_msg("%s: rc %d, %u spans, %u mended, \"%s\"", cases[i].name, d.rc,
                     d.batch.span_count, (unsigned)d.result.mended_fields, sentence);
        }
        weft_arena_release(&d.arena);
    }
}

/* C3.6.5 - C3.6.7: what comes in, and how it goes out again; NULL: the batch is refused. */
static void c3_6_7_values(void **state)
{
    (void)state;
    static const struct {
        struct weft_str body;
        const char *out;
    } cases[] = {
        { VALUE("{\"stringValue\":\"x\"}"), "{\"stringValue\":\"x\"}" },
        { VALUE("{\"stringValue\":\"\"}"), "{\"stringValue\":\"\"}" },
        { VALUE("{\"boolValue\":false}"), "{\"boolValue\":false}" },
        { VALUE("{\"intValue\":\"9223372036854775807\"}"),
          "{\"intValue\":\"9223372036854775807\"}" },
        { VALUE("{\"intValue\":-9223372036854775808}"), "{\"intValue\":\"-9223372036854775808\"}" },
        { VALUE("{\"intValue\":1e3}"), "{\"intValue\":\"1000\"}" },
        { VALUE("{\"doubleValue\":0.1}"), "{\"doubleValue\":0.1}" },
        { VALUE("{\"doubleValue\":\"2.5\"}"), "{\"doubleValue\":2.5}" },
        { VALUE("{\"doubleValue\":\"NaN\"}"), "{\"doubleValue\":\"NaN\"}" },
        { VALUE("{\"doubleValue\":\"-Infinity\"}"), "{\"doubleValue\":\"-Infinity\"}" },
        { VALUE("{\"bytesValue\":\"/+8=\"}"), "{\"bytesValue\":\"/+8=\"}" },
        { VALUE("{\"bytesValue\":\"_-8\"}"), "{\"bytesValue\":\"/+8=\"}" },
        { VALUE("{\"arrayValue\":{\"values\":[{\"intValue\":1},{},{\"stringValue\":\"x\"}]}}"),
          "{\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},{},{\"stringValue\":\"x\"}]}}" },
        { VALUE("{\"arrayValue\":{}}"), "{\"arrayValue\":{\"values\":[]}}" },
        { VALUE("{\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{\"arrayValue\":{"
                "\"values\":[{\"boolValue\":true}]}}}]}}"),
          "{\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[{"
          "\"boolValue\":true}]}}}]}}" },
        { VALUE("{}"), "{}" },
        { VALUE("null"), "{}" },
        { VALUE("{\"stringValue\":null}"), "{}" },
        { VALUE("{\"stringValue\":\"a\",\"intValue\":\"2\"}"),
          "{\"intValue\":\"2\"}" }, /* the last counts */
        { VALUE("{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\",\"intValue\":2}]}}"),
          "{\"arrayValue\":{\"values\":[{\"intValue\":\"2\"}]}}" },
        { VALUE("{\"intValue\":9223372036854775808}"), NULL },
        { VALUE("{\"intValue\":\"1.5\"}"), NULL },
        { VALUE("{\"intValue\":\"\"}"), NULL },
        { VALUE("{\"boolValue\":1}"), NULL },
        { VALUE("{\"bytesValue\":\"***\"}"), NULL },
        { VALUE("\"plain\""), NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct decoded d;
        struct weft_buf out = { 0 };
        decode(&d, cases[i].body);
        if (cases[i].out == NULL) {
            if (d.rc != WEFT_INVALID) fail_msg("case %zu: rc %d", i, d.rc);
        } else {
            if (d.rc != WEFT_OK) fail_msg("case %zu: %s", i, d.err.text);
            struct weft_value value = weft_attribute_value(&d.batch.spans[0].attributes.items[0]);
            weft_otlp_value_to_json(&out, &value);
            weft_buf_append_byte(&out, '\0');
            assert_string_equal(out.data, cases[i].out);
        }
        weft_buf_release(&out);
        weft_arena_release(&d.arena);
    }
}

static void of_a_repeated_key_the_last_counts(void **state)
{
    (void)state;
    struct decoded d;
    decode(
        &d,
        WEFT_S(REQUEST(
            IDS ",\"name\":\"a\",\"name\":\"b\",\"attributes\":[{\"key\":\"x\"},{\"key\":\"y\"}],"
                "\"attributes\":[{\"key\":\"z\"}],\"events\":[{\"name\":\"1\"}],\"events\":[]")));
    assert_int_equal(d.rc, WEFT_OK);
    assert_true(weft_str_equal_c(d.batch.spans[0].name, "b"));
    assert_int_equal(d.batch.spans[0].attributes.count, 1);
    assert_int_equal(d.batch.spans[0].event_count, 0);
    weft_arena_release(&d.arena);
}

static void plain_json(void **state)
{
    (void)state;
    struct decoded d;
    struct weft_buf out = { 0 };
    decode(&d, (struct weft_str)VALUE("{\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{"
                                      "\"arrayValue\":{\"values\":[{\"intValue\":"
                                      "1},{},{\"doubleValue\":0.5}]}}},{\"key\":\"b\",\"value\":{"
                                      "\"bytesValue\":\"AQ==\"}}]}}"));
    assert_int_equal(d.rc, WEFT_OK);
    struct weft_value value = weft_attribute_value(&d.batch.spans[0].attributes.items[0]);
    weft_value_to_plain_json(&out, &value);
    weft_buf_append_byte(&out, '\0');
    assert_string_equal(out.data, "{\"a\":[1,null,0.5],\"b\":\"AQ==\"}");
    weft_buf_release(&out);
    weft_arena_release(&d.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c3_2_1_published_example),
        cmocka_unit_test(odd_requests),
        cmocka_unit_test(c3_6_7_values),
        cmocka_unit_test(of_a_repeated_key_the_last_counts),
        cmocka_unit_test(plain_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
