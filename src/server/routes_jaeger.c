/* routes_jaeger.c -- the tables of Jaeger's APIs.
 *
 * Spec  query.md Q10, Q11
 */
#include "server/jaeger_routes.h"

const struct weft_route weft_routes_jaeger[] = {
    { "GET", "/api/services", false, weft_jaeger_services, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/services/{*}/operations", false, weft_jaeger_operation_names,
      .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/operations", false, weft_jaeger_operations, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/traces", false, weft_jaeger_traces },
    { "GET", "/api/traces/{*}", false, weft_jaeger_trace, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/dependencies", false, weft_jaeger_dependencies },
    { "GET", "/api/metrics/latencies", false, weft_jaeger_latencies },
    { "GET", "/api/metrics/calls", false, weft_jaeger_calls },
    { "GET", "/api/metrics/errors", false, weft_jaeger_errors },
    { "POST", "/api/archive/{}", false, weft_jaeger_archive, .work = WEFT_WORK_LOOKUP },
    { "POST", "/api/transform", false, weft_jaeger_transform },
    { 0 },
};
const struct weft_route weft_routes_jaeger_v3[] = {
    { "GET", "/api/v3/services", false, weft_jaeger_v3_services, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v3/operations", false, weft_jaeger_v3_operations, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v3/traces", false, weft_jaeger_v3_traces },
    { "GET", "/api/v3/traces/{*}", false, weft_jaeger_v3_trace, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v3/trace-summaries", false, weft_jaeger_v3_summaries },
    { 0 },
};
