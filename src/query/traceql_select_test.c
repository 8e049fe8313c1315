/* traceql_select_test.c -- a selection has every span that the query leaves, and where it says so no other: random queries, random traces. */
#include "base/random.h"
#include "query/trace_fixture.h"
#include "query/traceql_eval.h"
#include "query/traceql_select.h"

#define TRACES 60
#define SPANS_MAX 9
#define QUERIES 12000

static const char *pick(struct weft_random *random, const char *const *from, size_t count)
{
    return from[weft_random_below(random, count)];
}
#define PICK(random, from) pick(random, from, sizeof(from) / sizeof *(from))

/* ---- Random traces: orphans, circles, ids that come twice, every kind of value ---- */

static void random_span(struct weft_buf *out, struct weft_random *random, uint32_t number)
{
    static const char *const names[] = { "a", "b", "c", "aa" };
    static const char *const words[] = { "span.v=1",
                                         "span.v=1.5",
                                         "span.v=a",
                                         "span.v=true",
                                         "span.v=nil",
                                         "span.v=[1,2]",
                                         "span.v=[a,b]",
                                         "span.v=[2]",
                                         "span.v=[true,true]",
                                         "span.v=[1,a]",
                                         "span.v=[nil]",
                                         "span.v=[]",
                                         "span.w=2",
                                         "span.w=b",
                                         "span.w=false",
                                         "resource.v=1",
                                         "resource.v=b",
                                         "resource.v=[1,1]",
                                         "service=a",
                                         "service=b",
                                         "resource.service.name=2",
                                         "resource.service.name=[a,b]",
                                         "scope=a",
                                         "version=b",
                                         "scope.v=1",
                                         "kind=server",
                                         "kind=client",
                                         "status=error",
                                         "status=ok",
                                         "message=a",
                                         "event=a event.n=1",
                                         "event=b+3 event.n=2 event.m=a",
                                         "event=a+1",
                                         "link=1/1 link.n=1",
                                         "link=2/2 link.n=2 link.m=a" };
    uint32_t count = (uint32_t)weft_random_below(random, 6);
    uint64_t id = weft_random_below(random, 12) == 0 ? 1 : number,
             parent = weft_random_below(random, 4) == 0 ? weft_random_below(random, 11)
                                                        : weft_random_below(random, number);
    uint64_t taken = 0;

    weft_buf_printf(out, "%s%x %x %s %u %u", number > 1 ? "\n" : "", (unsigned)id, (unsigned)parent,
                    PICK(random, names), 10 * number, (unsigned)weft_random_below(random, 4));
    for (uint32_t i = 0; i < count; i++) {
        size_t at = weft_random_below(random, sizeof words / sizeof *words);
        /* A key once in a list; what belongs to one key stands together above. */
        uint64_t key = at <= 11 ? 1 : at <= 14 ? 2 : at <= 17 ? 4 : at <= 21 ? 8 : 1ull << at;
        if (taken & key) continue;
        taken |= key;
        weft_buf_printf(out, " %s", words[at]);
    }
}

static void random_trace(struct weft_batch *out, struct weft_random *random, uint64_t number,
                         struct weft_arena *arena)
{
    uint32_t count = 1 + (uint32_t)weft_random_below(random, SPANS_MAX);
    struct weft_buf text = { 0 };

    for (uint32_t i = 1; i <= count; i++) random_span(&text, random, i);
    weft_buf_append_byte(&text, '\0');
    *out = fixture_trace(weft_arena_copy(arena, weft_buf_str(&text)).ptr, number, arena);
    weft_buf_release(&text);
}

/* ---- Random queries ---- */

