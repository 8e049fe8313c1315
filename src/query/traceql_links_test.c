/* traceql_links_test.c -- { a } -link-> { b } and back: how it is written, and what it finds over many traces. */
#include "base/random.h"
#include "query/trace_fixture.h"
#include "query/traceql_links.h"
#include "query/traceql_text_fixture.h"

static const struct text_case texts[] = {
    { "{.a=1}-link->{name=\"x\"}", "{ .a = 1 } -link-> { name = `x` }" },
    { "{ }<-link-{ } | count() > 1 | spans()", "{ } <-link- { } | count() > 1 | spans()" },
    { "{ .a = 1 } && { } > { .b } -link-> { .c } || { } | by(name)",
      "{ .a = 1 } && ({ } > { .b }) -link-> { .c } || { } | by(name)" },
    { "({ } > { }) -link-> ({ } ~ { })", "{ } > { } -link-> { } ~ { }" },
    { "{ } -link-> { } -link-> { }",
      "line 1, col 17: links between traces are followed once in a search" },
    { "({ } -link-> { }) && { }", "line 1, col 6: links between traces are followed at the "
                                  "beginning of a search, outside of parentheses" },
    { "({ } | count() > 1) -link-> { }",
      "line 1, col 21: links are followed between filters; expected { } and operators between them "
      "on both sides" },
    { "{ } -link-> ({ } | count() > 1)",
      "line 1, col 5: links are followed between filters; expected { } and operators between them "
      "on both sides" },
    { "{ } -link-> { } | rate()",
      "line 1, col 5: links between traces are followed in searches, not in metrics" },
    { "{ } | { } -link-> { }", NULL },
    { "{ } -link-> count() > 1", NULL },
    { "{ .a -link-> 3 }", NULL },
    { "{ } -link- > { }", NULL },
    { "{ } - link -> { }", NULL },
    { "{ 1 -link.x > 3 }", "{ (1 - link.x) > 3 }" },
    { "{ .x <-link.y }", "{ .x < (-link.y) }" },
    { "{ } -link->", NULL },
};

static void test_texts(void **state)
{
    (void)state;
    texts_check(texts, sizeof texts / sizeof *texts);
}

/* ---- A source: an array of traces ---- */

#define TRACES_MAX 300
struct shelf {
    struct weft_batch traces[TRACES_MAX];
    uint32_t count, visited;
};

static bool is_selected(const struct weft_batch *trace, const struct weft_trace_scan *scan)
{
    struct weft_arena arena = { 0 };
    bool is_one = scan->selection == NULL;

    if (!is_one) {
        bool *in = weft_arena_alloc_array(&arena, trace->span_count, sizeof *in);
        weft_selection_mark(scan->selection, trace, in, &arena);
        for (uint32_t i = 0; i < trace->span_count; i++) is_one |= in[i];
    }
    weft_arena_release(&arena);
    return is_one;
}

static int shelf_traces(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                        void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct shelf *shelf = self;

    *out = (struct weft_trace_scan_result){ 0 };
    for (uint32_t i = 0; i < shelf->count; i++) {
        if (!is_selected(&shelf->traces[i], scan)) continue;
        shelf->visited++;
        out->inspected_traces++;
        if (!visit(arg, &shelf->traces[i])) break;
    }
    return WEFT_OK;
}

static int ask(struct shelf *shelf, const char *text, struct weft_traceql_result *out,
               struct weft_arena *arena, struct weft_err *err)
{
    struct weft_source source = { .self = shelf, .traces = shelf_traces };
    struct weft_traceql_limits limits = { .traces = 10000, .spans_per_spanset = 9 };
    struct weft_traceql_query query;

    if (weft_traceql_parse(&query, weft_str_from_c(text), arena, NULL, err) < 0)
        fail_msg("%s: %s", text, err->text);
    return weft_traceql_search(&source, &query, &limits, out, arena, err);
}

static uint32_t number_of(const struct weft_trace_id *id)
{
    return (uint32_t)id->bytes[14] << 8 | id->bytes[15];
}

