/* template_test.c -- every shape: what is sent is what is expected back, sendings differ, and the
 * same seed tells the same. */
#include "app/load/template.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/map.h"
#include "model/otlp.h"
#include "model/span_equal.h"

#define NOW_NS UINT64_C(1795226400000000000)

static struct weft_load_draw draw_of(const struct weft_load_shape *shape)
{
    uint32_t count = shape->spans_per_request < 100 ? shape->spans_per_request : 100;
    return (struct weft_load_draw){ .span_count = count, .seed = 7, .trace_spans = 250 };
}

static void sent_is_expected(void **state)
{
    (void)state;
    for (const struct weft_load_shape *shape = weft_load_shapes; shape->name != NULL; shape++) {
        struct weft_load_draw draw = draw_of(shape);
        struct weft_load_template t;
        struct weft_arena arena;
        struct weft_map span_ids = { 0 };
        struct weft_err err;
        char difference[256];

        weft_arena_init(&arena, 0);
        assert_int_equal(weft_load_template_init(&t, shape, &draw, &err), WEFT_OK);
        for (uint64_t number = 3; number < 6; number++) {
            struct weft_batch expected = { .arena = &arena }, sent = { .arena = &arena };
            struct weft_otlp_result result = { 0 };
            assert_int_equal(weft_load_template_stamp(&t, number, NOW_NS, &err), WEFT_OK);
            assert_int_equal(weft_load_template_batch(&t, number, NOW_NS, &expected, &err),
                             WEFT_OK);
            assert_int_equal(weft_otlp_decode_protobuf(&sent, weft_buf_str(&t.body), &result, &err),
                             WEFT_OK);
            assert_int_equal(result.rejected_spans, 0);
            assert_int_equal(result.mended_fields, 0);
            assert_int_equal(sent.span_count, draw.span_count);
            if (!weft_batch_difference(&expected, &sent, difference, sizeof difference))
                fail_msg("%s: %s", shape->name, difference);
            for (uint32_t i = 0; i < sent.span_count; i++) {
                bool is_new;
                weft_map_put(&span_ids, weft_str_make((char *)sent.spans[i].span_id.bytes, 8), 0,
                             &is_new);
                if (!is_new) fail_msg("%s: a span id came twice", shape->name);
            }
        }
        weft_map_release(&span_ids);
        weft_load_template_release(&t);
        weft_arena_release(&arena);
    }
}

static void same_seed_same_bytes(void **state)
{
    (void)state;
    for (const struct weft_load_shape *shape = weft_load_shapes; shape->name != NULL; shape++) {
        struct weft_load_draw draw = draw_of(shape), other = draw;
        struct weft_load_template a, b, c;
        struct weft_err err;

        other.seed = 8;
        assert_int_equal(weft_load_template_init(&a, shape, &draw, &err), WEFT_OK);
        assert_int_equal(weft_load_template_init(&b, shape, &draw, &err), WEFT_OK);
        assert_int_equal(weft_load_template_init(&c, shape, &other, &err), WEFT_OK);
        assert_int_equal(weft_load_template_stamp(&b, 1, NOW_NS, &err), WEFT_OK);
        assert_int_equal(weft_load_template_stamp(&a, 4, NOW_NS, &err), WEFT_OK);
        assert_int_equal(weft_load_template_stamp(&b, 4, NOW_NS, &err), WEFT_OK);
        assert_int_equal(weft_load_template_stamp(&c, 4, NOW_NS, &err), WEFT_OK);
        if (!weft_str_equal(weft_buf_str(&a.body), weft_buf_str(&b.body)))
            fail_msg("%s: one seed, two requests", shape->name);
        if (weft_str_equal(weft_buf_str(&a.body), weft_buf_str(&c.body)))
            fail_msg("%s: two seeds, one request", shape->name);
        weft_load_template_release(&a);
        weft_load_template_release(&b);
        weft_load_template_release(&c);
    }
}

/* A giant trace goes on in the next request, and every parent is in the trace. */
static void giant_traces_are_whole(void **state)
{
    (void)state;
    const struct weft_load_shape *shape = weft_load_shapes;
    struct weft_load_draw draw = { .span_count = 100, .seed = 7, .trace_spans = 250 };
    struct weft_load_template t;
    struct weft_arena arena;
    struct weft_batch all = { .arena = &arena };
    struct weft_map ids = { 0 };
    struct weft_err err;
    uint32_t roots = 0;

    while (strcmp(shape->name, "giant") != 0) shape++;
    weft_arena_init(&arena, 0);
    assert_int_equal(weft_load_template_init(&t, shape, &draw, &err), WEFT_OK);
    for (uint64_t number = 0; number < 5; number++)
        assert_int_equal(weft_load_template_batch(&t, number, NOW_NS, &all, &err), WEFT_OK);
    for (uint32_t i = 0; i < all.span_count; i++) {
        const struct weft_span *span = &all.spans[i];
        assert_memory_equal(&span->trace_id, &all.spans[i / 250 * 250].trace_id, 16);
        weft_map_put(&ids, weft_str_make((const char *)span->span_id.bytes, 8), i, NULL);
        roots += weft_span_id_is_zero(&span->parent_span_id);
    }
    assert_int_equal(roots, 2);
    for (uint32_t i = 0; i < all.span_count; i++) {
        const struct weft_span *span = &all.spans[i];
        if (weft_span_id_is_zero(&span->parent_span_id)) continue;
        const uint64_t *parent =
            weft_map_get(&ids, weft_str_make((const char *)span->parent_span_id.bytes, 8));
        assert_non_null(parent);
        assert_int_equal(*parent / 250, i / 250);
    }
    weft_map_release(&ids);
    weft_load_template_release(&t);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sent_is_expected),
        cmocka_unit_test(same_seed_same_bytes),
        cmocka_unit_test(giant_traces_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
