/* trace_pieces.c -- how many spans make a slice, and slices as JSON (trace_pieces.h). */
#include "server/trace_pieces.h"

#define SLICE_BYTES ((size_t)1 << 20)
#define SPAN_BYTES 256 /* without what has a length of its own; an event or link is less */
#define ATTRIBUTE_BYTES 64

struct pieces {
    const struct weft_batch *batch;
    weft_trace_slice *slice;
    weft_trace_end *end;
    uint32_t next; /* span */
};

static size_t attributes_bytes(const struct weft_attributes *attributes)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < attributes->count; i++) {
        struct weft_value value = weft_attribute_value(&attributes->items[i]);
        bool has_bytes = value.type == WEFT_VALUE_STRING || value.type == WEFT_VALUE_BYTES ||
                         value.type == WEFT_VALUE_ARRAY || value.type == WEFT_VALUE_KVLIST;
        bytes += ATTRIBUTE_BYTES + weft_attribute_key(&attributes->items[i]).len +
                 (has_bytes ? value.bytes.len : 0);
    }
    return bytes;
}

/* What it takes in JSON, about. */
static size_t span_bytes(const struct weft_span *span)
{
    size_t bytes = SPAN_BYTES + span->name.len + span->trace_state.len + span->status_message.len +
                   attributes_bytes(&span->attributes);
    for (uint32_t i = 0; i < span->event_count; i++)
        bytes +=
            SPAN_BYTES + span->events[i].name.len + attributes_bytes(&span->events[i].attributes);
    for (uint32_t i = 0; i < span->link_count; i++)
        bytes += SPAN_BYTES + attributes_bytes(&span->links[i].attributes);
    return bytes;
}

static int piece_append(struct weft_call *call, struct weft_err *err)
{
    struct pieces *x = call->more_state;
    const struct weft_batch *batch = x->batch;
    struct weft_batch slice = { .arena = batch->arena, .spans = batch->spans + x->next };
    size_t bytes = 0;
    bool is_first = x->next == 0;

    while (x->next < batch->span_count && bytes < SLICE_BYTES)
        bytes += span_bytes(&batch->spans[x->next++]);
    slice.span_count = slice.span_capacity = (uint32_t)(batch->spans + x->next - slice.spans);
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
