/* traceql_lexer.c -- white space, comments, operators and words; the rest is in traceql_lexer_text.c and _number.c. */
#include "query/traceql_lexer.h"

#include "wire/text.h"

static const struct {
    const char *text;
    enum weft_token_kind kind;
} operators[] = {
    /* The longest first (Q1.1.2). The first two are no TraceQL: what they are made of has no meaning there. */
    { "-link->", WEFT_TOKEN_LINK_TO },
    { "<-link-", WEFT_TOKEN_LINK_FROM },
    { "!>>", WEFT_TOKEN_NOT_DESCENDANT },
    { "!<<", WEFT_TOKEN_NOT_ANCESTOR },
    { "&>>", WEFT_TOKEN_UNION_DESCENDANT },
    { "&<<", WEFT_TOKEN_UNION_ANCESTOR },
    { "!>", WEFT_TOKEN_NOT_CHILD },
    { "!<", WEFT_TOKEN_NOT_PARENT },
    { "!~", WEFT_TOKEN_NOT_MATCH },
    { "!=", WEFT_TOKEN_NE },
    { "&>", WEFT_TOKEN_UNION_CHILD },
    { "&<", WEFT_TOKEN_UNION_PARENT },
    { "&~", WEFT_TOKEN_UNION_SIBLING },
    { "&&", WEFT_TOKEN_AND },
    { "||", WEFT_TOKEN_OR },
    { ">>", WEFT_TOKEN_DESCENDANT },
    { ">=", WEFT_TOKEN_GE },
    { "<<", WEFT_TOKEN_ANCESTOR },
    { "<=", WEFT_TOKEN_LE },
    { "=~", WEFT_TOKEN_MATCH },
    { "{", WEFT_TOKEN_OPEN_BRACE },
    { "}", WEFT_TOKEN_CLOSE_BRACE },
    { "(", WEFT_TOKEN_OPEN },
    { ")", WEFT_TOKEN_CLOSE },
    { ",", WEFT_TOKEN_COMMA },
    { "|", WEFT_TOKEN_PIPE },
    { "+", WEFT_TOKEN_PLUS },
    { "-", WEFT_TOKEN_MINUS },
    { "*", WEFT_TOKEN_STAR },
    { "/", WEFT_TOKEN_SLASH },
    { "%", WEFT_TOKEN_PERCENT },
    { "^", WEFT_TOKEN_CARET },
    { "!", WEFT_TOKEN_NOT },
    { "=", WEFT_TOKEN_EQ },
    { "<", WEFT_TOKEN_LT },
    { ">", WEFT_TOKEN_GT },
    { "~", WEFT_TOKEN_TILDE },
};

/* Signs of other languages, and what to write here. */
static const struct {
    char sign;
    const char *advice;
} strangers[] = {
    { '\'', "strings stand in double quotes or back-quotes" },
    { '&', "\"and\" is written &&" },
    { '[', "there are no lists and no indexes; write .a = 1 || .a = 2, or .a =~ \"x|y\"" },
    { ']', "there are no lists and no indexes" },
    { '#', "a comment begins with //, and a name that has # in it stands behind a scope" },
    { '$', "variables must be replaced before the query is sent" },
    { ':', "a colon stands only between scope and intrinsic, as in span:name" },
    { ';', "a query has no end mark; stages are joined with |" },
};

/* Moves line and column on to `to`. */
static void place(struct weft_lexer *lexer, const char *to)
{
    for (; lexer->counted < to; lexer->counted++) {
        if (*lexer->counted == '\n') {
            lexer->line++;
            lexer->column = 1;
        } else if (((unsigned char)*lexer->counted & 0xc0) != 0x80) {
            lexer->column++; /* of a character's bytes, the first counts */
        }
    }
}

bool weft_lexer_fail(struct weft_lexer *lexer, struct weft_token *token, const char *where,
                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    token->text = weft_arena_vprintf(lexer->arena, format, args);
    va_end(args);
    token->kind = WEFT_TOKEN_ERROR;
    place(lexer, where);
    token->line = lexer->line;
    token->column = lexer->column;
    return false;
}

