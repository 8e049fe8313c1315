/* dictionary_test.c -- numbering by value: every length, growth, cutting back; and the index of
 * numbers against a plain list. */
#include "base/random.h"
#include "store/dictionary.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static uint32_t hash_of(const struct weft_dictionary *d, struct weft_str s)
{
    return weft_dictionary_hash(d->seed, s.ptr, s.len);
}

static uint32_t find(const struct weft_dictionary *d, uint32_t count, struct weft_str s)
{
    return weft_dictionary_find(d, count, hash_of(d, s), s.ptr, s.len);
}

/* One byte changed anywhere, at any length: not equal, and another hash. */
static void every_byte_counts(void **state)
{
    enum { LEN_MAX = 200 };
    for (size_t len = 0; len <= LEN_MAX; len++) {
        char *a = malloc(len > 0 ? len : 1),
             *b = malloc(len > 0 ? len : 1); /* exact: the sanitizer sees a byte too many */
        for (size_t i = 0; i < len; i++) a[i] = b[i] = (char)(i * 7 + len);
        assert_true(weft_bytes_equal(a, b, len));
        uint32_t hash = weft_dictionary_hash(99, a, len);
        assert_int_equal(hash, weft_dictionary_hash(99, b, len));
        for (size_t i = 0; i < len; i++) {
            b[i] ^= 1;
            assert_false(weft_bytes_equal(a, b, len));
            assert_true(hash != weft_dictionary_hash(99, b, len));
            b[i] ^= 1;
        }
        free(a);
        free(b);
    }
}

static struct weft_str text(char out[static 32], uint32_t n)
{
    return weft_str_make(out, (size_t)snprintf(out, 32, "string %u", n));
}

static void finds_what_was_added_and_only_that(void **state)
{
    char bytes[32];
    struct weft_dictionary d;
    weft_dictionary_init(&d);
    for (uint32_t i = 0; i < 50000; i++) {
        struct weft_str s = text(bytes, i);
        assert_int_equal(find(&d, d.count, s), WEFT_NONE);
        assert_int_equal(weft_dictionary_add(&d, hash_of(&d, s), s), i);
    }
    for (uint32_t i = 0; i < 50000; i += 7) {
        assert_int_equal(find(&d, d.count, text(bytes, i)), i);
        assert_int_equal(find(&d, i, text(bytes, i)), WEFT_NONE); /* not published to this reader */
    }
    weft_dictionary_release(&d);
}

/* Cut back over a growth and fill again otherwise: numbers below the cut stay, the others are
 * new. */
static void cuts_back(void **state)
{
    char bytes[32];
    struct weft_dictionary d;
    weft_dictionary_init(&d);
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t kept = round * 90;
        for (uint32_t i = d.count; i < kept + 2000; i++) {
            struct weft_str s = text(bytes, i < kept + 90 ? i : i + 1000000 * (round + 1));
            assert_true(weft_dictionary_add(&d, hash_of(&d, s), s) == i);
        }
        weft_dictionary_cut(&d, kept + 90);
        assert_int_equal(d.count, kept + 90);
        for (uint32_t i = 0; i < kept + 90; i++)
            assert_int_equal(find(&d, d.count, text(bytes, i)), i);
        assert_int_equal(find(&d, d.count, text(bytes, kept + 100 + 1000000 * (round + 1))),
                         WEFT_NONE);
    }
    weft_dictionary_release(&d);
}

static void stops_at_its_capacity(void **state)
{
    char bytes[32];
    struct weft_dictionary d;
    weft_dictionary_init(&d);
    uint32_t capacity = weft_pages_capacity(&d.entries), i;
    for (i = 0; i <= capacity; i++) {
        struct weft_str s = text(bytes, i);
        if (weft_dictionary_add(&d, hash_of(&d, s), s) == WEFT_NONE) break;
    }
    assert_int_equal(i, capacity);
    assert_int_equal(find(&d, d.count, text(bytes, 5)), 5);
    weft_dictionary_release(&d);
}

/* Hashes from a small range, so that chains run into each other; removals in any order. */
static void number_index_agrees_with_a_list(void **state)
{
    enum { COUNT = 3000 };
    static uint32_t hashes[COUNT];
    static bool is_in[COUNT];
    struct weft_random random;
    struct weft_number_index index = { 0 };
    weft_random_init(&random, 5);
    for (uint32_t i = 0; i < COUNT; i++) hashes[i] = (uint32_t)weft_random_below(&random, 700);
    for (uint32_t step = 0; step < 20000; step++) {
        uint32_t n = (uint32_t)weft_random_below(&random, COUNT), at, number;
        if (is_in[n])
            weft_number_index_remove(&index, hashes[n], n);
        else
            weft_number_index_add(&index, hashes[n], n);
        is_in[n] = !is_in[n];
        if (step % 500 != 0) continue;
        uint32_t found = 0, expected = 0;
        for (uint32_t hash = 0; hash < 700; hash++) {
            at = hash;
            while ((number = weft_number_index_next(&index, hash, &at)) != WEFT_NONE) {
                assert_true(is_in[number] && hashes[number] == hash);
                found++;
            }
        }
        for (uint32_t i = 0; i < COUNT; i++) expected += is_in[i];
        assert_int_equal(found, expected);
        assert_int_equal(index.count, expected);
    }
    weft_number_index_release(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(finds_what_was_added_and_only_that),
        cmocka_unit_test(cuts_back),
        cmocka_unit_test(stops_at_its_capacity),
        cmocka_unit_test(number_index_agrees_with_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
