/* zipkin_convert.c -- a span of Zipkin's format becomes OpenTelemetry's (zipkin_read.h).
 *
 * Tags become attributes, the local service the resource, otel.scope.* (or otel.library.*) the scope, annotations events; endpoints
 * and flags go where zipkin_internal.h says. The outcome: otel.status_code says it, or else a tag `error` that is not "false" (C4.5.2).
 * Tags go only where weft_zipkin_encode_json() makes the same ones again; otherwise they stay, and the outcome is read from them. (One
 * exception: otel.library.* alone, the older name, is shown as otel.scope.*.)
 */
#include "model/zipkin_read.h"
#include <stdlib.h>

#define EXTRA_MAX 12 /* attributes beside tags */
#define US_MAX (UINT64_MAX / 1000)

static uint64_t us_to_ns(uint64_t us)
{
    return us > US_MAX ? UINT64_MAX : us * 1000;
}

/* ---- tags that have another place ---- */

static struct weft_attribute *tag_find(struct weft_zipkin_read *read, const char *key)
{
    for (uint32_t i = read->tags.count; i-- > 0;)
        if (weft_str_equal_c(weft_attribute_key(&read->tags.items[i]), key))
            return &read->tags.items[i];
    return NULL;
}

static struct weft_str text_of(const struct weft_attribute *tag)
{
    return tag != NULL ? weft_str_make(tag->ptr, tag->value_len) : weft_str_make(NULL, 0);
}

static void tag_remove(struct weft_attribute *tag)
{
    tag->key_len = 0; /* swept with the others */
    tag->key = NULL;
}

/* The value of the tag, which goes; empty when there is none. */
static struct weft_str tag_take(struct weft_zipkin_read *read, const char *key)
{
    struct weft_attribute *tag = tag_find(read, key);
    struct weft_str text = text_of(tag);
    if (text.len > 0) tag_remove(tag);
    return text;
}

static bool is_code(const struct weft_attribute *tag, const char *code)
{
    struct weft_str text = text_of(tag);
    if (weft_str_starts_with(text, WEFT_S("STATUS_CODE_"))) text = weft_str_tail(text, 12);
    return weft_str_equal_c(text, code);
}

static void take_status(struct weft_zipkin_read *read, struct weft_span *span)
{
    struct weft_attribute *code = tag_find(read, "otel.status_code");
    struct weft_attribute *error = tag_find(read, "error");
    struct weft_str what = text_of(error);
    bool is_error = is_code(code, "ERROR"), is_ok = is_code(code, "OK");
    if (!is_error && !is_ok) is_error = error != NULL && !weft_str_equal_c(what, "false");
    if (is_ok) span->status_code = WEFT_STATUS_OK;
    if (!is_error && (!is_ok || error != NULL)) return;
    if (is_error) {
        struct weft_str said = text_of(tag_find(read, "otel.status_description"));
        span->status_code = WEFT_STATUS_ERROR;
        span->status_message = said.len > 0 ? said : what;
        if (weft_str_equal_c(what, "true") && said.len == 0) span->status_message = WEFT_S("");
    }
    bool is_made_again = weft_str_equal_c(text_of(code), is_ok ? "OK" : "ERROR") &&
                         (is_ok || (error != NULL && weft_str_equal(span->status_message, what)));
    if (!is_made_again) return;
    tag_remove(code);
    if (error != NULL) tag_remove(error);
}

static uint8_t kind_of(struct weft_zipkin_read *read)
{
    bool is_internal = read->kind == WEFT_KIND_UNSPECIFIED &&
                       weft_str_equal_c(text_of(tag_find(read, "span.kind")), "internal");
    return is_internal ? WEFT_KIND_INTERNAL : read->kind;
}

/* ---- resource and scope ---- */

/* What the spans point to, and when it came first. */
struct numbered_scope {
    struct weft_scope scope; /* first: a span's scope is this */
    uint32_t resource, number;
};

struct numbered_resource {
    struct weft_resource resource;
    uint32_t number;
};

static const struct weft_resource *resource_of(struct weft_zipkin_converter *converter,
                                               struct weft_str service, uint32_t *number,
                                               struct weft_arena *arena)
{
    bool is_new;
    uint64_t *slot = weft_map_put(&converter->resources, service, 0, &is_new);
    struct numbered_resource *made = (struct numbered_resource *)(uintptr_t)*slot;
    if (is_new) made = weft_arena_alloc_zero(arena, sizeof *made);
    *slot = (uintptr_t)made;
    if (is_new) made->number = (uint32_t)converter->resources.count;
    *number = made->number;
    struct weft_resource *resource = &made->resource;
    if (!is_new) return resource;
    resource->service_name = WEFT_S("");
    if (service.len > 0) {
        struct weft_attribute *name = weft_arena_alloc(arena, sizeof *name);
        *name = weft_attribute_text(WEFT_S("service.name"), service);
        resource->attributes = (struct weft_attributes){ name, 1, 0 };
        resource->service_name = service;
    }
    return resource;
}

