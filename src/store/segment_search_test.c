/* segment_search_test.c -- a segment's search agrees with the slow judge, span by span, over random
 * predicates. */
#include "store/segment_fixture.h"

static struct weft_str key_of(struct fixture *f)
{
    static const char *const fixed[] = { "service.name", "no.such.key" };
    if (weft_random_below(&f->random, 8) == 0)
        return weft_str_from_c(fixed[weft_random_below(&f->random, 2)]);
    return fixture_text(&f->arena, "some.key", weft_random_below(&f->random, 45));
}

static struct weft_value value_of(struct fixture *f)
{
    struct weft_value v = { .type = WEFT_VALUE_STRING };
    static const char *const texts[] = { "a",         "",        "value",      "service.1",
                                         "library.1", "event.2", "GET /name.3" };
    switch (weft_random_below(&f->random, 5)) {
    case 0:
        v.type = WEFT_VALUE_INT;
        v.int_value = (int64_t)weft_random_below(&f->random, 60) - 5;
        break;
    case 1:
        v.type = WEFT_VALUE_DOUBLE;
        v.double_value = (double)weft_random_below(&f->random, 60) * 0.5;
        break;
    case 2:
        v.type = WEFT_VALUE_BOOL;
        v.bool_value = weft_random_below(&f->random, 2);
        break;
    case 3:
        v.bytes =
            weft_str_from_c(texts[weft_random_below(&f->random, sizeof texts / sizeof *texts)]);
        break;
    default: v.bytes = fixture_text(&f->arena, "value", weft_random_below(&f->random, 61));
    }
    return v;
}

static bool likes(const void *self, struct weft_str text)
{
    return text.len > 0 && text.ptr[text.len - 1] < '5';
}
static const struct weft_matcher matcher = { .matches = likes };

static struct weft_predicate predicate_of(struct fixture *f)
{
    struct weft_predicate p = {
        .field = (enum weft_field)weft_random_below(&f->random, WEFT_FIELD_SCOPE_VERSION + 1),
        .op = (enum weft_op)weft_random_below(&f->random, WEFT_OP_NOT_MATCH + 1),
        .matcher = &matcher
    };
    static const char *const names[] = { "GET /name.1", "GET /name.2", "service.0",    "service.1",
                                         "library.0",   "event.1",     "went wrong.3", "" };
    if (weft_random_below(&f->random, 3) > 0) p.field = WEFT_FIELD_ATTRIBUTE;
    switch (p.field) {
    case WEFT_FIELD_ATTRIBUTE:
        p.scope = (enum weft_attribute_scope)weft_random_below(&f->random,
                                                               WEFT_SCOPE_INSTRUMENTATION + 1);
        p.key = key_of(f);
        p.value = value_of(f);
        break;
    case WEFT_FIELD_KIND:
    case WEFT_FIELD_STATUS:
        p.op = weft_random_below(&f->random, 2) ? WEFT_OP_EQ : WEFT_OP_NE;
        p.value = (struct weft_value){ .type = WEFT_VALUE_INT,
                                       .int_value = (int64_t)weft_random_below(&f->random, 4) };
        break;
    case WEFT_FIELD_DURATION:
        p.op = (enum weft_op)weft_random_below(&f->random, WEFT_OP_GE + 1);
        p.value =
            (struct weft_value){ .type = WEFT_VALUE_INT,
                                 .int_value = (int64_t)weft_random_below(&f->random, 5000000) };
        break;
    case WEFT_FIELD_TRACE_ID:
        p.op = WEFT_OP_EQ;
        p.value = (struct weft_value){ .type = WEFT_VALUE_BYTES };
        p.value.bytes = weft_str_make(
            (const char *)f->batch.spans[weft_random_below(&f->random, f->batch.span_count)]
                .trace_id.bytes,
            16);
        break;
    case WEFT_FIELD_IS_ROOT:
        p.op = WEFT_OP_EQ;
        p.value = (struct weft_value){ .type = WEFT_VALUE_BOOL,
                                       .bool_value = weft_random_below(&f->random, 2) };
        break;
    case WEFT_FIELD_SERVICE:
    case WEFT_FIELD_NAME:
    case WEFT_FIELD_EVENT_NAME:
    case WEFT_FIELD_SCOPE_NAME:
    case WEFT_FIELD_SCOPE_VERSION:
    case WEFT_FIELD_STATUS_MESSAGE:
        p.value = (struct weft_value){ .type = WEFT_VALUE_STRING,
                                       .bytes = weft_str_from_c(
                                           names[weft_random_below(&f->random, 8)]) };
        break;
    }
    return p;
}

