/* traceql_metrics_test.c -- metrics over a few spans whose numbers are easily worked out by hand. */
#include "query/traceql_metrics.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define BASE (UINT64_C(1800000) * SECOND) /* a whole hour, and a multiple of every step below */

/* ---- spans ---- */

struct given {
    uint8_t trace, id, parent;
    double start_s; /* from BASE */
    uint64_t duration_ns;
    const char *name, *service;
    uint8_t status;
    const char *key; /* one attribute: a number when `text` is NULL */
    double number;
    const char *text, *trace_state;
};

static const struct given shop[] = {
    { 1, 1, 0, 1, 4 * SECOND, "get", "web", WEFT_STATUS_UNSET, "n", 1 },
    { 1, 2, 1, 2, SECOND, "read", "db", WEFT_STATUS_ERROR, "n", 2.5 },
    { 1, 3, 1, 2.5, SECOND / 2, "read", "db", WEFT_STATUS_OK, "n", 0, "x" },
    { 2, 4, 0, 10, 2 * SECOND, "get", "web", WEFT_STATUS_UNSET, "n", 8, NULL, "ot=th:8" },
    { 2, 5, 4, 11, SECOND, "write", "db", WEFT_STATUS_ERROR, NULL, 0, NULL, "a=b, ot=rv:1;th:c" },
    { 3, 6, 0, 30, 3, "tick", "cron", WEFT_STATUS_OK, "n", 40 },
};
enum { SHOP_COUNT = sizeof shop / sizeof shop[0], TRACES = 3 };

struct shop_source {
    struct weft_resource resources[SHOP_COUNT];
    struct weft_scope scopes[SHOP_COUNT];
    struct weft_attribute attributes[SHOP_COUNT], services[SHOP_COUNT];
    struct weft_span spans[SHOP_COUNT];
    bool is_backwards; /* last trace first */
    uint32_t visited;
    uint64_t from_ns, to_ns; /* as asked */
    const char *partial_reason;
};

static struct weft_attribute number_attribute(const struct given *g)
{
    struct weft_attribute a = weft_attribute_text(weft_str_from_c(g->key), WEFT_S(""));
    a.type = g->number == floor(g->number) ? WEFT_VALUE_INT : WEFT_VALUE_DOUBLE;
    if (a.type == WEFT_VALUE_INT)
        a.int_value = (int64_t)g->number;
    else
        a.double_value = g->number;
    return a;
}

static void span_make(struct shop_source *source, uint32_t at)
{
    const struct given *g = &shop[at];
    struct weft_span *span = &source->spans[at];
    source->services[at] = weft_attribute_text(WEFT_S("service.name"), weft_str_from_c(g->service));
    source->resources[at] = (struct weft_resource){ .attributes = { &source->services[at], 1, 0 },
                                                    .service_name = weft_str_from_c(g->service) };
    source->scopes[at].resource = &source->resources[at];
    *span = (struct weft_span){ .scope = &source->scopes[at],
                                .name = weft_str_from_c(g->name),
                                .kind = WEFT_KIND_SERVER,
                                .status_code = g->status };
    span->start_time_unix_nano = BASE + (uint64_t)(g->start_s * 1e9);
    span->end_time_unix_nano = span->start_time_unix_nano + g->duration_ns;
    span->trace_id.bytes[15] = g->trace;
    span->span_id.bytes[7] = g->id;
    span->parent_span_id.bytes[7] = g->parent;
    span->trace_state = weft_str_from_c(g->trace_state);
    if (g->key == NULL) return;
    source->attributes[at] =
        g->text != NULL ? weft_attribute_text(weft_str_from_c(g->key), weft_str_from_c(g->text))
                        : number_attribute(g);
    span->attributes = (struct weft_attributes){ &source->attributes[at], 1, 0 };
}

static int shop_traces(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                       void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct shop_source *source = self;
    source->from_ns = scan->from_ns;
    source->to_ns = scan->to_ns;
    *out = (struct weft_trace_scan_result){ .partial_reason = source->partial_reason };
    for (uint32_t i = 1; i <= TRACES; i++) {
        uint8_t trace = (uint8_t)(source->is_backwards ? TRACES + 1 - i : i);
        struct weft_batch batch = { .spans = NULL };
        for (uint32_t s = 0; s < SHOP_COUNT; s++) {
            if (shop[s].trace != trace) continue;
            if (batch.spans == NULL) batch.spans = &source->spans[s];
            batch.span_count++;
        }
        source->visited++;
        out->inspected_traces++;
        out->inspected_spans += batch.span_count;
        if (!visit(arg, &batch)) break;
    }
    return WEFT_OK;
}

