/* traceql_search.c -- every trace that may match is evaluated; the first that do, in the order of the query, are kept (traceql_search.h).
 *
 * Memory is bounded: each answer has an arena of its own, which goes when a better one pushes it out of the heap. What is known when a
 * limit ends the search is still the first of what was looked at, and the answer says that there is a limit.
 */
#include "query/traceql_search.h"
#include "query/traceql_found.h"
#include "query/traceql_links.h"
#include "query/traceql_select.h"

#define REGEX_LIMIT "limit of a regular expression"
#define MEMORY_LIMIT "memory limit"

struct run {
    const struct weft_traceql_query *query;
    const struct weft_traceql_finish *finish; /* of the query */
    const struct weft_traceql_limits *limits;
    struct weft_traceql_result *out;
    struct weft_err *err;
    int rc; /* of an evaluation that failed */
    struct weft_shown shown;
    struct weft_arena scratch; /* of one trace */
    struct weft_traceql_top top;
    uint64_t start_min; /* traces that start earlier have no place in the answer */
    bool is_ended;      /* by a limit; the scan knows how far it had come: */
    uint64_t complete_from_ns;
    struct weft_map passed; /* tuples of distinct() that the pages before `after` have */
    bool is_looking_back;   /* to find those */
    struct weft_traceql_links links;
    struct weft_scan_report *report; /* of the pass at hand; NULL: nobody asks */
};
/* A trace at work. */
struct seen {
    struct run *run;
    struct weft_trace_view *view;
    const struct weft_spansets *spansets;
    struct weft_found_trace head;
    struct weft_found_record *record; /* made for the first answer that has a place */
    uint32_t *numbers;                /* of spans among those with their id and start */
};

static bool is_newest_first(const struct run *run)
{
    return !run->finish->order.is_given;
}

/* ---- What has a place ---- */

static bool is_behind_cursor(const struct run *run, const struct weft_traceql_cursor *key)
{
    const struct weft_traceql_cursor *after = run->limits->after;
    return after == NULL || weft_traceql_cursor_compare(&run->finish->order, key, after) > 0;
}

static struct weft_str tuple_key(const struct weft_traceql_tuple *tuple)
{
    return weft_str_make((const char *)tuple->bytes, sizeof tuple->bytes);
}

/* Notes the tuple of an answer that an earlier page may have had. */
static void look_back(struct run *run, const struct weft_traceql_cursor *key,
                      const struct weft_traceql_tuple *tuple)
{
    if (is_behind_cursor(run, key)) return;
    weft_map_put(&run->passed, tuple_key(tuple), 0, NULL);
    if (run->passed.count <= WEFT_DISTINCT_PASSED_MAX) return;
    run->rc = weft_fail(run->err, WEFT_UNSUPPORTED,
                        "the pages before this one have more than %u different answers of "
                        "distinct(), more are not kept: narrow the query or the time range",
                        WEFT_DISTINCT_PASSED_MAX);
}

/* Once the answer is full, and it is known that there is more. */
static void start_min_raise(struct run *run)
{
    const struct weft_traceql_top_item *last = weft_traceql_top_last(&run->top);

    if (last != NULL && is_newest_first(run) && !run->finish->has_spans)
        run->start_min = last->key.start_time_unix_nano;
}

static bool has_place(struct run *run, const struct weft_traceql_cursor *key,
                      const struct weft_traceql_tuple *tuple)
{
    if (run->is_looking_back) {
        look_back(run, key, tuple);
        return false;
    }
    if (!is_behind_cursor(run, key)) return false;
    if (run->passed.count > 0 && weft_map_get(&run->passed, tuple_key(tuple)) != NULL) return false;
    bool is_admitted = weft_traceql_top_admits(&run->top, key, tuple);
    start_min_raise(run);
    return is_admitted;
}

/* Whether a trace has no place, whatever the query says of it. What begins earlier than a trace has spans that may begin later. */
static bool is_out_of_place(const struct run *run, const struct weft_found_trace *head)
{
    const struct weft_traceql_cursor key = { .start_time_unix_nano = head->start_time_unix_nano,
                                             .trace_id = head->trace_id };
    const struct weft_traceql_top_item *last = weft_traceql_top_last(&run->top);

    if (run->finish->has_spans || !is_newest_first(run) || run->is_looking_back) return false;
    if (!is_behind_cursor(run, &key)) return true;
    return last != NULL && weft_traceql_cursor_compare(&run->finish->order, &key, &last->key) > 0;
}

static void keep(struct seen *seen, struct weft_traceql_top_item *item)
{
    struct run *run = seen->run;

    weft_traceql_top_put(&run->top, item);
    if (run->top.is_memory_limited) run->out->partial_reason = MEMORY_LIMIT;
    start_min_raise(run);
}