/* The judge: every span, every predicate, kept in a heap of its own. */
static void judge(const struct fixture *f, const struct weft_search *search, struct weft_top *top)
{
    for (uint32_t i = 0; i < f->batch.span_count; i++) {
        const struct weft_span *span = &f->batch.spans[i];
        bool holds = span->start_time_unix_nano >= search->from_ns &&
                     (search->to_ns == 0 || span->start_time_unix_nano < search->to_ns);
        for (uint32_t p = 0; holds && p < search->predicate_count; p++) {
            holds = weft_predicate_holds_span(&search->predicates[p], span);
        }
        if (!holds) continue;
        struct weft_search_position position = { .start_time_unix_nano = span->start_time_unix_nano,
                                                 .duration_ns = weft_span_duration_ns(span),
                                                 .trace_id = span->trace_id,
                                                 .span_id = span->span_id,
                                                 .kind = span->kind };
        weft_top_offer(top, &position, i);
    }
}

static void assert_same_hits(const struct fixture *f, const struct weft_segment_view *view,
                             struct weft_top *expected, struct weft_top *found)
{
    weft_top_finish(expected);
    weft_top_finish(found);
    assert_int_equal(found->count, expected->count);
    assert_int_equal(found->overflowed, expected->overflowed);
    for (uint32_t i = 0; i < found->count; i++) {
        struct weft_hit hit;
        const struct weft_span *span = &f->batch.spans[expected->heap[i].row];
        assert_memory_equal(&found->heap[i].position.span_id, &span->span_id, 8);
        weft_segment_hit(view, found->heap[i].row, &hit);
        assert_memory_equal(&hit.position.trace_id, &span->trace_id, 16);
        assert_memory_equal(&hit.parent_span_id, &span->parent_span_id, 8);
        assert_str(hit.name, span->name);
        assert_str(hit.service_name, span->scope->resource->service_name);
        assert_int_equal(hit.status_code, span->status_code);
        assert_int_equal(hit.position.kind, span->kind);
    }
}

static void fill(struct fixture *f, struct weft_segment_writer *writer)
{
    static const struct fixture_variety varieties[] = {
        { .spans = 200, .resources = 3, .names = 5, .keys = 12, .values = 20, .attributes_max = 6 },
        { .spans = 150,
          .resources = 3,
          .names = 9,
          .keys = 40,
          .values = 60,
          .attributes_max = 9,
          .is_rich = true },
        { .spans = 150,
          .resources = 4,
          .names = 400,
          .keys = 40,
          .values = 2000,
          .attributes_max = 5 },
        { .spans = 40,
          .resources = 2,
          .names = 3,
          .keys = 5,
          .values = 9,
          .attributes_max = 12,
          .is_rich = true },
    };
    for (int i = 0; i < 8; i++) {
        fixture_append_ok(f, writer, &varieties[i % 4]);
        fixture_commit_ok(writer);
    }
}

