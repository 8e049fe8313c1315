/* receiver_zipkin.c -- POST /api/v2/spans: Zipkin's JSON v2. It goes the way of OTLP's requests (receiver_otlp.c); here is what is its own.
 *
 * Acknowledged (202) only when on disk. Like Zipkin, whatever the content type says is taken for JSON, but for the encodings that are
 * not JSON.
 * Spec  query.md Q12.5.2; spec.md C4.1.1
 */
#include "pipeline/receiver_otlp_internal.h"

static bool is_other_encoding(const struct weft_exchange *exchange)
{
    struct weft_str type = weft_exchange_header(exchange, WEFT_S("content-type"));
    type = weft_str_trim(weft_str_split(&type, ';'));
    return weft_str_equal_ignoring_case(type, WEFT_S("application/x-protobuf")) ||
           weft_str_equal_ignoring_case(type, WEFT_S("application/x-thrift"));
}

enum weft_otlp_progress weft_otlp_handle_zipkin(struct weft_otlp_call *call)
{
    struct weft_exchange *exchange = call->exchange;
    struct weft_str payload;
    struct weft_err err;

    if (weft_cors_is_preflight(exchange)) {
        weft_cors_reply_preflight(&call->receiver->options.cors, exchange);
    } else if (exchange->method != WEFT_HTTP_POST) {
        weft_otlp_reply_plain(call, 405, WEFT_S("method not allowed, expected POST\n"));
    } else if (is_other_encoding(exchange)) {
        weft_otlp_reply_plain(call, 415,
                              WEFT_S("unsupported media type, expected Zipkin's JSON v2 as "
                                     "application/json\n"));
    } else {
        int rc = weft_otlp_http_payload(call, &payload, &err);
        if (rc == WEFT_OK) return weft_otlp_receive(call, payload);
        weft_otlp_reply_error(call, rc == WEFT_UNSUPPORTED ? WEFT_INVALID : rc,
                              weft_str_from_c(err.text), 0);
    }
    return WEFT_OTLP_ANSWERED;
}

static void handle(void *self, struct weft_exchange *exchange)
{
    struct weft_otlp_call *call = weft_otlp_call_begin(self, exchange);
    call->encoding = WEFT_OTLP_CALL_ZIPKIN;
    weft_otlp_call_start(call);
}

/* What the server refuses by itself it says in plain text, as Zipkin does: no refuse(). */

struct weft_http_handler weft_receiver_otlp_zipkin_handler(struct weft_receiver_otlp *receiver)
{
    return (struct weft_http_handler){ .self = receiver, .handle = handle };
}
