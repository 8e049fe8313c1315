/* store_fault_test.c -- the fault matrix: every file operation of a scenario fails, each in a run of
 * its own. Errors are clean, answers are right or an error, and what was acknowledged is there
 * afterwards; what is merely interrupted or cut short has no consequence at all. */
#include "store/store_fixture.h"
#include "store/store_internal.h"

#define BATCHES_MAX 64
#define RETENTION_NS (3600 * WEFT_NS_PER_SECOND)

/* ---- the fault ---- */

struct fault {
    enum weft_file_op op;
    uint32_t countdown;
    int error;        /* 0: the call moves one byte */
    bool is_lasting;  /* and every later call of the kind */
    bool is_harmless; /* EINTR and short calls: nothing may come of them */
    bool was_hit;
    char unsynced[8][256]; /* segments of which a sync failed, until they are removed */
    uint32_t unsynced_count;
};

/* After a failed sync nobody knows what is on disk: a store that writes on there would acknowledge
 * what it cannot. A file that is removed is forgotten. */
static void watch_syncs(struct fault *fault, enum weft_file_op op, const char *path, bool fails)
{
    for (uint32_t i = 0; i < fault->unsynced_count; i++) {
        if (strcmp(fault->unsynced[i], path) != 0) continue;
        if (op == WEFT_FILE_WRITE || op == WEFT_FILE_SYNC)
            fail_msg("%s is written or synced after a failed sync", path);
        if (op == WEFT_FILE_UNLINK) fault->unsynced[i][0] = '\0';
    }
    if (op == WEFT_FILE_SYNC && fails && strstr(path, "/segment-") != NULL &&
        fault->unsynced_count < 8)
        snprintf(fault->unsynced[fault->unsynced_count++], 256, "%s", path);
}

static int before(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    struct fault *fault = self;
    bool fails = op == fault->op && fault->countdown == 1;

    watch_syncs(fault, op, path, fails && !fault->is_harmless);
    if (op != fault->op || fault->countdown == 0) return 0;
    if (fault->countdown > 1) {
        fault->countdown--;
        return 0;
    }
    fault->was_hit = true;
    if (!fault->is_lasting) fault->countdown = 0;
    if (fault->error == 0 && *len > 1) *len = 1;
    return fault->error;
}

/* ---- batches and their answers ---- */

struct sent {
    uint32_t trace, part, spans;
    bool is_answered, is_acknowledged;
};
struct run {
    const char *what;
    struct fault *fault;
    struct sent sent[BATCHES_MAX];
    uint32_t count;
    uint32_t gone_below; /* retention may have deleted traces with smaller numbers */
};

static bool must_be(const struct run *run, const struct sent *sent)
{
    return sent->is_acknowledged && sent->trace >= run->gone_below;
}

static void answered(void *arg, const struct weft_outcome *outcome)
{
    struct sent *sent = arg;

    assert_false(sent->is_answered); /* exactly once */
    sent->is_answered = true;
    sent->is_acknowledged = outcome->status == WEFT_OK;
    if (outcome->status != WEFT_OK) {
        assert_true(outcome->message.len > 0);
        assert_true(outcome->retry_after_ns > 0);
    }
}

static void send_batch(struct run *run, struct weft_store *store, unsigned writer, uint32_t trace,
                       uint32_t part)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct sent *sent = &run->sent[run->count++];
    struct weft_arena arena;

    assert_true(run->count <= BATCHES_MAX);
    *sent = (struct sent){ .trace = trace, .part = part, .spans = 3 + trace % 5 * 40 };
    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, writer, fixture_trace_batch(&arena, trace, part, sent->spans),
                     answered, sent);
    weft_arena_release(&arena);
    assert_true(sent->is_answered);
    if (run->fault->is_harmless && !sent->is_acknowledged)
        fail_msg("%s: a batch was refused", run->what);
}

