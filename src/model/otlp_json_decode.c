/* otlp_json_decode.c -- OTLP/JSON to a batch of span views.
 *
 * Keys are lowerCamelCase; any other key, snake_case too, is an unknown field and skipped. null is
 * absence. Of a key that comes twice the last one counts, but lists of spans add up. Ids are hex;
 * base64, which generic protobuf-to-JSON printers write, rejects the span with a hint.
 * Spec  C3.6.1 - C3.6.8; docs/otlp.md
 */
#include "model/otlp_json_internal.h"

#include "wire/protobuf.h"
#include "wire/text.h"
#include <stdarg.h>

#define IS(key, name) weft_str_equal(key, WEFT_S(name))

/* Why a span will be rejected: the first reason found, empty when none. */
struct verdict {
    char why[128];
};

static __attribute__((format(printf, 2, 3))) void verdict_set(struct verdict *verdict,
                                                              const char *format, ...)
{
    if (verdict->why[0] != '\0') return;
    va_list args;
    va_start(args, format);
    vsnprintf(verdict->why, sizeof verdict->why, format, args);
    va_end(args);
}

/* 24 characters with "==" for 16 bytes, 12 with "=" for 8; without padding 22 and 11. */
static bool is_like_base64(struct weft_str text, size_t size)
{
    char bytes[40];
    size_t len = 0;
    if (text.len > 32 || weft_base64_decoded_max(text) > sizeof bytes) return false;
    return weft_base64_decode_into(bytes, &len, WEFT_BASE64_ANY, text) && len == size;
}

static void id_read(struct weft_str text, uint8_t *out, size_t size, const char *name,
                    struct verdict *verdict)
{
    memset(out, 0, size);
    if (weft_hex_decode(out, size, text)) {
        for (size_t i = 0; i < size; i++) {
            if (out[i] != 0) return;
        }
        verdict_set(verdict, "%s is all zero", name);
    } else if (text.len != 2 * size && is_like_base64(text, size)) {
        memset(out, 0, size);
        verdict_set(verdict, "%s \"%.*s\" looks like base64; OTLP/JSON ids are hex", name,
                    WEFT_S_ARG(text));
    } else {
        memset(out, 0, size);
        verdict_set(verdict, "%s has %zu characters, %zu hex digits expected", name, text.len,
                    2 * size);
    }
}

/* An id whose trouble is mended away: parents and links. */
static bool id_read_leniently(struct weft_otlp_json *d, enum weft_json_token token,
                              const char *field, uint8_t *out, size_t size, bool is_zero_mended)
{
    struct weft_str text;
    struct verdict verdict = { "" };
    if (!weft_otlp_json_string(d, token, field, &text)) return false;
    memset(out, 0, size);
    if (text.len == 0) return true;
    id_read(text, out, size, field, &verdict);
    bool is_zero =
        text.len == 2 * size && weft_hex_decode(out, size, text) && verdict.why[0] != '\0';
    if (verdict.why[0] != '\0' && (!is_zero || is_zero_mended)) d->result->mended_fields++;
    return true;
}

static bool flags_read(struct weft_otlp_json *d, enum weft_json_token token, uint32_t *out)
{
    if (!weft_otlp_json_u32(d, token, "flags", out)) return false;
    if (*out & ~WEFT_FLAGS_MASK) d->result->mended_fields++;
    *out &= WEFT_FLAGS_MASK;
    return true;
}

/* ---- Events, links, status ---- */

static bool event_read(struct weft_otlp_json *d, enum weft_json_token token,
                       struct weft_event *event)
{
    struct weft_str key;
    memset(event, 0, sizeof *event);
    if (!weft_otlp_json_open(d, token, "events")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "timeUnixNano")) {
            is_fine = weft_otlp_json_u64(d, token, "events.timeUnixNano", &event->time_unix_nano);
        } else if (IS(key, "name")) {
            is_fine = weft_otlp_json_string(d, token, "events.name", &event->name);
        } else if (IS(key, "attributes")) {
            is_fine = weft_otlp_json_attributes(d, token, &event->attributes);
        } else if (IS(key, "droppedAttributesCount")) {
            is_fine = weft_otlp_json_u32(d, token, "events.droppedAttributesCount",
                                         &event->attributes.dropped_count);
        } else {
            is_fine = weft_otlp_json_skip(d, token);
        }
        if (!is_fine) return false;
    }
    return !d->is_failed;
}

