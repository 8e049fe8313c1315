/* store_damage_test.c -- a flipped bit anywhere in any file of a store: it is named, no answer is
 * wrong, and what lies in other files is still found, with a word that something is missing. */
#include "base/random.h"
#include "store/store_fixture.h"
#include "store/store_inspect.h"

#define OLD_TRACES 6  /* in the block; the last two also have spans in the segment */
#define NEW_TRACES 10 /* up to here in the segment */
#define SPANS 30

static void acknowledged(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

static void send_trace(struct weft_store *store, uint32_t trace, uint32_t part)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, trace, part, SPANS),
                     acknowledged, NULL);
    weft_arena_release(&arena);
}

static struct weft_store *store_open(const char *directory, unsigned writers)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = writers,
                                                .segment_file_bytes = 256u << 10,
                                                .free_space_min = 1,
                                                .small_block_spans = 1,
                                                .compact_fan_in = 2,
                                                .read_only = writers == 0,
                                                .no_compaction = true };
    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

/* A block, and a sealed segment with newer traces and late spans of old ones. */
static void store_fill(const char *directory)
{
    struct weft_store *store = store_open(directory, 1);

    for (uint32_t i = 0; i < OLD_TRACES; i++) send_trace(store, i, 0);
    assert_int_equal(weft_store_seal(store, NULL), WEFT_OK);
    assert_int_equal(weft_store_compact(store, NULL, NULL), WEFT_OK);
    for (uint32_t i = OLD_TRACES - 2; i < NEW_TRACES; i++) send_trace(store, i, 1);
    weft_store_close(store);
}

/* The same spans: two blocks in a bundle with a patch, for one of the traces was split. */
static void store_fill_bundle(const char *directory)
{
    struct weft_store *store = store_open(directory, 1);

    for (uint32_t half = 0; half < 2; half++) {
        for (uint32_t i = half; i < OLD_TRACES; i += 2) send_trace(store, i, 0);
        if (half == 1) send_trace(store, OLD_TRACES - 2, 1);
        assert_int_equal(weft_store_seal(store, NULL), WEFT_OK);
        assert_int_equal(weft_store_compact(store, NULL, NULL), WEFT_OK);
    }
    for (uint32_t i = OLD_TRACES - 1; i < NEW_TRACES; i++) send_trace(store, i, 1);
    weft_store_close(store);
    assert_int_equal(fixture_count_files(directory, "block-"), 0);
}

struct looks {
    uint32_t whole, partial, refused; /* traces */
    bool spans_are_partial;
    uint32_t span_count;
    uint64_t damaged_files;
    uint32_t findings;
    char finding[512];
};

/* Every span of the answer is one that was sent. */
static void check_spans(const struct weft_batch *found, uint32_t trace, uint64_t at)
{
    for (uint32_t i = 0; i < found->span_count; i++) {
        const struct weft_span *span = &found->spans[i];
        uint32_t part = weft_load_u32(span->span_id.bytes) - 1,
                 place = weft_load_u32(span->span_id.bytes + 4) - 1;
        if (part > 1 || place >= SPANS || weft_load_u32(span->trace_id.bytes) != trace + 1 ||
            span->start_time_unix_nano != fixture_start(trace, part, place) ||
            span->end_time_unix_nano != span->start_time_unix_nano + 500 ||
            !weft_str_equal_c(span->name, "GET /") || span->kind != WEFT_KIND_SERVER)
            fail_msg("byte %llu: trace %u, span %u is not what was sent", (unsigned long long)at,
                     trace, i);
    }
}

static void look_trace(struct looks *looks, const struct weft_source *source, uint32_t trace,
                       uint64_t at)
{
    struct weft_arena arena;
    struct weft_err err = { 0 };
    uint32_t parts = trace < OLD_TRACES - 2 || trace >= OLD_TRACES ? 1 : 2;

    weft_arena_init(&arena, 0);
    const struct weft_batch *asked = fixture_trace_batch(&arena, trace, 0, 1);
    struct weft_batch found = { .arena = &arena };
    int rc = source->trace(source->self, &asked->spans[0].trace_id, &found, &err);
    check_spans(&found, trace, at);
    if (rc < 0)
        looks->refused++;
    else if (found.partial_reason != NULL)
        looks->partial++;
    else if (found.span_count == parts * SPANS)
        looks->whole++;
    else
        fail_msg("byte %llu: trace %u has %u spans and is not called partial",
                 (unsigned long long)at, trace, found.span_count);
    weft_arena_release(&arena);
}

