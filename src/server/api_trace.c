/* api_trace.c -- one trace as typed columns: row i of every column is the i-th span in pre-order
 * (api_trace.h). */
#include "server/api_trace.h"
#include "base/map.h"
#include "model/otlp.h"
#include "query/trace_tree.h"
#include "server/api_value.h"
#include "server/trace_pieces.h"
#include "wire/json.h"
#include "wire/protobuf.h"

struct writing {
    struct weft_json_writer w;
    const struct weft_trace_id *id;
    const struct weft_batch *batch;
    const struct weft_trace_tree *tree;
    const struct weft_scope **scopes; /* in order of first use */
    uint32_t *scope_of;               /* node -> scope number */
    uint32_t scope_count;
    const struct weft_service_slots *slots;
    uint32_t column, row; /* written next */
    bool is_column_open;
};
#define PIECE_BYTES ((size_t)1 << 20) /* of a long answer, made when the one before was taken */

static const struct weft_span *span_of(const struct writing *x, uint32_t node)
{
    return &x->batch->spans[x->tree->nodes[node].span];
}

static void number_scopes(struct writing *x, struct weft_arena *arena)
{
    struct weft_map numbers = { 0 };
    x->scopes = weft_arena_alloc_array(arena, x->tree->count + 1, sizeof(void *));
    x->scope_of = weft_arena_alloc_array(arena, x->tree->count + 1, sizeof *x->scope_of);
    for (uint32_t n = 0; n < x->tree->count; n++) {
        const struct weft_scope *scope = span_of(x, n)->scope;
        bool is_new;
        uint64_t number = *weft_map_put(&numbers, weft_str_make((const char *)&scope, sizeof scope),
                                        x->scope_count, &is_new);
        if (is_new) x->scopes[x->scope_count++] = scope;
        x->scope_of[n] = (uint32_t)number;
    }
    weft_map_release(&numbers);
}

static void write_text(struct weft_json_writer *w, const char *key, struct weft_str text)
{
    if (text.len == 0) return;
    weft_json_key(w, key);
    weft_json_string(w, text);
}

static void write_number(struct weft_json_writer *w, const char *key, uint64_t number)
{
    if (number == 0) return;
    weft_json_key(w, key);
    weft_json_u64(w, number);
}

