/* catalog_test.c -- CATALOG as bytes: what was written comes back, what was changed is noticed. */
#include "base/endian.h"
#include "base/hash.h"
#include "base/random.h"
#include "store/catalog.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void make_catalog(struct weft_catalog *catalog, uint32_t blocks, uint64_t seed)
{
    struct weft_random random;
    uint64_t numbers[20];

    weft_random_init(&random, seed);
    weft_catalog_init(catalog);
    catalog->next_number = 1 + 3 * blocks;
    for (uint32_t i = 0; i < blocks; i++) {
        for (uint32_t k = 0; k < 20; k++) numbers[k] = weft_random_u64(&random);
        struct weft_block_summary block = { .number = 2 + 3 * i,
                                            .file_bytes = weft_random_u64(&random),
                                            .span_count = weft_random_u64(&random),
                                            .trace_count = 5,
                                            .error_count = 6,
                                            .row_group_count = 7,
                                            .start_min = 8,
                                            .start_max = UINT64_MAX,
                                            .created_unix_ns = 9,
                                            .masked_count = i % 3,
                                            .bundle = i % 2 == 0 ? 0 : 1000 + i / 2,
                                            .member = i % 2,
                                            .conflicting_duplicates = 10,
                                            .superseded_segments = numbers,
                                            .superseded_segment_count =
                                                (uint32_t)weft_random_below(&random, 17),
                                            .superseded_blocks = numbers + 17,
                                            .superseded_block_count =
                                                (uint32_t)weft_random_below(&random, 3) };
        weft_random_bytes(&random, &block.trace_min, 16);
        weft_random_bytes(&random, &block.trace_max, 16);
        weft_catalog_add(catalog, &block);
        if (i % 2 == 0) continue;
        weft_catalog_add_bundle(catalog, &(struct weft_bundle_summary){
                                             .number = 1000 + i / 2,
                                             .file_bytes = numbers[0],
                                             .created_unix_ns = i,
                                             .member_count = 2,
                                             .superseded_bundles = numbers + 3,
                                             .superseded_bundle_count = i % 5,
                                         });
    }
}

static void assert_same_bundles(const struct weft_catalog *read, const struct weft_catalog *written)
{
    assert_int_equal(read->bundle_count, written->bundle_count);
    for (uint32_t i = 0; i < written->bundle_count; i++) {
        const struct weft_bundle_summary *a = &written->bundles[i],
                                         *b = weft_catalog_find_bundle(read, a->number);
        assert_non_null(b);
        assert_int_equal(a->file_bytes, b->file_bytes);
        assert_int_equal(a->created_unix_ns, b->created_unix_ns);
        assert_int_equal(a->member_count, b->member_count);
        assert_int_equal(a->superseded_bundle_count, b->superseded_bundle_count);
        for (uint32_t k = 0; k < a->superseded_bundle_count; k++)
            assert_int_equal(a->superseded_bundles[k], b->superseded_bundles[k]);
    }
}

static void round_trip_test(void **state)
{
    static const uint32_t counts[] = { 0, 1, 2, 100 };

    for (size_t i = 0; i < 4; i++) {
        struct weft_catalog written, read;
        struct weft_buf bytes = { 0 };
        make_catalog(&written, counts[i], i + 1);
        weft_catalog_encode(&bytes, &written);
        weft_catalog_init(&read);
        assert_int_equal(weft_catalog_decode(&read, weft_buf_str(&bytes), NULL), WEFT_OK);
        assert_int_equal(read.next_number, written.next_number);
        assert_int_equal(read.block_count, counts[i]);
        for (uint32_t k = 0; k < counts[i]; k++) {
            const struct weft_block_summary *found =
                weft_catalog_find(&read, written.blocks[k].number);
            assert_non_null(found);
            assert_true(weft_block_summary_equal(found, &written.blocks[k]));
            assert_null(weft_catalog_find(&read, written.blocks[k].number + 1));
            assert_int_equal(found->bundle, written.blocks[k].bundle);
            assert_int_equal(found->member, written.blocks[k].member);
            assert_int_equal(found->masked_count, written.blocks[k].masked_count);
        }
        assert_same_bundles(&read, &written);
        weft_catalog_release(&read);
        weft_catalog_release(&written);
        weft_buf_release(&bytes);
    }
}

