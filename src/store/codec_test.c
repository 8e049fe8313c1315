/* codec_test.c -- every codec there and back, over widths, lengths and the values that break
 * things. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/random.h"
#include "store/codec_bits.h"
#include "store/codec_decimal.h"
#include "store/codec_dictionary.h"
#include "store/codec_follow.h"
#include "store/codec_plain.h"
#include "store/codec_presence.h"
#include "store/codec_uuid.h"
#include "store/codec_varint.h"

static struct weft_random rng;

static void slack(struct weft_buf *b)
{
    memset(weft_buf_reserve(b, WEFT_BITS_SLACK), 0xa5, WEFT_BITS_SLACK);
}

static void bits(void **state)
{
    uint64_t v[200], got[200];
    uint32_t small[200], got_small[200];

    for (unsigned width = 0; width <= 64; width++) {
        for (uint32_t n = 1; n <= 200; n += 33) {
            struct weft_buf b = { 0 };
            for (uint32_t i = 0; i < n; i++)
                v[i] = 1000 + (weft_random_u64(&rng) & weft_bits_mask(width)) * 3;
            for (uint32_t i = 0; i < n; i++)
                small[i] = 7 + (uint32_t)(v[i] & weft_bits_mask(width < 32 ? width : 32));
            bool fits = width < 60; /* times three */
            weft_bits_pack(&b, v, n, fits ? 1000 : 0, fits ? 3 : 1, fits ? width : 64);
            slack(&b);
            weft_bits_unpack(got, (const uint8_t *)b.data, 0, n, fits ? width : 64, 0);
            for (uint32_t i = 0; i < n; i++)
                assert_int_equal(fits ? 1000 + got[i] * 3 : got[i], v[i]);
            weft_bits_unpack(got, (const uint8_t *)b.data, n / 2, n - n / 2, fits ? width : 64, 5);
            assert_int_equal(got[0] - 5, fits ? (v[n / 2] - 1000) / 3 : v[n / 2]);
            weft_buf_reset(&b);
            unsigned narrow = width < 32 ? width : 32;
            weft_bits_pack_u32(&b, small, n, 7, narrow);
            slack(&b);
            weft_bits_unpack_u32(got_small, (const uint8_t *)b.data, 0, n, narrow, 7);
            assert_memory_equal(small, got_small, n * 4);
            weft_buf_release(&b);
        }
    }
}

static void paged(void **state)
{
    static const uint64_t steps[] = { 0, 1, 1000, 1000000, UINT64_C(1) << 33, UINT64_C(1) << 57 };

    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        for (uint32_t n = 0; n < 1000; n += 127) {
            uint64_t v[1000], got[1000];
            struct weft_buf b = { 0 };
            struct weft_paged column;
            size_t used;
            for (uint32_t i = 0; i < n; i++)
                v[i] = 12345 + steps[s] * weft_random_below(&rng, i % 300 == 299 ? 100 : 7);
            if (n > 5 && s == 5) v[4] = UINT64_MAX, v[5] = 0;
            weft_paged_encode(&b, v, n, s % 2 == 0);
            size_t len = b.len;
            slack(&b);
            assert_true(weft_paged_open(&column, (const uint8_t *)b.data, len, n, &used));
            assert_int_equal(used, len);
            weft_paged_read(&column, 0, n, got);
            if (n > 0) assert_memory_equal(v, got, n * 8);
            for (uint32_t i = 0; i < n; i += 13) assert_int_equal(weft_paged_get(&column, i), v[i]);
            if (n > 300) {
                weft_paged_read(&column, 100, 201, got);
                assert_memory_equal(v + 100, got, 201 * 8);
            }
            for (size_t cut = 0; cut < len; cut += 8)
                assert_false(weft_paged_open(&column, (const uint8_t *)b.data, cut, n, &used) &&
                             used > cut);
            assert_false(weft_paged_open(&column, (const uint8_t *)b.data, len, n + 1, &used));
            weft_buf_release(&b);
        }
    }
}

