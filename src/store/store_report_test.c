/* store_report_test.c -- what a scan tells of itself: four blocks and a live segment whose spans are known, a day each. */
#include "base/random.h"
#include "store/block_internal.h"
#include "store/store_fixture.h"
#include "store/store_internal.h"

enum { DAYS = 5, TRACES = 40, SPANS = 6, SPANS_A_DAY = TRACES * SPANS };
#define DAY_NS (UINT64_C(86400) * 1000000000)
/* The day that alone has the key "only", and so many of its spans. */
enum { ONLY_DAY = 2, ONLY_SPANS = 7 };

struct fixture {
    char directory[256];
    struct weft_store *store;
    struct weft_source source;
    struct weft_arena arena;
    struct weft_scan_report report;
    struct weft_trace_scan_result result;
    uint64_t start_min;
    uint32_t visited, given, enough_after; /* traces, spans; 0: never enough */
};

static void consumed(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

static void attribute_set(struct weft_attribute *a, const char *key, int64_t value)
{
    *a = (struct weft_attribute){
        .key = key, .key_len = (uint32_t)strlen(key), .type = WEFT_VALUE_INT, .int_value = value
    };
}

/* Every span has "day", its day; some of one day have "only", too. */
static void day_send(struct fixture *f, uint32_t day)
{
    struct weft_consumer consumer = weft_store_consumer(f->store);
    uint32_t only = day == ONLY_DAY ? ONLY_SPANS : 0;

    for (uint32_t t = 0; t < TRACES; t++) {
        struct weft_batch *batch = fixture_trace_batch(&f->arena, day * TRACES + t, 0, SPANS);
        for (uint32_t i = 0; i < SPANS; i++) {
            struct weft_span *span = &batch->spans[i];
            struct weft_attribute *items = weft_arena_alloc_array(&f->arena, 2, sizeof *items);
            span->start_time_unix_nano += day * DAY_NS;
            span->end_time_unix_nano += day * DAY_NS;
            attribute_set(&items[0], "day", day);
            attribute_set(&items[1], "only", 1);
            span->attributes.items = items;
            span->attributes.count = only > 0 ? 2 : 1;
            only -= only > 0;
        }
        consumer.consume(consumer.self, 0, batch, consumed, NULL);
    }
}

static void store_open(struct fixture *f)
{
    struct weft_err err;
    const struct weft_store_options options = { .directory = f->directory,
                                                .writer_count = 1,
                                                .compact_fan_in = DAYS + 1,
                                                .no_compaction = true };

    if (weft_store_open(&f->store, &options, &err) < 0) fail_msg("%s", err.text);
    f->source = weft_store_source(f->store);
}

static int setup(void **state)
{
    static struct fixture f;
    struct weft_err err;

    f = (struct fixture){ 0 };
    fixture_directory_make(f.directory);
    weft_arena_init(&f.arena, 0);
    store_open(&f);
    for (uint32_t day = 0; day < DAYS; day++) {
        day_send(&f, day);
        if (day == DAYS - 1) break; /* the last one stays live */
        if (weft_store_seal(f.store, &err) < 0 || weft_store_compact(f.store, NULL, &err) < 0)
            fail_msg("%s", err.text);
    }
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    weft_store_close(f->store);
    fixture_directory_remove(f->directory);
    weft_arena_release(&f->arena);
    return 0;
}

/* ---- asking ---- */

static const struct weft_predicate has_only = { .field = WEFT_FIELD_ATTRIBUTE,
                                                .scope = WEFT_SCOPE_SPAN,
                                                .op = WEFT_OP_EXISTS,
                                                .key = WEFT_S_INIT("only") };
static const struct weft_predicate of_shop = { .field = WEFT_FIELD_SERVICE,
                                               .op = WEFT_OP_EQ,
                                               .value = { .type = WEFT_VALUE_STRING,
                                                          .bytes = WEFT_S_INIT("nobody") } };
static const struct weft_selection only = { .op = WEFT_SELECT_PREDICATE, .predicate = &has_only },
                                   nobody = { .op = WEFT_SELECT_PREDICATE, .predicate = &of_shop };

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct fixture *f = arg;

    f->visited++;
    if (f->visited == f->enough_after) f->start_min = UINT64_MAX;
    return true;
}

