/* jaeger_metrics.h -- rate, errors and latency of services over time, counted from their spans.
 *
 * Shape      time is cut into cells of one step; a point sums up the cells of the last `rate_per` (rounded up to whole steps), as
 *            rate() does in Prometheus, where Jaeger has its metrics from
 * Units      Unix nanoseconds; latencies in milliseconds, calls a second, errors as a fraction of the calls; NaN: nothing to tell
 * Errors     WEFT_INVALID, WEFT_TOO_LARGE beyond the bounds below; those of the source
 * Ownership  in the arena
 * Spec       query.md Q10.5.2
 */
#ifndef WEFT_QUERY_JAEGER_METRICS_H
#define WEFT_QUERY_JAEGER_METRICS_H
#include "model/source.h"

#define WEFT_JAEGER_POINTS_MAX 11000u             /* of a series */
#define WEFT_JAEGER_CELLS_MAX (UINT32_C(2) << 20) /* of all series */

enum weft_jaeger_metric { WEFT_JAEGER_LATENCIES, WEFT_JAEGER_CALLS, WEFT_JAEGER_ERRORS };
struct weft_jaeger_metrics_query {
    enum weft_jaeger_metric metric;
    const struct weft_str *services; /* as Jaeger shows them */
    uint32_t service_count;
    uint32_t kinds; /* bit 1 << enum weft_span_kind */
    bool by_operation;
    double quantile; /* of latencies, 0 to 1; within 1 % of the true one */
    uint64_t end_ns, lookback_ns, step_ns, rate_per_ns;
    uint64_t deadline_monotonic_ns;
    const _Atomic bool *cancelled;
    struct weft_read_limits *reads; /* NULL: not counted */
};
struct weft_jaeger_series {
    struct weft_str service, operation; /* operation: with by_operation */
    double *values;                     /* one a point */
};
struct weft_jaeger_metrics {
    struct weft_jaeger_series *series; /* by service, then operation */
    uint32_t series_count;
    uint64_t first_ns; /* the first point; then one each step */
    uint32_t point_count;
    const char *partial_reason; /* NULL: all spans were counted */
};
int weft_jaeger_metrics(const struct weft_source *source,
                        const struct weft_jaeger_metrics_query *query,
                        struct weft_jaeger_metrics *out, struct weft_arena *arena,
                        struct weft_err *err);

#endif
