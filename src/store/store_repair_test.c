/* store_repair_test.c -- files damaged everywhere, repaired: what was readable is there once, the rest is told, the damaged
 * file is kept; also when the repair itself breaks off at any call. */
#include "store/bundle.h"
#include "store/store_files.h"
#include "store/store_fixture.h"
#include "store/store_repair.h"

#define TRACES 12u
#define TRACE_SPANS 4u

static void answered(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

static struct weft_store *store_open(const char *directory, bool read_only)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = read_only ? 0 : 1,
                                                .read_only = read_only,
                                                .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

static void bundle_make(const char *directory, struct weft_err *err)
{
    struct weft_store_files files;
    struct weft_bundle_part parts[8] = { 0 };
    struct weft_bundle_stats stats;
    char path[512];
    uint32_t count = 0;

    assert_int_equal(weft_store_files_list(&files, directory, err), WEFT_OK);
    for (uint32_t i = 0; i < files.count; i++) {
        if (files.items[i].kind != WEFT_STORE_FILE_BLOCK) continue;
        snprintf(path, sizeof path, "%s/%s", directory, files.items[i].name);
        assert_int_equal(weft_block_open(&parts[count++].block, path, err), WEFT_OK);
    }
    const struct weft_bundle_input input = { .members = parts, .member_count = count };
    const struct weft_bundle_options options = { .directory = directory,
                                                 .number = 1000,
                                                 .patch_number = 1001 };
    if (weft_bundle_write(&input, &options, &stats, err) < 0) fail_msg("%s", err->text);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_block_info info;
        weft_block_info(parts[i].block, &info);
        unlink(info.path);
        weft_block_unref(parts[i].block);
    }
    weft_store_files_release(&files);
}

/* Twelve traces: in three segments of four chunks, in two blocks, or in a bundle of these. */
static void store_make(const char *directory, enum weft_store_file_kind kind)
{
    struct weft_store *store = store_open(directory, false);
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    for (uint32_t i = 0; i < TRACES; i++) {
        consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, i, 0, TRACE_SPANS), answered,
                         NULL);
        if (i % 4 == 3 && weft_store_seal(store, &err) < 0) fail_msg("%s", err.text);
        if (i % 6 == 5 && kind != WEFT_STORE_FILE_SEGMENT &&
            (weft_store_seal(store, &err) < 0 || weft_store_compact(store, NULL, &err) < 0))
            fail_msg("%s", err.text);
    }
    weft_arena_release(&arena);
    weft_store_close(store);
    if (kind == WEFT_STORE_FILE_BUNDLE) bundle_make(directory, &err);
}

static void first_of_kind(const char *directory, enum weft_store_file_kind kind,
                          char out[static 512])
{
    struct weft_store_files files;

    assert_int_equal(weft_store_files_list(&files, directory, NULL), WEFT_OK);
    out[0] = '\0';
    for (uint32_t i = 0; i < files.count && out[0] == '\0'; i++)
        if (files.items[i].kind == kind)
            snprintf(out, 512, "%s/%s", directory, files.items[i].name);
    weft_store_files_release(&files);
    assert_true(out[0] != '\0');
}

static void flip(const char *path, uint64_t at)
{
    int fd;
    uint8_t byte;

    assert_int_equal(weft_file_open(&fd, path, O_RDWR, NULL), 0);
    assert_int_equal(weft_file_read_at(fd, path, &byte, 1, at, NULL), 0);
    byte ^= 0x10;
    assert_int_equal(weft_file_write_at(fd, path, &byte, 1, at, NULL), 0);
    weft_file_close(&fd);
}

struct told {
    uint32_t damages;
    char last[1024];
};

static void told(void *arg, enum weft_finding_kind kind, const char *sentence)
{
    struct told *t = arg;

    if (kind != WEFT_FINDING_DAMAGE) return;
    t->damages++;
    snprintf(t->last, sizeof t->last, "%s", sentence);
}

static struct weft_store_check checked(const char *directory, struct told *t)
{
    struct weft_store_check check;

    *t = (struct told){ 0 };
    weft_store_check(directory, told, t, &check, NULL);
    return check;
}

