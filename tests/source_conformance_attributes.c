/* source_conformance_attributes.c -- keys and values of attributes: exactly those that the spans have, the
 * most frequent first. */
#include "source_conformance.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool value_equal(const struct weft_value *a, const struct weft_value *b)
{
    if (a->type != b->type) return false;
    if (a->type == WEFT_VALUE_STRING) return weft_str_equal(a->bytes, b->bytes);
    if (a->type == WEFT_VALUE_BOOL) return a->bool_value == b->bool_value;
    return a->int_value == b->int_value;
}

static const struct weft_attribute_value *find(const struct weft_attribute_values *values,
                                               const struct weft_value *value)
{
    for (uint32_t i = 0; i < values->count; i++)
        if (value_equal(&values->items[i].value, value)) return &values->items[i];
    return NULL;
}

static void check_values(const struct conformance_data *data, const struct weft_source *source,
                         const char *state, const struct weft_attribute_key *key, uint32_t limit)
{
    struct weft_source judge = naive_store_source((struct naive_store *)(uintptr_t)&data->naive);
    struct weft_attribute_values expected, found;
    struct weft_attribute_ask ask = { .scope = key->scope, .key = key->key, .limit = limit };
    struct weft_arena arena;
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 0);
    judge.attribute_values(judge.self, &ask, &expected, &arena, NULL);
    if (source->attribute_values(source->self, &ask, &found, &arena, &err) < 0)
        fail_msg("seed %llu, %s: %s", (unsigned long long)data->seed, state, err.text);
    uint32_t count = expected.count < limit ? expected.count : limit;
    if (found.count != count || found.has_more != (expected.count > limit))
        fail_msg("seed %llu, %s: values of %.*s (scope %d): %u (more: %d), %u of %u expected",
                 (unsigned long long)data->seed, state, WEFT_S_ARG(key->key), key->scope,
                 found.count, found.has_more, count, expected.count);
    assert_null(found.partial_reason);
    for (uint32_t i = 0; i < found.count; i++) {
        const struct weft_attribute_value *value = &found.items[i],
                                          *known = find(&expected, &value->value);
        if (known == NULL || value->span_count == 0)
            fail_msg("seed %llu, %s: value %u of %.*s (scope %d, type %u), %llu times, is none",
                     (unsigned long long)data->seed, state, i, WEFT_S_ARG(key->key), key->scope,
                     value->value.type, (unsigned long long)value->span_count);
        assert_true(i == 0 || value->span_count <= found.items[i - 1].span_count);
        for (uint32_t k = 0; k < i; k++)
            assert_false(value_equal(&found.items[k].value, &value->value));
    }
    weft_arena_release(&arena);
}

void conformance_check_attributes(const struct conformance_data *data,
                                  const struct weft_source *source, const char *state)
{
    struct weft_source judge = naive_store_source((struct naive_store *)(uintptr_t)&data->naive);
    struct weft_attribute_keys expected, found;
    struct weft_arena arena;
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 0);
    judge.attribute_keys(judge.self, 0, 0, &expected, &arena, NULL);
    for (int round = 0; round < 2; round++) { /* the second from what is remembered */
        if (source->attribute_keys(source->self, 0, 0, &found, &arena, &err) < 0)
            fail_msg("seed %llu, %s: %s", (unsigned long long)data->seed, state, err.text);
        assert_null(found.partial_reason);
        for (uint32_t i = 0; i < expected.count && i < found.count; i++)
            if (expected.items[i].scope != found.items[i].scope ||
                !weft_str_equal(expected.items[i].key, found.items[i].key) ||
                found.items[i].span_count == 0)
                fail_msg("seed %llu, %s: key %u is %.*s (scope %d), %.*s (%d) expected",
                         (unsigned long long)data->seed, state, i, WEFT_S_ARG(found.items[i].key),
                         found.items[i].scope, WEFT_S_ARG(expected.items[i].key),
                         expected.items[i].scope);
        if (expected.count != found.count)
            fail_msg("seed %llu, %s: %u keys, %u expected", (unsigned long long)data->seed, state,
                     found.count, expected.count);
    }
    const struct weft_attribute_key none = { WEFT_SCOPE_SPAN, WEFT_S("no such key"), 1 };
    check_values(data, source, state, &none, 10);
    for (uint32_t i = 0; i < expected.count; i += 1 + i / 24) {
        struct weft_attribute_key any = expected.items[i];
        check_values(data, source, state, &expected.items[i], UINT32_MAX);
        check_values(data, source, state, &expected.items[i], 3);
        any.scope = WEFT_SCOPE_ANY;
        if (i % 4 == 0) check_values(data, source, state, &any, UINT32_MAX);
    }
    weft_arena_release(&arena);
}
