/* scan.h -- finding the first byte that needs a closer look, sixteen at a time. */
#ifndef WEFT_WIRE_SCAN_H
#define WEFT_WIRE_SCAN_H
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Position of the first byte of a JSON string that is not plain: quote, backslash, control, or
 * above 0x7f; `len` when none. */
static inline size_t weft_scan_json_plain(const char *p, size_t len)
{
    size_t i = 0;
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'),
                  space = _mm_set1_epi8(' ');
    for (; i + 16 <= len; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        /* Signed comparison: bytes above 0x7f are negative, so "below space" finds controls and
         * non-ASCII in one go. */
        __m128i hit =
            _mm_or_si128(_mm_cmplt_epi8(v, space),
                         _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
        int mask = _mm_movemask_epi8(hit);
        if (mask != 0) return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    for (; i < len; i++) {
        int8_t c = (int8_t)p[i];
        if (c < ' ' || c == '"' || c == '\\') return i;
    }
    return len;
}

/* Position of the first byte above 0x7f, or `len`. */
static inline size_t weft_scan_ascii(const char *p, size_t len)
{
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + 16 <= len; i += 16) {
        int mask = _mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + i)));
        if (mask != 0) return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (i < len && (int8_t)p[i] >= 0) i++;
    return i;
}

#endif
