/* api_docs.c -- what searches, traces, names and the status answer (api_docs.h). */
#include "server/api_docs.h"
#include "server/api_question.h"

const struct weft_api_field weft_api_inspected_fields[] = {
    { "traces", WEFT_API_INTEGER, .is_optional = true },
    { "spans", WEFT_API_INTEGER },
    { "bytes", WEFT_API_INTEGER },
    { 0 },
};
const struct weft_api_field weft_api_service_fields[] = {
    { "name", WEFT_API_STRING },
    { "slot", WEFT_API_INTEGER, .help = "Of its colour: 1 to 16; 0: none." },
    { "span_count", WEFT_API_INTEGER },
    { "error_count", WEFT_API_INTEGER },
    { 0 },
};
const struct weft_api_field weft_api_typed_fields[] = {
    { "key", WEFT_API_STRING },
    { "type", WEFT_API_STRING },
    { "value", WEFT_API_STRING },
    { 0 },
};
/* Attributes of OTLP; of long values the preview. */
const struct weft_api_field weft_api_any_fields[] = {
    { "key", WEFT_API_STRING },
    { "value", WEFT_API_ANY },
    { "preview_of", WEFT_API_STRING, .is_optional = true },
    { "length", WEFT_API_INTEGER, .is_optional = true },
    { "href", WEFT_API_STRING, .is_optional = true },
    { 0 },
};

/* ---- search and tail ---- */

static const char *const kinds[] = { "unspecified", "internal", "server", "client",
                                     "producer",    "consumer", NULL };
static const char *const statuses[] = { "unset", "ok", "error", NULL };
static const char *const orders[] = { "newest", "slowest", NULL };
static const char *const views[] = { "traces", "spans", NULL };
static const char *const counts[] = { "exact", NULL };

static const struct weft_api_field hit_fields[] = {
    { "trace_id", WEFT_API_TRACE_ID },
    { "span_id", WEFT_API_SPAN_ID },
    { "parent_span_id", WEFT_API_SPAN_ID, .is_optional = true },
    { "service_name", WEFT_API_STRING },
    { "service_slot", WEFT_API_INTEGER },
    { "name", WEFT_API_STRING },
    { "kind", WEFT_API_STRING, .choices = kinds },
    { "status", WEFT_API_STRING, .choices = statuses },
    { "start_time_unix_nano", WEFT_API_NANOS },
    { "duration_ns", WEFT_API_INTEGER },
    { 0 },
};
static const struct weft_api_field trace_summary_fields[] = {
    { "trace_id", WEFT_API_TRACE_ID },
    { "root_service_name", WEFT_API_STRING },
    { "root_name", WEFT_API_STRING },
    { "has_root", WEFT_API_BOOLEAN },
    { "start_time_unix_nano", WEFT_API_NANOS },
    { "duration_ns", WEFT_API_INTEGER },
    { "span_count", WEFT_API_INTEGER },
    { "error_count", WEFT_API_INTEGER },
    { "matched_span_count", WEFT_API_INTEGER },
    { "services", WEFT_API_OBJECT, .list_depth = 1, .fields = weft_api_service_fields },
    { "first_match", WEFT_API_OBJECT, .fields = hit_fields },
    { 0 },
};
#define SEARCH_END                                                                             \
    { "has_more", WEFT_API_BOOLEAN }, { "next_cursor", WEFT_API_STRING, .is_optional = true }, \
        { "total_spans", WEFT_API_INTEGER, .is_optional = true, .help = "With count=exact." }, \
        WEFT_API_INSPECTED
