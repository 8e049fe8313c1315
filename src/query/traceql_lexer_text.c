/* traceql_lexer_text.c -- strings and attribute names. */
#include "query/traceql_lexer.h"

#include "wire/text.h"

bool weft_lexer_ends_name(const char *p, const char *end)
{
    return memchr(" \t\r\n\v\f{}()=~!<>&|^,", *p, 19) != NULL || weft_lexer_wide_space(p, end) > 0;
}

/* Digits of base 8 or 16 at p as a number; false when there are fewer than `count`. */
static bool digits(const char *p, const char *end, int count, int base, uint32_t *out)
{
    *out = 0;
    if (end - p < count) return false;
    for (int i = 0; i < count; i++) {
        int digit = weft_hex_digit(p[i]);
        if (digit < 0 || digit >= base) return false;
        *out = *out * (uint32_t)base + (uint32_t)digit;
    }
    return true;
}

static const struct {
    char letter, byte;
} simple_escapes[] = {
    { 'a', '\a' }, { 'b', '\b' }, { 'f', '\f' },  { 'n', '\n' }, { 'r', '\r' },
    { 't', '\t' }, { 'v', '\v' }, { '\\', '\\' }, { '"', '"' },
};

/* What the escape at p (behind the backslash) stands for, appended to *out; returns its bytes, 0: it is none. */
static size_t escape(const char *p, const char *end, char **out)
{
    uint32_t value;
    if (p == end) return 0;
    for (size_t i = 0; i < sizeof simple_escapes / sizeof simple_escapes[0]; i++) {
        if (*p != simple_escapes[i].letter) continue;
        *(*out)++ = simple_escapes[i].byte;
        return 1;
    }
    if (*p == 'x' && digits(p + 1, end, 2, 16, &value)) {
        *(*out)++ = (char)value;
        return 3;
    }
    if (*p >= '0' && *p <= '7' && digits(p, end, 3, 8, &value) && value <= 0xff) {
        *(*out)++ = (char)value;
        return 3;
    }
    int count = *p == 'u' ? 4 : *p == 'U' ? 8 : 0;
    if (count == 0 || !digits(p + 1, end, count, 16, &value)) return 0;
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
    *out += weft_utf8_encode(*out, value);
    return (size_t)count + 1;
}

static bool lex_raw_string(struct weft_lexer *lexer, struct weft_token *token)
{
    const char *start = lexer->at + 1;
    const char *close = memchr(start, '`', (size_t)(lexer->end - start));
    if (close == NULL)
        return weft_lexer_fail(lexer, token, lexer->at,
                               "the string has no end; expected a closing `");
    token->text = weft_str_make(start, (size_t)(close - start));
    lexer->at = close + 1;
    return true;
}

bool weft_lexer_string(struct weft_lexer *lexer, struct weft_token *token)
{
    token->kind = WEFT_TOKEN_STRING;
    if (*lexer->at == '`') return lex_raw_string(lexer, token);
    const char *start = lexer->at + 1, *p = start;
    while (p < lexer->end && *p != '"' && *p != '\n') p += *p == '\\' && p + 1 < lexer->end ? 2 : 1;
    if (p >= lexer->end || *p != '"')
        return weft_lexer_fail(lexer, token, lexer->at,
                               "the string has no end in its line; expected a closing \"");
    const char *close = p;
    char *text = weft_arena_alloc(lexer->arena, (size_t)(close - start) + 1), *out = text;
    for (p = start; p < close;) {
        if (*p != '\\') {
            *out++ = *p++;
            continue;
        }
        size_t len = escape(p + 1, close, &out);
        if (len == 0)
            return weft_lexer_fail(
                lexer, token, p,
                "unknown escape in a string; expected \\a \\b \\f \\n \\r \\t \\v \\\\ \\\" \\xNN "
                "\\NNN \\uNNNN or \\UNNNNNNNN, or back-quotes around a text taken as it is");
        p += 1 + len;
    }
    token->text = weft_str_make(text, (size_t)(out - text));
    lexer->at = close + 1;
    return true;
}

/* A quoted part of a name; lexer->at stands behind the opening quote. */
static bool lex_quoted_part(struct weft_lexer *lexer, struct weft_token *token, char **out)
{
    const char *quote = lexer->at - 1;
    while (lexer->at < lexer->end && *lexer->at != '"') {
        if (*lexer->at == '\\') {
            const char *p = lexer->at++;
            if (lexer->at == lexer->end) break;
            if (*lexer->at != '"' && *lexer->at != '\\')
                return weft_lexer_fail(
                    lexer, token, p,
                    "unknown escape in the name of an attribute; expected \\\" or \\\\");
        }
        *(*out)++ = *lexer->at++;
    }
    if (lexer->at == lexer->end)
        return weft_lexer_fail(lexer, token, quote,
                               "the quoted name has no end; expected a closing \"");
    lexer->at++;
    return true;
}

/* Where a name that begins at p ends at the latest. */
static const char *name_end(const char *p, const char *end)
{
    for (bool is_quoted = false; p < end && (is_quoted || !weft_lexer_ends_name(p, end)); p++) {
        if (*p == '"') is_quoted = !is_quoted;
        if (is_quoted && *p == '\\' && p + 1 < end) p++;
    }
    return p;
}

bool weft_lexer_attribute(struct weft_lexer *lexer, struct weft_token *token,
                          enum weft_traceql_scope scope)
{
    const char *start = lexer->at, *p = start;
    bool is_quoted = false;
    token->kind = WEFT_TOKEN_ATTRIBUTE;
    token->scope = scope;
    while (p < lexer->end && *p != '"' && !weft_lexer_ends_name(p, lexer->end)) p++;
    if (p == lexer->end || *p != '"') {
        token->text = weft_str_make(start, (size_t)(p - start));
        lexer->at = p;
    } else {
        size_t len_max = (size_t)(name_end(p, lexer->end) - start);
        char *text = weft_arena_alloc(lexer->arena, len_max), *out = text;
        while (lexer->at < lexer->end && !weft_lexer_ends_name(lexer->at, lexer->end)) {
            char c = *lexer->at++;
            if (c != '"')
                *out++ = c;
            else if (!lex_quoted_part(lexer, token, &out))
                return false;
        }
        token->text = weft_str_make(text, (size_t)(out - text));
        is_quoted = true;
    }
    if (token->text.len == 0 && !is_quoted)
        return weft_lexer_fail(
            lexer, token, start,
            "expected the name of an attribute behind the dot, as in span.http.method");
    return true;
}
