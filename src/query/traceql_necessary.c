/* traceql_necessary.c -- what of a query the source can look up: conditions that one span of every matching trace fulfils.
 *
 * A predicate may hold for more spans than the term it comes from, never for fewer. Where model/search.h and TraceQL differ, a weaker
 * predicate is taken, or none.
 */
#include "query/traceql_search.h"

struct needs {
    struct weft_predicate *out;
    uint32_t count, room;
    struct weft_trace_id trace_id;
    bool has_trace_id;
};

static void need(struct needs *needs, struct weft_predicate predicate)
{
    if (needs->count < needs->room) needs->out[needs->count++] = predicate;
}

static bool says_something(const struct needs *needs)
{
    return needs->count > 0 || needs->has_trace_id;
}

/* ---- Words of the one as words of the other ---- */

static enum weft_op op_of(enum weft_expr_op op)
{
    switch (op) {
    case WEFT_EXPR_NE: return WEFT_OP_NE;
    case WEFT_EXPR_LT: return WEFT_OP_LT;
    case WEFT_EXPR_LE: return WEFT_OP_LE;
    case WEFT_EXPR_GT: return WEFT_OP_GT;
    case WEFT_EXPR_GE: return WEFT_OP_GE;
    default: return WEFT_OP_EQ;
    }
}

/* a op b is b turned(op) a. */
static enum weft_expr_op turned(enum weft_expr_op op)
{
    switch (op) {
    case WEFT_EXPR_LT: return WEFT_EXPR_GT;
    case WEFT_EXPR_LE: return WEFT_EXPR_GE;
    case WEFT_EXPR_GT: return WEFT_EXPR_LT;
    case WEFT_EXPR_GE: return WEFT_EXPR_LE;
    default: return op;
    }
}

static bool value_of(const struct weft_traceql_value *literal, struct weft_value *out)
{
    switch (literal->type) {
    case WEFT_TRACEQL_STRING:
        *out = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = literal->text };
        return true;
    case WEFT_TRACEQL_BOOL:
        *out = (struct weft_value){ .type = WEFT_VALUE_BOOL, .bool_value = literal->bool_value };
        return true;
    case WEFT_TRACEQL_FLOAT:
        *out =
            (struct weft_value){ .type = WEFT_VALUE_DOUBLE, .double_value = literal->float_value };
        return true;
    case WEFT_TRACEQL_INT:
    case WEFT_TRACEQL_DURATION:
    case WEFT_TRACEQL_STATUS:
    case WEFT_TRACEQL_KIND:
        *out = (struct weft_value){ .type = WEFT_VALUE_INT, .int_value = literal->int_value };
        return true;
    default: return false;
    }
}

static enum weft_attribute_scope scope_of(enum weft_traceql_scope scope)
{
    switch (scope) {
    case WEFT_TRACEQL_SCOPE_SPAN: return WEFT_SCOPE_SPAN;
    case WEFT_TRACEQL_SCOPE_RESOURCE: return WEFT_SCOPE_RESOURCE;
    case WEFT_TRACEQL_SCOPE_EVENT: return WEFT_SCOPE_EVENT;
    case WEFT_TRACEQL_SCOPE_LINK: return WEFT_SCOPE_LINK;
    case WEFT_TRACEQL_SCOPE_INSTRUMENTATION: return WEFT_SCOPE_INSTRUMENTATION;
    default: return WEFT_SCOPE_ANY;
    }
}

/* ---- Terms ---- */

/* It is "" where it is absent (Q1.4.5): only what "" does not fulfil says that it is there. */
static bool is_service_name(const struct weft_traceql_attribute *attribute)
{
    return attribute->scope == WEFT_TRACEQL_SCOPE_RESOURCE &&
           weft_str_equal(attribute->name, WEFT_S("service.name"));
}

static bool excludes_empty_text(enum weft_expr_op op, const struct weft_traceql_value *literal)
{
    return literal->type == WEFT_TRACEQL_STRING && literal->text.len > 0 &&
           (op == WEFT_EXPR_EQ || op == WEFT_EXPR_GT || op == WEFT_EXPR_GE);
}