static const struct weft_api_field search_traces_fields[] = {
    { "traces", WEFT_API_OBJECT, .list_depth = 1, .fields = trace_summary_fields },
    SEARCH_END,
    { 0 },
};
static const struct weft_api_field search_spans_fields[] = {
    { "spans", WEFT_API_OBJECT, .list_depth = 1, .fields = hit_fields },
    SEARCH_END,
    { 0 },
};
/* Which spans: read by query/search_request.h. */
#define SPAN_PARAMETERS                                                                            \
    { .name = "service", .kind = WEFT_API_TEXT, .help = "service.name of the resource." },         \
        { .name = "operation", .kind = WEFT_API_TEXT, .help = "Span name; also: name." },          \
        { .name = "kind",                                                                          \
          .kind = WEFT_API_CHOICE,                                                                 \
          .choices = kinds,                                                                        \
          .help = "Kind of the span." },                                                           \
        { .name = "status", .kind = WEFT_API_CHOICE, .choices = statuses, .help = "Its status." }, \
        { .name = "min_duration", .kind = WEFT_API_DURATION, .help = "That long or longer." },     \
        { .name = "max_duration", .kind = WEFT_API_DURATION, .help = "That long or shorter." },    \
        { .name = "where",                                                                         \
          .kind = WEFT_API_TEXTS,                                                                  \
          .help = "An attribute condition; all must hold." },                                      \
        { .name = "event", .kind = WEFT_API_TEXT, .help = "Has an event of that name." },          \
        { .name = "scope", .kind = WEFT_API_TEXT, .help = "Of that instrumentation scope." },      \
    {                                                                                              \
        .name = "root", .kind = WEFT_API_BOOL, .help = "true: spans without a parent."             \
    }
static const struct weft_api_parameter search_parameters[] = {
    SPAN_PARAMETERS,
    { .name = "from", .kind = WEFT_API_TIME, .help = "Started then or later." },
    { .name = "to", .kind = WEFT_API_TIME, .help = "Started before then." },
    { .name = "since", .kind = WEFT_API_DURATION, .help = "Started in the last 15m, 24h." },
    { .name = "order",
      .kind = WEFT_API_CHOICE,
      .fallback = "newest",
      .choices = orders,
      .help = "What stands first." },
    { .name = "limit",
      .kind = WEFT_API_COUNT,
      .fallback = "20",
      .min = 1,
      .help = "Traces or spans at most." },
    { .name = "view",
      .kind = WEFT_API_CHOICE,
      .fallback = "traces",
      .choices = views,
      .help = "What is listed." },
    { .name = "cursor", .kind = WEFT_API_TEXT, .help = "next_cursor of the answer before." },
    { .name = "count",
      .kind = WEFT_API_CHOICE,
      .choices = counts,
      .help = "Count all matching spans too." },
    WEFT_API_LIMITS(struct weft_api_limited),
    { 0 },
};
const struct weft_route_docs weft_api_search_docs = {
    .name = "search",
    .summary = "Traces or spans that meet conditions.",
    .parameters = search_parameters,
    .answers = { search_traces_fields, search_spans_fields },
};

static const struct weft_api_parameter export_parameters[] = {
    { .name = "q",
      .kind = WEFT_API_TEXT,
      .help = "A TraceQL query for traces, instead of conditions." },
    SPAN_PARAMETERS,
    { .name = "from", .kind = WEFT_API_TIME, .help = "Start of the range of time." },
    { .name = "to", .kind = WEFT_API_TIME, .help = "Its end." },
    { .name = "since", .kind = WEFT_API_DURATION, .help = "Its length up to now." },
    { .name = "after", .kind = WEFT_API_TEXT, .help = "The page behind this trace id." },
    WEFT_API_LIMITS(struct weft_api_limited),
    { 0 },
};
const struct weft_route_docs weft_api_export_docs = {
    .name = "export",
    .summary =
        "Whole traces that are found, in the order of their ids, a page of them as OTLP protobuf.",
    .parameters = export_parameters,
};

static const struct weft_api_field tail_fields[] = {
    { "spans", WEFT_API_OBJECT, .list_depth = 1, .fields = hit_fields },
    { "next", WEFT_API_STRING, .help = "What to give as after." },
    { 0 },
};
static const struct weft_api_parameter tail_parameters[] = {
    SPAN_PARAMETERS,
    { .name = "after", .kind = WEFT_API_TEXT, .help = "next of the answer before." },
    { 0 },
};
const struct weft_route_docs weft_api_tail_docs = {
    .name = "tail",
    .summary = "Spans committed since an earlier answer.",
    .parameters = tail_parameters,
    .answers = { tail_fields },
};

/* ---- one trace ---- */

#define ATTRIBUTES(name_, depth)                                                   \
    {                                                                              \
        name_, WEFT_API_OBJECT, .list_depth = depth, .fields = weft_api_any_fields \
    }
#define OPTIONAL(name_, type_)            \
    {                                     \
        name_, type_, .is_optional = true \
    }
