/* segment_test.c -- segments: what goes in comes out, live and reopened; what is torn, flipped or
 * old does not. */
#include "store/segment_fixture.h"
#include <errno.h>
#include <fcntl.h>

static const struct fixture_variety varieties[] = {
    { .spans = 1, .resources = 1, .names = 1, .keys = 4, .values = 4, .attributes_max = 4 },
    { .spans = 300, .resources = 2, .names = 5, .keys = 12, .values = 30, .attributes_max = 12 },
    { .spans = 300,
      .resources = 20,
      .names = 100,
      .keys = 300,
      .values = 5000,
      .attributes_max = 12 },
    { .spans = 200,
      .resources = 3,
      .names = 9,
      .keys = 40,
      .values = 60,
      .attributes_max = 9,
      .is_rich = true },
    { .spans = 20,
      .resources = 1,
      .names = 1,
      .keys = 1000,
      .values = 60,
      .attributes_max = 400,
      .is_rich = true },
};

static char *path_of(const struct weft_segment *segment, char out[static 256])
{
    snprintf(out, 256, "%s", weft_segment_path(segment));
    return out;
}

static void assert_reopened(const char *path, const struct weft_batch *batch, uint32_t span_count,
                            bool is_torn)
{
    struct weft_err err;
    uint64_t torn;
    struct weft_segment *segment;
    if (weft_segment_open(&segment, path, &torn, &err) < 0) fail_msg("%s", err.text);
    assert_int_equal(torn + weft_segment_damaged_bytes(segment) > 0, is_torn);
    assert_true(weft_segment_is_sealed(segment));
    assert_segment_holds(segment, batch, span_count);
    weft_segment_unref(segment);
}

static void reads_back_what_was_appended(void **state)
{
    struct fixture *f = *state;
    char path[256];
    for (size_t i = 0; i < sizeof varieties / sizeof *varieties; i++) {
        f->batch.span_count = 0;
        struct weft_segment_writer *writer = fixture_writer(f, i + 1, NULL);
        struct weft_segment *segment = weft_segment_writer_segment(writer);
        weft_segment_ref(segment);
        for (int commit = 0; commit < 5; commit++) {
            fixture_append_ok(f, writer, &varieties[i]);
            if (commit % 2 == 0) fixture_append_ok(f, writer, &varieties[i]);
            fixture_commit_ok(writer);
            assert_segment_holds(segment, &f->batch, f->batch.span_count);
        }
        assert_reopened(path_of(segment, path), &f->batch, f->batch.span_count,
                        false); /* while it is live, too */
        assert_false(weft_segment_is_sealed(segment));
        assert_int_equal(weft_segment_writer_seal(writer, NULL), WEFT_OK);
        assert_true(weft_segment_is_sealed(segment));
        weft_segment_unref(segment);
        assert_reopened(path, &f->batch, f->batch.span_count, false);
    }
}

static void finds_traces(void **state)
{
    struct fixture *f = *state;
    struct weft_segment_view view;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    for (int i = 0; i < 6; i++) {
        fixture_append_ok(f, writer, &varieties[i % 4]);
        /* Ids that share their first bits, too: the index must sort them all the same. */
        if (i == 2) {
            for (uint32_t s = 0; s < f->batch.span_count; s++)
                memset(f->batch.spans[s].trace_id.bytes, 7, 9);
            f->batch.span_count = 0;
        } else {
            fixture_commit_ok(writer);
        }
    }
    f->batch.span_count = 0;
    weft_segment_view_init(&view, weft_segment_writer_segment(writer));
    uint32_t found = 0;
    for (uint32_t c = 0; c < view.chunk_count; c++) {
        struct weft_chunk_view chunk;
        weft_segment_chunk(&view, c, &chunk);
        for (uint32_t row = 0; row < chunk.span_count; row += 37) {
            struct weft_trace_id id;
            struct weft_batch trace = { .arena = &f->arena };
            memcpy(id.bytes, chunk.records + row * WEFT_RECORD_BYTES, 16);
            assert_int_equal(weft_segment_trace(&view, &id, &trace, NULL), WEFT_OK);
            uint32_t expected = 0;
            for (uint32_t other = 0; other < chunk.span_count; other++) {
                expected += memcmp(chunk.records + other * WEFT_RECORD_BYTES, id.bytes, 16) == 0;
            }
            assert_true(trace.span_count >= expected && expected > 0);
            for (uint32_t s = 0; s < trace.span_count; s++)
                assert_memory_equal(&trace.spans[s].trace_id, &id, 16);
            found++;
        }
    }
    struct weft_batch none = { .arena = &f->arena };
    assert_true(found > 10);
    assert_int_equal(weft_segment_trace(&view, &(struct weft_trace_id){ { 1 } }, &none, NULL),
                     WEFT_OK);
    assert_int_equal(none.span_count, 0);
    weft_segment_view_release(&view);
    weft_segment_writer_destroy(writer);
}

