/* codec_bits.c -- packing and unpacking numbers of a fixed width. */
#include "store/codec_bits.h"
#include "store/codec_scan.h"

/* One 64-bit word is filled at a time; what does not fit starts the next. */
struct packer {
    uint8_t *at;
    uint64_t word;
    unsigned used;
};

static inline void put(struct packer *p, uint64_t value, unsigned bits)
{
    p->word |= value << p->used;
    unsigned used = p->used + bits;
    if (used >= 64) {
        weft_store_u64(p->at, p->word);
        p->at += 8;
        used -= 64;
        p->word = used == 0 ? 0 : value >> (bits - used);
    }
    p->used = used;
}

static void finish(struct packer *p, struct weft_buf *out, size_t bytes)
{
    if (p->used > 0) weft_store_u64(p->at, p->word);
    out->len += bytes;
}

void weft_bits_pack(struct weft_buf *out, const uint64_t *v, size_t n, uint64_t base,
                    uint64_t divisor, unsigned bits)
{
    size_t bytes = weft_bits_bytes(n, bits);
    struct packer p = { (uint8_t *)weft_buf_reserve(out, bytes + WEFT_BITS_SLACK), 0, 0 };

    if (bits == 0) return;
    if (divisor <= 1) {
        for (size_t i = 0; i < n; i++) put(&p, v[i] - base, bits);
    } else {
        for (size_t i = 0; i < n; i++) put(&p, (v[i] - base) / divisor, bits);
    }
    finish(&p, out, bytes);
}

void weft_bits_pack_u32(struct weft_buf *out, const uint32_t *v, size_t n, uint32_t base,
                        unsigned bits)
{
    size_t bytes = weft_bits_bytes(n, bits);
    struct packer p = { (uint8_t *)weft_buf_reserve(out, bytes + WEFT_BITS_SLACK), 0, 0 };

    if (bits == 0) return;
    for (size_t i = 0; i < n; i++) put(&p, v[i] - base, bits);
    finish(&p, out, bytes);
}

enum { NARROW = 128 }; /* numbers that go by way of 32 bits at a time */

void weft_bits_unpack(uint64_t *out, const uint8_t *packed, uint64_t from, size_t n, unsigned bits,
                      uint64_t base)
{
    if (bits == 0) {
        for (size_t i = 0; i < n; i++) out[i] = base;
        return;
    }
    if (bits > 32) {
        for (size_t i = 0; i < n; i++) out[i] = base + weft_bits_get(packed, from + i, bits);
        return;
    }
    uint32_t narrow[NARROW];
    while (n > 0) {
        size_t take = n < NARROW ? n : NARROW;
        weft_bits_unpack_u32(narrow, packed, from, take, bits, 0);
        for (size_t i = 0; i < take; i++) out[i] = base + narrow[i];
        out += take, from += take, n -= take;
    }
}

void weft_bits_unpack_u32(uint32_t *out, const uint8_t *packed, uint64_t from, size_t n,
                          unsigned bits, uint32_t base)
{
    if (bits == 0) {
        for (size_t i = 0; i < n; i++) out[i] = base;
        return;
    }
    for (; n > 0 && from % 8 != 0; n--) /* up to where a number starts at a byte */
        *out++ = base + (uint32_t)weft_bits_get(packed, from++, bits);
    weft_scan()->unpack(out, packed + from / 8 * bits, n, bits, base);
}
