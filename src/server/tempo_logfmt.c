/* tempo_logfmt.c -- tags in logfmt, `key=value key2="two words"`, as the TraceQL query that means the same (Q8.4.8).
 *
 *      service.name=shop   { span."service.name" =~ ".*shop.*" || resource."service.name" =~ ".*shop.*" }
 *      http.status=503     { span."http.status" = 503 || resource."http.status" = 503 }
 *      status.code=error   { status = error }
 *
 * A value that reads as a number is compared with numbers alone, another one is contained in the text. All pairs must hold, on any
 * spans of the trace: filters joined by &&.
 */
#include "server/tempo.h"
#include "wire/text.h"

#define PAIRS_MAX 64
#define NUMBER_BYTES_MAX 32

struct pair {
    struct weft_str key, value; /* the value unescaped */
};

/* ---- reading ---- */

struct reader {
    struct weft_str text;
    size_t at;
    struct weft_buf value;
};

static bool is_space(char c)
{
    return (unsigned char)c <= ' ';
}

static int fail_at(const struct reader *r, struct weft_err *err, const char *expected)
{
    if (r->at >= r->text.len)
        return weft_fail(err, WEFT_INVALID, "found the end, expected %s", expected);
    return weft_fail(err, WEFT_INVALID, "found '%c' at character %zu, expected %s",
                     r->text.ptr[r->at], r->at + 1, expected);
}

static int key_read(struct reader *r, struct weft_str *key, struct weft_err *err)
{
    size_t from = r->at;
    while (r->at < r->text.len && !is_space(r->text.ptr[r->at]) && r->text.ptr[r->at] != '=') {
        if (r->text.ptr[r->at] == '"') return fail_at(r, err, "a key without quotes");
        r->at++;
    }
    *key = weft_str_make(r->text.ptr + from, r->at - from);
    return key->len > 0 ? WEFT_OK : fail_at(r, err, "a key");
}

/* The character behind a backslash. */
static int escape_read(struct reader *r, struct weft_err *err)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char c = r->at < r->text.len ? r->text.ptr[r->at] : '\0';
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    if (c == 'u') {
        uint32_t code = 0;
        char utf8[4];
        for (int i = 1; i <= 4; i++) {
            int digit = r->at + i < r->text.len ? weft_hex_digit(r->text.ptr[r->at + i]) : -1;
            if (digit < 0) return fail_at(r, err, "four hex digits behind \\u");
            code = code * 16 + (uint32_t)digit;
        }
        if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
        weft_buf_append(&r->value, utf8, weft_utf8_encode(utf8, code));
        r->at += 5;
        return WEFT_OK;
    }
    if (name == NULL) return fail_at(r, err, "one of \" \\ / b f n r t u behind a backslash");
    weft_buf_append_byte(&r->value, meanings[name - names]);
    r->at++;
    return WEFT_OK;
}

static int quoted_read(struct reader *r, struct weft_err *err)
{
    for (r->at++;;) {
        if (r->at >= r->text.len) return fail_at(r, err, "a closing quote");
        char c = r->text.ptr[r->at++];
        if (c == '"') break;
        if (c != '\\') {
            weft_buf_append_byte(&r->value, c);
            continue;
        }
        int rc = escape_read(r, err);
        if (rc < 0) return rc;
    }
    if (r->at < r->text.len && !is_space(r->text.ptr[r->at]))
        return fail_at(r, err, "a space behind the closing quote");
    return WEFT_OK;
}

static int value_read(struct reader *r, struct weft_err *err)
{
    if (r->at < r->text.len && r->text.ptr[r->at] == '"') return quoted_read(r, err);
    for (; r->at < r->text.len && !is_space(r->text.ptr[r->at]); r->at++) {
        char c = r->text.ptr[r->at];
        if (c == '"' || c == '=') return fail_at(r, err, "a value in quotes, or without quotes");
        weft_buf_append_byte(&r->value, c);
    }
    return WEFT_OK;
}

static int pair_read(struct reader *r, struct pair *pair, struct weft_err *err)
{
    int rc = key_read(r, &pair->key, err);
    weft_buf_reset(&r->value);
    if (rc == WEFT_OK && r->at < r->text.len && r->text.ptr[r->at] == '=') {
        r->at++;
        rc = value_read(r, err);
    }
    pair->value = weft_buf_str(&r->value);
    return rc;
}

/* ---- writing ---- */

