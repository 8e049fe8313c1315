/* traceql_parse_set.c -- filters, operators between them, pipelines, and what parentheses hold (Q2.1, Q2.3, Q2.4).
 *
 * Parentheses may hold filters, a pipeline, a metrics query or a number, and only what is inside tells. So all of them are
 * parsed alike, as a weft_operand, and an operator looks at the kinds of its sides. */
#include "query/traceql_parser.h"
#include "query/traceql_words.h"

enum { LOOSE = 1, TIGHT = 2 }; /* && || and structural operators; + - and * / between metrics */

struct set_operator {
    int tightness; /* 0: none */
    enum weft_spanset_op op;
    bool is_negated, is_union;
};

static struct set_operator set_operator_of(enum weft_token_kind kind)
{
    static const struct set_operator operators[WEFT_TOKEN_COUNT] = {
        [WEFT_TOKEN_AND] = { LOOSE, WEFT_SPANSET_AND },
        [WEFT_TOKEN_OR] = { LOOSE, WEFT_SPANSET_OR },
        [WEFT_TOKEN_GT] = { TIGHT, WEFT_SPANSET_CHILD },
        [WEFT_TOKEN_DESCENDANT] = { TIGHT, WEFT_SPANSET_DESCENDANT },
        [WEFT_TOKEN_LT] = { TIGHT, WEFT_SPANSET_PARENT },
        [WEFT_TOKEN_ANCESTOR] = { TIGHT, WEFT_SPANSET_ANCESTOR },
        [WEFT_TOKEN_TILDE] = { TIGHT, WEFT_SPANSET_SIBLING },
        [WEFT_TOKEN_NOT_CHILD] = { TIGHT, WEFT_SPANSET_CHILD, .is_negated = true },
        [WEFT_TOKEN_NOT_DESCENDANT] = { TIGHT, WEFT_SPANSET_DESCENDANT, .is_negated = true },
        [WEFT_TOKEN_NOT_PARENT] = { TIGHT, WEFT_SPANSET_PARENT, .is_negated = true },
        [WEFT_TOKEN_NOT_ANCESTOR] = { TIGHT, WEFT_SPANSET_ANCESTOR, .is_negated = true },
        [WEFT_TOKEN_NOT_MATCH] = { TIGHT, WEFT_SPANSET_SIBLING, .is_negated = true },
        [WEFT_TOKEN_UNION_CHILD] = { TIGHT, WEFT_SPANSET_CHILD, .is_union = true },
        [WEFT_TOKEN_UNION_DESCENDANT] = { TIGHT, WEFT_SPANSET_DESCENDANT, .is_union = true },
        [WEFT_TOKEN_UNION_PARENT] = { TIGHT, WEFT_SPANSET_PARENT, .is_union = true },
        [WEFT_TOKEN_UNION_ANCESTOR] = { TIGHT, WEFT_SPANSET_ANCESTOR, .is_union = true },
        [WEFT_TOKEN_UNION_SIBLING] = { TIGHT, WEFT_SPANSET_SIBLING, .is_union = true },
    };
    return operators[kind];
}

/* ---- nodes ---- */

static struct weft_spanset_expr *node(struct weft_parser *p, enum weft_spanset_op op)
{
    struct weft_spanset_expr *set = weft_arena_alloc_zero(p->arena, sizeof *set);
    set->op = op;
    set->height = 1;
    return set;
}

/* The highest tree of spansets in the stages. */
static uint32_t pipeline_height(const struct weft_traceql_pipeline *pipeline)
{
    uint32_t height = 0;
    for (const struct weft_traceql_stage *stage = pipeline->first; stage != NULL;
         stage = stage->next)
        if (stage->kind == WEFT_STAGE_SPANSET && stage->spanset->height > height)
            height = stage->spanset->height;
    return height;
}

