/* store_unreadable_test.c -- pages of mapped files that cannot be read while the store is open: real
 * SIGBUS, made by shortening the file. The process lives, answers are right as far as they go and
 * say that something is missing, and no merge takes zeros for spans. */
#include "store/store_fixture.h"

#define TRACES 60u /* a third in the first file, a third in the second, a third in the segment */
#define SPANS 30u

/* Blocks are merged, or counted as full and bundled. */
static struct weft_store *store_open(const char *directory, bool are_full)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .segment_file_bytes = 1u << 20,
                                                .compact_segments_min = 1,
                                                .compact_fan_in = 2,
                                                .small_block_spans = are_full ? 1 : 0,
                                                .free_space_min = 1,
                                                .no_compaction = true };
    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

static void answered(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

static void send_traces(struct weft_store *store, uint32_t from, uint32_t to)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;

    for (uint32_t i = from; i < to; i++) {
        weft_arena_init(&arena, 0);
        consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, i, 0, SPANS), answered,
                         NULL);
        weft_arena_release(&arena);
    }
    assert_int_equal(weft_store_seal(store, NULL), WEFT_OK);
}

struct cut {
    const char *prefix;
    char oldest[1024]; /* numbers have leading zeros */
};

static void cut_visit(const char *path, const char *name, void *arg)
{
    struct cut *cut = arg;

    if (strncmp(name, cut->prefix, strlen(cut->prefix)) != 0) return;
    if (cut->oldest[0] == '\0' || strcmp(path, cut->oldest) < 0)
        snprintf(cut->oldest, sizeof cut->oldest, "%s", path);
}

/* The file with the lowest number becomes shorter under whoever has it open. */
static void cut_oldest(const char *directory, const char *prefix, off_t bytes)
{
    struct cut cut = { .prefix = prefix };

    fixture_each_file(directory, cut_visit, &cut);
    assert_int_equal(truncate(cut.oldest, bytes), 0);
}

static bool span_is_true(const struct weft_span *span, uint32_t trace, uint32_t place)
{
    return weft_load_u32(span->trace_id.bytes) == trace + 1 && place < SPANS &&
           span->start_time_unix_nano == fixture_start(trace, 0, place) &&
           span->end_time_unix_nano == span->start_time_unix_nano + 500 &&
           weft_str_equal_c(span->name, "GET /");
}

/* Whole, or a hole that is admitted. Returns whether it is whole. */
static bool ask_trace(const struct weft_source *source, uint32_t trace)
{
    struct weft_arena arena;
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 0);
    const struct weft_batch *asked = fixture_trace_batch(&arena, trace, 0, 1);
    struct weft_batch found = { .arena = &arena };
    int rc = source->trace(source->self, &asked->spans[0].trace_id, &found, &err);
    bool is_whole = rc == WEFT_OK && found.span_count == SPANS;
    for (uint32_t i = 0; rc == WEFT_OK && i < found.span_count; i++)
        if (!span_is_true(&found.spans[i], trace,
                          weft_load_u32(found.spans[i].span_id.bytes + 4) - 1))
            fail_msg("trace %u: span %u is not what was sent", trace, i);
    if (!is_whole && rc == WEFT_OK && found.partial_reason == NULL)
        fail_msg("trace %u: %u spans, not called partial", trace, found.span_count);
    if (rc < 0) assert_true(rc == WEFT_CORRUPT && err.text[0] != '\0');
    weft_arena_release(&arena);
    return is_whole;
}

/* All spans are true, `least` are there, and that there are not all is said. */
static void ask_spans(const struct weft_source *source, uint32_t least)
{
    struct weft_arena arena;
    struct weft_err err;
    static struct fixture_hits result;

    weft_arena_init(&arena, 0);
    if (fixture_spans(source, &result, &arena, &err) < 0) fail_msg("spans: %s", err.text);
    assert_non_null(result.partial_reason);
    assert_in_range(result.count, least, TRACES * SPANS);
    for (uint32_t i = 0; i < result.count; i++) {
        const struct fixture_hit *hit = &result.items[i];
        uint32_t trace = weft_load_u32(hit->trace_id.bytes) - 1;
        assert_true(trace < TRACES && weft_str_equal_c(hit->name, "GET /"));
        assert_int_equal(hit->start,
                         fixture_start(trace, 0, weft_load_u32(hit->span_id.bytes + 4) - 1));
    }
    weft_arena_release(&arena);
}

