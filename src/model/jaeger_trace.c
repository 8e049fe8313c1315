/* jaeger_trace.c -- names that are missing, ids that a client and a server share (jaeger_trace.h). */
#include "model/jaeger_internal.h"
#include "wire/protobuf.h"

#define WARNINGS_KEY "@jaeger@warnings"

struct weft_str weft_jaeger_service(const struct weft_resource *resource)
{
    return resource->service_name.len > 0 ? resource->service_name : WEFT_S(WEFT_JAEGER_NO_SERVICE);
}

struct weft_str weft_jaeger_name(struct weft_str span_name)
{
    return span_name.len > 0 ? span_name : WEFT_S(WEFT_JAEGER_NO_NAME);
}

const char *weft_jaeger_kind(unsigned kind)
{
    return kind == WEFT_KIND_UNSPECIFIED ? "" : weft_span_kind_name(kind);
}

bool weft_jaeger_link_is_parent(const struct weft_link *link)
{
    const struct weft_attribute *type =
        weft_attributes_find(link->attributes, WEFT_S("opentracing.ref_type"));
    return type != NULL && type->type == WEFT_VALUE_STRING &&
           weft_str_equal_c(weft_str_make(type->ptr, type->value_len), "child_of");
}

static uint32_t add_text(struct weft_attribute *out, uint32_t count, struct weft_str key,
                         struct weft_str text)
{
    if (text.len > 0) out[count++] = weft_attribute_text(key, text);
    return count;
}

uint32_t weft_jaeger_added_tags(const struct weft_span *span,
                                struct weft_attribute out[static WEFT_JAEGER_ADDED_TAGS_MAX])
{
    static const struct weft_str codes[WEFT_STATUS_COUNT] = {
        [WEFT_STATUS_OK] = WEFT_S_INIT("OK"),
        [WEFT_STATUS_ERROR] = WEFT_S_INIT("ERROR"),
    };
    uint32_t n = 0;
    n = add_text(out, n, WEFT_S("otel.scope.name"), span->scope->name);
    n = add_text(out, n, WEFT_S("otel.scope.version"), span->scope->version);
    n = add_text(out, n, WEFT_S("span.kind"), weft_str_from_c(weft_jaeger_kind(span->kind)));
    n = add_text(out, n, WEFT_S("otel.status_code"), codes[span->status_code]);
    if (span->status_code == WEFT_STATUS_ERROR) {
        out[n] = (struct weft_attribute){ .key = "error", .key_len = 5, .type = WEFT_VALUE_BOOL };
        out[n++].bool_value = true;
    }
    n = add_text(out, n, WEFT_S("otel.status_description"), span->status_message);
    return add_text(out, n, WEFT_S("w3c.tracestate"), span->trace_state);
}

void weft_jaeger_warn(struct weft_jaeger_trace *trace, uint32_t span, struct weft_str text,
                      struct weft_arena *arena)
{
    struct weft_jaeger_warning *made = weft_arena_alloc_zero(arena, sizeof *made);
    made->text = text;
    const struct weft_jaeger_warning **end = &trace->warnings[span];
    while (*end != NULL) end = (const struct weft_jaeger_warning **)(uintptr_t) & (*end)->next;
    *end = made;
}

/* ---- names ---- */

/* The scope again, in a resource with a service name. */
static const struct weft_scope *named_scope_make(const struct weft_scope *scope,
                                                 struct weft_arena *arena)
{
    struct weft_scope *made = weft_arena_alloc(arena, sizeof *made);
    struct weft_resource *resource = weft_arena_alloc(arena, sizeof *resource);
    struct weft_attributes old = scope->resource->attributes;
    struct weft_attribute *items =
        weft_arena_alloc_array(arena, (size_t)old.count + 1, sizeof *items);
    uint32_t count = 0;
    *made = *scope;
    *resource = *scope->resource;
    for (uint32_t i = 0; i < old.count; i++)
        if (!weft_str_equal_c(weft_attribute_key(&old.items[i]), "service.name"))
            items[count++] = old.items[i];
    items[count++] = weft_attribute_text(WEFT_S("service.name"), WEFT_S(WEFT_JAEGER_NO_SERVICE));
    resource->attributes.items = items;
    resource->attributes.count = count;
    resource->service_name = WEFT_S(WEFT_JAEGER_NO_SERVICE);
    made->resource = resource;
    return made;
}

static void fill_names(struct weft_batch *batch, struct weft_arena *arena)
{
    struct weft_map made = { 0 }; /* scope to its copy */
    for (uint32_t i = 0; i < batch->span_count; i++) {
        struct weft_span *span = &batch->spans[i];
        span->name = weft_jaeger_name(span->name);
        if (span->scope->resource->service_name.len > 0) continue;
        bool is_new;
        uint64_t *copy = weft_map_put(
            &made, weft_str_make((const char *)&span->scope, sizeof span->scope), 0, &is_new);
        if (is_new) *copy = (uint64_t)(uintptr_t)named_scope_make(span->scope, arena);
        span->scope = (const struct weft_scope *)(uintptr_t)*copy;
    }
    weft_map_release(&made);
}

/* ---- ends ---- */

