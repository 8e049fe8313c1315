/* traceql_search_test.c -- which traces an answer has and what it shows of them; what the source is told to look for. */
#include "base/random.h"
#include "query/trace_fixture.h"
#include "query/traceql_search.h"

/* ---- A source: an array of traces ---- */

#define TRACES_MAX 64
struct shelf {
    struct weft_batch traces[TRACES_MAX];
    uint32_t count, visited;
    bool ignores_predicates;
    uint64_t start_min; /* what was wanted at the end */
};

static bool has_span_for(const struct weft_batch *trace, const struct weft_trace_scan *scan)
{
    struct weft_arena arena;
    bool *in, has = false;
    weft_arena_init(&arena, 0);
    in = weft_arena_alloc_array(&arena, trace->span_count, sizeof *in);
    weft_selection_mark(scan->selection, trace, in, &arena);
    for (uint32_t i = 0; i < trace->span_count; i++) has |= in[i];
    weft_arena_release(&arena);
    return has;
}

static int shelf_traces(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                        void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct shelf *shelf = self;

    *out = (struct weft_trace_scan_result){ 0 };
    for (uint32_t i = 0; i < shelf->count; i++) {
        if (!shelf->ignores_predicates && !has_span_for(&shelf->traces[i], scan)) continue;
        out->inspected_traces++;
        shelf->visited++;
        if (!visit(arg, &shelf->traces[i])) break;
    }
    shelf->start_min = scan->start_min != NULL ? *scan->start_min : 0;
    return WEFT_OK;
}

static void shelf_put(struct shelf *shelf, const char *text, struct weft_arena *arena)
{
    assert_true(shelf->count < TRACES_MAX);
    shelf->traces[shelf->count] = fixture_trace(text, shelf->count + 1, arena);
    shelf->count++;
}

/* ---- Asking ---- */

