/* otlp_json_encode.c -- batches as JSON: OTLP's own form, proto3's as Tempo writes it, and plain
 * values for our API.
 *
 * The two forms differ in ids (hex, base64) and enums (numbers, names); 64-bit numbers are strings
 * in both. Fields at their default are left out, members of a oneof never.
 * Spec  C3.6.1, C3.6.5 - C3.6.8; query.md Q8.2.2
 */
#include "model/otlp_internal.h"
#include "wire/json.h"
#include "wire/protobuf.h"
#include "wire/text.h"

struct encoder {
    struct weft_json_writer w;
    enum weft_otlp_json_form form;
};

static void put_base64(struct weft_json_writer *w, struct weft_str bytes)
{
    struct weft_buf text = { 0 };
    weft_base64_encode(&text, WEFT_BASE64_STANDARD, bytes);
    weft_json_string(w, weft_buf_str(&text));
    weft_buf_release(&text);
}

static void put_string(struct weft_json_writer *w, const char *key, struct weft_str s)
{
    if (s.len == 0) return;
    weft_json_key(w, key);
    weft_json_string(w, s);
}

static void put_count(struct weft_json_writer *w, const char *key, uint32_t count)
{
    if (count == 0) return;
    weft_json_key(w, key);
    weft_json_u64(w, count);
}

static void put_time(struct weft_json_writer *w, const char *key, uint64_t unix_nano)
{
    if (unix_nano == 0) return;
    weft_json_key(w, key);
    weft_json_u64_string(w, unix_nano);
}

static void put_id(struct encoder *e, const char *key, const uint8_t *id, size_t size)
{
    char hex[33];
    weft_json_key(&e->w, key);
    if (e->form == WEFT_OTLP_JSON_TEMPO) {
        put_base64(&e->w, weft_str_make((const char *)id, size));
        return;
    }
    weft_hex_encode(hex, id, size);
    weft_json_string(&e->w, weft_str_make(hex, 2 * size));
}

/* ---- Values ---- */

static void put_value(struct encoder *e, const struct weft_value *value);

static void put_key_value(struct encoder *e, struct weft_str key, const struct weft_value *value)
{
    struct weft_json_writer *w = &e->w;
    weft_json_object_start(w);
    weft_json_key(w, "key");
    weft_json_string(w, key);
    weft_json_key(w, "value");
    put_value(e, value);
    weft_json_object_end(w);
}

static void put_elements(struct encoder *e, struct weft_str encoded, bool is_kvlist)
{
    struct weft_json_writer *w = &e->w;
    size_t at = 0;
    struct weft_str key = { NULL, 0 };
    struct weft_value element;
    weft_json_object_start(w);
    if (encoded.len == 0 && e->form == WEFT_OTLP_JSON_SPARSE) {
        weft_json_object_end(w);
        return;
    }
    weft_json_key(w, "values");
    weft_json_array_start(w);
    while (weft_value_next(encoded, &at, &key, &element, is_kvlist)) {
        if (is_kvlist) {
            put_key_value(e, key, &element);
        } else {
            put_value(e, &element);
        }
    }
    weft_json_array_end(w);
    weft_json_object_end(w);
}

static void put_value(struct encoder *e, const struct weft_value *value)
{
    struct weft_json_writer *w = &e->w;
    weft_json_object_start(w);
    switch ((enum weft_value_type)value->type) {
    case WEFT_VALUE_EMPTY: break;
    case WEFT_VALUE_STRING:
        weft_json_key(w, "stringValue");
        weft_json_string(w, value->bytes);
        break;
    case WEFT_VALUE_BOOL:
        weft_json_key(w, "boolValue");
        weft_json_bool(w, value->bool_value);
        break;
    case WEFT_VALUE_INT:
        weft_json_key(w, "intValue");
        weft_json_i64_string(w, value->int_value);
        break;
    case WEFT_VALUE_DOUBLE:
        weft_json_key(w, "doubleValue");
        weft_json_double(w, value->double_value);
        break;
    case WEFT_VALUE_ARRAY:
        weft_json_key(w, "arrayValue");
        put_elements(e, value->bytes, false);
        break;
    case WEFT_VALUE_KVLIST:
        weft_json_key(w, "kvlistValue");
        put_elements(e, value->bytes, true);
        break;
    case WEFT_VALUE_BYTES:
        weft_json_key(w, "bytesValue");
        put_base64(w, value->bytes);
        break;
    }
    weft_json_object_end(w);
}

void weft_otlp_value_to_json(struct weft_buf *out, const struct weft_value *value)
{
    struct encoder e = { .w = { .out = out } };
    put_value(&e, value);
}

