/* traceql_metrics.h -- metrics functions over a source: time series from spans.
 *
 * Units      times in Unix nanoseconds; values as Q6.1.2 says (durations of spans in seconds)
 * Errors     those of the source; WEFT_INVALID for a query that is none of metrics and for limits exceeded
 * Threads    one query thread
 * Ownership  the answer lives in the arena
 * Spec       query.md Q6, Q8.7
 */
#ifndef WEFT_QUERY_TRACEQL_METRICS_H
#define WEFT_QUERY_TRACEQL_METRICS_H
#include "query/traceql_search.h"

struct weft_series_label {
    struct weft_str name;
    struct weft_traceql_value
        value; /* a number, bool, duration or string: also statuses, kinds and `nil` */
};
struct weft_series_exemplar {
    struct weft_trace_id trace_id;
    struct weft_span_id span_id;
    uint64_t time_unix_nano; /* of the span's start */
    double value; /* the span's own, of functions of a value; else the point's (Q8.7.4) */
};
struct weft_series {
    struct weft_series_label *labels;
    uint32_t label_count;
    double *points; /* one each time step; NaN: no point */
    uint32_t point_count;
    struct weft_series_exemplar *exemplars;
    uint32_t exemplar_count;
};
struct weft_metrics_range {
    uint64_t start_ns, end_ns;
    uint64_t step_ns; /* 0: an instant query, one bucket (start, end] (Q6.7) */
    uint32_t series_max, exemplars_max;
    uint64_t memory_bytes_max, deadline_monotonic_ns;
    const _Atomic bool *cancelled;
    struct weft_read_limits *reads; /* NULL: not counted */
    struct weft_explain *explain;   /* added to; NULL: nobody asks */
};
struct weft_metrics_result {
    struct weft_series *series; /* sorted by labels */
    uint32_t series_count;
    uint64_t first_ns, step_ns; /* of point 0 and between points (Q6.1.3) */
    const char *partial_reason; /* NULL: exact */
    const char *note; /* NULL, or what the asker should know of an answer that is whole (Q6.9.2) */
    uint64_t inspected_traces, inspected_spans, inspected_bytes;
};
int weft_traceql_metrics(const struct weft_source *source, const struct weft_traceql_query *query,
                         const struct weft_metrics_range *range, struct weft_metrics_result *out,
                         struct weft_arena *arena, struct weft_err *err);

#endif
