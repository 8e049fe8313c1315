/* store_fault_test.c -- every file operation fails once: errors are clean, and what was
 * acknowledged is there afterwards. */
#include "store/store_fixture.h"

#define TRACES 9

struct fault {
    enum weft_file_op op;
    uint32_t countdown;
    int error;
    bool was_hit, is_lasting;
};

static int before(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    struct fault *fault = self;

    if (op != fault->op || fault->countdown == 0) return 0;
    if (fault->countdown > 1) {
        fault->countdown--;
        return 0;
    }
    fault->was_hit = true;
    if (!fault->is_lasting) fault->countdown = 0;
    return fault->error;
}

struct run {
    bool is_acknowledged[TRACES];
    bool is_answered[TRACES];
};
struct sent {
    struct run *run;
    uint32_t trace;
};

static void answered(void *arg, const struct weft_outcome *outcome)
{
    const struct sent *sent = arg;

    if (sent->run->is_answered[sent->trace]) abort(); /* exactly once */
    sent->run->is_answered[sent->trace] = true;
    sent->run->is_acknowledged[sent->trace] = outcome->status == WEFT_OK;
    if (outcome->status != WEFT_OK && (outcome->message.len == 0 || outcome->retry_after_ns == 0))
        abort();
}

static uint32_t spans_of(uint32_t trace)
{
    return 3 + trace * 40;
}

static void send_traces(struct weft_store *store, struct run *run, struct sent *sent, uint32_t from,
                        uint32_t to)
{
    struct weft_consumer consumer = weft_store_consumer(store);

    for (uint32_t i = from; i < to; i++) {
        struct weft_arena arena;
        weft_arena_init(&arena, 0);
        sent[i] = (struct sent){ run, i };
        consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, i, 0, spans_of(i)), answered,
                         &sent[i]);
        weft_arena_release(&arena);
        if (!run->is_answered[i]) abort();
    }
}

/* Acknowledged: whole. Not acknowledged: whole or absent. */
static void check_directory(const char *directory, const struct run *run, const char *what)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory, .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s: %s", what, err.text);
    struct weft_source source = weft_store_source(store);
    for (uint32_t i = 0; i < TRACES; i++) {
        uint32_t found = fixture_trace_spans(&source, i);
        if (found != spans_of(i) && (found != 0 || run->is_acknowledged[i]))
            fail_msg("%s: trace %u has %u spans, %u sent, acknowledged: %d", what, i, found,
                     spans_of(i), run->is_acknowledged[i]);
    }
    weft_store_close(store);
}

/* The directory as it is, and as a crash just before closing would leave it. */
static bool run_with(struct fault *fault, const char *what)
{
    char directory[256], crashed[256];
    struct run run = { 0 };
    struct sent sent[TRACES];
    struct weft_store *store;
    struct weft_err err;
    const struct weft_file_faults faults = { before, fault };

    fixture_directory_make(directory);
    fixture_directory_make(crashed);
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .no_compaction = true };
    weft_file_set_faults(&faults);
    if (weft_store_open(&store, &options, &err) == WEFT_OK) {
        for (uint32_t i = 0; i < TRACES; i += 3) {
            send_traces(store, &run, sent, i, i + 3);
            weft_store_seal(store, &err);
            if (i == 3) weft_store_compact(store, NULL, &err);
        }
        fixture_directory_copy(directory, crashed, "");
        weft_store_close(store);
    }
    weft_file_set_faults(NULL);
    check_directory(directory, &run, what);
    check_directory(crashed, &run, what);
    fixture_directory_remove(directory);
    fixture_directory_remove(crashed);
    return fault->was_hit;
}

