/* receiver_otlp_reply.c -- OTLP's answers: success, partial success, errors with and without a
 * retry (checklist C3.3, C3.5); and Zipkin's. */
#include "base/clock.h"
#include "base/histogram.h"
#include "net/grpc_server.h"
#include "pipeline/receiver_otlp_internal.h"

#define HOLD_RETRY_NS_MAX (100 * WEFT_NS_PER_MS) /* the store's delay for "one commit" */

/* How a failure is said on each side. `retry_after_ns` is the delay asked for when the failure
 * itself names none. */
struct answer {
    int status; /* enum weft_status */
    int http_status;
    enum weft_grpc_status grpc_status;
    uint64_t retry_after_ns; /* 0: a retry will not help */
};
static const struct answer answers[] = {
    { WEFT_INVALID, 400, WEFT_GRPC_INVALID_ARGUMENT, 0 },
    { WEFT_TOO_LARGE, 413, WEFT_GRPC_RESOURCE_EXHAUSTED,
      0 }, /* without RetryInfo: not retryable, C3.2.2 */
    { WEFT_UNSUPPORTED, 404, WEFT_GRPC_UNIMPLEMENTED, 0 },
    { WEFT_NOT_FOUND, 404, WEFT_GRPC_UNIMPLEMENTED, 0 },
    { WEFT_FULL, 429, WEFT_GRPC_RESOURCE_EXHAUSTED, WEFT_NS_PER_SECOND },
    { WEFT_BUSY, 503, WEFT_GRPC_UNAVAILABLE, WEFT_NS_PER_SECOND },
    { WEFT_IO, 503, WEFT_GRPC_UNAVAILABLE, WEFT_NS_PER_SECOND },
    { WEFT_CLOSED, 503, WEFT_GRPC_UNAVAILABLE, WEFT_NS_PER_SECOND },
};
static const struct answer answer_internal = { 0, 500, WEFT_GRPC_INTERNAL, 0 };

static struct weft_metric accepted_spans[] = {
    { .name = "weft_receiver_accepted_spans_total",
      .labels = "receiver=\"otlp\",transport=\"http_protobuf\"",
      .help = "Spans acknowledged to their senders." },
    { .name = "weft_receiver_accepted_spans_total",
      .labels = "receiver=\"otlp\",transport=\"http_json\"" },
    { .name = "weft_receiver_accepted_spans_total",
      .labels = "receiver=\"otlp\",transport=\"grpc\"" },
    { .name = "weft_receiver_accepted_spans_total",
      .labels = "receiver=\"zipkin\",transport=\"http_json\"" },
};
static struct weft_metric rejected_spans[] = {
    /* by receiver_of() */
    {
        .name = "weft_receiver_rejected_spans_total",
        .labels = "receiver=\"otlp\"",
        .help = "Spans left out of an accepted request (partial success): ids of wrong length or "
                "all zero.",
    },
    { .name = "weft_receiver_rejected_spans_total", .labels = "receiver=\"zipkin\"" },
};
static struct weft_metric refused_spans[] = {
    /* by receiver_of() */
    {
        .name = "weft_receiver_refused_spans_total",
        .labels = "receiver=\"otlp\"",
        .help = "Decoded spans whose request was answered with an error.",
    },
    { .name = "weft_receiver_refused_spans_total", .labels = "receiver=\"zipkin\"" },
};
static struct weft_metric mended_fields[] = {
    /* by receiver_of() */
    {
        .name = "weft_receiver_mended_fields_total",
        .labels = "receiver=\"otlp\"",
        .help =
            "Fields kept in a corrected form: invalid UTF-8, unknown enum values, bad parent ids.",
    },
    { .name = "weft_receiver_mended_fields_total", .labels = "receiver=\"zipkin\"" },
};
static struct weft_metric failed_requests[] = {
    /* by receiver_of() */
    {
        .name = "weft_receiver_failed_requests_total",
        .labels = "receiver=\"otlp\"",
        .help = "Requests answered with an error.",
    },
    { .name = "weft_receiver_failed_requests_total", .labels = "receiver=\"zipkin\"" },
};

static struct weft_histogram acknowledge_seconds = {
    .metric = { .name = "weft_receiver_acknowledge_seconds",
                .help = "From a complete request to its answer, when its spans were kept." },
};

