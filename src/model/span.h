/* span.h -- a span and what belongs to it, as views.
 *
 * Shape      OpenTelemetry's data model: OTLP's fields and spelling
 * Units      times in Unix nanoseconds
 * Threads    a batch has one owner; sharing it read-only is fine
 * Ownership  strings point into the request's body or into the batch's arena; nothing here is freed
 *            by itself
 * Spec       opentelemetry-proto 1.5 trace.proto, common.proto, resource.proto (checklist C3.7,
 *            C3.8)
 */
#ifndef WEFT_MODEL_SPAN_H
#define WEFT_MODEL_SPAN_H
#include "base/arena.h"

struct weft_trace_id {
    uint8_t bytes[16];
};
struct weft_span_id {
    uint8_t bytes[8];
};

/* The numbers are those of AnyValue's oneof. */
enum weft_value_type {
    WEFT_VALUE_EMPTY = 0,
    WEFT_VALUE_STRING = 1, /* UTF-8, checked on the way in */
    WEFT_VALUE_BOOL = 2,
    WEFT_VALUE_INT = 3,
    WEFT_VALUE_DOUBLE = 4,
    WEFT_VALUE_ARRAY = 5,  /* bytes: a protobuf ArrayValue message, checked on the way in */
    WEFT_VALUE_KVLIST = 6, /* bytes: a protobuf KeyValueList message, checked on the way in */
    WEFT_VALUE_BYTES = 7,
};

/* 24 bytes: a request has twelve thousand of them, and they should stay in the cache. */
struct weft_attribute {
    const char *key;
    union {
        int64_t int_value;
        double double_value;
        bool bool_value;
        const char *ptr; /* string, bytes, array, kvlist: value_len bytes */
    };
    uint32_t value_len;
    uint32_t key_len : 24;
    uint32_t type : 8; /* enum weft_value_type */
};

/* A value on its own (predicates, JSON). */
struct weft_value {
    uint32_t type; /* enum weft_value_type */
    union {
        int64_t int_value;
        double double_value;
        bool bool_value;
        struct weft_str bytes;
    };
};

struct weft_attributes {
    const struct weft_attribute *items;
    uint32_t count;
    uint32_t dropped_count; /* dropped_attributes_count */
};

enum weft_span_kind {
    WEFT_KIND_UNSPECIFIED,
    WEFT_KIND_INTERNAL,
    WEFT_KIND_SERVER,
    WEFT_KIND_CLIENT,
    WEFT_KIND_PRODUCER,
    WEFT_KIND_CONSUMER,
    WEFT_KIND_COUNT
};
enum weft_status_code { WEFT_STATUS_UNSET, WEFT_STATUS_OK, WEFT_STATUS_ERROR, WEFT_STATUS_COUNT };

/* Span and link flags: bits 0-7 W3C trace flags, then about the parent (span) or the linked context
 * (link). */
#define WEFT_FLAG_HAS_IS_REMOTE 0x100u
#define WEFT_FLAG_IS_REMOTE 0x200u
#define WEFT_FLAGS_MASK 0x3ffu

struct weft_event {
    uint64_t time_unix_nano;
    struct weft_str name;
    struct weft_attributes attributes;
};

struct weft_link {
    struct weft_trace_id trace_id;
    struct weft_span_id span_id;
    struct weft_str trace_state;
    struct weft_attributes attributes;
    uint32_t flags;
};

struct weft_resource {
    struct weft_attributes attributes;
    struct weft_str schema_url; /* of the ResourceSpans */
    struct weft_str
        entity_refs; /* the entity_refs fields with their tags, canonical; usually empty */
    struct weft_str service_name; /* the string attribute service.name, or empty */
};

struct weft_scope {
    const struct weft_resource *resource;
    struct weft_str name;
    struct weft_str version;
    struct weft_attributes attributes;
    struct weft_str schema_url; /* of the ScopeSpans */
};

