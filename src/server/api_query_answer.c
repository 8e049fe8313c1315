/* api_query_answer.c -- traces and series as JSON (api_query_answer.h). */
#include "server/api_query_answer.h"
#include "server/api_question.h"
#include <math.h>

static void put_trace_id(struct weft_json_writer *w, const struct weft_trace_id *id)
{
    char text[33];
    weft_trace_id_format(id, text);
    weft_json_key(w, "trace_id");
    weft_json_c(w, text);
}

static void put_span_id(struct weft_json_writer *w, const struct weft_span_id *id)
{
    char text[17];
    weft_span_id_format(id, text);
    weft_json_key(w, "span_id");
    weft_json_c(w, text);
}

static void write_attribute(struct weft_json_writer *w, const char *name_key, struct weft_str name,
                            const struct weft_traceql_value *value)
{
    weft_json_object_start(w);
    weft_api_put_text(w, name_key, name);
    weft_api_write_value(w, value);
    weft_json_object_end(w);
}

/* ---- traces ---- */

static void put_span(struct weft_json_writer *w, const struct weft_found_span *span)
{
    put_span_id(w, &span->span_id);
    if (span->has_name) weft_api_put_text(w, "name", span->name);
    weft_api_put_time(w, "start_time_unix_nano", span->start_time_unix_nano);
    weft_api_put_u64(w, "duration_ns", span->duration_ns);
    weft_json_key(w, "attributes");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < span->attribute_count; i++)
        write_attribute(w, "key", span->attributes[i].key, &span->attributes[i].value);
    weft_json_array_end(w);
}

static void write_span(struct weft_json_writer *w, const struct weft_found_span *span)
{
    weft_json_object_start(w);
    put_span(w, span);
    weft_json_object_end(w);
}

static void write_spanset(struct weft_json_writer *w, const struct weft_found_spanset *set)
{
    weft_json_object_start(w);
    weft_api_put_u64(w, "matched_span_count", set->matched);
    weft_json_key(w, "attributes");
    weft_json_array_start(w);
    for (const struct weft_spanset_attribute *a = set->attributes; a != NULL; a = a->next)
        write_attribute(w, "key", a->key, &a->value);
    weft_json_array_end(w);
    weft_json_key(w, "spans");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < set->span_count; i++) write_span(w, &set->spans[i]);
    weft_json_array_end(w);
    weft_json_object_end(w);
}

static void put_counts(struct weft_json_writer *w, const struct weft_found_trace *trace)
{
    uint64_t spans = 0, errors = 0, matched = 0;
    for (uint32_t i = 0; i < trace->service_count; i++) {
        spans += trace->services[i].span_count;
        errors += trace->services[i].error_count;
    }
    for (uint32_t i = 0; i < trace->spanset_count; i++) matched += trace->spansets[i].matched;
    weft_api_put_u64(w, "span_count", spans);
    weft_api_put_u64(w, "error_count", errors);
    weft_api_put_u64(w, "matched_span_count", matched);
}

static void put_services(struct weft_json_writer *w, const struct weft_service_slots *slots,
                         const struct weft_found_trace *trace)
{
    weft_json_key(w, "services");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < trace->service_count; i++) {
        weft_json_object_start(w);
        weft_api_put_text(w, "name", trace->services[i].name);
        weft_api_put_u64(w, "slot", weft_service_slot(slots, trace->services[i].name));
        weft_api_put_u64(w, "span_count", trace->services[i].span_count);
        weft_api_put_u64(w, "error_count", trace->services[i].error_count);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static void write_trace(struct weft_json_writer *w, const struct weft_service_slots *slots,
                        const struct weft_found_trace *trace)
{
    weft_json_object_start(w);
    put_trace_id(w, &trace->trace_id);
    weft_api_put_text(w, "root_service_name", trace->root_service_name);
    weft_api_put_text(w, "root_name", trace->root_name);
    weft_json_key(w, "has_root");
    weft_json_bool(w, trace->has_root);
    weft_api_put_time(w, "start_time_unix_nano", trace->start_time_unix_nano);
    weft_api_put_u64(w, "duration_ns", trace->duration_ns);
    put_counts(w, trace);
    put_services(w, slots, trace);
    weft_json_key(w, "spansets");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < trace->spanset_count; i++) write_spanset(w, &trace->spansets[i]);
    weft_json_array_end(w);
    weft_json_object_end(w);
}

