/* source_conformance_data.c -- random traces, chosen to meet in as many ways as they can: equal
 * times, ids with equal prefixes,
 * one key with values of every type, traces over several batches, spans sent twice, spans sent
 * twice with a difference. */
#include "base/alloc.h"
#include "model/batch_random.h"
#include "source_conformance.h"
#include <math.h>

uint64_t conformance_seed(uint64_t otherwise)
{
    const char *text = getenv("WEFT_SEED");
    uint64_t seed;
    return text != NULL && weft_str_to_u64(weft_str_from_c(text), &seed) ? seed : otherwise;
}

struct maker {
    struct weft_random random;
    struct conformance_data *data;
    struct weft_arena *arena;
    uint32_t scope_count;
    const struct weft_scope *scopes[24];
};

static uint32_t below(struct maker *maker, uint32_t limit)
{
    return (uint32_t)weft_random_below(&maker->random, limit);
}

static bool one_in(struct maker *maker, uint32_t n)
{
    return below(maker, n) == 0;
}

/* ---- attributes ---- */

static struct weft_str text(struct maker *maker, const char *prefix, uint32_t variety)
{
    return weft_arena_printf(maker->arena, "%s%u", prefix, below(maker, variety));
}

static void set_bytes(struct weft_attribute *a, enum weft_value_type type, struct weft_str s)
{
    a->type = type;
    a->ptr = s.ptr;
    a->value_len = (uint32_t)s.len;
}

/* Protobuf by hand: ArrayValue { values: AnyValue string, int, bool }, KeyValueList { k: int }. */
static const struct weft_str arrays[] = {
    WEFT_S_INIT("\x0a\x05\x0a\x03"
                "red"
                "\x0a\x07\x0a\x05"
                "green"),
    WEFT_S_INIT("\x0a\x02\x18\x07"
                "\x0a\x02\x18\x09"),
    WEFT_S_INIT("\x0a\x05\x0a\x03"
                "red"
                "\x0a\x02\x18\x07"
                "\x0a\x02\x10\x01"),
    WEFT_S_INIT(""),
    WEFT_S_INIT("\x0a\x00"
                "\x0a\x05\x0a\x03"
                "val"),
    WEFT_S_INIT("\x0a\x09\x2a\x07\x0a\x05\x0a\x03"
                "red"
                "\x0a\x02\x18\x08"), /* an array in it, not looked into */
};
static const struct weft_str kvlist = WEFT_S_INIT("\x0a\x07\x0a\x01k\x12\x02\x18\x05");

static void random_value(struct maker *maker, struct weft_attribute *a)
{
    static const int64_t ints[] = { 0,   1,   -1,        7,         200,
                                    404, 500, INT64_MAX, INT64_MIN, 9007199254740993 };
    static const double doubles[] = { 0.0,
                                      -0.0,
                                      1.0,
                                      1.5,
                                      7.0,
                                      200.0,
                                      9007199254740992.0,
                                      1e300,
                                      -2.25,
                                      (double)NAN,
                                      (double)INFINITY };

    switch (below(maker, 9)) {
    case 0:
    case 1: set_bytes(a, WEFT_VALUE_STRING, text(maker, "val", 12)); break;
    case 2:
        set_bytes(a, WEFT_VALUE_STRING, one_in(maker, 2) ? WEFT_S("") : text(maker, "v", 100000));
        break;
    case 3:
        a->type = WEFT_VALUE_INT;
        a->int_value = ints[below(maker, 10)];
        break;
    case 4:
        a->type = WEFT_VALUE_DOUBLE;
        a->double_value = doubles[below(maker, 11)];
        break;
    case 5:
        a->type = WEFT_VALUE_BOOL;
        a->bool_value = one_in(maker, 2);
        break;
    case 6: set_bytes(a, WEFT_VALUE_ARRAY, arrays[below(maker, 6)]); break;
    case 7:
        if (one_in(maker, 2))
            set_bytes(a, WEFT_VALUE_KVLIST, kvlist);
        else
            set_bytes(a, WEFT_VALUE_BYTES, text(maker, "val", 12));
        break;
    default: a->type = WEFT_VALUE_EMPTY; break;
    }
}

/* Most keys have one type, as in life; "mixed" keys have any. */
static void typed_value(struct maker *maker, uint32_t key, struct weft_attribute *a)
{
    switch (key % 6) {
    case 0: set_bytes(a, WEFT_VALUE_STRING, text(maker, "val", 12)); break;
    case 1:
        a->type = WEFT_VALUE_INT;
        a->int_value = below(maker, 20);
        break;
    case 2:
        a->type = WEFT_VALUE_DOUBLE;
        a->double_value = below(maker, 40) * 0.5;
        break;
    case 3:
        a->type = WEFT_VALUE_BOOL;
        a->bool_value = one_in(maker, 2);
        break;
    case 4: set_bytes(a, WEFT_VALUE_STRING, text(maker, "user-", 1000000)); break;
    default: random_value(maker, a); break;
    }
}

