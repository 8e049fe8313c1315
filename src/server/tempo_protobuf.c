/* tempo_protobuf.c -- answers of Tempo's API as protobuf; tempo_json.c says the same as JSON. Field numbers: Q8.4.7, Q8.8.4. */
#include "base/clock.h"
#include "server/tempo_answer.h"
#include "wire/protobuf.h"
#include <math.h>

/* ---- values: AnyValue, KeyValue{key = 1, value = 2} ---- */

static void put_double(struct weft_buf *out, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    weft_pb_put_fixed64(out, number, bits);
}

/* Members of a oneof are written also when they are zero. */
static void put_scalar(struct weft_buf *out, const struct weft_traceql_value *value)
{
    struct weft_buf scratch = { 0 };
    if (value->type == WEFT_TRACEQL_INT) {
        weft_pb_put_tag(out, WEFT_VALUE_INT, WEFT_PB_VARINT);
        weft_pb_put_varint(out, (uint64_t)value->int_value);
    } else if (value->type == WEFT_TRACEQL_FLOAT) {
        uint8_t bytes[8];
        uint64_t bits;
        memcpy(&bits, &value->float_value, sizeof bits);
        weft_store_u64(bytes, bits);
        weft_pb_put_tag(out, WEFT_VALUE_DOUBLE, WEFT_PB_FIXED64);
        weft_buf_append(out, bytes, sizeof bytes);
    } else if (value->type == WEFT_TRACEQL_BOOL) {
        weft_pb_put_tag(out, WEFT_VALUE_BOOL, WEFT_PB_VARINT);
        weft_pb_put_varint(out, value->bool_value);
    } else {
        weft_pb_put_bytes_always(out, WEFT_VALUE_STRING, weft_tempo_text(value, &scratch));
    }
    weft_buf_release(&scratch);
}

static void put_value(struct weft_buf *out, const struct weft_traceql_value *value)
{
    if (value->type != WEFT_TRACEQL_ARRAY) {
        put_scalar(out, value);
        return;
    }
    size_t array = weft_pb_open(out, WEFT_VALUE_ARRAY);
    for (uint32_t i = 0; i < value->item_count; i++) {
        size_t item = weft_pb_open(out, 1);
        put_scalar(out, &value->items[i]);
        weft_pb_close(out, item);
    }
    weft_pb_close(out, array);
}

static void put_key_value(struct weft_buf *out, uint32_t number, struct weft_str key,
                          const struct weft_traceql_value *value)
{
    size_t mark = weft_pb_open(out, number);
    weft_pb_put_bytes(out, 1, key);
    size_t inner = weft_pb_open(out, 2);
    put_value(out, value);
    weft_pb_close(out, inner);
    weft_pb_close(out, mark);
}

/* ---- metrics of an answer, and partial ones ---- */

/* SearchMetrics{inspectedTraces = 1, inspectedBytes = 2, completedJobs = 4, totalJobs = 5, inspectedSpans = 7} */
static void put_search_metrics(struct weft_buf *out, uint64_t traces, uint64_t bytes,
                               uint64_t spans)
{
    size_t mark = weft_pb_open(out, 2);
    weft_pb_put_uint(out, 1, traces < UINT32_MAX ? traces : UINT32_MAX);
    weft_pb_put_uint(out, 2, bytes);
    weft_pb_put_uint(out, 4, 1);
    weft_pb_put_uint(out, 5, 1);
    weft_pb_put_uint(out, 7, spans);
    weft_pb_close(out, mark);
}

/* MetadataMetrics{inspectedBytes = 1, totalJobs = 2, completedJobs = 3} */
static void put_metadata_metrics(struct weft_buf *out, uint64_t bytes)
{
    size_t mark = weft_pb_open(out, 2);
    weft_pb_put_uint(out, 1, bytes);
    weft_pb_put_uint(out, 2, 1);
    weft_pb_put_uint(out, 3, 1);
    weft_pb_close(out, mark);
}

/* ---- search ---- */

