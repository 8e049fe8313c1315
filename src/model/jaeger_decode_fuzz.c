/* jaeger_decode_fuzz.c -- any bytes: refused with a sentence, or a batch that survives protobuf, and whose Jaeger JSON reads back as the
 * same JSON. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "model/jaeger_decode.h"
#include "model/jaeger_json.h"
#include "model/span_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void protobuf_round_trip(const struct weft_batch *batch, struct weft_arena *arena)
{
    struct weft_buf bytes = { 0 };
    struct weft_otlp_result result;
    struct weft_batch again = { .arena = arena };
    struct weft_err err;
    char sentence[256];
    weft_otlp_encode_protobuf(&bytes, batch);
    int rc = weft_otlp_decode_protobuf(&again, weft_buf_str(&bytes), &result, &err);
    WEFT_ASSERT(rc == WEFT_OK && result.mended_fields == 0 && result.rejected_spans == 0, "%d %s",
                rc, rc < 0 ? err.text : result.reason);
    WEFT_ASSERT(weft_batch_difference(batch, &again, sentence, sizeof sentence), "%s", sentence);
    weft_buf_release(&bytes);
}

static void encode(struct weft_buf *out, const struct weft_batch *batch, struct weft_arena *arena)
{
    struct weft_jaeger_trace trace;
    struct weft_jaeger_json json;
    struct weft_json_writer w = { .out = out };
    weft_jaeger_trace_make(&trace, batch, &(struct weft_jaeger_form){ .is_raw = true }, arena);
    weft_jaeger_json_start(&json, &trace, &w, arena);
    while (weft_jaeger_json_more(&json, SIZE_MAX)) {}
}

/* What `text` says, as text again. */
static void rewrite(struct weft_buf *out, const struct weft_buf *text, uint32_t span_count,
                    struct weft_arena *arena)
{
    struct weft_otlp_result result;
    struct weft_batch batch = { .arena = arena };
    struct weft_err err;
    int rc = weft_jaeger_decode_json(&batch, weft_buf_str(text), &result, &err);
    WEFT_ASSERT(rc == WEFT_OK || rc == WEFT_TOO_LARGE, "%s", err.text);
    if (rc < 0) return;
    WEFT_ASSERT(batch.span_count == span_count, "%u of %u", batch.span_count, span_count);
    encode(out, &batch, arena);
}

/* The first text may have several processes that look alike, which become one: the order of spans settles with the second. */
static void jaeger_round_trip(const struct weft_batch *batch, struct weft_arena *arena)
{
    struct weft_buf first = { 0 }, second = { 0 }, third = { 0 };
    encode(&first, batch, arena);
    rewrite(&second, &first, batch->span_count, arena);
    if (second.len > 0) {
        rewrite(&third, &second, batch->span_count, arena);
        WEFT_ASSERT(weft_str_equal(weft_buf_str(&second), weft_buf_str(&third)), "%.*s\n%.*s",
                    WEFT_S_ARG(weft_buf_str(&second)), WEFT_S_ARG(weft_buf_str(&third)));
    }
    weft_buf_release(&first);
    weft_buf_release(&second);
    weft_buf_release(&third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_arena arena;
    struct weft_otlp_result result;
    struct weft_err err;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = { .arena = &arena };
    if (weft_jaeger_decode_json(&batch, weft_str_make((const char *)data, size), &result, &err) ==
        WEFT_OK) {
        protobuf_round_trip(&batch, &arena);
        jaeger_round_trip(&batch, &arena);
    } else {
        WEFT_ASSERT(batch.span_count == 0 && err.text[0] != '\0', "%u spans", batch.span_count);
    }
    weft_arena_release(&arena);
    return 0;
}
