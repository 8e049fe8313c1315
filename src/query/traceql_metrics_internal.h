/* traceql_metrics_internal.h -- what the files of the metrics functions share: a leaf that takes samples in, series that come out.
 *
 * Shape      leaves (traceql_metrics_leaf.c, _compare.c) fill groups, groups become series (_series.c, _compare.c), series are
 *            chosen and computed with (_math.c); traceql_metrics.c leads
 * Threads    one query thread
 * Ownership  what a run makes on its way lives in run->arena and dies with it; the answer is copied
 */
#ifndef WEFT_QUERY_TRACEQL_METRICS_INTERNAL_H
#define WEFT_QUERY_TRACEQL_METRICS_INTERNAL_H
#include "query/metric_groups.h"
#include "query/span_columns.h"
#include "query/traceql_metrics.h"

#define WEFT_METRIC_INTERVALS_MAX 10000u
#define WEFT_METRIC_LEAVES_MAX 64u
#define WEFT_METRIC_EXEMPLARS_MAX 100u
#define WEFT_METRIC_CLASSES_MAX 10u
#define WEFT_METRIC_MEMORY_BYTES ((uint64_t)256 << 20) /* unless the caller says another */

/* Buckets are open on the left: the first takes (first_ns - step_ns, first_ns] and is labelled first_ns (Q6.1.3). */
struct weft_metric_window {
    uint64_t first_ns, step_ns, last_ns;
    uint32_t count;
    double per_2ns; /* 2 / step_ns; halves are signed, which the processor converts at once */
};
/* False: outside of them all. */
static inline bool weft_metric_bucket(const struct weft_metric_window *window, uint64_t time_ns,
                                      uint32_t *bucket)
{
    if (time_ns > window->last_ns) return false;
    if (time_ns > window->first_ns) {
        /* A division, but faster: off by one at most. */
        uint64_t after = time_ns - window->first_ns - 1,
                 steps = (uint64_t)(int64_t)((double)(int64_t)(after / 2) * window->per_2ns);
        if (steps * window->step_ns > after)
            steps--;
        else if (after - steps * window->step_ns >= window->step_ns)
            steps++;
        *bucket = (uint32_t)steps + 1;
        return true;
    }
    *bucket = 0;
    return window->first_ns - time_ns < window->step_ns;
}

/* Spans with from <= start < to (0: no end) are in some bucket. */
static inline uint64_t weft_metric_window_from(const struct weft_metric_window *window)
{
    return window->first_ns > window->step_ns ? window->first_ns - window->step_ns + 1 : 0;
}
static inline uint64_t weft_metric_window_to(const struct weft_metric_window *window)
{
    return window->last_ns + 1;
}

/* Spans shown for points: each slot keeps, of the spans offered to it, the one whose rank is smallest. That depends on nothing
 * but the spans, so live and compacted stores show the same. */
struct weft_metric_exemplar {
    uint64_t rank; /* UINT64_MAX in an empty slot, too */
    uint32_t group, bucket;
    bool is_there;
    struct weft_series_exemplar shown;
};
struct weft_metric_exemplars {
    struct weft_metric_exemplar *slots;
    uint32_t slice_count; /* of time */
    uint32_t class_count; /* of groups, so that the series with most spans does not take all */
    uint64_t after_ns;    /* where the first slice begins */
    double slices_per_2ns;
};
void weft_metric_exemplars_init(struct weft_metric_exemplars *exemplars,
                                const struct weft_metric_window *window, uint32_t count,
                                bool is_grouped, struct weft_arena *arena);
/* Of the class of a group's key; there are slots. */
uint32_t weft_metric_exemplar_class(const struct weft_metric_exemplars *exemplars,
                                    struct weft_str key);
static inline uint32_t weft_metric_exemplar_slice(const struct weft_metric_exemplars *exemplars,
                                                  uint64_t time_ns)
{
    int64_t half = (int64_t)((time_ns - exemplars->after_ns) / 2);
    uint32_t slice = (uint32_t)(int64_t)((double)half * exemplars->slices_per_2ns);
    return slice < exemplars->slice_count ? slice : exemplars->slice_count - 1;
}
static inline struct weft_metric_exemplar *weft_metric_exemplar_slot(
    const struct weft_metric_exemplars *exemplars, uint32_t class, uint64_t time_ns)
{
    uint32_t slice = weft_metric_exemplar_slice(exemplars, time_ns);
    return &exemplars->slots[slice * exemplars->class_count + class];
}
/* Different for different times; in no order that time has. */
static inline uint64_t weft_metric_exemplar_rank(uint64_t time_ns)
{
    return time_ns * UINT64_C(0x9e3779b97f4a7c15);
}
/* `sample` without its rank, whose start is no other than that of the slot. Of those that start at once, ids, series and value
 * decide. */
void weft_metric_exemplar_offer(struct weft_metric_exemplar *slot,
                                const struct weft_metric_groups *groups,
                                const struct weft_metric_exemplar *sample);

struct weft_metric_run;
struct weft_metric_leaf {
    const struct weft_metric_expr *expr;
    struct weft_expr value, by[WEFT_TRACEQL_LABELS_MAX]; /* the attributes, as expressions */
    bool is_per_span;   /* the pipeline is filters alone: a span can be judged by itself */
    bool is_in_seconds; /* samples are nanoseconds, points are seconds */
    struct weft_metric_groups groups;
    struct weft_metric_groups exact; /* of quantiles asked for exactly: each value a group */
    bool is_exact;
    bool is_precise; /* of quantiles: steps of less than a hundredth instead of powers of two */
    struct weft_metric_exemplars exemplars;
};
struct weft_metric_run {
    struct weft_metric_window window;
    const struct weft_metrics_range *range;
    struct weft_metric_leaf *leaves;
    uint32_t leaf_count;
    uint32_t exemplars_max;
    bool is_extrapolated, is_exact, is_precise; /* hints */
    uint64_t memory_bytes_max, bytes_held;
    const char *partial_reason;
    const char *note;
    uint64_t span_number; /* of the span being counted, from 1 */
    struct weft_arena arena;
    struct weft_arena trace_arena; /* of the trace being looked at */
    struct weft_buf key;
    int rc;
    struct weft_err *err;
};
void weft_metric_partial(struct weft_metric_run *run, const char *reason); /* the first one stays */