/* Of spans(), in its order. */
static void put_rows(struct weft_json_writer *w, const struct weft_service_slots *slots,
                     const struct weft_traceql_result *result)
{
    weft_json_key(w, "spans");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < result->row_count; i++) {
        const struct weft_found_row *row = &result->rows[i];
        weft_json_object_start(w);
        put_trace_id(w, &result->traces[row->trace].trace_id);
        weft_api_put_text(w, "service_name", row->service_name);
        weft_api_put_u64(w, "service_slot", weft_service_slot(slots, row->service_name));
        put_span(w, &row->span);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

void weft_api_write_traces(struct weft_call *call, const struct weft_traceql_result *result)
{
    const struct weft_service_slots *slots = call->face->parts->slots;
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_json_key(&w, "type");
    weft_json_c(&w, result->has_spans ? "spans" : "traces");
    if (result->has_spans) put_rows(&w, slots, result);
    weft_json_key(&w, "traces");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < result->trace_count; i++) write_trace(&w, slots, &result->traces[i]);
    weft_json_array_end(&w);
    weft_json_key(&w, "has_more");
    weft_json_bool(&w, result->has_more);
    if (result->has_more) {
        weft_json_key(&w, "next_cursor");
        weft_json_string(&w, weft_traceql_page_format(&result->next, &call->arena));
    }
    if (result->complete_from_ns != 0 && result->complete_from_ns != UINT64_MAX)
        weft_api_put_time(&w, "complete_from_unix_nano", result->complete_from_ns);
    weft_api_write_inspected(&w, call, result->partial_reason, result->inspected_traces,
                             result->inspected_spans, result->inspected_bytes);
    weft_json_object_end(&w);
}

/* ---- series ---- */

static void write_exemplar(struct weft_json_writer *w, const struct weft_series_exemplar *exemplar)
{
    weft_json_object_start(w);
    put_trace_id(w, &exemplar->trace_id);
    put_span_id(w, &exemplar->span_id);
    weft_api_put_time(w, "time_unix_nano", exemplar->time_unix_nano);
    weft_json_key(w, "value");
    weft_json_double(w, exemplar->value);
    weft_json_object_end(w);
}

static void write_one_series(struct weft_json_writer *w, const struct weft_series *series,
                             bool has_exemplars)
{
    weft_json_object_start(w);
    weft_json_key(w, "labels");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < series->label_count; i++)
        write_attribute(w, "name", series->labels[i].name, &series->labels[i].value);
    weft_json_array_end(w);
    weft_json_key(w, "points");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < series->point_count; i++)
        if (isnan(series->points[i]))
            weft_json_null(w);
        else
            weft_json_double(w, series->points[i]);
    weft_json_array_end(w);
    if (has_exemplars) {
        weft_json_key(w, "exemplars");
        weft_json_array_start(w);
        for (uint32_t i = 0; i < series->exemplar_count; i++)
            write_exemplar(w, &series->exemplars[i]);
        weft_json_array_end(w);
    }
    weft_json_object_end(w);
}

void weft_api_write_series(struct weft_call *call, const struct weft_metrics_result *result,
                           bool has_exemplars)
{
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_json_key(&w, "type");
    weft_json_c(&w, "series");
    weft_api_put_time(&w, "start_time_unix_nano", result->first_ns);
    weft_api_put_u64(&w, "step_ns", result->step_ns);
    weft_json_key(&w, "series");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < result->series_count; i++)
        write_one_series(&w, &result->series[i], has_exemplars);
    weft_json_array_end(&w);
    weft_json_key(&w, "note");
    if (result->note != NULL)
        weft_json_c(&w, result->note);
    else
        weft_json_null(&w);
    weft_api_write_inspected(&w, call, result->partial_reason, result->inspected_traces,
                             result->inspected_spans, result->inspected_bytes);
    weft_json_object_end(&w);
}