static void shop_init(struct shop_source *source)
{
    *source = (struct shop_source){ 0 };
    for (uint32_t i = 0; i < SHOP_COUNT; i++) span_make(source, i);
}

/* ---- asking ---- */

static int ask(struct shop_source *source, const char *query,
               const struct weft_metrics_range *range, struct weft_metrics_result *out,
               struct weft_arena *arena, struct weft_err *err)
{
    struct weft_traceql_query parsed;
    struct weft_source asked = { .self = source, .traces = shop_traces };
    int rc = weft_traceql_parse(&parsed, weft_str_from_c(query), arena, NULL, err);
    if (rc < 0) return rc;
    return weft_traceql_metrics(&asked, &parsed, range, out, arena, err);
}

static struct weft_metrics_range range_of(double start_s, double end_s, double step_s)
{
    return (struct weft_metrics_range){ .start_ns = BASE + (uint64_t)(start_s * 1e9),
                                        .end_ns = BASE + (uint64_t)(end_s * 1e9),
                                        .step_ns = (uint64_t)(step_s * 1e9) };
}

/* `a="x" p=0.5: 0 1.5 -; ...`, numbers to 6 digits, - for no point. */
static struct weft_str show(const struct weft_metrics_result *result, struct weft_buf *text)
{
    weft_buf_reset(text);
    for (uint32_t s = 0; s < result->series_count; s++) {
        const struct weft_series *series = &result->series[s];
        if (s > 0) weft_buf_append_c(text, "; ");
        for (uint32_t i = 0; i < series->label_count; i++) {
            weft_buf_printf(text, "%s%.*s=", i > 0 ? " " : "", WEFT_S_ARG(series->labels[i].name));
            weft_traceql_print_value(text, &series->labels[i].value);
        }
        weft_buf_append_c(text, ":");
        for (uint32_t i = 0; i < series->point_count; i++) {
            if (isnan(series->points[i]))
                weft_buf_append_c(text, " -");
            else
                weft_buf_printf(text, " %.6g", series->points[i]);
        }
    }
    return weft_buf_str(text);
}

