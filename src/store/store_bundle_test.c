/* store_bundle_test.c -- blocks of a store become bundles: nothing is seen twice or not at all, whatever
 * a crash leaves, whoever still reads, and when part of a bundle is damaged. */
#include "store/store_fixture.h"
#include "store/store_internal.h"

#define TRACES 16u
#define SPANS 5u

static struct weft_store *open_store(const char *directory)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .small_block_spans = 1, /* all are full */
                                                .compact_fan_in = 2,
                                                .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

static void answered(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

static void send_trace(struct weft_store *store, uint32_t trace, uint32_t part)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, trace, part, SPANS), answered,
                     NULL);
    weft_arena_release(&arena);
}

static void compact(struct weft_store *store)
{
    struct weft_err err;

    if (weft_store_seal(store, &err) < 0 || weft_store_compact(store, NULL, &err) < 0)
        fail_msg("%s", err.text);
}

/* Each round makes a block, with one part of every trace: they are all split. */
static void rounds(struct weft_store *store, uint32_t from, uint32_t to)
{
    for (uint32_t part = from; part < to; part++) {
        for (uint32_t i = 0; i < TRACES; i++) send_trace(store, i, part);
        compact(store);
    }
}

static void assert_all(struct weft_store *store, uint32_t parts)
{
    struct weft_source source = weft_store_source(store);
    struct weft_store_stats stats;
    struct weft_operation *operations;
    struct weft_arena arena;
    uint32_t count;

    assert_int_equal(fixture_all_spans(&source), parts * TRACES * SPANS);
    for (uint32_t i = 0; i < TRACES; i++)
        assert_int_equal(fixture_trace_spans(&source, i), parts * SPANS);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.block_spans + stats.sealed_spans + stats.live_spans,
                     parts * TRACES * SPANS);
    weft_arena_init(&arena, 0);
    assert_int_equal(
        source.operations(source.self, WEFT_S("shop"), &operations, &count, &arena, NULL), 0);
    assert_int_equal(count, 1);
    assert_int_equal(operations[0].span_count, parts * TRACES * SPANS);
    weft_arena_release(&arena);
}

static void remove_catalog(const char *directory)
{
    char path[512];
    snprintf(path, sizeof path, "%s/CATALOG", directory);
    unlink(path);
}

static void levels_test(void **state)
{
    char directory[256];
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory);
    for (uint32_t part = 0; part < 9; part++) {
        rounds(store, part, part + 1);
        assert_all(store, part + 1);
    }
    weft_store_stats(store, &stats);
    assert_int_equal(stats.bundles, 1); /* of 8; the ninth is alone */
    assert_int_equal(fixture_count_files(directory, "bundle-"), 1);
    assert_int_equal(fixture_count_files(directory, "block-"), 1);
    assert_int_equal(stats.bundlings, 4 + 2 + 1);
    weft_store_close(store);
    for (int i = 0; i < 2; i++) { /* with CATALOG, and without it */
        store = open_store(directory);
        assert_all(store, 9);
        weft_store_close(store);
        remove_catalog(directory);
    }
    fixture_directory_remove(directory);
}

/* What a bundle supersedes lies there again, as after a crash between its rename and their removal. */
static void crash_before_removal_test(void **state)
{
    char directory[256], saved[256];

    for (uint32_t parts = 2; parts <= 4; parts += 2) { /* blocks to a bundle, bundles to a bundle */
        fixture_directory_make(directory);
        fixture_directory_make(saved);
        struct weft_store *store = open_store(directory);
        rounds(store, 0, parts - 1);
        for (uint32_t i = 0; i < TRACES; i++) send_trace(store, i, parts - 1);
        assert_int_equal(weft_store_seal(store, NULL), WEFT_OK);
        fixture_directory_copy(directory, saved, "");
        compact(store);
        weft_store_close(store);
        for (int i = 0; i < 2; i++) {
            fixture_directory_copy(saved, directory, "b");
            fixture_directory_copy(saved, directory, "segment-");
            store = open_store(directory);
            assert_all(store, parts);
            weft_store_close(store);
            assert_int_equal(fixture_count_files(directory, "bundle-"), 1);
            assert_int_equal(fixture_count_files(directory, "block-"), 0);
            remove_catalog(directory);
        }
        fixture_directory_remove(directory);
        fixture_directory_remove(saved);
    }
}

/* A query that began before goes on reading the old files, and they stay until it ends. */
static void readers_keep_files_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory);
    rounds(store, 0, 1);
    struct weft_store_set *set = weft_store_set_take(store);
    assert_int_equal(set->block_count, 1);
    rounds(store, 1, 2);
    assert_int_equal(fixture_count_files(directory, "bundle-"), 1);
    assert_int_equal(fixture_count_files(directory, "block-"), 1);
    struct weft_block *block;
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    const struct weft_batch *asked = fixture_trace_batch(&arena, 3, 0, 1);
    struct weft_batch found = { .arena = &arena };
    assert_int_equal(weft_store_block_get(set->blocks[0], &block, NULL), WEFT_OK);
    assert_int_equal(
        weft_block_trace(block, set->blocks[0]->mask, &asked->spans[0].trace_id, &found, NULL),
        WEFT_OK);
    assert_int_equal(found.span_count, SPANS);
    weft_arena_release(&arena);
    weft_store_set_release(set);
    assert_int_equal(fixture_count_files(directory, "block-"), 0);
    assert_all(store, 2);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* A block with a flipped bit is not bundled, nor does it keep the others from it. */
static void damaged_block_test(void **state)
{
    char directory[256];
    struct weft_store_stats stats;
    char path[WEFT_STORE_PATH_MAX];
    struct weft_err err;
    uint8_t byte;
    int fd;

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory);
    rounds(store, 0, 1);
    struct weft_store_set *set = weft_store_set_take(store);
    snprintf(path, sizeof path, "%s", set->blocks[0]->file->path);
    weft_store_set_release(set);
    weft_store_close(store);
    assert_int_equal(weft_file_open(&fd, path, O_RDWR, NULL), 0);
    assert_int_equal(weft_file_read_at(fd, path, &byte, 1, 600, NULL), 0);
    byte ^= 16;
    assert_int_equal(weft_file_write_at(fd, path, &byte, 1, 600, NULL), 0);
    weft_file_close(&fd);
    store = open_store(directory);
    for (uint32_t i = 0; i < TRACES; i++) send_trace(store, i, 1);
    assert_int_equal(weft_store_seal(store, &err), 0);
    assert_int_equal(weft_store_compact(store, NULL, &err), WEFT_CORRUPT);
    rounds(store, 2, 3);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.bundles, 1);
    assert_int_equal(stats.bundled_blocks, 3); /* two and their patch */
    assert_int_equal(stats.set_aside_files, 1);
    assert_int_equal(access(path, F_OK), 0);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_test),
        cmocka_unit_test(crash_before_removal_test),
        cmocka_unit_test(readers_keep_files_test),
        cmocka_unit_test(damaged_block_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
