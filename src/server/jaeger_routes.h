/* jaeger_routes.h -- the routes of Jaeger's APIs, by subject; routes_jaeger.c has the tables.
 *
 * Spec  query.md Q10, Q11
 */
#ifndef WEFT_SERVER_JAEGER_ROUTES_H
#define WEFT_SERVER_JAEGER_ROUTES_H
#include "server/router.h"

/* jaeger_traces.c */
int weft_jaeger_traces(struct weft_call *call, struct weft_err *err);
int weft_jaeger_trace(struct weft_call *call, struct weft_err *err);
int weft_jaeger_archive(struct weft_call *call, struct weft_err *err);
/* jaeger_transform.c */
int weft_jaeger_transform(struct weft_call *call, struct weft_err *err);
/* jaeger_names.c */
int weft_jaeger_services(struct weft_call *call, struct weft_err *err);
int weft_jaeger_operation_names(struct weft_call *call, struct weft_err *err);
int weft_jaeger_operations(struct weft_call *call, struct weft_err *err);
int weft_jaeger_v3_services(struct weft_call *call, struct weft_err *err);
int weft_jaeger_v3_operations(struct weft_call *call,
                              struct weft_err *err); /* jaeger_metrics_routes.c */
int weft_jaeger_dependencies(struct weft_call *call, struct weft_err *err);
int weft_jaeger_latencies(struct weft_call *call, struct weft_err *err);
int weft_jaeger_calls(struct weft_call *call, struct weft_err *err);
int weft_jaeger_errors(struct weft_call *call, struct weft_err *err);
/* jaeger_v3.c */
int weft_jaeger_v3_traces(struct weft_call *call, struct weft_err *err);
int weft_jaeger_v3_trace(struct weft_call *call, struct weft_err *err);
int weft_jaeger_v3_summaries(struct weft_call *call, struct weft_err *err);

#endif
