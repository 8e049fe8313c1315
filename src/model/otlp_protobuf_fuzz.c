/* otlp_protobuf_fuzz.c -- any bytes: refused, or a batch that survives protobuf and (where depth
 * allows) JSON. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "model/otlp.h"
#include "model/span_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct weft_batch *batch, struct weft_arena *arena)
{
    struct weft_buf bytes = { 0 };
    struct weft_otlp_result result;
    struct weft_err err;
    char sentence[256];
    struct weft_batch again = { .arena = arena };
    weft_otlp_encode_protobuf(&bytes, batch);
    int rc = weft_otlp_decode_protobuf(&again, weft_buf_str(&bytes), &result, &err);
    WEFT_ASSERT(rc == WEFT_OK, "%s", err.text);
    WEFT_ASSERT(result.mended_fields == 0 && result.rejected_spans == 0, "%s", result.reason);
    bool is_same = weft_batch_difference(batch, &again, sentence, sizeof sentence);
    WEFT_ASSERT(is_same, "%s", sentence);
    weft_buf_reset(&bytes);
    weft_buf_append_c(&bytes, "{\"resourceSpans\":");
    weft_otlp_encode_json(&bytes, batch, WEFT_OTLP_JSON);
    weft_buf_append_c(&bytes, "}");
    struct weft_batch from_json = { .arena = arena };
    /* JSON has a bound on brackets, which kvlists nested more than 29 deep pass. */
    if (weft_otlp_decode_json(&from_json, weft_buf_str(&bytes), &result, &err) == WEFT_OK) {
        is_same = weft_batch_difference(batch, &from_json, sentence, sizeof sentence);
        WEFT_ASSERT(is_same, "JSON: %s", sentence);
    } else {
        WEFT_ASSERT(strstr(err.text, "128") != NULL || err.status == WEFT_TOO_LARGE, "%s",
                    err.text);
    }
    weft_buf_release(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_arena arena;
    struct weft_otlp_result result;
    struct weft_err err;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = { .arena = &arena };
    if (weft_otlp_decode_protobuf(&batch, weft_str_make((const char *)data, size), &result, &err) ==
        WEFT_OK) {
        round_trip(&batch, &arena);
    } else {
        WEFT_ASSERT(batch.span_count == 0 && err.text[0] != '\0', "%u spans", batch.span_count);
    }
    weft_arena_release(&arena);
    return 0;
}
