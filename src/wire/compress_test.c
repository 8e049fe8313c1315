/* compress_test.c -- every compression there and back, broken in every place, and bombs. */
#include "wire/compress.h"
#include <lz4frame.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define S WEFT_S_INIT
#define MIB (1024 * 1024)

/* Text that compresses about four to one. */
static void sample_make(struct weft_buf *out, size_t len)
{
    static const char *const words[] = {
        "service.name", "GET /api/",        "http.request.method", "checkout",      "200",
        "span ",        "\x0a\x10\x00\xff", "{\"key\":\"",         "opentelemetry", "\n"
    };
    uint64_t seed = 42;
    while (out->len < len) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        weft_buf_append_c(out, words[(seed >> 33) % 10]);
        weft_buf_append_byte(out, (char)(seed >> 40));
    }
    out->len = len;
}

static void test_round_trips(void **state)
{
    static const size_t sizes[] = { 0, 1, 17, 1000, 65535, 65536, 65537, 200000, 3 * MIB };
    struct weft_buf sample = { 0 }, packed = { 0 }, back = { 0 };
    struct weft_err err;
    sample_make(&sample, 3 * MIB);
    for (int c = 0; c < WEFT_COMPRESSION_COUNT; c++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            weft_buf_reset(&packed);
            weft_buf_reset(&back);
            weft_buf_append_c(&back, "before");
            assert_int_equal(weft_compress(&packed, (enum weft_compression)c,
                                           weft_str_make(sample.data, sizes[i]), &err),
                             WEFT_OK);
            if (weft_decompress(&back, (enum weft_compression)c, weft_buf_str(&packed), sizes[i], 0,
                                &err) < 0)
                fail_msg("%s", err.text);
            assert_int_equal(back.len, sizes[i] + 6);
            assert_memory_equal(back.data, "before", 6);
            assert_memory_equal(back.data + 6, sample.data, sizes[i]);
            /* One byte less allowed than comes out: too large, and nothing is left behind. */
            if (sizes[i] == 0) continue;
            back.len = 6;
            assert_int_equal(weft_decompress(&back, (enum weft_compression)c, weft_buf_str(&packed),
                                             sizes[i] - 1, 0, &err),
                             WEFT_TOO_LARGE);
            assert_int_equal(back.len, 6);
        }
    }
    weft_buf_release(&sample);
    weft_buf_release(&packed);
    weft_buf_release(&back);
}

/* Cut anywhere, or with a byte more: refused, unless the compression cannot tell. */
static void test_cut_short(void **state)
{
    struct weft_buf sample = { 0 }, packed = { 0 }, back = { 0 };
    struct weft_err err;
    sample_make(&sample, 300);
    for (int c = WEFT_COMPRESSION_GZIP; c < WEFT_COMPRESSION_COUNT; c++) {
        weft_buf_reset(&packed);
        assert_int_equal(
            weft_compress(&packed, (enum weft_compression)c, weft_buf_str(&sample), &err), WEFT_OK);
        for (size_t len = 0; len < packed.len; len++) {
            /* A framed Snappy stream may end behind any chunk; that is how it joins. */
            if (c == WEFT_COMPRESSION_SNAPPY_FRAMED && len == 10) continue;
            char *copy = malloc(len + 1);
            memcpy(copy, packed.data, len);
            int rc = weft_decompress(&back, (enum weft_compression)c, weft_str_make(copy, len), MIB,
                                     0, &err);
            if (rc != WEFT_INVALID)
                fail_msg("%s cut to %zu of %zu: %d",
                         weft_compression_name((enum weft_compression)c), len, packed.len, rc);
            assert_int_equal(back.len, 0);
            free(copy);
        }
        weft_buf_append_c(&packed, "\x01");
        assert_int_equal(
            weft_decompress(&back, (enum weft_compression)c, weft_buf_str(&packed), MIB, 0, &err),
            WEFT_INVALID);
    }
    weft_buf_release(&sample);
    weft_buf_release(&packed);
    weft_buf_release(&back);
}

