/* zipkin_links_test.c -- what tests/zipkin.py cannot send quickly: deep, wide and circular traces. */
#include "model/span.h"
#include "query/zipkin_links.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SPANS 200000u

struct made {
    struct weft_arena arena;
    struct weft_batch batch;
    struct weft_resource resources[2];
    struct weft_scope scopes[2];
    struct weft_link_counter counter;
};

static void make(struct made *made)
{
    memset(made, 0, sizeof *made);
    weft_arena_init(&made->arena, 0);
    made->batch.arena = &made->arena;
    for (int i = 0; i < 2; i++) {
        made->resources[i].service_name = i == 0 ? WEFT_S("front") : WEFT_S("Back");
        made->scopes[i].resource = &made->resources[i];
    }
}

static void add(struct made *made, uint32_t id, uint32_t parent, int service, uint8_t kind)
{
    struct weft_span *span = weft_batch_add(&made->batch);
    span->scope = &made->scopes[service];
    memcpy(span->span_id.bytes, &id, sizeof id);
    memcpy(span->parent_span_id.bytes, &parent, sizeof parent);
    span->kind = kind;
}

/* Counted, released; calls from front to back, and that there are no others. */
static uint64_t count(struct made *made)
{
    uint32_t link_count;
    weft_zipkin_count_links(&made->counter, &made->batch, &made->arena);
    struct weft_service_link *links =
        weft_link_counter_finish(&made->counter, &link_count, &made->arena);
    uint64_t calls = 0;
    for (uint32_t i = 0; i < link_count; i++) {
        assert_true(weft_str_equal_c(links[i].parent, "front"));
        assert_true(weft_str_equal_c(links[i].child, "back"));
        calls += links[i].call_count;
    }
    weft_link_counter_release(&made->counter);
    weft_arena_release(&made->arena);
    return calls;
}

static void deep(void **state) /* every local span would look up all the way */
{
    struct made made;
    make(&made);
    add(&made, 1, 0, 0, WEFT_KIND_SERVER);
    for (uint32_t i = 2; i <= SPANS; i++) {
        add(&made, i, i - 1, 0, WEFT_KIND_INTERNAL);
        if (i % 100 == 0) add(&made, SPANS + i, i, 1, WEFT_KIND_SERVER);
    }
    assert_int_equal(count(&made), SPANS / 100);
}

static void wide(void **state)
{
    struct made made;
    make(&made);
    add(&made, 1, 0, 0, WEFT_KIND_SERVER);
    for (uint32_t i = 2; i <= SPANS; i++) add(&made, i, 1, 1, WEFT_KIND_SERVER);
    assert_int_equal(count(&made), SPANS - 1);
}

static void one_id(void **state) /* reports of one span, sent again and again */
{
    struct made made;
    make(&made);
    add(&made, 1, 0, 0, WEFT_KIND_CLIENT);
    for (uint32_t i = 0; i < SPANS; i++) add(&made, 2, 1, 1, WEFT_KIND_SERVER);
    assert_int_equal(count(&made), 1);
}

static void circular(void **state)
{
    struct made made;
    make(&made);
    add(&made, 1, 0, 0, WEFT_KIND_CLIENT);
    add(&made, 2, 1, 1, WEFT_KIND_SERVER);
    add(&made, 3, 4, 0, WEFT_KIND_CLIENT);
    add(&made, 4, 3, 1, WEFT_KIND_SERVER);
    add(&made, 5, 5, 0, WEFT_KIND_INTERNAL);
    assert_int_equal(count(&made), 1);
    make(&made);
    assert_int_equal(count(&made), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep),
        cmocka_unit_test(wide),
        cmocka_unit_test(one_id),
        cmocka_unit_test(circular),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