static void put_plain(struct weft_json_writer *w, const struct weft_value *value)
{
    size_t at = 0;
    struct weft_str key = { NULL, 0 };
    struct weft_value element;
    switch ((enum weft_value_type)value->type) {
    case WEFT_VALUE_EMPTY: weft_json_null(w); break;
    case WEFT_VALUE_STRING: weft_json_string(w, value->bytes); break;
    case WEFT_VALUE_BOOL: weft_json_bool(w, value->bool_value); break;
    case WEFT_VALUE_INT: weft_json_i64(w, value->int_value); break;
    case WEFT_VALUE_DOUBLE: weft_json_double(w, value->double_value); break;
    case WEFT_VALUE_BYTES: put_base64(w, value->bytes); break;
    case WEFT_VALUE_ARRAY:
        weft_json_array_start(w);
        while (weft_value_next(value->bytes, &at, NULL, &element, false)) put_plain(w, &element);
        weft_json_array_end(w);
        break;
    case WEFT_VALUE_KVLIST:
        weft_json_object_start(w);
        while (weft_value_next(value->bytes, &at, &key, &element, true)) {
            weft_json_key_str(w, key);
            put_plain(w, &element);
        }
        weft_json_object_end(w);
        break;
    }
}

void weft_value_to_plain_json(struct weft_buf *out, const struct weft_value *value)
{
    struct weft_json_writer w = { .out = out };
    put_plain(&w, value);
}

static void put_attributes(struct encoder *e, struct weft_attributes attributes)
{
    struct weft_json_writer *w = &e->w;
    if (attributes.count > 0) {
        weft_json_key(w, "attributes");
        weft_json_array_start(w);
        for (uint32_t i = 0; i < attributes.count; i++) {
            struct weft_value value = weft_attribute_value(&attributes.items[i]);
            put_key_value(e, weft_attribute_key(&attributes.items[i]), &value);
        }
        weft_json_array_end(w);
    }
    put_count(w, "droppedAttributesCount", attributes.dropped_count);
}

/* ---- Spans ---- */

static const char *const kind_names[WEFT_KIND_COUNT] = {
    "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
};
static const char *const status_names[WEFT_STATUS_COUNT] = { "STATUS_CODE_UNSET", "STATUS_CODE_OK",
                                                             "STATUS_CODE_ERROR" };

static void put_enum(struct encoder *e, const char *key, unsigned number, const char *const *names,
                     unsigned count)
{
    if (number == 0 || number >= count) return;
    weft_json_key(&e->w, key);
    if (e->form == WEFT_OTLP_JSON_TEMPO) {
        weft_json_c(&e->w, names[number]);
    } else {
        weft_json_u64(&e->w, number);
    }
}

static void put_event(struct encoder *e, const struct weft_event *event)
{
    weft_json_object_start(&e->w);
    put_time(&e->w, "timeUnixNano", event->time_unix_nano);
    put_string(&e->w, "name", event->name);
    put_attributes(e, event->attributes);
    weft_json_object_end(&e->w);
}

static void put_link(struct encoder *e, const struct weft_link *link)
{
    weft_json_object_start(&e->w);
    if (!weft_trace_id_is_zero(&link->trace_id)) put_id(e, "traceId", link->trace_id.bytes, 16);
    if (!weft_span_id_is_zero(&link->span_id)) put_id(e, "spanId", link->span_id.bytes, 8);
    put_string(&e->w, "traceState", link->trace_state);
    put_attributes(e, link->attributes);
    put_count(&e->w, "flags", link->flags);
    weft_json_object_end(&e->w);
}

static void put_events_and_links(struct encoder *e, const struct weft_span *span)
{
    if (span->event_count > 0) {
        weft_json_key(&e->w, "events");
        weft_json_array_start(&e->w);
        for (uint32_t i = 0; i < span->event_count; i++) put_event(e, &span->events[i]);
        weft_json_array_end(&e->w);
    }
    put_count(&e->w, "droppedEventsCount", span->dropped_events_count);
    if (span->link_count > 0) {
        weft_json_key(&e->w, "links");
        weft_json_array_start(&e->w);
        for (uint32_t i = 0; i < span->link_count; i++) put_link(e, &span->links[i]);
        weft_json_array_end(&e->w);
    }
    put_count(&e->w, "droppedLinksCount", span->dropped_links_count);
}

