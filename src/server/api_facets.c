/* api_facets.c -- facets and the histogram of time and duration as JSON (api_facets.h). */
#include "server/api_facets.h"
#include "base/clock.h"
#include "query/facets.h"
#include "query/span_heat.h"
#include "server/api_docs.h"
#include "server/api_question.h"

#define BYTES_MAX_DEFAULT (64u << 20) /* for counting, where the configuration names no limit */
#define HISTOGRAM_RANGE_DEFAULT_NS (3600 * WEFT_NS_PER_SECOND)

struct asked {
    struct weft_str query;
    struct weft_api_range range;
    struct weft_api_limits limits;
    struct weft_api_texts keys;
    uint32_t limit, columns;
};
#define AT(field) offsetof(struct asked, field)
#define QUERY                                                                       \
    {                                                                               \
        .name = "q", .kind = WEFT_API_TEXT, .offset = AT(query),                    \
        .help = "A TraceQL query for traces: the spans that it leaves are counted." \
    }
static const struct weft_api_parameter facet_parameters[] = {
    QUERY,
    WEFT_API_RANGE(struct asked),
    WEFT_API_LIMITS(struct asked),
    { .name = "keys",
      .kind = WEFT_API_TEXTS,
      .offset = AT(keys),
      .help = "Attributes as TraceQL writes them, repeatable; all when there is none." },
    { .name = "limit",
      .kind = WEFT_API_COUNT,
      .offset = AT(limit),
      .fallback = "10",
      .max = 1000,
      .help = "Values of each; 0: how many spans have it is all that is wanted." },
    { 0 },
};
static const struct weft_api_parameter histogram_parameters[] = {
    QUERY,
    WEFT_API_RANGE(struct asked),
    WEFT_API_LIMITS(struct asked),
    { .name = "columns",
      .kind = WEFT_API_COUNT,
      .offset = AT(columns),
      .fallback = "120",
      .min = 1,
      .max = WEFT_HEAT_COLUMNS_MAX,
      .help = "Steps of time." },
    { 0 },
};

/* The spans to count. */
static int walk_make(struct weft_call *call, const struct asked *asked, struct weft_span_walk *out,
                     struct weft_err *err)
{
    struct weft_traceql_query query = { 0 };
    weft_api_limits_apply(call, &asked->limits);
    if (asked->query.len > 0) {
        int rc = weft_api_query_parse(call, asked->query, &query, err);
        if (rc < 0) return rc;
        if (query.metrics != NULL)
            return weft_fail(err, WEFT_INVALID,
                             "q: found a query for series, expected one for traces");
        if (query.linked != NULL || query.finish.distinct_count > 0)
            return weft_fail(err, WEFT_INVALID,
                             "q: found %s, which only searches take; expected the spans to count",
                             query.linked != NULL ? "a link between traces" : "distinct()");
    }
    *out = (struct weft_span_walk){
        .pipeline = query.pipeline,
        .from_ns = asked->range.from_ns,
        .to_ns = asked->range.to_ns,
        .memory_bytes_max = call->face->parts->query_memory_bytes_max,
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
    };
    return WEFT_OK;
}

/* ---- facets ---- */

/* `span.a`, `name`, and a name alone, which any scope may have. */
static int key_parse(struct weft_traceql_attribute *out, struct weft_str text,
                     struct weft_arena *arena, struct weft_err *err)
{
    struct weft_err ignored;
    if (weft_traceql_parse_attribute(out, text, arena, &ignored) == WEFT_OK) return WEFT_OK;
    struct weft_buf quoted = { 0 };
    weft_traceql_print_attribute(
        &quoted, &(struct weft_traceql_attribute){ .scope = WEFT_TRACEQL_SCOPE_ANY, .name = text });
    struct weft_str dotted = weft_arena_copy(arena, weft_buf_str(&quoted));
    weft_buf_release(&quoted);
    if (weft_traceql_parse_attribute(out, dotted, arena, err) == WEFT_OK) return WEFT_OK;
    return weft_err_wrap(err, "keys: \"%.*s\"", WEFT_S_ARG(text));
}

static int keys_parse(struct weft_call *call, const struct weft_api_texts *texts,
                      struct weft_facet_question *question, struct weft_err *err)
{
    struct weft_traceql_attribute *keys =
        weft_arena_alloc_array(&call->arena, texts->count, sizeof *keys);
    for (uint32_t i = 0; i < texts->count; i++) {
        int rc = key_parse(&keys[i], texts->items[i], &call->arena, err);
        if (rc < 0) return rc;
    }
    question->keys = keys;
    question->key_count = texts->count;
    return WEFT_OK;
}

