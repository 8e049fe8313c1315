/* traceql_print.c -- values, attributes and field expressions back to text. */
#include "base/clock.h"
#include "query/traceql_lexer.h"
#include "query/traceql_words.h"
#include "wire/json.h"
#include "wire/text.h"

#include <math.h>

/* ---- values ---- */

/* Shortest that reads back as the same float; with ".0" it also reads back as a float. */
static void print_float(struct weft_buf *out, double value)
{
    size_t start = out->len;
    struct weft_json_writer writer = { .out = out };
    if (!isfinite(value)) {
        weft_buf_append_c(out, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return;
    }
    weft_json_double(&writer, value);
    struct weft_str text = weft_str_make(out->data + start, out->len - start);
    if (weft_str_find(text, '.') < 0 && weft_str_find(text, 'e') < 0) weft_buf_append_c(out, ".0");
}

static void print_plain(struct weft_buf *out, const struct weft_traceql_value *value)
{
    switch (value->type) {
    case WEFT_TRACEQL_NIL: weft_buf_append_c(out, "nil"); break;
    case WEFT_TRACEQL_INT: weft_buf_printf(out, "%lld", (long long)value->int_value); break;
    case WEFT_TRACEQL_FLOAT: print_float(out, value->float_value); break;
    case WEFT_TRACEQL_DURATION: weft_duration_print(out, value->int_value) /* Q5.3.3 */; break;
    case WEFT_TRACEQL_STRING: weft_buf_append_str(out, value->text); break;
    case WEFT_TRACEQL_BOOL: weft_buf_append_c(out, value->bool_value ? "true" : "false"); break;
    case WEFT_TRACEQL_STATUS:
        weft_buf_append_c(out, weft_traceql_status_name(value->int_value));
        break;
    case WEFT_TRACEQL_KIND: weft_buf_append_c(out, weft_traceql_kind_name(value->int_value)); break;
    default: break;
    }
}

static void print_item(struct weft_json_writer *writer, const struct weft_traceql_value *item)
{
    switch (item->type) {
    case WEFT_TRACEQL_INT: weft_json_i64(writer, item->int_value); break;
    case WEFT_TRACEQL_FLOAT: weft_json_double(writer, item->float_value); break;
    case WEFT_TRACEQL_BOOL: weft_json_bool(writer, item->bool_value); break;
    case WEFT_TRACEQL_STRING: weft_json_string(writer, item->text); break;
    default: weft_json_null(writer); break;
    }
}

void weft_traceql_print_value(struct weft_buf *out, const struct weft_traceql_value *value)
{
    if (value->type != WEFT_TRACEQL_ARRAY) {
        print_plain(out, value);
        return;
    }
    struct weft_json_writer writer = { .out = out };
    weft_json_array_start(&writer);
    for (uint32_t i = 0; i < value->item_count; i++) print_item(&writer, &value->items[i]);
    weft_json_array_end(&writer);
}

/* ---- literals ---- */

/* In back-quotes as it is, where that reads back and shows all there is. */
static bool fits_back_quotes(struct weft_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == '`' || text.ptr[i] == 0x7f)
            return false;
    return weft_utf8_is_valid(text);
}

static void print_string(struct weft_buf *out, struct weft_str text)
{
    if (fits_back_quotes(text)) {
        weft_buf_append_byte(out, '`');
        weft_buf_append_str(out, text);
        weft_buf_append_byte(out, '`');
        return;
    }
    weft_buf_append_byte(out, '"');
    while (text.len > 0) {
        size_t valid = weft_utf8_valid_prefix(text);
        for (size_t i = 0; i < valid; i++) {
            unsigned char c = (unsigned char)text.ptr[i];
            if (c == '"' || c == '\\')
                weft_buf_printf(out, "\\%c", c);
            else if (c < ' ' || c == 0x7f)
                weft_buf_printf(out, "\\x%02x", c);
            else
                weft_buf_append_byte(out, (char)c);
        }
        text = weft_str_tail(text, valid);
        if (text.len == 0) break;
        weft_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)text.ptr[0]);
        text = weft_str_tail(text, 1);
    }
    weft_buf_append_byte(out, '"');
}

void weft_traceql_print_literal(struct weft_buf *out, const struct weft_traceql_value *value)
{
    if (value->type == WEFT_TRACEQL_STRING)
        print_string(out, value->text);
    else if (value->type == WEFT_TRACEQL_INT && value->int_value == INT64_MIN)
        weft_buf_append_c(out, "minInt"); /* its digits are one more than an int holds */
    else
        print_plain(out, value);
}

/* ---- attributes ---- */

static bool needs_quotes(const struct weft_traceql_attribute *attribute)
{
    struct weft_str name = attribute->name;
    if (name.len == 0) return true;
    if (attribute->scope == WEFT_TRACEQL_SCOPE_ANY && name.ptr[0] >= '0' && name.ptr[0] <= '9')
        return true; /* .5 is a number */
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '"' || weft_lexer_ends_name(name.ptr + i, name.ptr + name.len))
            return true;
    return false;
}

