/* protobuf_fuzz.c -- any bytes walked as fields, into sub-messages too; written again they read the
 * same. */
#include "base/assert.h"
#include "wire/protobuf.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(struct weft_buf *out, struct weft_str input, unsigned depth)
{
    struct weft_pb_reader r = weft_pb_reader_make(input);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        uint32_t number = tag >> 3;
        struct weft_str bytes;
        switch (tag & 7) {
        case WEFT_PB_VARINT:
            weft_pb_put_tag(out, number, WEFT_PB_VARINT);
            weft_pb_put_varint(out, weft_pb_varint(&r));
            break;
        case WEFT_PB_FIXED64: weft_pb_put_fixed64(out, number, weft_pb_fixed64(&r)); break;
        case WEFT_PB_FIXED32: weft_pb_put_fixed32(out, number, weft_pb_fixed32(&r)); break;
        case WEFT_PB_BYTES: {
            bytes = weft_pb_bytes(&r);
            size_t before = out->len, mark = weft_pb_open(out, number);
            if (depth > 0 && rewrite(out, bytes, depth - 1)) {
                weft_pb_close(out, mark);
            } else {
                out->len = before;
                weft_pb_put_bytes_always(out, number, bytes);
            }
            break;
        }
        default: weft_pb_skip(&r, tag); WEFT_ASSERT(r.is_broken, "tag %u skipped", tag);
        }
        WEFT_ASSERT(r.at <= r.end, "beyond the end by %td", r.at - r.end);
    }
    return !r.is_broken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_str input = { (const char *)data, size };
    struct weft_pb_reader r = weft_pb_reader_make(input);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) weft_pb_skip(&r, tag);
    struct weft_buf first = { 0 }, second = { 0 };
    bool is_good = rewrite(&first, input, 5);
    WEFT_ASSERT(is_good == !r.is_broken, "walked %d, skipped %d", is_good, !r.is_broken);
    if (is_good) {
        WEFT_ASSERT(rewrite(&second, weft_buf_str(&first), 5), "len %zu", first.len);
        WEFT_ASSERT(weft_str_equal(weft_buf_str(&first), weft_buf_str(&second)),
                    "len %zu, then %zu", first.len, second.len);
    }
    weft_buf_release(&first);
    weft_buf_release(&second);
    return 0;
}
