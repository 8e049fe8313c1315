/* batch_random.c -- batches drawn from a seed. */
#include "model/batch_random.h"

#include "model/otlp_internal.h"
#include "wire/protobuf.h"
#include "wire/text.h"

#define DEFAULT_START UINT64_C(1795219200000000000) /* 2026-11-21 */

struct maker {
    struct weft_random *random;
    struct weft_arena *arena;
    const struct weft_batch_random_knobs *knobs;
};

static uint64_t below(struct maker *m, uint64_t limit)
{
    return weft_random_below(m->random, limit);
}

/* True once in `n`. */
static bool one_in(struct maker *m, uint64_t n)
{
    return below(m, n) == 0;
}

static struct weft_str pick(struct maker *m, const char *const *words, size_t count)
{
    return weft_str_from_c(words[below(m, count)]);
}
#define PICK(m, words) pick(m, words, sizeof words / sizeof *words)

static struct weft_str unicode_text(struct maker *m)
{
    static const uint32_t points[] = { 0,      1,       0x1f,    0x7f,     0x80,   0xe9,
                                       0x7ff,  0x800,   0x20ac,  0xd7ff,   0xe000, 0xfffd,
                                       0xffff, 0x10000, 0x1f600, 0x10ffff, '"',    '\\',
                                       '/',    '\n',    ' ',     'a' };
    size_t count = below(m, 12), len = 0;
    char *text = weft_arena_alloc(m->arena, 4 * count + 1);
    for (size_t i = 0; i < count; i++)
        len += weft_utf8_encode(text + len, points[below(m, sizeof points / sizeof *points)]);
    return weft_str_make(text, len);
}

static struct weft_str plain_text(struct maker *m)
{
    static const char *const words[] = {
        "GET",    "POST",      "cart",    "checkout",        "/api/products/{id}",
        "SELECT", "us-east-1", "payment", "frontend-7d4b9c", "Mozilla/5.0 (X11; Linux x86_64)",
        "OK",     "1.2.3"
    };
    if (!one_in(m, 3)) return PICK(m, words);
    size_t len = m->knobs->has_odd_values && one_in(m, 20) ? 100 + below(m, 5000) : below(m, 40);
    char *text = weft_arena_alloc(m->arena, len + 1);
    for (size_t i = 0; i < len; i++) text[i] = (char)(' ' + below(m, 95));
    return weft_str_make(text, len);
}

static struct weft_str any_text(struct maker *m)
{
    return m->knobs->has_unicode && one_in(m, 3) ? unicode_text(m) : plain_text(m);
}

static struct weft_str any_key(struct maker *m)
{
    static const char *const words[] = { "http.request.method",
                                         "url.path",
                                         "http.response.status_code",
                                         "db.system.name",
                                         "server.address",
                                         "server.port",
                                         "user.id",
                                         "messaging.destination.name",
                                         "error.type",
                                         "thread.id",
                                         "cache.hit",
                                         "cart.total",
                                         "retry",
                                         "queue.wait",
                                         "k" };
    if (m->knobs->has_odd_values && one_in(m, 30)) return WEFT_S("");
    if (m->knobs->has_unicode && one_in(m, 20)) return unicode_text(m);
    return PICK(m, words);
}

static int64_t any_int(struct maker *m)
{
    if (m->knobs->has_odd_values && one_in(m, 4)) {
        static const int64_t odd[] = {
            0, -1, INT64_MAX, INT64_MIN, INT64_C(9007199254740993), -INT64_C(9007199254740993)
        };
        return odd[below(m, sizeof odd / sizeof *odd)];
    }
    return (int64_t)(weft_random_u64(m->random) >> (8 + below(m, 56)));
}

static double any_double(struct maker *m)
{
    if (m->knobs->has_odd_values && one_in(m, 3)) {
        const double odd[] = { 0.0,
                               -0.0,
                               __builtin_inf(),
                               -__builtin_inf(),
                               __builtin_nan(""),
                               5e-324,
                               1.7976931348623157e308,
                               0.1,
                               1e21,
                               9007199254740993.0 };
        return odd[below(m, sizeof odd / sizeof *odd)];
    }
    return (double)below(m, 1000000) / 100;
}

static struct weft_str any_bytes(struct maker *m)
{
    size_t len = below(m, 20);
    char *bytes = weft_arena_alloc(m->arena, len + 1);
    weft_random_bytes(m->random, bytes, len);
    return weft_str_make(bytes, len);
}

static struct weft_value any_value(struct maker *m, unsigned depth);

static struct weft_str any_nested(struct maker *m, bool is_kvlist, unsigned depth)
{
    struct weft_buf buf = { 0 };
    for (uint64_t count = below(m, 4); count > 0; count--) {
        struct weft_value element = any_value(m, depth + 1);
        if (is_kvlist) {
            weft_otlp_put_key_value(&buf, 1, any_key(m), &element);
        } else {
            weft_pb_put_tag(&buf, 1, WEFT_PB_BYTES);
            weft_pb_put_varint(&buf, weft_otlp_value_size(&element));
            weft_otlp_put_value(&buf, &element);
        }
    }
    struct weft_str bytes = weft_arena_copy(m->arena, weft_buf_str(&buf));
    weft_buf_release(&buf);
    return bytes;
}