/* Text inside "...", of a name or a string. */
static void put_escaped(struct weft_buf *out, struct weft_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') weft_buf_append_byte(out, '\\');
        weft_buf_append_byte(out, text.ptr[i]);
    }
}

/* =~ ".*text.*", where every character of the text stands for itself. */
static void put_contains(struct weft_buf *out, struct weft_str text)
{
    weft_buf_append_c(out, " =~ \".*");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < ' ')
            weft_buf_printf(out, "\\x%02x", c);
        else if (strchr("\\.+*?()|[]{}^$\"", c) != NULL)
            weft_buf_printf(out, "%s%c", c == '"' ? "\\" : c == '\\' ? "\\\\\\" : "\\\\", c);
        else
            weft_buf_append_byte(out, (char)c);
    }
    weft_buf_append_c(out, ".*\"");
}

/* A number as TraceQL writes them; what is beyond 64 bits is text. */
static bool is_number(struct weft_str text)
{
    int64_t whole;
    double number;
    if (text.len == 0 || text.len > NUMBER_BYTES_MAX) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\0' || strchr("0123456789.-", text.ptr[i]) == NULL) return false;
    if (weft_str_find(text, '.') < 0) return weft_str_to_i64(text, &whole) && whole != INT64_MIN;
    return weft_str_to_double(text, &number);
}

static void put_name(struct weft_buf *out, const char *scope, struct weft_str key)
{
    weft_buf_printf(out, "%s.\"", scope);
    put_escaped(out, key);
    weft_buf_append_c(out, "\"");
}

static void put_attribute(struct weft_buf *out, const char *scope, const struct pair *pair)
{
    put_name(out, scope, pair->key);
    if (is_number(pair->value)) {
        weft_buf_printf(out, " = %.*s", WEFT_S_ARG(pair->value));
        return;
    }
    put_contains(out, pair->value);
    if (!weft_str_equal_c(pair->value, "true") && !weft_str_equal_c(pair->value, "false")) return;
    weft_buf_append_c(out, " || ");
    put_name(out, scope, pair->key);
    weft_buf_printf(out, " = %.*s", WEFT_S_ARG(pair->value));
}

static void put_pair(struct weft_buf *out, const struct pair *pair)
{
    static const struct {
        const char *key, *intrinsic;
    } special[] = {
        { "name", "name" },
        { "root.name", "rootName" },
        { "root.service.name", "rootServiceName" },
    };
    uint8_t code;
    if (weft_str_equal_c(pair->key, "status.code")) {
        if (weft_status_code_parse(pair->value, &code))
            weft_buf_printf(out, "status = %s", weft_status_code_name(code));
        else
            weft_buf_append_c(out, "false");
        return;
    }
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (weft_str_equal_c(pair->key, special[i].key)) {
            weft_buf_append_c(out, special[i].intrinsic);
            put_contains(out, pair->value);
            return;
        }
    put_attribute(out, "span", pair);
    weft_buf_append_c(out, " || ");
    put_attribute(out, "resource", pair);
}

/* One pair off the reader; WEFT_NOT_FOUND when there is none left. */
static int pair_next(struct reader *r, struct pair *pair, struct weft_err *err)
{
    while (r->at < r->text.len && is_space(r->text.ptr[r->at])) r->at++;
    return r->at < r->text.len ? pair_read(r, pair, err) : WEFT_NOT_FOUND;
}

static int key_check(const struct weft_str *keys, uint32_t count, struct weft_str key,
                     struct weft_err *err)
{
    if (count == PAIRS_MAX)
        return weft_fail(err, WEFT_INVALID, "found more than %d tags", PAIRS_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (weft_str_equal(keys[i], key))
            return weft_fail(err, WEFT_INVALID, "tag %.*s has been set twice", WEFT_S_ARG(key));
    return WEFT_OK;
}

int weft_tempo_tags_to_query(struct weft_buf *out, struct weft_str tags, struct weft_err *err)
{
    struct reader r = { .text = tags };
    struct weft_str keys[PAIRS_MAX];
    struct pair pair;
    uint32_t count = 0;
    int rc;
    while ((rc = pair_next(&r, &pair, err)) == WEFT_OK) {
        if ((rc = key_check(keys, count, pair.key, err)) < 0) break;
        weft_buf_append_c(out, count > 0 ? " && { " : "{ ");
        put_pair(out, &pair);
        weft_buf_append_c(out, " }");
        keys[count++] = pair.key;
    }
    weft_buf_release(&r.value);
    return rc == WEFT_NOT_FOUND ? WEFT_OK : rc;
}
