/* slow_fields.c -- attributes, intrinsics and field expressions of the slow judge (Q1.4, Q3.3 - Q3.5). */
#include "query/regex.h"
#include "slow_traceql.h"

static const struct weft_traceql_value nil = { .type = WEFT_TRACEQL_NIL };

static struct weft_traceql_value whole(enum weft_traceql_type type, int64_t value)
{
    return (struct weft_traceql_value){ .type = type, .int_value = value };
}

static struct weft_traceql_value hex(const struct slow_trace *trace, const uint8_t *bytes,
                                     uint32_t count)
{
    struct weft_str text = { .ptr = "" };
    for (uint32_t i = 0; i < count; i++)
        text = weft_arena_printf(trace->arena, "%.*s%02x", WEFT_S_ARG(text), bytes[i]);
    return slow_text(text);
}

static struct weft_traceql_value service_of(const struct weft_span *span)
{
    const struct weft_attribute *name =
        weft_attributes_find(span->scope->resource->attributes, WEFT_S("service.name"));
    return name != NULL && name->type == WEFT_VALUE_STRING
               ? slow_text(weft_str_make(name->ptr, name->value_len))
               : slow_text(WEFT_S(""));
}

static struct weft_traceql_value child_count(const struct slow_trace *trace, uint32_t span)
{
    int64_t count = 0;
    for (uint32_t i = 0; i < trace->count; i++) count += trace->parent[i] == span;
    return whole(WEFT_TRACEQL_INT, count);
}

static struct weft_traceql_value of_trace(const struct slow_trace *trace,
                                          enum weft_traceql_intrinsic intrinsic)
{
    const struct weft_span *root = trace->root != SLOW_NOBODY ? &trace->spans[trace->root] : NULL;

    switch (intrinsic) {
    case WEFT_INTRINSIC_TRACE_ID: return hex(trace, trace->spans[0].trace_id.bytes, 16);
    case WEFT_INTRINSIC_TRACE_DURATION:
        return whole(WEFT_TRACEQL_DURATION, (int64_t)(trace->end_ns - trace->start_ns));
    case WEFT_INTRINSIC_ROOT_NAME: return slow_text(root != NULL ? root->name : WEFT_S(""));
    default: return root != NULL ? service_of(root) : slow_text(WEFT_S(""));
    }
}

static struct weft_traceql_value of_carrier(const struct slow_trace *trace,
                                            const struct weft_span *span, uint32_t event,
                                            uint32_t link, enum weft_traceql_intrinsic intrinsic)
{
    switch (intrinsic) {
    case WEFT_INTRINSIC_EVENT_NAME:
        return event == SLOW_NOBODY ? nil : slow_text(span->events[event].name);
    case WEFT_INTRINSIC_EVENT_TIME_SINCE_START:
        return event == SLOW_NOBODY
                   ? nil
                   : whole(WEFT_TRACEQL_DURATION, (int64_t)(span->events[event].time_unix_nano -
                                                            span->start_time_unix_nano));
    case WEFT_INTRINSIC_LINK_TRACE_ID:
        return link == SLOW_NOBODY ? nil : hex(trace, span->links[link].trace_id.bytes, 16);
    default: return link == SLOW_NOBODY ? nil : hex(trace, span->links[link].span_id.bytes, 8);
    }
}

static struct weft_traceql_value of_span(const struct slow_trace *trace, uint32_t number,
                                         uint32_t event, uint32_t link,
                                         enum weft_traceql_intrinsic intrinsic)
{
    const struct weft_span *span = &trace->spans[number];

    switch (intrinsic) {
    case WEFT_INTRINSIC_NAME: return slow_text(span->name);
    case WEFT_INTRINSIC_DURATION:
        return whole(WEFT_TRACEQL_DURATION, (int64_t)weft_span_duration_ns(span));
    case WEFT_INTRINSIC_STATUS: return whole(WEFT_TRACEQL_STATUS, span->status_code);
    case WEFT_INTRINSIC_STATUS_MESSAGE: return slow_text(span->status_message);
    case WEFT_INTRINSIC_KIND: return whole(WEFT_TRACEQL_KIND, span->kind);
    case WEFT_INTRINSIC_SPAN_ID: return hex(trace, span->span_id.bytes, 8);
    case WEFT_INTRINSIC_PARENT_ID:
        return weft_span_id_is_zero(&span->parent_span_id)
                   ? slow_text(WEFT_S(""))
                   : hex(trace, span->parent_span_id.bytes, 8);
    case WEFT_INTRINSIC_CHILD_COUNT: return child_count(trace, number);
    case WEFT_INTRINSIC_INSTRUMENTATION_NAME: return slow_text(span->scope->name);
    case WEFT_INTRINSIC_INSTRUMENTATION_VERSION: return slow_text(span->scope->version);
    case WEFT_INTRINSIC_NESTED_SET_LEFT: return whole(WEFT_TRACEQL_INT, trace->nested_left[number]);
    case WEFT_INTRINSIC_NESTED_SET_RIGHT:
        return whole(WEFT_TRACEQL_INT, trace->nested_right[number]);
    case WEFT_INTRINSIC_NESTED_SET_PARENT:
        return whole(WEFT_TRACEQL_INT, trace->nested_parent[number]);
    case WEFT_INTRINSIC_TRACE_ID:
    case WEFT_INTRINSIC_TRACE_DURATION:
    case WEFT_INTRINSIC_ROOT_NAME:
    case WEFT_INTRINSIC_ROOT_SERVICE: return of_trace(trace, intrinsic);
    default: return of_carrier(trace, span, event, link, intrinsic);
    }
}

