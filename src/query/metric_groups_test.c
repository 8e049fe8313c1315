/* metric_groups_test.c -- groups, their cells and their keys. */
#include "model/span.h"
#include "query/metric_groups.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct weft_metric_group *group_of(struct weft_metric_groups *groups, const char *name)
{
    return weft_metric_groups_find(groups, weft_str_from_c(name), true);
}

static void test_cells_of_few_and_many_buckets(void **state)
{
    static const uint32_t buckets[] = { 700, 3, 999, 0, 3, 17, 700 };
    struct weft_metric_groups groups;
    weft_metric_groups_init(&groups, 1000);
    double expected[1000] = { 0 };
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0]; i++) {
        weft_metric_group_cell(&groups, group_of(&groups, "many"), buckets[i])->weight += 1;
        expected[buckets[i]] += 1;
    }
    weft_metric_group_cell(&groups, group_of(&groups, "one"), 41)->weight += 2;

    const struct weft_metric_cell *cell;
    uint32_t found = 0;
    for (uint32_t i = 0; (cell = weft_metric_group_next(&groups, group_of(&groups, "many"), &i));
         i++, found++)
        assert_true(cell->weight == expected[i]);
    assert_int_equal(found, 5);
    uint32_t at = 0;
    assert_true(weft_metric_group_next(&groups, group_of(&groups, "one"), &at)->weight == 2);
    assert_int_equal(at, 41);
    at = 42;
    assert_null(weft_metric_group_next(&groups, group_of(&groups, "one"), &at));
    at = 0;
    assert_null(weft_metric_group_next(&groups, group_of(&groups, "none"), &at));
    assert_int_equal(groups.count, 3);
    weft_metric_groups_release(&groups);
}

static void test_no_new_groups(void **state)
{
    struct weft_metric_groups groups;
    weft_metric_groups_init(&groups, 1);
    assert_non_null(group_of(&groups, "a"));
    assert_null(weft_metric_groups_find(&groups, WEFT_S("b"), false));
    assert_non_null(weft_metric_groups_find(&groups, WEFT_S("a"), false));
    for (uint32_t i = 0; i < 1000; i++)
        weft_metric_groups_find(&groups, weft_str_make((const char *)&i, sizeof i), true);
    assert_int_equal(groups.count, 1001);
    assert_true(weft_metric_groups_bytes(&groups) > 1000 * sizeof(struct weft_metric_group));
    weft_metric_groups_release(&groups);
}

static void test_keys(void **state)
{
    const struct weft_traceql_value values[] = {
        { .type = WEFT_TRACEQL_STRING, .text = WEFT_S("a") },
        { .type = WEFT_TRACEQL_INT, .int_value = -1 },
        { .type = WEFT_TRACEQL_FLOAT, .float_value = 1 },
        { .type = WEFT_TRACEQL_NIL },
        { .type = WEFT_TRACEQL_BOOL, .bool_value = true },
        { .type = WEFT_TRACEQL_DURATION, .int_value = 1500 },
        { .type = WEFT_TRACEQL_STRING, .text = WEFT_S("") },
    };
    enum { COUNT = sizeof values / sizeof values[0] };
    struct weft_buf key = { 0 };
    for (size_t i = 0; i < COUNT; i++) weft_metric_key_append(&key, &values[i]);
    struct weft_str rest = weft_buf_str(&key);
    for (size_t i = 0; i < COUNT; i++) {
        struct weft_traceql_value read;
        weft_metric_key_read(&rest, &read);
        assert_int_equal(read.type, values[i].type);
        if (read.type == WEFT_TRACEQL_STRING)
            assert_true(weft_str_equal(read.text, values[i].text));
        else if (read.type == WEFT_TRACEQL_FLOAT)
            assert_true(read.float_value == values[i].float_value);
        else if (read.type == WEFT_TRACEQL_BOOL)
            assert_true(read.bool_value);
        else
            assert_int_equal(read.int_value, values[i].int_value);
    }
    assert_int_equal(rest.len, 0);
    weft_buf_release(&key);
}

static struct weft_str key_of(struct weft_buf *key, struct weft_traceql_value value)
{
    weft_buf_reset(key);
    weft_metric_key_append(key, &value);
    return weft_buf_str(key);
}

static void test_what_is_one_label(void **state)
{
    struct weft_buf a = { 0 }, b = { 0 };
    struct weft_traceql_value items[2] = { { .type = WEFT_TRACEQL_INT, .int_value = 1 },
                                           { .type = WEFT_TRACEQL_INT, .int_value = 2 } };
    const struct {
        struct weft_traceql_value a, b;
        bool is_same;
    } cases[] = {
        { { .type = WEFT_TRACEQL_NIL },
          { .type = WEFT_TRACEQL_STRING, .text = WEFT_S("nil") },
          false },
        { { .type = WEFT_TRACEQL_ARRAY, .item_count = 2, .items = items },
          { .type = WEFT_TRACEQL_NIL },
          true },
        { { .type = WEFT_TRACEQL_OPAQUE }, { .type = WEFT_TRACEQL_NIL }, true },
        { { .type = WEFT_TRACEQL_STATUS, .int_value = WEFT_STATUS_ERROR },
          { .type = WEFT_TRACEQL_STRING, .text = WEFT_S("error") },
          true },
        { { .type = WEFT_TRACEQL_KIND, .int_value = WEFT_KIND_CONSUMER },
          { .type = WEFT_TRACEQL_STRING, .text = WEFT_S("consumer") },
          true },
        { { .type = WEFT_TRACEQL_FLOAT, .float_value = -0.0 },
          { .type = WEFT_TRACEQL_FLOAT, .float_value = 0.0 },
          true },
        { { .type = WEFT_TRACEQL_FLOAT, .float_value = __builtin_nan("1") },
          { .type = WEFT_TRACEQL_FLOAT, .float_value = -__builtin_nan("2") },
          true },
        { { .type = WEFT_TRACEQL_INT, .int_value = 1 },
          { .type = WEFT_TRACEQL_FLOAT, .float_value = 1 },
          false },
        { { .type = WEFT_TRACEQL_INT, .int_value = 1 },
          { .type = WEFT_TRACEQL_STRING, .text = WEFT_S("1") },
          false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(weft_str_equal(key_of(&a, cases[i].a), key_of(&b, cases[i].b)),
                         cases[i].is_same);
    weft_buf_release(&a);
    weft_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_of_few_and_many_buckets),
        cmocka_unit_test(test_no_new_groups),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_what_is_one_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
