/* codec_decimal.h -- doubles that are short decimal numbers, as integers times 10^-e.
 *
 * Invariant  decoding gives the same 64 bits back; what cannot (NaN, -0.0, 1/3) makes analysis
 *            answer false
 */
#ifndef WEFT_STORE_CODEC_DECIMAL_H
#define WEFT_STORE_CODEC_DECIMAL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEFT_DECIMAL_EXPONENT_MAX 15u

/* Bit patterns of doubles to integers; *exponent is the smallest that does for all. */
bool weft_decimal_encode(const uint64_t *bits, size_t count, int64_t *out, uint32_t *exponent);
uint64_t weft_decimal_decode(int64_t integer, uint32_t exponent); /* the bit pattern */

#endif
