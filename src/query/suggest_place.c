/* suggest_place.c -- what is expected at the cursor (suggest.h). */
#include "query/suggest.h"
#include "query/traceql_lexer.h"

static bool ends_word(const char *p, const char *end)
{
    return weft_lexer_ends_name(p, end) || strchr("\"`", *p) != NULL;
}

/* The quote that is open at `at`; *start: where it stands. 0: none. */
static char open_quote(struct weft_str text, size_t at, size_t *start)
{
    char quote = 0;
    for (size_t i = 0; i < at; i++) {
        char c = text.ptr[i];
        if (quote == '"' && c == '\\')
            i++;
        else if (quote != 0 && c == quote)
            quote = 0;
        else if (quote == 0 && (c == '"' || c == '`')) {
            quote = c;
            *start = i;
        }
    }
    return quote;
}

/* The word or text that the cursor stands in. */
static void find_word(struct weft_suggest_place *place, struct weft_str text, size_t cursor)
{
    const char *end = text.ptr + text.len;
    char quote = open_quote(text, cursor, &place->start);
    place->end = cursor;
    if (quote != 0) {
        place->typed = weft_str_make(text.ptr + place->start + 1, cursor - place->start - 1);
        while (place->end < text.len && text.ptr[place->end] != quote &&
               text.ptr[place->end] != '\n')
            place->end++;
        if (place->end < text.len && text.ptr[place->end] == quote)
            place->end++;
        else
            place->end = cursor; /* the text is not closed: what follows belongs to others */
        return;
    }
    place->start = cursor;
    while (place->start > 0 && !ends_word(text.ptr + place->start - 1, end)) place->start--;
    while (place->end < text.len && !ends_word(text.ptr + place->end, end)) place->end++;
    place->typed = weft_str_make(text.ptr + place->start, cursor - place->start);
}

/* ---- from the tokens before it ---- */

static bool is_comparison(enum weft_token_kind kind)
{
    return kind >= WEFT_TOKEN_EQ && kind <= WEFT_TOKEN_NOT_MATCH;
}

static bool is_operand_end(enum weft_token_kind kind)
{
    return kind == WEFT_TOKEN_WORD || kind == WEFT_TOKEN_ATTRIBUTE || kind == WEFT_TOKEN_STRING ||
           kind == WEFT_TOKEN_INT || kind == WEFT_TOKEN_FLOAT || kind == WEFT_TOKEN_DURATION;
}

/* The attribute or intrinsic that ends at token `last`. */
static bool find_subject(struct weft_suggest_place *place, const struct weft_token *tokens,
                         uint32_t last, struct weft_arena *arena)
{
    struct weft_err ignored;
    struct weft_str source = tokens[last].source;
    if (last > 0 && tokens[last - 1].kind == WEFT_TOKEN_SCOPE)
        source = weft_str_make(tokens[last - 1].source.ptr,
                               (size_t)(source.ptr + source.len - tokens[last - 1].source.ptr));
    return (tokens[last].kind == WEFT_TOKEN_WORD || tokens[last].kind == WEFT_TOKEN_ATTRIBUTE) &&
           weft_traceql_parse_attribute(&place->subject, source, arena, &ignored) == WEFT_OK;
}

static enum weft_suggest_wants inside_filter(struct weft_suggest_place *place,
                                             const struct weft_token *tokens, uint32_t count,
                                             struct weft_arena *arena)
{
    enum weft_token_kind last = tokens[count - 1].kind;
    if (is_comparison(last) && count >= 2)
        return find_subject(place, tokens, count - 2, arena) ? WEFT_SUGGEST_VALUES
                                                             : WEFT_SUGGEST_KEYS;
    if (last == WEFT_TOKEN_SCOPE || last == WEFT_TOKEN_ERROR) return WEFT_SUGGEST_NOTHING;
    if (last == WEFT_TOKEN_WORD && weft_str_equal_c(tokens[count - 1].source, "contains"))
        return WEFT_SUGGEST_NOTHING; /* words that only the asker knows */
    if (!is_operand_end(last))
        return last == WEFT_TOKEN_CLOSE ? WEFT_SUGGEST_CONNECT : WEFT_SUGGEST_KEYS;
    uint32_t first =
        count >= 2 && tokens[count - 2].kind == WEFT_TOKEN_SCOPE ? count - 2 : count - 1;
    if (first > 0 && is_comparison(tokens[first - 1].kind)) return WEFT_SUGGEST_CONNECT;
    return find_subject(place, tokens, count - 1, arena) ? WEFT_SUGGEST_COMPARE
                                                         : WEFT_SUGGEST_CONNECT;
}

