/* counting_conformance_test.c -- facets and histograms counted from columns are those that a walk over whole traces counts: random
 * queries over random traces in every state of the store.
 */
#include "query/facets.h"
#include "query/span_heat.h"
#include "store_states.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { QUESTIONS = 60, KEYS_MAX = 12 };

static const char *const queries[] = {
    "{ }",
    "{ status = error }",
    "{ duration > 1ms }",
    "{ kind != server && status != ok }",
    "{ name =~ \".*[aeo].*\" }",
    "{ duration < 100ms || kind = client }",
    "{ resource.service.name != \"\" }",
    "{ } >> { status = error }",
    "{ status = error } && { kind = client }",
    "{ kind = server } | by(name)",
    "{ } | count() > 2",
    "{ false }",
};

/* An attribute that some span of the data has, or an intrinsic. */
static struct weft_traceql_attribute random_attribute(const struct conformance_data *data,
                                                      struct weft_random *random)
{
    static const enum weft_traceql_intrinsic intrinsics[] = {
        WEFT_INTRINSIC_NAME,       WEFT_INTRINSIC_STATUS,
        WEFT_INTRINSIC_KIND,       WEFT_INTRINSIC_STATUS_MESSAGE,
        WEFT_INTRINSIC_EVENT_NAME, WEFT_INTRINSIC_INSTRUMENTATION_NAME,
    };
    const struct weft_span *span = data->naive.spans[weft_random_below(random, data->naive.count)];
    uint64_t kind = weft_random_below(random, 24);
    struct weft_traceql_attribute out = { .scope = WEFT_TRACEQL_SCOPE_SPAN };
    struct weft_attributes attributes = span->attributes;

    if (kind < 8) {
        out.scope = WEFT_TRACEQL_SCOPE_RESOURCE;
        attributes = span->scope->resource->attributes;
    } else if (kind < 10) {
        out.scope = WEFT_TRACEQL_SCOPE_INSTRUMENTATION;
        attributes = span->scope->attributes;
    } else if (kind < 14) {
        out.scope = WEFT_TRACEQL_SCOPE_ANY;
    } else if (kind == 14 && span->event_count > 0) {
        out.scope = WEFT_TRACEQL_SCOPE_EVENT;
        attributes = span->events[0].attributes;
    }
    if (kind >= 20 || attributes.count == 0)
        return (struct weft_traceql_attribute){
            .scope = WEFT_TRACEQL_SCOPE_INTRINSIC,
            .intrinsic = intrinsics[weft_random_below(random, kind == 23 ? 6 : 4)]
        };
    out.name = weft_attribute_key(&attributes.items[weft_random_below(random, attributes.count)]);
    return out;
}

static void range_draw(struct weft_span_walk *walk, const struct conformance_data *data,
                       struct weft_random *random)
{
    uint64_t
        a = data->naive.spans[weft_random_below(random, data->naive.count)]->start_time_unix_nano,
        b = data->naive.spans[weft_random_below(random, data->naive.count)]->start_time_unix_nano;
    walk->from_ns = a < b ? a : b;
    walk->to_ns = (a < b ? b : a) + 1 + weft_random_below(random, 3);
    if (walk->to_ns <= walk->from_ns) walk->to_ns = UINT64_MAX;
}

struct asked {
    const struct conformance_data *data;
    const char *state, *query;
};
#define CHECK(asked, condition, what, at)                                                     \
    do {                                                                                      \
        if (!(condition))                                                                     \
            fail_msg("seed %llu, %s: %s: %s differs at %u",                                   \
                     (unsigned long long)(asked)->data->seed, (asked)->state, (asked)->query, \
                     what, (unsigned)(at));                                                   \
    } while (0)

static void facet_check(const struct asked *asked, const struct weft_facet *a,
                        const struct weft_facet *b)
{
    struct weft_buf key = { 0 };

    weft_traceql_print_attribute(&key, &b->attribute);
    if (a->span_count != b->span_count || a->value_count != b->value_count ||
        a->has_more != b->has_more || a->is_complete != b->is_complete)
        fail_msg("seed %llu, %s: %s: %.*s has %llu spans and %u values, %llu and %u expected",
                 (unsigned long long)asked->data->seed, asked->state, asked->query, (int)key.len,
                 (const char *)key.data, (unsigned long long)b->span_count, b->value_count,
                 (unsigned long long)a->span_count, a->value_count);
    for (uint32_t i = 0; i < a->value_count; i++)
        CHECK(asked,
              a->values[i].type == b->values[i].type &&
                  weft_str_equal(a->values[i].text, b->values[i].text) &&
                  a->values[i].span_count == b->values[i].span_count,
              "value", i);
    weft_buf_release(&key);
}

