/* jaeger_classic.h -- an answer of the classic API whose data are traces, written piece by piece.
 *
 * Ownership  lives in the call's arena, goes with the call
 */
#ifndef WEFT_SERVER_JAEGER_CLASSIC_H
#define WEFT_SERVER_JAEGER_CLASSIC_H
#include "model/jaeger_json.h"
#include "server/jaeger_reply.h"
#include "server/jaeger_stream.h"

struct weft_jaeger_classic {
    struct weft_jaeger_stream stream; /* first: it is the call's more_state */
    struct weft_jaeger_reply reply;
    struct weft_jaeger_json json;
    bool in_trace; /* `json` has more to write */
};
/* With stream.traces or stream.batches: answer with them. The error of the first trace is the call's. */
int weft_jaeger_classic_answer(struct weft_jaeger_classic *answer, struct weft_err *err);

#endif