static void directory_remove(const char *directory)
{
    char path[512];

    snprintf(path, sizeof path, "%s/lost+found/work", directory);
    fixture_directory_remove(path);
    snprintf(path, sizeof path, "%s/lost+found", directory);
    fixture_directory_remove(path);
    fixture_directory_remove(directory);
}

static uint32_t kept_files(const char *directory)
{
    char path[512];

    snprintf(path, sizeof path, "%s/lost+found", directory);
    return fixture_count_files(path, "");
}

/* Every span that is still there is there once, in whole: through a store opened as a server would. */
static uint32_t spans_served(const char *directory)
{
    struct weft_store *store = store_open(directory, false);
    struct weft_source source = weft_store_source(store);
    uint32_t all = fixture_all_spans(&source), by_trace = 0;

    for (uint32_t i = 0; i < TRACES; i++) by_trace += fixture_trace_spans(&source, i);
    weft_store_close(store);
    assert_int_equal(all, by_trace);
    return all;
}

static void flip_and_repair(enum weft_store_file_kind kind, uint64_t at, const char *master)
{
    char directory[256], path[512];
    struct weft_store_repair plan, done;
    struct weft_err err;
    struct told before, after, ignored = { 0 };

    fixture_directory_make(directory);
    fixture_directory_copy(master, directory, "");
    first_of_kind(directory, kind, path);
    flip(path, at);
    checked(directory, &before);
    if (weft_store_repair(directory, true, told, &ignored, &plan, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(kept_files(directory), 0);
    if (weft_store_repair(directory, false, told, &ignored, &done, &err) < 0)
        fail_msg("byte %llu: %s", (unsigned long long)at, err.text);
    assert_int_equal(done.files, before.damages > 0);
    assert_int_equal(plan.files, done.files);
    assert_int_equal(plan.spans_saved, done.spans_saved);
    assert_int_equal(plan.spans_lost, done.spans_lost);
    assert_int_equal(kept_files(directory), done.files);
    struct weft_store_check check = checked(directory, &after);
    if (after.damages > 0) fail_msg("byte %llu: %s", (unsigned long long)at, after.last);
    if (!done.is_uncounted) assert_int_equal(check.spans + done.spans_lost, TRACES * TRACE_SPANS);
    if (kind != WEFT_STORE_FILE_BUNDLE) assert_int_equal(spans_served(directory), check.spans);
    directory_remove(directory);
}

/* Where the bytes are: the header, the seal mark, and every so many. */
static void damaged_everywhere(enum weft_store_file_kind kind, uint64_t step, uint64_t end)
{
    char master[256], path[512];
    uint64_t bytes;

    fixture_directory_make(master);
    store_make(master, kind);
    first_of_kind(master, kind, path);
    assert_int_equal(weft_file_size_of(path, &bytes, NULL), WEFT_OK);
    for (uint64_t at = 3; at < bytes && at < end; at += step) flip_and_repair(kind, at, master);
    fixture_directory_remove(master);
}

static void segment_test(void **state)
{
    damaged_everywhere(WEFT_STORE_FILE_SEGMENT, 397, 4096 * 5);
}

static void block_test(void **state)
{
    damaged_everywhere(WEFT_STORE_FILE_BLOCK, 131, UINT64_MAX);
}

static void bundle_test(void **state)
{
    damaged_everywhere(WEFT_STORE_FILE_BUNDLE, 463, UINT64_MAX);
}

/* ---- behind damage ---- */

/* The first chunk's records are damaged, its tables are not: all other chunks are saved, though they refer to them. */
static void later_chunks_test(void **state)
{
    char directory[256], path[512];
    struct weft_store_repair done;
    struct told t = { 0 };

    fixture_directory_make(directory);
    store_make(directory, WEFT_STORE_FILE_SEGMENT);
    first_of_kind(directory, WEFT_STORE_FILE_SEGMENT, path);
    flip(path, 4096 + 256 + 20);
    assert_int_equal(weft_store_repair(directory, false, told, &t, &done, NULL), WEFT_OK);
    assert_int_equal(done.spans_lost, TRACE_SPANS);
    assert_int_equal(done.spans_saved, 3 * TRACE_SPANS);
    assert_int_equal(spans_served(directory), (TRACES - 1) * TRACE_SPANS);
    assert_non_null(strstr(t.last, "chunk 0 at offset 4096"));
    directory_remove(directory);
}

/* Its header is damaged: nobody knows the names that the others refer to, so nothing of the file can be said. */
static void lost_tables_test(void **state)
{
    char directory[256], path[512];
    struct weft_store_repair done;
    struct told t = { 0 };

    fixture_directory_make(directory);
    store_make(directory, WEFT_STORE_FILE_SEGMENT);
    first_of_kind(directory, WEFT_STORE_FILE_SEGMENT, path);
    flip(path, 4096 + 30);
    assert_int_equal(weft_store_repair(directory, false, told, &t, &done, NULL), WEFT_OK);
    assert_true(done.is_uncounted);
    assert_int_equal(done.spans_saved, 0);
    assert_int_equal(done.spans_lost, 3 * TRACE_SPANS);
    assert_int_equal(spans_served(directory), (TRACES - 4) * TRACE_SPANS);
    directory_remove(directory);
}

/* ---- broken off ---- */

struct breaking {
    _Atomic uint64_t calls; /* the store's own threads make some */
    uint64_t at;
};

static int break_at(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    struct breaking *b = self;
    return b->calls++ >= b->at ? EIO : 0; /* and everything after it: as a crash */
}

static void broken_off_test(void **state)
{
    char master[256], directory[256], path[512];
    const enum weft_store_file_kind kinds[] = { WEFT_STORE_FILE_SEGMENT, WEFT_STORE_FILE_BLOCK };

    for (size_t k = 0; k < 2; k++) {
        fixture_directory_make(master);
        store_make(master, kinds[k]);
        first_of_kind(master, kinds[k], path);
        flip(path, kinds[k] == WEFT_STORE_FILE_SEGMENT ? 4096 + 256 + 20 : 400);
        uint32_t expected = 0;
        for (uint64_t n = 0, rc = 1; rc != 0; n += n < 40 ? 1 : 3) {
            struct breaking breaking = { .at = n };
            const struct weft_file_faults faults = { .before = break_at, .self = &breaking };
            struct weft_store_repair done;
            struct told t = { 0 };
            fixture_directory_make(directory);
            fixture_directory_copy(master, directory, "");
            weft_file_set_faults(&faults);
            rc = weft_store_repair(directory, false, told, &t, &done, NULL) < 0;
            weft_file_set_faults(NULL);
            assert_int_equal(weft_store_repair(directory, false, told, &t, &done, NULL), WEFT_OK);
            assert_true(kept_files(directory) >= 1);
            uint32_t spans = spans_served(directory);
            if (n == 0) expected = spans;
            if (spans != expected || spans >= TRACES * TRACE_SPANS)
                fail_msg("broken off at call %llu: %u spans, %u expected", (unsigned long long)n,
                         spans, expected);
            checked(directory, &t);
            if (t.damages > 0) fail_msg("call %llu: %s", (unsigned long long)n, t.last);
            directory_remove(directory);
        }
        fixture_directory_remove(master);
    }
}

static void refused_test(void **state)
{
    char directory[256];
    struct weft_store_repair done;
    struct weft_err err;
    struct told t = { 0 };

    fixture_directory_make(directory);
    store_make(directory, WEFT_STORE_FILE_SEGMENT);
    struct weft_store *store = store_open(directory, false);
    assert_int_equal(weft_store_repair(directory, false, told, &t, &done, &err), WEFT_BUSY);
    assert_non_null(strstr(err.text, "locked by process"));
    assert_int_equal(weft_store_repair(directory, true, told, &t, &done, &err), WEFT_OK);
    assert_int_equal(done.files, 0);
    weft_store_close(store);
    assert_int_equal(weft_store_repair("/nowhere/weft", false, told, &t, &done, &err),
                     WEFT_NOT_FOUND);
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segment_test),     cmocka_unit_test(block_test),
        cmocka_unit_test(bundle_test),      cmocka_unit_test(later_chunks_test),
        cmocka_unit_test(lost_tables_test), cmocka_unit_test(broken_off_test),
        cmocka_unit_test(refused_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
