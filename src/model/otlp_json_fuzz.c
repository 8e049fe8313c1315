/* otlp_json_fuzz.c -- any bytes: refused with a sentence, or a batch that survives protobuf and
 * JSON. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "model/otlp.h"
#include "model/span_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct weft_batch *a, const struct weft_batch *b, const char *way)
{
    char sentence[256];
    bool is_same = weft_batch_difference(a, b, sentence, sizeof sentence);
    WEFT_ASSERT(is_same, "%s: %s", way, sentence);
}

static void round_trip(const struct weft_batch *batch, struct weft_arena *arena)
{
    struct weft_buf bytes = { 0 };
    struct weft_otlp_result result;
    struct weft_err err;
    struct weft_batch again = { .arena = arena }, from_json = { .arena = arena };
    weft_otlp_encode_protobuf(&bytes, batch);
    int rc = weft_otlp_decode_protobuf(&again, weft_buf_str(&bytes), &result, &err);
    WEFT_ASSERT(rc == WEFT_OK, "%s", err.text);
    WEFT_ASSERT(result.mended_fields == 0 && result.rejected_spans == 0, "%s", result.reason);
    check_same(batch, &again, "protobuf");
    weft_buf_reset(&bytes);
    weft_buf_append_c(&bytes, "{\"resourceSpans\":");
    weft_otlp_encode_json(&bytes, batch, WEFT_OTLP_JSON);
    weft_buf_append_c(&bytes, "}");
    rc = weft_otlp_decode_json(&from_json, weft_buf_str(&bytes), &result, &err);
    WEFT_ASSERT(rc == WEFT_OK || rc == WEFT_TOO_LARGE, "%s", err.text);
    if (rc == WEFT_OK) check_same(batch, &from_json, "JSON");
    weft_buf_release(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_arena arena;
    struct weft_otlp_result result;
    struct weft_err err;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = { .arena = &arena };
    if (weft_otlp_decode_json(&batch, weft_str_make((const char *)data, size), &result, &err) ==
        WEFT_OK) {
        round_trip(&batch, &arena);
    } else {
        WEFT_ASSERT(batch.span_count == 0 && err.text[0] != '\0', "%u spans", batch.span_count);
    }
    weft_arena_release(&arena);
    return 0;
}
