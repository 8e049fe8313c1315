/* traceql_random.c -- random traces; see traceql_random.h. */
#include "traceql_random.h"
#include "base/endian.h"
#include "wire/protobuf.h"
#include <math.h>

const char *const random_words[] = { "x", "y", "xy", "", "1", "GET", "a b", "X", "x\ny", "nil" };
const uint32_t random_word_count = 10;
const int64_t random_ints[] = { 0, 1, 2, 3, -1, 200, 500, 7, 9007199254740993 };
const uint32_t random_int_count = 9;
const uint64_t random_durations_ns[] = { 0,       1,         999,        1000,      1500000,
                                         2000000, 500000000, 1000000000, 3000000000 };
const uint32_t random_duration_count = 9;

bool random_one_in(struct weft_random *random, uint32_t n)
{
    return weft_random_below(random, n) == 0;
}

#define SCOPES_MAX 12u
#define SPANS_MAX 12u /* a trace */

struct maker {
    struct weft_random *random;
    struct weft_arena *arena;
    const struct weft_scope *scopes[SCOPES_MAX];
};

static uint32_t below(struct maker *maker, uint32_t limit)
{
    return (uint32_t)weft_random_below(maker->random, limit);
}

static bool one_in(struct maker *maker, uint32_t n)
{
    return below(maker, n) == 0;
}

/* ---- attributes ---- */

static void put_element(struct maker *maker, struct weft_buf *out, uint32_t type)
{
    struct weft_buf any = { 0 };
    const double number = below(maker, 5) * 0.5;
    uint64_t bits;

    switch (type) {
    case WEFT_VALUE_STRING:
        weft_pb_put_bytes_always(&any, 1, weft_str_from_c(random_words[below(maker, 4)]));
        break;
    case WEFT_VALUE_BOOL:
    case WEFT_VALUE_INT:
        weft_pb_put_tag(&any, type, WEFT_PB_VARINT);
        weft_pb_put_varint(&any, type == WEFT_VALUE_BOOL ? below(maker, 2) : below(maker, 4));
        break;
    default: memcpy(&bits, &number, sizeof bits); weft_pb_put_fixed64(&any, 4, bits);
    }
    weft_pb_put_bytes_always(out, 1, weft_buf_str(&any));
    weft_buf_release(&any);
}

static void set_bytes(struct weft_attribute *a, uint32_t type, struct weft_str bytes)
{
    a->type = type & 0xff;
    a->ptr = bytes.ptr;
    a->value_len = (uint32_t)bytes.len;
}

static void set_array(struct maker *maker, struct weft_attribute *a)
{
    struct weft_buf bytes = { 0 };
    uint32_t count = one_in(maker, 8) ? 0 : 1 + below(maker, 3), type = 1 + below(maker, 4);

    for (uint32_t i = 0; i < count; i++)
        put_element(maker, &bytes, one_in(maker, 20) ? 1 + below(maker, 4) : type);
    set_bytes(a, WEFT_VALUE_ARRAY, weft_arena_copy(maker->arena, weft_buf_str(&bytes)));
    weft_buf_release(&bytes);
}

static void set_double(struct maker *maker, struct weft_attribute *a)
{
    static const double odd[] = { -0.0, 1e300, (double)INFINITY, 9007199254740992.0 };

    a->type = WEFT_VALUE_DOUBLE;
    a->double_value = one_in(maker, 10) ? odd[below(maker, 4)] : below(maker, 8) * 0.5 - 1;
}

/* Of the type that the key has, now and then of another. */
static void set_value(struct maker *maker, struct weft_attribute *a, uint32_t type)
{
    switch (type) {
    case 0:
        set_bytes(a, WEFT_VALUE_STRING,
                  weft_str_from_c(random_words[below(maker, random_word_count)]));
        break;
    case 1:
        a->type = WEFT_VALUE_INT;
        a->int_value = random_ints[below(maker, random_int_count)];
        break;
    case 2: set_double(maker, a); break;
    case 3:
        a->type = WEFT_VALUE_BOOL;
        a->bool_value = one_in(maker, 2);
        break;
    case 4: set_array(maker, a); break;
    case 5: set_bytes(a, WEFT_VALUE_BYTES, WEFT_S("x")); break;
    case 6: set_bytes(a, WEFT_VALUE_KVLIST, WEFT_S("\x0a\x07\x0a\x01k\x12\x02\x18\x05")); break;
    default: a->type = WEFT_VALUE_EMPTY;
    }
}

