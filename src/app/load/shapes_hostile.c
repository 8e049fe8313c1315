/* shapes_hostile.c -- traffic that defeats every table: each shape has one kind of variety without
 * end, `h` has several at once (shapes.h). */
#include "app/load/shapes_internal.h"
#include "base/endian.h"
#include "base/hash.h"

enum { SPANS_A_TRACE = 10, NAMES = 1000000, KEYS = 100000, LIST_KEYS = 100, WIDE_KEYS = 1000 };

struct making {
    struct weft_batch *batch;
    struct weft_arena *arena;
    struct weft_random random;
    const struct weft_scope *scope;
};

static void making_init(struct making *x, struct weft_batch *batch,
                        const struct weft_load_draw *draw)
{
    x->batch = batch;
    x->arena = batch->arena;
    x->scope = weft_load_scope(x->arena, WEFT_S("hostile"), WEFT_S("load"));
    weft_load_random_init(&x->random, draw);
}

/* The next span: ten to a trace, a root and its children. */
static struct weft_span *span_add(struct making *x)
{
    struct weft_span *span = weft_batch_add(x->batch);
    uint32_t i = x->batch->span_count - 1, trace = i / SPANS_A_TRACE;
    bool is_root = i % SPANS_A_TRACE == 0;
    span->scope = x->scope;
    span->name = WEFT_S("work");
    span->kind = is_root ? WEFT_KIND_SERVER : WEFT_KIND_CLIENT;
    weft_load_place_ids(span, trace, i, is_root ? WEFT_LOAD_NO_PARENT : trace * SPANS_A_TRACE,
                        i * 1000, 1000000 + weft_random_below(&x->random, 50000000));
    return span;
}

static struct weft_attribute *attributes_add(struct making *x, struct weft_span *span,
                                             uint32_t count)
{
    struct weft_attribute *a = weft_arena_alloc_array(x->arena, count, sizeof *a);
    span->attributes = (struct weft_attributes){ a, count, 0 };
    return a;
}

static struct weft_str value_of(struct making *x, uint32_t kinds)
{
    return weft_load_numbered(x->arena, WEFT_S("value-"), weft_random_below(&x->random, kinds), 4);
}

static struct weft_attribute plain(struct making *x, struct weft_str key)
{
    return weft_attribute_text(key, value_of(x, 50));
}

int weft_load_fill_names(struct weft_batch *batch, const struct weft_load_draw *draw,
                         struct weft_err *err)
{
    struct making x;
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_span *span = span_add(&x);
        struct weft_attribute *a = attributes_add(&x, span, 2);
        span->name = weft_load_numbered(x.arena, WEFT_S("GET /articles/"),
                                        weft_random_below(&x.random, NAMES), 7);
        a[0] = plain(&x, WEFT_S("http.route"));
        a[1] = plain(&x, WEFT_S("user.tier"));
    }
    return WEFT_OK;
}

int weft_load_fill_keys(struct weft_batch *batch, const struct weft_load_draw *draw,
                        struct weft_err *err)
{
    struct making x;
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_attribute *a = attributes_add(&x, span_add(&x), 10);
        for (uint32_t k = 0; k < 10; k++) {
            uint64_t key = weft_random_below(&x.random, KEYS / 10) * 10 + k; /* no key twice */
            a[k] = plain(&x, weft_load_numbered(x.arena, WEFT_S("attribute-"), key, 6));
        }
    }
    return WEFT_OK;
}

int weft_load_fill_keylists(struct weft_batch *batch, const struct weft_load_draw *draw,
                            struct weft_err *err)
{
    struct making x;
    uint32_t keys[LIST_KEYS];
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t k = 0; k < LIST_KEYS; k++) keys[k] = k;
    for (uint32_t i = 0; i < draw->span_count; i++) {
        uint32_t count = 5 + (uint32_t)weft_random_below(&x.random, 16);
        struct weft_attribute *a = attributes_add(&x, span_add(&x), count);
        for (uint32_t k = 0; k < count; k++) {
            uint32_t pick = k + (uint32_t)weft_random_below(&x.random, LIST_KEYS - k);
            uint32_t key = keys[pick];
            keys[pick] = keys[k];
            keys[k] = key;
            a[k] = plain(&x, weft_load_numbered(x.arena, WEFT_S("key-"), key, 3));
        }
    }
    return WEFT_OK;
}

