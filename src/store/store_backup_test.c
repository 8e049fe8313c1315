/* store_backup_test.c -- backups taken while spans come in and segments turn into blocks; verified, brought back, damaged. */
#include "store/backup_manifest.h"
#include "store/store_backup.h"
#include "store/store_files.h"
#include "store/store_fixture.h"
#include <errno.h>

static void answered(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

static void no_report(void *arg, enum weft_finding_kind kind, const char *sentence)
{
    uint32_t *damages = arg;
    *damages += kind == WEFT_FINDING_DAMAGE;
}

static struct weft_store *store_open(const char *directory)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

/* Trace `trace` of four spans; sealed after every third, merged after every sixth. */
static void store_add(struct weft_store *store, uint32_t trace)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, trace, 0, 4), answered, NULL);
    weft_arena_release(&arena);
    if (trace % 3 == 2 && weft_store_seal(store, &err) < 0) fail_msg("%s", err.text);
    if (trace % 6 == 5 && weft_store_compact(store, NULL, &err) < 0) fail_msg("%s", err.text);
}

static struct weft_store_backup_stats backup_make(const struct weft_store_backup_options *options)
{
    struct weft_store_backup_stats stats;
    struct weft_err err;

    if (weft_store_backup(options, &stats, &err) < 0) fail_msg("%s", err.text);
    return stats;
}

static uint64_t verified_spans(const char *backup)
{
    struct weft_store_check check;
    struct weft_err err;
    uint32_t damages = 0;

    if (weft_store_verify(backup, no_report, NULL, &damages, &check, &err) < 0)
        fail_msg("%s", err.text);
    return check.spans;
}

/* Spans of a store made of the backup. */
static uint32_t restored_spans(const char *backup)
{
    char to[256];
    struct weft_store_backup_stats stats;
    struct weft_err err;

    fixture_directory_make(to);
    if (weft_store_restore(backup, to, NULL, NULL, &stats, &err) < 0) fail_msg("%s", err.text);
    struct weft_store *store = store_open(to);
    struct weft_source source = weft_store_source(store);
    uint32_t spans = fixture_all_spans(&source);
    weft_store_close(store);
    fixture_directory_remove(to);
    return spans;
}

static void round_trip_test(void **state)
{
    char directory[256], first[256], second[256];

    fixture_directory_make(directory);
    fixture_directory_make(first);
    fixture_directory_make(second);
    struct weft_store *store = store_open(directory);
    for (uint32_t i = 0; i < 10; i++) store_add(store, i);
    struct weft_store_backup_stats stats =
        backup_make(&(struct weft_store_backup_options){ .directory = directory, .to = first });
    assert_int_equal(stats.files, 3); /* a block, a sealed segment, the live one's prefix */
    assert_int_equal(stats.linked + stats.copied, 3);
    for (uint32_t i = 10; i < 16; i++) store_add(store, i);
    stats = backup_make(&(struct weft_store_backup_options){
        .directory = directory, .to = second, .previous = first });
    assert_int_equal(stats.reused, 1);
    weft_store_close(store);
    fixture_directory_remove(directory);

    assert_int_equal(verified_spans(first), 40);
    assert_int_equal(verified_spans(second), 64);
    assert_int_equal(restored_spans(first), 40);
    assert_int_equal(restored_spans(second), 64);
    fixture_directory_remove(first);
    fixture_directory_remove(second);
}

/* Nothing of the store's later life gets into a backup: segment files are written to again under another name. */
static void recycled_test(void **state)
{
    char directory[256], to[256];

    fixture_directory_make(directory);
    fixture_directory_make(to);
    struct weft_store *store = store_open(directory);
    for (uint32_t i = 0; i < 3; i++) store_add(store, i);
    backup_make(&(struct weft_store_backup_options){ .directory = directory, .to = to });
    for (uint32_t i = 3; i < 60; i++) store_add(store, i);
    weft_store_close(store);
    assert_int_equal(verified_spans(to), 12);
    fixture_directory_remove(directory);
    fixture_directory_remove(to);
}

struct adding {
    struct weft_store *store;
    _Atomic uint32_t acknowledged; /* traces: commits are done inside consume() */
    _Atomic bool stop;
    bool is_restless; /* compactions back to back */
};

