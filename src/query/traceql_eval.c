/* traceql_eval.c -- field expressions: their value for a span, and whether a filter holds for it (query.md Q3.3 - Q3.6).
 *
 * && and || are one level and left-deep, as long as somebody cares to write them: both are followed to the left in a loop, which is right
 * because an operand that is no bool makes either false (Q3.4.3). Other operators nest no deeper than the parser allows.
 */
#include "query/traceql_eval.h"
#include "base/clock.h"
#include "query/regex.h"
#include <stdatomic.h>

/* A span, with the event and the link that the expression is judged for. */
struct at {
    struct weft_trace_view *view;
    uint32_t span, event, link;
};
enum { CARRIER_EVENT = 1, CARRIER_LINK = 2, CARRIER_BOTH = 3 };
#define STEPS_BETWEEN_CHECKS 0x10000u

static void evaluate(const struct at *at, const struct weft_expr *expr,
                     struct weft_traceql_value *out);

/* ---- Limits ---- */

static void limits_check(struct weft_trace_view *view)
{
    if (view->cancelled != NULL && atomic_load_explicit(view->cancelled, memory_order_relaxed))
        view->stopped = WEFT_CANCELLED;
    else if (view->deadline_monotonic_ns != 0 &&
             weft_clock_monotonic_ns() >= view->deadline_monotonic_ns)
        view->stopped = WEFT_TIMEOUT;
}

static bool step(struct weft_trace_view *view)
{
    if ((++view->steps & (STEPS_BETWEEN_CHECKS - 1)) == 0) limits_check(view);
    return view->stopped == 0;
}

/* ---- Comparisons ---- */

static bool is_nil_literal(const struct weft_expr *expr)
{
    return expr->op == WEFT_EXPR_LITERAL && expr->literal.type == WEFT_TRACEQL_NIL;
}

/* x = nil, nil != x; nothing is true of nil beside nil (Q3.2.5). */
static bool existence_holds(const struct at *at, const struct weft_expr *expr)
{
    const struct weft_expr *asked = is_nil_literal(expr->left) ? expr->right : expr->left;
    struct weft_traceql_value value;

    if (is_nil_literal(asked)) return false;
    evaluate(at, asked, &value);
    return (value.type == WEFT_TRACEQL_NIL) == (expr->op == WEFT_EXPR_EQ);
}

static bool is_trace_id(const struct weft_expr *expr)
{
    return expr->op == WEFT_EXPR_ATTRIBUTE &&
           expr->attribute.scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
           expr->attribute.intrinsic == WEFT_INTRINSIC_TRACE_ID;
}

static void zeros_strip(struct weft_traceql_value *value)
{
    if (value->type != WEFT_TRACEQL_STRING) return;
    while (value->text.len > 0 && value->text.ptr[0] == '0')
        value->text = weft_str_tail(value->text, 1);
}

static bool comparison_holds(const struct at *at, const struct weft_expr *expr)
{
    bool is_equality = expr->op == WEFT_EXPR_EQ || expr->op == WEFT_EXPR_NE;
    struct weft_traceql_value left, right;

    if (is_equality && (is_nil_literal(expr->left) || is_nil_literal(expr->right)))
        return existence_holds(at, expr);
    evaluate(at, expr->left, &left);
    evaluate(at, expr->right, &right);
    if (is_equality && (is_trace_id(expr->left) || is_trace_id(expr->right))) { /* Q1.4.3 */
        zeros_strip(&left);
        zeros_strip(&right);
    }
    return weft_traceql_compare(expr->op, &left, &right);
}

/* 1, 0, or negative: the limits of the regular expression were reached. */
static int text_matches(const struct at *at, const struct weft_expr *expr, struct weft_str text)
{
    int matches = weft_regex_match(expr->regex, text);
    if (matches < 0) at->view->is_regex_limited = true;
    return matches;
}