/* Spans of the trace that were acknowledged, and those that were sent. */
static void expected(const struct run *run, uint32_t trace, uint32_t *least, uint32_t *most)
{
    *least = *most = 0;
    for (uint32_t i = 0; i < run->count; i++) {
        const struct sent *sent = &run->sent[i];
        if (sent->trace != trace) continue;
        *least += must_be(run, sent) ? sent->spans : 0;
        *most += sent->spans;
    }
}

/* ---- questions, while things fail and afterwards ---- */

/* Of a batch all spans are there or none; every acknowledged batch is, unless it is too old. */
static void check_batches(const struct run *run, uint32_t trace, const struct weft_batch *found)
{
    for (uint32_t b = 0; b < run->count; b++) {
        const struct sent *sent = &run->sent[b];
        uint32_t count = 0;
        if (sent->trace != trace) continue;
        for (uint32_t i = 0; i < found->span_count; i++)
            count += weft_load_u32(found->spans[i].span_id.bytes) == sent->part + 1;
        if (count != sent->spans && (count != 0 || must_be(run, sent)))
            fail_msg("%s: trace %u, part %u: %u spans of %u, acknowledged: %d", run->what, trace,
                     sent->part, count, sent->spans, sent->is_acknowledged);
    }
}

/* `must`: an error is no answer. */
static void ask_trace(const struct run *run, const struct weft_source *source, uint32_t trace,
                      bool must)
{
    struct weft_arena arena;
    struct weft_err err = { 0 };
    uint32_t least, most;

    weft_arena_init(&arena, 0);
    const struct weft_batch *asked = fixture_trace_batch(&arena, trace, 0, 1);
    struct weft_batch found = { .arena = &arena };
    expected(run, trace, &least, &most);
    int rc = source->trace(source->self, &asked->spans[0].trace_id, &found, &err);
    if (rc == WEFT_OK || (rc == WEFT_NOT_FOUND && must)) check_batches(run, trace, &found);
    if (rc < 0 && (rc != WEFT_NOT_FOUND || least > 0)) {
        if (must || err.text[0] == '\0') fail_msg("%s: trace %u: %s", run->what, trace, err.text);
    }
    weft_arena_release(&arena);
}

static void ask_spans(const struct run *run, const struct weft_source *source, bool must)
{
    struct weft_arena arena;
    struct weft_err err = { 0 };
    static struct fixture_hits result;
    uint32_t least = 0;

    weft_arena_init(&arena, 0);
    for (uint32_t i = 0; i < run->count; i++)
        least += must_be(run, &run->sent[i]) ? run->sent[i].spans : 0;
    int rc = fixture_spans(source, &result, &arena, &err);
    bool is_whole = rc == WEFT_OK && result.partial_reason == NULL;
    if (is_whole && result.count < least)
        fail_msg("%s: spans() gives %u spans of %u", run->what, result.count, least);
    if (!is_whole && must) fail_msg("%s: spans(): %s", run->what, rc < 0 ? err.text : "partial");
    weft_arena_release(&arena);
}

/* A fault that is over, or never was, leaves no trace in answers. */
static void ask(const struct run *run, struct weft_store *store)
{
    struct weft_source source = weft_store_source(store);
    bool is_over = run->fault->was_hit && !run->fault->is_lasting;

    for (uint32_t i = 0; i < run->count; i += 3)
        ask_trace(run, &source, run->sent[i].trace, is_over || run->fault->is_harmless);
    ask_spans(run, &source, is_over || run->fault->is_harmless);
}

/* ---- the scenario: new and recycled files, two writers, late spans, merges, deletion by age,
 * reopening ---- */

static uint64_t clock_ns, deleted_files;

static uint64_t unix_ns(void *self)
{
    return clock_ns;
}

/* Files go whose traces all have smaller numbers. */
static void delete_below(struct run *run, struct weft_store *store, uint32_t trace)
{
    struct weft_store_stats stats;

    run->gone_below = trace;
    clock_ns = fixture_start(trace, 0, 0) + RETENTION_NS;
    store->options.retention_age_ns = RETENTION_NS;
    weft_store_retention_run(store);
    weft_store_stats(store, &stats);
    deleted_files += stats.retention_files;
    if (stats.retention_files == 0 && run->fault->is_harmless)
        fail_msg("%s: retention deletes nothing", run->what);
}

