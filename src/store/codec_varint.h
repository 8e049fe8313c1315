/* codec_varint.h -- numbers of seven bits a byte, low part first, as protobuf has them. */
#ifndef WEFT_STORE_CODEC_VARINT_H
#define WEFT_STORE_CODEC_VARINT_H
#include "base/buf.h"

static inline void weft_varint_put(struct weft_buf *out, uint64_t v)
{
    uint8_t *p = (uint8_t *)weft_buf_reserve(out, 10), *start = p;
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    out->len += (size_t)(p - start);
}
static inline uint64_t weft_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}
static inline int64_t weft_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}
/* Moves *at past the number; false when it is cut short or longer than 10 bytes. */
static inline bool weft_varint_get(const uint8_t **at, const uint8_t *end, uint64_t *v)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *v = value;
            return true;
        }
    }
    return false;
}

#endif