static void attribute_need(struct needs *needs, const struct weft_traceql_attribute *attribute,
                           enum weft_expr_op op, const struct weft_traceql_value *literal)
{
    bool is_match = op == WEFT_EXPR_MATCH || op == WEFT_EXPR_NOT_MATCH;
    bool is_of_carrier =
        attribute->scope == WEFT_TRACEQL_SCOPE_EVENT || attribute->scope == WEFT_TRACEQL_SCOPE_LINK;
    struct weft_predicate p = { .field = WEFT_FIELD_ATTRIBUTE,
                                .scope = scope_of(attribute->scope),
                                .key = attribute->name,
                                .op = op_of(op) };

    if (is_service_name(attribute) && (is_match || !excludes_empty_text(op, literal))) return;
    if (literal->type == WEFT_TRACEQL_NIL) {
        if (is_of_carrier && op == WEFT_EXPR_EQ) return; /* one event without it is enough */
        p.op = op == WEFT_EXPR_EQ ? WEFT_OP_NOT_EXISTS : WEFT_OP_EXISTS;
    } else if (is_match) {
        p.op = WEFT_OP_EXISTS;
    } else if (literal->type == WEFT_TRACEQL_STATUS || literal->type == WEFT_TRACEQL_KIND ||
               !value_of(literal, &p.value)) {
        return; /* no attribute has such a value */
    }
    need(needs, p);
}

static void trace_id_need(struct needs *needs, enum weft_expr_op op,
                          const struct weft_traceql_value *literal)
{
    if (op != WEFT_EXPR_EQ || literal->type != WEFT_TRACEQL_STRING) return;
    struct weft_str text = literal->text;
    while (text.len > 0 && text.ptr[0] == '0') text = weft_str_tail(text, 1);
    if (weft_trace_id_parse(text, &needs->trace_id)) needs->has_trace_id = true;
}

static void field_need(struct needs *needs, enum weft_field field, enum weft_expr_op op,
                       const struct weft_traceql_value *literal)
{
    struct weft_predicate p = { .field = field, .op = op_of(op) };

    if (op >= WEFT_EXPR_EQ && op <= WEFT_EXPR_GE && value_of(literal, &p.value)) need(needs, p);
}

static void root_need(struct needs *needs)
{
    need(needs,
         (struct weft_predicate){ .field = WEFT_FIELD_IS_ROOT,
                                  .op = WEFT_OP_EQ,
                                  .value = { .type = WEFT_VALUE_BOOL, .bool_value = true } });
}

static bool is_int(const struct weft_traceql_value *literal, int64_t n)
{
    return literal->type == WEFT_TRACEQL_INT && literal->int_value == n;
}

/* nestedSetParent < 0 and = -1, parentID = "": how a root is asked for. */
static bool asks_for_root(enum weft_traceql_intrinsic intrinsic, enum weft_expr_op op,
                          const struct weft_traceql_value *literal)
{
    if (intrinsic == WEFT_INTRINSIC_PARENT_ID)
        return op == WEFT_EXPR_EQ && literal->type == WEFT_TRACEQL_STRING && literal->text.len == 0;
    return intrinsic == WEFT_INTRINSIC_NESTED_SET_PARENT &&
           ((op == WEFT_EXPR_LT && is_int(literal, 0)) ||
            (op == WEFT_EXPR_EQ && is_int(literal, -1)));
}

static void intrinsic_need(struct needs *needs, enum weft_traceql_intrinsic intrinsic,
                           enum weft_expr_op op, const struct weft_traceql_value *literal)
{
    if (asks_for_root(intrinsic, op, literal)) {
        root_need(needs);
        return;
    }
    switch (intrinsic) {
    case WEFT_INTRINSIC_NAME: field_need(needs, WEFT_FIELD_NAME, op, literal); break;
    case WEFT_INTRINSIC_DURATION: field_need(needs, WEFT_FIELD_DURATION, op, literal); break;
    case WEFT_INTRINSIC_STATUS: field_need(needs, WEFT_FIELD_STATUS, op, literal); break;
    case WEFT_INTRINSIC_KIND: field_need(needs, WEFT_FIELD_KIND, op, literal); break;
    case WEFT_INTRINSIC_EVENT_NAME: field_need(needs, WEFT_FIELD_EVENT_NAME, op, literal); break;
    case WEFT_INTRINSIC_INSTRUMENTATION_NAME:
        field_need(needs, WEFT_FIELD_SCOPE_NAME, op, literal);
        break;
    case WEFT_INTRINSIC_TRACE_ID: trace_id_need(needs, op, literal); break;
    default: break;
    }
}