static void every_changed_byte_test(void **state)
{
    struct weft_catalog catalog;
    struct weft_buf bytes = { 0 };
    struct weft_err err;

    make_catalog(&catalog, 3, 7);
    weft_catalog_encode(&bytes, &catalog);
    weft_catalog_release(&catalog);
    for (size_t i = 0; i < bytes.len; i++) {
        weft_catalog_init(&catalog);
        bytes.data[i] ^= 0x10;
        assert_int_equal(weft_catalog_decode(&catalog, weft_buf_str(&bytes), &err), WEFT_CORRUPT);
        bytes.data[i] ^= 0x10;
        assert_int_equal(weft_catalog_decode(&catalog, weft_str_make(bytes.data, i), &err),
                         WEFT_CORRUPT); /* cut */
        weft_catalog_release(&catalog);
    }
    weft_buf_release(&bytes);
}

/* A right checksum over wrong contents: a writer's mistake must not become a reader's crash. */
static void wrong_contents_test(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint64_t value;
        const char *says;
    } cases[] = {
        { "version", 8, 1 | UINT64_C(3) << 32, "version 1" },
        { "more entries than there are", 8, 2 | UINT64_C(9) << 32, "ends within entry 3 of 9" },
        { "fewer entries", 8, 2 | UINT64_C(2) << 32, "bytes behind" },
        { "endless list", 32 + 128, 0xffffffff | UINT64_C(0xffffffff) << 32,
          "ends within entry 0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_catalog catalog;
        struct weft_buf bytes = { 0 };
        struct weft_err err;
        make_catalog(&catalog, 3, 7);
        weft_catalog_encode(&bytes, &catalog);
        weft_catalog_release(&catalog);
        weft_catalog_init(&catalog);
        weft_store_u64(bytes.data + cases[i].at, cases[i].value);
        weft_store_u64(bytes.data + bytes.len - 8, weft_hash(bytes.data, bytes.len - 8));
        if (weft_catalog_decode(&catalog, weft_buf_str(&bytes), &err) != WEFT_CORRUPT ||
            strstr(err.text, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].name, err.text);
        weft_catalog_release(&catalog);
        weft_buf_release(&bytes);
    }
}

/* Bytes of version 2: docs/format/catalog.md has them explained. A cache of another version is made
 * anew, so bytes of version 1 need not be kept. */
static void golden_test(void **state)
{
    static const char hex[] = "574546544341540a"
                              "02000000"
                              "01000000"
                              "0900000000000000"
                              "01000000"
                              "00000000"
                              "0500000000000000"
                              "e803000000000000"
                              "0a00000000000000"
                              "0300000000000000"
                              "0100000000000000"
                              "0100000000000000"
                              "6400000000000000"
                              "c800000000000000"
                              "2c01000000000000"
                              "0000000000000000"
                              "01010101010101010101010101010101"
                              "02020202020202020202020202020202"
                              "0800000000000000"
                              "01000000"
                              "04000000"
                              "02000000"
                              "00000000"
                              "0200000000000000"
                              "0300000000000000"
                              "0800000000000000"
                              "0020000000000000"
                              "9001000000000000"
                              "02000000"
                              "01000000"
                              "0700000000000000";
    const uint64_t segments[] = { 2, 3 };
    struct weft_block_summary block = { .number = 5,
                                        .file_bytes = 1000,
                                        .span_count = 10,
                                        .trace_count = 3,
                                        .error_count = 1,
                                        .row_group_count = 1,
                                        .start_min = 100,
                                        .start_max = 200,
                                        .created_unix_ns = 300,
                                        .masked_count = 4,
                                        .bundle = 8,
                                        .member = 1,
                                        .superseded_segments = segments,
                                        .superseded_segment_count = 2 };
    const uint64_t bundles[] = { 7 };
    const struct weft_bundle_summary bundle = { .number = 8,
                                                .file_bytes = 8192,
                                                .created_unix_ns = 400,
                                                .member_count = 2,
                                                .superseded_bundles = bundles,
                                                .superseded_bundle_count = 1 };
    struct weft_catalog catalog;
    struct weft_buf bytes = { 0 };

    memset(&block.trace_min, 1, 16);
    memset(&block.trace_max, 2, 16);
    weft_catalog_init(&catalog);
    catalog.next_number = 9;
    weft_catalog_add(&catalog, &block);
    weft_catalog_add_bundle(&catalog, &bundle);
    weft_catalog_encode(&bytes, &catalog);
    assert_int_equal(bytes.len, (sizeof hex - 1) / 2 + 8);
    for (size_t i = 0; i + 8 < bytes.len; i++) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02x", (unsigned char)bytes.data[i]);
        if (memcmp(digits, hex + 2 * i, 2) != 0)
            fail_msg("byte %zu is %s, %.2s expected", i, digits, hex + 2 * i);
    }
    weft_catalog_release(&catalog);
    weft_buf_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_test),
        cmocka_unit_test(every_changed_byte_test),
        cmocka_unit_test(wrong_contents_test),
        cmocka_unit_test(golden_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
