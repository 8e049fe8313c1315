/* grpc_server.h -- gRPC calls on top of http_server.h: unary now, server streams with weft_exchange_start().
 *
 * Spec       gRPC over HTTP/2 (PROTOCOL-HTTP2.md); checklist C3.5
 */
#ifndef WEFT_NET_GRPC_SERVER_H
#define WEFT_NET_GRPC_SERVER_H
#include "net/http_server.h"

enum weft_grpc_status {
    WEFT_GRPC_OK = 0,
    WEFT_GRPC_CANCELLED = 1,
    WEFT_GRPC_UNKNOWN = 2,
    WEFT_GRPC_INVALID_ARGUMENT = 3,
    WEFT_GRPC_DEADLINE_EXCEEDED = 4,
    WEFT_GRPC_NOT_FOUND = 5,
    WEFT_GRPC_PERMISSION_DENIED = 7,
    WEFT_GRPC_RESOURCE_EXHAUSTED = 8,
    WEFT_GRPC_FAILED_PRECONDITION = 9,
    WEFT_GRPC_UNIMPLEMENTED = 12,
    WEFT_GRPC_INTERNAL = 13,
    WEFT_GRPC_UNAVAILABLE = 14,
    WEFT_GRPC_UNAUTHENTICATED = 16,
};
/* HTTP/2 POST with content-type application/grpc, +proto or ;parameters. */
bool weft_grpc_is_call(const struct weft_exchange *exchange);
/* The one message of a unary call: a view of the body, or inflated into `inflated` (the caller's, reused from call to call) when
 * its flag says so; at most `bytes_max`, and within the claim (NULL: none). WEFT_INVALID, WEFT_TOO_LARGE, WEFT_FULL,
 * WEFT_UNSUPPORTED (grpc-encoding unknown). */
int weft_grpc_message(struct weft_exchange *exchange, uint64_t bytes_max, struct weft_buf *inflated,
                      struct weft_claim *claim, struct weft_str *message, struct weft_err *err);
/* OK with a message. */
void weft_grpc_reply(struct weft_exchange *exchange, struct weft_str message);
/* Trailers-only; `details` is a google.rpc.Status for grpc-status-details-bin, may be empty. */
void weft_grpc_reply_error(struct weft_exchange *exchange, enum weft_grpc_status status,
                           struct weft_str sentence, struct weft_str details);

#endif