int weft_load_fill_wide(struct weft_batch *batch, const struct weft_load_draw *draw,
                        struct weft_err *err)
{
    struct making x;
    struct weft_str *keys = weft_arena_alloc_array(batch->arena, WIDE_KEYS, sizeof *keys);
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t k = 0; k < WIDE_KEYS; k++)
        keys[k] = weft_load_numbered(x.arena, WEFT_S("column-"), k, 4);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_attribute *a = attributes_add(&x, span_add(&x), WIDE_KEYS);
        for (uint32_t k = 0; k < WIDE_KEYS; k++) a[k] = plain(&x, keys[k]);
    }
    return WEFT_OK;
}

int weft_load_fill_uuid(struct weft_batch *batch, const struct weft_load_draw *draw,
                        struct weft_err *err)
{
    struct making x;
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_attribute *a = attributes_add(&x, span_add(&x), 12);
        for (uint32_t k = 0; k < 12; k++)
            a[k] = weft_attribute_text(weft_load_numbered(x.arena, WEFT_S("id-"), k, 2),
                                       weft_load_uuid(x.arena, &x.random));
    }
    return WEFT_OK;
}

int weft_load_fill_big(struct weft_batch *batch, const struct weft_load_draw *draw,
                       struct weft_err *err)
{
    struct making x;
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_attribute *a = attributes_add(&x, span_add(&x), 2);
        a[0] = plain(&x, WEFT_S("kind"));
        a[1] = weft_attribute_text(WEFT_S("payload"), weft_load_noise(x.arena, &x.random, 1 << 20));
    }
    return WEFT_OK;
}

static void events_add(struct making *x, struct weft_span *span, uint32_t count)
{
    struct weft_event *events = weft_arena_alloc_array(x->arena, count, sizeof *events);
    for (uint32_t k = 0; k < count; k++) {
        struct weft_attribute *a = weft_arena_alloc_array(x->arena, 3, sizeof *a);
        a[0] = plain(x, WEFT_S("level"));
        a[1] = weft_attribute_text(WEFT_S("message.id"), weft_load_uuid(x->arena, &x->random));
        a[2] = plain(x, WEFT_S("thread"));
        events[k] = (struct weft_event){ UINT64_C(1795226400000000000) + k * 1000,
                                         weft_load_numbered(x->arena, WEFT_S("event-"), k, 2),
                                         { a, 3, 0 } };
    }
    span->events = events;
    span->event_count = count;
}

static void links_add(struct making *x, struct weft_span *span, uint32_t count)
{
    struct weft_link *links = weft_arena_alloc_array(x->arena, count, sizeof *links);
    for (uint32_t k = 0; k < count; k++) {
        struct weft_attribute *a = weft_arena_alloc_array(x->arena, 1, sizeof *a);
        a[0] = plain(x, WEFT_S("reason"));
        weft_random_bytes(&x->random, links[k].trace_id.bytes, 16);
        weft_random_bytes(&x->random, links[k].span_id.bytes, 8);
        links[k].attributes = (struct weft_attributes){ a, 1, 0 };
    }
    span->links = links;
    span->link_count = count;
}

int weft_load_fill_events(struct weft_batch *batch, const struct weft_load_draw *draw,
                          struct weft_err *err)
{
    struct making x;
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_span *span = span_add(&x);
        attributes_add(&x, span, 1)[0] = plain(&x, WEFT_S("kind"));
        events_add(&x, span, 20);
        links_add(&x, span, 8);
    }
    return WEFT_OK;
}