static bool check_height(struct weft_parser *p, const struct weft_token *token, uint32_t height)
{
    if (height <= WEFT_TRACEQL_DEPTH_MAX) return true;
    return weft_parser_fail(
        p, token,
        "operators between spansets stand within each other more than %u levels "
        "deep",
        WEFT_TRACEQL_DEPTH_MAX);
}

static const struct weft_spanset_expr *binary(struct weft_parser *p, const struct weft_token *token,
                                              struct set_operator how,
                                              const struct weft_spanset_expr *left,
                                              const struct weft_spanset_expr *right)
{
    struct weft_spanset_expr *set = node(p, how.op);
    set->is_negated = how.is_negated;
    set->is_union = how.is_union;
    set->left = left;
    set->right = right;
    set->has_pipeline = left->has_pipeline || right->has_pipeline;
    set->height = 1 + (left->height > right->height ? left->height : right->height);
    return check_height(p, token, set->height) ? set : NULL;
}

const struct weft_traceql_pipeline *weft_operand_pipeline(struct weft_parser *p,
                                                          const struct weft_operand *operand)
{
    if (operand->kind == WEFT_OPERAND_PIPELINE) return operand->pipeline;
    struct weft_traceql_stage *stage = weft_arena_alloc_zero(p->arena, sizeof *stage);
    struct weft_traceql_pipeline *pipeline = weft_arena_alloc_zero(p->arena, sizeof *pipeline);
    stage->kind = WEFT_STAGE_SPANSET;
    stage->spanset = operand->set;
    pipeline->first = stage;
    return pipeline;
}

/* ---- operators ---- */

/* ( pipeline ) as an operand between pipelines. */
static bool to_pipes(struct weft_parser *p, struct weft_operand *operand)
{
    if (operand->kind == WEFT_OPERAND_PIPES) return true;
    if (operand->kind == WEFT_OPERAND_SET) {
        if (operand->is_grouped)
            return true; /* ({ a }) means the same as a pipeline and as a filter */
        return weft_parser_fail(p, operand->start,
                                "a pipeline in parentheses can only be combined with another one; "
                                "expected \"(\" and \")\" around this side too");
    }
    struct weft_spanset_expr *set = node(p, WEFT_SPANSET_PIPELINE);
    set->pipeline = operand->pipeline;
    set->has_pipeline = true;
    set->height = 1 + pipeline_height(operand->pipeline);
    operand->set = set;
    operand->kind = WEFT_OPERAND_PIPES;
    return check_height(p, operand->start, set->height);
}

static bool combine_sets(struct weft_parser *p, const struct weft_token *token,
                         struct weft_operand *left, struct weft_operand *right)
{
    struct set_operator how = set_operator_of(token->kind);
    bool are_pipes = left->kind != WEFT_OPERAND_SET || right->kind != WEFT_OPERAND_SET;
    if (are_pipes) {
        if (right->kind != WEFT_OPERAND_SET && left->kind == WEFT_OPERAND_SET &&
            !left->is_grouped && right->pipe != NULL)
            return weft_parser_fail(
                p, right->pipe,
                "unexpected \"|\": a pipeline in parentheses can only be combined with "
                "another one; expected parentheses around the left side too");
        if (!to_pipes(p, left) || !to_pipes(p, right)) return false;
        left->kind = WEFT_OPERAND_PIPES;
    }
    left->is_grouped = left->is_grouped && right->is_grouped;
    left->set = binary(p, token, how, left->set, right->set);
    return left->set != NULL;
}

static bool is_set(const struct weft_operand *operand)
{
    return operand->kind <= WEFT_OPERAND_PIPES;
}

static bool combine(struct weft_parser *p, const struct weft_token *token, enum weft_metric_op op,
                    struct weft_operand *left, struct weft_operand *right)
{
    if (is_set(left) != is_set(right))
        return weft_parser_fail(
            p, right->start, "spansets and metrics cannot be combined; expected %s",
            is_set(left) ? "spansets" : "a metrics query in parentheses, or a number");
    if (is_set(left)) return combine_sets(p, token, left, right);
    left->metric = weft_metric_binary(p, token, op, left->metric, right->metric);
    if (right->kind == WEFT_OPERAND_METRIC) left->kind = WEFT_OPERAND_METRIC;
    return left->metric != NULL;
}