/* Ids in every distribution: sorted, whatever way was taken. */
static void trace_index_is_sorted(void **state)
{
    struct fixture *f = *state;
    static uint8_t records[5000 * WEFT_RECORD_BYTES];
    static uint64_t index[5000], scratch[5000];
    static const uint32_t counts[] = { 1, 2, 7, 100, 5000 };
    for (int kind = 0; kind < 4; kind++) {
        for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
            for (uint32_t i = 0; i < counts[n]; i++) {
                uint8_t *id = records + i * WEFT_RECORD_BYTES;
                weft_random_bytes(&f->random, id, 16);
                if (kind == 1) memset(id, 0, 4);
                if (kind == 2) memset(id, 9, 16);
                if (kind == 3 && i % 10 != 0) memcpy(id, id - WEFT_RECORD_BYTES, 16);
            }
            weft_trace_index_build(index, scratch, records, counts[n]);
            uint64_t rows = 0;
            for (uint32_t i = 0; i < counts[n]; i++) {
                uint32_t row = index[i] & 0xffffff;
                assert_true(i == 0 || index[i - 1] < index[i]);
                assert_true(row < counts[n]);
                assert_int_equal(index[i] ^ row,
                                 weft_trace_index_prefix(records + row * WEFT_RECORD_BYTES));
                rows += row;
            }
            assert_int_equal(rows, (uint64_t)counts[n] * (counts[n] - 1) / 2);
        }
    }
}

/* ---- damage ---- */

