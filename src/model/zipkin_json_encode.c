/* zipkin_json_encode.c -- a span as an object of Zipkin's JSON v2 (zipkin_json.h). */
#include "model/zipkin_json.h"
#include "wire/text.h"

static void put_id(struct weft_json_writer *w, const char *key, const uint8_t *id, size_t size)
{
    char hex[32];
    weft_hex_encode(hex, id, size);
    weft_json_key(w, key);
    weft_json_string(w, weft_str_make(hex, 2 * size));
}

/* 32 digits, or 16 where the high half is zero: ids of 64 bits (Q12.4.1). */
static void put_trace_id(struct weft_json_writer *w, const struct weft_trace_id *id)
{
    static const uint8_t zero[8];
    size_t skip = memcmp(id->bytes, zero, sizeof zero) == 0 ? sizeof zero : 0;
    put_id(w, "traceId", id->bytes + skip, sizeof id->bytes - skip);
}

static void put_text(struct weft_json_writer *w, const char *key, struct weft_str text)
{
    if (text.len == 0) return;
    weft_json_key(w, key);
    weft_json_string(w, text);
}

static void put_number(struct weft_json_writer *w, const char *key, uint64_t number)
{
    if (number == 0) return;
    weft_json_key(w, key);
    weft_json_u64(w, number);
}

static void put_endpoint(struct weft_json_writer *w, const char *key,
                         const struct weft_zipkin_endpoint *endpoint)
{
    if (endpoint->service_name.len + endpoint->ipv4.len + endpoint->ipv6.len + endpoint->port == 0)
        return;
    weft_json_key(w, key);
    weft_json_object_start(w);
    put_text(w, "serviceName", endpoint->service_name);
    put_text(w, "ipv4", endpoint->ipv4);
    put_text(w, "ipv6", endpoint->ipv6);
    put_number(w, "port", endpoint->port);
    weft_json_object_end(w);
}

static void put_annotations(struct weft_json_writer *w, const struct weft_zipkin_span *span,
                            struct weft_arena *arena)
{
    uint32_t count;
    struct weft_zipkin_annotation *annotations = weft_zipkin_annotations(span, &count, arena);
    if (count == 0) return;
    weft_json_key(w, "annotations");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < count; i++) {
        weft_json_object_start(w);
        weft_json_key(w, "timestamp");
        weft_json_u64(w, annotations[i].timestamp_us);
        weft_json_key(w, "value");
        weft_json_string(w, annotations[i].value);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static void put_tags(struct weft_json_writer *w, const struct weft_zipkin_span *span,
                     struct weft_arena *arena)
{
    uint32_t count;
    struct weft_zipkin_tag *tags = weft_zipkin_tags(span, &count, arena);
    if (count == 0) return;
    weft_json_key(w, "tags");
    weft_json_object_start(w);
    for (uint32_t i = 0; i < count; i++) {
        weft_json_key_str(w, tags[i].key);
        weft_json_string(w, tags[i].value);
    }
    weft_json_object_end(w);
}

static void put_flag(struct weft_json_writer *w, const char *key, bool is_set)
{
    if (!is_set) return;
    weft_json_key(w, key);
    weft_json_bool(w, true);
}

void weft_zipkin_encode_json(struct weft_json_writer *w, const struct weft_span *span,
                             struct weft_arena *arena)
{
    struct weft_arena_mark mark = weft_arena_mark(arena);
    struct weft_zipkin_span shown;
    weft_zipkin_span_make(&shown, span, arena);
    weft_json_object_start(w);
    put_trace_id(w, &span->trace_id);
    if (shown.has_parent)
        put_id(w, "parentId", span->parent_span_id.bytes, sizeof span->parent_span_id.bytes);
    put_id(w, "id", span->span_id.bytes, sizeof span->span_id.bytes);
    if (weft_zipkin_kind(&shown) != NULL)
        put_text(w, "kind", weft_str_from_c(weft_zipkin_kind(&shown)));
    put_text(w, "name", shown.name);
    put_number(w, "timestamp", shown.timestamp_us);
    put_number(w, "duration", shown.duration_us);
    put_endpoint(w, "localEndpoint", &shown.local);
    put_endpoint(w, "remoteEndpoint", &shown.remote);
    put_annotations(w, &shown, arena);
    put_tags(w, &shown, arena);
    put_flag(w, "debug", shown.is_debug);
    put_flag(w, "shared", shown.is_shared);
    weft_json_object_end(w);
    weft_arena_rewind(arena, mark);
}
