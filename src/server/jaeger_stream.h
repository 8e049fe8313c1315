/* jaeger_stream.h -- traces one after the other, in memory one at a time, for answers that may be long.
 *
 * Threads    query threads, one at a time
 * Ownership  lives in the call's arena, is released with the call; a trace lives until the next one
 */
#ifndef WEFT_SERVER_JAEGER_STREAM_H
#define WEFT_SERVER_JAEGER_STREAM_H
#include "model/jaeger_trace.h"
#include "query/jaeger_search.h"
#include "server/router.h"

#define WEFT_JAEGER_PIECE_BYTES ((size_t)256 << 10)

struct weft_jaeger_stream {
    struct weft_call *call;
    struct weft_jaeger_form form;
    const struct weft_newest_trace *traces; /* to be read from the source, or ... */
    const struct weft_batch *batches;       /* ... known already; NULL: not */
    uint32_t trace_count, next;
    struct weft_arena arena; /* of the trace at hand */
    struct weft_jaeger_trace trace;
    struct weft_trace_id *missing; /* that the source does not have */
    uint32_t missing_count;
    const char *partial_reason;
    bool is_required; /* a missing trace is an error, WEFT_NOT_FOUND */
    bool
        tells_missing; /* they were asked for by id; otherwise they were deleted since they were found */
    void (*release)(struct weft_call *call);
};
/* Sets call->release and call->more_state: the stream is the first member of what an answer needs. */
void weft_jaeger_stream_init(struct weft_jaeger_stream *stream, struct weft_call *call,
                             const struct weft_jaeger_form *form,
                             const struct weft_newest_trace *traces, uint32_t trace_count);
/* The next trace that is there, into stream->trace: 1. 0: that was all. Negative: an error. */
int weft_jaeger_stream_next(struct weft_jaeger_stream *stream, struct weft_err *err);

/* The rest of the trace at hand, a slice at a time: `at` moves on. False at its end. */
bool weft_jaeger_stream_slice(const struct weft_jaeger_stream *stream, uint32_t *at,
                              struct weft_batch *slice);

#endif
