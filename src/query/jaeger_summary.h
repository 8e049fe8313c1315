/* jaeger_summary.h -- what a list shows of a trace, as Jaeger's api_v3 counts it.
 *
 * Ownership  in the arena; names are views of the trace
 * Spec       query.md Q11.1.5
 */
#ifndef WEFT_QUERY_JAEGER_SUMMARY_H
#define WEFT_QUERY_JAEGER_SUMMARY_H
#include "model/jaeger_trace.h"

struct weft_jaeger_service_summary {
    struct weft_str name;
    uint32_t span_count, error_span_count;
};
struct weft_jaeger_summary {
    struct weft_trace_id trace_id;
    struct weft_str root_service_name,
        root_operation_name; /* of the earliest span without parent id */
    uint64_t start_ns, end_ns;
    uint32_t span_count, error_span_count, orphan_span_count;
    struct weft_jaeger_service_summary *services; /* by name */
    uint32_t service_count;
};
void weft_jaeger_summarise(struct weft_jaeger_summary *out, const struct weft_jaeger_trace *trace,
                           struct weft_arena *arena);

#endif
