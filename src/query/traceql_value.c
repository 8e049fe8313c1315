/* traceql_value.c -- values of TraceQL: where they come from, how they compare, what arithmetic makes of them. */
#include "model/otlp.h"
#include "model/predicate.h"
#include "query/traceql_eval.h"
#include <math.h>

/* ---- From OTLP ---- */

static void scalar_from(struct weft_traceql_value *out, const struct weft_value *value)
{
    *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_OPAQUE };
    switch (value->type) {
    case WEFT_VALUE_EMPTY: out->type = WEFT_TRACEQL_NIL; break;
    case WEFT_VALUE_STRING:
        out->type = WEFT_TRACEQL_STRING;
        out->text = value->bytes;
        break;
    case WEFT_VALUE_BOOL:
        out->type = WEFT_TRACEQL_BOOL;
        out->bool_value = value->bool_value;
        break;
    case WEFT_VALUE_INT:
        out->type = WEFT_TRACEQL_INT;
        out->int_value = value->int_value;
        break;
    case WEFT_VALUE_DOUBLE:
        out->type = WEFT_TRACEQL_FLOAT;
        out->float_value = value->double_value;
        break;
    default: break;
    }
}

static bool is_element_type(enum weft_traceql_type type)
{
    return type == WEFT_TRACEQL_STRING || type == WEFT_TRACEQL_BOOL || type == WEFT_TRACEQL_INT ||
           type == WEFT_TRACEQL_FLOAT;
}

/* How many elements an array of one type has; 0: empty, mixed, or of what has no type here. */
static uint32_t element_count(struct weft_str encoded, struct weft_traceql_value *first)
{
    size_t at = 0;
    uint32_t count = 0;
    struct weft_value element;

    while (weft_value_next(encoded, &at, NULL, &element, false)) {
        struct weft_traceql_value value;
        scalar_from(&value, &element);
        if (count == 0) *first = value;
        if (!is_element_type(value.type) || value.type != first->type) return 0;
        count++;
    }
    return count;
}

static void array_from(struct weft_traceql_value *out, struct weft_str encoded,
                       struct weft_arena *arena)
{
    struct weft_traceql_value first = { 0 };
    uint32_t count = element_count(encoded, &first);

    if (count == 1) *out = first;
    if (count < 2) return;
    struct weft_traceql_value *items = weft_arena_alloc(arena, count * sizeof *items);
    struct weft_value element;
    size_t at = 0;
    for (uint32_t i = 0; i < count && weft_value_next(encoded, &at, NULL, &element, false); i++)
        scalar_from(&items[i], &element);
    *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_ARRAY,
                                        .item_count = count,
                                        .items = items };
}

void weft_traceql_value_of(struct weft_traceql_value *out, const struct weft_value *value,
                           struct weft_arena *arena)
{
    scalar_from(out, value);
    if (value->type == WEFT_VALUE_ARRAY) array_from(out, value->bytes, arena);
}

void weft_traceql_value_from(struct weft_traceql_value *out, const struct weft_attribute *attribute,
                             struct weft_arena *arena)
{
    struct weft_value value = weft_attribute_value(attribute);
    weft_traceql_value_of(out, &value, arena);
}

/* ---- Order ---- */

static bool is_number(const struct weft_traceql_value *v)
{
    return v->type == WEFT_TRACEQL_INT || v->type == WEFT_TRACEQL_FLOAT ||
           v->type == WEFT_TRACEQL_DURATION;
}