static void test_bombs(void **state)
{
    struct weft_buf zeros = { 0 }, packed = { 0 }, back = { 0 };
    struct weft_err err;
    weft_buf_append_zero(&zeros, 32 * MIB);
    for (int c = WEFT_COMPRESSION_GZIP; c < WEFT_COMPRESSION_COUNT; c++) {
        weft_buf_reset(&packed);
        assert_int_equal(
            weft_compress(&packed, (enum weft_compression)c, weft_buf_str(&zeros), &err), WEFT_OK);
        assert_int_equal(weft_decompress(&back, (enum weft_compression)c, weft_buf_str(&packed),
                                         100 * MIB, 10, &err),
                         WEFT_TOO_LARGE);
        assert_non_null(strstr(err.text, "bomb"));
        weft_buf_release(&back);
        assert_int_equal(weft_decompress(&back, (enum weft_compression)c, weft_buf_str(&packed),
                                         5 * MIB, 100000, &err),
                         WEFT_TOO_LARGE);
        assert_non_null(strstr(err.text, "5242880 bytes allowed"));
        assert_int_equal(back.len, 0);
        /* Memory taken stays in proportion to the limit. */
        assert_true(back.capacity <= 16 * MIB);
        assert_int_equal(weft_decompress(&back, (enum weft_compression)c, weft_buf_str(&packed),
                                         32 * MIB, 100000, &err),
                         WEFT_OK);
        assert_int_equal(back.len, 32 * MIB);
        weft_buf_release(&back);
    }
    weft_buf_release(&zeros);
    weft_buf_release(&packed);
}

/* RFC 1952 2.2: members one behind the other are one file. */
static void test_gzip_members(void **state)
{
    static const struct {
        const char *name;
        struct weft_str behind;
        int rc;
    } cases[] = {
        { "nothing", S(""), WEFT_OK },
        { "garbage", S("garbage"), WEFT_INVALID },
        { "zeros", S("\0\0\0\0"), WEFT_INVALID },
        { "a cut header", S("\x1f\x8b\x08"), WEFT_INVALID },
    };
    struct weft_buf packed = { 0 }, back = { 0 };
    struct weft_err err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int members = 1; members <= 3; members++) {
            weft_buf_reset(&packed);
            weft_buf_reset(&back);
            for (int m = 0; m < members; m++)
                weft_compress(&packed, WEFT_COMPRESSION_GZIP, WEFT_S("hello hello "), &err);
            weft_buf_append_str(&packed, cases[i].behind);
            int rc =
                weft_decompress(&back, WEFT_COMPRESSION_GZIP, weft_buf_str(&packed), MIB, 0, &err);
            if (rc != cases[i].rc) fail_msg("%s behind %d members: %d", cases[i].name, members, rc);
            assert_int_equal(back.len, rc < 0 ? 0 : 12 * members);
        }
    }
    weft_buf_release(&packed);
    weft_buf_release(&back);
}

static void deflate_by_zlib(struct weft_buf *out, struct weft_str in, int window)
{
    z_stream z = { 0 };
    deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (Bytef *)(uintptr_t)in.ptr;
    z.avail_in = (unsigned)in.len;
    z.next_out = (Bytef *)weft_buf_reserve(out, in.len + 1000);
    z.avail_out = (unsigned)in.len + 1000;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len += z.total_out;
    deflateEnd(&z);
}

