/* memory_test.c -- alloc, arena, buf, map and budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/random.h"

/* Run `die` in a child and return its wait status; its words go nowhere. */
static int status_of_child(void (*die)(void))
{
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        die();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void allocate_too_many(void)
{
    volatile size_t count = SIZE_MAX / 2;
    weft_free(weft_alloc_array(count, 16));
}

static void assert_wrong(void)
{
    volatile int one = 1;
    WEFT_ASSERT(one == 2, "one %d", one);
}

static void no_memory_and_bugs_end_the_process(void **state)
{
    int status = status_of_child(allocate_too_many);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 71);
    status = status_of_child(assert_wrong);
    assert_true(WIFSIGNALED(status) ||
                WEXITSTATUS(status) != 0); /* sanitizers turn the signal into a status */
}

static void zero_bytes_are_something(void **state)
{
    void *a = weft_alloc(0), *b = weft_alloc_zero(0);
    assert_non_null(a);
    assert_non_null(b);
    a = weft_realloc_array(a, 4, 4);
    weft_free(a);
    weft_free(b);
    weft_free(NULL);
}

static void arena_pieces_do_not_overlap(void **state)
{
    static const size_t block_sizes[] = { 0, 64, 4096 };
    struct {
        unsigned char *at;
        size_t len;
    } pieces[2000];
    for (size_t b = 0; b < sizeof block_sizes / sizeof block_sizes[0]; b++) {
        struct weft_arena arena;
        struct weft_random random;
        weft_arena_init(&arena, block_sizes[b]);
        weft_random_init(&random, b);
        for (int round = 0; round < 3; round++) {
            for (size_t i = 0; i < 2000; i++) {
                pieces[i].len = weft_random_below(&random, i % 100 == 0 ? 20000 : 200);
                pieces[i].at = weft_arena_alloc(&arena, pieces[i].len);
                assert_int_equal((uintptr_t)pieces[i].at % 16, 0);
                memset(pieces[i].at, (int)(i & 0xff), pieces[i].len);
            }
            for (size_t i = 0; i < 2000; i++)
                for (size_t j = 0; j < pieces[i].len; j++)
                    if (pieces[i].at[j] != (i & 0xff)) fail_msg("piece %zu byte %zu", i, j);
            weft_arena_reset(&arena);
            assert_true(arena.total_bytes <= 4 * (size_t)16384);
        }
        weft_arena_release(&arena);
        weft_arena_release(&arena);
    }
}

static void arena_copies_and_prints(void **state)
{
    struct weft_arena arena = { 0 };
    char text[] = "abc";
    struct weft_str copy = weft_arena_copy(&arena, weft_str_make(text, 3));
    char *c = weft_arena_copy_c(&arena, weft_str_make(text, 2));
    text[0] = 'z';
    assert_true(weft_str_equal_c(copy, "abc"));
    assert_string_equal(c, "ab");
    assert_int_equal(weft_arena_copy(&arena, (struct weft_str){ NULL, 0 }).len, 0);
    assert_true(weft_str_equal_c(weft_arena_printf(&arena, "%s %d", c, 42), "ab 42"));
    const char *zeroes = weft_arena_alloc_array(&arena, 100, 100);
    for (size_t i = 0; i < 10000; i++) assert_int_equal(zeroes[i], 0);
    weft_arena_release(&arena);
}

