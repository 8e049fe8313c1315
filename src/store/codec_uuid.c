/* codec_uuid.c -- UUIDs between text and bytes. */
#include "store/codec_uuid.h"
#include "base/endian.h"

static bool is_dash(unsigned i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight hex digits at once, four bytes out; false when one is none. Each byte of `v` becomes its
 * value, and the value's digit is compared with what was there. */
static bool parse8(uint64_t v, uint8_t *out)
{
    uint64_t value = (v & EACH(0x0f)) + (v >> 6 & EACH(0x01)) * 9;
    uint64_t is_letter = (value + EACH(6)) >> 4 & EACH(0x01);
    uint64_t digits = (value & EACH(0x0f)) + EACH('0') + is_letter * ('a' - '0' - 10);
    uint64_t pairs = (value << 4 | value >> 8) & UINT64_C(0x00ff00ff00ff00ff);

    pairs = (pairs | pairs >> 8) & UINT64_C(0x0000ffff0000ffff);
    weft_store_u32(out, (uint32_t)(pairs | pairs >> 16));
    return ((value & EACH(0xf0)) | (digits ^ v)) == 0;
}

static uint64_t halves(const char *a, const char *b)
{
    return weft_load_u32(a) | (uint64_t)weft_load_u32(b) << 32;
}

bool weft_uuid_parse(struct weft_str text, uint8_t out[static 16])
{
    const char *p = text.ptr;

    if (text.len != WEFT_UUID_TEXT || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
        return false;
    bool is_good = parse8(weft_load_u64(p), out);
    is_good &= parse8(halves(p + 9, p + 14), out + 4);
    is_good &= parse8(halves(p + 19, p + 24), out + 8);
    return is_good & parse8(weft_load_u64(p + 28), out + 12);
}

void weft_uuid_format(const uint8_t *bytes, char out[static WEFT_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    unsigned at = 0;

    for (unsigned i = 0; i < WEFT_UUID_TEXT;) {
        if (is_dash(i)) {
            out[i++] = '-';
            continue;
        }
        out[i++] = digits[bytes[at] >> 4];
        out[i++] = digits[bytes[at++] & 15];
    }
}
