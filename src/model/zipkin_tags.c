/* zipkin_tags.c -- tags and annotations of a span (zipkin_span.h). */
#include "model/zipkin_internal.h"
#include <stdlib.h>

#define MADE_MAX 5

/* What a span has beside its attributes, as tags. */
static uint32_t tags_made(const struct weft_zipkin_span *span,
                          struct weft_zipkin_tag out[static MADE_MAX])
{
    const struct weft_span *s = span->span;
    uint32_t count = 0;
    /* A sender's own words about the outcome stay as they are. */
    bool has_status = s->status_code != WEFT_STATUS_UNSET &&
                      (!span->is_native ||
                       (weft_attributes_find(s->attributes, WEFT_S("error")) == NULL &&
                        weft_attributes_find(s->attributes, WEFT_S("otel.status_code")) == NULL));
    if (has_status)
        out[count++] = (struct weft_zipkin_tag){
            WEFT_S("otel.status_code"),
            s->status_code == WEFT_STATUS_ERROR ? WEFT_S("ERROR") : WEFT_S("OK"),
        };
    if (has_status && s->status_code == WEFT_STATUS_ERROR)
        out[count++] = (struct weft_zipkin_tag){ WEFT_S("error"), s->status_message };
    if (s->scope->name.len > 0)
        out[count++] = (struct weft_zipkin_tag){ WEFT_S("otel.scope.name"), s->scope->name };
    if (s->scope->version.len > 0)
        out[count++] = (struct weft_zipkin_tag){ WEFT_S("otel.scope.version"), s->scope->version };
    if (span->is_native && s->trace_state.len > 0)
        out[count++] = (struct weft_zipkin_tag){ WEFT_S("w3c.tracestate"), s->trace_state };
    return count;
}

