/* span_walk.c -- traces of the source, evaluated, span by span (span_walk.h). */
#include "query/span_walk.h"
#include "query/traceql_select.h"

struct run {
    const struct weft_span_walk *walk;
    weft_span_walk_visit *visit;
    void *arg;
    struct weft_arena scratch;
    const char *partial_reason;
    int rc;
    struct weft_err *err;
};

static bool visit_all(struct run *run, struct weft_trace_view *view)
{
    for (uint32_t i = 0; i < view->batch->span_count; i++)
        if (!run->visit(run->arg, view, i)) return false;
    return true;
}

static bool visit_spansets(struct run *run, struct weft_trace_view *view,
                           const struct weft_spansets *spansets)
{
    bool *is_seen = weft_arena_alloc_zero(view->arena, view->batch->span_count);
    for (uint32_t i = 0; i < spansets->count; i++)
        for (uint32_t k = 0; k < spansets->items[i].count; k++) {
            uint32_t span = spansets->items[i].spans[k];
            if (is_seen[span]) continue;
            is_seen[span] = true;
            if (!run->visit(run->arg, view, span)) return false;
        }
    return true;
}

/* What a limit stops is no error. Whether to go on with the next trace. */
static bool goes_on(struct run *run, int rc)
{
    if (rc == WEFT_FULL)
        run->partial_reason = "memory limit";
    else if (rc == WEFT_TIMEOUT)
        run->partial_reason = "time limit";
    else if (rc == WEFT_CANCELLED)
        run->partial_reason = "cancelled";
    else
        run->rc = rc;
    return rc == WEFT_FULL;
}

static bool visit_trace(void *arg, const struct weft_batch *trace)
{
    struct run *run = arg;
    struct weft_trace_view view;
    struct weft_spansets spansets = { 0 };

    weft_arena_reset(&run->scratch);
    weft_trace_view_init(&view, trace, &run->scratch);
    view.deadline_monotonic_ns = run->walk->deadline_monotonic_ns;
    view.cancelled = run->walk->cancelled;
    view.memory_bytes_max = run->walk->memory_bytes_max;
    if (trace->partial_reason != NULL) run->partial_reason = trace->partial_reason;
    if (run->walk->pipeline == NULL) return visit_all(run, &view);
    int rc = weft_traceql_eval(&view, run->walk->pipeline, &spansets, run->err);
    if (rc < 0) return goes_on(run, rc);
    if (view.is_regex_limited) run->partial_reason = "limit of a regular expression";
    return visit_spansets(run, &view, &spansets);
}

int weft_span_walk(const struct weft_source *source, const struct weft_span_walk *walk,
                   weft_span_walk_visit *visit, void *arg, struct weft_trace_scan_result *out,
                   struct weft_err *err)
{
    struct run run = { .walk = walk, .visit = visit, .arg = arg, .err = err };
    struct weft_traceql_selection selection = { 0 };
    struct weft_arena arena;
    int rc = WEFT_OK;

    *out = (struct weft_trace_scan_result){ 0 };
    weft_arena_init(&arena, 0);
    weft_arena_init(&run.scratch, 0);
    if (walk->pipeline != NULL) weft_traceql_select(&selection, walk->pipeline, &arena);
    const struct weft_trace_scan scan = {
        .from_ns = walk->from_ns,
        .to_ns = walk->to_ns,
        .selection = selection.tree,
        .deadline_monotonic_ns = walk->deadline_monotonic_ns,
        .cancelled = walk->cancelled,
        .reads = walk->reads,
    };
    if (!selection.is_empty) rc = source->traces(source->self, &scan, visit_trace, &run, out, err);
    if (selection.is_regex_limited != NULL && *selection.is_regex_limited)
        run.partial_reason = "limit of a regular expression";
    if (out->partial_reason == NULL) out->partial_reason = run.partial_reason;
    weft_arena_release(&run.scratch);
    weft_arena_release(&arena);
    return rc < 0 ? rc : run.rc;
}