static struct weft_value any_value(struct maker *m, unsigned depth)
{
    if (m->knobs->has_nested_values && depth < 4 && one_in(m, 6)) {
        bool is_kvlist = one_in(m, 2);
        return (struct weft_value){ .type = is_kvlist ? WEFT_VALUE_KVLIST : WEFT_VALUE_ARRAY,
                                    .bytes = any_nested(m, is_kvlist, depth) };
    }
    if (m->knobs->has_odd_values && one_in(m, 12))
        return (struct weft_value){ .type = WEFT_VALUE_EMPTY };
    if (m->knobs->has_odd_values && one_in(m, 12)) {
        return (struct weft_value){ .type = WEFT_VALUE_BYTES, .bytes = any_bytes(m) };
    }
    switch (below(m, 6)) {
    case 0: return (struct weft_value){ .type = WEFT_VALUE_BOOL, .bool_value = one_in(m, 2) };
    case 1: return (struct weft_value){ .type = WEFT_VALUE_INT, .int_value = any_int(m) };
    case 2: return (struct weft_value){ .type = WEFT_VALUE_DOUBLE, .double_value = any_double(m) };
    default: return (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = any_text(m) };
    }
}

static uint32_t any_dropped(struct maker *m)
{
    return m->knobs->has_all_fields && one_in(m, 6)
               ? (uint32_t)(weft_random_u64(m->random) >> (32 + below(m, 32)))
               : 0;
}

static struct weft_attributes any_attributes(struct maker *m, uint32_t count_max)
{
    uint32_t count = (uint32_t)below(m, (uint64_t)count_max + 1);
    struct weft_attribute *items = weft_arena_alloc_array(m->arena, count + 1, sizeof *items);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_value value = any_value(m, 0);
        weft_otlp_attribute_set(&items[i], any_key(m), &value);
    }
    return (struct weft_attributes){ items, count, any_dropped(m) };
}

static struct weft_str optional_text(struct maker *m)
{
    return m->knobs->has_all_fields && one_in(m, 3) ? any_text(m) : WEFT_S("");
}

static struct weft_str any_entity_refs(struct maker *m)
{
    struct weft_buf buf = { 0 };
    for (uint64_t count = below(m, 3); count > 0; count--) {
        size_t mark = weft_pb_open(&buf, 3);
        weft_pb_put_bytes(&buf, 1, WEFT_S("https://opentelemetry.io/schemas/1.37.0"));
        weft_pb_put_bytes(&buf, 2, WEFT_S("service.instance"));
        weft_pb_put_bytes(&buf, 3, WEFT_S("service.instance.id"));
        if (one_in(m, 2)) weft_pb_put_bytes(&buf, 4, WEFT_S("service.version"));
        weft_pb_close(&buf, mark);
    }
    struct weft_str bytes = weft_arena_copy(m->arena, weft_buf_str(&buf));
    weft_buf_release(&buf);
    return bytes;
}

static const struct weft_resource *any_resource(struct maker *m)
{
    static const char *const services[] = { "frontend", "cart",     "checkout",
                                            "payment",  "shipping", "ad" };
    struct weft_resource *resource = weft_arena_alloc_zero(m->arena, sizeof *resource);
    struct weft_attributes others = any_attributes(m, 3);
    struct weft_attribute *items =
        weft_arena_alloc_array(m->arena, others.count + 1, sizeof *items);
    struct weft_value service = { .type = WEFT_VALUE_STRING, .bytes = PICK(m, services) };
    bool has_service = !one_in(m, 10);
    memcpy(items, others.items, others.count * sizeof *items);
    if (has_service)
        weft_otlp_attribute_set(&items[others.count], WEFT_S("service.name"), &service);
    resource->attributes =
        (struct weft_attributes){ items, others.count + has_service, others.dropped_count };
    resource->schema_url = optional_text(m);
    if (m->knobs->has_all_fields && one_in(m, 3)) resource->entity_refs = any_entity_refs(m);
    weft_otlp_resource_finish(resource);
    return resource;
}

static const struct weft_scope *any_scope(struct maker *m, const struct weft_resource *resource)
{
    struct weft_scope *scope = weft_arena_alloc_zero(m->arena, sizeof *scope);
    scope->resource = resource;
    scope->name = one_in(m, 8) ? WEFT_S("") : any_text(m);
    scope->version = optional_text(m);
    if (m->knobs->has_all_fields) scope->attributes = any_attributes(m, 2);
    scope->schema_url = optional_text(m);
    return scope;
}

