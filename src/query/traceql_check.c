/* traceql_check.c -- nodes of field expressions: their types are checked as they are made (Q3.2), constants folded. */
#include "query/regex.h"
#include "query/traceql_parser.h"
#include "query/traceql_words.h"

#include <math.h>

bool weft_traceql_fold(enum weft_expr_op op, const struct weft_traceql_value *a,
                       const struct weft_traceql_value *b, struct weft_traceql_value *out)
{
    if (op == WEFT_EXPR_NEGATE)
        weft_traceql_negate(a, out);
    else
        weft_traceql_arithmetic(op, a, b, out);
    return out->type != WEFT_TRACEQL_NIL &&
           (out->type != WEFT_TRACEQL_FLOAT || isfinite(out->float_value));
}

static struct weft_expr *node(struct weft_parser *p, const struct weft_token *token,
                              enum weft_expr_op op)
{
    struct weft_expr *expr = weft_arena_alloc_zero(p->arena, sizeof *expr);
    expr->op = op;
    expr->line = token->line;
    expr->column = token->column;
    expr->height = 1;
    expr->type = WEFT_TRACEQL_UNKNOWN;
    return expr;
}

static bool adopt(struct weft_parser *p, struct weft_expr *parent, const struct weft_expr *child)
{
    parent->has_event |= child->has_event;
    parent->has_link |= child->has_link;
    parent->mentions_span |= child->mentions_span;
    if (child->height >= parent->height) parent->height = child->height + 1;
    if (parent->height <= WEFT_TRACEQL_DEPTH_MAX) return true;
    struct weft_token place = { .line = parent->line, .column = parent->column };
    return weft_parser_fail(p, &place,
                            "operators stand within each other more than %u levels deep; expected "
                            "less, or parentheses around parts",
                            WEFT_TRACEQL_DEPTH_MAX);
}

/* ---- sentences ---- */

/* An expression as text, short enough for a sentence. */
static const char *shown(struct weft_parser *p, const struct weft_expr *expr)
{
    struct weft_buf text = { 0 };
    weft_traceql_print_expr(&text, expr);
    size_t len = text.len <= 60 ? text.len : 57;
    while (len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80) len--;
    const char *copy =
        weft_arena_printf(p->arena, "%.*s%s", (int)len, text.data, len < text.len ? "..." : "").ptr;
    weft_buf_release(&text);
    return copy;
}

static bool is_number(const struct weft_expr *expr)
{
    return weft_expr_is_arithmetic(expr->op) || expr->type == WEFT_TRACEQL_INT ||
           expr->type == WEFT_TRACEQL_FLOAT || expr->type == WEFT_TRACEQL_DURATION;
}

/* An attribute's type shows only at run time. */
static bool is_open(const struct weft_expr *expr)
{
    return expr->type == WEFT_TRACEQL_UNKNOWN && !weft_expr_is_arithmetic(expr->op);
}

static const char *kind_of(const struct weft_expr *expr)
{
    if (expr->type == WEFT_TRACEQL_UNKNOWN && is_number(expr)) return "a number";
    return weft_traceql_type_name(expr->type);
}

static const char *written(enum weft_expr_op op)
{
    static const char *const texts[] = {
        [WEFT_EXPR_NOT] = "!",        [WEFT_EXPR_NEGATE] = "-",   [WEFT_EXPR_ADD] = "+",
        [WEFT_EXPR_SUBTRACT] = "-",   [WEFT_EXPR_MULTIPLY] = "*", [WEFT_EXPR_DIVIDE] = "/",
        [WEFT_EXPR_MODULO] = "%",     [WEFT_EXPR_POWER] = "^",    [WEFT_EXPR_EQ] = "=",
        [WEFT_EXPR_NE] = "!=",        [WEFT_EXPR_LT] = "<",       [WEFT_EXPR_LE] = "<=",
        [WEFT_EXPR_GT] = ">",         [WEFT_EXPR_GE] = ">=",      [WEFT_EXPR_MATCH] = "=~",
        [WEFT_EXPR_NOT_MATCH] = "!~", [WEFT_EXPR_AND] = "&&",     [WEFT_EXPR_OR] = "||",
    };
    return texts[op];
}

