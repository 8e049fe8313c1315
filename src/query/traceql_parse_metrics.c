/* traceql_parse_metrics.c -- metrics functions, their second stages, and arithmetic between them (Q6). */
#include "query/traceql_parser.h"
#include "query/traceql_words.h"

#define COMPARE_TOP_DEFAULT 10u
#define COMPARE_TOP_MAX 1000
#define QUANTILES_MAX 100u

/* ---- arguments ---- */

static bool parse_quantiles(struct weft_parser *p, struct weft_metric_expr *out)
{
    double *quantiles = NULL;
    while (p->token->kind == WEFT_TOKEN_COMMA) {
        const struct weft_token *token = ++p->token;
        if (token->kind != WEFT_TOKEN_INT && token->kind != WEFT_TOKEN_FLOAT)
            return weft_parser_unexpected(p, "a quantile from 0 to 1");
        double value =
            token->kind == WEFT_TOKEN_INT ? (double)token->int_value : token->float_value;
        if (value > 1)
            return weft_parser_fail(
                p, token, "%.*s is no quantile; expected a number from 0 to 1%s",
                WEFT_S_ARG(token->source), value <= 100 ? "; percentiles are divided by 100" : "");
        if (out->quantile_count == QUANTILES_MAX)
            return weft_parser_fail(p, token, "at most %u quantiles are computed at once",
                                    QUANTILES_MAX);
        if (quantiles == NULL)
            quantiles = weft_arena_alloc_array(p->arena, QUANTILES_MAX, sizeof *quantiles);
        quantiles[out->quantile_count++] = value;
        p->token++;
    }
    out->quantiles = quantiles;
    return quantiles != NULL || weft_parser_unexpected(p, "\",\" and a quantile from 0 to 1");
}

static bool parse_time(struct weft_parser *p, const char *what, uint64_t *out)
{
    const struct weft_token *token = p->token;
    if (!weft_parser_take(p, WEFT_TOKEN_COMMA, "\",\" and both start and end, or \")\"") ||
        (token = p->token)->kind != WEFT_TOKEN_INT || token->int_value == 0)
        return weft_parser_unexpected(p, what);
    *out = (uint64_t)token->int_value;
    p->token++;
    return true;
}

/* compare({ selection }, top, start, end) */
static bool parse_compare(struct weft_parser *p, struct weft_metric_expr *out)
{
    out->compare_top = COMPARE_TOP_DEFAULT;
    if (!weft_parse_filter(p, &out->selection)) return false;
    if (p->token->kind != WEFT_TOKEN_COMMA) return true;
    const struct weft_token *token = ++p->token;
    if (token->kind != WEFT_TOKEN_INT)
        return weft_parser_unexpected(p, "how many values of each attribute, from 1 to 1000");
    if (token->int_value < 1 || token->int_value > COMPARE_TOP_MAX)
        return weft_parser_fail(p, token,
                                "%.*s values of each attribute; expected a number from 1 to %d",
                                WEFT_S_ARG(token->source), COMPARE_TOP_MAX);
    out->compare_top = (uint32_t)token->int_value;
    p->token++;
    if (p->token->kind != WEFT_TOKEN_COMMA) return true;
    token = p->token;
    if (!parse_time(p, "the start of the selection, in ns since 1970", &out->compare_start_ns) ||
        !parse_time(p, "the end of the selection, in ns since 1970", &out->compare_end_ns))
        return false;
    if (out->compare_start_ns >= out->compare_end_ns)
        return weft_parser_fail(p, token + 1, "the start of the selection must lie before its end");
    return true;
}

static bool parse_arguments(struct weft_parser *p, struct weft_metric_expr *out)
{
    switch (out->function) {
    case WEFT_METRIC_RATE:
    case WEFT_METRIC_COUNT_OVER_TIME: return true;
    case WEFT_METRIC_COMPARE: return parse_compare(p, out);
    case WEFT_METRIC_QUANTILE_OVER_TIME:
        return weft_parse_attribute(p, &out->attribute) && parse_quantiles(p, out);
    default: return weft_parse_attribute(p, &out->attribute);
    }
}

static bool parse_by(struct weft_parser *p, struct weft_metric_expr *out)
{
    const struct weft_token *token = p->token;
    bool has_own = out->function == WEFT_METRIC_QUANTILE_OVER_TIME ||
                   out->function == WEFT_METRIC_HISTOGRAM_OVER_TIME;
    uint32_t most = WEFT_TRACEQL_LABELS_MAX - has_own;
    if (out->function == WEFT_METRIC_COMPARE || !weft_parser_is_word(p, "by")) return true;
    p->token++;
    if (!weft_parser_take(p, WEFT_TOKEN_OPEN, "\"(\"") ||
        !weft_parse_attributes(p, &out->by, &out->by_count))
        return false;
    if (out->by_count <= most) return true;
    return weft_parser_fail(p, token, "by() has %u labels; %s() takes at most %u", out->by_count,
                            weft_metric_function_name(out->function), most);
}

struct weft_metric_expr *weft_parse_metric(struct weft_parser *p,
                                           const struct weft_traceql_pipeline *pipeline)
{
    struct weft_metric_expr *out = weft_arena_alloc_zero(p->arena, sizeof *out);
    out->op = WEFT_METRIC_LEAF;
    out->height = 1;
    out->pipeline = pipeline;
    out->function = (enum weft_metric_function)weft_stage_word_find(p->token->source)->which;
    p->token++;
    if (!weft_parser_take(p, WEFT_TOKEN_OPEN, "\"(\"") || !parse_arguments(p, out) ||
        !weft_parser_take(p, WEFT_TOKEN_CLOSE, "\")\"") || !parse_by(p, out))
        return NULL;
    return out;
}