static const struct weft_traceql_query *parsed(const char *text, struct weft_arena *arena)
{
    struct weft_traceql_query *query = weft_arena_alloc(arena, sizeof *query);
    struct weft_err err = { 0 };
    if (weft_traceql_parse(query, weft_str_from_c(text), arena, NULL, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return query;
}

static void search(struct shelf *shelf, const char *text, const struct weft_traceql_limits *limits,
                   struct weft_traceql_result *out, struct weft_arena *arena)
{
    struct weft_source source = { .self = shelf, .traces = shelf_traces };
    struct weft_err err = { 0 };
    const struct weft_traceql_query *query = text != NULL ? parsed(text, arena) : NULL;
    if (weft_traceql_search(&source, query, limits, out, arena, &err) < 0)
        fail_msg("%s: %s", text, err.text);
}

static const struct weft_traceql_limits wide = { .traces = 100, .spans_per_spanset = 100 };

/* "3: 0 1 | 1: 2" : trace numbers, and of each spanset the spans (by the last digit of their id). */
static void result_print(struct weft_buf *out, const struct weft_traceql_result *result)
{
    weft_buf_reset(out);
    for (uint32_t t = 0; t < result->trace_count; t++) {
        const struct weft_found_trace *trace = &result->traces[t];
        weft_buf_printf(out, "%s%u:", t > 0 ? " | " : "", trace->trace_id.bytes[15]);
        for (uint32_t i = 0; i < trace->spanset_count; i++) {
            if (i > 0) weft_buf_append_c(out, ",");
            for (uint32_t s = 0; s < trace->spansets[i].span_count; s++)
                weft_buf_printf(out, " %x", trace->spansets[i].spans[s].span_id.bytes[7]);
        }
    }
    weft_buf_append_byte(out, '\0');
}

static void shelf_fill(struct shelf *shelf, struct weft_arena *arena)
{
    shelf_put(shelf, "1 0 a 100 50 service=x\n2 1 b 110 5 service=y status=error", arena);
    shelf_put(shelf,
              "1 0 a 300 10 service=x\n2 1 b 301 5 service=x\n3 1 b 302 5 service=x status=error",
              arena);
    shelf_put(shelf, "1 9 b 200 500 service=z", arena);
    shelf_put(shelf, "1 0 a 200 20 span.v=1\n2 1 c 210 5", arena);
    shelf_put(shelf, "1 0 a 50 20 service=x", arena);
}

static const struct {
    const char *query;
    struct weft_traceql_limits limits;
    const char *expected;
    bool has_more;
} answers[] = {
    { "{ }", { 0, 0, 100, 100 }, "2: 1 2 3 | 3: 1 | 4: 1 2 | 1: 1 2 | 5: 1", false },
    { NULL, { 0, 0, 100, 100 }, "2: | 3: | 4: | 1: | 5:", false },
    { "{ }", { 0, 0, 3, 2 }, "2: 1 2 | 3: 1 | 4: 1 2", true },
    { "{ }", { 0, 0, 5, 1 }, "2: 1 | 3: 1 | 4: 1 | 1: 1 | 5: 1", false },
    { "{ name = \"b\" }", { 0, 0, 2, 100 }, "2: 2 3 | 3: 1", true },
    { "{ name = \"b\" }", { 0, 0, 3, 100 }, "2: 2 3 | 3: 1 | 1: 2", false },
    { "{ name = \"zz\" }", { 0, 0, 3, 100 }, "", false },
    { "{ name = \"a\" } > { status = error }", { 0, 0, 9, 100 }, "2: 3 | 1: 2", false },
    { "{ } | by(name)", { 0, 0, 1, 100 }, "2: 1, 2 3", true },
    { "{ }", { .traces = 9, .spans_per_spanset = 1, .duration_min_ns = 21 }, "3: 1 | 1: 1", false },
    { NULL, { .traces = 9, .duration_min_ns = 20, .duration_max_ns = 50 }, "4: | 1: | 5:", false },
    { "{ trace:id = \"3\" }", { 0, 0, 9, 100 }, "3: 1", false },
};

static void test_answers(void **state)
{
    struct weft_arena arena, answer;
    struct weft_buf printed = { 0 };
    struct shelf shelf = { 0 };
    weft_arena_init(&arena, 0);
    shelf_fill(&shelf, &arena);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct weft_traceql_result result;
        weft_arena_init(&answer, 0);
        search(&shelf, answers[i].query, &answers[i].limits, &result, &answer);
        result_print(&printed, &result);
        if (strcmp(printed.data, answers[i].expected) != 0)
            fail_msg("answer %zu: \"%s\", expected \"%s\"", i, printed.data, answers[i].expected);
        assert_int_equal(result.has_more, answers[i].has_more);
        assert_null(result.partial_reason);
        weft_arena_release(&answer);
    }
    weft_buf_release(&printed);
    weft_arena_release(&arena);
}

static void test_heads(void **state)
{
    struct weft_arena arena;
    struct shelf shelf = { 0 };
    struct weft_traceql_result result;
    weft_arena_init(&arena, 0);
    shelf_fill(&shelf, &arena);
    search(&shelf, "{ name = \"b\" || span.v = 1 } | count() > 0", &wide, &result, &arena);
    assert_int_equal(result.trace_count, 4);
    const struct weft_found_trace *newest = &result.traces[0], *orphan = &result.traces[1],
                                  *unnamed = &result.traces[2], *oldest = &result.traces[3];
    assert_true(newest->start_time_unix_nano == 300 && newest->duration_ns == 10);
    assert_true(weft_str_equal_c(newest->root_name, "a"));
    assert_true(weft_str_equal_c(newest->root_service_name, "x"));
    assert_int_equal(newest->spansets[0].matched, 2);
    assert_true(weft_str_equal_c(newest->spansets[0].attributes->key, "count()"));
    assert_int_equal(newest->spansets[0].attributes->value.int_value, 2);
    assert_true(newest->spansets[0].spans[0].has_name);
    assert_true(weft_str_equal_c(newest->spansets[0].spans[0].name, "b"));
    assert_true(newest->spansets[0].spans[0].duration_ns == 5);
    assert_false(orphan->has_root);
    assert_true(weft_str_equal_c(orphan->root_service_name, "<root span not yet received>"));
    assert_int_equal(orphan->root_name.len, 0);
    assert_true(unnamed->has_root);
    assert_true(weft_str_equal_c(unnamed->root_service_name, "<root span not yet received>"));
    assert_true(weft_str_equal_c(unnamed->root_name, "a"));
    assert_int_equal(oldest->service_count, 2);
    assert_true(weft_str_equal_c(oldest->services[1].name, "y"));
    assert_int_equal(oldest->services[0].error_count, 0);
    assert_int_equal(oldest->services[1].error_count, 1);
    weft_arena_release(&arena);
}

/* ---- Attributes shown ---- */

static const char shown_trace[] =
    "1 0 a 100 50 service=x kind=server status=error span.v=1 span.s=t resource.s=u span.l=[1,2,3] "
    "span.w=[aa,ab,b] span.m=[1,x] event=e+1 event=f+2 event.n=4 link=a/b\n"
    "2 1 b 110 5";

static const struct {
    const char *query, *expected; /* of the first span found */
} shown[] = {
    { "{ span.v = 1 }", " v=1" },
    { "{ span.v = 1.0 && kind = server }", " v=1 kind=server" },
    { "{ duration > 1ns && trace:duration > 1ns && rootName = \"a\" && span:id != \"\" }", "" },
    { "{ name = \"b\" && span.v = nil }", " v=nil" },
    { "{ name = \"a\" && (span.v = nil || true) }", " v=1" },
    { "{ name = \"a\" } | select(span.v, span.missing, status)", " v=1 status=error" },
    { "{ name = \"a\" } | select(.s)", " s=t s=u" },
    { "{ name = \"a\" } | select(span.s, resource.s)", " s=t s=u" },
    { "{ .s = \"t\" }", " s=t" },
    { "{ span.l = 2 }", " l=2" },
    { "{ span.l >= 2 }", " l=[2 3]" },
    { "{ 2 > span.l }", " l=1" },
    { "{ span.l = 2 } | select(span.l)", " l=[1 2 3]" },
    { "{ span.w =~ \"a.\" }", " w=[aa ab]" },
    { "{ span.w = \"zz\" || kind = server }", " w=[aa ab b] kind=server" },
    { "{ span.m != nil }", "" },
    { "{ event.n = 4 && event:name = \"f\" }", " n=4 event:name=f" },
    { "{ event:name != \"f\" }", " event:name=e" },
    { "{ name = \"a\" } | select(link:spanID, event:timeSinceStart)",
      " link:spanID=000000000000000b event:timeSinceStart=2ns" },
    { "{ resource.service.name != \"y\" }", " service.name=x" },
    { "{ resource.service.name = \"\" }", "" },
    { "{ } | by(kind) | max(span.v) = 1", " kind=server v=1" },
    { "{ span.v = 1 } > { statusMessage = \"\" }", " statusMessage=" },
    { "({ span.v = 1 } | by(kind)) && ({ } | count() = 2)", " v=1 kind=server" },
};

static void value_print(struct weft_buf *out, const struct weft_traceql_value *value)
{
    if (value->type != WEFT_TRACEQL_ARRAY) {
        weft_traceql_print_value(out, value);
        return;
    }
    for (uint32_t i = 0; i < value->item_count; i++) {
        weft_buf_append_byte(out, i == 0 ? '[' : ' ');
        weft_traceql_print_value(out, &value->items[i]);
    }
    weft_buf_append_byte(out, ']');
}

static void test_shown(void **state)
{
    struct weft_arena arena;
    struct weft_buf printed = { 0 };
    struct shelf shelf = { 0 };
    weft_arena_init(&arena, 0);
    shelf_put(&shelf, shown_trace, &arena);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        struct weft_traceql_result result;
        search(&shelf, shown[i].query, &wide, &result, &arena);
        if (result.trace_count != 1) fail_msg("%s: nothing found", shown[i].query);
        const struct weft_found_span *span = &result.traces[0].spansets[0].spans[0];
        weft_buf_reset(&printed);
        for (uint32_t a = 0; a < span->attribute_count; a++) {
            weft_buf_printf(&printed, " %.*s=", WEFT_S_ARG(span->attributes[a].key));
            value_print(&printed, &span->attributes[a].value);
        }
        weft_buf_append_byte(&printed, '\0');
        if (strcmp(printed.data, shown[i].expected) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", shown[i].query, printed.data,
                     shown[i].expected);
    }
    weft_buf_release(&printed);
    weft_arena_release(&arena);
}

