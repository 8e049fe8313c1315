/* traceql_finish_test.c -- order, distinct, spans and cursors: how they are written, what they mean, and that pages joined are one page. */
#include "base/random.h"
#include "query/trace_fixture.h"
#include "query/traceql_search.h"
#include "query/traceql_text_fixture.h"

/* ---- As text ---- */

static const struct text_case texts[] = {
    { "{ } | order(start)", "{ } | order(start desc)" },
    { "{ } | order(duration)", "{ } | order(duration desc)" },
    { "{ } | order(span:duration asc)", "{ } | order(duration asc)" },
    { "{ } | order(span.a)", "{ } | order(span.a asc)" },
    { "{ }|spans()|order(name desc)|distinct(name,.b)",
      "{ } | distinct(name, .b) | order(name desc) | spans()" },
    { "({ } | count() > 1) && ({ }) | spans()", "({ } | count() > 1) && ({ }) | spans()" },
    { "{ } | by(name) | spans() with (most_recent = true)",
      "{ } | by(name) | spans() with (most_recent = true)" },
    { "count() > 1 | spans()", "count() > 1 | spans()" },
    { "{ } | spans() | spans()", "line 1, col 17: spans() stands there twice; expected it once" },
    { "{ } | spans() | count() > 1",
      "line 1, col 17: unexpected \"count\", expected distinct(), order() or spans(); other "
      "stages stand before those" },
    { "({ } | spans()) && ({ })",
      "line 1, col 8: spans() stands at the end of a whole search, outside of parentheses, as in { "
      "} | spans()" },
    { "{ } | rate() | spans()", NULL },
    { "{ } | spans() | rate()", NULL },
    { "{ } | order(start, name)", "line 1, col 18: unexpected \",\"; order() takes one field" },
    { "{ } | order()", NULL },
    { "{ } | distinct()", NULL },
    { "{ } | distinct(start)", NULL },
    { "{ } | spans(3)", NULL },
    { "{ } | order(name up)", NULL },
    { "spans()", "line 1, col 1: spans() needs spansets before it, as in { } | spans()" },
    { "{ order }", NULL },
    { "{ start > 1 }", NULL },
    { "{ } | sort(name)", NULL },
};

static void test_texts(void **state)
{
    (void)state;
    texts_check(texts, sizeof texts / sizeof *texts);
}

static void test_start_is_a_name_only_in_order(void **state)
{
    struct weft_arena arena = { 0 };
    struct weft_traceql_query query;

    assert_int_equal(weft_traceql_parse(&query,
                                        WEFT_S("{ .start = 1 && .order = 2 } | "
                                               "order(.start) | distinct(.spans)"),
                                        &arena, NULL, NULL),
                     WEFT_OK);
    assert_int_equal(query.attribute_count, 3);
    assert_false(query.finish.order.is_start);
    weft_arena_release(&arena);
}

/* ---- A source: an array of traces ---- */

#define TRACES_MAX 200
struct shelf {
    struct weft_batch traces[TRACES_MAX];
    uint32_t count, visited;
    struct weft_trace_scan scan; /* the last one */
};

static bool overlaps(const struct weft_batch *trace, const struct weft_trace_scan *scan)
{
    uint64_t start = UINT64_MAX, end = 0;

    for (uint32_t i = 0; i < trace->span_count; i++) {
        const struct weft_span *span = &trace->spans[i];
        if (span->start_time_unix_nano < start) start = span->start_time_unix_nano;
        if (span->end_time_unix_nano > end) end = span->end_time_unix_nano;
    }
    return end >= scan->from_ns && (scan->to_ns == 0 || start < scan->to_ns);
}

static int shelf_traces(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                        void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct shelf *shelf = self;

    shelf->scan = *scan;
    *out = (struct weft_trace_scan_result){ 0 };
    for (uint32_t i = 0; i < shelf->count; i++) {
        if (!overlaps(&shelf->traces[i], scan)) continue;
        shelf->visited++;
        if (!visit(arg, &shelf->traces[i])) break;
    }
    return WEFT_OK;
}

static void shelf_put(struct shelf *shelf, const char *text, struct weft_arena *arena)
{
    assert_true(shelf->count < TRACES_MAX);
    shelf->traces[shelf->count] = fixture_trace(text, shelf->count + 1, arena);
    shelf->count++;
}