static void look_spans(struct looks *looks, const struct weft_source *source, uint64_t at)
{
    struct weft_arena arena;
    struct weft_err err;
    static struct fixture_hits result;

    weft_arena_init(&arena, 0);
    if (fixture_spans(source, &result, &arena, &err) < 0) {
        looks->spans_are_partial = true; /* an error is no lie */
    } else {
        looks->spans_are_partial = result.partial_reason != NULL;
        looks->span_count = result.count;
        if (result.count != (NEW_TRACES + 2) * SPANS && !looks->spans_are_partial)
            fail_msg("byte %llu: spans() gives %u and is not called partial",
                     (unsigned long long)at, result.count);
    }
    weft_arena_release(&arena);
}

static uint32_t spans_of(const struct weft_source *source, uint32_t trace)
{
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    const struct weft_batch *asked = fixture_trace_batch(&arena, trace, 0, 1);
    struct weft_batch found = { .arena = &arena };
    source->trace(source->self, &asked->spans[0].trace_id, &found, NULL);
    uint32_t count = found.span_count;
    weft_arena_release(&arena);
    return count;
}

struct scanned {
    uint64_t at;
    uint32_t spans;
    bool seen[NEW_TRACES];
};

static bool scan_visit(void *arg, const struct weft_batch *trace)
{
    struct scanned *scanned = arg;
    uint32_t number = weft_load_u32(trace->spans[0].trace_id.bytes) - 1;

    if (number >= NEW_TRACES || scanned->seen[number])
        fail_msg("byte %llu: a scan visits trace %u, unknown or again",
                 (unsigned long long)scanned->at, number);
    check_spans(trace, number, scanned->at);
    scanned->seen[number] = true;
    scanned->spans += trace->span_count;
    return true;
}

/* As many spans as the traces have when asked for one by one. */
static void look_scan(const struct weft_source *source, uint64_t at)
{
    struct scanned scanned = { .at = at };
    struct weft_trace_scan_result result;
    struct weft_err err;

    if (source->traces(source->self, &(struct weft_trace_scan){ 0 }, scan_visit, &scanned, &result,
                       &err) < 0)
        return; /* an error is no lie */
    if (scanned.spans != (NEW_TRACES + 2) * SPANS && result.partial_reason == NULL)
        fail_msg("byte %llu: a scan has %u spans and is not called partial", (unsigned long long)at,
                 scanned.spans);
    uint32_t spans = 0;
    for (uint32_t i = 0; i < NEW_TRACES; i++) spans += spans_of(source, i);
    if (scanned.spans != spans)
        fail_msg("byte %llu: a scan has %u spans, the traces one by one %u", (unsigned long long)at,
                 scanned.spans, spans);
}

static void finding(void *arg, enum weft_finding_kind kind, const char *sentence)
{
    struct looks *looks = arg;
    if (kind == WEFT_FINDING_OK) return;
    looks->findings++;
    snprintf(looks->finding, sizeof looks->finding, "%s", sentence);
}

static void look(struct looks *looks, const char *directory, uint64_t at)
{
    struct weft_store_check check;
    struct weft_store_stats stats;

    *looks = (struct looks){ 0 };
    weft_store_check(directory, finding, looks, &check, NULL);
    struct weft_store *store = store_open(directory, 0);
    struct weft_source source = weft_store_source(store);
    for (uint32_t i = 0; i < NEW_TRACES; i++) look_trace(looks, &source, i, at);
    look_spans(looks, &source, at);
    look_scan(&source, at);
    weft_store_stats(store, &stats);
    looks->damaged_files = stats.damaged_files;
    weft_store_close(store);
}

struct file {
    const char *prefix;
    char path[1024];
};

static void take_path(const char *path, const char *name, void *arg)
{
    struct file *file = arg;
    if (strncmp(name, file->prefix, strlen(file->prefix)) == 0)
        snprintf(file->path, sizeof file->path, "%s", path);
}

