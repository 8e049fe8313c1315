/* zipkin_value.c -- attribute values as text, events as annotations and back (zipkin_internal.h). */
#include "model/otlp_internal.h"
#include "model/zipkin_internal.h"
#include "wire/json.h"
#include "wire/protobuf.h"
#include "wire/text.h"
#include <math.h>

/* ---- values to text ---- */

/* The shortest digits that read back, with a point or an exponent: a double never looks like an int. "0.0001", "1e-05", "42.0", "1e+16". */
static size_t double_text(char out[static 32], double v)
{
    int precision = 1;
    if (isnan(v)) return (size_t)snprintf(out, 32, "NaN");
    if (isinf(v)) return (size_t)snprintf(out, 32, "%sInfinity", v < 0 ? "-" : "");
    do snprintf(out, 32, "%.*e", precision - 1, v);
    while (strtod(out, NULL) != v && ++precision <= 17);
    int64_t exponent = 0;
    const char *sign = strchr(out, 'e') + 1;
    weft_str_to_i64(weft_str_from_c(sign[0] == '+' ? sign + 1 : sign), &exponent);
    if (exponent < -4 || exponent >= 16) return strlen(out);
    int decimals = precision - 1 - (int)exponent;
    return (size_t)snprintf(out, 32, "%.*f", decimals > 0 ? decimals : 1, v);
}

static void put_plain(struct weft_json_writer *w, const struct weft_value *value);

static void put_double(struct weft_json_writer *w, double v)
{
    char text[32];
    if (isfinite(v))
        weft_json_raw(w, weft_str_make(text, double_text(text, v)));
    else
        weft_json_double(w, v);
}

static void put_elements(struct weft_json_writer *w, struct weft_str encoded, bool is_kvlist)
{
    struct weft_value element;
    struct weft_str key;
    size_t at = 0;
    while (weft_value_next(encoded, &at, &key, &element, is_kvlist)) {
        if (is_kvlist) weft_json_key_str(w, key);
        put_plain(w, &element);
    }
}

static void put_base64(struct weft_json_writer *w, struct weft_str bytes)
{
    struct weft_buf text = { 0 };
    weft_base64_encode(&text, WEFT_BASE64_STANDARD, bytes);
    weft_json_string(w, weft_buf_str(&text));
    weft_buf_release(&text);
}

static void put_plain(struct weft_json_writer *w, const struct weft_value *value)
{
    switch ((enum weft_value_type)value->type) {
    case WEFT_VALUE_EMPTY: weft_json_null(w); break;
    case WEFT_VALUE_STRING: weft_json_string(w, value->bytes); break;
    case WEFT_VALUE_BOOL: weft_json_bool(w, value->bool_value); break;
    case WEFT_VALUE_INT: weft_json_i64(w, value->int_value); break;
    case WEFT_VALUE_DOUBLE: put_double(w, value->double_value); break;
    case WEFT_VALUE_BYTES: put_base64(w, value->bytes); break;
    case WEFT_VALUE_ARRAY:
        weft_json_array_start(w);
        put_elements(w, value->bytes, false);
        weft_json_array_end(w);
        break;
    case WEFT_VALUE_KVLIST:
        weft_json_object_start(w);
        put_elements(w, value->bytes, true);
        weft_json_object_end(w);
        break;
    }
}

struct weft_str weft_zipkin_value_text(const struct weft_attribute *a, struct weft_arena *arena)
{
    struct weft_value value = weft_attribute_value(a);
    return weft_zipkin_plain_text(&value, arena);
}

