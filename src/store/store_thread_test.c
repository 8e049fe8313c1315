/* store_thread_test.c -- readers ask while two I/O threads write and segments are sealed, compacted
 * and bundled under them: every acknowledged trace is whole, once, at every moment. With retention
 * beside that, a trace that became too old may be missing, or the part of it that lay in a file that
 * was deleted; it does not come back. Meant for TSan above all. WEFT_TEST_ROUNDS makes it longer than the one round that is normal. */
#include "base/random.h"
#include "store/store_fixture.h"

#define TRACES 400
#define SPANS 3 /* of each part; a trace has two parts, one by each I/O thread */
#define KEEP_NS (3600 * WEFT_NS_PER_SECOND)

struct work;
struct part {
    struct work *work;
    uint32_t trace, part;
};
struct work {
    struct fixture_loops loops;
    struct weft_store *store;
    struct part parts[TRACES][2];
    _Atomic uint32_t acknowledged[TRACES]; /* parts */
    _Atomic uint32_t acknowledged_parts;
    bool with_retention;
    _Atomic uint32_t expired; /* traces before this one are too old */
    _Atomic bool stop;
    _Atomic uint32_t answers;
    _Atomic bool has_failed;
    char failure[640]; /* of the one who set has_failed first */
};

static void send_part(void *arg);

static void answered(void *arg, const struct weft_outcome *outcome)
{
    struct part *part = arg;
    struct work *work = part->work;

    if (outcome->status !=
        WEFT_OK) { /* WEFT_FULL: the sender comes again, without waiting, to make it harder */
        fixture_post(&work->loops, part->part, send_part, part);
        return;
    }
    atomic_fetch_add(&work->acknowledged[part->trace], 1);
    atomic_fetch_add(&work->acknowledged_parts, 1);
}

static void send_part(void *arg)
{
    struct part *part = arg;
    struct weft_consumer consumer = weft_store_consumer(part->work->store);
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, part->part,
                     fixture_trace_batch(&arena, part->trace, part->part, SPANS), answered, part);
    weft_arena_release(&arena);
}

static void failed(struct work *work, const char *what, uint32_t trace, uint32_t found,
                   const char *text)
{
    if (atomic_exchange(&work->has_failed, true)) return;
    snprintf(work->failure, sizeof work->failure, "%s of trace %u: %u spans, %d expected %s", what,
             trace, found, 2 * SPANS, text);
    atomic_store(&work->stop, true);
}

static uint64_t unix_ns(void *self)
{
    struct work *work = self;
    return fixture_start(atomic_load(&work->expired), 0, 0) + KEEP_NS;
}

/* *seen: what this reader found last. What is deleted by now stays so. */
static bool is_right(struct work *work, uint32_t trace, uint32_t found, uint32_t *seen)
{
    uint32_t before = *seen;

    *seen = found;
    if (trace >= atomic_load(&work->expired)) return found == 2 * SPANS;
    return found % SPANS == 0 && found <= before;
}

static void ask_trace(struct work *work, const struct weft_source *source, uint32_t trace,
                      struct weft_arena *arena, uint32_t *seen)
{
    const struct weft_batch *asked = fixture_trace_batch(arena, trace, 0, 1);
    struct weft_batch found = { .arena = arena };
    struct weft_err err = { 0 };

    int rc = source->trace(source->self, &asked->spans[0].trace_id, &found, &err);
    if ((rc < 0 && rc != WEFT_NOT_FOUND) || !is_right(work, trace, found.span_count, seen))
        failed(work, "trace()", trace, found.span_count, err.text);
}

/* The trace that is asked for; others may come. */
struct counting {
    const struct weft_trace_id *id;
    uint32_t count;
};

static bool vector_count(void *arg, const struct weft_span_vector *vector)
{
    ((struct counting *)arg)->count += vector->count;
    return true;
}

static bool trace_count(void *arg, const struct weft_batch *trace)
{
    struct counting *c = arg;

    if (memcmp(&trace->spans[0].trace_id, c->id, sizeof *c->id) == 0) c->count += trace->span_count;
    return true;
}

