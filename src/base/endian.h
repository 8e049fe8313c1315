/* endian.h -- fixed-width numbers in byte buffers, whatever their alignment. Formats on disk are
 * little-endian. */
#ifndef WEFT_BASE_ENDIAN_H
#define WEFT_BASE_ENDIAN_H
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error \
    "weft stores little-endian and reads rows in place: a big-endian machine is not supported yet"
#endif

static inline uint16_t weft_load_u16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint32_t weft_load_u32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint64_t weft_load_u64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void weft_store_u16(void *p, uint16_t v)
{
    memcpy(p, &v, sizeof v);
}
static inline void weft_store_u32(void *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}
static inline void weft_store_u64(void *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}
/* Network order. */
static inline uint32_t weft_load_u32_be(const void *p)
{
    return __builtin_bswap32(weft_load_u32(p));
}
static inline uint64_t weft_load_u64_be(const void *p)
{
    return __builtin_bswap64(weft_load_u64(p));
}
static inline void weft_store_u32_be(void *p, uint32_t v)
{
    weft_store_u32(p, __builtin_bswap32(v));
}
static inline void weft_store_u64_be(void *p, uint64_t v)
{
    weft_store_u64(p, __builtin_bswap64(v));
}

#endif
