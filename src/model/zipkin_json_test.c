/* zipkin_json_test.c -- spans in Zipkin's format come out as they went in; what is mended, what is refused; random spans of OTLP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "model/batch_random.h"
#include "model/zipkin_json.h"

#define NOW_NS UINT64_C(1700000000123456789)
#define S WEFT_S_INIT
#define ID "\"traceId\":\"000000000000000a\",\"id\":\"000000000000000b\""
#define AT ID ",\"timestamp\":1700000000000000"

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
    d->rc = weft_zipkin_decode_json(&d->batch, body, NOW_NS, &d->result, &d->err);
}

static void encode(struct weft_buf *out, const struct weft_batch *batch)
{
    struct weft_json_writer w = { .out = out };
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < batch->span_count; i++)
        weft_zipkin_encode_json(&w, &batch->spans[i], batch->arena);
    weft_json_array_end(&w);
}

static const struct {
    const char *name;
    struct weft_str in, out; /* out empty: as in */
} round_trips[] = {
    { "nothing but ids", S("[{" ID "}]"), S("") },
    { "all fields",
      S("[{\"traceId\":\"00000000000000010000000000000002\",\"parentId\":\"0000000000000003\","
        "\"id\":"
        "\"0000000000000004\",\"kind\":\"CLIENT\",\"name\":\"get\",\"timestamp\":1,\"duration\":2,"
        "\"localEndpoint\":{\"serviceName\":\"a\",\"ipv4\":\"1.2.3.4\",\"port\":80},"
        "\"remoteEndpoint\":{\"serviceName\":\"b\",\"ipv4\":\"1.2.3.5\",\"ipv6\":\"2001:db8::1\","
        "\"port\":65535},\"annotations\":[{\"timestamp\":1,\"value\":\"x\"}],"
        "\"tags\":{\"\":\"no key\",\"k\":\"v\"},\"debug\":true,\"shared\":true}]"),
      S("") },
    { "tags where the endpoints' fields would go",
      S("[{" AT ",\"localEndpoint\":{\"ipv6\":\"::2\",\"port\":1},"
        "\"remoteEndpoint\":{\"serviceName\":\"b\",\"ipv4\":\"1.2.3.4\",\"port\":2},\"tags\":{"
        "\"network.local.address\":\"u\",\"network.local.port\":\"v\",\"network.peer.address\":"
        "\"w\","
        "\"network.peer.port\":\"x\",\"peer.service\":\"y\"}}]"),
      S("") },
    { "such tags without endpoints",
      S("[{" AT ",\"tags\":{\"network.peer.address\":\"w\",\"network.peer.port\":\"80\","
        "\"peer.service\":\"y\"}}]"),
      S("") },
    { "outcomes that become a status",
      S("[{" AT ",\"tags\":{\"error\":\"x\",\"otel.status_code\":\"ERROR\"}},{" AT
        ",\"tags\":{\"error\":\"\",\"otel.status_code\":\"ERROR\"}},{" AT
        ",\"tags\":{\"otel.status_code\":\"OK\"}}]"),
      S("") },
    { "outcomes that stay tags",
      S("[{" AT ",\"tags\":{\"error\":\"true\"}},{" AT ",\"tags\":{\"error\":\"false\"}},{" AT
        ",\"tags\":{\"otel.status_code\":\"ERROR\"}},{" AT
        ",\"tags\":{\"error\":\"x\",\"otel.status_code\":\"OK\"}},{" AT
        ",\"tags\":{\"error\":\"x\",\"otel.status_code\":\"odd\"}},{" AT
        ",\"tags\":{\"error\":\"true\",\"otel.status_code\":\"ERROR\"}}]"),
      S("") },
    { "scope and trace state",
      S("[{" AT ",\"tags\":{\"otel.library.name\":\"n\",\"otel.scope.name\":\"n\","
        "\"otel.scope.version\":\"1\",\"w3c.tracestate\":\"a=b\"}}]"),
      S("") },
    { "annotations with attributes, and what only looks so",
      S("[{" AT ",\"annotations\":[{\"timestamp\":1,\"value\":\"\\\"e\\\":{\\\"a\\\":1.0}\"},"
        "{\"timestamp\":1,\"value\":\"\\\"e\\\":{\\\"a\\\":[1,{\\\"b\\\":null}],\\\"c\\\":"
        "\\\"☕\\\"}\"},"
        "{\"timestamp\":1,\"value\":\"\\\"e\\\":{\\\"a\\\":1.00}\"},"
        "{\"timestamp\":1,\"value\":\"\\\"e\\\":{\\\"a\\\":1}}\"},"
        "{\"timestamp\":1,\"value\":\"\\\"e\\\":{}\"}]}]"),
      S("[{" AT ",\"annotations\":[{\"timestamp\":1,\"value\":\"\\\"e\\\":{\\\"a\\\":1.00}\"},"
        "{\"timestamp\":1,\"value\":\"\\\"e\\\":{\\\"a\\\":1.0}\"},"
        "{\"timestamp\":1,\"value\":\"\\\"e\\\":{\\\"a\\\":1}}\"},"
        "{\"timestamp\":1,\"value\":\"\\\"e\\\":{\\\"a\\\":[1,{\\\"b\\\":null}],\\\"c\\\":"
        "\\\"☕\\\"}\"},"
        "{\"timestamp\":1,\"value\":\"\\\"e\\\":{}\"}]}]") },
    { "a space behind the event's name",
      S("[{" AT ",\"annotations\":[{\"timestamp\":1,\"value\":\"\\\"e\\\": {\\\"a\\\":1}\"}]}]"),
      S("[{" AT ",\"annotations\":[{\"timestamp\":1,\"value\":\"\\\"e\\\":{\\\"a\\\":1}\"}]}]") },
    { "annotations are sorted, each once",
      S("[{" AT
        ",\"annotations\":[{\"timestamp\":2,\"value\":\"b\"},{\"timestamp\":2,\"value\":\"a\"},"
        "{\"timestamp\":1,\"value\":\"c\"},{\"timestamp\":2,\"value\":\"b\"}]}]"),
      S("[{" AT
        ",\"annotations\":[{\"timestamp\":1,\"value\":\"c\"},{\"timestamp\":2,\"value\":\"a\"},"
        "{\"timestamp\":2,\"value\":\"b\"}]}]") },
    { "short ids, parents that are none",
      S("[{\"traceId\":\"a\",\"id\":\"b\",\"parentId\":\"0\"},{\"traceId\":\"a\",\"id\":\"b\","
        "\"parentId\":\"b\"},{\"traceId\":\"0000000000000000000000000000000a\",\"id\":\"b\"}]"),
      S("[{" ID "},{" ID "},{" ID "}]") },
    { "names in lower case",
      S("[{" AT ",\"name\":\"GET "
        "\303\204\307\204\342\204\246\320\226\304\260\341\272\236\342\204\252\310\272\360"
        "\220\220\200\",\"localEndpoint\":{\"serviceName\":\"\342\204\253\"},"
        "\"remoteEndpoint\":{\"serviceName\":\"B\"}}]"),
      S("[{" ID ",\"name\":\"get "
        "\303\244\307\206\317\211\320\266i\314\207\303\237k\342\261\245\360\220\220\250\","
        "\"timestamp\":1700000000000000,\"localEndpoint\":{\"serviceName\":\"\303\245\"},"
        "\"remoteEndpoint\":{\"serviceName\":\"b\"}}]") },
    { "addresses", /* none is left out, IPv4 in IPv6 is IPv4, IPv6 has one form */
      S("[{" AT ",\"localEndpoint\":{\"ipv4\":\"localhost\"},\"remoteEndpoint\":{\"ipv6\":\"::ffff:"
        "1.2.3.4\"}},"
        "{" AT ",\"localEndpoint\":{\"ipv4\":\"::1\",\"port\":0},\"remoteEndpoint\":{\"ipv6\":"
        "\"2001:DB8:0:0::1\"}}]"),
      S("[{" AT ",\"remoteEndpoint\":{\"ipv4\":\"1.2.3.4\"}},"
        "{" AT
        ",\"localEndpoint\":{\"ipv6\":\"::1\"},\"remoteEndpoint\":{\"ipv6\":\"2001:db8::1\"}}]") },
    { "null, unknown fields, numbers as text, values that are no text",
      S("[null,{" ID ",\"timestamp\":\"1700000000000000\",\"duration\":0,\"name\":null,\"x\":[{}],"
        "\"tags\":{\"n\":1.50,\"t\":true}}]"),
      S("[{" AT ",\"tags\":{\"n\":\"1.50\",\"t\":\"true\"}}]") },
    { "the older name of the scope alone", S("[{" AT ",\"tags\":{\"otel.library.name\":\"n\"}}]"),
      S("[{" AT ",\"tags\":{\"otel.scope.name\":\"n\"}}]") },
    { "the last tag of a key", S("[{" AT ",\"tags\":{\"k\":\"1\",\"k\":\"2\"}}]"),
      S("[{" AT ",\"tags\":{\"k\":\"2\"}}]") },
    { "no spans", S("[]"), S("") },
    { "an empty body", S(" \n"), S("[]") },
};