static struct weft_found_record *record_of(struct seen *seen)
{
    if (seen->record == NULL)
        seen->record = weft_found_record_create(&seen->head, seen->view, seen->spansets);
    return seen->record;
}

static struct weft_traceql_tuple tuple_of(struct seen *seen, uint32_t span)
{
    const struct weft_traceql_finish *finish = seen->run->finish;
    struct weft_traceql_tuple tuple = { { 0 } };

    if (finish->distinct_count > 0)
        tuple = weft_traceql_tuple(finish->distinct, finish->distinct_count, seen->view, span);
    return tuple;
}

/* ---- A trace as an answer ---- */

static bool is_over_memory(const struct run *run, const struct weft_arena *arena)
{
    uint64_t bytes_max = run->limits->memory_bytes_max;
    return bytes_max != 0 && arena->total_bytes > bytes_max;
}

static void spansets_show(struct seen *seen, struct weft_found_record *record)
{
    struct run *run = seen->run;

    for (uint32_t i = 0; i < seen->spansets->count; i++) {
        const struct weft_spanset *spanset = &seen->spansets->items[i];
        struct weft_found_spanset *found = &record->trace.spansets[i];
        uint32_t shown = spanset->count < run->limits->spans_per_spanset
                             ? spanset->count
                             : run->limits->spans_per_spanset;
        found->spans = weft_arena_alloc_array(&record->arena, shown, sizeof *found->spans);
        while (found->span_count < shown && !is_over_memory(run, &record->arena)) {
            uint32_t number = spanset->spans[found->span_count];
            weft_found_span_show(&found->spans[found->span_count++], &run->shown, seen->view,
                                 number, &record->arena);
        }
        if (!is_over_memory(run, &record->arena)) continue;
        run->out->partial_reason = MEMORY_LIMIT;
        return;
    }
}

/* The span that order() puts first, of equals the earliest. */
struct best {
    uint32_t number; /* UINT32_MAX: none yet */
    struct weft_traceql_value value;
    char text[WEFT_ORDER_TEXT_BYTES_MAX];
};

static void best_look(const struct seen *seen, uint32_t number, struct best *best)
{
    const struct weft_traceql_order *order = &seen->run->finish->order;
    bool is_walked = seen->view->order != NULL;
    struct weft_arena_mark mark = weft_arena_mark(seen->view->arena);
    struct weft_traceql_value value;

    weft_traceql_order_value(order, seen->view, number, &value);
    int compared =
        best->number == UINT32_MAX ? -1 : weft_traceql_order_compare(order, &value, &best->value);
    if (compared < 0 || (compared == 0 && number < best->number)) {
        best->number = number;
        best->value = value;
        if (value.type == WEFT_TRACEQL_STRING && value.text.len > 0) {
            memcpy(best->text, value.text.ptr, value.text.len);
            best->value.text.ptr = best->text;
        }
    }
    if (is_walked == (seen->view->order != NULL)) weft_arena_rewind(seen->view->arena, mark);
}

static void best_span(const struct seen *seen, struct best *best)
{
    bool is_given = seen->run->finish->order.is_given;

    best->number = UINT32_MAX;
    for (uint32_t i = 0; i < seen->spansets->count; i++) {
        const struct weft_spanset *spanset = &seen->spansets->items[i];
        uint32_t count = is_given ? spanset->count : 1; /* they are ascending */
        for (uint32_t s = 0; s < count; s++) best_look(seen, spanset->spans[s], best);
    }
}

static void trace_offer(struct seen *seen)
{
    struct weft_traceql_cursor key = { .start_time_unix_nano = seen->head.start_time_unix_nano,
                                       .trace_id = seen->head.trace_id };
    struct weft_traceql_tuple tuple = { { 0 } };
    struct best best;

    if (seen->spansets->count > 0) {
        best_span(seen, &best);
        key.value = best.value;
        tuple = tuple_of(seen, best.number);
    }
    if (!has_place(seen->run, &key, &tuple)) return;
    struct weft_found_record *record = record_of(seen);
    spansets_show(seen, record);
    keep(seen, weft_traceql_top_item_create(&key, &tuple, record));
}

/* ---- Spans as answers ---- */

/* Spans come sorted by start, then id, so those that share both stand together. */
static void spans_number(struct seen *seen)
{
    const struct weft_batch *batch = seen->view->batch;

    seen->numbers =
        weft_arena_alloc_array(seen->view->arena, batch->span_count, sizeof *seen->numbers);
    for (uint32_t i = 1; i < batch->span_count; i++) {
        const struct weft_span *a = &batch->spans[i - 1], *b = &batch->spans[i];
        bool is_like = a->start_time_unix_nano == b->start_time_unix_nano &&
                       memcmp(&a->span_id, &b->span_id, sizeof a->span_id) == 0;
        seen->numbers[i] = is_like ? seen->numbers[i - 1] + 1 : 0;
    }
}