static const struct {
    const char *query, *expected;
    double start_s, end_s, step_s; /* 0, 20, 10 unless given */
} cases[] = {
    /* Q6.1: buckets are (-10, 0], (0, 10], (10, 20]; the span at 10 s is in the second. */
    { "{} | count_over_time()", "__name__=count_over_time: 0 4 1" },
    { "{} | rate()", "__name__=rate: 0 0.4 0.1" },
    { "{} | count_over_time()", "__name__=count_over_time: 0 4 1", 3, 17, 10 },
    { "{} | count_over_time()", "__name__=count_over_time: 4 1", 13, 17, 10 },
    { "{} | count_over_time()", "__name__=count_over_time: 0 1 1", 1.5, 2.5, 0.5 },
    { "{} | count_over_time() by(status)",
      "status=error: 0 1 1; status=ok: 0 1 0; status=unset: 0 2 0" },
    { "{} | count_over_time() by(span.n)",
      "span.n=1: 0 1 0; span.n=2.5: 0 1 0; span.n=8: 0 1 0; span.n=nil: 0 0 1; span.n=x: 0 1 0" },
    /* a label without value is left out beside others, and is `nil` alone */
    { "{} | count_over_time() by(name, span.n)",
      "name=get span.n=1: 0 1 0; name=get span.n=8: 0 1 0; name=read span.n=2.5: 0 1 0; "
      "name=read span.n=x: 0 1 0; name=write: 0 0 1" },
    { "{ name = `write` } | count_over_time() by(span.n, span.none)", "span.n=nil: 0 0 1" },
    { "{ name = `write` } | quantile_over_time(duration, 1) by(span.n)", "p=1.0: 0 0 1.07374" },
    { "{ name = `write` } | histogram_over_time(duration) by(span.n)",
      "__bucket=1.073741824: 0 0 1" },
    { "{ name = `none` } | rate()", "__name__=rate: 0 0 0" },
    { "{ name = `none` } | rate() by(name)", "" },
    { "{} | max_over_time(span.n)", "__name__=max_over_time: - 8 -" },
    { "{} | min_over_time(span.n)", "__name__=min_over_time: - 1 -" },
    { "{} | sum_over_time(span.n)", "__name__=sum_over_time: - 11.5 -" },
    { "{} | avg_over_time(span.n) by(name)", "name=get: - 4.5 -; name=read: - 2.5 -" },
    { "{} | sum_over_time(duration)", "__name__=sum_over_time: - 7.5 1" },
    { "{} | max_over_time(trace:duration)", "__name__=max_over_time: - 4e+09 2e+09" },
    { "{} | max_over_time(name)", "" },
    /* pipelines: the trace decides, the groups of by() do not (Q6.1.1) */
    { "{} | count() > 2 | count_over_time()", "__name__=count_over_time: 0 3 0" },
    { "{} | by(name) | count() > 1 | count_over_time()", "__name__=count_over_time: 0 2 0" },
    { "{ name = `get` } > {} | count_over_time() by(name)", "name=read: 0 2 0; name=write: 0 0 1" },
    { "{ status = error } | by(name) | { name = `read` } | count_over_time()",
      "__name__=count_over_time: 0 1 0" },
    /* Q6.2.2: durations 4, 1, .5, 2 s: limits 4.29, 1.07, .537, 2.15; rank 2 is the second limit, rank 3 the third */
    { "{} | quantile_over_time(duration, .5, .75)",
      "p=0.5: 0 1.07374 1.07374; p=0.75: 0 2.14748 1.07374" },
    { "{ name = `tick` } | quantile_over_time(duration, 1)", "p=1.0: 4e-09 0", 30, 30.5, 10 },
    { "{ name = `get` } | quantile_over_time(span.n, 0) by(name)", "name=get p=0.0: 0 8 0" },
    { "{} | quantile_over_time(duration, .5) with(exact=true)", "p=0.5: 0 1 1" },
    { "{} | quantile_over_time(span.n, 0, 1) with(exact=true)", "p=0.0: 0 1 0; p=1.0: 0 8 0" },
    /* within a hundredth: 4, 1, .5, 2 s; rank 2 is 1 s, rank 3 is 2 s */
    { "{} | quantile_over_time(duration, .5, .75) with(precise=true)",
      "p=0.5: 0 1.00244 1.00244; p=0.75: 0 2.00488 1.00244" },
    { "{} | quantile_over_time(span.n, 0, 1) with(precise=true)", "p=0.0: 0 1 0; p=1.0: 0 8 0" },
    { "{} | histogram_over_time(duration)",
      "__bucket=0.536870912: 0 1 0; __bucket=1.073741824: 0 1 1; __bucket=2.147483648: 0 1 0; "
      "__bucket=4.294967296: 0 1 0" },
    { "{} | histogram_over_time(span.n) by(name)",
      "name=get __bucket=8.0: 0 1 0; name=read __bucket=4.0: 0 1 0" },
    /* Q6.4: chosen for each point; of equals topk takes the first by labels, bottomk the last */
    { "{} | count_over_time() by(name) | topk(1)", "name=get: 0 2 -; name=write: - - 1" },
    { "{} | count_over_time() by(name) | bottomk(1)", "name=read: - - 0; name=write: 0 0 -" },
    { "{} | count_over_time() by(name) | topk(2)",
      "name=get: 0 2 0; name=read: 0 2 -; name=write: - - 1" },
    { "{} | count_over_time() by(name) | topk(9)",
      "name=get: 0 2 0; name=read: 0 2 0; name=write: 0 0 1" },
    /* Q6.5 */
    { "{} | count_over_time() by(name) > 1", "name=get: - 2 -; name=read: - 2 -" },
    { "{} | count_over_time() by(name) != 2 | topk(1)", "name=get: 0 - -; name=write: - 0 1" },
    { "{} | max_over_time(duration) >= 4s", "__name__=max_over_time: - 4 -" },
    /* Q6.6 */
    { "({ status = error } | count_over_time()) / ({} | count_over_time())",
      "__name__=(count_over_time / count_over_time): - 0.25 1" },
    { "({ status = error } | count_over_time() by(name)) / ({} | count_over_time() by(name))",
      "name=read: - 0.5 -; name=write: - - 1" },
    { "({} | count_over_time()) - ({} | count_over_time() by(name))",
      "name=get: 0 2 1; name=read: 0 2 1; name=write: 0 4 0" },
    { "({} | count_over_time() by(name)) - ({} | count_over_time())",
      "name=get: 0 -2 -1; name=read: 0 -2 -1; name=write: 0 -4 0" },
    { "({} | count_over_time() by(name)) + ({} | count_over_time() by(kind))", "" },
    { "({} | count_over_time() by(name, kind)) + ({} | count_over_time() by(kind, name))",
      "name=get kind=server: 0 4 0; name=read kind=server: 0 4 0; name=write kind=server: 0 0 2" },
    { "100 - 2 * ({} | rate())", "__name__=rate: 100 99.2 99.8" },
    { "({} | count_over_time()) + 1 / 2", "__name__=count_over_time: 0 4 1" },
    { "({} | count_over_time()) / 0", "" },
    { "(({} | rate()) - ({} | rate())) - ({} | rate())",
      "__name__=((rate - rate) - rate): 0 -0.4 -0.1" },
    { "({} | count_over_time() by(name) | topk(1)) + ({} | count_over_time() by(name))",
      "name=get: 0 4 -; name=write: - - 2" },
    { "({} | count_over_time()) / ({ name = `none` } | max_over_time(duration))", "" },
    /* Q6.9.1: ot=th:8 is one of two, th:c one of four */
    { "{} | count_over_time() with(extrapolate=true)", "__name__=count_over_time: 0 5 4" },
    { "{} | avg_over_time(duration) with(extrapolate=true)", "__name__=avg_over_time: - 1.9 1" },
    { "{} | max_over_time(duration) with(extrapolate=true)", "__name__=max_over_time: - 4 1" },
};