static int order_of_ints(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_of_numbers(const struct weft_traceql_value *a, const struct weft_traceql_value *b,
                            bool *is_ordered)
{
    bool a_is_float = a->type == WEFT_TRACEQL_FLOAT, b_is_float = b->type == WEFT_TRACEQL_FLOAT;

    *is_ordered = true;
    if (!a_is_float && !b_is_float) return order_of_ints(a->int_value, b->int_value);
    if (!a_is_float) return weft_int_double_compare(a->int_value, b->float_value, is_ordered);
    if (!b_is_float) return -weft_int_double_compare(b->int_value, a->float_value, is_ordered);
    *is_ordered = !isnan(a->float_value) && !isnan(b->float_value);
    return (a->float_value > b->float_value) - (a->float_value < b->float_value);
}

static bool order_fits(enum weft_expr_op compare, int order)
{
    switch (compare) {
    case WEFT_EXPR_EQ: return order == 0;
    case WEFT_EXPR_NE: return order != 0;
    case WEFT_EXPR_LT: return order < 0;
    case WEFT_EXPR_LE: return order <= 0;
    case WEFT_EXPR_GT: return order > 0;
    case WEFT_EXPR_GE: return order >= 0;
    default: return false;
    }
}

static bool scalars_compare(enum weft_expr_op compare, const struct weft_traceql_value *a,
                            const struct weft_traceql_value *b)
{
    bool is_equality = compare == WEFT_EXPR_EQ || compare == WEFT_EXPR_NE;

    if (is_number(a) && is_number(b)) {
        bool is_ordered;
        int order = order_of_numbers(a, b, &is_ordered);
        return is_ordered ? order_fits(compare, order) : compare == WEFT_EXPR_NE;
    }
    if (a->type != b->type) return false;
    switch (a->type) {
    case WEFT_TRACEQL_STRING: return order_fits(compare, weft_str_compare(a->text, b->text));
    case WEFT_TRACEQL_BOOL:
        return is_equality && order_fits(compare, a->bool_value - b->bool_value);
    case WEFT_TRACEQL_STATUS:
    case WEFT_TRACEQL_KIND:
        return is_equality && order_fits(compare, order_of_ints(a->int_value, b->int_value));
    default: return false;
    }
}

bool weft_traceql_compare(enum weft_expr_op compare, const struct weft_traceql_value *a,
                          const struct weft_traceql_value *b)
{
    bool a_is_array = a->type == WEFT_TRACEQL_ARRAY, b_is_array = b->type == WEFT_TRACEQL_ARRAY;

    if (!a_is_array && !b_is_array) return scalars_compare(compare, a, b);
    if (a_is_array && b_is_array) return false;
    const struct weft_traceql_value *array = a_is_array ? a : b;
    for (uint32_t i = 0; i < array->item_count; i++) {
        bool holds =
            scalars_compare(compare, a_is_array ? &a->items[i] : a, b_is_array ? &b->items[i] : b);
        if (holds != (compare == WEFT_EXPR_NE)) return holds; /* != : none may be equal */
    }
    return compare == WEFT_EXPR_NE;
}

/* Types in the order of sorted labels; the numbers are one. */
static int rank_of(const struct weft_traceql_value *v)
{
    return is_number(v) ? WEFT_TRACEQL_INT : (int)v->type;
}

static int order_of_arrays(const struct weft_traceql_value *a, const struct weft_traceql_value *b)
{
    for (uint32_t i = 0; i < a->item_count && i < b->item_count; i++) {
        int order = weft_traceql_value_compare(&a->items[i], &b->items[i]);
        if (order != 0) return order;
    }
    return order_of_ints(a->item_count, b->item_count);
}

/* Equal numbers of different types are different values of a group. */
static int total_order_of_numbers(const struct weft_traceql_value *a,
                                  const struct weft_traceql_value *b)
{
    bool is_ordered;
    int order = order_of_numbers(a, b, &is_ordered);

    if (!is_ordered) { /* NaN comes first */
        bool a_is_nan = a->type == WEFT_TRACEQL_FLOAT && isnan(a->float_value);
        bool b_is_nan = b->type == WEFT_TRACEQL_FLOAT && isnan(b->float_value);
        order = b_is_nan - a_is_nan;
    }
    return order != 0 ? order : order_of_ints(a->type, b->type);
}

int weft_traceql_value_compare(const struct weft_traceql_value *a,
                               const struct weft_traceql_value *b)
{
    if (rank_of(a) != rank_of(b)) return rank_of(a) < rank_of(b) ? -1 : 1;
    switch (a->type) {
    case WEFT_TRACEQL_INT:
    case WEFT_TRACEQL_FLOAT:
    case WEFT_TRACEQL_DURATION: return total_order_of_numbers(a, b);
    case WEFT_TRACEQL_STRING: {
        int order = weft_str_compare(a->text, b->text);
        return (order > 0) - (order < 0);
    }
    case WEFT_TRACEQL_BOOL: return a->bool_value - b->bool_value;
    case WEFT_TRACEQL_STATUS:
    case WEFT_TRACEQL_KIND: return order_of_ints(a->int_value, b->int_value);
    case WEFT_TRACEQL_ARRAY: return order_of_arrays(a, b);
    case WEFT_TRACEQL_NIL:
    case WEFT_TRACEQL_OPAQUE:
    case WEFT_TRACEQL_UNKNOWN: break;
    }
    return 0;
}

/* ---- Arithmetic ---- */

/* base ^ exponent, wrapping; a negative exponent truncates toward zero, as division does. False: 1 / 0. */
static bool int_power(int64_t base, int64_t exponent, int64_t *out)
{
    uint64_t result = 1, factor = (uint64_t)base;

    if (exponent < 0) {
        if (base == 0) return false;
        *out = base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
        return true;
    }
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) result *= factor;
        factor *= factor;
    }
    *out = (int64_t)result;
    return true;
}

