/* trace_search.c -- hits to traces (trace_search.h). */
#include "query/trace_search.h"
#include "base/clock.h"
#include "base/map.h"
#include "query/trace_tree.h"
#include <stdatomic.h>

#define HITS_AT_ONCE_MAX 8192

struct grouping {
    const struct weft_source *source;
    const struct weft_search *search;
    struct weft_trace_search_result *out;
    struct weft_arena *arena;  /* of the answer */
    struct weft_arena scratch; /* of one trace or one page of hits */
    struct weft_map seen;      /* trace ids looked at on this page */
    struct weft_search_position
        last; /* hit up to which everything is on this page or an earlier one */
    struct weft_err *err;
};

static void count_services(struct weft_trace_summary *out, const struct weft_batch *trace,
                           struct weft_arena *arena)
{
    struct weft_map numbers = { 0 };
    out->services = weft_arena_alloc_array(arena, trace->span_count, sizeof *out->services);
    for (uint32_t i = 0; i < trace->span_count; i++) {
        const struct weft_span *span = &trace->spans[i];
        struct weft_str name = span->scope->resource->service_name;
        bool is_new;
        uint64_t at = *weft_map_put(&numbers, name, out->service_count, &is_new);
        if (is_new) out->services[out->service_count++].name = weft_arena_copy(arena, name);
        out->services[at].span_count++;
        out->services[at].error_count += span->status_code == WEFT_STATUS_ERROR;
    }
    weft_map_release(&numbers);
    for (uint32_t i = 1; i < out->service_count; i++) { /* few services: insertion sort */
        struct weft_service_count moved = out->services[i];
        uint32_t at = i;
        for (; at > 0 && out->services[at - 1].span_count < moved.span_count; at--)
            out->services[at] = out->services[at - 1];
        out->services[at] = moved;
    }
}

static bool is_same_place(const struct weft_span *a, const struct weft_span *b)
{
    return a->start_time_unix_nano == b->start_time_unix_nano &&
           memcmp(&a->span_id, &b->span_id, sizeof a->span_id) == 0 &&
           memcmp(&a->parent_span_id, &b->parent_span_id, sizeof a->parent_span_id) == 0;
}

static bool goes_before(uint8_t kind, uint8_t other)
{
    return other != WEFT_KIND_CLIENT && (kind == WEFT_KIND_CLIENT || kind < other);
}

void weft_trace_summarise(struct weft_trace_summary *out, const struct weft_batch *trace,
                          struct weft_arena *arena)
{
    uint64_t start = UINT64_MAX, end = 0;
    const struct weft_span *root = NULL;
    for (uint32_t i = 0; i < trace->span_count; i++) {
        const struct weft_span *span = &trace->spans[i];
        bool is_root = weft_span_id_is_zero(&span->parent_span_id);
        if (span->start_time_unix_nano < start) start = span->start_time_unix_nano;
        if (span->start_time_unix_nano + weft_span_duration_ns(span) > end)
            end = span->start_time_unix_nano + weft_span_duration_ns(span);
        out->error_count += span->status_code == WEFT_STATUS_ERROR;
        /* Spans come sorted by start and id; of a client and a server that share both, the client
         * is the root. */
        if (root == NULL || (is_root && !out->has_root) ||
            (is_root && is_same_place(span, root) && goes_before(span->kind, root->kind)))
            root = span;
        out->has_root |= is_root;
    }
    out->span_count = trace->span_count;
    out->start_time_unix_nano = trace->span_count > 0 ? start : 0;
    out->duration_ns = trace->span_count > 0 ? end - start : 0;
    if (root != NULL) {
        out->trace_id = root->trace_id;
        out->root_name = weft_arena_copy(arena, root->name);
        out->root_service_name = weft_arena_copy(arena, root->scope->resource->service_name);
    }
    count_services(out, trace, arena);
}

/* Count the matches of a whole trace; false when one of them stood on an earlier page. */
static bool count_matches(const struct weft_search *search, const struct weft_batch *trace,
                          uint32_t *matched)
{
    for (uint32_t i = 0; i < trace->span_count; i++) {
        if (!weft_search_matches_span(search, &trace->spans[i])) continue;
        struct weft_search_position position = weft_search_position_of(&trace->spans[i]);
        if (search->has_after &&
            weft_search_position_compare(search->order, &position, &search->after) <= 0)
            return false;
        ++*matched;
    }
    return true;
}

