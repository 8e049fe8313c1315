/* metrics_conformance_test.c -- metrics counted from columns are those counted trace by trace by the judge, exemplars too: random
 * queries over random traces in every state of the store.
 */
#include "query/traceql_eval.h"
#include "query/traceql_metrics.h"
#include "store_states.h"
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { QUERIES = 150 };

/* ---- queries ---- */

static const char *pick(struct weft_random *random, const char *const *from, uint32_t count)
{
    return from[weft_random_below(random, count)];
}
#define PICK(random, from) pick(random, from, sizeof(from) / sizeof((from)[0]))

/* An attribute that some span of the data has. */
static void attribute_append(struct weft_buf *out, const struct conformance_data *data,
                             struct weft_random *random)
{
    static const char *const intrinsics[] = { "name",
                                              "status",
                                              "kind",
                                              "statusMessage",
                                              "instrumentation:name",
                                              "instrumentation:version",
                                              "resource.service.name" };
    const struct weft_span *span = data->naive.spans[weft_random_below(random, data->naive.count)];
    uint64_t scope = weft_random_below(random, 6);

    struct weft_attributes attributes = scope == 1   ? span->scope->resource->attributes
                                        : scope == 2 ? span->scope->attributes
                                                     : span->attributes;
    if (scope >= 4 || attributes.count == 0) {
        weft_buf_append_c(out, PICK(random, intrinsics));
        return;
    }
    struct weft_traceql_attribute attribute = {
        .scope = scope == 3   ? WEFT_TRACEQL_SCOPE_ANY
                 : scope == 2 ? WEFT_TRACEQL_SCOPE_INSTRUMENTATION
                 : scope == 1 ? WEFT_TRACEQL_SCOPE_RESOURCE
                              : WEFT_TRACEQL_SCOPE_SPAN,
        .name = weft_attribute_key(&attributes.items[weft_random_below(random, attributes.count)]),
    };
    weft_traceql_print_attribute(out, &attribute);
}

static void filter_append(struct weft_buf *out, const struct conformance_data *data,
                          struct weft_random *random)
{
    static const char *const filters[] = { "status = error",
                                           "duration > 1ms",
                                           "kind != server",
                                           "name =~ \".*[aeo].*\"",
                                           "status != ok",
                                           "duration < 100ms || kind = client",
                                           "resource.service.name != \"\"" };

    switch (weft_random_below(random, 4)) {
    case 0: break;
    case 1:
        attribute_append(out, data, random);
        weft_buf_append_c(out, " != nil");
        break;
    case 2: weft_buf_append_c(out, PICK(random, filters)); break;
    default:
        weft_buf_append_c(out, PICK(random, filters));
        weft_buf_append_c(out, " && ");
        weft_buf_append_c(out, PICK(random, filters));
    }
}

static void function_append(struct weft_buf *out, const struct conformance_data *data,
                            struct weft_random *random)
{
    static const char *const counts[] = { "rate()", "count_over_time()" };
    static const char *const of_values[] = { "min_over_time(",       "max_over_time(",
                                             "avg_over_time(",       "sum_over_time(",
                                             "histogram_over_time(", "quantile_over_time(" };
    uint32_t labels = (uint32_t)weft_random_below(random, 4);

    if (weft_random_below(random, 3) == 0) {
        weft_buf_append_c(out, PICK(random, counts));
    } else {
        const char *function = PICK(random, of_values);
        weft_buf_append_c(out, function);
        if (weft_random_below(random, 2) == 0)
            weft_buf_append_c(out, "duration");
        else
            attribute_append(out, data, random);
        weft_buf_append_c(out, function[0] == 'q' ? ", .5, .99)" : ")");
    }
    for (uint32_t i = 0; i < labels; i++) {
        weft_buf_append_c(out, i == 0 ? " by (" : ", ");
        attribute_append(out, data, random);
    }
    if (labels > 0) weft_buf_append_c(out, ")");
}

static void query_append(struct weft_buf *out, const struct conformance_data *data,
                         struct weft_random *random)
{
    weft_buf_reset(out);
    weft_buf_append_c(out, "{ ");
    filter_append(out, data, random);
    weft_buf_append_c(out, " } | ");
    function_append(out, data, random);
    if (weft_random_below(random, 3) == 0) weft_buf_append_c(out, " with (precise = true)");
}

static struct weft_metrics_range range_random(const struct conformance_data *data,
                                              struct weft_random *random)
{
    uint64_t
        a = data->naive.spans[weft_random_below(random, data->naive.count)]->start_time_unix_nano,
        b = data->naive.spans[weft_random_below(random, data->naive.count)]->start_time_unix_nano,
        start = a < b ? a : b, end = (a < b ? b : a) + weft_random_below(random, 3) + 1;
    struct weft_metrics_range range = { .start_ns = start,
                                        .end_ns = end > start ? end : UINT64_MAX,
                                        .exemplars_max =
                                            (uint32_t)weft_random_below(random, 3) * 40 };

