/* trace_fixture.h -- for tests of the query side: traces written as text, one span a line.
 *
 *   ID PARENT NAME START DURATION [what follows in any order]
 *     service=NAME kind=server status=error message=TEXT scope=NAME version=TEXT
 *     span.KEY=VALUE resource.KEY=VALUE scope.KEY=VALUE
 *     event=NAME+OFFSET event.KEY=VALUE    (of the last event)
 *     link=TRACE/SPAN link.KEY=VALUE       (of the last link)
 *
 * ID and PARENT are hex, 0 is no parent; times are ns. VALUE: 12, 1.5, true, nil, text, or [1,2] of such. Lines come sorted by start.
 */
#ifndef WEFT_QUERY_TRACE_FIXTURE_H
#define WEFT_QUERY_TRACE_FIXTURE_H
#include "model/span.h"
#include "wire/protobuf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define FIXTURE_ITEMS_MAX 16u

static inline void fixture_scalar(struct weft_str text, struct weft_value *out)
{
    if (weft_str_equal_c(text, "nil"))
        *out = (struct weft_value){ .type = WEFT_VALUE_EMPTY };
    else if (weft_str_equal_c(text, "true") || weft_str_equal_c(text, "false"))
        *out = (struct weft_value){ .type = WEFT_VALUE_BOOL, .bool_value = text.ptr[0] == 't' };
    else if (weft_str_to_i64(text, &out->int_value))
        out->type = WEFT_VALUE_INT;
    else if (weft_str_find(text, '.') >= 0 && weft_str_to_double(text, &out->double_value))
        out->type = WEFT_VALUE_DOUBLE;
    else
        *out = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = text };
}

static inline void fixture_put_any(struct weft_buf *out, const struct weft_value *value)
{
    struct weft_buf any = { 0 };
    uint64_t bits;

    if (value->type == WEFT_VALUE_STRING) weft_pb_put_bytes_always(&any, 1, value->bytes);
    if (value->type == WEFT_VALUE_BOOL || value->type == WEFT_VALUE_INT) {
        weft_pb_put_tag(&any, value->type, WEFT_PB_VARINT);
        weft_pb_put_varint(&any, value->type == WEFT_VALUE_BOOL ? value->bool_value
                                                                : (uint64_t)value->int_value);
    }
    if (value->type == WEFT_VALUE_DOUBLE) {
        memcpy(&bits, &value->double_value, sizeof bits);
        weft_pb_put_fixed64(&any, 4, bits);
    }
    weft_pb_put_bytes_always(out, 1, weft_buf_str(&any));
    weft_buf_release(&any);
}

static inline struct weft_attribute fixture_attribute(struct weft_str key, struct weft_str text,
                                                      struct weft_arena *arena)
{
    struct weft_attribute a = { .key = key.ptr, .key_len = (uint32_t)key.len & 0xffffff };
    struct weft_value value;

    if (!weft_str_starts_with(text, WEFT_S("["))) {
        fixture_scalar(text, &value);
        a.type = value.type & 0xff;
        a.int_value = value.int_value;
        if (value.type == WEFT_VALUE_BOOL) a.bool_value = value.bool_value;
        if (value.type == WEFT_VALUE_STRING) {
            a.ptr = value.bytes.ptr;
            a.value_len = (uint32_t)value.bytes.len;
        }
        return a;
    }
    struct weft_buf array = { 0 };
    struct weft_str rest = weft_str_make(text.ptr + 1, text.len - 2);
    while (rest.len > 0) {
        fixture_scalar(weft_str_split(&rest, ','), &value);
        fixture_put_any(&array, &value);
    }
    struct weft_str bytes = weft_arena_copy(arena, weft_buf_str(&array));
    weft_buf_release(&array);
    a.type = WEFT_VALUE_ARRAY;
    a.ptr = bytes.ptr;
    a.value_len = (uint32_t)bytes.len;
    return a;
}

static inline void fixture_attribute_add(struct weft_attributes *attributes,
                                         struct weft_attribute attribute, struct weft_arena *arena)
{
    struct weft_attribute *items = weft_arena_alloc(arena, (attributes->count + 1) * sizeof *items);

    if (attributes->count > 0) memcpy(items, attributes->items, attributes->count * sizeof *items);
    items[attributes->count++] = attribute;
    attributes->items = items;
}

static inline uint64_t fixture_number(struct weft_str text)
{
    uint64_t number;
    assert_true(weft_str_to_u64(text, &number));
    return number;
}

static inline void fixture_event_add(struct weft_span *span, struct weft_str text,
                                     struct weft_event *events)
{
    struct weft_str name = weft_str_split(&text, '+');
    assert_true(span->event_count < FIXTURE_ITEMS_MAX);
    events[span->event_count++] =
        (struct weft_event){ .name = name,
                             .time_unix_nano = span->start_time_unix_nano +
                                               (text.len > 0 ? fixture_number(text) : 0) };
    span->events = events;
}

