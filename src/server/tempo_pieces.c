/* tempo_pieces.c -- see tempo_pieces.h. */
#include "server/tempo_pieces.h"
#include "wire/json.h"
#include "wire/protobuf.h"

static bool wants_protobuf(const struct weft_call *call) /* no q-values, as Tempo: Q8.1.2 */
{
    return weft_call_accepts(call, WEFT_S("application/protobuf"));
}

static void v1_protobuf_slice(struct weft_buf *out, const struct weft_batch *spans, bool is_first)
{
    weft_otlp_encode_protobuf(out, spans);
}

static void v1_protobuf_end(struct weft_buf *out, const struct weft_batch *batch) {}

static void v1_json_slice(struct weft_buf *out, const struct weft_batch *spans, bool is_first)
{
    if (is_first) weft_buf_append_c(out, "{\"batches\":");
    weft_trace_pieces_json(out, spans, is_first, WEFT_OTLP_JSON_TEMPO);
}

static void v1_json_end(struct weft_buf *out, const struct weft_batch *batch)
{
    weft_buf_append_c(out, "]}");
}

void weft_tempo_answer_v1(struct weft_call *call, const struct weft_batch *batch)
{
    if (wants_protobuf(call)) {
        call->content_type = WEFT_S("application/protobuf");
        weft_trace_pieces_start(call, batch, v1_protobuf_slice, v1_protobuf_end);
    } else {
        weft_trace_pieces_start(call, batch, v1_json_slice, v1_json_end);
    }
}

/* TraceByIDResponse{trace = 1, metrics = 2}; readers join a message that comes again. */
static void v2_protobuf_slice(struct weft_buf *out, const struct weft_batch *spans, bool is_first)
{
    size_t trace = weft_pb_open(out, 1);
    weft_otlp_encode_protobuf(out, spans);
    weft_pb_close(out, trace);
}

static void v2_protobuf_end(struct weft_buf *out, const struct weft_batch *batch)
{
    size_t metrics = weft_pb_open(out, 2);
    weft_pb_close(out, metrics);
    if (batch->partial_reason != NULL) { /* status = 3: PARTIAL = 1, message = 4 */
        weft_pb_put_uint(out, 3, 1);
        weft_pb_put_bytes(out, 4, weft_str_from_c(batch->partial_reason));
    }
}

static void v2_json_slice(struct weft_buf *out, const struct weft_batch *spans, bool is_first)
{
    if (is_first) weft_buf_append_c(out, "{\"trace\":{");
    if (spans->span_count == 0) return;
    if (is_first) weft_buf_append_c(out, "\"resourceSpans\":");
    weft_trace_pieces_json(out, spans, is_first, WEFT_OTLP_JSON_TEMPO);
}

static void v2_json_end(struct weft_buf *out, const struct weft_batch *batch)
{
    weft_buf_append_c(out, batch->span_count > 0 ? "]},\"metrics\":{}" : "},\"metrics\":{}");
    if (batch->partial_reason != NULL) {
        struct weft_json_writer w = { .out = out, .needs_comma = true };
        weft_json_key(&w, "status");
        weft_json_c(&w, "PARTIAL");
        weft_json_key(&w, "message");
        weft_json_c(&w, batch->partial_reason);
    }
    weft_buf_append_c(out, "}");
}

void weft_tempo_answer_v2(struct weft_call *call, const struct weft_batch *batch)
{
    if (wants_protobuf(call)) {
        call->content_type = WEFT_S("application/protobuf");
        weft_trace_pieces_start(call, batch, v2_protobuf_slice, v2_protobuf_end);
    } else {
        weft_trace_pieces_start(call, batch, v2_json_slice, v2_json_end);
    }
}