static void flip(const char *path, uint64_t at, unsigned bit)
{
    uint8_t byte;
    int fd;

    assert_int_equal(weft_file_open(&fd, path, O_RDWR, NULL), WEFT_OK);
    assert_int_equal(weft_file_read_at(fd, path, &byte, 1, at, NULL), WEFT_OK);
    byte = (uint8_t)(byte ^ (1u << bit));
    assert_int_equal(weft_file_write_at(fd, path, &byte, 1, at, NULL), WEFT_OK);
    weft_file_close(&fd);
}

/* Bytes that are looked at one by one; the others at every `step`. */
static void flip_everywhere(const char *directory, const char *prefix, uint64_t header,
                            uint64_t end, uint64_t step,
                            void (*judge)(const struct looks *looks, uint64_t at))
{
    struct file file = { .prefix = prefix };
    struct weft_random random;
    uint64_t bytes;
    uint32_t count = 0;

    fixture_each_file(directory, take_path, &file);
    assert_int_equal(weft_file_size_of(file.path, &bytes, NULL), WEFT_OK);
    weft_random_init(&random, 1);
    if (end == 0 || end > bytes) end = bytes;
    for (uint64_t at = 0; at < end;) {
        struct looks looks;
        unsigned bit = (unsigned)weft_random_below(&random, 8);
        flip(file.path, at, bit);
        look(&looks, directory, at);
        judge(&looks, at);
        flip(file.path, at, bit);
        at += at < header || end - at <= header ? 1 : 1 + weft_random_below(&random, 2 * step);
        count++;
    }
    print_message("%s: %u bits in %llu bytes\n", prefix, count, (unsigned long long)end);
}

/* The segment's traces are all there: only the block is hit. */
static void judge_block(const struct looks *looks, uint64_t at)
{
    if (looks->findings == 0) fail_msg("byte %llu: not named", (unsigned long long)at);
    assert_true(looks->whole + looks->partial >= NEW_TRACES - OLD_TRACES + 2);
    assert_true(looks->spans_are_partial || looks->span_count == (NEW_TRACES + 2) * SPANS);
}

static void block_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    store_fill(directory);
    flip_everywhere(directory, "block-", 512, 0, 40, judge_block);
    fixture_directory_remove(directory);
}

/* The segment's traces are all there; a damaged member leaves the others. */
static void judge_bundle(const struct looks *looks, uint64_t at)
{
    if (looks->findings == 0) fail_msg("byte %llu: not named", (unsigned long long)at);
    assert_true(looks->whole + looks->partial >= NEW_TRACES - OLD_TRACES + 1);
    assert_true(looks->spans_are_partial || looks->span_count == (NEW_TRACES + 2) * SPANS);
}

static void bundle_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    store_fill_bundle(directory);
    flip_everywhere(directory, "bundle-", 512, 0, 40, judge_bundle);
    fixture_directory_remove(directory);
}

/* The block's traces are all there. Of the segment, what lies before the damage. */
static void judge_segment(const struct looks *looks, uint64_t at)
{
    bool is_padding = looks->whole == NEW_TRACES; /* means nothing, is not checksummed */

    if (looks->findings == 0 && !is_padding)
        fail_msg("byte %llu: not named", (unsigned long long)at);
    assert_true(looks->whole + looks->partial + looks->refused == NEW_TRACES);
    assert_true(looks->whole + looks->partial >= OLD_TRACES);
    assert_true(is_padding || looks->spans_are_partial);
}

static void segment_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    store_fill(directory);
    flip_everywhere(directory, "segment-", 64, 8 * 4096 + 4096, 60, judge_segment);
    fixture_directory_remove(directory);
}

/* A cache: nothing is missing, whatever happens to it. */
static void judge_catalog(const struct looks *looks, uint64_t at)
{
    assert_int_equal(looks->findings, 1);
    assert_int_equal(looks->whole, NEW_TRACES);
    assert_false(looks->spans_are_partial);
}

static void catalog_test(void **state)
{
    char directory[256];

    fixture_directory_make(directory);
    store_fill(directory);
    flip_everywhere(directory, "CATALOG", 1 << 20, 0, 1, judge_catalog);
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_test),
        cmocka_unit_test(bundle_test),
        cmocka_unit_test(segment_test),
        cmocka_unit_test(catalog_test),
    };
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
    weft_log_configure(WEFT_LOG_ERROR + 1, WEFT_LOG_TEXT, 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
