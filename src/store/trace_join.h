/* trace_join.h -- one trace whose spans were found in several segments and blocks.
 *
 * Shape      spans sorted by start time, then span id; conflicting duplicates (same two, different
 *            contents) in an order that depends on their contents alone; exact duplicates once;
 *            equal resources and scopes are one object
 * Errors     WEFT_CORRUPT when a stored resource or scope cannot be read back
 * Threads    pure function
 * Ownership  everything the answer points at is copied into its arena: the files may go
 */
#ifndef WEFT_STORE_TRACE_JOIN_H
#define WEFT_STORE_TRACE_JOIN_H
#include "base/err.h"
#include "model/span.h"

/* In place: spans as weft_segment_trace() and weft_block_trace() added them become the answer. Their lists (attributes, events, links) must
 * be in the batch's arena, one for each, as there: they are written to. *is_cut: there were more than trace->spans_max, and the earliest are kept. */
int weft_trace_join(struct weft_batch *trace, bool *is_cut, struct weft_err *err);

/* A plain copy with shared resources and scopes: nothing is sorted or dropped. */
int weft_batch_copy(const struct weft_batch *from, struct weft_batch *out, struct weft_err *err);

/* A span with its resource and scope as bytes: equal for exact duplicates. The order of attribute
 * keys does not count: blocks have their
 * own. That of resources and scopes does, as they are stored as received. */
struct weft_str weft_span_canonical(const struct weft_span *span, struct weft_arena *arena);

#endif
