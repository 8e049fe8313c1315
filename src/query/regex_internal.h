/* regex_internal.h -- from RE2's syntax to what PCRE2 takes for the same. */
#ifndef WEFT_QUERY_REGEX_INTERNAL_H
#define WEFT_QUERY_REGEX_INTERNAL_H
#include "base/buf.h"
#include "base/err.h"

/* Appends the translation of a pattern, with no capturing groups; *is_literal says that it is plain text, appended as it is. WEFT_INVALID
 * with what RE2 does not take. */
int weft_regex_translate(struct weft_buf *out, struct weft_str pattern, bool *is_literal,
                         struct weft_err *err);

#endif
