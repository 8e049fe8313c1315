/* traceql_parse_stage.c -- the stages of a pipeline: filters, scalar filters, by, select, coalesce (Q5). */
#include "query/traceql_parser.h"
#include "query/traceql_words.h"

/* ---- constants ---- */

static bool parse_sum(struct weft_parser *p, bool as_seconds, int tightness,
                      struct weft_traceql_value *out);

static bool parse_constant_operand(struct weft_parser *p, bool as_seconds,
                                   struct weft_traceql_value *out)
{
    const struct weft_token *token = p->token;
    struct weft_traceql_value value;
    *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_INT };
    switch (token->kind) {
    case WEFT_TOKEN_INT: out->int_value = token->int_value; break;
    case WEFT_TOKEN_FLOAT:
        out->type = WEFT_TRACEQL_FLOAT;
        out->float_value = token->float_value;
        break;
    case WEFT_TOKEN_DURATION:
        out->type = as_seconds ? WEFT_TRACEQL_FLOAT : WEFT_TRACEQL_DURATION;
        if (as_seconds)
            out->float_value = (double)token->int_value / 1e9;
        else
            out->int_value = token->int_value;
        break;
    case WEFT_TOKEN_MINUS:
        p->token++;
        if (!weft_parser_enter(p) || !parse_sum(p, as_seconds, 4, &value)) return false;
        weft_parser_leave(p);
        return weft_traceql_fold(WEFT_EXPR_NEGATE, &value, NULL, out);
    case WEFT_TOKEN_OPEN:
        p->token++;
        if (!weft_parser_enter(p) || !parse_sum(p, as_seconds, 0, out)) return false;
        weft_parser_leave(p);
        return weft_parser_take(p, WEFT_TOKEN_CLOSE, "an operator or \")\"");
    case WEFT_TOKEN_WORD:
        if (weft_stage_word_find(token->source)->kind == WEFT_STAGE_WORD_AGGREGATE)
            return weft_parser_fail(p, token,
                                    "an aggregate is compared with a constant only; expected a "
                                    "number or a duration");
        if (weft_traceql_literal_find(token->source, out) && out->type == WEFT_TRACEQL_INT) break;
        /* fall through */
    default:
        if (token->kind == WEFT_TOKEN_EQ && token[-1].kind == WEFT_TOKEN_EQ)
            return weft_parser_fail(p, token, "unexpected \"=\"; equality is written with one =");
        return weft_parser_unexpected(p, "a number or a duration");
    }
    p->token++;
    return true;
}

static bool parse_sum(struct weft_parser *p, bool as_seconds, int tightness,
                      struct weft_traceql_value *out)
{
    struct weft_traceql_value right;
    enum weft_expr_op op;
    if (!parse_constant_operand(p, as_seconds, out)) return false;
    for (;;) {
        const struct weft_token *token = p->token;
        int own = weft_parser_arithmetic(token->kind, &op);
        if (own == 0 || own < tightness) return true;
        p->token++;
        if (op == WEFT_EXPR_POWER && !weft_parser_enter(p)) return false;
        if (!parse_sum(p, as_seconds, op == WEFT_EXPR_POWER ? own : own + 1, &right)) return false;
        if (op == WEFT_EXPR_POWER) weft_parser_leave(p);
        struct weft_traceql_value left = *out;
        if (!weft_traceql_fold(op, &left, &right, out))
            return weft_parser_fail(p, token, "the result of %.*s is not a finite number",
                                    WEFT_S_ARG(token->source));
    }
}

bool weft_parse_constant(struct weft_parser *p, bool as_seconds, struct weft_traceql_value *out)
{
    return parse_sum(p, as_seconds, 0, out);
}

/* ---- labels ---- */

