/* api_names.h -- GET /api/v1/services and /api/v1/operations (docs/api/names.md). */
#ifndef WEFT_SERVER_API_NAMES_H
#define WEFT_SERVER_API_NAMES_H
#include "server/router.h"

int weft_api_services(struct weft_call *call, struct weft_err *err);
int weft_api_operations(struct weft_call *call, struct weft_err *err);

#endif
