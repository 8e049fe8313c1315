/* traceql_eval_test.c -- queries over small traces: which spans are left, in which spansets. */
#include "base/clock.h"
#include "query/trace_fixture.h"
#include "query/traceql_eval.h"

/* ---- Running a query ---- */

static void parse(struct weft_traceql_query *query, const char *text, struct weft_arena *arena)
{
    struct weft_err err = { 0 };
    if (weft_traceql_parse(query, weft_str_from_c(text), arena, NULL, &err) < 0)
        fail_msg("%s: %s", text, err.text);
}

/* "0 2 3" for each spanset, " key=value" for each of its attributes, "; " between spansets. */
static void spansets_print(struct weft_buf *out, const struct weft_spansets *spansets)
{
    for (uint32_t i = 0; i < spansets->count; i++) {
        const struct weft_spanset *spanset = &spansets->items[i];
        if (i > 0) weft_buf_append_c(out, "; ");
        for (uint32_t s = 0; s < spanset->count; s++)
            weft_buf_printf(out, "%s%u", s > 0 ? " " : "", spanset->spans[s]);
        for (const struct weft_spanset_attribute *a = spanset->attributes; a != NULL; a = a->next) {
            weft_buf_printf(out, " %.*s=", WEFT_S_ARG(a->key));
            weft_traceql_print_value(out, &a->value);
        }
    }
    weft_buf_append_byte(out, '\0');
}