static const struct weft_api_field scope_fields[] = {
    { "service_name", WEFT_API_STRING },
    { "slot", WEFT_API_INTEGER, .help = "Of its colour: 1 to 16; 0: none." },
    ATTRIBUTES("resource", 1),
    OPTIONAL("resource_schema_url", WEFT_API_STRING),
    OPTIONAL("resource_dropped_attributes_count", WEFT_API_INTEGER),
    { "name", WEFT_API_STRING },
    OPTIONAL("version", WEFT_API_STRING),
    ATTRIBUTES("attributes", 1),
    OPTIONAL("schema_url", WEFT_API_STRING),
    OPTIONAL("dropped_attributes_count", WEFT_API_INTEGER),
    { 0 },
};
static const struct weft_api_field event_fields[] = {
    { "time_offset_ns", WEFT_API_INTEGER },
    { "name", WEFT_API_STRING },
    ATTRIBUTES("attributes", 1),
    OPTIONAL("dropped_attributes_count", WEFT_API_INTEGER),
    { 0 },
};
static const struct weft_api_field link_fields[] = {
    { "trace_id", WEFT_API_TRACE_ID },
    { "span_id", WEFT_API_SPAN_ID },
    OPTIONAL("trace_state", WEFT_API_STRING),
    OPTIONAL("flags", WEFT_API_INTEGER),
    ATTRIBUTES("attributes", 1),
    OPTIONAL("dropped_attributes_count", WEFT_API_INTEGER),
    { 0 },
};
static const struct weft_api_field column_fields[] = {
    { "span_id", WEFT_API_SPAN_ID, 1 },
    { "parent_span_id", WEFT_API_SPAN_ID, 1, .is_nullable = true },
    { "parent", WEFT_API_INTEGER, 1, .help = "A row; -1 for roots." },
    { "depth", WEFT_API_INTEGER, 1 },
    { "scope", WEFT_API_INTEGER, 1, .help = "Place in scopes." },
    { "name", WEFT_API_STRING, 1 },
    { "kind", WEFT_API_STRING, 1, .choices = kinds },
    { "start_offset_ns", WEFT_API_INTEGER, 1 },
    { "duration_ns", WEFT_API_INTEGER, 1 },
    { "status", WEFT_API_STRING, 1, .choices = statuses },
    { "status_message", WEFT_API_STRING, 1 },
    { "flags", WEFT_API_INTEGER, 1 },
    { "trace_state", WEFT_API_STRING, 1 },
    ATTRIBUTES("attributes", 2),
    { "events", WEFT_API_OBJECT, 2, .fields = event_fields },
    { "links", WEFT_API_OBJECT, 2, .fields = link_fields },
    { "dropped_counts", WEFT_API_INTEGER, 2, .help = "Of attributes, events, links." },
    { "marks", WEFT_API_STRING, 2 },
    { 0 },
};
static const struct weft_api_field trace_fields[] = {
    { "trace_id", WEFT_API_TRACE_ID },
    { "start_time_unix_nano", WEFT_API_NANOS },
    { "duration_ns", WEFT_API_INTEGER },
    { "span_count", WEFT_API_INTEGER },
    { "error_count", WEFT_API_INTEGER },
    { "orphan_count", WEFT_API_INTEGER },
    OPTIONAL("partial_reason", WEFT_API_STRING),
    { "depth_max", WEFT_API_INTEGER },
    { "root", WEFT_API_INTEGER, .is_nullable = true },
    { "scopes", WEFT_API_OBJECT, 1, .fields = scope_fields },
    { "columns", WEFT_API_OBJECT, .fields = column_fields },
    { 0 },
};
const struct weft_route_docs weft_api_trace_docs = {
    .name = "trace",
    .summary = "One trace: row i of every column is the i-th span in pre-order. With Accept: "
               "application/x-protobuf, or format=otlp, OTLP.",
    .path_names = { "trace_id" },
    .answers = { trace_fields },
};

static const struct weft_api_parameter value_parameters[] = {
    { .name = "key", .kind = WEFT_API_TEXT, .is_required = true, .help = "The attribute's key." },
    { .name = "event", .kind = WEFT_API_COUNT, .help = "Of the span's event of that number." },
    { .name = "nth", .kind = WEFT_API_COUNT, .help = "Of several of that key, from 0." },
    { 0 },
};
const struct weft_route_docs weft_api_value_docs = {
    .name = "value",
    .summary = "The whole value of one attribute.",
    .path_names = { "trace_id", "span_id" },
    .parameters = value_parameters,
};

