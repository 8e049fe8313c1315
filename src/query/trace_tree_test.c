/* trace_tree_test.c -- the tree of a trace. */
#include "query/trace_tree.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SPANS_MAX 8
struct given {
    uint8_t id, parent;
    uint64_t start, end;
    uint8_t kind, status;
};
struct expected {
    uint8_t id;
    uint32_t depth, descendants;
    bool is_orphan, is_duplicate;
};

static const struct {
    const char *name;
    struct given spans[SPANS_MAX]; /* ends with id 0 */
    struct expected nodes[SPANS_MAX];
    uint32_t root;
} cases[] = {
    { "one span", { { 1, 0, 10, 20 } }, { { 1, 0, 0 } }, 0 },
    { "children come after their parent, siblings by start",
      { { 3, 1, 14, 15 }, { 2, 1, 12, 13 }, { 1, 0, 10, 20 } },
      { { 1, 0, 2 }, { 2, 1, 0 }, { 3, 1, 0 } },
      0 },
    { "a child that starts before its parent still hangs below it",
      { { 1, 0, 10, 20 }, { 2, 1, 8, 9 } },
      { { 1, 0, 1 }, { 2, 1, 0 } },
      0 },
    { "grandchildren follow their parent directly",
      { { 1, 0, 1, 9 }, { 2, 1, 2, 5 }, { 3, 1, 3, 8 }, { 4, 2, 4, 5 } },
      { { 1, 0, 3 }, { 2, 1, 1 }, { 4, 2, 0 }, { 3, 1, 0 } },
      0 },
    { "an orphan is a root of its own, the true root wins",
      { { 5, 9, 1, 2 }, { 1, 0, 3, 4 } },
      { { 5, 0, 0, true }, { 1, 0, 0 } },
      1 },
    { "a span that is its own parent", { { 1, 1, 1, 2 } }, { { 1, 0, 0, true } }, 0 },
    { "a circle is cut at its earliest span",
      { { 1, 2, 5, 6 }, { 2, 1, 3, 9 } },
      { { 2, 0, 1, true }, { 1, 1, 0 } },
      0 },
    { "a shared server span hangs below its client",
      { { 1, 0, 1, 9, WEFT_KIND_SERVER },
        { 2, 1, 2, 8, WEFT_KIND_CLIENT },
        { 2, 1, 3, 7, WEFT_KIND_SERVER } },
      { { 1, 0, 2 }, { 2, 1, 1 }, { 2, 2, 0 } },
      0 },
    { "two spans of one id and kind are marked",
      { { 1, 0, 1, 9 }, { 2, 1, 2, 3 }, { 2, 1, 4, 5 } },
      { { 1, 0, 2 }, { 2, 1, 0 }, { 2, 1, 0, false, true } },
      0 },
};

static struct weft_batch make_batch(const struct given *given, struct weft_span *spans)
{
    struct weft_batch batch = { .spans = spans };
    for (; batch.span_count < SPANS_MAX && given[batch.span_count].id != 0; batch.span_count++) {
        const struct given *g = &given[batch.span_count];
        struct weft_span *span = &spans[batch.span_count];
        *span = (struct weft_span){ .start_time_unix_nano = g->start,
                                    .end_time_unix_nano = g->end,
                                    .kind = g->kind,
                                    .status_code = g->status };
        span->span_id.bytes[7] = g->id;
        span->parent_span_id.bytes[7] = g->parent;
    }
    return batch;
}

static void test_shapes(void **state)
{
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct weft_span spans[SPANS_MAX];
        struct weft_batch batch = make_batch(cases[c].spans, spans);
        struct weft_arena arena;
        struct weft_trace_tree tree;
        weft_arena_init(&arena, 0);
        weft_trace_tree_build(&tree, &batch, &arena);
        if (tree.count != batch.span_count || tree.root != cases[c].root)
            fail_msg("%s: %u nodes, root %u", cases[c].name, tree.count, tree.root);
        for (uint32_t n = 0; n < tree.count; n++) {
            const struct expected *e = &cases[c].nodes[n];
            const struct weft_trace_node *node = &tree.nodes[n];
            if (spans[node->span].span_id.bytes[7] != e->id || node->depth != e->depth ||
                node->descendant_count != e->descendants || node->is_orphan != e->is_orphan ||
                node->is_duplicate != e->is_duplicate)
                fail_msg("%s: node %u is span %u at depth %u with %u below", cases[c].name, n,
                         spans[node->span].span_id.bytes[7], node->depth, node->descendant_count);
        }
        weft_arena_release(&arena);
    }
}

static void test_times_and_errors(void **state)
{
    const struct given given[SPANS_MAX] = { { 1, 0, 100, 90 },
                                            { 2, 1, 110, 150, 0, WEFT_STATUS_ERROR } };
    struct weft_span spans[SPANS_MAX];
    struct weft_batch batch = make_batch(given, spans);
    struct weft_arena arena;
    struct weft_trace_tree tree;
    weft_arena_init(&arena, 0);
    weft_trace_tree_build(&tree, &batch, &arena);
    assert_int_equal(tree.start_ns, 100); /* an end before its start counts as the start */
    assert_int_equal(tree.end_ns, 150);
    assert_int_equal(tree.error_count, 1);
    weft_arena_release(&arena);
}

/* Hostile: one id a hundred thousand times, and a chain as deep as it is long. Neither recursion
 * nor quadratic time. */
static void test_large(void **state)
{
    enum { COUNT = 100000 };
    struct weft_arena arena;
    struct weft_trace_tree tree;
    weft_arena_init(&arena, 1 << 20);
    struct weft_batch batch = { .spans =
                                    weft_arena_alloc_array(&arena, COUNT, sizeof(struct weft_span)),
                                .span_count = COUNT };
    for (uint32_t i = 0; i < COUNT; i++) batch.spans[i].span_id.bytes[0] = 1;
    weft_trace_tree_build(&tree, &batch, &arena);
    assert_int_equal(tree.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t id = i + 1;
        memcpy(batch.spans[i].span_id.bytes, &id, sizeof id);
        memcpy(batch.spans[i].parent_span_id.bytes, &i, sizeof i);
        batch.spans[i].start_time_unix_nano = i;
    }
    weft_trace_tree_build(&tree, &batch, &arena);
    assert_int_equal(tree.depth_max, COUNT - 1);
    weft_arena_release(&arena);
}

static void test_empty(void **state)
{
    struct weft_arena arena;
    struct weft_batch batch = { 0 };
    struct weft_trace_tree tree;
    weft_arena_init(&arena, 0);
    weft_trace_tree_build(&tree, &batch, &arena);
    assert_int_equal(tree.count, 0);
    assert_int_equal(tree.start_ns, 0);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_times_and_errors),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