/* A file of two chunks; the second is small. Returns its offset and end. */
static struct weft_buf two_chunks(struct fixture *f, uint32_t *first_spans, size_t *begin,
                                  size_t *end)
{
    char path[256];
    static const struct fixture_variety small = {
        .spans = 2, .resources = 1, .names = 2, .keys = 3, .values = 9, .attributes_max = 3
    };
    struct weft_segment_bytes bytes;
    struct weft_segment_writer *writer = fixture_writer(f, 5, NULL);
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    path_of(segment, path);
    fixture_append_ok(f, writer, &varieties[3]);
    fixture_commit_ok(writer);
    *first_spans = f->batch.span_count;
    weft_segment_bytes(segment, &bytes);
    *begin = bytes.used;
    fixture_append_ok(f, writer, &small);
    fixture_commit_ok(writer);
    const struct weft_chunk_build *build =
        writer->spare; /* where the sections end, before the padding */
    *end = *begin + WEFT_CHUNK_BODY_OFFSET + (size_t)build->span_count * (WEFT_RECORD_BYTES + 8) +
           build->word_count * 4 + build->heap_bytes + build->table_bytes;
    weft_segment_writer_destroy(writer);
    return fixture_file(path);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void torn_tail_gives_earlier_chunks(void **state)
{
    struct fixture *f = *state;
    uint32_t first_spans;
    size_t begin, end;
    char path[256];
    f->limits.file_bytes = 256 << 10;
    struct weft_buf file = two_chunks(f, &first_spans, &begin, &end);
    snprintf(path, sizeof path, "%s/torn.weft", f->directory);
    write_file(path, file.data, file.len);
    assert_reopened(path, &f->batch, f->batch.span_count, false);
    char *damaged = malloc(file.len);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    for (int filler = 0; filler < 2; filler++) { /* fresh file: zeros; recycled file: anything */
        for (size_t cut = begin; cut < end; cut++) {
            memcpy(damaged, file.data, file.len);
            memset(damaged + cut, filler != 0 ? 0x5a : 0, end - cut);
            if (memcmp(damaged, file.data, file.len) == 0)
                continue; /* the last bytes were zero anyway */
            assert_int_equal(pwrite(fd, damaged + begin, file.len - begin, (off_t)begin),
                             file.len - begin);
            assert_reopened(path, &f->batch, first_spans, cut >= begin + WEFT_CHUNK_HEADER_BYTES);
        }
    }
    close(fd);
    /* The file itself ends early. */
    for (size_t cut = begin; cut < end; cut += 97) {
        assert_int_equal(truncate(path, (off_t)cut), 0);
        struct weft_segment *segment;
        assert_int_equal(weft_segment_open(&segment, path, NULL, NULL), WEFT_OK);
        assert_segment_holds(segment, &f->batch, first_spans);
        weft_segment_unref(segment);
        write_file(path, file.data, file.len);
    }
    free(damaged);
    weft_buf_release(&file);
}

static void bit_flips_are_found(void **state)
{
    struct fixture *f = *state;
    uint32_t first_spans;
    size_t begin, end;
    char path[256];
    f->limits.file_bytes = 256 << 10;
    struct weft_buf file = two_chunks(f, &first_spans, &begin, &end);
    snprintf(path, sizeof path, "%s/flipped.weft", f->directory);
    write_file(path, file.data, file.len);
    int fd = open(path, O_RDWR);
    for (size_t at = 0; at < end; at++) {
        if (at >= 56 && at < WEFT_SEGMENT_PAGE) continue; /* nothing there without a seal mark */
        if (at >= WEFT_SEGMENT_PAGE + 600 && at + 4096 < begin && at % 61 != 0)
            continue; /* enough of the first chunk */
        char flipped = (char)(file.data[at] ^ (1 << (at & 7)));
        uint64_t torn;
        struct weft_segment *segment = NULL;
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)at), 1);
        int rc = weft_segment_open(&segment, path, &torn, NULL);
        if (at < 56) {
            assert_true(rc == WEFT_CORRUPT);
        } else {
            assert_int_equal(rc, WEFT_OK);
            struct weft_segment_view view;
            weft_segment_view_init(&view, segment);
            if (at >= begin)
                assert_int_equal(view.span_count, first_spans);
            else
                assert_true(view.span_count == 0 ||
                            view.span_count == f->batch.span_count); /* the latter: padding */
            weft_segment_view_release(&view);
        }
        weft_segment_unref(segment);
        assert_int_equal(pwrite(fd, &file.data[at], 1, (off_t)at), 1);
    }
    close(fd);
    weft_buf_release(&file);
}

static void seal_mark_tells_of_lost_chunks(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct weft_segment_bytes bytes;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    path_of(weft_segment_writer_segment(writer), path);
    fixture_append_ok(f, writer, &varieties[1]);
    fixture_commit_ok(writer);
    uint32_t first_spans = f->batch.span_count;
    weft_segment_bytes(weft_segment_writer_segment(writer), &bytes);
    fixture_append_ok(f, writer, &varieties[1]);
    fixture_commit_ok(writer);
    assert_int_equal(weft_segment_writer_seal(writer, NULL), WEFT_OK);
    assert_reopened(path, &f->batch, f->batch.span_count, false);
    /* A whole page of the last chunk is gone, its header too: without the mark that would look like
     * a clean end. */
    struct weft_buf file = fixture_file(path);
    memset(file.data + bytes.used, 0, 4096);
    write_file(path, file.data, file.len);
    assert_reopened(path, &f->batch, first_spans, true);
    struct weft_segment *segment;
    assert_int_equal(weft_segment_open(&segment, path, NULL, NULL), WEFT_OK);
    assert_true(weft_segment_damaged_bytes(segment) >= 4096); /* lost, not torn */
    weft_segment_unref(segment);
    weft_buf_release(&file);
}