static const struct weft_expr *fail_operand(struct weft_parser *p, const struct weft_token *token,
                                            enum weft_expr_op op, const struct weft_expr *operand,
                                            const char *expected)
{
    weft_parser_fail(p, token, "%s is %s; %s takes %s", shown(p, operand), kind_of(operand),
                     written(op), expected);
    return NULL;
}

/* What to write where a value of another type stands. */
static const char *value_advice(const struct weft_expr *side, const struct weft_expr *literal)
{
    if (side->type == WEFT_TRACEQL_STATUS) return "; expected error, ok or unset, without quotes";
    if (side->type == WEFT_TRACEQL_KIND)
        return "; expected unspecified, internal, server, client, producer or consumer, without "
               "quotes";
    if (side->type == WEFT_TRACEQL_DURATION && literal->type == WEFT_TRACEQL_STRING)
        return "; durations are written without quotes, as in 1.5s";
    if (side->type == WEFT_TRACEQL_STRING && literal->op == WEFT_EXPR_LITERAL)
        return "; a string stands in quotes";
    return "";
}

static const struct weft_expr *fail_pair(struct weft_parser *p, const struct weft_token *token,
                                         enum weft_expr_op op, const struct weft_expr *left,
                                         const struct weft_expr *right)
{
    const char *advice = value_advice(left, right);
    if (advice[0] == '\0') advice = value_advice(right, left);
    weft_parser_fail(p, token, "%s %s %s compares %s with %s, which are never equal%s",
                     shown(p, left), written(op), shown(p, right), kind_of(left), kind_of(right),
                     advice);
    return NULL;
}

/* ---- leaves ---- */

const struct weft_expr *weft_expr_literal(struct weft_parser *p, const struct weft_token *token,
                                          struct weft_traceql_value value)
{
    struct weft_expr *expr = node(p, token, WEFT_EXPR_LITERAL);
    expr->literal = value;
    expr->type = value.type;
    return expr;
}

const struct weft_expr *weft_expr_attribute(struct weft_parser *p, const struct weft_token *token,
                                            const struct weft_traceql_attribute *attribute)
{
    struct weft_expr *expr = node(p, token, WEFT_EXPR_ATTRIBUTE);
    enum weft_traceql_scope level = attribute->scope;
    expr->attribute = *attribute;
    if (attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC) {
        expr->type = weft_traceql_intrinsics[attribute->intrinsic].type;
        level = weft_traceql_intrinsics[attribute->intrinsic].level;
    }
    expr->has_event = level == WEFT_TRACEQL_SCOPE_EVENT;
    expr->has_link = level == WEFT_TRACEQL_SCOPE_LINK;
    expr->mentions_span = true;
    return expr;
}

/* ---- operators ---- */

const struct weft_expr *weft_expr_unary(struct weft_parser *p, const struct weft_token *token,
                                        enum weft_expr_op op, const struct weft_expr *operand)
{
    struct weft_traceql_value folded;
    if (op == WEFT_EXPR_NOT && operand->type != WEFT_TRACEQL_BOOL && !is_open(operand))
        return fail_operand(p, token, op, operand,
                            "a bool or an attribute; put parentheses around a comparison to negate "
                            "it");
    if (op == WEFT_EXPR_NEGATE && !is_number(operand) && !is_open(operand))
        return fail_operand(p, token, op, operand, "a number");
    if (op == WEFT_EXPR_NEGATE && operand->op == WEFT_EXPR_LITERAL &&
        weft_traceql_fold(op, &operand->literal, NULL, &folded))
        return weft_expr_literal(p, token, folded);
    struct weft_expr *expr = node(p, token, op);
    expr->left = operand;
    expr->type = op == WEFT_EXPR_NOT ? WEFT_TRACEQL_BOOL : operand->type;
    return adopt(p, expr, operand) ? expr : NULL;
}

static bool is_nil(const struct weft_expr *expr)
{
    return expr->op == WEFT_EXPR_LITERAL && expr->type == WEFT_TRACEQL_NIL;
}

