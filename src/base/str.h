/* str.h -- views of bytes that somebody else owns.
 *
 * Shape      pointer and length; not terminated; may hold any byte; {NULL, 0} is the empty view
 * Errors     none
 * Ownership  a view never owns: it lives as long as what it points into
 */
#ifndef WEFT_BASE_STR_H
#define WEFT_BASE_STR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct weft_str {
    const char *ptr;
    size_t len;
};

/* A view of a string literal: WEFT_S("name"). WEFT_S_INIT is the form for static tables. */
#define WEFT_S(literal) ((struct weft_str){ "" literal, sizeof(literal) - 1 })
#define WEFT_S_INIT(literal)            \
    {                                   \
        "" literal, sizeof(literal) - 1 \
    }
/* The two arguments of a "%.*s". */
#define WEFT_S_ARG(s) (int)(s).len, (s).ptr != NULL ? (s).ptr : ""

static inline struct weft_str weft_str_make(const char *ptr, size_t len)
{
    return (struct weft_str){ ptr, len };
}

static inline struct weft_str weft_str_from_c(const char *text)
{
    return (struct weft_str){ text, text != NULL ? strlen(text) : 0 };
}

static inline bool weft_str_equal(struct weft_str a, struct weft_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool weft_str_equal_c(struct weft_str a, const char *b)
{
    return weft_str_equal(a, weft_str_from_c(b));
}

static inline bool weft_str_starts_with(struct weft_str s, struct weft_str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool weft_str_ends_with(struct weft_str s, struct weft_str suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* From byte `from` (clamped) to the end. */
static inline struct weft_str weft_str_tail(struct weft_str s, size_t from)
{
    if (from > s.len) from = s.len;
    return (struct weft_str){ s.ptr != NULL ? s.ptr + from : NULL, s.len - from };
}

/* Bytewise order, shorter first among equals: <0, 0, >0. */
int weft_str_compare(struct weft_str a, struct weft_str b);
/* ASCII only, for HTTP header names and the like. */
bool weft_str_equal_ignoring_case(struct weft_str a, struct weft_str b);
/* Without leading and trailing spaces, tabs, CR and LF. */
struct weft_str weft_str_trim(struct weft_str s);
/* Position of `byte`, or -1. */
ptrdiff_t weft_str_find(struct weft_str s, char byte);
/* Cut off and return what stands before `separator` (all of it when there is none); *rest moves
 * past it. */
struct weft_str weft_str_split(struct weft_str *rest, char separator);
/* Whole view as a decimal number; false when anything else is in it or it does not fit. */
bool weft_str_to_u64(struct weft_str s, uint64_t *out);
bool weft_str_to_i64(struct weft_str s, int64_t *out);
bool weft_str_to_double(struct weft_str s, double *out);
/* Number of single-character edits between a and b, for "did you mean"; texts longer than 64 count
 * as far apart. */
size_t weft_str_distance(struct weft_str a, struct weft_str b);

#endif
