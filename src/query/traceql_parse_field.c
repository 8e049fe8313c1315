/* traceql_parse_field.c -- field expressions: what stands between { and } (Q2.2). */
#include "query/traceql_parser.h"
#include "query/traceql_words.h"

/* How tightly operators bind, loosest first. A sign in front binds its operand to what is tighter than itself. */
enum { LOGIC = 1, COMPARISON = 2, SUM = 3, NOT = 4, PRODUCT = 5, POWER = 6 };

static const struct weft_expr *parse_binary(struct weft_parser *p, int tightness);

int weft_parser_arithmetic(enum weft_token_kind kind, enum weft_expr_op *op)
{
    switch (kind) {
    case WEFT_TOKEN_PLUS: *op = WEFT_EXPR_ADD; return SUM;
    case WEFT_TOKEN_MINUS: *op = WEFT_EXPR_SUBTRACT; return SUM;
    case WEFT_TOKEN_STAR: *op = WEFT_EXPR_MULTIPLY; return PRODUCT;
    case WEFT_TOKEN_SLASH: *op = WEFT_EXPR_DIVIDE; return PRODUCT;
    case WEFT_TOKEN_PERCENT: *op = WEFT_EXPR_MODULO; return PRODUCT;
    case WEFT_TOKEN_CARET: *op = WEFT_EXPR_POWER; return POWER;
    default: return 0;
    }
}

static int operator_of(enum weft_token_kind kind, enum weft_expr_op *op)
{
    switch (kind) {
    case WEFT_TOKEN_EQ: *op = WEFT_EXPR_EQ; return COMPARISON;
    case WEFT_TOKEN_NE: *op = WEFT_EXPR_NE; return COMPARISON;
    case WEFT_TOKEN_LT: *op = WEFT_EXPR_LT; return COMPARISON;
    case WEFT_TOKEN_LE: *op = WEFT_EXPR_LE; return COMPARISON;
    case WEFT_TOKEN_GT: *op = WEFT_EXPR_GT; return COMPARISON;
    case WEFT_TOKEN_GE: *op = WEFT_EXPR_GE; return COMPARISON;
    case WEFT_TOKEN_MATCH: *op = WEFT_EXPR_MATCH; return COMPARISON;
    case WEFT_TOKEN_NOT_MATCH: *op = WEFT_EXPR_NOT_MATCH; return COMPARISON;
    default: return weft_parser_arithmetic(kind, op);
    }
}

/* ---- attributes ---- */

/* Notes an attribute as mentioned, once. */
static void mention(struct weft_parser *p, const struct weft_traceql_attribute *attribute)
{
    bool is_new;
    size_t start = p->operands.len; /* a key is built on top of the stack and taken off again */
    weft_buf_append_byte(&p->operands, (char)attribute->scope);
    weft_buf_append_byte(&p->operands, (char)attribute->intrinsic);
    weft_buf_append_str(&p->operands, attribute->name);
    weft_map_put(&p->seen, weft_str_make(p->operands.data + start, p->operands.len - start), 0,
                 &is_new);
    p->operands.len = start;
    if (is_new) weft_buf_append(&p->attributes, attribute, sizeof *attribute);
}

static bool fail_word(struct weft_parser *p, const struct weft_token *token, bool is_value)
{
    if (weft_str_equal_c(token->source, "parent"))
        return weft_parser_fail(
            p, token, "parent is not supported; { a } > { b } finds spans by their parent");
    if (weft_stage_word_find(token->source)->kind != WEFT_STAGE_WORD_NONE &&
        token[1].kind == WEFT_TOKEN_OPEN)
        return weft_parser_fail(p, token,
                                "%.*s() is a stage of a pipeline; expected it behind a |, outside "
                                "of { }",
                                WEFT_S_ARG(token->source));
    return weft_parser_fail(p, token, "unknown identifier %.*s%s",
                            (int)(token->source.len < 80 ? token->source.len : 80),
                            token->source.ptr,
                            weft_traceql_advice(token, is_value, false, p->arena));
}

