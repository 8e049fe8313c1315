/* codec_bits.h -- numbers of 0 to 64 bits, packed one after the other, low bit first.
 *
 * Shape      `bits` each, no gaps; n numbers take weft_bits_bytes(n, bits) bytes
 * Errors     none: callers check lengths first. Reading loads up to 15 bytes past the last number
 *            (WEFT_BITS_SLACK): a block file always has its footer there, buffers must reserve it
 */
#ifndef WEFT_STORE_CODEC_BITS_H
#define WEFT_STORE_CODEC_BITS_H
#include "base/buf.h"
#include "base/endian.h"
#include <stddef.h>

#define WEFT_BITS_SLACK 16u

static inline size_t weft_bits_bytes(uint64_t count, unsigned bits)
{
    return (size_t)((count * bits + 7) / 8);
}
static inline unsigned weft_bits_width(uint64_t max) /* bits to tell 0 .. max apart */
{
    return max == 0 ? 0 : 64 - (unsigned)__builtin_clzll(max);
}
static inline uint64_t weft_bits_mask(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}
static inline uint64_t weft_bits_get(const uint8_t *packed, uint64_t index, unsigned bits)
{
    uint64_t at = index * bits;
    unsigned shift = (unsigned)(at & 7);
    const uint8_t *p = packed + (at >> 3);
    uint64_t value = weft_load_u64(p) >> shift;
    if (bits + shift > 64) value |= (uint64_t)p[8] << (64 - shift);
    return value & weft_bits_mask(bits);
}
/* Append n numbers (v[i] - base) / divisor; the end is padded to a byte. */
void weft_bits_pack(struct weft_buf *out, const uint64_t *v, size_t n, uint64_t base,
                    uint64_t divisor, unsigned bits);
void weft_bits_pack_u32(struct weft_buf *out, const uint32_t *v, size_t n, uint32_t base,
                        unsigned bits);
/* Numbers from .. from+n-1, each plus base. */
void weft_bits_unpack(uint64_t *out, const uint8_t *packed, uint64_t from, size_t n, unsigned bits,
                      uint64_t base);
void weft_bits_unpack_u32(uint32_t *out, const uint8_t *packed, uint64_t from, size_t n,
                          unsigned bits, uint32_t base);
/* Zeros until the buffer's length is a multiple of 8. */
static inline void weft_buf_pad8(struct weft_buf *out)
{
    while (out->len % 8 != 0) weft_buf_append_byte(out, 0);
}

#endif
