/* trace_view_test.c -- who is whose parent, numbers of the nested sets, values as TraceQL sees them. */
#include "query/trace_fixture.h"
#include "query/trace_view.h"

#define NONE WEFT_NO_PARENT
#define SPANS_MAX 8

static const struct {
    const char *name, *trace;
    uint32_t parent[SPANS_MAX];
    int32_t nested[SPANS_MAX][3];
    int group[SPANS_MAX]; /* equal: siblings; -1: of none */
} shapes[] = {
    { "one span", "1 0 a 1 1", { NONE }, { { 1, 2, -1 } }, { 0 } },
    { "a tree in the order of starts",
      "1 0 a 1 9\n2 1 b 2 1\n3 1 c 3 4\n4 2 d 4 1\n5 3 e 5 1",
      { NONE, 0, 0, 1, 2 },
      { { 1, 10, -1 }, { 2, 5, 1 }, { 6, 9, 1 }, { 3, 4, 2 }, { 7, 8, 6 } },
      { 0, 1, 1, 2, 3 } },
    { "two roots are siblings, and one counter goes on",
      "1 0 a 1 1\n2 0 b 2 1",
      { NONE, NONE },
      { { 1, 2, -1 }, { 3, 4, -1 } },
      { 0, 0 } },
    { "orphans have no numbers; with the same parent missing they are siblings",
      "5 9 x 1 1\n1 0 a 2 1\n6 9 y 3 1\n7 8 z 4 1\n4 5 c 5 1",
      { NONE, NONE, NONE, NONE, 0 },
      { { 0, 0, 0 }, { 1, 2, -1 }, { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 } },
      { 0, 1, 0, 2, 3 } },
    { "circles are cut, what hangs below keeps its parent",
      "1 2 a 1 1\n2 1 b 2 1\n3 1 c 3 1\n4 4 d 4 1",
      { NONE, NONE, 0, NONE },
      { { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 } },
      { -1, -1, 0, -1 } },
    { "of spans that share an id the first has the children",
      "1 0 a 1 9\n2 1 b 2 1\n2 1 c 3 1\n3 2 d 4 1",
      { NONE, 0, 0, 1 },
      { { 1, 8, -1 }, { 2, 5, 1 }, { 6, 7, 1 }, { 3, 4, 2 } },
      { 0, 1, 1, 2 } },
};

static void shape_check(size_t c, struct weft_trace_view *view)
{
    weft_trace_view_walk(view);
    for (uint32_t i = 0; i < view->batch->span_count; i++) {
        if (view->parent[i] != shapes[c].parent[i] ||
            view->nested_left[i] != shapes[c].nested[i][0] ||
            view->nested_right[i] != shapes[c].nested[i][1] ||
            view->nested_parent[i] != shapes[c].nested[i][2])
            fail_msg("%s: span %u: parent %u, numbers %d %d %d", shapes[c].name, i, view->parent[i],
                     view->nested_left[i], view->nested_right[i], view->nested_parent[i]);
        for (uint32_t j = 0; j < i; j++) {
            bool expected = shapes[c].group[i] >= 0 && shapes[c].group[i] == shapes[c].group[j];
            bool found =
                view->sibling_group[i] != NONE && view->sibling_group[i] == view->sibling_group[j];
            if (expected != found)
                fail_msg("%s: spans %u and %u: siblings %d", shapes[c].name, i, j, found);
        }
        assert_int_equal(view->order[view->place[i]], i);
    }
}

static void test_shapes(void **state)
{
    for (size_t c = 0; c < sizeof shapes / sizeof *shapes; c++) {
        struct weft_arena arena;
        struct weft_trace_view view;
        weft_arena_init(&arena, 0);
        struct weft_batch batch = fixture_trace(shapes[c].trace, 1, &arena);
        weft_trace_view_init(&view, &batch, &arena);
        shape_check(c, &view);
        weft_arena_release(&arena);
    }
}