static inline void fixture_link_add(struct weft_span *span, struct weft_str text,
                                    struct weft_link *links)
{
    assert_true(span->link_count < FIXTURE_ITEMS_MAX);
    struct weft_link *link = &links[span->link_count++];
    assert_true(weft_trace_id_parse(weft_str_split(&text, '/'), &link->trace_id));
    assert_true(weft_span_id_parse(text, &link->span_id));
    span->links = links;
}

static inline bool fixture_key(struct weft_str *word, const char *prefix)
{
    if (!weft_str_starts_with(*word, weft_str_from_c(prefix))) return false;
    *word = weft_str_tail(*word, strlen(prefix));
    return true;
}

static inline void fixture_word(struct weft_span *span, struct weft_scope *scope,
                                struct weft_resource *resource, struct weft_event *events,
                                struct weft_link *links, struct weft_str word,
                                struct weft_arena *arena)
{
    struct weft_str value = word, key = weft_str_split(&value, '=');
    struct weft_str bare = key;

    if (fixture_key(&bare, "span."))
        fixture_attribute_add(&span->attributes, fixture_attribute(bare, value, arena), arena);
    else if (fixture_key(&bare, "resource."))
        fixture_attribute_add(&resource->attributes, fixture_attribute(bare, value, arena), arena);
    else if (fixture_key(&bare, "scope."))
        fixture_attribute_add(&scope->attributes, fixture_attribute(bare, value, arena), arena);
    else if (fixture_key(&bare, "event."))
        fixture_attribute_add(&events[span->event_count - 1].attributes,
                              fixture_attribute(bare, value, arena), arena);
    else if (fixture_key(&bare, "link."))
        fixture_attribute_add(&links[span->link_count - 1].attributes,
                              fixture_attribute(bare, value, arena), arena);
    else if (weft_str_equal_c(key, "service")) {
        resource->service_name = value;
        fixture_attribute_add(&resource->attributes,
                              weft_attribute_text(WEFT_S("service.name"), value), arena);
    } else if (weft_str_equal_c(key, "kind"))
        assert_true(weft_span_kind_parse(value, &span->kind));
    else if (weft_str_equal_c(key, "status"))
        assert_true(weft_status_code_parse(value, &span->status_code));
    else if (weft_str_equal_c(key, "message"))
        span->status_message = value;
    else if (weft_str_equal_c(key, "scope"))
        scope->name = value;
    else if (weft_str_equal_c(key, "version"))
        scope->version = value;
    else if (weft_str_equal_c(key, "event"))
        fixture_event_add(span, value, events);
    else if (weft_str_equal_c(key, "link"))
        fixture_link_add(span, value, links);
    else
        fail_msg("trace_fixture: %.*s is unknown", WEFT_S_ARG(word));
}

static inline void fixture_span(struct weft_batch *batch, struct weft_str line,
                                struct weft_trace_id trace_id)
{
    struct weft_arena *arena = batch->arena;
    struct weft_resource *resource = weft_arena_alloc_zero(arena, sizeof *resource);
    struct weft_scope *scope = weft_arena_alloc_zero(arena, sizeof *scope);
    struct weft_event *events = weft_arena_alloc_array(arena, FIXTURE_ITEMS_MAX, sizeof *events);
    struct weft_link *links = weft_arena_alloc_array(arena, FIXTURE_ITEMS_MAX, sizeof *links);
    struct weft_span *span = weft_batch_add(batch);

    span->trace_id = trace_id;
    assert_true(weft_span_id_parse(weft_str_split(&line, ' '), &span->span_id));
    assert_true(weft_span_id_parse(weft_str_split(&line, ' '), &span->parent_span_id));
    span->name = weft_str_split(&line, ' ');
    span->start_time_unix_nano = fixture_number(weft_str_split(&line, ' '));
    span->end_time_unix_nano =
        span->start_time_unix_nano + fixture_number(weft_str_split(&line, ' '));
    scope->resource = resource;
    span->scope = scope;
    while (line.len > 0)
        fixture_word(span, scope, resource, events, links, weft_str_split(&line, ' '), arena);
}

/* The spans of one trace; `text` must live as long as the arena. */
static inline struct weft_batch fixture_trace(const char *text, uint64_t trace_number,
                                              struct weft_arena *arena)
{
    struct weft_batch batch = { .arena = arena };
    struct weft_trace_id id = { { 0 } };
    struct weft_str rest = weft_str_from_c(text);

    for (int i = 0; i < 8; i++) id.bytes[15 - i] = (uint8_t)(trace_number >> (8 * i));
    while (rest.len > 0) fixture_span(&batch, weft_str_split(&rest, '\n'), id);
    return batch;
}

#endif
