/* http_target.c -- from the request target to the path that routes are compared with.
 *
 * Decoding comes first and dot segments second, so that "%2e%2e%2f" is what it says; a path is decoded once, never twice. What is
 * left has no empty, "." or ".." segment. Above the root there is nothing: ".." there is dropped (RFC 3986 §5.2.4).
 */
#include "net/http_internal.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool percent_decode(struct weft_str raw, char *out, size_t *out_len)
{
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        unsigned char c = (unsigned char)raw.ptr[i];
        if (c == '%') {
            if (raw.len - i < 3) return false;
            int high = hex_digit(raw.ptr[i + 1]), low = hex_digit(raw.ptr[i + 2]);
            if (high < 0 || low < 0) return false;
            c = (unsigned char)(high * 16 + low);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f) return false;
        out[len++] = (char)c;
    }
    *out_len = len;
    return true;
}

bool weft_http_path_normalise(struct weft_arena *arena, struct weft_str raw, struct weft_str *path)
{
    if (raw.len == 0 || raw.ptr[0] != '/') return false;
    size_t len;
    char *text = weft_arena_alloc(arena, raw.len);
    if (!percent_decode(raw, text, &len)) return false;
    size_t to = 0; /* text[0..to) is done and ends before a '/' */
    for (size_t at = 0; at < len;) {
        size_t end = ++at; /* text[at - 1] is '/' */
        while (end < len && text[end] != '/') end++;
        struct weft_str segment = weft_str_make(text + at, end - at);
        bool is_up = weft_str_equal(segment, WEFT_S("..")),
             is_dot = weft_str_equal(segment, WEFT_S("."));
        if (is_up)
            while (to > 0 && text[--to] != '/') {}
        if (segment.len > 0 && !is_up && !is_dot) {
            text[to++] = '/';
            memmove(text + to, segment.ptr, segment.len);
            to += segment.len;
        }
        if (end == len && (segment.len == 0 || is_up || is_dot))
            text[to++] = '/'; /* "/a/", "/a/.", "/": a directory */
        at = end;
    }
    *path = weft_str_make(text, to);
    return true;
}