struct visited {
    bool seen[TRACES], is_whole[TRACES];
    const char *cut_directory; /* NULL: nothing is cut meanwhile */
    uint32_t count;
};

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct visited *visited = arg;
    uint32_t number = weft_load_u32(trace->spans[0].trace_id.bytes) - 1;

    assert_true(number < TRACES && !visited->seen[number]);
    for (uint32_t i = 0; i < trace->span_count; i++)
        assert_true(span_is_true(&trace->spans[i], number,
                                 weft_load_u32(trace->spans[i].span_id.bytes + 4) - 1));
    visited->seen[number] = true;
    visited->is_whole[number] = trace->span_count == SPANS;
    assert_true(visited->is_whole[number] || trace->partial_reason != NULL);
    if (++visited->count == 5 && visited->cut_directory != NULL)
        cut_oldest(visited->cut_directory, "block-", 0);
    return true;
}

/* All true, each once, those of readable files whole, and that some are missing is said. */
static void ask_scan(const struct weft_source *source, uint32_t from_third, uint32_t to_third,
                     const char *cut_directory)
{
    struct visited visited = { .cut_directory = cut_directory };
    struct weft_trace_scan_result result;
    struct weft_err err;

    if (source->traces(source->self, &(struct weft_trace_scan){ 0 }, visit, &visited, &result,
                       &err) < 0)
        fail_msg("scan: %s", err.text);
    assert_string_equal(result.partial_reason, "damaged file");
    uint32_t whole = 0;
    for (uint32_t i = 0; i < TRACES; i++) {
        uint32_t third = i / (TRACES / 3);
        if (third < from_third || third >= to_third) assert_true(visited.is_whole[i]);
        whole += visited.is_whole[i];
    }
    assert_true(whole < TRACES);
}

/* Counts that leave something out cannot say so: an error. */
static void ask_operations(const struct weft_source *source)
{
    struct weft_operation *operations;
    struct weft_arena arena;
    struct weft_err err;
    uint32_t count;

    weft_arena_init(&arena, 0);
    assert_int_equal(
        source->operations(source->self, WEFT_S(""), &operations, &count, &arena, &err),
        WEFT_CORRUPT);
    weft_arena_release(&arena);
}

/* Which thirds of the traces have become unreadable; the others are whole. */
static void ask_all(struct weft_store *store, uint32_t from_third, uint32_t to_third)
{
    struct weft_source source = weft_store_source(store);
    uint32_t whole = 0, readable = (3 - (to_third - from_third)) * (TRACES / 3);

    ask_scan(&source, from_third, to_third, NULL);
    ask_spans(&source, readable * SPANS);
    for (uint32_t i = 0; i < TRACES; i++) {
        uint32_t third = i / (TRACES / 3);
        bool is_whole = ask_trace(&source, i);
        whole += is_whole;
        if (third < from_third || third >= to_third) assert_true(is_whole);
    }
    assert_true(whole < TRACES);
    ask_operations(&source);
    ask_spans(&source, readable * SPANS);
}

static struct weft_store *store_fill(const char *directory, bool are_full)
{
    struct weft_store *store = store_open(directory, are_full);

    send_traces(store, 0, TRACES / 3);
    assert_int_equal(weft_store_compact(store, NULL, NULL), WEFT_OK);
    assert_int_equal(fixture_count_files(directory, "block-"), 1);
    return store;
}

enum first { READ_BEFORE, SCANNED, ASKED, MERGED, BUNDLED };

