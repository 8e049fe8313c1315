/* traceql_found.c -- what an answer shows of a trace and of a span, copied out of the trace (traceql_found.h). */
#include "query/traceql_found.h"
#include "base/map.h"
#include <stdlib.h>

#define ROOT_UNKNOWN WEFT_S("<root span not yet received>")

static int compare_service(const void *a, const void *b)
{
    const struct weft_found_service *x = a, *y = b;
    return weft_str_compare(x->name, y->name);
}

static void services_count(struct weft_found_record *record, const struct weft_batch *batch,
                           struct weft_arena *scratch)
{
    struct weft_map numbers = { 0 };
    struct weft_found_service *services =
        weft_arena_alloc_array(scratch, batch->span_count, sizeof *services);
    uint32_t count = 0;

    for (uint32_t i = 0; i < batch->span_count; i++) {
        const struct weft_span *span = &batch->spans[i];
        struct weft_str name = span->scope->resource->service_name;
        bool is_new;
        uint64_t number = *weft_map_put(&numbers, name, count, &is_new);
        if (is_new) services[count++].name = weft_arena_copy(&record->arena, name);
        services[number].span_count++;
        services[number].error_count += span->status_code == WEFT_STATUS_ERROR;
    }
    weft_map_release(&numbers);
    qsort(services, count, sizeof *services, compare_service);
    record->trace.services = weft_arena_alloc_array(&record->arena, count, sizeof *services);
    memcpy(record->trace.services, services, count * sizeof *services);
    record->trace.service_count = count;
}

static void root_set(struct weft_found_record *record, const struct weft_trace_view *view)
{
    struct weft_found_trace *trace = &record->trace;

    trace->root_service_name = ROOT_UNKNOWN;
    trace->has_root = view->root != WEFT_NO_PARENT;
    if (!trace->has_root) return;
    const struct weft_span *root = &view->batch->spans[view->root];
    struct weft_str service = root->scope->resource->service_name;
    trace->root_name = weft_arena_copy(&record->arena, root->name);
    if (service.len > 0) trace->root_service_name = weft_arena_copy(&record->arena, service);
}

static struct weft_traceql_value value_copy(const struct weft_traceql_value *value,
                                            struct weft_arena *arena)
{
    struct weft_traceql_value copy = *value;

    if (value->type == WEFT_TRACEQL_STRING) copy.text = weft_arena_copy(arena, value->text);
    if (value->type != WEFT_TRACEQL_ARRAY) return copy;
    struct weft_traceql_value *items = weft_arena_alloc(arena, value->item_count * sizeof *items);
    for (uint32_t i = 0; i < value->item_count; i++) {
        items[i] = value->items[i];
        if (items[i].type == WEFT_TRACEQL_STRING)
            items[i].text = weft_arena_copy(arena, items[i].text);
    }
    copy.items = items;
    return copy;
}

static const struct weft_spanset_attribute *spanset_attributes_copy(
    const struct weft_spanset_attribute *attribute, struct weft_arena *arena)
{
    const struct weft_spanset_attribute *first = NULL, **end = &first;

    for (; attribute != NULL; attribute = attribute->next) {
        struct weft_spanset_attribute *copy = weft_arena_alloc(arena, sizeof *copy);
        *copy = (struct weft_spanset_attribute){ attribute->key,
                                                 value_copy(&attribute->value, arena), NULL };
        *end = copy;
        end = &copy->next;
    }
    return first;
}

void weft_found_span_show(struct weft_found_span *out, const struct weft_shown *shown,
                          struct weft_trace_view *view, uint32_t number, struct weft_arena *arena)
{
    const struct weft_span *span = &view->batch->spans[number];
    struct weft_arena_mark mark = weft_arena_mark(view->arena);
    struct weft_found_attribute *attributes;
    bool is_walked = view->order != NULL;
    uint32_t count = weft_shown_of_span(shown, view, number, &attributes, view->arena);

    *out = (struct weft_found_span){
        .span_id = span->span_id,
        .start_time_unix_nano = span->start_time_unix_nano,
        .duration_ns = weft_span_duration_ns(span),
        .has_name = shown->has_name,
        .attributes = weft_arena_alloc_array(arena, count, sizeof *attributes),
        .attribute_count = count,
    };
    if (shown->has_name) out->name = weft_arena_copy(arena, span->name);
    for (uint32_t i = 0; i < count; i++)
        out->attributes[i] =
            (struct weft_found_attribute){ attributes[i].key,
                                           value_copy(&attributes[i].value, arena) };
    if (is_walked == (view->order != NULL)) weft_arena_rewind(view->arena, mark);
}

struct weft_found_record *weft_found_record_create(const struct weft_found_trace *head,
                                                   struct weft_trace_view *view,
                                                   const struct weft_spansets *spansets)
{
    struct weft_found_record *record = weft_alloc_zero(sizeof *record);
    struct weft_found_trace *trace = &record->trace;

    *trace = *head;
    record->users = 1;
    weft_arena_init(&record->arena, 1024); /* many are kept, and most are small */
    root_set(record, view);
    services_count(record, view->batch, view->arena);
    trace->spanset_count = spansets->count;
    trace->spansets =
        weft_arena_alloc_array(&record->arena, spansets->count, sizeof *trace->spansets);
    for (uint32_t i = 0; i < spansets->count; i++) {
        trace->spansets[i].matched = spansets->items[i].count;
        trace->spansets[i].attributes =
            spanset_attributes_copy(spansets->items[i].attributes, &record->arena);
    }
    return record;
}
