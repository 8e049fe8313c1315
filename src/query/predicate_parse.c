/* predicate_parse.c -- one attribute condition from text (search_request.h).
 *
 *   condition = "!" name | name | name op value
 *   name      = [ ("span" | "resource" | "event" | "link" | "instrumentation") "." | "." ] key |
 *   "\"" key "\""
 *   op        = "=" | "!=" | "<=" | "<" | ">=" | ">" | "^="
 *   value     = "\"" text "\"" (with \" and \\) | number | "true" | "false" | bare text
 *
 * Bare text that reads as a number or bool is one; quote it to ask for the string.
 */
#include "query/search_request.h"

static const struct {
    struct weft_str text;
    enum weft_op op;
} ops[] = {
    /* longer ones first */
    { WEFT_S_INIT("!="), WEFT_OP_NE }, { WEFT_S_INIT("<="), WEFT_OP_LE },
    { WEFT_S_INIT(">="), WEFT_OP_GE }, { WEFT_S_INIT("^="), WEFT_OP_PREFIX },
    { WEFT_S_INIT("="), WEFT_OP_EQ },  { WEFT_S_INIT("<"), WEFT_OP_LT },
    { WEFT_S_INIT(">"), WEFT_OP_GT },
};
static const struct {
    struct weft_str prefix;
    enum weft_attribute_scope scope;
} scopes[] = {
    { WEFT_S_INIT("span."), WEFT_SCOPE_SPAN },
    { WEFT_S_INIT("resource."), WEFT_SCOPE_RESOURCE },
    { WEFT_S_INIT("event."), WEFT_SCOPE_EVENT },
    { WEFT_S_INIT("link."), WEFT_SCOPE_LINK },
    { WEFT_S_INIT("instrumentation."), WEFT_SCOPE_INSTRUMENTATION },
    { WEFT_S_INIT("."), WEFT_SCOPE_ANY },
};

/* A quoted text at the start of *rest, without quotes and escapes. */
static int quoted(struct weft_str *out, struct weft_str *rest, struct weft_arena *arena,
                  struct weft_err *err)
{
    char *copy = weft_arena_alloc(arena, rest->len);
    size_t len = 0;
    for (size_t i = 1; i < rest->len; i++) {
        char c = rest->ptr[i];
        if (c == '"') {
            *out = weft_str_make(copy, len);
            *rest = weft_str_tail(*rest, i + 1);
            return WEFT_OK;
        }
        if (c == '\\' && i + 1 < rest->len) c = rest->ptr[++i];
        copy[len++] = c;
    }
    return weft_fail(err, WEFT_INVALID, "condition: the quote before %.*s is never closed",
                     WEFT_S_ARG(*rest));
}

/* Where the operator starts: the first of = ! < > ^ that begins one. */
static size_t operator_at(struct weft_str text, size_t *op_index)
{
    for (size_t i = 0; i < text.len; i++) {
        for (size_t o = 0; o < sizeof ops / sizeof ops[0]; o++) {
            if (weft_str_starts_with(weft_str_tail(text, i), ops[o].text)) {
                *op_index = o;
                return i;
            }
        }
    }
    return text.len;
}

static void read_scope(struct weft_predicate *out, struct weft_str *name)
{
    out->scope = WEFT_SCOPE_ANY;
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        if (!weft_str_starts_with(*name, scopes[i].prefix)) continue;
        out->scope = scopes[i].scope;
        *name = weft_str_tail(*name, scopes[i].prefix.len);
        return;
    }
}

static int read_value(struct weft_predicate *out, struct weft_str text, struct weft_arena *arena,
                      struct weft_err *err)
{
    struct weft_value *value = &out->value;
    if (text.len > 0 && text.ptr[0] == '"') {
        value->type = WEFT_VALUE_STRING;
        int rc = quoted(&value->bytes, &text, arena, err);
        if (rc == WEFT_OK && weft_str_trim(text).len > 0)
            rc = weft_fail(err, WEFT_INVALID, "condition: found \"%.*s\" behind the closing quote",
                           WEFT_S_ARG(text));
        return rc;
    }
    if (weft_str_equal(text, WEFT_S("true")) || weft_str_equal(text, WEFT_S("false"))) {
        value->type = WEFT_VALUE_BOOL;
        value->bool_value = text.len == 4;
    } else if (weft_str_to_i64(text, &value->int_value)) {
        value->type = WEFT_VALUE_INT;
    } else if (weft_str_to_double(text, &value->double_value)) {
        value->type = WEFT_VALUE_DOUBLE;
    } else {
        value->type = WEFT_VALUE_STRING;
        value->bytes = text;
    }
    if (out->op == WEFT_OP_PREFIX &&
        value->type != WEFT_VALUE_STRING) { /* "^= 50": a prefix is text */
        value->type = WEFT_VALUE_STRING;
        value->bytes = text;
    }
    return WEFT_OK;
}

int weft_predicate_parse(struct weft_predicate *out, struct weft_str text, struct weft_arena *arena,
                         struct weft_err *err)
{
    int rc;
    size_t op = 0;
    *out = (struct weft_predicate){ .field = WEFT_FIELD_ATTRIBUTE, .op = WEFT_OP_EXISTS };
    text = weft_str_trim(text);
    if (text.len > 1 && text.ptr[0] == '!') {
        out->op = WEFT_OP_NOT_EXISTS;
        text = weft_str_trim(weft_str_tail(text, 1));
    }
    read_scope(out, &text);
    if (text.len > 0 && text.ptr[0] == '"') {
        if ((rc = quoted(&out->key, &text, arena, err)) < 0) return rc;
        text = weft_str_trim(text);
    } else {
        size_t at = operator_at(text, &op);
        out->key = weft_str_trim(weft_str_make(text.ptr, at));
        text = weft_str_tail(text, at);
    }
    if (out->key.len == 0)
        return weft_fail(err, WEFT_INVALID, "condition: no attribute name before \"%.*s\"",
                         WEFT_S_ARG(text));
    if (text.len == 0) return WEFT_OK;
    if (operator_at(text, &op) != 0)
        return weft_fail(
            err, WEFT_INVALID,
            "condition: found \"%.*s\", expected one of = != < <= > >= ^=", WEFT_S_ARG(text));
    if (out->op == WEFT_OP_NOT_EXISTS)
        return weft_fail(err, WEFT_INVALID,
                         "condition: \"!%.*s\" asks for absence and takes no value",
                         WEFT_S_ARG(out->key));
    out->op = ops[op].op;
    return read_value(out, weft_str_trim(weft_str_tail(text, ops[op].text.len)), arena, err);
}
