/* compactor_test.c -- segments become blocks: what is replaced, what a crash in between leaves,
 * what readers keep, what is
 * recycled, and that CATALOG is a cache and no more. */
#include "store/compaction_run.h"
#include "store/store_fixture.h"
#include "store/store_internal.h"

static struct weft_store *open_store(const char *directory)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

static void answered(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

static void send_trace(struct weft_store *store, uint32_t trace, uint32_t part, uint32_t spans)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, trace, part, spans), answered,
                     NULL);
    weft_arena_release(&arena);
}

static void compact(struct weft_store *store, struct weft_merge_stats *stats)
{
    struct weft_err err;

    if (weft_store_seal(store, &err) < 0 || weft_store_compact(store, stats, &err) < 0)
        fail_msg("%s", err.text);
}

static void figures_test(void **state)
{
    char directory[256];
    struct weft_merge_stats merge;
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory);
    struct weft_source source = weft_store_source(store);
    compact(store, &merge); /* nothing to do is fine */
    assert_int_equal(merge.spans_in, 0);
    for (uint32_t i = 0; i < 10; i++) send_trace(store, i, 0, 5);
    weft_store_seal(store, NULL);
    for (uint32_t i = 5; i < 15; i++)
        send_trace(store, i, i < 8 ? 0 : 1, 5); /* 5, 6 and 7 once more, the others' second part */
    compact(store, &merge);
    assert_int_equal(merge.spans_in, 100);
    assert_int_equal(merge.exact_duplicates, 15);
    assert_int_equal(merge.spans_out, 85);
    assert_int_equal(merge.traces, 15);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.blocks, 1);
    assert_int_equal(stats.block_spans, 85);
    assert_int_equal(stats.sealed_segments, 0);
    assert_int_equal(stats.compactions, 1);
    assert_int_equal(fixture_all_spans(&source), 85);
    assert_int_equal(fixture_trace_spans(&source, 9), 10);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* Segments that a block supersedes lie there again, as after a crash between the rename and their
 * removal. */
static void crash_before_removal_test(void **state)
{
    char directory[256], saved[256];

    fixture_directory_make(directory);
    fixture_directory_make(saved);
    struct weft_store *store = open_store(directory);
    for (uint32_t i = 0; i < 10; i++) send_trace(store, i, 0, 5);
    weft_store_seal(store, NULL);
    fixture_directory_copy(directory, saved, "segment-");
    compact(store, NULL);
    weft_store_close(store);
    uint32_t before = fixture_count_files(directory, "segment-");
    fixture_directory_copy(saved, directory, "segment-");
    assert_true(fixture_count_files(directory, "segment-") > before);

    for (int i = 0; i < 2; i++) { /* with CATALOG, and without it */
        struct weft_store_stats stats;
        store = open_store(directory);
        struct weft_source source = weft_store_source(store);
        weft_store_stats(store, &stats);
        assert_int_equal(stats.sealed_segments, 0);
        assert_int_equal(fixture_all_spans(&source), 50);
        weft_store_close(store);
        fixture_directory_copy(saved, directory, "segment-");
        char catalog[512];
        snprintf(catalog, sizeof catalog, "%s/CATALOG", directory);
        unlink(catalog);
    }
    fixture_directory_remove(directory);
    fixture_directory_remove(saved);
}

static void write_catalog(const char *directory, const char *bytes, size_t len)
{
    char path[512];
    int fd;

    snprintf(path, sizeof path, "%s/CATALOG", directory);
    assert_int_equal(weft_file_open(&fd, path, O_WRONLY | O_CREAT | O_TRUNC, NULL), 0);
    assert_int_equal(weft_file_write_at(fd, path, bytes, len, 0, NULL), 0);
    weft_file_close(&fd);
}

