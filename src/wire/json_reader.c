/* json_reader.c -- JSON as tokens.
 *
 * Each open container has one state on the stack, saying what may come next in it:
 *
 *      object   FIRST --key--> VALUE --value--> NEXT --','--> KEY --key--> VALUE ...     '}' in
 *      FIRST and NEXT
 *      array    FIRST --value--> NEXT --','--> VALUE --value--> NEXT ...                 ']' in
 *      FIRST and NEXT
 */
#include "wire/json.h"
#include "wire/scan.h"
#include "wire/text.h"

enum state {
    OBJECT_FIRST,
    OBJECT_KEY,
    OBJECT_VALUE,
    OBJECT_NEXT,
    ARRAY_FIRST,
    ARRAY_VALUE,
    ARRAY_NEXT
};

void weft_json_reader_init(struct weft_json_reader *r, struct weft_str input,
                           struct weft_arena *arena)
{
    r->input = input;
    r->at = 0;
    r->arena = arena;
    r->text = (struct weft_str){ NULL, 0 };
    r->depth = 0;
    r->mended_strings = 0;
    r->has_root = false;
    r->expected = NULL;
}

static enum weft_json_token fail(struct weft_json_reader *r, const char *expected)
{
    if (r->expected == NULL) r->expected = expected;
    return WEFT_JSON_ERROR;
}

static void space_skip(struct weft_json_reader *r)
{
    const char *p = r->input.ptr;
    size_t at = r->at;
    while (at < r->input.len && (p[at] == ' ' || p[at] == '\n' || p[at] == '\r' || p[at] == '\t'))
        at++;
    r->at = at;
}

/* The next byte, or -1 at the end. */
static int peek(const struct weft_json_reader *r)
{
    return r->at < r->input.len ? (uint8_t)r->input.ptr[r->at] : -1;
}

/* Four hex digits at `at`, or -1. */
static int32_t hex4(const struct weft_json_reader *r, size_t at)
{
    if (r->input.len < 4 || at > r->input.len - 4) return -1;
    int32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = weft_hex_digit(r->input.ptr[at + i]);
        if (digit < 0) return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* The escape behind a backslash; r->at stands on the 'u'. Returns bytes written (at most 4), 0 on
 * an error. */
static size_t unicode_escape(struct weft_json_reader *r, char *out, bool *is_mended)
{
    int32_t unit = hex4(r, r->at + 1);
    if (unit < 0) {
        fail(r, "four hex digits after \\u");
        return 0;
    }
    r->at += 5;
    uint32_t code_point = (uint32_t)unit;
    if (unit >= 0xd800 && unit <= 0xdfff) {
        int32_t low = -1;
        if (unit <= 0xdbff && r->input.len - r->at >= 2 && r->input.ptr[r->at] == '\\' &&
            r->input.ptr[r->at + 1] == 'u') {
            low = hex4(r, r->at + 2);
        }
        if (low >= 0xdc00 && low <= 0xdfff) {
            code_point = 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
            r->at += 6;
        } else {
            code_point = 0xfffd;
            *is_mended = true;
        }
    }
    return weft_utf8_encode(out, code_point);
}

static size_t escape_read(struct weft_json_reader *r, char *out, bool *is_mended)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int c = peek(r);
    if (c == 'u') return unicode_escape(r, out, is_mended);
    const char *found = c > 0 ? strchr(from, c) : NULL;
    if (found == NULL) {
        fail(r, "one of \" \\ / b f n r t u after a backslash");
        return 0;
    }
    r->at++;
    *out = to[found - from];
    return 1;
}

/* A string with escapes: decoded into the arena. `start` is behind the quote, r->at on the first
 * backslash. */