/* ---- second stages ---- */

static bool parse_top(struct weft_parser *p, struct weft_metric_second *out)
{
    const struct weft_stage_word_info *info =
        p->token->kind == WEFT_TOKEN_WORD ? weft_stage_word_find(p->token->source) : NULL;
    if (info == NULL || info->kind != WEFT_STAGE_WORD_SECOND)
        return weft_parser_unexpected(p,
                                      "topk(n) or bottomk(n); a filter on the result needs no |");
    out->kind = (enum weft_second_kind)info->which;
    p->token++;
    if (!weft_parser_take(p, WEFT_TOKEN_OPEN, "\"(\"")) return false;
    const struct weft_token *token = p->token;
    if (token->kind != WEFT_TOKEN_INT)
        return weft_parser_unexpected(p, "how many series, a whole number of at least 1");
    if (token->int_value < 1 || token->int_value > UINT32_MAX)
        return weft_parser_fail(p, token, "%s(%.*s): expected a whole number of at least 1",
                                info->word, WEFT_S_ARG(token->source));
    out->k = (uint32_t)token->int_value;
    p->token++;
    return weft_parser_take(p, WEFT_TOKEN_CLOSE, "\")\"");
}

static bool parse_filter(struct weft_parser *p, struct weft_metric_second *out)
{
    static const enum weft_expr_op comparisons[WEFT_TOKEN_COUNT] = {
        [WEFT_TOKEN_EQ] = WEFT_EXPR_EQ, [WEFT_TOKEN_NE] = WEFT_EXPR_NE,
        [WEFT_TOKEN_LT] = WEFT_EXPR_LT, [WEFT_TOKEN_LE] = WEFT_EXPR_LE,
        [WEFT_TOKEN_GT] = WEFT_EXPR_GT, [WEFT_TOKEN_GE] = WEFT_EXPR_GE,
    };
    struct weft_traceql_value constant;
    out->kind = WEFT_SECOND_FILTER;
    out->compare = comparisons[p->token++->kind];
    if (!weft_parse_constant(p, true, &constant)) return false;
    out->constant =
        constant.type == WEFT_TRACEQL_FLOAT ? constant.float_value : (double)constant.int_value;
    return true;
}

bool weft_parse_seconds(struct weft_parser *p, struct weft_metric_expr *metric)
{
    const struct weft_metric_second **link = &metric->seconds;
    while (*link != NULL) /* those inside the parentheses; they were made by this very function */
        link = &((struct weft_metric_second *)(uintptr_t)*link)->next;
    for (;;) {
        enum weft_token_kind kind = p->token->kind;
        bool is_filter = kind >= WEFT_TOKEN_EQ && kind <= WEFT_TOKEN_GE;
        if (kind != WEFT_TOKEN_PIPE && !is_filter) return true;
        if (metric->op == WEFT_METRIC_LEAF && metric->function == WEFT_METRIC_COMPARE)
            return weft_parser_fail(p, p->token, "nothing can follow compare(); expected the end");
        struct weft_metric_second *second = weft_arena_alloc_zero(p->arena, sizeof *second);
        if (kind == WEFT_TOKEN_PIPE) p->token++;
        if (!(is_filter ? parse_filter(p, second) : parse_top(p, second))) return false;
        *link = second;
        link = &second->next;
    }
}

/* ---- arithmetic ---- */

static bool is_compare(const struct weft_metric_expr *metric)
{
    return metric->op == WEFT_METRIC_LEAF && metric->function == WEFT_METRIC_COMPARE;
}

static struct weft_metric_expr *fold(struct weft_parser *p, const struct weft_token *token,
                                     enum weft_metric_op op, const struct weft_metric_expr *left,
                                     const struct weft_metric_expr *right)
{
    struct weft_metric_expr *out = weft_arena_alloc_zero(p->arena, sizeof *out);
    enum weft_expr_op arithmetic = op == WEFT_METRIC_ADD        ? WEFT_EXPR_ADD
                                   : op == WEFT_METRIC_SUBTRACT ? WEFT_EXPR_SUBTRACT
                                   : op == WEFT_METRIC_MULTIPLY ? WEFT_EXPR_MULTIPLY
                                                                : WEFT_EXPR_DIVIDE;
    out->op = WEFT_METRIC_NUMBER;
    out->height = 1;
    if (weft_traceql_fold(arithmetic, &left->number, &right->number, &out->number)) return out;
    weft_parser_fail(p, token, "the result of %.*s is not a finite number",
                     WEFT_S_ARG(token->source));
    return NULL;
}

struct weft_metric_expr *weft_metric_binary(struct weft_parser *p, const struct weft_token *token,
                                            enum weft_metric_op op,
                                            const struct weft_metric_expr *left,
                                            const struct weft_metric_expr *right)
{
    if (left->op == WEFT_METRIC_NUMBER && right->op == WEFT_METRIC_NUMBER)
        return fold(p, token, op, left, right);
    if (is_compare(left) || is_compare(right)) {
        weft_parser_fail(p, token, "compare() cannot be part of arithmetic");
        return NULL;
    }
    struct weft_metric_expr *out = weft_arena_alloc_zero(p->arena, sizeof *out);
    out->op = op;
    out->left = left;
    out->right = right;
    out->height = 1 + (left->height > right->height ? left->height : right->height);
    if (out->height <= WEFT_TRACEQL_DEPTH_MAX) return out;
    weft_parser_fail(p, token, "more than %u operators between metrics within each other",
                     WEFT_TRACEQL_DEPTH_MAX);
    return NULL;
}
