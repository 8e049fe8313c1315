/* compress_snappy.c -- Snappy as one block, and framed (framing_format.txt of google/snappy).
 *
 * Which one the name "snappy" means changed in the Collector's history, and in gRPC it means the
 * framed one: a body that begins with the stream identifier is framed, whatever its name. A block
 * cannot begin so: the bytes would be a copy from before its beginning.
 */
#include "base/endian.h"
#include "wire/compress_internal.h"
#include <snappy-c.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#define CHUNK_BYTES_MAX 65536 /* uncompressed */
static const struct weft_str stream_identifier = WEFT_S_INIT("\xff\x06\x00\x00sNaPpY");

/* --- CRC-32C --- */

static uint32_t crc_by_bits(uint32_t crc, const uint8_t *p, size_t len)
{
    /* Four bits at a time with a table of sixteen: small, and only for processors without the
     * instruction. */
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t crc, const uint8_t *p,
                                                                     size_t len)
{
    uint64_t wide = crc;
    for (; len >= 8; p += 8, len -= 8) wide = _mm_crc32_u64(wide, weft_load_u64(p));
    crc = (uint32_t)wide;
    for (; len > 0; p++, len--) crc = _mm_crc32_u8(crc, *p);
    return crc;
}
#endif

static uint32_t masked_crc(struct weft_str s)
{
    const uint8_t *p = (const uint8_t *)s.ptr;
    uint32_t crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        crc = ~crc_by_instruction(~0u, p, s.len);
    } else
#endif
        crc = ~crc_by_bits(~0u, p, s.len);
    return (crc >> 15 | crc << 17) + 0xa282ead8u; /* framing_format.txt, section 3 */
}

/* --- inflating --- */

/* A block, which tells its size first; a chunk of a framed stream may give at most `most`. */
static int block_inflate(struct weft_inflation *i, struct weft_str block, uint64_t most)
{
    size_t len;
    if (snappy_uncompressed_length(block.ptr, block.len, &len) != SNAPPY_OK) {
        return weft_inflation_broken(i, "block without a size");
    }
    if (len > most) return weft_inflation_broken(i, "chunk of more than 65536 bytes");
    /* Three bytes give at most 64: what claims more is broken, and must not make us take the
     * memory. */
    if (len / 22 > block.len) return weft_inflation_broken(i, "size that the block cannot give");
    if (len > i->limit - weft_inflation_produced(i)) return weft_inflation_too_large(i);
    char *to = weft_inflation_reserve(i, len + 1);
    if (to == NULL) return i->refused;
    if (snappy_uncompress(block.ptr, block.len, to, &len) != SNAPPY_OK)
        return weft_inflation_broken(i, "broken block");
    return weft_inflation_add(i, len);
}

static int data_chunk_inflate(struct weft_inflation *i, struct weft_str chunk, bool is_compressed)
{
    if (chunk.len < 4) return weft_inflation_broken(i, "chunk without a checksum");
    struct weft_str data = weft_str_tail(chunk, 4);
    size_t from = i->out->len;
    int rc;
    if (is_compressed) {
        rc = block_inflate(i, data, CHUNK_BYTES_MAX);
    } else if (data.len > CHUNK_BYTES_MAX) {
        rc = weft_inflation_broken(i, "chunk of more than 65536 bytes");
    } else {
        char *to = weft_inflation_reserve(i, data.len + 1);
        if (to == NULL) return i->refused;
        memcpy(to, data.ptr, data.len);
        rc = weft_inflation_add(i, data.len);
    }
    if (rc < 0) return rc;
    if (masked_crc(weft_str_make(i->out->data + from, i->out->len - from)) !=
        weft_load_u32(chunk.ptr)) {
        return weft_inflation_broken(i, "checksum differs");
    }
    return WEFT_OK;
}

static int chunk_inflate(struct weft_inflation *i, uint8_t type, struct weft_str chunk)
{
    if (type <= 1) return data_chunk_inflate(i, chunk, type == 0);
    if (type == 0xff) {
        if (weft_str_equal(chunk, weft_str_tail(stream_identifier, 4)))
            return WEFT_OK; /* streams may be joined */
        return weft_inflation_broken(i, "odd stream identifier");
    }
    if (type >= 0x80) return WEFT_OK; /* skippable, padding */
    return weft_inflation_broken(i, "chunk of a type unknown that must not be skipped");
}

static int framed_inflate(struct weft_inflation *i)
{
    if (!weft_str_starts_with(i->in, stream_identifier))
        return weft_inflation_broken(i, "no stream identifier");
    while (i->in.len > 0) {
        if (i->in.len < 4) return weft_inflation_broken(i, "cut short");
        uint32_t header = weft_load_u32(i->in.ptr);
        size_t len = header >> 8;
        if (i->in.len - 4 < len) return weft_inflation_broken(i, "cut short");
        int rc = chunk_inflate(i, (uint8_t)header, weft_str_make(i->in.ptr + 4, len));
        if (rc < 0) return rc;
        i->in = weft_str_tail(i->in, 4 + len);
    }
    return WEFT_OK;
}

int weft_inflate_snappy(struct weft_inflation *i, enum weft_compression compression)
{
    if (compression == WEFT_COMPRESSION_SNAPPY_FRAMED ||
        weft_str_starts_with(i->in, stream_identifier)) {
        return framed_inflate(i);
    }
    return block_inflate(i, i->in, UINT64_MAX);
}

/* --- compressing --- */

int weft_compress_snappy_framed(struct weft_buf *out, struct weft_str in, struct weft_err *err)
{
    weft_buf_append_str(out, stream_identifier);
    while (in.len > 0) {
        struct weft_str piece =
            weft_str_make(in.ptr, in.len < CHUNK_BYTES_MAX ? in.len : CHUNK_BYTES_MAX);
        size_t len = snappy_max_compressed_length(piece.len);
        char *to = weft_buf_reserve(out, 8 + len);
        if (snappy_compress(piece.ptr, piece.len, to + 8, &len) != SNAPPY_OK) {
            return weft_fail(err, WEFT_IO, "snappy compression failed");
        }
        weft_store_u32(to, (uint32_t)(len + 4) << 8);
        weft_store_u32(to + 4, masked_crc(piece));
        out->len += 8 + len;
        in = weft_str_tail(in, piece.len);
    }
    return WEFT_OK;
}