/* "2/1 3/4", sorted by trace, then span. */
static void found_print(struct weft_buf *out, struct shelf *shelf, const char *text)
{
    struct weft_arena arena = { 0 };
    struct weft_traceql_result result;
    struct weft_err err = { 0 };

    if (ask(shelf, text, &result, &arena, &err) < 0) fail_msg("%s: %s", text, err.text);
    weft_buf_reset(out);
    for (uint32_t n = 1; n <= shelf->count; n++)
        for (uint32_t t = 0; t < result.trace_count; t++)
            for (uint32_t i = 0; i < result.traces[t].spanset_count; i++)
                for (uint32_t s = 0; s < result.traces[t].spansets[i].span_count; s++)
                    if (number_of(&result.traces[t].trace_id) == n)
                        weft_buf_printf(out, "%s%u/%x", out->len > 0 ? " " : "", n,
                                        result.traces[t].spansets[i].spans[s].span_id.bytes[7]);
    weft_arena_release(&arena);
}

static void shelf_put(struct shelf *shelf, const char *text, struct weft_arena *arena)
{
    assert_true(shelf->count < TRACES_MAX);
    shelf->traces[shelf->count] = fixture_trace(text, shelf->count + 1, arena);
    shelf->count++;
}

/* Two producers, whose messages a batch job takes together; it links back. A retry names its first try, in its own trace. */
static void shelf_fill(struct shelf *shelf, struct weft_arena *arena)
{
    shelf_put(shelf, "1 0 request 10 9\n2 1 send 11 1 kind=producer", arena);
    shelf_put(shelf, "1 0 request 20 9\n2 1 send 21 1 kind=producer\n3 1 other 22 1", arena);
    shelf_put(shelf,
              "1 0 job 30 9 link=1/2 link=2/2 link=77/1\n2 1 write 31 1\n3 0 job 32 1 link=2/3",
              arena);
    shelf_put(shelf, "1 0 try 40 1\n2 0 try 41 1 link=4/1", arena);
    shelf_put(shelf, "1 0 alone 50 1", arena);
}

static const struct {
    const char *query, *expected;
    uint32_t visited;
} finds[] = {
    { "{ name = \"job\" } -link-> { }", "1/2 2/2 2/3", 3 },
    { "{ name = \"job\" } -link-> { kind = producer }", "1/2 2/2", 3 },
    { "{ name = \"job\" } -link-> { name = \"request\" }", "", 3 },
    { "{ name = \"job\" } -link-> { } > { }", "1/2 2/2 2/3", 3 },
    { "{ name = \"job\" } -link-> { } > { name = \"other\" }", "2/3", 3 },
    { "{ name = \"job\" } -link-> { } | count() > 1", "2/2 2/3", 3 },
    { "{ name = \"write\" } -link-> { }", "", 1 },
    { "{ } -link-> { }", "1/2 2/2 2/3 4/1", 8 },
    { "{ name = \"zz\" } -link-> { }", "", 0 },
    { "{ } -link-> { name = \"zz\" }", "", 8 },
    { "{ name = \"send\" } <-link- { }", "3/1", 7 },
    { "{ name = \"other\" } <-link- { }", "3/3", 6 },
    { "{ name = \"try\" } <-link- { }", "4/2", 6 },
    { "{ } <-link- { }", "3/1 3/3 4/2", 10 },
    { "{ name = \"request\" } <-link- { }", "", 7 },
    { "{ trace:id = \"1\" } <-link- { }", "3/1", 6 },
    { "{ name = \"send\" } <-link- { name = \"job\" } | by(name)", "3/1", 3 },
    { "{ name = \"send\" } || { name = \"other\" } <-link- { name = \"job\" }", "3/1 3/3", 3 },
};

static void test_finds(void **state)
{
    struct weft_arena arena = { 0 };
    struct weft_buf found = { 0 };
    struct shelf shelf = { 0 };

    shelf_fill(&shelf, &arena);
    for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
        shelf.visited = 0;
        found_print(&found, &shelf, finds[i].query);
        weft_buf_append_byte(&found, '\0');
        if (strcmp(found.data, finds[i].expected) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", finds[i].query, found.data, finds[i].expected);
        if (shelf.visited != finds[i].visited)
            fail_msg("%s: %u traces visited", finds[i].query, shelf.visited);
    }
    weft_buf_release(&found);
    weft_arena_release(&arena);
}

/* ---- Many traces against two loops ---- */

static char name_of(const struct weft_span *span)
{
    return span->name.ptr[0];
}

static bool names(const struct weft_span *from, const struct weft_span *to)
{
    for (uint32_t i = 0; i < from->link_count; i++)
        if (memcmp(&from->links[i].trace_id, &to->trace_id, sizeof to->trace_id) == 0 &&
            memcmp(&from->links[i].span_id, &to->span_id, sizeof to->span_id) == 0)
            return true;
    return false;
}

