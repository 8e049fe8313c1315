/* store_retention_test.c -- what is deleted by age, size and free space, what is not, and that a clock
 * that jumps deletes nothing. */
#include "store/store_fixture.h"
#include "store/store_internal.h"

#define SPANS 3u
#define HOUR (3600 * WEFT_NS_PER_SECOND)
#define START (UINT64_C(1700000000) * WEFT_NS_PER_SECOND) /* of the fixture's first trace */

static _Atomic uint64_t wall_ns;
static _Atomic size_t free_bytes;

static uint64_t unix_ns(void *self)
{
    return atomic_load(&wall_ns);
}

static int steer(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    if (op == WEFT_FILE_SPACE) *len = atomic_load(&free_bytes);
    return 0;
}

static struct weft_store *open_store(const char *directory, struct weft_store_options options)
{
    struct weft_store *store;
    struct weft_err err;

    options.directory = directory;
    options.writer_count = 1;
    options.no_compaction = true;
    options.unix_ns = unix_ns;
    options.free_space_min = 1;
    options.housekeeping_ns = 24 * HOUR; /* looked at when the test says so */
    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    weft_store_housekeeping_stop(store);
    return store;
}

static void answered(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

/* A trace that starts so many milliseconds after START. */
static void send_trace(struct weft_store *store, uint32_t trace, uint32_t part)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, trace, part, SPANS), answered,
                     NULL);
    weft_arena_release(&arena);
}

/* A block with that trace, and what else was sent. */
static void make_block(struct weft_store *store, uint32_t trace, uint32_t part)
{
    send_trace(store, trace, part);
    assert_int_equal(weft_store_seal(store, NULL), WEFT_OK);
    assert_int_equal(weft_store_compact(store, NULL, NULL), WEFT_OK);
}

static struct weft_store_stats look(struct weft_store *store)
{
    struct weft_store_stats stats;

    weft_store_space_update(store);
    weft_store_retention_run(store);
    weft_store_stats(store, &stats);
    return stats;
}

static void age_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    atomic_store(&wall_ns, START + HOUR);
    struct weft_store *store =
        open_store(directory, (struct weft_store_options){ .retention_age_ns = HOUR });
    store->retention_clock.hold_ns = 0; /* every clock is believed */
    struct weft_source source = weft_store_source(store);
    for (uint32_t i = 0; i < 4; i++) make_block(store, i * 1000, 0); /* a second apart */
    assert_int_equal(look(store).blocks, 4);
    atomic_store(&wall_ns, START + HOUR + 1500 * WEFT_NS_PER_MS);
    struct weft_store_stats stats = look(store);
    assert_int_equal(stats.blocks, 2);
    assert_int_equal(stats.retention_files, 2);
    assert_int_equal(stats.retention_spans, 2 * SPANS);
    assert_true(stats.retention_bytes > 0);
    assert_int_equal(fixture_count_files(directory, "block-"), 2);
    assert_int_equal(fixture_trace_spans(&source, 0), 0);
    assert_int_equal(fixture_trace_spans(&source, 2000), SPANS);
    weft_store_close(store);
    store = open_store(directory, (struct weft_store_options){ 0 });
    assert_int_equal(look(store).blocks, 2);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* Spans from the future are as old as the file. */
