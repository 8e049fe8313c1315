/* api_explain.h -- GET or POST /api/v1/explain: how a TraceQL query is answered (docs/api/explain.md). */
#ifndef WEFT_SERVER_API_EXPLAIN_H
#define WEFT_SERVER_API_EXPLAIN_H
#include "server/router.h"

int weft_api_explain(struct weft_call *call, struct weft_err *err);

#endif
