/* otlp_json_value.c -- scalars, AnyValue and attributes of OTLP/JSON.
 *
 * Arrays and kvlists become the protobuf bytes that the rest of the program knows, written while
 * reading.
 * Spec  C3.6.2, C3.6.5 - C3.6.8
 */
#include "model/otlp_json_internal.h"

#include "wire/protobuf.h"
#include "wire/text.h"
#include <ctype.h>

#define IS(key, name) weft_str_equal(key, WEFT_S(name))

/* ---- Failing ---- */

bool weft_otlp_json_refuse(struct weft_otlp_json *d, int status, const char *field, const char *why)
{
    char place[96] = "";
    size_t len = 0;
    if (d->resource_number > 0)
        len += (size_t)snprintf(place, sizeof place, "resourceSpans[%u].", d->resource_number - 1);
    if (d->scope_number > 0) {
        len += (size_t)snprintf(place + len, sizeof place - len, "scopeSpans[%u].",
                                d->scope_number - 1);
    }
    if (d->span_number > 0)
        snprintf(place + len, sizeof place - len, "spans[%u].", d->span_number - 1);
    weft_fail(d->err, status, "%s%s: %s", place, field, why);
    d->is_failed = true;
    return false;
}

bool weft_otlp_json_broken(struct weft_otlp_json *d)
{
    weft_json_fail(&d->r, d->err);
    d->is_failed = true;
    return false;
}

bool weft_otlp_json_wrong(struct weft_otlp_json *d, const char *field, enum weft_json_token found,
                          const char *expected)
{
    static const char *const names[] = {
        "an error", "the end",  "an object", "}",    "an array", "]",
        "a key",    "a string", "a number",  "true", "false",    "null",
    };
    char why[96];
    if (found == WEFT_JSON_ERROR) return weft_otlp_json_broken(d);
    snprintf(why, sizeof why, "found %s, expected %s", names[found], expected);
    return weft_otlp_json_refuse(d, WEFT_INVALID, field, why);
}

bool weft_otlp_json_grown(struct weft_otlp_json *d, size_t more)
{
    const char *why;
    if (!weft_otlp_is_over_growth(&d->growth, more)) return false;
    int status = weft_otlp_growth_refusal(&d->growth, &why);
    weft_otlp_json_refuse(d, status, "request", why);
    return true;
}

/* ---- Walking ---- */

bool weft_otlp_json_member(struct weft_otlp_json *d, struct weft_str *key,
                           enum weft_json_token *token)
{
    if (d->is_failed) return false;
    do {
        enum weft_json_token t = weft_json_next(&d->r);
        if (t == WEFT_JSON_OBJECT_END) return false;
        if (t != WEFT_JSON_KEY) return weft_otlp_json_broken(d);
        *key = d->r.text;
        *token = weft_json_next(&d->r);
        if (*token == WEFT_JSON_ERROR) return weft_otlp_json_broken(d);
    } while (*token == WEFT_JSON_NULL);
    return true;
}

bool weft_otlp_json_element(struct weft_otlp_json *d, enum weft_json_token *token)
{
    if (d->is_failed) return false;
    do {
        *token = weft_json_next(&d->r);
        if (*token == WEFT_JSON_ARRAY_END) return false;
        if (*token == WEFT_JSON_ERROR) return weft_otlp_json_broken(d);
    } while (*token == WEFT_JSON_NULL);
    return true;
}

bool weft_otlp_json_skip(struct weft_otlp_json *d, enum weft_json_token token)
{
    return weft_json_skip(&d->r, token) || weft_otlp_json_broken(d);
}

/* ---- Scalars ---- */

bool weft_otlp_json_string(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                           struct weft_str *out)
{
    if (token != WEFT_JSON_STRING) return weft_otlp_json_wrong(d, field, token, "a string");
    *out = d->r.text;
    return true;
}

static bool is_numeric(enum weft_json_token token)
{
    return token == WEFT_JSON_NUMBER || token == WEFT_JSON_STRING;
}

/* 1e3 and 5.0 are whole numbers too, as proto3 JSON has it. */
static bool whole_double(struct weft_str text, double *out)
{
    return weft_str_to_double(text, out) && *out >= -0x1p63 && *out < 0x1p64 &&
           *out == __builtin_trunc(*out);
}

bool weft_otlp_json_u64(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                        uint64_t *out)
{
    double whole;
    if (is_numeric(token)) {
        if (weft_str_to_u64(d->r.text, out)) return true;
        if (whole_double(d->r.text, &whole) && whole >= 0) {
            *out = (uint64_t)whole;
            return true;
        }
    }
    return weft_otlp_json_wrong(d, field, token,
                                "a whole number from 0 to 2^64-1, or its digits in a string");
}

bool weft_otlp_json_u32(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                        uint32_t *out)
{
    uint64_t wide;
    if (!weft_otlp_json_u64(d, token, field, &wide)) return false;
    if (wide > UINT32_MAX) return weft_otlp_json_wrong(d, field, token, "a number below 2^32");
    *out = (uint32_t)wide;
    return true;
}