static bool match_holds(const struct at *at, const struct weft_expr *expr)
{
    struct weft_traceql_value value;

    evaluate(at, expr->left, &value);
    bool is_array = value.type == WEFT_TRACEQL_ARRAY;
    const struct weft_traceql_value *items = is_array ? value.items : &value;
    uint32_t count = is_array ? value.item_count : 1;
    if (items[0].type != WEFT_TRACEQL_STRING) return false; /* elements are of one type */
    for (uint32_t i = 0; i < count; i++) {
        int matches = text_matches(at, expr, items[i].text);
        if (matches < 0) return false;
        if (matches > 0) return expr->op == WEFT_EXPR_MATCH; /* !~ : none may match */
    }
    return expr->op == WEFT_EXPR_NOT_MATCH;
}

/* ---- One expression at one place ---- */

/* Whether it is the bool true. Going left along && and ||, what is asked of the rest is to be true, or after a true operand of || only to
 * be a bool. */
static bool is_true(const struct at *at, const struct weft_expr *expr)
{
    struct weft_traceql_value value;
    bool any_bool = false;

    while (step(at->view) && (expr->op == WEFT_EXPR_AND || expr->op == WEFT_EXPR_OR)) {
        if (any_bool) return true; /* && and || always have one */
        evaluate(at, expr->right, &value);
        if (value.type != WEFT_TRACEQL_BOOL) return false;
        if (expr->op == WEFT_EXPR_AND && !value.bool_value) return false;
        any_bool = expr->op == WEFT_EXPR_OR && value.bool_value;
        expr = expr->left;
    }
    if (at->view->stopped != 0) return false;
    evaluate(at, expr, &value);
    return value.type == WEFT_TRACEQL_BOOL && (any_bool || value.bool_value);
}

static void evaluate_not(const struct at *at, const struct weft_expr *expr,
                         struct weft_traceql_value *out)
{
    evaluate(at, expr->left, out);
    if (out->type == WEFT_TRACEQL_BOOL)
        out->bool_value = !out->bool_value;
    else
        out->type = WEFT_TRACEQL_NIL;
}

static void evaluate_arithmetic(const struct at *at, const struct weft_expr *expr,
                                struct weft_traceql_value *out)
{
    struct weft_traceql_value left, right;

    evaluate(at, expr->left, &left);
    evaluate(at, expr->right, &right);
    weft_traceql_arithmetic(expr->op, &left, &right, out);
}

static void evaluate(const struct at *at, const struct weft_expr *expr,
                     struct weft_traceql_value *out)
{
    bool holds;

    switch (expr->op) {
    case WEFT_EXPR_LITERAL: *out = expr->literal; return;
    case WEFT_EXPR_ATTRIBUTE:
        weft_trace_view_value(at->view, at->span, at->event, at->link, &expr->attribute, out);
        return;
    case WEFT_EXPR_NOT: evaluate_not(at, expr, out); return;
    case WEFT_EXPR_NEGATE:
        evaluate(at, expr->left, out);
        weft_traceql_negate(out, out);
        return;
    case WEFT_EXPR_ADD:
    case WEFT_EXPR_SUBTRACT:
    case WEFT_EXPR_MULTIPLY:
    case WEFT_EXPR_DIVIDE:
    case WEFT_EXPR_MODULO:
    case WEFT_EXPR_POWER: evaluate_arithmetic(at, expr, out); return;
    case WEFT_EXPR_EQ:
    case WEFT_EXPR_NE:
    case WEFT_EXPR_LT:
    case WEFT_EXPR_LE:
    case WEFT_EXPR_GT:
    case WEFT_EXPR_GE: holds = comparison_holds(at, expr); break;
    case WEFT_EXPR_MATCH:
    case WEFT_EXPR_NOT_MATCH: holds = match_holds(at, expr); break;
    case WEFT_EXPR_AND:
    case WEFT_EXPR_OR: holds = is_true(at, expr); break;
    default: holds = false;
    }
    *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_BOOL, .bool_value = holds };
}

/* ---- Some event and some link (Q3.3.6) ---- */

static unsigned carriers_of(const struct weft_expr *expr)
{
    return (expr->has_event ? CARRIER_EVENT : 0) | (expr->has_link ? CARRIER_LINK : 0);
}

/* Without events (links) it is judged once, with all of theirs nil. */
static uint32_t events_to_try(const struct at *at, unsigned carriers)
{
    uint32_t count = at->view->batch->spans[at->span].event_count;
    return (carriers & CARRIER_EVENT) && count > 0 ? count : 1;
}

