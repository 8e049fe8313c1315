/* search_request_test.c -- parameters, conditions, times, cursors. */
#include "base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "query/search_request.h"

static const struct weft_search_limits limits = { 20, 1000 };
#define NOW (UINT64_C(1795226400) * WEFT_NS_PER_SECOND)

static const struct {
    const char *text;
    int rc;
    enum weft_attribute_scope scope;
    enum weft_op op;
    const char *key;
    uint32_t type;
    const char *value; /* of strings */
    double number;     /* of numbers and bools */
} conditions[] = {
    { "error", WEFT_OK, WEFT_SCOPE_ANY, WEFT_OP_EXISTS, "error" },
    { "!error", WEFT_OK, WEFT_SCOPE_ANY, WEFT_OP_NOT_EXISTS, "error" },
    { "span.http.response.status_code>=500", WEFT_OK, WEFT_SCOPE_SPAN, WEFT_OP_GE,
      "http.response.status_code", WEFT_VALUE_INT, NULL, 500 },
    { " resource.k8s.pod.name ^= \"api-\" ", WEFT_OK, WEFT_SCOPE_RESOURCE, WEFT_OP_PREFIX,
      "k8s.pod.name", WEFT_VALUE_STRING, "api-" },
    { "event.exception.type=IOException", WEFT_OK, WEFT_SCOPE_EVENT, WEFT_OP_EQ, "exception.type",
      WEFT_VALUE_STRING, "IOException" },
    { "link.kind!=x", WEFT_OK, WEFT_SCOPE_LINK, WEFT_OP_NE, "kind", WEFT_VALUE_STRING, "x" },
    { "instrumentation.a=1", WEFT_OK, WEFT_SCOPE_INSTRUMENTATION, WEFT_OP_EQ, "a", WEFT_VALUE_INT,
      NULL, 1 },
    { ".span.kind=1.5", WEFT_OK, WEFT_SCOPE_ANY, WEFT_OP_EQ, "span.kind", WEFT_VALUE_DOUBLE, NULL,
      1.5 },
    { "a=true", WEFT_OK, WEFT_SCOPE_ANY, WEFT_OP_EQ, "a", WEFT_VALUE_BOOL, NULL, 1 },
    { "a=\"true\"", WEFT_OK, WEFT_SCOPE_ANY, WEFT_OP_EQ, "a", WEFT_VALUE_STRING, "true" },
    { "a=\"with \\\"quotes\\\"\"", WEFT_OK, WEFT_SCOPE_ANY, WEFT_OP_EQ, "a", WEFT_VALUE_STRING,
      "with \"quotes\"" },
    { "\"a = b\" < 3", WEFT_OK, WEFT_SCOPE_ANY, WEFT_OP_LT, "a = b", WEFT_VALUE_INT, NULL, 3 },
    { "a^=50", WEFT_OK, WEFT_SCOPE_ANY, WEFT_OP_PREFIX, "a", WEFT_VALUE_STRING, "50" },
    { "a=", WEFT_OK, WEFT_SCOPE_ANY, WEFT_OP_EQ, "a", WEFT_VALUE_STRING, "" },
    { "=1", WEFT_INVALID },
    { "", WEFT_INVALID },
    { "!a=1", WEFT_INVALID },
    { "\"a", WEFT_INVALID },
    { "a=\"b\" c", WEFT_INVALID },
    { "\"a\" b", WEFT_INVALID },
    { "span.", WEFT_INVALID },
};

static void test_conditions(void **state)
{
    struct weft_arena arena;
    struct weft_err err;
    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        struct weft_predicate p;
        int rc = weft_predicate_parse(&p, weft_str_from_c(conditions[i].text), &arena, &err);
        if (rc != conditions[i].rc) fail_msg("'%s' gives %d", conditions[i].text, rc);
        if (rc < 0) continue;
        if (p.scope != conditions[i].scope || p.op != conditions[i].op ||
            !weft_str_equal_c(p.key, conditions[i].key))
            fail_msg("'%s': scope %d, op %d, key '%.*s'", conditions[i].text, p.scope, p.op,
                     WEFT_S_ARG(p.key));
        if (p.value.type != conditions[i].type)
            fail_msg("'%s': value of type %u", conditions[i].text, p.value.type);
        if (p.value.type == WEFT_VALUE_STRING &&
            !weft_str_equal_c(p.value.bytes, conditions[i].value))
            fail_msg("'%s': value '%.*s'", conditions[i].text, WEFT_S_ARG(p.value.bytes));
        double number = p.value.type == WEFT_VALUE_INT      ? (double)p.value.int_value
                        : p.value.type == WEFT_VALUE_DOUBLE ? p.value.double_value
                        : p.value.type == WEFT_VALUE_BOOL   ? p.value.bool_value
                                                            : 0;
        if (number != conditions[i].number) fail_msg("'%s': value %g", conditions[i].text, number);
    }
    weft_arena_release(&arena);
}

