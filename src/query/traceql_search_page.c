/* traceql_search_page.c -- from where on a page looks, and what the next one has to (traceql_page.h). */
#include "query/traceql_search_internal.h"

/* The end of the range; behind a cursor of the newest nothing begins later than it. */
uint64_t weft_traceql_page_to_ns(const struct weft_traceql_run *run)
{
    const struct weft_traceql_limits *limits = run->limits;
    uint64_t to = limits->to_ns;

    if (limits->started_before_ns > 0 && (to == 0 || limits->started_before_ns < to))
        to = limits->started_before_ns;
    if (limits->after == NULL || !weft_traceql_is_newest_first(run) || run->is_looking_back)
        return to;
    uint64_t bound = limits->after->start_time_unix_nano;
    if (bound < limits->from_ns) bound = limits->from_ns;
    if (bound == UINT64_MAX) return to;
    return to == 0 || bound + 1 < to ? bound + 1 : to;
}

/* Whether it is known up to where a search that a limit ended is whole, and the next page would come further. Spans stand among those of
 * all traces: behind one of an earlier page that saw all of them, a cursor has no room for a second place. */
static bool can_go_on(const struct weft_traceql_run *run)
{
    uint64_t to = weft_traceql_page_to_ns(run);

    if (!weft_traceql_is_newest_first(run) || run->links.linked != NULL ||
        run->finish->distinct_count > 0 || run->limits->started_from_ns > 0)
        return false;
    if (run->finish->has_spans && run->limits->after != NULL && run->top.has_more) return false;
    return run->complete_from_ns != UINT64_MAX && run->complete_from_ns > 0 &&
           (to == 0 || run->complete_from_ns < to);
}

/* What was found of traces that the next page comes to is left to it. True: that begins behind the last of this one. */
static bool ended_page(struct weft_traceql_run *run)
{
    const struct weft_traceql_limits *limits = run->limits;
    struct weft_traceql_result *out = run->out;

    out->complete_from_ns = can_go_on(run) ? run->complete_from_ns : UINT64_MAX;
    out->has_more = out->complete_from_ns != UINT64_MAX && limits->is_paged;
    if (!out->has_more) return false;
    uint32_t found = run->top.count;
    weft_traceql_top_cut(&run->top, out->complete_from_ns);
    /* Of traces, those that had no place come behind all that had. Spans may be of any trace. */
    if (run->top.has_more && (run->top.count == found || run->finish->has_spans)) {
        out->next.started_before_ns = limits->started_before_ns;
        if (run->finish->has_spans) out->next.started_from_ns = out->complete_from_ns;
        return run->top.count > 0;
    }
    out->next.started_before_ns = out->complete_from_ns;
    out->next.has_after = run->finish->has_spans && limits->after != NULL;
    if (out->next.has_after) out->next.after = *limits->after;
    return false;
}

/* Of a search that ended by itself. Behind a window there may be others. */
static bool whole_page(struct weft_traceql_run *run)
{
    const struct weft_traceql_limits *limits = run->limits;
    bool is_behind = run->top.has_more && run->top.count > 0;

    run->out->has_more = is_behind || limits->started_from_ns > 0;
    if (is_behind) {
        run->out->next.started_from_ns = limits->started_from_ns;
        run->out->next.started_before_ns = limits->started_before_ns;
    } else {
        run->out->next.started_before_ns = limits->started_from_ns;
    }
    return is_behind;
}

void weft_traceql_answer_make(struct weft_traceql_run *run, struct weft_arena *arena)
{
    struct weft_traceql_result *out = run->out;
    bool is_behind_last = run->is_ended ? ended_page(run) : whole_page(run);

    weft_found_result(out, &run->top, run->limits->spans_per_spanset, arena);
    if (!is_behind_last) return;
    out->next.has_after = true;
    out->next.after = out->last;
}
