/* otlp_protobuf_encode.c -- batches to OTLP protobuf, and resource and scope on their own.
 *
 * The output is canonical: fields in the order of their numbers, lengths minimal, defaults left
 * out, attributes in their order. Equal parts therefore give equal bytes, which the store's tables
 * rely on.
 * Spec  C3.7.1 - C3.7.3, C3.8.1, C3.8.2
 */
#include "model/otlp_internal.h"
#include "wire/protobuf.h"

size_t weft_otlp_value_size(const struct weft_value *value)
{
    switch ((enum weft_value_type)value->type) {
    case WEFT_VALUE_EMPTY: return 0;
    case WEFT_VALUE_BOOL: return 2;
    case WEFT_VALUE_INT: return 1 + weft_pb_varint_size((uint64_t)value->int_value);
    case WEFT_VALUE_DOUBLE: return 9;
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST:
    case WEFT_VALUE_BYTES: return 1 + weft_pb_varint_size(value->bytes.len) + value->bytes.len;
    }
    return 0;
}

/* A member of a oneof is written even when it is the default: "" is a value, not an absence
 * (C1.5.2). */
void weft_otlp_put_value(struct weft_buf *out, const struct weft_value *value)
{
    switch ((enum weft_value_type)value->type) {
    case WEFT_VALUE_EMPTY: break;
    case WEFT_VALUE_BOOL:
        weft_pb_put_tag(out, WEFT_VALUE_BOOL, WEFT_PB_VARINT);
        weft_pb_put_varint(out, value->bool_value);
        break;
    case WEFT_VALUE_INT:
        weft_pb_put_tag(out, WEFT_VALUE_INT, WEFT_PB_VARINT);
        weft_pb_put_varint(out, (uint64_t)value->int_value);
        break;
    case WEFT_VALUE_DOUBLE:
        weft_pb_put_tag(out, WEFT_VALUE_DOUBLE, WEFT_PB_FIXED64);
        weft_buf_append(out, &value->double_value, 8);
        break;
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST:
    case WEFT_VALUE_BYTES:
        weft_pb_put_tag(out, value->type, WEFT_PB_BYTES);
        weft_pb_put_varint(out, value->bytes.len);
        weft_buf_append_str(out, value->bytes);
        break;
    }
}

void weft_otlp_put_key_value(struct weft_buf *out, uint32_t number, struct weft_str key,
                             const struct weft_value *value)
{
    size_t value_size = weft_otlp_value_size(value);
    size_t key_size = key.len == 0 ? 0 : 1 + weft_pb_varint_size(key.len) + key.len;
    weft_pb_put_tag(out, number, WEFT_PB_BYTES);
    weft_pb_put_varint(out, key_size + 1 + weft_pb_varint_size(value_size) + value_size);
    weft_pb_put_bytes(out, 1, key);
    weft_pb_put_tag(out, 2, WEFT_PB_BYTES);
    weft_pb_put_varint(out, value_size);
    weft_otlp_put_value(out, value);
}

void weft_otlp_put_attributes(struct weft_buf *out, uint32_t number,
                              struct weft_attributes attributes)
{
    for (uint32_t i = 0; i < attributes.count; i++) {
        struct weft_value value = weft_attribute_value(&attributes.items[i]);
        weft_otlp_put_key_value(out, number, weft_attribute_key(&attributes.items[i]), &value);
    }
}

static void put_trace_id(struct weft_buf *out, const struct weft_trace_id *id)
{
    if (!weft_trace_id_is_zero(id))
        weft_pb_put_bytes(out, 1, weft_str_make((const char *)id->bytes, sizeof id->bytes));
}

static void put_span_id(struct weft_buf *out, uint32_t number, const struct weft_span_id *id)
{
    if (!weft_span_id_is_zero(id))
        weft_pb_put_bytes(out, number, weft_str_make((const char *)id->bytes, sizeof id->bytes));
}

static void put_event(struct weft_buf *out, const struct weft_event *event)
{
    size_t mark = weft_pb_open(out, 11);
    weft_pb_put_fixed64(out, 1, event->time_unix_nano);
    weft_pb_put_bytes(out, 2, event->name);
    weft_otlp_put_attributes(out, 3, event->attributes);
    weft_pb_put_uint(out, 4, event->attributes.dropped_count);
    weft_pb_close(out, mark);
}

static void put_link(struct weft_buf *out, const struct weft_link *link)
{
    size_t mark = weft_pb_open(out, 13);
    put_trace_id(out, &link->trace_id);
    put_span_id(out, 2, &link->span_id);
    weft_pb_put_bytes(out, 3, link->trace_state);
    weft_otlp_put_attributes(out, 4, link->attributes);
    weft_pb_put_uint(out, 5, link->attributes.dropped_count);
    weft_pb_put_fixed32(out, 6, link->flags);
    weft_pb_close(out, mark);
}

