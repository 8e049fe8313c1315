/* slow_values.c -- values of the slow judge: what OTLP's become, what is equal, what arithmetic gives (Q3.1, Q3.3, Q3.5, Q3.6). */
#include "model/otlp.h"
#include "slow_traceql.h"
#include <math.h>

static const struct weft_traceql_value nil = { .type = WEFT_TRACEQL_NIL };

struct weft_traceql_value slow_text(struct weft_str text)
{
    return (struct weft_traceql_value){ .type = WEFT_TRACEQL_STRING, .text = text };
}

static struct weft_traceql_value scalar_from(const struct weft_value *value)
{
    switch (value->type) {
    case WEFT_VALUE_STRING: return slow_text(value->bytes);
    case WEFT_VALUE_BOOL:
        return (struct weft_traceql_value){ .type = WEFT_TRACEQL_BOOL,
                                            .bool_value = value->bool_value };
    case WEFT_VALUE_INT:
        return (struct weft_traceql_value){ .type = WEFT_TRACEQL_INT,
                                            .int_value = value->int_value };
    case WEFT_VALUE_DOUBLE:
        return (struct weft_traceql_value){ .type = WEFT_TRACEQL_FLOAT,
                                            .float_value = value->double_value };
    case WEFT_VALUE_EMPTY: return nil;
    default: return (struct weft_traceql_value){ .type = WEFT_TRACEQL_OPAQUE };
    }
}

/* Q3.1.2: all of one of the four types, or opaque; of one element that element. */
static struct weft_traceql_value array_from(struct weft_str bytes, struct weft_arena *arena)
{
    const struct weft_traceql_value opaque = { .type = WEFT_TRACEQL_OPAQUE };
    struct weft_traceql_value *items =
        weft_arena_alloc_array(arena, bytes.len + 1, sizeof *items); /* an element has a byte */
    uint32_t count = 0;
    struct weft_value element;
    struct weft_str key;

    for (size_t at = 0; weft_value_next(bytes, &at, &key, &element, false);) {
        items[count] = scalar_from(&element);
        if (items[count].type == WEFT_TRACEQL_NIL || items[count].type != items[0].type)
            return opaque;
        count++;
    }
    if (count == 0 || items[0].type == WEFT_TRACEQL_OPAQUE) return opaque;
    if (count == 1) return items[0];
    return (struct weft_traceql_value){ .type = WEFT_TRACEQL_ARRAY,
                                        .item_count = count,
                                        .items = items };
}

struct weft_traceql_value slow_value_from(const struct weft_attribute *attribute,
                                          struct weft_arena *arena)
{
    const struct weft_value value = weft_attribute_value(attribute);

    if (value.type == WEFT_VALUE_ARRAY) return array_from(value.bytes, arena);
    return scalar_from(&value);
}

/* ---- comparison ---- */

bool slow_is_number(const struct weft_traceql_value *value)
{
    return value->type == WEFT_TRACEQL_INT || value->type == WEFT_TRACEQL_FLOAT ||
           value->type == WEFT_TRACEQL_DURATION;
}

/* 64 bits of fraction: every int64 and every double is exact. */
long double slow_number(const struct weft_traceql_value *value)
{
    return value->type == WEFT_TRACEQL_FLOAT ? (long double)value->float_value
                                             : (long double)value->int_value;
}

bool slow_same(const struct weft_traceql_value *a, const struct weft_traceql_value *b)
{
    if (a->type != b->type) return false;
    switch (a->type) {
    case WEFT_TRACEQL_NIL:
    case WEFT_TRACEQL_OPAQUE: return true;
    case WEFT_TRACEQL_STRING: return weft_str_equal(a->text, b->text);
    case WEFT_TRACEQL_BOOL: return a->bool_value == b->bool_value;
    case WEFT_TRACEQL_FLOAT:
        return a->float_value == b->float_value || (isnan(a->float_value) && isnan(b->float_value));
    case WEFT_TRACEQL_ARRAY:
        if (a->item_count != b->item_count) return false;
        for (uint32_t i = 0; i < a->item_count; i++)
            if (!slow_same(&a->items[i], &b->items[i])) return false;
        return true;
    default: return a->int_value == b->int_value;
    }
}

static bool order_holds(enum weft_expr_op op, bool is_less, bool is_equal, bool is_greater)
{
    switch (op) {
    case WEFT_EXPR_EQ: return is_equal;
    case WEFT_EXPR_NE: return !is_equal;
    case WEFT_EXPR_LT: return is_less;
    case WEFT_EXPR_LE: return is_less || is_equal;
    case WEFT_EXPR_GT: return is_greater;
    case WEFT_EXPR_GE: return is_greater || is_equal;
    default: return false;
    }
}