static int open_store(const char *directory, unsigned writers, struct weft_store **store,
                      struct weft_err *err)
{
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = writers,
                                                .segment_file_bytes = 256u << 10,
                                                .compact_segments_min = 2,
                                                .compact_segments_max = 2,
                                                .compact_fan_in = 2,
                                                .small_block_spans = 1,
                                                .free_space_min = 1,
                                                .unix_ns = unix_ns,
                                                .housekeeping_ns = UINT64_MAX,
                                                .no_compaction = true };
    *err = (struct weft_err){ 0 };
    int rc = weft_store_open(store, &options, err);
    if (rc == WEFT_OK) weft_store_housekeeping_stop(*store); /* retention when we say so */
    return rc;
}

static void session(struct run *run, const char *directory, const char *crashed, uint32_t number)
{
    struct weft_store *store;
    struct weft_err err;
    bool was_hit = run->fault->was_hit;

    if (open_store(directory, 2, &store, &err) < 0) {
        assert_true(err.text[0] != '\0' && !run->fault->is_harmless);
        assert_true(run->fault->was_hit && (!was_hit || run->fault->is_lasting));
        if (open_store(directory, 2, &store, &err) < 0) {
            assert_true(run->fault->is_lasting);
            return;
        }
    }
    if (number == 1) delete_below(run, store, 2 * 4); /* what the first session has merged */
    for (uint32_t round = 0; round < 3; round++) {
        uint32_t first = (number * 3 + round) * 4;
        for (uint32_t i = 0; i < 4; i++) send_batch(run, store, i & 1, first + i, 0);
        if (round > 0) send_batch(run, store, 0, first - 4, 1); /* late */
        int rc = weft_store_seal(store, &err);
        if (rc == WEFT_OK && round == 1) rc = weft_store_compact(store, NULL, &err);
        if (rc < 0 && (err.text[0] == '\0' || run->fault->is_harmless))
            fail_msg("%s: %s", run->what, err.text);
        ask(run, store);
    }
    if (number == 1) fixture_directory_copy(directory, crashed, "");
    weft_store_close(store);
}

/* What lies there now, read, merged and read again by a process that has no faults. */
static void check_directory(struct run *run, const char *directory)
{
    struct weft_store *store;
    struct weft_err err;

    if (open_store(directory, 0, &store, &err) < 0) fail_msg("%s: %s", run->what, err.text);
    struct weft_source source = weft_store_source(store);
    for (unsigned pass = 0; pass < 2; pass++) {
        struct weft_store_stats stats;
        for (uint32_t i = 0; i < run->count; i++) ask_trace(run, &source, run->sent[i].trace, true);
        ask_spans(run, &source, true);
        weft_store_stats(store, &stats);
        assert_int_equal(stats.damaged_files, 0);
        if (pass == 0 && weft_store_compact(store, NULL, &err) < 0)
            fail_msg("%s: %s", run->what, err.text);
    }
    weft_store_close(store);
}

static bool run_with(struct fault *fault, const char *what)
{
    char directory[256], crashed[256];
    struct run run = { .what = what, .fault = fault };
    const struct weft_file_faults faults = { before, fault };

    fixture_directory_make(directory);
    fixture_directory_make(crashed);
    weft_file_set_faults(&faults);
    for (uint32_t number = 0; number < 2; number++) session(&run, directory, crashed, number);
    weft_file_set_faults(NULL);
    check_directory(&run, directory);
    if (fixture_count_files(crashed, "") > 0) check_directory(&run, crashed);
    fixture_directory_remove(directory);
    fixture_directory_remove(crashed);
    return fault->was_hit;
}

/* ---- the matrix ---- */