static bool i64_read(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                     int64_t *out)
{
    double whole;
    if (is_numeric(token)) {
        if (weft_str_to_i64(d->r.text, out)) return true;
        if (whole_double(d->r.text, &whole) && whole < 0x1p63) {
            *out = (int64_t)whole;
            return true;
        }
    }
    return weft_otlp_json_wrong(d, field, token,
                                "a whole number of 64 bits, or its digits in a string");
}

static bool double_read(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                        double *out)
{
    if (token == WEFT_JSON_STRING) {
        if (IS(d->r.text, "NaN")) return *out = __builtin_nan(""), true;
        if (IS(d->r.text, "Infinity")) return *out = __builtin_inf(), true;
        if (IS(d->r.text, "-Infinity")) return *out = -__builtin_inf(), true;
    }
    if (is_numeric(token) && weft_str_to_double(d->r.text, out)) return true;
    return weft_otlp_json_wrong(d, field, token,
                                "a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
}

static bool bytes_read(struct weft_otlp_json *d, enum weft_json_token token, struct weft_str *out)
{
    if (token != WEFT_JSON_STRING)
        return weft_otlp_json_wrong(d, "bytesValue", token, "base64 in a string");
    size_t len = 0;
    char *bytes = weft_arena_alloc(d->arena, weft_base64_decoded_max(d->r.text) + 1);
    if (!weft_base64_decode_into(bytes, &len, WEFT_BASE64_ANY, d->r.text)) {
        return weft_otlp_json_refuse(d, WEFT_INVALID, "bytesValue", "not base64");
    }
    *out = weft_str_make(bytes, len);
    return true;
}

static bool enum_name(struct weft_str text, struct weft_str prefix,
                      bool (*parse)(struct weft_str, uint8_t *), uint8_t *out)
{
    char lower[32];
    if (!weft_str_starts_with(text, prefix)) return false;
    text = weft_str_tail(text, prefix.len);
    if (text.len > sizeof lower) return false;
    for (size_t i = 0; i < text.len; i++) lower[i] = (char)tolower((unsigned char)text.ptr[i]);
    return parse(weft_str_make(lower, text.len), out);
}

bool weft_otlp_json_enum(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                         struct weft_str prefix, bool (*parse)(struct weft_str name, uint8_t *out),
                         uint8_t count, uint8_t *out)
{
    double number;
    *out = 0;
    if (!is_numeric(token))
        return weft_otlp_json_wrong(d, field, token, "the number of an enum value");
    if (token == WEFT_JSON_STRING) d->result->mended_fields++;
    if (weft_str_to_double(d->r.text, &number)) {
        bool is_known = number >= 0 && number < count && number == __builtin_trunc(number);
        if (is_known) *out = (uint8_t)number;
        if (!is_known && token == WEFT_JSON_NUMBER) d->result->mended_fields++;
        return true;
    }
    if (!enum_name(d->r.text, prefix, parse, out)) *out = 0;
    return true;
}

/* ---- AnyValue ---- */

static bool value_read(struct weft_otlp_json *d, enum weft_json_token token, unsigned depth,
                       struct weft_value *out);

/* A KeyValue inside a kvlist: its fields to the end of d->nested. */
static bool nested_key_value(struct weft_otlp_json *d, enum weft_json_token token, unsigned depth)
{
    struct weft_str key;
    struct weft_value ignored;
    if (!weft_otlp_json_open(d, token, "kvlistValue.values")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        if (IS(key, "key")) {
            struct weft_str name = { NULL, 0 };
            if (!weft_otlp_json_string(d, token, "key", &name)) return false;
            weft_pb_put_tag(&d->nested, 1, WEFT_PB_BYTES);
            weft_pb_put_varint(&d->nested, name.len);
            weft_buf_append_str(&d->nested, name);
        } else if (IS(key, "value")) {
            size_t mark = weft_pb_open(&d->nested, 2);
            if (!value_read(d, token, depth, &ignored)) return false;
            weft_pb_close(&d->nested, mark);
        } else if (!weft_otlp_json_skip(d, token)) {
            return false;
        }
    }
    return !d->is_failed;
}

/* {"values": [...]} of an array or kvlist: the fields of an ArrayValue or KeyValueList to the end
 * of d->nested. */
static bool nested_read(struct weft_otlp_json *d, enum weft_json_token token, bool is_kvlist,
                        unsigned depth)
{
    const char *field = is_kvlist ? "kvlistValue" : "arrayValue";
    size_t start = d->nested.len;
    struct weft_str key;
    struct weft_value ignored;
    if (depth > WEFT_OTLP_DEPTH_MAX) {
        return weft_otlp_json_refuse(d, WEFT_TOO_LARGE, field,
                                     "arrays and kvlists are nested more than 32 deep");
    }
    if (!weft_otlp_json_open(d, token, field)) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        if (!IS(key, "values")) {
            if (!weft_otlp_json_skip(d, token)) return false;
            continue;
        }
        d->nested.len = start; /* of "values" twice the last counts */
        if (!weft_otlp_json_open_array(d, token, field)) return false;
        while (weft_otlp_json_element(d, &token)) {
            size_t mark = weft_pb_open(&d->nested, 1);
            if (is_kvlist ? !nested_key_value(d, token, depth)
                          : !value_read(d, token, depth, &ignored))
                return false;
            weft_pb_close(&d->nested, mark);
        }
    }
    return !d->is_failed;
}

