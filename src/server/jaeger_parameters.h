/* jaeger_parameters.h -- what a request to Jaeger's API asks for, read as Jaeger's own (Go) parsers read it.
 *
 * Errors     WEFT_INVALID: which parameter, what was found, what was expected
 * Ownership  in the call's arena
 * Spec       query.md Q10.3.1, Q10.3.4, Q10.4.1, Q11.1.4
 */
#ifndef WEFT_SERVER_JAEGER_PARAMETERS_H
#define WEFT_SERVER_JAEGER_PARAMETERS_H
#include "query/jaeger_search.h"
#include "server/router.h"

struct weft_jaeger_request {
    struct weft_jaeger_query query;
    bool is_raw;
    struct weft_newest_trace *traces; /* asked for by id; then nothing is searched */
    uint32_t trace_count;
};

/* Single values. An absent or empty one leaves *out alone. The second name is another spelling of the first, or NULL. */
int weft_jaeger_bool(struct weft_call *call, const char *name, const char *other, bool *out,
                     struct weft_err *err);
int weft_jaeger_i64(struct weft_call *call, const char *name, int64_t *out, struct weft_err *err);
/* Microseconds or milliseconds since 1970 to ns; beyond what ns can say: the first or the last one there is. */
int weft_jaeger_time(struct weft_call *call, const char *name, uint64_t unit_ns, uint64_t *out,
                     struct weft_err *err);
/* 1 to 32 hex digits, or base64 of 8 or 16 bytes. */
int weft_jaeger_trace_id(struct weft_str text, struct weft_trace_id *out, struct weft_err *err);
/* {"key": "text", ...} */
int weft_jaeger_tags_json(struct weft_jaeger_query *query, struct weft_str json,
                          struct weft_arena *arena, struct weft_err *err);
void weft_jaeger_tag_add(struct weft_jaeger_query *query, struct weft_str key,
                         struct weft_str value, struct weft_arena *arena);

/* A whole request. */
int weft_jaeger_search_parameters(struct weft_call *call, struct weft_jaeger_request *out,
                                  struct weft_err *err);
int weft_jaeger_v3_parameters(struct weft_call *call, struct weft_jaeger_request *out,
                              struct weft_err *err);
/* RFC 3339, under either spelling; absent: *out stays. */
int weft_jaeger_v3_time(struct weft_call *call, const char *camel, const char *snake, uint64_t *out,
                        struct weft_err *err);
/* What holds whatever way a query came in: limit within the configured one, bounds in order, deadline. */
int weft_jaeger_query_finish(struct weft_call *call, struct weft_jaeger_query *query,
                             struct weft_err *err);

/* As Go reads them. */
bool weft_go_bool_parse(struct weft_str text, bool *out);
bool weft_go_duration_parse(struct weft_str text, int64_t *ns); /* "-1.5h3m", "300ms", "0" */

#endif
