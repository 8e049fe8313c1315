/* traceql_eval.h -- a pipeline over one trace: from all of its spans to the spansets that are left.
 *
 * Shape      the plain meaning of the language, trace by trace; whatever is faster must agree with it
 * Errors     WEFT_UNSUPPORTED for what cannot be evaluated (Q4.3.6); WEFT_CANCELLED, WEFT_TIMEOUT and WEFT_FULL by the limits of the view
 * Threads    pure
 * Ownership  in the arena
 * Spec       query.md Q3.3 - Q3.6 (expressions), Q4 (spansets), Q5 (pipelines)
 */
#ifndef WEFT_QUERY_TRACEQL_EVAL_H
#define WEFT_QUERY_TRACEQL_EVAL_H
#include "query/trace_view.h"

struct weft_spanset_attribute {
    struct weft_str key; /* "by(resource.service.name)", "count()" */
    struct weft_traceql_value value;
    const struct weft_spanset_attribute *next; /* in the order they were gained */
};
struct weft_spanset {
    const uint32_t *spans; /* distinct, ascending (which is by start time, then id: Q4.1.5) */
    uint32_t count;        /* at least 1 */
    const struct weft_spanset_attribute *attributes;
};
struct weft_spansets {
    struct weft_spanset *items; /* by their first span */
    uint32_t count;
};
int weft_traceql_eval(struct weft_trace_view *view, const struct weft_traceql_pipeline *pipeline,
                      struct weft_spansets *out, struct weft_err *err);
/* The same without its first stage, over the spans that this one left: distinct, ascending. */
int weft_traceql_eval_rest(struct weft_trace_view *view,
                           const struct weft_traceql_pipeline *pipeline, const uint32_t *spans,
                           uint32_t count, struct weft_spansets *out, struct weft_err *err);
/* One filter for one span. NULL: true. */
bool weft_traceql_holds(struct weft_trace_view *view, const struct weft_expr *expr, uint32_t span);
/* The value of an expression for one span: by(), aggregates, metrics. Of events and links: the first that has one. */
void weft_traceql_value(struct weft_trace_view *view, const struct weft_expr *expr, uint32_t span,
                        struct weft_traceql_value *out);
/* -1, 0, 1; numbers by value, others by type, then value: for grouping and for sorting labels. */
int weft_traceql_value_compare(const struct weft_traceql_value *a,
                               const struct weft_traceql_value *b);
/* a compare b as Q3.3 and Q3.6.1 have it. */
bool weft_traceql_compare(enum weft_expr_op compare, const struct weft_traceql_value *a,
                          const struct weft_traceql_value *b);

#endif