/* ---- names and status ---- */

static const struct weft_api_field listed_service_fields[] = {
    { "name", WEFT_API_STRING },
    { "slot", WEFT_API_INTEGER, .help = "Of its colour: 1 to 16; 0: none." },
    { "span_count", WEFT_API_INTEGER },
    { "error_count", WEFT_API_INTEGER },
    { "operation_count", WEFT_API_INTEGER },
    { 0 },
};
static const struct weft_api_field services_fields[] = {
    { "services", WEFT_API_OBJECT, 1, .fields = listed_service_fields },
    { 0 },
};
const struct weft_route_docs weft_api_services_docs = {
    .name = "services",
    .summary = "Every service with its spans.",
    .answers = { services_fields },
};

static const struct weft_api_field operation_fields[] = {
    { "service_name", WEFT_API_STRING },           { "name", WEFT_API_STRING },
    { "kind", WEFT_API_STRING, .choices = kinds }, { "span_count", WEFT_API_INTEGER },
    { "error_count", WEFT_API_INTEGER },           { 0 },
};
static const struct weft_api_field operations_fields[] = {
    { "operations", WEFT_API_OBJECT, 1, .fields = operation_fields },
    { 0 },
};
static const struct weft_api_parameter operations_parameters[] = {
    { .name = "service", .kind = WEFT_API_TEXT, .help = "Of that service; of all without it." },
    { 0 },
};
const struct weft_route_docs weft_api_operations_docs = {
    .name = "operations",
    .summary = "Operations with their spans.",
    .parameters = operations_parameters,
    .answers = { operations_fields },
};

static const struct weft_api_field endpoint_fields[] = {
    { "name", WEFT_API_STRING, .help = "otlp_grpc, otlp_http, http, tempo, jaeger_grpc, zipkin." },
    { "key", WEFT_API_STRING, .help = "Of its address, in the configuration." },
    { "address", WEFT_API_STRING },
    { "is_tls", WEFT_API_BOOLEAN },
    { "is_local", WEFT_API_BOOLEAN, .help = "Only this machine can connect." },
    { "takes_spans", WEFT_API_BOOLEAN },
    { "connection_count", WEFT_API_INTEGER, .help = "Open now." },
    { "request_count", WEFT_API_INTEGER },
    { "refused_count", WEFT_API_INTEGER },
    { 0 },
};
static const struct weft_api_field received_fields[] = {
    { "accepted_span_count", WEFT_API_INTEGER, .help = "Acknowledged: on disk." },
    { "rejected_span_count", WEFT_API_INTEGER, .help = "Left out of accepted requests." },
    { "refused_span_count", WEFT_API_INTEGER, .help = "Of requests answered with an error." },
    { "failed_request_count", WEFT_API_INTEGER },
    { "newest_trace_id", WEFT_API_TRACE_ID, .is_nullable = true },
    { "newest_time_unix_nano", WEFT_API_NANOS, .is_nullable = true },
    { 0 },
};
static const struct weft_api_field storage_fields[] = {
    { "directory", WEFT_API_STRING },
    { "span_count", WEFT_API_INTEGER },
    { "bytes", WEFT_API_INTEGER },
    { "bytes_max", WEFT_API_INTEGER, .help = "What the disk and retention leave room for." },
    { "oldest_time_unix_nano", WEFT_API_NANOS, .is_nullable = true },
    { 0 },
};
static const struct weft_api_field status_fields[] = {
    { "version", WEFT_API_STRING },
    { "time_unix_nano", WEFT_API_NANOS },
    { "uptime_seconds", WEFT_API_DOUBLE },
    { "is_ready", WEFT_API_BOOLEAN },
    { "endpoints", WEFT_API_OBJECT, 1, .fields = endpoint_fields },
    { "received", WEFT_API_OBJECT, .fields = received_fields },
    { "storage", WEFT_API_OBJECT, .fields = storage_fields },
    { "*" },
    { 0 },
};
const struct weft_route_docs weft_api_status_docs = {
    .name = "status",
    .summary = "The program and its store.",
    .answers = { status_fields },
};

static const struct weft_api_field openapi_fields[] = {
    { "openapi", WEFT_API_STRING },
    { "*" },
    { 0 },
};
const struct weft_route_docs weft_api_openapi_docs = {
    .name = "openapi",
    .summary = "This document.",
    .answers = { openapi_fields },
};