static int ask(struct shelf *shelf, const char *text, const struct weft_traceql_limits *limits,
               struct weft_traceql_result *out, struct weft_arena *arena, struct weft_err *err)
{
    struct weft_source source = { .self = shelf, .traces = shelf_traces };
    struct weft_traceql_query *query = weft_arena_alloc(arena, sizeof *query);

    if (weft_traceql_parse(query, weft_str_from_c(text), arena, NULL, err) < 0)
        fail_msg("%s: %s", text, err->text);
    return weft_traceql_search(&source, query, limits, out, arena, err);
}

static void search(struct shelf *shelf, const char *text, const struct weft_traceql_limits *limits,
                   struct weft_traceql_result *out, struct weft_arena *arena)
{
    struct weft_err err = { 0 };
    if (ask(shelf, text, limits, out, arena, &err) < 0) fail_msg("%s: %s", text, err.text);
}

/* Traces: "2 3 1"; spans: "2/1 2/2 3/1", trace and span. */
static void result_append(struct weft_buf *out, const struct weft_traceql_result *result)
{
    for (uint32_t i = 0; i < result->trace_count && !result->has_spans; i++)
        weft_buf_printf(out, "%s%u", out->len > 0 ? " " : "", result->traces[i].trace_id.bytes[15]);
    for (uint32_t i = 0; i < result->row_count; i++) {
        const struct weft_found_row *row = &result->rows[i];
        weft_buf_printf(out, "%s%u/%x", out->len > 0 ? " " : "",
                        result->traces[row->trace].trace_id.bytes[15], row->span.span_id.bytes[7]);
    }
}

static void shelf_fill(struct shelf *shelf, struct weft_arena *arena)
{
    shelf_put(shelf, "1 0 a 100 50 service=x span.n=3\n2 1 b 110 5 service=y span.n=1 span.t=q",
              arena);
    shelf_put(shelf, "1 0 a 300 10 service=x span.n=2.5\n2 1 b 301 7 service=z span.l=[1,9]",
              arena);
    shelf_put(shelf, "1 9 b 200 500 service=z span.n=[7,0] span.t=p", arena);
    shelf_put(shelf, "1 0 a 200 20 span.n=1\n2 1 c 250 5 span.n=true span.t=r", arena);
}

/* ---- Meaning ---- */

static const struct {
    const char *query;
    uint32_t limit;
    const char *expected;
    bool has_more;
} meanings[] = {
    { "{ }", 9, "2 3 4 1", false },
    { "{ } | order(start)", 9, "2 4 3 1", false },
    { "{ } | order(start asc)", 9, "1 3 4 2", false },
    { "{ } | order(duration)", 9, "3 1 4 2", false },
    { "{ } | order(duration asc)", 9, "4 1 2 3", false },
    { "{ } | order(duration)", 2, "3 1", true },
    { "{ } | order(traceDuration asc)", 3, "2 1 4", true },
    { "{ name = \"b\" } | order(duration)", 9, "3 2 1", false },
    { "{ name = \"b\" } | order(span.n)", 9, "3 1 2", false },      /* 0, 1, nil */
    { "{ name = \"b\" } | order(span.n desc)", 9, "3 1 2", false }, /* 7, 1, nil */
    { "{ } | order(span.n desc)", 9, "4 3 1 2", false },            /* true is more than numbers */
    { "{ } | order(span.t)", 9, "3 1 4 2", false },
    { "{ } | order(span.t desc)", 9, "4 1 3 2", false },
    { "{ } | order(span.none)", 9, "2 3 4 1", false },
    { "{ } | spans()", 9, "2/2 2/1 4/2 3/1 4/1 1/2 1/1", false },
    { "{ } | spans()", 3, "2/2 2/1 4/2", true },
    { "{ } | order(start asc) | spans()", 9, "1/1 1/2 3/1 4/1 4/2 2/1 2/2", false },
    { "{ } | order(duration) | spans()", 4, "3/1 1/1 4/1 2/1", true },
    { "{ name = \"b\" } | order(resource.service.name) | spans()", 9, "1/2 2/2 3/1", false },
    { "{ } | distinct(rootServiceName)", 9, "2 3", false },
    { "{ } | distinct(rootServiceName)", 1, "2", true },
    { "{ } | distinct(rootServiceName) | order(start asc)", 9, "1 3", false },
    { "{ } | distinct(name) | spans()", 9, "2/2 2/1 4/2", false },
    { "{ } | distinct(name) | order(duration) | spans()", 9, "3/1 1/1 4/2", false },
    { "{ } | distinct(name) | order(duration) | spans()", 3, "3/1 1/1 4/2", false },
    { "{ } | distinct(name) | order(duration) | spans()", 2, "3/1 1/1", true },
    { "{ } | distinct(name, resource.service.name) | spans()", 9, "2/2 2/1 4/2 4/1 1/2", false },
    { "{ } | distinct(span.none) | spans()", 9, "2/2", false },
    { "{ } > { } | spans()", 9, "2/2 4/2 1/2", false },
    { "{ } | count() = 1 | spans()", 9, "3/1", false },
    { "{ } | by(name) | count() = 1 | spans()", 3, "2/2 2/1 4/2", true },
    { "{ name = \"zz\" } | order(start) | spans()", 9, "", false },
};