/* ---- Limits ---- */

static void test_memory(void **state)
{
    struct weft_arena arena, answer;
    struct shelf shelf = { 0 };
    struct weft_traceql_result result;
    struct weft_traceql_limits limits = wide;
    struct weft_buf text = { 0 };
    weft_arena_init(&arena, 0);
    weft_arena_init(&answer, 0);
    for (uint32_t i = 0; i < 40; i++) { /* each some 4 KiB, each newer than the one before */
        weft_buf_reset(&text);
        weft_buf_printf(&text, "1 0 a %u 50 span.big=", 1000 + i);
        for (int j = 0; j < 4000; j++) weft_buf_append_byte(&text, 'x');
        shelf_put(&shelf, weft_arena_copy_c(&arena, weft_buf_str(&text)), &arena);
    }
    limits.memory_bytes_max = 64 << 10;
    search(&shelf, "{ span.big != nil }", &limits, &result, &answer);
    assert_string_equal(result.partial_reason, "memory limit");
    assert_true(result.has_more);
    assert_in_range(result.trace_count, 5, 16);
    for (uint32_t i = 0; i < result.trace_count; i++)
        assert_int_equal(result.traces[i].start_time_unix_nano, 1039 - i);
    assert_in_range(answer.total_bytes, 1, 160 << 10);
    weft_buf_release(&text);
    weft_arena_release(&answer);
    weft_arena_release(&arena);
}