struct weft_str weft_zipkin_plain_text(const struct weft_value *value, struct weft_arena *arena)
{
    struct weft_buf text = { 0 };
    struct weft_json_writer w = { .out = &text };
    char number[32];
    switch ((enum weft_value_type)value->type) {
    case WEFT_VALUE_EMPTY: return WEFT_S("");
    case WEFT_VALUE_STRING: return value->bytes;
    case WEFT_VALUE_BOOL: return value->bool_value ? WEFT_S("true") : WEFT_S("false");
    case WEFT_VALUE_DOUBLE:
        return weft_arena_copy(arena,
                               weft_str_make(number, double_text(number, value->double_value)));
    case WEFT_VALUE_BYTES: weft_base64_encode(&text, WEFT_BASE64_STANDARD, value->bytes); break;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST: put_plain(&w, value); break;
    }
    struct weft_str made = weft_arena_copy(arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return made;
}

/* ---- events ---- */

static void put_event(struct weft_buf *out, const struct weft_event *event)
{
    struct weft_json_writer w = { .out = out };
    weft_json_string(&w, event->name);
    weft_buf_append_byte(out, ':');
    w.needs_comma = false;
    weft_json_object_start(&w);
    for (uint32_t i = 0; i < event->attributes.count; i++) {
        struct weft_value value = weft_attribute_value(&event->attributes.items[i]);
        weft_json_key_str(&w, weft_attribute_key(&event->attributes.items[i]));
        put_plain(&w, &value);
    }
    weft_json_object_end(&w);
}

struct weft_str weft_zipkin_event_text(const struct weft_event *event, struct weft_arena *arena)
{
    struct weft_buf text = { 0 };
    if (event->attributes.count == 0) return event->name;
    put_event(&text, event);
    struct weft_str made = weft_arena_copy(arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return made;
}

/* ---- and back ---- */

static bool value_read(struct weft_json_reader *r, enum weft_json_token token, unsigned depth,
                       struct weft_value *out);

static bool number_read(struct weft_str text, struct weft_value *out)
{
    if (weft_str_to_i64(text, &out->int_value)) {
        out->type = WEFT_VALUE_INT;
        return true;
    }
    out->type = WEFT_VALUE_DOUBLE;
    return weft_str_to_double(text, &out->double_value);
}

/* The rest of an array or object, as the bytes of an ArrayValue or KeyValueList. */
static bool nested_read(struct weft_json_reader *r, bool is_object, unsigned depth,
                        struct weft_value *out)
{
    struct weft_buf encoded = { 0 };
    struct weft_attributes one = { .count = 1 };
    enum weft_json_token token, end = is_object ? WEFT_JSON_OBJECT_END : WEFT_JSON_ARRAY_END;
    bool is_fine = depth < WEFT_OTLP_DEPTH_MAX;
    while (is_fine && (token = weft_json_next(r)) != end) {
        struct weft_str key = r->text;
        struct weft_attribute a;
        struct weft_value element;
        if (is_object) is_fine = token == WEFT_JSON_KEY;
        if (is_object && is_fine) token = weft_json_next(r);
        is_fine = is_fine && value_read(r, token, depth + 1, &element);
        if (!is_fine) break;
        weft_otlp_attribute_set(&a, key, &element);
        one.items = &a;
        if (is_object) {
            weft_otlp_put_attributes(&encoded, 1, one);
        } else {
            size_t mark = weft_pb_open(&encoded, 1);
            weft_otlp_put_value(&encoded, &element);
            weft_pb_close(&encoded, mark);
        }
    }
    out->type = is_object ? WEFT_VALUE_KVLIST : WEFT_VALUE_ARRAY;
    if (is_fine) out->bytes = weft_arena_copy(r->arena, weft_buf_str(&encoded));
    weft_buf_release(&encoded);
    return is_fine;
}

static bool value_read(struct weft_json_reader *r, enum weft_json_token token, unsigned depth,
                       struct weft_value *out)
{
    memset(out, 0, sizeof *out);
    switch (token) {
    case WEFT_JSON_NULL: return true;
    case WEFT_JSON_TRUE:
    case WEFT_JSON_FALSE:
        out->type = WEFT_VALUE_BOOL;
        out->bool_value = token == WEFT_JSON_TRUE;
        return true;
    case WEFT_JSON_NUMBER: return number_read(r->text, out);
    case WEFT_JSON_STRING:
        out->type = WEFT_VALUE_STRING;
        out->bytes = r->text;
        return true;
    case WEFT_JSON_ARRAY_START: return nested_read(r, false, depth, out);
    case WEFT_JSON_OBJECT_START: return nested_read(r, true, depth, out);
    case WEFT_JSON_ERROR:
    case WEFT_JSON_END:
    case WEFT_JSON_OBJECT_END:
    case WEFT_JSON_ARRAY_END:
    case WEFT_JSON_KEY: break;
    }
    return false;
}

static bool attributes_read(struct weft_json_reader *r, struct weft_attributes *out)
{
    struct weft_otlp_run run = { 0 };
    enum weft_json_token token;
    while ((token = weft_json_next(r)) == WEFT_JSON_KEY) {
        struct weft_str key = r->text;
        struct weft_value value;
        if (key.len > WEFT_OTLP_KEY_BYTES_MAX || !value_read(r, weft_json_next(r), 1, &value))
            return false;
        weft_otlp_attribute_set(weft_otlp_run_next(&run, r->arena), key, &value);
        run.count++;
    }
    *out = (struct weft_attributes){ run.items, run.count, 0 };
    return token == WEFT_JSON_OBJECT_END;
}

/* Do they give the text again? Then nothing is lost by keeping them instead of it. */
static bool is_text_of(const struct weft_event *event, struct weft_str text)
{
    struct weft_buf made = { 0 }, spaced = { 0 };
    put_event(&made, event);
    struct weft_json_writer w = { .out = &spaced };
    weft_json_string(&w, event->name);
    size_t name_bytes = spaced.len;
    weft_buf_append_c(&spaced, ": ");
    weft_buf_append_str(&spaced, weft_str_tail(weft_buf_str(&made), name_bytes + 1));
    bool is_same =
        weft_str_equal(weft_buf_str(&made), text) || weft_str_equal(weft_buf_str(&spaced), text);
    weft_buf_release(&made);
    weft_buf_release(&spaced);
    return is_same;
}

bool weft_zipkin_event_parse(struct weft_str text, struct weft_event *event,
                             struct weft_arena *arena)
{
    struct weft_json_reader r;
    if (text.len < 5 || text.ptr[0] != '"' || text.ptr[text.len - 1] != '}') return false;
    struct weft_arena_mark mark = weft_arena_mark(arena);
    struct weft_event parsed = { .time_unix_nano = event->time_unix_nano };
    /* "name":{...} is a member of an object. */
    weft_json_reader_init(&r, weft_arena_printf(arena, "{%.*s}", WEFT_S_ARG(text)), arena);
    bool is_fine =
        weft_json_next(&r) == WEFT_JSON_OBJECT_START && weft_json_next(&r) == WEFT_JSON_KEY;
    if (is_fine) {
        parsed.name = r.text;
        is_fine = weft_json_next(&r) == WEFT_JSON_OBJECT_START &&
                  attributes_read(&r, &parsed.attributes) &&
                  weft_json_next(&r) == WEFT_JSON_OBJECT_END &&
                  weft_json_next(&r) == WEFT_JSON_END && parsed.attributes.count > 0 &&
                  is_text_of(&parsed, text);
    }
    if (is_fine)
        *event = parsed;
    else
        weft_arena_rewind(arena, mark);
    return is_fine;
}
