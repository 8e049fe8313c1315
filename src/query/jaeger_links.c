/* jaeger_links.c -- a link for each span whose parent is in the trace (jaeger_links.h). */
#include "query/jaeger_links.h"
#include "base/map.h"
#include "model/jaeger_trace.h"
#include "query/selection_build.h"

struct counting {
    const struct weft_jaeger_links_query *query;
    struct weft_link_counter links;
    struct weft_map parents; /* of one trace: span id to span */
};

static bool is_within(const struct weft_jaeger_links_query *query, const struct weft_batch *trace)
{
    for (uint32_t i = 0; i < trace->span_count; i++)
        if (trace->spans[i].start_time_unix_nano < query->from_ns ||
            trace->spans[i].end_time_unix_nano > query->to_ns)
            return false;
    return true;
}

static struct weft_str id_text(const struct weft_span_id *id)
{
    return weft_str_make((const char *)id->bytes, sizeof id->bytes);
}

static void count_link(struct counting *counting, struct weft_str parent, struct weft_str child)
{
    struct weft_str service = counting->query->service;
    if (service.len > 0 && !weft_str_equal(service, parent) && !weft_str_equal(service, child))
        return;
    weft_link_counter_add(&counting->links, parent, child, false);
}

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct counting *counting = arg;
    if (!is_within(counting->query, trace)) return true;
    weft_map_reset(&counting->parents);
    for (uint32_t i = 0; i < trace->span_count; i++)
        weft_map_put(&counting->parents, id_text(&trace->spans[i].span_id), i, NULL);
    for (uint32_t i = 0; i < trace->span_count; i++) {
        const struct weft_span *span = &trace->spans[i];
        if (weft_span_id_is_zero(&span->parent_span_id)) continue;
        const uint64_t *parent = weft_map_get(&counting->parents, id_text(&span->parent_span_id));
        if (parent != NULL)
            count_link(counting, weft_jaeger_service(trace->spans[*parent].scope->resource),
                       weft_jaeger_service(span->scope->resource));
    }
    return !counting->links.has_too_many;
}

/* A link of a service is in traces that have spans of it. */
static const struct weft_selection *of_service(struct weft_str service, struct weft_arena *arena)
{
    if (service.len == 0 || weft_str_equal_c(service, WEFT_JAEGER_NO_SERVICE)) return NULL;
    return weft_selection_text(arena, WEFT_FIELD_SERVICE, service);
}

int weft_jaeger_find_links(const struct weft_source *source,
                           const struct weft_jaeger_links_query *query,
                           struct weft_jaeger_links *out, struct weft_arena *arena,
                           struct weft_err *err)
{
    struct counting counting = { .query = query };
    struct weft_trace_scan_result scanned = { 0 };
    const struct weft_trace_scan scan = {
        .from_ns = query->from_ns,
        .to_ns = query->to_ns == UINT64_MAX ? 0 : query->to_ns + 1,
        .selection = of_service(query->service, arena),
        .deadline_monotonic_ns = query->deadline_monotonic_ns,
        .cancelled = query->cancelled,
        .reads = query->reads,
    };
    *out = (struct weft_jaeger_links){ 0 };
    int rc = source->traces(source->self, &scan, visit, &counting, &scanned, err);
    if (rc >= 0 && counting.links.has_too_many)
        rc = weft_fail(err, WEFT_TOO_LARGE,
                       "more than %u pairs of services call each other; ask for one with service=",
                       WEFT_SERVICE_LINKS_MAX);
    if (rc >= 0) {
        out->items = weft_link_counter_finish(&counting.links, &out->count, arena);
        out->partial_reason = scanned.partial_reason;
    }
    weft_link_counter_release(&counting.links);
    weft_map_release(&counting.parents);
    return rc;
}
