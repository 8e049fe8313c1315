/* codec_scan.h -- the two loops that scans over packed numbers spend their time in, once for every
 * kind of processor: unpacking, and comparing with a range.
 *
 * Choice     the widest that the processor has, once, at the first use; WEFT_SCAN=scalar, avx2 or
 *            avx512 in the environment asks for less (a test of this program, not of the processor)
 * Meaning    all variants give the same results bit by bit (codec_scan_test.c)
 */
#ifndef WEFT_STORE_CODEC_SCAN_H
#define WEFT_STORE_CODEC_SCAN_H
#include "store/codec_bits.h"
#include <stdbool.h>

struct weft_scan {
    const char *name;
    bool (*is_supported)(void);
    /* Numbers 0 .. n - 1 of at most 32 bits, each plus base. */
    void (*unpack)(uint32_t *out, const uint8_t *packed, size_t n, unsigned bits, uint32_t base);
    /* Bit i of `out`: is number i plus base in low .. low + width - 1 (modulo 2^32)? Bits are only
     * set, never cleared; `out` has (n + 63) / 64 words. */
    void (*range)(uint64_t *out, const uint8_t *packed, size_t n, unsigned bits, uint32_t base,
                  uint32_t low, uint32_t width);
};
extern const struct weft_scan *const weft_scans[]; /* widest first; the last is scalar; NULL ends */
const struct weft_scan *weft_scan(void);

#endif
