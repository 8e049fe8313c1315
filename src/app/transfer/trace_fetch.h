/* trace_fetch.h -- one trace after the other from a running weft, as spans.
 *
 * Errors     those of ask.h; WEFT_NOT_FOUND: the trace is not there
 * Ownership  the spans live in the fetch until the next one
 */
#ifndef WEFT_APP_TRANSFER_TRACE_FETCH_H
#define WEFT_APP_TRANSFER_TRACE_FETCH_H
#include "app/ask.h"
#include "model/span.h"
#include "net/http_client.h"

struct weft_trace_fetch {
    struct weft_http_client *client;
    struct weft_arena arena;
    struct weft_buf body, path;
    struct weft_batch batch; /* the trace */
    struct weft_str partial; /* why spans may be missing; empty: it is whole */
};
int weft_trace_fetch_init(struct weft_trace_fetch *fetch, const char *server, struct weft_err *err);
int weft_trace_fetch_next(struct weft_trace_fetch *fetch, const struct weft_trace_id *id,
                          struct weft_err *err);
void weft_trace_fetch_release(struct weft_trace_fetch *fetch); /* a zeroed one is fine */

/* Of the body of a trace as protobuf: why spans may be missing; empty: it is whole. */
struct weft_str weft_trace_fetch_partial(struct weft_str body);

#endif
