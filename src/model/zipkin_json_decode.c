/* zipkin_json_decode.c -- Zipkin's JSON v2 to a batch (zipkin_json.h): one span is read whole (struct read), then becomes OpenTelemetry's
 * (zipkin_convert.c).
 *
 * Unknown fields are skipped, null is absence.
 * Spec  spec.md C4.2.1, C4.2.3; query.md Q12.5.2
 */
#include "model/zipkin_json.h"
#include "model/zipkin_read.h"
#include "wire/text.h"
#include <arpa/inet.h>
#include <stdlib.h>

#define IS(key, name) weft_str_equal(key, WEFT_S(name))

/* ---- ids ---- */

static bool is_lower_hex(struct weft_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!((text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
              (text.ptr[i] >= 'a' && text.ptr[i] <= 'f')))
            return false;
    return true;
}

static bool refuse_id(struct weft_otlp_json *d, const char *field, struct weft_str text,
                      const char *why)
{
    char sentence[160];
    snprintf(sentence, sizeof sentence, "\"%.*s\" %s", (int)(text.len < 64 ? text.len : 64),
             text.ptr, why);
    return weft_otlp_json_refuse(d, WEFT_INVALID, field, sentence);
}

/* Up to 2 * size digits, padded on the left. */
static bool id_read(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                    uint8_t *out, size_t size, bool may_be_zero)
{
    char digits[32];
    struct weft_str text;
    if (!weft_otlp_json_string(d, token, field, &text)) return false;
    if (text.len == 0) return refuse_id(d, field, text, "is empty, expected hex digits");
    if (text.len > 2 * size)
        return refuse_id(d, field, text,
                         size == 16 ? "has more than 32 digits" : "has more than 16 digits");
    if (!is_lower_hex(text))
        return refuse_id(d, field, text, "should be lower-hex encoded with no prefix");
    memset(digits, '0', sizeof digits);
    memcpy(digits + 2 * size - text.len, text.ptr, text.len);
    weft_hex_decode(out, size, weft_str_make(digits, 2 * size));
    for (size_t i = 0; i < size; i++)
        if (out[i] != 0) return true;
    return may_be_zero || refuse_id(d, field, text, "is all zeros");
}

/* ---- endpoints, annotations, tags ---- */

/* Addresses that are none are left out; IPv4 in IPv6 becomes IPv4. */
static void take_address(struct weft_zipkin_endpoint *out, struct weft_str text,
                         struct weft_arena *arena)
{
    char plain[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (text.len >= sizeof plain || memchr(text.ptr, '\0', text.len) != NULL) return;
    memcpy(plain, text.ptr, text.len);
    plain[text.len] = '\0';
    if (inet_pton(AF_INET, plain, &v4) == 1) {
        out->ipv4 = text;
    } else if (inet_pton(AF_INET6, plain, &v6) == 1) {
        if (IN6_IS_ADDR_V4MAPPED(&v6)) {
            inet_ntop(AF_INET, v6.s6_addr + 12, plain, sizeof plain);
            out->ipv4 = weft_arena_copy(arena, weft_str_from_c(plain));
        } else {
            inet_ntop(AF_INET6, &v6, plain, sizeof plain);
            out->ipv6 = weft_arena_copy(arena, weft_str_from_c(plain));
        }
    }
}

static bool endpoint_read(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                          struct weft_zipkin_endpoint *out)
{
    struct weft_str key, text;
    uint64_t port;
    *out = (struct weft_zipkin_endpoint){ 0 };
    if (!weft_otlp_json_open(d, token, field)) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        if (IS(key, "serviceName")) {
            if (!weft_otlp_json_string(d, token, field, &out->service_name)) return false;
        } else if (IS(key, "ipv4") || IS(key, "ipv6")) {
            if (!weft_otlp_json_string(d, token, field, &text)) return false;
            take_address(out, text, d->arena);
        } else if (IS(key, "port")) {
            if (!weft_otlp_json_u64(d, token, field, &port)) return false;
            if (port > UINT16_MAX)
                return weft_otlp_json_refuse(d, WEFT_INVALID, field,
                                             "the port is beyond 65535, the largest there is");
            out->port = (uint16_t)port;
        } else if (!weft_otlp_json_skip(d, token)) {
            return false;
        }
    }
    return !d->is_failed;
}