static void random_term(struct weft_buf *out, struct weft_random *random)
{
    static const char *const asked[] = { "name",
                                         "duration",
                                         "status",
                                         "kind",
                                         "statusMessage",
                                         "span:id",
                                         "span:parentID",
                                         "span:childCount",
                                         "trace:id",
                                         "traceDuration",
                                         "rootName",
                                         "rootServiceName",
                                         "nestedSetParent",
                                         "nestedSetLeft",
                                         "event:name",
                                         "event:timeSinceStart",
                                         "link:spanID",
                                         "instrumentation:name",
                                         "instrumentation:version",
                                         "span.v",
                                         "span.v",
                                         ".v",
                                         ".v",
                                         "resource.v",
                                         "span.w",
                                         "instrumentation.v",
                                         "event.n",
                                         "event.m",
                                         "link.n",
                                         "resource.service.name",
                                         ".service.name",
                                         "span.v + span.w",
                                         "span.v * 2",
                                         "-duration" };
    static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=", "=", "!=", "=~", "!~" };
    static const char *const literals[] = {
        "1",         "2",           "0",     "-1",
        "-2",        "1.0",         "1.5",   "2ns",
        "1ns + 1ns", "0.0 / 0.0",   "\"a\"", "\"b\"",
        "\"a|b\"",   "\"a*\"",      "\"\"",  "\"0000000000000001\"",
        "\"7\"",     "\"0A\"",      "nil",   "nil",
        "true",      "false",       "error", "unset",
        "server",    "unspecified", "span.w"
    };
    const char *field = PICK(random, asked), *op = PICK(random, ops),
               *literal = PICK(random, literals);
    bool is_turned = weft_random_below(random, 6) == 0 && op[1] != '~';

    if (weft_random_below(random, 12) == 0)
        weft_buf_append_c(out, PICK(random, asked));
    else
        weft_buf_printf(out, "%s %s %s", is_turned ? literal : field, op,
                        is_turned ? field : literal);
}

static void random_filter(struct weft_buf *out, struct weft_random *random, int depth)
{
    if (weft_random_below(random, 5) == 0) weft_buf_append_c(out, "!");
    weft_buf_append_c(out, "(");
    if (depth == 0 || weft_random_below(random, 2) == 0) {
        random_term(out, random);
    } else {
        random_filter(out, random, depth - 1);
        weft_buf_append_c(out, weft_random_below(random, 3) == 0 ? " || " : " && ");
        random_filter(out, random, depth - 1);
    }
    weft_buf_append_c(out, ")");
}

static void random_aggregate(struct weft_buf *out, struct weft_random *random)
{
    static const char *const aggregates[] = { "count()",          "count()",       "min(span.v)",
                                              "max(.v)",          "avg(span.v)",   "avg(duration)",
                                              "max(event.n)",     "min(duration)", "sum(span.v)",
                                              "max(duration + 1)" };
    static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=" };
    static const char *const constants[] = { "0", "1", "2", "3", "1.5", "2.5", "-1", "2ns" };

    weft_buf_append_c(out, " | ");
    weft_buf_printf(out, "%s %s ", PICK(random, aggregates), PICK(random, ops));
    weft_buf_append_c(out, PICK(random, constants));
}

static void random_query(struct weft_buf *out, struct weft_random *random)
{
    static const char *const joins[] = { " && ",
                                         " || ",
                                         " > ",
                                         " >> ",
                                         " < ",
                                         " << ",
                                         " ~ ",
                                         " !> ",
                                         " !~ ",
                                         " &> ",
                                         " &>> ",
                                         " &~ ",
                                         " &< ",
                                         " | ",
                                         " | ",
                                         " | by(name) | ",
                                         " | count() > 1 | ",
                                         " | count() <= 2 | ",
                                         " | max(duration) > 1ns | ",
                                         " | avg(span.v) < 1.5 | " };
    uint32_t filters = 1 + (uint32_t)weft_random_below(random, 4);

    weft_buf_reset(out);
    if (filters == 4) filters = 1;
    for (uint32_t i = 0; i < filters; i++) {
        if (i > 0) weft_buf_append_c(out, PICK(random, joins));
        weft_buf_append_c(out, "{ ");
        random_filter(out, random, 2);
        weft_buf_append_c(out, " }");
    }
    if (weft_random_below(random, 12) == 0) weft_buf_append_c(out, " | select(span.v) | by(name)");
    if (weft_random_below(random, 4) == 0) random_aggregate(out, random);
    weft_buf_append_byte(out, '\0');
}

/* ---- Both ways ---- */