static void test_meanings(void **state)
{
    struct weft_arena arena = { 0 };
    struct weft_buf printed = { 0 };
    struct shelf shelf = { 0 };

    shelf_fill(&shelf, &arena);
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        const struct weft_traceql_limits limits = { .traces = meanings[i].limit,
                                                    .spans_per_spanset = 9 };
        struct weft_traceql_result result;
        search(&shelf, meanings[i].query, &limits, &result, &arena);
        weft_buf_reset(&printed);
        result_append(&printed, &result);
        weft_buf_append_byte(&printed, '\0');
        if (strcmp(printed.data, meanings[i].expected) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", meanings[i].query, printed.data,
                     meanings[i].expected);
        if (result.has_more != meanings[i].has_more)
            fail_msg("%s: has_more is %d", meanings[i].query, result.has_more);
    }
    weft_buf_release(&printed);
    weft_arena_release(&arena);
}

/* What a row shows, and how the same spans look as traces. */
static void test_rows(void **state)
{
    struct weft_arena arena = { 0 };
    struct shelf shelf = { 0 };
    struct weft_traceql_result result;
    const struct weft_traceql_limits limits = { .traces = 5, .spans_per_spanset = 1 };

    shelf_fill(&shelf, &arena);
    search(&shelf, "{ span.n != nil } | by(name) | order(span.t) | spans()", &limits, &result,
           &arena);
    assert_int_equal(result.row_count, 5); /* 3/1 (p), 1/2 (q), 4/2 (r), 2/1, 4/1 */
    assert_true(result.has_more);
    assert_true(weft_str_equal_c(result.rows[1].service_name, "y"));
    assert_true(weft_str_equal_c(result.rows[1].span.name, "b"));
    assert_true(result.rows[1].span.start_time_unix_nano == 110);
    assert_true(result.rows[1].span.duration_ns == 5);
    assert_int_equal(result.rows[1].span.attribute_count, 2);
    assert_true(weft_str_equal_c(result.rows[1].span.attributes[1].value.text, "q"));
    assert_int_equal(result.trace_count, 4);
    assert_int_equal(result.rows[4].trace, 2); /* span 4/1, of the third trace */
    const struct weft_found_trace *third = &result.traces[2];
    assert_int_equal(third->trace_id.bytes[15], 4);
    assert_int_equal(third->spanset_count, 2); /* by name */
    assert_int_equal(third->spansets[0].matched, 1);
    assert_int_equal(third->spansets[0].span_count, 1);
    assert_true(weft_str_equal_c(third->spansets[0].attributes->key, "by(name)"));
    assert_true(weft_str_equal_c(third->root_name, "a"));
    assert_int_equal(result.traces[1].spanset_count, 1); /* of trace 1 only span 2 is listed */
    weft_arena_release(&arena);
}

