/* predicate_test.c -- the sentences at the top of predicate.h, one row each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/endian.h"
#include "base/random.h"
#include "model/predicate.h"

#define STR(text)                                             \
    {                                                         \
        .type = WEFT_VALUE_STRING, .bytes = WEFT_S_INIT(text) \
    }
#define INT(n)                                   \
    {                                            \
        .type = WEFT_VALUE_INT, .int_value = (n) \
    }
#define DBL(x)                                         \
    {                                                  \
        .type = WEFT_VALUE_DOUBLE, .double_value = (x) \
    }
#define BOOL(b)                                    \
    {                                              \
        .type = WEFT_VALUE_BOOL, .bool_value = (b) \
    }
#define BYTES(kind, text)                        \
    {                                            \
        .type = kind, .bytes = WEFT_S_INIT(text) \
    }

static void values(void **state)
{
    (void)state;
    static const struct {
        struct weft_value value;
        enum weft_op op;
        struct weft_value wanted;
        bool holds;
    } cases[] = {
        { STR("a"), WEFT_OP_EQ, STR("a"), true },
        { STR("a"), WEFT_OP_NE, STR("b"), true },
        { STR("ab"), WEFT_OP_PREFIX, STR("a"), true },
        { STR("ab"), WEFT_OP_PREFIX, STR("b"), false },
        { STR("ab"), WEFT_OP_GT, STR("a"), true },
        { STR("200"), WEFT_OP_EQ, INT(200), false },
        { STR("200"), WEFT_OP_NE, INT(200), false }, /* different kinds: != does not hold either */
        { INT(200), WEFT_OP_EQ, DBL(200.0), true },
        { DBL(2.5), WEFT_OP_GT, INT(2), true },
        { DBL(-2.5), WEFT_OP_LT, INT(-2), true },
        { INT(INT64_C(9007199254740993)), WEFT_OP_EQ, DBL(9007199254740992.0),
          false }, /* exactly */
        { INT(INT64_C(9007199254740993)), WEFT_OP_GT, DBL(9007199254740992.0), true },
        { INT(INT64_MAX), WEFT_OP_LT, DBL(0x1p63), true },
        { INT(INT64_MIN), WEFT_OP_EQ, DBL(-0x1p63), true },
        { DBL(0.0), WEFT_OP_EQ, DBL(-0.0), true },
        { DBL(__builtin_nan("")), WEFT_OP_EQ, DBL(__builtin_nan("")), false },
        { DBL(__builtin_nan("")), WEFT_OP_NE, INT(1), true },
        { DBL(__builtin_nan("")), WEFT_OP_LT, INT(1), false },
        { BOOL(true), WEFT_OP_EQ, BOOL(true), true },
        { BOOL(true), WEFT_OP_NE, BOOL(true), false },
        { BOOL(true), WEFT_OP_GE, BOOL(false), false },
        { { .type = WEFT_VALUE_EMPTY }, WEFT_OP_EXISTS, INT(0), false },
        { BYTES(WEFT_VALUE_BYTES, "x"), WEFT_OP_EXISTS, INT(0), true },
        { BYTES(WEFT_VALUE_BYTES, "x"), WEFT_OP_EQ, BYTES(WEFT_VALUE_BYTES, "x"), false },
        { BYTES(WEFT_VALUE_KVLIST, ""), WEFT_OP_EXISTS, INT(0), true },
        { BYTES(WEFT_VALUE_ARRAY, "\x0a\x03\x0a\x01x\x0a\x02\x18\x05"), WEFT_OP_EQ, INT(5),
          false }, /* of two types */
        { BYTES(WEFT_VALUE_ARRAY, "\x0a\x03\x0a\x01x\x0a\x02\x18\x05"), WEFT_OP_EXISTS, INT(5),
          true },
        { BYTES(WEFT_VALUE_ARRAY, "\x0a\x02\x18\x04\x0a\x02\x18\x05"), WEFT_OP_EQ, INT(5),
          true }, /* one element does */
        { BYTES(WEFT_VALUE_ARRAY, "\x0a\x03\x0a\x01x\x0a\x03\x0a\x01y"), WEFT_OP_NE, STR("x"),
          false }, /* one element does not */
        { BYTES(WEFT_VALUE_ARRAY, "\x0a\x03\x0a\x01x\x0a\x03\x0a\x01y"), WEFT_OP_NE, STR("z"),
          true },
        { BYTES(WEFT_VALUE_ARRAY, "\x0a\x03\x0a\x01x\x0a\x03\x0a\x01y"), WEFT_OP_NE, INT(5),
          false },
        { BYTES(WEFT_VALUE_ARRAY, "\x0a\x03\x0a\x01x"), WEFT_OP_NE, STR("y"), true },
        { BYTES(WEFT_VALUE_ARRAY, "\x0a\x07\x2a\x05\x0a\x03\x0a\x01x"), WEFT_OP_EQ, STR("x"),
          false }, /* an array in an array */
        { BYTES(WEFT_VALUE_ARRAY, ""), WEFT_OP_EXISTS, INT(0), true },
        { BYTES(WEFT_VALUE_ARRAY, ""), WEFT_OP_NE, STR("x"), false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_predicate p = { .op = cases[i].op, .value = cases[i].wanted };
        if (weft_predicate_holds_value(&p, &cases[i].value) != cases[i].holds)
            fail_msg("case %zu", i);
    }
}

