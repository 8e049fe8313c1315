/* shapes.c -- the synthetic shapes and their table (shapes.h). The shapes of the conventions are in
 * shapes_semconv.c. */
#include "app/load/shapes.h"
#include "app/load/shapes_internal.h"

#define A2_KEYS 97
#define A2_KEYS_A_SPAN 11
#define A2_VALUES 1000
#define A2_SPANS_A_TRACE 10
#define A2_SERVICES 10

struct weft_scope *weft_load_scope(struct weft_arena *arena, struct weft_str service,
                                   struct weft_str scope_name)
{
    struct weft_resource *resource = weft_arena_alloc_zero(arena, sizeof *resource);
    struct weft_scope *scope = weft_arena_alloc_zero(arena, sizeof *scope);
    struct weft_attribute *a = weft_arena_alloc_zero(arena, sizeof *a);
    *a = weft_attribute_text(WEFT_S("service.name"), service);
    resource->attributes = (struct weft_attributes){ a, 1, 0 };
    resource->service_name = service;
    scope->resource = resource;
    scope->name = scope_name;
    return scope;
}

static void fill_a2_span(struct weft_span *span, uint64_t counter, struct weft_arena *arena)
{
    struct weft_attribute *a = weft_arena_alloc_array(arena, A2_KEYS_A_SPAN, sizeof *a);
    for (uint32_t k = 0; k < A2_KEYS_A_SPAN; k++) {
        uint64_t at = counter * A2_KEYS_A_SPAN + k;
        a[k] =
            weft_attribute_text(weft_arena_printf(arena, "key-%02u", (unsigned)(at % A2_KEYS)),
                                weft_arena_printf(arena, "value-%03u", (unsigned)(at % A2_VALUES)));
    }
    span->attributes = (struct weft_attributes){ a, A2_KEYS_A_SPAN, 0 };
}

/* Spans of one service stand together, as exporters send them: service s has span s of every
 * trace. */
static int fill_a2(struct weft_batch *batch, uint32_t count, uint32_t variant, struct weft_err *err)
{
    uint32_t traces = (count + A2_SPANS_A_TRACE - 1) / A2_SPANS_A_TRACE;
    for (uint32_t service = 0; service < A2_SERVICES; service++) {
        const struct weft_scope *scope =
            weft_load_scope(batch->arena, weft_arena_printf(batch->arena, "service-%u", service),
                            WEFT_S("tracegen"));
        for (uint32_t trace = 0; trace < traces; trace++) {
            uint32_t number = trace * A2_SPANS_A_TRACE + service;
            if (number >= count) continue;
            struct weft_span *span = weft_batch_add(batch);
            span->scope = scope;
            span->name = weft_arena_printf(batch->arena, "operation-%u", service);
            span->kind = service == 0 ? WEFT_KIND_SERVER : WEFT_KIND_CLIENT;
            weft_load_place_ids(span, trace, number,
                                service == 0 ? WEFT_LOAD_NO_PARENT : trace * A2_SPANS_A_TRACE,
                                service * 100000, 1000000 - service * 50000);
            fill_a2_span(span, (uint64_t)variant * count + number, batch->arena);
        }
    }
    return WEFT_OK;
}

static int fill_small(struct weft_batch *batch, uint32_t count, uint32_t variant,
                      struct weft_err *err)
{
    const struct weft_scope *scope = weft_load_scope(batch->arena, WEFT_S("load"), WEFT_S("load"));
    for (uint32_t i = 0; i < count; i++) {
        struct weft_span *span = weft_batch_add(batch);
        struct weft_attribute *a = weft_arena_alloc_zero(batch->arena, sizeof *a);
        struct weft_event *event = weft_arena_alloc_zero(batch->arena, sizeof *event);
        span->scope = scope;
        span->name = WEFT_S("work");
        span->kind = WEFT_KIND_INTERNAL;
        *a = weft_attribute_text(WEFT_S("key"),
                                 weft_arena_printf(batch->arena, "v%02u", (i + variant) % 100));
        span->attributes = (struct weft_attributes){ a, 1, 0 };
        weft_load_place_ids(span, i, i, WEFT_LOAD_NO_PARENT, i, 1000 + i % 64);
        event->time_unix_nano = UINT64_C(1795226400000000000);
        event->name = WEFT_S("done");
        span->events = event;
        span->event_count = 1;
    }
    return WEFT_OK;
}

const struct weft_load_shape weft_load_shapes[] = {
    { "a1",
      "66 shapes of the semantic conventions, 12.5 attributes, 840 bytes, a trace id per span",
      weft_load_fill_semconv },
    { "a2", "ten-span traces, 11 of 97 keys x 1,000 values, 10 services", fill_a2 },
    { "small", "119 bytes: one attribute, one event", fill_small },
    { 0 },
};
