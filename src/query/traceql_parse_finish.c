/* traceql_parse_finish.c -- the final stages of a search: distinct, order, spans (docs/traceql.md). They may stand in any order, each once:
 * what they mean does not hang on it. */
#include "query/traceql_parser.h"
#include "query/traceql_words.h"

bool weft_is_finish(const struct weft_token *token)
{
    return token->kind == WEFT_TOKEN_WORD &&
           weft_stage_word_find(token->source)->kind == WEFT_STAGE_WORD_FINISH;
}

static bool is_descending_by_default(const struct weft_traceql_order *order)
{
    return order->is_start || (order->attribute.scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
                               order->attribute.intrinsic == WEFT_INTRINSIC_DURATION);
}

static bool parse_order(struct weft_parser *p, struct weft_traceql_order *out)
{
    out->is_given = true;
    out->is_start = weft_parser_is_word(p, "start");
    if (out->is_start)
        p->token++;
    else if (!weft_parse_attribute(p, &out->attribute))
        return false;
    out->is_descending = is_descending_by_default(out);
    if (weft_parser_is_word(p, "asc") || weft_parser_is_word(p, "desc")) {
        out->is_descending = weft_parser_is_word(p, "desc");
        p->token++;
    }
    if (p->token->kind == WEFT_TOKEN_COMMA)
        return weft_parser_fail(p, p->token, "unexpected \",\"; order() takes one field");
    return weft_parser_take(p, WEFT_TOKEN_CLOSE, "asc, desc or \")\"");
}

/* One stage; its word and parenthesis are taken. */
static bool parse_one(struct weft_parser *p, enum weft_finish_word word,
                      struct weft_traceql_finish *out)
{
    switch (word) {
    case WEFT_FINISH_DISTINCT:
        return weft_parse_attributes(p, &out->distinct, &out->distinct_count);
    case WEFT_FINISH_ORDER: return parse_order(p, &out->order);
    default:
        out->has_spans = true;
        return weft_parser_take(p, WEFT_TOKEN_CLOSE, "\")\"; spans() takes nothing");
    }
}

bool weft_parse_finish(struct weft_parser *p, struct weft_traceql_finish *out)
{
    bool has[3] = { false };

    while (p->token->kind == WEFT_TOKEN_PIPE) {
        const struct weft_token *token = p->token + 1;
        if (!weft_is_finish(token)) {
            if (!has[0] && !has[1] && !has[2]) return true;
            p->token = token;
            return weft_parser_unexpected(
                p, "distinct(), order() or spans(); other stages stand before those");
        }
        enum weft_finish_word word =
            (enum weft_finish_word)weft_stage_word_find(token->source)->which;
        if (has[word])
            return weft_parser_fail(p, token, "%.*s() stands there twice; expected it once",
                                    WEFT_S_ARG(token->source));
        has[word] = true;
        p->token += 2;
        if (!weft_parser_take(p, WEFT_TOKEN_OPEN, "\"(\"") || !parse_one(p, word, out))
            return false;
    }
    return true;
}