static void write_scopes(struct writing *x)
{
    struct weft_json_writer *w = &x->w;
    weft_json_key(w, "scopes");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < x->scope_count; i++) {
        const struct weft_scope *scope = x->scopes[i];
        const struct weft_resource *resource = scope->resource;
        weft_json_object_start(w);
        weft_json_key(w, "service_name");
        weft_json_string(w, resource->service_name);
        weft_json_key(w, "slot");
        weft_json_u64(w, weft_service_slot(x->slots, resource->service_name));
        weft_json_key(w, "resource");
        weft_api_write_attributes(w, resource->attributes, NULL);
        write_text(w, "resource_schema_url", resource->schema_url);
        write_number(w, "resource_dropped_attributes_count", resource->attributes.dropped_count);
        weft_json_key(w, "name");
        weft_json_string(w, scope->name);
        write_text(w, "version", scope->version);
        weft_json_key(w, "attributes");
        weft_api_write_attributes(w, scope->attributes, NULL);
        write_text(w, "schema_url", scope->schema_url);
        write_number(w, "dropped_attributes_count", scope->attributes.dropped_count);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

/* ---- columns: one function a column, each writes the value of one row ---- */

static void column_span_id(struct writing *x, uint32_t n)
{
    char id[17];
    weft_span_id_format(&span_of(x, n)->span_id, id);
    weft_json_c(&x->w, id);
}

static void column_parent_span_id(struct writing *x, uint32_t n)
{
    char id[17];
    if (weft_span_id_is_zero(&span_of(x, n)->parent_span_id)) {
        weft_json_null(&x->w);
        return;
    }
    weft_span_id_format(&span_of(x, n)->parent_span_id, id);
    weft_json_c(&x->w, id);
}

static void column_parent(struct writing *x, uint32_t n)
{
    uint32_t parent = x->tree->nodes[n].parent;
    weft_json_i64(&x->w, parent == WEFT_NO_SPAN ? -1 : (int64_t)parent);
}

static void column_depth(struct writing *x, uint32_t n)
{
    weft_json_u64(&x->w, x->tree->nodes[n].depth);
}
static void column_scope(struct writing *x, uint32_t n)
{
    weft_json_u64(&x->w, x->scope_of[n]);
}
static void column_name(struct writing *x, uint32_t n)
{
    weft_json_string(&x->w, span_of(x, n)->name);
}
static void column_kind(struct writing *x, uint32_t n)
{
    weft_json_c(&x->w, weft_span_kind_name(span_of(x, n)->kind));
}
static void column_flags(struct writing *x, uint32_t n)
{
    weft_json_u64(&x->w, span_of(x, n)->flags);
}
static void column_trace_state(struct writing *x, uint32_t n)
{
    weft_json_string(&x->w, span_of(x, n)->trace_state);
}

static void column_start_offset(struct writing *x, uint32_t n)
{
    weft_json_u64(&x->w, span_of(x, n)->start_time_unix_nano - x->tree->start_ns);
}

static void column_duration(struct writing *x, uint32_t n)
{
    weft_json_u64(&x->w, weft_span_duration_ns(span_of(x, n)));
}

static void column_status(struct writing *x, uint32_t n)
{
    weft_json_c(&x->w, weft_status_code_name(span_of(x, n)->status_code));
}

static void column_status_message(struct writing *x, uint32_t n)
{
    weft_json_string(&x->w, span_of(x, n)->status_message);
}

static void column_attributes(struct writing *x, uint32_t n)
{
    struct weft_api_place place = { x->id, span_of(x, n), -1 };
    weft_api_write_attributes(&x->w, place.span->attributes, &place);
}

static void column_dropped(struct writing *x, uint32_t n)
{
    const struct weft_span *span = span_of(x, n);
    weft_json_array_start(&x->w);
    weft_json_u64(&x->w, span->attributes.dropped_count);
    weft_json_u64(&x->w, span->dropped_events_count);
    weft_json_u64(&x->w, span->dropped_links_count);
    weft_json_array_end(&x->w);
}

static void column_events(struct writing *x, uint32_t n)
{
    const struct weft_span *span = span_of(x, n);
    struct weft_json_writer *w = &x->w;
    weft_json_array_start(w);
    for (uint32_t i = 0; i < span->event_count; i++) {
        const struct weft_event *event = &span->events[i];
        weft_json_object_start(w);
        weft_json_key(w, "time_offset_ns"); /* may lie before the trace */
        weft_json_i64(w, (int64_t)(event->time_unix_nano - x->tree->start_ns));
        weft_json_key(w, "name");
        weft_json_string(w, event->name);
        weft_json_key(w, "attributes");
        struct weft_api_place place = { x->id, span, i };
        weft_api_write_attributes(w, event->attributes, &place);
        write_number(w, "dropped_attributes_count", event->attributes.dropped_count);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static void column_links(struct writing *x, uint32_t n)
{
    const struct weft_span *span = span_of(x, n);
    struct weft_json_writer *w = &x->w;
    char trace_id[33], span_id[17];
    weft_json_array_start(w);
    for (uint32_t i = 0; i < span->link_count; i++) {
        const struct weft_link *link = &span->links[i];
        weft_trace_id_format(&link->trace_id, trace_id);
        weft_span_id_format(&link->span_id, span_id);
        weft_json_object_start(w);
        weft_json_key(w, "trace_id");
        weft_json_c(w, trace_id);
        weft_json_key(w, "span_id");
        weft_json_c(w, span_id);
        write_text(w, "trace_state", link->trace_state);
        write_number(w, "flags", link->flags);
        weft_json_key(w, "attributes");
        weft_api_write_attributes(w, link->attributes, NULL);
        write_number(w, "dropped_attributes_count", link->attributes.dropped_count);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static void column_marks(struct writing *x, uint32_t n)
{
    const struct weft_trace_node *node = &x->tree->nodes[n];
    const struct weft_span *span = span_of(x, n);
    weft_json_array_start(&x->w);
    if (node->is_orphan) weft_json_c(&x->w, "orphan");
    if (node->is_duplicate) weft_json_c(&x->w, "duplicate_id");
    if (span->end_time_unix_nano < span->start_time_unix_nano)
        weft_json_c(&x->w, "end_before_start");
    weft_json_array_end(&x->w);
}

static const struct {
    const char *name;
    void (*write)(struct writing *x, uint32_t node);
} columns[] = {
    { "span_id", column_span_id },
    { "parent_span_id", column_parent_span_id },
    { "parent", column_parent },
    { "depth", column_depth },
    { "scope", column_scope },
    { "name", column_name },
    { "kind", column_kind },
    { "start_offset_ns", column_start_offset },
    { "duration_ns", column_duration },
    { "status", column_status },
    { "status_message", column_status_message },
    { "flags", column_flags },
    { "trace_state", column_trace_state },
    { "attributes", column_attributes },
    { "events", column_events },
    { "links", column_links },
    { "dropped_counts", column_dropped },
    { "marks", column_marks },
};

static void write_head(struct writing *x, const struct weft_trace_id *id)
{
    char hex[33];
    struct weft_json_writer *w = &x->w;
    weft_trace_id_format(id, hex);
    weft_json_key(w, "trace_id");
    weft_json_c(w, hex);
    weft_json_key(w, "start_time_unix_nano");
    weft_json_u64_string(w, x->tree->start_ns);
    weft_json_key(w, "duration_ns");
    weft_json_u64(w, x->tree->end_ns - x->tree->start_ns);
    weft_json_key(w, "span_count");
    weft_json_u64(w, x->tree->count);
    weft_json_key(w, "error_count");
    weft_json_u64(w, x->tree->error_count);
    weft_json_key(w, "orphan_count");
    weft_json_u64(w, x->tree->orphan_count);
    if (x->batch->partial_reason != NULL) {
        weft_json_key(w, "partial_reason");
        weft_json_c(w, x->batch->partial_reason);
    }
    weft_json_key(w, "depth_max");
    weft_json_u64(w, x->tree->depth_max);
    weft_json_key(w, "root");
    weft_json_u64(w, x->tree->root);
}

/* The next piece of the answer. */
static int columns_write(struct weft_call *call, struct weft_err *err)
{
    struct writing *x = call->more_state;
    for (; x->column < sizeof columns / sizeof columns[0]; x->column++, x->row = 0) {
        if (!x->is_column_open) {
            weft_json_key(&x->w, columns[x->column].name);
            weft_json_array_start(&x->w);
            x->is_column_open = true;
        }
        while (x->row < x->tree->count && call->body.len < PIECE_BYTES)
            columns[x->column].write(x, x->row++);
        if (x->row < x->tree->count) return WEFT_CALL_MORE;
        weft_json_array_end(&x->w);
        x->is_column_open = false;
    }
    weft_json_object_end(&x->w);
    weft_json_object_end(&x->w);
    return WEFT_OK;
}

static void write_columns(struct weft_call *call, const struct weft_trace_id *id,
                          const struct weft_batch *batch)
{
    struct weft_trace_tree *tree = weft_arena_alloc(&call->arena, sizeof *tree);
    struct writing *x = weft_arena_alloc_zero(&call->arena, sizeof *x);
    weft_trace_tree_build(tree, batch, &call->arena);
    *x = (struct writing){ .w = { .out = &call->body },
                           .id = id,
                           .batch = batch,
                           .tree = tree,
                           .slots = call->face->parts->slots };
    number_scopes(x, &call->arena);
    weft_json_object_start(&x->w);
    write_head(x, id);
    write_scopes(x);
    weft_json_key(&x->w, "columns");
    weft_json_object_start(&x->w);
    call->more_state = x;
    if (columns_write(call, NULL) == WEFT_CALL_MORE) call->more = columns_write;
}

/* ---- OTLP ---- */

static void protobuf_slice(struct weft_buf *out, const struct weft_batch *spans, bool is_first)
{
    weft_otlp_encode_protobuf(out, spans);
}

static void protobuf_end(struct weft_buf *out, const struct weft_batch *batch)
{
    if (batch->partial_reason != NULL)
        weft_pb_put_bytes(out, WEFT_API_TRACE_PARTIAL_FIELD,
                          weft_str_from_c(batch->partial_reason));
}

static void json_slice(struct weft_buf *out, const struct weft_batch *spans, bool is_first)
{
    if (is_first) weft_buf_append_c(out, "{\"resourceSpans\":");
    weft_trace_pieces_json(out, spans, is_first, WEFT_OTLP_JSON);
}

static void json_end(struct weft_buf *out, const struct weft_batch *batch)
{
    weft_buf_append_c(out, "]");
    if (batch->partial_reason != NULL)
        weft_buf_printf(out, ",\"partialReason\":\"%s\"", batch->partial_reason);
    weft_buf_append_c(out, "}");
}

int weft_api_trace(struct weft_call *call, struct weft_err *err)
{
    /* In the arena: a long answer is written after this returns. */
    struct weft_trace_id *id = weft_arena_alloc(&call->arena, sizeof *id);
    struct weft_batch *batch = weft_arena_alloc_zero(&call->arena, sizeof *batch);
    const struct weft_source *source = &call->face->parts->source;
    struct weft_str format = weft_call_query(call, WEFT_S("format"), NULL);

    batch->arena = &call->arena;
    batch->spans_max = call->face->parts->trace_spans_max;
    if (!weft_trace_id_parse(call->parameters[0], id))
        return weft_fail(err, WEFT_INVALID, "trace id \"%.*s\": expected 1 to 32 hex digits",
                         WEFT_S_ARG(call->parameters[0]));
    int rc = source->trace(source->self, id, batch, err);
    if (rc == WEFT_NOT_FOUND)
        return weft_fail(err, rc, "trace %.*s is not here", WEFT_S_ARG(call->parameters[0]));
    if (rc < 0) return rc;
    if (weft_call_accepts(call, WEFT_S("application/x-protobuf")) ||
        weft_call_accepts(call, WEFT_S("application/protobuf"))) {
        call->content_type = WEFT_S("application/x-protobuf");
        weft_trace_pieces_start(call, batch, protobuf_slice, protobuf_end);
    } else if (weft_str_equal_c(format, "otlp")) {
        weft_trace_pieces_start(call, batch, json_slice, json_end);
    } else if (format.len > 0) {
        return weft_fail(err, WEFT_INVALID, "format: found \"%.*s\", expected otlp or nothing",
                         WEFT_S_ARG(format));
    } else {
        write_columns(call, id, batch);
    }
    return WEFT_OK;
}