static bool annotation_read(struct weft_otlp_json *d, enum weft_json_token token,
                            struct weft_zipkin_annotation *out)
{
    struct weft_str key;
    *out = (struct weft_zipkin_annotation){ 0 };
    if (!weft_otlp_json_open(d, token, "annotations")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "timestamp"))
            is_fine = weft_otlp_json_u64(d, token, "annotations.timestamp", &out->timestamp_us);
        else if (IS(key, "value"))
            is_fine = weft_otlp_json_string(d, token, "annotations.value", &out->value);
        else
            is_fine = weft_otlp_json_skip(d, token);
        if (!is_fine) return false;
    }
    if (d->is_failed) return false;
    if (out->timestamp_us == 0 || out->value.ptr == NULL)
        return weft_otlp_json_refuse(d, WEFT_INVALID, "annotations",
                                     "found one without timestamp or value, expected both");
    return true;
}

static bool annotations_read(struct weft_otlp_json *d, enum weft_json_token token,
                             struct weft_zipkin_read *read)
{
    if (!weft_otlp_json_open_array(d, token, "annotations")) return false;
    while (weft_otlp_json_element(d, &token)) {
        if (read->annotation_count == read->annotation_capacity) {
            uint32_t more = read->annotation_capacity == 0 ? 4 : read->annotation_capacity;
            if (weft_otlp_json_grown(d, more * sizeof *read->annotations)) return false;
            size_t old = read->annotation_capacity * sizeof *read->annotations;
            read->annotation_capacity += more;
            read->annotations =
                weft_arena_grow(d->arena, read->annotations, old,
                                read->annotation_capacity * sizeof *read->annotations);
        }
        if (!annotation_read(d, token, &read->annotations[read->annotation_count])) return false;
        read->annotation_count++;
    }
    return !d->is_failed;
}

static bool tag_text(struct weft_otlp_json *d, enum weft_json_token token, struct weft_str *out)
{
    if (token == WEFT_JSON_TRUE || token == WEFT_JSON_FALSE)
        *out = token == WEFT_JSON_TRUE ? WEFT_S("true") : WEFT_S("false");
    else if (token == WEFT_JSON_STRING || token == WEFT_JSON_NUMBER)
        *out = d->r.text;
    else
        return weft_otlp_json_wrong(d, "tags", token, "a string");
    return true;
}

static bool tags_read(struct weft_otlp_json *d, enum weft_json_token token,
                      struct weft_zipkin_read *read)
{
    struct weft_str key, text = { 0 };
    if (!weft_otlp_json_open(d, token, "tags")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        if (!tag_text(d, token, &text)) return false;
        if (weft_str_starts_with(key, WEFT_S("zipkin.remoteEndpoint.")) ||
            weft_str_starts_with(key, WEFT_S("zipkin.localEndpoint."))) {
            d->result->mended_fields++; /* ours: it would be taken for an endpoint's field */
            continue;
        }
        if (key.len > WEFT_OTLP_KEY_BYTES_MAX)
            return weft_otlp_json_refuse(d, WEFT_INVALID, "tags",
                                         "found a key of more than 65535 bytes");
        if (weft_otlp_json_grown(d, sizeof *read->tags.items)) return false;
        *weft_otlp_run_next(&read->tags, d->arena) = weft_attribute_text(key, text);
        read->tags.count++;
    }
    return !d->is_failed;
}

/* ---- spans ---- */

static bool kind_read(struct weft_otlp_json *d, enum weft_json_token token, uint8_t *out)
{
    static const struct {
        const char *name;
        uint8_t kind;
    } kinds[] = {
        { "CLIENT", WEFT_KIND_CLIENT },
        { "SERVER", WEFT_KIND_SERVER },
        { "PRODUCER", WEFT_KIND_PRODUCER },
        { "CONSUMER", WEFT_KIND_CONSUMER },
    };
    struct weft_str text;
    if (!weft_otlp_json_string(d, token, "kind", &text)) return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!weft_str_equal_c(text, kinds[i].name)) continue;
        *out = kinds[i].kind;
        return true;
    }
    return refuse_id(d, "kind", text, "is unknown, expected CLIENT, SERVER, PRODUCER or CONSUMER");
}

static bool flag_read(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                      bool *out)
{
    *out = token == WEFT_JSON_TRUE;
    return token == WEFT_JSON_TRUE || token == WEFT_JSON_FALSE ||
           weft_otlp_json_wrong(d, field, token, "true or false");
}

