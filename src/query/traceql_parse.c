/* traceql_parse.c -- a query as a whole: its body and its hints; how the parser fails. */
#include "query/traceql_parser.h"
#include "query/traceql_words.h"

/* ---- failing ---- */

bool weft_parser_fail(struct weft_parser *p, const struct weft_token *token, const char *format,
                      ...)
{
    if (p->has_failed) return false;
    char text[sizeof p->err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    weft_fail(p->err, WEFT_INVALID, "line %u, col %u: %s", token->line, token->column, text);
    p->place = (struct weft_traceql_place){ token->line, token->column };
    p->has_failed = true;
    return false;
}

/* The token as a sentence shows it. */
static const char *shown(struct weft_parser *p, const struct weft_token *token)
{
    if (token->kind == WEFT_TOKEN_END) return "end of the query";
    size_t len = token->source.len;
    if (len > 40) {
        len = 37;
        while (len > 0 && ((unsigned char)token->source.ptr[len] & 0xc0) == 0x80) len--;
    }
    const char *quote = token->kind == WEFT_TOKEN_STRING ? "" : "\"";
    return weft_arena_printf(p->arena, "%s%.*s%s%s", quote, (int)len, token->source.ptr,
                             len < token->source.len ? "..." : "", quote)
        .ptr;
}

bool weft_parser_unexpected(struct weft_parser *p, const char *expected)
{
    const struct weft_token *token = p->token;
    if (token->kind == WEFT_TOKEN_ERROR)
        return weft_parser_fail(p, token, "%.*s", WEFT_S_ARG(token->text));
    return weft_parser_fail(p, token, "unexpected %s, expected %s%s", shown(p, token), expected,
                            weft_traceql_operator_advice(token));
}

bool weft_parser_take(struct weft_parser *p, enum weft_token_kind kind, const char *expected)
{
    if (p->token->kind != kind) return weft_parser_unexpected(p, expected);
    p->token++;
    return true;
}

bool weft_parser_enter(struct weft_parser *p)
{
    if (++p->nesting <= WEFT_TRACEQL_NESTING_MAX) return true;
    return weft_parser_fail(
        p, p->token, "parentheses and signs stand within each other more than %u levels deep",
        WEFT_TRACEQL_NESTING_MAX);
}

void weft_parser_leave(struct weft_parser *p)
{
    p->nesting--;
}

/* ---- hints ---- */

static bool parse_hint_value(struct weft_parser *p, struct weft_traceql_value *out)
{
    bool is_negative = p->token->kind == WEFT_TOKEN_MINUS;
    const struct weft_token *token = is_negative ? ++p->token : p->token;
    *out = (struct weft_traceql_value){ 0 };
    if (token->kind == WEFT_TOKEN_INT || token->kind == WEFT_TOKEN_DURATION) {
        out->type = token->kind == WEFT_TOKEN_INT ? WEFT_TRACEQL_INT : WEFT_TRACEQL_DURATION;
        out->int_value = token->int_value;
    } else if (token->kind == WEFT_TOKEN_FLOAT) {
        out->type = WEFT_TRACEQL_FLOAT;
        out->float_value = token->float_value;
    } else if (!is_negative && token->kind == WEFT_TOKEN_STRING) {
        out->type = WEFT_TRACEQL_STRING;
        out->text = token->text;
    } else if (is_negative || token->kind != WEFT_TOKEN_WORD ||
               !weft_traceql_literal_find(token->source, out)) {
        return weft_parser_unexpected(p, "a value, as in true, 10 or \"text\"");
    }
    p->token++;
    struct weft_traceql_value value = *out;
    return !is_negative || weft_traceql_fold(WEFT_EXPR_NEGATE, &value, NULL, out);
}

/* with (a = 1, b = 2), any number of times. */
static bool parse_hints(struct weft_parser *p, const struct weft_traceql_hint **out)
{
    while (weft_parser_is_word(p, "with")) {
        p->token++;
        if (!weft_parser_take(p, WEFT_TOKEN_OPEN, "\"(\"")) return false;
        do {
            struct weft_traceql_hint *hint = weft_arena_alloc_zero(p->arena, sizeof *hint);
            hint->name = p->token->source;
            if (!weft_parser_take(p, WEFT_TOKEN_WORD, "the name of a hint") ||
                !weft_parser_take(p, WEFT_TOKEN_EQ, "\"=\" and a value") ||
                !parse_hint_value(p, &hint->value))
                return false;
            *out = hint;
            out = &hint->next;
        } while (p->token->kind == WEFT_TOKEN_COMMA && p->token++ != NULL);
        if (!weft_parser_take(p, WEFT_TOKEN_CLOSE, "\",\" or \")\"")) return false;
    }
    return true;
}

/* ---- the query ---- */

/* What the end of a query of this kind could have gone on with. */
static const char *continuations(const struct weft_operand *body)
{
    switch (body->kind) {
    case WEFT_OPERAND_SET: return "an operator between spansets, |, with or the end";
    case WEFT_OPERAND_PIPELINE: return "|, with or the end";
    case WEFT_OPERAND_PIPES: return "an operator between pipelines, with or the end";
    default: return "an operator, | topk(n), a comparison, with or the end";
    }
}

static bool parse_query(struct weft_parser *p, struct weft_traceql_query *out)
{
    struct weft_operand body;
    if (!weft_parse_body(p, &body)) return false;
    if (body.kind == WEFT_OPERAND_METRIC) {
        out->metrics = body.metric;
    } else if (body.kind == WEFT_OPERAND_NUMBER) {
        return weft_parser_unexpected(p, "an operator and a metrics query in parentheses");
    } else {
        out->pipeline = weft_operand_pipeline(p, &body);
    }
    if (p->link != NULL && out->metrics != NULL)
        return weft_parser_fail(p, p->link,
                                "links between traces are followed in searches, not in metrics");
    out->linked = p->linked;
    if (out->pipeline != NULL && !weft_parse_finish(p, &out->finish)) return false;
    if (!parse_hints(p, &out->hints)) return false;
    if (p->token->kind != WEFT_TOKEN_END) return weft_parser_unexpected(p, continuations(&body));
    return true;
}

static void parser_release(struct weft_parser *p)
{
    weft_buf_release(&p->operands);
    weft_buf_release(&p->attributes);
    weft_map_release(&p->seen);
}

static int finish(struct weft_parser *p, struct weft_traceql_place *where)
{
    if (where != NULL) *where = p->place;
    parser_release(p);
    return p->has_failed ? WEFT_INVALID : WEFT_OK;
}

int weft_traceql_parse(struct weft_traceql_query *out, struct weft_str text,
                       struct weft_arena *arena, struct weft_traceql_place *where,
                       struct weft_err *err)
{
    struct weft_parser p = { .arena = arena, .err = err };
    *out = (struct weft_traceql_query){ 0 };
    if (text.len > WEFT_TRACEQL_BYTES_MAX) {
        const struct weft_token start = { .line = 1, .column = 1 };
        weft_parser_fail(&p, &start, "the query has %zu bytes; at most %u are taken", text.len,
                         WEFT_TRACEQL_BYTES_MAX);
        return finish(&p, where);
    }
    p.token = weft_traceql_lex(text, arena);
    if (parse_query(&p, out)) {
        struct weft_str all = weft_arena_copy(arena, weft_buf_str(&p.attributes));
        out->attributes = (const struct weft_traceql_attribute *)(const void *)all.ptr;
        out->attribute_count = (uint32_t)(all.len / sizeof *out->attributes);
    }
    return finish(&p, where);
}

int weft_traceql_parse_attribute(struct weft_traceql_attribute *out, struct weft_str text,
                                 struct weft_arena *arena, struct weft_err *err)
{
    struct weft_parser p = { .arena = arena, .err = err };
    *out = (struct weft_traceql_attribute){ 0 };
    if (text.len > WEFT_TRACEQL_BYTES_MAX)
        return weft_fail(err, WEFT_INVALID, "the name has %zu bytes; at most %u are taken",
                         text.len, WEFT_TRACEQL_BYTES_MAX);
    p.token = weft_traceql_lex(text, arena);
    if (weft_parse_attribute(&p, out) && p.token->kind != WEFT_TOKEN_END)
        weft_parser_unexpected(&p, "the end behind one attribute");
    return finish(&p, NULL);
}

/* ---- incomplete queries, for completion ---- */

/* One operand of && and || from p->token on; NULL when it is incomplete or wrong. Leaves p->token at the && or || behind it, or at what
 * closes the filter. */
static const struct weft_expr *salvage_operand(struct weft_parser *p)
{
    const struct weft_token *end = p->token;
    for (int depth = 0; end->kind != WEFT_TOKEN_END && end->kind != WEFT_TOKEN_ERROR; end++) {
        if (depth == 0 && (end->kind == WEFT_TOKEN_AND || end->kind == WEFT_TOKEN_OR)) break;
        if (end->kind == WEFT_TOKEN_CLOSE_BRACE) break;
        depth += end->kind == WEFT_TOKEN_OPEN;
        depth -= end->kind == WEFT_TOKEN_CLOSE;
    }
    p->has_failed = false;
    p->nesting = 0;
    const struct weft_expr *expr = weft_parse_comparison(p);
    bool is_whole = expr != NULL && p->token == end && weft_check_filter(p, expr);
    p->token = end;
    return is_whole ? expr : NULL;
}

static const struct weft_expr *salvage(struct weft_parser *p)
{
    const struct weft_expr *tree = NULL;
    enum weft_expr_op op = WEFT_EXPR_AND;
    if (p->token->kind != WEFT_TOKEN_OPEN_BRACE) return NULL;
    do {
        op = p->token->kind == WEFT_TOKEN_OR ? WEFT_EXPR_OR : WEFT_EXPR_AND;
        p->token++;
        const struct weft_expr *operand = salvage_operand(p);
        if (operand == NULL) continue;
        if (tree == NULL)
            tree = operand;
        else
            tree = weft_expr_chain(p, op, (const struct weft_expr *const[]){ tree, operand }, 2);
        if (tree == NULL) return NULL; /* too high */
    } while (p->token->kind == WEFT_TOKEN_AND || p->token->kind == WEFT_TOKEN_OR);
    if (p->token->kind == WEFT_TOKEN_CLOSE_BRACE && p->token[1].kind != WEFT_TOKEN_END) return NULL;
    return tree;
}

const struct weft_expr *weft_traceql_parse_incomplete(struct weft_str text,
                                                      struct weft_arena *arena)
{
    if (text.len > WEFT_TRACEQL_BYTES_MAX) return NULL;
    struct weft_parser p = { .arena = arena, .token = weft_traceql_lex(text, arena) };
    const struct weft_expr *tree = salvage(&p);
    parser_release(&p);
    return tree;
}