static void test_newest_first_is_told_to_the_source(void **state)
{
    struct weft_arena arena = { 0 };
    struct shelf shelf = { 0 };
    struct weft_traceql_result result;
    struct weft_traceql_limits limits = { .traces = 1, .spans_per_spanset = 1 };

    shelf_fill(&shelf, &arena);
    search(&shelf, "{ }", &limits, &result, &arena);
    assert_non_null(shelf.scan.start_min);
    search(&shelf, "{ } | order(start asc)", &limits, &result, &arena);
    assert_null(shelf.scan.start_min);
    search(&shelf, "{ }", &limits, &result, &arena);
    const struct weft_traceql_cursor after = result.last;
    limits.after = &after;
    shelf.visited = 0;
    search(&shelf, "{ }", &limits, &result, &arena);
    assert_int_equal(result.traces[0].trace_id.bytes[15], 3);
    assert_true(shelf.scan.to_ns == 301);
    weft_arena_release(&arena);
}

/* ---- Pages ---- */

static void random_shelf(struct shelf *shelf, struct weft_random *random, struct weft_arena *arena)
{
    static const char *const values[] = { "1",   "2",     "1.0",   "-3.5", "true", "x",    "yy",
                                          "nil", "[1,5]", "[x,a]", "99",   "[]",   "q%20." };
    static const char *const names[] = { "a", "b", "c" };
    struct weft_buf text = { 0 };

    for (uint32_t t = 0; t < TRACES_MAX; t++) {
        uint32_t spans = 1 + (uint32_t)weft_random_below(random, 5);
        uint32_t start = (uint32_t)weft_random_below(random, 40), id = 1;
        weft_buf_reset(&text);
        for (uint32_t s = 0; s < spans; s++) {
            if (s > 0 && weft_random_below(random, 5) > 0)
                id = s + 1; /* else that of the last one */
            if (id == s + 1 && weft_random_below(random, 3) > 0) start++;
            weft_buf_printf(&text, "%s%x 0 %s %u %u", s > 0 ? "\n" : "", id,
                            names[weft_random_below(random, 3)], start,
                            (uint32_t)weft_random_below(random, 9));
            if (weft_random_below(random, 4) > 0)
                weft_buf_printf(&text, " span.v=%s",
                                values[weft_random_below(random, sizeof values / sizeof *values)]);
            if (weft_random_below(random, 4) > 0)
                weft_buf_printf(&text, " service=%s", names[weft_random_below(random, 3)]);
            if (weft_random_below(random, 3) > 0)
                weft_buf_printf(&text, " event=%s event.v=%s", names[weft_random_below(random, 3)],
                                values[weft_random_below(random, sizeof values / sizeof *values)]);
        }
        shelf_put(shelf, weft_arena_copy_c(arena, weft_buf_str(&text)), arena);
    }
    weft_buf_release(&text);
}

static void pages_join(struct weft_buf *out, struct shelf *shelf, const char *query, uint32_t limit)
{
    struct weft_arena arena = { 0 }, cursors = { 0 };
    struct weft_traceql_limits limits = { .traces = limit, .spans_per_spanset = 1 };
    struct weft_traceql_result result;
    struct weft_traceql_cursor after;
    uint32_t pages = 0;

    do {
        weft_arena_reset(&arena);
        search(shelf, query, &limits, &result, &arena);
        result_append(out, &result);
        uint32_t count = result.has_spans ? result.row_count : result.trace_count;
        if (result.has_more && count != limit) fail_msg("%s: a page of %u", query, count);
        struct weft_str text = weft_traceql_cursor_format(&result.last, &arena);
        assert_int_equal(weft_traceql_cursor_parse(&after, text, &cursors, NULL), WEFT_OK);
        limits.after = &after;
        assert_true(++pages <= 5 * TRACES_MAX);
    } while (result.has_more);
    weft_arena_release(&arena);
    weft_arena_release(&cursors);
}