static void put_span(struct weft_buf *out, const struct weft_span *span)
{
    size_t mark = weft_pb_open(out, 2);
    put_trace_id(out, &span->trace_id);
    put_span_id(out, 2, &span->span_id);
    weft_pb_put_bytes(out, 3, span->trace_state);
    put_span_id(out, 4, &span->parent_span_id);
    weft_pb_put_bytes(out, 5, span->name);
    weft_pb_put_uint(out, 6, span->kind);
    weft_pb_put_fixed64(out, 7, span->start_time_unix_nano);
    weft_pb_put_fixed64(out, 8, span->end_time_unix_nano);
    weft_otlp_put_attributes(out, 9, span->attributes);
    weft_pb_put_uint(out, 10, span->attributes.dropped_count);
    for (uint32_t i = 0; i < span->event_count; i++) put_event(out, &span->events[i]);
    weft_pb_put_uint(out, 12, span->dropped_events_count);
    for (uint32_t i = 0; i < span->link_count; i++) put_link(out, &span->links[i]);
    weft_pb_put_uint(out, 14, span->dropped_links_count);
    if (span->status_code != WEFT_STATUS_UNSET || span->status_message.len > 0) {
        size_t status = weft_pb_open(out, 15);
        weft_pb_put_bytes(out, 2, span->status_message);
        weft_pb_put_uint(out, 3, span->status_code);
        weft_pb_close(out, status);
    }
    weft_pb_put_fixed32(out, 16, span->flags);
    weft_pb_close(out, mark);
}

static void put_resource_message(struct weft_buf *out, const struct weft_resource *resource)
{
    if (resource->attributes.count == 0 && resource->attributes.dropped_count == 0 &&
        resource->entity_refs.len == 0)
        return;
    size_t mark = weft_pb_open(out, 1);
    weft_otlp_put_attributes(out, 1, resource->attributes);
    weft_pb_put_uint(out, 2, resource->attributes.dropped_count);
    weft_buf_append_str(out, resource->entity_refs); /* has its tags already */
    weft_pb_close(out, mark);
}

static void put_scope_message(struct weft_buf *out, const struct weft_scope *scope)
{
    if (scope->name.len == 0 && scope->version.len == 0 && scope->attributes.count == 0 &&
        scope->attributes.dropped_count == 0) {
        return;
    }
    size_t mark = weft_pb_open(out, 1);
    weft_pb_put_bytes(out, 1, scope->name);
    weft_pb_put_bytes(out, 2, scope->version);
    weft_otlp_put_attributes(out, 3, scope->attributes);
    weft_pb_put_uint(out, 4, scope->attributes.dropped_count);
    weft_pb_close(out, mark);
}

/* Field `number` of an EntityRef: every one of a list, the last of the others. */
static void put_entity_ref_field(struct weft_buf *out, struct weft_str encoded, uint32_t number,
                                 bool is_list)
{
    struct weft_pb_reader r = weft_pb_reader_make(encoded);
    struct weft_str last = { NULL, 0 };
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag != (number << 3 | WEFT_PB_BYTES)) {
            weft_pb_skip(&r, tag);
            continue;
        }
        last = weft_pb_bytes(&r);
        if (!is_list) continue;
        weft_pb_put_tag(out, number, WEFT_PB_BYTES);
        weft_pb_put_varint(out, last.len);
        weft_buf_append_str(out, last);
    }
    if (!is_list) weft_pb_put_bytes(out, number, last);
}

void weft_otlp_put_entity_ref(struct weft_buf *out, struct weft_str encoded)
{
    size_t mark = weft_pb_open(out, 3);
    put_entity_ref_field(out, encoded, 1, false);
    put_entity_ref_field(out, encoded, 2, false);
    put_entity_ref_field(out, encoded, 3, true);
    put_entity_ref_field(out, encoded, 4, true);
    weft_pb_close(out, mark);
}

/* ScopeSpans from spans[first] on; returns the index behind its last span. */
static uint32_t put_scope_spans(struct weft_buf *out, const struct weft_batch *batch,
                                uint32_t first)
{
    const struct weft_scope *scope = batch->spans[first].scope;
    size_t mark = weft_pb_open(out, 2);
    uint32_t i = first;
    if (scope != NULL) put_scope_message(out, scope);
    for (; i < batch->span_count && batch->spans[i].scope == scope; i++)
        put_span(out, &batch->spans[i]);
    if (scope != NULL) weft_pb_put_bytes(out, 3, scope->schema_url);
    weft_pb_close(out, mark);
    return i;
}

static const struct weft_resource *resource_of(const struct weft_span *span)
{
    return span->scope != NULL ? span->scope->resource : NULL;
}

void weft_otlp_encode_protobuf(struct weft_buf *out, const struct weft_batch *batch)
{
    for (uint32_t i = 0; i < batch->span_count;) {
        const struct weft_resource *resource = resource_of(&batch->spans[i]);
        size_t mark = weft_pb_open(out, 1);
        if (resource != NULL) put_resource_message(out, resource);
        do {
            i = put_scope_spans(out, batch, i);
        } while (i < batch->span_count && resource_of(&batch->spans[i]) == resource);
        if (resource != NULL) weft_pb_put_bytes(out, 3, resource->schema_url);
        weft_pb_close(out, mark);
    }
}

void weft_otlp_encode_resource(struct weft_buf *out, const struct weft_resource *resource)
{
    put_resource_message(out, resource);
    weft_pb_put_bytes(out, 3, resource->schema_url);
}

void weft_otlp_encode_scope(struct weft_buf *out, const struct weft_scope *scope)
{
    put_scope_message(out, scope);
    weft_pb_put_bytes(out, 3, scope->schema_url);
}