static void span_keep(struct seen *seen, const struct weft_traceql_cursor *key,
                      const struct weft_traceql_tuple *tuple, uint32_t spanset, uint32_t number)
{
    const struct weft_span *span = &seen->view->batch->spans[number];
    struct weft_traceql_top_item *item = weft_traceql_top_item_create(key, tuple, record_of(seen));

    item->spanset = spanset;
    item->row.service_name = weft_arena_copy(&item->arena, span->scope->resource->service_name);
    weft_found_span_show(&item->row.span, &seen->run->shown, seen->view, number, &item->arena);
    if (!item->row.span.has_name) item->row.span.name = weft_arena_copy(&item->arena, span->name);
    item->row.span.has_name = true;
    keep(seen, item);
}

static void span_offer(struct seen *seen, uint32_t spanset, uint32_t number)
{
    const struct weft_span *span = &seen->view->batch->spans[number];
    struct weft_traceql_cursor key = { .start_time_unix_nano = span->start_time_unix_nano,
                                       .trace_id = span->trace_id,
                                       .span_id = span->span_id,
                                       .number = seen->numbers[number] };

    weft_traceql_order_value(&seen->run->finish->order, seen->view, number, &key.value);
    struct weft_traceql_tuple tuple = tuple_of(seen, number);
    if (has_place(seen->run, &key, &tuple)) span_keep(seen, &key, &tuple, spanset, number);
}

static void spans_offer(struct seen *seen)
{
    bool is_walked = seen->view->order != NULL;

    spans_number(seen);
    struct weft_arena_mark mark = weft_arena_mark(seen->view->arena);
    for (uint32_t i = 0; i < seen->spansets->count; i++) {
        const struct weft_spanset *spanset = &seen->spansets->items[i];
        for (uint32_t s = 0; s < spanset->count && seen->run->rc == WEFT_OK; s++) {
            span_offer(seen, i, spanset->spans[s]);
            if (is_walked == (seen->view->order != NULL))
                weft_arena_rewind(seen->view->arena, mark); /* values are needed no more */
            else
                mark = weft_arena_mark(seen->view->arena); /* a walk made meanwhile stays */
            is_walked = seen->view->order != NULL;
        }
    }
}

/* ---- One trace ---- */

static bool duration_fits(const struct run *run, uint64_t duration_ns)
{
    const struct weft_traceql_limits *limits = run->limits;
    return (limits->duration_min_ns == 0 || duration_ns >= limits->duration_min_ns) &&
           (limits->duration_max_ns == 0 || duration_ns <= limits->duration_max_ns);
}

static void offer(struct seen *seen)
{
    if (seen->run->finish->has_spans)
        spans_offer(seen);
    else
        trace_offer(seen);
    if (seen->record != NULL) weft_traceql_top_record_leave(&seen->run->top, seen->record);
}

static int evaluate(struct run *run, struct weft_trace_view *view, struct weft_spansets *out)
{
    const struct weft_traceql_query *query = run->query;

    return query->linked != NULL
               ? weft_traceql_links_evaluate(&run->links, view, query->pipeline, out, run->err)
               : weft_traceql_eval(view, query->pipeline, out, run->err);
}

static bool trace_visit(void *arg, const struct weft_batch *trace)
{
    struct run *run = arg;
    struct weft_trace_view view;
    struct weft_spansets spansets = { 0 };

    if (trace->span_count == 0) return true;
    weft_arena_reset(&run->scratch);
    weft_trace_view_init(&view, trace, &run->scratch);
    struct seen seen = { .run = run,
                         .view = &view,
                         .spansets = &spansets,
                         .head = { .trace_id = trace->spans[0].trace_id,
                                   .start_time_unix_nano = view.start_ns,
                                   .duration_ns = view.end_ns - view.start_ns } };
    if (seen.head.start_time_unix_nano < run->limits->started_from_ns ||
        !duration_fits(run, seen.head.duration_ns) || is_out_of_place(run, &seen.head))
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
    offer(&seen);
    return run->rc == WEFT_OK;
}

/* ---- The whole ---- */

/* The end of the range; behind a cursor of the newest nothing begins later than it. */
static uint64_t to_ns(const struct run *run)
{
    const struct weft_traceql_limits *limits = run->limits;
    uint64_t to = limits->to_ns;

    if (limits->started_before_ns > 0 && (to == 0 || limits->started_before_ns < to))
        to = limits->started_before_ns;
    if (limits->after == NULL || !is_newest_first(run) || run->is_looking_back) return to;
    uint64_t bound = limits->after->start_time_unix_nano;
    if (bound < limits->from_ns) bound = limits->from_ns;
    if (bound == UINT64_MAX) return to;
    return to == 0 || bound + 1 < to ? bound + 1 : to;
}

