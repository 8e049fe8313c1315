/* jaeger_tags.c -- typed tags to attributes, and those that OpenTelemetry has a field for (jaeger_decode_internal.h).
 *
 * The tags that an exporter adds stand behind the attributes: of several of one key the last is taken, and only when it says something
 * that goes out again: so writing and reading again changes nothing more.
 * Spec  query.md Q10.4.5, Q10.4.6; spec.md C4.8.3
 */
#include "model/jaeger_decode_internal.h"
#include "wire/text.h"

#define IS(key, name) weft_str_equal(key, WEFT_S(name))

/* ---- one tag ---- */

struct tag {
    struct weft_str key, type, text; /* text: of the value, as it stands there */
    enum weft_json_token token;      /* of the value; NULL: none */
};

static void set_text(struct weft_attribute *a, struct weft_str text)
{
    a->type = WEFT_VALUE_STRING;
    a->ptr = text.ptr;
    a->value_len = (uint32_t)text.len;
}

static bool set_bool(struct weft_attribute *a, const struct tag *tag)
{
    a->type = WEFT_VALUE_BOOL;
    a->bool_value = tag->token == WEFT_JSON_TRUE || IS(tag->text, "true");
    return tag->token == WEFT_JSON_TRUE || tag->token == WEFT_JSON_FALSE || IS(tag->text, "true") ||
           IS(tag->text, "false");
}

static bool set_int(struct weft_attribute *a, const struct tag *tag)
{
    double whole;
    a->type = WEFT_VALUE_INT;
    if (weft_str_to_i64(tag->text, &a->int_value)) return true;
    if (!weft_str_to_double(tag->text, &whole) || !(whole >= -0x1p63 && whole < 0x1p63) ||
        whole != __builtin_trunc(whole))
        return false;
    a->int_value = (int64_t)whole;
    return true;
}

static bool set_double(struct weft_attribute *a, const struct tag *tag)
{
    a->type = WEFT_VALUE_DOUBLE;
    if (IS(tag->text, "NaN"))
        a->double_value = __builtin_nan("");
    else if (IS(tag->text, "Infinity") || IS(tag->text, "+Inf"))
        a->double_value = __builtin_inf();
    else if (IS(tag->text, "-Infinity") || IS(tag->text, "-Inf"))
        a->double_value = -__builtin_inf();
    else
        return weft_str_to_double(tag->text, &a->double_value);
    return true;
}

static bool set_bytes(struct weft_attribute *a, const struct tag *tag, struct weft_arena *arena)
{
    size_t len = 0;
    char *bytes = weft_arena_alloc(arena, weft_base64_decoded_max(tag->text) + 1);
    if (!weft_base64_decode_into(bytes, &len, WEFT_BASE64_ANY, tag->text)) return false;
    set_text(a, weft_str_make(bytes, len));
    a->type = WEFT_VALUE_BYTES;
    return true;
}

/* Without a type that is known: what JSON says. */
static bool set_plain(struct weft_attribute *a, const struct tag *tag)
{
    if (tag->token == WEFT_JSON_TRUE || tag->token == WEFT_JSON_FALSE) return set_bool(a, tag);
    if (tag->token == WEFT_JSON_NUMBER)
        return weft_str_to_i64(tag->text, &a->int_value) ? (a->type = WEFT_VALUE_INT, true)
                                                         : set_double(a, tag);
    set_text(a, tag->text);
    return true;
}

static bool set_value(struct weft_attribute *a, const struct tag *tag, struct weft_arena *arena)
{
    struct weft_str type = tag->type;
    if (IS(type, "string")) return set_text(a, tag->text), true;
    if (IS(type, "bool")) return set_bool(a, tag);
    if (IS(type, "int64") || IS(type, "long")) return set_int(a, tag);
    if (IS(type, "float64") || IS(type, "double")) return set_double(a, tag);
    if (IS(type, "binary")) return set_bytes(a, tag, arena);
    return set_plain(a, tag);
}

/* Lists and objects are kept as the text they are. */
static bool value_read(struct weft_otlp_json *d, enum weft_json_token token, struct tag *tag)
{
    size_t at = d->r.at - 1;
    tag->token = token;
    tag->text = d->r.text;
    if (token == WEFT_JSON_TRUE) tag->text = WEFT_S("true");
    if (token == WEFT_JSON_FALSE) tag->text = WEFT_S("false");
    if (token != WEFT_JSON_OBJECT_START && token != WEFT_JSON_ARRAY_START) return true;
    if (!weft_otlp_json_skip(d, token)) return false;
    tag->text = weft_str_make(d->r.input.ptr + at, d->r.at - at);
    return true;
}

static bool tag_read(struct weft_otlp_json *d, enum weft_json_token token,
                     struct weft_otlp_run *out)
{
    struct tag tag = { .token = WEFT_JSON_NULL, .text = WEFT_S(""), .key = WEFT_S("") };
    struct weft_str key;
    if (!weft_otlp_json_open(d, token, "tags")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "key"))
            is_fine = weft_otlp_json_string(d, token, "tags.key", &tag.key);
        else if (IS(key, "type"))
            is_fine = weft_otlp_json_string(d, token, "tags.type", &tag.type);
        else if (IS(key, "value"))
            is_fine = value_read(d, token, &tag);
        else
            is_fine = weft_otlp_json_skip(d, token);
        if (!is_fine) return false;
    }
    if (d->is_failed || weft_otlp_json_grown(d, sizeof *out->items)) return false;
    if (tag.key.len > WEFT_OTLP_KEY_BYTES_MAX) {
        d->long_key_bytes = tag.key.len;
        return true;
    }
    struct weft_attribute made = { .key = tag.key.ptr,
                                   .key_len = (uint32_t)tag.key.len & 0xffffff };
    if (!set_value(&made, &tag, d->arena)) {
        set_text(&made, tag.text);
        d->result->mended_fields++;
    }
    *weft_otlp_run_next(out, d->arena) = made;
    out->count++;
    return true;
}

