/* store_test.c -- the life of a store: locks, commits, sealing, what a crash leaves, tail,
 * read-only. */
#include "store/store_fixture.h"
#include "store/store_internal.h"

struct answers {
    _Atomic uint32_t ok, full, other;
    char text[256]; /* of the last that was not OK */
};

static void answered(void *arg, const struct weft_outcome *outcome)
{
    struct answers *answers = arg;

    if (outcome->status == WEFT_OK) {
        answers->ok++;
        return;
    }
    if (outcome->status == WEFT_FULL)
        answers->full++;
    else
        answers->other++;
    snprintf(answers->text, sizeof answers->text, "%.*s", WEFT_S_ARG(outcome->message));
}

static struct weft_store *open_inline(const char *directory)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

static struct weft_store *open_with_loops(const char *directory, struct fixture_loops *loops,
                                          unsigned writers, bool no_compaction, uint64_t age_ns)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = writers,
                                                .post = fixture_post,
                                                .defer = fixture_defer,
                                                .post_self = loops,
                                                .no_compaction = no_compaction,
                                                .seal_age_ns = age_ns,
                                                .compact_age_ns = age_ns };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

static void send_trace(struct weft_store *store, uint32_t trace, uint32_t part, uint32_t spans,
                       struct answers *answers)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, trace, part, spans), answered,
                     answers);
    weft_arena_release(&arena);
}

/* ---- whose directory ---- */

static void lock_test(void **state)
{
    char directory[256];
    struct weft_store *other;
    struct weft_err err;

    fixture_directory_make(directory);
    struct weft_store *store = open_inline(directory);
    const struct weft_store_options options = { .directory = directory, .no_compaction = true };
    assert_int_equal(weft_store_open(&other, &options, &err), WEFT_BUSY);
    assert_null(other);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(err.text, pid));
    weft_store_close(store);
    store = open_inline(directory); /* free again */
    weft_store_close(store);
    struct stat st;
    assert_int_equal(stat(directory, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    fixture_directory_remove(directory);
}

static void no_directory_test(void **state)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = "/proc/weft", .writer_count = 1 };

    assert_true(weft_store_open(&store, &options, &err) < 0);
    assert_non_null(strstr(err.text, "/proc/weft"));
}

/* ---- commits ---- */

static void visible_at_once_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    struct weft_store *store = open_inline(directory);
    struct weft_source source = weft_store_source(store);
    for (uint32_t i = 0; i < 20; i++) {
        send_trace(store, i, 0, 3, &answers);
        assert_int_equal(answers.ok, i + 1);
        assert_int_equal(fixture_trace_spans(&source, i), 3);
    }
    send_trace(store, 3, 0, 0, &answers); /* an empty batch is fine */
    assert_int_equal(answers.ok, 21);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.commits, 20);
    assert_int_equal(stats.live_spans, 60);
    weft_store_close(store);
    store = open_inline(directory);
    source = weft_store_source(store);
    assert_int_equal(fixture_all_spans(&source), 60);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.sealed_spans, 60);
    assert_int_equal(stats.live_segments, 0);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

struct round {
    struct weft_store *store;
    struct answers *answers;
    struct weft_arena arena;
};

static void ten_requests(void *arg)
{
    struct round *round = arg;
    for (uint32_t i = 0; i < 10; i++) send_trace(round->store, i, 0, 2, round->answers);
}

static void wait_for(_Atomic uint32_t *value, uint32_t wanted)
{
    while (atomic_load(value) < wanted) weft_clock_sleep_ns(WEFT_NS_PER_MS);
}

static void one_commit_a_round_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };
    static struct fixture_loops loops;
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    fixture_loops_start(&loops, 1);
    struct weft_store *store = open_with_loops(directory, &loops, 1, true, 0);
    struct round round = { .store = store, .answers = &answers };
    fixture_post(&loops, 0, ten_requests, &round);
    wait_for(&answers.ok, 10);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.commits, 1);
    assert_int_equal(stats.committed_spans, 20);
    fixture_loops_stop(&loops);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* The I/O thread ends while chunks are out and pending: closing commits and answers them. */
