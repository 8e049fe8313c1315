/* block_damage_test.c -- damaged blocks say so and never answer wrong; failing writes leave nothing
 * behind. */
#include "store/block_fixture.h"
#include <errno.h>
#include <fcntl.h>

static const struct weft_batch_random_knobs knobs = { .has_odd_values = true,
                                                      .has_nested_values = true,
                                                      .has_unicode = true,
                                                      .has_odd_times = true,
                                                      .has_events_and_links = true,
                                                      .has_all_fields = true };

/* A block, closed, and its bytes. */
static void block_make(struct block_fixture *f, uint32_t batches, char *path, size_t size,
                       struct weft_buf *bytes)
{
    struct weft_merge_stats stats;
    struct weft_err err;
    struct weft_segment *segment = block_fixture_random(f, 5, batches, &knobs);

    weft_block_unref(block_fixture_merge(f, &segment, 1, NULL, 0, &stats));
    block_fixture_path(f, 1, path, size);
    assert_int_equal(weft_file_read_all(bytes, path, 1 << 28, &err), 0);
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    int fd;
    assert_int_equal(weft_file_open(&fd, path, O_WRONLY | O_CREAT | O_TRUNC, NULL), 0);
    assert_int_equal(weft_file_write_at(fd, path, bytes, len, 0, NULL), 0);
    weft_file_close(&fd);
}

static void count_finding(void *arg, const char *sentence)
{
    ++*(uint32_t *)arg;
}

/* Opening refuses, or checking finds it; and a trace comes whole or not at all. */
static void assert_noticed(const char *path, const struct weft_trace_id *id, uint32_t spans,
                           const char *what, size_t at)
{
    struct weft_block *block;
    struct weft_arena arena;
    struct weft_batch batch = { .arena = &arena };
    struct weft_err err = { 0 };
    uint32_t findings = 0;

    int rc = weft_block_open(&block, path, &err);
    if (rc < 0) {
        assert_true(strstr(err.text, "block") != NULL);
        return;
    }
    weft_arena_init(&arena, 0);
    rc = weft_block_trace(block, NULL, id, &batch, &err);
    if (rc == 0)
        assert_int_equal(batch.span_count, spans);
    else
        assert_true(strstr(err.text, path) != NULL);
    if (weft_block_check(block, count_finding, &findings, &err) == 0 || findings == 0)
        fail_msg("%s at %zu was not noticed", what, at);
    weft_arena_release(&arena);
    weft_block_unref(block);
}

static uint32_t spans_of_first_trace(const struct block_fixture *f)
{
    uint32_t spans = 0;
    for (uint32_t i = 0; i < f->all.span_count; i++)
        spans += memcmp(&f->all.spans[i].trace_id, &f->all.spans[0].trace_id, 16) == 0;
    return spans;
}

static void flipped_bits_are_noticed(void **state)
{
    struct block_fixture f;
    struct weft_buf bytes = { 0 };
    struct weft_random random;
    char path[128];

    block_fixture_init(&f);
    block_make(&f, 60, path, sizeof path, &bytes);
    weft_random_init(&random, 1);
    for (size_t page = 0; page < bytes.len; page += WEFT_BLOCK_PAGE_BYTES) {
        size_t len =
            bytes.len - page < WEFT_BLOCK_PAGE_BYTES ? bytes.len - page : WEFT_BLOCK_PAGE_BYTES;
        for (unsigned n = 0; n < 4; n++) {
            size_t at = page + weft_random_below(&random, len);
            char bit = (char)(1 << weft_random_below(&random, 7));
            bytes.data[at] = (char)(bytes.data[at] ^ bit);
            write_file(path, bytes.data, bytes.len);
            assert_noticed(path, &f.all.spans[0].trace_id, spans_of_first_trace(&f),
                           "a flipped bit", at);
            bytes.data[at] = (char)(bytes.data[at] ^ bit);
        }
    }
    weft_buf_release(&bytes);
    block_fixture_release(&f);
}