/* Traces of ten rows mostly, counting up, every `wrong`-th value at random. */
static void following(void **state)
{
    static const struct {
        uint32_t rows, wrong, values, starts_at_random;
        bool is_taken;
    } cases[] = {
        { 5000, 0, 10, false, true },     { 5000, 100, 10, false, true },
        { 65536, 0, 97, true, true },     { 65536, 40, 3000, true, true },
        { 65536, 1, 100, true, false },   { 300, 0, 10, false, true },
        { 4097, 300, 4000, true, false }, { 4864, 7, 16, true, true },
        { 0, 0, 1, false, false },
    };

    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        uint32_t n = cases[c].rows, values = cases[c].values;
        uint64_t *v = weft_alloc_array(n + 1, 8), *got = weft_alloc_array(n + 1, 8),
                 *starts = weft_alloc_zero(n / 8 + 16);
        struct weft_buf b = { 0 };
        struct weft_follow_starts given = { .bits = starts, .has = UINT32_MAX };
        struct weft_paged column;
        size_t used;
        for (uint32_t i = 0, code = 0; i < n; i++, code = (code + 1) % values) {
            if (i % 10 == 0 || (i / 100 % 7 == 3 && i % 10 == 5)) {
                starts[i / 64] |= UINT64_C(1) << i % 64;
                code = cases[c].starts_at_random ? (uint32_t)weft_random_below(&rng, values) : 0;
            }
            if (cases[c].wrong != 0 && i % cases[c].wrong == 0)
                code = (uint32_t)weft_random_below(&rng, values);
            v[i] = 77 + 1000 * code;
        }
        weft_follow_encode(&b, v, n, true, starts);
        size_t len = b.len;
        slack(&b);
        assert_true(weft_follow_open(&column, (const uint8_t *)b.data, len, n, &used));
        assert_int_equal(used, len);
        assert_int_equal(column.follows, cases[c].is_taken);
        column.starts = &given;
        weft_paged_read(&column, 0, n, got);
        assert_memory_equal(v, got, n * 8);
        for (uint32_t i = 0; i < n; i += 41) assert_int_equal(weft_paged_get(&column, i), v[i]);
        if (n > 1000) {
            weft_paged_read(&column, 500, 345, got);
            assert_memory_equal(v + 500, got, 345 * 8);
        }
        for (size_t cut = 0; cut < len; cut += 8 + len / 50 / 8 * 8)
            assert_false(weft_follow_open(&column, (const uint8_t *)b.data, cut, n, &used));
        assert_false(weft_follow_open(&column, (const uint8_t *)b.data, len, n + 1, &used));
        /* Any damage behind what is checked on opening gives other numbers, never another read. */
        for (unsigned round = 0; round < 50 && len > 0; round++) {
            b.data[weft_random_below(&rng, len)] ^= (char)(1u << weft_random_below(&rng, 8));
            if (!weft_follow_open(&column, (const uint8_t *)b.data, len, n, &used)) continue;
            column.starts = &given;
            weft_paged_read(&column, 0, n, got);
        }
        weft_buf_release(&b);
        weft_free(v);
        weft_free(got);
        weft_free(starts);
    }
}

static void local_dictionary(void **state)
{
    struct weft_local_analyser a = { 0 };
    struct weft_local_dictionary d;
    uint64_t v[1000];

    for (uint32_t distinct = 1; distinct < 300; distinct = distinct * 3 + 1) {
        for (uint32_t i = 0; i < 1000; i++) v[i] = weft_hash_u64(weft_random_below(&rng, distinct));
        bool found = weft_local_analyse(&a, v, 1000, 64, 8, &d);
        assert_int_equal(found, distinct <= 125);
        for (uint32_t i = 0; found && i < 1000; i++) assert_int_equal(d.values[d.codes[i]], v[i]);
        for (uint32_t i = 1; found && i < d.count; i++) assert_true(d.values[i - 1] < d.values[i]);
    }
    weft_local_analyser_release(&a);
}

struct equal_check {
    const struct weft_str *values;
    struct weft_str wanted;
    uint32_t next, found; /* no index below `next` may come any more */
};