static struct weft_hit copy_hit(const struct weft_hit *hit, struct weft_arena *arena)
{
    struct weft_hit copy = *hit;
    copy.name = weft_arena_copy(arena, hit->name);
    copy.service_name = weft_arena_copy(arena, hit->service_name);
    return copy;
}

/* One hit. Sets has_more and leaves when it begins one trace more than asked for. */
static int take_hit(struct grouping *g, const struct weft_hit *hit)
{
    bool is_new;
    struct weft_arena arena;
    weft_map_put(&g->seen, weft_str_make((const char *)hit->position.trace_id.bytes, 16), 0,
                 &is_new);
    if (!is_new) {
        g->last = hit->position;
        return WEFT_OK;
    }
    weft_arena_init(&arena, 0);
    struct weft_batch trace = { .arena = &arena };
    struct weft_trace_summary summary = { .position = hit->position };
    int rc = g->source->trace(g->source->self, &hit->position.trace_id, &trace, g->err);
    g->out->inspected_traces += rc == WEFT_OK;
    if (rc == WEFT_NOT_FOUND)
        rc = WEFT_OK; /* deleted since the search: it is no answer any more */
    else if (rc == WEFT_OK && count_matches(g->search, &trace, &summary.matched_span_count)) {
        if (g->out->trace_count == g->search->limit) {
            g->out->has_more = true;
            weft_arena_release(&arena);
            return WEFT_OK;
        }
        summary.first_hit = copy_hit(hit, g->arena);
        weft_trace_summarise(&summary, &trace, g->arena);
        g->out->traces[g->out->trace_count++] = summary;
        if (trace.partial_reason != NULL) g->out->partial_reason = trace.partial_reason;
    }
    g->last = hit->position;
    weft_arena_release(&arena);
    return rc;
}

static int take_page(struct grouping *g, struct weft_search *page, bool *is_end, bool *is_cut)
{
    struct weft_search_result result = { 0 };
    int rc = weft_span_search(g->source, page, &result, &g->scratch, g->err);
    if (rc < 0) return rc;
    g->out->inspected_spans += result.inspected_spans;
    g->out->inspected_bytes += result.inspected_bytes;
    g->out->total_spans += result.total;
    page->wants_total = false; /* the first page has counted them all */
    if (result.partial_reason != NULL) g->out->partial_reason = result.partial_reason;
    for (uint32_t i = 0; i < result.hit_count && rc == WEFT_OK && !g->out->has_more; i++) {
        if (page->cancelled != NULL && atomic_load_explicit(page->cancelled, memory_order_relaxed))
            return weft_fail(g->err, WEFT_CANCELLED, "the search was cancelled");
        rc = take_hit(g, &result.hits[i]);
    }
    *is_cut = result.is_cut;
    *is_end = !result.has_more || result.is_cut || g->out->has_more;
    page->has_after = true;
    page->after = g->last;
    return rc;
}

int weft_trace_search(const struct weft_source *source, const struct weft_search *search,
                      struct weft_trace_search_result *out, struct weft_arena *arena,
                      struct weft_err *err)
{
    struct grouping g = {
        .source = source, .search = search, .out = out, .arena = arena, .err = err
    };
    struct weft_search page = *search;
    bool is_end = false, is_cut = false;
    int rc = WEFT_OK;

    *out = (struct weft_trace_search_result){ 0 };
    out->traces = weft_arena_alloc_array(arena, search->limit, sizeof *out->traces);
    weft_arena_init(&g.scratch, 0);
    page.limit = search->limit + 1;
    page.is_once_per_trace = true;
    while (rc == WEFT_OK && !is_end) {
        weft_arena_reset(&g.scratch);
        rc = take_page(&g, &page, &is_end, &is_cut);
        page.limit = page.limit * 4 < HITS_AT_ONCE_MAX ? page.limit * 4 : HITS_AT_ONCE_MAX;
    }
    if (is_cut) out->has_more = false;
    out->next = g.last;
    weft_arena_release(&g.scratch);
    weft_map_release(&g.seen);
    return rc;
}