/* scope:intrinsic; the scope is the next token. */
static bool parse_scoped(struct weft_parser *p, struct weft_traceql_attribute *out)
{
    struct weft_str scope = p->token->text;
    const struct weft_token *token = p->token++;
    char expected[200] = "";
    size_t len = 0;
    if (p->token->kind == WEFT_TOKEN_WORD) {
        out->intrinsic = weft_traceql_intrinsic_find(scope, p->token->source);
        if (out->intrinsic != WEFT_INTRINSIC_COUNT) {
            p->token++;
            return true;
        }
    }
    for (int i = 0; i < WEFT_INTRINSIC_COUNT; i++) {
        const char *name = weft_traceql_intrinsics[i].scoped;
        if (name == NULL || strncmp(name, scope.ptr, scope.len) != 0 || name[scope.len] != ':')
            continue;
        len += (size_t)snprintf(expected + len, sizeof expected - len, "%s%s", len > 0 ? ", " : "",
                                name + scope.len + 1);
    }
    if (len == 0)
        return weft_parser_fail(
            p, token, "%.*s has no intrinsics; attributes stand behind a dot, as in %.*s.name",
            WEFT_S_ARG(scope), WEFT_S_ARG(scope));
    return weft_parser_unexpected(p, expected);
}

bool weft_parse_attribute(struct weft_parser *p, struct weft_traceql_attribute *out)
{
    const struct weft_token *token = p->token;
    *out = (struct weft_traceql_attribute){ .scope = WEFT_TRACEQL_SCOPE_INTRINSIC };
    if (token->kind == WEFT_TOKEN_ATTRIBUTE) {
        out->scope = token->scope;
        out->name = token->text;
        p->token++;
    } else if (token->kind == WEFT_TOKEN_SCOPE) {
        if (!parse_scoped(p, out)) return false;
    } else if (token->kind == WEFT_TOKEN_WORD) {
        out->intrinsic = weft_traceql_intrinsic_find(WEFT_S(""), token->source);
        if (out->intrinsic == WEFT_INTRINSIC_COUNT) return fail_word(p, token, false);
        p->token++;
    } else {
        return weft_parser_unexpected(p,
                                      "an attribute or intrinsic, as in span.http.method or name");
    }
    mention(p, out);
    return true;
}

bool weft_parse_attributes(struct weft_parser *p, const struct weft_traceql_attribute **out,
                           uint32_t *count)
{
    struct weft_buf list = { 0 };
    struct weft_traceql_attribute attribute;
    bool is_fine;
    for (;;) {
        if (!(is_fine = weft_parse_attribute(p, &attribute))) break;
        weft_buf_append(&list, &attribute, sizeof attribute);
        if (p->token->kind != WEFT_TOKEN_COMMA) break;
        p->token++;
    }
    is_fine = is_fine && weft_parser_take(p, WEFT_TOKEN_CLOSE, "\",\" or \")\"");
    if (is_fine) {
        struct weft_str copy = weft_arena_copy(p->arena, weft_buf_str(&list));
        *out = (const struct weft_traceql_attribute *)(const void *)copy.ptr;
        *count = (uint32_t)(list.len / sizeof attribute);
    }
    weft_buf_release(&list);
    return is_fine;
}

/* ---- operands ---- */

static const struct weft_expr *parse_word(struct weft_parser *p)
{
    const struct weft_token *token = p->token, *before = token - 1;
    struct weft_traceql_value literal;
    struct weft_traceql_attribute attribute;
    enum weft_expr_op op;
    if (!weft_traceql_literal_find(token->source, &literal)) {
        bool is_value = operator_of(before->kind, &op) == COMPARISON;
        if (weft_traceql_intrinsic_find(WEFT_S(""), token->source) == WEFT_INTRINSIC_COUNT) {
            fail_word(p, token, is_value);
            return NULL;
        }
        if (!weft_parse_attribute(p, &attribute)) return NULL;
        return weft_expr_attribute(p, token, &attribute);
    }
    p->token++;
    if (literal.type == WEFT_TRACEQL_NIL && token != p->nil_welcome &&
        p->token->kind != WEFT_TOKEN_EQ && p->token->kind != WEFT_TOKEN_NE) {
        weft_parser_unexpected(p, "= or != beside nil");
        return NULL;
    }
    return weft_expr_literal(p, token, literal);
}

static const struct weft_expr *parse_parentheses(struct weft_parser *p)
{
    if (!weft_parser_enter(p)) return NULL;
    p->token++;
    const struct weft_expr *expr = weft_parse_field(p);
    if (expr == NULL) return NULL;
    if (p->token->kind == WEFT_TOKEN_COMMA) {
        weft_parser_fail(p, p->token,
                         "unexpected \",\"; there are no lists: write .a = 1 || .a = 2, or .a =~ "
                         "\"x|y\"");
        return NULL;
    }
    weft_parser_leave(p);
    return weft_parser_take(p, WEFT_TOKEN_CLOSE, "an operator or \")\"") ? expr : NULL;
}