static const char *scope_name(enum weft_traceql_scope scope)
{
    static const char *const names[] = {
        [WEFT_TRACEQL_SCOPE_ANY] = "any",
        [WEFT_TRACEQL_SCOPE_SPAN] = "span",
        [WEFT_TRACEQL_SCOPE_RESOURCE] = "resource",
        [WEFT_TRACEQL_SCOPE_EVENT] = "event",
        [WEFT_TRACEQL_SCOPE_LINK] = "link",
        [WEFT_TRACEQL_SCOPE_INSTRUMENTATION] = "instrumentation",
        [WEFT_TRACEQL_SCOPE_INTRINSIC] = "intrinsic",
    };
    return names[scope];
}

static void write_facet(struct weft_json_writer *w, const struct weft_facet *facet)
{
    const struct weft_traceql_attribute *attribute = &facet->attribute;
    struct weft_buf key = { 0 };
    weft_traceql_print_attribute(&key, attribute);
    weft_json_object_start(w);
    weft_api_put_text(w, "key", weft_buf_str(&key));
    weft_json_key(w, "scope");
    weft_json_c(w, scope_name(attribute->scope));
    weft_api_put_text(w, "name",
                      attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC
                          ? weft_str_from_c(weft_traceql_intrinsics[attribute->intrinsic].name)
                          : attribute->name);
    weft_api_put_u64(w, "span_count", facet->span_count);
    weft_json_key(w, "values");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < facet->value_count; i++) {
        weft_json_object_start(w);
        weft_json_key(w, "type");
        weft_json_c(w, weft_api_type_name(facet->values[i].type));
        weft_api_put_text(w, "value", facet->values[i].text);
        weft_api_put_u64(w, "span_count", facet->values[i].span_count);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
    weft_json_key(w, "has_more");
    weft_json_bool(w, facet->has_more);
    weft_json_key(w, "is_complete");
    weft_json_bool(w, facet->is_complete);
    weft_json_object_end(w);
    weft_buf_release(&key);
}

static void write_inspected(struct weft_json_writer *w, const struct weft_call *call,
                            const struct weft_trace_scan_result *scan)
{
    weft_api_write_inspected(w, call, scan->partial_reason, scan->inspected_traces,
                             scan->inspected_spans, scan->inspected_bytes);
}

static bool has_intrinsic(const struct weft_facet_question *question)
{
    for (uint32_t i = 0; i < question->key_count; i++)
        if (question->keys[i].scope == WEFT_TRACEQL_SCOPE_INTRINSIC) return true;
    return false;
}

int weft_api_facets(struct weft_call *call, struct weft_err *err)
{
    const struct weft_server_parts *parts = call->face->parts;
    struct asked *asked = weft_arena_alloc_zero(&call->arena, sizeof *asked);
    struct weft_facet_question question = { 0 };
    struct weft_facets facets;
    int rc = weft_api_parameters_read(call, facet_parameters, asked, err);
    if (rc < 0 || (rc = weft_api_range_finish(&asked->range, err)) < 0 ||
        (rc = walk_make(call, asked, &question.walk, err)) < 0 ||
        (rc = keys_parse(call, &asked->keys, &question, err)) < 0)
        return rc;
    question.limit = asked->limit;
    question.bytes_max =
        parts->query_memory_bytes_max > 0 ? parts->query_memory_bytes_max : BYTES_MAX_DEFAULT;
    bool is_counted = asked->query.len > 0 || has_intrinsic(&question);
    rc = (is_counted ? weft_facets_count : weft_facets_known)(&parts->source, &question, &facets,
                                                              &call->arena, err);
    if (rc < 0) return rc == WEFT_UNSUPPORTED ? WEFT_INVALID : rc;
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_json_key(&w, "facets");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < facets.count; i++) write_facet(&w, &facets.items[i]);
    weft_json_array_end(&w);
    weft_json_key(&w, "has_more");
    weft_json_bool(&w, facets.has_more);
    weft_json_key(&w, "span_count");
    if (is_counted)
        weft_json_u64(&w, facets.span_count);
    else
        weft_json_null(&w);
    write_inspected(&w, call, &facets.inspected);
    weft_json_object_end(&w);
    return WEFT_OK;
}

/* ---- histogram ---- */

static void write_cells(struct weft_json_writer *w, const struct weft_heat *heat)
{
    static const char *const names[] = { "column", "row", "span_count", "error_count" };
    char id[33];
    weft_json_object_start(w);
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        weft_json_key(w, names[k]);
        weft_json_array_start(w);
        for (uint32_t i = 0; i < heat->cell_count; i++) {
            const struct weft_heat_cell *cell = &heat->cells[i];
            const uint64_t figures[] = { cell->column, cell->row, cell->span_count,
                                         cell->error_count };
            weft_json_u64(w, figures[k]);
        }
        weft_json_array_end(w);
    }
    weft_json_key(w, "trace_id");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < heat->cell_count; i++) {
        weft_trace_id_format(&heat->cells[i].trace_id, id);
        weft_json_c(w, id);
    }
    weft_json_array_end(w);
    weft_json_key(w, "span_id");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < heat->cell_count; i++) {
        weft_span_id_format(&heat->cells[i].span_id, id);
        weft_json_c(w, id);
    }
    weft_json_array_end(w);
    weft_json_object_end(w);
}

