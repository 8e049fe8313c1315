/* bundle_test.c -- blocks in a bundle answer as they did alone; what is damaged, cut or foreign is named; a failing write
 * leaves nothing behind. */
#include "base/hash.h"
#include "store/block_fixture.h"
#include "store/bundle_internal.h"
#include <errno.h>
#include <fcntl.h>

static const struct weft_batch_random_knobs knobs = { .has_odd_values = true,
                                                      .has_nested_values = true,
                                                      .has_unicode = true,
                                                      .has_odd_times = true,
                                                      .has_events_and_links = true,
                                                      .has_all_fields = true };
enum { BLOCKS = 3, NUMBER = 77 };

/* Blocks whose traces have nothing to do with each other, and a bundle of them. */
struct bundled {
    struct block_fixture f;
    struct weft_block *blocks[BLOCKS];
    char path[128];
};

static void bundled_init(struct bundled *b)
{
    struct weft_bundle_part parts[BLOCKS] = { 0 };
    struct weft_merge_stats merged;
    struct weft_bundle_stats stats;
    struct weft_err err = { 0 };

    block_fixture_init(&b->f);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        struct weft_segment *segment = block_fixture_random(&b->f, 100 + i, 8, &knobs);
        b->blocks[i] = block_fixture_merge(&b->f, &segment, 1, NULL, 0, &merged);
        parts[i].block = b->blocks[i];
    }
    const uint64_t superseded[] = { 5, 9 };
    struct weft_bundle_input input = { .members = parts,
                                       .member_count = BLOCKS,
                                       .superseded_bundles = superseded,
                                       .superseded_bundle_count = 2 };
    struct weft_bundle_options options = { .directory = b->f.directory,
                                           .number = NUMBER,
                                           .patch_number = 78 };
    if (weft_bundle_write(&input, &options, &stats, &err) < 0) fail_msg("%s", err.text);
    assert_int_equal(stats.members, BLOCKS);
    assert_int_equal(stats.split_traces, 0);
    snprintf(b->path, sizeof b->path, "%s/bundle-%016x.weft", b->f.directory, NUMBER);
}

static void bundled_release(struct bundled *b)
{
    for (uint32_t i = 0; i < BLOCKS; i++) weft_block_unref(b->blocks[i]);
    block_fixture_release(&b->f);
}

static void members_are_the_blocks(void **state)
{
    struct bundled b;
    struct weft_bundle *bundle;
    struct weft_bundle_info info;
    struct weft_err err = { 0 };

    bundled_init(&b);
    if (weft_bundle_open(&bundle, b.path, &err) < 0) fail_msg("%s", err.text);
    weft_bundle_info(bundle, &info);
    assert_int_equal(info.number, NUMBER);
    assert_int_equal(info.member_count, BLOCKS);
    assert_int_equal(info.superseded_bundle_count, 2);
    assert_int_equal(info.superseded_bundles[1], 9);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        struct weft_batch expected = { .arena = &b.f.arena }, got = { .arena = &b.f.arena };
        struct weft_block_info a, m;
        struct weft_block *member;
        if (weft_bundle_block(bundle, i, &member, &err) < 0) fail_msg("%s", err.text);
        if (i + 1 == BLOCKS) weft_bundle_unref(bundle); /* the member holds it */
        weft_block_info(b.blocks[i], &a);
        weft_block_info(member, &m);
        assert_int_equal(m.number, a.number);
        assert_int_equal(m.file_bytes, a.file_bytes);
        assert_int_equal(weft_block_check(member, NULL, NULL, &err), 0);
        fixture_read_all(b.blocks[i], &expected);
        fixture_read_all(member, &got);
        assert_int_equal(got.span_count, expected.span_count);
        for (uint32_t s = 0; s < got.span_count; s++)
            assert_true(weft_span_equal(&got.spans[s], &expected.spans[s]));
        weft_block_unref(member);
    }
    bundled_release(&b);
}

