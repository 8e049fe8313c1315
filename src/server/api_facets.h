/* api_facets.h -- GET or POST /api/v1/facets and /api/v1/histogram: counts over the spans that a query leaves (docs/api/facets.md). */
#ifndef WEFT_SERVER_API_FACETS_H
#define WEFT_SERVER_API_FACETS_H
#include "server/router.h"

int weft_api_facets(struct weft_call *call, struct weft_err *err);
int weft_api_histogram(struct weft_call *call, struct weft_err *err);

#endif
