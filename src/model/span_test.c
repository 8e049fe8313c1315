/* span_test.c -- ids as text, names, finding attributes, growing batches, the difference of
 * spans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "model/batch_random.h"
#include "model/span_equal.h"

#define S WEFT_S_INIT

static void trace_ids(void **state)
{
    (void)state;
    static const struct {
        struct weft_str in;
        const char *out; /* NULL: refused */
    } cases[] = {
        /* Q8.2.1 */
        { S("5B8EFFF798038103d269b633813fc60c"), "5b8efff798038103d269b633813fc60c" },
        { S("1"), "00000000000000000000000000000001" },
        { S("abc"), "00000000000000000000000000000abc" },
        { S("00000000000000000000000000000000"), "00000000000000000000000000000000" },
        { S(""), NULL },
        { S("5b8efff798038103d269b633813fc60c0"), NULL },
        { S("5b8efff79803810xd269b633813fc60c"), NULL },
        { S(" 1"), NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_trace_id id;
        char hex[33];
        assert_int_equal(weft_trace_id_parse(cases[i].in, &id), cases[i].out != NULL);
        if (cases[i].out == NULL) continue;
        weft_trace_id_format(&id, hex);
        assert_string_equal(hex, cases[i].out);
    }
    struct weft_span_id span_id;
    char hex[17];
    assert_true(weft_span_id_parse(WEFT_S("EE"), &span_id));
    weft_span_id_format(&span_id, hex);
    assert_string_equal(hex, "00000000000000ee");
    assert_false(weft_span_id_parse(WEFT_S("00000000000000001"), &span_id));
}

static void names(void **state)
{
    (void)state;
    uint8_t number;
    for (unsigned kind = 0; kind < WEFT_KIND_COUNT; kind++) {
        assert_true(weft_span_kind_parse(weft_str_from_c(weft_span_kind_name(kind)), &number));
        assert_int_equal(number, kind);
    }
    for (unsigned status = 0; status < WEFT_STATUS_COUNT; status++) {
        assert_true(
            weft_status_code_parse(weft_str_from_c(weft_status_code_name(status)), &number));
        assert_int_equal(number, status);
    }
    assert_string_equal(weft_span_kind_name(99), "unspecified");
    assert_false(weft_span_kind_parse(WEFT_S("SERVER"), &number));
}

static void durations_are_never_negative(void **state)
{
    (void)state;
    assert_int_equal(weft_span_duration_ns(
                         &(struct weft_span){ .start_time_unix_nano = 5, .end_time_unix_nano = 8 }),
                     3);
    assert_int_equal(weft_span_duration_ns(
                         &(struct weft_span){ .start_time_unix_nano = 8, .end_time_unix_nano = 5 }),
                     0);
}

static void batches_grow(void **state)
{
    (void)state;
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    struct weft_batch batch = { .arena = &arena };
    for (uint32_t i = 0; i < 1000; i++) weft_batch_add(&batch)->start_time_unix_nano = i;
    assert_int_equal(batch.span_count, 1000);
    for (uint32_t i = 0; i < 1000; i++) assert_int_equal(batch.spans[i].start_time_unix_nano, i);
    weft_arena_release(&arena);
}

static void difference_names_the_field(void **state)
{
    (void)state;
    struct weft_arena arena;
    struct weft_random random;
    struct weft_batch_random_knobs knobs = WEFT_BATCH_RANDOM_EVERYTHING;
    char sentence[256];
    weft_arena_init(&arena, 0);
    weft_random_init(&random, 1);
    struct weft_batch batch = { .arena = &arena };
    knobs.span_count = 1;
    weft_batch_random(&batch, &random, &knobs);
    struct weft_span a = batch.spans[0], b = a;
    assert_true(weft_span_equal(&a, &b));
    a.name = WEFT_S("x");
    b.name = WEFT_S("y");
    assert_false(weft_span_difference(&a, &b, sentence, sizeof sentence));
    assert_string_equal(sentence, "name: \"x\" (1 bytes) and \"y\" (1 bytes)");

    b = a;
    struct weft_attribute one = { .key = "k",
                                  .key_len = 1,
                                  .type = WEFT_VALUE_INT,
                                  .int_value = 1 },
                          two = one;
    two.int_value = 2;
    struct weft_event event_a = { .attributes = { &one, 1, 0 } },
                      event_b = { .attributes = { &two, 1, 0 } };
    a.events = &event_a;
    b.events = &event_b;
    a.event_count = b.event_count = 1;
    assert_false(weft_span_difference(&a, &b, sentence, sizeof sentence));
    assert_string_equal(sentence, "events[0].attributes[0] \"k\": int 1 and int 2");
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace_ids),
        cmocka_unit_test(names),
        cmocka_unit_test(durations_are_never_negative),
        cmocka_unit_test(batches_grow),
        cmocka_unit_test(difference_names_the_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