/* What stands at the end twice, and the header, which the footer knows: no bit there costs an answer, and the check names it. */
static void spare_bytes_cost_no_answer(void **state)
{
    struct block_fixture f;
    struct weft_buf bytes = { 0 };
    char path[128];

    block_fixture_init(&f);
    block_make(&f, 3, path, sizeof path, &bytes);
    const uint8_t *trailer = (uint8_t *)bytes.data + bytes.len - WEFT_BLOCK_TRAILER_BYTES;
    size_t data = weft_load_u64(trailer);
    assert_int_equal(data + 2 * weft_load_u64(trailer + 8), bytes.len);
    for (size_t at = 0; at < bytes.len; at = at + 1 == WEFT_BLOCK_HEADER_BYTES ? data : at + 1) {
        struct weft_block *block;
        struct weft_arena arena;
        struct weft_err err = { 0 };
        struct weft_batch batch = { .arena = &arena };
        uint32_t findings = 0;
        char bit = (char)(1 << at % 8);
        bytes.data[at] = (char)(bytes.data[at] ^ bit);
        write_file(path, bytes.data, bytes.len);
        bytes.data[at] = (char)(bytes.data[at] ^ bit);
        weft_arena_init(&arena, 0);
        if (weft_block_open(&block, path, &err) < 0) fail_msg("byte %zu: %s", at, err.text);
        fixture_read_all(block, &batch);
        assert_int_equal(batch.span_count, f.all.span_count);
        assert_int_equal(weft_block_check(block, count_finding, &findings, &err), WEFT_CORRUPT);
        assert_int_equal(findings, 1);
        assert_non_null(strstr(err.text, "no span is lost"));
        weft_arena_release(&arena);
        weft_block_unref(block);
    }
    weft_buf_release(&bytes);
    block_fixture_release(&f);
}

