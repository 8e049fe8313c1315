/* jaeger_protobuf.c -- Span, KeyValue, Log, Process of api_v2 (jaeger_protobuf.h). */
#include "model/jaeger_protobuf.h"
#include "base/clock.h"
#include "model/jaeger_json.h"
#include "wire/protobuf.h"

enum value_type { STRING, BOOL, INT64, FLOAT64, BINARY };

static void put_tag(struct weft_buf *out, uint32_t number, const struct weft_attribute *a)
{
    struct weft_buf scratch = { 0 };
    size_t mark = weft_pb_open(out, number);
    weft_pb_put_bytes(out, 1, weft_attribute_key(a));
    switch ((enum weft_value_type)a->type) {
    case WEFT_VALUE_BOOL:
        weft_pb_put_uint(out, 2, BOOL);
        weft_pb_put_uint(out, 4, a->bool_value);
        break;
    case WEFT_VALUE_INT:
        weft_pb_put_uint(out, 2, INT64);
        weft_pb_put_uint(out, 5, (uint64_t)a->int_value);
        break;
    case WEFT_VALUE_DOUBLE: {
        uint64_t bits;
        memcpy(&bits, &a->double_value, sizeof bits);
        weft_pb_put_uint(out, 2, FLOAT64);
        weft_pb_put_fixed64(out, 6, bits);
        break;
    }
    case WEFT_VALUE_BYTES:
        weft_pb_put_uint(out, 2, BINARY);
        weft_pb_put_bytes(out, 7, weft_str_make(a->ptr, a->value_len));
        break;
    case WEFT_VALUE_EMPTY:
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST: weft_pb_put_bytes(out, 3, weft_jaeger_value_text(a, &scratch)); break;
    }
    weft_pb_close(out, mark);
    weft_buf_release(&scratch);
}

static void put_attributes(struct weft_buf *out, uint32_t number, struct weft_attributes attributes)
{
    for (uint32_t i = 0; i < attributes.count; i++) put_tag(out, number, &attributes.items[i]);
}

/* Timestamp and Duration alike: seconds = 1, nanos = 2. */
static void put_time(struct weft_buf *out, uint32_t number, uint64_t ns)
{
    size_t mark = weft_pb_open(out, number);
    weft_pb_put_uint(out, 1, ns / WEFT_NS_PER_SECOND);
    weft_pb_put_uint(out, 2, ns % WEFT_NS_PER_SECOND);
    weft_pb_close(out, mark);
}

static void put_reference(struct weft_buf *out, const struct weft_trace_id *trace_id,
                          const struct weft_span_id *span_id, bool is_parent)
{
    size_t mark = weft_pb_open(out, 4);
    weft_pb_put_bytes(out, 1, weft_str_make((const char *)trace_id->bytes, sizeof trace_id->bytes));
    weft_pb_put_bytes(out, 2, weft_str_make((const char *)span_id->bytes, sizeof span_id->bytes));
    weft_pb_put_uint(out, 3, !is_parent);
    weft_pb_close(out, mark);
}

static void put_references(struct weft_buf *out, const struct weft_span *span)
{
    if (!weft_span_id_is_zero(&span->parent_span_id))
        put_reference(out, &span->trace_id, &span->parent_span_id, true);
    for (uint32_t i = 0; i < span->link_count; i++) {
        const struct weft_link *link = &span->links[i];
        put_reference(out, &link->trace_id, &link->span_id, weft_jaeger_link_is_parent(link));
    }
}

static void put_span_tags(struct weft_buf *out, const struct weft_span *span)
{
    struct weft_attribute added[WEFT_JAEGER_ADDED_TAGS_MAX];
    put_attributes(out, 8, span->attributes);
    put_attributes(out, 8,
                   (struct weft_attributes){ added, weft_jaeger_added_tags(span, added), 0 });
}

static void put_logs(struct weft_buf *out, const struct weft_span *span)
{
    for (uint32_t i = 0; i < span->event_count; i++) {
        const struct weft_event *event = &span->events[i];
        size_t mark = weft_pb_open(out, 9);
        put_time(out, 1, event->time_unix_nano);
        if (event->name.len > 0) {
            struct weft_attribute name = weft_attribute_text(WEFT_S("event"), event->name);
            put_tag(out, 2, &name);
        }
        put_attributes(out, 2, event->attributes);
        weft_pb_close(out, mark);
    }
}

static void put_process(struct weft_buf *out, const struct weft_resource *resource)
{
    size_t mark = weft_pb_open(out, 10);
    weft_pb_put_bytes(out, 1, weft_jaeger_service(resource));
    for (uint32_t i = 0; i < resource->attributes.count; i++) {
        const struct weft_attribute *a = &resource->attributes.items[i];
        if (!weft_str_equal_c(weft_attribute_key(a), "service.name")) put_tag(out, 2, a);
    }
    weft_pb_close(out, mark);
}

void weft_jaeger_put_span(struct weft_buf *out, uint32_t number,
                          const struct weft_jaeger_trace *trace, uint32_t i)
{
    const struct weft_span *span = &trace->batch.spans[i];
    size_t mark = weft_pb_open(out, number);
    weft_pb_put_bytes(out, 1,
                      weft_str_make((const char *)span->trace_id.bytes, sizeof span->trace_id));
    weft_pb_put_bytes(out, 2,
                      weft_str_make((const char *)span->span_id.bytes, sizeof span->span_id));
    weft_pb_put_bytes(out, 3, span->name);
    put_references(out, span);
    put_time(out, 6, span->start_time_unix_nano);
    put_time(out, 7, weft_span_duration_ns(span));
    put_span_tags(out, span);
    put_logs(out, span);
    put_process(out, span->scope->resource);
    for (const struct weft_jaeger_warning *w = trace->warnings[i]; w != NULL; w = w->next)
        weft_pb_put_bytes(out, 12, w->text);
    weft_pb_close(out, mark);
}