static const struct weft_scope *scope_of(struct weft_zipkin_converter *converter,
                                         struct weft_str service, struct weft_str name,
                                         struct weft_str version, struct weft_arena *arena)
{
    bool is_new;
    weft_buf_reset(&converter->key);
    weft_buf_append(&converter->key, &service.len, sizeof service.len);
    weft_buf_append_str(&converter->key, service);
    weft_buf_append(&converter->key, &name.len, sizeof name.len);
    weft_buf_append_str(&converter->key, name);
    weft_buf_append_str(&converter->key, version);
    uint64_t *slot = weft_map_put(&converter->scopes, weft_buf_str(&converter->key), 0, &is_new);
    if (!is_new) return (const struct weft_scope *)(uintptr_t)*slot;
    struct numbered_scope *made = weft_arena_alloc_zero(arena, sizeof *made);
    struct weft_scope *scope = &made->scope;
    struct weft_attribute *mark = weft_arena_alloc(arena, sizeof *mark);
    *mark = weft_attribute_text(WEFT_S(WEFT_ZIPKIN_MARK), WEFT_S(WEFT_ZIPKIN_MARK_VALUE));
    scope->resource = resource_of(converter, service, &made->resource, arena);
    made->number = (uint32_t)converter->scopes.count;
    scope->name = name;
    scope->version = version;
    scope->attributes = (struct weft_attributes){ mark, 1, 0 };
    *slot = (uintptr_t)scope;
    return scope;
}

static const struct weft_scope *take_scope(struct weft_zipkin_converter *converter,
                                           struct weft_zipkin_read *read, struct weft_arena *arena)
{
    struct weft_str name = tag_take(read, "otel.scope.name");
    struct weft_str version = tag_take(read, "otel.scope.version");
    /* The older names, which senders add to the newer ones or use alone. */
    if (name.len == 0 && version.len == 0) {
        name = tag_take(read, "otel.library.name");
        version = tag_take(read, "otel.library.version");
    }
    return scope_of(converter, read->local.service_name, name, version, arena);
}

/* ---- what becomes attributes beside the tags ---- */

struct extra {
    struct weft_attribute items[EXTRA_MAX];
    uint32_t count;
};

static void add_text(struct extra *extra, struct weft_str key, struct weft_str text)
{
    extra->items[extra->count++] = weft_attribute_text(key, text);
}

static void add_flag(struct extra *extra, struct weft_str key, bool is_set)
{
    if (!is_set) return;
    struct weft_attribute a = { .key = key.ptr,
                                .key_len = key.len & 0xffffff,
                                .type = WEFT_VALUE_BOOL };
    a.bool_value = true;
    extra->items[extra->count++] = a;
}

static void add_port(struct extra *extra, struct weft_str key, uint16_t port)
{
    if (port == 0) return;
    struct weft_attribute a = { .key = key.ptr,
                                .key_len = key.len & 0xffffff,
                                .type = WEFT_VALUE_INT };
    a.int_value = port;
    extra->items[extra->count++] = a;
}

static void add_endpoint(struct extra *extra, struct weft_zipkin_read *read,
                         enum weft_zipkin_side side, const struct weft_zipkin_endpoint *endpoint)
{
    const struct weft_zipkin_keys *keys = &weft_zipkin_keys[side];
    bool is_address_tag = tag_find(read, keys->address.ptr) != NULL;
    if (side == WEFT_ZIPKIN_REMOTE) {
        if (tag_find(read, keys->service.ptr) != NULL)
            add_text(extra, keys->own_service, endpoint->service_name);
        else if (endpoint->service_name.len > 0)
            add_text(extra, keys->service, endpoint->service_name);
    }
    if (is_address_tag)
        add_text(extra, keys->own_ipv4, endpoint->ipv4);
    else if (endpoint->ipv4.len > 0)
        add_text(extra, keys->address, endpoint->ipv4);
    if (endpoint->ipv6.len > 0)
        add_text(extra, is_address_tag || endpoint->ipv4.len > 0 ? keys->own_ipv6 : keys->address,
                 endpoint->ipv6);
    add_port(extra, tag_find(read, keys->port.ptr) != NULL ? keys->own_port : keys->port,
             endpoint->port);
}

