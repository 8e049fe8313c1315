/* client_socket.h -- one outgoing connection with time limits, plain or TLS, for http_client.c.
 *
 * Errors     sentences with the address: "connect 127.0.0.1:16686: Connection refused; is weft running?"
 * Threads    one owner; calls block up to their limit
 */
#ifndef WEFT_NET_CLIENT_SOCKET_H
#define WEFT_NET_CLIENT_SOCKET_H
#include "base/err.h"
#include "base/str.h"
#include "net/endpoint.h"

struct ssl_st;
struct ssl_ctx_st;
struct weft_client_socket {
    int fd;             /* -1: not connected */
    struct ssl_st *ssl; /* NULL: plain */
    char name[280];     /* "host:port", for sentences */
};
/* `tls` NULL: plain; otherwise the certificate must be valid for `host`, unless the context does not verify. */
int weft_client_socket_connect(struct weft_client_socket *s, const struct weft_endpoint *endpoint,
                               const char *name, struct ssl_ctx_st *tls, const char *host,
                               uint64_t ns_max, struct weft_err *err);
/* All of it. */
int weft_client_socket_write(struct weft_client_socket *s, struct weft_str bytes,
                             uint64_t idle_ns_max, struct weft_err *err);
/* *got 0: the other side closed. idle_ns_max 0: wait for ever. */
int weft_client_socket_read(struct weft_client_socket *s, char *out, size_t size, size_t *got,
                            uint64_t idle_ns_max, struct weft_err *err);
void weft_client_socket_close(struct weft_client_socket *s);
/* Non-blocking connect has begun or is done; the descriptor, or a negative status. */
int weft_client_socket_begin(const struct weft_endpoint *endpoint, const char *name,
                             struct weft_err *err);
/* The sentence for a connect() that failed with `code`. */
int weft_client_socket_refused(const char *name, int code, struct weft_err *err);

#endif