static void catalog_is_a_cache_test(void **state)
{
    char directory[256], path[512];
    struct weft_buf old = { 0 };

    fixture_directory_make(directory);
    snprintf(path, sizeof path, "%s/CATALOG", directory);
    struct weft_store *store = open_store(directory);
    send_trace(store, 1, 0, 5);
    compact(store, NULL);
    assert_int_equal(weft_file_read_all(&old, path, 1 << 20, NULL), WEFT_OK);
    send_trace(store, 2, 0, 5);
    compact(store, NULL);
    weft_store_close(store);
    for (int i = 0; i < 4; i++) {
        if (i == 0) unlink(path);
        if (i == 1) write_catalog(directory, "nonsense", 8);
        if (i == 2) write_catalog(directory, old.data, old.len); /* lacks the second block */
        store = open_store(directory);
        struct weft_source source = weft_store_source(store);
        assert_int_equal(fixture_all_spans(&source), 10);
        assert_int_equal(fixture_trace_spans(&source, 2), 5);
        weft_store_close(store);
    }
    struct weft_catalog catalog; /* and it is right again */
    weft_catalog_init(&catalog);
    assert_int_equal(weft_catalog_read(&catalog, path, NULL), WEFT_OK);
    assert_int_equal(catalog.block_count, 2);
    weft_catalog_release(&catalog);
    weft_buf_release(&old);
    fixture_directory_remove(directory);
}

/* A reader holds the view of a segment while it is compacted and its file wanted for the next
 * segments. */
static void recycling_waits_for_readers_test(void **state)
{
    char directory[256];
    struct weft_segment_view view;
    struct weft_arena arena;

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory);
    struct weft_source source = weft_store_source(store);
    weft_arena_init(&arena, 0);
    send_trace(store, 1, 0, 5);
    struct weft_store_set *set = weft_store_set_take(store);
    for (uint32_t i = 0; i < set->segment_count; i++)
        if (set->segments[i].is_live) weft_segment_view_init(&view, set->segments[i].segment);
    weft_store_set_release(set);
    for (uint32_t i = 0; i < 6; i++) { /* more than there are spares */
        compact(store, NULL);
        send_trace(store, 2 + i, 0, 5);
    }
    struct weft_batch found = { .arena = &arena };
    const struct weft_batch *asked = fixture_trace_batch(&arena, 1, 0, 5);
    assert_int_equal(weft_segment_trace(&view, &asked->spans[0].trace_id, &found, NULL), WEFT_OK);
    assert_int_equal(found.span_count, 5);
    assert_true(weft_str_equal_c(found.spans[4].name, "GET /"));
    weft_segment_view_release(&view);
    assert_int_equal(fixture_all_spans(&source), 35);
    assert_true(fixture_count_files(directory, "spare-") <= 3);
    assert_true(fixture_count_files(directory, "segment-") <= 3);
    weft_arena_release(&arena);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* Files are used again and again, and no number twice. */