static bool link_read(struct weft_otlp_json *d, enum weft_json_token token, struct weft_link *link)
{
    struct weft_str key;
    memset(link, 0, sizeof *link);
    if (!weft_otlp_json_open(d, token, "links")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "traceId")) {
            is_fine = id_read_leniently(d, token, "links.traceId", link->trace_id.bytes, 16, false);
        } else if (IS(key, "spanId")) {
            is_fine = id_read_leniently(d, token, "links.spanId", link->span_id.bytes, 8, false);
        } else if (IS(key, "traceState")) {
            is_fine = weft_otlp_json_string(d, token, "links.traceState", &link->trace_state);
        } else if (IS(key, "attributes")) {
            is_fine = weft_otlp_json_attributes(d, token, &link->attributes);
        } else if (IS(key, "droppedAttributesCount")) {
            is_fine = weft_otlp_json_u32(d, token, "links.droppedAttributesCount",
                                         &link->attributes.dropped_count);
        } else if (IS(key, "flags")) {
            is_fine = flags_read(d, token, &link->flags);
        } else {
            is_fine = weft_otlp_json_skip(d, token);
        }
        if (!is_fine) return false;
    }
    return !d->is_failed;
}

/* A list of events or links: elements of `size` bytes, doubling in the arena. */
static bool list_read(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                      size_t size, void **items, uint32_t *count,
                      bool (*read)(struct weft_otlp_json *, enum weft_json_token, void *))
{
    uint32_t capacity = 0;
    char *list = NULL;
    *count = 0;
    if (!weft_otlp_json_open_array(d, token, field)) return false;
    while (weft_otlp_json_element(d, &token)) {
        if (*count == capacity) {
            if (weft_otlp_json_grown(d, 2 * capacity * size)) return false;
            capacity = capacity == 0 ? 4 : capacity * 2;
            char *grown = weft_arena_alloc(d->arena, capacity * size);
            if (*count > 0) memcpy(grown, list, *count * size);
            list = grown;
        }
        if (!read(d, token, list + *count * size)) return false;
        ++*count;
    }
    *items = list;
    return !d->is_failed;
}

static bool event_read_into(struct weft_otlp_json *d, enum weft_json_token token, void *out)
{
    return event_read(d, token, out);
}

static bool link_read_into(struct weft_otlp_json *d, enum weft_json_token token, void *out)
{
    return link_read(d, token, out);
}

static bool events_read(struct weft_otlp_json *d, enum weft_json_token token,
                        struct weft_span *span)
{
    void *items = NULL;
    bool is_fine = list_read(d, token, "events", sizeof(struct weft_event), &items,
                             &span->event_count, event_read_into);
    span->events = items;
    return is_fine;
}

static bool links_read(struct weft_otlp_json *d, enum weft_json_token token, struct weft_span *span)
{
    void *items = NULL;
    bool is_fine = list_read(d, token, "links", sizeof(struct weft_link), &items, &span->link_count,
                             link_read_into);
    span->links = items;
    return is_fine;
}

static bool status_read(struct weft_otlp_json *d, enum weft_json_token token,
                        struct weft_span *span)
{
    struct weft_str key;
    span->status_code = WEFT_STATUS_UNSET;
    span->status_message = WEFT_S("");
    if (!weft_otlp_json_open(d, token, "status")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "message")) {
            is_fine = weft_otlp_json_string(d, token, "status.message", &span->status_message);
        } else if (IS(key, "code")) {
            is_fine =
                weft_otlp_json_enum(d, token, "status.code", WEFT_S("STATUS_CODE_"),
                                    weft_status_code_parse, WEFT_STATUS_COUNT, &span->status_code);
        } else {
            is_fine = weft_otlp_json_skip(d, token);
        }
        if (!is_fine) return false;
    }
    return !d->is_failed;
}

/* ---- Span ---- */