static int metric_operator_of(enum weft_token_kind kind, enum weft_metric_op *op)
{
    switch (kind) {
    case WEFT_TOKEN_PLUS: *op = WEFT_METRIC_ADD; return LOOSE;
    case WEFT_TOKEN_MINUS: *op = WEFT_METRIC_SUBTRACT; return LOOSE;
    case WEFT_TOKEN_STAR: *op = WEFT_METRIC_MULTIPLY; return TIGHT;
    case WEFT_TOKEN_SLASH: *op = WEFT_METRIC_DIVIDE; return TIGHT;
    default: return 0;
    }
}

/* ---- operands ---- */

static bool parse_parentheses(struct weft_parser *p, struct weft_operand *out)
{
    const struct weft_token *start = p->token++;
    if (!weft_parser_enter(p) || !weft_parse_body(p, out)) return false;
    if (!weft_parser_take(p, WEFT_TOKEN_CLOSE,
                          out->kind == WEFT_OPERAND_PIPES ? "an operator between pipelines or \")\""
                                                          : "an operator, | or \")\""))
        return false;
    weft_parser_leave(p);
    out->start = start;
    out->is_grouped = true;
    return true;
}

/* A number between metrics. Its arithmetic is that of metrics, which folds it. */
static bool parse_number(struct weft_parser *p, struct weft_operand *out)
{
    struct weft_traceql_value zero = { .type = WEFT_TRACEQL_INT };
    struct weft_metric_expr *number = weft_arena_alloc_zero(p->arena, sizeof *number);
    bool is_negative = p->token->kind == WEFT_TOKEN_MINUS;
    if (is_negative) p->token++;
    const struct weft_token *token = p->token;
    number->op = WEFT_METRIC_NUMBER;
    number->height = 1;
    number->number = zero;
    if (token->kind == WEFT_TOKEN_DURATION)
        return weft_parser_fail(
            p, token, "a duration is no operand of metrics; expected a number (of seconds)");
    if (token->kind == WEFT_TOKEN_FLOAT) {
        number->number.type = WEFT_TRACEQL_FLOAT;
        number->number.float_value = token->float_value;
    } else if (token->kind == WEFT_TOKEN_INT) {
        number->number.int_value = token->int_value;
    } else if (token->kind != WEFT_TOKEN_WORD ||
               !weft_traceql_literal_find(token->source, &number->number) ||
               number->number.type != WEFT_TRACEQL_INT) {
        return weft_parser_unexpected(p, "a number");
    }
    p->token++;
    if (is_negative) {
        struct weft_traceql_value value = number->number;
        weft_traceql_fold(WEFT_EXPR_NEGATE, &value, NULL, &number->number);
    }
    out->kind = WEFT_OPERAND_NUMBER;
    out->metric = number;
    return true;
}

static bool is_number_word(const struct weft_parser *p)
{
    return weft_parser_is_word(p, "minInt") || weft_parser_is_word(p, "maxInt");
}

static bool parse_operand(struct weft_parser *p, struct weft_operand *out)
{
    *out = (struct weft_operand){ .kind = WEFT_OPERAND_SET, .start = p->token };
    switch (p->token->kind) {
    case WEFT_TOKEN_OPEN: return parse_parentheses(p, out);
    case WEFT_TOKEN_INT:
    case WEFT_TOKEN_FLOAT:
    case WEFT_TOKEN_DURATION:
    case WEFT_TOKEN_MINUS: return parse_number(p, out);
    case WEFT_TOKEN_OPEN_BRACE: break;
    case WEFT_TOKEN_WORD:
        if (is_number_word(p)) return parse_number(p, out);
        /* fall through */
    default: return weft_parser_unexpected(p, "\"{\" or \"(\"");
    }
    struct weft_spanset_expr *filter = node(p, WEFT_SPANSET_FILTER);
    out->set = filter;
    return weft_parse_filter(p, &filter->expr);
}

