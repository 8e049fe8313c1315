/* jaeger_decode_span.c -- one span: its times, references, logs and warnings (jaeger_decode_internal.h).
 *
 * Every reference but the one taken for the parent becomes a link. Resource and scope are not known yet: the span waits for its trace.
 * Spec  query.md Q10.4.3, Q10.4.4, Q10.4.7 backwards; spec.md C4.8.3, C4.8.5
 */
#include "model/jaeger_decode_internal.h"
#include "wire/protobuf.h"

#define IS(key, name) weft_str_equal(key, WEFT_S(name))

/* ---- times ---- */

/* A fraction of a microsecond is nanoseconds; before 1970 is 1970. */
static bool micros_read(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                        uint64_t *ns)
{
    double us;
    uint64_t whole;
    bool is_number = token == WEFT_JSON_NUMBER || token == WEFT_JSON_STRING;
    if (is_number && weft_str_to_u64(d->r.text, &whole) && whole <= UINT64_MAX / 1000) {
        *ns = whole * 1000;
        return true;
    }
    if (!is_number || !weft_str_to_double(d->r.text, &us) || !(us < 1.8e16))
        return weft_otlp_json_wrong(d, field, token, "microseconds");
    if (us < 0) d->result->mended_fields++;
    *ns = us < 0 ? 0 : (uint64_t)(us * 1000 + 0.5);
    return true;
}

/* ---- references ---- */

struct reference {
    struct weft_trace_id trace_id;
    struct weft_span_id span_id;
    bool is_child_of;
};
struct references {
    struct reference *items;
    uint32_t count, capacity;
};

/* One whose ids are none says nothing: it is left out. */
static bool reference_read(struct weft_otlp_json *d, enum weft_json_token token,
                           struct references *out)
{
    struct weft_str key, type = WEFT_S(""), trace = WEFT_S(""), span = WEFT_S("");
    if (!weft_otlp_json_open(d, token, "references")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "refType"))
            is_fine = weft_otlp_json_string(d, token, "references.refType", &type);
        else if (IS(key, "traceID"))
            is_fine = weft_otlp_json_string(d, token, "references.traceID", &trace);
        else if (IS(key, "spanID"))
            is_fine = weft_otlp_json_string(d, token, "references.spanID", &span);
        else
            is_fine = weft_otlp_json_skip(d, token);
        if (!is_fine) return false;
    }
    if (d->is_failed || weft_otlp_json_grown(d, 2 * sizeof *out->items)) return false;
    if (out->count == out->capacity) {
        uint32_t capacity = out->capacity == 0 ? 4 : out->capacity * 2;
        out->items = weft_arena_grow(d->arena, out->items, out->capacity * sizeof *out->items,
                                     capacity * sizeof *out->items);
        out->capacity = capacity;
    }
    struct reference *made = &out->items[out->count];
    made->is_child_of = !IS(type, "FOLLOWS_FROM");
    if (weft_trace_id_parse(trace, &made->trace_id) && weft_span_id_parse(span, &made->span_id))
        out->count++;
    else
        d->result->mended_fields++;
    return true;
}

static bool references_read(struct weft_otlp_json *d, enum weft_json_token token,
                            struct references *out)
{
    if (!weft_otlp_json_open_array(d, token, "references")) return false;
    while (weft_otlp_json_element(d, &token))
        if (!reference_read(d, token, out)) return false;
    return !d->is_failed;
}

/* The first CHILD_OF in the span's own trace, else the first FOLLOWS_FROM there; NULL: a root. */
static const struct reference *parent_of(const struct weft_span *span, const struct references *all)
{
    for (int is_child_of = 1; is_child_of >= 0; is_child_of--) {
        for (uint32_t i = 0; i < all->count; i++) {
            const struct reference *r = &all->items[i];
            if (r->is_child_of == (bool)is_child_of && !weft_span_id_is_zero(&r->span_id) &&
                memcmp(&r->trace_id, &span->trace_id, sizeof r->trace_id) == 0)
                return r;
        }
    }
    return NULL;
}

static void references_settle(struct weft_span *span, const struct references *all,
                              struct weft_arena *arena)
{
    const struct reference *parent = parent_of(span, all);
    if (parent != NULL) span->parent_span_id = parent->span_id;
    uint32_t count = all->count - (parent != NULL ? 1 : 0);
    if (count == 0) return;
    struct weft_link *links = weft_arena_alloc_array(arena, count, sizeof *links);
    struct weft_attribute *types = weft_arena_alloc_array(arena, count, sizeof *types);
    for (uint32_t i = 0; i < all->count; i++) {
        const struct reference *r = &all->items[i];
        uint32_t n = span->link_count;
        if (r == parent) continue;
        types[n] =
            weft_attribute_text(WEFT_S("opentracing.ref_type"),
                                r->is_child_of ? WEFT_S("child_of") : WEFT_S("follows_from"));
        links[n] = (struct weft_link){ .trace_id = r->trace_id,
                                       .span_id = r->span_id,
                                       .attributes = { &types[n], 1, 0 } };
        span->link_count++;
    }
    span->links = links;
}