static void test_ranges(void **state)
{
    struct shop_source source;
    struct weft_buf text = { 0 };
    shop_init(&source);
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        struct weft_arena arena;
        struct weft_metrics_result result;
        struct weft_err err;
        size_t c = i / 2;
        struct weft_metrics_range range =
            cases[c].step_s > 0 ? range_of(cases[c].start_s, cases[c].end_s, cases[c].step_s)
                                : range_of(0, 20, 10);
        source.is_backwards = i % 2 != 0;
        weft_arena_init(&arena, 0);
        if (ask(&source, cases[c].query, &range, &result, &arena, &err) < 0)
            fail_msg("%s: %s", cases[c].query, err.text);
        if (!weft_str_equal_c(show(&result, &text), cases[c].expected))
            fail_msg("%s:\n%.*s\nexpected\n%s", cases[c].query, (int)text.len, text.data,
                     cases[c].expected);
        assert_null(result.partial_reason);
        weft_arena_release(&arena);
    }
    weft_buf_release(&text);
}

/* One test's arena, answer and text. */
struct asked {
    struct shop_source source;
    struct weft_arena arena;
    struct weft_metrics_result result;
    struct weft_err err;
    struct weft_buf text;
};

static void asked_init(struct asked *asked)
{
    *asked = (struct asked){ 0 };
    shop_init(&asked->source);
    weft_arena_init(&asked->arena, 0);
}

static void asked_release(struct asked *asked)
{
    weft_buf_release(&asked->text);
    weft_arena_release(&asked->arena);
}

static void expect(struct asked *asked, const char *query, struct weft_metrics_range range,
                   const char *expected)
{
    int rc = ask(&asked->source, query, &range, &asked->result, &asked->arena, &asked->err);
    if (rc < 0) fail_msg("%s: %s", query, asked->err.text);
    if (!weft_str_equal_c(show(&asked->result, &asked->text), expected))
        fail_msg("%s:\n%.*s\nexpected\n%s", query, (int)asked->text.len, asked->text.data,
                 expected);
}