static void ask_spans(struct work *work, const struct weft_source *source, uint32_t trace,
                      struct weft_arena *arena, uint32_t *seen)
{
    const struct weft_batch *asked = fixture_trace_batch(arena, trace, 0, 1);
    struct weft_predicate predicate = { .field = WEFT_FIELD_TRACE_ID, .op = WEFT_OP_EQ };
    const struct weft_selection selection = { .op = WEFT_SELECT_PREDICATE,
                                              .predicate = &predicate };
    struct weft_trace_scan_result found;
    struct weft_err err = { 0 };
    struct counting counting = { .id = &asked->spans[0].trace_id };

    predicate.value.type = WEFT_VALUE_BYTES;
    predicate.value.bytes = weft_str_make((const char *)asked->spans[0].trace_id.bytes, 16);
    const struct weft_span_scan scan = {
        .selection = &selection, .vector = vector_count, .trace = trace_count, .arg = &counting
    };
    int rc = source->spans(source->self, &scan, &found, &err);
    if (rc < 0 || !is_right(work, trace, counting.count, seen) || found.partial_reason != NULL)
        failed(work, "spans()", trace, counting.count, err.text);
}

struct visited {
    uint32_t spans[TRACES];
    bool is_twice;
};

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct visited *visited = arg;
    uint32_t number = weft_load_u32(trace->spans[0].trace_id.bytes) - 1;

    visited->is_twice |= number >= TRACES || visited->spans[number] > 0;
    if (number < TRACES) visited->spans[number] = trace->span_count;
    return true;
}

static void ask_scan(struct work *work, const struct weft_source *source, uint32_t *seen)
{
    struct visited visited = { 0 };
    bool is_acknowledged[TRACES];
    struct weft_trace_scan_result result;
    struct weft_err err = { 0 };

    for (uint32_t i = 0; i < TRACES; i++)
        is_acknowledged[i] = atomic_load(&work->acknowledged[i]) == 2;
    int rc = source->traces(source->self, &(struct weft_trace_scan){ 0 }, visit, &visited, &result,
                            &err);
    if (rc < 0 || visited.is_twice || result.partial_reason != NULL)
        failed(work, "traces()", 0, result.inspected_traces, err.text);
    for (uint32_t i = 0; i < TRACES; i++)
        if (is_acknowledged[i] && !is_right(work, i, visited.spans[i], &seen[i]))
            failed(work, "traces()", i, visited.spans[i], err.text);
}

static void ask_operations(struct work *work, const struct weft_source *source,
                           struct weft_arena *arena)
{
    struct weft_operation *operations;
    uint32_t count, before = atomic_load(&work->acknowledged_parts);
    struct weft_err err = { 0 };

    int rc = source->operations(source->self, WEFT_S("shop"), &operations, &count, arena, &err);
    if (rc < 0 || (before > 0 && !work->with_retention &&
                   (count != 1 || operations[0].span_count < (uint64_t)before * SPANS ||
                    operations[0].span_count > 2 * SPANS * TRACES)))
        failed(work, "operations()", 0, count > 0 ? (uint32_t)operations[0].span_count : 0,
               err.text);
}

static void reader_main(void *arg)
{
    struct work *work = arg;
    struct weft_source source = weft_store_source(work->store);
    struct weft_random random;
    struct weft_arena arena;
    uint32_t seen[TRACES];

    for (uint32_t i = 0; i < TRACES; i++) seen[i] = 2 * SPANS;
    weft_random_init_from_system(&random);
    weft_arena_init(&arena, 0);
    while (!atomic_load(&work->stop)) {
        uint32_t trace = (uint32_t)weft_random_below(&random, TRACES);
        if (atomic_load(&work->acknowledged[trace]) < 2) continue;
        ask_trace(work, &source, trace, &arena, &seen[trace]);
        ask_spans(work, &source, trace, &arena, &seen[trace]);
        if (trace % 16 == 1) ask_scan(work, &source, seen);
        if (trace % 16 == 0) ask_operations(work, &source, &arena);
        weft_arena_reset(&arena);
        atomic_fetch_add(&work->answers, 1);
    }
    weft_arena_release(&arena);
}

