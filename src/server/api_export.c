/* api_export.c -- a page of whole traces as OTLP protobuf, in the order of their ids (api_search.h). Each page goes on where the one
 * before ended, whatever the store has done meanwhile.
 */
#include "base/clock.h"
#include "model/otlp.h"
#include "query/traceql_eval.h"
#include "query/traceql_select.h"
#include "server/api_question.h"
#include "server/api_search.h"
#include "server/api_trace.h"
#include "wire/protobuf.h"

/* A page ends behind the trace that makes it that long. */
#define PAGE_BYTES (4u << 20)
/* Longer traces are named, to be fetched by themselves: they are sent piece by piece. */
#define LONG_TRACE_SPANS 20000u

struct exporting {
    struct weft_call *call;
    struct weft_search_request request; /* conditions; with a query the range alone */
    struct weft_search_limits limits;
    struct weft_api_limited lower;
    uint64_t now_ns;
    struct weft_traceql_query query;
    bool has_query, has_after, has_next, has_visited;
    struct weft_trace_id after, last;
    struct weft_arena scratch; /* of a trace */
    const char *partial_reason;
    int rc;
    struct weft_err *err;
};

static int take_parameter(void *arg, struct weft_str name, struct weft_str value,
                          struct weft_err *err)
{
    struct exporting *e = arg;
    int rc =
        weft_api_parameter_take(e->call, weft_api_limit_parameters, &e->lower, name, value, err);
    if (rc != 0) return rc < 0 ? rc : WEFT_OK;
    if (weft_str_equal_c(name, "q")) {
        e->has_query = true;
        return weft_api_query_parse(e->call, value, &e->query, err);
    }
    if (weft_str_equal_c(name, "after")) {
        e->has_after = true;
        if (weft_trace_id_parse(value, &e->after)) return WEFT_OK;
        return weft_fail(err, WEFT_INVALID, "after: found \"%.*s\", expected a trace id",
                         WEFT_S_ARG(value));
    }
    return weft_search_request_set(&e->request, name, value, &e->limits, e->now_ns, &e->call->arena,
                                   err);
}

static int parameters_check(const struct exporting *e, struct weft_err *err)
{
    if (!e->has_query) return WEFT_OK;
    if (e->query.metrics != NULL || e->query.linked != NULL || e->query.finish.distinct_count > 0)
        return weft_fail(err, WEFT_INVALID,
                         "q: found a query for series, with links or distinct(), expected one "
                         "that chooses traces one by one");
    if (e->request.predicate_count > 0)
        return weft_fail(err, WEFT_INVALID, "found q and conditions, expected one of them");
    return WEFT_OK;
}

/* ---- which traces ---- */

static bool has_match(const struct weft_search *search, const struct weft_batch *trace)
{
    for (uint32_t i = 0; i < trace->span_count; i++)
        if (weft_search_matches_span(search, &trace->spans[i])) return true;
    return false;
}

/* Sets e->rc, or why the page is not whole. */
static bool is_found(struct exporting *e, const struct weft_batch *trace)
{
    struct weft_spansets spansets = { 0 };
    struct weft_trace_view view;

    if (!e->has_query) return has_match(&e->request.search, trace);
    weft_arena_reset(&e->scratch);
    weft_trace_view_init(&view, trace, &e->scratch);
    view.deadline_monotonic_ns = e->call->deadline_monotonic_ns;
    view.cancelled = &e->call->is_cancelled;
    view.memory_bytes_max = e->call->face->parts->query_memory_bytes_max;
    int rc = weft_traceql_eval(&view, e->query.pipeline, &spansets, e->err);
    if (rc == WEFT_FULL)
        e->partial_reason = "memory limit";
    else if (rc == WEFT_TIMEOUT)
        e->partial_reason = "time limit";
    else
        e->rc = rc;
    if (view.is_regex_limited) e->partial_reason = "limit of a regular expression";
    return rc == WEFT_OK && spansets.count > 0;
}