static enum weft_suggest_wants outside_filter(const struct weft_token *tokens, uint32_t count,
                                              int32_t call_depth)
{
    enum weft_token_kind last = count > 0 ? tokens[count - 1].kind : WEFT_TOKEN_END;
    if (last == WEFT_TOKEN_ERROR) return WEFT_SUGGEST_NOTHING;
    if (last == WEFT_TOKEN_PIPE) return WEFT_SUGGEST_STAGE;
    if (call_depth > 0 && (last == WEFT_TOKEN_OPEN || last == WEFT_TOKEN_COMMA))
        return WEFT_SUGGEST_KEYS;
    if (call_depth > 0 && last != WEFT_TOKEN_CLOSE_BRACE) return WEFT_SUGGEST_NOTHING;
    if (last == WEFT_TOKEN_CLOSE_BRACE) return WEFT_SUGGEST_CONTINUE;
    if (last == WEFT_TOKEN_CLOSE) return WEFT_SUGGEST_AFTER_CALL;
    if (is_operand_end(last)) return WEFT_SUGGEST_CONTINUE; /* | count() > 2 */
    return WEFT_SUGGEST_SPANSET;
}

/* ---- conditions before it ---- */

static struct weft_str between(const struct weft_token *first, const struct weft_token *end)
{
    const char *from = first->source.ptr + first->source.len;
    return weft_str_make(from, (size_t)(end->source.ptr - from));
}

/* In the filter that is open: a && b || c && | -- what stands before the last &&, when no || comes behind it. */
static struct weft_str filter_inside(const struct weft_token *tokens, uint32_t count)
{
    uint32_t brace = count, connective = count;
    int32_t depth = 0;
    while (brace > 0 && tokens[brace - 1].kind != WEFT_TOKEN_OPEN_BRACE) brace--;
    for (uint32_t i = brace; i < count; i++) {
        enum weft_token_kind kind = tokens[i].kind;
        depth += (kind == WEFT_TOKEN_OPEN) - (kind == WEFT_TOKEN_CLOSE);
        if (depth == 0 && (kind == WEFT_TOKEN_AND || kind == WEFT_TOKEN_OR)) connective = i;
    }
    if (brace == 0 || connective == count || tokens[connective].kind != WEFT_TOKEN_AND)
        return WEFT_S("");
    return between(&tokens[brace - 1], &tokens[connective]);
}

/* Behind it: { a } | by( -- when it is the only one. */
static struct weft_str filter_before(const struct weft_token *tokens, uint32_t count)
{
    uint32_t open = count, close = count;
    for (uint32_t i = 0; i < count; i++) {
        if (tokens[i].kind == WEFT_TOKEN_OPEN_BRACE && open < count) return WEFT_S("");
        if (tokens[i].kind == WEFT_TOKEN_OPEN_BRACE) open = i;
        if (tokens[i].kind == WEFT_TOKEN_CLOSE_BRACE) close = i;
    }
    return open < close && close < count ? between(&tokens[open], &tokens[close]) : WEFT_S("");
}

void weft_suggest_place_find(struct weft_suggest_place *out, struct weft_str text, size_t cursor,
                             struct weft_arena *arena)
{
    int32_t braces = 0, calls = 0; /* calls: parentheses that a word opened */
    uint32_t count = 0;
    *out = (struct weft_suggest_place){ 0 };
    find_word(out, text, cursor);
    const struct weft_token *tokens = weft_traceql_lex(weft_str_make(text.ptr, out->start), arena);
    for (; tokens[count].kind != WEFT_TOKEN_END && tokens[count].kind != WEFT_TOKEN_ERROR;
         count++) {
        enum weft_token_kind kind = tokens[count].kind;
        bool is_call = count > 0 && tokens[count - 1].kind == WEFT_TOKEN_WORD;
        braces += (kind == WEFT_TOKEN_OPEN_BRACE) - (kind == WEFT_TOKEN_CLOSE_BRACE);
        if (braces > 0) continue;
        if (kind == WEFT_TOKEN_OPEN && (is_call || calls > 0)) calls++;
        if (kind == WEFT_TOKEN_CLOSE && calls > 0) calls--;
    }
    if (tokens[count].kind == WEFT_TOKEN_ERROR) return;
    if (braces > 0)
        out->wants = inside_filter(out, tokens, count, arena);
    else if (braces == 0)
        out->wants = outside_filter(tokens, count, calls);
    if (braces == 0 || braces == 1)
        out->filter = braces == 1 ? filter_inside(tokens, count) : filter_before(tokens, count);
}
