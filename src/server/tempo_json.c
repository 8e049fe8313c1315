/* tempo_json.c -- answers of Tempo's API as proto3 JSON: lowerCamelCase, 64-bit integers as strings, defaults left out (Q8.1.3). */
#include "base/clock.h"
#include "server/tempo_answer.h"
#include "wire/json.h"
#include <math.h>

/* ---- what both encodings share ---- */

struct weft_str weft_tempo_trace_id(const struct weft_trace_id *id, bool pads, char out[static 33])
{
    weft_trace_id_format(id, out);
    struct weft_str text = weft_str_make(out, 32);
    while (!pads && text.len > 1 && text.ptr[0] == '0') text = weft_str_tail(text, 1);
    return text;
}

uint32_t weft_tempo_duration_ms(uint64_t duration_ns)
{
    uint64_t ms = duration_ns / WEFT_NS_PER_MS;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

bool weft_tempo_is_text(const struct weft_traceql_value *value)
{
    return value->type != WEFT_TRACEQL_INT && value->type != WEFT_TRACEQL_FLOAT &&
           value->type != WEFT_TRACEQL_BOOL && value->type != WEFT_TRACEQL_ARRAY;
}

struct weft_str weft_tempo_text(const struct weft_traceql_value *value, struct weft_buf *scratch)
{
    if (value->type == WEFT_TRACEQL_STRING) return value->text;
    weft_buf_reset(scratch);
    weft_traceql_print_value(scratch, value);
    return weft_buf_str(scratch);
}

/* ---- values ---- */

static void put_member(struct weft_json_writer *w, const char *key, struct weft_str text)
{
    if (text.len == 0) return;
    weft_json_key(w, key);
    weft_json_string(w, text);
}

static void put_u64(struct weft_json_writer *w, const char *key, uint64_t value)
{
    if (value == 0) return;
    weft_json_key(w, key);
    weft_json_u64_string(w, value);
}

static void put_u32(struct weft_json_writer *w, const char *key, uint32_t value)
{
    if (value == 0) return;
    weft_json_key(w, key);
    weft_json_u64(w, value);
}

/* The members of an AnyValue but for arrays, whose items are none themselves. */
static void put_scalar(struct weft_json_writer *w, const struct weft_traceql_value *value)
{
    struct weft_buf scratch = { 0 };
    weft_json_object_start(w);
    if (value->type == WEFT_TRACEQL_INT) {
        weft_json_key(w, "intValue");
        weft_json_i64_string(w, value->int_value);
    } else if (value->type == WEFT_TRACEQL_FLOAT) {
        weft_json_key(w, "doubleValue");
        weft_json_double(w, value->float_value);
    } else if (value->type == WEFT_TRACEQL_BOOL) {
        weft_json_key(w, "boolValue");
        weft_json_bool(w, value->bool_value);
    } else {
        weft_json_key(w, "stringValue");
        weft_json_string(w, weft_tempo_text(value, &scratch));
    }
    weft_json_object_end(w);
    weft_buf_release(&scratch);
}

static void put_value(struct weft_json_writer *w, const struct weft_traceql_value *value)
{
    if (value->type != WEFT_TRACEQL_ARRAY) {
        put_scalar(w, value);
        return;
    }
    weft_json_object_start(w);
    weft_json_key(w, "arrayValue");
    weft_json_object_start(w);
    weft_json_key(w, "values");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < value->item_count; i++) put_scalar(w, &value->items[i]);
    weft_json_array_end(w);
    weft_json_object_end(w);
    weft_json_object_end(w);
}

static void put_key_value(struct weft_json_writer *w, struct weft_str key,
                          const struct weft_traceql_value *value)
{
    weft_json_object_start(w);
    weft_json_key(w, "key");
    weft_json_string(w, key);
    weft_json_key(w, "value");
    put_value(w, value);
    weft_json_object_end(w);
}

/* ---- metrics of an answer ---- */

struct inspected {
    uint64_t traces, spans, bytes;
    const char *partial_reason;
};

/* Everything is one job, and it is done (Q8.4.6). */
static void put_metrics(struct weft_json_writer *w, const struct inspected *inspected)
{
    weft_json_key(w, "metrics");
    weft_json_object_start(w);
    put_u32(w, "inspectedTraces",
            inspected->traces < UINT32_MAX ? (uint32_t)inspected->traces : UINT32_MAX);
    put_u64(w, "inspectedBytes", inspected->bytes);
    put_u64(w, "inspectedSpans", inspected->spans);
    put_u32(w, "completedJobs", 1);
    put_u32(w, "totalJobs", 1);
    if (inspected->partial_reason != NULL) {
        weft_json_key(w, "partial");
        weft_json_object_start(w);
        weft_json_key(w, "reason");
        weft_json_c(w, inspected->partial_reason);
        weft_json_object_end(w);
    }
    weft_json_object_end(w);
}

