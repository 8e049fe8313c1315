/* utf8.c -- UTF-8: checking, mending, encoding. Declared in text.h. */
#include "wire/scan.h"
#include "wire/text.h"

/* Length of the well-formed sequence at the front (Unicode table 3-7), or 0; then *bad gets the
 * length of the maximal part
 * that could have begun one: what one U+FFFD stands for. */
static size_t sequence_check(const uint8_t *p, size_t len, size_t *bad)
{
    uint8_t lead = p[0], low = 0x80, high = 0xbf;
    size_t need;
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) {
        need = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        need = 3;
        if (lead == 0xe0) low = 0xa0;  /* overlong */
        if (lead == 0xed) high = 0x9f; /* surrogates */
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        need = 4;
        if (lead == 0xf0) low = 0x90;  /* overlong */
        if (lead == 0xf4) high = 0x8f; /* beyond U+10FFFF */
    } else {
        *bad = 1;
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if (i >= len || p[i] < low || p[i] > high) {
            *bad = i;
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    return need;
}

static size_t valid_prefix(struct weft_str s, size_t *bad)
{
    size_t at = 0;
    while (at < s.len) {
        if ((int8_t)s.ptr[at] >= 0) {
            at += weft_scan_ascii(s.ptr + at, s.len - at);
            continue;
        }
        size_t len = sequence_check((const uint8_t *)s.ptr + at, s.len - at, bad);
        if (len == 0) return at;
        at += len;
    }
    *bad = 0;
    return at;
}

size_t weft_utf8_valid_prefix(struct weft_str s)
{
    size_t bad;
    return valid_prefix(s, &bad);
}

void weft_utf8_append_repaired(struct weft_buf *out, struct weft_str s)
{
    for (;;) {
        size_t bad;
        size_t good = valid_prefix(s, &bad);
        weft_buf_append(out, s.ptr, good);
        if (good == s.len) return;
        weft_buf_append(out, "\xef\xbf\xbd", 3);
        s = weft_str_tail(s, good + bad);
    }
}

struct weft_str weft_utf8_repair(struct weft_str s, struct weft_arena *arena)
{
    if (weft_utf8_is_valid(s)) return s;
    /* A bad byte alone becomes three. */
    struct weft_str rest = s;
    size_t bad_parts = 0, bad;
    for (size_t good; (good = valid_prefix(rest, &bad)) < rest.len;
         rest = weft_str_tail(rest, good + bad))
        bad_parts++;
    char *out = weft_arena_alloc(arena, s.len + 2 * bad_parts);
    size_t len = 0;
    for (;;) {
        size_t good = valid_prefix(s, &bad);
        if (good > 0) memcpy(out + len, s.ptr, good);
        len += good;
        if (good == s.len) break;
        memcpy(out + len, "\xef\xbf\xbd", 3);
        len += 3;
        s = weft_str_tail(s, good + bad);
    }
    return (struct weft_str){ out, len };
}

size_t weft_utf8_encode(char out[static 4], uint32_t code_point)
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xc0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3f));
        return 2;
    }
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff))
        code_point = 0xfffd;
    if (code_point < 0x10000) {
        out[0] = (char)(0xe0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code_point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code_point & 0x3f));
    return 4;
}