static int tightness_of(const struct weft_operand *left, enum weft_token_kind kind,
                        enum weft_metric_op *op)
{
    return is_set(left) ? set_operator_of(kind).tightness : metric_operator_of(kind, op);
}

static bool parse_operators(struct weft_parser *p, int tightness, struct weft_operand *out);

/* Operands start..end of the array as one tree. */
static const struct weft_spanset_expr *balance(struct weft_parser *p,
                                               const struct weft_token *token,
                                               struct set_operator how,
                                               const struct weft_spanset_expr *const *operands,
                                               size_t count)
{
    if (count == 1) return operands[0];
    size_t half = count - count / 2;
    const struct weft_spanset_expr *left = balance(p, token, how, operands, half);
    const struct weft_spanset_expr *right = balance(p, token, how, operands + half, count / 2);
    return left != NULL && right != NULL ? binary(p, token, how, left, right) : NULL;
}

static void push_flat(struct weft_buf *operands, enum weft_spanset_op op,
                      const struct weft_spanset_expr *set)
{
    if (set->op == op) {
        push_flat(operands, op, set->left);
        push_flat(operands, op, set->right);
    } else {
        weft_buf_append(operands, &set, sizeof set);
    }
}

/* { a } || { b } || { c } ...: as low a tree as can be. Pipelines among them end it: they are combined one by one. */
static bool parse_chain(struct weft_parser *p, struct weft_operand *out)
{
    const struct weft_token *first = p->token;
    struct set_operator how = set_operator_of(first->kind);
    struct weft_buf operands = { 0 };
    struct weft_operand right;
    bool is_fine = true, are_sets = true;
    push_flat(&operands, how.op, out->set);
    while (is_fine && are_sets && p->token->kind == first->kind) {
        p->token++;
        is_fine = parse_operators(p, TIGHT, &right);
        are_sets = is_fine && right.kind == WEFT_OPERAND_SET;
        if (are_sets) push_flat(&operands, how.op, right.set);
        if (are_sets) out->is_grouped &= right.is_grouped;
    }
    if (is_fine) {
        out->set = balance(p, first, how,
                           (const struct weft_spanset_expr *const *)(const void *)operands.data,
                           operands.len / sizeof out->set);
        is_fine = out->set != NULL && (are_sets || combine(p, first, WEFT_METRIC_ADD, out, &right));
    }
    weft_buf_release(&operands);
    return is_fine;
}

static bool parse_operators(struct weft_parser *p, int tightness, struct weft_operand *out)
{
    enum weft_metric_op op = WEFT_METRIC_ADD;
    struct weft_operand right;
    if (!parse_operand(p, out)) return false;
    for (;;) {
        const struct weft_token *token = p->token;
        int own = tightness_of(out, token->kind, &op);
        if (own == 0 || own < tightness) return true;
        if (out->kind == WEFT_OPERAND_SET && own == LOOSE) {
            if (!parse_chain(p, out)) return false;
            continue;
        }
        if (out->kind == WEFT_OPERAND_PIPELINE && !to_pipes(p, out)) return false;
        p->token++;
        if (!parse_operators(p, own + 1, &right)) return false;
        if (!combine(p, token, op, out, &right)) return false;
    }
}

const struct weft_spanset_expr *weft_parse_set(struct weft_parser *p)
{
    struct weft_operand operand;
    if (!parse_operators(p, LOOSE, &operand)) return NULL;
    if (operand.kind == WEFT_OPERAND_SET) return operand.set;
    weft_parser_fail(p, operand.pipe != NULL ? operand.pipe : operand.start,
                     "a stage of a pipeline combines filters only; expected { } and operators "
                     "between them");
    return NULL;
}