static void recycled_file_forgets_its_old_chunks(void **state)
{
    struct fixture *f = *state;
    char path[256], spare[256];
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    snprintf(spare, sizeof spare, "%s/spare-1.weft", f->directory);
    for (int i = 0; i < 6; i++) {
        fixture_append_ok(
            f, writer,
            &varieties[0]); /* small chunks: one page each, so the new ones end between old ones */
        fixture_commit_ok(writer);
    }
    weft_segment_ref(segment);
    assert_int_equal(weft_segment_writer_seal(writer, NULL), WEFT_OK);
    weft_segment_mark_obsolete(segment, spare);
    path_of(segment, path);
    weft_segment_unref(segment);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(spare, F_OK), 0);
    f->batch.span_count = 0;
    writer = fixture_writer(f, 2, spare);
    path_of(weft_segment_writer_segment(writer), path);
    assert_int_equal(access(spare, F_OK), -1);
    assert_reopened(path, &f->batch, 0, false);
    for (int i = 0; i < 3; i++) {
        fixture_append_ok(f, writer, &varieties[0]);
        fixture_commit_ok(writer);
        assert_reopened(path, &f->batch, f->batch.span_count, false);
    }
    segment = weft_segment_writer_segment(writer);
    weft_segment_ref(segment);
    weft_segment_writer_destroy(writer);
    weft_segment_mark_obsolete(segment, NULL);
    weft_segment_unref(segment);
    assert_int_equal(access(path, F_OK), -1);
}

/* ---- bounds ---- */

static void refuses_what_does_not_fit(void **state)
{
    struct fixture *f = *state;
    bool must_seal;
    struct weft_err err;
    f->limits.segment_spans = 1000;
    f->limits.chunk_spans = 650;
    f->limits.file_bytes = 1 << 20;
    struct fixture_variety v = varieties[1];
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    v.spans = 1001;
    assert_int_equal(fixture_append(f, writer, &v, &must_seal, &err), WEFT_TOO_LARGE);
    v.spans = 300;
    assert_int_equal(fixture_append(f, writer, &v, &must_seal, &err), WEFT_OK);
    assert_int_equal(fixture_append(f, writer, &v, &must_seal, &err), WEFT_OK);
    assert_int_equal(fixture_append(f, writer, &v, &must_seal, &err), WEFT_FULL); /* of the chunk */
    assert_false(must_seal);
    struct weft_chunk_build *out = weft_segment_writer_take(writer);
    assert_non_null(out);
    assert_int_equal(weft_chunk_build_spans(out), 600);
    assert_int_equal(fixture_append(f, writer, &v, &must_seal, &err), WEFT_OK);
    assert_null(weft_segment_writer_take(writer)); /* one is out */
    assert_int_equal(fixture_append(f, writer, &v, &must_seal, &err), WEFT_FULL);
    assert_true(must_seal);
    assert_int_equal(weft_chunk_commit(out, &err), WEFT_OK);
    weft_segment_writer_give_back(writer, out);
    fixture_commit_ok(writer);
    assert_segment_holds(segment, &f->batch, f->batch.span_count);
    weft_segment_writer_destroy(writer);
}

