/* trace_text.c -- every text of a span and of an event (trace_view.h). Counted first, so that they take one array. */
#include "model/otlp.h"
#include "query/trace_view.h"

struct texts {
    struct weft_traceql_value *items; /* NULL: they are counted only */
    uint32_t count;
};

static void text_add(struct texts *texts, struct weft_str text)
{
    if (text.len == 0) return;
    if (texts->items != NULL)
        texts->items[texts->count] =
            (struct weft_traceql_value){ .type = WEFT_TRACEQL_STRING, .text = text };
    texts->count++;
}

/* Values stand within each other no deeper than the decoders of OTLP allow. */
static void value_add(struct texts *texts, const struct weft_value *value)
{
    struct weft_value element;
    struct weft_str key;
    size_t at = 0;
    bool is_kvlist = value->type == WEFT_VALUE_KVLIST;

    if (value->type == WEFT_VALUE_STRING) text_add(texts, value->bytes);
    if (value->type != WEFT_VALUE_ARRAY && !is_kvlist) return;
    while (weft_value_next(value->bytes, &at, is_kvlist ? &key : NULL, &element, is_kvlist))
        value_add(texts, &element);
}

static void attributes_add(struct texts *texts, struct weft_attributes attributes)
{
    for (uint32_t i = 0; i < attributes.count; i++) {
        struct weft_value value = weft_attribute_value(&attributes.items[i]);
        value_add(texts, &value);
    }
}

static void event_add(struct texts *texts, const struct weft_event *event)
{
    text_add(texts, event->name);
    attributes_add(texts, event->attributes);
}

static void span_add(struct texts *texts, const struct weft_span *span)
{
    text_add(texts, span->name);
    text_add(texts, span->status_message);
    attributes_add(texts, span->attributes);
    for (uint32_t i = 0; i < span->event_count; i++) event_add(texts, &span->events[i]);
}

static void room_make(struct texts *texts, struct weft_arena *arena)
{
    texts->items = weft_arena_alloc(arena, ((size_t)texts->count + 1) * sizeof *texts->items);
    texts->count = 0;
}

static void value_make(struct weft_traceql_value *out, const struct texts *texts)
{
    *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_STRING };
    if (texts->count == 1) *out = texts->items[0];
    if (texts->count > 1)
        *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_ARRAY,
                                            .item_count = texts->count,
                                            .items = texts->items };
}

void weft_trace_text_of_span(struct weft_traceql_value *out, const struct weft_span *span,
                             struct weft_arena *arena)
{
    struct texts texts = { 0 };

    span_add(&texts, span);
    room_make(&texts, arena);
    span_add(&texts, span);
    value_make(out, &texts);
}

void weft_trace_text_of_event(struct weft_traceql_value *out, const struct weft_event *event,
                              struct weft_arena *arena)
{
    struct texts texts = { 0 };

    event_add(&texts, event);
    room_make(&texts, arena);
    event_add(&texts, event);
    value_make(out, &texts);
}
