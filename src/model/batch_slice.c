/* batch_slice.c -- how many spans make a slice (batch_slice.h). */
#include "model/batch_slice.h"

#define SPAN_BYTES 256 /* without what has a length of its own; an event or link is less */
#define ATTRIBUTE_BYTES 64

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

bool weft_batch_slice(struct weft_batch *slice, const struct weft_batch *batch, uint32_t *next,
                      size_t bytes)
{
    uint32_t first = *next;
    size_t used = 0;
    while (*next < batch->span_count && used < bytes) used += span_bytes(&batch->spans[(*next)++]);
    *slice = (struct weft_batch){ .arena = batch->arena };
    if (*next == first) return false; /* an empty batch may have no spans to point to */
    slice->spans = batch->spans + first;
    slice->span_count = slice->span_capacity = *next - first;
    return true;
}
