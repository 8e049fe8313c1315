/* regex_translate.c -- RE2's syntax, as PCRE2 takes it. Where both read the same text differently, or PCRE2 takes what RE2 refuses, the
 * text is rewritten or refused here: PCRE2 sees only what means the same in both.
 * Spec       https://github.com/google/re2/wiki/Syntax */
#include "query/regex_internal.h"

#include "wire/text.h"

#define REPEAT_MAX 1000

struct translation {
    struct weft_str pattern;
    const char *at, *end;
    struct weft_buf *out;
    struct weft_err *err;
    int rc;
    bool may_repeat; /* the last thing can take a quantifier */
    uint32_t depth;
};

static bool fail(struct translation *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct translation *t, const char *format, ...)
{
    char why[200];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    size_t len = t->pattern.len < 80 ? t->pattern.len : 80;
    t->rc = weft_fail(t->err, WEFT_INVALID, "the regular expression \"%.*s%s\" is not valid: %s",
                      (int)len, t->pattern.ptr, len < t->pattern.len ? "..." : "", why);
    return false;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- escapes ---- */

static void put_code_point(struct translation *t, uint32_t code_point)
{
    weft_buf_printf(t->out, "\\x{%x}", code_point);
}

/* \123, \x7f, \x{10ffff}: t->at behind the backslash. */
static bool put_number(struct translation *t)
{
    uint32_t value = 0;
    const char *p = t->at;
    int digits = 0;
    if (*p != 'x') {
        if (*p != '0' && (p + 1 == t->end || p[1] < '0' || p[1] > '7'))
            return fail(t, "\\%c refers back to a group, which RE2 cannot", *p);
        for (; digits < 3 && p < t->end && *p >= '0' && *p <= '7'; digits++)
            value = value * 8 + (uint32_t)(*p++ - '0');
    } else if (t->end - p > 1 && p[1] == '{') {
        for (p += 2; p < t->end && weft_hex_digit(*p) >= 0 && value <= 0x10ffff; digits++)
            value = value * 16 + (uint32_t)weft_hex_digit(*p++);
        if (digits == 0 || p == t->end || *p++ != '}')
            return fail(t, "\\x{ without } behind hex digits");
    } else {
        for (p++; digits < 2 && p < t->end && weft_hex_digit(*p) >= 0; digits++)
            value = value * 16 + (uint32_t)weft_hex_digit(*p++);
        if (digits < 2) return fail(t, "\\x takes two hex digits");
    }
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return fail(t, "there is no character U+%X", value);
    put_code_point(t, value);
    t->at = p;
    return true;
}

/* \pL, \p{Greek}, \P{^Lu}: t->at at the p. Names of more than two letters are scripts. */
static bool put_property(struct translation *t)
{
    char letter = *t->at++;
    if (t->at == t->end) return fail(t, "\\%c without the name of a property", letter);
    if (*t->at != '{') {
        if (!is_alnum(*t->at)) return fail(t, "\\%c without the name of a property", letter);
        weft_buf_printf(t->out, "\\%c%c", letter, *t->at++);
        return true;
    }
    const char *start = ++t->at;
    while (t->at < t->end && *t->at != '}') t->at++;
    if (t->at == t->end) return fail(t, "\\%c{ without }", letter);
    struct weft_str name = weft_str_make(start, (size_t)(t->at++ - start));
    bool is_negated = weft_str_starts_with(name, WEFT_S("^"));
    if (is_negated) name = weft_str_tail(name, 1);
    for (size_t i = 0; i < name.len; i++)
        if (!is_alnum(name.ptr[i]) && name.ptr[i] != '_')
            return fail(t, "\\%c{%.*s} names no property", letter, WEFT_S_ARG(name));
    bool is_script = name.len > 2 && !weft_str_equal_c(name, "Any");
    weft_buf_printf(t->out, "\\%c{%s%s%.*s}", letter, is_negated ? "^" : "", is_script ? "sc:" : "",
                    WEFT_S_ARG(name));
    return true;
}

/* Perl's classes; RE2's \s has no vertical tab. `in_class`: inside of [ ]. */
static bool put_class_escape(struct translation *t, bool in_class)
{
    switch (*t->at) {
    case 'd':
    case 'D':
    case 'w':
    case 'W': weft_buf_printf(t->out, "\\%c", *t->at); break;
    case 's':
        weft_buf_append_c(t->out, in_class ? "\\t\\n\\f\\r\\x20" : "[\\t\\n\\f\\r\\x20]");
        break;
    case 'S':
        weft_buf_append_c(t->out, in_class ? "\\x{0}-\\x{8}\\x{b}\\x{e}-\\x{1f}\\x{21}-\\x{10ffff}"
                                           : "[^\\t\\n\\f\\r\\x20]");
        break;
    default: return false;
    }
    t->at++;
    return true;
}

/* Escapes that mean one character, in and out of classes. */
static bool put_character_escape(struct translation *t)
{
    char c = *t->at;
    static const struct {
        char letter;
        uint32_t code_point;
    } letters[] = { { 'a', 7 }, { 'f', 12 }, { 'n', 10 }, { 'r', 13 }, { 't', 9 }, { 'v', 11 } };
    if ((c >= '0' && c <= '7') || c == 'x') return put_number(t);
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if (c != letters[i].letter) continue;
        put_code_point(t, letters[i].code_point);
        t->at++;
        return true;
    }
    if (is_alnum(c) || (unsigned char)c >= 0x80 || (unsigned char)c < ' ')
        return fail(t, "there is no escape \\%c",
                    (unsigned char)c < ' ' || (unsigned char)c >= 0x80 ? '?' : c);
    weft_buf_printf(t->out, "\\%c", c);
    t->at++;
    return true;
}