static struct weft_traceql_value found_in(struct slow_trace *trace,
                                          struct weft_attributes attributes, struct weft_str name)
{
    const struct weft_attribute *found = weft_attributes_find(attributes, name);
    return found != NULL ? slow_value_from(found, trace->arena) : nil;
}

static struct weft_traceql_value found_in_resource(struct slow_trace *trace,
                                                   const struct weft_span *span,
                                                   struct weft_str name)
{
    struct weft_traceql_value value = found_in(trace, span->scope->resource->attributes, name);
    /* Q1.4.5 */
    if (value.type == WEFT_TRACEQL_NIL && weft_str_equal_c(name, "service.name"))
        return slow_text(WEFT_S(""));
    return value;
}

struct weft_traceql_value slow_attribute(struct slow_trace *trace, uint32_t span, uint32_t event,
                                         uint32_t link,
                                         const struct weft_traceql_attribute *attribute)
{
    const struct weft_span *s = &trace->spans[span];
    const struct weft_str name = attribute->name;
    struct weft_traceql_value value;

    switch (attribute->scope) {
    case WEFT_TRACEQL_SCOPE_SPAN: return found_in(trace, s->attributes, name);
    case WEFT_TRACEQL_SCOPE_RESOURCE: return found_in_resource(trace, s, name);
    case WEFT_TRACEQL_SCOPE_INSTRUMENTATION: return found_in(trace, s->scope->attributes, name);
    case WEFT_TRACEQL_SCOPE_EVENT:
        return event == SLOW_NOBODY ? nil : found_in(trace, s->events[event].attributes, name);
    case WEFT_TRACEQL_SCOPE_LINK:
        return link == SLOW_NOBODY ? nil : found_in(trace, s->links[link].attributes, name);
    case WEFT_TRACEQL_SCOPE_INTRINSIC:
        return of_span(trace, span, event, link, attribute->intrinsic);
    default: /* Q3.3.5; an attribute without a value is as if it were not there */
        value = found_in(trace, s->attributes, name);
        return value.type != WEFT_TRACEQL_NIL ? value : found_in_resource(trace, s, name);
    }
}

/* ---- expressions ---- */

struct place { /* where an expression is asked */
    struct slow_trace *trace;
    uint32_t span, event, link;
};
static struct weft_traceql_value value_at(const struct place *place, const struct weft_expr *expr);

static struct weft_traceql_value truth(bool is_true)
{
    return (struct weft_traceql_value){ .type = WEFT_TRACEQL_BOOL, .bool_value = is_true };
}

static bool is_nil_literal(const struct weft_expr *expr)
{
    return expr->op == WEFT_EXPR_LITERAL && expr->literal.type == WEFT_TRACEQL_NIL;
}

static bool is_trace_id(const struct weft_expr *expr)
{
    return expr->op == WEFT_EXPR_ATTRIBUTE &&
           expr->attribute.scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
           expr->attribute.intrinsic == WEFT_INTRINSIC_TRACE_ID;
}

/* Q3.4.1, Q3.2.5 */
static bool compared_with_nil(const struct place *place, const struct weft_expr *expr)
{
    const struct weft_expr *other = is_nil_literal(expr->right) ? expr->left : expr->right;
    if (is_nil_literal(other)) return false;
    struct weft_traceql_value value = value_at(place, other);
    return (value.type == WEFT_TRACEQL_NIL) == (expr->op == WEFT_EXPR_EQ);
}

static void strip_zeros(struct weft_traceql_value *value)
{
    if (value->type != WEFT_TRACEQL_STRING) return;
    while (value->text.len > 0 && value->text.ptr[0] == '0')
        value->text = weft_str_tail(value->text, 1);
}

static bool compared(const struct place *place, const struct weft_expr *expr)
{
    if (is_nil_literal(expr->left) || is_nil_literal(expr->right))
        return compared_with_nil(place, expr);
    struct weft_traceql_value a = value_at(place, expr->left), b = value_at(place, expr->right);
    if ((is_trace_id(expr->left) || is_trace_id(expr->right)) &&
        (expr->op == WEFT_EXPR_EQ || expr->op == WEFT_EXPR_NE)) { /* Q1.4.3 */
        strip_zeros(&a);
        strip_zeros(&b);
    }
    return slow_compare(expr->op, &a, &b);
}