static const struct weft_attribute resource_items[] = {
    { .key = "service.name",
      .key_len = 12,
      .type = WEFT_VALUE_STRING,
      .ptr = "cart",
      .value_len = 4 },
    { .key = "both", .key_len = 4, .type = WEFT_VALUE_INT, .int_value = 1 },
};
static const struct weft_attribute scope_items[] = {
    { .key = "lib", .key_len = 3, .type = WEFT_VALUE_INT, .int_value = 7 }
};
static const struct weft_attribute span_items[] = {
    { .key = "both", .key_len = 4, .type = WEFT_VALUE_INT, .int_value = 2 },
    { .key = "none", .key_len = 4, .type = WEFT_VALUE_EMPTY },
    { .key = "twice", .key_len = 5, .type = WEFT_VALUE_INT, .int_value = 1 },
    { .key = "twice", .key_len = 5, .type = WEFT_VALUE_INT, .int_value = 2 },
};
static const struct weft_resource resource = { .attributes = { resource_items, 2, 0 },
                                               .service_name = WEFT_S_INIT("cart") };
static const struct weft_scope scope = { .resource = &resource,
                                         .name = WEFT_S_INIT("lib"),
                                         .attributes = { scope_items, 1, 0 } };
static const struct weft_event events[] = { { .name = WEFT_S_INIT("first") },
                                            { .name = WEFT_S_INIT("second"),
                                              .attributes = { span_items, 4, 0 } } };
static const struct weft_span span = {
    .trace_id = { "0123456789abcde" },
    .scope = &scope,
    .name = WEFT_S_INIT("GET /"),
    .kind = WEFT_KIND_SERVER,
    .status_code = WEFT_STATUS_ERROR,
    .start_time_unix_nano = 10,
    .end_time_unix_nano = 5,
    .attributes = { span_items, 4, 0 },
    .events = events,
    .event_count = 2,
};

static void spans(void **state)
{
    (void)state;
#define KEY(s, o, k, ...)                                                          \
    {                                                                              \
        .field = WEFT_FIELD_ATTRIBUTE, .scope = WEFT_SCOPE_##s, .op = WEFT_OP_##o, \
        .key = WEFT_S_INIT(k), .value = __VA_ARGS__                                \
    }
#define FIELD(f, o, ...)                                                 \
    {                                                                    \
        .field = WEFT_FIELD_##f, .op = WEFT_OP_##o, .value = __VA_ARGS__ \
    }
    static const struct {
        struct weft_predicate p;
        bool holds;
    } cases[] = {
        { KEY(ANY, EQ, "both", INT(1)), true }, /* the resource's */
        { KEY(ANY, EQ, "both", INT(2)), true }, /* the span's */
        { KEY(SPAN, EQ, "both", INT(1)), false },
        { KEY(RESOURCE, EQ, "both", INT(1)), true },
        { KEY(SPAN, EQ, "twice", INT(2)), true }, /* at least one of that key */
        { KEY(SPAN, NE, "missing", INT(2)), false },
        { KEY(SPAN, EXISTS, "none", INT(0)), false },
        { KEY(SPAN, NOT_EXISTS, "none", INT(0)), true }, /* EMPTY counts as absent */
        { KEY(SPAN, NOT_EXISTS, "both", INT(0)), false },
        { KEY(ANY, NOT_EXISTS, "lib", INT(0)), true },
        { KEY(INSTRUMENTATION, EQ, "lib", INT(7)), true },
        { KEY(EVENT, EQ, "both", INT(2)), true },
        { KEY(EVENT, NOT_EXISTS, "both", INT(2)), false },
        { KEY(LINK, EQ, "both", INT(2)), false },
        { KEY(LINK, NOT_EXISTS, "both", INT(2)), true },
        { FIELD(SERVICE, EQ, STR("cart")), true },
        { FIELD(SERVICE, NE, STR("cart")), false },
        { FIELD(NAME, PREFIX, STR("GET")), true },
        { FIELD(KIND, EQ, INT(WEFT_KIND_SERVER)), true },
        { FIELD(STATUS, NE, INT(WEFT_STATUS_OK)), true },
        { FIELD(DURATION, EQ, INT(0)), true }, /* never negative */
        { FIELD(TRACE_ID, EQ, BYTES(WEFT_VALUE_BYTES, "0123456789abcde\0")), true },
        { FIELD(EVENT_NAME, EQ, STR("second")), true },
        { FIELD(EVENT_NAME, EQ, STR("third")), false },
        { FIELD(SCOPE_NAME, EQ, STR("lib")), true },
        { FIELD(IS_ROOT, EQ, BOOL(true)), true },
        { FIELD(IS_ROOT, NE, BOOL(true)), false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (weft_predicate_holds_span(&cases[i].p, &span) != cases[i].holds)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