size_t weft_lexer_wide_space(const char *p, const char *end)
{
    static const char *const spaces[] = {
        "\xc2\x85", "\u00a0", "\u1680", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff",
    };
    if (end - p < 2 || (unsigned char)*p < 0xc2) return 0;
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        size_t len = strlen(spaces[i]);
        if ((size_t)(end - p) >= len && memcmp(p, spaces[i], len) == 0) return len;
    }
    bool is_quad = end - p >= 3 && memcmp(p, "\u2000", 2) == 0 && (unsigned char)p[2] >= 0x80 &&
                   (unsigned char)p[2] <= 0x8a; /* U+2000 ... U+200A */
    return is_quad ? 3 : 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* White space and comments; false: a comment has no end. */
static bool skip_blank(struct weft_lexer *lexer, struct weft_token *token)
{
    while (lexer->at < lexer->end) {
        const char *p = lexer->at;
        bool has_next = lexer->end - p >= 2;
        if (is_space(*p)) {
            lexer->at++;
        } else if (has_next && p[0] == '/' && p[1] == '/') {
            while (lexer->at < lexer->end && *lexer->at != '\n') lexer->at++;
        } else if (has_next && p[0] == '/' && p[1] == '*') {
            const char *close =
                lexer->end - p >= 4 ? memmem(p + 2, (size_t)(lexer->end - p - 2), "*/", 2) : NULL;
            if (close == NULL)
                return weft_lexer_fail(lexer, token, p, "the comment has no end; expected */");
            lexer->at = close + 2;
        } else {
            break;
        }
    }
    return true;
}

static bool scope_of_word(struct weft_str word, enum weft_traceql_scope *scope)
{
    static const struct {
        const char *word;
        enum weft_traceql_scope scope;
    } scopes[] = {
        { "span", WEFT_TRACEQL_SCOPE_SPAN },
        { "resource", WEFT_TRACEQL_SCOPE_RESOURCE },
        { "event", WEFT_TRACEQL_SCOPE_EVENT },
        { "link", WEFT_TRACEQL_SCOPE_LINK },
        { "instrumentation", WEFT_TRACEQL_SCOPE_INSTRUMENTATION },
    };
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        if (!weft_str_equal_c(word, scopes[i].word)) continue;
        *scope = scopes[i].scope;
        return true;
    }
    return false;
}

/* A word; with a scope's dot behind it an attribute, with a colon a scope. */
static bool lex_word(struct weft_lexer *lexer, struct weft_token *token)
{
    const char *start = lexer->at;
    enum weft_traceql_scope scope;
    while (lexer->at < lexer->end && (is_word_start(*lexer->at) || is_digit(*lexer->at)) &&
           weft_lexer_wide_space(lexer->at, lexer->end) == 0)
        lexer->at++;
    token->kind = WEFT_TOKEN_WORD;
    token->text = weft_str_make(start, (size_t)(lexer->at - start));
    if (lexer->at == lexer->end) return true;
    if (*lexer->at == '.' && scope_of_word(token->text, &scope)) {
        lexer->at++;
        return weft_lexer_attribute(lexer, token, scope);
    }
    if (*lexer->at == ':' &&
        (weft_str_equal_c(token->text, "trace") || scope_of_word(token->text, &scope))) {
        lexer->at++;
        token->kind = WEFT_TOKEN_SCOPE;
    }
    return true;
}

