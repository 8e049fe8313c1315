/* text.c -- hex, base64, percent-encoding, query strings. UTF-8 is in utf8.c. */
#include "wire/text.h"

static const char hex_digits[] = "0123456789abcdef";

int weft_hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void weft_hex_encode(char *out, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        *out++ = hex_digits[p[i] >> 4];
        *out++ = hex_digits[p[i] & 15];
    }
}

bool weft_hex_decode(void *out, size_t len, struct weft_str hex)
{
    if (hex.len % 2 != 0 || hex.len / 2 != len) return false;
    uint8_t *p = out;
    int all = 0; /* negative once any digit was bad: one test at the end instead of two a byte */
    for (size_t i = 0; i < len; i++) {
        int high = weft_hex_digit(hex.ptr[2 * i]), low = weft_hex_digit(hex.ptr[2 * i + 1]);
        all |= high | low;
        p[i] = (uint8_t)((unsigned)high << 4 | ((unsigned)low & 15));
    }
    return all >= 0;
}

static const char alphabets[2][65] = {
    [WEFT_BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [WEFT_BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void weft_base64_encode(struct weft_buf *out, enum weft_base64 alphabet, struct weft_str bytes)
{
    const char *digits = alphabets[alphabet == WEFT_BASE64_URL];
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    char *start = weft_buf_reserve(out, bytes.len / 3 * 4 + 4), *to = start;
    size_t i = 0;
    for (; i + 3 <= bytes.len; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        *to++ = digits[v >> 18];
        *to++ = digits[v >> 12 & 63];
        *to++ = digits[v >> 6 & 63];
        *to++ = digits[v & 63];
    }
    size_t left = bytes.len - i;
    if (left > 0) {
        uint32_t v = (uint32_t)p[i] << 16 | (left == 2 ? (uint32_t)p[i + 1] << 8 : 0);
        *to++ = digits[v >> 18];
        *to++ = digits[v >> 12 & 63];
        if (left == 2) *to++ = digits[v >> 6 & 63];
        if (alphabet != WEFT_BASE64_URL) {
            if (left == 1) *to++ = '=';
            *to++ = '=';
        }
    }
    out->len += (size_t)(to - start);
}

static int base64_digit(char c, enum weft_base64 alphabet)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '/') return alphabet == WEFT_BASE64_URL ? -1 : c == '+' ? 62 : 63;
    if (c == '-' || c == '_') return alphabet == WEFT_BASE64_STANDARD ? -1 : c == '-' ? 62 : 63;
    return -1;
}

size_t weft_base64_decoded_max(struct weft_str text)
{
    return text.len / 4 * 3 + 3;
}

bool weft_base64_decode_into(char *out, size_t *len, enum weft_base64 alphabet,
                             struct weft_str text)
{
    *len = 0;
    size_t digits = text.len;
    if (digits % 4 == 0 && digits > 0 && text.ptr[digits - 1] == '=') {
        digits--;
        if (text.ptr[digits - 1] == '=') digits--;
    }
    if (digits % 4 == 1) return false;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t written = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit(text.ptr[i], alphabet);
        if (digit < 0) return false;
        bits = bits << 6 | (uint32_t)digit;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[written++] = (char)(bits >> bit_count);
            bits &= (1u << bit_count) - 1;
        }
    }
    if (bits != 0) return false; /* bits left over: two texts for the same bytes */
    *len = written;
    return true;
}

bool weft_base64_decode(struct weft_buf *out, enum weft_base64 alphabet, struct weft_str text)
{
    size_t len;
    char *to = weft_buf_reserve(out, weft_base64_decoded_max(text));
    bool is_good = weft_base64_decode_into(to, &len, alphabet, text);
    out->len += len;
    return is_good;
}

/* The byte that the %XX at text[at] stands for, or -1. */
static int percent_byte(struct weft_str text, size_t at)
{
    if (text.len - at < 3) return -1;
    int high = weft_hex_digit(text.ptr[at + 1]), low = weft_hex_digit(text.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool weft_percent_decode(struct weft_buf *out, struct weft_str text)
{
    char *start = weft_buf_reserve(out, text.len + 1), *to = start;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int byte = percent_byte(text, i);
            if (byte < 0) return false;
            c = (char)byte;
            i += 2;
        }
        *to++ = c;
    }
    out->len += (size_t)(to - start);
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void weft_percent_encode(struct weft_buf *out, struct weft_str text)
{
    static const char upper[] = "0123456789ABCDEF"; /* RFC 3986 §2.1 prefers upper case */
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (is_unreserved((char)c)) {
            weft_buf_append_byte(out, (char)c);
        } else {
            weft_buf_append(out, (char[]){ '%', upper[c >> 4], upper[c & 15] }, 3);
        }
    }
}

static struct weft_str form_decode(struct weft_str text, struct weft_arena *arena)
{
    if (weft_str_find(text, '%') < 0 && weft_str_find(text, '+') < 0) return text;
    char *out = weft_arena_alloc(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        int byte;
        if (c == '+') {
            c = ' ';
        } else if (c == '%' && (byte = percent_byte(text, i)) >= 0) {
            c = (char)byte;
            i += 2;
        }
        out[len++] = c;
    }
    return (struct weft_str){ out, len };
}

bool weft_query_string_next(struct weft_str query, size_t *at, struct weft_arena *arena,
                            struct weft_str *name, struct weft_str *value)
{
    while (*at < query.len) {
        struct weft_str rest = weft_str_tail(query, *at);
        struct weft_str pair = weft_str_split(&rest, '&');
        *at += pair.len + 1; /* the '&' too; past the end is the end */
        if (pair.len == 0) continue;
        ptrdiff_t equals = weft_str_find(pair, '=');
        size_t name_len = equals < 0 ? pair.len : (size_t)equals;
        *name = form_decode(weft_str_make(pair.ptr, name_len), arena);
        *value = form_decode(weft_str_tail(pair, name_len + 1), arena);
        return true;
    }
    return false;
}

bool weft_query_string_find(struct weft_str query, struct weft_arena *arena, struct weft_str name,
                            struct weft_str *value)
{
    struct weft_str found;
    size_t at = 0;
    while (weft_query_string_next(query, &at, arena, &found, value)) {
        if (weft_str_equal(found, name)) return true;
    }
    *value = (struct weft_str){ NULL, 0 };
    return false;
}