static const struct {
    const char *name, *value, *error;
} refused[] = {
    { "sevice", "a", "unknown parameter \"sevice\"; did you mean \"service\"?" },
    { "zzzzzz", "a", "unknown parameter \"zzzzzz\"" },
    { "kind", "sever",
      "kind: found \"sever\", expected unspecified, internal, server, client, producer or "
      "consumer" },
    { "status", "bad", "status: found \"bad\", expected unset, ok or error" },
    { "limit", "0", "limit: found \"0\", expected a number from 1 to 1000" },
    { "limit", "1001", "limit: found \"1001\", expected a number from 1 to 1000" },
    { "min_duration", "5", "min_duration: found \"5\", expected a duration such as 250ms or 1.5s" },
    { "order", "best", "order: found \"best\", expected newest or slowest" },
    { "view", "x", "view: found \"x\", expected traces or spans" },
    { "count", "about", "count: found \"about\", expected exact" },
    { "cursor", "x", "cursor: found \"x\", expected the next_cursor of an earlier answer" },
    { "root", "yes", "root: found \"yes\", expected true or false" },
};

static void test_refused(void **state)
{
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct weft_search_request request;
        struct weft_err err;
        weft_search_request_init(&request, &limits, &arena);
        int rc =
            weft_search_request_set(&request, weft_str_from_c(refused[i].name),
                                    weft_str_from_c(refused[i].value), &limits, NOW, &arena, &err);
        assert_int_equal(rc, WEFT_INVALID);
        assert_string_equal(err.text, refused[i].error);
    }
    weft_arena_release(&arena);
}

static const struct {
    const char *text;
    bool is_ok;
    uint64_t ns;
} times[] = {
    { "1795226400", true, NOW },
    { "1795226400000", true, NOW },
    { "1795226400000000", true, NOW },
    { "1795226400000000000", true, NOW },
    { "1795226400.5", true, NOW + WEFT_NS_PER_SECOND / 2 },
    { "now", true, NOW },
    { "now-15m", true, NOW - 900 * WEFT_NS_PER_SECOND },
    { "2026-11-21T02:00:00Z", true, NOW },
    { "now+5m", false, 0 },
    { "yesterday", false, 0 },
    { "", false, 0 },
};

static void test_times(void **state)
{
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        uint64_t ns = 0;
        struct weft_err err;
        int rc = weft_search_time_parse(&ns, weft_str_from_c(times[i].text), NOW, &err);
        if ((rc == WEFT_OK) != times[i].is_ok || ns != times[i].ns)
            fail_msg("'%s' gives %d and %llu", times[i].text, rc, (unsigned long long)ns);
    }
}

static void test_cursor_round_trip(void **state)
{
    struct weft_arena arena;
    struct weft_err err;
    struct weft_search_position position = { .start_time_unix_nano = UINT64_MAX,
                                             .duration_ns = 7,
                                             .kind = 3 },
                                back;
    enum weft_order order;
    memset(position.trace_id.bytes, 0xab, 16);
    memset(position.span_id.bytes, 0x01, 8);
    weft_arena_init(&arena, 0);
    struct weft_str text = weft_cursor_format(WEFT_ORDER_SLOWEST, &position, &arena);
    assert_int_equal(weft_cursor_parse(&order, &back, text, &err), WEFT_OK);
    assert_int_equal(order, WEFT_ORDER_SLOWEST);
    assert_int_equal(weft_search_position_compare(order, &position, &back), 0);
    weft_arena_release(&arena);
}

static void test_finish(void **state)
{
    struct weft_arena arena;
    struct weft_err err;
    struct weft_search_request request;
    weft_arena_init(&arena, 0);
    weft_search_request_init(&request, &limits, &arena);
    weft_search_request_set(&request, WEFT_S("from"), WEFT_S("20"), &limits, NOW, &arena, &err);
    weft_search_request_set(&request, WEFT_S("to"), WEFT_S("10"), &limits, NOW, &arena, &err);
    assert_int_equal(weft_search_request_finish(&request, &arena, &err), WEFT_INVALID);
    weft_search_request_init(&request, &limits,
                             &arena); /* a cursor of another order, whichever comes first */
    struct weft_search_position position = { 0 };
    weft_search_request_set(&request, WEFT_S("cursor"),
                            weft_cursor_format(WEFT_ORDER_NEWEST, &position, &arena), &limits, NOW,
                            &arena, &err);
    weft_search_request_set(&request, WEFT_S("order"), WEFT_S("slowest"), &limits, NOW, &arena,
                            &err);
    assert_int_equal(weft_search_request_finish(&request, &arena, &err), WEFT_INVALID);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_times),      cmocka_unit_test(test_cursor_round_trip),
        cmocka_unit_test(test_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
