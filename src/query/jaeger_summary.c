/* jaeger_summary.c -- counting the spans of a trace (jaeger_summary.h). */
#include "query/jaeger_summary.h"
#include "base/map.h"

static int service_compare(const void *a, const void *b)
{
    const struct weft_jaeger_service_summary *x = a, *y = b;
    return weft_str_compare(x->name, y->name);
}

static struct weft_str id_text(const struct weft_span_id *id)
{
    return weft_str_make((const char *)id->bytes, sizeof id->bytes);
}

static void count_service(struct weft_jaeger_summary *out, struct weft_map *numbers,
                          const struct weft_span *span)
{
    bool is_new;
    struct weft_str name = weft_jaeger_service(span->scope->resource);
    uint64_t at = *weft_map_put(numbers, name, out->service_count, &is_new);
    if (is_new) out->services[out->service_count++].name = name;
    out->services[at].span_count++;
    out->services[at].error_span_count += span->status_code == WEFT_STATUS_ERROR;
}

void weft_jaeger_summarise(struct weft_jaeger_summary *out, const struct weft_jaeger_trace *trace,
                           struct weft_arena *arena)
{
    const struct weft_batch *batch = &trace->batch;
    const struct weft_span *root = NULL;
    struct weft_map ids = { 0 }, services = { 0 };
    *out = (struct weft_jaeger_summary){ .span_count = batch->span_count, .start_ns = UINT64_MAX };
    out->services = weft_arena_alloc_array(arena, batch->span_count, sizeof *out->services);
    for (uint32_t i = 0; i < batch->span_count; i++)
        weft_map_put(&ids, id_text(&batch->spans[i].span_id), 0, NULL);
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const struct weft_span *span = &batch->spans[i];
        uint64_t start = span->start_time_unix_nano, end = span->end_time_unix_nano;
        if (start < out->start_ns) out->start_ns = start;
        if (end > out->end_ns) out->end_ns = end;
        out->error_span_count += span->status_code == WEFT_STATUS_ERROR;
        if (!weft_span_id_is_zero(&span->parent_span_id))
            out->orphan_span_count += weft_map_get(&ids, id_text(&span->parent_span_id)) == NULL;
        else if (root == NULL || start < root->start_time_unix_nano)
            root = span;
        count_service(out, &services, span);
    }
    if (batch->span_count > 0) out->trace_id = batch->spans[0].trace_id;
    if (root != NULL) {
        out->root_service_name = weft_jaeger_service(root->scope->resource);
        out->root_operation_name = root->name;
    }
    if (out->service_count > 1)
        qsort(out->services, out->service_count, sizeof *out->services, service_compare);
    weft_map_release(&ids);
    weft_map_release(&services);
}