static bool vector_take(void *arg, const struct weft_span_vector *vector)
{
    ((struct fixture *)arg)->given += vector->count;
    return true;
}

static void traces_ask(struct fixture *f, struct weft_trace_scan scan, bool is_plan)
{
    struct weft_err err;

    weft_scan_report_init(&f->report, scan.selection, &f->arena);
    f->report.is_plan = is_plan;
    f->visited = 0;
    f->start_min = 0;
    scan.report = &f->report;
    if (f->source.traces(f->source.self, &scan, visit, f, &f->result, &err) < 0)
        fail_msg("%s", err.text);
}

static void spans_ask(struct fixture *f, struct weft_span_scan scan, bool is_plan)
{
    struct weft_err err;

    weft_scan_report_init(&f->report, scan.selection, &f->arena);
    f->report.is_plan = is_plan;
    f->given = f->visited = 0;
    scan.report = &f->report;
    scan.vector = vector_take;
    scan.trace = visit;
    scan.arg = f;
    if (f->source.spans(f->source.self, &scan, &f->result, &err) < 0) fail_msg("%s", err.text);
}

static void fates_are(const struct fixture *f, enum weft_piece piece, enum weft_fate fate,
                      uint64_t count, enum weft_fate other, uint64_t other_count)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < WEFT_FATES; i++) sum += f->report.pieces[piece][i];
    assert_int_equal(f->report.pieces[piece][fate], count);
    assert_int_equal(f->report.pieces[piece][other], other_count);
    assert_int_equal(sum, count + other_count);
}

/* What was told step by step is what was told of the whole. */
static void sums_fit(const struct fixture *f)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < WEFT_STEPS; i++) bytes += f->report.steps[i].bytes;
    assert_int_equal(bytes, f->result.inspected_bytes);
    assert_int_equal(f->report.steps[WEFT_STEP_READ].in, f->result.inspected_traces);
    assert_int_equal(f->report.steps[WEFT_STEP_JUDGE].in, f->visited);
}

/* ---- tests ---- */

static void one_block_has_the_key(void **state)
{
    struct fixture *f = *state;
    const struct weft_condition_report *c = f->report.conditions;

    traces_ask(f, (struct weft_trace_scan){ .selection = &only, .start_min = &f->start_min },
               false);
    assert_int_equal(f->visited, 2); /* seven spans, six to a trace */
    fates_are(f, WEFT_PIECE_BLOCK, WEFT_FATE_READ, 1, WEFT_FATE_HOPELESS, 3);
    fates_are(f, WEFT_PIECE_ROW_GROUP, WEFT_FATE_READ, 1, WEFT_FATE_HOPELESS, 3);
    c = f->report.conditions;
    assert_int_equal(f->report.condition_count, 1);
    assert_int_equal(c->blocks, 4);
    assert_int_equal(c->blocks_without, 0); /* tables alone do not say it of keys */
    assert_int_equal(c->row_groups_without, 3);
    assert_int_equal(c->rows_in, SPANS_A_DAY);
    assert_int_equal(c->rows_out, ONLY_SPANS);
    assert_int_equal(f->report.candidates, 2);
    /* One after the other, of the live ones too. */
    assert_int_equal(f->report.steps[WEFT_STEP_FIND].in, 2 * SPANS_A_DAY);
    assert_int_equal(f->report.steps[WEFT_STEP_READ].out, 2 * SPANS);
    sums_fit(f);
}

static void no_block_has_the_service(void **state)
{
    struct fixture *f = *state;

    traces_ask(f, (struct weft_trace_scan){ .selection = &nobody }, false);
    assert_int_equal(f->visited, 0);
    fates_are(f, WEFT_PIECE_BLOCK, WEFT_FATE_HOPELESS, 4, WEFT_FATE_READ, 0);
    fates_are(f, WEFT_PIECE_SEGMENT, WEFT_FATE_HOPELESS, 1, WEFT_FATE_READ, 0);
    assert_int_equal(f->report.conditions[0].blocks_without, 4);
    assert_int_equal(f->result.inspected_bytes, 0);
    sums_fit(f);
}