/* ---- samples in ---- */

void weft_metric_leaf_init(struct weft_metric_leaf *leaf, const struct weft_metric_expr *expr,
                           struct weft_metric_run *run);
void weft_metric_leaf_release(struct weft_metric_leaf *leaf);
/* Every sample of one trace. False: stop, run->rc says why unless it is memory that ran out. */
bool weft_metric_leaf_visit(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                            struct weft_trace_view *view);
/* A number that can be added up; nothing else is a sample (Q6.1.2). */
bool weft_metric_number(const struct weft_traceql_value *value, long double *out);
/* run->key: that of a group with these values of by(). */
void weft_metric_labels_key(const struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                            struct weft_traceql_value *labels);
/* Functions whose groups have a bucket of values behind the labels. */
static inline bool weft_metric_has_buckets(enum weft_metric_function function)
{
    return function == WEFT_METRIC_HISTOGRAM_OVER_TIME ||
           function == WEFT_METRIC_QUANTILE_OVER_TIME;
}
static inline bool weft_metric_counts(enum weft_metric_function function)
{
    return function == WEFT_METRIC_RATE || function == WEFT_METRIC_COUNT_OVER_TIME;
}
static inline void weft_metric_cell_add(struct weft_metric_cell *cell,
                                        enum weft_metric_function function, long double number,
                                        double weight)
{
    bool is_first = cell->weight == 0;
    cell->weight += weight;
    switch (function) {
    case WEFT_METRIC_MIN_OVER_TIME:
        if (is_first || number < cell->value) cell->value = number;
        break;
    case WEFT_METRIC_MAX_OVER_TIME:
        if (is_first || number > cell->value) cell->value = number;
        break;
    case WEFT_METRIC_AVG_OVER_TIME:
    case WEFT_METRIC_SUM_OVER_TIME: cell->value += number * (long double)weight; break;
    default: break;
    }
}
/* False: too much is held; the answer is then partial. */
bool weft_metric_has_memory(struct weft_metric_run *run);
/* One trace, for one function. False: stop. */
bool weft_metric_trace_visit(struct weft_metric_run *run, struct weft_metric_leaf *leaves,
                             uint32_t leaf_count, const struct weft_batch *trace);
/* What a function asks of columns (traceql_metrics_columns.c). A label or value is that of the first of two columns that has one. */
struct weft_metric_columns {
    struct weft_span_columns all;
    struct weft_span_field by[WEFT_TRACEQL_LABELS_MAX], value;
    bool is_duration; /* the value: its column has no codes */
};
/* False: something is asked for that no column has. */
bool weft_metric_columns_init(struct weft_metric_columns *columns,
                              const struct weft_metric_leaf *leaf);

/* What is told of a selection lives longer than the run. */
static inline struct weft_arena *weft_metric_selection_arena(struct weft_metric_run *run)
{
    return run->range->explain != NULL ? run->range->explain->arena : &run->arena;
}
/* The function as written, for who asks how it is answered. */
const char *weft_metric_purpose(const struct weft_metric_run *run,
                                const struct weft_metric_leaf *leaf);
/* Why columns cannot tell all that the function asks for; NULL: they can, and it is counted from them (traceql_metrics_vectors.c). */
const char *weft_metric_vectors_refuse(const struct weft_metric_leaf *leaf,
                                       const struct weft_metric_run *run);
/* All samples of one function. *found is added to. */
int weft_metric_vectors_scan(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                             const struct weft_source *source,
                             struct weft_trace_scan_result *found);
/* The group a sample belongs to, or NULL: no memory for another one. */
struct weft_metric_group *weft_metric_leaf_group(struct weft_metric_leaf *leaf,
                                                 struct weft_metric_groups *groups,
                                                 struct weft_metric_run *run);
void weft_metric_compare_add(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                             struct weft_trace_view *view, uint32_t span, uint32_t bucket);
/* How many spans this one stands for: 1 / p, p from tracestate `ot=th:` (Q6.9.1). */
double weft_metric_weight(struct weft_str trace_state);

/* ---- series out ---- */

struct weft_series_set {
    struct weft_series *items;
    uint32_t count;
};
void weft_metric_leaf_series(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                             struct weft_series_set *out);
void weft_metric_compare_series(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                                struct weft_series_set *out);
/* How many series of that many points there is room for; fewer than `wanted` makes the answer partial. */
uint32_t weft_metric_series_room(struct weft_metric_run *run, uint64_t wanted);
/* A series without points yet (NaN), its labels zeroed. */
struct weft_series *weft_series_add(struct weft_series_set *set, uint32_t label_count,
                                    struct weft_metric_run *run);
struct weft_series_label weft_series_text_label(struct weft_str name, struct weft_str text);
/* By labels: one after the other, name before value. */
int weft_series_compare(const struct weft_series *a, const struct weft_series *b);
void weft_series_set_sort(struct weft_series_set *set);
void weft_series_set_drop_empty(struct weft_series_set *set);

/* ---- computing with series ---- */

/* Leaves, operators and second stages; the expression was checked: no operator between two numbers. */
void weft_metric_evaluate(struct weft_metric_run *run, const struct weft_metric_expr *expr,
                          struct weft_series_set *out);

#endif
