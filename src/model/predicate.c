/* predicate.c -- what the sentences at the top of predicate.h mean, said once in code: the reference for
 * every faster evaluation. */
#include "model/predicate.h"

#include "model/otlp.h"

/* ---- One value ---- */

int weft_int_double_compare(int64_t i, double d, bool *is_ordered)
{
    *is_ordered = d == d;
    if (d != d) return 0;
    if (d >= 0x1p63) return -1;
    if (d < -0x1p63) return 1;
    int64_t whole = (int64_t)d; /* towards zero */
    if (i != whole) return i < whole ? -1 : 1;
    double fraction = d - (double)whole;
    return (fraction < 0) - (fraction > 0);
}

static int compare_numbers(const struct weft_value *a, const struct weft_value *b, bool *is_ordered)
{
    *is_ordered = true;
    if (a->type == WEFT_VALUE_INT && b->type == WEFT_VALUE_INT) {
        return (a->int_value > b->int_value) - (a->int_value < b->int_value);
    }
    if (a->type == WEFT_VALUE_INT)
        return weft_int_double_compare(a->int_value, b->double_value, is_ordered);
    if (b->type == WEFT_VALUE_INT)
        return -weft_int_double_compare(b->int_value, a->double_value, is_ordered);
    *is_ordered = a->double_value == a->double_value && b->double_value == b->double_value;
    return (a->double_value > b->double_value) - (a->double_value < b->double_value);
}

static bool order_fits(enum weft_op op, int c)
{
    switch (op) {
    case WEFT_OP_EQ: return c == 0;
    case WEFT_OP_NE: return c != 0;
    case WEFT_OP_LT: return c < 0;
    case WEFT_OP_LE: return c <= 0;
    case WEFT_OP_GT: return c > 0;
    case WEFT_OP_GE: return c >= 0;
    case WEFT_OP_PREFIX:
    case WEFT_OP_EXISTS:
    case WEFT_OP_NOT_EXISTS:
    case WEFT_OP_MATCH:
    case WEFT_OP_NOT_MATCH: break;
    }
    return false;
}

static bool is_number(const struct weft_value *value)
{
    return value->type == WEFT_VALUE_INT || value->type == WEFT_VALUE_DOUBLE;
}

static bool scalar_holds(const struct weft_predicate *p, const struct weft_value *value)
{
    const struct weft_value *wanted = &p->value;
    if (weft_op_is_match(p->op))
        return value->type == WEFT_VALUE_STRING &&
               p->matcher->matches(p->matcher->self, value->bytes) == (p->op == WEFT_OP_MATCH);
    if (is_number(value) && is_number(wanted)) {
        bool is_ordered;
        int c = compare_numbers(value, wanted, &is_ordered);
        return is_ordered ? order_fits(p->op, c) : p->op == WEFT_OP_NE;
    }
    if (value->type != wanted->type) return false;
    if (value->type == WEFT_VALUE_STRING) {
        if (p->op == WEFT_OP_PREFIX) return weft_str_starts_with(value->bytes, wanted->bytes);
        return order_fits(p->op, weft_str_compare(value->bytes, wanted->bytes));
    }
    if (value->type == WEFT_VALUE_BOOL && (p->op == WEFT_OP_EQ || p->op == WEFT_OP_NE)) {
        return (value->bool_value == wanted->bool_value) == (p->op == WEFT_OP_EQ);
    }
    return false;
}

static bool is_scalar(const struct weft_value *value)
{
    return is_number(value) || value->type == WEFT_VALUE_STRING || value->type == WEFT_VALUE_BOOL;
}

static bool array_holds(const struct weft_predicate *p, struct weft_str encoded)
{
    enum weft_value_type type = WEFT_VALUE_EMPTY;
    bool any = false, all = true;
    struct weft_value element;
    size_t at = 0;

    while (weft_value_next(encoded, &at, NULL, &element, false)) {
        if (!is_scalar(&element)) return false;
        if (type != WEFT_VALUE_EMPTY && element.type != type) return false;
        type = element.type;
        bool holds = scalar_holds(p, &element);
        any = any || holds;
        all = all && holds;
    }
    return p->op == WEFT_OP_NE || p->op == WEFT_OP_NOT_MATCH ? any && all : any;
}

bool weft_predicate_holds_value(const struct weft_predicate *predicate,
                                const struct weft_value *value)
{
    if (value->type == WEFT_VALUE_EMPTY) return false;
    if (predicate->op == WEFT_OP_EXISTS) return true;
    if (value->type == WEFT_VALUE_ARRAY) return array_holds(predicate, value->bytes);
    return scalar_holds(predicate, value);
}

/* ---- Attributes ---- */

/* One attribute list; for NOT_EXISTS: whether the key is there with a value. */
static bool attributes_hold(const struct weft_predicate *p, struct weft_attributes attributes)
{
    for (uint32_t i = 0; i < attributes.count; i++) {
        const struct weft_attribute *a = &attributes.items[i];
        if (!weft_str_equal(weft_attribute_key(a), p->key)) continue;
        struct weft_value value = weft_attribute_value(a);
        if (p->op == WEFT_OP_NOT_EXISTS ? value.type != WEFT_VALUE_EMPTY
                                        : weft_predicate_holds_value(p, &value))
            return true;
    }
    return false;
}