static void add_until_stopped(void *arg)
{
    struct adding *adding = arg;

    for (uint32_t i = 0; !atomic_load(&adding->stop); i++) {
        store_add(adding->store, i);
        atomic_store(&adding->acknowledged, i + 1);
        /* Otherwise hundreds of blocks, and all time is theirs. */
        if (!adding->is_restless) weft_clock_sleep_ns(WEFT_NS_PER_MS);
    }
}

static void beside_compaction(uint32_t backups, bool is_restless)
{
    char directory[256];
    struct adding adding = { .is_restless = is_restless };
    pthread_t thread;
    uint64_t retries = 0;

    fixture_directory_make(directory);
    adding.store = store_open(directory);
    assert_int_equal(weft_thread_start(&thread, "adding", add_until_stopped, &adding, NULL), 0);
    for (uint32_t i = 0; i < backups; i++) {
        char to[256];
        fixture_directory_make(to);
        uint32_t traces = atomic_load(&adding.acknowledged);
        retries += backup_make(&(struct weft_store_backup_options){
                                   .directory = directory, .to = to, .no_links = i % 2 == 1 })
                       .retries;
        uint64_t spans = verified_spans(to);
        if (spans < traces * UINT64_C(4) || spans % 4 != 0)
            fail_msg("backup %u: %llu spans, %u were acknowledged before", i,
                     (unsigned long long)spans, traces * 4);
        fixture_directory_remove(to);
    }
    print_message("%llu times the set was taken again, %u traces\n", (unsigned long long)retries,
                  atomic_load(&adding.acknowledged));
    atomic_store(&adding.stop, true);
    pthread_join(thread, NULL);
    weft_store_close(adding.store);
    fixture_directory_remove(directory);
}

static void beside_compaction_test(void **state)
{
    beside_compaction(25, false);
}

static void compaction_back_to_back_test(void **state)
{
    beside_compaction(6, true);
}

/* ---- what is refused ---- */

static void change_byte(const char *directory, const char *name, uint64_t at)
{
    char path[512];
    int fd;
    uint8_t byte;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(weft_file_open(&fd, path, O_RDWR, NULL), 0);
    assert_int_equal(weft_file_read_at(fd, path, &byte, 1, at, NULL), 0);
    byte ^= 4;
    assert_int_equal(weft_file_write_at(fd, path, &byte, 1, at, NULL), 0);
    weft_file_close(&fd);
}

static void refused_test(void **state)
{
    char directory[256], to[256], other[256];
    struct weft_store_backup_stats stats;
    struct weft_store_check check;
    struct weft_err err;
    uint32_t damages = 0;

    fixture_directory_make(directory);
    fixture_directory_make(to);
    fixture_directory_make(other);
    struct weft_store *store = store_open(directory);
    for (uint32_t i = 0; i < 8; i++) store_add(store, i);
    weft_store_close(store);
    const struct weft_store_backup_options options = { .directory = directory,
                                                       .to = to,
                                                       .no_links = true };
    assert_int_equal(weft_store_verify(to, no_report, NULL, &damages, &check, &err),
                     WEFT_NOT_FOUND);
    assert_non_null(strstr(err.text, "MANIFEST"));
    backup_make(&options);
    assert_int_equal(weft_store_backup(&options, &stats, &err), WEFT_INVALID);
    assert_non_null(strstr(err.text, "not empty"));
    assert_int_equal(weft_store_restore(to, directory, NULL, NULL, &stats, &err), WEFT_INVALID);

    struct weft_store_files files;
    assert_int_equal(weft_store_files_list(&files, to, &err), WEFT_OK);
    for (uint32_t i = 0; i < files.count; i++) {
        uint32_t before = damages;
        const char *name = files.items[i].name;
        change_byte(to, name, 70);
        int rc = weft_store_verify(to, no_report, NULL, &damages, &check, &err);
        assert_int_equal(rc, WEFT_CORRUPT);
        bool is_manifest = strcmp(name, WEFT_BACKUP_MANIFEST) == 0;
        assert_true(is_manifest || damages > before);
        assert_int_equal(weft_store_restore(to, other, NULL, NULL, &stats, &err), WEFT_CORRUPT);
        assert_non_null(strstr(err.text, name));
        assert_int_equal(fixture_count_files(other, ""), 0);
        change_byte(to, name, 70);
    }
    weft_store_files_release(&files);
    assert_int_equal(verified_spans(to), 32);
    fixture_directory_remove(directory);
    fixture_directory_remove(to);
    fixture_directory_remove(other);
}

