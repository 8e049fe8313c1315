/* store_plan.h -- what a scan would read, without reading it: from summaries, tables and the directories of row groups.
 *
 * Shape      the report's pieces: those that may be read, and those that need not; bytes from the directories of a few row groups, for
 *            all of them by their rows
 * Errors     as in source.h; what cannot be read is told as damaged
 * Threads    one query thread
 */
#ifndef WEFT_STORE_STORE_PLAN_H
#define WEFT_STORE_STORE_PLAN_H
#include "store/store_internal.h"

int weft_store_plan_traces(struct weft_store *store, const struct weft_store_query *query,
                           const struct weft_trace_scan *asked, struct weft_trace_scan_result *out,
                           struct weft_err *err);
int weft_store_plan_spans(struct weft_store *store, const struct weft_store_query *query,
                          const struct weft_span_scan *asked, struct weft_trace_scan_result *out,
                          struct weft_err *err);

#endif
