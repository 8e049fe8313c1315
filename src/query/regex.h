/* regex.h -- regular expressions of queries: RE2's syntax (Q3.3.4), the whole value must match, and no pattern can run away: PCRE2 with limits.
 *
 * Errors     WEFT_INVALID for what is not RE2 (back-references, look-around) or not valid, with what was found
 * Threads    a compiled one is read-only; matching is safe from several threads at once
 * Ownership  lives as long as the arena
 */
#ifndef WEFT_QUERY_REGEX_H
#define WEFT_QUERY_REGEX_H
#include "base/arena.h"
#include "base/err.h"

struct weft_regex;
int weft_regex_compile(const struct weft_regex **out, struct weft_str pattern,
                       struct weft_arena *arena, struct weft_err *err);
/* 1 matches, 0 does not, WEFT_TOO_LARGE when the limits were reached: then it counts as no match and the answer is partial. */
int weft_regex_match(const struct weft_regex *regex, struct weft_str text);

#endif