/* "word(expr)", the name of what a stage adds to its spansets. */
static struct weft_str label(struct weft_parser *p, const char *word, const struct weft_expr *expr)
{
    struct weft_buf text = { 0 };
    weft_buf_append_c(&text, word);
    weft_buf_append_byte(&text, '(');
    if (expr != NULL) weft_traceql_print_expr(&text, expr);
    weft_buf_append_byte(&text, ')');
    struct weft_str copy = weft_arena_copy(p->arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return copy;
}

/* ---- stages ---- */

static bool comparison_of(enum weft_token_kind kind, enum weft_expr_op *op)
{
    switch (kind) {
    case WEFT_TOKEN_EQ: *op = WEFT_EXPR_EQ; return true;
    case WEFT_TOKEN_NE: *op = WEFT_EXPR_NE; return true;
    case WEFT_TOKEN_LT: *op = WEFT_EXPR_LT; return true;
    case WEFT_TOKEN_LE: *op = WEFT_EXPR_LE; return true;
    case WEFT_TOKEN_GT: *op = WEFT_EXPR_GT; return true;
    case WEFT_TOKEN_GE: *op = WEFT_EXPR_GE; return true;
    default: return false;
    }
}

static bool parse_aggregate(struct weft_parser *p, enum weft_aggregate aggregate,
                            struct weft_traceql_stage *out)
{
    enum weft_expr_op op;
    out->kind = WEFT_STAGE_AGGREGATE;
    out->aggregate = aggregate;
    if (aggregate != WEFT_AGGREGATE_COUNT) {
        out->expr = weft_parse_field(p);
        if (out->expr == NULL || !weft_check_aggregate(p, aggregate, out->expr)) return false;
    }
    if (!weft_parser_take(p, WEFT_TOKEN_CLOSE,
                          aggregate == WEFT_AGGREGATE_COUNT
                              ? "\")\"; count() counts spans and takes nothing"
                              : "an operator or \")\""))
        return false;
    if (weft_parser_arithmetic(p->token->kind, &op) > 0)
        return weft_parser_fail(
            p, p->token,
            "arithmetic with aggregates is not supported; expected a comparison "
            "with a constant, as in %s > 10",
            weft_arena_copy_c(p->arena, label(p, weft_aggregate_name(aggregate), NULL)));
    if (!comparison_of(p->token->kind, &out->compare))
        return weft_parser_unexpected(p, "a comparison of the aggregate, one of = != < <= > >=");
    p->token++;
    out->label = label(p, weft_aggregate_name(aggregate), out->expr);
    return weft_parse_constant(p, false, &out->constant);
}

static bool parse_group(struct weft_parser *p, struct weft_traceql_stage *out)
{
    out->kind = WEFT_STAGE_GROUP;
    out->expr = weft_parse_field(p);
    if (out->expr == NULL || !weft_check_group(p, out->expr)) return false;
    if (p->token->kind == WEFT_TOKEN_COMMA)
        return weft_parser_fail(p, p->token,
                                "unexpected \",\"; by() takes one expression here: write | by(a) | "
                                "by(b)");
    out->label = label(p, "by", out->expr);
    return weft_parser_take(p, WEFT_TOKEN_CLOSE, "an operator or \")\"");
}

static bool fail_stage(struct weft_parser *p, const struct weft_token *token, bool is_first)
{
    const char *expected = is_first ? "{ }, (, an aggregate, by() or select()"
                                    : "{ }, an aggregate, by(), select(), coalesce() or a metrics "
                                      "function";
    if (token->kind != WEFT_TOKEN_WORD) return weft_parser_unexpected(p, expected);
    return weft_parser_fail(p, token, "unexpected \"%.*s\", expected %s%s",
                            (int)(token->source.len < 80 ? token->source.len : 80),
                            token->source.ptr, expected,
                            weft_traceql_advice(token, false, true, p->arena));
}

/* What begins with a word that is known; the word and its parenthesis are taken. */
static bool parse_word_stage(struct weft_parser *p, const struct weft_stage_word_info *info,
                             struct weft_traceql_stage *out)
{
    switch (info->kind) {
    case WEFT_STAGE_WORD_AGGREGATE:
        return parse_aggregate(p, (enum weft_aggregate)info->which, out);
    case WEFT_STAGE_WORD_BY: return parse_group(p, out);
    case WEFT_STAGE_WORD_SELECT:
        out->kind = WEFT_STAGE_SELECT;
        return weft_parse_attributes(p, &out->attributes, &out->attribute_count);
    default: out->kind = WEFT_STAGE_COALESCE; return weft_parser_take(p, WEFT_TOKEN_CLOSE, "\")\"");
    }
}

bool weft_parse_stage(struct weft_parser *p, bool is_first, struct weft_traceql_stage *out)
{
    const struct weft_token *token = p->token;
    if (token->kind == WEFT_TOKEN_OPEN_BRACE || token->kind == WEFT_TOKEN_OPEN) {
        out->kind = WEFT_STAGE_SPANSET;
        out->spanset = weft_parse_set(p);
        return out->spanset != NULL;
    }
    if (token->kind == WEFT_TOKEN_INT || token->kind == WEFT_TOKEN_FLOAT ||
        token->kind == WEFT_TOKEN_DURATION || token->kind == WEFT_TOKEN_MINUS)
        return weft_parser_fail(p, token,
                                "a constant on the left of a scalar filter is not supported; write "
                                "the aggregate first, as in count() > 3");
    if (token->kind != WEFT_TOKEN_WORD) return fail_stage(p, token, is_first);
    const struct weft_stage_word_info *info = weft_stage_word_find(token->source);
    if (info->kind == WEFT_STAGE_WORD_METRIC)
        return weft_parser_fail(p, token, "%s() needs spansets before it, as in { } | %s()",
                                info->word, info->word);
    if (info->kind == WEFT_STAGE_WORD_SECOND)
        return weft_parser_fail(
            p, token,
            "%s() needs a metrics function before it, as in { } | rate() by(name) | %s(5)",
            info->word, info->word);
    if (info->kind == WEFT_STAGE_WORD_FINISH)
        return weft_parser_fail(p, token,
                                is_first ? "%s() needs spansets before it, as in { } | %s()"
                                         : "%s() stands at the end of a whole search, outside of "
                                           "parentheses, as in { } | %s()",
                                info->word, info->word);
    if (info->kind == WEFT_STAGE_WORD_NONE) return fail_stage(p, token, is_first);
    if (info->kind == WEFT_STAGE_WORD_COALESCE && is_first)
        return weft_parser_fail(p, token,
                                "coalesce() joins the groups of stages before it; it cannot be the "
                                "first stage");
    p->token++;
    if (!weft_parser_take(p, WEFT_TOKEN_OPEN, "\"(\"")) return false;
    return parse_word_stage(p, info, out);
}