static bool trace_visit(void *arg, const struct weft_batch *trace)
{
    struct exporting *e = arg;

    if (e->call->body.len >= PAGE_BYTES) {
        e->has_next = true;
        return false;
    }
    bool is_wanted = trace->span_count > 0 && is_found(e, trace);
    if (e->rc < 0) return false;
    if (trace->span_count == 0) return true;
    e->last = trace->spans[0].trace_id;
    e->has_visited = true;
    if (!is_wanted) return true;
    if (trace->partial_reason != NULL) e->partial_reason = trace->partial_reason;
    if (trace->span_count > LONG_TRACE_SPANS)
        weft_pb_put_bytes(&e->call->body, WEFT_API_EXPORT_LONG_FIELD,
                          weft_str_make((const char *)e->last.bytes, sizeof e->last.bytes));
    else
        weft_otlp_encode_protobuf(&e->call->body, trace);
    return true;
}

/* ---- the page ---- */

static const struct weft_selection *selection(struct exporting *e, bool *is_empty)
{
    struct weft_traceql_selection of_query = { 0 };

    if (!e->has_query) return e->request.search.selection;
    weft_traceql_select(&of_query, e->query.pipeline, &e->call->arena);
    *is_empty = of_query.is_empty;
    return of_query.tree;
}

static int page_make(struct exporting *e)
{
    const struct weft_source *source = &e->call->face->parts->source;
    struct weft_trace_scan_result found = { 0 };
    bool is_empty = false;
    const struct weft_trace_scan scan = { .from_ns = e->request.search.from_ns,
                                          .to_ns = e->request.search.to_ns,
                                          .selection = selection(e, &is_empty),
                                          .after = e->has_after ? &e->after : NULL,
                                          .deadline_monotonic_ns = e->call->deadline_monotonic_ns,
                                          .cancelled = &e->call->is_cancelled,
                                          .reads = &e->call->reads };
    int rc =
        is_empty ? WEFT_OK : source->traces(source->self, &scan, trace_visit, e, &found, e->err);
    if (rc == WEFT_OK) rc = e->rc;
    bool is_limited =
        found.partial_reason != NULL && strcmp(found.partial_reason, "damaged file") != 0;
    /* A page that a limit ended is a short one, unless nothing would ever come of it. */
    if (is_limited && e->has_visited)
        e->has_next = true;
    else if (found.partial_reason != NULL)
        e->partial_reason = found.partial_reason;
    return rc;
}

int weft_api_export(struct weft_call *call, struct weft_err *err)
{
    struct exporting e = { .call = call, .now_ns = weft_clock_unix_ns(), .err = err };
    e.limits = (struct weft_search_limits){ 1, call->face->parts->search_limit_max };
    weft_search_request_init(&e.request, &e.limits, &call->arena);
    int rc = weft_api_each_parameter(call, take_parameter, &e, err);
    if (rc == WEFT_OK) rc = parameters_check(&e, err);
    if (rc == WEFT_OK) rc = weft_search_request_finish(&e.request, &call->arena, err);
    if (rc < 0) return rc;
    weft_api_limits_apply(call, &e.lower.limits);
    weft_arena_init(&e.scratch, 0);
    rc = page_make(&e);
    weft_arena_release(&e.scratch);
    if (rc < 0) return rc;
    call->content_type = WEFT_S("application/x-protobuf");
    if (e.partial_reason != NULL)
        weft_pb_put_bytes(&call->body, WEFT_API_TRACE_PARTIAL_FIELD,
                          weft_str_from_c(e.partial_reason));
    if (e.has_next)
        weft_pb_put_bytes(&call->body, WEFT_API_EXPORT_NEXT_FIELD,
                          weft_str_make((const char *)e.last.bytes, sizeof e.last.bytes));
    return WEFT_OK;
}