static bool lex_stranger(struct weft_lexer *lexer, struct weft_token *token)
{
    const char *p = lexer->at;
    size_t wide = weft_lexer_wide_space(p, lexer->end);
    if (wide > 0)
        return weft_lexer_fail(
            lexer, token, p, "unexpected white space other than space, tab and line break (%s)",
            wide == 2 && (unsigned char)p[1] == 0xa0 ? "a no-break space" : "a Unicode space");
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        if (*p == strangers[i].sign)
            return weft_lexer_fail(lexer, token, p, "unexpected %c: %s", *p, strangers[i].advice);
    if (*p > ' ' && *p < 0x7f) return weft_lexer_fail(lexer, token, p, "unexpected %c", *p);
    if (*p == '\0') return weft_lexer_fail(lexer, token, p, "unexpected NUL character");
    return weft_lexer_fail(lexer, token, p, "unexpected control character 0x%02x",
                           (unsigned)(unsigned char)*p);
}

static bool lex_operator(struct weft_lexer *lexer, struct weft_token *token)
{
    size_t left = (size_t)(lexer->end - lexer->at);
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        size_t len = strlen(operators[i].text);
        if (left < len || memcmp(lexer->at, operators[i].text, len) != 0) continue;
        token->kind = operators[i].kind;
        lexer->at += len;
        return true;
    }
    return lex_stranger(lexer, token);
}

static bool lex_token(struct weft_lexer *lexer, struct weft_token *token)
{
    *token = (struct weft_token){ .kind = WEFT_TOKEN_END };
    if (!skip_blank(lexer, token)) return false;
    const char *start = lexer->at;
    place(lexer, start);
    token->line = lexer->line;
    token->column = lexer->column;
    token->source = weft_str_make(start, 0);
    if (start == lexer->end) return false;

    char c = *start, next = lexer->end - start >= 2 ? start[1] : '\0';
    bool goes_on;
    if (weft_lexer_wide_space(start, lexer->end) > 0) {
        goes_on = lex_stranger(lexer, token);
    } else if (is_word_start(c)) {
        goes_on = lex_word(lexer, token);
    } else if (is_digit(c) || (c == '.' && is_digit(next))) {
        goes_on = weft_lexer_number(lexer, token);
    } else if (c == '.') {
        lexer->at++;
        goes_on = weft_lexer_attribute(lexer, token, WEFT_TRACEQL_SCOPE_ANY);
    } else if (c == '"' || c == '`') {
        goes_on = weft_lexer_string(lexer, token);
    } else {
        goes_on = lex_operator(lexer, token);
    }
    token->source.len = (size_t)(lexer->at - start);
    return goes_on;
}

/* Text that is not UTF-8, or has a NUL in it, ends there. */
static const char *end_of_good_text(struct weft_str text, const char **complaint)
{
    size_t valid = weft_utf8_is_valid(text) ? text.len : weft_utf8_valid_prefix(text);
    const char *nul = memchr(text.ptr, '\0', valid);
    *complaint = nul != NULL        ? "unexpected NUL character"
                 : valid < text.len ? "this byte is not valid UTF-8"
                                    : NULL;
    return nul != NULL ? nul : text.ptr + valid;
}

const struct weft_token *weft_traceql_lex(struct weft_str text, struct weft_arena *arena)
{
    if (text.ptr == NULL) text = WEFT_S("");
    const char *complaint;
    struct weft_lexer lexer = { arena, .at = text.ptr, .counted = text.ptr, .line = 1,
                                .column = 1 };
    lexer.end = end_of_good_text(text, &complaint);
    size_t capacity = 16, count = 0;
    struct weft_token *tokens = weft_arena_alloc_array(arena, capacity, sizeof *tokens);
    for (;;) {
        if (count == capacity) {
            struct weft_token *more = weft_arena_alloc_array(arena, 2 * capacity, sizeof *tokens);
            memcpy(more, tokens, count * sizeof *tokens);
            tokens = more;
            capacity *= 2;
        }
        if (lex_token(&lexer, &tokens[count])) {
            count++;
            continue;
        }
        /* What seems unfinished may only be cut off by the bad byte. */
        if (complaint != NULL && lexer.at == lexer.end)
            weft_lexer_fail(&lexer, &tokens[count], lexer.end, "%s", complaint);
        return tokens;
    }
}
