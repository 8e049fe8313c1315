/* receiver_otlp.c -- OTLP requests to batches (receiver_otlp.h). The answers are in
 * receiver_otlp_reply.c.
 *
 * The way of a request: handle() -> payload() takes off content-encoding or gRPC framing ->
 * decode() makes span views in the thread's scratch arena -> the consumer keeps what it needs
 * before it returns -> consumed() answers, once the spans are on disk. When the consumer has no room
 * the request waits (receiver_otlp_hold.c). The scratch arena is reused
 * by the next request; what must live until the answer is in the exchange's own arena.
 */
#include "pipeline/receiver_otlp.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "model/zipkin_json.h"
#include "net/grpc_server.h"
#include "pipeline/receiver_otlp_internal.h"
#include "wire/compress.h"

#define DEFAULT_BYTES_MAX (UINT64_C(64) << 20) /* checklist C3.2.2 */
#define SCRATCH_BLOCK_BYTES \
    ((size_t)1 << 20) /* views of a usual request; larger ones take further blocks */
#define SCRATCH_INFLATE_KEEP ((size_t)4 << 20) /* an inflate buffer over this is given back */

struct weft_otlp_scratch *weft_otlp_scratch_of(struct weft_receiver_otlp *receiver,
                                               struct weft_exchange *exchange)
{
    return &receiver->scratch[weft_loop_index(exchange->loop) % receiver->options.io_thread_count];
}

int weft_otlp_http_payload(struct weft_otlp_call *call, struct weft_str *payload,
                           struct weft_err *err)
{
    struct weft_receiver_otlp *receiver = call->receiver;
    struct weft_exchange *exchange = call->exchange;
    uint64_t bytes_max = receiver->options.http_body_bytes_max;
    struct weft_str encoding = weft_exchange_header(exchange, WEFT_S("content-encoding"));
    enum weft_compression compression;

    if (!weft_compression_parse(encoding, &compression) && encoding.len > 0) {
        return weft_fail(err, WEFT_UNSUPPORTED,
                         "content-encoding \"%.*s\" is unknown; expected gzip, deflate, zlib, "
                         "zstd, snappy, lz4 or identity",
                         WEFT_S_ARG(encoding));
    }
    if (encoding.len == 0 || compression == WEFT_COMPRESSION_NONE) {
        *payload = exchange->body;
        if (payload->len > bytes_max)
            return weft_fail(err, WEFT_TOO_LARGE, "body has %zu bytes, at most %llu are taken",
                             payload->len, (unsigned long long)bytes_max);
        return WEFT_OK;
    }
    if (exchange->body.len ==
        0) { /* an empty request is a success, whatever its encoding says: C3.2.5 */
        *payload = exchange->body;
        return WEFT_OK;
    }
    struct weft_otlp_scratch *scratch = weft_otlp_scratch_of(receiver, exchange);
    weft_buf_reset(&scratch->inflated);
    int rc = weft_decompress_claimed(&scratch->inflated, compression, exchange->body, bytes_max, 0,
                                     &scratch->claim, err);
    *payload = weft_buf_str(&scratch->inflated);
    return rc;
}

static void scratch_tidy(struct weft_otlp_scratch *scratch)
{
    weft_claim_release(&scratch->claim);
    weft_arena_reset(&scratch->arena);
    if (scratch->inflated.capacity > SCRATCH_INFLATE_KEEP) {
        weft_buf_release(&scratch->inflated);
        scratch->inflated = (struct weft_buf){ 0 };
    }
}

static int decode(const struct weft_otlp_call *call, struct weft_batch *batch,
                  struct weft_str payload, struct weft_otlp_result *result, struct weft_err *err)
{
    if (call->encoding == WEFT_OTLP_CALL_ZIPKIN)
        return weft_zipkin_decode_json(batch, payload, weft_clock_unix_ns(), result, err);
    if (call->encoding == WEFT_OTLP_CALL_JSON)
        return weft_otlp_decode_json(batch, payload, result, err);
    return weft_otlp_decode_protobuf(batch, payload, result, err);
}

enum weft_otlp_progress weft_otlp_receive(struct weft_otlp_call *call, struct weft_str payload)
{
    struct weft_receiver_otlp *receiver = call->receiver;
    struct weft_otlp_scratch *scratch = weft_otlp_scratch_of(receiver, call->exchange);
    struct weft_batch batch = { .arena = &scratch->arena, .claim = &scratch->claim };
    struct weft_otlp_result result = { 0 };
    struct weft_err err;

