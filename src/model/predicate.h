/* predicate.h -- one condition that holds for a span or does not: the leaf of every selection (model/selection.h).
 *
 * Shape      a field, an operator, a value
 * Threads    plain data
 * Ownership  strings are borrowed for the call
 *
 * Meaning (the tests' slow judge in tests/naive_store.c follows these sentences):
 *  - An attribute predicate holds when at least one attribute of that key in its scope makes it
 *    true. A scope of several carriers (event, link) holds when one event or link has such an
 *    attribute. WEFT_SCOPE_ANY asks span and resource attributes, as TraceQL's unscoped names do.
 *  - Every comparison, != too, asks for the key to be there; WEFT_OP_NOT_EXISTS is the way to ask
 *    for absence. A value of type EMPTY (AnyValue without a value) counts as absent.
 *  - Numbers compare as numbers (int with double, exactly); strings with strings, bools with bools
 *    (= and != alone). Different kinds are never equal and never ordered; for != a value of another
 *    kind does not hold either.
 *  - An array of scalars of one type: holds when one element makes it true; NE and NOT_MATCH, when
 *    all do. Other arrays (empty, of several types, of what is no scalar), bytes and kvlists answer
 *    only to EXISTS and NOT_EXISTS.
 *  - Durations are weft_span_duration_ns(): never negative.
 */
#ifndef WEFT_MODEL_PREDICATE_H
#define WEFT_MODEL_PREDICATE_H
#include "model/span.h"

enum weft_field {
    WEFT_FIELD_ATTRIBUTE, /* `scope` and `key` say which */
    WEFT_FIELD_SERVICE,  /* resource attribute service.name; value string; empty counts as absent */
    WEFT_FIELD_NAME,     /* span name; value string */
    WEFT_FIELD_KIND,     /* value int, EQ and NE */
    WEFT_FIELD_STATUS,   /* value int, EQ and NE */
    WEFT_FIELD_DURATION, /* value int, ns */
    WEFT_FIELD_TRACE_ID, /* value bytes, 16; EQ */
    WEFT_FIELD_EVENT_NAME,
    WEFT_FIELD_SCOPE_NAME,
    WEFT_FIELD_IS_ROOT,        /* value bool: parent_span_id is zero */
    WEFT_FIELD_STATUS_MESSAGE, /* value string; empty counts as absent */
    WEFT_FIELD_SCOPE_VERSION,  /* likewise */
};
enum weft_attribute_scope {
    WEFT_SCOPE_ANY,
    WEFT_SCOPE_SPAN,
    WEFT_SCOPE_RESOURCE,
    WEFT_SCOPE_EVENT,
    WEFT_SCOPE_LINK,
    WEFT_SCOPE_INSTRUMENTATION,
};
enum weft_op {
    WEFT_OP_EQ,
    WEFT_OP_NE,
    WEFT_OP_LT,
    WEFT_OP_LE,
    WEFT_OP_GT,
    WEFT_OP_GE,
    WEFT_OP_PREFIX,
    WEFT_OP_EXISTS,
    WEFT_OP_NOT_EXISTS,
    WEFT_OP_MATCH,     /* a string for which `matcher` says yes; there must be one */
    WEFT_OP_NOT_MATCH, /* a string for which it says no; there must be one */
};
/* A question about a text that only the asker can answer: a regular expression. Asked once for each different text where a column
 * has a dictionary. Safe from several threads. */
struct weft_matcher {
    bool (*matches)(const void *self, struct weft_str text);
    const void *self;
    struct weft_str text; /* how it is shown */
};
struct weft_predicate {
    enum weft_field field;
    enum weft_attribute_scope scope;
    enum weft_op op;
    struct weft_str key;
    struct weft_value value;            /* of the other operators that compare */
    const struct weft_matcher *matcher; /* of MATCH and NOT_MATCH */
};
static inline bool weft_op_is_match(enum weft_op op)
{
    return op == WEFT_OP_MATCH || op == WEFT_OP_NOT_MATCH;
}
static inline bool weft_op_is_presence(enum weft_op op)
{
    return op == WEFT_OP_EXISTS || op == WEFT_OP_NOT_EXISTS;
}
/* The type of the scalars that can hold: for numbers, INT. */
static inline enum weft_value_type weft_predicate_type(const struct weft_predicate *predicate)
{
    if (weft_op_is_match(predicate->op)) return WEFT_VALUE_STRING;
    return predicate->value.type == WEFT_VALUE_DOUBLE ? WEFT_VALUE_INT : predicate->value.type;
}
/* Exact order of an int and a double: <0, 0, >0; a cast of either would round beyond 2^53. NaN has no order: *is_ordered false. */
int weft_int_double_compare(int64_t i, double d, bool *is_ordered);
/* The sentences above for one value (not NOT_EXISTS, which is about a whole carrier). */
bool weft_predicate_holds_value(const struct weft_predicate *predicate,
                                const struct weft_value *value);
/* The sentences above for a whole span: the reference that every faster evaluation must agree
 * with. */
bool weft_predicate_holds_span(const struct weft_predicate *predicate,
                               const struct weft_span *span);

#endif