static void equal_found(void *arg, uint32_t index)
{
    struct equal_check *check = arg;
    assert_true(index >= check->next);
    assert_true(weft_str_equal(check->values[index], check->wanted));
    check->next = index + 1;
    check->found++;
}

/* Some of the values, the empty one, and one that is not there but occurs inside of others. */
static void check_equal(struct weft_plain_reader *reader, const struct weft_plain *column,
                        const struct weft_str *values, uint32_t n)
{
    struct weft_err err;

    for (uint32_t i = 0; i < n + 2; i += i + 7 < n ? 1 + (uint32_t)weft_random_below(&rng, n) : 1) {
        struct weft_str wanted = i < n ? values[i] : WEFT_S("");
        struct equal_check check = { .values = values };
        uint32_t expected = 0;
        if (i > n && n > 0) wanted = weft_str_make(values[0].ptr, values[0].len / 2);
        for (uint32_t k = 0; k < n; k++) expected += weft_str_equal(values[k], wanted);
        check.wanted = wanted;
        assert_int_equal(weft_plain_equal(reader, column, wanted, equal_found, &check, &err), 0);
        assert_int_equal(check.found, expected);
    }
}

static void plain(void **state)
{
    struct weft_plain_reader reader = { 0 };
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    struct weft_err err;

    for (unsigned round = 0; round < 6; round++) {
        struct weft_arena arena;
        struct weft_str v[3000], got;
        struct weft_buf b = { 0 };
        struct weft_plain column;
        size_t used;
        uint32_t n = round == 0 ? 0 : 1 + (uint32_t)weft_random_below(&rng, 3000);
        weft_arena_init(&arena, 0);
        for (uint32_t i = 0; i < n; i++) {
            size_t len = i % 50 == 0 ? weft_random_below(&rng, 40000) : weft_random_below(&rng, 40);
            char *text = weft_arena_alloc(&arena, len + 1);
            if (round % 2)
                memset(text, 'a' + (int)(i % 7), len + 1);
            else
                weft_random_bytes(&rng, text, len + 1);
            v[i] = weft_str_make(text, len);
        }
        weft_plain_encode(&b, v, n, 1, zstd);
        assert_int_equal(weft_plain_open(&column, (const uint8_t *)b.data, b.len, n, &used, &err),
                         0);
        assert_int_equal(used, b.len);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t at = round % 3 == 0 ? i : (uint32_t)weft_random_below(&rng, n);
            if (round % 3 != 0 && i > 300) break;
            if (weft_plain_get(&reader, &column, at, &got, &err) < 0) fail_msg("%s", err.text);
            assert_true(weft_str_equal(got, v[at]));
        }
        check_equal(&reader, &column, v, n);
        weft_plain_reader_release(&reader); /* the next column may lie at the same address */
        for (size_t cut = 0; cut < b.len; cut += 1 + b.len / 50)
            assert_int_equal(weft_plain_open(&column, (const uint8_t *)b.data, cut, n, &used, &err),
                             WEFT_CORRUPT);
        weft_buf_release(&b);
        weft_arena_release(&arena);
    }
    weft_plain_reader_release(&reader);
    ZSTD_freeCCtx(zstd);
}

static void presence(void **state)
{
    static uint16_t rows[65536], got[65536];

    for (uint32_t total = 1; total <= 65536;
         total = total * 5 + 3 > 65536 && total < 65536 ? 65536 : total * 5 + 3) {
        for (uint32_t one_in = 1; one_in < 200; one_in = one_in * 3 + 1) {
            struct weft_buf b = { 0 };
            struct weft_presence p;
            size_t used;
            uint32_t count = 0, position;
            for (uint32_t i = 0; i < total; i++)
                if (weft_random_below(&rng, one_in) == 0) rows[count++] = (uint16_t)i;
            unsigned mode = weft_presence_encode(&b, rows, count, total);
            assert_true(weft_presence_open(&p, mode, (const uint8_t *)b.data, b.len, total, &used));
            assert_int_equal(used, b.len);
            assert_int_equal(p.count, count);
            weft_presence_rows(&p, got);
            assert_memory_equal(rows, got, (size_t)count * 2);
            for (uint32_t i = 0, at = 0; i < total; i += 1 + total / 500) {
                while (at < count && rows[at] < i) at++;
                bool is_there = at < count && rows[at] == i;
                assert_int_equal(weft_presence_find(&p, i, &position), is_there);
                assert_int_equal(position, at);
            }
            for (size_t cut = 0; cut + 8 < b.len && mode != WEFT_PRESENCE_ALL; cut += 1 + b.len / 9)
                assert_false(
                    weft_presence_open(&p, mode, (const uint8_t *)b.data, cut, total, &used));
            weft_buf_release(&b);
        }
    }
}