static bool attribute_equal(const struct weft_traceql_attribute *a,
                            const struct weft_traceql_attribute *b)
{
    return a->scope == b->scope && a->intrinsic == b->intrinsic && weft_str_equal(a->name, b->name);
}

/* Was it counted without a trace being visited? */
static bool facets_check(const struct asked *asked, const struct weft_source *judge,
                         const struct weft_source *source,
                         const struct weft_facet_question *question)
{
    struct weft_facets expected, found;
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    assert_int_equal(weft_facets_count(judge, question, &expected, &arena, &err), WEFT_OK);
    assert_int_equal(weft_facets_count(source, question, &found, &arena, &err), WEFT_OK);
    assert_null(found.inspected.partial_reason);
    CHECK(asked, expected.span_count == found.span_count, "count of spans", found.span_count);
    CHECK(asked, expected.count == found.count, "count of facets", found.count);
    for (uint32_t i = 0; i < found.count; i++) {
        CHECK(asked, attribute_equal(&expected.items[i].attribute, &found.items[i].attribute),
              "attribute", i);
        facet_check(asked, &expected.items[i], &found.items[i]);
    }
    bool is_by_columns = found.inspected.inspected_traces == 0 && found.span_count > 0;
    weft_arena_release(&arena);
    return is_by_columns;
}

static void heat_check(const struct asked *asked, const struct weft_source *judge,
                       const struct weft_source *source, const struct weft_heat_question *question)
{
    struct weft_heat expected, found;
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    assert_int_equal(weft_heat(judge, question, &expected, &arena, &err), WEFT_OK);
    assert_int_equal(weft_heat(source, question, &found, &arena, &err), WEFT_OK);
    CHECK(asked, expected.span_count == found.span_count, "count of spans", found.span_count);
    CHECK(asked, expected.error_count == found.error_count, "count of errors", found.error_count);
    CHECK(asked, expected.cell_count == found.cell_count, "count of cells", found.cell_count);
    for (uint32_t i = 0; i < found.cell_count; i++) {
        const struct weft_heat_cell *a = &expected.cells[i], *b = &found.cells[i];
        CHECK(asked,
              a->column == b->column && a->row == b->row && a->span_count == b->span_count &&
                  a->error_count == b->error_count && a->duration_ns_max == b->duration_ns_max,
              "cell", i);
    }
    weft_arena_release(&arena);
}

static uint32_t data_check(struct conformance_data *data, const char *name)
{
    struct weft_source judge = naive_store_source(&data->naive), source;
    struct weft_traceql_attribute keys[KEYS_MAX];
    struct store_state state;
    struct weft_random random;
    uint32_t by_columns = 0;

    store_state_open(&state, name, data);
    source = weft_store_source(state.store);
    weft_random_init(&random, data->seed + 17);
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        const struct asked asked = { data, name, queries[i % (sizeof queries / sizeof *queries)] };
        struct weft_facet_question facets = { .keys = keys,
                                              .limit = (uint32_t)weft_random_below(&random, 30) };
        struct weft_heat_question heat = { .columns =
                                               1 + (uint32_t)weft_random_below(&random, 500) };
        struct weft_traceql_query query;
        struct weft_arena arena;
        weft_arena_init(&arena, 0);
        assert_int_equal(
            weft_traceql_parse(&query, weft_str_from_c(asked.query), &arena, NULL, NULL), WEFT_OK);
        facets.key_count = i % 4 == 0 ? 0 : 1 + (uint32_t)weft_random_below(&random, KEYS_MAX);
        for (uint32_t k = 0; k < facets.key_count; k++) keys[k] = random_attribute(data, &random);
        facets.walk.pipeline = heat.walk.pipeline = query.pipeline;
        range_draw(&heat.walk, data, &random);
        if (i % 3 == 0) range_draw(&facets.walk, data, &random);
        by_columns += facets_check(&asked, &judge, &source, &facets);
        heat_check(&asked, &judge, &source, &heat);
        weft_arena_release(&arena);
    }
    store_state_close(&state);
    conformance_data_release(data);
    return by_columns;
}

static void state_test(void **test_state)
{
    const char *name = *test_state;
    struct conformance_data data;

    conformance_data_init(&data, conformance_seed(20261123), 16, 14);
    uint32_t by_columns = data_check(&data, name);
    if (strcmp(name, "compacted") == 0) assert_in_range(by_columns, 5, QUESTIONS);
    conformance_data_init_odd(&data, conformance_seed(20261124), 20);
    data_check(&data, name);
}

int main(void)
{
    struct CMUnitTest tests[16];
    size_t count = 0;

    for (; store_state_names[count] != NULL; count++)
        tests[count] =
            (struct CMUnitTest){ .name = store_state_names[count],
                                 .test_func = state_test,
                                 .initial_state = (void *)(uintptr_t)store_state_names[count] };
    return _cmocka_run_group_tests("counting_conformance", tests, count, NULL, NULL);
}