static void expected_print(struct weft_buf *out, const struct shelf *shelf, char a, char b,
                           bool is_back)
{
    weft_buf_reset(out);
    for (uint32_t t = 0; t < shelf->count; t++) {
        for (uint32_t s = 0; s < shelf->traces[t].span_count; s++) {
            const struct weft_span *right = &shelf->traces[t].spans[s];
            bool is_found = false;
            for (uint32_t u = 0; u < shelf->count && name_of(right) == b; u++)
                for (uint32_t l = 0; l < shelf->traces[u].span_count; l++) {
                    const struct weft_span *left = &shelf->traces[u].spans[l];
                    if (name_of(left) == a)
                        is_found |= is_back ? names(right, left) : names(left, right);
                }
            if (is_found)
                weft_buf_printf(out, "%s%u/%x", out->len > 0 ? " " : "", t + 1,
                                right->span_id.bytes[7]);
        }
    }
}

static void random_shelf(struct shelf *shelf, struct weft_random *random, struct weft_arena *arena)
{
    struct weft_buf text = { 0 };

    for (uint32_t t = 0; t < TRACES_MAX; t++) {
        uint32_t spans = 1 + (uint32_t)weft_random_below(random, 4);
        weft_buf_reset(&text);
        for (uint32_t s = 0; s < spans; s++) {
            uint32_t links = (uint32_t)weft_random_below(random, 3);
            weft_buf_printf(&text, "%s%x 0 %c %u 1", s > 0 ? "\n" : "", s + 1,
                            'a' + (int)weft_random_below(random, 4), t + s);
            for (uint32_t l = 0; l < links; l++)
                weft_buf_printf(&text, " link=%x/%x",
                                1 + (uint32_t)weft_random_below(random, TRACES_MAX),
                                1 + (uint32_t)weft_random_below(random, 5));
        }
        shelf_put(shelf, weft_arena_copy_c(arena, weft_buf_str(&text)), arena);
    }
    weft_buf_release(&text);
}

static void test_many(void **state)
{
    struct weft_arena arena = { 0 };
    struct weft_buf found = { 0 }, expected = { 0 };
    struct shelf shelf = { 0 };
    struct weft_random random;
    char query[100];

    weft_random_init(&random, 5);
    random_shelf(&shelf, &random, &arena);
    for (int i = 0; i < 32; i++) {
        char a = (char)('a' + i % 4), b = (char)('a' + i / 4 % 4);
        bool is_back = i >= 16;
        snprintf(query, sizeof query, "{ name = \"%c\" } %s { name = \"%c\" }", a,
                 is_back ? "<-link-" : "-link->", b);
        found_print(&found, &shelf, query);
        expected_print(&expected, &shelf, a, b, is_back);
        if (!weft_str_equal(weft_buf_str(&found), weft_buf_str(&expected)))
            fail_msg("%s: \"%.*s\", expected \"%.*s\"", query, WEFT_S_ARG(weft_buf_str(&found)),
                     WEFT_S_ARG(weft_buf_str(&expected)));
        assert_true(found.len > 50); /* the test says something */
    }
    weft_buf_release(&found);
    weft_buf_release(&expected);
    weft_arena_release(&arena);
}

/* A trace of more spans than may be kept in mind. */
static void test_too_many(void **state)
{
    struct weft_arena arena = { 0 };
    struct weft_batch *trace;
    struct shelf *shelf = weft_arena_alloc_zero(&arena, sizeof *shelf);
    struct weft_traceql_result result;
    struct weft_err err = { 0 };

    shelf_put(shelf, "1 0 a 1 1", &arena);
    trace = &shelf->traces[0];
    const struct weft_span first = trace->spans[0];
    for (uint32_t i = 2; i <= WEFT_LINKED_MAX; i++) {
        struct weft_span *span = weft_batch_add(trace);
        *span = first;
        for (int b = 0; b < 4; b++) span->span_id.bytes[7 - b] = (uint8_t)(i >> (8 * b));
    }
    assert_int_equal(ask(shelf, "{ } <-link- { }", &result, &arena, &err), WEFT_OK);
    assert_int_equal(result.trace_count, 0);
    struct weft_span *last = weft_batch_add(trace);
    *last = first;
    last->span_id.bytes[0] = 1;
    assert_int_equal(ask(shelf, "{ } <-link- { }", &result, &arena, &err), WEFT_UNSUPPORTED);
    assert_string_equal(err.text, "the left side of <-link- has more than 100000 spans to look "
                                  "for: narrow it, or the time range");
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