static void out_as_in(void **state)
{
    for (size_t i = 0; i < sizeof round_trips / sizeof *round_trips; i++) {
        struct weft_str want = round_trips[i].out.len > 0 ? round_trips[i].out : round_trips[i].in;
        struct decoded d;
        struct weft_buf out = { 0 };
        decode(&d, round_trips[i].in);
        if (d.rc != WEFT_OK) fail_msg("%s: %s", round_trips[i].name, d.err.text);
        encode(&out, &d.batch);
        if (!weft_str_equal(weft_buf_str(&out), want))
            fail_msg("%s: found %.*s", round_trips[i].name, WEFT_S_ARG(weft_buf_str(&out)));
        weft_buf_release(&out);
        weft_arena_release(&d.arena);
    }
}

static const struct {
    const char *why; /* in the sentence */
    struct weft_str body;
} refused[] = {
    { "spans[0].id: is missing", S("[{\"traceId\":\"1\"}]") },
    { "spans[1].traceId: is missing", S("[{" ID "},{\"id\":\"1\"}]") },
    { "should be lower-hex", S("[{\"traceId\":\"zz\",\"id\":\"1\"}]") },
    { "should be lower-hex", S("[{\"traceId\":\"A\",\"id\":\"1\"}]") },
    { "is all zeros", S("[{\"traceId\":\"0\",\"id\":\"1\"}]") },
    { "more than 32 digits",
      S("[{\"traceId\":\"111111111111111111111111111111111\",\"id\":\"1\"}]") },
    { "more than 16 digits", S("[{\"traceId\":\"1\",\"id\":\"11111111111111111\"}]") },
    { "is empty", S("[{\"traceId\":\"1\",\"id\":\"\"}]") },
    { "kind", S("[{" ID ",\"kind\":\"client\"}]") },
    { "timestamp", S("[{" ID ",\"timestamp\":-1}]") },
    { "annotations", S("[{" ID ",\"annotations\":[{\"timestamp\":1}]}]") },
    { "annotations", S("[{" ID ",\"annotations\":[{\"value\":\"x\"}]}]") },
    { "tags", S("[{" ID ",\"tags\":{\"k\":[]}}]") },
    { "65535", S("[{" ID ",\"localEndpoint\":{\"port\":65536}}]") },
    { "JSON v1", S("[{" ID ",\"binaryAnnotations\":[]}]") },
    { "a list of spans", S("{}") },
    { "", S("[{" ID "}] x") },
    { "", S("[{" ID "}") },
};