static bool string_slow(struct weft_json_reader *r, size_t start, bool *is_mended)
{
    /* Decoding never makes a string longer, so its end (the next bare quote) bounds the memory. */
    size_t end = r->at;
    while (end < r->input.len && r->input.ptr[end] != '"') end += r->input.ptr[end] == '\\' ? 2 : 1;
    if (end >= r->input.len) {
        r->at = r->input.len;
        fail(r, "a closing quote");
        return false;
    }
    char *out = weft_arena_alloc(r->arena, end - start + 1);
    size_t len = r->at - start;
    memcpy(out, r->input.ptr + start, len);
    while (r->at < end) {
        char c = r->input.ptr[r->at];
        if (c == '\\') {
            r->at++;
            size_t count = escape_read(r, out + len, is_mended);
            if (count == 0) return false;
            len += count;
        } else if ((uint8_t)c < 0x20) {
            fail(r, "control characters in strings as escapes");
            return false;
        } else {
            size_t run = weft_scan_json_plain(r->input.ptr + r->at, end - r->at);
            if (run == 0) run = 1; /* a byte above 0x7f */
            memcpy(out + len, r->input.ptr + r->at, run);
            len += run;
            r->at += run;
        }
    }
    r->text = (struct weft_str){ out, len };
    return true;
}

/* r->at stands on the opening quote. */
static bool string_read(struct weft_json_reader *r)
{
    size_t start = ++r->at;
    bool is_ascii = true, is_mended = false;
    for (;;) {
        r->at += weft_scan_json_plain(r->input.ptr + r->at, r->input.len - r->at);
        int c = peek(r);
        if (c >= 0x80) {
            is_ascii = false;
            r->at++;
            continue;
        }
        if (c == '"') {
            r->text = (struct weft_str){ r->input.ptr + start, r->at - start };
        } else if (c == '\\') {
            if (!string_slow(r, start, &is_mended)) return false;
            is_ascii = weft_is_ascii(r->text.ptr, r->text.len);
        } else {
            fail(r, c < 0 ? "a closing quote" : "control characters in strings as escapes");
            return false;
        }
        break;
    }
    r->at++;
    if (!is_ascii && !weft_utf8_is_valid(r->text)) {
        r->text = weft_utf8_repair(r->text, r->arena);
        is_mended = true;
    }
    r->mended_strings += is_mended;
    return true;
}

static size_t digits_skip(struct weft_json_reader *r)
{
    size_t start = r->at;
    while (r->at < r->input.len && r->input.ptr[r->at] >= '0' && r->input.ptr[r->at] <= '9')
        r->at++;
    return r->at - start;
}

static enum weft_json_token number_read(struct weft_json_reader *r)
{
    size_t start = r->at;
    if (peek(r) == '-') r->at++;
    if (peek(r) == '0') {
        r->at++;
    } else if (digits_skip(r) == 0) {
        return fail(r, "a digit");
    }
    if (peek(r) == '.') {
        r->at++;
        if (digits_skip(r) == 0) return fail(r, "a digit after the decimal point");
    }
    if (peek(r) == 'e' || peek(r) == 'E') {
        r->at++;
        if (peek(r) == '+' || peek(r) == '-') r->at++;
        if (digits_skip(r) == 0) return fail(r, "a digit in the exponent");
    }
    r->text = (struct weft_str){ r->input.ptr + start, r->at - start };
    return WEFT_JSON_NUMBER;
}

static enum weft_json_token literal_read(struct weft_json_reader *r, struct weft_str word,
                                         enum weft_json_token token)
{
    if (!weft_str_starts_with(weft_str_tail(r->input, r->at), word)) return fail(r, "a value");
    r->at += word.len;
    return token;
}

static enum weft_json_token container_open(struct weft_json_reader *r, enum state state,
                                           enum weft_json_token token)
{
    if (r->depth == WEFT_JSON_DEPTH_MAX) return fail(r, "at most 128 brackets inside each other");
    r->at++;
    r->stack[r->depth++] = (uint8_t)state;
    return token;
}

