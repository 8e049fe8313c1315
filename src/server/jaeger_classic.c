/* jaeger_classic.c -- see jaeger_classic.h. */
#include "server/jaeger_classic.h"

/* Traces that were asked for by id and are not here, and why the answer may not be all (Q10.3.5). */
static void write_errors(const struct weft_jaeger_stream *stream, struct weft_buf *out)
{
    struct weft_json_writer w = { .out = out };
    char hex[33];
    uint32_t missing_count = stream->tells_missing ? stream->missing_count : 0;
    if (missing_count == 0 && stream->partial_reason == NULL) return;
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < missing_count; i++) {
        weft_trace_id_format(&stream->missing[i], hex);
        weft_json_object_start(&w);
        weft_json_key(&w, "msg");
        weft_json_c(&w, "trace not found");
        weft_json_key(&w, "traceID");
        weft_json_c(&w, hex);
        weft_json_object_end(&w);
    }
    if (stream->partial_reason != NULL) {
        weft_json_object_start(&w);
        weft_json_key(&w, "msg");
        weft_json_c(&w, stream->partial_reason);
        weft_json_object_end(&w);
    }
    weft_json_array_end(&w);
}

static void finish(struct weft_jaeger_classic *answer)
{
    struct weft_buf errors = { 0 };
    weft_json_array_end(&answer->reply.w);
    write_errors(&answer->stream, &errors);
    weft_jaeger_reply_finish(&answer->reply, 0, weft_buf_str(&errors));
    weft_buf_release(&errors);
}

static int piece_write(struct weft_call *call, struct weft_err *err)
{
    struct weft_jaeger_classic *answer = call->more_state;
    struct weft_jaeger_stream *stream = &answer->stream;
    struct weft_buf *out = answer->reply.w.out;
    while (out->len < WEFT_JAEGER_PIECE_BYTES) {
        if (answer->in_trace) {
            answer->in_trace = weft_jaeger_json_more(&answer->json, WEFT_JAEGER_PIECE_BYTES);
            continue;
        }
        int rc = weft_jaeger_stream_next(stream, err);
        if (rc < 0) return rc;
        if (rc == 0) {
            finish(answer);
            return WEFT_OK;
        }
        weft_jaeger_json_start(&answer->json, &stream->trace, &answer->reply.w, &stream->arena);
        answer->in_trace = true;
    }
    weft_jaeger_reply_flush(&answer->reply);
    return WEFT_CALL_MORE;
}

static void release(struct weft_call *call)
{
    struct weft_jaeger_classic *answer = call->more_state;
    weft_jaeger_reply_release(&answer->reply);
    answer->stream.release(call);
}

int weft_jaeger_classic_answer(struct weft_jaeger_classic *answer, struct weft_err *err)
{
    struct weft_call *call = answer->stream.call;
    weft_jaeger_reply_start(&answer->reply, call);
    weft_json_array_start(&answer->reply.w);
    answer->stream.release = call->release;
    call->release = release;
    int rc = piece_write(call, err);
    if (rc == WEFT_CALL_MORE) call->more = piece_write;
    return rc;
}
