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

#endif