/* It was in memory once, or the first to miss its pages is a question, a merge or a bundling. */
static void block_is_cut(enum first first)
{
    char directory[256];
    struct weft_store_stats stats;

    fixture_directory_make(directory);
    struct weft_store *store = store_fill(directory, first == BUNDLED);
    send_traces(store, TRACES / 3, TRACES * 2 / 3);
    if (first < MERGED) send_traces(store, TRACES * 2 / 3, TRACES);
    struct weft_source source = weft_store_source(store);
    if (first == READ_BEFORE)
        for (uint32_t i = 0; i < TRACES; i++) assert_true(ask_trace(&source, i));
    uint64_t lost_pages = weft_file_lost_pages();
    assert_true(ask_trace(&source, 0)); /* it is open now */
    if (first == SCANNED)               /* it comes about while a scan is in that file */
        ask_scan(&source, 0, 1, directory);
    else
        cut_oldest(directory, "block-", 0);
    if (first >= MERGED) { /* of the segment, then of its block and the unreadable one */
        assert_int_equal(weft_store_compact(store, NULL, NULL), WEFT_CORRUPT);
        assert_int_equal(fixture_count_files(directory, "block-"), 2);
        assert_int_equal(fixture_count_files(directory, "bundle-"), 0);
        assert_true(first == BUNDLED || weft_file_lost_pages() > lost_pages);
        send_traces(store, TRACES * 2 / 3, TRACES);
    }
    ask_all(store, 0, 1);
    assert_true(weft_file_lost_pages() > lost_pages);
    weft_store_stats(store, &stats);
    assert_int_equal(stats.damaged_files, 1);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* One of two blocks. */
static void bundle_is_cut(void)
{
    char directory[256];

    fixture_directory_make(directory);
    struct weft_store *store = store_fill(directory, true);
    send_traces(store, TRACES / 3, TRACES * 2 / 3);
    for (int i = 0; i < 2; i++) assert_int_equal(weft_store_compact(store, NULL, NULL), WEFT_OK);
    send_traces(store, TRACES * 2 / 3, TRACES);
    struct weft_source source = weft_store_source(store);
    for (uint32_t i = 0; i < TRACES; i++) assert_true(ask_trace(&source, i)); /* open now */
    uint64_t lost_pages = weft_file_lost_pages();
    cut_oldest(directory, "bundle-", 0);
    ask_all(store, 0, 2);
    assert_true(weft_file_lost_pages() > lost_pages);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* A sealed segment; and it stays when segments are merged. */
static void segment_is_cut(void)
{
    char directory[256];

    fixture_directory_make(directory);
    struct weft_store *store = store_fill(directory, false);
    send_traces(store, TRACES / 3, TRACES * 2 / 3);
    assert_int_equal(weft_store_compact(store, NULL, NULL), WEFT_OK);
    send_traces(store, TRACES * 2 / 3, TRACES);
    uint32_t segments = fixture_count_files(directory, "segment-");
    assert_int_equal(segments, 1);
    uint64_t lost_pages = weft_file_lost_pages();
    cut_oldest(directory, "segment-", 4096);
    weft_store_compact(store, NULL, NULL); /* the first to touch its pages */
    assert_true(weft_file_lost_pages() > lost_pages);
    assert_int_equal(fixture_count_files(directory, "segment-"), segments);
    ask_all(store, 2, 3);
    weft_store_compact(store, NULL, NULL); /* knows of it, and leaves it alone */
    assert_int_equal(fixture_count_files(directory, "segment-"), segments);
    ask_all(store, 2, 3);
    struct weft_store_stats stats;
    weft_store_stats(store, &stats);
    assert_int_equal(stats.damaged_files, 1); /* however often it was asked for */
    assert_int_equal(stats.set_aside_files, 1);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

/* One test: cmocka takes SIGBUS for itself at the start of each. */
static void cut_test(void **state)
{
    for (enum first first = READ_BEFORE; first <= BUNDLED; first++) block_is_cut(first);
    bundle_is_cut();
    segment_is_cut();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(cut_test) };
    weft_log_configure(WEFT_LOG_ERROR + 1, WEFT_LOG_TEXT, 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
