/* traceql_select_filter.c -- field expressions as selections: for which spans a filter is true (traceql_select_internal.h).
 *
 * There is no complement of a set, so negation goes down to the comparisons. An attribute by itself is neither true nor false where it is
 * no bool, and then && and || around it are false (Q3.4.3). An expression about events or links means one of them for the whole of it:
 * || may ask each side for itself, && may not, when both sides ask about the same.
 */
#include "query/traceql_select_internal.h"

#include "query/traceql_eval.h"

static struct weft_select_set truth(struct weft_selecting *s, const struct weft_expr *expr,
                                    bool wanted);

static bool is_always_bool(const struct weft_expr *expr)
{
    while (expr->op == WEFT_EXPR_NOT) expr = expr->left;
    return (expr->op >= WEFT_EXPR_EQ && expr->op <= WEFT_EXPR_OR) || expr->op == WEFT_EXPR_LITERAL;
}

/* ---- && and || ---- */

static struct weft_select_set together(struct weft_selecting *s, const struct weft_expr *expr,
                                       struct weft_select_set left, struct weft_select_set right)
{
    struct weft_select_set set = weft_select_join(s, WEFT_SELECT_INTERSECT, left, right);
    bool is_of_one = (expr->left->has_event && expr->right->has_event) ||
                     (expr->left->has_link && expr->right->has_link);

    if (!is_of_one) return set;
    return weft_select_because(weft_select_inexact(set),
                               "several conditions are about one and the same event or link");
}

static struct weft_select_set either(struct weft_selecting *s, struct weft_select_set left,
                                     struct weft_select_set right)
{
    return weft_select_join(s, WEFT_SELECT_UNION, left, right);
}

static struct weft_select_set not_a_bool(void)
{
    return weft_select_because(weft_select_everything(false),
                               "an attribute stands for a condition, and may be no bool");
}

static struct weft_select_set not_true(struct weft_selecting *s, const struct weft_expr *expr)
{
    return is_always_bool(expr) ? truth(s, expr, false) : not_a_bool();
}

static struct weft_select_set is_a_bool(struct weft_selecting *s, const struct weft_expr *expr)
{
    if (is_always_bool(expr)) return weft_select_everything(true);
    return either(s, truth(s, expr, true), truth(s, expr, false));
}

static struct weft_select_set and_truth(struct weft_selecting *s, const struct weft_expr *expr,
                                        bool wanted)
{
    if (!wanted) return either(s, not_true(s, expr->left), not_true(s, expr->right));
    return together(s, expr, truth(s, expr->left, true), truth(s, expr->right, true));
}

static struct weft_select_set or_truth(struct weft_selecting *s, const struct weft_expr *expr,
                                       bool wanted)
{
    const struct weft_expr *left = expr->left, *right = expr->right;
    bool are_bools = is_always_bool(left) && is_always_bool(right);

    if (!wanted && !are_bools) return not_a_bool();
    if (!wanted) return together(s, expr, truth(s, left, false), truth(s, right, false));
    if (are_bools) return either(s, truth(s, left, true), truth(s, right, true));
    return either(s, together(s, expr, truth(s, left, true), is_a_bool(s, right)),
                  together(s, expr, is_a_bool(s, left), truth(s, right, true)));
}

/* ---- Comparisons ---- */

/* Of what does not depend on the span: the language itself answers. */
static struct weft_traceql_value constant_value(struct weft_selecting *s,
                                                const struct weft_expr *expr)
{
    struct weft_span span = { 0 };
    const struct weft_batch batch = { .spans = &span, .span_count = 1 };
    struct weft_trace_view view = { .batch = &batch, .arena = s->arena };
    struct weft_traceql_value value;

    weft_traceql_value(&view, expr, 0, &value);
    return value;
}

static struct weft_select_set constant_truth(struct weft_selecting *s, const struct weft_expr *expr,
                                             bool wanted)
{
    const struct weft_traceql_value value = constant_value(s, expr);

    if (value.type == WEFT_TRACEQL_BOOL && value.bool_value == wanted)
        return weft_select_everything(true);
    return weft_select_nothing();
}