static void close_answers_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };
    static struct fixture_loops loops;

    fixture_directory_make(directory);
    fixture_loops_start(&loops, 1);
    struct weft_store *store = open_with_loops(directory, &loops, 1, true, 0);
    struct round round = { .store = store, .answers = &answers };
    fixture_post(&loops, 0, ten_requests, &round);
    fixture_post(&loops, 0, ten_requests, &round);
    fixture_loops_stop(&loops);
    weft_store_close(store);
    assert_int_equal(answers.ok, 20);
    store = open_inline(directory);
    struct weft_source source = weft_store_source(store);
    assert_int_equal(fixture_all_spans(&source), 20); /* the second ten are exact duplicates */
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* More than a segment holds: the next one is ready, nobody is refused but by what is in flight. */
static void next_segment_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    struct weft_store *store = open_inline(directory);
    for (uint32_t i = 0; i < 30; i++) send_trace(store, i, 0, 20000, &answers);
    assert_int_equal(answers.ok, 30);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.live_segments, 1);
    assert_int_equal(stats.sealed_segments, 2);
    assert_int_equal(stats.live_spans + stats.sealed_spans, 600000);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

static void sealed_by_age_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };
    static struct fixture_loops loops;
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    fixture_loops_start(&loops, 2);
    struct weft_store *store = open_with_loops(directory, &loops, 2, true, 1);
    struct round round = { .store = store, .answers = &answers };
    fixture_post(&loops, 0, ten_requests, &round);
    wait_for(&answers.ok, 10);
    do {
        weft_clock_sleep_ns(WEFT_NS_PER_MS);
        weft_store_stats(store, &stats);
    } while (stats.sealed_spans < 20);
    assert_int_equal(stats.live_spans, 0);
    assert_int_equal(weft_store_seal(store, NULL), WEFT_OK); /* nothing to seal is fine */
    fixture_loops_stop(&loops);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* Sealing faster than segments can be made would have senders told to come again. */
static void wait_for_next_segment(struct weft_store *store)
{
    for (bool is_ready = false; !is_ready;) {
        pthread_mutex_lock(&store->prepare_mutex);
        is_ready = store->writers[0].next != NULL;
        pthread_mutex_unlock(&store->prepare_mutex);
        if (!is_ready) weft_clock_sleep_ns(WEFT_NS_PER_MS);
    }
}

static void seal_with_threads_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };
    static struct fixture_loops loops;
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    fixture_loops_start(&loops, 2);
    struct weft_store *store = open_with_loops(directory, &loops, 2, true, 0);
    struct round round = { .store = store, .answers = &answers };
    for (uint32_t i = 1; i <= 5; i++) {
        fixture_post(&loops, 0, ten_requests, &round);
        wait_for(&answers.ok, i * 20 - 10);
        wait_for_next_segment(store);
        fixture_post(&loops, 0, ten_requests, &round);
        assert_int_equal(weft_store_seal(store, NULL),
                         WEFT_OK); /* posted after: what came before is in it */
        weft_store_stats(store, &stats);
        assert_int_equal(stats.sealed_spans, i * 40);
        assert_int_equal(stats.live_spans, 0);
        wait_for(&answers.ok, i * 20);
    }
    fixture_loops_stop(&loops);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* ---- opening after a crash ---- */

static void write_file(const char *directory, const char *name, const char *content, size_t len)
{
    char path[512];
    int fd;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(weft_file_open(&fd, path, O_WRONLY | O_CREAT | O_TRUNC, NULL), 0);
    assert_int_equal(weft_file_write_at(fd, path, content, len, 0, NULL), 0);
    weft_file_close(&fd);
}

static bool file_exists(const char *directory, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return access(path, F_OK) == 0;
}

static void leftovers_test(void **state)
{
    char directory[256];
    struct weft_store_stats stats;
    static const char zeros[8192];

    fixture_directory_make(directory);
    write_file(directory, "block-0000000000000007.weft.tmp", "half", 4);
    write_file(directory, "CATALOG.new", "half", 4);
    write_file(directory, "segment-0000000000000005.weft", zeros,
               sizeof zeros); /* allocated, then the power went */
    write_file(directory, "segment-0000000000000006.weft", "", 0);
    write_file(directory, "notes.txt", "mine", 4);
    struct weft_store *store = open_inline(directory);
    assert_false(file_exists(directory, "block-0000000000000007.weft.tmp"));
    assert_false(file_exists(directory, "CATALOG.new"));
    assert_false(file_exists(directory, "segment-0000000000000005.weft"));
    assert_false(file_exists(directory, "segment-0000000000000006.weft"));
    assert_true(file_exists(directory, "notes.txt"));
    assert_true(file_exists(
        directory, "segment-0000000000000007.weft")); /* numbers seen are not given again */
    weft_store_stats(store, &stats);
    assert_int_equal(stats.damaged_files, 0);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

static void damaged_segment_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };
    struct weft_store_stats stats;
    struct weft_arena arena;
    static struct fixture_hits result;

    fixture_directory_make(directory);
    write_file(directory, "segment-0000000000000001.weft", "what is this", 12);
    struct weft_store *store = open_inline(directory);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.damaged_files, 1);
    assert_true(file_exists(directory,
                            "segment-0000000000000001.weft")); /* somebody may want to repair it */
    send_trace(store, 1, 0, 1, &answers);
    struct weft_source source = weft_store_source(store);
    weft_arena_init(&arena, 0);
    assert_int_equal(fixture_spans(&source, &result, &arena, NULL), WEFT_OK);
    assert_int_equal(result.count, 1);
    assert_string_equal(result.partial_reason, "damaged file");
    weft_arena_release(&arena);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