static bool scalar_read(struct weft_otlp_json *d, struct weft_str key, enum weft_json_token token,
                        struct weft_value *out, bool *is_known)
{
    *is_known = true;
    if (IS(key, "stringValue")) {
        *out = (struct weft_value){ .type = WEFT_VALUE_STRING };
        return weft_otlp_json_string(d, token, "stringValue", &out->bytes);
    }
    if (IS(key, "intValue")) {
        *out = (struct weft_value){ .type = WEFT_VALUE_INT };
        return i64_read(d, token, "intValue", &out->int_value);
    }
    if (IS(key, "boolValue")) {
        *out =
            (struct weft_value){ .type = WEFT_VALUE_BOOL, .bool_value = token == WEFT_JSON_TRUE };
        return token == WEFT_JSON_TRUE || token == WEFT_JSON_FALSE ||
               weft_otlp_json_wrong(d, "boolValue", token, "true or false");
    }
    if (IS(key, "doubleValue")) {
        *out = (struct weft_value){ .type = WEFT_VALUE_DOUBLE };
        return double_read(d, token, "doubleValue", &out->double_value);
    }
    if (IS(key, "bytesValue")) {
        *out = (struct weft_value){ .type = WEFT_VALUE_BYTES };
        return bytes_read(d, token, &out->bytes);
    }
    *is_known = false;
    return weft_otlp_json_skip(d, token);
}

/* Depth 0, an attribute's own value: into *out. Deeper: also as the fields of an AnyValue to the
 * end of d->nested. */
static bool value_read(struct weft_otlp_json *d, enum weft_json_token token, unsigned depth,
                       struct weft_value *out)
{
    size_t start = depth == 0 ? 0 : d->nested.len;
    struct weft_str key;
    *out = (struct weft_value){ .type = WEFT_VALUE_EMPTY };
    if (!weft_otlp_json_open(d, token, "value")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_kvlist = IS(key, "kvlistValue"), is_known;
        if (!is_kvlist && !IS(key, "arrayValue")) {
            struct weft_value scalar;
            if (!scalar_read(d, key, token, &scalar, &is_known)) return false;
            if (!is_known) continue;
            *out = scalar;
            d->nested.len = start; /* of two members the last counts */
            if (depth > 0) weft_otlp_put_value(&d->nested, &scalar);
            continue;
        }
        d->nested.len = start;
        *out = (struct weft_value){ .type = is_kvlist ? WEFT_VALUE_KVLIST : WEFT_VALUE_ARRAY };
        if (depth > 0) {
            size_t mark = weft_pb_open(&d->nested, out->type);
            if (!nested_read(d, token, is_kvlist, depth + 1)) return false;
            weft_pb_close(&d->nested, mark);
        } else {
            if (!nested_read(d, token, is_kvlist, 1)) return false;
            out->bytes = weft_arena_copy(d->arena, weft_buf_str(&d->nested));
        }
    }
    return !d->is_failed;
}

static bool attribute_read(struct weft_otlp_json *d, enum weft_json_token token,
                           struct weft_otlp_run *run)
{
    struct weft_str key, name = WEFT_S("");
    struct weft_value value = { .type = WEFT_VALUE_EMPTY };
    if (!weft_otlp_json_open(d, token, "attributes")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "key")) {
            is_fine = weft_otlp_json_string(d, token, "attributes.key", &name);
        } else if (IS(key, "value")) {
            is_fine = value_read(d, token, 0, &value);
        } else {
            is_fine = weft_otlp_json_skip(d, token);
        }
        if (!is_fine) return false;
    }
    if (d->is_failed) return false;
    if (name.len > WEFT_OTLP_KEY_BYTES_MAX) {
        d->long_key_bytes = name.len;
        return true;
    }
    if (run->count == run->capacity &&
        weft_otlp_json_grown(d, 2 * run->capacity * sizeof *run->items))
        return false;
    weft_otlp_attribute_set(weft_otlp_run_next(run, d->arena), name, &value);
    run->count++;
    return true;
}

bool weft_otlp_json_attributes(struct weft_otlp_json *d, enum weft_json_token token,
                               struct weft_attributes *out)
{
    struct weft_otlp_run run = { 0 };
    if (!weft_otlp_json_open_array(d, token, "attributes")) return false;
    while (weft_otlp_json_element(d, &token)) {
        if (!attribute_read(d, token, &run)) return false;
    }
    weft_otlp_run_seal(&run, d->arena);
    out->items = run.items;
    out->count = run.count;
    return !d->is_failed;
}