/* x = nil of what is never nil (Q3.2.5). */
static bool check_nil(struct weft_parser *p, const struct weft_token *token, enum weft_expr_op op,
                      const struct weft_expr *other)
{
    if (op != WEFT_EXPR_EQ || other->op != WEFT_EXPR_ATTRIBUTE) return true;
    const struct weft_traceql_attribute *attribute = &other->attribute;
    if (attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC)
        return weft_parser_fail(p, token,
                                "%s is an intrinsic, which every span has: it cannot be nil",
                                shown(p, other));
    if (attribute->scope == WEFT_TRACEQL_SCOPE_RESOURCE &&
        weft_str_equal_c(attribute->name, "service.name"))
        return weft_parser_fail(p, token,
                                "resource.service.name cannot be nil; where none was sent it is "
                                "\"\"");
    return true;
}

static bool are_comparable(const struct weft_expr *left, const struct weft_expr *right)
{
    return is_open(left) || is_open(right) || (is_number(left) && is_number(right)) ||
           (left->type == right->type && !is_number(left) && !is_number(right));
}

static const struct weft_expr *check_comparison(struct weft_parser *p,
                                                const struct weft_token *token,
                                                enum weft_expr_op op, const struct weft_expr *left,
                                                const struct weft_expr *right)
{
    bool is_equality = op == WEFT_EXPR_EQ || op == WEFT_EXPR_NE;
    if (is_nil(left) || is_nil(right)) {
        if (!is_equality)
            return fail_operand(p, token, op, is_nil(left) ? left : right, "numbers or strings");
        return check_nil(p, token, op, left) && check_nil(p, token, op, right) ? left : NULL;
    }
    if (!are_comparable(left, right)) return fail_pair(p, token, op, left, right);
    for (int i = 0; i < 2 && !is_equality; i++) {
        const struct weft_expr *side = i == 0 ? left : right;
        if (!is_number(side) && !is_open(side) && side->type != WEFT_TRACEQL_STRING)
            return fail_operand(p, token, op, side, "numbers or strings");
    }
    return left;
}

static const struct weft_expr *check_arithmetic(struct weft_parser *p,
                                                const struct weft_token *token,
                                                enum weft_expr_op op, const struct weft_expr *left,
                                                const struct weft_expr *right)
{
    if (!is_number(left) && !is_open(left)) return fail_operand(p, token, op, left, "numbers");
    if (!is_number(right) && !is_open(right)) return fail_operand(p, token, op, right, "numbers");
    return left;
}

static const struct weft_expr *check_logic(struct weft_parser *p, const struct weft_token *token,
                                           enum weft_expr_op op, const struct weft_expr *left,
                                           const struct weft_expr *right)
{
    for (int i = 0; i < 2; i++) {
        const struct weft_expr *side = i == 0 ? left : right;
        if (side->type != WEFT_TRACEQL_BOOL && !is_open(side))
            return fail_operand(p, token, op, side, "bools, attributes and comparisons");
    }
    return left;
}

/* Compiles the pattern; the same one only once. */
static const struct weft_regex *compile(struct weft_parser *p, const struct weft_expr *pattern)
{
    const struct weft_regex *regex;
    struct weft_err err;
    struct weft_token place = { .line = pattern->line, .column = pattern->column };
    struct weft_str text = pattern->literal.text; /* a NUL may be in it */
    char *bytes = weft_arena_alloc(p->arena, text.len + 1);
    bytes[0] = '~';
    if (text.len > 0) memcpy(bytes + 1, text.ptr, text.len);
    struct weft_str key = weft_str_make(bytes, text.len + 1);
    uint64_t *known = weft_map_get(&p->seen, key);
    if (known != NULL) return (const struct weft_regex *)(uintptr_t)*known;
    if (++p->regex_count > WEFT_TRACEQL_REGEX_MAX) {
        weft_parser_fail(p, &place, "more than %u different regular expressions in a query",
                         WEFT_TRACEQL_REGEX_MAX);
        return NULL;
    }
    if (weft_regex_compile(&regex, text, p->arena, &err) < 0) {
        weft_parser_fail(p, &place, "%s", err.text);
        return NULL;
    }
    weft_map_put(&p->seen, key, (uint64_t)(uintptr_t)regex, NULL);
    return regex;
}

