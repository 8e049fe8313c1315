/* traceql_parser.h -- what the parser's files share: the state, failing, and building checked nodes.
 *
 * Shape      recursive descent over an array of tokens. Functions that make something return NULL, or false, after a
 *            failure; the first one is what the user sees
 * Threads    one parser, one thread
 */
#ifndef WEFT_QUERY_TRACEQL_PARSER_H
#define WEFT_QUERY_TRACEQL_PARSER_H
#include "base/map.h"
#include "query/traceql_lexer.h"

struct weft_parser {
    struct weft_arena *arena;
    const struct weft_token *token; /* the next one */
    struct weft_err *err;
    struct weft_traceql_place place; /* of the failure */
    bool has_failed;
    uint32_t nesting;
    const struct weft_token *nil_welcome; /* behind = and != here, nil may stand */
    struct weft_buf operands;             /* a stack of what chains of && and || have collected */
    struct weft_buf attributes;           /* struct weft_traceql_attribute: all, once each */
    struct weft_map seen;                 /* the keys of `attributes`; and regular expressions */
    uint32_t regex_count;
    struct weft_traceql_linked *linked; /* what the query begins with: { a } -link-> */
    const struct weft_token *link;      /* its operator */
};

/* ---- failing (traceql_parse.c) ---- */

/* Always false; the sentence gets "line L, col C: " of the token in front. Only the first failure counts. */
bool weft_parser_fail(struct weft_parser *p, const struct weft_token *token, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));
/* The same: what stands at the next token, and what was expected instead. */
bool weft_parser_unexpected(struct weft_parser *p, const char *expected);
bool weft_parser_take(struct weft_parser *p, enum weft_token_kind kind, const char *expected);
static inline bool weft_parser_is_word(const struct weft_parser *p, const char *word)
{
    return p->token->kind == WEFT_TOKEN_WORD && weft_str_equal_c(p->token->source, word);
}
/* One level deeper in the text; false: too deep. */
bool weft_parser_enter(struct weft_parser *p);
void weft_parser_leave(struct weft_parser *p);

/* ---- attributes and field expressions (traceql_parse_field.c) ---- */

bool weft_parse_attribute(struct weft_parser *p, struct weft_traceql_attribute *out);
/* a {, a} up to a closing parenthesis, which is taken. */
bool weft_parse_attributes(struct weft_parser *p, const struct weft_traceql_attribute **out,
                           uint32_t *count);
const struct weft_expr *weft_parse_field(struct weft_parser *p);
/* { field }: true and NULL for { }. */
bool weft_parse_filter(struct weft_parser *p, const struct weft_expr **out);
/* A comparison or less: up to && and ||. */
const struct weft_expr *weft_parse_comparison(struct weft_parser *p);
/* A chain of operands joined by one operator, AND or OR; balanced. */
const struct weft_expr *weft_expr_chain(struct weft_parser *p, enum weft_expr_op op,
                                        const struct weft_expr *const *operands, size_t count);

/* ---- checked nodes (traceql_check.c) ---- */

const struct weft_expr *weft_expr_literal(struct weft_parser *p, const struct weft_token *token,
                                          struct weft_traceql_value value);
const struct weft_expr *weft_expr_attribute(struct weft_parser *p, const struct weft_token *token,
                                            const struct weft_traceql_attribute *attribute);
const struct weft_expr *weft_expr_unary(struct weft_parser *p, const struct weft_token *token,
                                        enum weft_expr_op op, const struct weft_expr *operand);
const struct weft_expr *weft_expr_binary(struct weft_parser *p, const struct weft_token *token,
                                         enum weft_expr_op op, const struct weft_expr *left,
                                         const struct weft_expr *right);
bool weft_check_filter(struct weft_parser *p, const struct weft_expr *expr);
bool weft_check_aggregate(struct weft_parser *p, enum weft_aggregate aggregate,
                          const struct weft_expr *expr);
bool weft_check_group(struct weft_parser *p, const struct weft_expr *expr);
static inline bool weft_expr_is_arithmetic(enum weft_expr_op op)
{
    return op >= WEFT_EXPR_NEGATE && op <= WEFT_EXPR_POWER;
}
static inline bool weft_expr_is_comparison(enum weft_expr_op op)
{
    return op >= WEFT_EXPR_EQ && op <= WEFT_EXPR_GE;
}
static inline bool weft_value_is_number(const struct weft_traceql_value *value)
{
    return value->type == WEFT_TRACEQL_INT || value->type == WEFT_TRACEQL_FLOAT ||
           value->type == WEFT_TRACEQL_DURATION;
}
/* a op b of two numbers, or -a; false: not a number one can write (division by zero, infinite). */
bool weft_traceql_fold(enum weft_expr_op op, const struct weft_traceql_value *a,
                       const struct weft_traceql_value *b, struct weft_traceql_value *out);
/* The arithmetic operator of a token, and how tightly it binds: 3 for + and -, 5, 6; 0: it is none. */
int weft_parser_arithmetic(enum weft_token_kind kind, enum weft_expr_op *op);

/* ---- spansets, pipelines, metrics ---- */

/* What stands between parentheses, or is the whole query (traceql_parse_set.c). */
enum weft_operand_kind {
    WEFT_OPERAND_SET,      /* spansets of filters */
    WEFT_OPERAND_PIPELINE, /* filters and more stages */
    WEFT_OPERAND_PIPES,    /* an operator between pipelines */
    WEFT_OPERAND_METRIC,
    WEFT_OPERAND_NUMBER,
};
struct weft_operand {
    enum weft_operand_kind kind;
    bool is_grouped; /* of SET: all filters are in parentheses: it may be an operand of PIPES */
    const struct weft_token *start; /* where it begins */
    const struct weft_token *pipe;  /* the first | in it */
    const struct weft_spanset_expr *set;
    const struct weft_traceql_pipeline *pipeline;
    struct weft_metric_expr *metric;
};
bool weft_parse_body(struct weft_parser *p, struct weft_operand *out);
/* Filters and operators between them alone, as a stage. */
const struct weft_spanset_expr *weft_parse_set(struct weft_parser *p);
/* The pipeline of what weft_parse_body() found; not of METRIC and NUMBER. */
const struct weft_traceql_pipeline *weft_operand_pipeline(struct weft_parser *p,
                                                          const struct weft_operand *operand);

/* A stage that begins with a word: aggregate, by, select, coalesce (traceql_parse_stage.c). */
bool weft_parse_stage(struct weft_parser *p, bool is_first, struct weft_traceql_stage *out);
/* | distinct() | order() | spans() at the end of a query (traceql_parse_finish.c). */
bool weft_parse_finish(struct weft_parser *p, struct weft_traceql_finish *out);
/* Whether the token, behind a |, begins one of those. */
bool weft_is_finish(const struct weft_token *token);
/* Numbers and arithmetic of them, folded. `as_seconds`: durations become seconds. */
bool weft_parse_constant(struct weft_parser *p, bool as_seconds, struct weft_traceql_value *out);

/* The metric function at the next token, over a pipeline; second stages (traceql_parse_metrics.c). */
struct weft_metric_expr *weft_parse_metric(struct weft_parser *p,
                                           const struct weft_traceql_pipeline *pipeline);
bool weft_parse_seconds(struct weft_parser *p, struct weft_metric_expr *metric);
struct weft_metric_expr *weft_metric_binary(struct weft_parser *p, const struct weft_token *token,
                                            enum weft_metric_op op,
                                            const struct weft_metric_expr *left,
                                            const struct weft_metric_expr *right);

#endif
