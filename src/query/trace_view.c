/* trace_view.c -- a trace made ready: parents by id, circles cut, extent, root; values of attributes and intrinsics. */
#include "query/trace_view.h"
#include "base/endian.h"
#include "base/hash.h"

/* ---- Parents ---- */

/* Span ids to the first span that has them. */
struct ids {
    const struct weft_batch *batch;
    uint32_t *slots; /* number + 1; 0: free */
    uint32_t mask;
};

static uint32_t *slot_of(const struct ids *ids, const struct weft_span_id *id)
{
    uint64_t hash = weft_hash_u64(weft_load_u64(id->bytes) ^ weft_hash_process_seed());
    uint32_t at = (uint32_t)hash & ids->mask;

    while (ids->slots[at] != 0 &&
           memcmp(ids->batch->spans[ids->slots[at] - 1].span_id.bytes, id->bytes, 8) != 0)
        at = (at + 1) & ids->mask;
    return &ids->slots[at];
}

static void ids_init(struct ids *ids, const struct weft_batch *batch, struct weft_arena *arena)
{
    uint32_t capacity = 16;

    while (capacity < 2 * (uint64_t)batch->span_count) capacity *= 2;
    *ids = (struct ids){ .batch = batch, .mask = capacity - 1 };
    ids->slots = weft_arena_alloc_array(arena, capacity, sizeof *ids->slots);
    for (uint32_t i = 0; i < batch->span_count; i++) {
        uint32_t *slot = slot_of(ids, &batch->spans[i].span_id);
        if (*slot == 0) *slot = i + 1;
    }
}

static uint32_t parent_of(const struct ids *ids, uint32_t i)
{
    const struct weft_span *span = &ids->batch->spans[i];

    if (weft_span_id_is_zero(&span->parent_span_id)) return WEFT_NO_PARENT;
    if (memcmp(&span->parent_span_id, &span->span_id, sizeof span->span_id) == 0)
        return WEFT_NO_PARENT;
    uint32_t slot = *slot_of(ids, &span->parent_span_id);
    return slot == 0 ? WEFT_NO_PARENT : slot - 1;
}

/* Every span on a circle counts as not connected (Q4.3.7); what hangs below it keeps its parent. Each walk upwards marks with its own
 * number, so that meeting it again is a circle. */
static void circles_cut(uint32_t *parent, uint32_t count, struct weft_arena *arena)
{
    uint32_t *mark = weft_arena_alloc_array(arena, count, sizeof *mark);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = i;
        while (at != WEFT_NO_PARENT && mark[at] == 0) {
            mark[at] = i + 1;
            at = parent[at];
        }
        if (at == WEFT_NO_PARENT || mark[at] != i + 1) continue;
        while (parent[at] != WEFT_NO_PARENT) {
            uint32_t above = parent[at];
            parent[at] = WEFT_NO_PARENT;
            at = above;
        }
    }
}

static void extent_set(struct weft_trace_view *view)
{
    const struct weft_batch *batch = view->batch;

    view->start_ns = batch->span_count > 0 ? UINT64_MAX : 0;
    view->root = WEFT_NO_PARENT;
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const struct weft_span *span = &batch->spans[i];
        uint64_t start = span->start_time_unix_nano, end = start + weft_span_duration_ns(span);
        if (start < view->start_ns) view->start_ns = start;
        if (end > view->end_ns) view->end_ns = end;
        if (view->root == WEFT_NO_PARENT && weft_span_id_is_zero(&span->parent_span_id))
            view->root = i;
    }
}

void weft_trace_view_init(struct weft_trace_view *view, const struct weft_batch *trace,
                          struct weft_arena *arena)
{
    uint32_t count = trace->span_count;
    uint32_t *parent = weft_arena_alloc_array(arena, count, sizeof *parent);
    uint32_t *child_count = weft_arena_alloc_array(arena, count, sizeof *child_count);
    struct weft_arena_mark mark = weft_arena_mark(arena);
    struct ids ids;

    *view = (struct weft_trace_view){
        .batch = trace, .arena = arena, .parent = parent, .child_count = child_count
    };
    ids_init(&ids, trace, arena);
    for (uint32_t i = 0; i < count; i++) parent[i] = parent_of(&ids, i);
    circles_cut(parent, count, arena);
    weft_arena_rewind(arena, mark);
    for (uint32_t i = 0; i < count; i++)
        if (parent[i] != WEFT_NO_PARENT) child_count[parent[i]]++;
    extent_set(view);
}

/* ---- Values ---- */

static void value_text(struct weft_traceql_value *out, struct weft_str text)
{
    *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_STRING, .text = text };
}