static void recycling_test(void **state)
{
    char directory[256];
    uint64_t last = 0;

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory);
    struct weft_source source = weft_store_source(store);
    for (uint32_t i = 0; i < 12; i++) {
        send_trace(store, i, 0,
                   3 + i % 4 * 500); /* longer and shorter than what the file had before */
        assert_true(store->writers[0].current->number > last);
        last = store->writers[0].current->number;
        compact(store, NULL);
        assert_int_equal(fixture_trace_spans(&source, i), 3 + i % 4 * 500);
    }
    assert_true(fixture_count_files(directory, "spare-") <= 3);
    weft_store_close(store);
    store = open_store(directory);
    source = weft_store_source(store);
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(fixture_trace_spans(&source, i), 3 + i % 4 * 500);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* A block that cannot be read: the store starts, answers say that they have a hole. */
static void damaged_block_test(void **state)
{
    char directory[256], path[WEFT_STORE_PATH_MAX], catalog[512];
    struct weft_store_stats stats;
    static struct fixture_hits result;
    struct weft_arena arena;
    struct weft_err err;
    int fd;

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory);
    send_trace(store, 1, 0, 5);
    compact(store, NULL);
    struct weft_store_set *set = weft_store_set_take(store);
    snprintf(path, sizeof path, "%s", set->blocks[0]->file->path);
    weft_store_set_release(set);
    weft_store_close(store);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(weft_file_open(&fd, path, O_WRONLY, NULL), 0);
    static const uint8_t zeros[1024];
    uint64_t kept = (uint64_t)st.st_size - sizeof zeros; /* both of its ends are gone */
    assert_int_equal(weft_file_write_at(fd, path, zeros, sizeof zeros, kept, NULL), 0);
    weft_file_close(&fd);
    for (int i = 0; i < 2;
         i++) { /* noticed at the first question, or without CATALOG at the start */
        store = open_store(directory);
        send_trace(store, 7, (uint32_t)i, 1);
        struct weft_source source = weft_store_source(store);
        weft_arena_init(&arena, 0);
        assert_int_equal(fixture_spans(&source, &result, &arena, &err), WEFT_OK);
        assert_int_equal(result.count, i + 1);
        assert_string_equal(result.partial_reason, "damaged file");
        weft_store_stats(store, &stats);
        assert_int_equal(stats.damaged_files, 1);
        weft_arena_release(&arena);
        weft_store_close(store);
        assert_int_equal(access(path, F_OK), 0);
        snprintf(catalog, sizeof catalog, "%s/CATALOG", directory);
        unlink(catalog);
    }
    fixture_directory_remove(directory);
}

static void flip_bit(const char *path, uint64_t offset)
{
    uint8_t byte;
    int fd;

    assert_int_equal(weft_file_open(&fd, path, O_RDWR, NULL), 0);
    assert_int_equal(weft_file_read_at(fd, path, &byte, 1, offset, NULL), 0);
    byte ^= 4;
    assert_int_equal(weft_file_write_at(fd, path, &byte, 1, offset, NULL), 0);
    weft_file_close(&fd);
}

/* A bit flips in a sealed segment, and once more when segments are merged by the thread and only two
 * may wait: it is set aside, and all others are merged. */
static void segment_set_aside_test(void **state)
{
    for (int with_thread = 0; with_thread < 2; with_thread++) {
        char directory[256];
        struct weft_store_stats stats;
        struct weft_store *store;
        struct weft_err err = { 0 };

        fixture_directory_make(directory);
        store = open_store(directory);
        struct weft_source source = weft_store_source(store);
        for (uint32_t i = 0; i < 3; i++) {
            send_trace(store, i, 0, 5);
            weft_store_seal(store, NULL);
        }
        struct weft_store_set *set = weft_store_set_take(store);
        flip_bit(weft_segment_path(set->segments[1].segment), 4096 + 256 + 70); /* in a row */
        weft_store_set_release(set);
        if (with_thread) {
            store->options.no_compaction = false;
            store->options.tail_segments_max = 2;
            assert_int_equal(weft_store_compactors_start(store, &err), WEFT_OK);
            do {
                weft_clock_sleep_ns(WEFT_NS_PER_MS);
                weft_store_stats(store, &stats);
            } while (stats.sealed_segments > 1);
        } else {
            assert_int_equal(weft_store_compact(store, NULL, &err), WEFT_CORRUPT);
            assert_non_null(strstr(err.text, "checksums of chunk 0"));
        }
        weft_store_stats(store, &stats);
        assert_int_equal(stats.sealed_segments, 1);
        assert_int_equal(stats.set_aside_files, 1);
        assert_int_equal(stats.blocks, 1);
        assert_int_equal(stats.block_spans, 10);
        assert_int_equal(atomic_load(&store->tail_segments), 0);
        assert_true(weft_store_tail_has_room(store, &err));
        assert_int_equal(weft_store_compact(store, NULL, &err), WEFT_OK); /* not tried again */
        assert_int_equal(fixture_trace_spans(&source, 0), 5);
        assert_int_equal(fixture_trace_spans(&source, 2), 5);
        weft_store_close(store);
        store = open_store(directory); /* opening sees it too */
        weft_store_stats(store, &stats);
        assert_int_equal(stats.damaged_files, 1);
        assert_int_equal(fixture_count_files(directory, "block-"), 1);
        weft_store_close(store);
        fixture_directory_remove(directory);
    }
}