static void until_in_blocks(struct work *work, uint64_t spans, struct weft_store_stats *stats)
{
    do {
        weft_clock_sleep_ns(WEFT_NS_PER_MS);
        weft_store_stats(work->store, stats);
    } while (!atomic_load(&work->stop) && stats->block_spans + stats->retention_spans < spans);
}

static void one_round(bool with_retention)
{
    static struct work work;
    char directory[256];
    pthread_t readers[2];
    struct weft_err err;
    struct weft_store_stats stats;

    memset(&work, 0, sizeof work);
    work.with_retention = with_retention;
    fixture_directory_make(directory);
    fixture_loops_start(&work.loops, 2);
    struct weft_store_options options = { .directory = directory,
                                          .writer_count = 2,
                                          .post = fixture_post,
                                          .defer = fixture_defer,
                                          .post_self = &work.loops,
                                          .seal_age_ns = 1,
                                          .compact_age_ns = 1,
                                          .compact_segments_min = 1,
                                          .compact_segments_max = 4,
                                          .compact_fan_in = 2,
                                          .small_block_spans = 8 * SPANS };
    if (with_retention) {
        options.retention_age_ns = KEEP_NS;
        options.unix_ns = unix_ns;
        options.unix_self = &work;
        options.housekeeping_ns = WEFT_NS_PER_MS;
        options.bundle_time_max = 100 * WEFT_NS_PER_MS; /* so that files become old one by one */
    }
    if (weft_store_open(&work.store, &options, &err) < 0) fail_msg("%s", err.text);
    for (int i = 0; i < 2; i++)
        assert_int_equal(weft_thread_start(&readers[i], "reader", reader_main, &work, NULL), 0);

    for (uint32_t i = 0; i < TRACES && !atomic_load(&work.stop); i++) {
        for (uint32_t p = 0; p < 2; p++) {
            work.parts[i][p] = (struct part){ &work, i, p };
            fixture_post(&work.loops, p, send_part, &work.parts[i][p]);
        }
        if (i % 20 == 0)
            weft_clock_sleep_ns(3 * WEFT_NS_PER_MS); /* so that several segments come to be */
        if (with_retention) atomic_store(&work.expired, i / 2);
        if (i % (TRACES / 8) == TRACES / 8 - 1) until_in_blocks(&work, 2 * SPANS * (i + 1), &stats);
    }
    if (with_retention) atomic_store(&work.expired, TRACES * 3 / 4);
    do { /* until the readers have seen some of it */
        weft_clock_sleep_ns(WEFT_NS_PER_MS);
        weft_store_stats(work.store, &stats);
    } while (!atomic_load(&work.stop) &&
             (atomic_load(&work.answers) < 500 || (!with_retention && stats.bundlings < 4) ||
              (with_retention && stats.retention_files < 2)));
    atomic_store(&work.stop, true);
    for (int i = 0; i < 2; i++) pthread_join(readers[i], NULL);
    if (atomic_load(&work.has_failed)) fail_msg("%s", work.failure);
    assert_true(stats.compactions >= 2);
    assert_int_equal(stats.compaction_errors, 0);
    fixture_loops_stop(&work.loops);
    weft_store_close(work.store);
    fixture_directory_remove(directory);
}

static void readers_during_compaction_test(void **state)
{
    const char *rounds = getenv("WEFT_TEST_ROUNDS");

    for (long i = rounds != NULL ? strtol(rounds, NULL, 10) : 1; i > 0; i--) one_round(false);
}

static void readers_during_retention_test(void **state)
{
    const char *rounds = getenv("WEFT_TEST_ROUNDS");

    for (long i = rounds != NULL ? strtol(rounds, NULL, 10) : 1; i > 0; i--) one_round(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(readers_during_compaction_test),
                                        cmocka_unit_test(readers_during_retention_test) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