static const struct {
    const char *name;
    enum weft_file_op op;
    int error;
    bool is_harmless;
} faults[] = {
    { "open", WEFT_FILE_OPEN, EMFILE },
    { "open, interrupted", WEFT_FILE_OPEN, EINTR, true },
    { "read", WEFT_FILE_READ, EIO },
    { "read, interrupted", WEFT_FILE_READ, EINTR, true },
    { "short read", WEFT_FILE_READ, 0, true },
    { "write", WEFT_FILE_WRITE, EIO },
    { "write, disk full", WEFT_FILE_WRITE, ENOSPC },
    { "write, interrupted", WEFT_FILE_WRITE, EINTR, true },
    { "short write", WEFT_FILE_WRITE, 0, true },
    { "sync", WEFT_FILE_SYNC, EIO },
    { "sync, disk full", WEFT_FILE_SYNC, ENOSPC },
    { "sync, interrupted", WEFT_FILE_SYNC, EINTR, true },
    { "directory sync", WEFT_FILE_SYNC_DIRECTORY, EIO },
    { "directory sync, interrupted", WEFT_FILE_SYNC_DIRECTORY, EINTR, true },
    { "rename", WEFT_FILE_RENAME, EIO },
    { "rename, disk full", WEFT_FILE_RENAME, ENOSPC },
    { "link", WEFT_FILE_LINK, EIO },
    { "unlink", WEFT_FILE_UNLINK, EACCES },
    { "allocate", WEFT_FILE_ALLOCATE, ENOSPC },
    { "allocate, interrupted", WEFT_FILE_ALLOCATE, EINTR, true },
    { "truncate", WEFT_FILE_TRUNCATE, EIO },
    { "copy", WEFT_FILE_COPY, EIO },
    { "copy, disk full", WEFT_FILE_COPY, ENOSPC },
    { "short copy", WEFT_FILE_COPY, 0, true },
    { "mmap", WEFT_FILE_MMAP, ENOMEM },
    { "size", WEFT_FILE_SIZE, EIO },
    { "make directory", WEFT_FILE_MAKE_DIRECTORY, EACCES },
    { "list", WEFT_FILE_LIST, EIO },
    { "lock", WEFT_FILE_LOCK, ENOLCK },
    { "free space", WEFT_FILE_SPACE, EIO },
};

static uint32_t try_all(size_t row, bool is_lasting, uint32_t step)
{
    uint32_t n = 1;

    for (;; n += step) {
        char what[96];
        struct fault fault = { .op = faults[row].op,
                               .countdown = n,
                               .error = faults[row].error,
                               .is_harmless = faults[row].is_harmless,
                               .is_lasting = is_lasting };
        snprintf(what, sizeof what, "%s%s number %u", faults[row].name,
                 is_lasting ? " from now on," : "", n);
        if (!run_with(&fault, what)) return n - 1;
    }
}

static void everything_fails_once_test(void **state)
{
    uint32_t calls[WEFT_FILE_OP_COUNT] = { 0 }, runs = 0;

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        uint32_t found = try_all(i, false, 1);
        runs += found;
        if (found > calls[faults[i].op]) calls[faults[i].op] = found;
    }
    print_message("%u faults, one a run\n", runs);
    /* The scenario comes by the calls that keep the promise. */
    assert_true(calls[WEFT_FILE_WRITE] > 40 && calls[WEFT_FILE_SYNC] > 40);
    assert_true(calls[WEFT_FILE_RENAME] > 10 && calls[WEFT_FILE_MMAP] > 10);
    assert_true(deleted_files > runs / 2);
}

static void everything_fails_for_good_test(void **state)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (!faults[i].is_harmless) try_all(i, true, 7);
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
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0); /* thousands of syncs */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_fails_once_test),
        cmocka_unit_test(everything_fails_for_good_test),
        cmocka_unit_test(full_disk_test),
    };
    weft_log_configure(WEFT_LOG_ERROR + 1, WEFT_LOG_TEXT, 2); /* thousands of deliberate errors */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