struct tally {
    uint32_t queries, exact, empty, found_exact, found_loose, tight;
};

static void compare_trace(const struct weft_traceql_query *query,
                          const struct weft_traceql_selection *selection, const char *text,
                          const struct weft_batch *trace, uint32_t number, struct tally *tally)
{
    struct weft_arena arena;
    struct weft_trace_view view;
    struct weft_spansets spansets = { 0 };
    struct weft_err err;
    bool left[SPANS_MAX] = { 0 }, selected[SPANS_MAX] = { 0 };
    uint32_t found = 0, more = 0;

    weft_arena_init(&arena, 0);
    weft_trace_view_init(&view, trace, &arena);
    assert_int_equal(weft_traceql_eval(&view, query->pipeline, &spansets, &err), WEFT_OK);
    for (uint32_t s = 0; s < spansets.count; s++)
        for (uint32_t i = 0; i < spansets.items[s].count; i++)
            left[spansets.items[s].spans[i]] = true;
    if (!selection->is_empty) weft_selection_mark(selection->tree, trace, selected, &arena);
    for (uint32_t i = 0; i < trace->span_count; i++) {
        found += left[i];
        more += selected[i] && !left[i];
        if (left[i] && !selected[i])
            fail_msg("trace %u, %s: span %u is not selected", number, text, i);
        if (selected[i] && !left[i] && selection->is_exact)
            fail_msg("trace %u, %s: span %u is selected, and exactly so", number, text, i);
    }
    tally->found_exact += found > 0 && selection->is_exact;
    tally->found_loose += found > 0 && !selection->is_exact;
    tally->tight += more == 0;
    weft_arena_release(&arena);
}

static void test_selections_have_what_queries_leave(void **state)
{
    struct weft_arena arena, work;
    struct weft_batch traces[TRACES];
    struct weft_random random;
    struct weft_buf text = { 0 };
    struct tally tally = { 0 };

    weft_arena_init(&arena, 0);
    weft_random_init(&random, 11);
    for (uint32_t i = 0; i < TRACES; i++) random_trace(&traces[i], &random, i + 1, &arena);
    while (tally.queries < QUERIES) {
        struct weft_traceql_query query;
        struct weft_traceql_selection selection;
        weft_arena_init(&work, 0);
        random_query(&text, &random);
        if (weft_traceql_parse(&query, weft_str_from_c(text.data), &work, NULL, NULL) == WEFT_OK) {
            weft_traceql_select(&selection, query.pipeline, &work);
            tally.queries++;
            tally.exact += selection.is_exact;
            tally.empty += selection.is_empty;
            for (uint32_t i = 0; i < 6; i++) {
                uint32_t number = (uint32_t)weft_random_below(&random, TRACES);
                compare_trace(&query, &selection, text.data, &traces[number], number, &tally);
            }
        }
        weft_arena_release(&work);
    }
    print_message("%u queries: %u exact, %u of nothing; answers: %u exact, %u others; %u tight\n",
                  tally.queries, tally.exact, tally.empty, tally.found_exact, tally.found_loose,
                  tally.tight);
    assert_in_range(tally.exact, QUERIES / 4, QUERIES); /* the test says something */
    assert_in_range(tally.found_exact, QUERIES / 8, 6 * QUERIES);
    assert_in_range(tally.found_loose, QUERIES / 8, 6 * QUERIES);
    weft_buf_release(&text);
    weft_arena_release(&arena);
}

/* ---- As text ---- */