static void refused_whole(void **state)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct decoded d;
        decode(&d, refused[i].body);
        if (d.rc != WEFT_INVALID || d.batch.span_count != 0 ||
            strstr(d.err.text, refused[i].why) == NULL)
            fail_msg("%.*s: %d, \"%s\"", WEFT_S_ARG(refused[i].body), d.rc, d.err.text);
        weft_arena_release(&d.arena);
    }
}

static void becomes(void **state)
{
    struct decoded d;
    decode(
        &d,
        WEFT_S(
            "[{" AT ",\"kind\":\"SERVER\",\"duration\":5,\"debug\":true,"
            "\"localEndpoint\":{\"serviceName\":\"Shop\"},"
            "\"tags\":{\"otel.status_code\":\"ERROR\",\"error\":\"x\",\"otel.scope.name\":\"n\"}},"
            "{" ID ",\"annotations\":[{\"timestamp\":7,\"value\":\"late\"},"
            "{\"timestamp\":6,\"value\":\"\\\"ev\\\":{\\\"a\\\":1}\"}]},"
            "{" ID ",\"tags\":{\"error\":\"\"},\"localEndpoint\":{\"serviceName\":\"Shop\"}}]"));
    assert_int_equal(d.rc, WEFT_OK);
    assert_int_equal(d.batch.span_count, 3);
    const struct weft_span *full = &d.batch.spans[0], *bare = &d.batch.spans[1],
                           *late = &d.batch.spans[2]; /* by service, then as they came */
    assert_int_equal(full->kind, WEFT_KIND_SERVER);
    assert_int_equal(full->flags, 1);
    assert_int_equal(full->start_time_unix_nano, UINT64_C(1700000000000000000));
    assert_int_equal(full->end_time_unix_nano, UINT64_C(1700000000000005000));
    assert_true(weft_str_equal_c(full->scope->resource->service_name, "Shop"));
    assert_true(weft_str_equal_c(full->scope->name, "n"));
    assert_int_equal(full->status_code, WEFT_STATUS_ERROR);
    assert_true(weft_str_equal_c(full->status_message, "x"));
    assert_true(full->scope->resource == bare->scope->resource);
    assert_int_equal(bare->status_code, WEFT_STATUS_ERROR);
    assert_int_equal(bare->start_time_unix_nano, NOW_NS);
    assert_int_equal(late->start_time_unix_nano, 6000);
    assert_true(weft_str_equal_c(late->events[1].name, "ev"));
    assert_int_equal(late->events[1].attributes.items[0].int_value, 1);
    weft_arena_release(&d.arena);
}

