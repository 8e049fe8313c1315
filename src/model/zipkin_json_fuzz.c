/* zipkin_json_fuzz.c -- any bytes: refused with a sentence, or a batch that goes out as Zipkin's JSON, comes in again and goes out the
 * same; and through OTLP unchanged. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "model/span_equal.h"
#include "model/zipkin_json.h"

#define NOW_NS UINT64_C(1700000000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(struct weft_buf *out, const struct weft_batch *batch)
{
    struct weft_json_writer w = { .out = out };
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < batch->span_count; i++)
        weft_zipkin_encode_json(&w, &batch->spans[i], batch->arena);
    weft_json_array_end(&w);
}

static void round_trip(const struct weft_batch *batch, struct weft_arena *arena)
{
    struct weft_buf first = { 0 }, second = { 0 };
    struct weft_otlp_result result;
    struct weft_err err;
    struct weft_batch again = { .arena = arena };
    encode(&first, batch);
    int rc = weft_zipkin_decode_json(&again, weft_buf_str(&first), NOW_NS, &result, &err);
    WEFT_ASSERT(rc == WEFT_OK, "%s in %.*s", err.text, WEFT_S_ARG(weft_buf_str(&first)));
    encode(&second, &again);
    WEFT_ASSERT(weft_str_equal(weft_buf_str(&first), weft_buf_str(&second)), "%.*s and %.*s",
                WEFT_S_ARG(weft_buf_str(&first)), WEFT_S_ARG(weft_buf_str(&second)));
    weft_buf_release(&first);
    weft_buf_release(&second);
}

static void through_otlp(const struct weft_batch *batch, struct weft_arena *arena)
{
    char sentence[256];
    struct weft_buf bytes = { 0 };
    struct weft_otlp_result result;
    struct weft_err err;
    struct weft_batch again = { .arena = arena };
    weft_otlp_encode_protobuf(&bytes, batch);
    int rc = weft_otlp_decode_protobuf(&again, weft_buf_str(&bytes), &result, &err);
    WEFT_ASSERT(rc == WEFT_OK, "%s", err.text);
    WEFT_ASSERT(result.mended_fields == 0 && result.rejected_spans == 0, "%s", result.reason);
    bool is_same = weft_batch_difference(batch, &again, sentence, sizeof sentence);
    WEFT_ASSERT(is_same, "%s", sentence);
    weft_buf_release(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_arena arena;
    struct weft_otlp_result result;
    struct weft_err err;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = { .arena = &arena };
    if (weft_zipkin_decode_json(&batch, weft_str_make((const char *)data, size), NOW_NS, &result,
                                &err) == WEFT_OK) {
        round_trip(&batch, &arena);
        through_otlp(&batch, &arena);
    } else {
        WEFT_ASSERT(batch.span_count == 0 && err.text[0] != '\0', "%u spans", batch.span_count);
    }
    weft_arena_release(&arena);
    return 0;
}