static void put_span(struct encoder *e, const struct weft_span *span)
{
    struct weft_json_writer *w = &e->w;
    weft_json_object_start(w);
    put_id(e, "traceId", span->trace_id.bytes, 16);
    put_id(e, "spanId", span->span_id.bytes, 8);
    put_string(w, "traceState", span->trace_state);
    if (!weft_span_id_is_zero(&span->parent_span_id))
        put_id(e, "parentSpanId", span->parent_span_id.bytes, 8);
    put_count(w, "flags", span->flags);
    put_string(w, "name", span->name);
    put_enum(e, "kind", span->kind, kind_names, WEFT_KIND_COUNT);
    put_time(w, "startTimeUnixNano", span->start_time_unix_nano);
    put_time(w, "endTimeUnixNano", span->end_time_unix_nano);
    put_attributes(e, span->attributes);
    put_events_and_links(e, span);
    weft_json_key(w, "status");
    weft_json_object_start(w);
    put_string(w, "message", span->status_message);
    put_enum(e, "code", span->status_code, status_names, WEFT_STATUS_COUNT);
    weft_json_object_end(w);
    weft_json_object_end(w);
}

/* ---- Resource and scope ---- */

static void put_entity_ref(struct weft_json_writer *w, struct weft_str ref)
{
    static const char *const names[] = { NULL, "schemaUrl", "type", "idKeys", "descriptionKeys" };
    weft_json_object_start(w);
    for (uint32_t number = 1; number <= 4; number++) {
        struct weft_pb_reader r = weft_pb_reader_make(ref);
        struct weft_str found = { NULL, 0 };
        uint32_t tag;
        bool is_list = number >= 3, is_open = false;
        while (weft_pb_next(&r, &tag)) {
            if (tag != (number << 3 | WEFT_PB_BYTES)) {
                weft_pb_skip(&r, tag);
                continue;
            }
            found = weft_pb_bytes(&r);
            if (!is_list) continue;
            if (!is_open) {
                weft_json_key(w, names[number]);
                weft_json_array_start(w);
                is_open = true;
            }
            weft_json_string(w, found);
        }
        if (is_open) weft_json_array_end(w);
        if (!is_list) put_string(w, names[number], found);
    }
    weft_json_object_end(w);
}

static void put_entity_refs(struct weft_json_writer *w, struct weft_str refs)
{
    if (refs.len == 0) return;
    struct weft_pb_reader r = weft_pb_reader_make(refs);
    uint32_t tag;
    weft_json_key(w, "entityRefs");
    weft_json_array_start(w);
    while (weft_pb_next(&r, &tag)) put_entity_ref(w, weft_pb_bytes(&r));
    weft_json_array_end(w);
}

static void put_resource(struct encoder *e, const struct weft_resource *resource)
{
    struct weft_json_writer *w = &e->w;
    weft_json_key(w, "resource");
    weft_json_object_start(w);
    put_attributes(e, resource->attributes);
    put_entity_refs(w, resource->entity_refs);
    weft_json_object_end(w);
}

static uint32_t put_scope_spans(struct encoder *e, const struct weft_batch *batch, uint32_t first)
{
    struct weft_json_writer *w = &e->w;
    const struct weft_scope *scope = batch->spans[first].scope;
    uint32_t i = first;
    weft_json_object_start(w);
    weft_json_key(w, "scope");
    weft_json_object_start(w);
    if (scope != NULL) {
        put_string(w, "name", scope->name);
        put_string(w, "version", scope->version);
        put_attributes(e, scope->attributes);
    }
    weft_json_object_end(w);
    weft_json_key(w, "spans");
    weft_json_array_start(w);
    for (; i < batch->span_count && batch->spans[i].scope == scope; i++)
        put_span(e, &batch->spans[i]);
    weft_json_array_end(w);
    if (scope != NULL) put_string(w, "schemaUrl", scope->schema_url);
    weft_json_object_end(w);
    return i;
}

static const struct weft_resource *resource_of(const struct weft_span *span)
{
    return span->scope != NULL ? span->scope->resource : NULL;
}

void weft_otlp_encode_json(struct weft_buf *out, const struct weft_batch *batch,
                           enum weft_otlp_json_form form)
{
    struct encoder e = { .w = { .out = out }, .form = form };
    weft_json_array_start(&e.w);
    for (uint32_t i = 0; i < batch->span_count;) {
        const struct weft_resource *resource = resource_of(&batch->spans[i]);
        weft_json_object_start(&e.w);
        if (resource != NULL) put_resource(&e, resource);
        weft_json_key(&e.w, "scopeSpans");
        weft_json_array_start(&e.w);
        do {
            i = put_scope_spans(&e, batch, i);
        } while (i < batch->span_count && resource_of(&batch->spans[i]) == resource);
        weft_json_array_end(&e.w);
        if (resource != NULL) put_string(&e.w, "schemaUrl", resource->schema_url);
        weft_json_object_end(&e.w);
    }
    weft_json_array_end(&e.w);
}
