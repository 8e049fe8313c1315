/* api_parameters.h -- what a request asks for: its query string, and the JSON object of a POST, as
 * names and values. */
#ifndef WEFT_SERVER_API_PARAMETERS_H
#define WEFT_SERVER_API_PARAMETERS_H
#include "server/router.h"

typedef int weft_api_take_parameter(void *arg, struct weft_str name, struct weft_str value,
                                    struct weft_err *err);

/* Calls `take` for each, a JSON list once per element; stops at the first error. */
int weft_api_each_parameter(struct weft_call *call, weft_api_take_parameter *take, void *arg,
                            struct weft_err *err);

#endif