/* ---- search ---- */

static void put_span(struct weft_json_writer *w, const struct weft_found_span *span)
{
    char id[17];
    weft_span_id_format(&span->span_id, id);
    weft_json_object_start(w);
    weft_json_key(w, "spanID");
    weft_json_c(w, id);
    if (span->has_name) put_member(w, "name", span->name);
    put_u64(w, "startTimeUnixNano", span->start_time_unix_nano);
    put_u64(w, "durationNanos", span->duration_ns);
    if (span->attribute_count > 0) {
        weft_json_key(w, "attributes");
        weft_json_array_start(w);
        for (uint32_t i = 0; i < span->attribute_count; i++)
            put_key_value(w, span->attributes[i].key, &span->attributes[i].value);
        weft_json_array_end(w);
    }
    weft_json_object_end(w);
}

static void put_spanset(struct weft_json_writer *w, const struct weft_found_spanset *spanset)
{
    weft_json_object_start(w);
    weft_json_key(w, "spans");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < spanset->span_count; i++) put_span(w, &spanset->spans[i]);
    weft_json_array_end(w);
    put_u32(w, "matched", spanset->matched);
    if (spanset->attributes != NULL) {
        weft_json_key(w, "attributes");
        weft_json_array_start(w);
        for (const struct weft_spanset_attribute *a = spanset->attributes; a != NULL; a = a->next)
            put_key_value(w, a->key, &a->value);
        weft_json_array_end(w);
    }
    weft_json_object_end(w);
}

static void put_services(struct weft_json_writer *w, const struct weft_found_trace *trace)
{
    weft_json_key(w, "serviceStats");
    weft_json_object_start(w);
    for (uint32_t i = 0; i < trace->service_count; i++) {
        weft_json_key_str(w, trace->services[i].name);
        weft_json_object_start(w);
        put_u32(w, "spanCount", trace->services[i].span_count);
        put_u32(w, "errorCount", trace->services[i].error_count);
        weft_json_object_end(w);
    }
    weft_json_object_end(w);
}

static void put_trace(struct weft_json_writer *w, const struct weft_found_trace *trace, bool pads)
{
    char id[33];
    weft_json_object_start(w);
    weft_json_key(w, "traceID");
    weft_json_string(w, weft_tempo_trace_id(&trace->trace_id, pads, id));
    put_member(w, "rootServiceName", trace->root_service_name);
    put_member(w, "rootTraceName", trace->root_name);
    put_u64(w, "startTimeUnixNano", trace->start_time_unix_nano);
    put_u32(w, "durationMs", weft_tempo_duration_ms(trace->duration_ns));
    if (trace->spanset_count > 0) {
        weft_json_key(w, "spanSet"); /* deprecated, still read: the first again */
        put_spanset(w, &trace->spansets[0]);
        weft_json_key(w, "spanSets");
        weft_json_array_start(w);
        for (uint32_t i = 0; i < trace->spanset_count; i++) put_spanset(w, &trace->spansets[i]);
        weft_json_array_end(w);
    }
    if (trace->service_count > 0) put_services(w, trace);
    weft_json_object_end(w);
}

static void put_search(struct weft_buf *out, const struct weft_traceql_result *result,
                       bool pads_ids)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    weft_json_key(&w, "traces");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < result->trace_count; i++) put_trace(&w, &result->traces[i], pads_ids);
    weft_json_array_end(&w);
    put_metrics(&w, &(struct inspected){ result->inspected_traces, result->inspected_spans,
                                         result->inspected_bytes, result->partial_reason });
    weft_json_object_end(&w);
}

/* ---- series ---- */

static void put_labels(struct weft_json_writer *w, const struct weft_series *series)
{
    weft_json_key(w, "labels");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < series->label_count; i++)
        put_key_value(w, series->labels[i].name, &series->labels[i].value);
    weft_json_array_end(w);
}

static void put_id_label(struct weft_json_writer *w, const char *key, const char *id)
{
    put_key_value(
        w, weft_str_from_c(key),
        &(struct weft_traceql_value){ .type = WEFT_TRACEQL_STRING, .text = weft_str_from_c(id) });
}

static void put_sample(struct weft_json_writer *w, double value, uint64_t ms)
{
    put_u64(w, "timestampMs", ms);
    if (value == 0) return;
    weft_json_key(w, "value");
    weft_json_double(w, value);
}

