/* jaeger_json.c -- spans, tags and processes as Jaeger writes them (jaeger_json.h). */
#include "model/jaeger_json.h"
#include "base/map.h"
#include "model/otlp.h"
#include "wire/text.h"

#define EXACT_MAX INT64_C(9007199254740991) /* beyond it JavaScript's numbers have gaps */

/* ---- tags ---- */

static const char *type_name(enum weft_value_type type)
{
    switch (type) {
    case WEFT_VALUE_BOOL: return "bool";
    case WEFT_VALUE_INT: return "int64";
    case WEFT_VALUE_DOUBLE: return "float64";
    case WEFT_VALUE_BYTES: return "binary";
    case WEFT_VALUE_EMPTY:
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST: break;
    }
    return "string";
}

struct weft_str weft_jaeger_value_text(const struct weft_attribute *a, struct weft_buf *scratch)
{
    struct weft_value value = weft_attribute_value(a);
    struct weft_json_writer w = { .out = scratch };
    weft_buf_reset(scratch);
    switch ((enum weft_value_type)value.type) {
    case WEFT_VALUE_EMPTY: break;
    case WEFT_VALUE_STRING: return value.bytes;
    case WEFT_VALUE_BOOL: weft_json_bool(&w, value.bool_value); break;
    case WEFT_VALUE_INT: weft_json_i64(&w, value.int_value); break;
    case WEFT_VALUE_DOUBLE: weft_json_double(&w, value.double_value); break;
    case WEFT_VALUE_BYTES: weft_base64_encode(scratch, WEFT_BASE64_STANDARD, value.bytes); break;
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST: weft_value_to_plain_json(scratch, &value); break;
    }
    return weft_buf_str(scratch);
}

static void put_tag(struct weft_json_writer *w, const struct weft_attribute *a)
{
    struct weft_buf scratch = { 0 };
    weft_json_object_start(w);
    weft_json_key(w, "key");
    weft_json_string(w, weft_attribute_key(a));
    weft_json_key(w, "type");
    weft_json_c(w, type_name((enum weft_value_type)a->type));
    weft_json_key(w, "value");
    if (a->type == WEFT_VALUE_BOOL) {
        weft_json_bool(w, a->bool_value);
    } else if (a->type == WEFT_VALUE_DOUBLE) {
        weft_json_double(w, a->double_value);
    } else if (a->type == WEFT_VALUE_INT && a->int_value >= -EXACT_MAX &&
               a->int_value <= EXACT_MAX) {
        weft_json_i64(w, a->int_value);
    } else {
        weft_json_string(w, weft_jaeger_value_text(a, &scratch));
        weft_buf_release(&scratch);
    }
    weft_json_object_end(w);
}

static void put_attributes(struct weft_json_writer *w, struct weft_attributes attributes)
{
    for (uint32_t i = 0; i < attributes.count; i++) put_tag(w, &attributes.items[i]);
}

static void put_span_tags(struct weft_json_writer *w, const struct weft_span *span)
{
    struct weft_attribute added[WEFT_JAEGER_ADDED_TAGS_MAX];
    weft_json_array_start(w);
    put_attributes(w, span->attributes);
    put_attributes(w, (struct weft_attributes){ added, weft_jaeger_added_tags(span, added), 0 });
    weft_json_array_end(w);
}

/* ---- a span ---- */

/* 32 digits, or 16 where the high half is zero: ids of 64 bits (Q10.4.2). */
static void put_trace_id(struct weft_json_writer *w, const struct weft_trace_id *id)
{
    static const uint8_t zero[8];
    char hex[33];
    weft_trace_id_format(id, hex);
    weft_json_key(w, "traceID");
    weft_json_c(w, memcmp(id->bytes, zero, sizeof zero) == 0 ? hex + 16 : hex);
}

static void put_span_id(struct weft_json_writer *w, const struct weft_span_id *id)
{
    char hex[17];
    weft_span_id_format(id, hex);
    weft_json_key(w, "spanID");
    weft_json_c(w, hex);
}

static void put_reference(struct weft_json_writer *w, const char *type,
                          const struct weft_trace_id *trace_id, const struct weft_span_id *span_id)
{
    weft_json_object_start(w);
    weft_json_key(w, "refType");
    weft_json_c(w, type);
    put_trace_id(w, trace_id);
    put_span_id(w, span_id);
    weft_json_object_end(w);
}

static void put_references(struct weft_json_writer *w, const struct weft_span *span)
{
    weft_json_array_start(w);
    if (!weft_span_id_is_zero(&span->parent_span_id))
        put_reference(w, "CHILD_OF", &span->trace_id, &span->parent_span_id);
    for (uint32_t i = 0; i < span->link_count; i++) {
        const struct weft_link *link = &span->links[i];
        put_reference(w, weft_jaeger_link_is_parent(link) ? "CHILD_OF" : "FOLLOWS_FROM",
                      &link->trace_id, &link->span_id);
    }
    weft_json_array_end(w);
}