/* HTTP's "deflate" comes as zlib and raw; the Collector's "zlib" only as zlib. */
static void test_deflate_forms(void **state)
{
    static const struct {
        enum weft_compression compression;
        int window, rc;
    } cases[] = {
        { WEFT_COMPRESSION_DEFLATE, 15, WEFT_OK },
        { WEFT_COMPRESSION_DEFLATE, -15, WEFT_OK },
        { WEFT_COMPRESSION_ZLIB, 15, WEFT_OK },
        { WEFT_COMPRESSION_ZLIB, -15, WEFT_INVALID },
        { WEFT_COMPRESSION_DEFLATE, 31, WEFT_INVALID },
        { WEFT_COMPRESSION_GZIP, 15, WEFT_INVALID },
        { WEFT_COMPRESSION_GZIP, 31, WEFT_OK },
    };
    struct weft_buf sample = { 0 };
    struct weft_err err;
    sample_make(&sample, 5000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_buf packed = { 0 }, back = { 0 };
        deflate_by_zlib(&packed, weft_buf_str(&sample), cases[i].window);
        assert_int_equal(
            weft_decompress(&back, cases[i].compression, weft_buf_str(&packed), MIB, 0, &err),
            cases[i].rc);
        if (cases[i].rc == WEFT_OK) assert_memory_equal(back.data, sample.data, sample.len);
        weft_buf_release(&packed);
        weft_buf_release(&back);
    }
    weft_buf_release(&sample);
}

/* As streaming senders write it: no content size, a flush now and then, several frames, skippable
 * ones between. */
static void zstd_stream(struct weft_buf *out, struct weft_str in, size_t flush_every,
                        int window_log)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    if (window_log > 0) ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
    for (size_t at = 0; at < in.len; at += flush_every) {
        bool is_last = at + flush_every >= in.len;
        ZSTD_inBuffer from = { in.ptr + at, is_last ? in.len - at : flush_every, 0 };
        size_t left;
        do {
            size_t room = ZSTD_compressBound(flush_every) + 1000;
            ZSTD_outBuffer into = { weft_buf_reserve(out, room), room, 0 };
            left = ZSTD_compressStream2(c, &into, &from, is_last ? ZSTD_e_end : ZSTD_e_flush);
            assert_false(ZSTD_isError(left));
            out->len += into.pos;
        } while (left > 0);
    }
    ZSTD_freeCCtx(c);
}

static void test_zstd_streams(void **state)
{
    static const struct {
        size_t flush_every;
        int window_log, rc;
    } cases[] = {
        { 500000, 0, WEFT_OK },
        { 10000, 0, WEFT_OK },
        { 100, 0, WEFT_OK },
        { 5, 0, WEFT_OK },
        { 5, 23, WEFT_OK },
        { 100, 24, WEFT_INVALID }, /* so many blocks that it must be streamed, and the window is above 8 MiB */
        { 100, 27, WEFT_INVALID }, /* 128 MiB */
    };
    struct weft_buf sample = { 0 };
    struct weft_err err;
    sample_make(&sample, 500000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_buf packed = { 0 }, back = { 0 };
        zstd_stream(&packed, weft_buf_str(&sample), cases[i].flush_every, cases[i].window_log);
        weft_buf_append(&packed, "\x53\x2a\x4d\x18\x03\x00\x00\x00xyz", 11);
        zstd_stream(&packed, weft_buf_str(&sample), 1000, 0);
        assert_int_equal(
            weft_decompress(&back, WEFT_COMPRESSION_ZSTD, weft_buf_str(&packed), MIB, 0, &err),
            cases[i].rc);
        if (cases[i].rc == WEFT_OK) {
            assert_int_equal(back.len, 2 * sample.len);
            assert_memory_equal(back.data, sample.data, sample.len);
            assert_memory_equal(back.data + sample.len, sample.data, sample.len);
        }
        packed.data[packed.len - 1] ^= 1; /* the checksum */
        weft_buf_reset(&back);
        assert_int_equal(
            weft_decompress(&back, WEFT_COMPRESSION_ZSTD, weft_buf_str(&packed), MIB, 0, &err),
            WEFT_INVALID);
        weft_buf_release(&packed);
        weft_buf_release(&back);
    }
    weft_buf_release(&sample);
}