static void test_window(void **state)
{
    struct asked asked;
    asked_init(&asked);
    expect(&asked, "{} | count_over_time()", range_of(3, 17, 10),
           "__name__=count_over_time: 0 4 1");
    assert_int_equal(asked.result.first_ns, BASE);
    assert_int_equal(asked.result.step_ns, 10 * SECOND);
    assert_int_equal(asked.source.from_ns, BASE - 10 * SECOND + 1);
    assert_int_equal(asked.source.to_ns, BASE + 20 * SECOND + 1);
    assert_int_equal(asked.result.inspected_traces, TRACES);
    assert_int_equal(asked.result.inspected_spans, SHOP_COUNT);
    asked_release(&asked);
}

/* Q6.7: one bucket, open on the left, no alignment. */
static void test_instant(void **state)
{
    struct asked asked;
    asked_init(&asked);
    expect(&asked, "{} | count_over_time()", range_of(1, 11, 0), "__name__=count_over_time: 4");
    expect(&asked, "{} | rate()", range_of(1, 11, 0), "__name__=rate: 0.4");
    expect(&asked, "{ name = `none` } | count_over_time()", range_of(1, 11, 0),
           "__name__=count_over_time: 0");
    expect(&asked, "{ name = `none` } | max_over_time(duration)", range_of(1, 11, 0), "");
    expect(&asked, "{} | count_over_time() by(name) > 1", range_of(0, 11, 0),
           "name=get: 2; name=read: 2");
    asked_release(&asked);
}

static void test_refused(void **state)
{
    static const struct {
        const char *query;
        double start_s, end_s, step_s;
        const char *says;
    } refused[] = {
        { "{}", 0, 20, 10, "not a metrics query" },
        { "{} | rate()", 20, 20, 10, "end must be greater" },
        { "{} | rate()", 0, 10001, 1, "10001 intervals" },
    };
    struct asked asked;
    asked_init(&asked);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct weft_metrics_range range =
            range_of(refused[i].start_s, refused[i].end_s, refused[i].step_s);
        assert_int_equal(
            ask(&asked.source, refused[i].query, &range, &asked.result, &asked.arena, &asked.err),
            WEFT_INVALID);
        assert_non_null(strstr(asked.err.text, refused[i].says));
    }
    struct weft_metrics_range late = { .start_ns = UINT64_MAX - 50,
                                       .end_ns = UINT64_MAX - 1,
                                       .step_ns = 20 };
    assert_int_equal(
        ask(&asked.source, "{} | rate()", &late, &asked.result, &asked.arena, &asked.err),
        WEFT_INVALID);
    asked_release(&asked);
}

/* A range of all times in few steps is no special case. */
static void test_extremes_of_time(void **state)
{
    struct asked asked;
    asked_init(&asked);
    struct weft_metrics_range range = { .start_ns = 0,
                                        .end_ns = UINT64_MAX,
                                        .step_ns = UINT64_MAX / 5 };
    expect(&asked, "{} | count_over_time()", range, "__name__=count_over_time: 0 6 0 0 0 0");
    range = (struct weft_metrics_range){ .start_ns = 5, .end_ns = UINT64_MAX };
    expect(&asked, "{} | count_over_time()", range, "__name__=count_over_time: 6");
    asked_release(&asked);
}

static void test_many_metrics_in_one(void **state)
{
    struct asked asked;
    asked_init(&asked);
    for (unsigned count = 64; count <= 65; count++) {
        struct weft_buf query = { 0 };
        for (unsigned i = 0; i < count; i++)
            weft_buf_printf(&query, "%s({} | rate())", i > 0 ? " + " : "");
        weft_buf_append_byte(&query, '\0');
        struct weft_metrics_range range = range_of(0, 20, 10);
        int rc = ask(&asked.source, query.data, &range, &asked.result, &asked.arena, &asked.err);
        assert_int_equal(rc, count == 64 ? WEFT_OK : WEFT_INVALID);
        if (rc == WEFT_OK) assert_true(fabs(asked.result.series[0].points[1] - 64 * 0.4) < 1e-9);
        weft_buf_release(&query);
    }
    asked_release(&asked);
}