/* ---- pipelines ---- */

static struct weft_traceql_stage *stage_create(struct weft_parser *p)
{
    return weft_arena_alloc_zero(p->arena, sizeof(struct weft_traceql_stage));
}

/* first | stage | stage ..., then perhaps a metric function, which makes *out a METRIC. */
static bool parse_stages(struct weft_parser *p, struct weft_traceql_stage *first,
                         struct weft_operand *out)
{
    struct weft_traceql_pipeline *pipeline = weft_arena_alloc_zero(p->arena, sizeof *pipeline);
    struct weft_traceql_stage *last = first;
    pipeline->first = first;
    out->kind = WEFT_OPERAND_PIPELINE;
    out->pipeline = pipeline;
    out->pipe = p->token->kind == WEFT_TOKEN_PIPE ? p->token : NULL;
    while (p->token->kind == WEFT_TOKEN_PIPE &&
           !(p->nesting == 0 && weft_is_finish(p->token + 1))) {
        p->token++;
        if (p->token->kind == WEFT_TOKEN_WORD &&
            weft_stage_word_find(p->token->source)->kind == WEFT_STAGE_WORD_METRIC) {
            out->kind = WEFT_OPERAND_METRIC;
            out->metric = weft_parse_metric(p, pipeline);
            return out->metric != NULL;
        }
        struct weft_traceql_stage *stage = stage_create(p);
        if (!weft_parse_stage(p, false, stage)) return false;
        last->next = stage;
        last = stage;
    }
    return true;
}

/* A body that begins with a stage other than filters: count() > 30 | ... */
static bool parse_first_stage(struct weft_parser *p, struct weft_operand *out)
{
    struct weft_traceql_stage *stage = stage_create(p);
    *out = (struct weft_operand){ .start = p->token };
    return weft_parse_stage(p, true, stage) && parse_stages(p, stage, out);
}

static bool is_link(const struct weft_token *token)
{
    return token->kind == WEFT_TOKEN_LINK_TO || token->kind == WEFT_TOKEN_LINK_FROM;
}

/* -link-> { b }: `out` is what stands on the left, and then what stands on the right. */
static bool parse_link(struct weft_parser *p, struct weft_operand *out)
{
    const struct weft_token *token = p->token++;
    if (p->nesting > 0)
        return weft_parser_fail(p, token,
                                "links between traces are followed at the beginning of a search, "
                                "outside of parentheses");
    if (p->link != NULL)
        return weft_parser_fail(p, token, "links between traces are followed once in a search");
    p->link = token;
    p->linked = weft_arena_alloc_zero(p->arena, sizeof *p->linked);
    p->linked->has_links = token->kind == WEFT_TOKEN_LINK_FROM;
    p->linked->other = out->set;
    bool is_fine = out->kind == WEFT_OPERAND_SET;
    if (is_fine && !parse_operators(p, LOOSE, out)) return false;
    if (is_fine && out->kind == WEFT_OPERAND_SET) return !is_link(p->token) || parse_link(p, out);
    return weft_parser_fail(p, token,
                            "links are followed between filters; expected { } and operators "
                            "between them on both sides");
}

bool weft_parse_body(struct weft_parser *p, struct weft_operand *out)
{
    if (p->token->kind == WEFT_TOKEN_WORD && !is_number_word(p)) {
        if (!parse_first_stage(p, out)) return false;
    } else {
        if (!parse_operators(p, LOOSE, out)) return false;
        if (is_link(p->token) && !parse_link(p, out)) return false;
        if (out->kind == WEFT_OPERAND_SET && p->token->kind == WEFT_TOKEN_PIPE) {
            struct weft_traceql_stage *first = stage_create(p);
            first->kind = WEFT_STAGE_SPANSET;
            first->spanset = out->set;
            if (!parse_stages(p, first, out)) return false;
        }
    }
    return out->kind != WEFT_OPERAND_METRIC || weft_parse_seconds(p, out->metric);
}
