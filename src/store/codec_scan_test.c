/* codec_scan_test.c -- every variant that this processor has gives what the plain definition gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "store/codec_scan.h"

enum { COUNT = 1000 };

static void compare(const struct weft_scan *scan, struct weft_random *random, unsigned bits)
{
    static const size_t counts[] = { 0, 1, 7, 8, 9, 15, 16, 63, 64, 65, 500, COUNT };
    uint32_t numbers[COUNT], got[COUNT + 1];
    struct weft_buf packed = { 0 };

    for (uint32_t i = 0; i < COUNT; i++)
        numbers[i] = (uint32_t)(weft_random_u64(random) & weft_bits_mask(bits));
    weft_bits_pack_u32(&packed, numbers, COUNT, 0, bits);
    weft_buf_append_zero(&packed, WEFT_BITS_SLACK);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        size_t n = counts[c];
        uint32_t base = (uint32_t)weft_random_u64(random), middle = base + numbers[n / 2],
                 width = (uint32_t)weft_random_u64(random) >> weft_random_below(random, 32);
        uint64_t bitmap[COUNT / 64 + 1] = { 0 };
        if (c % 4 == 0) width = (uint32_t)(c / 4); /* 0, 1, 2 */
        got[n] = 0xabcdef01;
        scan->unpack(got, (const uint8_t *)packed.data, n, bits, base);
        assert_int_equal(got[n], 0xabcdef01);
        scan->range(bitmap, (const uint8_t *)packed.data, n, bits, base, middle, width);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(got[i], base + numbers[i]);
            assert_int_equal(bitmap[i / 64] >> (i % 64) & 1, base + numbers[i] - middle < width);
        }
        for (size_t i = n; i < (n + 63) / 64 * 64; i++)
            assert_int_equal(bitmap[i / 64] >> (i % 64) & 1, 0);
    }
    weft_buf_release(&packed);
}

static void all_variants_agree(void **state)
{
    struct weft_random random;
    unsigned tried = 0;

    weft_random_init(&random, 1);
    for (const struct weft_scan *const *scan = weft_scans; *scan != NULL; scan++) {
        if (!(*scan)->is_supported()) continue;
        tried++;
        for (unsigned bits = 1; bits <= 32; bits++) compare(*scan, &random, bits);
    }
    assert_true(tried >= 1);
    assert_true(weft_scan()->is_supported());
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_variants_agree) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