static const struct weft_expr *check_match(struct weft_parser *p, const struct weft_token *token,
                                           enum weft_expr_op op, const struct weft_expr *left,
                                           const struct weft_expr *right)
{
    if (left->type != WEFT_TRACEQL_STRING && !is_open(left))
        return fail_operand(p, token, op, left, "strings");
    if (right->op == WEFT_EXPR_LITERAL && right->type == WEFT_TRACEQL_STRING) return left;
    struct weft_token place = { .line = right->line, .column = right->column };
    weft_parser_fail(p, &place, "the right side of %s is a regular expression in quotes; found %s",
                     written(op), shown(p, right));
    return NULL;
}

static enum weft_traceql_type type_of(enum weft_expr_op op, const struct weft_expr *left,
                                      const struct weft_expr *right)
{
    if (!weft_expr_is_arithmetic(op)) return WEFT_TRACEQL_BOOL;
    if (left->type == WEFT_TRACEQL_UNKNOWN || right->type == WEFT_TRACEQL_UNKNOWN)
        return WEFT_TRACEQL_UNKNOWN;
    return left->type == WEFT_TRACEQL_INT && right->type == WEFT_TRACEQL_INT ? WEFT_TRACEQL_INT
                                                                             : WEFT_TRACEQL_FLOAT;
}

/* Durations stay as they were written: 1s + 500ms is easier to read back than 1500000000.0. */
static bool is_foldable(const struct weft_expr *expr)
{
    return expr->op == WEFT_EXPR_LITERAL &&
           (expr->type == WEFT_TRACEQL_INT || expr->type == WEFT_TRACEQL_FLOAT);
}

const struct weft_expr *weft_expr_binary(struct weft_parser *p, const struct weft_token *token,
                                         enum weft_expr_op op, const struct weft_expr *left,
                                         const struct weft_expr *right)
{
    struct weft_traceql_value folded;
    const struct weft_regex *regex = NULL;
    bool is_match = op == WEFT_EXPR_MATCH || op == WEFT_EXPR_NOT_MATCH;
    const struct weft_expr *fine =
        weft_expr_is_arithmetic(op)   ? check_arithmetic(p, token, op, left, right)
        : weft_expr_is_comparison(op) ? check_comparison(p, token, op, left, right)
        : is_match                    ? check_match(p, token, op, left, right)
                                      : check_logic(p, token, op, left, right);
    if (fine == NULL) return NULL;
    if (is_match && (regex = compile(p, right)) == NULL) return NULL;
    if (weft_expr_is_arithmetic(op) && is_foldable(left) && is_foldable(right) &&
        weft_traceql_fold(op, &left->literal, &right->literal, &folded))
        return weft_expr_literal(p, token, folded);
    struct weft_expr *expr = node(p, token, op);
    expr->left = left;
    expr->right = right;
    expr->regex = regex;
    expr->type = type_of(op, left, right);
    return adopt(p, expr, left) && adopt(p, expr, right) ? expr : NULL;
}

/* ---- where an expression stands ---- */

bool weft_check_filter(struct weft_parser *p, const struct weft_expr *expr)
{
    struct weft_token place = { .line = expr->line, .column = expr->column };
    if (expr->type == WEFT_TRACEQL_BOOL || is_open(expr)) return true;
    return weft_parser_fail(
        p, &place, "%s is %s; between { and } stands a condition, as in { %s = ... }",
        shown(p, expr), kind_of(expr), expr->op == WEFT_EXPR_ATTRIBUTE ? shown(p, expr) : ".name");
}

bool weft_check_group(struct weft_parser *p, const struct weft_expr *expr)
{
    struct weft_token place = { .line = expr->line, .column = expr->column };
    if (expr->mentions_span) return true;
    return weft_parser_fail(
        p, &place, "%s is the same for all spans; expected an attribute or intrinsic in it",
        shown(p, expr));
}

bool weft_check_aggregate(struct weft_parser *p, enum weft_aggregate aggregate,
                          const struct weft_expr *expr)
{
    struct weft_token place = { .line = expr->line, .column = expr->column };
    if (!is_number(expr) && !is_open(expr))
        return weft_parser_fail(p, &place, "%s is %s; %s() takes a number", shown(p, expr),
                                kind_of(expr), weft_aggregate_name(aggregate));
    return weft_check_group(p, expr);
}
