/* shapes_tracegen.c -- a2, a2v, a2r: ten-span traces over ten services, 11 of 97 keys a span
 * (shapes.h). */
#include "app/load/shapes_internal.h"

enum { KEYS = 97, KEYS_A_SPAN = 11, VALUES = 1000, SPANS_A_TRACE = 10, SERVICES = 10 };

enum variety { COUNTED, RANDOM_VALUES, RANDOM_KEYS };

/* `count` different numbers below KEYS. */
static void draw_keys(struct weft_random *random, uint32_t *keys, uint32_t count)
{
    uint64_t taken[2] = { 0 };
    for (uint32_t k = 0; k < count;) {
        uint32_t key = (uint32_t)weft_random_below(random, KEYS);
        if (taken[key / 64] >> key % 64 & 1) continue;
        taken[key / 64] |= UINT64_C(1) << key % 64;
        keys[k++] = key;
    }
}

static void fill_span(struct weft_span *span, uint64_t counter, enum variety variety,
                      struct weft_random *random, struct weft_arena *arena)
{
    struct weft_attribute *a = weft_arena_alloc_array(arena, KEYS_A_SPAN, sizeof *a);
    uint32_t keys[KEYS_A_SPAN];
    if (variety == RANDOM_KEYS) draw_keys(random, keys, KEYS_A_SPAN);
    for (uint32_t k = 0; k < KEYS_A_SPAN; k++) {
        uint64_t at = counter * KEYS_A_SPAN + k;
        uint64_t key = variety == RANDOM_KEYS ? keys[k] : at % KEYS;
        uint64_t value = variety == COUNTED ? at % VALUES : weft_random_below(random, VALUES);
        a[k] = weft_attribute_text(weft_load_numbered(arena, WEFT_S("key-"), key, 2),
                                   weft_load_numbered(arena, WEFT_S("value-"), value, 3));
    }
    span->attributes = (struct weft_attributes){ a, KEYS_A_SPAN, 0 };
}

/* Spans of one service stand together, as exporters send them: service s has span s of every
 * trace. */
static int fill(struct weft_batch *batch, const struct weft_load_draw *draw, enum variety variety)
{
    uint32_t count = draw->span_count, traces = (count + SPANS_A_TRACE - 1) / SPANS_A_TRACE;
    struct weft_random random;
    weft_load_random_init(&random, draw);
    for (uint32_t service = 0; service < SERVICES; service++) {
        const struct weft_scope *scope = weft_load_scope(
            batch->arena, weft_load_numbered(batch->arena, WEFT_S("service-"), service, 1),
            WEFT_S("tracegen"));
        for (uint32_t trace = 0; trace < traces; trace++) {
            uint32_t number = trace * SPANS_A_TRACE + service;
            if (number >= count) continue;
            struct weft_span *span = weft_batch_add(batch);
            span->scope = scope;
            span->name = weft_load_numbered(batch->arena, WEFT_S("operation-"), service, 1);
            span->kind = service == 0 ? WEFT_KIND_SERVER : WEFT_KIND_CLIENT;
            weft_load_place_ids(span, trace, number,
                                service == 0 ? WEFT_LOAD_NO_PARENT : trace * SPANS_A_TRACE,
                                service * 100000, 1000000 - service * 50000);
            fill_span(span, draw->number * count + number, variety, &random, batch->arena);
        }
    }
    return WEFT_OK;
}

int weft_load_fill_a2(struct weft_batch *batch, const struct weft_load_draw *draw,
                      struct weft_err *err)
{
    (void)err;
    return fill(batch, draw, COUNTED);
}
int weft_load_fill_a2v(struct weft_batch *batch, const struct weft_load_draw *draw,
                       struct weft_err *err)
{
    (void)err;
    return fill(batch, draw, RANDOM_VALUES);
}
int weft_load_fill_a2r(struct weft_batch *batch, const struct weft_load_draw *draw,
                       struct weft_err *err)
{
    (void)err;
    return fill(batch, draw, RANDOM_KEYS);
}