static const struct weft_expr *parse_sign(struct weft_parser *p)
{
    const struct weft_token *token = p->token++;
    bool is_not = token->kind == WEFT_TOKEN_NOT;
    if (!weft_parser_enter(p)) return NULL;
    const struct weft_expr *operand = parse_binary(p, is_not ? PRODUCT : NOT);
    if (operand == NULL) return NULL;
    weft_parser_leave(p);
    return weft_expr_unary(p, token, is_not ? WEFT_EXPR_NOT : WEFT_EXPR_NEGATE, operand);
}

static const struct weft_expr *parse_operand(struct weft_parser *p)
{
    const struct weft_token *token = p->token;
    struct weft_traceql_value value = { 0 };
    struct weft_traceql_attribute attribute;
    switch (token->kind) {
    case WEFT_TOKEN_WORD: return parse_word(p);
    case WEFT_TOKEN_OPEN: return parse_parentheses(p);
    case WEFT_TOKEN_NOT:
    case WEFT_TOKEN_MINUS: return parse_sign(p);
    case WEFT_TOKEN_ATTRIBUTE:
    case WEFT_TOKEN_SCOPE:
        return weft_parse_attribute(p, &attribute) ? weft_expr_attribute(p, token, &attribute)
                                                   : NULL;
    case WEFT_TOKEN_STRING:
        value.type = WEFT_TRACEQL_STRING;
        value.text = token->text;
        break;
    case WEFT_TOKEN_FLOAT:
        value.type = WEFT_TRACEQL_FLOAT;
        value.float_value = token->float_value;
        break;
    case WEFT_TOKEN_INT:
    case WEFT_TOKEN_DURATION:
        value.type = token->kind == WEFT_TOKEN_INT ? WEFT_TRACEQL_INT : WEFT_TRACEQL_DURATION;
        value.int_value = token->int_value;
        break;
    case WEFT_TOKEN_EQ:
        if (token[-1].kind == WEFT_TOKEN_EQ) {
            weft_parser_fail(p, token, "unexpected \"=\"; equality is written with one =");
            return NULL;
        }
        /* fall through */
    default: weft_parser_unexpected(p, "an attribute, an intrinsic or a value"); return NULL;
    }
    p->token++;
    return weft_expr_literal(p, token, value);
}

/* ---- operators ---- */

/* left contains "text", no TraceQL: =~ with a pattern for it, in any case. */
static const struct weft_expr *parse_contains(struct weft_parser *p, const struct weft_expr *left)
{
    const struct weft_token *token = p->token++;
    struct weft_traceql_value value = { .type = WEFT_TRACEQL_STRING };
    struct weft_buf pattern = { 0 };
    if (p->token->kind != WEFT_TOKEN_STRING) {
        weft_parser_unexpected(p, "a text in quotes behind contains");
        return NULL;
    }
    struct weft_str text = p->token->text;
    weft_buf_append_c(&pattern, "(?i).*");
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || c <= ' ' || c > '~';
        if (!is_plain) weft_buf_append_byte(&pattern, '\\');
        weft_buf_append_byte(&pattern, c);
    }
    weft_buf_append_c(&pattern, ".*");
    value.text = weft_arena_copy(p->arena, weft_buf_str(&pattern));
    weft_buf_release(&pattern);
    const struct weft_expr *right = weft_expr_literal(p, p->token++, value);
    return weft_expr_binary(p, token, WEFT_EXPR_MATCH, left, right);
}

static const struct weft_expr *parse_binary(struct weft_parser *p, int tightness)
{
    const struct weft_expr *left = parse_operand(p), *right;
    enum weft_expr_op op;
    while (left != NULL) {
        const struct weft_token *token = p->token;
        if (weft_parser_is_word(p, "contains") && tightness <= COMPARISON) {
            left = parse_contains(p, left);
            continue;
        }
        int own = operator_of(token->kind, &op);
        if (own == 0 || own < tightness) return left;
        p->token++;
        if (op == WEFT_EXPR_EQ || op == WEFT_EXPR_NE) p->nil_welcome = p->token;
        if (own == POWER && !weft_parser_enter(p)) return NULL; /* groups to the right */
        right = parse_binary(p, own == POWER ? own : own + 1);
        if (own == POWER) weft_parser_leave(p);
        if (right == NULL) return NULL;
        left = weft_expr_binary(p, token, op, left, right);
    }
    return NULL;
}

const struct weft_expr *weft_parse_comparison(struct weft_parser *p)
{
    return parse_binary(p, COMPARISON);
}