static void blocks_out_of_range(void **state)
{
    struct fixture *f = *state;
    uint64_t day = fixture_start(0, 0, 0) + DAY_NS;

    spans_ask(f, (struct weft_span_scan){ .from_ns = day, .to_ns = day + DAY_NS }, false);
    assert_int_equal(f->given, SPANS_A_DAY);
    fates_are(f, WEFT_PIECE_BLOCK, WEFT_FATE_READ, 1, WEFT_FATE_OUT_OF_RANGE, 3);
    fates_are(f, WEFT_PIECE_CHUNK, WEFT_FATE_READ, 0, WEFT_FATE_OUT_OF_RANGE,
              f->report.pieces[WEFT_PIECE_CHUNK][WEFT_FATE_OUT_OF_RANGE]);
    assert_int_equal(f->report.steps[WEFT_STEP_COUNT].in, SPANS_A_DAY);
    assert_int_equal(f->report.steps[WEFT_STEP_COLUMNS].out, SPANS_A_DAY);
    sums_fit(f);
    traces_ask(
        f, (struct weft_trace_scan){ .from_ns = day, .to_ns = day + DAY_NS, .selection = &only },
        false);
    assert_int_equal(f->report.pieces[WEFT_PIECE_BLOCK][WEFT_FATE_READ], 0);
}

static void older_blocks_are_not_read(void **state)
{
    struct fixture *f = *state;

    f->enough_after = 5;
    traces_ask(f, (struct weft_trace_scan){ .start_min = &f->start_min }, false);
    f->enough_after = 0;
    assert_int_equal(f->visited, 5);
    fates_are(f, WEFT_PIECE_BLOCK, WEFT_FATE_READ, 0, WEFT_FATE_TOO_OLD, 4);
    fates_are(f, WEFT_PIECE_SEGMENT, WEFT_FATE_READ, 1, WEFT_FATE_TOO_OLD, 0);
    sums_fit(f);
}

static void every_trace(void **state)
{
    struct fixture *f = *state;

    traces_ask(f, (struct weft_trace_scan){ 0 }, false);
    assert_int_equal(f->visited, DAYS * TRACES);
    fates_are(f, WEFT_PIECE_BLOCK, WEFT_FATE_READ, 4, WEFT_FATE_TOO_OLD, 0);
    assert_int_equal(f->report.steps[WEFT_STEP_READ].out, DAYS * SPANS_A_DAY);
    sums_fit(f);
    uint64_t day = fixture_start(0, 0, 0) + DAY_NS;
    traces_ask(f, (struct weft_trace_scan){ .from_ns = day, .to_ns = day + DAY_NS }, true);
    fates_are(f, WEFT_PIECE_BLOCK, WEFT_FATE_READ, 1, WEFT_FATE_OUT_OF_RANGE, 3);
    traces_ask(f, (struct weft_trace_scan){ .from_ns = day, .to_ns = day + DAY_NS }, false);
    assert_int_equal(f->visited, TRACES);
    fates_are(f, WEFT_PIECE_BLOCK, WEFT_FATE_READ, 1, WEFT_FATE_OUT_OF_RANGE, 3);
    sums_fit(f);
}

/* A page that was read was checked. */
static uint64_t pages_read(struct fixture *f)
{
    struct weft_store_set *set = weft_store_set_take(f->store);
    uint64_t pages = 0;

    for (uint32_t i = 0; i < set->block_count; i++) {
        const struct weft_block *block = atomic_load(&set->blocks[i]->block);
        for (uint64_t p = 0; block != NULL && p < block->page_count; p++)
            pages += atomic_load(&block->checked[p / 64]) >> p % 64 & 1;
    }
    weft_store_set_release(set);
    return pages;
}