static bool member_read(struct weft_otlp_json *d, struct weft_str key, enum weft_json_token token,
                        struct weft_zipkin_read *read)
{
    if (IS(key, "traceId")) {
        read->has_trace_id = true;
        return id_read(d, token, "traceId", read->trace_id.bytes, 16, false);
    }
    if (IS(key, "id")) {
        read->has_id = true;
        return id_read(d, token, "id", read->id.bytes, 8, false);
    }
    if (IS(key, "parentId")) return id_read(d, token, "parentId", read->parent_id.bytes, 8, true);
    if (IS(key, "kind")) return kind_read(d, token, &read->kind);
    if (IS(key, "name")) return weft_otlp_json_string(d, token, "name", &read->name);
    if (IS(key, "timestamp")) return weft_otlp_json_u64(d, token, "timestamp", &read->timestamp_us);
    if (IS(key, "duration")) return weft_otlp_json_u64(d, token, "duration", &read->duration_us);
    if (IS(key, "localEndpoint")) return endpoint_read(d, token, "localEndpoint", &read->local);
    if (IS(key, "remoteEndpoint")) return endpoint_read(d, token, "remoteEndpoint", &read->remote);
    if (IS(key, "annotations")) return annotations_read(d, token, read);
    if (IS(key, "tags")) return tags_read(d, token, read);
    if (IS(key, "debug")) return flag_read(d, token, "debug", &read->is_debug);
    if (IS(key, "shared")) return flag_read(d, token, "shared", &read->is_shared);
    if (IS(key, "binaryAnnotations"))
        return weft_otlp_json_refuse(d, WEFT_INVALID, "binaryAnnotations",
                                     "this is Zipkin's JSON v1, expected v2");
    return weft_otlp_json_skip(d, token);
}

static bool span_read(struct weft_otlp_json *d, enum weft_json_token token,
                      struct weft_zipkin_converter *converter)
{
    struct weft_zipkin_read read = { 0 };
    struct weft_str key;
    d->span_number++;
    if (!weft_otlp_json_open(d, token, "span") ||
        weft_otlp_json_grown(d, sizeof(struct weft_span) + sizeof(struct weft_scope)))
        return false;
    while (weft_otlp_json_member(d, &key, &token))
        if (!member_read(d, key, token, &read)) return false;
    if (d->is_failed) return false;
    if (!read.has_trace_id || !read.has_id)
        return weft_otlp_json_refuse(d, WEFT_INVALID, read.has_trace_id ? "id" : "traceId",
                                     "is missing");
    weft_zipkin_convert(converter, d, &read);
    return !weft_otlp_json_grown(d, 0);
}

static bool list_read(struct weft_otlp_json *d, struct weft_zipkin_converter *converter)
{
    enum weft_json_token token = weft_json_next(&d->r);
    if (token == WEFT_JSON_END) return true;
    if (token == WEFT_JSON_ERROR) return weft_otlp_json_broken(d);
    if (token != WEFT_JSON_ARRAY_START)
        return weft_otlp_json_wrong(d, "body", token, "a list of spans in Zipkin's JSON v2");
    while (weft_otlp_json_element(d, &token))
        if (!span_read(d, token, converter)) return false;
    d->span_number = 0;
    return !d->is_failed && (weft_json_next(&d->r) == WEFT_JSON_END || weft_otlp_json_broken(d));
}

int weft_zipkin_decode_json(struct weft_batch *out, struct weft_str body, uint64_t now_ns,
                            struct weft_otlp_result *result, struct weft_err *err)
{
    struct weft_err local;
    memset(result, 0, sizeof *result);
    if (body.len > WEFT_OTLP_BODY_BYTES_MAX)
        return weft_fail(err, WEFT_TOO_LARGE, "request of %zu bytes, at most %zu expected",
                         body.len, WEFT_OTLP_BODY_BYTES_MAX);
    if (weft_str_trim(body).len == 0) return WEFT_OK;
    struct weft_otlp_json d = {
        .batch = out, .arena = out->arena, .result = result, .err = err != NULL ? err : &local
    };
    struct weft_zipkin_converter converter = { .first = out->span_count, .now_ns = now_ns };
    weft_otlp_growth_init(&d.growth, out, body.len);
    weft_json_reader_init(&d.r, body, out->arena);
    bool is_fine = list_read(&d, &converter);
    if (is_fine) weft_zipkin_convert_finish(&converter, out);
    weft_zipkin_converter_release(&converter);
    result->mended_fields += d.r.mended_strings;
    if (is_fine) return WEFT_OK;
    out->span_count = converter.first; /* all or nothing */
    return d.err->status;
}
