/* grpc_frame_fuzz.c -- any bytes as frames, as a timeout, as a status message. */
#include "base/assert.h"
#include "wire/grpc_frame.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_str input = { (const char *)data, size };
    struct weft_buf out = { 0 };
    struct weft_grpc_frame frame;
    size_t at = 0;
    while (weft_grpc_frame_next(&frame, input, &at, 1000, NULL) == 1) {
        WEFT_ASSERT(at <= size, "at %zu, size %zu", at, size);
        weft_grpc_frame_append(&out, frame.is_compressed, frame.message);
    }
    /* Frames read are frames written. */
    WEFT_ASSERT(out.len == at && (at == 0 || memcmp(out.data, data, at) == 0), "len %zu, at %zu",
                out.len, at);
    if (weft_grpc_frame_unary(&frame, input, 1000, NULL) == WEFT_OK) {
        WEFT_ASSERT(frame.message.len + WEFT_GRPC_PREFIX_BYTES == size, "message %zu of %zu",
                    frame.message.len, size);
    }
    uint64_t ns, again;
    if (weft_grpc_timeout_parse(input, &ns)) {
        char text[10];
        size_t len = weft_grpc_timeout_format(text, ns);
        WEFT_ASSERT(weft_grpc_timeout_parse(weft_str_make(text, len), &again) && again >= ns, "%s",
                    text);
    }
    weft_buf_reset(&out);
    weft_grpc_message_decode(&out, input);
    struct weft_buf encoded = { 0 }, back = { 0 };
    weft_grpc_message_encode(&encoded, weft_buf_str(&out));
    weft_grpc_message_decode(&back, weft_buf_str(&encoded));
    WEFT_ASSERT(weft_str_equal(weft_buf_str(&out), weft_buf_str(&back)), "len %zu, back %zu",
                out.len, back.len);
    weft_buf_release(&out);
    weft_buf_release(&encoded);
    weft_buf_release(&back);
    return 0;
}
