/* codec_decimal.c -- doubles as decimal integers. */
#include "store/codec_decimal.h"
#include <math.h>
#include <string.h>

static const double powers[WEFT_DECIMAL_EXPONENT_MAX + 1] = { 1e0,  1e1,  1e2,  1e3, 1e4,  1e5,
                                                              1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
                                                              1e12, 1e13, 1e14, 1e15 };

uint64_t weft_decimal_decode(int64_t integer, uint32_t exponent)
{
    double value = (double)integer / powers[exponent <= WEFT_DECIMAL_EXPONENT_MAX ? exponent : 0];
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Division is the inverse: both numbers are exact up to 2^53, and IEEE division rounds correctly,
 * as reading "0.1" does. */
static bool to_integer(uint64_t bits, uint32_t exponent, int64_t *out)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    double scaled = value * powers[exponent];
    if (!(fabs(scaled) < 9007199254740992.0)) return false;
    *out = llrint(scaled);
    return weft_decimal_decode(*out, exponent) == bits;
}

bool weft_decimal_encode(const uint64_t *bits, size_t count, int64_t *out, uint32_t *exponent)
{
    uint32_t e = 0;

    for (size_t i = 0; i < count; i++) {
        bool fits = to_integer(bits[i], e, &out[i]);
        while (!fits && e < WEFT_DECIMAL_EXPONENT_MAX) fits = to_integer(bits[i], ++e, &out[i]);
        if (!fits) return false;
    }
    for (size_t i = 0; i < count; i++) /* earlier ones were taken with a smaller exponent */
        if (!to_integer(bits[i], e, &out[i])) return false;
    *exponent = e;
    return true;
}