static void obsolete_bundles_go_at_the_last_reference(void **state)
{
    struct bundled b;
    struct weft_bundle *bundle;
    struct weft_block *member;
    struct weft_err err = { 0 };

    bundled_init(&b);
    assert_int_equal(weft_bundle_open(&bundle, b.path, &err), 0);
    assert_int_equal(weft_bundle_block(bundle, 1, &member, &err), 0);
    weft_block_mark_obsolete(member); /* is no file */
    weft_bundle_mark_obsolete(bundle);
    weft_bundle_unref(bundle);
    assert_int_equal(access(b.path, F_OK), 0);
    weft_block_unref(member);
    assert_int_not_equal(access(b.path, F_OK), 0);
    bundled_release(&b);
}

/* ---- damage ---- */

static void write_file(const char *path, const char *bytes, size_t len)
{
    int fd;
    assert_int_equal(weft_file_open(&fd, path, O_WRONLY | O_CREAT | O_TRUNC, NULL), 0);
    assert_int_equal(weft_file_write_at(fd, path, bytes, len, 0, NULL), 0);
    weft_file_close(&fd);
}

static void cut_files_are_refused(void **state)
{
    struct bundled b;
    struct weft_bundle *bundle;
    struct weft_buf bytes = { 0 };
    struct weft_random random;
    struct weft_err err = { 0 };

    bundled_init(&b);
    assert_int_equal(weft_file_read_all(&bytes, b.path, 1 << 28, &err), 0);
    weft_random_init(&random, 3);
    for (unsigned n = 0; n < 200; n++) {
        size_t len = n < 100 ? bytes.len - 1 - n : weft_random_below(&random, bytes.len);
        write_file(b.path, bytes.data, len);
        assert_int_equal(weft_bundle_open(&bundle, b.path, &err), WEFT_CORRUPT);
        assert_non_null(strstr(err.text, b.path));
    }
    weft_buf_release(&bytes);
    bundled_release(&b);
}

static void count_finding(void *arg, const char *sentence)
{
    ++*(uint32_t *)arg;
}

/* Header, and what stands at the end twice: no bit there costs a member, and the check names it. */
static void spare_bytes_cost_no_member(void **state)
{
    struct bundled b;
    struct weft_bundle *bundle;
    struct weft_bundle_info info;
    struct weft_buf bytes = { 0 };
    struct weft_err err = { 0 };

    bundled_init(&b);
    assert_int_equal(weft_file_read_all(&bytes, b.path, 1 << 28, &err), 0);
    size_t tail = weft_load_u64((uint8_t *)bytes.data + bytes.len - WEFT_BUNDLE_TRAILER_BYTES);
    for (size_t at = 0; at < bytes.len; at = at + 1 == WEFT_BUNDLE_HEADER_BYTES ? tail : at + 1) {
        uint32_t findings = 0;
        char bit = (char)(1 << at % 8);
        bytes.data[at] = (char)(bytes.data[at] ^ bit);
        write_file(b.path, bytes.data, bytes.len);
        bytes.data[at] = (char)(bytes.data[at] ^ bit);
        if (weft_bundle_open(&bundle, b.path, &err) < 0) fail_msg("byte %zu: %s", at, err.text);
        weft_bundle_info(bundle, &info);
        assert_int_equal(info.member_count, BLOCKS);
        assert_int_equal(info.superseded_bundles[1], 9);
        assert_int_equal(weft_bundle_check_frame(bundle, count_finding, &findings, &err),
                         WEFT_CORRUPT);
        assert_int_equal(findings, 1);
        assert_non_null(strstr(err.text, b.path));
        weft_bundle_unref(bundle);
    }
    weft_buf_release(&bytes);
    bundled_release(&b);
}

static void both_directories_damaged(void **state)
{
    struct bundled b;
    struct weft_bundle *bundle;
    struct weft_buf bytes = { 0 };
    struct weft_err err = { 0 };

    bundled_init(&b);
    assert_int_equal(weft_file_read_all(&bytes, b.path, 1 << 28, &err), 0);
    bytes.data[weft_load_u64((uint8_t *)bytes.data + bytes.len - WEFT_BUNDLE_TRAILER_BYTES)] ^= 1;
    bytes.data[bytes.len - WEFT_BUNDLE_TRAILER_BYTES - 1] ^= 1;
    write_file(b.path, bytes.data, bytes.len);
    assert_int_equal(weft_bundle_open(&bundle, b.path, &err), WEFT_CORRUPT);
    assert_non_null(strstr(err.text, "checksum of directory"));
    weft_buf_release(&bytes);
    bundled_release(&b);
}

