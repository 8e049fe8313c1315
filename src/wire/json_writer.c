/* json_writer.c -- JSON straight into a buffer. */
#include "wire/json.h"
#include "wire/scan.h"
#include "wire/text.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>

static void comma(struct weft_json_writer *w)
{
    if (w->needs_comma) weft_buf_append_byte(w->out, ',');
    w->needs_comma = true;
}

void weft_json_object_start(struct weft_json_writer *w)
{
    comma(w);
    weft_buf_append_byte(w->out, '{');
    w->needs_comma = false;
}

void weft_json_object_end(struct weft_json_writer *w)
{
    weft_buf_append_byte(w->out, '}');
    w->needs_comma = true;
}

void weft_json_array_start(struct weft_json_writer *w)
{
    comma(w);
    weft_buf_append_byte(w->out, '[');
    w->needs_comma = false;
}

void weft_json_array_end(struct weft_json_writer *w)
{
    weft_buf_append_byte(w->out, ']');
    w->needs_comma = true;
}

static void escape_append(struct weft_buf *out, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_forms[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
    };
    char short_form = c < 0x20 ? short_forms[c] : (char)c;
    if (short_form != 0) {
        weft_buf_append(out, (char[]){ '\\', short_form }, 2);
    } else {
        weft_buf_append(out, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
    }
}

static void quoted_append(struct weft_buf *out, struct weft_str s)
{
    weft_buf_reserve(out, s.len + 2);
    weft_buf_append_byte(out, '"');
    size_t at = 0, plain_from = 0;
    while (at < s.len) {
        at += weft_scan_json_plain(s.ptr + at, s.len - at);
        if (at == s.len) break;
        uint8_t c = (uint8_t)s.ptr[at];
        if (c < 0x80) {
            weft_buf_append(out, s.ptr + plain_from, at - plain_from);
            escape_append(out, c);
            plain_from = ++at;
            continue;
        }
        size_t run = 1;
        while (at + run < s.len && (uint8_t)s.ptr[at + run] >= 0x80) run++;
        struct weft_str foreign = { s.ptr + at, run };
        if (!weft_utf8_is_valid(foreign)) {
            weft_buf_append(out, s.ptr + plain_from, at - plain_from);
            weft_utf8_append_repaired(out, foreign);
            plain_from = at + run;
        }
        at += run;
    }
    if (plain_from < s.len) weft_buf_append(out, s.ptr + plain_from, s.len - plain_from);
    weft_buf_append_byte(out, '"');
}

void weft_json_key_str(struct weft_json_writer *w, struct weft_str key)
{
    comma(w);
    quoted_append(w->out, key);
    weft_buf_append_byte(w->out, ':');
    w->needs_comma = false;
}

void weft_json_key(struct weft_json_writer *w, const char *key)
{
    weft_json_key_str(w, weft_str_from_c(key));
}

void weft_json_string(struct weft_json_writer *w, struct weft_str s)
{
    comma(w);
    quoted_append(w->out, s);
}

void weft_json_c(struct weft_json_writer *w, const char *s)
{
    weft_json_string(w, weft_str_from_c(s));
}

static void digits_append(struct weft_buf *out, uint64_t v, bool is_negative)
{
    char text[21];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    if (is_negative) text[--at] = '-';
    weft_buf_append(out, text + at, sizeof text - at);
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

void weft_json_u64(struct weft_json_writer *w, uint64_t v)
{
    comma(w);
    digits_append(w->out, v, false);
}

void weft_json_i64(struct weft_json_writer *w, int64_t v)
{
    comma(w);
    digits_append(w->out, magnitude(v), v < 0);
}

void weft_json_u64_string(struct weft_json_writer *w, uint64_t v)
{
    comma(w);
    weft_buf_append_byte(w->out, '"');
    digits_append(w->out, v, false);
    weft_buf_append_byte(w->out, '"');
}

void weft_json_i64_string(struct weft_json_writer *w, int64_t v)
{
    comma(w);
    weft_buf_append_byte(w->out, '"');
    digits_append(w->out, magnitude(v), v < 0);
    weft_buf_append_byte(w->out, '"');
}

static void double_append(struct weft_buf *out, double v)
{
    /* Whole numbers are the usual case and need no search. -0 does: it must keep its sign. */
    if (v == trunc(v) && fabs(v) < 9007199254740992.0 && !(v == 0 && signbit(v))) {
        digits_append(out, magnitude((int64_t)v), v < 0);
        return;
    }
    if (v == 0) { /* many readers take "-0" for a whole number, which has no sign */
        weft_buf_append_c(out, "-0.0");
        return;
    }
    char text[32];
    /* Fifteen digits always survive a normal double, so the shortest has at most two more; %g drops
     * zeros at the end, so it is
     * not longer than it must be. Subnormals have fewer digits to give. */
    for (int precision = fabs(v) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, v);
        if (strtod(text, NULL) == v) break;
    }
    weft_buf_append_c(out, text);
}

void weft_json_double(struct weft_json_writer *w, double v)
{
    comma(w);
    if (isnan(v)) {
        weft_buf_append_c(w->out, "\"NaN\"");
    } else if (isinf(v)) {
        weft_buf_append_c(w->out, v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    } else {
        double_append(w->out, v);
    }
}

void weft_json_bool(struct weft_json_writer *w, bool v)
{
    comma(w);
    weft_buf_append_c(w->out, v ? "true" : "false");
}

void weft_json_null(struct weft_json_writer *w)
{
    comma(w);
    weft_buf_append_c(w->out, "null");
}

void weft_json_raw(struct weft_json_writer *w, struct weft_str json)
{
    comma(w);
    weft_buf_append_str(w->out, json);
}