static struct weft_attributes random_attributes(struct maker *maker, uint32_t count_max)
{
    uint32_t count = below(maker, count_max + 1), first = below(maker, 14);
    struct weft_attribute *items = weft_arena_alloc_array(maker->arena, count, sizeof *items);

    for (uint32_t i = 0; i < count; i++) { /* distinct keys; now and then a rare one */
        uint32_t key = (first + i) % 14;
        struct weft_str name =
            one_in(maker, 40) ? weft_arena_printf(maker->arena, "rare.%u.%u", i, below(maker, 1000))
                              : weft_arena_printf(maker->arena, "key.%u", key);
        items[i].key = name.ptr;
        items[i].key_len = (uint32_t)name.len & 0xffffff;
        typed_value(maker, key, &items[i]);
    }
    return (struct weft_attributes){ .items = items,
                                     .count = count,
                                     .dropped_count = one_in(maker, 10) ? below(maker, 5) : 0 };
}

/* ---- scopes ---- */

static const struct weft_resource *random_resource(struct maker *maker, uint32_t n)
{
    struct weft_resource *resource = weft_arena_alloc_zero(maker->arena, sizeof *resource);
    struct weft_attributes some = random_attributes(maker, 3);
    struct weft_attribute *items =
        weft_arena_alloc_array(maker->arena, some.count + 1, sizeof *items);

    memcpy(items, some.items, some.count * sizeof *items);
    resource->attributes = some;
    resource->attributes.items = items;
    if (n % 5 != 4) { /* every fifth has no name */
        resource->service_name = weft_arena_printf(maker->arena, "service-%u", n % 4);
        items[some.count].key = "service.name";
        items[some.count].key_len = 12;
        set_bytes(&items[some.count], WEFT_VALUE_STRING, resource->service_name);
        resource->attributes.count++;
    }
    if (one_in(maker, 3)) resource->schema_url = WEFT_S("https://example.org/schema/1");
    return resource;
}

static void make_scopes(struct maker *maker)
{
    for (uint32_t n = 0; n < 8; n++) {
        const struct weft_resource *resource = random_resource(maker, n);
        for (uint32_t k = 0; k < 3; k++) {
            struct weft_scope *scope = weft_arena_alloc_zero(maker->arena, sizeof *scope);
            scope->resource = resource;
            if (k > 0) scope->name = text(maker, "library-", 3);
            if (k > 1) scope->version = WEFT_S("1.2");
            if (k > 1) scope->attributes = random_attributes(maker, 2);
            maker->scopes[maker->scope_count++] = scope;
        }
    }
}

/* ---- spans ---- */

static void random_events(struct maker *maker, struct weft_span *span)
{
    span->event_count = one_in(maker, 3) ? below(maker, 4) : 0;
    struct weft_event *events =
        weft_arena_alloc_array(maker->arena, span->event_count + 1, sizeof *events);
    for (uint32_t i = 0; i < span->event_count; i++) {
        events[i].time_unix_nano = weft_random_u64(&maker->random);
        events[i].name = text(maker, "event-", 4);
        events[i].attributes = random_attributes(maker, 3);
    }
    span->events = events;
    span->dropped_events_count = one_in(maker, 20) ? 3 : 0;
}

static void random_links(struct maker *maker, struct weft_span *span)
{
    span->link_count = one_in(maker, 6) ? below(maker, 3) : 0;
    struct weft_link *links =
        weft_arena_alloc_array(maker->arena, span->link_count + 1, sizeof *links);
    for (uint32_t i = 0; i < span->link_count; i++) {
        links[i].trace_id = maker->data->traces[below(maker, maker->data->trace_count)];
        weft_random_bytes(&maker->random, &links[i].span_id, 8);
        links[i].flags = below(maker, 0x400);
        if (one_in(maker, 2)) links[i].trace_state = WEFT_S("a=1");
        links[i].attributes = random_attributes(maker, 3);
    }
    span->links = links;
}

static uint64_t random_start(struct maker *maker)
{
    const uint64_t base = UINT64_C(1700000000000000000);
    switch (below(maker, 60)) {
    case 0: return below(maker, 3);
    case 1: return UINT64_C(7258118400000000000) + below(maker, 3); /* year 2200 */
    default: return base + below(maker, 300) * UINT64_C(1000000);
    }
}