static bool scalars_compare(enum weft_expr_op op, const struct weft_traceql_value *a,
                            const struct weft_traceql_value *b)
{
    if (slow_is_number(a) && slow_is_number(b)) {
        long double x = slow_number(a), y = slow_number(b);
        return order_holds(op, x<y, x == y, x> y);
    }
    if (a->type != b->type) return false; /* Q3.3.1, for != too */
    if (a->type == WEFT_TRACEQL_STRING) {
        int order = weft_str_compare(a->text, b->text);
        return order_holds(op, order<0, order == 0, order> 0);
    }
    if (op != WEFT_EXPR_EQ && op != WEFT_EXPR_NE) return false;
    if (a->type != WEFT_TRACEQL_BOOL && a->type != WEFT_TRACEQL_STATUS &&
        a->type != WEFT_TRACEQL_KIND)
        return false;
    return slow_same(a, b) == (op == WEFT_EXPR_EQ);
}

/* Q3.6.1: some element; of != no element may be equal. An array of another type does not fit: false. */
static bool array_compares(enum weft_expr_op op, const struct weft_traceql_value *array,
                           const struct weft_traceql_value *other, bool array_is_left)
{
    uint32_t holding = 0;

    for (uint32_t i = 0; i < array->item_count; i++)
        holding += array_is_left ? scalars_compare(op, &array->items[i], other)
                                 : scalars_compare(op, other, &array->items[i]);
    return op == WEFT_EXPR_NE ? holding == array->item_count : holding > 0;
}

bool slow_compare(enum weft_expr_op op, const struct weft_traceql_value *a,
                  const struct weft_traceql_value *b)
{
    bool a_is_array = a->type == WEFT_TRACEQL_ARRAY, b_is_array = b->type == WEFT_TRACEQL_ARRAY;

    if (a_is_array && b_is_array) return false; /* Q3.6.2 */
    if (a_is_array) return array_compares(op, a, b, true);
    if (b_is_array) return array_compares(op, b, a, false);
    return scalars_compare(op, a, b);
}

/* ---- arithmetic ---- */

/* Wrapping at 64 bits, as Q3.5.1 says; of a negative exponent what whole numbers have: 1, -1 or 0. */
static bool int_power(int64_t base, int64_t exponent, int64_t *out)
{
    uint64_t result = 1, square = (uint64_t)base;

    if (exponent < 0) {
        *out = base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
        return base != 0;
    }
    for (uint64_t n = (uint64_t)exponent; n > 0; n >>= 1, square *= square)
        if (n & 1) result *= square;
    *out = (int64_t)result;
    return true;
}

static bool ints(enum weft_expr_op op, int64_t a, int64_t b, int64_t *out)
{
    switch (op) {
    case WEFT_EXPR_ADD: *out = (int64_t)((uint64_t)a + (uint64_t)b); return true;
    case WEFT_EXPR_SUBTRACT: *out = (int64_t)((uint64_t)a - (uint64_t)b); return true;
    case WEFT_EXPR_MULTIPLY: *out = (int64_t)((uint64_t)a * (uint64_t)b); return true;
    case WEFT_EXPR_POWER: return int_power(a, b, out);
    case WEFT_EXPR_DIVIDE:
        *out = b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
        return b != 0;
    case WEFT_EXPR_MODULO: *out = b == 0 || b == -1 ? 0 : a % b; return b != 0;
    default: return false;
    }
}

static double doubles(enum weft_expr_op op, double a, double b)
{
    switch (op) {
    case WEFT_EXPR_ADD: return a + b;
    case WEFT_EXPR_SUBTRACT: return a - b;
    case WEFT_EXPR_MULTIPLY: return a * b;
    case WEFT_EXPR_DIVIDE: return a / b;
    case WEFT_EXPR_MODULO: return fmod(a, b);
    default: return pow(a, b);
    }
}

struct weft_traceql_value slow_arithmetic(enum weft_expr_op op, struct weft_traceql_value a,
                                          struct weft_traceql_value b)
{
    struct weft_traceql_value out = { .type = WEFT_TRACEQL_INT };

    if (!slow_is_number(&a) || !slow_is_number(&b)) return nil;
    if (a.type == WEFT_TRACEQL_INT && b.type == WEFT_TRACEQL_INT)
        return ints(op, a.int_value, b.int_value, &out.int_value) ? out : nil;
    out.type = WEFT_TRACEQL_FLOAT;
    out.float_value = doubles(op, (double)slow_number(&a), (double)slow_number(&b));
    return out;
}