/* A bit anywhere else is found by the check: in a member or between two. */
static void the_check_finds_flipped_bits(void **state)
{
    struct bundled b;
    struct weft_bundle *bundle;
    struct weft_buf bytes = { 0 };
    struct weft_random random;
    struct weft_err err = { 0 };
    uint32_t findings = 0;

    bundled_init(&b);
    assert_int_equal(weft_bundle_open(&bundle, b.path, &err), 0);
    assert_int_equal(weft_bundle_check(bundle, count_finding, &findings, &err), 0);
    assert_int_equal(findings, 0);
    weft_bundle_unref(bundle);
    assert_int_equal(weft_file_read_all(&bytes, b.path, 1 << 28, &err), 0);
    weft_random_init(&random, 6);
    size_t tail = weft_load_u64((uint8_t *)bytes.data + bytes.len - WEFT_BUNDLE_TRAILER_BYTES);
    for (size_t at = WEFT_BUNDLE_HEADER_BYTES; at < tail;
         at += 1 + weft_random_below(&random, 900)) {
        char bit = (char)(1 << weft_random_below(&random, 7));
        bytes.data[at] = (char)(bytes.data[at] ^ bit);
        write_file(b.path, bytes.data, bytes.len);
        bytes.data[at] = (char)(bytes.data[at] ^ bit);
        findings = 0;
        assert_int_equal(weft_bundle_open(&bundle, b.path, &err), 0);
        if (weft_bundle_check(bundle, count_finding, &findings, &err) != WEFT_CORRUPT ||
            findings == 0)
            fail_msg("byte %zu was not noticed", at);
        assert_non_null(strstr(err.text, b.path));
        weft_bundle_unref(bundle);
    }
    weft_buf_release(&bytes);
    bundled_release(&b);
}

/* ---- versions and sections to come ---- */

/* The last copy's checksum made right, and the first copy like it. */
static void tail_mend(struct weft_buf *bytes)
{
    uint8_t *t = (uint8_t *)bytes->data + bytes->len - WEFT_BUNDLE_TRAILER_BYTES,
            *directory = t - weft_load_u32(t + 8);
    weft_store_u64(t + 32, weft_hash(directory, (size_t)(t + 32 - directory)));
    memcpy(bytes->data + weft_load_u64(t), directory,
           weft_load_u32(t + 8) + WEFT_BUNDLE_TRAILER_BYTES);
}

static void newer_files_are_refused_or_read(void **state)
{
    static const struct {
        const char *what;
        uint32_t version, kind, flags;
        int rc;
        const char *says;
    } cases[] = {
        { "a newer version", 2, WEFT_BUNDLE_SUPERSEDED, 1, WEFT_UNSUPPORTED,
          "newer weft: format 2" },
        { "an unknown section that is required", 1, 9, 1, WEFT_UNSUPPORTED, "section of kind 9" },
        { "an unknown section that is not", 1, 9, 0, WEFT_OK, NULL },
    };
    struct bundled b;
    struct weft_bundle *bundle;
    struct weft_buf bytes = { 0 };
    struct weft_err err = { 0 };

    bundled_init(&b);
    assert_int_equal(weft_file_read_all(&bytes, b.path, 1 << 28, &err), 0);
    uint8_t *t = (uint8_t *)bytes.data + bytes.len - WEFT_BUNDLE_TRAILER_BYTES,
            *second = t - weft_load_u32(t + 8) + 8 + WEFT_BUNDLE_SECTION_BYTES;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weft_store_u32(t + 12, cases[i].version);
        weft_store_u32(second, cases[i].kind);
        weft_store_u32(second + 4, cases[i].flags);
        tail_mend(&bytes);
        write_file(b.path, bytes.data, bytes.len);
        int rc = weft_bundle_open(&bundle, b.path, &err);
        if (rc != cases[i].rc) fail_msg("%s: %d", cases[i].what, rc);
        if (rc < 0) {
            assert_non_null(strstr(err.text, cases[i].says));
            continue;
        }
        struct weft_bundle_info info;
        weft_bundle_info(bundle, &info);
        assert_int_equal(info.member_count, BLOCKS);
        assert_int_equal(info.superseded_bundle_count, 0);
        weft_bundle_unref(bundle);
    }
    weft_buf_release(&bytes);
    bundled_release(&b);
}

