/* protobuf.h -- reading and writing protobuf fields in place.
 *
 * Errors     the reader stops and sets is_broken; nothing is read past the end
 * Ownership  length-delimited fields are views into the input
 * Spec       protobuf encoding guide, wire types 0, 1, 2, 5 (groups are refused)
 */
#ifndef WEFT_WIRE_PROTOBUF_H
#define WEFT_WIRE_PROTOBUF_H
#include "base/buf.h"
#include "base/endian.h"

struct weft_pb_reader {
    const uint8_t *at, *end;
    bool is_broken;
};
enum weft_pb_wire {
    WEFT_PB_VARINT = 0,
    WEFT_PB_FIXED64 = 1,
    WEFT_PB_BYTES = 2,
    WEFT_PB_FIXED32 = 5
};

static inline struct weft_pb_reader weft_pb_reader_make(struct weft_str s)
{
    const uint8_t *at =
        (const uint8_t *)(s.ptr != NULL ? s.ptr
                                        : ""); /* no arithmetic on NULL, not even adding 0 */
    return (struct weft_pb_reader){ at, at + s.len, false };
}
uint64_t weft_pb_varint_slow(struct weft_pb_reader *r);
static inline uint64_t weft_pb_varint(struct weft_pb_reader *r)
{
    if (__builtin_expect(r->at < r->end && *r->at < 0x80, 1)) return *r->at++;
    return weft_pb_varint_slow(r);
}
/* Next field: false at the end or when broken. `*tag` is number << 3 | wire. */
static inline bool weft_pb_next(struct weft_pb_reader *r, uint32_t *tag)
{
    if (r->at >= r->end) return false;
    uint64_t t = weft_pb_varint(r);
    if (__builtin_expect(t > UINT32_MAX || t < 8, 0)) r->is_broken = true;
    *tag = (uint32_t)t;
    return !r->is_broken;
}
static inline uint64_t weft_pb_fixed64(struct weft_pb_reader *r)
{
    if (__builtin_expect(r->end - r->at < 8, 0)) {
        r->is_broken = true;
        r->at = r->end;
        return 0;
    }
    uint64_t v = weft_load_u64(r->at);
    r->at += 8;
    return v;
}
static inline uint32_t weft_pb_fixed32(struct weft_pb_reader *r)
{
    if (__builtin_expect(r->end - r->at < 4, 0)) {
        r->is_broken = true;
        r->at = r->end;
        return 0;
    }
    uint32_t v = weft_load_u32(r->at);
    r->at += 4;
    return v;
}
static inline struct weft_str weft_pb_bytes(struct weft_pb_reader *r)
{
    uint64_t len = weft_pb_varint(r);
    if (__builtin_expect(r->is_broken || len > (uint64_t)(r->end - r->at), 0)) {
        r->is_broken = true;
        r->at = r->end;
        return (struct weft_str){ NULL, 0 };
    }
    struct weft_str s = { (const char *)r->at, (size_t)len };
    r->at += len;
    return s;
}
/* Skip the field just announced by `tag`; groups and unknown wire types break. */
void weft_pb_skip(struct weft_pb_reader *r, uint32_t tag);

void weft_pb_put_varint(struct weft_buf *out, uint64_t v);
size_t weft_pb_varint_size(uint64_t v);
void weft_pb_put_tag(struct weft_buf *out, uint32_t number, enum weft_pb_wire wire);
void weft_pb_put_uint(struct weft_buf *out, uint32_t number, uint64_t v);    /* nothing when 0 */
void weft_pb_put_fixed64(struct weft_buf *out, uint32_t number, uint64_t v); /* nothing when 0 */
void weft_pb_put_fixed32(struct weft_buf *out, uint32_t number, uint32_t v); /* nothing when 0 */
void weft_pb_put_bytes(struct weft_buf *out, uint32_t number,
                       struct weft_str s); /* nothing when empty */
void weft_pb_put_bytes_always(struct weft_buf *out, uint32_t number,
                              struct weft_str s); /* set oneof members, elements */
/* A sub-message whose size is not known yet: open, write its fields, close (moves bytes only if the
 * length needs it). */
size_t weft_pb_open(struct weft_buf *out, uint32_t number);
void weft_pb_close(struct weft_buf *out, size_t mark);

#endif
