/* api_query.c -- TraceQL over the own API (api_query.h). */
#include "server/api_query.h"
#include "base/clock.h"
#include "query/traceql_metrics.h"
#include "server/api_docs.h"
#include "server/api_query_answer.h"
#include <inttypes.h>

#define SERIES_RANGE_DEFAULT_NS (3600 * WEFT_NS_PER_SECOND)

const char *const weft_api_wanted[] = { "auto", "traces", "series", "spans", NULL };
static const struct weft_api_parameter parameters[] = { WEFT_API_ASKED, { 0 } };

/* ---- traces ---- */

static struct weft_api_outcome outcome_of_traces(const struct weft_api_asked *asked,
                                                 const struct weft_traceql_result *result)
{
    return (struct weft_api_outcome){
        .type = result->has_spans ? "spans" : "traces",
        .from_ns = asked->range.from_ns,
        .to_ns = asked->range.to_ns,
        .count = result->has_spans ? result->row_count : result->trace_count,
        .has_more = result->has_more,
        .partial_reason = result->partial_reason,
        .inspected_traces = result->inspected_traces,
        .inspected_spans = result->inspected_spans,
        .inspected_bytes = result->inspected_bytes,
    };
}

static int answer_traces(struct weft_call *call, const struct weft_api_asked *asked,
                         const struct weft_traceql_query *query, struct weft_explain *explain,
                         struct weft_api_outcome *outcome, struct weft_err *err)
{
    const struct weft_server_parts *parts = call->face->parts;
    struct weft_traceql_result result = { 0 };
    struct weft_traceql_page page = { 0 };
    struct weft_traceql_limits limits = {
        .from_ns = asked->range.from_ns,
        .to_ns = asked->range.to_ns,
        .traces = asked->limit,
        .spans_per_spanset = asked->spans_per_spanset,
        .is_paged = true,
        .memory_bytes_max = parts->query_memory_bytes_max,
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
        .explain = explain,
    };
    int rc = WEFT_OK;
    if (asked->cursor.len > 0)
        rc = weft_traceql_page_parse(&page, asked->cursor, &call->arena, err);
    if (page.has_after) limits.after = &page.after;
    limits.started_from_ns = page.started_from_ns;
    limits.started_before_ns = page.started_before_ns;
    if (rc == WEFT_OK)
        rc = weft_traceql_search(&parts->source, query, &limits, &result, &call->arena, err);
    if (asked->wanted == WEFT_WANTED_TRACES) result.has_spans = false;
    if (explain != NULL)
        *outcome = outcome_of_traces(asked, &result);
    else if (rc == WEFT_OK)
        weft_api_write_traces(call, &result);
    return rc;
}

/* ---- series ---- */

static int series_range(const struct weft_api_asked *asked, uint64_t range_ns_max,
                        struct weft_metrics_range *out, struct weft_err *err)
{
    out->end_ns = asked->range.to_ns > 0 ? asked->range.to_ns : asked->range.now_ns;
    out->start_ns = asked->range.from_ns;
    if (out->start_ns == 0)
        out->start_ns =
            out->end_ns > SERIES_RANGE_DEFAULT_NS ? out->end_ns - SERIES_RANGE_DEFAULT_NS : 0;
    if (out->start_ns >= out->end_ns)
        return weft_fail(err, WEFT_INVALID, "from lies in the future, expected a time before now");
    uint64_t range_ns = out->end_ns - out->start_ns;
    if (range_ns_max > 0 && range_ns > range_ns_max)
        return weft_fail(err, WEFT_INVALID,
                         "the range is %" PRIu64 " s, at most %" PRIu64
                         " s expected of series (query.metrics_range_max)",
                         range_ns / WEFT_NS_PER_SECOND, range_ns_max / WEFT_NS_PER_SECOND);
    if (asked->is_instant)
        out->step_ns = 0;
    else
        out->step_ns = asked->step_ns > 0 ? asked->step_ns : weft_tempo_default_step(range_ns);
    return WEFT_OK;
}

static struct weft_api_outcome outcome_of_series(const struct weft_metrics_range *range,
                                                 const struct weft_metrics_result *result)
{
    return (struct weft_api_outcome){
        .type = "series",
        .from_ns = range->start_ns,
        .to_ns = range->end_ns,
        .count = result->series_count,
        .partial_reason = result->partial_reason,
        .inspected_traces = result->inspected_traces,
        .inspected_spans = result->inspected_spans,
        .inspected_bytes = result->inspected_bytes,
    };
}