void weft_otlp_register_metrics(void)
{
    weft_histogram_register(&acknowledge_seconds);
    for (size_t i = 0; i < sizeof accepted_spans / sizeof accepted_spans[0]; i++)
        weft_metric_register(&accepted_spans[i]);
    for (size_t i = 0; i < 2; i++) {
        weft_metric_register(&rejected_spans[i]);
        weft_metric_register(&refused_spans[i]);
        weft_metric_register(&mended_fields[i]);
        weft_metric_register(&failed_requests[i]);
    }
}

void weft_receiver_otlp_counts(struct weft_receiver_counts *out)
{
    *out = (struct weft_receiver_counts){ 0 };
    for (size_t i = 0; i < sizeof accepted_spans / sizeof accepted_spans[0]; i++)
        out->accepted_spans += weft_metric_get(&accepted_spans[i]);
    for (size_t i = 0; i < 2; i++) {
        out->rejected_spans += weft_metric_get(&rejected_spans[i]);
        out->refused_spans += weft_metric_get(&refused_spans[i]);
        out->failed_requests += weft_metric_get(&failed_requests[i]);
    }
}

static size_t receiver_of(const struct weft_otlp_call *call)
{
    return call->encoding == WEFT_OTLP_CALL_ZIPKIN ? 1 : 0;
}

void weft_otlp_count_result(struct weft_otlp_call *call, uint64_t accepted,
                            const struct weft_otlp_result *result)
{
    if (accepted > 0) weft_metric_add(&accepted_spans[call->encoding], accepted);
    if (result->rejected_spans > 0)
        weft_metric_add(&rejected_spans[receiver_of(call)], result->rejected_spans);
    if (result->mended_fields > 0)
        weft_metric_add(&mended_fields[receiver_of(call)], result->mended_fields);
}

static void reply_http(struct weft_otlp_call *call, int status, struct weft_str content_type,
                       struct weft_str body, uint64_t retry_after_ns)
{
    struct weft_exchange *exchange = call->exchange;
    struct weft_http_header headers[WEFT_CORS_HEADERS_MAX + 2];
    uint32_t count = weft_cors_headers(&call->receiver->options.cors, exchange, headers);

    if (retry_after_ns > 0) { /* whole seconds, rounded up: RFC 9110 §10.2.3 */
        uint64_t seconds = (retry_after_ns + WEFT_NS_PER_SECOND - 1) / WEFT_NS_PER_SECOND;
        headers[count++] = (struct weft_http_header){
            WEFT_S("retry-after"),
            weft_arena_printf(exchange->arena, "%llu", (unsigned long long)seconds),
        };
    }
    if (status == 405)
        headers[count++] = (struct weft_http_header){ WEFT_S("allow"), WEFT_S("POST, OPTIONS") };
    weft_exchange_reply(exchange, &(struct weft_http_reply){ .status = status,
                                                             .content_type = content_type,
                                                             .headers = headers,
                                                             .header_count = count,
                                                             .body = body });
}

static struct weft_str content_type_of(const struct weft_otlp_call *call)
{
    return call->encoding == WEFT_OTLP_CALL_JSON ? WEFT_S("application/json")
                                                 : WEFT_S("application/x-protobuf");
}

void weft_otlp_reply_plain(struct weft_otlp_call *call, int http_status, struct weft_str text)
{
    weft_metric_add(&failed_requests[receiver_of(call)], 1);
    reply_http(call, http_status, WEFT_S("text/plain; charset=utf-8"), text, 0);
}

void weft_otlp_reply_success(struct weft_otlp_call *call, uint64_t rejected,
                             struct weft_str message)
{
    struct weft_buf body = { 0 };
    if (call->encoding == WEFT_OTLP_CALL_ZIPKIN) {
        reply_http(call, 202, WEFT_S(""), WEFT_S(""), 0);
        return;
    }
    if (call->encoding == WEFT_OTLP_CALL_JSON)
        weft_otlp_encode_response_json(&body, rejected, message);
    else if (rejected > 0 || message.len > 0)
        weft_otlp_encode_response_protobuf(&body, rejected, message);
    if (call->encoding == WEFT_OTLP_CALL_GRPC)
        weft_grpc_reply(call->exchange, weft_buf_str(&body));
    else
        reply_http(call, 200, content_type_of(call), weft_buf_str(&body), 0);
    weft_buf_release(&body);
}