static void ids_set(struct maker *m, struct weft_span *span, const struct weft_trace_id *trace)
{
    span->trace_id = *trace;
    weft_random_bytes(m->random, span->span_id.bytes, 8);
    span->span_id.bytes[7] |= 1; /* never zero */
}

static void times_set(struct maker *m, struct weft_span *span)
{
    uint64_t start = m->knobs->start_unix_nano != 0 ? m->knobs->start_unix_nano : DEFAULT_START;
    span->start_time_unix_nano = start + below(m, UINT64_C(600000000000));
    span->end_time_unix_nano =
        span->start_time_unix_nano + below(m, UINT64_C(1) << (1 + below(m, 36)));
    if (!m->knobs->has_odd_times || !one_in(m, 6)) return;
    static const uint64_t odd[] = { 0, 1, UINT64_MAX, UINT64_C(1) << 63, DEFAULT_START };
    span->start_time_unix_nano = odd[below(m, 5)];
    span->end_time_unix_nano = odd[below(m, 5)];
}

static void events_and_links_set(struct maker *m, struct weft_span *span)
{
    span->event_count = (uint32_t)below(m, 4);
    span->link_count = (uint32_t)below(m, 3);
    struct weft_event *events =
        weft_arena_alloc_array(m->arena, span->event_count + 1, sizeof *events);
    struct weft_link *links = weft_arena_alloc_array(m->arena, span->link_count + 1, sizeof *links);
    for (uint32_t i = 0; i < span->event_count; i++) {
        events[i].time_unix_nano =
            one_in(m, 10) ? 0 : span->start_time_unix_nano + below(m, 1000000);
        events[i].name = one_in(m, 3) ? WEFT_S("exception") : any_text(m);
        events[i].attributes = any_attributes(m, 4);
    }
    for (uint32_t i = 0; i < span->link_count; i++) {
        if (!one_in(m, 8)) weft_random_bytes(m->random, links[i].trace_id.bytes, 16);
        if (!one_in(m, 8)) weft_random_bytes(m->random, links[i].span_id.bytes, 8);
        links[i].trace_state = optional_text(m);
        links[i].attributes = any_attributes(m, 3);
        links[i].flags = (uint32_t)below(m, WEFT_FLAGS_MASK + 1);
    }
    span->events = events;
    span->links = links;
    span->dropped_events_count = any_dropped(m);
    span->dropped_links_count = any_dropped(m);
}

static void span_set(struct maker *m, struct weft_span *span, const struct weft_trace_id *trace,
                     const struct weft_span *maybe_parent)
{
    ids_set(m, span, trace);
    times_set(m, span);
    if (maybe_parent != NULL && memcmp(&maybe_parent->trace_id, trace, sizeof *trace) == 0 &&
        !one_in(m, 10)) {
        span->parent_span_id = maybe_parent->span_id;
    } else if (one_in(m, 20)) {
        span->parent_span_id.bytes[0] = 0xff; /* an unknown parent */
    }
    span->name = m->knobs->has_odd_values && one_in(m, 20) ? WEFT_S("") : any_text(m);
    span->kind = (uint8_t)below(m, WEFT_KIND_COUNT);
    span->status_code = (uint8_t)(one_in(m, 4) ? below(m, WEFT_STATUS_COUNT) : WEFT_STATUS_UNSET);
    span->status_message = optional_text(m);
    span->trace_state =
        m->knobs->has_all_fields && one_in(m, 4) ? WEFT_S("ot=th:c8,vendor=1") : WEFT_S("");
    span->flags = m->knobs->has_all_fields ? (uint32_t)below(m, WEFT_FLAGS_MASK + 1) : 0;
    span->attributes =
        any_attributes(m, m->knobs->attributes_max != 0 ? m->knobs->attributes_max : 16);
    if (m->knobs->has_events_and_links) events_and_links_set(m, span);
}

void weft_batch_random(struct weft_batch *out, struct weft_random *random,
                       const struct weft_batch_random_knobs *knobs)
{
    struct maker m = { random, out->arena, knobs };
    uint32_t count = knobs->span_count != 0 ? knobs->span_count : 1 + (uint32_t)below(&m, 40);
    uint32_t trace_count = knobs->trace_count != 0 ? knobs->trace_count : 1 + count / 8;
    struct weft_trace_id *traces = weft_arena_alloc_array(out->arena, trace_count, sizeof *traces);
    for (uint32_t i = 0; i < trace_count; i++) {
        weft_random_bytes(random, traces[i].bytes, 16);
        traces[i].bytes[15] |= 1;
    }
    const struct weft_resource *resource = NULL;
    const struct weft_scope *scope = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (resource == NULL || one_in(&m, 12)) {
            resource = any_resource(&m);
            scope = any_scope(&m, resource);
        } else if (one_in(&m, 8)) {
            scope = any_scope(&m, resource);
        }
        struct weft_span *span = weft_batch_add(out);
        span->scope = scope;
        span_set(&m, span, &traces[below(&m, trace_count)],
                 i > 0 ? &out->spans[out->span_count - 2] : NULL);
    }
}
