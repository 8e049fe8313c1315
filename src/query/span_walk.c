/* span_walk.c -- traces of the source, evaluated, span by span (span_walk.h). */
#include "query/span_walk.h"
#include "query/selection_build.h"
#include "query/traceql_select.h"

struct run {
    const struct weft_span_walk *walk;
    const struct weft_span_walk_columns *columns;
    weft_span_walk_visit *visit;
    void *arg;
    struct weft_arena scratch;
    const char *partial_reason;
    int rc;
    struct weft_err *err;
};

static bool visit_span(struct run *run, struct weft_trace_view *view, uint32_t span)
{
    uint64_t start = view->batch->spans[span].start_time_unix_nano;
    if (start < run->walk->from_ns || (run->walk->to_ns != 0 && start >= run->walk->to_ns))
        return true;
    return run->visit(run->arg, view, span);
}

static bool visit_all(struct run *run, struct weft_trace_view *view)
{
    for (uint32_t i = 0; i < view->batch->span_count; i++)
        if (!visit_span(run, view, i)) return false;
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
            if (!visit_span(run, view, span)) return false;
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

bool weft_span_walk_has_columns(const struct weft_source *source, const struct weft_span_walk *walk)
{
    struct weft_traceql_selection selection = { .is_exact = true };
    struct weft_arena arena;

    if (source->spans == NULL) return false;
    weft_arena_init(&arena, 0);
    if (walk->pipeline != NULL) weft_traceql_select(&selection, walk->pipeline, &arena);
    bool has =
        selection.is_empty || (selection.is_exact && weft_selection_is_spanwise(selection.tree));
    weft_arena_release(&arena);
    return has;
}

static bool give_vector(void *arg, const struct weft_span_vector *vector)
{
    struct run *run = arg;
    return run->columns->vector(run->arg, vector);
}

/* `columns` NULL: all of them are visited. */
static int ask(struct run *run, const struct weft_source *source,
               const struct weft_span_walk_columns *columns, const struct weft_selection *selection,
               struct weft_trace_scan_result *out)
{
    const struct weft_span_walk *walk = run->walk;

    if (columns != NULL)
        return source->spans(source->self,
                             &(struct weft_span_scan){
                                 .from_ns = walk->from_ns,
                                 .to_ns = walk->to_ns,
                                 .selection = selection,
                                 .columns = columns->columns->items,
                                 .column_count = columns->columns->count,
                                 .without_times = columns->without_times,
                                 .deadline_monotonic_ns = walk->deadline_monotonic_ns,
                                 .cancelled = walk->cancelled,
                                 .reads = walk->reads,
                                 .vector = give_vector,
                                 .trace = visit_trace,
                                 .arg = run,
                             },
                             out, run->err);
    return source->traces(source->self,
                          &(struct weft_trace_scan){
                              .from_ns = walk->from_ns,
                              .to_ns = walk->to_ns,
                              .selection = selection,
                              .deadline_monotonic_ns = walk->deadline_monotonic_ns,
                              .cancelled = walk->cancelled,
                              .reads = walk->reads,
                          },
                          visit_trace, run, out, run->err);
}

static int walk_all(struct run *run, const struct weft_source *source,
                    const struct weft_span_walk_columns *columns,
                    struct weft_trace_scan_result *out)
{
    struct weft_traceql_selection selection = { 0 };
    struct weft_arena arena;
    int rc = WEFT_OK;

    *out = (struct weft_trace_scan_result){ 0 };
    weft_arena_init(&arena, 0);
    weft_arena_init(&run->scratch, 0);
    if (run->walk->pipeline != NULL) weft_traceql_select(&selection, run->walk->pipeline, &arena);
    if (run->walk->also != NULL)
        selection.tree = weft_selection_both(&arena, selection.tree, run->walk->also);
    if (!selection.is_empty) rc = ask(run, source, columns, selection.tree, out);
    if (selection.is_regex_limited != NULL && *selection.is_regex_limited)
        run->partial_reason = "limit of a regular expression";
    if (out->partial_reason == NULL) out->partial_reason = run->partial_reason;
    weft_arena_release(&run->scratch);
    weft_arena_release(&arena);
    return rc < 0 ? rc : run->rc;
}

int weft_span_walk(const struct weft_source *source, const struct weft_span_walk *walk,
                   weft_span_walk_visit *visit, void *arg, struct weft_trace_scan_result *out,
                   struct weft_err *err)
{
    struct run run = { .walk = walk, .visit = visit, .arg = arg, .err = err };
    return walk_all(&run, source, NULL, out);
}

int weft_span_walk_by_columns(const struct weft_source *source, const struct weft_span_walk *walk,
                              const struct weft_span_walk_columns *columns,
                              weft_span_walk_visit *visit, void *arg,
                              struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct run run = { .walk = walk, .columns = columns, .visit = visit, .arg = arg, .err = err };
    return walk_all(&run, source, columns, out);
}