/* What fails although every checksum fits: first all together, then one by one, three times each. */
static void failures_test(void **state)
{
    char directory[256];
    struct weft_compaction_item items[3] = { 0 };
    const struct weft_err err = { .text = "not to be merged" };

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory);
    for (uint32_t i = 0; i < 3; i++) {
        send_trace(store, i, 0, 5);
        weft_store_seal(store, NULL);
    }
    struct weft_compaction compaction = { .set = weft_store_set_take(store), .items = items };
    for (uint32_t i = 0; i < compaction.set->segment_count; i++)
        if (!compaction.set->segments[i].is_live)
            items[compaction.item_count++] =
                (struct weft_compaction_item){ .number = compaction.set->segments[i].number,
                                               .segment = &compaction.set->segments[i] };
    assert_int_equal(compaction.item_count, 3);
    assert_false(weft_compaction_failed(store, &compaction, WEFT_IO, &err)); /* the disk's doing */
    assert_int_equal(store->merge_alone_max, 0);
    assert_true(weft_compaction_failed(store, &compaction, WEFT_INVALID, &err));
    assert_int_equal(store->merge_alone_max, items[2].number);
    compaction.item_count = 1;
    assert_false(weft_compaction_failed(store, &compaction, WEFT_INVALID, &err));
    assert_false(weft_compaction_failed(store, &compaction, WEFT_INVALID, &err));
    assert_false(weft_store_segment_is_set_aside(items[0].segment));
    assert_true(weft_compaction_failed(store, &compaction, WEFT_INVALID, &err));
    assert_true(weft_store_segment_is_set_aside(items[0].segment));
    assert_int_equal(atomic_load(&store->tail_segments), 2);
    weft_store_set_release(compaction.set);
    compact(store, NULL); /* the others: each in a block of its own, then small ones as ever */
    assert_int_equal(atomic_load(&store->tail_segments), 0);
    assert_int_equal(fixture_count_files(directory, "block-"), 2);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* Bundling masks a small block between the look at the set and the merge: under the old mask its traces would be there twice. */
static void stale_block_test(void **state)
{
    char directory[256];
    struct weft_compaction stale, fresh;

    fixture_directory_make(directory);
    struct weft_store *store = open_store(directory);
    for (uint32_t i = 0; i < 2; i++) {
        send_trace(store, i, 0, 5);
        weft_store_seal(store, NULL);
        compact(store, NULL);
    }
    weft_compaction_init(&stale, weft_store_set_take(store), UINT64_MAX);
    assert_int_equal(stale.item_count, 2);
    struct weft_mask_entry entry = { .block = stale.items[1].number };
    weft_store_set_change(store,
                          &(struct weft_store_change){ .masked = &entry, .masked_count = 1 });
    assert_false(weft_compaction_claim(store, &stale));
    weft_compaction_init(&fresh, weft_store_set_take(store), UINT64_MAX);
    assert_true(weft_compaction_claim(store, &fresh)); /* nothing stayed claimed */
    assert_false(weft_compaction_claim(store, &fresh));
    weft_compaction_give_up(&fresh);
    weft_compaction_release(&fresh);
    weft_compaction_release(&stale);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_test),
        cmocka_unit_test(crash_before_removal_test),
        cmocka_unit_test(catalog_is_a_cache_test),
        cmocka_unit_test(recycling_waits_for_readers_test),
        cmocka_unit_test(recycling_test),
        cmocka_unit_test(damaged_block_test),
        cmocka_unit_test(segment_set_aside_test),
        cmocka_unit_test(failures_test),
        cmocka_unit_test(stale_block_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