/* \Q ... \E: text as it is. t->at at the Q. */
static bool put_quoted(struct translation *t)
{
    for (t->at++; t->at < t->end; t->at++) {
        if (t->end - t->at >= 2 && t->at[0] == '\\' && t->at[1] == 'E') {
            t->at += 2;
            break;
        }
        if ((unsigned char)*t->at < 0x80 && !is_alnum(*t->at))
            put_code_point(t, (uint32_t)*t->at);
        else
            weft_buf_append_byte(t->out, *t->at);
        t->may_repeat = true;
    }
    return true;
}

/* Anchors take quantifiers in RE2; PCRE2 wants a group around them. */
static void put_anchor(struct translation *t, const char *text)
{
    weft_buf_printf(t->out, "(?:%s)", text);
    t->may_repeat = true;
}

static bool put_escape(struct translation *t)
{
    if (++t->at == t->end) return fail(t, "a \\ at the end");
    char c = *t->at;
    if (c == 'Q') return put_quoted(t);
    t->may_repeat = true;
    if (c == 'A' || c == 'b' || c == 'B' || c == 'z') {
        char text[3] = { '\\', c, '\0' };
        put_anchor(t, text);
        t->at++;
        return true;
    }
    if (c == 'p' || c == 'P') return put_property(t);
    return put_class_escape(t, false) || put_character_escape(t);
}

/* ---- classes ---- */

/* [:alpha:] inside of a class; false and nothing done: it is none. */
static bool put_posix(struct translation *t, bool *is_posix)
{
    static const char *const names[] = { "alnum", "alpha", "ascii", "blank", "cntrl",
                                         "digit", "graph", "lower", "print", "punct",
                                         "space", "upper", "word",  "xdigit" };
    *is_posix = false;
    const char *close = t->end - t->at >= 4 && t->at[1] == ':'
                            ? memmem(t->at + 2, (size_t)(t->end - t->at - 2), ":]", 2)
                            : NULL;
    if (close == NULL) return true;
    struct weft_str name = weft_str_make(t->at + 2, (size_t)(close - t->at - 2));
    struct weft_str bare = weft_str_starts_with(name, WEFT_S("^")) ? weft_str_tail(name, 1) : name;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!weft_str_equal_c(bare, names[i])) continue;
        weft_buf_printf(t->out, "[:%.*s:]", WEFT_S_ARG(name));
        t->at = close + 2;
        *is_posix = true;
        return true;
    }
    return fail(t, "there is no class [:%.*s:]", (int)(name.len < 40 ? name.len : 40), name.ptr);
}

