/* naive_attributes.c -- the judge's keys and values of attributes: every list of every span is walked. */
#include "model/otlp.h"
#include "naive_store.h"

/* Walks every list of attributes of a scope that a span has, once a carrier. */
typedef void each_attribute(void *arg, enum weft_attribute_scope scope,
                            const struct weft_attribute *attribute);

static void list_each(each_attribute *each, void *arg, enum weft_attribute_scope scope,
                      struct weft_attributes list)
{
    for (uint32_t i = 0; i < list.count; i++) each(arg, scope, &list.items[i]);
}

static void span_each(each_attribute *each, void *arg, const struct weft_span *span)
{
    list_each(each, arg, WEFT_SCOPE_SPAN, span->attributes);
    list_each(each, arg, WEFT_SCOPE_RESOURCE, span->scope->resource->attributes);
    list_each(each, arg, WEFT_SCOPE_INSTRUMENTATION, span->scope->attributes);
    for (uint32_t i = 0; i < span->event_count; i++)
        list_each(each, arg, WEFT_SCOPE_EVENT, span->events[i].attributes);
    for (uint32_t i = 0; i < span->link_count; i++)
        list_each(each, arg, WEFT_SCOPE_LINK, span->links[i].attributes);
}

struct keys {
    struct weft_arena *arena;
    struct weft_attribute_key *items;
    uint32_t count, capacity;
};

static void key_each(void *arg, enum weft_attribute_scope scope,
                     const struct weft_attribute *attribute)
{
    struct keys *keys = arg;
    struct weft_str key = weft_attribute_key(attribute);
    uint32_t i = 0;

    while (i < keys->count &&
           (keys->items[i].scope != scope || !weft_str_equal(keys->items[i].key, key)))
        i++;
    if (i == keys->count) {
        if (keys->count == keys->capacity) {
            struct weft_attribute_key *more =
                weft_arena_alloc_array(keys->arena, keys->capacity * 2 + 64, sizeof *more);
            if (keys->count > 0) memcpy(more, keys->items, keys->count * sizeof *more);
            keys->items = more;
            keys->capacity = keys->capacity * 2 + 64;
        }
        keys->items[keys->count++] = (struct weft_attribute_key){ .scope = scope, .key = key };
    }
    keys->items[i].span_count++;
}

static int key_compare(const void *a, const void *b)
{
    const struct weft_attribute_key *x = a, *y = b;
    if (x->scope != y->scope) return x->scope < y->scope ? -1 : 1;
    return weft_str_compare(x->key, y->key);
}

/* Whatever the range: it may leave out, it need not. */
int naive_attribute_keys(void *self, uint64_t from_ns, uint64_t to_ns,
                         struct weft_attribute_keys *out, struct weft_arena *arena,
                         struct weft_err *err)
{
    struct naive_store *store = self;
    struct keys keys = { .arena = arena };

    for (uint32_t i = 0; i < store->count; i++) span_each(key_each, &keys, store->spans[i]);
    if (keys.count > 1) qsort(keys.items, keys.count, sizeof *keys.items, key_compare);
    *out = (struct weft_attribute_keys){ .items = keys.items, .count = keys.count };
    return WEFT_OK;
}

struct values {
    const struct weft_attribute_ask *ask;
    struct weft_arena *arena;
    struct weft_attribute_value *items;
    uint32_t count, capacity;
};

static bool same_value(const struct weft_value *a, const struct weft_value *b)
{
    if (a->type != b->type) return false;
    if (a->type == WEFT_VALUE_STRING) return weft_str_equal(a->bytes, b->bytes);
    if (a->type == WEFT_VALUE_BOOL) return a->bool_value == b->bool_value;
    return a->int_value == b->int_value; /* doubles by their bits */
}

static void value_count(struct values *values, const struct weft_value *value)
{
    uint32_t i = 0;

    if (value->type == WEFT_VALUE_EMPTY || value->type > WEFT_VALUE_DOUBLE) return;
    while (i < values->count && !same_value(&values->items[i].value, value)) i++;
    if (i == values->count) {
        if (values->count == values->capacity) {
            struct weft_attribute_value *more =
                weft_arena_alloc_array(values->arena, values->capacity * 2 + 64, sizeof *more);
            if (values->count > 0) memcpy(more, values->items, values->count * sizeof *more);
            values->items = more;
            values->capacity = values->capacity * 2 + 64;
        }
        values->items[values->count++].value = *value;
    }
    values->items[i].span_count++;
}

static void value_each(void *arg, enum weft_attribute_scope scope,
                       const struct weft_attribute *attribute)
{
    struct values *values = arg;
    struct weft_value value = weft_attribute_value(attribute), element;
    struct weft_str key;
    size_t at = 0;

    if ((values->ask->scope != WEFT_SCOPE_ANY && values->ask->scope != scope) ||
        !weft_str_equal(weft_attribute_key(attribute), values->ask->key))
        return;
    if (value.type != WEFT_VALUE_ARRAY) value_count(values, &value);
    while (value.type == WEFT_VALUE_ARRAY &&
           weft_value_next(value.bytes, &at, &key, &element, false))
        value_count(values, &element);
}

/* All of them, in no order: who compares looks for each. */
int naive_attribute_values(void *self, const struct weft_attribute_ask *ask,
                           struct weft_attribute_values *out, struct weft_arena *arena,
                           struct weft_err *err)
{
    struct naive_store *store = self;
    struct values values = { .ask = ask, .arena = arena };

    for (uint32_t i = 0; i < store->count; i++) span_each(value_each, &values, store->spans[i]);
    *out = (struct weft_attribute_values){ .items = values.items, .count = values.count };
    return WEFT_OK;
}