static void value_number(struct weft_traceql_value *out, enum weft_traceql_type type, int64_t n)
{
    *out = (struct weft_traceql_value){ .type = type, .int_value = n };
}

static void value_duration(struct weft_traceql_value *out, uint64_t ns)
{
    value_number(out, WEFT_TRACEQL_DURATION, ns > INT64_MAX ? INT64_MAX : (int64_t)ns);
}

static void value_trace_id(struct weft_traceql_value *out, const struct weft_trace_id *id,
                           struct weft_arena *arena)
{
    char text[33];
    weft_trace_id_format(id, text);
    value_text(out, weft_arena_copy(arena, weft_str_make(text, 32)));
}

static void value_span_id(struct weft_traceql_value *out, const struct weft_span_id *id,
                          struct weft_arena *arena)
{
    char text[17];
    weft_span_id_format(id, text);
    value_text(out, weft_arena_copy(arena, weft_str_make(text, 16)));
}

static const struct weft_resource *resource_of(const struct weft_span *span)
{
    return span->scope != NULL ? span->scope->resource : NULL;
}

static void root_value(const struct weft_trace_view *view, bool is_service,
                       struct weft_traceql_value *out)
{
    struct weft_str text = WEFT_S("");

    if (view->root != WEFT_NO_PARENT) {
        const struct weft_span *root = &view->batch->spans[view->root];
        if (!is_service)
            text = root->name;
        else if (resource_of(root) != NULL)
            text = resource_of(root)->service_name;
    }
    value_text(out, text);
}

static void carrier_value(const struct weft_trace_view *view, const struct weft_span *span,
                          uint32_t event, uint32_t link, enum weft_traceql_intrinsic intrinsic,
                          struct weft_traceql_value *out)
{
    const struct weft_event *e = event < span->event_count ? &span->events[event] : NULL;
    const struct weft_link *l = link < span->link_count ? &span->links[link] : NULL;

    if (intrinsic == WEFT_INTRINSIC_EVENT_NAME && e != NULL)
        value_text(out, e->name);
    else if (intrinsic == WEFT_INTRINSIC_EVENT_TEXT && e != NULL)
        weft_trace_text_of_event(out, e, view->arena);
    else if (intrinsic == WEFT_INTRINSIC_EVENT_TIME_SINCE_START && e != NULL)
        value_number(out, WEFT_TRACEQL_DURATION,
                     (int64_t)(e->time_unix_nano - span->start_time_unix_nano));
    else if (intrinsic == WEFT_INTRINSIC_LINK_TRACE_ID && l != NULL)
        value_trace_id(out, &l->trace_id, view->arena);
    else if (intrinsic == WEFT_INTRINSIC_LINK_SPAN_ID && l != NULL)
        value_span_id(out, &l->span_id, view->arena);
}

static void parent_id_value(const struct weft_trace_view *view, const struct weft_span *span,
                            struct weft_traceql_value *out)
{
    if (weft_span_id_is_zero(&span->parent_span_id))
        value_text(out, WEFT_S(""));
    else
        value_span_id(out, &span->parent_span_id, view->arena);
}

static void nested_value(struct weft_trace_view *view, uint32_t span,
                         enum weft_traceql_intrinsic intrinsic, struct weft_traceql_value *out)
{
    weft_trace_view_walk(view);
    const int32_t *numbers = intrinsic == WEFT_INTRINSIC_NESTED_SET_LEFT    ? view->nested_left
                             : intrinsic == WEFT_INTRINSIC_NESTED_SET_RIGHT ? view->nested_right
                                                                            : view->nested_parent;
    value_number(out, WEFT_TRACEQL_INT, numbers[span]);
}

static void scope_value(const struct weft_span *span, bool is_version,
                        struct weft_traceql_value *out)
{
    struct weft_str text = WEFT_S("");
    if (span->scope != NULL) text = is_version ? span->scope->version : span->scope->name;
    value_text(out, text);
}

static void intrinsic_value(struct weft_trace_view *view, uint32_t number, uint32_t event,
                            uint32_t link, enum weft_traceql_intrinsic intrinsic,
                            struct weft_traceql_value *out)
{
    const struct weft_span *span = &view->batch->spans[number];

