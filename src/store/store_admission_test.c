/* store_admission_test.c -- when the store takes no more for now: the bound of the uncompacted tail,
 * what senders hear, and that taking goes on by itself. */
#include "store/store_fixture.h"
#include "store/store_internal.h"

static _Atomic bool merges_fail;

static int fail_blocks(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    return atomic_load(&merges_fail) && op == WEFT_FILE_OPEN && strstr(path, "block-") != NULL ? EIO
                                                                                               : 0;
}

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
                                                .tail_memory_max = memory_max };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

/* Segments are sealed until no other may begin; then merges succeed again. */
static void tail_fills_and_empties(uint32_t segments_max, uint64_t memory_max, uint32_t expected)
{
    const struct weft_file_faults faults = { .before = fail_blocks };
    char directory[256];
    struct weft_store_stats stats;
    struct heard heard;
    uint32_t trace = 0;

    fixture_directory_make(directory);
    atomic_store(&merges_fail, true);
    weft_file_set_faults(&faults);
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
    weft_file_set_faults(NULL);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tail_by_segments_test),
        cmocka_unit_test(tail_by_memory_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