bool weft_jaeger_tags_read(struct weft_otlp_json *d, enum weft_json_token token,
                           struct weft_otlp_run *out)
{
    if (!weft_otlp_json_open_array(d, token, "tags")) return false;
    while (weft_otlp_json_element(d, &token))
        if (!tag_read(d, token, out)) return false;
    return !d->is_failed;
}

/* ---- tags that are fields ---- */

static struct weft_attribute *find(const struct weft_otlp_run *tags, const char *key)
{
    for (uint32_t i = tags->count; i-- > 0;)
        if (weft_str_equal_c(weft_attribute_key(&tags->items[i]), key)) return &tags->items[i];
    return NULL;
}

static void take_out(struct weft_otlp_run *tags, struct weft_attribute *a)
{
    size_t behind = (size_t)(tags->items + tags->count - (a + 1));
    memmove(a, a + 1, behind * sizeof *a);
    tags->count--;
}

static bool take_text(struct weft_otlp_run *tags, const char *key, struct weft_str *out)
{
    struct weft_attribute *a = find(tags, key);
    if (a == NULL || a->type != WEFT_VALUE_STRING || a->value_len == 0) return false;
    *out = weft_str_make(a->ptr, a->value_len);
    take_out(tags, a);
    return true;
}

static void take_kind(struct weft_span *span, struct weft_otlp_run *tags)
{
    struct weft_attribute *a = find(tags, "span.kind");
    if (a == NULL || a->type != WEFT_VALUE_STRING) return;
    weft_span_kind_parse(weft_str_make(a->ptr, a->value_len), &span->kind);
    if (span->kind != WEFT_KIND_UNSPECIFIED) take_out(tags, a);
}

/* Clients that know no status: the server's answer tells. 4xx is the caller's mistake. */
static void status_from_http(struct weft_span *span, const struct weft_otlp_run *tags)
{
    const struct weft_attribute *a = find(tags, "http.status_code");
    int64_t code = 0;
    if (a == NULL) return;
    if (a->type == WEFT_VALUE_INT)
        code = a->int_value;
    else if (a->type == WEFT_VALUE_STRING)
        weft_str_to_i64(weft_str_make(a->ptr, a->value_len), &code);
    bool is_error = (code >= 500 && code < 600) ||
                    (code >= 400 && code < 500 && span->kind != WEFT_KIND_SERVER);
    if (is_error) span->status_code = WEFT_STATUS_ERROR;
}

/* OK or ERROR, in any case; another word stays where it is. */
static bool take_code(struct weft_otlp_run *tags, uint8_t *out)
{
    struct weft_attribute *a = find(tags, "otel.status_code");
    struct weft_str text = a != NULL && a->type == WEFT_VALUE_STRING
                               ? weft_str_make(a->ptr, a->value_len)
                               : WEFT_S("");
    if (weft_str_equal_ignoring_case(text, WEFT_S("OK")))
        *out = WEFT_STATUS_OK;
    else if (weft_str_equal_ignoring_case(text, WEFT_S("ERROR")))
        *out = WEFT_STATUS_ERROR;
    else
        return false;
    take_out(tags, a);
    return true;
}

static void take_status(struct weft_span *span, struct weft_otlp_run *tags, bool is_otel)
{
    struct weft_attribute *error = find(tags, "error");
    bool is_told = error != NULL && error->type == WEFT_VALUE_BOOL && error->bool_value;
    if (is_told) take_out(tags, error);
    if (!take_code(tags, &span->status_code) && !is_told && !is_otel &&
        find(tags, "otel.status_code") == NULL)
        status_from_http(span, tags);
    if (is_told) span->status_code = WEFT_STATUS_ERROR; /* whatever the code says */
    if (take_text(tags, "otel.status_description", &span->status_message) || !is_told) return;
    const struct weft_attribute *message = find(tags, "http.status_message");
    if (message != NULL && message->type == WEFT_VALUE_STRING)
        span->status_message = weft_str_make(message->ptr, message->value_len);
}

void weft_jaeger_tags_settle(struct weft_span *span, struct weft_scope *scope,
                             struct weft_otlp_run *tags)
{
    bool is_otel = take_text(tags, "otel.scope.name", &scope->name) ||
                   take_text(tags, "otel.library.name", &scope->name);
    if (!take_text(tags, "otel.scope.version", &scope->version))
        take_text(tags, "otel.library.version", &scope->version);
    take_kind(span, tags);
    take_status(span, tags, is_otel);
    take_text(tags, "w3c.tracestate", &span->trace_state);
}

void weft_jaeger_tags_settle_process(struct weft_otlp_run *tags, struct weft_arena *arena)
{
    struct weft_attribute *host = find(tags, "hostname");
    struct weft_attribute *version = find(tags, "jaeger.version");
    if (host != NULL && find(tags, "host.name") == NULL) {
        host->key = "host.name";
        host->key_len = sizeof "host.name" - 1;
    }
    if (version == NULL || version->type != WEFT_VALUE_STRING ||
        find(tags, "opencensus.exporterversion") != NULL)
        return;
    *version = weft_attribute_text(
        WEFT_S("opencensus.exporterversion"),
        weft_arena_printf(arena, "Jaeger-%.*s", (int)version->value_len, version->ptr));
}