static bool span_id_member(struct weft_otlp_json *d, enum weft_json_token token,
                           struct weft_span *span, struct weft_str key,
                           struct verdict *trace_verdict, struct verdict *span_verdict)
{
    struct weft_str text;
    if (IS(key, "traceId")) {
        if (!weft_otlp_json_string(d, token, "traceId", &text)) return false;
        trace_verdict->why[0] = '\0';
        id_read(text, span->trace_id.bytes, 16, "traceId", trace_verdict);
        return true;
    }
    if (IS(key, "spanId")) {
        if (!weft_otlp_json_string(d, token, "spanId", &text)) return false;
        span_verdict->why[0] = '\0';
        id_read(text, span->span_id.bytes, 8, "spanId", span_verdict);
        return true;
    }
    return id_read_leniently(d, token, "parentSpanId", span->parent_span_id.bytes, 8, true);
}

static bool span_member(struct weft_otlp_json *d, enum weft_json_token token,
                        struct weft_span *span, struct weft_str key)
{
    if (IS(key, "name")) return weft_otlp_json_string(d, token, "name", &span->name);
    if (IS(key, "kind")) {
        return weft_otlp_json_enum(d, token, "kind", WEFT_S("SPAN_KIND_"), weft_span_kind_parse,
                                   WEFT_KIND_COUNT, &span->kind);
    }
    if (IS(key, "startTimeUnixNano"))
        return weft_otlp_json_u64(d, token, "startTimeUnixNano", &span->start_time_unix_nano);
    if (IS(key, "endTimeUnixNano"))
        return weft_otlp_json_u64(d, token, "endTimeUnixNano", &span->end_time_unix_nano);
    if (IS(key, "attributes")) return weft_otlp_json_attributes(d, token, &span->attributes);
    if (IS(key, "droppedAttributesCount")) {
        return weft_otlp_json_u32(d, token, "droppedAttributesCount",
                                  &span->attributes.dropped_count);
    }
    if (IS(key, "events")) return events_read(d, token, span);
    if (IS(key, "droppedEventsCount"))
        return weft_otlp_json_u32(d, token, "droppedEventsCount", &span->dropped_events_count);
    if (IS(key, "links")) return links_read(d, token, span);
    if (IS(key, "droppedLinksCount"))
        return weft_otlp_json_u32(d, token, "droppedLinksCount", &span->dropped_links_count);
    if (IS(key, "status")) return status_read(d, token, span);
    if (IS(key, "traceState"))
        return weft_otlp_json_string(d, token, "traceState", &span->trace_state);
    if (IS(key, "flags")) return flags_read(d, token, &span->flags);
    return weft_otlp_json_skip(d, token);
}

static void reject(struct weft_otlp_json *d, const char *why)
{
    if (d->result->rejected_spans++ > 0) return;
    snprintf(d->result->reason, sizeof d->result->reason,
             "resourceSpans[%u].scopeSpans[%u].spans[%u]: %s", d->resource_number - 1,
             d->scope_number - 1, d->span_number - 1, why);
}

static bool span_read(struct weft_otlp_json *d, enum weft_json_token token,
                      const struct weft_scope *scope)
{
    struct verdict trace_verdict = { "traceId is missing" }, span_verdict = { "spanId is missing" };
    struct weft_str key;
    d->span_number++;
    d->long_key_bytes = 0;
    if (!weft_otlp_json_open(d, token, "span")) return false;
    if (d->batch->span_count == d->batch->span_capacity && weft_otlp_json_grown(d, 0)) return false;
    struct weft_span *span = weft_batch_add(d->batch);
    span->scope = scope;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_id = IS(key, "traceId") || IS(key, "spanId") || IS(key, "parentSpanId");
        if (is_id ? !span_id_member(d, token, span, key, &trace_verdict, &span_verdict)
                  : !span_member(d, token, span, key)) {
            return false;
        }
    }
    if (d->is_failed) return false;
    if (trace_verdict.why[0] == '\0' && d->long_key_bytes > 0) {
        verdict_set(&trace_verdict, "an attribute key has %zu bytes, at most 65535 expected",
                    d->long_key_bytes);
    }
    const struct verdict *verdict = trace_verdict.why[0] != '\0' ? &trace_verdict : &span_verdict;
    if (verdict->why[0] != '\0') {
        reject(d, verdict->why);
        d->batch->span_count--;
    }
    return true;
}

/* ---- Scope and resource ---- */

static void long_keys_drop(struct weft_otlp_json *d, struct weft_attributes *attributes)
{
    if (d->long_key_bytes == 0) return;
    d->long_key_bytes = 0;
    d->result->mended_fields++;
    attributes->dropped_count++;
}

