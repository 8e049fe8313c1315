/* selection_build_test.c -- conditions of Jaeger and Zipkin, piece by piece, as selections. */
#include "model/jaeger_json.h"
#include "model/zipkin_span.h"
#include "query/selection_build.h"
#include "wire/protobuf.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Whoever has the value is found by the text that is shown of it. */
static void found_by(const struct weft_attribute *a, struct weft_str text, struct weft_arena *arena)
{
    const struct weft_resource resource = { 0 };
    const struct weft_scope scope = { .resource = &resource };
    const struct weft_span span = { .scope = &scope, .attributes = { a, 1, 0 } };
    const struct weft_selection *selection =
        weft_selection_attribute_text(arena, WEFT_SCOPE_SPAN, weft_attribute_key(a), text);
    if (!weft_selection_holds_span(selection, &span))
        fail_msg("a value of type %u is not found by \"%.*s\"", a->type, WEFT_S_ARG(text));
}

static struct weft_attribute of_type(enum weft_value_type type)
{
    return (struct weft_attribute){ .key = "k", .key_len = 1, .type = (uint32_t)type };
}

static void test_every_type(void **state)
{
    static const double doubles[] = {
        0, -0.0, 42, 0.5, 1e-9, 1e16, NAN, 1e15, -INFINITY, 5e-9, 12345678901234567890.0
    };
    static const int64_t ints[] = { 0, -1, 42, 1234, INT64_MAX, INT64_MIN };
    static const struct weft_str texts[] = { WEFT_S_INIT(""),    WEFT_S_INIT("true"),
                                             WEFT_S_INIT("42"),  WEFT_S_INIT("42.0"),
                                             WEFT_S_INIT("[1]"), WEFT_S_INIT("abcd"),
                                             WEFT_S_INIT("NaN"), WEFT_S_INIT("plain text") };
    struct weft_attribute all[64];
    uint32_t count = 0;
    struct weft_arena arena;
    struct weft_buf encoded = { 0 }, scratch = { 0 };
    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        all[count] = of_type(WEFT_VALUE_DOUBLE);
        all[count++].double_value = doubles[i];
    }
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        all[count] = of_type(WEFT_VALUE_INT);
        all[count++].int_value = ints[i];
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        all[count++] = weft_attribute_text(WEFT_S("k"), texts[i]);
        all[count] = weft_attribute_text(WEFT_S("k"), texts[i]);
        all[count++].type = WEFT_VALUE_BYTES;
    }
    for (int i = 0; i < 2; i++) {
        all[count] = of_type(WEFT_VALUE_BOOL);
        all[count++].bool_value = i == 1;
    }
    all[count++] = of_type(WEFT_VALUE_EMPTY);
    size_t mark = weft_pb_open(&encoded, 1);
    weft_pb_put_bytes_always(&encoded, WEFT_VALUE_STRING, WEFT_S("x"));
    weft_pb_close(&encoded, mark);
    all[count] = weft_attribute_text(WEFT_S("k"), weft_buf_str(&encoded));
    all[count++].type = WEFT_VALUE_ARRAY;
    for (uint32_t i = 0; i < count; i++) {
        struct weft_value value = weft_attribute_value(&all[i]);
        found_by(&all[i], weft_jaeger_value_text(&all[i], &scratch), &arena);
        found_by(&all[i], weft_zipkin_plain_text(&value, &arena), &arena);
    }
    weft_buf_release(&encoded);
    weft_buf_release(&scratch);
    weft_arena_release(&arena);
}

static void test_other_values_are_left_out(void **state)
{
    struct weft_arena arena;
    const struct weft_resource resource = { 0 };
    const struct weft_scope scope = { .resource = &resource };
    struct weft_attribute a = weft_attribute_text(WEFT_S("k"), WEFT_S("GET"));
    const struct weft_span span = { .scope = &scope, .attributes = { &a, 1, 0 } };
    weft_arena_init(&arena, 0);
    assert_false(weft_selection_holds_span(
        weft_selection_attribute_text(&arena, WEFT_SCOPE_SPAN, WEFT_S("k"), WEFT_S("POST!")),
        &span));
    assert_false(weft_selection_holds_span(
        weft_selection_attribute_text(&arena, WEFT_SCOPE_SPAN, WEFT_S("other"), WEFT_S("GET")),
        &span));
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_other_values_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