static void future_test(void **state)
{
    char directory[256];
    uint64_t now_ns = weft_clock_unix_ns();

    fixture_directory_make(directory);
    atomic_store(&wall_ns, now_ns);
    struct weft_store *store =
        open_store(directory, (struct weft_store_options){ .retention_age_ns = HOUR });
    store->retention_clock.hold_ns = 0;
    const struct weft_block_summary future = { .number = 1 << 20,
                                               .start_max = now_ns + 1000 * HOUR,
                                               .created_unix_ns = now_ns };
    char path[WEFT_STORE_PATH_MAX];
    weft_store_path(store, path, "block", future.number);
    struct weft_store_container *file =
        weft_store_container_create(path, future.number, 100, now_ns);
    struct weft_store_block *block = weft_store_block_create(file, &future, NULL, NULL);
    weft_store_set_change(store, &(struct weft_store_change){ .added = &block, .added_count = 1 });
    weft_store_container_unref(file);
    weft_store_block_unref(block);
    assert_int_equal(look(store).blocks, 1);
    atomic_store(&wall_ns, now_ns + 2 * HOUR);
    assert_int_equal(look(store).blocks, 0);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

static void clock_jumps_test(void **state)
{
    static const struct {
        const char *name;
        int64_t jump_minutes;
        uint64_t blocks;
    } steps[] = {
        { "as it was", 0, 1 },     { "two hours ahead", 120, 1 }, { "still", 120, 1 },
        { "back again", 0, 1 },    { "two hours back", -120, 1 }, { "and right again", 0, 1 },
        { "half an hour", 30, 1 }, /* believed: the file is 30 minutes old */
        { "another", 60, 1 },      { "and another", 90, 0 },
    };
    char directory[256];

    fixture_directory_make(directory);
    atomic_store(&wall_ns, START);
    struct weft_store *store =
        open_store(directory, (struct weft_store_options){ .retention_age_ns = HOUR + HOUR / 4 });
    make_block(store, 0, 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        atomic_store(&wall_ns,
                     START + (uint64_t)(steps[i].jump_minutes * 60 * (int64_t)WEFT_NS_PER_SECOND));
        if (look(store).blocks != steps[i].blocks) fail_msg("%s", steps[i].name);
    }
    make_block(store, 0, 0);
    atomic_store(&wall_ns, START + 100 * HOUR);
    assert_int_equal(look(store).blocks, 1);
    store->retention_clock.hold_ns = 0; /* the hour is over: it was no mistake */
    assert_int_equal(look(store).blocks, 0);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

static void size_test(void **state)
{
    char directory[256];
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory, (struct weft_store_options){ 0 });
    struct weft_source source = weft_store_source(store);
    for (uint32_t i = 0; i < 6; i++) make_block(store, 5 - i, 0); /* the last is the oldest */
    weft_store_stats(store, &stats);
    uint64_t one = stats.block_bytes / 6;
    uint64_t others = stats.segment_bytes + stats.spare_bytes;
    store->options.retention_bytes = others + 3 * one + one / 2;
    assert_int_equal(look(store).blocks, 3);
    assert_int_equal(look(store).blocks, 3);
    assert_int_equal(fixture_trace_spans(&source, 2), 0);
    assert_int_equal(fixture_trace_spans(&source, 3), SPANS);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* Only as much as is missing, though a reader keeps the files and so nothing becomes free. */
static void free_space_test(void **state)
{
    char directory[256];
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    struct weft_store *store =
        open_store(directory, (struct weft_store_options){ .retention_free_bytes = 100000 });
    for (uint32_t i = 0; i < 6; i++) make_block(store, i, 0);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.blocks, 6);
    struct weft_store_set *reader = weft_store_set_take(store);
    atomic_store(&free_bytes, 100000 - stats.block_bytes / 6 - 1); /* two */
    for (int i = 0; i < 3; i++) assert_int_equal(look(store).blocks, 4);
    assert_int_equal(fixture_count_files(directory, "block-"), 6);
    weft_store_set_release(reader);
    assert_int_equal(fixture_count_files(directory, "block-"), 4);
    assert_int_equal(look(store).blocks, 2); /* nothing became free: others fill the disk */
    atomic_store(&free_bytes, SIZE_MAX);
    assert_int_equal(look(store).blocks, 2);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* A bundle whose patch masks traces of a block outside goes with that block or after it. */
static void masks_test(void **state)
{
    char directory[256];
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    atomic_store(&wall_ns, START);
    struct weft_store *store = open_store(
        directory, (struct weft_store_options){ .small_block_spans = 1, .compact_fan_in = 3 });
    struct weft_source source = weft_store_source(store);
    for (uint32_t part = 0; part < 3; part++) make_block(store, 7, part);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.bundles, 1);
    for (uint32_t part = 3; part < 6; part++) make_block(store, 7, part);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.bundles, 2); /* the second has taken over the trace from the first */
    assert_int_equal(fixture_trace_spans(&source, 7), 6 * SPANS);
    store->options.retention_bytes = 1;
    stats = look(store);
    assert_int_equal(stats.blocks, 0);
    assert_int_equal(fixture_trace_spans(&source, 7), 0);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* The same with a block that is younger: its trace does not come to light without what joined it. */
static void patch_stays_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    atomic_store(&wall_ns, START + HOUR / 2);
    struct weft_store *store =
        open_store(directory, (struct weft_store_options){ .retention_age_ns = HOUR,
                                                           .small_block_spans = 1,
                                                           .bundle_time_max = WEFT_NS_PER_SECOND,
                                                           .compact_fan_in = 3 });
    store->retention_clock.hold_ns = 0;
    struct weft_source source = weft_store_source(store);
    send_trace(store, 50000, 0); /* 50 s later than the others: not bundled with them */
    make_block(store, 7, 3);
    for (uint32_t part = 0; part < 3; part++) make_block(store, 7, part);
    struct weft_store_stats stats = look(store);
    assert_int_equal(stats.bundles, 1);
    assert_int_equal(stats.blocks, 5); /* the young one, three members and their patch */
    assert_int_equal(stats.masked_spans, 4 * SPANS);
    atomic_store(&wall_ns, START + HOUR + WEFT_NS_PER_SECOND); /* the bundle is old enough */
    assert_int_equal(look(store).blocks, 5);
    assert_int_equal(fixture_trace_spans(&source, 7), 4 * SPANS);
    atomic_store(&wall_ns, START + HOUR + 100 * WEFT_NS_PER_SECOND); /* and the block */
    assert_int_equal(look(store).blocks, 4);
    assert_int_equal(fixture_trace_spans(&source, 50000), 0);
    assert_int_equal(fixture_trace_spans(&source, 7), 4 * SPANS);
    assert_int_equal(look(store).blocks, 0);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* What a merge reads is left, since its result would bring the spans back. */
static void merge_at_work_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    atomic_store(&wall_ns, START);
    struct weft_store *store = open_store(directory, (struct weft_store_options){ 0 });
    for (uint32_t i = 0; i < 3; i++) make_block(store, i, 0);
    struct weft_store_set *set = weft_store_set_take(store);
    assert_true(weft_store_container_claim(set->blocks[0]->file, WEFT_CLAIM_INPUT));
    store->options.retention_bytes = 1;
    assert_int_equal(look(store).blocks, 1);
    assert_int_equal(look(store).blocks, 1);
    weft_store_container_give_up(set->blocks[0]->file);
    assert_false(weft_store_container_claim(set->blocks[1]->file, WEFT_CLAIM_INPUT));
    assert_int_equal(look(store).blocks, 0);
    assert_int_equal(look(store).retention_files, 3); /* each counted once */
    weft_store_set_release(set);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* A reader keeps a segment that a block supersedes: the block must be there as long as its file. */
static void superseded_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    atomic_store(&wall_ns, START);
    struct weft_store *store = open_store(directory, (struct weft_store_options){ 0 });
    send_trace(store, 1, 0);
    assert_int_equal(weft_store_seal(store, NULL), WEFT_OK);
    struct weft_store_set *reader = weft_store_set_take(store);
    make_block(store, 2, 0);
    store->options.retention_bytes = 1;
    assert_int_equal(look(store).blocks, 1);
    assert_int_equal(fixture_count_files(directory, "block-"), 1);
    weft_store_set_release(reader);
    assert_int_equal(look(store).blocks, 0);
    weft_store_close(store);
    store = open_store(directory, (struct weft_store_options){ 0 });
    struct weft_source source = weft_store_source(store);
    assert_int_equal(fixture_all_spans(&source), 0);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* A bundle as large as what may be kept would be deleted as a whole, and stand beside its inputs until then. */
static void bundles_are_small_steps_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    struct weft_store *store =
        open_store(directory, (struct weft_store_options){ .retention_bytes = 10 << 20 });
    assert_int_equal(store->options.bundle_bytes_max, 1 << 20);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct weft_file_faults faults = { .before = steer };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundles_are_small_steps_test),
        cmocka_unit_test(age_test),
        cmocka_unit_test(future_test),
        cmocka_unit_test(clock_jumps_test),
        cmocka_unit_test(size_test),
        cmocka_unit_test(free_space_test),
        cmocka_unit_test(masks_test),
        cmocka_unit_test(patch_stays_test),
        cmocka_unit_test(merge_at_work_test),
        cmocka_unit_test(superseded_test),
    };

    atomic_store(&free_bytes, SIZE_MAX);
    weft_file_set_faults(&faults);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