static void put_exemplars(struct weft_json_writer *w, const struct weft_series *series)
{
    char trace_id[33], span_id[17];
    weft_json_key(w, "exemplars");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < series->exemplar_count; i++) {
        const struct weft_series_exemplar *exemplar = &series->exemplars[i];
        weft_trace_id_format(&exemplar->trace_id, trace_id);
        weft_span_id_format(&exemplar->span_id, span_id);
        weft_json_object_start(w);
        weft_json_key(w, "labels");
        weft_json_array_start(w);
        put_id_label(w, "trace:id", trace_id);
        put_id_label(w, "span:id", span_id);
        weft_json_array_end(w);
        put_sample(w, exemplar->value, exemplar->time_unix_nano / WEFT_NS_PER_MS);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static void put_series(struct weft_json_writer *w, const struct weft_metrics_result *result,
                       const struct weft_series *series)
{
    weft_json_object_start(w);
    put_labels(w, series);
    weft_json_key(w, "samples");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < series->point_count; i++) {
        if (isnan(series->points[i])) continue;
        weft_json_object_start(w);
        put_sample(w, series->points[i], (result->first_ns + i * result->step_ns) / WEFT_NS_PER_MS);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
    if (series->exemplar_count > 0) put_exemplars(w, series);
    weft_json_object_end(w);
}

static void put_series_end(struct weft_json_writer *w, const struct weft_metrics_result *result)
{
    weft_json_array_end(w);
    put_metrics(w, &(struct inspected){ result->inspected_traces, result->inspected_spans,
                                        result->inspected_bytes, NULL });
    const char *message = result->partial_reason != NULL ? result->partial_reason : result->note;
    if (result->partial_reason != NULL) {
        weft_json_key(w, "status");
        weft_json_c(w, "PARTIAL");
    }
    if (message != NULL) {
        weft_json_key(w, "message");
        weft_json_c(w, message);
    }
    weft_json_object_end(w);
}

static void put_range(struct weft_buf *out, const struct weft_metrics_result *result)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    weft_json_key(&w, "series");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < result->series_count; i++) put_series(&w, result, &result->series[i]);
    put_series_end(&w, result);
}

static void put_instant(struct weft_buf *out, const struct weft_metrics_result *result)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    weft_json_key(&w, "series");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < result->series_count; i++) {
        const struct weft_series *series = &result->series[i];
        if (series->point_count == 0 || isnan(series->points[0])) continue; /* Q6.7.2 */
        weft_json_object_start(&w);
        put_labels(&w, series);
        if (series->points[0] != 0) {
            weft_json_key(&w, "value");
            weft_json_double(&w, series->points[0]);
        }
        weft_json_object_end(&w);
    }
    put_series_end(&w, result);
}

/* ---- tags ---- */

static void put_names(struct weft_json_writer *w, const struct weft_str *names, uint32_t count)
{
    weft_json_array_start(w);
    for (uint32_t i = 0; i < count; i++) weft_json_string(w, names[i]);
    weft_json_array_end(w);
}

static void put_tags(struct weft_buf *out, const struct weft_tempo_tags *tags)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    weft_json_key(&w, "scopes");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < tags->scope_count; i++) {
        weft_json_object_start(&w);
        weft_json_key(&w, "name");
        weft_json_c(&w, tags->scopes[i].name);
        weft_json_key(&w, "tags");
        put_names(&w, tags->scopes[i].tags, tags->scopes[i].count);
        weft_json_object_end(&w);
    }
    weft_json_array_end(&w);
    put_metrics(&w, &(struct inspected){ .bytes = tags->inspected_bytes,
                                         .partial_reason = tags->partial_reason });
    weft_json_object_end(&w);
}

static void put_tags_v1(struct weft_buf *out, const struct weft_tempo_tags *tags)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    weft_json_key(&w, "tagNames");
    put_names(&w, tags->names, tags->name_count);
    put_metrics(&w, &(struct inspected){ .bytes = tags->inspected_bytes,
                                         .partial_reason = tags->partial_reason });
    weft_json_object_end(&w);
}

static void put_values(struct weft_buf *out, const struct weft_tag_values *values)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    weft_json_key(&w, "tagValues");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < values->count; i++) {
        weft_json_object_start(&w);
        weft_json_key(&w, "type");
        weft_json_c(&w, values->items[i].type);
        put_member(&w, "value", values->items[i].text);
        weft_json_object_end(&w);
    }
    weft_json_array_end(&w);
    put_metrics(&w, &(struct inspected){ .bytes = values->inspected_bytes,
                                         .partial_reason = values->partial_reason });
    weft_json_object_end(&w);
}

static void put_values_v1(struct weft_buf *out, const struct weft_tag_values *values)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    weft_json_key(&w, "tagValues");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < values->count; i++) weft_json_string(&w, values->items[i].text);
    weft_json_array_end(&w);
    put_metrics(&w, &(struct inspected){ .bytes = values->inspected_bytes,
                                         .partial_reason = values->partial_reason });
    weft_json_object_end(&w);
}

const struct weft_tempo_encoder weft_tempo_json = {
    .content_type = "application/json",
    .search = put_search,
    .range = put_range,
    .instant = put_instant,
    .tags = put_tags,
    .tags_v1 = put_tags_v1,
    .values = put_values,
    .values_v1 = put_values_v1,
};