/* Operands start..end of the stack as one tree, as low as can be. */
static const struct weft_expr *balance(struct weft_parser *p, enum weft_expr_op op, size_t start,
                                       size_t count)
{
    const struct weft_expr *const *operands =
        (const struct weft_expr *const *)(const void *)p->operands.data;
    if (count == 1) return operands[start];
    const struct weft_expr *left = balance(p, op, start, count - count / 2);
    const struct weft_expr *right =
        left != NULL ? balance(p, op, start + count - count / 2, count / 2) : NULL;
    if (right == NULL) return NULL;
    struct weft_token place = { .line = right->line, .column = right->column };
    return weft_expr_binary(p, &place, op, left, right);
}

/* a || b is false when one of them is no bool at run time, so || may only be regrouped among bools. */
static bool is_regroupable(enum weft_expr_op op, const struct weft_expr *expr)
{
    return op == WEFT_EXPR_AND || expr->type == WEFT_TRACEQL_BOOL;
}

static void push(struct weft_parser *p, const struct weft_expr *expr)
{
    weft_buf_append(&p->operands, &expr, sizeof expr);
}

/* Pushes an operand; of one that is such a chain itself, its operands: so the tree is the same however it was written. */
static void push_flat(struct weft_parser *p, enum weft_expr_op op, const struct weft_expr *expr)
{
    if (expr->op == op && is_regroupable(op, expr->left) && is_regroupable(op, expr->right)) {
        push_flat(p, op, expr->left);
        push_flat(p, op, expr->right);
    } else {
        push(p, expr);
    }
}

const struct weft_expr *weft_expr_chain(struct weft_parser *p, enum weft_expr_op op,
                                        const struct weft_expr *const *operands, size_t count)
{
    size_t base = p->operands.len, first = base / sizeof *operands;
    for (size_t i = 0; i < count; i++) {
        size_t pushed = p->operands.len / sizeof *operands - first;
        bool is_first_open = pushed == 1 && i == 1 && !is_regroupable(op, operands[0]);
        if (pushed > 0 && (is_first_open || !is_regroupable(op, operands[i]))) {
            /* So far and no further: what is left of a bare attribute is one operand for it. */
            const struct weft_expr *left = balance(p, op, first, pushed);
            struct weft_token place = { .line = operands[i]->line, .column = operands[i]->column };
            p->operands.len = base;
            if (left != NULL) left = weft_expr_binary(p, &place, op, left, operands[i]);
            if (left == NULL) return NULL;
            push(p, left);
        } else {
            push_flat(p, op, operands[i]);
        }
    }
    const struct weft_expr *tree =
        balance(p, op, first, p->operands.len / sizeof *operands - first);
    p->operands.len = base;
    return tree;
}

/* Operands joined by one operator, from `left` on, as long as the operator stays the same. */
static const struct weft_expr *parse_chain(struct weft_parser *p, const struct weft_expr *left)
{
    enum weft_token_kind kind = p->token->kind;
    struct weft_buf operands = { 0 };
    const struct weft_expr *operand = left;
    weft_buf_append(&operands, &operand, sizeof operand);
    while (operand != NULL && p->token->kind == kind) {
        p->token++;
        operand = weft_parse_comparison(p);
        weft_buf_append(&operands, &operand, sizeof operand);
    }
    if (operand != NULL)
        operand = weft_expr_chain(p, kind == WEFT_TOKEN_AND ? WEFT_EXPR_AND : WEFT_EXPR_OR,
                                  (const struct weft_expr *const *)(const void *)operands.data,
                                  operands.len / sizeof operand);
    weft_buf_release(&operands);
    return operand;
}

const struct weft_expr *weft_parse_field(struct weft_parser *p)
{
    const struct weft_expr *left = weft_parse_comparison(p);
    while (left != NULL && (p->token->kind == WEFT_TOKEN_AND || p->token->kind == WEFT_TOKEN_OR))
        left = parse_chain(p, left);
    return left;
}

bool weft_parse_filter(struct weft_parser *p, const struct weft_expr **out)
{
    *out = NULL;
    if (!weft_parser_take(p, WEFT_TOKEN_OPEN_BRACE, "\"{\"")) return false;
    if (p->token->kind != WEFT_TOKEN_CLOSE_BRACE) {
        *out = weft_parse_field(p);
        if (*out == NULL) return false;
        if (p->token->kind == WEFT_TOKEN_COMMA)
            return weft_parser_fail(p, p->token,
                                    "unexpected \",\"; conditions are joined with && or ||");
    }
    if (!weft_parser_take(p, WEFT_TOKEN_CLOSE_BRACE, "an operator or \"}\"")) return false;
    return *out == NULL || weft_check_filter(p, *out);
}
