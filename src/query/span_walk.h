/* span_walk.h -- every span that a search leaves, one by one: for counting over them.
 *
 * Errors     those of the source and of the evaluation; what a limit cuts is no error: partial_reason says it
 * Threads    one query thread
 * Spec       query.md Q4.1, Q5
 */
#ifndef WEFT_QUERY_SPAN_WALK_H
#define WEFT_QUERY_SPAN_WALK_H
#include "model/source.h"
#include "query/traceql_eval.h"

struct weft_span_walk {
    const struct weft_traceql_pipeline *pipeline; /* NULL: every span */
    uint64_t from_ns, to_ns;                      /* traces that overlap it; to_ns 0: no end */
    uint64_t memory_bytes_max;                    /* of the evaluation of one trace; 0: none */
    uint64_t deadline_monotonic_ns;
    const _Atomic bool *cancelled;
    struct weft_read_limits *reads; /* NULL: not counted */
};
/* A span by its number in the view; a span of several spansets once. Arena and values are good until the next trace. False: enough. */
typedef bool weft_span_walk_visit(void *arg, struct weft_trace_view *view, uint32_t span);

int weft_span_walk(const struct weft_source *source, const struct weft_span_walk *walk,
                   weft_span_walk_visit *visit, void *arg, struct weft_trace_scan_result *out,
                   struct weft_err *err);

#endif