/* ---- logs, warnings ---- */

static bool log_read(struct weft_otlp_json *d, enum weft_json_token token, struct weft_event *event)
{
    struct weft_otlp_run fields = { 0 };
    struct weft_str key;
    *event = (struct weft_event){ .name = WEFT_S("") };
    if (!weft_otlp_json_open(d, token, "logs")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "timestamp"))
            is_fine = micros_read(d, token, "logs.timestamp", &event->time_unix_nano);
        else if (IS(key, "fields"))
            is_fine = weft_jaeger_tags_read(d, token, &fields);
        else
            is_fine = weft_otlp_json_skip(d, token);
        if (!is_fine) return false;
    }
    if (d->is_failed) return false;
    for (uint32_t i = 0; i < fields.count; i++) { /* the first "event" is the name */
        struct weft_attribute *a = &fields.items[i];
        if (a->type != WEFT_VALUE_STRING || a->value_len == 0 ||
            !IS(weft_attribute_key(a), "event"))
            continue;
        event->name = weft_str_make(a->ptr, a->value_len);
        memmove(a, a + 1, (fields.count - i - 1) * sizeof *a);
        fields.count--;
        break;
    }
    event->attributes = (struct weft_attributes){ fields.items, fields.count, 0 };
    return true;
}

static bool logs_read(struct weft_otlp_json *d, enum weft_json_token token, struct weft_span *span)
{
    struct weft_event *events = NULL;
    uint32_t capacity = 0;
    span->event_count = 0;
    if (!weft_otlp_json_open_array(d, token, "logs")) return false;
    while (weft_otlp_json_element(d, &token)) {
        if (span->event_count == capacity) {
            uint32_t more = capacity == 0 ? 4 : capacity * 2;
            if (weft_otlp_json_grown(d, more * sizeof *events)) return false;
            events =
                weft_arena_grow(d->arena, events, capacity * sizeof *events, more * sizeof *events);
            capacity = more;
        }
        if (!log_read(d, token, &events[span->event_count])) return false;
        span->event_count++;
    }
    span->events = events;
    return !d->is_failed;
}

/* Texts about the span, under the key where Jaeger keeps them (C4.8.5). */
static bool warnings_read(struct weft_otlp_json *d, enum weft_json_token token,
                          struct weft_otlp_run *tags)
{
    struct weft_str text;
    d->nested.len = 0;
    if (!weft_otlp_json_open_array(d, token, "warnings")) return false;
    while (weft_otlp_json_element(d, &token)) {
        if (!weft_otlp_json_string(d, token, "warnings", &text)) return false;
        size_t element = weft_pb_open(&d->nested, 1);
        weft_pb_put_bytes_always(&d->nested, WEFT_VALUE_STRING, text);
        weft_pb_close(&d->nested, element);
    }
    if (d->is_failed || d->nested.len == 0) return !d->is_failed;
    struct weft_attribute made = weft_attribute_text(
        WEFT_S("@jaeger@warnings"), weft_arena_copy(d->arena, weft_buf_str(&d->nested)));
    made.type = WEFT_VALUE_ARRAY;
    *weft_otlp_run_next(tags, d->arena) = made;
    tags->count++;
    return true;
}

/* ---- a span ---- */

struct parts {
    struct weft_str trace_id, span_id, parent_id;
    struct references references;
    struct weft_otlp_run tags;
    uint64_t duration_ns;
    struct weft_jaeger_waiting waiting;
};