static struct weft_attributes attributes_make(struct weft_zipkin_read *read, bool has_timestamp,
                                              struct weft_arena *arena)
{
    struct extra extra = { .count = 0 };
    uint32_t count = 0;
    add_endpoint(&extra, read, WEFT_ZIPKIN_REMOTE, &read->remote);
    add_endpoint(&extra, read, WEFT_ZIPKIN_LOCAL, &read->local);
    add_flag(&extra, WEFT_S(WEFT_ZIPKIN_SHARED), read->is_shared);
    add_flag(&extra, WEFT_S(WEFT_ZIPKIN_DEBUG), read->is_debug);
    add_flag(&extra, WEFT_S(WEFT_ZIPKIN_NO_TIMESTAMP), !has_timestamp);
    for (uint32_t i = 0; i < read->tags.count; i++)
        if (read->tags.items[i].key != NULL) read->tags.items[count++] = read->tags.items[i];
    read->tags.count = count;
    for (uint32_t i = 0; i < extra.count; i++) {
        *weft_otlp_run_next(&read->tags, arena) = extra.items[i];
        read->tags.count++;
    }
    return (struct weft_attributes){ read->tags.items, read->tags.count, 0 };
}

/* ---- the span ---- */

static void set_events(struct weft_span *span, const struct weft_zipkin_read *read,
                       struct weft_arena *arena)
{
    struct weft_event *events =
        weft_arena_alloc_array(arena, read->annotation_count, sizeof *events);
    for (uint32_t i = 0; i < read->annotation_count; i++) {
        events[i].time_unix_nano = us_to_ns(read->annotations[i].timestamp_us);
        events[i].name = read->annotations[i].value;
        weft_zipkin_event_parse(read->annotations[i].value, &events[i], arena);
    }
    span->events = events;
    span->event_count = read->annotation_count;
}

static void set_times(struct weft_span *span, const struct weft_zipkin_read *read, uint64_t now_ns)
{
    uint64_t start_ns = us_to_ns(read->timestamp_us), duration_ns = us_to_ns(read->duration_us);
    if (read->timestamp_us == 0) {
        start_ns = read->annotation_count == 0 ? now_ns : UINT64_MAX;
        for (uint32_t i = 0; i < read->annotation_count; i++)
            if (us_to_ns(read->annotations[i].timestamp_us) < start_ns)
                start_ns = us_to_ns(read->annotations[i].timestamp_us);
    }
    span->start_time_unix_nano = start_ns;
    if (__builtin_add_overflow(start_ns, duration_ns, &span->end_time_unix_nano))
        span->end_time_unix_nano = UINT64_MAX;
}

void weft_zipkin_convert(struct weft_zipkin_converter *converter, struct weft_otlp_json *d,
                         struct weft_zipkin_read *read)
{
    struct weft_span *span = weft_batch_add(d->batch);
    bool is_own_parent = memcmp(&read->parent_id, &read->id, sizeof read->id) == 0;
    span->trace_id = read->trace_id;
    span->span_id = read->id;
    if (!is_own_parent) span->parent_span_id = read->parent_id;
    span->name = read->name;
    span->kind = kind_of(read);
    span->flags = read->is_debug ? 1 : 0; /* sampled, whatever the sampler said */
    span->scope = take_scope(converter, read, d->arena);
    span->trace_state = tag_take(read, "w3c.tracestate");
    take_status(read, span);
    set_times(span, read, converter->now_ns);
    set_events(span, read, d->arena);
    span->attributes = attributes_make(read, read->timestamp_us != 0, d->arena);
}

/* ---- order ---- */

struct ordered_span {
    uint32_t resource, scope, place;
};

static int order_compare(const void *a, const void *b)
{
    const struct ordered_span *x = a, *y = b;
    if (x->resource != y->resource) return x->resource < y->resource ? -1 : 1;
    if (x->scope != y->scope) return x->scope < y->scope ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

void weft_zipkin_convert_finish(struct weft_zipkin_converter *converter, struct weft_batch *batch)
{
    uint32_t count = batch->span_count - converter->first;
    if (converter->scopes.count <= 1) return;
    struct weft_span *spans = batch->spans + converter->first;
    struct ordered_span *order = weft_arena_alloc_array(batch->arena, count, sizeof *order);
    struct weft_span *sorted = weft_arena_alloc_array(batch->arena, count, sizeof *sorted);
    for (uint32_t i = 0; i < count; i++) {
        const struct numbered_scope *scope = (const void *)spans[i].scope;
        order[i] = (struct ordered_span){ scope->resource, scope->number, i };
    }
    qsort(order, count, sizeof *order, order_compare);
    for (uint32_t i = 0; i < count; i++) sorted[i] = spans[order[i].place];
    memcpy(spans, sorted, count * sizeof *spans);
}

void weft_zipkin_converter_release(struct weft_zipkin_converter *converter)
{
    weft_map_release(&converter->resources);
    weft_map_release(&converter->scopes);
    weft_buf_release(&converter->key);
}