static int answer_series(struct weft_call *call, const struct weft_api_asked *asked,
                         const struct weft_traceql_query *query, struct weft_explain *explain,
                         struct weft_api_outcome *outcome, struct weft_err *err)
{
    const struct weft_server_parts *parts = call->face->parts;
    struct weft_metrics_result result = { 0 };
    struct weft_metrics_range range = {
        .series_max = parts->series_max,
        .exemplars_max = asked->exemplars,
        .memory_bytes_max = parts->query_memory_bytes_max,
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
        .explain = explain,
    };
    int rc = series_range(asked, parts->metrics_range_ns_max, &range, err);
    if (rc == WEFT_OK)
        rc = weft_traceql_metrics(&parts->source, query, &range, &result, &call->arena, err);
    if (explain != NULL)
        *outcome = outcome_of_series(&range, &result);
    else if (rc == WEFT_OK)
        weft_api_write_series(call, &result, asked->exemplars > 0);
    return rc;
}

/* ---- the route ---- */

static int check(const struct weft_api_asked *asked, const struct weft_traceql_query *query,
                 uint32_t limit_max, struct weft_err *err)
{
    bool is_series = query->metrics != NULL;
    if (asked->limit > limit_max)
        return weft_fail(err, WEFT_INVALID, "limit: found %u, expected a number from 1 to %u",
                         asked->limit, limit_max);
    if (asked->is_instant && asked->step_ns > 0)
        return weft_fail(err, WEFT_INVALID, "found instant and step, expected one of them");
    if (asked->wanted == WEFT_WANTED_ANY || (asked->wanted == WEFT_WANTED_SERIES) == is_series)
        return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "q: found a query for %s, expected one for %s, as type says",
                     is_series ? "series" : "traces", weft_api_wanted[asked->wanted]);
}

int weft_api_asked_check(struct weft_call *call, struct weft_api_asked *asked,
                         struct weft_traceql_query *query, struct weft_err *err)
{
    int rc;

    if ((rc = weft_api_range_finish(&asked->range, err)) < 0 ||
        (rc = weft_api_query_parse(call, asked->query, query, err)) < 0 ||
        (rc = check(asked, query, call->face->parts->search_limit_max, err)) < 0)
        return rc;
    weft_api_limits_apply(call, &asked->limits);
    if (asked->wanted == WEFT_WANTED_SPANS) query->finish.has_spans = true;
    return WEFT_OK;
}

int weft_api_query_answer(struct weft_call *call, const struct weft_api_asked *asked,
                          const struct weft_traceql_query *query, struct weft_explain *explain,
                          struct weft_api_outcome *outcome, struct weft_err *err)
{
    int rc = query->metrics != NULL ? answer_series(call, asked, query, explain, outcome, err)
                                    : answer_traces(call, asked, query, explain, outcome, err);
    /* Of this query: saying it again does not help. */
    return rc == WEFT_UNSUPPORTED ? WEFT_INVALID : rc;
}

int weft_api_query(struct weft_call *call, struct weft_err *err)
{
    struct weft_api_asked asked = { 0 };
    struct weft_traceql_query query;
    int rc = weft_api_parameters_read(call, parameters, &asked, err);

    if (rc == WEFT_OK) rc = weft_api_asked_check(call, &asked, &query, err);
    return rc == WEFT_OK ? weft_api_query_answer(call, &asked, &query, NULL, NULL, err) : rc;
}

/* ---- what it answers ---- */