    int rc = decode(call, &batch, payload, &result, &err);
    if (rc < 0) {
        weft_otlp_reply_error(call, rc, weft_str_from_c(err.text), 0);
        return WEFT_OTLP_ANSWERED;
    }
    if (batch.span_count == 0) {
        weft_otlp_count_result(call, 0, &result);
        weft_otlp_reply_success(call, result.rejected_spans, weft_str_from_c(result.reason));
        return WEFT_OTLP_ANSWERED;
    }
    enum weft_otlp_progress progress = WEFT_OTLP_UNDER_WAY;
    struct weft_consumer consumer = receiver->options.consumer;
    call->span_count = batch.span_count;
    call->result = result;
    call->progress = &progress;
    consumer.consume(consumer.self, weft_loop_index(call->exchange->loop), &batch,
                     weft_otlp_consumed, call);
    if (progress == WEFT_OTLP_ANSWERED) return progress;
    call->progress = NULL;
    /* The body is not needed while the disk works: its memory serves the next request. */
    if (progress == WEFT_OTLP_UNDER_WAY) weft_exchange_body_release(call->exchange);
    return progress;
}

static enum weft_otlp_progress handle_grpc(struct weft_receiver_otlp *receiver,
                                           struct weft_otlp_call *call)
{
    static const struct weft_str services[] = {
        WEFT_S_INIT("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"),
        WEFT_S_INIT("/opentelemetry.proto.collector.logs.v1.LogsService/Export"),
        WEFT_S_INIT("/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"),
    };
    struct weft_exchange *exchange = call->exchange;
    struct weft_str payload;
    struct weft_err err;

    call->encoding = WEFT_OTLP_CALL_GRPC;
    if (!weft_str_equal(exchange->path,
                        WEFT_S("/opentelemetry.proto.collector.trace.v1.TraceService/Export"))) {
        const char *sentence =
            "unknown method; expected opentelemetry.proto.collector.trace.v1.TraceService/Export";
        for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
            if (weft_str_equal(exchange->path, services[i]))
                sentence = "weft takes traces, no other signal";
        }
        weft_otlp_reply_error(call, WEFT_UNSUPPORTED, weft_str_from_c(sentence), 0);
        return WEFT_OTLP_ANSWERED;
    }
    struct weft_otlp_scratch *scratch = weft_otlp_scratch_of(receiver, exchange);
    weft_buf_reset(&scratch->inflated);
    int rc = weft_grpc_message(exchange, receiver->options.grpc_message_bytes_max,
                               &scratch->inflated, &scratch->claim, &payload, &err);
    if (rc == WEFT_OK) return weft_otlp_receive(call, payload);
    weft_otlp_reply_error(call, rc, weft_str_from_c(err.text), 0);
    return WEFT_OTLP_ANSWERED;
}

static bool content_type_is(struct weft_str header, struct weft_str type)
{
    struct weft_str rest = header;
    return weft_str_equal_ignoring_case(weft_str_trim(weft_str_split(&rest, ';')), type);
}

/* The encodings by content type (C3.1.4); false: neither. */
static bool http_encoding(struct weft_exchange *exchange, enum weft_otlp_call_encoding *encoding)
{
    struct weft_str type = weft_exchange_header(exchange, WEFT_S("content-type"));
    bool is_json = content_type_is(type, WEFT_S("application/json"));
    *encoding = is_json ? WEFT_OTLP_CALL_JSON : WEFT_OTLP_CALL_PROTOBUF;
    return is_json || content_type_is(type, WEFT_S("application/x-protobuf")) ||
           content_type_is(type, WEFT_S("application/protobuf"));
}

static enum weft_otlp_progress handle_http(struct weft_receiver_otlp *receiver,
                                           struct weft_otlp_call *call)
{
    struct weft_exchange *exchange = call->exchange;
    struct weft_str payload;
    struct weft_err err;

