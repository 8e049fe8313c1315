/* slow_metrics.h -- inside of the slow judge's metrics: series, made by a leaf (slow_leaf.c), joined by arithmetic and thinned by second stages
 * (slow_metrics.c).
 *
 * Ownership  everything in the arena given
 * Spec       query.md Q6
 */
#ifndef WEFT_TESTS_SLOW_METRICS_H
#define WEFT_TESTS_SLOW_METRICS_H
#include "slow_answers.h"

#define SLOW_LABELS_MAX 8u
struct slow_label {
    struct weft_str name;
    struct weft_traceql_value value;
};
struct slow_series {
    struct slow_label labels[SLOW_LABELS_MAX];
    uint32_t label_count;
    bool is_unlabelled; /* nothing but __name__ */
    double *points;     /* NaN: none */
};
struct slow_series_list {
    struct slow_series *items;
    uint32_t count, capacity, point_count;
};
/* Where points lie. */
struct slow_window {
    uint64_t after_ns, until_ns, step_ns; /* (after, until] */
    uint32_t point_count;
};
struct slow_metering {
    struct slow_trace *traces;
    uint32_t trace_count;
    struct slow_window window;
    struct weft_arena *arena;
    bool is_refused;
    bool is_unsure; /* the sentences do not say which of two series comes first */
};
struct slow_series *slow_series_add(struct slow_metering *m, struct slow_series_list *list);
void slow_label_add(struct slow_series *series, const char *name, struct weft_traceql_value value);
bool slow_labels_equal(const struct slow_series *a, const struct slow_series *b);
void slow_leaf(struct slow_metering *m, const struct weft_metric_expr *leaf,
               struct slow_series_list *out);

#endif
