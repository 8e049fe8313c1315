/* span_top_test.c -- the first so many against a sort. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/endian.h"
#include "base/random.h"
#include "query/span_top.h"

enum { COUNT = 500 };

static enum weft_order sort_order;
static int hit_compare(const void *a, const void *b)
{
    return weft_search_position_compare(sort_order, &((const struct weft_hit *)a)->position,
                                        &((const struct weft_hit *)b)->position);
}

static void hits_draw(struct weft_hit *hits, struct weft_random *random, struct weft_arena *arena)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        hits[i] = (struct weft_hit){
            .position = { .start_time_unix_nano = weft_random_below(random, 20),
                          .duration_ns = weft_random_below(random, 20),
                          .kind = (uint8_t)weft_random_below(random, 6) },
            .name = weft_arena_printf(arena, "name-%u", i),
            .service_name = weft_arena_printf(arena, "service-%u", i % 7),
        };
        hits[i].position.trace_id.bytes[0] = (uint8_t)weft_random_below(random, 40);
        weft_store_u32_be(hits[i].position.span_id.bytes, i); /* no exact duplicates */
    }
}

/* What should be there: of sorted hits those behind `after`, the first of each trace when asked. */
static uint32_t expect(struct weft_hit *out, const struct weft_hit *sorted,
                       const struct weft_search_position *after, bool is_once_per_trace)
{
    bool seen[256] = { 0 };
    uint32_t count = 0;

    for (uint32_t i = 0; i < COUNT; i++) {
        const struct weft_search_position *p = &sorted[i].position;
        if (after != NULL && weft_search_position_compare(sort_order, p, after) <= 0) continue;
        if (is_once_per_trace && seen[p->trace_id.bytes[0]]) continue;
        seen[p->trace_id.bytes[0]] = true;
        out[count++] = sorted[i];
    }
    return count;
}

static void top_agrees_with_a_sort(void **state)
{
    static struct weft_hit all[COUNT], expected[COUNT];
    struct weft_random random;

    weft_random_init(&random, 7);
    for (uint32_t round = 0; round < 80; round++) {
        struct weft_search_position after;
        struct weft_arena arena;
        struct weft_top top;
        uint32_t limit = 1 + round / 2 * 3;
        weft_arena_init(&arena, 0);
        hits_draw(all, &random, &arena);
        after = all[round].position;
        weft_top_init(&top, limit, &arena);
        top.order = sort_order = round % 4 < 2 ? WEFT_ORDER_NEWEST : WEFT_ORDER_SLOWEST;
        top.is_once_per_trace = round % 2 == 1;
        top.after = round > 20 ? &after : NULL;
        for (uint32_t i = 0; i < COUNT; i++) {
            const struct weft_search_position *p = &all[i].position;
            bool may = weft_top_may_admit(&top, p->start_time_unix_nano, p->duration_ns);
            assert_true(may || !weft_top_admits(&top, p));
            if (may) weft_top_offer(&top, &all[i]);
        }
        qsort(all, COUNT, sizeof *all, hit_compare);
        uint32_t count = expect(expected, all, top.after, top.is_once_per_trace);
        if (count > limit) count = limit;
        assert_int_equal(top.count, count);
        const struct weft_hit *found = weft_top_finish(&top, &arena);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(hit_compare(&found[i], &expected[i]), 0);
            assert_true(weft_str_equal(found[i].name, expected[i].name));
            assert_true(weft_str_equal(found[i].service_name, expected[i].service_name));
        }
        weft_top_release(&top);
        weft_arena_release(&arena);
    }
}

static void equal_positions_take_one_place(void **state)
{
    enum { DIFFERENT = 50, REPEATED = 100000 };
    struct weft_random random;
    struct weft_arena arena;
    struct weft_top top;

    weft_random_init(&random, 11);
    for (uint32_t limit = 1; limit <= DIFFERENT + 1; limit++) {
        bool is_last = limit == DIFFERENT + 1;
        weft_arena_init(&arena, 0);
        weft_top_init(&top, limit, &arena);
        for (uint32_t i = 0; i < (is_last ? REPEATED : DIFFERENT * 20); i++) {
            struct weft_hit hit = { .position = { .kind = 1 } };
            uint32_t which =
                i < DIFFERENT ? DIFFERENT - 1 - i : (uint32_t)weft_random_below(&random, DIFFERENT);
            hit.position.start_time_unix_nano = which / 2; /* pairs differ in their ids alone */
            weft_store_u32_be(hit.position.span_id.bytes, which);
            weft_top_offer(&top, &hit);
        }
        uint32_t count = top.count;
        assert_int_equal(count, is_last ? DIFFERENT : limit);
        const struct weft_hit *found = weft_top_finish(&top, &arena);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(weft_load_u32_be(found[i].position.span_id.bytes),
                             (DIFFERENT - 2 - i / 2 * 2) + i % 2);
        weft_top_release(&top);
        weft_arena_release(&arena);
    }
}

/* Each is better than the one before: texts of those pushed out go. */
static void texts_do_not_pile_up(void **state)
{
    static char text[4096];
    struct weft_arena arena;
    struct weft_top top;

    memset(text, 'a', sizeof text);
    weft_arena_init(&arena, 0);
    weft_top_init(&top, 10, &arena);
    for (uint32_t i = 0; i < 20000; i++) {
        struct weft_hit hit = { .position = { .start_time_unix_nano = i },
                                .name = weft_str_make(text, sizeof text) };
        weft_top_offer(&top, &hit);
    }
    assert_in_range(top.texts.total_bytes, 10 * sizeof text, 4 << 20);
    const struct weft_hit *found = weft_top_finish(&top, &arena);
    assert_int_equal(found[0].position.start_time_unix_nano, 19999);
    assert_int_equal(found[9].name.len, sizeof text);
    weft_top_release(&top);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(top_agrees_with_a_sort),
        cmocka_unit_test(equal_positions_take_one_place),
        cmocka_unit_test(texts_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