/* One character or class inside of [ ]; *is_single says that it may bound a range. */
static bool put_class_item(struct translation *t, bool *is_single)
{
    bool is_posix = false;
    char c = *t->at;
    *is_single = false;
    if (c == '[' && !put_posix(t, &is_posix)) return false;
    if (is_posix) return true;
    *is_single = true;
    if (c == '\\') {
        if (++t->at == t->end) return fail(t, "a \\ at the end");
        if (*t->at == 'p' || *t->at == 'P') {
            *is_single = false;
            return put_property(t);
        }
        if (put_class_escape(t, true)) {
            *is_single = false;
            return true;
        }
        return put_character_escape(t);
    }
    if ((unsigned char)c < 0x80 && !is_alnum(c))
        put_code_point(t, (uint32_t)c);
    else
        weft_buf_append_byte(t->out, c);
    for (t->at++; t->at < t->end && ((unsigned char)*t->at & 0xc0) == 0x80; t->at++)
        weft_buf_append_byte(t->out, *t->at);
    return true;
}

static bool put_class(struct translation *t)
{
    bool is_first = true, is_single = false, is_end_single;
    weft_buf_append_byte(t->out, '[');
    t->at++;
    if (t->at < t->end && *t->at == '^') weft_buf_append_byte(t->out, *t->at++);
    for (; t->at < t->end && (*t->at != ']' || is_first); is_first = false) {
        bool is_range = *t->at == '-' && !is_first && t->end - t->at >= 2 && t->at[1] != ']';
        if (is_range && !is_single)
            return fail(t, "a - in [ ] that is no range; write it first, last or as \\-");
        if (is_range) {
            weft_buf_append_byte(t->out, '-');
            t->at++;
        }
        if (!put_class_item(t, &is_end_single)) return false;
        if (is_range && !is_end_single) return fail(t, "a range in [ ] that ends in a class");
        is_single = !is_range && is_end_single;
    }
    if (t->at == t->end) return fail(t, "a [ without ]");
    weft_buf_append_byte(t->out, ']');
    t->at++;
    t->may_repeat = true;
    return true;
}

/* ---- groups and repetition ---- */

/* (?flags) and (?flags:...): t->at behind the question mark. */
static bool put_flags(struct translation *t)
{
    const char *start = t->at;
    bool has_minus = false, is_fine = false;
    for (; t->at < t->end && *t->at != ':' && *t->at != ')'; t->at++) {
        if (*t->at == '-' && !has_minus) {
            has_minus = true;
            is_fine = false;
        } else if (strchr("imsU", *t->at) != NULL && *t->at != '\0') {
            is_fine = true;
        } else {
            char c = *t->at;
            if (c == '=' || c == '!') return fail(t, "RE2 cannot look ahead, as (?%c does", c);
            if (c == '>') return fail(t, "RE2 has no atomic groups, (?>");
            return fail(t, "(? is followed by flags (i, m, s, U), a colon or <name>");
        }
    }
    bool is_plain = start < t->end && *start == ':';
    if (t->at == t->end || (!is_fine && !is_plain)) return fail(t, "a (? without flags");
    weft_buf_printf(t->out, "(?%.*s%c", (int)(t->at - start), start, *t->at);
    t->may_repeat = false;
    if (*t->at++ == ':') t->depth++;
    return true;
}

/* Groups capture nothing here, so their names are only checked. t->at at the <. */
static bool put_named(struct translation *t)
{
    const char *start = ++t->at;
    if (t->at < t->end && (*t->at == '=' || *t->at == '!'))
        return fail(t, "RE2 cannot look behind, as (?<%c does", *t->at);
    while (t->at < t->end && (is_alnum(*t->at) || *t->at == '_')) t->at++;
    if (t->at == start || t->at == t->end || *t->at != '>')
        return fail(t, "the name of a group is letters, digits and _, then >");
    t->at++;
    weft_buf_append_c(t->out, "(?:");
    t->depth++;
    return true;
}

static bool put_open(struct translation *t)
{
    t->at++;
    t->may_repeat = false;
    if (t->at == t->end || *t->at != '?') {
        weft_buf_append_c(t->out, "(?:");
        t->depth++;
        return true;
    }
    t->at++;
    if (t->at < t->end && *t->at == '<') return put_named(t);
    if (t->end - t->at >= 2 && t->at[0] == 'P') {
        if (t->at[1] == '<') {
            t->at++;
            return put_named(t);
        }
        return fail(t, "RE2 cannot refer to a group, as (?P%c does", t->at[1]);
    }
    return put_flags(t);
}

