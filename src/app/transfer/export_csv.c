/* export_csv.c -- one function a column (export_csv.h). */
#include "app/transfer/export_csv.h"
#include "app/csv.h"
#include "base/clock.h"
#include "model/otlp.h"
#include "wire/json.h"
#include <inttypes.h>

/* ---- cells that are JSON ---- */

static void put_attributes(struct weft_json_writer *w, struct weft_attributes attributes)
{
    weft_json_object_start(w);
    for (uint32_t i = 0; i < attributes.count; i++) {
        struct weft_value value = weft_attribute_value(&attributes.items[i]);
        weft_json_key_str(w, weft_attribute_key(&attributes.items[i]));
        weft_value_to_plain_json(w->out, &value);
        w->needs_comma = true;
    }
    weft_json_object_end(w);
}

static void put_event(struct weft_json_writer *w, const struct weft_event *event)
{
    weft_json_object_start(w);
    weft_json_key(w, "time_unix_nano");
    weft_json_u64_string(w, event->time_unix_nano);
    weft_json_key(w, "name");
    weft_json_string(w, event->name);
    weft_json_key(w, "attributes");
    put_attributes(w, event->attributes);
    weft_json_object_end(w);
}

static void put_link(struct weft_json_writer *w, const struct weft_link *link)
{
    char trace_id[33], span_id[17];
    weft_trace_id_format(&link->trace_id, trace_id);
    weft_span_id_format(&link->span_id, span_id);
    weft_json_object_start(w);
    weft_json_key(w, "trace_id");
    weft_json_c(w, trace_id);
    weft_json_key(w, "span_id");
    weft_json_c(w, span_id);
    weft_json_key(w, "attributes");
    put_attributes(w, link->attributes);
    weft_json_object_end(w);
}

/* ---- columns: the cell's text, not yet quoted ---- */

static void column_trace_id(struct weft_buf *out, const struct weft_span *span)
{
    char id[33];
    weft_trace_id_format(&span->trace_id, id);
    weft_buf_append_c(out, id);
}

static void column_span_id(struct weft_buf *out, const struct weft_span *span)
{
    char id[17];
    weft_span_id_format(&span->span_id, id);
    weft_buf_append_c(out, id);
}

static void column_parent_span_id(struct weft_buf *out, const struct weft_span *span)
{
    char id[17];
    if (weft_span_id_is_zero(&span->parent_span_id)) return;
    weft_span_id_format(&span->parent_span_id, id);
    weft_buf_append_c(out, id);
}

static void column_service_name(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_append_str(out, span->scope->resource->service_name);
}

static void column_name(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_append_str(out, span->name);
}

static void column_kind(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_append_c(out, weft_span_kind_name(span->kind));
}

static void column_start_time(struct weft_buf *out, const struct weft_span *span)
{
    char text[40];
    weft_time_format_rfc3339(text, sizeof text, span->start_time_unix_nano, 9);
    weft_buf_append_c(out, text);
}

static void column_start_time_unix_nano(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_printf(out, "%" PRIu64, span->start_time_unix_nano);
}

static void column_duration_ns(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_printf(out, "%" PRIu64, weft_span_duration_ns(span));
}

static void column_status(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_append_c(out, weft_status_code_name(span->status_code));
}

static void column_status_message(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_append_str(out, span->status_message);
}

static void column_scope_name(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_append_str(out, span->scope->name);
}

static void column_scope_version(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_append_str(out, span->scope->version);
}

static void column_trace_state(struct weft_buf *out, const struct weft_span *span)
{
    weft_buf_append_str(out, span->trace_state);
}

static void column_attributes(struct weft_buf *out, const struct weft_span *span)
{
    put_attributes(&(struct weft_json_writer){ .out = out }, span->attributes);
}

static void column_resource_attributes(struct weft_buf *out, const struct weft_span *span)
{
    put_attributes(&(struct weft_json_writer){ .out = out }, span->scope->resource->attributes);
}

static void column_events(struct weft_buf *out, const struct weft_span *span)
{
    struct weft_json_writer w = { .out = out };
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < span->event_count; i++) put_event(&w, &span->events[i]);
    weft_json_array_end(&w);
}

static void column_links(struct weft_buf *out, const struct weft_span *span)
{
    struct weft_json_writer w = { .out = out };
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < span->link_count; i++) put_link(&w, &span->links[i]);
    weft_json_array_end(&w);
}

static const struct {
    const char *name;
    void (*write)(struct weft_buf *out, const struct weft_span *span);
} columns[] = {
    { "trace_id", column_trace_id },
    { "span_id", column_span_id },
    { "parent_span_id", column_parent_span_id },
    { "service_name", column_service_name },
    { "name", column_name },
    { "kind", column_kind },
    { "start_time", column_start_time },
    { "start_time_unix_nano", column_start_time_unix_nano },
    { "duration_ns", column_duration_ns },
    { "status", column_status },
    { "status_message", column_status_message },
    { "scope_name", column_scope_name },
    { "scope_version", column_scope_version },
    { "trace_state", column_trace_state },
    { "attributes", column_attributes },
    { "resource_attributes", column_resource_attributes },
    { "events", column_events },
    { "links", column_links },
};
#define COLUMN_COUNT (sizeof columns / sizeof columns[0])

/* ---- lines ---- */

void weft_export_csv_head(struct weft_buf *out)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        weft_buf_printf(out, "%s%s", i > 0 ? "," : "", columns[i].name);
    weft_buf_append_byte(out, '\n');
}

void weft_export_csv_span(struct weft_buf *out, const struct weft_span *span)
{
    struct weft_buf cell = { 0 };
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (i > 0) weft_buf_append_byte(out, ',');
        weft_buf_reset(&cell);
        columns[i].write(&cell, span);
        weft_csv_put(out, weft_buf_str(&cell));
    }
    weft_buf_append_byte(out, '\n');
    weft_buf_release(&cell);
}
