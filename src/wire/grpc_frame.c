/* grpc_frame.c -- gRPC message frames, timeouts, status messages. */
#include "wire/grpc_frame.h"
#include "base/endian.h"
#include "wire/text.h"

int weft_grpc_frame_next(struct weft_grpc_frame *frame, struct weft_str input, size_t *at,
                         uint64_t bytes_max, struct weft_err *err)
{
    struct weft_str rest = weft_str_tail(input, *at);
    if (rest.len == 0) return 0;
    uint8_t flag = (uint8_t)rest.ptr[0];
    if (flag > 1) {
        return weft_fail(err, WEFT_INVALID,
                         "gRPC frame: flag byte %u, expected 0 (plain) or 1 (compressed)", flag);
    }
    if (rest.len < WEFT_GRPC_PREFIX_BYTES) return 0;
    uint32_t len = weft_load_u32_be(rest.ptr + 1);
    if (len > bytes_max) {
        return weft_fail(err, WEFT_TOO_LARGE, "gRPC message of %u bytes, at most %llu allowed", len,
                         (unsigned long long)bytes_max);
    }
    if (rest.len - WEFT_GRPC_PREFIX_BYTES < len) return 0;
    frame->is_compressed = flag == 1;
    frame->message = weft_str_make(rest.ptr + WEFT_GRPC_PREFIX_BYTES, len);
    *at += WEFT_GRPC_PREFIX_BYTES + len;
    return 1;
}

int weft_grpc_frame_unary(struct weft_grpc_frame *frame, struct weft_str body, uint64_t bytes_max,
                          struct weft_err *err)
{
    size_t at = 0;
    int rc = weft_grpc_frame_next(frame, body, &at, bytes_max, err);
    if (rc < 0) return rc;
    if (rc == 0) {
        return weft_fail(err, WEFT_INVALID, "gRPC body of %zu bytes holds no whole message",
                         body.len);
    }
    if (at < body.len) {
        return weft_fail(err, WEFT_INVALID,
                         "gRPC body has %zu bytes behind the one message of a unary call",
                         body.len - at);
    }
    return WEFT_OK;
}

void weft_grpc_frame_prefix(char out[static WEFT_GRPC_PREFIX_BYTES], bool is_compressed,
                            uint32_t message_len)
{
    out[0] = is_compressed;
    weft_store_u32_be(out + 1, message_len);
}

void weft_grpc_frame_append(struct weft_buf *out, bool is_compressed, struct weft_str message)
{
    weft_grpc_frame_prefix(weft_buf_reserve(out, WEFT_GRPC_PREFIX_BYTES), is_compressed,
                           (uint32_t)message.len);
    out->len += WEFT_GRPC_PREFIX_BYTES;
    weft_buf_append_str(out, message);
}

static const struct {
    char letter;
    uint64_t ns;
} timeout_units[] = {
    { 'n', 1 },
    { 'u', 1000 },
    { 'm', 1000000 },
    { 'S', 1000000000 },
    { 'M', UINT64_C(60000000000) },
    { 'H', UINT64_C(3600000000000) },
};
#define TIMEOUT_UNIT_COUNT (sizeof timeout_units / sizeof *timeout_units)

bool weft_grpc_timeout_parse(struct weft_str value, uint64_t *timeout_ns)
{
    if (value.len < 2 || value.len > 9) return false;
    uint64_t count = 0;
    for (size_t i = 0; i + 1 < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9') return false;
        count = count * 10 + (uint64_t)(value.ptr[i] - '0');
    }
    for (size_t i = 0; i < TIMEOUT_UNIT_COUNT; i++) {
        if (timeout_units[i].letter != value.ptr[value.len - 1]) continue;
        /* 99999999 hours are 11,000 years: beyond our 64 bits of nanoseconds, and as good as for
         * ever. */
        if (__builtin_mul_overflow(count, timeout_units[i].ns, timeout_ns))
            *timeout_ns = UINT64_MAX;
        return true;
    }
    return false;
}

size_t weft_grpc_timeout_format(char out[static 10], uint64_t timeout_ns)
{
    size_t unit = 0;
    uint64_t count = timeout_ns;
    while (count > 99999999 && unit + 1 < TIMEOUT_UNIT_COUNT) {
        unit++;
        count = timeout_ns / timeout_units[unit].ns + (timeout_ns % timeout_units[unit].ns != 0);
    }
    return (size_t)snprintf(out, 10, "%u%c", (unsigned)(count % 100000000),
                            timeout_units[unit].letter);
}

void weft_grpc_message_encode(struct weft_buf *out, struct weft_str text)
{
    static const char upper[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (c >= 0x20 && c <= 0x7e && c != '%') {
            weft_buf_append_byte(out, (char)c);
        } else {
            weft_buf_append(out, (char[]){ '%', upper[c >> 4], upper[c & 15] }, 3);
        }
    }
}

void weft_grpc_message_decode(struct weft_buf *out, struct weft_str encoded)
{
    struct weft_buf bytes = { 0 };
    for (size_t i = 0; i < encoded.len; i++) {
        char c = encoded.ptr[i];
        if (c == '%' && encoded.len - i >= 3) {
            int high = weft_hex_digit(encoded.ptr[i + 1]), low = weft_hex_digit(encoded.ptr[i + 2]);
            if (high >= 0 && low >= 0) {
                c = (char)(high << 4 | low);
                i += 2;
            }
        }
        weft_buf_append_byte(&bytes, c);
    }
    weft_utf8_append_repaired(out, weft_buf_str(&bytes));
    weft_buf_release(&bytes);
}