/* Span{spanID = 1, name = 2, startTimeUnixNano = 3, durationNanos = 4, attributes = 5} */
static void put_span(struct weft_buf *out, const struct weft_found_span *span)
{
    char id[17];
    size_t mark = weft_pb_open(out, 1);
    weft_span_id_format(&span->span_id, id);
    weft_pb_put_bytes(out, 1, weft_str_make(id, 16));
    if (span->has_name) weft_pb_put_bytes(out, 2, span->name);
    weft_pb_put_uint(out, 3, span->start_time_unix_nano);
    weft_pb_put_uint(out, 4, span->duration_ns);
    for (uint32_t i = 0; i < span->attribute_count; i++)
        put_key_value(out, 5, span->attributes[i].key, &span->attributes[i].value);
    weft_pb_close(out, mark);
}

/* SpanSet{spans = 1, matched = 2, attributes = 3} */
static void put_spanset(struct weft_buf *out, uint32_t number,
                        const struct weft_found_spanset *spanset)
{
    size_t mark = weft_pb_open(out, number);
    for (uint32_t i = 0; i < spanset->span_count; i++) put_span(out, &spanset->spans[i]);
    weft_pb_put_uint(out, 2, spanset->matched);
    for (const struct weft_spanset_attribute *a = spanset->attributes; a != NULL; a = a->next)
        put_key_value(out, 3, a->key, &a->value);
    weft_pb_close(out, mark);
}

/* An entry of map<string, ServiceStats{spanCount = 1, errorCount = 2}> */
static void put_service(struct weft_buf *out, const struct weft_found_service *service)
{
    size_t entry = weft_pb_open(out, 8);
    weft_pb_put_bytes(out, 1, service->name);
    size_t stats = weft_pb_open(out, 2);
    weft_pb_put_uint(out, 1, service->span_count);
    weft_pb_put_uint(out, 2, service->error_count);
    weft_pb_close(out, stats);
    weft_pb_close(out, entry);
}

/* TraceSearchMetadata{traceID = 1, rootServiceName = 2, rootTraceName = 3, startTimeUnixNano = 4, durationMs = 5, spanSet = 6,
 * spanSets = 7, serviceStats = 8} */
static void put_trace(struct weft_buf *out, const struct weft_found_trace *trace, bool pads)
{
    char id[33];
    size_t mark = weft_pb_open(out, 1);
    weft_pb_put_bytes(out, 1, weft_tempo_trace_id(&trace->trace_id, pads, id));
    weft_pb_put_bytes(out, 2, trace->root_service_name);
    weft_pb_put_bytes(out, 3, trace->root_name);
    weft_pb_put_uint(out, 4, trace->start_time_unix_nano);
    weft_pb_put_uint(out, 5, weft_tempo_duration_ms(trace->duration_ns));
    if (trace->spanset_count > 0) put_spanset(out, 6, &trace->spansets[0]);
    for (uint32_t i = 0; i < trace->spanset_count; i++) put_spanset(out, 7, &trace->spansets[i]);
    for (uint32_t i = 0; i < trace->service_count; i++) put_service(out, &trace->services[i]);
    weft_pb_close(out, mark);
}

static void put_search(struct weft_buf *out, const struct weft_traceql_result *result,
                       bool pads_ids)
{
    for (uint32_t i = 0; i < result->trace_count; i++) put_trace(out, &result->traces[i], pads_ids);
    put_search_metrics(out, result->inspected_traces, result->inspected_bytes,
                       result->inspected_spans);
}

/* ---- series ---- */

static void put_labels(struct weft_buf *out, const struct weft_series *series)
{
    for (uint32_t i = 0; i < series->label_count; i++)
        put_key_value(out, 1, series->labels[i].name, &series->labels[i].value);
}

static void put_id_label(struct weft_buf *out, struct weft_str key, const char *id)
{
    put_key_value(
        out, 1, key,
        &(struct weft_traceql_value){ .type = WEFT_TRACEQL_STRING, .text = weft_str_from_c(id) });
}

/* Exemplar{labels = 1, value = 2, timestamp_ms = 3} */
static void put_exemplar(struct weft_buf *out, const struct weft_series_exemplar *exemplar)
{
    char trace_id[33], span_id[17];
    size_t mark = weft_pb_open(out, 4);
    weft_trace_id_format(&exemplar->trace_id, trace_id);
    weft_span_id_format(&exemplar->span_id, span_id);
    put_id_label(out, WEFT_S("trace:id"), trace_id);
    put_id_label(out, WEFT_S("span:id"), span_id);
    put_double(out, 2, exemplar->value);
    weft_pb_put_uint(out, 3, exemplar->time_unix_nano / WEFT_NS_PER_MS);
    weft_pb_close(out, mark);
}