static void test_cancelled(void **state)
{
    static const _Atomic bool yes = true;
    struct weft_arena arena;
    struct shelf shelf = { 0 };
    struct weft_traceql_result result;
    struct weft_traceql_limits limits = wide;
    struct weft_buf text = { 0 };
    weft_arena_init(&arena, 0);
    for (int i = 0; i < 70000; i++) weft_buf_printf(&text, "%s1 0 a 1 50", i > 0 ? "\n" : "");
    weft_buf_append_byte(&text, '\0');
    shelf_put(&shelf, text.data, &arena);
    shelf_put(&shelf, "1 0 a 1 50", &arena);
    limits.cancelled = &yes;
    search(&shelf, "{ name = \"a\" }", &limits, &result, &arena);
    assert_string_equal(result.partial_reason, "cancelled");
    assert_int_equal(result.trace_count, 0);
    assert_int_equal(shelf.visited, 1);
    limits.cancelled = NULL;
    limits.deadline_monotonic_ns = 1;
    search(&shelf, "{ name = \"a\" }", &limits, &result, &arena);
    assert_string_equal(result.partial_reason, "time limit");
    weft_buf_release(&text);
    weft_arena_release(&arena);
}

/* Once there are as many as wanted and one more, the source may stop at the oldest of them, though it came first. */
static void test_the_source_may_stop(void **state)
{
    static const struct {
        const char *starts;
        uint64_t start_min;
    } cases[] = {
        { "55", 0 },   { "555", 5 }, { "345", 4 }, { "543", 4 },
        { "3545", 5 }, { "5", 0 },   { "53", 0 },
    };
    const struct weft_traceql_limits two = { .traces = 2, .spans_per_spanset = 1 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_arena arena;
        struct shelf shelf = { 0 };
        struct weft_traceql_result result;
        weft_arena_init(&arena, 0);
        for (const char *start = cases[i].starts; *start != '\0'; start++) {
            struct weft_buf text = { 0 };
            weft_buf_printf(&text, "1 0 a %c 1%c", *start, '\0');
            shelf_put(&shelf, weft_arena_copy(&arena, weft_buf_str(&text)).ptr, &arena);
            weft_buf_release(&text);
        }
        search(&shelf, "{ name = \"a\" }", &two, &result, &arena);
        assert_int_equal(shelf.start_min, cases[i].start_min);
        assert_int_equal(result.has_more, cases[i].start_min != 0);
        weft_arena_release(&arena);
    }
}

