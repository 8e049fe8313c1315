/* otlp_round_trip_test.c -- random batches through protobuf and JSON and back; the seed of a
 * failure is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "model/batch_random.h"
#include "model/otlp.h"
#include "model/span_equal.h"
#include "wire/json.h"

static const struct weft_batch_random_knobs knobs_of[] = {
    { .span_count = 20 },
    { .has_odd_values = true },
    { .has_nested_values = true },
    { .has_unicode = true, .has_nested_values = true },
    { .has_odd_times = true },
    { .has_events_and_links = true },
    { .has_all_fields = true },
    { .span_count = 300, .attributes_max = 60 },
    { .has_odd_values = true,
      .has_nested_values = true,
      .has_unicode = true,
      .has_odd_times = true,
      .has_events_and_links = true,
      .has_all_fields = true },
};

static void check_same(const struct weft_batch *a, const struct weft_batch *b, uint64_t seed,
                       const char *way)
{
    char sentence[512];
    if (weft_batch_difference(a, b, sentence, sizeof sentence)) return;
    fail_msg("seed %llu, %s: %s", (unsigned long long)seed, way, sentence);
}

static void decode_or_fail(struct weft_batch *batch, struct weft_str body, uint64_t seed,
                           bool is_json)
{
    struct weft_otlp_result result;
    struct weft_err err = { 0 };
    int rc = is_json ? weft_otlp_decode_json(batch, body, &result, &err)
                     : weft_otlp_decode_protobuf(batch, body, &result, &err);
    if (rc < 0) fail_msg("seed %llu: %s", (unsigned long long)seed, err.text);
    if (result.rejected_spans > 0)
        fail_msg("seed %llu: rejected: %s", (unsigned long long)seed, result.reason);
    if (result.mended_fields > 0)
        fail_msg("seed %llu: %llu mended", (unsigned long long)seed,
                 (unsigned long long)result.mended_fields);
}

static void round_trip(uint64_t seed, const struct weft_batch_random_knobs *knobs)
{
    struct weft_random random;
    struct weft_arena arena;
    struct weft_buf protobuf = { 0 }, again = { 0 }, json = { 0 };
    weft_arena_init(&arena, 0);
    weft_random_init(&random, seed);
    struct weft_batch made = { .arena = &arena }, decoded = { .arena = &arena },
                      from_json = { .arena = &arena };
    weft_batch_random(&made, &random, knobs);

    weft_otlp_encode_protobuf(&protobuf, &made);
    decode_or_fail(&decoded, weft_buf_str(&protobuf), seed, false);
    check_same(&made, &decoded, seed, "protobuf");
    weft_otlp_encode_protobuf(&again, &decoded);
    assert_true(weft_str_equal(weft_buf_str(&protobuf), weft_buf_str(&again)));

    weft_buf_append_c(&json, "{\"resourceSpans\":");
    weft_otlp_encode_json(&json, &made, WEFT_OTLP_JSON);
    weft_buf_append_c(&json, "}");
    decode_or_fail(&from_json, weft_buf_str(&json), seed, true);
    check_same(&made, &from_json, seed, "JSON");

    weft_buf_release(&protobuf);
    weft_buf_release(&again);
    weft_buf_release(&json);
    weft_arena_release(&arena);
}

static void random_batches_survive_protobuf_and_json(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof knobs_of / sizeof *knobs_of; k++) {
        for (uint64_t seed = 1; seed <= 25; seed++) round_trip(seed, &knobs_of[k]);
    }
}

/* Resources and scopes on their own, twice: the bytes must be stable. */
static void parts_alone_survive(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct weft_random random;
        struct weft_arena arena;
        struct weft_batch_random_knobs knobs = WEFT_BATCH_RANDOM_EVERYTHING;
        struct weft_err err = { 0 };
        weft_arena_init(&arena, 0);
        weft_random_init(&random, seed);
        struct weft_batch made = { .arena = &arena };
        weft_batch_random(&made, &random, &knobs);
        const struct weft_span *span = &made.spans[0];
        struct weft_buf resource_bytes = { 0 }, scope_bytes = { 0 }, again = { 0 };
        weft_otlp_encode_resource(&resource_bytes, span->scope->resource);
        weft_otlp_encode_scope(&scope_bytes, span->scope);

        struct weft_resource resource;
        struct weft_scope scope;
        assert_int_equal(
            weft_otlp_decode_resource(&resource, weft_buf_str(&resource_bytes), &arena, &err),
            WEFT_OK);
        assert_int_equal(weft_otlp_decode_scope(&scope, weft_buf_str(&scope_bytes), &arena, &err),
                         WEFT_OK);
        scope.resource = &resource;
        struct weft_span copy = *span;
        copy.scope = &scope;
        char sentence[512];
        if (!weft_span_difference(span, &copy, sentence, sizeof sentence)) {
            fail_msg("seed %llu: %s", (unsigned long long)seed, sentence);
        }
        weft_otlp_encode_resource(&again, &resource);
        assert_true(weft_str_equal(weft_buf_str(&again), weft_buf_str(&resource_bytes)));
        weft_buf_release(&resource_bytes);
        weft_buf_release(&scope_bytes);
        weft_buf_release(&again);
        weft_arena_release(&arena);
    }
}

/* Tempo's form is JSON with base64 ids and enum names (Q8.2.2). */
static void q8_2_2_tempo_form(void **state)
{
    (void)state;
    struct weft_arena arena;
    struct weft_buf json = { 0 };
    weft_arena_init(&arena, 0);
    struct weft_batch batch = { .arena = &arena };
    struct weft_span *span = weft_batch_add(&batch);
    assert_true(weft_trace_id_parse(WEFT_S("5b8efff798038103d269b633813fc60c"), &span->trace_id));
    assert_true(weft_span_id_parse(WEFT_S("eee19b7ec3c1b174"), &span->span_id));
    span->name = WEFT_S("I'm a server span");
    span->kind = WEFT_KIND_SERVER;
    span->status_code = WEFT_STATUS_ERROR;
    span->start_time_unix_nano = UINT64_C(1544712660000000000);
    weft_otlp_encode_json(&json, &batch, WEFT_OTLP_JSON_TEMPO);
    weft_buf_append_byte(&json, '\0');
    assert_string_equal(
        json.data,
        "[{\"scopeSpans\":[{\"scope\":{},\"spans\":[{\"traceId\":\"W47/95gDgQPSabYzgT/GDA==\","
        "\"spanId\":\"7uGbfsPBsXQ=\",\"name\":\"I'm a server span\",\"kind\":\"SPAN_KIND_SERVER\","
        "\"startTimeUnixNano\":\"1544712660000000000\","
        "\"status\":{\"code\":\"STATUS_CODE_ERROR\"}}]}]}]");
    weft_buf_release(&json);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_batches_survive_protobuf_and_json),
        cmocka_unit_test(parts_alone_survive),
        cmocka_unit_test(q8_2_2_tempo_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
