/* protobuf.c -- the parts of protobuf.h that are too long to be inlined. */
#include "wire/protobuf.h"
#include "base/assert.h"

uint64_t weft_pb_varint_slow(struct weft_pb_reader *r)
{
    uint64_t v = 0;
    const uint8_t *at = r->at;
    for (unsigned shift = 0; shift < 64 && at < r->end; shift += 7) {
        uint8_t byte = *at++;
        /* Nine bytes carry 63 bits: the tenth has room for one. */
        if (shift == 63 && byte > 1) break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            r->at = at;
            return v;
        }
    }
    r->is_broken = true;
    r->at = r->end;
    return 0;
}

void weft_pb_skip(struct weft_pb_reader *r, uint32_t tag)
{
    switch (tag & 7) {
    case WEFT_PB_VARINT: weft_pb_varint(r); break;
    case WEFT_PB_FIXED64: weft_pb_fixed64(r); break;
    case WEFT_PB_BYTES: weft_pb_bytes(r); break;
    case WEFT_PB_FIXED32: weft_pb_fixed32(r); break;
    default: r->is_broken = true; r->at = r->end;
    }
}

size_t weft_pb_varint_size(uint64_t v)
{
    /* Bits needed, rounded up to sevens: (bits + 6) / 7 without the division. */
    unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
    return (bits * 9 + 64) / 64;
}

static char *varint_write(char *at, uint64_t v)
{
    while (v >= 0x80) {
        *at++ = (char)(v | 0x80);
        v >>= 7;
    }
    *at++ = (char)v;
    return at;
}

void weft_pb_put_varint(struct weft_buf *out, uint64_t v)
{
    char *at = weft_buf_reserve(out, 10);
    out->len += (size_t)(varint_write(at, v) - at);
}

void weft_pb_put_tag(struct weft_buf *out, uint32_t number, enum weft_pb_wire wire)
{
    weft_pb_put_varint(out, (uint64_t)number << 3 | wire);
}

void weft_pb_put_uint(struct weft_buf *out, uint32_t number, uint64_t v)
{
    if (v == 0) return;
    char *start = weft_buf_reserve(out, 20);
    char *at = varint_write(start, (uint64_t)number << 3 | WEFT_PB_VARINT);
    out->len += (size_t)(varint_write(at, v) - start);
}

void weft_pb_put_fixed64(struct weft_buf *out, uint32_t number, uint64_t v)
{
    if (v == 0) return;
    char *start = weft_buf_reserve(out, 18);
    char *at = varint_write(start, (uint64_t)number << 3 | WEFT_PB_FIXED64);
    weft_store_u64(at, v);
    out->len += (size_t)(at + 8 - start);
}

void weft_pb_put_fixed32(struct weft_buf *out, uint32_t number, uint32_t v)
{
    if (v == 0) return;
    char *start = weft_buf_reserve(out, 14);
    char *at = varint_write(start, (uint64_t)number << 3 | WEFT_PB_FIXED32);
    weft_store_u32(at, v);
    out->len += (size_t)(at + 4 - start);
}

void weft_pb_put_bytes(struct weft_buf *out, uint32_t number, struct weft_str s)
{
    if (s.len == 0) return;
    weft_pb_put_bytes_always(out, number, s);
}

void weft_pb_put_bytes_always(struct weft_buf *out, uint32_t number, struct weft_str s)
{
    char *start = weft_buf_reserve(out, s.len + 20);
    char *at = varint_write(start, (uint64_t)number << 3 | WEFT_PB_BYTES);
    at = varint_write(at, s.len);
    if (s.len > 0) memcpy(at, s.ptr, s.len);
    out->len += (size_t)(at - start) + s.len;
}

size_t weft_pb_open(struct weft_buf *out, uint32_t number)
{
    weft_pb_put_tag(out, number, WEFT_PB_BYTES);
    weft_buf_append_byte(out, 0); /* most messages are below 128 bytes: one byte for the length */
    return out->len;
}

void weft_pb_close(struct weft_buf *out, size_t mark)
{
    WEFT_ASSERT(mark > 0 && mark <= out->len, "mark %zu, length %zu", mark, out->len);
    size_t len = out->len - mark;
    size_t len_bytes = weft_pb_varint_size(len);
    if (len_bytes > 1) {
        weft_buf_reserve(out, len_bytes - 1);
        memmove(out->data + mark + len_bytes - 1, out->data + mark, len);
        out->len += len_bytes - 1;
    }
    varint_write(out->data + mark - 1, len);
}