static void test_metrics_are_refused(void **state)
{
    struct weft_arena arena;
    struct shelf shelf = { 0 };
    struct weft_source source = { .self = &shelf, .traces = shelf_traces };
    struct weft_traceql_result result;
    struct weft_err err = { 0 };
    weft_arena_init(&arena, 0);
    assert_int_equal(
        weft_traceql_search(&source, parsed("{ } | rate()", &arena), &wide, &result, &arena, &err),
        WEFT_INVALID);
    weft_arena_release(&arena);
}

/* ---- What the source is told ---- */

/* Which of the traces of shelf_fill() are visited. */
static const struct {
    const char *query;
    uint32_t visited;
} needs[] = {
    { "{ }", 5 },
    { "{ false }", 0 },
    { "{ 1 != nil }", 5 },
    { "{ name = \"c\" }", 1 },
    { "{ \"c\" = name && duration < 1s }", 1 },
    { "{ 5 <= duration && 5 >= duration && status = error }", 2 },
    { "{ name = \"c\" || status = ok }", 1 },
    { "{ (name = \"b\" || status = ok) && resource.service.name = \"z\" }", 1 },
    { "{ resource.service.name != \"x\" }", 3 },
    { "{ .service.name != \"x\" }", 2 },
    { "{ span.v != nil }", 1 },
    { "{ span.v =~ \"1\" }", 0 },
    { "{ name =~ \"[cd]\" }", 1 },
    { "{ !(name =~ \"[ab]\") }", 1 },
    { "{ name = \"zz\" } >> { name = \"c\" }", 0 },
    { "{ name = \"c\" } || { name = \"zz\" }", 1 },
    { "{ name = \"c\" } && { }", 1 },
    { "{ name = \"a\" } && { name = \"c\" }", 1 },
    { "{ name = \"a\" } > { name = \"b\" && duration = 5 }", 2 },
    { "{ name = \"b\" } &< { name = \"a\" }", 2 },
    { "{ name = \"b\" } ~ { status = error }", 1 },
    { "{ name = \"c\" } !> { }", 5 },
    { "{ name = \"c\" } !> { name = \"b\" }", 3 },
    { "by(name) | { } | { name = \"c\" } | count() > 0", 1 },
    { "({ name = \"c\" } | count() = 1) && ({ } | count() > 1)", 1 },
    { "{ nestedSetParent < 0 && span.v = 1 }", 1 },
    { "{ span:parentID = \"\" }", 4 },
    { "{ !span.v && span.w }", 0 },
    { "{ span.v + 1 = 2 }", 1 },
    { "{ span.v * 2 > duration }", 1 },
    { "{ rootName = \"a\" }", 4 },
    { "{ rootServiceName = \"z\" }", 0 },
    { "{ rootServiceName != \"x\" && name = \"b\" }", 3 },
    { "{ trace:id = \"3\" }", 1 },
    { "{ trace:id = \"x\" }", 0 },
};

static void test_needs(void **state)
{
    struct weft_arena arena;
    struct shelf shelf = { 0 };
    weft_arena_init(&arena, 0);
    shelf_fill(&shelf, &arena);
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        struct weft_traceql_result result;
        shelf.visited = 0;
        search(&shelf, needs[i].query, &wide, &result, &arena);
        if (shelf.visited != needs[i].visited)
            fail_msg("%s: %u traces visited", needs[i].query, shelf.visited);
    }
    weft_arena_release(&arena);
}

