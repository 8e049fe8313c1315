/* traceql_value_test.c -- how values compare and what arithmetic makes of them. */
#include "model/otlp.h"
#include "query/traceql_eval.h"
#include "wire/protobuf.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NIL                      \
    {                            \
        .type = WEFT_TRACEQL_NIL \
    }
#define INT(n)                                     \
    {                                              \
        .type = WEFT_TRACEQL_INT, .int_value = (n) \
    }
#define FLOAT(x)                                       \
    {                                                  \
        .type = WEFT_TRACEQL_FLOAT, .float_value = (x) \
    }
#define DURATION(n)                                     \
    {                                                   \
        .type = WEFT_TRACEQL_DURATION, .int_value = (n) \
    }
#define TEXT(s)                                             \
    {                                                       \
        .type = WEFT_TRACEQL_STRING, .text = WEFT_S_INIT(s) \
    }
#define BOOL(b)                                      \
    {                                                \
        .type = WEFT_TRACEQL_BOOL, .bool_value = (b) \
    }
#define STATUS(n)                                     \
    {                                                 \
        .type = WEFT_TRACEQL_STATUS, .int_value = (n) \
    }
#define ARRAY(v)                                                                         \
    {                                                                                    \
        .type = WEFT_TRACEQL_ARRAY, .item_count = sizeof(v) / sizeof(v)[0], .items = (v) \
    }
typedef struct weft_traceql_value value;

static const value one_two_three[] = { INT(1), INT(2), INT(3) };
static const value a_b[] = { TEXT("a"), TEXT("b") };

#define TWO_53 INT64_C(9007199254740992)
static const struct {
    value a;
    enum weft_expr_op op;
    value b;
    bool holds;
} comparisons[] = {
    { INT(1), WEFT_EXPR_EQ, FLOAT(1.0), true },
    { INT(1), WEFT_EXPR_LT, DURATION(2), true },
    { FLOAT(1.5), WEFT_EXPR_GT, DURATION(1), true },
    { INT(TWO_53 + 1), WEFT_EXPR_EQ, INT(TWO_53), false },
    { INT(TWO_53 + 1), WEFT_EXPR_EQ, FLOAT(9007199254740992.0), false },
    { INT(TWO_53 + 1), WEFT_EXPR_GT, FLOAT(9007199254740992.0), true },
    { FLOAT(0x1p63), WEFT_EXPR_GT, INT(INT64_MAX), true },
    { FLOAT(NAN), WEFT_EXPR_EQ, FLOAT(NAN), false },
    { FLOAT(NAN), WEFT_EXPR_NE, INT(1), true },
    { FLOAT(NAN), WEFT_EXPR_GE, INT(1), false },
    { INT(200), WEFT_EXPR_EQ, TEXT("200"), false },
    { INT(200), WEFT_EXPR_NE, TEXT("200"), false }, /* Q3.3.1 */
    { TEXT("abc"), WEFT_EXPR_GE, TEXT("abb"), true },
    { TEXT("a"), WEFT_EXPR_LT, TEXT("aa"), true },
    { BOOL(true), WEFT_EXPR_NE, BOOL(false), true },
    { BOOL(true), WEFT_EXPR_GT, BOOL(false), false },
    { STATUS(2), WEFT_EXPR_EQ, STATUS(2), true },
    { STATUS(2), WEFT_EXPR_EQ, INT(2), false },
    { NIL, WEFT_EXPR_EQ, NIL, false },
    { NIL, WEFT_EXPR_NE, INT(1), false },
    { ARRAY(one_two_three), WEFT_EXPR_EQ, INT(2), true },
    { ARRAY(one_two_three), WEFT_EXPR_EQ, FLOAT(2.0), true },
    { ARRAY(one_two_three), WEFT_EXPR_NE, INT(2), false },
    { ARRAY(one_two_three), WEFT_EXPR_NE, INT(4), true },
    { ARRAY(one_two_three), WEFT_EXPR_NE, TEXT("4"), false },
    { ARRAY(one_two_three), WEFT_EXPR_GT, INT(2), true },
    { ARRAY(one_two_three), WEFT_EXPR_GT, INT(3), false },
    { INT(2), WEFT_EXPR_LT, ARRAY(one_two_three), true },
    { INT(3), WEFT_EXPR_LT, ARRAY(one_two_three), false },
    { ARRAY(one_two_three), WEFT_EXPR_EQ, ARRAY(one_two_three), false },
    { ARRAY(a_b), WEFT_EXPR_LE, TEXT("a"), true },
};

static void test_comparisons(void **state)
{
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        if (weft_traceql_compare(comparisons[i].op, &comparisons[i].a, &comparisons[i].b) !=
            comparisons[i].holds)
            fail_msg("comparison %zu: expected %d", i, comparisons[i].holds);
    }
    (void)state;
}