static void put_logs(struct weft_json_writer *w, const struct weft_span *span)
{
    weft_json_array_start(w);
    for (uint32_t i = 0; i < span->event_count; i++) {
        const struct weft_event *event = &span->events[i];
        weft_json_object_start(w);
        weft_json_key(w, "timestamp");
        weft_json_u64(w, event->time_unix_nano / 1000);
        weft_json_key(w, "fields");
        weft_json_array_start(w);
        if (event->name.len > 0) {
            struct weft_attribute name = weft_attribute_text(WEFT_S("event"), event->name);
            put_tag(w, &name);
        }
        put_attributes(w, event->attributes);
        weft_json_array_end(w);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static void put_warnings(struct weft_json_writer *w, const struct weft_jaeger_warning *warning)
{
    weft_json_key(w, "warnings");
    if (warning == NULL) {
        weft_json_null(w);
        return;
    }
    weft_json_array_start(w);
    for (; warning != NULL; warning = warning->next) weft_json_string(w, warning->text);
    weft_json_array_end(w);
}

static void put_span(struct weft_jaeger_json *json, uint32_t i)
{
    struct weft_json_writer *w = json->w;
    const struct weft_span *span = &json->trace->batch.spans[i];
    char process[16];
    weft_json_object_start(w);
    put_trace_id(w, &span->trace_id);
    put_span_id(w, &span->span_id);
    weft_json_key(w, "operationName");
    weft_json_string(w, span->name);
    weft_json_key(w, "references");
    put_references(w, span);
    weft_json_key(w, "startTime");
    weft_json_u64(w, span->start_time_unix_nano / 1000);
    weft_json_key(w, "duration");
    weft_json_u64(w, weft_span_duration_ns(span) / 1000);
    weft_json_key(w, "tags");
    put_span_tags(w, span);
    weft_json_key(w, "logs");
    put_logs(w, span);
    snprintf(process, sizeof process, "p%u", json->process_of[i] + 1);
    weft_json_key(w, "processID");
    weft_json_c(w, process);
    put_warnings(w, json->trace->warnings[i]);
    weft_json_object_end(w);
}

/* ---- processes ---- */

static void put_process(struct weft_json_writer *w, const struct weft_resource *resource)
{
    weft_json_object_start(w);
    weft_json_key(w, "serviceName");
    weft_json_string(w, weft_jaeger_service(resource));
    weft_json_key(w, "tags");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < resource->attributes.count; i++) {
        const struct weft_attribute *a = &resource->attributes.items[i];
        if (!weft_str_equal_c(weft_attribute_key(a), "service.name")) put_tag(w, a);
    }
    weft_json_array_end(w);
    weft_json_object_end(w);
}

static void number_processes(struct weft_jaeger_json *json, struct weft_arena *arena)
{
    const struct weft_batch *batch = &json->trace->batch;
    struct weft_map by_resource = { 0 }, by_text = { 0 };
    struct weft_buf text = { 0 };
    json->process_of = weft_arena_alloc_array(arena, batch->span_count, sizeof *json->process_of);
    json->processes = weft_arena_alloc_array(arena, batch->span_count, sizeof *json->processes);
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const struct weft_resource *resource = batch->spans[i].scope->resource;
        bool is_new;
        uint64_t *number = weft_map_put(
            &by_resource, weft_str_make((const char *)&resource, sizeof resource), 0, &is_new);
        if (is_new) { /* resources that differ in nothing shown are one process */
            struct weft_json_writer w = { .out = &text };
            weft_buf_reset(&text);
            put_process(&w, resource);
            *number = *weft_map_put(&by_text, weft_buf_str(&text), json->process_count, &is_new);
            if (is_new) json->processes[json->process_count++] = resource;
        }
        json->process_of[i] = (uint32_t)*number;
    }
    weft_buf_release(&text);
    weft_map_release(&by_resource);
    weft_map_release(&by_text);
}

void weft_jaeger_json_start(struct weft_jaeger_json *json, const struct weft_jaeger_trace *trace,
                            struct weft_json_writer *w, struct weft_arena *arena)
{
    *json = (struct weft_jaeger_json){ .trace = trace, .w = w };
    number_processes(json, arena);
    weft_json_object_start(w);
    if (trace->batch.span_count > 0) put_trace_id(w, &trace->batch.spans[0].trace_id);
    weft_json_key(w, "spans");
    weft_json_array_start(w);
}

bool weft_jaeger_json_more(struct weft_jaeger_json *json, size_t bytes)
{
    struct weft_json_writer *w = json->w;
    char name[16];
    while (json->next_span < json->trace->batch.span_count) {
        if (w->out->len >= bytes) return true;
        put_span(json, json->next_span++);
    }
    weft_json_array_end(w);
    weft_json_key(w, "processes");
    weft_json_object_start(w);
    for (uint32_t i = 0; i < json->process_count; i++) {
        snprintf(name, sizeof name, "p%u", i + 1);
        weft_json_key(w, name);
        put_process(w, json->processes[i]);
    }
    weft_json_object_end(w);
    weft_json_key(w, "warnings");
    const char *partial = json->trace->batch.partial_reason;
    if (partial == NULL) {
        weft_json_null(w);
    } else {
        weft_json_array_start(w);
        weft_json_c(w, partial);
        weft_json_array_end(w);
    }
    weft_json_object_end(w);
    return false;
}
