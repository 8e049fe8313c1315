/* span_equal.c -- spans compared field by field, with a path to the first difference. */
#include "model/span_equal.h"

#include "model/otlp.h"
#include <inttypes.h>
#include <stdarg.h>

/* The sentence under construction; `path` is what stands before each field name. */
struct finding {
    char *out;
    size_t size;
    char path[96];
};

static __attribute__((format(printf, 2, 3))) bool differ(struct finding *f, const char *format, ...)
{
    if (f->size == 0) return false;
    int len = snprintf(f->out, f->size, "%s", f->path);
    va_list args;
    va_start(args, format);
    if (len >= 0 && (size_t)len < f->size)
        vsnprintf(f->out + len, f->size - (size_t)len, format, args);
    va_end(args);
    return false;
}

static bool same_u64(struct finding *f, const char *field, uint64_t a, uint64_t b)
{
    return a == b || differ(f, "%s: %" PRIu64 " and %" PRIu64, field, a, b);
}

static bool same_str(struct finding *f, const char *field, struct weft_str a, struct weft_str b)
{
    if (weft_str_equal(a, b)) return true;
    return differ(f, "%s: \"%.*s\" (%zu bytes) and \"%.*s\" (%zu bytes)", field,
                  (int)(a.len < 80 ? a.len : 80), a.ptr != NULL ? a.ptr : "", a.len,
                  (int)(b.len < 80 ? b.len : 80), b.ptr != NULL ? b.ptr : "", b.len);
}

static bool nested_equal(struct weft_str a, struct weft_str b, bool is_kvlist)
{
    size_t at_a = 0, at_b = 0;
    struct weft_str key_a = { NULL, 0 }, key_b = { NULL, 0 };
    struct weft_value value_a, value_b;
    for (;;) {
        bool has_a = weft_value_next(a, &at_a, &key_a, &value_a, is_kvlist);
        bool has_b = weft_value_next(b, &at_b, &key_b, &value_b, is_kvlist);
        if (!has_a || !has_b) return has_a == has_b;
        if (is_kvlist && !weft_str_equal(key_a, key_b)) return false;
        if (!weft_value_equal(&value_a, &value_b)) return false;
    }
}

bool weft_value_equal(const struct weft_value *a, const struct weft_value *b)
{
    if (a->type != b->type) return false;
    switch ((enum weft_value_type)a->type) {
    case WEFT_VALUE_EMPTY: return true;
    case WEFT_VALUE_BOOL: return a->bool_value == b->bool_value;
    case WEFT_VALUE_INT: return a->int_value == b->int_value;
    case WEFT_VALUE_DOUBLE:
        return memcmp(&a->double_value, &b->double_value, sizeof a->double_value) == 0 ||
               (a->double_value != a->double_value && b->double_value != b->double_value);
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_BYTES: return weft_str_equal(a->bytes, b->bytes);
    case WEFT_VALUE_ARRAY: return nested_equal(a->bytes, b->bytes, false);
    case WEFT_VALUE_KVLIST: return nested_equal(a->bytes, b->bytes, true);
    }
    return false;
}

static void value_print(char *out, size_t size, const struct weft_value *value)
{
    static const char *const names[] = { "empty",  "string", "bool",   "int",
                                         "double", "array",  "kvlist", "bytes" };
    struct weft_buf text = { 0 };
    weft_value_to_plain_json(&text, value);
    snprintf(out, size, "%s %.*s", value->type < 8 ? names[value->type] : "?",
             (int)(text.len < 60 ? text.len : 60), text.data);
    weft_buf_release(&text);
}

static bool same_attributes(struct finding *f, const char *field, struct weft_attributes a,
                            struct weft_attributes b)
{
    if (a.count != b.count) return differ(f, "%s: %u of them and %u", field, a.count, b.count);
    for (uint32_t i = 0; i < a.count; i++) {
        struct weft_str key_a = weft_attribute_key(&a.items[i]),
                        key_b = weft_attribute_key(&b.items[i]);
        struct weft_value value_a = weft_attribute_value(&a.items[i]),
                          value_b = weft_attribute_value(&b.items[i]);
        if (!weft_str_equal(key_a, key_b)) {
            return differ(f, "%s[%u].key: \"%.*s\" and \"%.*s\"", field, i, WEFT_S_ARG(key_a),
                          WEFT_S_ARG(key_b));
        }
        if (!weft_value_equal(&value_a, &value_b)) {
            char text_a[80], text_b[80];
            value_print(text_a, sizeof text_a, &value_a);
            value_print(text_b, sizeof text_b, &value_b);
            return differ(f, "%s[%u] \"%.*s\": %s and %s", field, i, WEFT_S_ARG(key_a), text_a,
                          text_b);
        }
    }
    return a.dropped_count == b.dropped_count ||
           differ(f, "%s: dropped count %u and %u", field, a.dropped_count, b.dropped_count);
}