static bool text_matches(const struct place *place, const struct weft_expr *expr,
                         const struct weft_traceql_value *value)
{
    int rc = weft_regex_match(expr->regex, value->text);
    if (rc < 0) place->trace->has_trouble = true;
    return rc == 1;
}

/* Q3.3.4; of arrays Q3.6.1 */
static bool matched(const struct place *place, const struct weft_expr *expr)
{
    struct weft_traceql_value value = value_at(place, expr->left);
    const struct weft_traceql_value *items = &value;
    uint32_t count = 1, matching = 0;

    if (value.type == WEFT_TRACEQL_ARRAY) {
        items = value.items;
        count = value.item_count;
    }
    if (items[0].type != WEFT_TRACEQL_STRING) return false;
    for (uint32_t i = 0; i < count; i++) matching += text_matches(place, expr, &items[i]);
    return expr->op == WEFT_EXPR_MATCH ? matching > 0 : matching == 0;
}

/* Q3.4.3: false when an operand is no bool. */
static bool joined(const struct place *place, const struct weft_expr *expr)
{
    struct weft_traceql_value a = value_at(place, expr->left), b = value_at(place, expr->right);

    if (a.type != WEFT_TRACEQL_BOOL || b.type != WEFT_TRACEQL_BOOL) return false;
    return expr->op == WEFT_EXPR_AND ? a.bool_value && b.bool_value : a.bool_value || b.bool_value;
}

static struct weft_traceql_value negated(struct weft_traceql_value value)
{
    if (value.type == WEFT_TRACEQL_FLOAT)
        value.float_value = -value.float_value;
    else if (slow_is_number(&value))
        value.int_value = (int64_t)(0 - (uint64_t)value.int_value);
    else
        return nil;
    return value;
}

static struct weft_traceql_value value_at(const struct place *place, const struct weft_expr *expr)
{
    struct weft_traceql_value value;

    switch (expr->op) {
    case WEFT_EXPR_LITERAL: return expr->literal;
    case WEFT_EXPR_ATTRIBUTE:
        return slow_attribute(place->trace, place->span, place->event, place->link,
                              &expr->attribute);
    case WEFT_EXPR_NOT: /* Q3.4.2: of what is no bool there is no contrary */
        value = value_at(place, expr->left);
        return value.type == WEFT_TRACEQL_BOOL ? truth(!value.bool_value) : nil;
    case WEFT_EXPR_NEGATE: return negated(value_at(place, expr->left));
    case WEFT_EXPR_AND:
    case WEFT_EXPR_OR: return truth(joined(place, expr));
    case WEFT_EXPR_MATCH:
    case WEFT_EXPR_NOT_MATCH: return truth(matched(place, expr));
    case WEFT_EXPR_ADD:
    case WEFT_EXPR_SUBTRACT:
    case WEFT_EXPR_MULTIPLY:
    case WEFT_EXPR_DIVIDE:
    case WEFT_EXPR_MODULO:
    case WEFT_EXPR_POWER:
        return slow_arithmetic(expr->op, value_at(place, expr->left), value_at(place, expr->right));
    default: return truth(compared(place, expr));
    }
}

/* ---- every event with every link ---- */

static uint32_t choices(uint32_t count)
{
    return count == 0 ? 1 : count; /* none: judged once with nil */
}

static struct place choice(struct slow_trace *trace, uint32_t span, uint32_t event, uint32_t link)
{
    const struct weft_span *s = &trace->spans[span];
    return (struct place){ trace, span, s->event_count == 0 ? SLOW_NOBODY : event,
                           s->link_count == 0 ? SLOW_NOBODY : link };
}

bool slow_holds(struct slow_trace *trace, const struct weft_expr *expr, uint32_t span)
{
    const struct weft_span *s = &trace->spans[span];

    if (expr == NULL) return true;
    for (uint32_t e = 0; e < choices(s->event_count); e++)
        for (uint32_t l = 0; l < choices(s->link_count); l++) {
            struct place place = choice(trace, span, e, l);
            struct weft_traceql_value value = value_at(&place, expr);
            if (value.type == WEFT_TRACEQL_BOOL && value.bool_value) return true;
        }
    return false;
}

struct weft_traceql_value slow_value(struct slow_trace *trace, const struct weft_expr *expr,
                                     uint32_t span)
{
    const struct weft_span *s = &trace->spans[span];

    for (uint32_t e = 0; e < choices(s->event_count); e++)
        for (uint32_t l = 0; l < choices(s->link_count); l++) {
            struct place place = choice(trace, span, e, l);
            struct weft_traceql_value value = value_at(&place, expr);
            if (value.type != WEFT_TRACEQL_NIL) return value;
        }
    return nil;
}