/* framing_format.txt of google/snappy. */
static void test_snappy_framed(void **state)
{
#define ID "\xff\x06\x00\x00sNaPpY"
#define PLAIN                          \
    "\x01\x07\x00\x00\x6e\x57\xf1\x21" \
    "abc"
    static const struct {
        const char *name;
        struct weft_str in;
        int rc;
        const char *out;
    } cases[] = {
        { "identifier alone", S(ID), WEFT_OK, "" },
        { "plain chunk", S(ID PLAIN), WEFT_OK, "abc" },
        { "two streams", S(ID PLAIN ID PLAIN), WEFT_OK, "abcabc" },
        { "padding and skippable",
          S(ID "\xfe\x02\x00\x00xx"
               "\x80\x01\x00\x00x" PLAIN),
          WEFT_OK, "abc" },
        { "must not be skipped", S(ID "\x02\x01\x00\x00x" PLAIN), WEFT_INVALID, "" },
        { "no identifier", S(PLAIN), WEFT_INVALID, "" },
        { "odd identifier", S(ID "\xff\x06\x00\x00sNaPpX"), WEFT_INVALID, "" },
        { "checksum",
          S(ID "\x01\x07\x00\x00\x6e\x57\xf1\x20"
               "abc"),
          WEFT_INVALID, "" },
        { "no checksum",
          S(ID "\x01\x03\x00\x00"
               "abc"),
          WEFT_INVALID, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* By either name. */
        for (int c = WEFT_COMPRESSION_SNAPPY; c <= WEFT_COMPRESSION_SNAPPY_FRAMED; c++) {
            if (c == WEFT_COMPRESSION_SNAPPY && !weft_str_starts_with(cases[i].in, WEFT_S(ID)))
                continue;
            struct weft_buf back = { 0 };
            struct weft_err err = { 0 };
            int rc = weft_decompress(&back, (enum weft_compression)c, cases[i].in, MIB, 0, &err);
            if (rc != cases[i].rc) fail_msg("%s: %d %s", cases[i].name, rc, err.text);
            assert_true(weft_str_equal_c(weft_buf_str(&back), cases[i].out));
            weft_buf_release(&back);
        }
    }
}

/* Sizes that are only claimed must not be believed. */
static void test_claims(void **state)
{
    static const struct {
        enum weft_compression compression;
        struct weft_str in;
    } cases[] = {
        { WEFT_COMPRESSION_SNAPPY, S("\xff\xff\xff\xff\x0f\x00"
                                     "a") },
        { WEFT_COMPRESSION_SNAPPY, S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
        { WEFT_COMPRESSION_SNAPPY, S("\x80\x80\x80\x08\x00"
                                     "a") },
        { WEFT_COMPRESSION_ZSTD, S("\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\x00\x01\x00"
                                   "\x00") }, /* 2^56 bytes, one empty block */
        { WEFT_COMPRESSION_ZSTD,
          S("\x28\xb5\x2f\xfd\x00\xf8\x01\x00\x00") }, /* a window of 2 TiB */
        { WEFT_COMPRESSION_ZSTD, S("\x28\xb5\x2f\xfd\x20\x05\x07\x00\x00") }, /* block type 3 */
        { WEFT_COMPRESSION_LZ4,
          S("\x04\x22\x4d\x18\x68\x40\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00\x00\x00\x00") },
        { WEFT_COMPRESSION_GZIP,
          S("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\xff\xff\xff\xff") },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_buf back = { 0 };
        struct weft_err err;
        int rc = weft_decompress(&back, cases[i].compression, cases[i].in, UINT64_MAX, 0, &err);
        if (rc >= 0) fail_msg("case %zu was taken", i);
        assert_true(back.capacity <= 4 * MIB);
        weft_buf_release(&back);
    }
}

static void test_names(void **state)
{
    enum weft_compression c;
    for (int i = 0; i < WEFT_COMPRESSION_COUNT; i++) {
        assert_true(weft_compression_parse(
            weft_str_from_c(weft_compression_name((enum weft_compression)i)), &c));
        assert_int_equal(c, i);
    }
    assert_true(weft_compression_parse(WEFT_S("X-GZip"), &c));
    assert_int_equal(c, WEFT_COMPRESSION_GZIP);
    assert_true(weft_compression_parse(WEFT_S(""), &c));
    assert_int_equal(c, WEFT_COMPRESSION_NONE);
    assert_false(weft_compression_parse(WEFT_S("br"), &c));
    assert_false(weft_compression_parse(WEFT_S("gzip, gzip"), &c));
}

static void *thread_run(void *arg)
{
    struct weft_buf packed = { 0 }, back = { 0 };
    struct weft_err err;
    for (int c = 1; c < WEFT_COMPRESSION_COUNT; c++) {
        weft_buf_reset(&packed);
        weft_compress(&packed, (enum weft_compression)c, WEFT_S("hello hello hello"), &err);
        weft_decompress(&back, (enum weft_compression)c, weft_buf_str(&packed), 100, 0, &err);
    }
    *(size_t *)arg = back.len;
    weft_buf_release(&packed);
    weft_buf_release(&back);
    return NULL;
}

/* What a thread keeps goes with it (the leak checker sees to it). */
static void test_threads(void **state)
{
    pthread_t thread;
    size_t len = 0;
    assert_int_equal(pthread_create(&thread, NULL, thread_run, &len), 0);
    pthread_join(thread, NULL);
    assert_int_equal(len, 17 * (WEFT_COMPRESSION_COUNT - 1));
    weft_compress_thread_release();
    thread_run(&len);
    weft_compress_thread_release();
    weft_compress_thread_release();
}

/* Room is asked for before it is taken: what does not fit now may come later, what never fits is said so. */
static void claims_its_room(void **state)
{
    struct weft_buf plain = { 0 }, packed = { 0 }, out = { 0 };
    struct weft_err err;
    weft_buf_append_zero(&plain, 100000);
    for (int c = WEFT_COMPRESSION_NONE; c < WEFT_COMPRESSION_COUNT; c++) {
        struct weft_budget budget = { .limit_bytes = 300000 };
        struct weft_claim claim = { .budget = &budget };
        weft_buf_reset(&packed);
        assert_int_equal(
            weft_compress(&packed, (enum weft_compression)c, weft_buf_str(&plain), &err), WEFT_OK);
        weft_buf_reset(&out);
        int rc = weft_decompress_claimed(&out, (enum weft_compression)c, weft_buf_str(&packed),
                                         1 << 20, 0, &claim, &err);
        assert_int_equal(rc, WEFT_OK);
        assert_in_range(claim.bytes, 100000, 300000);
        assert_int_equal(budget.used_bytes, claim.bytes);
        weft_claim_release(&claim);
        assert_int_equal(budget.used_bytes, 0);

        assert_true(weft_budget_take(&budget, 250000)); /* somebody else's */
        weft_buf_reset(&out);
        rc = weft_decompress_claimed(&out, (enum weft_compression)c, weft_buf_str(&packed), 1 << 20,
                                     0, &claim, &err);
        assert_int_equal(rc, WEFT_FULL);
        weft_claim_release(&claim);
        assert_int_equal(budget.used_bytes, 250000);

        weft_budget_give(&budget, 250000);
        budget.limit_bytes = 90000;
        rc = weft_decompress_claimed(&out, (enum weft_compression)c, weft_buf_str(&packed), 1 << 20,
                                     0, &claim, &err);
        assert_int_equal(rc, WEFT_TOO_LARGE);
        weft_claim_release(&claim);
    }
    weft_buf_release(&plain);
    weft_buf_release(&packed);
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_its_room),   cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_cut_short),    cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_gzip_members), cmocka_unit_test(test_deflate_forms),
        cmocka_unit_test(test_zstd_streams), cmocka_unit_test(test_snappy_framed),
        cmocka_unit_test(test_claims),       cmocka_unit_test(test_names),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
