/* api_trace.h -- GET /api/v1/traces/{id}: a trace as columns for screens, or as OTLP for programs
 * (docs/api/trace.md). */
#ifndef WEFT_SERVER_API_TRACE_H
#define WEFT_SERVER_API_TRACE_H
#include "server/router.h"

/* A field of the protobuf answer beside those of TracesData: why spans may be missing. */
#define WEFT_API_TRACE_PARTIAL_FIELD 100
/* Accept: application/x-protobuf gives OTLP protobuf, ?format=otlp OTLP JSON, otherwise columns. */
int weft_api_trace(struct weft_call *call, struct weft_err *err);

#endif