static bool scope_read(struct weft_otlp_json *d, enum weft_json_token token,
                       struct weft_scope *scope)
{
    struct weft_str key;
    if (!weft_otlp_json_open(d, token, "scope")) return false;
    *scope = (struct weft_scope){ .resource = scope->resource, .schema_url = scope->schema_url };
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "name")) {
            is_fine = weft_otlp_json_string(d, token, "scope.name", &scope->name);
        } else if (IS(key, "version")) {
            is_fine = weft_otlp_json_string(d, token, "scope.version", &scope->version);
        } else if (IS(key, "attributes")) {
            is_fine = weft_otlp_json_attributes(d, token, &scope->attributes);
        } else if (IS(key, "droppedAttributesCount")) {
            is_fine = weft_otlp_json_u32(d, token, "scope.droppedAttributesCount",
                                         &scope->attributes.dropped_count);
        } else {
            is_fine = weft_otlp_json_skip(d, token);
        }
        if (!is_fine) return false;
    }
    long_keys_drop(d, &scope->attributes);
    return !d->is_failed;
}

static bool entity_ref_list(struct weft_otlp_json *d, enum weft_json_token token, uint32_t number)
{
    struct weft_str text;
    if (!weft_otlp_json_open_array(d, token, "entityRefs")) return false;
    while (weft_otlp_json_element(d, &token)) {
        if (!weft_otlp_json_string(d, token, "entityRefs", &text)) return false;
        weft_pb_put_tag(&d->nested, number, WEFT_PB_BYTES);
        weft_pb_put_varint(&d->nested, text.len);
        weft_buf_append_str(&d->nested, text);
    }
    return !d->is_failed;
}

/* The fields of one EntityRef into d->nested, as they come. */
static bool entity_ref_read(struct weft_otlp_json *d, enum weft_json_token token)
{
    struct weft_str key, text;
    d->nested.len = 0;
    if (!weft_otlp_json_open(d, token, "entityRefs")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        uint32_t number = IS(key, "schemaUrl") ? 1
                          : IS(key, "type")    ? 2
                          : IS(key, "idKeys")  ? 3
                                               : 4;
        bool is_fine;
        if (number == 4 && !IS(key, "descriptionKeys")) {
            is_fine = weft_otlp_json_skip(d, token);
        } else if (number >= 3) {
            is_fine = entity_ref_list(d, token, number);
        } else {
            is_fine = weft_otlp_json_string(d, token, "entityRefs", &text);
            if (is_fine) weft_pb_put_bytes(&d->nested, number, text);
        }
        if (!is_fine) return false;
    }
    return !d->is_failed;
}

static bool entity_refs_read(struct weft_otlp_json *d, enum weft_json_token token,
                             struct weft_resource *resource)
{
    struct weft_buf all = { 0 };
    bool is_fine = weft_otlp_json_open_array(d, token, "entityRefs");
    while (is_fine && weft_otlp_json_element(d, &token)) {
        is_fine = entity_ref_read(d, token);
        if (is_fine) weft_otlp_put_entity_ref(&all, weft_buf_str(&d->nested));
    }
    resource->entity_refs = weft_arena_copy(d->arena, weft_buf_str(&all));
    weft_buf_release(&all);
    return is_fine && !d->is_failed;
}

static bool resource_read(struct weft_otlp_json *d, enum weft_json_token token,
                          struct weft_resource *resource)
{
    struct weft_str key;
    if (!weft_otlp_json_open(d, token, "resource")) return false;
    *resource = (struct weft_resource){ .schema_url = resource->schema_url };
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "attributes")) {
            is_fine = weft_otlp_json_attributes(d, token, &resource->attributes);
        } else if (IS(key, "droppedAttributesCount")) {
            is_fine = weft_otlp_json_u32(d, token, "resource.droppedAttributesCount",
                                         &resource->attributes.dropped_count);
        } else if (IS(key, "entityRefs")) {
            is_fine = entity_refs_read(d, token, resource);
        } else {
            is_fine = weft_otlp_json_skip(d, token);
        }
        if (!is_fine) return false;
    }
    long_keys_drop(d, &resource->attributes);
    weft_otlp_resource_finish(resource);
    return !d->is_failed;
}

