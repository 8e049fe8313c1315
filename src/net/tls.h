/* tls.h -- the server's certificates: load, offer, look for new ones.
 *
 * Errors     a sentence naming the file and what OpenSSL says; a bad new file leaves the old certificate in use, logged once
 * Threads    any loop may open connections; a lock guards the current context
 * Ownership  weft_tls owns the context; each connection holds a reference to the one it began with
 * Spec       RFC 8446, 5246, 7301 (ALPN: h2, http/1.1)
 */
#ifndef WEFT_NET_TLS_H
#define WEFT_NET_TLS_H
#include "base/buf.h"
#include "base/err.h"
#include "net/http_server.h"

struct ssl_st;
struct weft_tls;
int weft_tls_create(struct weft_tls **out, const char *name, const struct weft_tls_options *options,
                    struct weft_err *err);
void weft_tls_destroy(struct weft_tls *tls);
/* A server connection on `fd`, with the newest good certificate. NULL: OpenSSL refused. */
struct ssl_st *weft_tls_open(struct weft_tls *tls, int fd, uint64_t now_ns);

enum weft_tls_result {
    WEFT_TLS_DONE,
    WEFT_TLS_WANTS_READ,
    WEFT_TLS_WANTS_WRITE,
    WEFT_TLS_CLOSED,
    WEFT_TLS_FAILED
};
enum weft_tls_result weft_tls_handshake(struct ssl_st *ssl);
enum weft_tls_result weft_tls_read(struct ssl_st *ssl, char *out, size_t len, size_t *got);
enum weft_tls_result weft_tls_write(struct ssl_st *ssl, const char *bytes, size_t len, size_t *put);
void weft_tls_shutdown(struct ssl_st *ssl); /* say goodbye, do not wait */
void weft_tls_close(struct ssl_st *ssl);
/* Subject of the verified client certificate, RFC 2253, appended; nothing when there is none. */
void weft_tls_peer_name(const struct ssl_st *ssl, struct weft_buf *out);

#endif