static void numbers_are_not_reused_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };

    fixture_directory_make(directory);
    for (uint64_t last = 0, i = 0; i < 4; i++) {
        struct weft_store *store = open_inline(directory);
        uint64_t number = store->writers[0].next->number;
        assert_true(number > last);
        last = number;
        if (i % 2 == 0) send_trace(store, 1, (uint32_t)i, 1, &answers);
        weft_store_close(store);
    }
    fixture_directory_remove(directory);
}

/* ---- tail ---- */

static void tail_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };
    struct weft_tail_position position = { 0 }, late;
    struct weft_arena arena;

    fixture_directory_make(directory);
    struct weft_store *store = open_inline(directory);
    struct weft_source source = weft_store_source(store);
    weft_arena_init(&arena, 0);
    struct weft_batch out = { .arena = &arena };
    send_trace(store, 100, 0, 4, &answers);
    assert_int_equal(source.tail(source.self, &position, 100, &out, NULL), 0);
    assert_int_equal(out.span_count, 0); /* from now on */
    late = position;
    for (uint32_t i = 0; i < 6; i++) {
        send_trace(store, i, 0, 2, &answers);
        if (i == 2) weft_store_seal(store, NULL); /* and on in the next segment */
    }
    assert_int_equal(source.tail(source.self, &position, 5, &out, NULL), 0);
    assert_int_equal(out.span_count, 6); /* whole chunks until the limit is reached */
    assert_int_equal(source.tail(source.self, &position, 100, &out, NULL), 0);
    assert_int_equal(out.span_count, 12);
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(weft_load_u32(out.spans[i].trace_id.bytes), i / 2 + 1);
    assert_int_equal(source.tail(source.self, &position, 100, &out, NULL), 0);
    assert_int_equal(out.span_count, 12);
    late.chunk++; /* of another process */
    assert_int_equal(source.tail(source.self, &late, 100, &out, NULL), 0);
    assert_int_equal(out.span_count, 12);
    weft_arena_release(&arena);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* ---- read-only ---- */

static void read_only_test(void **state)
{
    char directory[256];
    struct answers answers = { 0 };
    struct weft_store *reader;
    struct weft_err err;

    fixture_directory_make(directory);
    struct weft_store *store = open_inline(directory);
    send_trace(store, 1, 0, 7, &answers);
    const struct weft_store_options options = { .directory = directory, .read_only = true };
    assert_int_equal(weft_store_open(&reader, &options, &err),
                     WEFT_OK); /* beside the one that writes */
    struct weft_source source = weft_store_source(reader);
    assert_int_equal(fixture_all_spans(&source), 7);
    assert_int_equal(weft_store_compact(reader, NULL, &err), WEFT_UNSUPPORTED);
    weft_store_close(reader);
    send_trace(store, 2, 0, 7, &answers);
    source = weft_store_source(store);
    assert_int_equal(fixture_all_spans(&source), 14);
    weft_store_close(store);
    fixture_directory_remove(directory);
    assert_int_equal(weft_store_open(&reader, &options, &err),
                     WEFT_IO); /* nothing is made either */
    assert_int_equal(access(directory, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lock_test),
        cmocka_unit_test(no_directory_test),
        cmocka_unit_test(visible_at_once_test),
        cmocka_unit_test(one_commit_a_round_test),
        cmocka_unit_test(close_answers_test),
        cmocka_unit_test(next_segment_test),
        cmocka_unit_test(sealed_by_age_test),
        cmocka_unit_test(seal_with_threads_test),
        cmocka_unit_test(leftovers_test),
        cmocka_unit_test(damaged_segment_test),
        cmocka_unit_test(numbers_are_not_reused_test),
        cmocka_unit_test(tail_test),
        cmocka_unit_test(read_only_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