/* A chain of half a million spans; then all but the first as children of one. */
static void test_deep_and_wide(void **state)
{
    enum { COUNT = 500000 };
    for (int is_chain = 1; is_chain >= 0; is_chain--) {
        struct weft_arena arena;
        struct weft_trace_view view;
        weft_arena_init(&arena, 0);
        struct weft_batch batch = { .arena = &arena };
        for (uint32_t i = 0; i < COUNT; i++) {
            struct weft_span *span = weft_batch_add(&batch);
            uint32_t id = i + 1, parent = is_chain || i == 0 ? i : 1;
            memcpy(span->span_id.bytes, &id, sizeof id);
            memcpy(span->parent_span_id.bytes, &parent, sizeof parent);
            span->start_time_unix_nano = i;
        }
        weft_trace_view_init(&view, &batch, &arena);
        weft_trace_view_walk(&view);
        assert_int_equal(view.nested_right[0], 2 * COUNT);
        assert_int_equal(view.nested_left[COUNT - 1], is_chain ? COUNT : 2 * COUNT - 2);
        assert_int_equal(view.child_count[0], is_chain ? 1 : COUNT - 1);
        assert_int_equal(view.last[0], COUNT - 1);
        weft_arena_release(&arena);
    }
}

/* ---- Values ---- */

static const char valued[] =
    "a 0 GET_/ 1000 500 service=shop kind=server status=error message=bad scope=http version=1.2 "
    "span.env=canary resource.env=prod resource.zone=eu scope.lang=c span.null=nil resource.null=5 "
    "event=first+10 event.n=1 event=second+20 event.n=2 link=ff/b link.w=7\n"
    "b a child 1100 2000 span.list=[1,2] span.one=[x] span.mixed=[1,x] span.empty=[]";

static const struct {
    enum weft_traceql_scope scope;
    enum weft_traceql_intrinsic intrinsic;
    const char *name;
    uint32_t span, event, link;
    enum weft_traceql_type type;
    int64_t number;
    const char *text;
} values[] = {
#define INTRINSIC(which) WEFT_TRACEQL_SCOPE_INTRINSIC, WEFT_INTRINSIC_##which, ""
#define SCOPED(which, name) WEFT_TRACEQL_SCOPE_##which, 0, name
    { INTRINSIC(NAME), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "GET_/" },
    { INTRINSIC(DURATION), 1, 0, 0, WEFT_TRACEQL_DURATION, 2000, NULL },
    { INTRINSIC(STATUS), 0, 0, 0, WEFT_TRACEQL_STATUS, WEFT_STATUS_ERROR, NULL },
    { INTRINSIC(STATUS_MESSAGE), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "bad" },
    { INTRINSIC(KIND), 1, 0, 0, WEFT_TRACEQL_KIND, WEFT_KIND_UNSPECIFIED, NULL },
    { INTRINSIC(SPAN_ID), 1, 0, 0, WEFT_TRACEQL_STRING, 0, "000000000000000b" },
    { INTRINSIC(PARENT_ID), 1, 0, 0, WEFT_TRACEQL_STRING, 0, "000000000000000a" },
    { INTRINSIC(PARENT_ID), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "" },
    { INTRINSIC(CHILD_COUNT), 0, 0, 0, WEFT_TRACEQL_INT, 1, NULL },
    { INTRINSIC(TRACE_ID), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "00000000000000000000000000000007" },
    { INTRINSIC(TRACE_DURATION), 0, 0, 0, WEFT_TRACEQL_DURATION, 2100, NULL },
    { INTRINSIC(ROOT_NAME), 1, 0, 0, WEFT_TRACEQL_STRING, 0, "GET_/" },
    { INTRINSIC(ROOT_SERVICE), 1, 0, 0, WEFT_TRACEQL_STRING, 0, "shop" },
    { INTRINSIC(EVENT_NAME), 0, 1, 0, WEFT_TRACEQL_STRING, 0, "second" },
    { INTRINSIC(EVENT_NAME), 0, WEFT_NO_CARRIER, 0, WEFT_TRACEQL_NIL, 0, NULL },
    { INTRINSIC(EVENT_TIME_SINCE_START), 0, 1, 0, WEFT_TRACEQL_DURATION, 20, NULL },
    { INTRINSIC(LINK_TRACE_ID), 0, 0, 0, WEFT_TRACEQL_STRING, 0,
      "000000000000000000000000000000ff" },
    { INTRINSIC(LINK_SPAN_ID), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "000000000000000b" },
    { INTRINSIC(LINK_SPAN_ID), 1, 0, 0, WEFT_TRACEQL_NIL, 0, NULL },
    { INTRINSIC(INSTRUMENTATION_NAME), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "http" },
    { INTRINSIC(INSTRUMENTATION_VERSION), 1, 0, 0, WEFT_TRACEQL_STRING, 0, "" },
    { INTRINSIC(NESTED_SET_RIGHT), 0, 0, 0, WEFT_TRACEQL_INT, 4, NULL },
    { SCOPED(ANY, "env"), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "canary" },
    { SCOPED(RESOURCE, "env"), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "prod" },
    { SCOPED(ANY, "zone"), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "eu" },
    { SCOPED(SPAN, "zone"), 0, 0, 0, WEFT_TRACEQL_NIL, 0, NULL },
    { SCOPED(SPAN, "null"), 0, 0, 0, WEFT_TRACEQL_NIL, 0, NULL },
    { SCOPED(ANY, "null"), 0, 0, 0, WEFT_TRACEQL_INT, 5, NULL },
    { SCOPED(ANY, "n"), 0, 0, 0, WEFT_TRACEQL_NIL, 0, NULL },
    { SCOPED(EVENT, "n"), 0, 1, 0, WEFT_TRACEQL_INT, 2, NULL },
    { SCOPED(EVENT, "n"), 1, 0, 0, WEFT_TRACEQL_NIL, 0, NULL },
    { SCOPED(LINK, "w"), 0, 0, 0, WEFT_TRACEQL_INT, 7, NULL },
    { SCOPED(INSTRUMENTATION, "lang"), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "c" },
    { SCOPED(RESOURCE, "service.name"), 0, 0, 0, WEFT_TRACEQL_STRING, 0, "shop" },
    { SCOPED(RESOURCE, "service.name"), 1, 0, 0, WEFT_TRACEQL_STRING, 0, "" },
    { SCOPED(ANY, "service.name"), 1, 0, 0, WEFT_TRACEQL_NIL, 0, NULL },
    { SCOPED(SPAN, "list"), 1, 0, 0, WEFT_TRACEQL_ARRAY, 0, NULL },
    { SCOPED(SPAN, "one"), 1, 0, 0, WEFT_TRACEQL_STRING, 0, "x" },
    { SCOPED(SPAN, "mixed"), 1, 0, 0, WEFT_TRACEQL_OPAQUE, 0, NULL },
    { SCOPED(SPAN, "empty"), 1, 0, 0, WEFT_TRACEQL_OPAQUE, 0, NULL },
};