static void agrees_with_the_judge(void **state)
{
    struct fixture *f = *state;
    struct weft_segment_view view;
    uint64_t hits = 0;
    f->limits.keys = 30; /* so that some keys are spelled out, some names and lists inline */
    f->limits.shapes = 200;
    f->limits.names = 50;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    fill(f, writer);
    weft_segment_view_init(&view, weft_segment_writer_segment(writer));
    for (int round = 0; round < 3000; round++) {
        struct weft_err err;
        struct weft_predicate predicates[3];
        struct weft_top expected, found;
        struct weft_search_result stats = { 0 };
        struct weft_search search = { .predicates = predicates,
                                      .limit = 1 + (uint32_t)weft_random_below(&f->random, 40),
                                      .predicate_count = (uint32_t)weft_random_below(&f->random, 4),
                                      .order = weft_random_below(&f->random, 3)
                                                   ? WEFT_ORDER_NEWEST
                                                   : WEFT_ORDER_SLOWEST };
        for (uint32_t i = 0; i < search.predicate_count; i++) predicates[i] = predicate_of(f);
        if (weft_random_below(&f->random, 3) == 0) {
            search.from_ns =
                UINT64_C(1700000000000000000) + weft_random_below(&f->random, 900000000);
            search.to_ns = search.from_ns + weft_random_below(&f->random, 500000000) + 1;
        }
        weft_top_init(&expected, &search, &f->arena);
        weft_top_init(&found, &search, &f->arena);
        judge(f, &search, &expected);
        if (weft_segment_search(&view, &search, 5ull << 40, &found, &stats, &err) < 0)
            fail_msg("%s", err.text);
        hits += found.count;
        if (found.count > 0) assert_int_equal(found.heap[0].row >> 40, 5);
        assert_same_hits(f, &view, &expected, &found);
        if (found.count > 0) { /* and the page after */
            search.has_after = true;
            search.after = found.heap[found.count / 2].position;
            weft_top_init(&expected, &search, &f->arena);
            weft_top_init(&found, &search, &f->arena);
            judge(f, &search, &expected);
            assert_int_equal(weft_segment_search(&view, &search, 0, &found, &stats, &err), WEFT_OK);
            assert_same_hits(f, &view, &expected, &found);
        }
    }
    assert_true(hits > 3000);
    weft_segment_view_release(&view);
    weft_segment_writer_destroy(writer);
}

static void stops_when_told(void **state)
{
    struct fixture *f = *state;
    struct weft_segment_view view;
    struct weft_top top;
    struct weft_err err;
    struct weft_search_result stats = { 0 };
    _Atomic bool cancelled = true;
    struct weft_search search = { .limit = 10, .cancelled = &cancelled };
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    fill(f, writer);
    weft_segment_view_init(&view, weft_segment_writer_segment(writer));
    weft_top_init(&top, &search, &f->arena);
    assert_int_equal(weft_segment_search(&view, &search, 0, &top, &stats, &err), WEFT_CANCELLED);
    search.cancelled = NULL;
    search.deadline_monotonic_ns = 1;
    assert_int_equal(weft_segment_search(&view, &search, 0, &top, &stats, &err), WEFT_TIMEOUT);
    assert_int_equal(top.count, 0);
    weft_segment_view_release(&view);
    weft_segment_writer_destroy(writer);
}

static void add_counts(void *arg, struct weft_str service, struct weft_str name, uint8_t kind,
                       uint64_t spans, uint64_t errors)
{
    uint64_t *sums = arg;
    sums[0] += spans;
    sums[1] += errors;
    if (weft_str_equal_c(service, "service.1")) sums[2] += spans;
    if (weft_str_equal_c(name, "GET /name.1") && kind == WEFT_KIND_SERVER) sums[3] += spans;
}

static void counts_operations(void **state)
{
    struct fixture *f = *state;
    struct weft_segment_view view;
    uint64_t sums[4] = { 0 }, expected[4] = { 0 };
    f->limits.names = 3;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    fill(f, writer);
    weft_segment_view_init(&view, weft_segment_writer_segment(writer));
    weft_segment_operations(&view, add_counts, sums);
    for (uint32_t i = 0; i < f->batch.span_count; i++) {
        const struct weft_span *span = &f->batch.spans[i];
        add_counts(expected, span->scope->resource->service_name, span->name, span->kind, 1,
                   span->status_code == WEFT_STATUS_ERROR);
    }
    assert_memory_equal(sums, expected, sizeof sums);
    weft_segment_view_release(&view);
    weft_segment_writer_destroy(writer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = { TEST(agrees_with_the_judge), TEST(stops_when_told),
                                        TEST(counts_operations) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