bool weft_zipkin_tag_is_made(struct weft_str key)
{
    static const char *const keys[] = { "otel.status_code", "error", "otel.scope.name",
                                        "otel.scope.version", "w3c.tracestate" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (weft_str_equal_c(key, keys[i])) return true;
    return false;
}

/* Keys that a span in Zipkin's format has from an endpoint, not from a tag. */
static bool is_of_endpoint(const struct weft_zipkin_span *span, struct weft_str key)
{
    for (int side = 0; side < WEFT_ZIPKIN_SIDES; side++) {
        const struct weft_zipkin_keys *keys = &weft_zipkin_keys[side];
        struct weft_attributes attributes = span->span->attributes;
        if ((keys->own_service.len > 0 && weft_str_equal(key, keys->own_service)) ||
            weft_str_equal(key, keys->own_ipv4) || weft_str_equal(key, keys->own_ipv6))
            return true;
        if (keys->service.len > 0 && weft_str_equal(key, keys->service))
            return weft_attributes_find(attributes, keys->own_service) == NULL;
        if (weft_str_equal(key, keys->address))
            return weft_attributes_find(attributes, keys->own_ipv4) == NULL;
    }
    return false;
}

static bool is_tag(const struct weft_zipkin_span *span, const struct weft_attribute *a)
{
    if (!span->is_native) return true;
    return a->type == WEFT_VALUE_STRING && !is_of_endpoint(span, weft_attribute_key(a));
}

bool weft_zipkin_tag_find(const struct weft_zipkin_span *span, struct weft_str key,
                          struct weft_str *value, struct weft_arena *arena)
{
    struct weft_zipkin_tag made[MADE_MAX];
    for (uint32_t i = tags_made(span, made); i-- > 0;) {
        if (!weft_str_equal(made[i].key, key)) continue;
        *value = made[i].value;
        return true;
    }
    for (uint32_t i = span->span->attributes.count; i-- > 0;) {
        const struct weft_attribute *a = &span->span->attributes.items[i];
        if (!weft_str_equal(weft_attribute_key(a), key) || !is_tag(span, a)) continue;
        *value = weft_zipkin_value_text(a, arena);
        return true;
    }
    return false;
}

bool weft_zipkin_has_tag(const struct weft_zipkin_span *span, struct weft_str key)
{
    struct weft_zipkin_tag made[MADE_MAX];
    for (uint32_t i = tags_made(span, made); i-- > 0;)
        if (weft_str_equal(made[i].key, key)) return true;
    for (uint32_t i = 0; i < span->span->attributes.count; i++) {
        const struct weft_attribute *a = &span->span->attributes.items[i];
        if (a->type != WEFT_VALUE_EMPTY && weft_str_equal(weft_attribute_key(a), key) &&
            is_tag(span, a))
            return true;
    }
    return false;
}

struct ordered_tag {
    struct weft_str key;
    uint32_t place;
};

static int tag_compare(const void *a, const void *b)
{
    const struct ordered_tag *x = a, *y = b;
    int order = weft_str_compare(x->key, y->key);
    return order != 0 ? order : x->place < y->place ? -1 : x->place > y->place;
}

struct weft_zipkin_tag *weft_zipkin_tags(const struct weft_zipkin_span *span, uint32_t *count,
                                         struct weft_arena *arena)
{
    struct weft_zipkin_tag made[MADE_MAX];
    struct weft_attributes attributes = span->span->attributes;
    uint32_t made_count = tags_made(span, made), n = 0;
    size_t room = (size_t)attributes.count + made_count;
    struct ordered_tag *order = weft_arena_alloc_array(arena, room, sizeof *order);
    struct weft_zipkin_tag *tags = weft_arena_alloc_array(arena, room, sizeof *tags);
    for (uint32_t i = 0; i < attributes.count; i++)
        if (is_tag(span, &attributes.items[i]))
            order[n++] = (struct ordered_tag){ weft_attribute_key(&attributes.items[i]), i };
    for (uint32_t i = 0; i < made_count; i++)
        order[n++] = (struct ordered_tag){ made[i].key, attributes.count + i };
    if (n > 1) qsort(order, n, sizeof *order, tag_compare);
    *count = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (i + 1 < n && weft_str_equal(order[i].key, order[i + 1].key)) continue;
        uint32_t place = order[i].place;
        tags[(*count)++] = place >= attributes.count
                               ? made[place - attributes.count]
                               : (struct weft_zipkin_tag){
                                     order[i].key,
                                     weft_zipkin_value_text(&attributes.items[place], arena),
                                 };
    }
    return tags;
}

/* ---- annotations ---- */

static int annotation_compare(const void *a, const void *b)
{
    const struct weft_zipkin_annotation *x = a, *y = b;
    if (x->timestamp_us != y->timestamp_us) return x->timestamp_us < y->timestamp_us ? -1 : 1;
    return weft_str_compare(x->value, y->value);
}

struct weft_zipkin_annotation *weft_zipkin_annotations(const struct weft_zipkin_span *span,
                                                       uint32_t *count, struct weft_arena *arena)
{
    const struct weft_span *s = span->span;
    struct weft_zipkin_annotation *made =
        weft_arena_alloc_array(arena, s->event_count, sizeof *made);
    for (uint32_t i = 0; i < s->event_count; i++)
        made[i] = (struct weft_zipkin_annotation){ s->events[i].time_unix_nano / 1000,
                                                   weft_zipkin_event_text(&s->events[i], arena) };
    if (s->event_count > 1) qsort(made, s->event_count, sizeof *made, annotation_compare);
    *count = 0;
    for (uint32_t i = 0; i < s->event_count; i++)
        if (i == 0 || annotation_compare(&made[i], &made[*count - 1]) != 0)
            made[(*count)++] = made[i];
    return made;
}

bool weft_zipkin_has_annotation(const struct weft_zipkin_span *span, struct weft_str value,
                                struct weft_arena *arena)
{
    const struct weft_span *s = span->span;
    for (uint32_t i = 0; i < s->event_count; i++)
        if (weft_str_equal(weft_zipkin_event_text(&s->events[i], arena), value)) return true;
    return false;
}