/* Batches that are refused half way leave no trace: what comes before and after them reads back. */
static void refused_batches_are_taken_back(void **state)
{
    struct fixture *f = *state;
    bool must_seal;
    struct weft_err err;
    char path[256];
    static const struct fixture_variety wide = { .spans = 3000,
                                                 .resources = 40,
                                                 .names = 400,
                                                 .keys = 900,
                                                 .values = 700,
                                                 .attributes_max = 30 };
    f->limits.file_bytes = 384 << 10;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    path_of(segment, path);
    assert_int_equal(fixture_append(f, writer, &wide, &must_seal, &err), WEFT_TOO_LARGE);
    assert_int_equal(weft_segment_writer_pending_spans(writer), 0);
    int rc = WEFT_OK;
    for (int i = 0; rc == WEFT_OK && i < 100; i++) {
        rc = fixture_append(f, writer, &varieties[2], &must_seal, &err);
        if (rc < 0) break;
        assert_int_equal(fixture_append(f, writer, &wide, &must_seal, &err), WEFT_FULL);
        assert_true(must_seal);
        fixture_commit_ok(writer);
        assert_segment_holds(segment, &f->batch, f->batch.span_count);
    }
    assert_int_equal(rc, WEFT_FULL);
    assert_true(must_seal);
    assert_true(f->batch.span_count > 300);
    assert_int_equal(weft_segment_writer_seal(writer, &err), WEFT_OK);
    assert_reopened(path, &f->batch, f->batch.span_count, false);
}

static void caps_hold(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct weft_segment_view view;
    static const struct fixture_variety wild = { .spans = 400,
                                                 .resources = 2,
                                                 .names = 5000,
                                                 .keys = 5000,
                                                 .values = 5000,
                                                 .attributes_max = 8,
                                                 .is_rich = true };
    f->limits.strings = 100;
    f->limits.strings_per_key = 20;
    f->limits.keys = 50;
    f->limits.keys_at_once = 10;
    f->limits.shapes = 20;
    f->limits.names = 30;
    f->limits.plain_after = 64;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    path_of(segment, path);
    for (int i = 0; i < 4; i++) {
        fixture_append_ok(f, writer, i == 2 ? &wild : &varieties[i == 0 ? 1 : i]);
        fixture_commit_ok(writer);
    }
    weft_segment_view_init(&view, segment);
    assert_true(view.string_count <= 100 && view.key_count <= 50 && view.shape_count <= 20);
    assert_true(view.key_count > 10 && view.shape_count == 20);
    weft_segment_view_release(&view);
    assert_segment_holds(segment, &f->batch, f->batch.span_count);
    weft_segment_writer_destroy(writer);
    assert_reopened(path, &f->batch, f->batch.span_count, false);
}

/* Values that come in turns are numbered, whichever of them share a place among those seen once. */
static void values_in_turns_are_numbered(void **state)
{
    struct fixture *f = *state;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    struct weft_dictionary *strings = &writer->tables->strings;
    struct weft_key_state key = { 0 };
    char text[128];

    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 2000; i++) {
            uint32_t len = (uint32_t)snprintf(text, sizeof text, "value-%d", i);
            uint32_t hash = weft_dictionary_hash(strings->seed, text, len);
            uint32_t number = weft_dictionary_find(strings, strings->count, hash, text, len);
            if (round == 2) assert_int_not_equal(number, WEFT_NONE);
            if (number == WEFT_NONE) weft_intern_string_missed(writer, &key, hash, text, len);
        }
    weft_segment_writer_destroy(writer);
}

/* 100,000 different keys, names and values in the default limits: bounded tables, all read back. */
static void hostile_variety_is_bounded(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct weft_segment_view view;
    static const struct fixture_variety hostile = { .spans = 5000,
                                                    .resources = 3,
                                                    .names = 100000,
                                                    .keys = 100000,
                                                    .values = 100000000,
                                                    .attributes_max = 6 };
    f->limits.file_bytes = 32 << 20;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    path_of(segment, path);
    for (int i = 0; i < 8; i++) {
        fixture_append_ok(f, writer, &hostile);
        fixture_commit_ok(writer);
    }
    weft_segment_view_init(&view, segment);
    assert_true(view.key_count <= f->limits.keys);
    assert_true(view.string_count < 20000); /* names, until they are found to be always new */
    assert_true(view.head_count < 20000);
    weft_segment_view_release(&view);
    assert_segment_holds(segment, &f->batch, f->batch.span_count);
    weft_segment_writer_destroy(writer);
    assert_reopened(path, &f->batch, f->batch.span_count, false);
}