static void write_histogram(struct weft_call *call, const struct weft_heat *heat, uint32_t columns)
{
    struct weft_json_writer writer = { .out = &call->body }, *w = &writer;
    uint32_t rows = 0; /* up to the highest that has something */
    for (uint32_t i = 0; i < heat->cell_count; i++)
        if (heat->cells[i].row >= rows) rows = heat->cells[i].row + 1;
    weft_json_object_start(w);
    weft_api_put_time(w, "start_time_unix_nano", heat->start_ns);
    weft_api_put_u64(w, "step_ns", heat->step_ns);
    weft_api_put_u64(w, "column_count", columns);
    weft_json_key(w, "duration_bounds_ns");
    weft_json_array_start(w);
    for (uint32_t i = 0; i <= rows && rows > 0; i++) weft_json_u64(w, weft_heat_row_ns(i));
    weft_json_array_end(w);
    weft_json_key(w, "cells");
    write_cells(w, heat);
    weft_api_put_u64(w, "span_count", heat->span_count);
    weft_api_put_u64(w, "error_count", heat->error_count);
    write_inspected(w, call, &heat->inspected);
    weft_json_object_end(w);
}

int weft_api_histogram(struct weft_call *call, struct weft_err *err)
{
    struct asked *asked = weft_arena_alloc_zero(&call->arena, sizeof *asked);
    struct weft_heat_question question = { 0 };
    struct weft_heat heat;
    int rc = weft_api_parameters_read(call, histogram_parameters, asked, err);
    if (rc < 0 || (rc = weft_api_range_finish(&asked->range, err)) < 0 ||
        (rc = walk_make(call, asked, &question.walk, err)) < 0)
        return rc;
    struct weft_span_walk *walk = &question.walk;
    if (walk->to_ns == 0) walk->to_ns = asked->range.now_ns;
    if (walk->from_ns == 0 && walk->to_ns > HISTOGRAM_RANGE_DEFAULT_NS)
        walk->from_ns = walk->to_ns - HISTOGRAM_RANGE_DEFAULT_NS;
    if (walk->from_ns >= walk->to_ns)
        return weft_fail(err, WEFT_INVALID, "from lies in the future, expected a time before now");
    question.columns = asked->columns;
    rc = weft_heat(&call->face->parts->source, &question, &heat, &call->arena, err);
    if (rc < 0) return rc == WEFT_UNSUPPORTED ? WEFT_INVALID : rc;
    write_histogram(call, &heat, asked->columns);
    return WEFT_OK;
}

/* ---- what they answer ---- */

static const struct weft_api_field value_fields[] = {
    { "type", WEFT_API_STRING },
    { "value", WEFT_API_STRING },
    { "span_count", WEFT_API_INTEGER },
    { 0 },
};
static const struct weft_api_field facet_fields[] = {
    { "key", WEFT_API_STRING },
    { "scope", WEFT_API_STRING },
    { "name", WEFT_API_STRING },
    { "span_count", WEFT_API_INTEGER },
    { "values", WEFT_API_OBJECT, 1, .fields = value_fields },
    { "has_more", WEFT_API_BOOLEAN },
    { "is_complete", WEFT_API_BOOLEAN },
    { 0 },
};
static const struct weft_api_field facets_fields[] = {
    { "facets", WEFT_API_OBJECT, 1, .fields = facet_fields },
    { "has_more", WEFT_API_BOOLEAN },
    { "span_count", WEFT_API_INTEGER, .is_nullable = true },
    WEFT_API_INSPECTED,
    { 0 },
};
const struct weft_route_docs weft_api_facets_docs = {
    .name = "facets",
    .summary = "The most frequent values of attributes among the spans of a query.",
    .parameters = facet_parameters,
    .answers = { facets_fields },
};

static const struct weft_api_field cells_fields[] = {
    { "column", WEFT_API_INTEGER, 1 },
    { "row", WEFT_API_INTEGER, 1 },
    { "span_count", WEFT_API_INTEGER, 1 },
    { "error_count", WEFT_API_INTEGER, 1 },
    { "trace_id", WEFT_API_TRACE_ID, 1 },
    { "span_id", WEFT_API_SPAN_ID, 1 },
    { 0 },
};
static const struct weft_api_field histogram_fields[] = {
    { "start_time_unix_nano", WEFT_API_NANOS },
    { "step_ns", WEFT_API_INTEGER },
    { "column_count", WEFT_API_INTEGER },
    { "duration_bounds_ns", WEFT_API_INTEGER, 1 },
    { "cells", WEFT_API_OBJECT, .fields = cells_fields },
    { "span_count", WEFT_API_INTEGER },
    { "error_count", WEFT_API_INTEGER },
    WEFT_API_INSPECTED,
    { 0 },
};
const struct weft_route_docs weft_api_histogram_docs = {
    .name = "histogram",
    .summary = "Spans of a query by time and duration.",
    .parameters = histogram_parameters,
    .answers = { histogram_fields },
};