static const struct {
    const char *query, *text;
    bool is_exact;
} plans[] = {
    { "{ }", "all", true },
    { "{ false }", "nothing", true },
    { "{ span.b }", "span.b = true", false },
    { "{ span.a = 1 && duration > 1.5s }", "(span.a = 1 and duration > 1.5s)", true },
    { "{ .a = \"x\" }", "(span.a = \"x\" or (span.a is absent and resource.a = \"x\"))", true },
    { "{ !(status = error || kind = server) }", "(status != error and kind != server)", true },
    { "{ resource.service.name != \"a\" }",
      "(resource.service.name != \"a\" or resource.service.name is absent)", true },
    { "{ name =~ \"a.*\" } >> { event.n = nil }", "descendant(name =~ \"a.*\", all)", false },
    { "{ name = \"a\" } &> { name = \"b\" }",
      "(child(name = \"a\", name = \"b\") or parent(name = \"b\", name = \"a\"))", true },
    { "{ name = \"a\" } && { span.x + 1 > 2 } | count() > 1",
      "at least 2 (both(name = \"a\", span.x is there), both(name = \"a\", span.x is there))",
      false },
    { "{ name = \"a\" } | count() >= 3", "at least 3 (name = \"a\", name = \"a\")", true },
    { "{ } | by(name) | count() = 2.5", "nothing", true },
    { "{ name = \"a\" } | max(duration) > 1s",
      "at least 1 ((name = \"a\" and duration > 1s), name = \"a\")", false },
    { "{ name = \"a\" } !> { name = \"b\" }", "name = \"b\"", false },
    { "{ trace:id = \"00a\" && nestedSetParent < 0 }",
      "(trace id = 0000000000000000000000000000000a and is root = true)", true },
    { "{ rootName = \"a\" && span.x }",
      "(both(all, (is root = true and name = \"a\")) and span.x = true)", false },
    { "{ name = \"a\" } | { span.b != nil } | by(name)", "(name = \"a\" and span.b is there)",
      true },
};

static void test_text(void **state)
{
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        struct weft_traceql_query query;
        struct weft_traceql_selection selection;
        struct weft_buf text = { 0 };
        struct weft_arena arena;
        struct weft_err err;
        weft_arena_init(&arena, 0);
        assert_int_equal(
            weft_traceql_parse(&query, weft_str_from_c(plans[i].query), &arena, NULL, &err),
            WEFT_OK);
        weft_traceql_select(&selection, query.pipeline, &arena);
        if (selection.is_empty)
            weft_buf_append_c(&text, "nothing");
        else
            weft_selection_print(&text, selection.tree);
        weft_buf_append_byte(&text, '\0');
        if (strcmp(text.data, plans[i].text) != 0 || selection.is_exact != plans[i].is_exact)
            fail_msg("%s: %s, %s", plans[i].query, text.data,
                     selection.is_exact ? "exact" : "not exact");
        weft_buf_release(&text);
        weft_arena_release(&arena);
    }
}

/* ---- Hostile queries ---- */

static uint64_t node_count(const struct weft_selection *node)
{
    if (node == NULL || node->op <= WEFT_SELECT_PREDICATE) return 1;
    return 1 + node_count(node->left) + node_count(node->right);
}

static void test_trees_stay_small(void **state)
{
    static const struct {
        const char *start, *again;
        uint32_t times;
        uint64_t nodes_max;
    } cases[] = {
        { "{ name = \"a\" }", " | count() > 1", 3000, 200 },
        { "{ name = \"a\" }", " | max(duration) > 1 | { span.b != nil }", 1500, 2000 },
        { "{ name = \"a\" }", " &>> { .b = 1 }", 190, 2000 },
        { "{ name = \"a\" }", " >> { .b = 1 }", 190, 2000 },
        { "{ .a = 1 }", " || { .a = 2 }", 5000, 2000 },
        { "{ .a = 1 }", " | { .a = 2 }", 5000, 2000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_traceql_query query;
        struct weft_traceql_selection selection;
        struct weft_buf text = { 0 };
        struct weft_arena arena;
        struct weft_err err;
        weft_arena_init(&arena, 0);
        weft_buf_append_c(&text, cases[i].start);
        for (uint32_t n = 0; n < cases[i].times; n++) weft_buf_append_c(&text, cases[i].again);
        if (weft_traceql_parse(&query, weft_buf_str(&text), &arena, NULL, &err) < 0)
            fail_msg("%s: %s", cases[i].again, err.text);
        weft_traceql_select(&selection, query.pipeline, &arena);
        assert_in_range(node_count(selection.tree), 1,
                        cases[i].nodes_max); /* 1: too many to ask for */
        weft_buf_release(&text);
        weft_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selections_have_what_queries_leave),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_trees_stay_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