void weft_traceql_print_attribute(struct weft_buf *out,
                                  const struct weft_traceql_attribute *attribute)
{
    static const char *const scopes[WEFT_TRACEQL_SCOPE_COUNT] = {
        [WEFT_TRACEQL_SCOPE_ANY] = ".",
        [WEFT_TRACEQL_SCOPE_SPAN] = "span.",
        [WEFT_TRACEQL_SCOPE_RESOURCE] = "resource.",
        [WEFT_TRACEQL_SCOPE_EVENT] = "event.",
        [WEFT_TRACEQL_SCOPE_LINK] = "link.",
        [WEFT_TRACEQL_SCOPE_INSTRUMENTATION] = "instrumentation.",
    };
    if (attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC) {
        weft_buf_append_c(out, weft_traceql_intrinsics[attribute->intrinsic].name);
        return;
    }
    weft_buf_append_c(out, scopes[attribute->scope]);
    if (!needs_quotes(attribute)) {
        weft_buf_append_str(out, attribute->name);
        return;
    }
    weft_buf_append_byte(out, '"');
    for (size_t i = 0; i < attribute->name.len; i++) {
        char c = attribute->name.ptr[i];
        if (c == '"' || c == '\\') weft_buf_append_byte(out, '\\');
        weft_buf_append_byte(out, c);
    }
    weft_buf_append_byte(out, '"');
}

/* ---- expressions ---- */

static void print_expr(struct weft_buf *out, const struct weft_expr *expr, bool is_operand);

/* A chain of && or || without the parentheses that only balancing made: see weft_expr_chain(). */
static void print_chain(struct weft_buf *out, enum weft_expr_op op, const struct weft_expr *expr)
{
    bool is_joint =
        expr->op == op && (op == WEFT_EXPR_AND || (expr->left->type == WEFT_TRACEQL_BOOL &&
                                                   expr->right->type == WEFT_TRACEQL_BOOL));
    if (!is_joint) {
        print_expr(out, expr, expr->op == WEFT_EXPR_AND || expr->op == WEFT_EXPR_OR);
        return;
    }
    print_chain(out, op, expr->left);
    weft_buf_append_c(out, op == WEFT_EXPR_AND ? " && " : " || ");
    print_chain(out, op, expr->right);
}

static bool is_negative_literal(const struct weft_expr *expr)
{
    const struct weft_traceql_value *value = &expr->literal;
    if (expr->op != WEFT_EXPR_LITERAL) return false;
    if (value->type == WEFT_TRACEQL_FLOAT) return signbit(value->float_value);
    return (value->type == WEFT_TRACEQL_INT || value->type == WEFT_TRACEQL_DURATION) &&
           value->int_value < 0;
}

/* Operands of other operators stand in parentheses, however tightly they bind. */
static void print_binary(struct weft_buf *out, const struct weft_expr *expr)
{
    static const char *const signs[] = {
        [WEFT_EXPR_ADD] = " + ",    [WEFT_EXPR_SUBTRACT] = " - ",   [WEFT_EXPR_MULTIPLY] = " * ",
        [WEFT_EXPR_DIVIDE] = " / ", [WEFT_EXPR_MODULO] = " % ",     [WEFT_EXPR_POWER] = " ^ ",
        [WEFT_EXPR_EQ] = " = ",     [WEFT_EXPR_NE] = " != ",        [WEFT_EXPR_LT] = " < ",
        [WEFT_EXPR_LE] = " <= ",    [WEFT_EXPR_GT] = " > ",         [WEFT_EXPR_GE] = " >= ",
        [WEFT_EXPR_MATCH] = " =~ ", [WEFT_EXPR_NOT_MATCH] = " !~ ",
    };
    if (expr->op != WEFT_EXPR_AND && expr->op != WEFT_EXPR_OR) {
        /* -7 * x would read back as -(7 * x) */
        bool is_sign_loose = expr->op >= WEFT_EXPR_MULTIPLY && expr->op <= WEFT_EXPR_POWER &&
                             is_negative_literal(expr->left);
        if (is_sign_loose) weft_buf_append_byte(out, '(');
        print_expr(out, expr->left, true);
        if (is_sign_loose) weft_buf_append_byte(out, ')');
        weft_buf_append_c(out, signs[expr->op]);
        print_expr(out, expr->right, true);
    } else if (expr->op == WEFT_EXPR_AND ||
               (expr->left->type == WEFT_TRACEQL_BOOL && expr->right->type == WEFT_TRACEQL_BOOL)) {
        print_chain(out, expr->op, expr);
    } else {
        print_expr(out, expr->left, expr->left->op >= WEFT_EXPR_AND);
        weft_buf_append_c(out, " || ");
        print_expr(out, expr->right, expr->right->op >= WEFT_EXPR_AND);
    }
}

static void print_expr(struct weft_buf *out, const struct weft_expr *expr, bool is_operand)
{
    if (expr->op == WEFT_EXPR_LITERAL) {
        weft_traceql_print_literal(out, &expr->literal);
    } else if (expr->op == WEFT_EXPR_ATTRIBUTE) {
        weft_traceql_print_attribute(out, &expr->attribute);
    } else {
        if (is_operand) weft_buf_append_byte(out, '(');
        if (expr->op == WEFT_EXPR_NOT || expr->op == WEFT_EXPR_NEGATE) {
            weft_buf_append_byte(out, expr->op == WEFT_EXPR_NOT ? '!' : '-');
            print_expr(out, expr->left, true);
        } else {
            print_binary(out, expr);
        }
        if (is_operand) weft_buf_append_byte(out, ')');
    }
}

void weft_traceql_print_expr(struct weft_buf *out, const struct weft_expr *expr)
{
    print_expr(out, expr, false);
}