static void test_pages_joined_are_one_page(void **state)
{
    static const char *const orders[] = { "",
                                          " | order(start)",
                                          " | order(start asc)",
                                          " | order(duration)",
                                          " | order(duration asc)",
                                          " | order(span.v)",
                                          " | order(span.v desc)",
                                          " | order(name)",
                                          " | order(event.v desc)",
                                          " | order(event:name)",
                                          " | order(status)" };
    static const char *const distincts[] = { "", " | distinct(span.v)", " | distinct(name)",
                                             " | distinct(resource.service.name, name)" };
    static const char *const filters[] = { "{ }", "{ name = \"b\" }", "{ } | by(name)",
                                           "{ span.v != nil }" };
    struct weft_arena arena = { 0 };
    struct weft_buf query = { 0 }, whole = { 0 }, joined = { 0 };
    struct shelf shelf = { 0 };
    struct weft_random random;
    uint64_t answers = 0;

    weft_random_init(&random, 11);
    random_shelf(&shelf, &random, &arena);
    for (uint32_t run = 0; run < 400; run++) {
        weft_buf_reset(&query);
        weft_buf_printf(&query, "%s%s%s%s", filters[weft_random_below(&random, 4)],
                        distincts[weft_random_below(&random, 4)],
                        orders[weft_random_below(&random, sizeof orders / sizeof *orders)],
                        weft_random_below(&random, 2) == 0 ? "" : " | spans()");
        weft_buf_append_byte(&query, '\0');
        weft_buf_reset(&whole);
        weft_buf_reset(&joined);
        pages_join(&whole, &shelf, query.data, 10 * TRACES_MAX);
        answers += whole.len;
        pages_join(&joined, &shelf, query.data, 1 + (uint32_t)weft_random_below(&random, 30));
        if (!weft_str_equal(weft_buf_str(&whole), weft_buf_str(&joined)))
            fail_msg("%s: pages \"%.*s\", all \"%.*s\"", query.data,
                     WEFT_S_ARG(weft_buf_str(&joined)), WEFT_S_ARG(weft_buf_str(&whole)));
    }
    assert_true(answers > 50000); /* the test says something */
    weft_buf_release(&query);
    weft_buf_release(&whole);
    weft_buf_release(&joined);
    weft_arena_release(&arena);
}

/* What memory ends is the beginning of the answer, and the cursor goes on behind it. */
static void test_memory(void **state)
{
    struct weft_arena arena = { 0 }, answer = { 0 };
    struct weft_buf text = { 0 };
    struct shelf shelf = { 0 };
    struct weft_traceql_result result;
    struct weft_traceql_limits limits = { .traces = 100,
                                          .spans_per_spanset = 1,
                                          .memory_bytes_max = 64 << 10 };
    struct weft_traceql_cursor after;
    uint32_t found = 0;

    for (uint32_t i = 0; i < 40; i++) { /* in no order */
        weft_buf_reset(&text);
        weft_buf_printf(&text, "1 0 a %u 50 span.big=", 1000 + i * 7 % 40);
        for (uint32_t j = 0; j < 1000 + 6000 * (i % 2); j++) weft_buf_append_byte(&text, 'x');
        shelf_put(&shelf, weft_arena_copy_c(&arena, weft_buf_str(&text)), &arena);
    }
    do {
        search(&shelf, "{ } | select(span.big) | spans()", &limits, &result, &answer);
        for (uint32_t i = 0; i < result.row_count; i++)
            assert_int_equal(result.rows[i].span.start_time_unix_nano, 1039 - found++);
        if (result.has_more) assert_string_equal(result.partial_reason, "memory limit");
        after = result.last;
        limits.after = &after;
    } while (result.has_more);
    assert_int_equal(found, 40);
    weft_buf_release(&text);
    weft_arena_release(&answer);
    weft_arena_release(&arena);
}

static void test_cursors_that_are_none(void **state)
{
    static const char *const wrong[] = {
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "1.02.03.0.",
        "x.02.03.0.n",
        "1.00000000000000000000000000000002.0000000000000003.0.",
        "1.00000000000000000000000000000002.0000000000000003.0.z",
        "1.00000000000000000000000000000002.0000000000000003.0.nn",
        "1.00000000000000000000000000000002.0000000000000003.0.i1x",
        "1.00000000000000000000000000000002.0000000000000003.0.f12",
        "1.00000000000000000000000000000002.0000000000000003.0.b2",
        "1.00000000000000000000000000000002.0000000000000003.0.s%2",
        "1.00000000000000000000000000000002.0000000000000003.99999999999.n",
    };
    struct weft_arena arena = { 0 };
    struct weft_traceql_cursor cursor;
    struct weft_err err;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (weft_traceql_cursor_parse(&cursor, weft_str_from_c(wrong[i]), &arena, &err) !=
            WEFT_INVALID)
            fail_msg("%s was taken", wrong[i]);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_start_is_a_name_only_in_order),
        cmocka_unit_test(test_meanings),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_newest_first_is_told_to_the_source),
        cmocka_unit_test(test_pages_joined_are_one_page),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_cursors_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
