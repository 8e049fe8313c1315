/* str.c -- the parts of struct weft_str that are too long to inline. */
#include "base/str.h"

#include <errno.h>
#include <math.h>

int weft_str_compare(struct weft_str a, struct weft_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common != 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool weft_str_equal_ignoring_case(struct weft_str a, struct weft_str b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i])) return false;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct weft_str weft_str_trim(struct weft_str s)
{
    while (s.len > 0 && is_blank(s.ptr[s.len - 1])) s.len--;
    while (s.len > 0 && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    return s;
}

ptrdiff_t weft_str_find(struct weft_str s, char byte)
{
    const char *at = s.len != 0 ? memchr(s.ptr, byte, s.len) : NULL;
    return at != NULL ? at - s.ptr : -1;
}

struct weft_str weft_str_split(struct weft_str *rest, char separator)
{
    ptrdiff_t at = weft_str_find(*rest, separator);
    struct weft_str first = *rest;
    if (at < 0) {
        *rest = weft_str_tail(*rest, rest->len);
        return first;
    }
    first.len = (size_t)at;
    *rest = weft_str_tail(*rest, (size_t)at + 1);
    return first;
}

bool weft_str_to_u64(struct weft_str s, uint64_t *out)
{
    uint64_t value = 0;
    if (s.len == 0) return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';
        if (digit > 9) return false;
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *out = value;
    return true;
}

bool weft_str_to_i64(struct weft_str s, int64_t *out)
{
    bool is_negative = s.len > 0 && s.ptr[0] == '-';
    uint64_t value;
    if (!weft_str_to_u64(weft_str_tail(s, is_negative), &value)) return false;
    if (value > (uint64_t)INT64_MAX + is_negative) return false;
    *out = is_negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

bool weft_str_to_double(struct weft_str s, double *out)
{
    char text[1024];
    if (s.len == 0 || s.len >= sizeof text) return false;
    for (size_t i = 0; i < s.len; i++) { /* strtod would also take " 1", "0x1p3", "inf" and "nan" */
        char c = s.ptr[i];
        if ((c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E')
            return false;
    }
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    char *end;
    double value = strtod(text, &end);
    if (end != text + s.len || isinf(value)) return false;
    *out = value;
    return true;
}

size_t weft_str_distance(struct weft_str a, struct weft_str b)
{
    enum { LEN_MAX = 64 };
    if (a.len > LEN_MAX || b.len > LEN_MAX) return a.len > b.len ? a.len : b.len;
    size_t row[LEN_MAX + 1]; /* row[j]: edits from a[0..i] to b[0..j] */
    for (size_t j = 0; j <= b.len; j++) row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            size_t best = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < best ? replaced : best;
        }
    }
    return row[b.len];
}
