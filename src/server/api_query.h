/* api_query.h -- GET or POST /api/v1/query: TraceQL, answered with traces or with series (docs/api/query.md). */
#ifndef WEFT_SERVER_API_QUERY_H
#define WEFT_SERVER_API_QUERY_H
#include "server/router.h"

int weft_api_query(struct weft_call *call, struct weft_err *err);

#endif