static const struct {
    const char *name;
    enum weft_file_op op;
    int error;
} faults[] = {
    { "open", WEFT_FILE_OPEN, EMFILE },      { "read", WEFT_FILE_READ, EIO },
    { "write", WEFT_FILE_WRITE, EIO },       { "write, disk full", WEFT_FILE_WRITE, ENOSPC },
    { "sync", WEFT_FILE_SYNC, EIO },         { "rename", WEFT_FILE_RENAME, EIO },
    { "unlink", WEFT_FILE_UNLINK, EACCES },  { "allocate", WEFT_FILE_ALLOCATE, ENOSPC },
    { "mmap", WEFT_FILE_MMAP, ENOMEM },      { "directory sync", WEFT_FILE_SYNC_DIRECTORY, EIO },
    { "size", WEFT_FILE_SIZE, EIO },         { "list", WEFT_FILE_LIST, EIO },
    { "truncate", WEFT_FILE_TRUNCATE, EIO }, { "lock", WEFT_FILE_LOCK, ENOLCK },
};

static void everything_fails_once_test(void **state)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (uint32_t n = 1;; n++) {
            char what[64];
            struct fault fault = { .op = faults[i].op, .countdown = n, .error = faults[i].error };
            snprintf(what, sizeof what, "%s number %u", faults[i].name, n);
            if (!run_with(&fault, what)) break;
        }
    }
}

static void everything_fails_for_good_test(void **state)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (uint32_t n = 1; n < 40; n += 3) {
            char what[64];
            struct fault fault = {
                .op = faults[i].op, .countdown = n, .error = faults[i].error, .is_lasting = true
            };
            snprintf(what, sizeof what, "%s from number %u on", faults[i].name, n);
            if (!run_with(&fault, what)) break;
        }
    }
}

/* ---- a disk that is full, and then is not ---- */

struct outcomes {
    uint32_t ok, full;
    uint64_t retry_after_ns;
    char text[256];
};

static void count(void *arg, const struct weft_outcome *outcome)
{
    struct outcomes *outcomes = arg;

    if (outcome->status == WEFT_OK)
        outcomes->ok++;
    else if (outcome->status == WEFT_FULL)
        outcomes->full++;
    else
        abort();
    outcomes->retry_after_ns = outcome->retry_after_ns;
    snprintf(outcomes->text, sizeof outcomes->text, "%.*s", WEFT_S_ARG(outcome->message));
}

static void send_one(struct weft_store *store, uint32_t trace, struct outcomes *outcomes)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, trace, 0, 2), count, outcomes);
    weft_arena_release(&arena);
}

static void full_disk_test(void **state)
{
    char directory[256];
    struct outcomes outcomes = { 0 };
    struct weft_store *store;
    struct weft_store_stats stats;
    struct fault fault = {
        .op = WEFT_FILE_WRITE, .countdown = 1, .error = ENOSPC, .is_lasting = true
    };
    const struct weft_file_faults table = { before, &fault };

    fixture_directory_make(directory);
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .no_compaction = true };
    assert_int_equal(weft_store_open(&store, &options, NULL), WEFT_OK);
    struct weft_source source = weft_store_source(store);
    send_one(store, 0, &outcomes);
    assert_int_equal(outcomes.ok, 1);
    weft_file_set_faults(&table);
    for (uint32_t i = 1; i < 4; i++) {
        send_one(store, i, &outcomes);
        assert_int_equal(outcomes.full, i);
        assert_true(outcomes.retry_after_ns > 0);
        assert_non_null(strstr(outcomes.text, "No space left"));
    }
    assert_int_equal(fixture_all_spans(&source), 2); /* what was acknowledged can still be read */
    weft_file_set_faults(NULL);
    while (outcomes.ok < 2) { /* senders come again; the pause after an error is short */
        weft_clock_sleep_ns(10 * WEFT_NS_PER_MS);
        send_one(store, 9, &outcomes);
    }
    assert_int_equal(fixture_all_spans(&source), 4);
    weft_store_stats(store, &stats);
    assert_true(stats.commit_errors >= 1);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_fails_once_test),
        cmocka_unit_test(everything_fails_for_good_test),
        cmocka_unit_test(full_disk_test),
    };
    weft_log_configure(WEFT_LOG_ERROR + 1, WEFT_LOG_TEXT, 2); /* thousands of deliberate errors */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
