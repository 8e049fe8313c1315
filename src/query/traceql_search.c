/* traceql_search.c -- every trace that may match is evaluated; the newest that do are kept (traceql_search.h).
 *
 * Memory is bounded: each answer has an arena of its own, which goes when a newer trace pushes it out of the heap. What is known when a
 * limit ends the search is still the newest of what was looked at, and the answer says that there is a limit.
 */
#include "query/traceql_search.h"
#include "base/map.h"
#include "query/traceql_select.h"
#include "query/traceql_shown.h"
#include <stdlib.h>

#define REGEX_LIMIT "limit of a regular expression"
#define ROOT_UNKNOWN WEFT_S("<root span not yet received>")

struct entry {
    struct weft_found_trace trace;
    struct weft_arena arena; /* of what it points to */
};
struct run {
    const struct weft_traceql_query *query;
    const struct weft_traceql_limits *limits;
    struct weft_traceql_result *out;
    struct weft_err *err;
    int rc; /* of an evaluation that failed */
    struct weft_shown shown;
    struct weft_arena scratch; /* of one trace */
    struct entry **heap;       /* the oldest on top */
    uint32_t count, capacity;
    uint64_t kept_bytes;
    uint64_t start_min; /* traces that start earlier have no place in the answer */
};

/* ---- The heap ---- */

/* Newest first (Q4.1.5). */
static int compare_found(const struct weft_found_trace *a, const struct weft_found_trace *b)
{
    if (a->start_time_unix_nano != b->start_time_unix_nano)
        return a->start_time_unix_nano > b->start_time_unix_nano ? -1 : 1;
    return memcmp(a->trace_id.bytes, b->trace_id.bytes, sizeof a->trace_id.bytes);
}

static bool is_older(const struct entry *a, const struct entry *b)
{
    return compare_found(&a->trace, &b->trace) > 0;
}

static void sift_up(struct run *run, uint32_t at)
{
    for (uint32_t above; at > 0; at = above) {
        above = (at - 1) / 2;
        if (!is_older(run->heap[at], run->heap[above])) return;
        struct entry *moved = run->heap[at];
        run->heap[at] = run->heap[above];
        run->heap[above] = moved;
    }
}

static void sift_down(struct run *run)
{
    uint32_t at = 0;

    for (;;) {
        uint32_t oldest = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < run->count; child++)
            if (is_older(run->heap[child], run->heap[oldest])) oldest = child;
        if (oldest == at) return;
        struct entry *moved = run->heap[at];
        run->heap[at] = run->heap[oldest];
        run->heap[oldest] = moved;
        at = oldest;
    }
}

static void entry_destroy(struct entry *entry)
{
    weft_arena_release(&entry->arena);
    weft_free(entry);
}

static void oldest_drop(struct run *run)
{
    struct entry *oldest = run->heap[0];

    run->kept_bytes -= oldest->arena.total_bytes + sizeof *oldest;
    run->heap[0] = run->heap[--run->count];
    sift_down(run);
    entry_destroy(oldest);
    run->out->has_more = true;
}

static void entry_keep(struct run *run, struct entry *entry)
{
    uint64_t bytes_max = run->limits->memory_bytes_max;

    if (run->count == run->capacity) {
        run->capacity = run->capacity == 0 ? 64 : 2 * run->capacity;
        run->heap = weft_realloc_array(run->heap, run->capacity, sizeof *run->heap);
    }
    run->heap[run->count++] = entry;
    run->kept_bytes += entry->arena.total_bytes + sizeof *entry;
    sift_up(run, run->count - 1);
    if (run->count > run->limits->traces) {
        oldest_drop(run);
        if (run->count > 0) run->start_min = run->heap[0]->trace.start_time_unix_nano;
    }
    while (bytes_max != 0 && run->kept_bytes > bytes_max && run->count > 1) {
        run->out->partial_reason = "memory limit";
        oldest_drop(run);
    }
}

/* Whether a trace has no place any more, whatever the query says of it. */
static bool is_too_old(const struct run *run, const struct weft_found_trace *trace)
{
    return run->count > 0 && run->count >= run->limits->traces && run->out->has_more &&
           compare_found(trace, &run->heap[0]->trace) > 0;
}

/* ---- One trace ---- */

static int compare_service(const void *a, const void *b)
{
    const struct weft_found_service *x = a, *y = b;
    return weft_str_compare(x->name, y->name);
}