static void test_series_limit(void **state)
{
    struct asked asked;
    struct weft_metrics_range range = range_of(0, 20, 10);
    asked_init(&asked);
    range.series_max = 2;
    expect(&asked, "{} | count_over_time() by(name)", range, "name=get: 0 2 0; name=read: 0 2 0");
    assert_non_null(asked.result.partial_reason);
    expect(&asked, "{} | count_over_time() by(name) | topk(1)", range,
           "name=get: 0 2 -; name=write: - - 1");
    assert_null(asked.result.partial_reason);
    asked_release(&asked);
}

/* With too little memory for the groups some are missing, and the answer says so; the ones there are right. */
static void test_memory_limit(void **state)
{
    struct asked asked;
    struct weft_metrics_range range = range_of(0, 20, 10);
    asked_init(&asked);
    range.memory_bytes_max = 1;
    expect(&asked, "{} | count_over_time() by(name)", range, "");
    assert_non_null(strstr(asked.result.partial_reason, "memory limit"));
    asked_release(&asked);
}

static void test_partial_scan(void **state)
{
    struct asked asked;
    asked_init(&asked);
    asked.source.partial_reason = "damaged file";
    expect(&asked, "{} | count_over_time()", range_of(0, 20, 10),
           "__name__=count_over_time: 0 4 1");
    assert_string_equal(asked.result.partial_reason, "damaged file");
    asked_release(&asked);
}

static void test_cancelled(void **state)
{
    struct asked asked;
    _Atomic bool cancelled = true;
    struct weft_metrics_range range = range_of(0, 20, 10);
    asked_init(&asked);
    range.cancelled = &cancelled;
    int rc = ask(&asked.source, "{} > {} | count_over_time()", &range, &asked.result, &asked.arena,
                 &asked.err);
    assert_int_equal(rc, WEFT_OK);
    if (asked.result.partial_reason != NULL)
        assert_string_equal(asked.result.partial_reason, "cancelled");
    asked_release(&asked);
}

static void test_hints_are_told(void **state)
{
    struct asked asked;
    asked_init(&asked);
    expect(&asked, "{} | count_over_time() with(sample=0.1)", range_of(0, 20, 10),
           "__name__=count_over_time: 0 4 1");
    assert_non_null(asked.result.note);
    expect(&asked, "{} | count_over_time() with(unknown=1)", range_of(0, 20, 10),
           "__name__=count_over_time: 0 4 1");
    assert_null(asked.result.note);
    asked_release(&asked);
}

static uint32_t exemplars_of(const struct weft_metrics_result *result)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < result->series_count; i++) count += result->series[i].exemplar_count;
    return count;
}

static void test_exemplars(void **state)
{
    struct asked asked;
    struct weft_metrics_range range = range_of(0, 20, 10);
    asked_init(&asked);
    range.exemplars_max = 100;
    expect(&asked, "{} | max_over_time(duration)", range, "__name__=max_over_time: - 4 1");
    assert_in_range(asked.result.series[0].exemplar_count, 1, 5);
    for (uint32_t i = 0; i < asked.result.series[0].exemplar_count; i++) {
        const struct weft_series_exemplar *shown = &asked.result.series[0].exemplars[i];
        const struct weft_span *span = &asked.source.spans[shown->span_id.bytes[7] - 1];
        assert_int_equal(shown->time_unix_nano, span->start_time_unix_nano);
        assert_true(shown->value == (double)weft_span_duration_ns(span) / 1e9);
        assert_memory_equal(&shown->trace_id, &span->trace_id, sizeof span->trace_id);
    }
    expect(&asked, "{ name = `write` } | rate()", range, "__name__=rate: 0 0 0.1");
    assert_int_equal(asked.result.series[0].exemplar_count, 1);
    assert_true(asked.result.series[0].exemplars[0].value == 0.1); /* the point's */
    expect(&asked, "{} | count_over_time() by(name) > 1", range,
           "name=get: - 2 -; name=read: - 2 -");
    assert_in_range(exemplars_of(&asked.result), 1, 4); /* none of `write` */
    expect(&asked, "{} | quantile_over_time(duration, 0, 1)", range,
           "p=0.0: 0 0.536871 1.07374; p=1.0: 0 4.29497 1.07374");
    assert_in_range(exemplars_of(&asked.result), 2, 5);
    expect(&asked, "{} | rate() with(exemplars=2)", range, "__name__=rate: 0 0.4 0.1");
    assert_in_range(exemplars_of(&asked.result), 1, 2);
    expect(&asked, "{} | rate() with(exemplars=false)", range, "__name__=rate: 0 0.4 0.1");
    assert_int_equal(exemplars_of(&asked.result), 0);
    asked_release(&asked);
}