static bool scope_attributes_hold(const struct weft_predicate *p, const struct weft_span *span)
{
    const struct weft_scope *scope = span->scope;
    const struct weft_resource *resource = scope != NULL ? scope->resource : NULL;
    switch (p->scope) {
    case WEFT_SCOPE_ANY:
        return attributes_hold(p, span->attributes) ||
               (resource != NULL && attributes_hold(p, resource->attributes));
    case WEFT_SCOPE_SPAN: return attributes_hold(p, span->attributes);
    case WEFT_SCOPE_RESOURCE: return resource != NULL && attributes_hold(p, resource->attributes);
    case WEFT_SCOPE_INSTRUMENTATION: return scope != NULL && attributes_hold(p, scope->attributes);
    case WEFT_SCOPE_EVENT:
        for (uint32_t i = 0; i < span->event_count; i++) {
            if (attributes_hold(p, span->events[i].attributes)) return true;
        }
        return false;
    case WEFT_SCOPE_LINK:
        for (uint32_t i = 0; i < span->link_count; i++) {
            if (attributes_hold(p, span->links[i].attributes)) return true;
        }
        return false;
    }
    return false;
}

/* ---- Fields ---- */

static bool string_holds(const struct weft_predicate *p, struct weft_str s)
{
    struct weft_value value = { .type = WEFT_VALUE_STRING, .bytes = s };
    return weft_predicate_holds_value(p, &value);
}

static bool int_holds(const struct weft_predicate *p, uint64_t number)
{
    /* A duration beyond 292 years has no int64; it is longer than anything that can be asked
     * for. */
    struct weft_value value = { .type = WEFT_VALUE_INT,
                                .int_value = number > INT64_MAX ? INT64_MAX : (int64_t)number };
    return weft_predicate_holds_value(p, &value);
}

static bool bool_holds(const struct weft_predicate *p, bool b)
{
    struct weft_value value = { .type = WEFT_VALUE_BOOL, .bool_value = b };
    return weft_predicate_holds_value(p, &value);
}

/* The service is the attribute: absent when the resource has no string of that name. */
static bool service_holds(const struct weft_predicate *p, const struct weft_span *span)
{
    const struct weft_resource *resource = span->scope != NULL ? span->scope->resource : NULL;
    bool is_there =
        resource != NULL && resource->service_name.ptr != NULL && resource->service_name.len > 0;
    if (p->op == WEFT_OP_NOT_EXISTS) return !is_there;
    return is_there && string_holds(p, resource->service_name);
}

static bool text_holds(const struct weft_predicate *p, struct weft_str text)
{
    if (text.len == 0) return p->op == WEFT_OP_NOT_EXISTS;
    return string_holds(p, text);
}

static bool event_name_holds(const struct weft_predicate *p, const struct weft_span *span)
{
    if (p->op == WEFT_OP_NOT_EXISTS) return span->event_count == 0;
    for (uint32_t i = 0; i < span->event_count; i++) {
        if (string_holds(p, span->events[i].name)) return true;
    }
    return false;
}

static bool trace_id_holds(const struct weft_predicate *p, const struct weft_span *span)
{
    if (p->op == WEFT_OP_EXISTS) return true;
    struct weft_str id =
        weft_str_make((const char *)span->trace_id.bytes, sizeof span->trace_id.bytes);
    return p->op == WEFT_OP_EQ && p->value.type == WEFT_VALUE_BYTES &&
           weft_str_equal(p->value.bytes, id);
}

bool weft_predicate_holds_span(const struct weft_predicate *p, const struct weft_span *span)
{
    switch (p->field) {
    case WEFT_FIELD_ATTRIBUTE:
        return scope_attributes_hold(p, span) != (p->op == WEFT_OP_NOT_EXISTS);
    case WEFT_FIELD_SERVICE: return service_holds(p, span);
    case WEFT_FIELD_NAME: return string_holds(p, span->name);
    case WEFT_FIELD_KIND: return int_holds(p, span->kind);
    case WEFT_FIELD_STATUS: return int_holds(p, span->status_code);
    case WEFT_FIELD_DURATION: return int_holds(p, weft_span_duration_ns(span));
    case WEFT_FIELD_TRACE_ID: return trace_id_holds(p, span);
    case WEFT_FIELD_EVENT_NAME: return event_name_holds(p, span);
    case WEFT_FIELD_SCOPE_NAME:
        return string_holds(p, span->scope != NULL ? span->scope->name : WEFT_S(""));
    case WEFT_FIELD_IS_ROOT: return bool_holds(p, weft_span_id_is_zero(&span->parent_span_id));
    case WEFT_FIELD_STATUS_MESSAGE: return text_holds(p, span->status_message);
    case WEFT_FIELD_SCOPE_VERSION:
        return text_holds(p, span->scope != NULL ? span->scope->version : WEFT_S(""));
    }
    return false;
}