/* A filter of random terms, many of them true of something. */
static void random_filter(struct weft_buf *out, struct weft_random *random)
{
    static const char *const asked[] = { "name",
                                         "duration",
                                         "status",
                                         "kind",
                                         "span:parentID",
                                         "nestedSetParent",
                                         "event:name",
                                         "span.v",
                                         ".v",
                                         ".s",
                                         "resource.s",
                                         "span.l",
                                         "span.w",
                                         "event.n",
                                         "link.n",
                                         "resource.service.name",
                                         ".service.name",
                                         "span.null",
                                         "instrumentation:name",
                                         "trace:id",
                                         "span.f" };
    static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=", "=", "!=", "=~", "!~" };
    static const char *const literals[] = { "1",     "2",      "0",     "-1",    "1.0",
                                            "1.5",   "50ns",   "\"a\"", "\"b\"", "\"t\"",
                                            "\"x\"", "\"\"",   "nil",   "true",  "false",
                                            "error", "server", "unset", "\"3\"" };
    uint32_t terms = 1 + (uint32_t)weft_random_below(random, 3);

    for (uint32_t i = 0; i < terms; i++) {
        const char *field = asked[weft_random_below(random, sizeof asked / sizeof *asked)];
        const char *op = ops[weft_random_below(random, sizeof ops / sizeof *ops)];
        const char *literal =
            literals[weft_random_below(random, sizeof literals / sizeof *literals)];
        bool is_turned = weft_random_below(random, 5) == 0 && op[1] != '~' && op[0] != '!';
        if (i > 0) weft_buf_append_c(out, weft_random_below(random, 5) == 0 ? " || " : " && ");
        if (weft_random_below(random, 8) == 0) weft_buf_append_c(out, "!");
        weft_buf_printf(out, "(%s %s %s)", is_turned ? literal : field, op,
                        is_turned ? field : literal);
    }
}

static void random_query(struct weft_buf *out, struct weft_random *random)
{
    static const char *const joins[] = { " && ", " || ", " > ", " >> ", " !> ",
                                         " < ",  " &> ", " ~ ", " | " };
    uint32_t filters = 1 + (uint32_t)weft_random_below(random, 3);

    weft_buf_reset(out);
    for (uint32_t i = 0; i < filters; i++) {
        if (i > 0)
            weft_buf_append_c(out, joins[weft_random_below(random, sizeof joins / sizeof *joins)]);
        weft_buf_append_c(out, "{ ");
        random_filter(out, random);
        weft_buf_append_c(out, " }");
    }
}

/* A source that leaves out what the predicates rule out gives the same answer as one that does not. */
static void test_nothing_needed_is_lost(void **state)
{
    struct weft_arena arena;
    struct shelf shelf = { 0 };
    struct weft_buf text = { 0 }, all = { 0 }, some = { 0 };
    struct weft_random random;
    uint32_t run = 0, found = 0, spared = 0;

    weft_arena_init(&arena, 0);
    shelf_fill(&shelf, &arena);
    shelf_put(&shelf, shown_trace, &arena);
    shelf_put(&shelf,
              "1 0 a 1 1 span.v=1.5 span.l=[1,2] span.null=nil\n2 1 b 2 1 resource.v=1 scope=t",
              &arena);
    shelf_put(&shelf, "1 0 a 1 1 resource.service.name=[x] span.v=[2] span.l=[] span.w=[1,a]",
              &arena);
    shelf_put(&shelf, "1 7 x 1 50 resource.service.name=2 span.v=true event=a link=1/1 link.n=2",
              &arena);
    weft_random_init(&random, 7);
    while (run < 4000) {
        struct weft_traceql_query query;
        struct weft_traceql_result result;
        struct weft_arena work;
        weft_arena_init(&work, 0);
        random_query(&text, &random);
        weft_buf_append_byte(&text, '\0');
        if (weft_traceql_parse(&query, weft_str_from_c(text.data), &work, NULL, NULL) == WEFT_OK) {
            run++;
            for (int pass = 0; pass < 2; pass++) {
                shelf.ignores_predicates = pass == 0;
                shelf.visited = 0;
                search(&shelf, text.data, &wide, &result, &work);
                result_print(pass == 0 ? &all : &some, &result);
            }
            found += result.trace_count > 0;
            spared += shelf.visited < shelf.count;
            if (strcmp(all.data, some.data) != 0)
                fail_msg("%s: \"%s\", with predicates \"%s\"", text.data, all.data, some.data);
        }
        weft_arena_release(&work);
    }
    assert_in_range(found, 1000, 4000); /* the test says something */
    assert_in_range(spared, 1000, 4000);
    weft_buf_release(&text);
    weft_buf_release(&all);
    weft_buf_release(&some);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_metrics_are_refused),
        cmocka_unit_test(test_the_source_may_stop),
        cmocka_unit_test(test_needs),
        cmocka_unit_test(test_nothing_needed_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