static bool member_read(struct weft_jaeger_decoder *x, struct weft_str key,
                        enum weft_json_token token, struct weft_span *span, struct parts *parts)
{
    struct weft_otlp_json *d = &x->json;
    uint64_t flags;
    if (IS(key, "traceID")) return weft_otlp_json_string(d, token, "traceID", &parts->trace_id);
    if (IS(key, "spanID")) return weft_otlp_json_string(d, token, "spanID", &parts->span_id);
    if (IS(key, "parentSpanID")) /* how parents were said before references */
        return weft_otlp_json_string(d, token, "parentSpanID", &parts->parent_id);
    if (IS(key, "operationName"))
        return weft_otlp_json_string(d, token, "operationName", &span->name);
    if (IS(key, "references")) return references_read(d, token, &parts->references);
    if (IS(key, "startTime"))
        return micros_read(d, token, "startTime", &span->start_time_unix_nano);
    if (IS(key, "duration")) return micros_read(d, token, "duration", &parts->duration_ns);
    if (IS(key, "tags")) return weft_jaeger_tags_read(d, token, &parts->tags);
    if (IS(key, "logs")) return logs_read(d, token, span);
    if (IS(key, "warnings")) return warnings_read(d, token, &parts->tags);
    if (IS(key, "processID"))
        return weft_otlp_json_string(d, token, "processID", &parts->waiting.process_id);
    if (IS(key, "process")) return weft_jaeger_process_read(x, token, &parts->waiting.process);
    if (IS(key, "flags")) { /* 1: sampled, as in OTLP; the others mean something else there */
        if (!weft_otlp_json_u64(d, token, "flags", &flags)) return false;
        span->flags = flags & 1;
        return true;
    }
    return weft_otlp_json_skip(d, token);
}

static void reject(struct weft_otlp_json *d, const char *field, struct weft_str found,
                   const char *expected)
{
    if (d->result->rejected_spans++ > 0) return;
    snprintf(d->result->reason, sizeof d->result->reason,
             "spans[%u].%s: found \"%.*s\", expected %s", d->span_number - 1, field,
             (int)(found.len < 64 ? found.len : 64), found.ptr != NULL ? found.ptr : "", expected);
}

/* Has the span what every span needs? */
static bool ids_settle(struct weft_otlp_json *d, struct weft_span *span, const struct parts *parts)
{
    char bytes[24];
    if (!weft_trace_id_parse(parts->trace_id, &span->trace_id) ||
        weft_trace_id_is_zero(&span->trace_id)) {
        reject(d, "traceID", parts->trace_id, "1 to 32 hex digits, not all zero");
    } else if (!weft_span_id_parse(parts->span_id, &span->span_id) ||
               weft_span_id_is_zero(&span->span_id)) {
        reject(d, "spanID", parts->span_id, "1 to 16 hex digits, not all zero");
    } else if (d->long_key_bytes > 0) {
        snprintf(bytes, sizeof bytes, "%zu", d->long_key_bytes);
        reject(d, "bytes of a tag's key", weft_str_from_c(bytes), "65535 at most");
    } else {
        return true;
    }
    return false;
}

static void wait_for_trace(struct weft_jaeger_decoder *x, const struct weft_jaeger_waiting *waiting)
{
    uint32_t n = x->json.batch->span_count - 1 - x->first;
    if (n == x->waiting_capacity) {
        uint32_t capacity = n == 0 ? 16 : n * 2;
        x->waiting = weft_arena_grow(x->json.arena, x->waiting, n * sizeof *x->waiting,
                                     capacity * sizeof *x->waiting);
        x->waiting_capacity = capacity;
    }
    x->waiting[n] = *waiting;
}

bool weft_jaeger_span_read(struct weft_jaeger_decoder *x, enum weft_json_token token)
{
    struct weft_otlp_json *d = &x->json;
    struct parts parts = { 0 };
    struct weft_scope scope = { .name = WEFT_S(""), .version = WEFT_S("") };
    struct weft_str key;
    d->span_number++;
    d->long_key_bytes = 0;
    if (!weft_otlp_json_open(d, token, "span") ||
        weft_otlp_json_grown(d,
                             2 * (sizeof(struct weft_span) + sizeof(struct weft_jaeger_waiting))))
        return false;
    struct weft_span *span = weft_batch_add(d->batch);
    while (weft_otlp_json_member(d, &key, &token))
        if (!member_read(x, key, token, span, &parts)) return false;
    if (d->is_failed) return false;
    if (!ids_settle(d, span, &parts)) {
        d->batch->span_count--;
        return true;
    }
    references_settle(span, &parts.references, d->arena);
    if (weft_span_id_is_zero(&span->parent_span_id))
        weft_span_id_parse(parts.parent_id, &span->parent_span_id);
    if (__builtin_add_overflow(span->start_time_unix_nano, parts.duration_ns,
                               &span->end_time_unix_nano))
        span->end_time_unix_nano = UINT64_MAX;
    weft_jaeger_tags_settle(span, &scope, &parts.tags);
    span->attributes = (struct weft_attributes){ parts.tags.items, parts.tags.count, 0 };
    parts.waiting.scope_name = scope.name;
    parts.waiting.scope_version = scope.version;
    wait_for_trace(x, &parts.waiting);
    return !weft_otlp_json_grown(d, 0);
}