static bool same_ids(struct finding *f, const struct weft_span *a, const struct weft_span *b)
{
    char text_a[33], text_b[33];
    if (memcmp(&a->trace_id, &b->trace_id, sizeof a->trace_id) != 0) {
        weft_trace_id_format(&a->trace_id, text_a);
        weft_trace_id_format(&b->trace_id, text_b);
        return differ(f, "trace_id: %s and %s", text_a, text_b);
    }
    if (memcmp(&a->span_id, &b->span_id, sizeof a->span_id) != 0) {
        weft_span_id_format(&a->span_id, text_a);
        weft_span_id_format(&b->span_id, text_b);
        return differ(f, "span_id: %s and %s", text_a, text_b);
    }
    if (memcmp(&a->parent_span_id, &b->parent_span_id, sizeof a->parent_span_id) != 0) {
        weft_span_id_format(&a->parent_span_id, text_a);
        weft_span_id_format(&b->parent_span_id, text_b);
        return differ(f, "parent_span_id: %s and %s", text_a, text_b);
    }
    return true;
}

static bool same_events(struct finding *f, const struct weft_span *a, const struct weft_span *b)
{
    if (!same_u64(f, "event_count", a->event_count, b->event_count)) return false;
    size_t len = strlen(f->path);
    for (uint32_t i = 0; i < a->event_count; i++) {
        const struct weft_event *x = &a->events[i], *y = &b->events[i];
        snprintf(f->path + len, sizeof f->path - len, "events[%u].", i);
        if (!same_u64(f, "time_unix_nano", x->time_unix_nano, y->time_unix_nano)) return false;
        if (!same_str(f, "name", x->name, y->name)) return false;
        if (!same_attributes(f, "attributes", x->attributes, y->attributes)) return false;
    }
    f->path[len] = '\0';
    return same_u64(f, "dropped_events_count", a->dropped_events_count, b->dropped_events_count);
}

static bool same_links(struct finding *f, const struct weft_span *a, const struct weft_span *b)
{
    if (!same_u64(f, "link_count", a->link_count, b->link_count)) return false;
    size_t len = strlen(f->path);
    for (uint32_t i = 0; i < a->link_count; i++) {
        const struct weft_link *x = &a->links[i], *y = &b->links[i];
        snprintf(f->path + len, sizeof f->path - len, "links[%u].", i);
        if (memcmp(&x->trace_id, &y->trace_id, sizeof x->trace_id) != 0)
            return differ(f, "trace_id differs");
        if (memcmp(&x->span_id, &y->span_id, sizeof x->span_id) != 0)
            return differ(f, "span_id differs");
        if (!same_str(f, "trace_state", x->trace_state, y->trace_state)) return false;
        if (!same_u64(f, "flags", x->flags, y->flags)) return false;
        if (!same_attributes(f, "attributes", x->attributes, y->attributes)) return false;
    }
    f->path[len] = '\0';
    return same_u64(f, "dropped_links_count", a->dropped_links_count, b->dropped_links_count);
}

static bool same_scope(struct finding *f, const struct weft_scope *a, const struct weft_scope *b)
{
    static const struct weft_resource no_resource;
    static const struct weft_scope no_scope;
    if (a == b) return true;
    if (a == NULL) a = &no_scope;
    if (b == NULL) b = &no_scope;
    const struct weft_resource *x = a->resource != NULL ? a->resource : &no_resource;
    const struct weft_resource *y = b->resource != NULL ? b->resource : &no_resource;
    return same_str(f, "scope.name", a->name, b->name) &&
           same_str(f, "scope.version", a->version, b->version) &&
           same_str(f, "scope.schema_url", a->schema_url, b->schema_url) &&
           same_attributes(f, "scope.attributes", a->attributes, b->attributes) &&
           same_attributes(f, "resource.attributes", x->attributes, y->attributes) &&
           same_str(f, "resource.schema_url", x->schema_url, y->schema_url) &&
           same_str(f, "resource.entity_refs", x->entity_refs, y->entity_refs) &&
           same_str(f, "resource.service_name", x->service_name, y->service_name);
}

static bool same_span(struct finding *f, const struct weft_span *a, const struct weft_span *b)
{
    return same_ids(f, a, b) && same_str(f, "name", a->name, b->name) &&
           same_u64(f, "kind", a->kind, b->kind) &&
           same_u64(f, "start_time_unix_nano", a->start_time_unix_nano, b->start_time_unix_nano) &&
           same_u64(f, "end_time_unix_nano", a->end_time_unix_nano, b->end_time_unix_nano) &&
           same_u64(f, "status_code", a->status_code, b->status_code) &&
           same_str(f, "status_message", a->status_message, b->status_message) &&
           same_str(f, "trace_state", a->trace_state, b->trace_state) &&
           same_u64(f, "flags", a->flags, b->flags) &&
           same_attributes(f, "attributes", a->attributes, b->attributes) && same_events(f, a, b) &&
           same_links(f, a, b) && same_scope(f, a->scope, b->scope);
}

bool weft_span_difference(const struct weft_span *a, const struct weft_span *b, char *out,
                          size_t size)
{
    struct finding f = { .out = out, .size = size };
    if (size > 0) out[0] = '\0';
    return same_span(&f, a, b);
}

bool weft_span_equal(const struct weft_span *a, const struct weft_span *b)
{
    return weft_span_difference(a, b, NULL, 0);
}

bool weft_batch_difference(const struct weft_batch *a, const struct weft_batch *b, char *out,
                           size_t size)
{
    struct finding f = { .out = out, .size = size };
    if (size > 0) out[0] = '\0';
    if (!same_u64(&f, "span_count", a->span_count, b->span_count)) return false;
    for (uint32_t i = 0; i < a->span_count; i++) {
        snprintf(f.path, sizeof f.path, "spans[%u].", i);
        if (!same_span(&f, &a->spans[i], &b->spans[i])) return false;
    }
    return true;
}