int weft_load_fill_single(struct weft_batch *batch, const struct weft_load_draw *draw,
                          struct weft_err *err)
{
    struct making x;
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_span *span = span_add(&x);
        struct weft_attribute *a = attributes_add(&x, span, 3);
        for (uint32_t k = 0; k < 3; k++)
            a[k] = plain(&x, weft_load_numbered(x.arena, WEFT_S("key-"), k, 1));
        span->kind = WEFT_KIND_SERVER;
        memset(&span->parent_span_id, 0, sizeof span->parent_span_id);
        weft_load_place_ids(span, i, i, WEFT_LOAD_NO_PARENT, i * 1000,
                            1000000 + weft_random_below(&x.random, 50000000));
    }
    return WEFT_OK;
}

/* As tracers of old make them. */
int weft_load_fill_ids64(struct weft_batch *batch, const struct weft_load_draw *draw,
                         struct weft_err *err)
{
    struct making x;
    (void)err;
    making_init(&x, batch, draw);
    uint64_t base = weft_random_u64(&x.random);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_span *span = span_add(&x);
        memset(span->trace_id.bytes, 0, sizeof span->trace_id);
        weft_store_u64(span->trace_id.bytes + 8, weft_hash_u64(base + i / SPANS_A_TRACE) | 1);
        attributes_add(&x, span, 1)[0] = plain(&x, WEFT_S("kind"));
    }
    return WEFT_OK;
}

/* A trace goes on from request to request: ids come from the seed and the span's place in the run.
 * The first span of the trace is the root, every tenth span has children, and those stand under it.
 */
int weft_load_fill_giant(struct weft_batch *batch, const struct weft_load_draw *draw,
                         struct weft_err *err)
{
    struct making x;
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_span *span = span_add(&x);
        uint64_t at = draw->number * draw->span_count + i, trace = at / draw->trace_spans;
        uint64_t root = trace * draw->trace_spans, place = at - root;
        uint64_t parent = place % 10 == 0 ? root : root + place / 10 * 10;
        uint64_t base = weft_hash_u64(draw->seed + 1);
        weft_store_u64(span->trace_id.bytes, weft_hash_u64(base ^ trace));
        weft_store_u64(span->trace_id.bytes + 8, weft_hash_u64(base + trace) | 1);
        weft_store_u64(span->span_id.bytes, weft_hash_u64(base + 3 * at) | 1);
        memset(&span->parent_span_id, 0, sizeof span->parent_span_id);
        if (place > 0)
            weft_store_u64(span->parent_span_id.bytes, weft_hash_u64(base + 3 * parent) | 1);
        struct weft_attribute *a = attributes_add(&x, span, 3);
        for (uint32_t k = 0; k < 3; k++)
            a[k] = plain(&x, weft_load_numbered(x.arena, WEFT_S("key-"), k, 1));
    }
    return WEFT_OK;
}

int weft_load_fill_hostile(struct weft_batch *batch, const struct weft_load_draw *draw,
                           struct weft_err *err)
{
    struct making x;
    (void)err;
    making_init(&x, batch, draw);
    for (uint32_t i = 0; i < draw->span_count; i++) {
        struct weft_span *span = span_add(&x);
        bool has_huge = weft_random_below(&x.random, 100) == 0;
        struct weft_attribute *a = attributes_add(&x, span, has_huge ? 9 : 8);
        span->name = weft_load_numbered(x.arena, WEFT_S("GET /users/"),
                                        weft_random_below(&x.random, 1000000000), 9);
        for (uint32_t k = 0; k < 4; k++)
            a[k] = weft_attribute_text(weft_load_numbered(x.arena, WEFT_S("id-"), k, 1),
                                       weft_load_uuid(x.arena, &x.random));
        for (uint32_t k = 4; k < 6; k++) {
            uint64_t key = weft_random_below(&x.random, KEYS / 2) * 2 + k % 2;
            a[k] = plain(&x, weft_load_numbered(x.arena, WEFT_S("attribute-"), key, 6));
        }
        a[6] = plain(&x, WEFT_S("http.route"));
        a[7] = plain(&x, WEFT_S("user.tier"));
        if (has_huge)
            a[8] =
                weft_attribute_text(WEFT_S("body"), weft_load_noise(x.arena, &x.random, 16 << 10));
    }
    return WEFT_OK;
}
