/* codec_uuid.c -- UUIDs between text and bytes. */
#include "store/codec_uuid.h"

static bool is_dash(unsigned i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool weft_uuid_parse(struct weft_str text, uint8_t out[static 16])
{
    unsigned at = 0;

    if (text.len != WEFT_UUID_TEXT) return false;
    for (unsigned i = 0; i < WEFT_UUID_TEXT;) {
        if (is_dash(i)) {
            if (text.ptr[i++] != '-') return false;
            continue;
        }
        int high = digit(text.ptr[i]), low = digit(text.ptr[i + 1]);
        if (high < 0 || low < 0) return false;
        out[at++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return true;
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
