/* otlp_response.c -- what a receiver answers: ExportTraceServiceResponse and google.rpc.Status.
 *
 * Spec  C3.3.1 - C3.3.5, C3.5.2, C3.10.1; google/rpc/status.proto, error_details.proto (RetryInfo)
 */
#include "base/clock.h"
#include "model/otlp.h"
#include "wire/json.h"
#include "wire/protobuf.h"

#define RETRY_INFO_TYPE "type.googleapis.com/google.rpc.RetryInfo"

void weft_otlp_encode_response_protobuf(struct weft_buf *out, uint64_t rejected_spans,
                                        struct weft_str message)
{
    if (rejected_spans == 0 && message.len == 0)
        return; /* success leaves partial_success unset: no bytes at all */
    size_t mark = weft_pb_open(out, 1);
    weft_pb_put_uint(out, 1, rejected_spans);
    weft_pb_put_bytes(out, 2, message);
    weft_pb_close(out, mark);
}

void weft_otlp_encode_response_json(struct weft_buf *out, uint64_t rejected_spans,
                                    struct weft_str message)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    if (rejected_spans > 0 || message.len > 0) {
        weft_json_key(&w, "partialSuccess");
        weft_json_object_start(&w);
        if (rejected_spans > 0) {
            weft_json_key(&w, "rejectedSpans");
            weft_json_u64_string(&w, rejected_spans);
        }
        if (message.len > 0) {
            weft_json_key(&w, "errorMessage");
            weft_json_string(&w, message);
        }
        weft_json_object_end(&w);
    }
    weft_json_object_end(&w);
}

void weft_otlp_encode_status_protobuf(struct weft_buf *out, int code, struct weft_str message,
                                      uint64_t retry_after_ns)
{
    weft_pb_put_uint(out, 1, (uint64_t)(int64_t)code);
    weft_pb_put_bytes(out, 2, message);
    if (retry_after_ns == 0) return;
    size_t any = weft_pb_open(out, 3);
    weft_pb_put_bytes(out, 1, WEFT_S(RETRY_INFO_TYPE));
    size_t retry_info = weft_pb_open(out, 2);
    size_t delay = weft_pb_open(out, 1);
    weft_pb_put_uint(out, 1, retry_after_ns / WEFT_NS_PER_SECOND);
    weft_pb_put_uint(out, 2, retry_after_ns % WEFT_NS_PER_SECOND);
    weft_pb_close(out, delay);
    weft_pb_close(out, retry_info);
    weft_pb_close(out, any);
}

/* Protobuf's JSON form of a Duration: seconds with 0, 3, 6 or 9 digits and an "s". */
static void put_duration(struct weft_json_writer *w, uint64_t ns)
{
    char text[32];
    unsigned long long seconds = ns / WEFT_NS_PER_SECOND, rest = ns % WEFT_NS_PER_SECOND;
    if (rest == 0) {
        snprintf(text, sizeof text, "%llus", seconds);
    } else if (rest % 1000000 == 0) {
        snprintf(text, sizeof text, "%llu.%03llus", seconds, rest / 1000000);
    } else if (rest % 1000 == 0) {
        snprintf(text, sizeof text, "%llu.%06llus", seconds, rest / 1000);
    } else {
        snprintf(text, sizeof text, "%llu.%09llus", seconds, rest);
    }
    weft_json_c(w, text);
}

void weft_otlp_encode_status_json(struct weft_buf *out, int code, struct weft_str message,
                                  uint64_t retry_after_ns)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    weft_json_key(&w, "code");
    weft_json_i64(&w, code);
    weft_json_key(&w, "message");
    weft_json_string(&w, message);
    if (retry_after_ns > 0) {
        weft_json_key(&w, "details");
        weft_json_array_start(&w);
        weft_json_object_start(&w);
        weft_json_key(&w, "@type");
        weft_json_c(&w, RETRY_INFO_TYPE);
        weft_json_key(&w, "retryDelay");
        put_duration(&w, retry_after_ns);
        weft_json_object_end(&w);
        weft_json_array_end(&w);
    }
    weft_json_object_end(&w);
}