static void random_span(struct maker *maker, struct weft_span *span, const struct weft_scope *scope)
{
    span->trace_id = maker->data->traces[below(maker, maker->data->trace_count)];
    weft_random_bytes(&maker->random, &span->span_id, 8);
    if (one_in(maker, 10)) memset(&span->span_id, (int)below(maker, 5) + 1, 8);
    if (!one_in(maker, 4)) weft_random_bytes(&maker->random, &span->parent_span_id, 8);
    span->scope = scope;
    span->start_time_unix_nano = random_start(maker);
    span->end_time_unix_nano = span->start_time_unix_nano + below(maker, 50) * UINT64_C(100000);
    if (one_in(maker, 30)) span->end_time_unix_nano = below(maker, 2); /* before the start */
    span->name =
        one_in(maker, 50) ? WEFT_S("") : text(maker, "GET /item/", one_in(maker, 10) ? 100000 : 6);
    span->attributes = random_attributes(maker, 8);
    random_events(maker, span);
    random_links(maker, span);
    if (one_in(maker, 10)) span->trace_state = text(maker, "vendor=", 5);
    if (one_in(maker, 5)) span->status_message = text(maker, "it failed ", 8);
    span->dropped_links_count = one_in(maker, 20) ? 2 : 0;
    span->flags = below(maker, 0x400);
    span->kind = (uint8_t)below(maker, WEFT_KIND_COUNT);
    span->status_code = (uint8_t)below(maker, WEFT_STATUS_COUNT);
}

/* A span that was sent before, as it was or with a difference. */
static void repeated_span(struct maker *maker, struct weft_span *span)
{
    const struct naive_store *naive = &maker->data->naive;

    *span = *naive->spans[below(maker, naive->count)];
    switch (below(maker, 4)) {
    case 0: span->attributes = random_attributes(maker, 4); break;
    case 1: span->end_time_unix_nano += 100000; break;
    case 2: span->name = text(maker, "other ", 3); break;
    default: break;
    }
}

static void make_batch(struct maker *maker, struct weft_batch *batch, uint32_t spans)
{
    const struct weft_scope *scope = maker->scopes[below(maker, maker->scope_count)];

    *batch = (struct weft_batch){ .arena = maker->arena };
    for (uint32_t i = 0; i < spans; i++) {
        if (one_in(maker, 6)) scope = maker->scopes[below(maker, maker->scope_count)];
        if (maker->data->naive.count > 0 && one_in(maker, 20))
            repeated_span(maker, weft_batch_add(batch));
        else
            random_span(maker, weft_batch_add(batch), scope);
    }
    naive_store_add(&maker->data->naive, batch);
}

void conformance_data_init(struct conformance_data *data, uint64_t seed, uint32_t batch_count,
                           uint32_t spans_a_batch)
{
    struct maker maker = { .data = data, .arena = &data->arena };

    *data = (struct conformance_data){ .seed = seed, .batch_count = batch_count };
    weft_arena_init(&data->arena, 1 << 16);
    weft_random_init(&maker.random, seed);
    data->trace_count = batch_count * spans_a_batch / 8 + 1;
    data->traces = weft_arena_alloc_array(&data->arena, data->trace_count, sizeof *data->traces);
    for (uint32_t i = 0; i < data->trace_count; i++) {
        weft_random_bytes(&maker.random, &data->traces[i], 16);
        if (i > 0 && one_in(&maker, 5)) /* equal but for the end, or but for the begin */
            memcpy(&data->traces[i], &data->traces[i - 1], 15);
        data->traces[i].bytes[15] = (uint8_t)(i | 1);
    }
    make_scopes(&maker);
    data->batches = weft_alloc_array(batch_count, sizeof *data->batches);
    for (uint32_t i = 0; i < batch_count; i++)
        make_batch(&maker, &data->batches[i], 1 + below(&maker, spans_a_batch * 2));
}

static int trace_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct weft_trace_id));
}

static void collect_traces(struct conformance_data *data)
{
    data->traces = weft_arena_alloc_array(&data->arena, data->naive.count, sizeof *data->traces);
    for (uint32_t i = 0; i < data->naive.count; i++)
        data->traces[i] = data->naive.spans[i]->trace_id;
    qsort(data->traces, data->naive.count, sizeof *data->traces, trace_compare);
    for (uint32_t i = 0; i < data->naive.count; i++)
        if (i == 0 || trace_compare(&data->traces[i], &data->traces[data->trace_count - 1]) != 0)
            data->traces[data->trace_count++] = data->traces[i];
}

void conformance_data_init_odd(struct conformance_data *data, uint64_t seed, uint32_t batch_count)
{
    struct weft_random random;

    *data = (struct conformance_data){ .seed = seed, .batch_count = batch_count };
    weft_arena_init(&data->arena, 1 << 16);
    weft_random_init(&random, seed);
    data->batches = weft_alloc_array(batch_count, sizeof *data->batches);
    for (uint32_t i = 0; i < batch_count; i++) {
        data->batches[i].arena = &data->arena;
        weft_batch_random(&data->batches[i], &random, &WEFT_BATCH_RANDOM_EVERYTHING);
        naive_store_add(&data->naive, &data->batches[i]);
    }
    collect_traces(data);
}

void conformance_data_release(struct conformance_data *data)
{
    naive_store_release(&data->naive);
    weft_free(data->batches);
    weft_arena_release(&data->arena);
}
