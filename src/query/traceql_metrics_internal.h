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
#include "query/traceql_metrics.h"

#define WEFT_METRIC_INTERVALS_MAX 10000u
#define WEFT_METRIC_LEAVES_MAX 64u
#define WEFT_METRIC_EXEMPLARS_MAX 100u
#define WEFT_METRIC_MEMORY_BYTES ((uint64_t)256 << 20) /* unless the caller says another */

/* Buckets are open on the left: the first takes (first_ns - step_ns, first_ns] and is labelled first_ns (Q6.1.3). */
struct weft_metric_window {
    uint64_t first_ns, step_ns, last_ns;
    uint32_t count;
};
/* False: outside of them all. */
static inline bool weft_metric_bucket(const struct weft_metric_window *window, uint64_t time_ns,
                                      uint32_t *bucket)
{
    if (time_ns > window->last_ns) return false;
    if (time_ns > window->first_ns) {
        *bucket = (uint32_t)((time_ns - window->first_ns - 1) / window->step_ns + 1);
        return true;
    }
    *bucket = 0;
    return window->first_ns - time_ns < window->step_ns;
}

/* Spans shown for points: each slot keeps, of the spans offered to it, the one whose hash is smallest. That depends on nothing
 * but the spans, so live and compacted stores show the same. */
struct weft_metric_exemplar {
    uint64_t hash; /* 0: an empty slot */
    uint32_t group, bucket;
    struct weft_series_exemplar shown;
};
struct weft_metric_exemplars {
    struct weft_metric_exemplar *slots;
    uint32_t slice_count; /* of time */
    uint32_t class_count; /* of groups, so that the series with most spans does not take all */
};
void weft_metric_exemplars_init(struct weft_metric_exemplars *exemplars, uint32_t count,
                                bool is_grouped, struct weft_arena *arena);
struct weft_metric_run;
/* `sample` without its hash; run->key: the key of its group. */
void weft_metric_exemplar_offer(struct weft_metric_exemplars *exemplars,
                                const struct weft_metric_run *run,
                                const struct weft_metric_exemplar *sample);

struct weft_metric_leaf {
    const struct weft_metric_expr *expr;
    struct weft_expr value, by[WEFT_TRACEQL_LABELS_MAX]; /* the attributes, as expressions */
    bool is_per_span;   /* the pipeline is filters alone: a span can be judged by itself */
    bool is_in_seconds; /* samples are nanoseconds, points are seconds */
    struct weft_metric_groups groups;
    struct weft_metric_groups exact; /* of quantiles asked for exactly: each value a group */
    bool is_exact;
    struct weft_metric_exemplars exemplars;
};
struct weft_metric_run {
    struct weft_metric_window window;
    const struct weft_metrics_range *range;
    struct weft_metric_leaf *leaves;
    uint32_t leaf_count;
    uint32_t exemplars_max;
    bool is_extrapolated, is_exact; /* hints */
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
