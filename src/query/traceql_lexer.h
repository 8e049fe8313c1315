/* traceql_lexer.h -- query text to tokens.
 *
 * Shape      an array that ends in END, or in ERROR: the first thing that is no token, with its sentence
 * Errors     none: the parser reports an ERROR token when it comes to it, so the first mistake of a text is told
 * Ownership  in the arena; texts may point into the query text
 * Spec       query.md Q1.1 - Q1.3
 */
#ifndef WEFT_QUERY_TRACEQL_LEXER_H
#define WEFT_QUERY_TRACEQL_LEXER_H
#include "query/traceql.h"

enum weft_token_kind {
    WEFT_TOKEN_END,
    WEFT_TOKEN_ERROR,     /* text: the sentence */
    WEFT_TOKEN_WORD,      /* name, and, count, true */
    WEFT_TOKEN_SCOPE,     /* a word with a colon at once behind it; source is the word */
    WEFT_TOKEN_ATTRIBUTE, /* scope and text: the name, unquoted */
    WEFT_TOKEN_STRING,    /* text: unquoted */
    WEFT_TOKEN_INT,
    WEFT_TOKEN_FLOAT,
    WEFT_TOKEN_DURATION, /* int_value, ns */
    WEFT_TOKEN_OPEN_BRACE,
    WEFT_TOKEN_CLOSE_BRACE,
    WEFT_TOKEN_OPEN,
    WEFT_TOKEN_CLOSE,
    WEFT_TOKEN_COMMA,
    WEFT_TOKEN_PIPE,
    WEFT_TOKEN_PLUS,
    WEFT_TOKEN_MINUS,
    WEFT_TOKEN_STAR,
    WEFT_TOKEN_SLASH,
    WEFT_TOKEN_PERCENT,
    WEFT_TOKEN_CARET,
    WEFT_TOKEN_NOT,
    WEFT_TOKEN_EQ,
    WEFT_TOKEN_NE,
    WEFT_TOKEN_LT,
    WEFT_TOKEN_LE,
    WEFT_TOKEN_GT,
    WEFT_TOKEN_GE,
    WEFT_TOKEN_MATCH,     /* =~ */
    WEFT_TOKEN_NOT_MATCH, /* !~, also "not sibling" */
    WEFT_TOKEN_AND,
    WEFT_TOKEN_OR,
    WEFT_TOKEN_TILDE,
    WEFT_TOKEN_DESCENDANT, /* >> */
    WEFT_TOKEN_ANCESTOR,   /* << */
    WEFT_TOKEN_NOT_CHILD,  /* !> */
    WEFT_TOKEN_NOT_DESCENDANT,
    WEFT_TOKEN_NOT_PARENT,
    WEFT_TOKEN_NOT_ANCESTOR,
    WEFT_TOKEN_UNION_CHILD, /* &> */
    WEFT_TOKEN_UNION_DESCENDANT,
    WEFT_TOKEN_UNION_PARENT,
    WEFT_TOKEN_UNION_ANCESTOR,
    WEFT_TOKEN_UNION_SIBLING,
    WEFT_TOKEN_LINK_TO,   /* -link-> */
    WEFT_TOKEN_LINK_FROM, /* <-link- */
    WEFT_TOKEN_COUNT
};
struct weft_token {
    enum weft_token_kind kind;
    enum weft_traceql_scope scope;
    uint32_t line, column;  /* from 1, in characters */
    struct weft_str source; /* as written */
    union {
        struct weft_str text;
        int64_t int_value;
        double float_value;
    };
};

const struct weft_token *weft_traceql_lex(struct weft_str text, struct weft_arena *arena);

/* ---- what the lexer's files share ---- */

struct weft_lexer {
    struct weft_arena *arena;
    const char *at, *end;
    const char *counted; /* line and column stand for this byte */
    uint32_t line, column;
};
/* Makes *token the error of the place `where`; returns false. */
bool weft_lexer_fail(struct weft_lexer *lexer, struct weft_token *token, const char *where,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
bool weft_lexer_string(struct weft_lexer *lexer, struct weft_token *token);
bool weft_lexer_attribute(struct weft_lexer *lexer, struct weft_token *token,
                          enum weft_traceql_scope scope);
bool weft_lexer_number(struct weft_lexer *lexer, struct weft_token *token);
/* Bytes of the Unicode white space at p that is not ASCII; 0: none is there. */
size_t weft_lexer_wide_space(const char *p, const char *end);
/* A character that ends an unquoted name (Q1.3.2). */
bool weft_lexer_ends_name(const char *p, const char *end);

#endif