static const struct weft_api_field span_fields[] = {
    { "span_id", WEFT_API_SPAN_ID },
    { "name", WEFT_API_STRING, .is_optional = true, .help = "When the query mentions it." },
    { "start_time_unix_nano", WEFT_API_NANOS },
    { "duration_ns", WEFT_API_INTEGER },
    { "attributes", WEFT_API_OBJECT, 1, .fields = weft_api_typed_fields },
    { 0 },
};
static const struct weft_api_field spanset_fields[] = {
    { "matched_span_count", WEFT_API_INTEGER },
    { "attributes", WEFT_API_OBJECT, 1, .fields = weft_api_typed_fields },
    { "spans", WEFT_API_OBJECT, 1, .fields = span_fields },
    { 0 },
};
static const struct weft_api_field trace_fields[] = {
    { "trace_id", WEFT_API_TRACE_ID },
    { "root_service_name", WEFT_API_STRING },
    { "root_name", WEFT_API_STRING },
    { "has_root", WEFT_API_BOOLEAN },
    { "start_time_unix_nano", WEFT_API_NANOS },
    { "duration_ns", WEFT_API_INTEGER },
    { "span_count", WEFT_API_INTEGER },
    { "error_count", WEFT_API_INTEGER },
    { "matched_span_count", WEFT_API_INTEGER },
    { "services", WEFT_API_OBJECT, 1, .fields = weft_api_service_fields },
    { "spansets", WEFT_API_OBJECT, 1, .fields = spanset_fields },
    { 0 },
};
static const char *const type_traces[] = { "traces", NULL };
static const char *const type_spans[] = { "spans", NULL };
static const char *const type_series[] = { "series", NULL };
#define COMPLETE_FROM                                                                              \
    {                                                                                              \
        "complete_from_unix_nano", WEFT_API_NANOS,                                                 \
            .is_optional = true,                                                                   \
            .help = "When a limit ended the search: of traces that start then or later, all that " \
                    "match are answered, on this page or one before."                              \
    }
static const struct weft_api_field traces_fields[] = {
    { "type", WEFT_API_STRING, .choices = type_traces },
    { "traces", WEFT_API_OBJECT, 1, .fields = trace_fields },
    { "has_more", WEFT_API_BOOLEAN },
    { "next_cursor", WEFT_API_STRING, .is_optional = true },
    COMPLETE_FROM,
    WEFT_API_INSPECTED,
    { 0 },
};
static const struct weft_api_field row_fields[] = {
    { "trace_id", WEFT_API_TRACE_ID },
    { "service_name", WEFT_API_STRING },
    { "service_slot", WEFT_API_INTEGER },
    { "span_id", WEFT_API_SPAN_ID },
    { "name", WEFT_API_STRING, .is_optional = true },
    { "start_time_unix_nano", WEFT_API_NANOS },
    { "duration_ns", WEFT_API_INTEGER },
    { "attributes", WEFT_API_OBJECT, 1, .fields = weft_api_typed_fields },
    { 0 },
};
static const struct weft_api_field spans_fields[] = {
    { "type", WEFT_API_STRING, .choices = type_spans },
    { "spans", WEFT_API_OBJECT, 1, .fields = row_fields },
    { "traces", WEFT_API_OBJECT, 1, .fields = trace_fields },
    { "has_more", WEFT_API_BOOLEAN },
    { "next_cursor", WEFT_API_STRING, .is_optional = true },
    COMPLETE_FROM,
    WEFT_API_INSPECTED,
    { 0 },
};
static const struct weft_api_field label_fields[] = {
    { "name", WEFT_API_STRING },
    { "type", WEFT_API_STRING },
    { "value", WEFT_API_STRING },
    { 0 },
};
static const struct weft_api_field exemplar_fields[] = {
    { "trace_id", WEFT_API_TRACE_ID },
    { "span_id", WEFT_API_SPAN_ID },
    { "time_unix_nano", WEFT_API_NANOS },
    { "value", WEFT_API_DOUBLE },
    { 0 },
};
static const struct weft_api_field one_series_fields[] = {
    { "labels", WEFT_API_OBJECT, 1, .fields = label_fields },
    { "points", WEFT_API_DOUBLE, 1, .is_nullable = true },
    { "exemplars", WEFT_API_OBJECT, 1, .is_optional = true, .fields = exemplar_fields },
    { 0 },
};
static const struct weft_api_field series_fields[] = {
    { "type", WEFT_API_STRING, .choices = type_series },
    { "start_time_unix_nano", WEFT_API_NANOS },
    { "step_ns", WEFT_API_INTEGER },
    { "series", WEFT_API_OBJECT, 1, .fields = one_series_fields },
    { "note", WEFT_API_STRING, .is_nullable = true },
    WEFT_API_INSPECTED,
    { 0 },
};
const struct weft_route_docs weft_api_query_docs = {
    .name = "query",
    .summary = "TraceQL: traces, spans or series.",
    .parameters = parameters,
    .answers = { traces_fields, spans_fields, series_fields },
};
