/* segment_select_test.c -- which rows of a segment random selections have, against the reference, span by span. */
#include "store/segment_fixture.h"
#include "store/segment_select.h"

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

/* All rows of the segment: each is selected, or it is not. */
static uint64_t check_rows(struct fixture *f, const struct weft_segment_view *view,
                           const struct weft_selection *selection)
{
    struct weft_segment_select *select = weft_segment_select_init(view, selection, &f->arena);
    uint64_t selected = 0;
    uint32_t number = 0; /* spans stand in the order they came */

    for (uint32_t c = 0; c < view->chunk_count; c++) {
        struct weft_chunk_view chunk;
        weft_segment_chunk(view, c, &chunk);
        for (uint32_t row = 0; row < chunk.span_count; row++, number++) {
            const struct weft_span *span = &f->batch.spans[number];
            bool holds = select != NULL && weft_segment_select_holds(select, &chunk, row);
            assert_memory_equal(chunk.records + (size_t)row * WEFT_RECORD_BYTES + 16,
                                &span->span_id, 8);
            if (holds != weft_selection_holds_span(selection, span)) {
                struct weft_buf text = { 0 };
                weft_selection_print(&text, selection);
                fail_msg("span %u is %sselected by %.*s", number, holds ? "" : "not ",
                         (int)text.len, (const char *)text.data);
            }
            selected += holds;
        }
    }
    weft_segment_select_release(select);
    return selected;
}

static const struct weft_selection *selection_of(struct fixture *f, uint32_t height)
{
    struct weft_selection *node = weft_arena_alloc_zero(&f->arena, sizeof *node);

    if (height > 0 && weft_random_below(&f->random, 3) > 0) {
        node->op = weft_random_below(&f->random, 2) ? WEFT_SELECT_INTERSECT : WEFT_SELECT_UNION;
        node->left = selection_of(f, height - 1);
        node->right = selection_of(f, height - 1);
    } else if (weft_random_below(&f->random, 12) > 0) {
        struct weft_predicate *predicate = weft_arena_alloc(&f->arena, sizeof *predicate);
        *predicate = predicate_of(f);
        node->op = WEFT_SELECT_PREDICATE;
        node->predicate = predicate;
    }
    return node;
}

static void agrees_with_the_judge(void **state)
{
    struct fixture *f = *state;
    struct weft_segment_view view;
    uint64_t selected = 0;
    f->limits.keys = 30; /* so that some keys are spelled out, some names and lists inline */
    f->limits.shapes = 200;
    f->limits.names = 50;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    fill(f, writer);
    weft_segment_view_init(&view, weft_segment_writer_segment(writer));
    selected += check_rows(f, &view, NULL);
    for (int round = 0; round < 1500; round++) {
        struct weft_predicate predicates[3];
        uint32_t count = 1 + (uint32_t)weft_random_below(&f->random, 3);
        for (uint32_t i = 0; i < count; i++) predicates[i] = predicate_of(f);
        selected += check_rows(f, &view, weft_selection_all_of(predicates, count, &f->arena));
        selected += check_rows(f, &view, selection_of(f, 3));
    }
    assert_true(selected > 3000);
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
    const struct CMUnitTest tests[] = { TEST(agrees_with_the_judge), TEST(counts_operations) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
