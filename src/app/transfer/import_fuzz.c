/* import_fuzz.c -- any bytes as a file: every span given on has its ids, everything wrong is a sentence. The first byte chooses the
 * format. */
#include <stddef.h>
#include <stdint.h>

#include "app/transfer/import_read.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t spans, complaints;
};

static int take(void *self, const struct weft_batch *batch, struct weft_err *err)
{
    struct seen *seen = self;
    for (uint32_t i = 0; i < batch->span_count; i++)
        WEFT_ASSERT(!weft_trace_id_is_zero(&batch->spans[i].trace_id) &&
                        !weft_span_id_is_zero(&batch->spans[i].span_id),
                    "span %u", i);
    seen->spans += batch->span_count;
    return WEFT_OK;
}

static void complain(void *self, const char *sentence)
{
    struct seen *seen = self;
    WEFT_ASSERT(sentence[0] != '\0', "%s", sentence);
    seen->complaints++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = { 0 };
    struct weft_err err;
    if (size == 0) return 0;
    struct weft_import import = {
        .format = data[0] % 5, .take = take, .complain = complain, .self = &seen
    };
    int rc =
        weft_import_text(&import, "fuzz", weft_str_make((const char *)data + 1, size - 1), &err);
    WEFT_ASSERT(rc == WEFT_OK || err.text[0] != '\0', "%d", rc);
    WEFT_ASSERT(seen.spans == import.read_spans, "%llu", (unsigned long long)seen.spans);
    WEFT_ASSERT(seen.complaints >= import.broken_pieces, "%llu",
                (unsigned long long)seen.complaints);
    return 0;
}
