/* predicate_fixture.h -- for tests: predicates about something that a span has, so that they are not always empty. */
#ifndef WEFT_STORE_PREDICATE_FIXTURE_H
#define WEFT_STORE_PREDICATE_FIXTURE_H
#include "base/random.h"
#include "model/predicate.h"

static inline const struct weft_attribute *fixture_any_attribute(struct weft_random *random,
                                                                 const struct weft_span *span,
                                                                 enum weft_attribute_scope scope)
{
    struct weft_attributes list = span->attributes;

    if (scope == WEFT_SCOPE_RESOURCE) list = span->scope->resource->attributes;
    if (scope == WEFT_SCOPE_INSTRUMENTATION) list = span->scope->attributes;
    if (scope == WEFT_SCOPE_EVENT && span->event_count > 0) list = span->events[0].attributes;
    if (scope == WEFT_SCOPE_LINK && span->link_count > 0) list = span->links[0].attributes;
    return list.count == 0 ? NULL : &list.items[weft_random_below(random, list.count)];
}

static inline bool fixture_likes(const void *self, struct weft_str text)
{
    return text.len > 0 && text.ptr[text.len - 1] < '5';
}
static const struct weft_matcher fixture_matcher = { .matches = fixture_likes };

/* About something that `span` has; sometimes a little beside it. */
static inline struct weft_predicate fixture_predicate(struct weft_random *random,
                                                      const struct weft_span *span,
                                                      struct weft_arena *arena)
{
    struct weft_predicate p = { .field = (enum weft_field)weft_random_below(random, 16),
                                .op = (enum weft_op)weft_random_below(random, 11),
                                .matcher = &fixture_matcher };
    const struct weft_attribute *a;

    if (p.field > WEFT_FIELD_SCOPE_VERSION) p.field = WEFT_FIELD_ATTRIBUTE;
    p.value.type = WEFT_VALUE_INT;
    switch (p.field) {
    case WEFT_FIELD_ATTRIBUTE:
        p.scope = (enum weft_attribute_scope)weft_random_below(random, 6);
        a = fixture_any_attribute(random, span, p.scope);
        p.key = a != NULL ? weft_attribute_key(a) : WEFT_S("no such key");
        if (a != NULL) p.value = weft_attribute_value(a);
        if (p.value.type == WEFT_VALUE_INT && weft_random_below(random, 3) == 0)
            p.value = (struct weft_value){ .type = WEFT_VALUE_DOUBLE,
                                           .double_value = (double)p.value.int_value };
        if (p.value.type == WEFT_VALUE_ARRAY)
            p.value = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = WEFT_S("a") };
        break;
    case WEFT_FIELD_SERVICE:
        p.value = (struct weft_value){ .type = WEFT_VALUE_STRING,
                                       .bytes = span->scope->resource->service_name };
        break;
    case WEFT_FIELD_NAME:
        p.value = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = span->name };
        break;
    case WEFT_FIELD_SCOPE_NAME:
        p.value = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = span->scope->name };
        break;
    case WEFT_FIELD_SCOPE_VERSION:
        p.value = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = span->scope->version };
        break;
    case WEFT_FIELD_STATUS_MESSAGE:
        p.value = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = span->status_message };
        break;
    case WEFT_FIELD_EVENT_NAME:
        p.value = (struct weft_value){ .type = WEFT_VALUE_STRING,
                                       .bytes = span->event_count > 0 ? span->events[0].name
                                                                      : WEFT_S("x") };
        break;
    case WEFT_FIELD_KIND: p.value.int_value = span->kind; break;
    case WEFT_FIELD_STATUS: p.value.int_value = span->status_code; break;
    case WEFT_FIELD_DURATION: p.value.int_value = (int64_t)weft_span_duration_ns(span); break;
    case WEFT_FIELD_TRACE_ID:
        p.value =
            (struct weft_value){ .type = WEFT_VALUE_BYTES,
                                 .bytes = weft_str_make((const char *)span->trace_id.bytes, 16) };
        break;
    case WEFT_FIELD_IS_ROOT:
        p.value = (struct weft_value){ .type = WEFT_VALUE_BOOL,
                                       .bool_value = weft_random_below(random, 2) };
        break;
    }
    if (p.value.type == WEFT_VALUE_STRING && p.value.bytes.len > 0 &&
        weft_random_below(random, 4) == 0)
        p.value.bytes.len = weft_random_below(random, p.value.bytes.len);
    return p;
}

#endif
