/* jaeger_stream.c -- reading traces for an answer (jaeger_stream.h). */
#include "server/jaeger_stream.h"

#define SLICE_SPANS \
    32u /* as many stay below 4 MiB, what gRPC clients take, unless spans have more than 128 KiB */

static void release(struct weft_call *call)
{
    struct weft_jaeger_stream *stream = call->more_state;
    weft_arena_release(&stream->arena);
}

void weft_jaeger_stream_init(struct weft_jaeger_stream *stream, struct weft_call *call,
                             const struct weft_jaeger_form *form,
                             const struct weft_newest_trace *traces, uint32_t trace_count)
{
    *stream = (struct weft_jaeger_stream){
        .call = call, .form = *form, .traces = traces, .trace_count = trace_count
    };
    stream->missing = weft_arena_alloc_array(&call->arena, trace_count, sizeof *stream->missing);
    weft_arena_init(&stream->arena, 0);
    call->more_state = stream;
    call->release = release;
}

int weft_jaeger_stream_next(struct weft_jaeger_stream *stream, struct weft_err *err)
{
    const struct weft_source *source = &stream->call->face->parts->source;
    while (stream->next < stream->trace_count) {
        uint32_t at = stream->next++;
        struct weft_batch batch = { .arena = &stream->arena };
        weft_arena_release(&stream->arena); /* of a large trace nothing is kept */
        weft_arena_init(&stream->arena, 0);
        if (stream->batches != NULL) {
            batch = stream->batches[at];
        } else {
            int rc = source->trace(source->self, &stream->traces[at].trace_id, &batch, err);
            if (rc == WEFT_NOT_FOUND && !stream->is_required) {
                stream->missing[stream->missing_count++] = stream->traces[at].trace_id;
                continue;
            }
            if (rc == WEFT_NOT_FOUND) return weft_fail(err, rc, "trace not found");
            if (rc < 0) return rc;
        }
        weft_jaeger_trace_make(&stream->trace, &batch, &stream->form, &stream->arena);
        return 1;
    }
    return 0;
}

bool weft_jaeger_stream_slice(const struct weft_jaeger_stream *stream, uint32_t *at,
                              struct weft_batch *slice)
{
    const struct weft_batch *batch = &stream->trace.batch;
    uint32_t left = batch->span_count - *at;
    *slice = *batch;
    slice->spans = batch->spans + *at;
    slice->span_count = left < SLICE_SPANS ? left : SLICE_SPANS;
    *at += slice->span_count;
    return slice->span_count > 0;
}