static uint32_t links_to_try(const struct at *at, unsigned carriers)
{
    uint32_t count = at->view->batch->spans[at->span].link_count;
    return (carriers & CARRIER_LINK) && count > 0 ? count : 1;
}

/* The terms of an && chain: the chain ends at the first node to the left that is no &&. */
static const struct weft_expr *term_of(const struct weft_expr *chain)
{
    return chain->op == WEFT_EXPR_AND ? chain->right : chain;
}

static const struct weft_expr *rest_of(const struct weft_expr *chain)
{
    return chain->op == WEFT_EXPR_AND ? chain->left : NULL;
}

/* All terms that ask about exactly these carriers. */
static bool terms_hold(const struct at *at, const struct weft_expr *chain, unsigned carriers)
{
    for (; chain != NULL; chain = rest_of(chain))
        if (carriers_of(term_of(chain)) == carriers && !is_true(at, term_of(chain))) return false;
    return true;
}

static bool any_term_asks(const struct weft_expr *chain, unsigned carriers)
{
    for (; chain != NULL; chain = rest_of(chain))
        if (carriers_of(term_of(chain)) == carriers) return true;
    return false;
}

/* Whether there is an event and a link for which the expression, or of its terms those about `carriers` alone, holds. */
static bool holds_somewhere(struct at at, const struct weft_expr *expr, unsigned carriers,
                            bool is_part)
{
    uint32_t events = events_to_try(&at, carriers), links = links_to_try(&at, carriers);

    for (uint32_t l = 0; l < links; l++) {
        for (uint32_t e = 0; e < events; e++) {
            at.event = e;
            at.link = l;
            if (is_part ? terms_hold(&at, expr, carriers) : is_true(&at, expr)) return true;
            if (at.view->stopped != 0) return false;
        }
    }
    return false;
}

static bool is_always_bool(const struct weft_expr *expr)
{
    while (expr->op == WEFT_EXPR_NOT) expr = expr->left;
    return (expr->op >= WEFT_EXPR_EQ && expr->op <= WEFT_EXPR_OR) ||
           (expr->op == WEFT_EXPR_LITERAL && expr->literal.type == WEFT_TRACEQL_BOOL);
}

/* An expression about events and links means every pair of them, unless its terms can be judged apart: those of || each alone, those of
 * && by what they ask about. */
static bool holds_for_pairs(const struct at *at, const struct weft_expr *expr)
{
    while (carriers_of(expr) == CARRIER_BOTH && expr->op == WEFT_EXPR_OR &&
           is_always_bool(expr->left) && is_always_bool(expr->right)) {
        if (holds_for_pairs(at, expr->right)) return true;
        expr = expr->left;
    }
    unsigned carriers = carriers_of(expr);
    if (carriers != CARRIER_BOTH || any_term_asks(expr, CARRIER_BOTH))
        return holds_somewhere(*at, expr, carriers, false);
    return terms_hold(at, expr, 0) && holds_somewhere(*at, expr, CARRIER_EVENT, true) &&
           holds_somewhere(*at, expr, CARRIER_LINK, true);
}

bool weft_traceql_holds(struct weft_trace_view *view, const struct weft_expr *expr, uint32_t span)
{
    struct at at = { view, span, 0, 0 };
    bool is_walked = view->order != NULL;
    struct weft_arena_mark mark = weft_arena_mark(view->arena);

    if (expr == NULL) return true;
    bool holds = holds_for_pairs(&at, expr);
    /* Texts of ids and arrays are needed no more; a walk made meanwhile stays. */
    if (is_walked == (view->order != NULL)) weft_arena_rewind(view->arena, mark);
    return holds;
}

void weft_traceql_value(struct weft_trace_view *view, const struct weft_expr *expr, uint32_t span,
                        struct weft_traceql_value *out)
{
    struct at at = { view, span, 0, 0 };
    unsigned carriers = carriers_of(expr);
    uint32_t events = events_to_try(&at, carriers), links = links_to_try(&at, carriers);

    for (at.link = 0; at.link < links; at.link++) {
        for (at.event = 0; at.event < events; at.event++) {
            evaluate(&at, expr, out);
            if (out->type != WEFT_TRACEQL_NIL) return;
            if (!step(view)) return;
        }
    }
}