static const char *purpose(const struct run *run)
{
    if (run->is_looking_back) return "what the pages before have, for distinct()";
    return run->links.linked != NULL ? "the other side of the links" : "the answer";
}

static void explain_begin(struct run *run, const struct weft_traceql_selection *selection)
{
    bool is_newest = is_newest_first(run);
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
static int traces_visit(struct run *run, const struct weft_source *source, struct weft_arena *arena)
{
    struct weft_traceql_selection selection = { .is_exact = true };
    struct weft_trace_scan_result visited = { 0 };

    if (run->query != NULL) weft_traceql_select(&selection, run->query->pipeline, arena);
    if (run->links.linked != NULL && !selection.is_empty)
        weft_traceql_links_narrow(&run->links, &selection, arena);
    explain_begin(run, &selection);
    if (selection.is_empty) return WEFT_OK;
    const struct weft_trace_scan scan = { .from_ns = run->limits->from_ns,
                                          .to_ns = to_ns(run),
                                          .selection = selection.tree,
                                          .start_min =
                                              is_newest_first(run) ? &run->start_min : NULL,
                                          .deadline_monotonic_ns =
                                              run->limits->deadline_monotonic_ns,
                                          .cancelled = run->limits->cancelled,
                                          .reads = run->limits->reads,
                                          .report = run->report };
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

static int search(struct run *run, const struct weft_source *source, struct weft_arena *arena)
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

/* ---- The next page ---- */

/* Whether it is known up to where a search that a limit ended is whole, and the next page would come further. */
static bool can_go_on(const struct run *run)
{
    uint64_t to = to_ns(run);

    return is_newest_first(run) && run->links.linked == NULL && run->finish->distinct_count == 0 &&
           run->limits->started_from_ns == 0 && run->complete_from_ns != UINT64_MAX &&
           run->complete_from_ns > 0 && (to == 0 || run->complete_from_ns < to);
}

/* What was found of traces that the next page comes to is left to it. */
static void ended_page(struct run *run)
{
    struct weft_traceql_result *out = run->out;

    out->complete_from_ns = can_go_on(run) ? run->complete_from_ns : UINT64_MAX;
    out->has_more = out->complete_from_ns != UINT64_MAX && run->limits->is_paged;
    if (!out->has_more) return;
    uint32_t found = run->top.count;
    weft_traceql_top_cut(&run->top, out->complete_from_ns);
    /* Of traces, those that had no place come behind all that had. Spans may be of any trace. */
    bool is_full = run->top.has_more && (run->top.count == found || run->finish->has_spans);
    out->next.has_after = is_full && run->top.count > 0;
    out->next.started_before_ns = is_full ? run->limits->started_before_ns : out->complete_from_ns;
    if (is_full && run->finish->has_spans) out->next.started_from_ns = out->complete_from_ns;
}

/* Of a search that ended by itself. Behind a window there may be others. */
static void whole_page(struct run *run)
{
    const struct weft_traceql_limits *limits = run->limits;
    struct weft_traceql_page *next = &run->out->next;

    next->has_after = run->top.has_more && run->top.count > 0;
    run->out->has_more = next->has_after || limits->started_from_ns > 0;
    if (next->has_after) {
        next->started_from_ns = limits->started_from_ns;
        next->started_before_ns = limits->started_before_ns;
    } else {
        next->started_before_ns = limits->started_from_ns;
    }
}

static void answer_make(struct run *run, struct weft_arena *arena)
{
    if (run->is_ended)
        ended_page(run);
    else
        whole_page(run);
    weft_found_result(run->out, &run->top, run->limits->spans_per_spanset, arena);
    if (run->out->next.has_after) run->out->next.after = run->out->last;
}

int weft_traceql_search(const struct weft_source *source, const struct weft_traceql_query *query,
                        const struct weft_traceql_limits *limits, struct weft_traceql_result *out,
                        struct weft_arena *arena, struct weft_err *err)
{
    static const struct weft_traceql_finish plain = { 0 };
    const struct weft_traceql_finish *finish = query != NULL ? &query->finish : &plain;
    struct run run = { .query = query,
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
    if (rc == WEFT_OK) answer_make(&run, arena);
    weft_traceql_top_release(&run.top);
    weft_map_release(&run.passed);
    weft_traceql_links_release(&run.links);
    weft_arena_release(&run.scratch);
    return rc;
}