static bool put_close(struct translation *t)
{
    if (t->depth == 0) return fail(t, "a ) without (");
    t->depth--;
    weft_buf_append_byte(t->out, ')');
    t->at++;
    t->may_repeat = true;
    return true;
}

/* {n}, {n,}, {n,m} at p: its end; NULL: it is none, but text. */
static const char *repeat_end(const char *p, const char *end, uint32_t *low, uint32_t *high)
{
    const char *start = ++p;
    for (*low = 0; p < end && *p >= '0' && *p <= '9'; p++)
        if (*low <= REPEAT_MAX) *low = *low * 10 + (uint32_t)(*p - '0');
    if (p == start || p == end) return NULL;
    *high = *low;
    if (*p == ',') {
        start = ++p;
        for (*high = 0; p < end && *p >= '0' && *p <= '9'; p++)
            if (*high <= REPEAT_MAX) *high = *high * 10 + (uint32_t)(*p - '0');
        if (p == start) *high = *low;
    }
    return p < end && *p == '}' ? p + 1 : NULL;
}

static bool put_repeat(struct translation *t)
{
    uint32_t low = 0, high = 0;
    const char *start = t->at;
    const char *end = *start == '{' ? repeat_end(start, t->end, &low, &high) : start + 1;
    if (end == NULL) {
        weft_buf_append_c(t->out, "\\{");
        t->at++;
        t->may_repeat = true;
        return true;
    }
    if (low > REPEAT_MAX || high > REPEAT_MAX || low > high)
        return fail(t, "%.*s repeats; expected at most %d, from small to large",
                    (int)(end - start < 40 ? end - start : 40), start, REPEAT_MAX);
    if (!t->may_repeat) {
        bool is_possessive =
            *start == '+' && start > t->pattern.ptr && strchr("*+?}", start[-1]) != NULL;
        return is_possessive ? fail(t, "RE2 has no possessive quantifiers, as %c+", start[-1])
                             : fail(t, "there is nothing that %c could repeat", *start);
    }
    t->at = end;
    weft_buf_append(t->out, start, (size_t)(end - start));
    if (t->at < t->end && *t->at == '?') weft_buf_append_byte(t->out, *t->at++);
    t->may_repeat = false; /* no quantifier of a quantifier */
    return true;
}

/* ---- the whole ---- */

static bool put_next(struct translation *t)
{
    switch (*t->at) {
    case '\\': return put_escape(t);
    case '[': return put_class(t);
    case '(': return put_open(t);
    case ')': return put_close(t);
    case '*':
    case '+':
    case '?':
    case '{': return put_repeat(t);
    case '^':
        put_anchor(t, "^");
        t->at++;
        return true;
    case '$':
        put_anchor(t, "$");
        t->at++;
        return true;
    case '|':
        weft_buf_append_byte(t->out, *t->at++);
        t->may_repeat = false;
        return true;
    default:
        weft_buf_append_byte(t->out, *t->at++);
        t->may_repeat = true;
        return true;
    }
}

int weft_regex_translate(struct weft_buf *out, struct weft_str pattern, bool *is_literal,
                         struct weft_err *err)
{
    struct translation t = { .pattern = pattern, .at = pattern.ptr, .out = out, .err = err };
    t.end = pattern.ptr + pattern.len;
    *is_literal = true;
    for (size_t i = 0; i < pattern.len && *is_literal; i++)
        *is_literal = memchr("\\[](){}*+?^$|.", pattern.ptr[i], 14) == NULL;
    if (!weft_utf8_is_valid(pattern)) {
        fail(&t, "it is not UTF-8");
        return t.rc;
    }
    if (*is_literal) {
        weft_buf_append_str(out, pattern);
        return WEFT_OK;
    }
    while (t.at < t.end)
        if (!put_next(&t)) return t.rc;
    if (t.depth > 0) {
        fail(&t, "a ( without )");
        return t.rc;
    }
    return WEFT_OK;
}