/* Sums of both copies, footers of both, or the footer of one and the sums of the other. */
static void two_damages_in_the_copies(void **state)
{
    struct block_fixture f;
    struct weft_buf bytes = { 0 };
    char path[128];

    block_fixture_init(&f);
    block_make(&f, 3, path, sizeof path, &bytes);
    const uint8_t *trailer = (uint8_t *)bytes.data + bytes.len - WEFT_BLOCK_TRAILER_BYTES;
    size_t tail = weft_load_u64(trailer + 8), first = weft_load_u64(trailer),
           footer = tail - WEFT_BLOCK_TRAILER_BYTES - weft_load_u32(trailer + 16);
    const struct {
        size_t a, b;
        bool is_open;
    } cases[] = {
        { first, first + tail, false },
        { first + footer, first + tail + footer, false },
        { first, first + tail + footer, true },
        { first + footer, first + tail, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_block *block = NULL;
        struct weft_err err = { 0 };
        uint32_t findings = 0;
        bytes.data[cases[i].a] ^= 2;
        bytes.data[cases[i].b] ^= 4;
        write_file(path, bytes.data, bytes.len);
        bytes.data[cases[i].a] ^= 2;
        bytes.data[cases[i].b] ^= 4;
        int rc = weft_block_open(&block, path, &err);
        assert_int_equal(rc, cases[i].is_open ? WEFT_OK : WEFT_CORRUPT);
        if (rc < 0) continue;
        assert_int_equal(weft_block_check(block, count_finding, &findings, &err), WEFT_CORRUPT);
        weft_block_unref(block);
    }
    weft_buf_release(&bytes);
    block_fixture_release(&f);
}

static void cut_files_are_refused(void **state)
{
    struct block_fixture f;
    struct weft_buf bytes = { 0 };
    struct weft_block *block;
    struct weft_random random;
    struct weft_err err;
    char path[128];

    block_fixture_init(&f);
    block_make(&f, 10, path, sizeof path, &bytes);
    weft_random_init(&random, 2);
    for (unsigned n = 0; n < 200; n++) {
        size_t len = n < 100 ? bytes.len - 1 - n : weft_random_below(&random, bytes.len);
        write_file(path, bytes.data, len);
        assert_int_equal(weft_block_open(&block, path, &err), WEFT_CORRUPT);
    }
    weft_buf_release(&bytes);
    block_fixture_release(&f);
}

/* The N-th file operation fails, then N + 1, until the merge gets through. */
struct failing {
    uint32_t left;
    int error;
    bool has_failed;
};
static int fail_nth(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    struct failing *f = self;
    if (f->left-- > 0) return 0;
    f->left = UINT32_MAX;
    f->has_failed = true;
    return f->error;
}

static void every_operation_fails_once(void **state)
{
    struct block_fixture f;
    struct weft_segment_view view;
    struct weft_merge_stats stats;
    const struct weft_segment_view *views[1] = { &view };
    struct weft_merge_input input = { views, 1, NULL, 0 };
    uint64_t number = 1;
    bool is_done = false;

    block_fixture_init(&f);
    struct weft_segment *segment = block_fixture_random(&f, 5, 20, &knobs);
    weft_segment_view_init(&view, segment);
    for (uint32_t n = 0; !is_done; n++) {
        struct failing failing = { n, n % 2 == 0 ? EIO : ENOSPC, false };
        struct weft_file_faults faults = { fail_nth, &failing };
        struct weft_merge_options options = { .directory = f.directory, .number = number++ };
        struct weft_err err = { 0 };
        char path[128], temporary[140];
        weft_file_set_faults(&faults);
        int rc = weft_merge(&input, &options, &stats, &err);
        weft_file_set_faults(NULL);
        block_fixture_path(&f, options.number, path, sizeof path);
        is_done = !failing.has_failed;
        if (is_done) {
            assert_int_equal(rc, 0);
            weft_block_unref(block_fixture_open(path));
            continue;
        }
        assert_true(rc == WEFT_IO || rc == WEFT_FULL);
        assert_true(err.text[0] != 0);
        assert_int_not_equal(access(path, F_OK), 0);
        snprintf(temporary, sizeof temporary, "%s.tmp", path);
        assert_int_not_equal(access(temporary, F_OK), 0);
        assert_true(n < 100);
    }
    weft_segment_view_release(&view);
    weft_segment_unref(segment);
    block_fixture_release(&f);
}

static void opening_fails_cleanly(void **state)
{
    struct block_fixture f;
    struct weft_buf bytes = { 0 };
    char path[128];
    bool is_done = false;

    block_fixture_init(&f);
    block_make(&f, 5, path, sizeof path, &bytes);
    for (uint32_t n = 0; !is_done; n++) {
        struct failing failing = { n, EIO, false };
        struct weft_file_faults faults = { fail_nth, &failing };
        struct weft_block *block = NULL;
        struct weft_err err = { 0 };
        weft_file_set_faults(&faults);
        int rc = weft_block_open(&block, path, &err);
        weft_file_set_faults(NULL);
        is_done = !failing.has_failed;
        assert_int_equal(rc, is_done ? 0 : WEFT_IO);
        if (rc == 0) weft_block_unref(block);
    }
    weft_buf_release(&bytes);
    block_fixture_release(&f);
}

static void obsolete_blocks_go_at_the_last_reference(void **state)
{
    struct block_fixture f;
    struct weft_buf bytes = { 0 };
    char path[128];

    block_fixture_init(&f);
    block_make(&f, 2, path, sizeof path, &bytes);
    struct weft_block *block = block_fixture_open(path);
    weft_block_ref(block);
    weft_block_mark_obsolete(block);
    weft_block_unref(block);
    assert_int_equal(access(path, F_OK), 0);
    weft_block_unref(block);
    assert_int_not_equal(access(path, F_OK), 0);
    weft_buf_release(&bytes);
    block_fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flipped_bits_are_noticed),
        cmocka_unit_test(spare_bytes_cost_no_answer),
        cmocka_unit_test(two_damages_in_the_copies),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(every_operation_fails_once),
        cmocka_unit_test(opening_fails_cleanly),
        cmocka_unit_test(obsolete_blocks_go_at_the_last_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