static void reply_status(struct weft_otlp_call *call, const struct answer *answer,
                         struct weft_str sentence, uint64_t retry_after_ns)
{
    struct weft_buf body = { 0 };
    weft_metric_add(&failed_requests[receiver_of(call)], 1);
    if (call->encoding == WEFT_OTLP_CALL_ZIPKIN) {
        reply_http(call, answer->http_status, WEFT_S("text/plain; charset=utf-8"), sentence,
                   retry_after_ns);
        return;
    }
    if (call->encoding == WEFT_OTLP_CALL_JSON)
        weft_otlp_encode_status_json(&body, (int)answer->grpc_status, sentence, retry_after_ns);
    else
        weft_otlp_encode_status_protobuf(&body, (int)answer->grpc_status, sentence, retry_after_ns);
    if (call->encoding == WEFT_OTLP_CALL_GRPC)
        weft_grpc_reply_error(call->exchange, answer->grpc_status, sentence, weft_buf_str(&body));
    else
        reply_http(call, answer->http_status, content_type_of(call), weft_buf_str(&body),
                   retry_after_ns);
    weft_buf_release(&body);
}

/* Not before the failure itself says, and later when many are refused. */
static uint64_t delay_choose(struct weft_otlp_call *call, int status, uint64_t said_ns,
                             uint64_t usual_ns)
{
    struct weft_retry_delay *retry = call->receiver->options.retry;
    if (status != WEFT_FULL || retry == NULL) return said_ns > 0 ? said_ns : usual_ns;
    uint64_t drawn_ns = weft_retry_delay_refused(retry, weft_loop_now_ns(call->exchange->loop));
    return said_ns + drawn_ns;
}

void weft_otlp_reply_error(struct weft_otlp_call *call, int status, struct weft_str sentence,
                           uint64_t retry_after_ns)
{
    const struct answer *answer = &answer_internal;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (answers[i].status == status) answer = &answers[i];
    }
    if (answer->retry_after_ns == 0)
        retry_after_ns = 0;
    else
        retry_after_ns = delay_choose(call, status, retry_after_ns, answer->retry_after_ns);
    reply_status(call, answer, sentence, retry_after_ns);
}

void weft_otlp_reply_refusal(struct weft_otlp_call *call, int http_status, struct weft_str sentence,
                             uint64_t retry_after_ns)
{
    struct answer answer = { .http_status = http_status,
                             .grpc_status = WEFT_GRPC_INVALID_ARGUMENT };
    if (http_status == 413 || http_status == 429)
        answer.grpc_status = WEFT_GRPC_RESOURCE_EXHAUSTED;
    else if (http_status == 503 || http_status == 408)
        answer.grpc_status = WEFT_GRPC_UNAVAILABLE;
    else if (http_status >= 500)
        answer.grpc_status = WEFT_GRPC_INTERNAL;
    reply_status(call, &answer, sentence, retry_after_ns);
}

/* A commit or two, and there is room again: not worth a sender's trouble. */
static bool is_short_of_room(const struct weft_outcome *outcome)
{
    return outcome->status == WEFT_FULL && outcome->retry_after_ns <= HOLD_RETRY_NS_MAX;
}

void weft_otlp_consumed(void *arg, const struct weft_outcome *outcome)
{
    struct weft_otlp_call *call = arg;
    if (call->progress == NULL) {
        weft_otlp_hold_retry_soon(call);
    } else if (is_short_of_room(outcome)) {
        *call->progress = WEFT_OTLP_BUSY;
        return;
    } else {
        *call->progress = WEFT_OTLP_ANSWERED;
    }
    if (outcome->status < 0) {
        weft_metric_add(&refused_spans[receiver_of(call)], call->span_count);
        weft_otlp_reply_error(call, outcome->status, outcome->message, outcome->retry_after_ns);
        return;
    }
    if (call->receiver->options.retry != NULL)
        weft_retry_delay_taken(call->receiver->options.retry,
                               weft_loop_now_ns(call->exchange->loop));
    weft_histogram_add(&acknowledge_seconds, weft_clock_monotonic_ns() - call->begun_ns);
    weft_otlp_count_result(call, call->span_count - outcome->rejected_spans, &call->result);
    struct weft_str message =
        call->result.rejected_spans > 0 ? weft_str_from_c(call->result.reason) : outcome->message;
    weft_otlp_reply_success(call, call->result.rejected_spans + outcome->rejected_spans, message);
}
