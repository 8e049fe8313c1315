/* traceql_eval_structure_test.c -- structural operators against the sentences of query.md Q4.3, read span by span, over random traces with
 * orphans, circles and ids that are there twice. */
#include "base/random.h"
#include "query/trace_fixture.h"
#include "query/traceql_eval.h"

#define SPANS_MAX 24u
#define TRACES 3000u

/* ---- The judge ---- */

static bool id_equal(struct weft_span_id a, struct weft_span_id b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static uint32_t named_parent(const struct weft_batch *trace, uint32_t span)
{
    struct weft_span_id wanted = trace->spans[span].parent_span_id;
    if (id_equal(wanted, trace->spans[span].span_id)) return span;
    for (uint32_t i = 0; i < trace->span_count; i++)
        if (id_equal(trace->spans[i].span_id, wanted)) return i;
    return UINT32_MAX;
}

static bool is_on_circle(const struct weft_batch *trace, uint32_t span)
{
    uint32_t at = named_parent(trace, span);
    for (uint32_t steps = 0; steps < trace->span_count && at != UINT32_MAX; steps++) {
        if (at == span) return true;
        at = named_parent(trace, at);
    }
    return false;
}

static bool is_child(const struct weft_batch *trace, uint32_t child, uint32_t parent)
{
    return !weft_span_id_is_zero(&trace->spans[child].parent_span_id) &&
           !is_on_circle(trace, child) && named_parent(trace, child) == parent;
}

static bool is_descendant(const struct weft_batch *trace, uint32_t below, uint32_t above)
{
    for (uint32_t i = 0; i < trace->span_count; i++)
        if (is_child(trace, below, i)) return i == above || is_descendant(trace, i, above);
    return false;
}

/* The same parent named, roots included; spans on circles are connected to nothing. */
static bool is_sibling(const struct weft_batch *trace, uint32_t a, uint32_t b)
{
    struct weft_span_id pa = trace->spans[a].parent_span_id, pb = trace->spans[b].parent_span_id;
    return a != b && id_equal(pa, pb) &&
           (weft_span_id_is_zero(&pa) || (!is_on_circle(trace, a) && !is_on_circle(trace, b)));
}

/* Whether span a of the left side makes span r of the right side match. */
static bool relates(const struct weft_batch *trace, const char *op, uint32_t a, uint32_t r)
{
    if (strcmp(op, ">") == 0) return is_child(trace, r, a);
    if (strcmp(op, ">>") == 0) return is_descendant(trace, r, a);
    if (strcmp(op, "<") == 0) return is_child(trace, a, r);
    if (strcmp(op, "<<") == 0) return is_descendant(trace, a, r);
    return is_sibling(trace, a, r);
}

static bool is_in(const struct weft_batch *trace, uint32_t span, const char *key)
{
    return weft_attributes_find(trace->spans[span].attributes, weft_str_from_c(key)) != NULL;
}

/* Bit i: span i is in the answer. */
static uint32_t judged(const struct weft_batch *trace, char mode, const char *op)
{
    uint32_t answer = 0;
    for (uint32_t r = 0; r < trace->span_count; r++) {
        if (!is_in(trace, r, "b")) continue;
        uint32_t made_by = 0;
        for (uint32_t a = 0; a < trace->span_count; a++)
            if (is_in(trace, a, "a") && relates(trace, op, a, r)) made_by |= 1u << a;
        if ((made_by != 0) != (mode == '!')) answer |= 1u << r;
        if (mode == '&') answer |= made_by;
    }
    return answer;
}

/* ---- Random traces ---- */

static struct weft_batch random_trace(struct weft_random *random, struct weft_buf *text,
                                      struct weft_arena *arena)
{
    uint32_t count = 1 + (uint32_t)weft_random_below(random, SPANS_MAX);
    uint32_t ids = count + 2; /* some parents are missing */

    weft_buf_reset(text);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t id =
            weft_random_below(random, 12) == 0 ? 1 + weft_random_below(random, ids) : i + 1;
        uint64_t parent = weft_random_below(random, 8) == 0 ? 0
                          : i > 0 && weft_random_below(random, 8) != 0
                              ? 1 + weft_random_below(random, i)
                              : 1 + weft_random_below(random, ids);
        weft_buf_printf(text, "%s%llx %llx n %u 1%s%s", i > 0 ? "\n" : "", (unsigned long long)id,
                        (unsigned long long)parent, i,
                        weft_random_below(random, 2) == 0 ? " span.a=1" : "",
                        weft_random_below(random, 3) != 0 ? " span.b=1" : "");
    }
    weft_buf_append_byte(text, '\0');
    return fixture_trace(text->data, 1, arena);
}

static uint32_t evaluated(const struct weft_batch *trace, const struct weft_traceql_query *query)
{
    struct weft_arena arena;
    struct weft_trace_view view;
    struct weft_spansets spansets;
    uint32_t answer = 0;
    weft_arena_init(&arena, 0);
    weft_trace_view_init(&view, trace, &arena);
    assert_int_equal(weft_traceql_eval(&view, query->pipeline, &spansets, NULL), WEFT_OK);
    for (uint32_t i = 0; spansets.count > 0 && i < spansets.items[0].count; i++)
        answer |= 1u << spansets.items[0].spans[i];
    weft_arena_release(&arena);
    return answer;
}

static void test_against_the_judge(void **state)
{
    static const char *const ops[] = { ">", ">>", "<", "<<", "~" };
    static const char modes[] = { ' ', '!', '&' };
    struct weft_traceql_query queries[3][5];
    struct weft_arena arena, work;
    struct weft_buf text = { 0 };
    struct weft_random random;
    uint64_t spans_found = 0;

    weft_arena_init(&arena, 0);
    weft_arena_init(&work, 0);
    for (int m = 0; m < 3; m++) {
        for (int o = 0; o < 5; o++) {
            struct weft_str query =
                weft_arena_printf(&arena, "{ span.a = 1 } %c%s { span.b = 1 }", modes[m], ops[o]);
            assert_int_equal(weft_traceql_parse(&queries[m][o], query, &arena, NULL, NULL),
                             WEFT_OK);
        }
    }
    weft_random_init(&random, 11);
    for (uint32_t t = 0; t < TRACES; t++) {
        weft_arena_reset(&work);
        struct weft_batch trace = random_trace(&random, &text, &work);
        for (int i = 0; i < 15; i++) {
            int m = i / 5, o = i % 5;
            uint32_t expected = judged(&trace, modes[m], ops[o]);
            uint32_t found = evaluated(&trace, &queries[m][o]);
            if (expected != found)
                fail_msg("%c%s: %x, expected %x, over\n%s", modes[m], ops[o], found, expected,
                         text.data);
            spans_found += (uint64_t)__builtin_popcount(found);
        }
    }
    assert_in_range(spans_found, 5 * TRACES, UINT64_MAX);
    weft_buf_release(&text);
    weft_arena_release(&work);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_judge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
