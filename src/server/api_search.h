/* api_search.h -- GET, POST /api/v1/search, GET /api/v1/tail (docs/api/search.md), GET, POST /api/v1/export (docs/api/export.md). */
#ifndef WEFT_SERVER_API_SEARCH_H
#define WEFT_SERVER_API_SEARCH_H
#include "query/search_request.h"
#include "server/router.h"

int weft_api_search(struct weft_call *call, struct weft_err *err);
int weft_api_tail(struct weft_call *call, struct weft_err *err);

/* Beside the field of api_trace.h: the id behind which the next page begins; ids of traces that are too long for a page. */
#define WEFT_API_EXPORT_NEXT_FIELD 101
#define WEFT_API_EXPORT_LONG_FIELD 102
int weft_api_export(struct weft_call *call, struct weft_err *err);

#endif