static void check(const struct weft_batch *batch, const char *text, const char *expected)
{
    struct weft_traceql_query query;
    struct weft_trace_view view;
    struct weft_spansets spansets;
    struct weft_arena arena;
    struct weft_buf printed = { 0 };
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 0);
    parse(&query, text, &arena);
    weft_trace_view_init(&view, batch, &arena);
    if (weft_traceql_eval(&view, query.pipeline, &spansets, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    spansets_print(&printed, &spansets);
    if (strcmp(printed.data, expected) != 0)
        fail_msg("%s: \"%s\", expected \"%s\"", text, printed.data, expected);
    weft_buf_release(&printed);
    weft_arena_release(&arena);
}

struct row {
    const char *query, *expected;
};
static void check_rows(const char *trace, const struct row *rows, size_t count)
{
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = fixture_trace(trace, 0x1d, &arena);
    for (size_t i = 0; i < count; i++) check(&batch, rows[i].query, rows[i].expected);
    weft_arena_release(&arena);
}
#define CHECK(trace, rows) check_rows(trace, rows, sizeof(rows) / sizeof *(rows))

/* ---- Filters ---- */

static const char values[] =
    "1 0 root 0 1000 service=shop kind=server span.x=3 span.f=2.5 span.flag=true span.s=abc "
    "resource.env=prod span.list=[1,2,3]\n"
    "2 1 call 100 200 service=shop kind=client span.x=-7 span.flag=false span.s=200 "
    "resource.env=prod span.env=canary span.words=[a,b]\n"
    "3 2 work 150 50 service=cart status=error message=broken span.x=200 span.s=ABC "
    "span.list=[4,5] "
    "span.mixed=[1,a] span.null=nil\n"
    "4 1 work 400 0 kind=internal status=ok span.x=9007199254740993 span.one=[1]";

static const struct row filter_rows[] = {
    { "{ }", "0 1 2 3" },
    { "{ true }", "0 1 2 3" },
    { "{ false }", "" },
    { "{ name = \"work\" }", "2 3" },
    { "{ name != \"work\" }", "0 1" },
    { "{ \"work\" = name && status = ok }", "3" },
    { "{ kind = unspecified }", "2" },
    { "{ status = unset }", "0 1" },
    { "{ !(status = error) }", "0 1 3" },
    { "{ duration > 150 }", "0 1" },
    { "{ duration >= 200ns }", "0 1" },
    { "{ duration < 1 }", "3" },
    { "{ 100 < duration }", "0 1" },
    { "{ trace:duration = 1us }", "0 1 2 3" },
    { "{ trace:id = \"1d\" }", "0 1 2 3" },
    { "{ trace:id = \"0001d\" && trace:id != \"1e\" }", "0 1 2 3" },
    { "{ trace:id =~ \"0*1d\" }", "0 1 2 3" },
    { "{ span:id = \"0000000000000002\" }", "1" },
    { "{ span:id = \"2\" }", "" },
    { "{ span:parentID = \"\" }", "0" },
    { "{ span:childCount = 2 }", "0" },
    { "{ nestedSetParent < 0 }", "0" },
    { "{ rootName = \"root\" && rootServiceName = \"shop\" && name = \"call\" }", "1" },
    { "{ statusMessage = \"broken\" }", "2" },
    { "{ resource.service.name = \"\" }", "3" },
    { "{ resource.service.name != \"shop\" }", "2 3" },
    { "{ .env = \"prod\" }", "0" },
    { "{ .env = \"canary\" }", "1" },
    { "{ resource.env = \"prod\" }", "0 1" },
    /* types */
    { "{ span.x = 3 }", "0" },
    { "{ span.x = 3.0 }", "0" },
    { "{ span.x = 200ns }", "2" },
    { "{ span.x = 9007199254740992 }", "" },
    { "{ span.x > 9007199254740992 }", "3" },
    { "{ span.s = 200 }", "1" },
    { "{ span.s = \"200\" }", "" },
    { "{ span.s != 200 }", "" },
    { "{ span.s >= \"ABC\" }", "0 2" },
    { "{ span.missing != 1 }", "" },
    { "{ span.flag }", "0" },
    { "{ !span.flag }", "1" },
    { "{ span.flag != true }", "1" },
    { "{ span.missing || true }", "" },
    { "{ true || span.missing }", "" },
    { "{ span.missing && true || true }", "0 1 2 3" },
    { "{ span.x || span.flag }", "" },
    { "{ !(span.flag || false) }", "1 2 3" },
    { "{ span.x = 3 = true }", "0" },
    /* nil */
    { "{ span.flag = nil }", "2 3" },
    { "{ nil != span.flag }", "0 1" },
    { "{ span.null = nil && name = \"work\" }", "2 3" },
    { "{ span.mixed != nil }", "2" },
    { "{ span.mixed = 1 }", "" },
    { "{ resource.service.name != nil }", "0 1 2 3" },
    { "{ 1 = nil }", "" },
    /* regular expressions match the whole */
    { "{ span.s =~ \"ab\" }", "" },
    { "{ span.s =~ \"ab.\" }", "0" },
    { "{ span.s =~ \"(?i)ab.\" }", "0 2" },
    { "{ span.s !~ \"ab.\" }", "2" },
    { "{ span.missing !~ \"a\" }", "" },
    { "{ span.words =~ \"b\" }", "1" },
    { "{ span.words !~ \"b\" }", "" },
    { "{ span.words !~ \"c\" }", "1" },
    /* arrays */
    { "{ span.list = 2 }", "0" },
    { "{ span.list != 2 }", "2" },
    { "{ span.list > 3 }", "2" },
    { "{ 4 <= span.list }", "2" },
    { "{ span.list + 1 = 2 }", "" },
    { "{ span.one = 1 }", "3" },
    { "{ span.list = span.list }", "" },
    /* arithmetic */
    { "{ span.x % 3 = -1 }", "1" },
    { "{ span.x / 2 = -3 }", "1" },
    { "{ span.x ^ 2 = 9 }", "0" },
    { "{ span.x / 0 = 1 }", "" },
    { "{ !(span.x / 0 = 1) }", "0 1 2 3" },
    { "{ -span.x = 7 }", "1" },
    { "{ span.x + span.f = 5.5 }", "0" },
    { "{ span.s + 1 > 0 }", "1" },
    { "{ duration * 2 = 2us }", "0" },
};

static void test_filters(void **state)
{
    CHECK(values, filter_rows);
}

/* ---- Events and links ---- */

static const char carriers[] =
    "1 0 none 0 10\n"
    "2 1 two 1 10 event=a+1 event.n=1 event=b+5 event.n=2 event.ok=true link=a1/1 link.w=1 "
    "link=a2/2 link.w=2\n"
    "3 1 one 2 10 event=a+20 event.m=1 link=a2/ff";

static const struct row carrier_rows[] = {
    { "{ event.n = 1 }", "1" },
    { "{ event.n = 1 && event.n = 2 }", "" },
    { "{ event.n = 1 } && { event.n = 2 }", "1" },
    { "{ event:name = \"a\" && event.n = 1 }", "1" },
    { "{ event:name = \"b\" && event.n = 1 }", "" },
    { "{ event:name != \"a\" }", "1" },
    { "{ event.n = nil }", "0 2" },
    { "{ event.n != nil }", "1" },
    { "{ event.ok = nil && event.n = 1 }", "1" },
    { "{ !(event.n = 1) }", "0 1 2" },
    { "{ !(event.n = 1 || event.n = 2) }", "0 2" },
    { "{ event:timeSinceStart > 4ns }", "1 2" },
    { "{ event:timeSinceStart > duration }", "2" },
    { "{ link.w = 2 && link:spanID = \"0000000000000002\" }", "1" },
    { "{ link.w = 1 && link:spanID = \"0000000000000002\" }", "" },
    { "{ link:spanID = \"00000000000000ff\" }", "2" },
    { "{ link.w = nil && link:traceID != nil }", "2" },
    { "{ event.n = 1 && link.w = 2 && name = \"two\" }", "1" },
    { "{ event.n = 3 || link.w = 2 }", "1" },
    { "{ event.n = link.w && event.n = 2 }", "1" },
    { "{ event.n = link.w + 2 }", "" },
    { "{ (event.n = 1 && link.w = 2) || (event.n = 2 && link.w = 3) }", "1" },
    { "{ event.n > 0 && event.n < 2 && link.w > 1 && link.w < 3 }", "1" },
    { "{ event.n > 1 && event.n < 2 && link.w > 1 && link.w < 3 }", "" },
    { "{ } | by(event.n)", "0 2 by(event.n)=nil; 1 by(event.n)=1" },
};

static void test_carriers(void **state)
{
    CHECK(carriers, carrier_rows);
}

/* ---- Structure ---- */

/* 0 a ── 1 b ── 2 c ── 3 d
 *   └─── 4 b ── 5 e          6 f: another root   7 o, 8 o: orphans of one parent, 9 p below 7   10: names itself */
static const char tree[] =
    "1 0 a 0 9\n2 1 b 1 9\n3 2 c 2 9\n4 3 d 3 9\n5 1 b 4 9\n6 5 e 5 9\n7 0 f 6 9\n"
    "8 99 o 7 9\n9 99 o 8 9\na 8 p 9 9\nb b q 10 9";

static const struct row tree_rows[] = {
    { "{ name = \"a\" } > { }", "1 4" },
    { "{ name = \"a\" } >> { }", "1 2 3 4 5" },
    { "{ name = \"b\" } >> { name = \"d\" }", "3" },
    { "{ name = \"d\" } < { }", "2" },
    { "{ name = \"d\" } << { }", "0 1 2" },
    { "{ name = \"b\" } ~ { name = \"b\" }", "1 4" },
    { "{ name = \"c\" } ~ { }", "" },
    { "{ name = \"a\" } ~ { }", "6" },
    { "{ name = \"o\" } ~ { }", "7 8" },
    { "{ name = \"o\" } > { }", "9" },
    { "{ name = \"q\" } > { }", "" },
    { "{ name = \"q\" } ~ { }", "" },
    { "{ name = \"q\" } << { }", "" },
    { "{ name = \"a\" } !> { }", "0 2 3 5 6 7 8 9 10" },
    { "{ name = \"a\" } !>> { }", "0 6 7 8 9 10" },
    { "{ name = \"d\" } !< { name != \"q\" }", "0 1 3 4 5 6 7 8 9" },
    { "{ name = \"d\" } !<< { name =~ \"[a-f]\" }", "3 4 5 6" },
    { "{ name = \"b\" } !~ { name =~ \"[a-f]\" }", "0 2 3 5 6" },
    { "{ false } !> { }", "0 1 2 3 4 5 6 7 8 9 10" },
    { "{ false } > { }", "" },
    { "{ } > { false }", "" },
    { "{ name = \"a\" } &> { name = \"b\" }", "0 1 4" },
    { "{ name =~ \"b|e\" } &>> { name =~ \"d|e\" }", "1 3 4 5" },
    { "{ name =~ \"d|e|o\" } &< { }", "2 3 4 5" },
    { "{ name = \"d\" } &<< { name = \"b\" }", "1 3" },
    { "{ name =~ \"[a-c]\" } &~ { name =~ \"b|f\" }", "0 1 4 6" },
    { "{ name = \"a\" } > { name = \"b\" } > { }", "2 5" },
    { "{ name = \"a\" } > ({ name = \"b\" } > { })", "" },
    { "{ name = \"a\" } && { name = \"b\" } >> { name = \"d\" }", "0 3" },
    { "{ name = \"a\" } && { name = \"zz\" }", "" },
    { "{ name = \"a\" } || { name = \"zz\" }", "0" },
    { "{ name = \"zz\" } && { name = \"a\" } || { name = \"f\" }", "6" },
    { "{ name =~ \"b|c|d\" } | { name = \"b\" } >> { }", "2 3" },
    { "{ } >> { }", "1 2 3 4 5 9" },
    { "{ } << { }", "0 1 2 4 7" },
    { "{ } | by(name) | { } ~ { }", "1 4 by(name)=b; 7 8 by(name)=o" },
    { "{ } | by(name) | { } >> { }", "" },
    { "{ nestedSetLeft = 0 }", "7 8 9 10" },
};

static void test_structure(void **state)
{
    CHECK(tree, tree_rows);
}

/* ---- Pipelines ---- */

static const struct row pipeline_rows[] = {
    { "{ } | count() > 3", "0 1 2 3 count()=4" },
    { "{ } | count() > 4", "" },
    { "count() = 4", "0 1 2 3 count()=4" },
    { "{ status = error } | { name = \"work\" }", "2" },
    { "{ } | sum(duration) > 1us", "0 1 2 3 sum(duration)=1.25µs" },
    { "{ } | avg(duration) = 312ns", "0 1 2 3 avg(duration)=312ns" },
    { "{ } | max(duration) > 999", "0 1 2 3 max(duration)=1µs" },
    { "{ } | min(span.x) = -7", "0 1 2 3 min(span.x)=-7" },
    { "{ } | max(span.x) = 9007199254740993", "0 1 2 3 max(span.x)=9007199254740993" },
    { "{ kind = server } | sum(span.f) = 2.5", "0 sum(span.f)=2.5" },
    { "{ } | sum(span.missing) >= 0", "" },
    { "{ span.x < 100 } | avg(span.x) = -2", "0 1 avg(span.x)=-2.0" },
    { "{ } | sum(span.s) = 200", "0 1 2 3 sum(span.s)=200" },
    { "{ } | max(1 + span.x) > 3 | count() > 1",
      "0 1 2 3 max(1 + span.x)=9007199254740994 count()=4" },
    { "{ } | by(name)", "0 by(name)=root; 1 by(name)=call; 2 3 by(name)=work" },
    { "{ } | by(name) | count() > 1", "2 3 by(name)=work count()=2" },
    { "{ } | by(name) | by(status)",
      "0 by(name)=root by(status)=unset; 1 by(name)=call by(status)=unset; "
      "2 by(name)=work by(status)=error; 3 by(name)=work by(status)=ok" },
    { "{ } | by(span.flag)", "0 by(span.flag)=true; 1 by(span.flag)=false; 2 3 by(span.flag)=nil" },
    { "{ } | by(span.x > 0)", "0 2 3 by(span.x > 0)=true; 1 by(span.x > 0)=false" },
    { "{ } | by(resource.service.name) | { kind = client }", "1 by(resource.service.name)=shop" },
    { "{ } | by(name) | count() = 1 | coalesce()", "0 1" },
    { "{ } | by(name) | coalesce() | count() = 4", "0 1 2 3 count()=4" },
    { "{ } | select(span.x) | count() = 4", "0 1 2 3 count()=4" },
    { "by(kind) | { name = \"work\" }", "2 by(kind)=unspecified; 3 by(kind)=internal" },
    { "({ name = \"work\" } | count() > 1) && ({ kind = server } | count() = 1)", "0 2 3" },
    { "({ name = \"work\" } | count() > 2) || ({ kind = server } | count() = 1)", "0" },
    { "({ } | by(name) | count() = 1) || ({ status = ok } | count() = 1)", "0 1 3" },
    { "({ kind = server } | count() = 1) > ({ } | count() = 4)", "1 3" },
    { "({ kind = server }) >> ({ } | by(name) | coalesce())", "1 2 3" },
};

static void test_pipelines(void **state)
{
    CHECK(values, pipeline_rows);
}

static void test_structure_over_groups(void **state)
{
    struct weft_arena arena;
    struct weft_traceql_query query;
    struct weft_trace_view view;
    struct weft_spansets spansets;
    struct weft_err err = { 0 };
    weft_arena_init(&arena, 0);
    struct weft_batch batch = fixture_trace(values, 1, &arena);
    parse(&query, "({ kind = server }) >> ({ } | by(name))", &arena);
    weft_trace_view_init(&view, &batch, &arena);
    assert_int_equal(weft_traceql_eval(&view, query.pipeline, &spansets, &err), WEFT_UNSUPPORTED);
    assert_non_null(strstr(err.text, "coalesce"));
    weft_arena_release(&arena);
}

/* ---- Sizes ---- */

#define COUNT 200000u

static struct weft_batch chain_make(struct weft_arena *arena)
{
    struct weft_batch batch = { .arena = arena };
    static const struct weft_resource resource = { .service_name = WEFT_S_INIT("s") };
    static const struct weft_scope scope = { .resource = &resource };
    weft_batch_reserve(&batch, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct weft_span *span = weft_batch_add(&batch);
        uint32_t id = i + 1;
        memcpy(span->span_id.bytes, &id, sizeof id);
        memcpy(span->parent_span_id.bytes, &i, sizeof i);
        span->start_time_unix_nano = i;
        span->end_time_unix_nano = i + i % 7;
        span->scope = &scope;
    }
    return batch;
}

static uint32_t spans_found(const struct weft_batch *batch, const char *text)
{
    struct weft_traceql_query query;
    struct weft_trace_view view;
    struct weft_spansets spansets;
    struct weft_arena arena;
    struct weft_err err = { 0 };
    uint32_t found = 0;

    weft_arena_init(&arena, 1 << 20);
    parse(&query, text, &arena);
    weft_trace_view_init(&view, batch, &arena);
    if (weft_traceql_eval(&view, query.pipeline, &spansets, &err) < 0)
        fail_msg("%.40s: %s", text, err.text);
    for (uint32_t i = 0; i < spansets.count; i++) found += spansets.items[i].count;
    assert_in_range(arena.total_bytes, 0, (uint64_t)COUNT * 400);
    weft_arena_release(&arena);
    return found;
}

/* A quadratic step anywhere would take minutes. */
static void test_large_trace(void **state)
{
    struct weft_arena arena;
    weft_arena_init(&arena, 1 << 20);
    struct weft_batch batch = chain_make(&arena);
    assert_int_equal(spans_found(&batch, "{ } >> { }"), COUNT - 1);
    assert_int_equal(spans_found(&batch, "{ } << { } << { }"), COUNT - 2);
    assert_int_equal(spans_found(&batch, "{ duration = 1ns } &>> { duration = 0ns }"),
                     COUNT / 7 + COUNT / 7);
    assert_int_equal(
        spans_found(&batch, "{ } | by(span:id) | { } !>> { } | { } !~ { } | count() = 1"), COUNT);
    assert_int_equal(spans_found(&batch, "{ } | by(duration) | { } >> { } | coalesce()"),
                     COUNT - 7);
    assert_int_equal(spans_found(&batch, "{ nestedSetLeft = 5 || span:id =~ \"03.*\" }"), 783);
    weft_arena_release(&arena);
}

static void repeat(struct weft_buf *out, const char *first, const char *more, int times)
{
    weft_buf_reset(out);
    weft_buf_append_c(out, first);
    for (int i = 0; i < times; i++) weft_buf_append_c(out, more);
}

/* Chains as long as a query may be, to the left: no recursion, and memory of a few sets. */
static void test_long_queries(void **state)
{
    struct weft_arena arena;
    struct weft_buf text = { 0 };
    weft_arena_init(&arena, 0);
    struct weft_batch batch = fixture_trace(values, 1, &arena);

    repeat(&text, "{ true", " && true", 12000);
    weft_buf_append(&text, " }", 3);
    check(&batch, text.data, "0 1 2 3");
    repeat(&text, "{ kind = server", " || false", 12000);
    weft_buf_append(&text, " }", 3);
    check(&batch, text.data, "0");
    repeat(&text, "{ kind = server }", " || { }", 12000);
    weft_buf_append(&text, "", 1);
    check(&batch, text.data, "0 1 2 3");
    repeat(&text, "{ kind = server }", " | { }", 12000);
    weft_buf_append(&text, "", 1);
    check(&batch, text.data, "0");
    weft_buf_release(&text);
    weft_arena_release(&arena);
}

/* What the limits of the view stop. */
static void test_limits(void **state)
{
    static const _Atomic bool yes = true;
    struct weft_arena arena;
    weft_arena_init(&arena, 1 << 20);
    struct weft_batch batch = chain_make(&arena);
    static const struct {
        uint64_t deadline, memory;
        const _Atomic bool *cancelled;
        int rc;
    } limits[] = { { 1, 0, NULL, WEFT_TIMEOUT },
                   { 0, 0, &yes, WEFT_CANCELLED },
                   { 0, 1 << 20, NULL, WEFT_FULL },
                   { UINT64_MAX, 1 << 30, NULL, WEFT_OK } };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct weft_traceql_query query;
        struct weft_trace_view view;
        struct weft_spansets spansets;
        struct weft_err err = { 0 };
        struct weft_arena work;
        weft_arena_init(&work, 0);
        parse(&query, "{ duration > 3ns && span.x = nil && name = \"\" }", &work);
        weft_trace_view_init(&view, &batch, &work);
        view.deadline_monotonic_ns = limits[i].deadline;
        view.cancelled = limits[i].cancelled;
        view.memory_bytes_max = limits[i].memory;
        assert_int_equal(weft_traceql_eval(&view, query.pipeline, &spansets, &err), limits[i].rc);
        assert_true((limits[i].rc == WEFT_OK) == (err.text[0] == '\0'));
        weft_arena_release(&work);
    }
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_carriers),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_pipelines),
        cmocka_unit_test(test_structure_over_groups),
        cmocka_unit_test(test_large_trace),
        cmocka_unit_test(test_long_queries),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
