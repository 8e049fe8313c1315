/* api_search.h -- GET, POST /api/v1/search and GET /api/v1/tail (docs/api/search.md). */
#ifndef WEFT_SERVER_API_SEARCH_H
#define WEFT_SERVER_API_SEARCH_H
#include "server/router.h"

int weft_api_search(struct weft_call *call, struct weft_err *err);
int weft_api_tail(struct weft_call *call, struct weft_err *err);

#endif