static const struct {
    value a;
    enum weft_expr_op op;
    value b, result;
} sums[] = {
    { INT(-7), WEFT_EXPR_DIVIDE, INT(2), INT(-3) },
    { INT(-7), WEFT_EXPR_MODULO, INT(3), INT(-1) },
    { INT(INT64_MAX), WEFT_EXPR_ADD, INT(1), INT(INT64_MIN) },
    { INT(INT64_MIN), WEFT_EXPR_DIVIDE, INT(-1), INT(INT64_MIN) },
    { INT(INT64_MIN), WEFT_EXPR_MODULO, INT(-1), INT(0) },
    { INT(INT64_MIN), WEFT_EXPR_MULTIPLY, INT(2), INT(0) },
    { INT(5), WEFT_EXPR_DIVIDE, INT(0), NIL },
    { INT(5), WEFT_EXPR_MODULO, INT(0), NIL },
    { INT(5), WEFT_EXPR_DIVIDE, FLOAT(0), FLOAT(INFINITY) },
    { INT(10), WEFT_EXPR_POWER, INT(9), INT(1000000000) },
    { INT(3), WEFT_EXPR_POWER, INT(0), INT(1) },
    { INT(2), WEFT_EXPR_POWER, INT(64), INT(0) },
    { INT(2), WEFT_EXPR_POWER, INT(-1), INT(0) },
    { INT(-1), WEFT_EXPR_POWER, INT(-3), INT(-1) },
    { INT(0), WEFT_EXPR_POWER, INT(-1), NIL },
    { FLOAT(2), WEFT_EXPR_POWER, INT(-1), FLOAT(0.5) },
    { DURATION(10), WEFT_EXPR_MULTIPLY, INT(2), FLOAT(20) },
    { DURATION(10), WEFT_EXPR_ADD, DURATION(2), FLOAT(12) },
    { FLOAT(-7.5), WEFT_EXPR_MODULO, INT(2), FLOAT(-1.5) },
    { TEXT("a"), WEFT_EXPR_ADD, INT(2), NIL },
    { INT(2), WEFT_EXPR_ADD, NIL, NIL },
    { ARRAY(one_two_three), WEFT_EXPR_ADD, INT(2), NIL },
};

static void test_arithmetic(void **state)
{
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        value out;
        weft_traceql_arithmetic(sums[i].op, &sums[i].a, &sums[i].b, &out);
        if (out.type != sums[i].result.type ||
            weft_traceql_value_compare(&out, &sums[i].result) != 0)
            fail_msg("sum %zu: type %d int %lld", i, out.type, (long long)out.int_value);
    }
    (void)state;
}

static void test_negation(void **state)
{
    value out, duration = DURATION(5), smallest = INT(INT64_MIN), text = TEXT("5");
    weft_traceql_negate(&duration, &out);
    assert_int_equal(out.type, WEFT_TRACEQL_DURATION);
    assert_int_equal(out.int_value, -5);
    weft_traceql_negate(&smallest, &out);
    assert_true(out.int_value == INT64_MIN);
    weft_traceql_negate(&text, &out);
    assert_int_equal(out.type, WEFT_TRACEQL_NIL);
    (void)state;
}

/* Each stands before the next, and equals itself. */
static const value ascending[] = {
    NIL,         FLOAT(NAN), FLOAT(-INFINITY), INT(-3),   INT(2),
    FLOAT(2.0),  INT(3),     TEXT(""),         TEXT("a"), TEXT("b"),
    BOOL(false), BOOL(true), STATUS(0),        STATUS(1), ARRAY(one_two_three),
    ARRAY(a_b),
};

static void test_total_order(void **state)
{
    size_t count = sizeof ascending / sizeof *ascending;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int order = weft_traceql_value_compare(&ascending[i], &ascending[j]);
            if (order != (i > j) - (i < j)) fail_msg("values %zu and %zu: order %d", i, j, order);
        }
    }
    (void)state;
}

/* An ArrayValue of ints (each below 128), then of one string. */
static struct weft_attribute array_attribute(const char *bytes, size_t len)
{
    return (struct weft_attribute){ .type = WEFT_VALUE_ARRAY,
                                    .ptr = bytes,
                                    .value_len = (uint32_t)len };
}
#define ONE "\x0a\x02\x18\x01"
#define TWO "\x0a\x02\x18\x02"
#define LETTER "\x0a\x03\x0a\x01x"
#define NOTHING "\x0a\x00"

static void test_arrays(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum weft_traceql_type type;
        uint32_t item_count;
    } arrays[] = {
        { "", 0, WEFT_TRACEQL_OPAQUE, 0 },         { ONE, 4, WEFT_TRACEQL_INT, 0 },
        { LETTER, 5, WEFT_TRACEQL_STRING, 0 },     { ONE TWO, 8, WEFT_TRACEQL_ARRAY, 2 },
        { ONE LETTER, 9, WEFT_TRACEQL_OPAQUE, 0 }, { NOTHING, 2, WEFT_TRACEQL_OPAQUE, 0 },
    };
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        struct weft_attribute attribute = array_attribute(arrays[i].bytes, arrays[i].len);
        value out;
        weft_traceql_value_from(&out, &attribute, &arena);
        assert_int_equal(out.type, arrays[i].type);
        assert_int_equal(out.item_count, arrays[i].item_count);
        if (out.type == WEFT_TRACEQL_ARRAY) assert_int_equal(out.items[1].int_value, 2);
    }
    weft_arena_release(&arena);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comparisons), cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_negation),    cmocka_unit_test(test_total_order),
        cmocka_unit_test(test_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
