/* text.h -- bytes as text and back: hex, base64, percent-encoding, query strings, UTF-8.
 *
 * Errors     decoders return false and append nothing when the input is not exactly what it should
 *            be
 * Threads    pure
 * Spec       RFC 4648 §4, §5, §8; RFC 3986 §2.1; application/x-www-form-urlencoded of the WHATWG
 *            URL standard; Unicode 15 §3.9
 */
#ifndef WEFT_WIRE_TEXT_H
#define WEFT_WIRE_TEXT_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/endian.h"

/* Lower case; `out` takes 2 * len characters, not terminated. */
void weft_hex_encode(char *out, const void *bytes, size_t len);
/* Exactly 2 * len digits of either case. */
bool weft_hex_decode(void *out, size_t len, struct weft_str hex);
/* Value of a hex digit, or -1. */
int weft_hex_digit(char c);

enum weft_base64 {
    WEFT_BASE64_STANDARD, /* '+' '/' */
    WEFT_BASE64_URL,      /* '-' '_' */
    WEFT_BASE64_ANY,      /* decode only: either, as proto3 JSON parsers take it */
};
/* With padding for STANDARD, without for URL. */
void weft_base64_encode(struct weft_buf *out, enum weft_base64 alphabet, struct weft_str bytes);
/* Padding may be there or not, whole or not at all; bits left over must be zero; no white space. */
bool weft_base64_decode(struct weft_buf *out, enum weft_base64 alphabet, struct weft_str text);
/* Bytes that decoding `text` gives at most; and decode into memory of that size, *len gets the true
 * one. */
size_t weft_base64_decoded_max(struct weft_str text);
bool weft_base64_decode_into(char *out, size_t *len, enum weft_base64 alphabet,
                             struct weft_str text);

/* %41 to 'A'; false for a '%' without two hex digits. */
bool weft_percent_decode(struct weft_buf *out, struct weft_str text);
/* Everything but letters, digits and -._~ becomes %XX. */
void weft_percent_encode(struct weft_buf *out, struct weft_str text);

/* Walk "a=1&b=two+words&c": '+' is a space, %XX decoded; a broken escape stands for itself. Empty
 * pairs are passed over. Views into
 * the query where nothing had to change, otherwise into the arena. Start with *at = 0; false at the
 * end. */
bool weft_query_string_next(struct weft_str query, size_t *at, struct weft_arena *arena,
                            struct weft_str *name, struct weft_str *value);
/* Value of the first pair of that name; false when there is none. */
bool weft_query_string_find(struct weft_str query, struct weft_arena *arena, struct weft_str name,
                            struct weft_str *value);

/* No byte above 0x7f. Most names and values are short and ASCII, so this is worth inlining. */
static inline bool weft_is_ascii(const char *p, size_t len)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t seen = 0;
    if (len < 8) {
        for (size_t i = 0; i < len; i++) seen |= (uint8_t)p[i];
        return (seen & 0x80) == 0;
    }
    for (size_t i = 0; i + 8 <= len; i += 8) seen |= weft_load_u64(p + i);
    seen |= weft_load_u64(p + len - 8); /* overlaps: no tail to walk byte by byte */
    return (seen & high) == 0;
}
/* Length of the valid UTF-8 at the front: s.len when all of it is. No surrogates, nothing overlong
 * or beyond U+10FFFF. */
size_t weft_utf8_valid_prefix(struct weft_str s);
static inline bool weft_utf8_is_valid(struct weft_str s)
{
    return weft_is_ascii(s.ptr, s.len) || weft_utf8_valid_prefix(s) == s.len;
}
/* `s` itself when valid, otherwise a copy in the arena with U+FFFD for each maximal bad part. */
struct weft_str weft_utf8_repair(struct weft_str s, struct weft_arena *arena);
void weft_utf8_append_repaired(struct weft_buf *out, struct weft_str s);
/* In lower case, all of Unicode: `s` itself when it is (or is no UTF-8), otherwise in the arena. */
struct weft_str weft_utf8_lower(struct weft_str s, struct weft_arena *arena);
/* Code point (not a surrogate) as 1 to 4 bytes; returns how many. */
size_t weft_utf8_encode(char out[static 4], uint32_t code_point);

#endif
