/* api_suggest.h -- GET or POST /api/v1/suggest: what may be written at a place of a query (docs/api/suggest.md). */
#ifndef WEFT_SERVER_API_SUGGEST_H
#define WEFT_SERVER_API_SUGGEST_H
#include "server/router.h"

int weft_api_suggest(struct weft_call *call, struct weft_err *err);

#endif
