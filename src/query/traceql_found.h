/* traceql_found.h -- what an answer of a search shows of a trace and of a span.
 *
 * Threads    one query thread
 * Ownership  copies, in the arena of the record or the one given
 * Spec       query.md Q1.4.2, Q5.3
 */
#ifndef WEFT_QUERY_TRACEQL_FOUND_H
#define WEFT_QUERY_TRACEQL_FOUND_H
#include "query/traceql_shown.h"
#include "query/traceql_top.h"

/* Root, services and spansets, these without spans. The caller is its user. */
struct weft_found_record *weft_found_record_create(const struct weft_found_trace *head,
                                                   struct weft_trace_view *view,
                                                   const struct weft_spansets *spansets);
void weft_found_span_show(struct weft_found_span *out, const struct weft_shown *shown,
                          struct weft_trace_view *view, uint32_t number, struct weft_arena *arena);
/* The traces or (out->has_spans) spans that `top` holds, and last; what they point to moves into `arena`. */
void weft_found_result(struct weft_traceql_result *out, struct weft_traceql_top *top,
                       uint32_t spans_per_spanset, struct weft_arena *arena);

#endif
