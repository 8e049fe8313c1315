/* trace_join.h -- one trace whose spans were found in several segments and blocks.
 *
 * Shape      spans sorted by start time, then span id; conflicting duplicates (same two, different
 *            contents) in an order that depends on their contents alone; exact duplicates once;
 *            equal resources and scopes are one object
 * Errors     WEFT_CORRUPT when a stored resource or scope cannot be read back
 * Threads    pure function
 * Ownership  everything in `out` is copied into its arena: the parts may go
 */
#ifndef WEFT_STORE_TRACE_JOIN_H
#define WEFT_STORE_TRACE_JOIN_H
#include "base/err.h"
#include "model/span.h"

int weft_trace_join(const struct weft_batch *parts, struct weft_batch *out, struct weft_err *err);

/* As above without sorting and without dropping: a plain copy with shared resources and scopes. */
int weft_batch_copy(const struct weft_batch *from, struct weft_batch *out, struct weft_err *err);

/* A span with its resource and scope as bytes: equal for exact duplicates. The order of attribute
 * keys does not count: blocks have their
 * own. That of resources and scopes does, as they are stored as received. */
struct weft_str weft_span_canonical(const struct weft_span *span, struct weft_arena *arena);

#endif