/* Keys that every scope may have, named after the type that most of their values are of: s(tring), i(nt), f(loat), b(ool), r (array), m(ixed). */
static struct weft_attributes attributes(struct maker *maker, uint32_t sparseness)
{
    static const char *const keys[] = { "s", "i", "f", "b", "r", "m", "odd key" };
    static const uint32_t types[] = { 0, 1, 2, 3, 4, 9, 0 };
    struct weft_attribute *items = weft_arena_alloc_array(maker->arena, 8, sizeof *items);
    uint32_t count = 0;

    for (uint32_t k = 0; k < 7; k++) {
        if (!one_in(maker, sparseness)) continue;
        uint32_t type = types[k] == 9 || one_in(maker, 12) ? below(maker, 8) : types[k];
        items[count].key = keys[k];
        items[count].key_len = (uint32_t)strlen(keys[k]) & 0xffffff;
        set_value(maker, &items[count++], type);
    }
    return (struct weft_attributes){ .items = items, .count = count };
}

static const struct weft_resource *resource(struct maker *maker, uint32_t n)
{
    static const char *const services[] = { "cart", "front", "db", "x" };
    struct weft_resource *r = weft_arena_alloc_zero(maker->arena, sizeof *r);
    struct weft_attribute *items = weft_arena_alloc_array(maker->arena, 9, sizeof *items);

    r->attributes = attributes(maker, 4);
    memcpy(items, r->attributes.items, r->attributes.count * sizeof *items);
    r->attributes.items = items;
    if (n < 4) { /* others have no name */
        r->service_name = weft_str_from_c(services[n]);
        items[r->attributes.count++] = weft_attribute_text(WEFT_S("service.name"), r->service_name);
    }
    return r;
}

static void make_scopes(struct maker *maker)
{
    for (uint32_t n = 0; n < SCOPES_MAX; n++) {
        struct weft_scope *scope = weft_arena_alloc_zero(maker->arena, sizeof *scope);
        scope->resource = n % 2 == 1 ? maker->scopes[n - 1]->resource : resource(maker, n / 2);
        if (n % 2 == 1) {
            scope->name = weft_str_from_c(random_words[below(maker, 3)]);
            scope->version = one_in(maker, 2) ? WEFT_S("1.2") : WEFT_S("");
            scope->attributes = attributes(maker, 4);
        }
        maker->scopes[n] = scope;
    }
}

/* ---- spans ---- */

static void make_events(struct maker *maker, struct weft_span *span)
{
    struct weft_event *events = weft_arena_alloc_array(maker->arena, 3, sizeof *events);

    span->event_count = one_in(maker, 3) ? 1 + below(maker, 3) : 0;
    span->events = events;
    for (uint32_t i = 0; i < span->event_count; i++) {
        events[i].name = weft_str_from_c(random_words[below(maker, 4)]);
        events[i].time_unix_nano = span->start_time_unix_nano + below(maker, 4) * 500000 - 500000;
        events[i].attributes = attributes(maker, 4);
    }
}

static void make_links(struct maker *maker, struct weft_span *span)
{
    struct weft_link *links = weft_arena_alloc_array(maker->arena, 2, sizeof *links);

    span->link_count = one_in(maker, 5) ? 1 + below(maker, 2) : 0;
    span->links = links;
    for (uint32_t i = 0; i < span->link_count; i++) {
        links[i].trace_id = span->trace_id;
        weft_store_u64(links[i].span_id.bytes, 1 + below(maker, 6));
        links[i].attributes = attributes(maker, 4);
    }
}

/* The n-th of a trace gets id n + 1, written so that no two bytes order alike. */
static void make_id(struct weft_span_id *out, uint32_t n)
{
    memset(out, 0, sizeof *out);
    out->bytes[0] = (uint8_t)(n * 37);
    out->bytes[7] = (uint8_t)(n + 1);
}

