/* api_query.c -- TraceQL over the own API (api_query.h). */
#include "server/api_query.h"
#include "base/clock.h"
#include "query/traceql_metrics.h"
#include "server/api_docs.h"
#include "server/api_query_answer.h"
#include "server/api_question.h"
#include "server/tempo.h"
#include <inttypes.h>

#define SERIES_RANGE_DEFAULT_NS (3600 * WEFT_NS_PER_SECOND)

enum wanted { WANTED_ANY, WANTED_TRACES, WANTED_SERIES, WANTED_SPANS };
struct asked {
    struct weft_str query, cursor;
    struct weft_api_range range;
    struct weft_api_limits limits;
    uint32_t wanted, limit, spans_per_spanset, exemplars;
    uint64_t step_ns;
    bool is_instant;
};
#define AT(field) offsetof(struct asked, field)
static const char *const wanted_choices[] = { "auto", "traces", "series", "spans", NULL };
static const struct weft_api_parameter parameters[] = {
    { .name = "q",
      .kind = WEFT_API_TEXT,
      .is_required = true,
      .offset = AT(query),
      .help = "a TraceQL query" },
    WEFT_API_RANGE(struct asked),
    WEFT_API_LIMITS(struct asked),
    { .name = "type",
      .kind = WEFT_API_CHOICE,
      .offset = AT(wanted),
      .fallback = "auto",
      .choices = wanted_choices,
      .help = "What the asker can read; a query that gives something else is refused. spans: as "
              "spans() at the end of the query." },
    { .name = "limit",
      .kind = WEFT_API_COUNT,
      .offset = AT(limit),
      .fallback = "20",
      .min = 1,
      .help = "Traces at most, or spans; the newest unless order() says otherwise." },
    { .name = "cursor",
      .kind = WEFT_API_TEXT,
      .offset = AT(cursor),
      .help = "Of traces and spans: next_cursor of the answer before." },
    { .name = "spss",
      .kind = WEFT_API_COUNT,
      .offset = AT(spans_per_spanset),
      .fallback = "3",
      .max = 100000,
      .help = "Spans listed of each spanset." },
    { .name = "step",
      .kind = WEFT_API_DURATION,
      .offset = AT(step_ns),
      .help = "Of series: time between points; by default some 240 points." },
    { .name = "instant",
      .kind = WEFT_API_BOOL,
      .offset = AT(is_instant),
      .help = "Of series: one point for the whole range." },
    { .name = "exemplars",
      .kind = WEFT_API_COUNT,
      .offset = AT(exemplars),
      .fallback = "0",
      .max = WEFT_TEMPO_EXEMPLARS_MAX,
      .help = "Of series: traces shown as examples, at most." },
    { 0 },
};

/* ---- traces ---- */

static int answer_traces(struct weft_call *call, const struct asked *asked,
                         const struct weft_traceql_query *query, struct weft_err *err)
{
    const struct weft_server_parts *parts = call->face->parts;
    struct weft_traceql_result result = { 0 };
    struct weft_traceql_cursor after;
    const struct weft_traceql_limits limits = {
        .from_ns = asked->range.from_ns,
        .to_ns = asked->range.to_ns,
        .traces = asked->limit,
        .spans_per_spanset = asked->spans_per_spanset,
        .after = asked->cursor.len > 0 ? &after : NULL,
        .memory_bytes_max = parts->query_memory_bytes_max,
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
    };
    int rc = WEFT_OK;
    if (asked->cursor.len > 0)
        rc = weft_traceql_cursor_parse(&after, asked->cursor, &call->arena, err);
    if (rc == WEFT_OK)
        rc = weft_traceql_search(&parts->source, query, &limits, &result, &call->arena, err);
    if (asked->wanted == WANTED_TRACES) result.has_spans = false;
    if (rc == WEFT_OK) weft_api_write_traces(call, &result);
    return rc;
}

/* ---- series ---- */

static int series_range(const struct asked *asked, uint64_t range_ns_max,
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

static int answer_series(struct weft_call *call, const struct asked *asked,
                         const struct weft_traceql_query *query, struct weft_err *err)
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
    };
    int rc = series_range(asked, parts->metrics_range_ns_max, &range, err);
    if (rc == WEFT_OK)
        rc = weft_traceql_metrics(&parts->source, query, &range, &result, &call->arena, err);
    if (rc == WEFT_OK) weft_api_write_series(call, &result, asked->exemplars > 0);
    return rc;
}

/* ---- the route ---- */

static int check(const struct asked *asked, const struct weft_traceql_query *query,
                 uint32_t limit_max, struct weft_err *err)
{
    bool is_series = query->metrics != NULL;
    if (asked->limit > limit_max)
        return weft_fail(err, WEFT_INVALID, "limit: found %u, expected a number from 1 to %u",
                         asked->limit, limit_max);
    if (asked->is_instant && asked->step_ns > 0)
        return weft_fail(err, WEFT_INVALID, "found instant and step, expected one of them");
    if (asked->wanted == WANTED_ANY || (asked->wanted == WANTED_SERIES) == is_series)
        return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "q: found a query for %s, expected one for %s, as type says",
                     is_series ? "series" : "traces", wanted_choices[asked->wanted]);
}

int weft_api_query(struct weft_call *call, struct weft_err *err)
{
    struct asked asked = { 0 };
    struct weft_traceql_query query;
    int rc = weft_api_parameters_read(call, parameters, &asked, err);
    if (rc < 0 || (rc = weft_api_range_finish(&asked.range, err)) < 0 ||
        (rc = weft_api_query_parse(call, asked.query, &query, err)) < 0 ||
        (rc = check(&asked, &query, call->face->parts->search_limit_max, err)) < 0)
        return rc;
    weft_api_limits_apply(call, &asked.limits);
    if (asked.wanted == WANTED_SPANS) query.finish.has_spans = true;
    rc = query.metrics != NULL ? answer_series(call, &asked, &query, err)
                               : answer_traces(call, &asked, &query, err);
    /* Of this query: saying it again does not help. */
    return rc == WEFT_UNSUPPORTED ? WEFT_INVALID : rc;
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
static const struct weft_api_field traces_fields[] = {
    { "type", WEFT_API_STRING, .choices = type_traces },
    { "traces", WEFT_API_OBJECT, 1, .fields = trace_fields },
    { "has_more", WEFT_API_BOOLEAN },
    { "next_cursor", WEFT_API_STRING, .is_optional = true },
    WEFT_API_INSPECTED,
    { 0 },
};
static const struct weft_api_field row_fields[] = {
    { "trace_id", WEFT_API_TRACE_ID },
    { "service_name", WEFT_API_STRING },
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