static void plans_read_no_spans(void **state)
{
    struct fixture *f = *state;
    uint64_t least, most;

    weft_store_close(f->store);
    store_open(f);
    traces_ask(f, (struct weft_trace_scan){ .selection = &nobody, .start_min = &f->start_min },
               true);
    assert_int_equal(pages_read(f), 4); /* where tables are */
    fates_are(f, WEFT_PIECE_BLOCK, WEFT_FATE_HOPELESS, 4, WEFT_FATE_READ, 0);
    assert_int_equal(f->report.bytes_most, 0);
    traces_ask(f, (struct weft_trace_scan){ .selection = &only, .start_min = &f->start_min }, true);
    assert_int_equal(f->visited, 0);
    assert_int_equal(f->result.inspected_spans + f->result.inspected_bytes, 0);
    least = f->report.bytes_least, most = f->report.bytes_most;
    assert_int_equal(f->report.rows, DAYS * SPANS_A_DAY);
    traces_ask(f, (struct weft_trace_scan){ .selection = &only, .start_min = &f->start_min },
               false);
    assert_in_range(f->result.inspected_bytes, least, most);
    spans_ask(f, (struct weft_span_scan){ 0 }, true);
    assert_int_equal(f->given, 0);
    least = f->report.bytes_least, most = f->report.bytes_most;
    spans_ask(f, (struct weft_span_scan){ 0 }, false);
    assert_in_range(f->result.inspected_bytes, least, most);
}

/* A block of many pages, all of them of one attribute that nothing is known of before it is read. */
static void wide_block_make(struct fixture *f)
{
    struct weft_consumer consumer = weft_store_consumer(f->store);
    struct weft_random random;
    struct weft_err err;

    weft_random_init(&random, 7);
    for (uint32_t t = 0; t < 40; t++) {
        struct weft_batch *batch = fixture_trace_batch(&f->arena, t, 0, 500);
        for (uint32_t i = 0; i < batch->span_count; i++) {
            struct weft_attribute *item = weft_arena_alloc_zero(&f->arena, sizeof *item);
            attribute_set(item, "noise", (int64_t)weft_random_u64(&random));
            batch->spans[i].attributes.items = item;
            batch->spans[i].attributes.count = 1;
        }
        consumer.consume(consumer.self, 0, batch, consumed, NULL);
    }
    if (weft_store_seal(f->store, &err) < 0 || weft_store_compact(f->store, NULL, &err) < 0)
        fail_msg("%s", err.text);
    weft_store_close(f->store);
    store_open(f);
}

static void plans_leave_columns_alone(void **state)
{
    static const struct weft_predicate is_low = { .field = WEFT_FIELD_ATTRIBUTE,
                                                  .scope = WEFT_SCOPE_SPAN,
                                                  .op = WEFT_OP_EQ,
                                                  .key = WEFT_S_INIT("noise"),
                                                  .value = { .type = WEFT_VALUE_INT } };
    static const struct weft_selection low = { .op = WEFT_SELECT_PREDICATE, .predicate = &is_low };
    struct fixture *f = weft_alloc_zero(sizeof *f);

    fixture_directory_make(f->directory);
    weft_arena_init(&f->arena, 0);
    store_open(f);
    wide_block_make(f);
    spans_ask(f, (struct weft_span_scan){ .selection = &low }, true);
    uint64_t planned = pages_read(f), least = f->report.bytes_least, most = f->report.bytes_most;
    spans_ask(f, (struct weft_span_scan){ .selection = &low }, false);
    uint64_t read = pages_read(f), column = 40 * 500 * 8 / 16384;
    assert_in_range(read, planned + column - 1, planned + column + 2);
    assert_in_range(f->result.inspected_bytes, least - least / 16, most);
    assert_true(least > 40 * 500 * 8);
    void *made = f;
    teardown(&made);
    weft_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_block_has_the_key),
        cmocka_unit_test(no_block_has_the_service),
        cmocka_unit_test(blocks_out_of_range),
        cmocka_unit_test(older_blocks_are_not_read),
        cmocka_unit_test(every_trace),
        cmocka_unit_test(plans_read_no_spans),
        cmocka_unit_test(plans_leave_columns_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