static uint64_t pattern(double d)
{
    uint64_t b;
    memcpy(&b, &d, 8);
    return b;
}

static void decimal(void **state)
{
    static const struct {
        double v[4];
        bool fits;
        uint32_t exponent;
    } cases[] = {
        { { 0, 1, 2, -3 }, true, 0 },       { { 0.1, 0.25, 1e6, -7.5 }, true, 2 },
        { { 1.0 / 3, 1, 1, 1 }, false, 0 }, { { -0.0, 1, 1, 1 }, false, 0 },
        { { NAN, 1, 1, 1 }, false, 0 },     { { INFINITY, 1, 1, 1 }, false, 0 },
        { { 1e300, 1, 1, 1 }, false, 0 },   { { 19.99, 0.01, 3, 4.5 }, true, 2 },
    };

    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        uint64_t v[4];
        int64_t out[4];
        uint32_t exponent = 99;
        for (unsigned i = 0; i < 4; i++) v[i] = pattern(cases[c].v[i]);
        assert_int_equal(weft_decimal_encode(v, 4, out, &exponent), cases[c].fits);
        if (!cases[c].fits) continue;
        assert_int_equal(exponent, cases[c].exponent);
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(weft_decimal_decode(out[i], exponent), v[i]);
    }
}

static void uuid(void **state)
{
    static const char *const wrong[] = { "",
                                         "00000000-0000-0000-0000-00000000000",
                                         "00000000-0000-0000-0000-0000000000000",
                                         "0000000A-0000-0000-0000-000000000000",
                                         "00000000x0000-0000-0000-000000000000",
                                         "00000000-0000-0000-0000-00000000000g",
                                         "000000000-000-0000-0000-000000000000" };
    uint8_t bytes[16], again[16];
    char text[WEFT_UUID_TEXT];

    for (unsigned i = 0; i < 100; i++) {
        weft_random_bytes(&rng, bytes, 16);
        weft_uuid_format(bytes, text);
        assert_true(weft_uuid_parse(weft_str_make(text, sizeof text), again));
        assert_memory_equal(bytes, again, 16);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(weft_uuid_parse(weft_str_from_c(wrong[i]), bytes));
}

static void varint(void **state)
{
    static const uint64_t values[] = { 0,          1,          127,
                                       128,        16383,      16384,
                                       UINT32_MAX, UINT64_MAX, UINT64_C(1) << 63 };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct weft_buf b = { 0 };
        uint64_t got;
        weft_varint_put(&b, values[i]);
        const uint8_t *at = (const uint8_t *)b.data;
        assert_true(weft_varint_get(&at, at + b.len, &got));
        assert_int_equal(got, values[i]);
        at = (const uint8_t *)b.data;
        assert_false(weft_varint_get(&at, at + b.len - 1, &got));
        assert_int_equal(weft_unzigzag(weft_zigzag((int64_t)values[i])), (int64_t)values[i]);
        weft_buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits),      cmocka_unit_test(paged),
        cmocka_unit_test(following), cmocka_unit_test(local_dictionary),
        cmocka_unit_test(plain),     cmocka_unit_test(presence),
        cmocka_unit_test(decimal),   cmocka_unit_test(uuid),
        cmocka_unit_test(varint),
    };
    weft_random_init(&rng, 42);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
