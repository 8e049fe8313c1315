/* trace_pieces.c -- slice after slice, and slices as JSON (trace_pieces.h). */
#include "server/trace_pieces.h"
#include "model/batch_slice.h"

#define SLICE_BYTES ((size_t)1 << 20)

struct pieces {
    const struct weft_batch *batch;
    weft_trace_slice *slice;
    weft_trace_end *end;
    uint32_t next; /* span */
};

static int piece_append(struct weft_call *call, struct weft_err *err)
{
    struct pieces *x = call->more_state;
    const struct weft_batch *batch = x->batch;
    struct weft_batch slice;
    bool is_first = x->next == 0;

    weft_batch_slice(&slice, batch, &x->next, SLICE_BYTES);
    x->slice(&call->body, &slice, is_first);
    if (x->next < batch->span_count) return WEFT_CALL_MORE;
    x->end(&call->body, batch);
    return WEFT_OK;
}

void weft_trace_pieces_start(struct weft_call *call, const struct weft_batch *batch,
                             weft_trace_slice *slice, weft_trace_end *end)
{
    struct pieces *x = weft_arena_alloc(&call->arena, sizeof *x);
    *x = (struct pieces){ .batch = batch, .slice = slice, .end = end };
    call->more_state = x;
    if (piece_append(call, NULL) == WEFT_CALL_MORE) call->more = piece_append;
}

void weft_trace_pieces_json(struct weft_buf *out, const struct weft_batch *spans, bool is_first,
                            enum weft_otlp_json_form form)
{
    size_t at = out->len;
    weft_otlp_encode_json(out, spans, form);
    out->len--; /* "]": the list goes on */
    if (!is_first) out->data[at] = ',';
}