static void test_values(void **state)
{
    struct weft_arena arena;
    struct weft_trace_view view;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = fixture_trace(valued, 7, &arena);
    weft_trace_view_init(&view, &batch, &arena);
    assert_int_equal(view.root, 0);
    for (size_t c = 0; c < sizeof values / sizeof *values; c++) {
        struct weft_traceql_attribute attribute = { values[c].scope, values[c].intrinsic,
                                                    weft_str_from_c(values[c].name) };
        struct weft_traceql_value value;
        weft_trace_view_value(&view, values[c].span, values[c].event, values[c].link, &attribute,
                              &value);
        if (value.type != values[c].type) fail_msg("value %zu: type %d", c, value.type);
        if (values[c].text != NULL && !weft_str_equal_c(value.text, values[c].text))
            fail_msg("value %zu: \"%.*s\"", c, WEFT_S_ARG(value.text));
        if (values[c].number != 0) assert_int_equal(value.int_value, values[c].number);
    }
    weft_arena_release(&arena);
}

static void test_no_root(void **state)
{
    struct weft_arena arena;
    struct weft_trace_view view;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = fixture_trace("2 9 a 5 1 service=x\n3 9 b 6 5", 7, &arena);
    struct weft_traceql_attribute name = { WEFT_TRACEQL_SCOPE_INTRINSIC,
                                           WEFT_INTRINSIC_ROOT_SERVICE, WEFT_S_INIT("") };
    struct weft_traceql_value value;
    weft_trace_view_init(&view, &batch, &arena);
    assert_int_equal(view.root, WEFT_NO_PARENT);
    assert_int_equal(view.start_ns, 5);
    assert_int_equal(view.end_ns, 11);
    weft_trace_view_value(&view, 0, 0, 0, &name, &value);
    assert_int_equal(value.type, WEFT_TRACEQL_STRING);
    assert_int_equal(value.text.len, 0);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_deep_and_wide),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_no_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
