/* zipkin_read.h -- one span of Zipkin's format as it was read, and the way from there to a batch. Internal to zipkin_*.c.
 *
 * Ownership  texts live in the body or in the batch's arena
 */
#ifndef WEFT_MODEL_ZIPKIN_READ_H
#define WEFT_MODEL_ZIPKIN_READ_H
#include "base/map.h"
#include "model/otlp_json_internal.h"
#include "model/zipkin_internal.h"

struct weft_zipkin_read {
    bool has_trace_id, has_id, is_debug, is_shared;
    uint8_t kind;
    struct weft_trace_id trace_id;
    struct weft_span_id id, parent_id;
    struct weft_str name;
    uint64_t timestamp_us, duration_us; /* 0: absent */
    struct weft_zipkin_endpoint local, remote;
    struct weft_zipkin_annotation *annotations;
    uint32_t annotation_count, annotation_capacity;
    struct weft_otlp_run tags;
};
/* Spans of one service and scope have to stand together in a batch. */
struct weft_zipkin_converter {
    uint32_t first; /* span of the batch */
    uint64_t now_ns;
    struct weft_map resources,
        scopes; /* by service name; by that, scope name and version: to the object */
    struct weft_buf key;
};
/* Adds the span to d->batch. */
void weft_zipkin_convert(struct weft_zipkin_converter *converter, struct weft_otlp_json *d,
                         struct weft_zipkin_read *read);
/* Brings the spans of one scope together, otherwise in their order. */
void weft_zipkin_convert_finish(struct weft_zipkin_converter *converter, struct weft_batch *batch);
void weft_zipkin_converter_release(struct weft_zipkin_converter *converter);

#endif