/* False: no value. Unsigned where it may wrap; minInt / -1 wraps too. */
static bool int_arithmetic(enum weft_expr_op op, int64_t a, int64_t b, int64_t *out)
{
    switch (op) {
    case WEFT_EXPR_ADD: *out = (int64_t)((uint64_t)a + (uint64_t)b); return true;
    case WEFT_EXPR_SUBTRACT: *out = (int64_t)((uint64_t)a - (uint64_t)b); return true;
    case WEFT_EXPR_MULTIPLY: *out = (int64_t)((uint64_t)a * (uint64_t)b); return true;
    case WEFT_EXPR_DIVIDE:
        if (b == 0) return false;
        *out = b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
        return true;
    case WEFT_EXPR_MODULO:
        if (b == 0) return false;
        *out = b == -1 ? 0 : a % b;
        return true;
    case WEFT_EXPR_POWER: return int_power(a, b, out);
    default: return false;
    }
}

static double float_arithmetic(enum weft_expr_op op, double a, double b)
{
    switch (op) {
    case WEFT_EXPR_ADD: return a + b;
    case WEFT_EXPR_SUBTRACT: return a - b;
    case WEFT_EXPR_MULTIPLY: return a * b;
    case WEFT_EXPR_DIVIDE: return a / b;
    case WEFT_EXPR_MODULO: return fmod(a, b);
    case WEFT_EXPR_POWER: return pow(a, b);
    default: return NAN;
    }
}

static double as_double(const struct weft_traceql_value *v)
{
    return v->type == WEFT_TRACEQL_FLOAT ? v->float_value : (double)v->int_value;
}

void weft_traceql_arithmetic(enum weft_expr_op op, const struct weft_traceql_value *a,
                             const struct weft_traceql_value *b, struct weft_traceql_value *out)
{
    struct weft_traceql_value result = { .type = WEFT_TRACEQL_NIL };

    if (a->type == WEFT_TRACEQL_INT && b->type == WEFT_TRACEQL_INT) {
        if (int_arithmetic(op, a->int_value, b->int_value, &result.int_value))
            result.type = WEFT_TRACEQL_INT;
    } else if (is_number(a) && is_number(b)) {
        result.type = WEFT_TRACEQL_FLOAT;
        result.float_value = float_arithmetic(op, as_double(a), as_double(b));
    }
    *out = result;
}

void weft_traceql_negate(const struct weft_traceql_value *a, struct weft_traceql_value *out)
{
    struct weft_traceql_value result = { .type = is_number(a) ? a->type : WEFT_TRACEQL_NIL };

    if (a->type == WEFT_TRACEQL_FLOAT)
        result.float_value = -a->float_value;
    else if (is_number(a))
        result.int_value = (int64_t)(0 - (uint64_t)a->int_value);
    *out = result;
}