/* ---- every system call fails once ---- */

struct fault {
    int left;
    bool is_short;
};

static int fail_at(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    struct fault *fault = self;
    if (op == WEFT_FILE_UNLINK) return 0;
    if (--fault->left != 0) return 0;
    if (!fault->is_short || op != WEFT_FILE_WRITE) return EIO;
    *len /= 2; /* half is written; the rest is asked for again and works */
    return 0;
}

/* Returns whether every call went through. What was acknowledged must be there afterwards. */
static bool run_with_fault(struct fixture *f, int nth, bool is_short)
{
    char path[256];
    struct weft_err err;
    bool must_seal, is_fine = true;
    struct weft_segment_writer *writer;
    struct fault fault = { .left = nth, .is_short = is_short };
    struct weft_file_faults faults = { .before = fail_at, .self = &fault };
    struct weft_segment_options options = { .directory = f->directory, .number = (uint64_t)nth };
    uint32_t committed = 0;
    f->batch.span_count = 0;
    snprintf(path, sizeof path, "%s/segment-%016x.weft", f->directory, (unsigned)nth);
    weft_file_set_faults(&faults);
    int rc = weft_segment_writer_create_limited(&writer, &options, &f->limits, &err);
    if (rc < 0) {
        weft_file_set_faults(NULL);
        assert_true(err.text[0] != 0);
        assert_int_equal(access(path, F_OK), -1);
        return false;
    }
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    for (int i = 0; i < 4; i++) {
        rc = fixture_append(f, writer, &varieties[1], &must_seal, &err);
        if (rc == WEFT_OK)
            rc = fixture_commit(writer, &err);
        else
            assert_true(rc == WEFT_IO && must_seal);
        if (rc == WEFT_OK) committed = f->batch.span_count;
        if (rc < 0) is_fine = false;
        assert_true(is_fine || rc < 0); /* broken stays broken */
        assert_segment_holds(segment, &f->batch, committed);
    }
    if (is_fine)
        is_fine = weft_segment_writer_seal(writer, &err) == WEFT_OK;
    else
        weft_segment_writer_destroy(writer);
    weft_file_set_faults(NULL);
    struct weft_segment *reopened;
    assert_int_equal(weft_segment_open(&reopened, path, NULL, &err), WEFT_OK);
    struct weft_segment_view view;
    weft_segment_view_init(&view, reopened);
    assert_true(view.span_count >=
                committed); /* a chunk whose sync failed may be there all the same */
    weft_segment_view_release(&view);
    weft_segment_unref(reopened);
    unlink(path);
    return is_fine && fault.left > 0;
}

static void every_failure_is_clean(void **state)
{
    struct fixture *f = *state;
    int nth = 1;
    f->limits.file_bytes = 1 << 20;
    while (!run_with_fault(f, nth, false)) assert_true(++nth < 100);
    assert_true(nth > 12);
    for (int i = 1; i < nth; i++) run_with_fault(f, i, true);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(reads_back_what_was_appended),
        TEST(finds_traces),
        TEST(trace_index_is_sorted),
        TEST(torn_tail_gives_earlier_chunks),
        TEST(bit_flips_are_found),
        TEST(seal_mark_tells_of_lost_chunks),
        TEST(recycled_file_forgets_its_old_chunks),
        TEST(refuses_what_does_not_fit),
        TEST(refused_batches_are_taken_back),
        TEST(caps_hold),
        TEST(values_in_turns_are_numbered),
        TEST(hostile_variety_is_bounded),
        TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
