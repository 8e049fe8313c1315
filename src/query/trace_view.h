/* trace_view.h -- one whole trace, ready for questions: who is whose parent, and values of attributes and intrinsics as TraceQL sees them.
 *
 * Shape      spans by number, 0 to batch->span_count - 1, in the order of the batch (start time, then span id)
 * Threads    one thread
 * Ownership  arrays and values in the arena; texts may point into the batch
 * Spec       query.md Q1.4, Q3.1, Q3.3.5, Q4.3.4, Q4.3.7
 */
#ifndef WEFT_QUERY_TRACE_VIEW_H
#define WEFT_QUERY_TRACE_VIEW_H
#include "model/span.h"
#include "query/traceql.h"

#define WEFT_NO_PARENT UINT32_MAX

struct weft_trace_view {
    const struct weft_batch *batch;
    struct weft_arena *arena;
    /* Followed by id, of spans that share one the first; WEFT_NO_PARENT: a root, an orphan, or a span on a circle. */
    const uint32_t *parent;
    const uint32_t *child_count;
    uint32_t root; /* the earliest span without parent id; WEFT_NO_PARENT: none (Q1.4.2) */
    uint64_t start_ns, end_ns; /* earliest start, latest end */
    /* Made at first use by weft_trace_view_walk(). */
    const int32_t *nested_left, *nested_right, *nested_parent; /* Q1.4.4 */
    const uint32_t *order;         /* pre-order: parents before children, the trees one by one */
    const uint32_t *place;         /* of a span in it */
    const uint32_t *last;          /* place of the last span below it, its own when there is none */
    const uint32_t *sibling_group; /* equal for siblings, below 2 * span_count + 1; or NO_PARENT */
    /* What evaluation may cost; to be set after init where wanted. */
    uint64_t deadline_monotonic_ns; /* 0: none */
    const _Atomic bool *cancelled;  /* NULL: never */
    uint64_t memory_bytes_max;      /* of the arena; 0: none */
    int stopped;           /* WEFT_TIMEOUT, WEFT_CANCELLED: values since then are worthless */
    bool is_regex_limited; /* a regular expression reached its limits: counted as no match */
    uint32_t steps;
};
void weft_trace_view_init(struct weft_trace_view *view, const struct weft_batch *trace,
                          struct weft_arena *arena);
void weft_trace_view_walk(struct weft_trace_view *view);

#define WEFT_NO_CARRIER UINT32_MAX /* judge event or link attributes as nil */
/* The value of an attribute for a span, and for one of its events and links (by number). */
void weft_trace_view_value(struct weft_trace_view *view, uint32_t span, uint32_t event,
                           uint32_t link, const struct weft_traceql_attribute *attribute,
                           struct weft_traceql_value *out);
/* Every text of a span (name, status message, its attributes, its events), of an event (name, attributes): one, or an array of them; "" for none.
 * Texts that values hold within each other are among them, keys are not (trace_text.c). */
void weft_trace_text_of_span(struct weft_traceql_value *out, const struct weft_span *span,
                             struct weft_arena *arena);
void weft_trace_text_of_event(struct weft_traceql_value *out, const struct weft_event *event,
                              struct weft_arena *arena);
/* From what OTLP has: one-element arrays are the element, see Q3.1.2 and Q3.6.3. */
void weft_traceql_value_of(struct weft_traceql_value *out, const struct weft_value *value,
                           struct weft_arena *arena);
void weft_traceql_value_from(struct weft_traceql_value *out, const struct weft_attribute *attribute,
                             struct weft_arena *arena);

#endif