/* TimeSeries{labels = 1, samples = 2 {value = 1, timestamp_ms = 2}, exemplars = 4} */
static void put_series(struct weft_buf *out, const struct weft_metrics_result *result,
                       const struct weft_series *series)
{
    size_t mark = weft_pb_open(out, 1);
    put_labels(out, series);
    for (uint32_t i = 0; i < series->point_count; i++) {
        if (isnan(series->points[i])) continue;
        size_t sample = weft_pb_open(out, 2);
        put_double(out, 1, series->points[i]);
        weft_pb_put_uint(out, 2, (result->first_ns + i * result->step_ns) / WEFT_NS_PER_MS);
        weft_pb_close(out, sample);
    }
    for (uint32_t i = 0; i < series->exemplar_count; i++) put_exemplar(out, &series->exemplars[i]);
    weft_pb_close(out, mark);
}

/* metrics = 2, status = 3 (PARTIAL is 1), message = 4 */
static void put_series_end(struct weft_buf *out, const struct weft_metrics_result *result)
{
    put_search_metrics(out, result->inspected_traces, result->inspected_bytes,
                       result->inspected_spans);
    const char *message = result->partial_reason != NULL ? result->partial_reason : result->note;
    if (result->partial_reason != NULL) weft_pb_put_uint(out, 3, 1);
    if (message != NULL) weft_pb_put_bytes(out, 4, weft_str_from_c(message));
}

static void put_range(struct weft_buf *out, const struct weft_metrics_result *result)
{
    for (uint32_t i = 0; i < result->series_count; i++) put_series(out, result, &result->series[i]);
    put_series_end(out, result);
}

/* InstantSeries{labels = 1, value = 2} */
static void put_instant(struct weft_buf *out, const struct weft_metrics_result *result)
{
    for (uint32_t i = 0; i < result->series_count; i++) {
        const struct weft_series *series = &result->series[i];
        if (series->point_count == 0 || isnan(series->points[0])) continue; /* Q6.7.2 */
        size_t mark = weft_pb_open(out, 1);
        put_labels(out, series);
        put_double(out, 2, series->points[0]);
        weft_pb_close(out, mark);
    }
    put_series_end(out, result);
}

/* ---- tags ---- */

static void put_tags(struct weft_buf *out, const struct weft_tempo_tags *tags)
{
    for (uint32_t i = 0; i < tags->scope_count; i++) {
        const struct weft_tempo_scope *scope = &tags->scopes[i];
        size_t mark = weft_pb_open(out, 1);
        weft_pb_put_bytes(out, 1, weft_str_from_c(scope->name));
        for (uint32_t k = 0; k < scope->count; k++)
            weft_pb_put_bytes_always(out, 2, scope->tags[k]);
        weft_pb_close(out, mark);
    }
    put_metadata_metrics(out, tags->inspected_bytes);
}

static void put_tags_v1(struct weft_buf *out, const struct weft_tempo_tags *tags)
{
    for (uint32_t i = 0; i < tags->name_count; i++)
        weft_pb_put_bytes_always(out, 1, tags->names[i]);
    put_metadata_metrics(out, tags->inspected_bytes);
}

/* TagValue{type = 1, value = 2} */
static void put_values(struct weft_buf *out, const struct weft_tag_values *values)
{
    for (uint32_t i = 0; i < values->count; i++) {
        size_t mark = weft_pb_open(out, 1);
        weft_pb_put_bytes(out, 1, weft_str_from_c(values->items[i].type));
        weft_pb_put_bytes(out, 2, values->items[i].text);
        weft_pb_close(out, mark);
    }
    put_metadata_metrics(out, values->inspected_bytes);
}

static void put_values_v1(struct weft_buf *out, const struct weft_tag_values *values)
{
    for (uint32_t i = 0; i < values->count; i++)
        weft_pb_put_bytes_always(out, 1, values->items[i].text);
    put_metadata_metrics(out, values->inspected_bytes);
}

const struct weft_tempo_encoder weft_tempo_protobuf = {
    .content_type = "application/protobuf",
    .search = put_search,
    .range = put_range,
    .instant = put_instant,
    .tags = put_tags,
    .tags_v1 = put_tags_v1,
    .values = put_values,
    .values_v1 = put_values_v1,
};