/* A damaged member fails the writing, and the sentence names the block. */
static void damaged_blocks_are_not_bundled(void **state)
{
    struct bundled b;
    struct weft_buf bytes = { 0 };
    struct weft_err err = { 0 };
    struct weft_bundle_stats stats;
    struct weft_random random;
    char path[128];

    bundled_init(&b);
    block_fixture_path(&b.f, 2, path, sizeof path);
    assert_int_equal(weft_file_read_all(&bytes, path, 1 << 28, &err), 0);
    weft_random_init(&random, 4);
    for (unsigned n = 0; n < 30; n++) {
        struct weft_block *damaged;
        size_t at = weft_random_below(&random, bytes.len);
        bytes.data[at] ^= 4;
        write_file(path, bytes.data, bytes.len);
        bytes.data[at] ^= 4;
        if (weft_block_open(&damaged, path, &err) < 0) continue;
        struct weft_bundle_part parts[2] = { { b.blocks[0], NULL }, { damaged, NULL } };
        struct weft_bundle_input input = { .members = parts, .member_count = 2 };
        struct weft_bundle_options options = { .directory = b.f.directory, .number = 79 };
        assert_int_equal(weft_bundle_write(&input, &options, &stats, &err), WEFT_CORRUPT);
        assert_non_null(strstr(err.text, path));
        weft_block_unref(damaged);
    }
    snprintf(path, sizeof path, "%s/bundle-%016x.weft", b.f.directory, 79);
    assert_int_not_equal(access(path, F_OK), 0);
    weft_buf_release(&bytes);
    bundled_release(&b);
}

struct failing {
    uint32_t left;
    bool has_failed;
};
static int fail_nth(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    struct failing *f = self;
    if (f->has_failed || f->left-- > 0) return 0;
    f->has_failed = true;
    return EIO;
}

/* With a block that has the spans of another: all of its traces go into a patch. */
static void every_operation_fails_once(void **state)
{
    struct bundled b;
    struct weft_merge_stats merged;
    char path[128], temporary[160];
    bool is_done = false;

    bundled_init(&b);
    struct weft_segment *segment = block_fixture_random(&b.f, 100, 8, &knobs);
    struct weft_block *twin = block_fixture_merge(&b.f, &segment, 1, NULL, 0, &merged);
    snprintf(path, sizeof path, "%s/bundle-%016x.weft", b.f.directory, 80);
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    for (uint32_t n = 0; !is_done; n++) {
        struct failing failing = { n, false };
        struct weft_file_faults faults = { fail_nth, &failing };
        struct weft_bundle_part parts[] = { { b.blocks[0], NULL },
                                            { b.blocks[1], NULL },
                                            { twin, NULL } };
        struct weft_bundle_input input = { .members = parts, .member_count = 3 };
        struct weft_bundle_options options = { .directory = b.f.directory,
                                               .number = 80,
                                               .patch_number = 81 };
        struct weft_bundle_stats stats;
        struct weft_bundle *bundle;
        struct weft_err err = { 0 };
        weft_file_set_faults(&faults);
        int rc = weft_bundle_write(&input, &options, &stats, &err);
        if (rc == 0 && weft_bundle_open(&bundle, path, &err) == 0) weft_bundle_unref(bundle);
        weft_file_set_faults(NULL);
        is_done = !failing.has_failed;
        assert_true(rc == 0 || rc == WEFT_IO);
        assert_int_equal(access(path, F_OK) == 0, rc == 0);
        assert_int_not_equal(access(temporary, F_OK), 0);
        if (rc < 0) continue;
        assert_true(stats.split_traces > 0);
        assert_int_equal(stats.exact_duplicates, merged.spans_out);
        assert_int_equal(weft_file_unlink(path, NULL), 0);
    }
    weft_block_unref(twin);
    bundled_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_the_blocks),
        cmocka_unit_test(obsolete_bundles_go_at_the_last_reference),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(spare_bytes_cost_no_member),
        cmocka_unit_test(both_directories_damaged),
        cmocka_unit_test(the_check_finds_flipped_bits),
        cmocka_unit_test(newer_files_are_refused_or_read),
        cmocka_unit_test(damaged_blocks_are_not_bundled),
        cmocka_unit_test(every_operation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