    switch (intrinsic) {
    case WEFT_INTRINSIC_NAME: value_text(out, span->name); break;
    case WEFT_INTRINSIC_DURATION: value_duration(out, weft_span_duration_ns(span)); break;
    case WEFT_INTRINSIC_STATUS: value_number(out, WEFT_TRACEQL_STATUS, span->status_code); break;
    case WEFT_INTRINSIC_STATUS_MESSAGE: value_text(out, span->status_message); break;
    case WEFT_INTRINSIC_KIND: value_number(out, WEFT_TRACEQL_KIND, span->kind); break;
    case WEFT_INTRINSIC_SPAN_ID: value_span_id(out, &span->span_id, view->arena); break;
    case WEFT_INTRINSIC_PARENT_ID: parent_id_value(view, span, out); break;
    case WEFT_INTRINSIC_CHILD_COUNT:
        value_number(out, WEFT_TRACEQL_INT, view->child_count[number]);
        break;
    case WEFT_INTRINSIC_TRACE_ID: value_trace_id(out, &span->trace_id, view->arena); break;
    case WEFT_INTRINSIC_TRACE_DURATION: value_duration(out, view->end_ns - view->start_ns); break;
    case WEFT_INTRINSIC_ROOT_NAME: root_value(view, false, out); break;
    case WEFT_INTRINSIC_ROOT_SERVICE: root_value(view, true, out); break;
    case WEFT_INTRINSIC_EVENT_NAME:
    case WEFT_INTRINSIC_EVENT_TIME_SINCE_START:
    case WEFT_INTRINSIC_EVENT_TEXT:
    case WEFT_INTRINSIC_LINK_TRACE_ID:
    case WEFT_INTRINSIC_LINK_SPAN_ID: carrier_value(view, span, event, link, intrinsic, out); break;
    case WEFT_INTRINSIC_INSTRUMENTATION_NAME: scope_value(span, false, out); break;
    case WEFT_INTRINSIC_INSTRUMENTATION_VERSION: scope_value(span, true, out); break;
    case WEFT_INTRINSIC_NESTED_SET_LEFT:
    case WEFT_INTRINSIC_NESTED_SET_RIGHT:
    case WEFT_INTRINSIC_NESTED_SET_PARENT: nested_value(view, number, intrinsic, out); break;
    case WEFT_INTRINSIC_TEXT: weft_trace_text_of_span(out, span, view->arena); break;
    case WEFT_INTRINSIC_COUNT: break;
    }
}

/* The first of that key that has a value. */
static void attribute_value(struct weft_attributes attributes, struct weft_str name,
                            struct weft_arena *arena, struct weft_traceql_value *out)
{
    for (uint32_t i = 0; i < attributes.count; i++) {
        const struct weft_attribute *attribute = &attributes.items[i];
        if (attribute->type == WEFT_VALUE_EMPTY ||
            !weft_str_equal(weft_attribute_key(attribute), name))
            continue;
        weft_traceql_value_from(out, attribute, arena);
        return;
    }
}

static void resource_value(const struct weft_span *span, struct weft_str name,
                           struct weft_arena *arena, struct weft_traceql_value *out)
{
    if (resource_of(span) != NULL) attribute_value(resource_of(span)->attributes, name, arena, out);
}

void weft_trace_view_value(struct weft_trace_view *view, uint32_t number, uint32_t event,
                           uint32_t link, const struct weft_traceql_attribute *attribute,
                           struct weft_traceql_value *out)
{
    const struct weft_span *span = &view->batch->spans[number];
    struct weft_str name = attribute->name;

    *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_NIL };
    switch (attribute->scope) {
    case WEFT_TRACEQL_SCOPE_ANY: /* Q3.3.5; a null value is none */
        attribute_value(span->attributes, name, view->arena, out);
        if (out->type == WEFT_TRACEQL_NIL) resource_value(span, name, view->arena, out);
        break;
    case WEFT_TRACEQL_SCOPE_SPAN: attribute_value(span->attributes, name, view->arena, out); break;
    case WEFT_TRACEQL_SCOPE_RESOURCE:
        resource_value(span, name, view->arena, out);
        if (out->type == WEFT_TRACEQL_NIL && weft_str_equal(name, WEFT_S("service.name")))
            value_text(out, WEFT_S("")); /* Q1.4.5 */
        break;
    case WEFT_TRACEQL_SCOPE_EVENT:
        if (event < span->event_count)
            attribute_value(span->events[event].attributes, name, view->arena, out);
        break;
    case WEFT_TRACEQL_SCOPE_LINK:
        if (link < span->link_count)
            attribute_value(span->links[link].attributes, name, view->arena, out);
        break;
    case WEFT_TRACEQL_SCOPE_INSTRUMENTATION:
        if (span->scope != NULL) attribute_value(span->scope->attributes, name, view->arena, out);
        break;
    case WEFT_TRACEQL_SCOPE_INTRINSIC:
        intrinsic_value(view, number, event, link, attribute->intrinsic, out);
        break;
    case WEFT_TRACEQL_SCOPE_COUNT: break;
    }
}