/* Whatever OTLP brings is Zipkin's JSON that can be read, and written again the same. */
static void random_spans(void **state)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct weft_arena arena;
        struct weft_buf first = { 0 }, second = { 0 };
        struct weft_otlp_result result;
        struct weft_random random;
        struct weft_err err;
        weft_arena_init(&arena, 0);
        struct weft_batch batch = { .arena = &arena }, again = { .arena = &arena };
        weft_random_init(&random, seed);
        weft_batch_random(&batch, &random, &WEFT_BATCH_RANDOM_EVERYTHING);
        for (uint32_t i = 0; i < batch.span_count; i++) /* an annotation without time is refused */
            for (uint32_t e = 0; e < batch.spans[i].event_count; e++)
                ((struct weft_event *)(uintptr_t)batch.spans[i].events)[e].time_unix_nano |= 1024;
        encode(&first, &batch);
        int rc = weft_zipkin_decode_json(&again, weft_buf_str(&first), NOW_NS, &result, &err);
        if (rc != WEFT_OK) fail_msg("seed %llu: %s", (unsigned long long)seed, err.text);
        assert_int_equal(again.span_count, batch.span_count);
        encode(&second, &again); /* spans of one scope stand together now */
        weft_buf_reset(&first);
        struct weft_batch third = { .arena = &arena };
        rc = weft_zipkin_decode_json(&third, weft_buf_str(&second), NOW_NS, &result, &err);
        assert_int_equal(rc, WEFT_OK);
        encode(&first, &third);
        if (!weft_str_equal(weft_buf_str(&first), weft_buf_str(&second)))
            fail_msg("seed %llu: %.*s and %.*s", (unsigned long long)seed,
                     WEFT_S_ARG(weft_buf_str(&second)), WEFT_S_ARG(weft_buf_str(&first)));
        weft_buf_release(&first);
        weft_buf_release(&second);
        weft_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_as_in),
        cmocka_unit_test(refused_whole),
        cmocka_unit_test(becomes),
        cmocka_unit_test(random_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