static void comparison_need(struct needs *needs, const struct weft_traceql_attribute *attribute,
                            enum weft_expr_op op, const struct weft_traceql_value *literal)
{
    if (attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC)
        intrinsic_need(needs, attribute->intrinsic, op, literal);
    else
        attribute_need(needs, attribute, op, literal);
}

/* { .x } and { !.x } */
static void bool_need(struct needs *needs, const struct weft_expr *attribute, bool wanted)
{
    struct weft_traceql_value literal = { .type = WEFT_TRACEQL_BOOL, .bool_value = wanted };
    if (attribute->op == WEFT_EXPR_ATTRIBUTE)
        comparison_need(needs, &attribute->attribute, WEFT_EXPR_EQ, &literal);
}

static void term_need(struct needs *needs, const struct weft_expr *term)
{
    const struct weft_expr *left = term->left, *right = term->right;

    if (term->op == WEFT_EXPR_ATTRIBUTE) bool_need(needs, term, true);
    if (term->op == WEFT_EXPR_NOT) bool_need(needs, left, false);
    if (term->op < WEFT_EXPR_EQ || term->op > WEFT_EXPR_NOT_MATCH) return;
    if (left->op == WEFT_EXPR_ATTRIBUTE && right->op == WEFT_EXPR_LITERAL)
        comparison_need(needs, &left->attribute, term->op, &right->literal);
    else if (right->op == WEFT_EXPR_ATTRIBUTE && left->op == WEFT_EXPR_LITERAL)
        comparison_need(needs, &right->attribute, turned(term->op), &left->literal);
}

static void filter_need(struct needs *needs, const struct weft_expr *expr)
{
    if (expr == NULL) return;
    for (; expr->op == WEFT_EXPR_AND; expr = expr->left) filter_need(needs, expr->right);
    term_need(needs, expr);
}

/* ---- Spansets ---- */

static void pipeline_need(struct needs *needs, const struct weft_traceql_pipeline *pipeline);

/* The spans of the right side are in every answer but that of ||; when they say nothing and the left must be there too, the left. */
static void spanset_need(struct needs *needs, const struct weft_spanset_expr *expr)
{
    while (expr->op >= WEFT_SPANSET_AND) {
        if (expr->op == WEFT_SPANSET_OR) return;
        spanset_need(needs, expr->right);
        if (says_something(needs) || expr->is_negated) return;
        expr = expr->left;
    }
    if (expr->op == WEFT_SPANSET_FILTER)
        filter_need(needs, expr->expr);
    else
        pipeline_need(needs, expr->pipeline);
}

/* A span of the answer has passed every stage: the first that says something is taken. */
static void pipeline_need(struct needs *needs, const struct weft_traceql_pipeline *pipeline)
{
    for (const struct weft_traceql_stage *stage = pipeline->first;
         stage != NULL && !says_something(needs); stage = stage->next)
        if (stage->kind == WEFT_STAGE_SPANSET) spanset_need(needs, stage->spanset);
}

uint32_t weft_traceql_necessary(const struct weft_traceql_pipeline *pipeline,
                                struct weft_predicate *out, uint32_t room)
{
    struct needs needs = { .out = out, .room = room };

    pipeline_need(&needs, pipeline);
    return needs.count;
}

bool weft_traceql_necessary_trace(const struct weft_traceql_pipeline *pipeline,
                                  struct weft_trace_id *out)
{
    struct weft_predicate predicate;
    struct needs needs = { .out = &predicate, .room = 1 };

    pipeline_need(&needs, pipeline);
    *out = needs.trace_id;
    return needs.has_trace_id;
}
