/* traceql_lexer_number.c -- integers, floats and durations (Q1.2.2 - Q1.2.4). */
#include "query/traceql_lexer.h"

#include <math.h>

static const struct {
    const char *name;
    int64_t ns;
    bool is_calendar; /* all parts are then whole numbers, from large to small, each once */
} units[] = {
    { "ns", 1 },
    { "us", 1000 },
    { "\u00b5s", 1000 },
    { "ms", 1000000 },
    { "s", INT64_C(1000000000) },
    { "m", INT64_C(60) * 1000000000 },
    { "h", INT64_C(3600) * 1000000000 },
    { "d", INT64_C(24) * 3600 * 1000000000, true },
    { "w", INT64_C(7) * 24 * 3600 * 1000000000, true },
    { "y", INT64_C(365) * 24 * 3600 * 1000000000, true },
};

/* digits [ . digits ]: where its parts are. */
struct decimal {
    const char *start, *point, *end; /* point == end: none */
};

static bool is_digit(const struct weft_lexer *lexer, const char *p)
{
    return p < lexer->end && *p >= '0' && *p <= '9';
}

static struct decimal lex_decimal(struct weft_lexer *lexer)
{
    struct decimal decimal = { .start = lexer->at };
    while (is_digit(lexer, lexer->at)) lexer->at++;
    decimal.point = lexer->at;
    if (lexer->at < lexer->end && *lexer->at == '.') {
        lexer->at++;
        while (is_digit(lexer, lexer->at)) lexer->at++;
    }
    decimal.end = lexer->at;
    return decimal;
}

/* The letters behind a number. */
static struct weft_str letters(const struct weft_lexer *lexer)
{
    const char *p = lexer->at;
    while (p < lexer->end &&
           ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' ||
            (unsigned char)*p >= 0x80) &&
           weft_lexer_wide_space(p, lexer->end) == 0)
        p++;
    return weft_str_make(lexer->at, (size_t)(p - lexer->at));
}

static bool fail_unit(struct weft_lexer *lexer, struct weft_token *token, struct weft_str unit)
{
    const char *nearest = NULL;
    if (weft_str_equal_ignoring_case(unit, WEFT_S("x")) || unit.ptr[0] == '_')
        return weft_lexer_fail(lexer, token, token->source.ptr,
                               "numbers are written in decimal digits, without 0x and _");
    for (size_t i = 0; i < sizeof units / sizeof units[0] && nearest == NULL; i++)
        if (weft_str_equal_ignoring_case(unit, weft_str_from_c(units[i].name)))
            nearest = units[i].name;
    if (weft_str_starts_with(unit, WEFT_S("sec"))) nearest = "s";
    if (weft_str_starts_with(unit, WEFT_S("min"))) nearest = "m";
    if (weft_str_equal(unit, WEFT_S("\u03bcs"))) nearest = "\u00b5s (U+00B5) or us";
    return weft_lexer_fail(lexer, token, unit.ptr,
                           "there is no unit \"%.*s\"%s%s; expected ns, us, \u00b5s, ms, s, m, h, "
                           "d, w or y",
                           (int)(unit.len < 20 ? unit.len : 20), unit.ptr,
                           nearest != NULL ? ", did you mean " : "",
                           nearest != NULL ? nearest : "");
}

/* Adds decimal * unit to *ns; false: too much. The fraction is exact as far as the unit has digits. */
static bool add_part(int64_t *ns, struct decimal decimal, int64_t unit)
{
    int64_t whole = 0, part;
    for (const char *p = decimal.start; p < decimal.point; p++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, *p - '0', &whole))
            return false;
    if (__builtin_mul_overflow(whole, unit, &part)) return false;
    int64_t fraction = 0;
    double scale = 1;
    for (const char *p = decimal.point + 1; p < decimal.end && scale < 1e18; p++) {
        fraction = fraction * 10 + (*p - '0');
        scale *= 10;
    }
    part += (int64_t)((double)fraction * ((double)unit / scale));
    return !__builtin_add_overflow(*ns, part, ns) && part >= 0;
}

/* The parts of a duration; the first number is read, its unit comes next. */
static bool lex_duration(struct weft_lexer *lexer, struct weft_token *token, struct decimal decimal)
{
    bool has_calendar = false, is_plain = true; /* plain: whole, falling */
    int64_t ns = 0, last_unit = INT64_MAX;
    for (;;) {
        struct weft_str unit = letters(lexer);
        size_t u = 0, count = sizeof units / sizeof units[0];
        while (u < count && !weft_str_equal_c(unit, units[u].name)) u++;
        if (u == count) return fail_unit(lexer, token, unit);
        if (!add_part(&ns, decimal, units[u].ns))
            return weft_lexer_fail(lexer, token, token->source.ptr,
                                   "the duration is too long; at most 9223372036854775807ns fit");
        has_calendar |= units[u].is_calendar;
        if (units[u].ns >= last_unit || decimal.point != decimal.end) is_plain = false;
        last_unit = units[u].ns;
        lexer->at += unit.len;
        bool has_more =
            is_digit(lexer, lexer->at) ||
            (lexer->at < lexer->end && *lexer->at == '.' && is_digit(lexer, lexer->at + 1));
        if (!has_more) break;
        decimal = lex_decimal(lexer);
        if (letters(lexer).len == 0)
            return weft_lexer_fail(lexer, token, lexer->at, "expected a unit behind the number");
    }
    if (has_calendar && !is_plain)
        return weft_lexer_fail(lexer, token, token->source.ptr,
                               "a duration with d, w or y is written in whole numbers, from large "
                               "to small, each unit once, as in 1d12h");
    token->kind = WEFT_TOKEN_DURATION;
    token->int_value = ns;
    return true;
}

/* An exponent behind a number; false and nothing read: there is none. */
static bool lex_exponent(struct weft_lexer *lexer)
{
    const char *p = lexer->at;
    if (p == lexer->end || (*p != 'e' && *p != 'E')) return false;
    p++;
    if (p < lexer->end && (*p == '+' || *p == '-')) p++;
    if (!is_digit(lexer, p)) return false;
    while (is_digit(lexer, p)) p++;
    lexer->at = p;
    return true;
}

bool weft_lexer_number(struct weft_lexer *lexer, struct weft_token *token)
{
    struct decimal decimal = lex_decimal(lexer);
    bool has_exponent = lex_exponent(lexer);
    struct weft_str unit = letters(lexer);
    if (unit.len > 0 && has_exponent)
        return weft_lexer_fail(lexer, token, unit.ptr,
                               "a number with an exponent takes no unit; expected an operator");
    if (unit.len > 0) return lex_duration(lexer, token, decimal);
    struct weft_str text = weft_str_make(decimal.start, (size_t)(lexer->at - decimal.start));
    if (has_exponent || decimal.point != decimal.end) {
        token->kind = WEFT_TOKEN_FLOAT;
        token->float_value = strtod(weft_arena_copy_c(lexer->arena, text), NULL);
        if (isfinite(token->float_value)) return true;
    } else {
        token->kind = WEFT_TOKEN_INT;
        if (weft_str_to_i64(text, &token->int_value)) return true;
    }
    return weft_lexer_fail(lexer, token, token->source.ptr,
                           "the number is too large; integers go to 9223372036854775807, floats to "
                           "1.7976931348623157e308");
}
