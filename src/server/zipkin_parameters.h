/* zipkin_parameters.h -- parameters of Zipkin's API.
 *
 * Errors     WEFT_INVALID, in Zipkin's words where its users know them
 * Ownership  in the call's arena
 * Spec       query.md Q12.1.1, Q12.3.1, Q12.3.2, Q12.4.1
 */
#ifndef WEFT_SERVER_ZIPKIN_PARAMETERS_H
#define WEFT_SERVER_ZIPKIN_PARAMETERS_H
#include "query/zipkin_search.h"
#include "server/router.h"

/* One that has to be there. */
int weft_zipkin_required(struct weft_call *call, const char *name, struct weft_str *out,
                         struct weft_err *err);
/* Of serviceName and the like: lower case. */
struct weft_str weft_zipkin_name(struct weft_call *call, const char *name);
/* A positive whole number; *out stays when it is absent. */
int weft_zipkin_number(struct weft_call *call, const char *name, int64_t max, int64_t *out,
                       struct weft_err *err);
/* endTs and lookback as a range of microseconds. */
int weft_zipkin_range(struct weft_call *call, uint64_t *from_us, uint64_t *to_us,
                      struct weft_err *err);
int weft_zipkin_trace_id(struct weft_str text, struct weft_trace_id *out, struct weft_err *err);
int weft_zipkin_search_parameters(struct weft_call *call, struct weft_zipkin_query *out,
                                  struct weft_err *err);

#endif