/* A span that does not end after it starts is shown with a duration of 1 ns. */
static void fill_ends(struct weft_jaeger_trace *trace, bool warns, struct weft_arena *arena)
{
    for (uint32_t i = 0; i < trace->batch.span_count; i++) {
        struct weft_span *span = &trace->batch.spans[i];
        if (span->end_time_unix_nano > span->start_time_unix_nano) continue;
        int64_t ns = (int64_t)(span->end_time_unix_nano - span->start_time_unix_nano);
        span->end_time_unix_nano = span->start_time_unix_nano + 1;
        if (!warns) continue;
        weft_jaeger_warn(
            trace, i,
            weft_arena_printf(arena, "the span's duration is %lldns; shown as 1ns", (long long)ns),
            arena);
    }
}

/* ---- ids ---- */

static bool id_increment(struct weft_span_id *id) /* false: all are used up */
{
    for (size_t i = sizeof id->bytes; i-- > 0;)
        if (++id->bytes[i] != 0) return true;
    return false;
}

/* Zipkin's clients and servers share an id. The server's span gets one of its own and becomes a child of the client's; those below
 * the shared id go below the server. */
static void make_ids_unique(struct weft_batch *batch)
{
    struct weft_map clients = { 0 }, moved = { 0 }; /* id to "a client has it"; id to new id */
    struct weft_span_id next = { 0 };
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const struct weft_span *span = &batch->spans[i];
        *weft_map_put(&clients, weft_span_id_str(&span->span_id), 0, NULL) |=
            span->kind == WEFT_KIND_CLIENT;
    }
    for (uint32_t i = 0; i < batch->span_count; i++) {
        struct weft_span *span = &batch->spans[i];
        if (span->kind != WEFT_KIND_SERVER ||
            *weft_map_get(&clients, weft_span_id_str(&span->span_id)) == 0)
            continue;
        while (id_increment(&next) && weft_map_get(&clients, weft_span_id_str(&next)) != NULL) {}
        memcpy(weft_map_put(&moved, weft_span_id_str(&span->span_id), 0, NULL), next.bytes,
               sizeof next.bytes);
        span->parent_span_id = span->span_id;
        span->span_id = next;
    }
    for (uint32_t i = 0; i < batch->span_count && moved.count > 0; i++) {
        struct weft_span *span = &batch->spans[i];
        const uint64_t *to = weft_map_get(&moved, weft_span_id_str(&span->parent_span_id));
        if (to != NULL && memcmp(to, span->span_id.bytes, sizeof span->span_id.bytes) != 0)
            memcpy(span->parent_span_id.bytes, to, sizeof span->parent_span_id.bytes);
    }
    weft_map_release(&clients);
    weft_map_release(&moved);
}

void weft_jaeger_trace_make(struct weft_jaeger_trace *out, const struct weft_batch *trace,
                            const struct weft_jaeger_form *form, struct weft_arena *arena)
{
    *out = (struct weft_jaeger_trace){ .batch = *trace };
    out->batch.arena = arena;
    out->batch.span_capacity = trace->span_count;
    out->batch.spans = weft_arena_alloc_array(arena, trace->span_count, sizeof *trace->spans);
    if (trace->span_count > 0)
        memcpy(out->batch.spans, trace->spans, trace->span_count * sizeof *trace->spans);
    out->warnings = weft_arena_alloc_array(arena, trace->span_count, sizeof *out->warnings);
    fill_names(&out->batch, arena);
    fill_ends(out, !form->is_raw, arena);
    if (form->is_raw) return;
    make_ids_unique(&out->batch);
    weft_jaeger_correct_skew(out, form->skew_ns_max, arena);
}

/* ---- warnings as an attribute ---- */

static struct weft_attribute warnings_attribute(const struct weft_jaeger_warning *warning,
                                                struct weft_arena *arena)
{
    struct weft_buf encoded = { 0 }; /* ArrayValue */
    for (; warning != NULL; warning = warning->next) {
        size_t element = weft_pb_open(&encoded, 1);
        weft_pb_put_bytes_always(&encoded, WEFT_VALUE_STRING, warning->text);
        weft_pb_close(&encoded, element);
    }
    struct weft_attribute made =
        weft_attribute_text(WEFT_S(WARNINGS_KEY), weft_arena_copy(arena, weft_buf_str(&encoded)));
    made.type = WEFT_VALUE_ARRAY;
    weft_buf_release(&encoded);
    return made;
}

void weft_jaeger_trace_attach_warnings(struct weft_jaeger_trace *trace, struct weft_arena *arena)
{
    for (uint32_t i = 0; i < trace->batch.span_count; i++) {
        struct weft_attributes *attributes = &trace->batch.spans[i].attributes;
        if (trace->warnings[i] == NULL) continue;
        struct weft_attribute *items =
            weft_arena_alloc_array(arena, (size_t)attributes->count + 1, sizeof *items);
        if (attributes->count > 0)
            memcpy(items, attributes->items, attributes->count * sizeof *items);
        items[attributes->count] = warnings_attribute(trace->warnings[i], arena);
        attributes->items = items;
        attributes->count++;
    }
}
