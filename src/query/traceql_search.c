/* traceql_search.c -- every trace that may match is evaluated; the first that do, in the order of the query, are kept (traceql_search.h).
 *
 * Memory is bounded: each answer has an arena of its own, which goes when a better one pushes it out of the heap. What is known when a
 * limit ends the search is still the first of what was looked at, and the answer says that there is a limit.
 */
#include "query/traceql_search_internal.h"
#include "query/traceql_select.h"

#define REGEX_LIMIT "limit of a regular expression"

/* ---- One trace ---- */

static bool duration_fits(const struct weft_traceql_run *run, uint64_t duration_ns)
{
    const struct weft_traceql_limits *limits = run->limits;
    return (limits->duration_min_ns == 0 || duration_ns >= limits->duration_min_ns) &&
           (limits->duration_max_ns == 0 || duration_ns <= limits->duration_max_ns);
}

static int evaluate(struct weft_traceql_run *run, struct weft_trace_view *view,
                    struct weft_spansets *out)
{
    const struct weft_traceql_query *query = run->query;

    return query->linked != NULL
               ? weft_traceql_links_evaluate(&run->links, view, query->pipeline, out, run->err)
               : weft_traceql_eval(view, query->pipeline, out, run->err);
}

static bool trace_visit(void *arg, const struct weft_batch *trace)
{
    struct weft_traceql_run *run = arg;
    struct weft_trace_view view;
    struct weft_spansets spansets = { 0 };

    if (trace->span_count == 0) return true;
    weft_arena_reset(&run->scratch);
    weft_trace_view_init(&view, trace, &run->scratch);
    struct weft_traceql_seen seen = { .run = run,
                                      .view = &view,
                                      .spansets = &spansets,
                                      .head = { .trace_id = trace->spans[0].trace_id,
                                                .start_time_unix_nano = view.start_ns,
                                                .duration_ns = view.end_ns - view.start_ns } };
    if (seen.head.start_time_unix_nano < run->limits->started_from_ns ||
        !duration_fits(run, seen.head.duration_ns) || weft_traceql_is_out_of_place(run, &seen.head))
        return true;
    view.deadline_monotonic_ns = run->limits->deadline_monotonic_ns;
    view.cancelled = run->limits->cancelled;
    view.memory_bytes_max = run->limits->memory_bytes_max;
    if (run->query != NULL) {
        int rc = evaluate(run, &view, &spansets);
        if (rc < 0) {
            run->is_ended |= !weft_traceql_goes_on(rc, run->out, &run->rc);
            return !run->is_ended;
        }
        if (view.is_regex_limited) run->out->partial_reason = REGEX_LIMIT;
        if (spansets.count == 0) return true;
    }
    if (trace->partial_reason != NULL) run->out->partial_reason = trace->partial_reason;
    weft_scan_count(run->report, WEFT_STEP_JUDGE, 0, 1, 0);
    weft_traceql_offer(&seen);
    return run->rc == WEFT_OK;
}

/* ---- The whole ---- */

static const char *purpose(const struct weft_traceql_run *run)
{
    if (run->is_looking_back) return "what the pages before have, for distinct()";
    return run->links.linked != NULL ? "the other side of the links" : "the answer";
}

static void explain_begin(struct weft_traceql_run *run,
                          const struct weft_traceql_selection *selection)
{
    bool is_newest = weft_traceql_is_newest_first(run);
    enum weft_explain_way way = is_newest                 ? WEFT_WAY_NEWEST
                                : selection->tree != NULL ? WEFT_WAY_SELECTED
                                                          : WEFT_WAY_EVERY;
    const struct weft_explain_pass pass = {
        .purpose = purpose(run),
        .way = selection->is_empty ? WEFT_WAY_NOTHING : way,
        .way_reason = is_newest ? NULL : "order() looks at every trace before it knows the first",
        .selection = selection->tree,
        .is_exact = selection->is_exact,
        .inexact_reason = selection->inexact_reason,
    };
    run->report = weft_explain_begin(run->limits->explain, &pass);
}

/* Of a scan. What is damaged does not end it. */
static bool ends_a_scan(const char *partial_reason)
{
    static const char *const reasons[] = { "time limit", "cancelled", WEFT_BYTES_LIMIT,
                                           WEFT_SPANS_LIMIT };

    for (size_t i = 0; partial_reason != NULL && i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(partial_reason, reasons[i]) == 0) return true;
    return false;
}