static void arena_rewinds_and_adopts(void **state)
{
    static const size_t sizes[] = { 1, 100, 5000, 16, 300000, 40 };
    struct weft_arena arena, other;
    weft_arena_init(&arena, 256);
    weft_arena_init(&other, 256);
    for (int empty = 1; empty >= 0; empty--) { /* first without anything before the mark */
        if (!empty) memset(weft_arena_alloc(&arena, 200), 'k', 200);
        struct weft_arena_mark mark = weft_arena_mark(&arena);
        size_t held = arena.total_bytes;
        char *first = empty ? NULL : weft_arena_alloc(&arena, 8);
        weft_arena_rewind(&arena, mark);
        for (int round = 0; round < 3; round++) {
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
                memset(weft_arena_alloc(&arena, sizes[i]), 'x', sizes[i]);
            weft_arena_rewind(&arena, mark);
            assert_int_equal(arena.total_bytes, held);
        }
        if (!WEFT_ALLOC_EXACT && !empty) assert_ptr_equal(weft_arena_alloc(&arena, 8), first);
    }
    char *kept = weft_arena_alloc(&arena, 8), *moved = weft_arena_alloc(&other, 8);
    memcpy(kept, "kept...", 8);
    memcpy(moved, "moved..", 8);
    size_t both = arena.total_bytes + other.total_bytes;
    weft_arena_adopt(&arena, &other);
    assert_int_equal(arena.total_bytes, both);
    assert_int_equal(other.total_bytes, 0);
    weft_arena_release(&other);
    memset(weft_arena_alloc(&arena, 100000), 'y', 100000);
    assert_string_equal(kept, "kept...");
    assert_string_equal(moved, "moved..");
    weft_arena_release(&arena);
}

static char order_of_calls[8];

static void note_call(void *what)
{
    size_t len = strlen(order_of_calls);
    order_of_calls[len] = *(const char *)what; /* the arena's memory is still good */
    order_of_calls[len + 1] = '\0';
}

static void arena_calls_on_release(void **state)
{
    struct weft_arena arena = { 0 };
    for (int round = 0; round < 2; round++) {
        order_of_calls[0] = '\0';
        weft_arena_on_release(&arena, note_call, weft_arena_copy_c(&arena, WEFT_S("a")));
        weft_arena_on_release(&arena, note_call, weft_arena_copy_c(&arena, WEFT_S("b")));
        assert_string_equal(order_of_calls, "");
        if (round == 0)
            weft_arena_reset(&arena);
        else
            weft_arena_release(&arena);
        assert_string_equal(order_of_calls, "ba");
    }
    weft_arena_release(&arena); /* nothing is left to call */
    assert_string_equal(order_of_calls, "ba");

    struct weft_arena other = { 0 };
    order_of_calls[0] = '\0';
    weft_arena_on_release(&arena, note_call, weft_arena_copy_c(&arena, WEFT_S("a")));
    struct weft_arena_mark mark = weft_arena_mark(&arena);
    weft_arena_on_release(&arena, note_call, weft_arena_copy_c(&arena, WEFT_S("b")));
    weft_arena_rewind(&arena, mark);
    assert_string_equal(order_of_calls, "b");
    weft_arena_on_release(&other, note_call, weft_arena_copy_c(&other, WEFT_S("c")));
    weft_arena_on_release(&other, note_call, weft_arena_copy_c(&other, WEFT_S("d")));
    weft_arena_adopt(&arena, &other);
    weft_arena_release(&other);
    assert_string_equal(order_of_calls, "b");
    weft_arena_release(&arena);
    assert_string_equal(order_of_calls, "bdca");
}

static void buf_grows(void **state)
{
    struct weft_buf buf = { 0 };
    weft_buf_append_c(&buf, "");
    weft_buf_append_zero(&buf, 0);
    weft_buf_consume(&buf, 0);
    for (int i = 0; i < 1000; i++) {
        weft_buf_append_byte(&buf, 'a');
        weft_buf_append_str(&buf, WEFT_S("bc"));
        weft_buf_printf(&buf, "%d,", i);
    }
    assert_int_equal(buf.len, 1000 * 4 + 10 + 90 * 2 + 900 * 3);
    assert_memory_equal(buf.data, "abc0,abc1,", 10);
    weft_buf_consume(&buf, 5);
    assert_memory_equal(buf.data, "abc1,abc2,", 10);
    weft_buf_reset(&buf);
    weft_buf_append_zero(&buf, 5000);
    assert_int_equal(buf.data[4999], 0);
    weft_buf_release(&buf);
    weft_buf_release(&buf);
}