#define EMPTY_FILE                                                                         \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 2d06800538d394c2 0 " \
    "block-0000000000000001.weft\n"

struct failing {
    uint32_t left;
    bool has_failed, is_crash;
};

/* The N-th operation fails; or that and all behind it, as if the process were gone. */
static int fail_nth(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    struct failing *f = self;
    if (f->has_failed && f->is_crash) return EIO;
    if (f->has_failed || f->left-- > 0) return 0;
    f->has_failed = true;
    return EIO;
}

/* After any end of a restore there is a whole store, or none that opens. */
static void restore_fails_once_test(void **state)
{
    char directory[256], backup[256];
    uint32_t opened = 0, refused = 0;

    fixture_directory_make(directory);
    fixture_directory_make(backup);
    struct weft_store *store = store_open(directory);
    for (uint32_t i = 0; i < 8; i++) store_add(store, i);
    weft_store_close(store);
    backup_make(&(struct weft_store_backup_options){ .directory = directory, .to = backup });
    bool is_done = false;
    for (uint32_t n = 0; !is_done; n++) {
        char to[256];
        struct weft_store_backup_stats stats;
        struct weft_err err;
        struct failing failing = { .left = n / 2, .is_crash = n % 2 == 1 };
        struct weft_file_faults faults = { fail_nth, &failing };
        const struct weft_store_options options = { .directory = to,
                                                    .writer_count = 1,
                                                    .no_compaction = true };
        fixture_directory_make(to);
        weft_file_set_faults(&faults);
        int rc = weft_store_restore(backup, to, NULL, NULL, &stats, &err);
        weft_file_set_faults(NULL);
        is_done = !failing.has_failed;
        if (is_done) assert_int_equal(rc, WEFT_OK);
        if (rc < 0 && !failing.is_crash && fixture_count_files(to, "RESTORING") == 0)
            assert_int_equal(
                fixture_count_files(to, "segment-") + fixture_count_files(to, "block-"), 0);
        rc = weft_store_open(&store, &options, &err);
        if (rc == WEFT_OK) {
            struct weft_source source = weft_store_source(store);
            uint32_t spans = fixture_all_spans(&source);
            assert_true(spans == 32 || spans == 0);
            opened += spans == 32;
            weft_store_close(store);
        } else {
            assert_int_equal(rc, WEFT_INVALID);
            assert_non_null(strstr(err.text, "restore again"));
            refused++;
        }
        fixture_directory_remove(to);
    }
    assert_true(opened > 0 && refused > 0);
    fixture_directory_remove(directory);
    fixture_directory_remove(backup);
}

static void manifest_test(void **state)
{
    static const struct {
        const char *text;
        int rc;
        const char *word;
    } cases[] = {
        { "", WEFT_CORRUPT, "weft-backup" },
        { "weft-backup 2\n", WEFT_UNSUPPORTED, "newer weft: format 2, this one reads 1" },
        { "weft-backup 1\ncreated x\n", WEFT_CORRUPT, "line 2" },
        { "weft-backup 1\ncreated 5\n", WEFT_CORRUPT, "line 3" },
        { "weft-backup 1\ncreated 5\n"
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 2d06800538d394c2 0 "
          "../block-0000000000000001.weft\n",
          WEFT_CORRUPT, "line 3" },
        { "weft-backup 1\ncreated 5\n" EMPTY_FILE EMPTY_FILE, WEFT_CORRUPT, "line 4" },
        { "weft-backup 1\ncreated 5\nend 0 0000000000000000\n", WEFT_CORRUPT, "checksum" },
    };
    char directory[256], path[512];
    struct weft_backup_manifest manifest;
    struct weft_err err;

    fixture_directory_make(directory);
    snprintf(path, sizeof path, "%s/MANIFEST", directory);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(weft_file_replace(path, weft_str_from_c(cases[i].text), &err), WEFT_OK);
        int rc = weft_backup_manifest_read(&manifest, directory, &err);
        if (rc != cases[i].rc || strstr(err.text, cases[i].word) == NULL)
            fail_msg("case %zu: %d, %s", i, rc, err.text);
        weft_backup_manifest_release(&manifest);
    }
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_test),        cmocka_unit_test(recycled_test),
        cmocka_unit_test(beside_compaction_test), cmocka_unit_test(compaction_back_to_back_test),
        cmocka_unit_test(refused_test),           cmocka_unit_test(restore_fails_once_test),
        cmocka_unit_test(manifest_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
