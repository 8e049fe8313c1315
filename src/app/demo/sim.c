/* sim.c -- spans of the simulated shop (sim.h). */
#include "app/demo/sim.h"
#include "app/demo/stacks.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "wire/protobuf.h"
#include <math.h>
#include <stdarg.h>

#define TRACE_ARENA_BYTES ((size_t)64 << 10)
#define SCOPES_MAX 256
#define RESOURCE_ATTRIBUTES_MAX 24

/* One scope (with its resource) per service, instance and version: shared by its spans, as an SDK's
 * are. */
struct weft_demo_scope_cache {
    struct weft_arena arena; /* lives as long as the simulation */
    struct {
        uint64_t key;
        struct weft_scope *scope;
    } entries[SCOPES_MAX];
};

void weft_demo_sim_init(struct weft_demo_sim *sim, uint64_t seed, uint64_t begin_ns, double speed)
{
    *sim = (struct weft_demo_sim){
        .seed = seed, .begin_ns = begin_ns, .speed = speed, .kafka_offset = 48211900
    };
    sim->scopes = weft_alloc_zero(sizeof *sim->scopes);
    weft_arena_init(&sim->scopes->arena, 0);
}

void weft_demo_sim_release(struct weft_demo_sim *sim)
{
    weft_arena_release(&sim->scopes->arena);
    weft_free(sim->scopes);
    weft_free(sim->finished);
}

void weft_demo_trace_begin(struct weft_demo_sim *sim, uint64_t number, uint64_t start_ns)
{
    weft_arena_init(&sim->arena, TRACE_ARENA_BYTES);
    sim->finished_count = 0;
    weft_random_init(&sim->random,
                     weft_hash_u64(sim->seed + number * UINT64_C(0x9e3779b97f4a7c15)));
    sim->clock_ns = start_ns;
}

uint64_t weft_demo_story_ns(const struct weft_demo_sim *sim)
{
    return sim->begin_ns + (uint64_t)((double)(sim->clock_ns - sim->begin_ns) * sim->speed);
}

/* ---- resources ---- */

/* Instances take the new version one after the other, three minutes each. */
static unsigned version_of(const struct weft_demo_service *service, unsigned instance,
                           uint64_t now_ns)
{
    uint64_t minute = now_ns / (60 * WEFT_NS_PER_SECOND) % (24 * 60);
    if (service->trial_from < service->trial_to)
        return minute % 30 >= service->trial_from && minute % 30 < service->trial_to;
    return service->versions[1] != NULL && minute >= service->release_minute + 3 * instance;
}

static struct weft_scope *make_scope(struct weft_arena *arena,
                                     const struct weft_demo_service *service, unsigned instance,
                                     unsigned version)
{
    struct weft_resource *resource = weft_arena_alloc_zero(arena, sizeof *resource);
    struct weft_scope *scope = weft_arena_alloc_zero(arena, sizeof *scope);
    struct weft_attribute *a = weft_arena_alloc_array(arena, RESOURCE_ATTRIBUTES_MAX, sizeof *a);
    uint64_t id = weft_hash(service->name, strlen(service->name)) + instance;
    uint32_t n = 0;

    resource->service_name = weft_str_from_c(service->name);
    a[n++] = weft_attribute_text(WEFT_S("service.name"), resource->service_name);
    a[n++] = weft_attribute_text(WEFT_S("service.namespace"), WEFT_S("shop"));
    a[n++] =
        weft_attribute_text(WEFT_S("service.version"), weft_str_from_c(service->versions[version]));
    a[n++] = weft_attribute_text(WEFT_S("service.instance.id"),
                                 weft_arena_printf(arena, "%08x-%04x-4%03x-a%03x-%012llx",
                                                   (unsigned)id, (unsigned)(id >> 32) & 0xffff,
                                                   (unsigned)(id >> 48) & 0xfff, instance,
                                                   (unsigned long long)(id & 0xffffffffffff)));
    a[n++] = weft_attribute_text(WEFT_S("deployment.environment.name"), WEFT_S("production"));
    a[n++] = weft_attribute_text(WEFT_S("telemetry.sdk.name"), WEFT_S("opentelemetry"));
    a[n++] =
        weft_attribute_text(WEFT_S("telemetry.sdk.language"), weft_str_from_c(service->language));
    a[n++] =
        weft_attribute_text(WEFT_S("telemetry.sdk.version"), weft_str_from_c(service->sdk_version));
    for (const char *const *pair = service->resource; pair != NULL && *pair != NULL; pair += 2)
        a[n++] = weft_attribute_text(weft_str_from_c(pair[0]), weft_str_from_c(pair[1]));
    if (service->resource == NULL) { /* most run in one cluster */
        a[n++] = weft_attribute_text(WEFT_S("k8s.cluster.name"), WEFT_S("eu-1"));
        a[n++] = weft_attribute_text(WEFT_S("k8s.namespace.name"), WEFT_S("shop"));
        a[n++] = weft_attribute_text(WEFT_S("k8s.deployment.name"), weft_str_from_c(service->name));
        a[n++] = weft_attribute_text(WEFT_S("k8s.pod.name"),
                                     weft_arena_printf(arena, "%s-%08x-%05x", service->name,
                                                       (unsigned)(id >> 17),
                                                       (unsigned)(id >> 40) & 0xfffff));
        a[n++] = weft_attribute_text(WEFT_S("k8s.node.name"),
                                     weft_arena_printf(arena, "node-%u", (unsigned)(id % 6) + 1));
        a[n++] = weft_attribute_text(WEFT_S("cloud.region"), WEFT_S("eu-central-1"));
        a[n++] =
            weft_attribute_text(WEFT_S("cloud.availability_zone"),
                                weft_arena_printf(arena, "eu-central-1%c", (char)('a' + id % 3)));
    }
    resource->attributes = (struct weft_attributes){ a, n, 0 };
    resource->schema_url = WEFT_S("https://opentelemetry.io/schemas/1.38.0");
    scope->resource = resource;
    scope->name = weft_str_from_c(service->scope_name);
    scope->version = weft_str_from_c(service->scope_version);
    return scope;
}