/* ---- compare() ---- */

static const struct weft_series *series_find(struct asked *asked, const char *type,
                                             const char *name, const char *value)
{
    for (uint32_t i = 0; i < asked->result.series_count; i++) {
        const struct weft_series *series = &asked->result.series[i];
        weft_buf_reset(&asked->text);
        weft_traceql_print_value(&asked->text, &series->labels[1].value);
        if (weft_str_equal_c(series->labels[0].value.text, type) &&
            weft_str_equal_c(series->labels[1].name, name) &&
            weft_str_equal_c(weft_buf_str(&asked->text), value))
            return series;
    }
    return NULL;
}

static void expect_count(struct asked *asked, const char *type, const char *name, const char *value,
                         double count)
{
    const struct weft_series *series = series_find(asked, type, name, value);
    if (series == NULL) fail_msg("no series %s %s=%s", type, name, value);
    if (series->points[0] != count)
        fail_msg("%s %s=%s: %g, expected %g", type, name, value, series->points[0], count);
}

static void compare(struct asked *asked, const char *query)
{
    struct weft_metrics_range range = range_of(0, 20, 0);
    if (ask(&asked->source, query, &range, &asked->result, &asked->arena, &asked->err) < 0)
        fail_msg("%s: %s", query, asked->err.text);
}

static void test_compare(void **state)
{
    struct asked asked;
    asked_init(&asked);
    compare(&asked, "{} | compare({ status = error })");
    expect_count(&asked, "selection", "resource.service.name", "db", 2);
    expect_count(&asked, "baseline", "resource.service.name", "db", 1);
    expect_count(&asked, "baseline", "resource.service.name", "web", 2);
    expect_count(&asked, "selection_total", "resource.service.name", "nil", 2);
    expect_count(&asked, "baseline_total", "resource.service.name", "nil", 3);
    expect_count(&asked, "selection", "name", "write", 2); /* names count twice */
    expect_count(&asked, "selection", "span.n", "2.5", 1);
    expect_count(&asked, "selection_total", "span.n", "nil", 1);
    expect_count(&asked, "baseline", "rootServiceName", "web", 3);
    assert_null(series_find(&asked, "baseline", "duration", "4s"));
    assert_null(series_find(&asked, "baseline", "span:id", "0000000000000001"));
    asked_release(&asked);
}

static void test_compare_top(void **state)
{
    struct asked asked;
    asked_init(&asked);
    compare(&asked, "{} | compare({ status = error }, 1)");
    expect_count(&asked, "baseline", "resource.service.name", "web", 2);
    assert_null(series_find(&asked, "baseline", "resource.service.name", "db"));
    expect_count(&asked, "baseline_total", "resource.service.name", "nil", 3);
    const struct weft_series *error =
        series_find(&asked, "__too_many_values__", "resource.service.name", "nil");
    assert_non_null(error);
    assert_true(isnan(error->points[0]));
    assert_null(series_find(&asked, "__too_many_values__", "kind", "nil"));
    asked_release(&asked);
}

/* Timestamps narrow the selection: (start, end]. */
static void test_compare_times(void **state)
{
    struct asked asked;
    char query[160];
    asked_init(&asked);
    snprintf(query, sizeof query, "{} | compare({ name = `get` }, 5, %llu, %llu)",
             (unsigned long long)(BASE + SECOND), (unsigned long long)(BASE + 10 * SECOND));
    compare(&asked, query);
    expect_count(&asked, "selection", "kind", "server", 1);
    expect_count(&asked, "baseline", "kind", "server", 4);
    asked_release(&asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),           cmocka_unit_test(test_window),
        cmocka_unit_test(test_instant),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_extremes_of_time), cmocka_unit_test(test_many_metrics_in_one),
        cmocka_unit_test(test_series_limit),     cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_partial_scan),     cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_hints_are_told),   cmocka_unit_test(test_exemplars),
        cmocka_unit_test(test_compare),          cmocka_unit_test(test_compare_top),
        cmocka_unit_test(test_compare_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