static bool spans_read(struct weft_otlp_json *d, enum weft_json_token token,
                       const struct weft_scope *scope)
{
    if (!weft_otlp_json_open_array(d, token, "spans")) return false;
    while (weft_otlp_json_element(d, &token)) {
        if (!span_read(d, token, scope)) return false;
    }
    return !d->is_failed;
}

static bool scope_spans_read(struct weft_otlp_json *d, enum weft_json_token token,
                             const struct weft_resource *resource)
{
    struct weft_str key;
    if (!weft_otlp_json_open(d, token, "scopeSpans") || weft_otlp_json_grown(d, 0)) return false;
    struct weft_scope *scope = weft_arena_alloc_zero(d->arena, sizeof *scope);
    scope->resource = resource;
    d->scope_number++;
    d->span_number = 0;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "scope")) {
            is_fine = scope_read(d, token, scope);
        } else if (IS(key, "spans")) {
            is_fine = spans_read(d, token, scope);
            d->long_key_bytes = 0;
        } else if (IS(key, "schemaUrl")) {
            is_fine = weft_otlp_json_string(d, token, "schemaUrl", &scope->schema_url);
        } else {
            is_fine = weft_otlp_json_skip(d, token);
        }
        if (!is_fine) return false;
    }
    return !d->is_failed;
}

static bool scopes_read(struct weft_otlp_json *d, enum weft_json_token token,
                        const struct weft_resource *resource)
{
    if (!weft_otlp_json_open_array(d, token, "scopeSpans")) return false;
    while (weft_otlp_json_element(d, &token)) {
        if (!scope_spans_read(d, token, resource)) return false;
    }
    return !d->is_failed;
}

static bool resource_spans_read(struct weft_otlp_json *d, enum weft_json_token token)
{
    struct weft_str key;
    if (!weft_otlp_json_open(d, token, "resourceSpans") || weft_otlp_json_grown(d, 0)) return false;
    struct weft_resource *resource = weft_arena_alloc_zero(d->arena, sizeof *resource);
    resource->service_name = WEFT_S("");
    d->resource_number++;
    d->scope_number = d->span_number = 0;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "resource")) {
            is_fine = resource_read(d, token, resource);
        } else if (IS(key, "scopeSpans")) {
            is_fine = scopes_read(d, token, resource);
            if (is_fine) d->scope_number = d->span_number = 0;
        } else if (IS(key, "schemaUrl")) {
            is_fine = weft_otlp_json_string(d, token, "schemaUrl", &resource->schema_url);
        } else {
            is_fine = weft_otlp_json_skip(d, token);
        }
        if (!is_fine) return false;
    }
    return !d->is_failed;
}

static bool request_read(struct weft_otlp_json *d)
{
    struct weft_str key;
    enum weft_json_token token = weft_json_next(&d->r);
    if (!weft_otlp_json_open(d, token, "request")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        if (!IS(key, "resourceSpans")) {
            if (!weft_otlp_json_skip(d, token)) return false;
            continue;
        }
        if (!weft_otlp_json_open_array(d, token, "resourceSpans")) return false;
        while (weft_otlp_json_element(d, &token)) {
            if (!resource_spans_read(d, token)) return false;
        }
        d->resource_number = d->scope_number = d->span_number = 0;
    }
    if (d->is_failed) return false;
    return weft_json_next(&d->r) == WEFT_JSON_END || weft_otlp_json_broken(d);
}

int weft_otlp_decode_json(struct weft_batch *out, struct weft_str body,
                          struct weft_otlp_result *result, struct weft_err *err)
{
    struct weft_err local;
    memset(result, 0, sizeof *result);
    if (body.len > WEFT_OTLP_BODY_BYTES_MAX) {
        return weft_fail(err, WEFT_TOO_LARGE, "request of %zu bytes, at most %zu expected",
                         body.len, WEFT_OTLP_BODY_BYTES_MAX);
    }
    struct weft_otlp_json d = {
        .batch = out,
        .arena = out->arena,
        .result = result,
        .err = err != NULL ? err : &local,
    };
    weft_otlp_growth_init(&d.growth, out, body.len);
    uint32_t before = out->span_count;
    weft_json_reader_init(&d.r, body, out->arena);
    bool is_fine = request_read(&d);
    weft_buf_release(&d.nested);
    result->mended_fields += d.r.mended_strings;
    if (is_fine) return WEFT_OK;
    out->span_count = before; /* all or nothing */
    return d.err->status;
}
