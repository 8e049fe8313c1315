/* store_admission_test.c -- when the store takes no more for now: the bound of the uncompacted tail,
 * the floor of free space, what senders hear, and that taking goes on by itself. */
#include "store/store_fixture.h"
#include "store/store_internal.h"

static _Atomic bool merges_fail;
static _Atomic size_t free_bytes; /* SIZE_MAX: as it is */

static int steer(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    if (op == WEFT_FILE_SPACE) *len = atomic_load(&free_bytes);
    if (op == WEFT_FILE_OPEN && atomic_load(&merges_fail) && strstr(path, "block-") != NULL)
        return EIO;
    return 0;
}

#define MIB ((size_t)1 << 20)
#define FLOOR (100 * MIB)

struct heard {
    struct weft_outcome outcome;
    char message[512];
};

static void hear(void *arg, const struct weft_outcome *outcome)
{
    struct heard *heard = arg;
    heard->outcome = *outcome;
    snprintf(heard->message, sizeof heard->message, "%.*s", (int)outcome->message.len,
             outcome->message.ptr);
}

static struct heard send(struct weft_store *store, uint32_t trace)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;
    struct heard heard = { .outcome.status = 1 };

    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, trace, 0, 3), hear, &heard);
    weft_arena_release(&arena);
    assert_int_not_equal(heard.outcome.status, 1); /* without I/O threads: answered at once */
    return heard;
}

static struct weft_store *open_store(const char *directory, uint32_t segments_max,
                                     uint64_t memory_max)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .compact_segments_min = 1,
                                                .tail_segments_max = segments_max,
                                                .tail_memory_max = memory_max,
                                                .free_space_min = FLOOR,
                                                .housekeeping_ns = WEFT_NS_PER_MS };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

/* Segments are sealed until no other may begin; then merges succeed again. */
static void tail_fills_and_empties(uint32_t segments_max, uint64_t memory_max, uint32_t expected)
{
    char directory[256];
    struct weft_store_stats stats;
    struct heard heard;
    uint32_t trace = 0;

    fixture_directory_make(directory);
    atomic_store(&merges_fail, true);
    struct weft_store *store = open_store(directory, segments_max, memory_max);
    struct weft_source source = weft_store_source(store);
    for (;; trace++) {
        heard = send(store, trace);
        if (heard.outcome.status != WEFT_OK) break;
        assert_true(trace < expected);
        assert_int_equal(weft_store_seal(store, NULL), WEFT_OK);
    }
    assert_int_equal(trace, expected);
    assert_int_equal(heard.outcome.status, WEFT_FULL);
    assert_true(heard.outcome.retry_after_ns >= WEFT_NS_PER_SECOND / 10);
    assert_non_null(strstr(heard.message, "compaction is behind"));
    weft_store_stats(store, &stats);
    assert_int_equal(stats.sealed_segments, expected);
    assert_int_equal(stats.refused_tail, 1);
    assert_int_equal(stats.refused_batches, 1);
    assert_true(stats.tail_memory_bytes > 0);
    assert_int_equal(fixture_all_spans(&source), 3 * expected); /* questions are answered */

    atomic_store(&merges_fail, false);
    for (unsigned tries = 0; heard.outcome.status != WEFT_OK && tries < 2000; tries++) {
        weft_clock_sleep_ns(10 * WEFT_NS_PER_MS);
        heard = send(store, trace);
    }
    assert_int_equal(heard.outcome.status, WEFT_OK);
    assert_int_equal(fixture_all_spans(&source), 3 * (expected + 1));
    weft_store_close(store);
    fixture_directory_remove(directory);
}

static void tail_by_segments_test(void **state)
{
    tail_fills_and_empties(3, UINT64_MAX, 3);
}

static void tail_by_memory_test(void **state)
{
    tail_fills_and_empties(1000, 1, 1); /* the first sealed segment is past it */
}

static void remove_spare(const char *path, const char *name, void *arg)
{
    if (strncmp(name, "spare-", 6) == 0) unlink(path);
}

/* Send until the answer is `status`. */
static struct heard send_until(struct weft_store *store, uint32_t trace, int status)
{
    struct heard heard = { 0 };

    for (unsigned tries = 0; tries < 2000; tries++) {
        heard = send(store, trace);
        if (heard.outcome.status == status) return heard;
        weft_clock_sleep_ns(WEFT_NS_PER_MS);
    }
    fail_msg("status %d, %d expected: %s", heard.outcome.status, status, heard.message);
    return heard;
}

static void free_space_test(void **state)
{
    char directory[256];
    struct weft_store_stats stats;
    struct weft_store *store;

    fixture_directory_make(directory);
    store = open_store(directory, 0, 0);
    struct weft_source source = weft_store_source(store);
    assert_int_equal(send(store, 0).outcome.status, WEFT_OK);
    for (uint32_t round = 1; round < 4; round++) {
        atomic_store(&free_bytes, FLOOR - 1);
        struct heard heard = send_until(store, 0, WEFT_IO); /* the same span again, until refused */
        assert_non_null(strstr(heard.message, "storage.free_space_min"));
        assert_true(heard.outcome.retry_after_ns >= WEFT_NS_PER_SECOND);
        assert_int_equal(fixture_all_spans(&source), 3 * round);
        assert_int_equal(weft_store_seal(store, NULL), WEFT_OK);
        for (unsigned tries = 0; tries < 2000; tries++) { /* compaction and removal go on */
            weft_store_stats(store, &stats);
            if (stats.sealed_segments == 0 && stats.spare_bytes == 0) break;
            weft_clock_sleep_ns(WEFT_NS_PER_MS);
        }
        assert_int_equal(stats.sealed_segments, 0);
        assert_int_equal(fixture_count_files(directory, "spare-"), 0);
        assert_true(stats.refused_space >= round);
        assert_int_equal(stats.free_bytes, FLOOR - 1);
        assert_int_equal(stats.free_bytes_min, FLOOR);
        atomic_store(&free_bytes, 1000 * MIB);
        send_until(store, round, WEFT_OK);
    }
    weft_store_close(store);
    fixture_directory_remove(directory);
    atomic_store(&free_bytes, SIZE_MAX);
}

/* A store on a full disk opens and answers; spans are taken once there is room. */
static void opens_on_full_disk_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory, 0, 0);
    assert_int_equal(send(store, 0).outcome.status, WEFT_OK);
    weft_store_close(store);
    fixture_each_file(directory, remove_spare, NULL);
    atomic_store(&free_bytes, 0);
    store = open_store(directory, 0, 0);
    struct weft_source source = weft_store_source(store);
    assert_int_equal(fixture_all_spans(&source), 3);
    assert_int_equal(send(store, 1).outcome.status, WEFT_IO);
    atomic_store(&free_bytes, SIZE_MAX);
    send_until(store, 1, WEFT_OK);
    assert_int_equal(fixture_all_spans(&source), 6);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct weft_file_faults faults = { .before = steer };

    atomic_store(&free_bytes, SIZE_MAX);
    weft_file_set_faults(&faults);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tail_by_segments_test),
        cmocka_unit_test(tail_by_memory_test),
        cmocka_unit_test(free_space_test),
        cmocka_unit_test(opens_on_full_disk_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
