/* span_walk.h -- every span that a search leaves, one by one: for counting over them.
 *
 * Errors     those of the source and of the evaluation; what a limit cuts is no error: partial_reason says it
 * Threads    one query thread
 * Spec       query.md Q4.1, Q5
 */
#ifndef WEFT_QUERY_SPAN_WALK_H
#define WEFT_QUERY_SPAN_WALK_H
#include "query/span_columns.h"
#include "query/traceql_eval.h"

struct weft_span_walk {
    const struct weft_traceql_pipeline *pipeline; /* NULL: every span */
    uint64_t from_ns, to_ns;                      /* spans that start in it; to_ns 0: no end */
    const struct weft_selection *also;            /* NULL, or: other spans need not be visited */
    uint64_t memory_bytes_max;                    /* of the evaluation of one trace; 0: none */
    uint64_t deadline_monotonic_ns;
    const _Atomic bool *cancelled;
    struct weft_read_limits *reads; /* NULL: not counted */
};
/* A span by its number in the view; a span of several spansets once. Arena and values are good until the next trace. False: enough. */
typedef bool weft_span_walk_visit(void *arg, struct weft_trace_view *view, uint32_t span);

/* Each span by its columns. */
struct weft_span_walk_columns {
    const struct weft_span_columns *columns;
    bool without_times;
    bool (*vector)(void *arg, const struct weft_span_vector *vector);
};
/* Whether the source has columns, and these tell which spans those are. */
bool weft_span_walk_has_columns(const struct weft_source *source,
                                const struct weft_span_walk *walk);
/* Then this may be asked; spans of traces that lie in several parts are visited. */
int weft_span_walk_by_columns(const struct weft_source *source, const struct weft_span_walk *walk,
                              const struct weft_span_walk_columns *columns,
                              weft_span_walk_visit *visit, void *arg,
                              struct weft_trace_scan_result *out, struct weft_err *err);

int weft_span_walk(const struct weft_source *source, const struct weft_span_walk *walk,
                   weft_span_walk_visit *visit, void *arg, struct weft_trace_scan_result *out,
                   struct weft_err *err);

#endif