static enum weft_json_token value_read(struct weft_json_reader *r)
{
    int c = peek(r);
    switch (c) {
    case '"': return string_read(r) ? WEFT_JSON_STRING : WEFT_JSON_ERROR;
    case '{': return container_open(r, OBJECT_FIRST, WEFT_JSON_OBJECT_START);
    case '[': return container_open(r, ARRAY_FIRST, WEFT_JSON_ARRAY_START);
    case 't': return literal_read(r, WEFT_S("true"), WEFT_JSON_TRUE);
    case 'f': return literal_read(r, WEFT_S("false"), WEFT_JSON_FALSE);
    case 'n': return literal_read(r, WEFT_S("null"), WEFT_JSON_NULL);
    default:
        if (c == '-' || (c >= '0' && c <= '9')) return number_read(r);
        return fail(r, "a value");
    }
}

static enum weft_json_token key_read(struct weft_json_reader *r, uint8_t *state,
                                     const char *expected)
{
    if (peek(r) != '"') return fail(r, expected);
    if (!string_read(r)) return WEFT_JSON_ERROR;
    space_skip(r);
    if (peek(r) != ':') return fail(r, "':' after the key");
    r->at++;
    *state = OBJECT_VALUE;
    return WEFT_JSON_KEY;
}

static enum weft_json_token container_close(struct weft_json_reader *r, enum weft_json_token token)
{
    r->at++;
    r->depth--;
    return token;
}

static enum weft_json_token in_object(struct weft_json_reader *r, uint8_t *state)
{
    if (*state == OBJECT_VALUE) {
        *state = OBJECT_NEXT;
        return value_read(r);
    }
    int c = peek(r);
    if (c == '}' && *state != OBJECT_KEY) return container_close(r, WEFT_JSON_OBJECT_END);
    if (*state == OBJECT_NEXT) {
        if (c != ',') return fail(r, "',' or '}'");
        r->at++;
        space_skip(r);
        *state = OBJECT_KEY;
        return key_read(r, state, "a key in quotes");
    }
    return key_read(r, state, "a key in quotes, or '}'");
}

static enum weft_json_token in_array(struct weft_json_reader *r, uint8_t *state)
{
    int c = peek(r);
    if (c == ']') return container_close(r, WEFT_JSON_ARRAY_END);
    if (*state == ARRAY_NEXT) {
        if (c != ',') return fail(r, "',' or ']'");
        r->at++;
        space_skip(r);
    }
    *state = ARRAY_NEXT;
    return value_read(r);
}

enum weft_json_token weft_json_next(struct weft_json_reader *r)
{
    if (r->expected != NULL) return WEFT_JSON_ERROR;
    space_skip(r);
    if (r->depth > 0) {
        uint8_t *state = &r->stack[r->depth - 1];
        return *state >= ARRAY_FIRST ? in_array(r, state) : in_object(r, state);
    }
    if (!r->has_root) {
        r->has_root = true;
        return value_read(r);
    }
    if (r->at < r->input.len) return fail(r, "the end of the text");
    return WEFT_JSON_END;
}

bool weft_json_skip(struct weft_json_reader *r, enum weft_json_token token)
{
    if (token == WEFT_JSON_KEY) token = weft_json_next(r);
    if (token == WEFT_JSON_ERROR) return false;
    if (token != WEFT_JSON_OBJECT_START && token != WEFT_JSON_ARRAY_START) return true;
    uint32_t outside = r->depth - 1;
    while (r->depth > outside) {
        if (weft_json_next(r) == WEFT_JSON_ERROR) return false;
    }
    return true;
}

int weft_json_fail(const struct weft_json_reader *r, struct weft_err *err)
{
    size_t line = 1, line_start = 0;
    for (size_t i = 0; i < r->at && i < r->input.len; i++) {
        if (r->input.ptr[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    char found[24];
    int c = peek(r);
    if (c < 0) {
        snprintf(found, sizeof found, "the end");
    } else if (c > 0x20 && c < 0x7f) {
        snprintf(found, sizeof found, "'%c'", c);
    } else {
        snprintf(found, sizeof found, "byte 0x%02x", (unsigned)c);
    }
    return weft_fail(err, WEFT_INVALID, "JSON line %zu, column %zu: found %s, expected %s", line,
                     r->at - line_start + 1, found,
                     r->expected != NULL ? r->expected : "something else");
}
