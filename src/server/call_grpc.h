/* call_grpc.h -- gRPC methods as routes: a mount whose language is gRPC, "/package.Service/Method" as pattern, POST as method.
 *
 * Shape      one message comes in; each message that goes out is a frame of call->body, for unary calls and streams alike, and
 *            call->more gives further ones
 * Errors     a route's negative status becomes the grpc-status that fits, its sentence the grpc-message
 * Ownership  messages live in the call's arena or in the request
 * Spec       gRPC over HTTP/2 (PROTOCOL-HTTP2.md)
 */
#ifndef WEFT_SERVER_CALL_GRPC_H
#define WEFT_SERVER_CALL_GRPC_H
#include "server/router.h"

/* For routes. */
int weft_call_grpc_message(struct weft_call *call, struct weft_str *message, struct weft_err *err);
void weft_call_grpc_send(struct weft_call *call, struct weft_str message);

/* For the router. */
static inline bool weft_call_is_grpc(const struct weft_call *call)
{
    return call->mount->errors == WEFT_ERRORS_GRPC;
}
void weft_call_grpc_deadline(struct weft_call *call); /* not later than the client's grpc-timeout */
void weft_call_grpc_error(struct weft_call *call, int http_status, struct weft_str sentence);
void weft_call_grpc_reply(struct weft_call *call);

#endif