static void map_agrees_with_arithmetic(void **state)
{
    struct weft_map map = { 0 };
    char key[32];
    bool is_new;
    assert_null(weft_map_get(&map, WEFT_S("x")));
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 5000; i++) {
            int len = snprintf(key, sizeof key, "key %llu", (unsigned long long)(i % 1000));
            uint64_t *value = weft_map_put(&map, weft_str_make(key, (size_t)len), i, &is_new);
            assert_int_equal(is_new, i < 1000);
            assert_int_equal(*value, i < 1000 ? i : i % 1000);
        }
        assert_int_equal(map.count, 1000);
        size_t at = 0, seen = 0;
        uint64_t sum = 0;
        for (const struct weft_map_slot *slot; (slot = weft_map_next(&map, &at)) != NULL; seen++)
            sum += slot->value;
        assert_int_equal(seen, 1000);
        assert_int_equal(sum, 999 * 1000 / 2);
        assert_null(weft_map_get(&map, WEFT_S("key 1000")));
        weft_map_reset(&map);
        assert_null(weft_map_get(&map, WEFT_S("key 1")));
    }
    *weft_map_put(&map, WEFT_S(""), 1, NULL) = 7;
    assert_int_equal(*weft_map_get(&map, (struct weft_str){ NULL, 0 }), 7);
    weft_map_release(&map);
    weft_map_release(&map);
}

static void budget_refuses_and_gives_back(void **state)
{
    struct weft_budget budget = { .limit_bytes = 100 };
    assert_true(weft_budget_take(&budget, 60));
    assert_false(weft_budget_take(&budget, 41));
    assert_true(weft_budget_take(&budget, 40));
    weft_budget_give(&budget, 60);
    assert_true(weft_budget_take(&budget, 1));
    assert_int_equal(budget.used_bytes, 41);
    budget.limit_bytes = 0;
    assert_true(weft_budget_take(&budget, INT64_C(1) << 40));
}

/* What grows keeps its bytes and disturbs no neighbour, whether it has a block of its own or not. */
static void arena_grows(void **state)
{
    for (size_t block_bytes = 0; block_bytes <= 1 << 16; block_bytes += 1 << 14) {
        struct weft_arena arena;
        unsigned char *grown = NULL, *small[20];
        size_t len = 0;
        weft_arena_init(&arena, block_bytes);
        for (unsigned round = 0; round < 20; round++) {
            size_t more = len < 8 ? 8 : len * 2;
            grown = weft_arena_grow(&arena, grown, len, more);
            memset(grown + len, (int)round, more - len);
            len = more;
            small[round] = weft_arena_alloc(&arena, 40);
            memset(small[round], 100 + (int)round, 40);
        }
        size_t at = 0;
        for (unsigned round = 0; round < 20; round++) {
            for (size_t end = (size_t)8 << round; at < end; at++)
                if (grown[at] != round) fail_msg("byte %zu: %u, not %u", at, grown[at], round);
            for (unsigned i = 0; i < 40; i++) assert_int_equal(small[round][i], 100 + round);
        }
        assert_true(arena.total_bytes < len + (2 << 20)); /* large pieces left nothing behind */
        weft_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_and_bugs_end_the_process),
        cmocka_unit_test(zero_bytes_are_something),
        cmocka_unit_test(arena_pieces_do_not_overlap),
        cmocka_unit_test(arena_copies_and_prints),
        cmocka_unit_test(arena_rewinds_and_adopts),
        cmocka_unit_test(arena_calls_on_release),
        cmocka_unit_test(arena_grows),
        cmocka_unit_test(buf_grows),
        cmocka_unit_test(map_agrees_with_arithmetic),
        cmocka_unit_test(budget_refuses_and_gives_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