static void services_count(struct entry *entry, const struct weft_batch *batch,
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
        if (is_new) services[count++].name = weft_arena_copy(&entry->arena, name);
        services[number].span_count++;
        services[number].error_count += span->status_code == WEFT_STATUS_ERROR;
    }
    weft_map_release(&numbers);
    qsort(services, count, sizeof *services, compare_service);
    entry->trace.services = weft_arena_alloc_array(&entry->arena, count, sizeof *services);
    memcpy(entry->trace.services, services, count * sizeof *services);
    entry->trace.service_count = count;
}

static void root_set(struct entry *entry, const struct weft_trace_view *view)
{
    struct weft_found_trace *trace = &entry->trace;

    trace->root_service_name = ROOT_UNKNOWN;
    trace->has_root = view->root != WEFT_NO_PARENT;
    if (!trace->has_root) return;
    const struct weft_span *root = &view->batch->spans[view->root];
    struct weft_str service = root->scope->resource->service_name;
    trace->root_name = weft_arena_copy(&entry->arena, root->name);
    if (service.len > 0) trace->root_service_name = weft_arena_copy(&entry->arena, service);
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

static void span_show(struct run *run, struct entry *entry, struct weft_trace_view *view,
                      uint32_t number, struct weft_found_span *out)
{
    const struct weft_span *span = &view->batch->spans[number];
    struct weft_arena_mark mark = weft_arena_mark(view->arena);
    struct weft_found_attribute *attributes;
    bool is_walked = view->order != NULL;
    uint32_t count = weft_shown_of_span(&run->shown, view, number, &attributes, view->arena);

    *out = (struct weft_found_span){
        .span_id = span->span_id,
        .start_time_unix_nano = span->start_time_unix_nano,
        .duration_ns = weft_span_duration_ns(span),
        .has_name = run->shown.has_name,
        .attributes = weft_arena_alloc_array(&entry->arena, count, sizeof *attributes),
        .attribute_count = count,
    };
    if (run->shown.has_name) out->name = weft_arena_copy(&entry->arena, span->name);
    for (uint32_t i = 0; i < count; i++)
        out->attributes[i] =
            (struct weft_found_attribute){ attributes[i].key,
                                           value_copy(&attributes[i].value, &entry->arena) };
    if (is_walked == (view->order != NULL)) weft_arena_rewind(view->arena, mark);
}

static bool is_over_memory(const struct run *run, const struct entry *entry)
{
    uint64_t bytes_max = run->limits->memory_bytes_max;
    return bytes_max != 0 && entry->arena.total_bytes > bytes_max;
}

static void spansets_show(struct run *run, struct entry *entry, struct weft_trace_view *view,
                          const struct weft_spansets *spansets)
{
    struct weft_found_trace *trace = &entry->trace;

    trace->spansets =
        weft_arena_alloc_array(&entry->arena, spansets->count, sizeof *trace->spansets);
    for (uint32_t i = 0; i < spansets->count; i++) {
        const struct weft_spanset *spanset = &spansets->items[i];
        struct weft_found_spanset *found = &trace->spansets[trace->spanset_count++];
        uint32_t shown = spanset->count < run->limits->spans_per_spanset
                             ? spanset->count
                             : run->limits->spans_per_spanset;
        found->matched = spanset->count;
        found->attributes = spanset_attributes_copy(spanset->attributes, &entry->arena);
        found->spans = weft_arena_alloc_array(&entry->arena, shown, sizeof *found->spans);
        while (found->span_count < shown && !is_over_memory(run, entry)) {
            uint32_t number = spanset->spans[found->span_count];
            span_show(run, entry, view, number, &found->spans[found->span_count++]);
        }
        if (!is_over_memory(run, entry)) continue;
        run->out->partial_reason = "memory limit";
        return;
    }
}

/* What a limit stops is no error: the answer is partial. Whether to go on with the next trace. */
static bool evaluation_goes_on(struct run *run, int rc)
{
    if (rc == WEFT_FULL)
        run->out->partial_reason = "memory limit";
    else if (rc == WEFT_TIMEOUT)
        run->out->partial_reason = "time limit";
    else if (rc == WEFT_CANCELLED)
        run->out->partial_reason = "cancelled";
    else
        run->rc = rc;
    return rc == WEFT_FULL;
}

static bool duration_fits(const struct run *run, uint64_t duration_ns)
{
    const struct weft_traceql_limits *limits = run->limits;
    return (limits->duration_min_ns == 0 || duration_ns >= limits->duration_min_ns) &&
           (limits->duration_max_ns == 0 || duration_ns <= limits->duration_max_ns);
}

static void trace_keep(struct run *run, struct weft_trace_view *view,
                       const struct weft_found_trace *head, const struct weft_spansets *spansets)
{
    struct entry *entry = weft_alloc_zero(sizeof *entry);

    entry->trace = *head;
    weft_arena_init(&entry->arena, 1024); /* many are kept, and most are small */
    root_set(entry, view);
    services_count(entry, view->batch, view->arena);
    spansets_show(run, entry, view, spansets);
    entry_keep(run, entry);
}

static bool trace_visit(void *arg, const struct weft_batch *trace)
{
    struct run *run = arg;
    struct weft_trace_view view;
    struct weft_spansets spansets = { 0 };

    if (trace->span_count == 0) return true;
    weft_arena_reset(&run->scratch);
    weft_trace_view_init(&view, trace, &run->scratch);
    struct weft_found_trace head = { .trace_id = trace->spans[0].trace_id,
                                     .start_time_unix_nano = view.start_ns,
                                     .duration_ns = view.end_ns - view.start_ns };
    if (!duration_fits(run, head.duration_ns) || is_too_old(run, &head)) return true;
    view.deadline_monotonic_ns = run->limits->deadline_monotonic_ns;
    view.cancelled = run->limits->cancelled;
    view.memory_bytes_max = run->limits->memory_bytes_max;
    if (run->query != NULL) {
        int rc = weft_traceql_eval(&view, run->query->pipeline, &spansets, run->err);
        if (rc < 0) return evaluation_goes_on(run, rc);
        if (view.is_regex_limited) run->out->partial_reason = REGEX_LIMIT;
        if (spansets.count == 0) return true;
    }
    if (trace->partial_reason != NULL) run->out->partial_reason = trace->partial_reason;
    trace_keep(run, &view, &head, &spansets);
    return true;
}

/* ---- The whole ---- */

static int compare_entries(const void *a, const void *b)
{
    const struct entry *const *x = a, *const *y = b;
    return compare_found(&(*x)->trace, &(*y)->trace);
}

static void result_finish(struct run *run, struct weft_arena *arena)
{
    struct weft_traceql_result *out = run->out;

    if (run->count == 0) return;
    qsort(run->heap, run->count, sizeof *run->heap, compare_entries);
    out->traces = weft_arena_alloc_array(arena, run->count, sizeof *out->traces);
    for (uint32_t i = 0; i < run->count; i++) {
        out->traces[out->trace_count++] = run->heap[i]->trace;
        weft_arena_adopt(arena, &run->heap[i]->arena);
    }
}

/* Asks the source, unless the query itself says that there is nothing. */
static int traces_visit(struct run *run, const struct weft_source *source, struct weft_arena *arena)
{
    struct weft_traceql_selection selection = { 0 };
    struct weft_trace_scan_result visited = { 0 };

    if (run->query != NULL) weft_traceql_select(&selection, run->query->pipeline, arena);
    if (selection.is_empty) return WEFT_OK;
    const struct weft_trace_scan scan = { .from_ns = run->limits->from_ns,
                                          .to_ns = run->limits->to_ns,
                                          .selection = selection.tree,
                                          .start_min = &run->start_min,
                                          .deadline_monotonic_ns =
                                              run->limits->deadline_monotonic_ns,
                                          .cancelled = run->limits->cancelled };
    int rc = source->traces(source->self, &scan, trace_visit, run, &visited, run->err);
    if (rc == WEFT_OK) rc = run->rc;
    if (selection.is_regex_limited != NULL && *selection.is_regex_limited)
        run->out->partial_reason = REGEX_LIMIT;
    if (visited.partial_reason != NULL) run->out->partial_reason = visited.partial_reason;
    run->out->inspected_traces = visited.inspected_traces;
    run->out->inspected_spans = visited.inspected_spans;
    run->out->inspected_bytes = visited.inspected_bytes;
    return rc;
}

int weft_traceql_search(const struct weft_source *source, const struct weft_traceql_query *query,
                        const struct weft_traceql_limits *limits, struct weft_traceql_result *out,
                        struct weft_arena *arena, struct weft_err *err)
{
    struct run run = { .query = query, .limits = limits, .out = out, .err = err };

    *out = (struct weft_traceql_result){ 0 };
    if (query != NULL && query->pipeline == NULL)
        return weft_fail(err, WEFT_INVALID,
                         "a search was asked for, and the query is one of metrics");
    weft_shown_init(&run.shown, query, arena);
    weft_arena_init(&run.scratch, 64 << 10);
    int rc = traces_visit(&run, source, arena);
    if (rc == WEFT_OK) result_finish(&run, arena);
    for (uint32_t i = 0; i < run.count; i++) entry_destroy(run.heap[i]);
    weft_free(run.heap);
    weft_arena_release(&run.scratch);
    return rc;
}