/* What arithmetic needs to have a value at all: every attribute in it. */
static struct weft_select_set operands(struct weft_selecting *s, const struct weft_expr *expr)
{
    if (expr == NULL) return weft_select_everything(true);
    if (expr->op == WEFT_EXPR_ATTRIBUTE) return weft_select_presence(s, &expr->attribute, true);
    if (expr->op < WEFT_EXPR_NEGATE || expr->op > WEFT_EXPR_POWER)
        return weft_select_everything(false);
    return weft_select_join(s, WEFT_SELECT_INTERSECT, operands(s, expr->left),
                            operands(s, expr->right));
}

static bool is_nil(const struct weft_expr *expr)
{
    return expr->op == WEFT_EXPR_LITERAL && expr->literal.type == WEFT_TRACEQL_NIL;
}

/* Between attributes, or with arithmetic. */
static struct weft_select_set other_comparison(struct weft_selecting *s,
                                               const struct weft_expr *expr, bool wanted)
{
    bool asks_for_nil = is_nil(expr->left) || is_nil(expr->right);
    bool has_values = asks_for_nil ? (expr->op == WEFT_EXPR_NE) == wanted : wanted;

    struct weft_select_set set = weft_select_everything(false);
    if (has_values)
        set = weft_select_inexact(weft_select_join(
            s, WEFT_SELECT_INTERSECT, operands(s, expr->left), operands(s, expr->right)));
    set.reason = NULL;
    return weft_select_because(set, "attributes are compared with each other, or calculated with");
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

static struct weft_select_set comparison_truth(struct weft_selecting *s,
                                               const struct weft_expr *expr, bool wanted)
{
    const struct weft_expr *left = expr->left, *right = expr->right;
    struct weft_select_question question = { .op = expr->op, .regex = expr->regex };

    if (!expr->mentions_span) return constant_truth(s, expr, wanted);
    if (left->op == WEFT_EXPR_ATTRIBUTE && !right->mentions_span) {
        question.attribute = &left->attribute;
        question.literal = constant_value(s, right);
    } else if (right->op == WEFT_EXPR_ATTRIBUTE && !left->mentions_span) {
        question.attribute = &right->attribute;
        question.op = turned(expr->op);
        question.literal = constant_value(s, left);
    } else {
        return other_comparison(s, expr, wanted);
    }
    return weft_select_question(s, &question, wanted);
}

/* { .x } and { !.x }: an array of bools is no bool (Q3.4.2), though one of its elements is equal. */
static struct weft_select_set attribute_truth(struct weft_selecting *s,
                                              const struct weft_expr *expr, bool wanted)
{
    const struct weft_select_question question = {
        .attribute = &expr->attribute,
        .op = WEFT_EXPR_EQ,
        .literal = { .type = WEFT_TRACEQL_BOOL, .bool_value = wanted },
    };
    return weft_select_because(weft_select_inexact(weft_select_question(s, &question, true)),
                               "an attribute stands for a condition, and may be no bool");
}

static struct weft_select_set truth(struct weft_selecting *s, const struct weft_expr *expr,
                                    bool wanted)
{
    switch (expr->op) {
    case WEFT_EXPR_LITERAL: return constant_truth(s, expr, wanted);
    case WEFT_EXPR_ATTRIBUTE: return attribute_truth(s, expr, wanted);
    case WEFT_EXPR_NOT: return truth(s, expr->left, !wanted);
    case WEFT_EXPR_AND: return and_truth(s, expr, wanted);
    case WEFT_EXPR_OR: return or_truth(s, expr, wanted);
    default: return comparison_truth(s, expr, wanted);
    }
}

struct weft_select_set weft_select_filter(struct weft_selecting *s, const struct weft_expr *expr)
{
    return expr == NULL ? weft_select_everything(true) : truth(s, expr, true);
}
