/* call_grpc.c -- what a gRPC call has instead of a status and a body (call_grpc.h). */
#include "server/call_grpc.h"
#include "base/clock.h"
#include "net/grpc_server.h"
#include "wire/grpc_frame.h"

#define MESSAGE_BYTES_MAX (UINT64_C(4) << 20) /* of a question */

int weft_call_grpc_message(struct weft_call *call, struct weft_str *message, struct weft_err *err)
{
    struct weft_buf inflated = { 0 };
    int rc =
        weft_grpc_message(call->owned_exchange, MESSAGE_BYTES_MAX, &inflated, NULL, message, err);
    if (rc >= 0 && inflated.len > 0) *message = weft_arena_copy(&call->arena, *message);
    weft_buf_release(&inflated);
    return rc;
}

void weft_call_grpc_send(struct weft_call *call, struct weft_str message)
{
    weft_grpc_frame_append(&call->body, false, message);
}

void weft_call_grpc_deadline(struct weft_call *call)
{
    uint64_t timeout_ns;
    if (!weft_grpc_timeout_parse(weft_exchange_header(call->exchange, WEFT_S("grpc-timeout")),
                                 &timeout_ns))
        return;
    uint64_t now = weft_clock_monotonic_ns();
    if (timeout_ns < call->deadline_monotonic_ns - now)
        call->deadline_monotonic_ns = now + timeout_ns;
}

static const struct {
    int http_status;
    enum weft_grpc_status status;
} statuses[] = {
    { 400, WEFT_GRPC_INVALID_ARGUMENT },   { 404, WEFT_GRPC_NOT_FOUND },
    { 405, WEFT_GRPC_UNIMPLEMENTED },      { 413, WEFT_GRPC_RESOURCE_EXHAUSTED },
    { 429, WEFT_GRPC_RESOURCE_EXHAUSTED }, { 501, WEFT_GRPC_UNIMPLEMENTED },
    { 503, WEFT_GRPC_UNAVAILABLE },        { 504, WEFT_GRPC_DEADLINE_EXCEEDED },
};

void weft_call_grpc_error(struct weft_call *call, int http_status, struct weft_str sentence)
{
    call->grpc_status = WEFT_GRPC_INTERNAL;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].http_status == http_status) call->grpc_status = (int)statuses[i].status;
    weft_buf_reset(&call->body);
    weft_buf_append_str(&call->body, sentence);
}

void weft_call_grpc_reply(struct weft_call *call)
{
    const struct weft_http_header trailer = { WEFT_S_INIT("grpc-status"), WEFT_S_INIT("0") };
    if (!weft_grpc_is_call(call->exchange)) {
        weft_exchange_reply(call->owned_exchange,
                            &(struct weft_http_reply){
                                .status = 415,
                                .content_type = WEFT_S("text/plain; charset=utf-8"),
                                .body = WEFT_S("this address speaks gRPC: HTTP/2, POST, "
                                               "content-type application/grpc"),
                            });
    } else if (call->grpc_status != WEFT_GRPC_OK) {
        weft_grpc_reply_error(call->owned_exchange, (enum weft_grpc_status)call->grpc_status,
                              weft_buf_str(&call->body), WEFT_S(""));
    } else {
        weft_exchange_reply(call->owned_exchange, &(struct weft_http_reply){
                                                      .status = 200,
                                                      .content_type = WEFT_S("application/grpc"),
                                                      .headers = call->headers,
                                                      .header_count = call->header_count,
                                                      .body = weft_buf_str(&call->body),
                                                      .trailers = &trailer,
                                                      .trailer_count = 1,
                                                      .omits_length = true,
                                                  });
    }
}