/* Asks the source, unless the query itself says that there is nothing. */
static int traces_visit(struct weft_traceql_run *run, const struct weft_source *source,
                        struct weft_arena *arena)
{
    struct weft_traceql_selection selection = { .is_exact = true };
    struct weft_trace_scan_result visited = { 0 };

    if (run->query != NULL) weft_traceql_select(&selection, run->query->pipeline, arena);
    if (run->links.linked != NULL && !selection.is_empty)
        weft_traceql_links_narrow(&run->links, &selection, arena);
    explain_begin(run, &selection);
    if (selection.is_empty) return WEFT_OK;
    const struct weft_trace_scan scan = {
        .from_ns = run->limits->from_ns,
        .to_ns = weft_traceql_page_to_ns(run),
        .selection = selection.tree,
        .start_min = weft_traceql_is_newest_first(run) ? &run->start_min : NULL,
        .deadline_monotonic_ns = run->limits->deadline_monotonic_ns,
        .cancelled = run->limits->cancelled,
        .reads = run->limits->reads,
        .report = run->report
    };
    run->start_min = run->limits->started_from_ns;
    int rc = source->traces(source->self, &scan, trace_visit, run, &visited, run->err);
    weft_explain_end(run->limits->explain, &visited);
    if (rc == WEFT_OK) rc = run->rc;
    if (selection.is_regex_limited != NULL && *selection.is_regex_limited)
        run->out->partial_reason = REGEX_LIMIT;
    if (visited.partial_reason != NULL) run->out->partial_reason = visited.partial_reason;
    run->is_ended |= ends_a_scan(visited.partial_reason);
    run->complete_from_ns = visited.complete_from_ns;
    run->out->inspected_traces += visited.inspected_traces;
    run->out->inspected_spans += visited.inspected_spans;
    run->out->inspected_bytes += visited.inspected_bytes;
    return rc;
}

static int search(struct weft_traceql_run *run, const struct weft_source *source,
                  struct weft_arena *arena)
{
    int rc = WEFT_OK;

    if (run->query != NULL && run->query->linked != NULL) {
        rc = weft_traceql_links_collect(&run->links, source, run->query, run->limits, run->out,
                                        arena, run->err);
        bool is_plan = run->limits->explain != NULL && run->limits->explain->is_plan;
        if (rc < 0 || (run->links.spans.count == 0 && !is_plan)) return rc;
    }
    run->is_looking_back = run->finish->distinct_count > 0 && run->limits->after != NULL;
    if (run->is_looking_back) rc = traces_visit(run, source, arena);
    run->is_looking_back = false;
    if (rc < 0) return rc;
    if (run->is_ended) run->complete_from_ns = UINT64_MAX;
    return run->is_ended ? rc : traces_visit(run, source, arena);
}

int weft_traceql_search(const struct weft_source *source, const struct weft_traceql_query *query,
                        const struct weft_traceql_limits *limits, struct weft_traceql_result *out,
                        struct weft_arena *arena, struct weft_err *err)
{
    static const struct weft_traceql_finish plain = { 0 };
    const struct weft_traceql_finish *finish = query != NULL ? &query->finish : &plain;
    struct weft_traceql_run run = { .query = query,
                                    .finish = finish,
                                    .limits = limits,
                                    .out = out,
                                    .err = err,
                                    .top = { .order = &finish->order,
                                             .count_max = limits->traces,
                                             .bytes_max = limits->memory_bytes_max,
                                             .is_distinct = finish->distinct_count > 0 } };

    *out = (struct weft_traceql_result){ 0 };
    if (query != NULL && query->pipeline == NULL)
        return weft_fail(err, WEFT_INVALID,
                         "a search was asked for, and the query is one of metrics");
    weft_shown_init(&run.shown, query, arena);
    weft_arena_init(&run.scratch, 64 << 10);
    int rc = search(&run, source, arena);
    out->has_spans = finish->has_spans;
    if (rc == WEFT_OK) weft_traceql_answer_make(&run, arena);
    weft_traceql_top_release(&run.top);
    weft_map_release(&run.passed);
    weft_traceql_links_release(&run.links);
    weft_arena_release(&run.scratch);
    return rc;
}