    bool is_known = http_encoding(exchange, &call->encoding);
    if (!weft_str_equal(exchange->path, WEFT_S("/v1/traces"))) {
        bool is_other_signal = weft_str_equal(exchange->path, WEFT_S("/v1/metrics")) ||
                               weft_str_equal(exchange->path, WEFT_S("/v1/logs")) ||
                               weft_str_equal(exchange->path, WEFT_S("/v1development/profiles"));
        weft_otlp_reply_error(call, WEFT_NOT_FOUND,
                              is_other_signal
                                  ? WEFT_S("weft takes traces, no other signal: POST /v1/traces")
                                  : WEFT_S("unknown path; expected POST /v1/traces"),
                              0);
    } else if (weft_cors_is_preflight(exchange)) {
        weft_cors_reply_preflight(&receiver->options.cors, exchange);
    } else if (exchange->method != WEFT_HTTP_POST) {
        weft_otlp_reply_plain(call, 405, WEFT_S("405 method not allowed, supported: [POST]\n"));
    } else if (!is_known) {
        weft_otlp_reply_plain(call, 415,
                              WEFT_S("415 unsupported media type, supported: [application/json, "
                                     "application/x-protobuf]\n"));
    } else {
        int rc = weft_otlp_http_payload(call, &payload, &err);
        if (rc == WEFT_OK) return weft_otlp_receive(call, payload);
        /* An unknown encoding is a bad request, as in the Collector. */
        weft_otlp_reply_error(call, rc == WEFT_UNSUPPORTED ? WEFT_INVALID : rc,
                              weft_str_from_c(err.text), 0);
    }
    return WEFT_OTLP_ANSWERED;
}

struct weft_otlp_call *weft_otlp_call_begin(struct weft_receiver_otlp *receiver,
                                            struct weft_exchange *exchange)
{
    struct weft_otlp_call *call = weft_arena_alloc_zero(exchange->arena, sizeof *call);
    call->receiver = receiver;
    call->begun_ns = weft_clock_monotonic_ns();
    call->exchange = exchange;
    return call;
}

enum weft_otlp_progress weft_otlp_attempt(struct weft_otlp_call *call)
{
    struct weft_receiver_otlp *receiver = call->receiver;
    struct weft_otlp_scratch *scratch = weft_otlp_scratch_of(receiver, call->exchange);
    enum weft_otlp_progress progress;
    if (call->encoding == WEFT_OTLP_CALL_ZIPKIN)
        progress = weft_otlp_handle_zipkin(call);
    else if (weft_grpc_is_call(call->exchange))
        progress = handle_grpc(receiver, call);
    else
        progress = handle_http(receiver, call);
    scratch_tidy(scratch);
    return progress;
}

void weft_otlp_call_start(struct weft_otlp_call *call)
{
    if (!weft_otlp_hold_is_empty(call) || weft_otlp_attempt(call) == WEFT_OTLP_BUSY)
        weft_otlp_hold_add(call);
}

static void handle(void *self, struct weft_exchange *exchange)
{
    weft_otlp_call_start(weft_otlp_call_begin(self, exchange));
}

static void refuse(void *self, struct weft_exchange *exchange, int status, struct weft_str sentence,
                   uint64_t retry_after_ns)
{
    struct weft_otlp_call *call = weft_otlp_call_begin(self, exchange);
    if (weft_grpc_is_call(exchange))
        call->encoding = WEFT_OTLP_CALL_GRPC;
    else
        http_encoding(exchange, &call->encoding);
    weft_otlp_reply_refusal(call, status, sentence, retry_after_ns);
}

void weft_receiver_otlp_create(struct weft_receiver_otlp **out,
                               const struct weft_receiver_otlp_options *options)
{
    struct weft_receiver_otlp *receiver = weft_alloc_zero(sizeof *receiver);
    receiver->options = *options;
    if (receiver->options.grpc_message_bytes_max == 0)
        receiver->options.grpc_message_bytes_max = DEFAULT_BYTES_MAX;
    if (receiver->options.http_body_bytes_max == 0)
        receiver->options.http_body_bytes_max = DEFAULT_BYTES_MAX;
    receiver->scratch = weft_alloc_array(options->io_thread_count, sizeof *receiver->scratch);
    for (unsigned i = 0; i < options->io_thread_count; i++) {
        weft_arena_init(&receiver->scratch[i].arena, SCRATCH_BLOCK_BYTES);
        receiver->scratch[i].claim.budget = options->work_budget;
    }
    weft_otlp_register_metrics();
    weft_otlp_hold_register_metrics();
    *out = receiver;
}

void weft_receiver_otlp_destroy(struct weft_receiver_otlp *receiver)
{
    if (receiver == NULL) return;
    for (unsigned i = 0; i < receiver->options.io_thread_count; i++) {
        weft_otlp_hold_stop(&receiver->scratch[i].hold);
        weft_arena_release(&receiver->scratch[i].arena);
        weft_buf_release(&receiver->scratch[i].inflated);
    }
    weft_free(receiver->scratch);
    weft_free(receiver);
}

struct weft_http_handler weft_receiver_otlp_handler(struct weft_receiver_otlp *receiver)
{
    return (struct weft_http_handler){ .self = receiver, .handle = handle, .refuse = refuse };
}
