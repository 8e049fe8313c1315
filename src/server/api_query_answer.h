/* api_query_answer.h -- answers to TraceQL as the own API's JSON (docs/api/query.md). */
#ifndef WEFT_SERVER_API_QUERY_ANSWER_H
#define WEFT_SERVER_API_QUERY_ANSWER_H
#include "query/traceql_metrics.h"
#include "server/router.h"

void weft_api_write_traces(struct weft_call *call, const struct weft_traceql_result *result);
void weft_api_write_series(struct weft_call *call, const struct weft_metrics_result *result,
                           bool has_exemplars);

#endif
