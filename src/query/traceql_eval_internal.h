/* traceql_eval_internal.h -- what the files of the evaluation share: working memory and sets of spans. */
#ifndef WEFT_QUERY_TRACEQL_EVAL_INTERNAL_H
#define WEFT_QUERY_TRACEQL_EVAL_INTERNAL_H
#include "query/traceql_eval.h"

/* Room for as many span numbers as the trace has; used again and again. */
struct weft_span_buffer {
    struct weft_span_buffer *next;
    uint32_t spans[];
};
struct weft_evaluation {
    struct weft_trace_view *view;
    struct weft_err *err;
    struct weft_span_buffer *free;
    uint32_t
        *stamps; /* one for each number below 2 * span_count + 1: marked when equal to `stamp` */
    uint32_t *tallies; /* good where marked */
    uint32_t stamp;
};
/* Distinct span numbers, ascending. */
struct weft_span_set {
    uint32_t *spans;
    uint32_t count;
};
/* Spansets at work; each owns its part of an array of span numbers, attributes stand newest first. */
struct weft_spanset_list {
    struct weft_spanset_work {
        struct weft_span_set set;
        const struct weft_spanset_attribute *attributes;
    } * items;
    uint32_t count, capacity;
};

/* WEFT_OK, or why evaluation has to end here. */
int weft_evaluation_check(struct weft_evaluation *ev);
struct weft_span_buffer *weft_span_buffer_take(struct weft_evaluation *ev);
void weft_span_buffer_give(struct weft_evaluation *ev, struct weft_span_buffer *buffer);
/* Forgets all marks. */
void weft_marks_clear(struct weft_evaluation *ev);
static inline bool weft_is_marked(const struct weft_evaluation *ev, uint32_t number)
{
    return ev->stamps[number] == ev->stamp;
}
static inline void weft_mark(struct weft_evaluation *ev, uint32_t number)
{
    ev->stamps[number] = ev->stamp;
}
/* Sorts distinct numbers below span_count, in linear time when they are many. */
void weft_numbers_sort(struct weft_evaluation *ev, uint32_t *numbers, uint32_t count);

/* A structural operator: those of `right` that stand so to a span of `left`, or with `negated` to none. out->spans has room. */
void weft_spans_relate(struct weft_evaluation *ev, enum weft_spanset_op op, bool is_negated,
                       struct weft_span_set left, struct weft_span_set right,
                       struct weft_span_set *out);
/* Evaluates over the spans of `in`; out->spans has room for all of them and is not in->spans. */
int weft_spanset_evaluate(struct weft_evaluation *ev, const struct weft_spanset_expr *expr,
                          struct weft_span_set in, struct weft_span_set *out);
/* Runs the stages over `list`, in place. */
int weft_pipeline_run(struct weft_evaluation *ev, const struct weft_traceql_pipeline *pipeline,
                      struct weft_spanset_list *list);
void weft_spanset_list_add(struct weft_spanset_list *list, struct weft_span_set set,
                           const struct weft_spanset_attribute *attributes);
void weft_spanset_list_release(struct weft_spanset_list *list);

#endif