static void make_parent(struct maker *maker, struct weft_span *span, uint32_t n, uint32_t count)
{
    if (n == 0 ? !one_in(maker, 5) : one_in(maker, 12)) return; /* a root */
    if (one_in(maker, 8))
        make_id(&span->parent_span_id, 200 + below(maker, 2)); /* never sent */
    else if (n == 0 || one_in(maker, 12))
        make_id(&span->parent_span_id, below(maker, count)); /* whoever: later ones, itself */
    else
        make_id(&span->parent_span_id, one_in(maker, 2) ? n - 1 : below(maker, n));
}

static void make_times(struct maker *maker, struct weft_span *span, uint64_t trace_start_ns)
{
    uint64_t start = trace_start_ns + below(maker, 6) * UINT64_C(500000000);

    if (one_in(maker, 3)) start += below(maker, 2000) * 1000 + 1;
    span->start_time_unix_nano = start;
    span->end_time_unix_nano =
        start + random_durations_ns[below(maker, random_duration_count)] + below(maker, 2) * 7;
}

static bool is_taken(const struct weft_span *spans, uint32_t count, const struct weft_span *span)
{
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&spans[i].span_id, &span->span_id, 8) == 0 &&
            spans[i].start_time_unix_nano == span->start_time_unix_nano)
            return true;
    return false;
}

static void make_span(struct maker *maker, struct weft_span *spans, uint32_t n, uint32_t count,
                      uint64_t trace_start_ns)
{
    struct weft_span *span = &spans[n];

    make_id(&span->span_id, n > 0 && one_in(maker, 14) ? below(maker, n) : n);
    make_parent(maker, span, n, count);
    make_times(maker, span, trace_start_ns);
    while (is_taken(spans, n, span)) span->start_time_unix_nano--;
    span->scope = maker->scopes[one_in(maker, 2) ? below(maker, SCOPES_MAX) : below(maker, 4)];
    span->name = weft_str_from_c(random_words[below(maker, 6)]);
    span->attributes = attributes(maker, 3);
    span->kind = (uint8_t)below(maker, WEFT_KIND_COUNT);
    span->status_code = (uint8_t)below(maker, WEFT_STATUS_COUNT);
    if (span->status_code == WEFT_STATUS_ERROR && one_in(maker, 2))
        span->status_message = weft_str_from_c(random_words[below(maker, 3)]);
    make_events(maker, span);
    make_links(maker, span);
}

static uint32_t make_trace(struct maker *maker, struct weft_span *spans, uint32_t number)
{
    uint32_t count = one_in(maker, 4) ? 1 : 1 + below(maker, SPANS_MAX);
    const uint64_t start = RANDOM_BASE_NS + (1 + below(maker, 40)) * UINT64_C(1000000000);
    struct weft_trace_id id = {
        .bytes = { [14] = (uint8_t)((number + 1) >> 8), [15] = (uint8_t)(number + 1) }
    };

    if (!one_in(maker, 4)) memset(id.bytes, (int)(1 + below(maker, 40)), 8);
    for (uint32_t n = 0; n < count; n++) {
        spans[n].trace_id = id;
        make_span(maker, spans, n, count, start);
    }
    return count;
}

static void shuffle(struct maker *maker, struct weft_span *spans, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t k = below(maker, i);
        struct weft_span span = spans[i - 1];
        spans[i - 1] = spans[k];
        spans[k] = span;
    }
}

struct weft_span *random_traces(struct weft_random *random, uint32_t trace_count,
                                uint32_t *span_count, struct weft_arena *arena)
{
    struct maker maker = { .random = random, .arena = arena };
    struct weft_span *spans =
        weft_arena_alloc_array(arena, trace_count * SPANS_MAX + 8, sizeof *spans);
    uint32_t count = 0;

    make_scopes(&maker);
    for (uint32_t t = 0; t < trace_count; t++) count += make_trace(&maker, spans + count, t);
    shuffle(&maker, spans, count);
    for (uint32_t n = 0; n < 4 && count > 0; n++, count++) /* some are sent twice */
        spans[count] = spans[below(&maker, count)];
    *span_count = count;
    return spans;
}