static struct weft_scope *scope_of(struct weft_demo_sim *sim,
                                   const struct weft_demo_service *service, unsigned instance)
{
    unsigned version = version_of(service, instance, weft_demo_story_ns(sim));
    uint64_t key = (uint64_t)(uintptr_t)service * 64 + instance * 2 + version + 1;
    uint32_t at = (uint32_t)(weft_hash_u64(key) % SCOPES_MAX);
    while (sim->scopes->entries[at].key != 0 && sim->scopes->entries[at].key != key)
        at = (at + 1) % SCOPES_MAX;
    if (sim->scopes->entries[at].key == 0) {
        sim->scopes->entries[at].key = key;
        sim->scopes->entries[at].scope =
            make_scope(&sim->scopes->arena, service, instance, version);
    }
    return sim->scopes->entries[at].scope;
}

/* ---- spans ---- */

/* Drawn as all else, then turned by the time of the start: a second run of the same story must not
 * add to the traces of the first. */
static void draw_trace_id(struct weft_demo_sim *sim, struct weft_trace_id *out)
{
    uint64_t turn = weft_hash_u64(sim->begin_ns);
    weft_random_bytes(&sim->random, out->bytes, sizeof out->bytes);
    for (size_t i = 0; i < sizeof turn; i++) out->bytes[i] ^= (uint8_t)(turn >> 8 * i);
}

struct weft_demo_span *weft_demo_span_begin(struct weft_demo_sim *sim,
                                            const struct weft_demo_service *service,
                                            const struct weft_demo_context *parent,
                                            const char *name, enum weft_span_kind kind)
{
    struct weft_demo_span *s = weft_arena_alloc_zero(&sim->arena, sizeof *s);
    s->service = service;
    s->span.name = weft_arena_copy(&sim->arena, weft_str_from_c(name));
    s->span.kind = (uint8_t)kind;
    s->span.start_time_unix_nano = sim->clock_ns;
    s->span.scope = scope_of(sim, service, weft_demo_pick(sim, service->instances));
    s->span.flags = 1 | WEFT_FLAG_HAS_IS_REMOTE;
    if (parent != NULL) {
        s->span.trace_id = parent->trace_id;
        s->span.parent_span_id = parent->span_id;
        if (kind == WEFT_KIND_SERVER || kind == WEFT_KIND_CONSUMER)
            s->span.flags |= WEFT_FLAG_IS_REMOTE;
    } else {
        draw_trace_id(sim, &s->span.trace_id);
    }
    weft_random_bytes(&sim->random, s->span.span_id.bytes, sizeof s->span.span_id.bytes);
    s->context = (struct weft_demo_context){ s->span.trace_id, s->span.span_id, 1 };
    return s;
}

void weft_demo_span_end(struct weft_demo_sim *sim, struct weft_demo_span *s)
{
    s->span.end_time_unix_nano = sim->clock_ns;
    s->span.attributes.items = s->attributes;
    s->span.events = s->events;
    s->span.links = s->links;
    if (sim->finished_count == sim->finished_capacity) {
        sim->finished_capacity = sim->finished_capacity > 0 ? sim->finished_capacity * 2 : 256;
        sim->finished =
            weft_realloc_array(sim->finished, sim->finished_capacity, sizeof *sim->finished);
    }
    sim->finished[sim->finished_count++] = &s->span;
}

static struct weft_attribute *add_attribute(struct weft_demo_span *s, const char *key,
                                            enum weft_value_type type)
{
    static struct weft_attribute overflow; /* a span of the shop has at most DEMO_ATTRIBUTES_MAX */
    if (s->span.attributes.count == DEMO_ATTRIBUTES_MAX) {
        s->span.attributes.dropped_count++;
        return &overflow;
    }
    struct weft_attribute *a = &s->attributes[s->span.attributes.count++];
    *a = (struct weft_attribute){ .key = key, .key_len = (uint32_t)strlen(key), .type = type };
    return a;
}