    if (weft_random_below(random, 5) > 0)
        range.step_ns = (range.end_ns - start) / (1 + weft_random_below(random, 50)) + 1;
    return range;
}

/* ---- comparing ---- */

struct asked {
    const struct conformance_data *data;
    const char *state;
    struct weft_str query;
};

static bool is_near(double a, double b)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    return a == b || fabs(a - b) <= 1e-9 * (fabs(a) + fabs(b));
}

#define CHECK(asked, condition, what, at)                                     \
    do {                                                                      \
        if (!(condition))                                                     \
            fail_msg("seed %llu, %s: %.*s: %s differs at %u",                 \
                     (unsigned long long)(asked)->data->seed, (asked)->state, \
                     WEFT_S_ARG((asked)->query), what, (unsigned)(at));       \
    } while (0)

static void exemplars_check(const struct asked *asked, const struct weft_series *a,
                            const struct weft_series *b)
{
    CHECK(asked, a->exemplar_count == b->exemplar_count, "count of exemplars", b->exemplar_count);
    for (uint32_t i = 0; i < a->exemplar_count; i++) {
        const struct weft_series_exemplar *x = &a->exemplars[i], *y = &b->exemplars[i];
        CHECK(asked,
              memcmp(&x->trace_id, &y->trace_id, 16) == 0 &&
                  memcmp(&x->span_id, &y->span_id, 8) == 0 &&
                  x->time_unix_nano == y->time_unix_nano && is_near(x->value, y->value),
              "exemplar", i);
    }
}

static void labels_check(const struct asked *asked, const struct weft_series *a,
                         const struct weft_series *b)
{
    CHECK(asked, a->label_count == b->label_count, "count of labels", b->label_count);
    for (uint32_t i = 0; i < a->label_count; i++)
        CHECK(asked,
              weft_str_equal(a->labels[i].name, b->labels[i].name) &&
                  a->labels[i].value.type == b->labels[i].value.type &&
                  weft_traceql_value_compare(&a->labels[i].value, &b->labels[i].value) == 0,
              "label", i);
}

static void results_check(const struct asked *asked, const struct weft_metrics_result *a,
                          const struct weft_metrics_result *b)
{
    CHECK(asked, a->partial_reason == NULL && b->partial_reason == NULL, "reason", 0);
    CHECK(asked, a->series_count == b->series_count, "count of series", b->series_count);
    for (uint32_t s = 0; s < a->series_count; s++) {
        const struct weft_series *x = &a->series[s], *y = &b->series[s];
        labels_check(asked, x, y);
        CHECK(asked, x->point_count == y->point_count, "count of points", s);
        for (uint32_t i = 0; i < x->point_count; i++)
            CHECK(asked, is_near(x->points[i], y->points[i]), "point", i);
        exemplars_check(asked, x, y);
    }
}

/* ---- states ---- */

/* How many spans the columns were asked for without visiting their traces. */
static uint64_t query_check(const struct conformance_data *data, struct store_state *state,
                            struct weft_random *random, struct weft_buf *text)
{
    struct weft_source source = weft_store_source(state->store),
                       judge = naive_store_source((struct naive_store *)(uintptr_t)&data->naive);
    struct weft_traceql_query query;
    struct weft_metrics_result expected, found;
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    const struct weft_metrics_range range = range_random(data, random);
    do { /* until all keys in it are such that a query can name them */
        query_append(text, data, random);
    } while (weft_traceql_parse(&query, weft_buf_str(text), &arena, NULL, &err) < 0);
    struct asked asked = { data, state->name, weft_buf_str(text) };
    int judged = weft_traceql_metrics(&judge, &query, &range, &expected, &arena, &err),
        rc = weft_traceql_metrics(&source, &query, &range, &found, &arena, &err);
    CHECK(&asked, judged == rc, "answer", rc);
    if (rc == WEFT_OK) results_check(&asked, &expected, &found);
    uint64_t in_columns = rc == WEFT_OK && found.inspected_traces == 0 ? found.inspected_spans : 0;
    weft_arena_release(&arena);
    return in_columns;
}

static void data_check(struct conformance_data *data, const char *name)
{
    struct store_state state;
    struct weft_random random;
    struct weft_buf text = { 0 };
    uint64_t in_columns = 0;

    store_state_open(&state, name, data);
    weft_random_init(&random, data->seed + 9);
    for (uint32_t i = 0; i < QUERIES; i++) in_columns += query_check(data, &state, &random, &text);
    if (strcmp(name, "compacted") == 0) assert_true(in_columns > 0);
    weft_buf_release(&text);
    store_state_close(&state);
    conformance_data_release(data);
}

static void state_test(void **test_state)
{
    struct conformance_data data;

    conformance_data_init(&data, conformance_seed(20261121), 20, 18);
    data_check(&data, *test_state);
    conformance_data_init_odd(&data, conformance_seed(20261122), 25);
    data_check(&data, *test_state);
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
    return _cmocka_run_group_tests("metrics_conformance", tests, count, NULL, NULL);
}
