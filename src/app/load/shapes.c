/* shapes.c -- the table of the shapes and what they share (shapes.h); the small shape. */
#include "app/load/shapes.h"
#include "app/load/shapes_internal.h"
#include "base/hash.h"

#define ROW(name, spans, kind, fill, help) { #name, help, fill, spans, kind },
const struct weft_load_shape weft_load_shapes[] = { WEFT_LOAD_SHAPES(ROW){ 0 } };
#undef ROW

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

void weft_load_random_init(struct weft_random *random, const struct weft_load_draw *draw)
{
    weft_random_init(random, weft_hash_u64(draw->seed ^ weft_hash_u64(draw->number + 1)));
}

struct weft_str weft_load_numbered(struct weft_arena *arena, struct weft_str prefix,
                                   uint64_t number, unsigned digits)
{
    char *p = weft_arena_alloc(arena, prefix.len + digits);
    memcpy(p, prefix.ptr, prefix.len);
    for (size_t i = prefix.len + digits; i-- > prefix.len; number /= 10)
        p[i] = (char)('0' + number % 10);
    return weft_str_make(p, prefix.len + digits);
}

struct weft_str weft_load_uuid(struct weft_arena *arena, struct weft_random *random)
{
    static const char digits[] = "0123456789abcdef";
    char *p = weft_arena_alloc(arena, 36);
    uint64_t bits = 0;
    for (unsigned i = 0; i < 36; i++, bits >>= 4) {
        if (i == 0 || i == 18) bits = weft_random_u64(random);
        p[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : digits[bits & 15];
    }
    return weft_str_make(p, 36);
}

struct weft_str weft_load_noise(struct weft_arena *arena, struct weft_random *random, size_t len)
{
    char *p = weft_arena_alloc(arena, len + 8);
    for (size_t i = 0; i < len; i += 8) {
        uint64_t bits = weft_random_u64(random);
        for (unsigned k = 0; k < 8; k++, bits >>= 8) p[i + k] = (char)('@' + (bits & 31));
    }
    return weft_str_make(p, len);
}

int weft_load_fill_small(struct weft_batch *batch, const struct weft_load_draw *draw,
                         struct weft_err *err)
{
    const struct weft_scope *scope = weft_load_scope(batch->arena, WEFT_S("load"), WEFT_S("load"));
    (void)err;
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_span *span = weft_batch_add(batch);
        struct weft_attribute *a = weft_arena_alloc_zero(batch->arena, sizeof *a);
        struct weft_event *event = weft_arena_alloc_zero(batch->arena, sizeof *event);
        span->scope = scope;
        span->name = WEFT_S("work");
        span->kind = WEFT_KIND_INTERNAL;
        *a = weft_attribute_text(WEFT_S("key"), weft_load_numbered(batch->arena, WEFT_S("v"),
                                                                   (i + draw->number) % 100, 2));
        span->attributes = (struct weft_attributes){ a, 1, 0 };
        weft_load_place_ids(span, i, i, WEFT_LOAD_NO_PARENT, i, 1000 + i % 64);
        event->time_unix_nano = UINT64_C(1795226400000000000);
        event->name = WEFT_S("done");
        span->events = event;
        span->event_count = 1;
    }
    return WEFT_OK;
}