void weft_demo_text(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *key,
                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct weft_str value = weft_arena_vprintf(&sim->arena, format, args);
    va_end(args);
    struct weft_attribute *a = add_attribute(span, key, WEFT_VALUE_STRING);
    a->ptr = value.ptr;
    a->value_len = (uint32_t)value.len;
}

void weft_demo_int(struct weft_demo_span *span, const char *key, int64_t value)
{
    add_attribute(span, key, WEFT_VALUE_INT)->int_value = value;
}

void weft_demo_double(struct weft_demo_span *span, const char *key, double value)
{
    add_attribute(span, key, WEFT_VALUE_DOUBLE)->double_value = value;
}

void weft_demo_bool(struct weft_demo_span *span, const char *key, bool value)
{
    add_attribute(span, key, WEFT_VALUE_BOOL)->bool_value = value;
}

void weft_demo_texts(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *key,
                     const char *const *texts, unsigned count)
{
    struct weft_buf array = { 0 };
    for (unsigned i = 0; i < count; i++) { /* ArrayValue{values = 1}, AnyValue{string_value = 1} */
        size_t value = weft_pb_open(&array, 1);
        weft_pb_put_bytes(&array, 1, weft_str_from_c(texts[i]));
        weft_pb_close(&array, value);
    }
    struct weft_str copy = weft_arena_copy(&sim->arena, weft_buf_str(&array));
    struct weft_attribute *a = add_attribute(span, key, WEFT_VALUE_ARRAY);
    a->ptr = copy.ptr;
    a->value_len = (uint32_t)copy.len;
    weft_buf_release(&array);
}

struct weft_event *weft_demo_event(struct weft_demo_sim *sim, struct weft_demo_span *s,
                                   const char *name)
{
    if (s->span.event_count == DEMO_EVENTS_MAX) {
        s->span.dropped_events_count++;
        return weft_arena_alloc_zero(&sim->arena, sizeof(struct weft_event));
    }
    struct weft_event *event = &s->events[s->span.event_count++];
    event->time_unix_nano = sim->clock_ns;
    event->name = weft_str_from_c(name);
    return event;
}

void weft_demo_event_text(struct weft_demo_sim *sim, struct weft_event *event, const char *key,
                          const char *value)
{
    uint32_t count = event->attributes.count;
    struct weft_attribute *items = weft_arena_alloc_array(&sim->arena, count + 1, sizeof *items);
    if (count > 0) memcpy(items, event->attributes.items, count * sizeof *items);
    items[count] = weft_attribute_text(weft_str_from_c(key),
                                       weft_arena_copy(&sim->arena, weft_str_from_c(value)));
    event->attributes.items = items;
    event->attributes.count = count + 1;
}

void weft_demo_error(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *error_type,
                     const char *message)
{
    span->span.status_code = WEFT_STATUS_ERROR;
    if (message != NULL)
        span->span.status_message = weft_arena_copy(&sim->arena, weft_str_from_c(message));
    weft_demo_text(sim, span, "error.type", "%s", error_type);
}

void weft_demo_exception(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *type,
                         const char *message)
{
    struct weft_event *event = weft_demo_event(sim, span, "exception");
    weft_demo_event_text(sim, event, "exception.type", type);
    weft_demo_event_text(sim, event, "exception.message", message);
    weft_demo_event_text(
        sim, event, "exception.stacktrace",
        weft_demo_stack_trace(&sim->arena, span->service->language, type, message));
}

void weft_demo_link(struct weft_demo_span *s, const struct weft_demo_context *to)
{
    if (s->span.link_count == DEMO_LINKS_MAX) {
        s->span.dropped_links_count++;
        return;
    }
    struct weft_link *link = &s->links[s->span.link_count++];
    link->trace_id = to->trace_id;
    link->span_id = to->span_id;
    link->flags = to->flags | WEFT_FLAG_HAS_IS_REMOTE | WEFT_FLAG_IS_REMOTE;
}

/* ---- time and chance ---- */

void weft_demo_work(struct weft_demo_sim *sim, double ms)
{
    double factor = exp(0.35 * weft_random_normal(&sim->random)); /* log-normal, median 1 */
    if (weft_demo_chance(sim, 0.01))
        factor *= 4; /* a pause: garbage collection, a noisy neighbour */
    sim->clock_ns += (uint64_t)(ms * factor * 1e6) + 1;
}

void weft_demo_wait_ns(struct weft_demo_sim *sim, uint64_t ns)
{
    sim->clock_ns += ns;
}

bool weft_demo_chance(struct weft_demo_sim *sim, double probability)
{
    return weft_random_unit(&sim->random) < probability;
}

unsigned weft_demo_pick(struct weft_demo_sim *sim, unsigned count)
{
    return (unsigned)weft_random_below(&sim->random, count);
}

unsigned weft_demo_pick_popular(struct weft_demo_sim *sim, unsigned count)
{
    double u = weft_random_unit(&sim->random);
    return (unsigned)(u * u * u * count);
}
