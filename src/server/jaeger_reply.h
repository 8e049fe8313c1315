/* jaeger_reply.h -- the envelope of the classic API: {"data": ..., "total", "limit", "offset", "errors"}, plain or pretty.
 *
 * Shape      start, write "data", (flush, write more,) finish
 * Ownership  what a pretty reply still holds goes with finish() or release()
 * Spec       query.md Q10.1.1
 */
#ifndef WEFT_SERVER_JAEGER_REPLY_H
#define WEFT_SERVER_JAEGER_REPLY_H
#include "server/router.h"
#include "wire/json.h"
#include "wire/json_indent.h"

struct weft_jaeger_reply {
    struct weft_call *call;
    struct weft_json_writer w; /* writes into call->body, or into `text` when pretty */
    struct weft_buf text;
    bool is_pretty;
    struct weft_json_indent indent;
};
void weft_jaeger_reply_start(struct weft_jaeger_reply *reply, struct weft_call *call);
/* What was written so far goes into call->body. */
void weft_jaeger_reply_flush(struct weft_jaeger_reply *reply);
/* Errors: a list written by the caller, or empty for null. */
void weft_jaeger_reply_finish(struct weft_jaeger_reply *reply, uint64_t total,
                              struct weft_str errors);
/* Errors: why data may be missing, or null. */
void weft_jaeger_reply_finish_partial(struct weft_jaeger_reply *reply, const char *partial_reason);
void weft_jaeger_reply_release(struct weft_jaeger_reply *reply);

#endif