struct weft_span {
    struct weft_trace_id trace_id;
    struct weft_span_id span_id;
    struct weft_span_id parent_span_id; /* zero: none */
    const struct weft_scope *scope;
    uint64_t start_time_unix_nano;
    uint64_t end_time_unix_nano;
    struct weft_str name;
    struct weft_str trace_state;
    struct weft_str status_message;
    struct weft_attributes attributes;
    const struct weft_event *events;
    const struct weft_link *links;
    uint32_t event_count;
    uint32_t dropped_events_count;
    uint32_t link_count;
    uint32_t dropped_links_count;
    uint32_t flags;      /* masked with WEFT_FLAGS_MASK */
    uint8_t kind;        /* enum weft_span_kind */
    uint8_t status_code; /* enum weft_status_code */
};

/* The spans of one request, grouped as they came: spans of one scope stand together, scopes of one
 * resource too. */
struct weft_batch {
    struct weft_arena *arena; /* where decoded things live; borrowed */
    struct weft_claim *claim; /* asked before the arena grows much; NULL: nobody minds */
    struct weft_span *spans;
    uint32_t span_count;
    uint32_t span_capacity;
    uint32_t spans_max;         /* asked of an answer: the earliest so many; 0: all */
    const char *partial_reason; /* of an answer: why spans may be missing; NULL: it is whole */
};

/* Room for one more span, zeroed, at the end of the batch (memory from its arena). */
struct weft_span *weft_batch_add(struct weft_batch *batch);
/* Room for `more` spans, exactly so many in an empty batch, for who knows how many come: growing leaves the old arrays behind in
 * the arena, as much again. */
void weft_batch_reserve(struct weft_batch *batch, uint32_t more);

static inline bool weft_trace_id_is_zero(const struct weft_trace_id *id)
{
    uint64_t a, b;
    memcpy(&a, id->bytes, 8);
    memcpy(&b, id->bytes + 8, 8);
    return (a | b) == 0;
}
static inline bool weft_span_id_is_zero(const struct weft_span_id *id)
{
    uint64_t a;
    memcpy(&a, id->bytes, 8);
    return a == 0;
}
/* End minus start; 0 when the end lies before the start. */
static inline uint64_t weft_span_duration_ns(const struct weft_span *span)
{
    return span->end_time_unix_nano > span->start_time_unix_nano
               ? span->end_time_unix_nano - span->start_time_unix_nano
               : 0;
}
static inline struct weft_str weft_attribute_key(const struct weft_attribute *a)
{
    return weft_str_make(a->key, a->key_len);
}
/* A string attribute; keys longer than 24 bits can say are the caller's mistake. */
static inline struct weft_attribute weft_attribute_text(struct weft_str key, struct weft_str value)
{
    struct weft_attribute a = { .key = key.ptr,
                                .value_len = (uint32_t)value.len,
                                .key_len = (uint32_t)key.len & 0xffffff,
                                .type = WEFT_VALUE_STRING };
    a.ptr = value.ptr;
    return a;
}
struct weft_value weft_attribute_value(const struct weft_attribute *a);
/* First attribute of that key, or NULL. */
const struct weft_attribute *weft_attributes_find(struct weft_attributes attributes,
                                                  struct weft_str key);
/* 1 to 32 (16) hex digits of either case, left-padded with zeros. */
bool weft_trace_id_parse(struct weft_str hex, struct weft_trace_id *out);
bool weft_span_id_parse(struct weft_str hex, struct weft_span_id *out);
void weft_trace_id_format(const struct weft_trace_id *id,
                          char out[static 33]); /* lower case, terminated */
void weft_span_id_format(const struct weft_span_id *id, char out[static 17]);
const char *weft_span_kind_name(unsigned kind);     /* "unspecified", "internal", "server", ... */
const char *weft_status_code_name(unsigned status); /* "unset", "ok", "error" */
bool weft_span_kind_parse(struct weft_str name, uint8_t *out);
bool weft_status_code_parse(struct weft_str name, uint8_t *out);

#endif
