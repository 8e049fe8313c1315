/* client_socket.c -- outgoing connections with time limits. */
#include "net/client_socket.h"

#include "base/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <unistd.h>

int weft_client_socket_refused(const char *name, int code, struct weft_err *err)
{
    bool is_absent = code == ECONNREFUSED || code == ENOENT;
    int rc = weft_fail(err, WEFT_IO, "connect %s: %s%s", name, strerror(code),
                       is_absent ? "; is weft running?" : "");
    if (err != NULL) err->system_errno = code;
    return rc;
}

int weft_client_socket_begin(const struct weft_endpoint *endpoint, const char *name,
                             struct weft_err *err)
{
    int fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return weft_fail_errno(err, "connect %s: no socket", name);
    int on = 1;
    if (!endpoint->is_unix) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->address_len) < 0 &&
        errno != EINPROGRESS) {
        int code = errno;
        close(fd);
        return weft_client_socket_refused(name, code, err);
    }
    return fd;
}

/* Wait until the socket is ready; ns_max 0: for ever. */
static int socket_wait(struct weft_client_socket *s, short events, uint64_t ns_max,
                       const char *doing, struct weft_err *err)
{
    uint64_t end = weft_clock_monotonic_ns() + ns_max;
    for (;;) {
        uint64_t now = weft_clock_monotonic_ns();
        int64_t left_ms = ns_max == 0  ? -1
                          : now >= end ? 0
                                       : (int64_t)((end - now) / WEFT_NS_PER_MS) + 1;
        struct pollfd p = { .fd = s->fd, .events = events };
        int count = poll(&p, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
        if (count > 0) return WEFT_OK;
        if (count < 0 && errno != EINTR) return weft_fail_errno(err, "%s %s", doing, s->name);
        if (count < 0) continue;
        if (left_ms > 0 && left_ms <= INT32_MAX && weft_clock_monotonic_ns() < end) continue;
        return weft_fail(err, WEFT_TIMEOUT, "%s %s: no answer within %.1f s", doing, s->name,
                         (double)ns_max / 1e9);
    }
}

static int tls_failed(struct weft_client_socket *s, const char *doing, struct weft_err *err)
{
    long verified = s->ssl != NULL ? SSL_get_verify_result(s->ssl) : X509_V_OK;
    unsigned long code = ERR_get_error();
    char text[160] = "connection lost";
    if (code != 0) ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    if (verified != X509_V_OK) {
        return weft_fail(err, WEFT_IO, "%s %s: TLS: certificate not accepted: %s", doing, s->name,
                         X509_verify_cert_error_string(verified));
    }
    return weft_fail(err, WEFT_IO, "%s %s: TLS: %s", doing, s->name, text);
}

/* After a call of OpenSSL that did not succeed: wait for what it wants. 0: try again. 1: closed in order. */
static int tls_wait(struct weft_client_socket *s, int result, uint64_t ns_max, const char *doing,
                    struct weft_err *err)
{
    switch (SSL_get_error(s->ssl, result)) {
    case SSL_ERROR_WANT_READ: return socket_wait(s, POLLIN, ns_max, doing, err);
    case SSL_ERROR_WANT_WRITE: return socket_wait(s, POLLOUT, ns_max, doing, err);
    case SSL_ERROR_ZERO_RETURN: return 1;
    default: return tls_failed(s, doing, err);
    }
}

static int tls_handshake(struct weft_client_socket *s, SSL_CTX *context, const char *host,
                         uint64_t ns_max, struct weft_err *err)
{
    ERR_clear_error();
    s->ssl = SSL_new(context);
    if (s->ssl == NULL || SSL_set_fd(s->ssl, s->fd) != 1) return tls_failed(s, "connect", err);
    unsigned char address[16];
    bool is_number =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    if (is_number) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl), host);
    } else {
        /* The macro SSL_set_tlsext_host_name casts const away. */
        SSL_ctrl(s->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 (void *)(uintptr_t)host);
        SSL_set1_host(s->ssl, host);
    }
    for (;;) {
        int result = SSL_connect(s->ssl);
        if (result == 1) return WEFT_OK;
        int rc = tls_wait(s, result, ns_max, "connect", err);
        if (rc == 1) return tls_failed(s, "connect", err);
        if (rc < 0) return rc;
    }
}

int weft_client_socket_connect(struct weft_client_socket *s, const struct weft_endpoint *endpoint,
                               const char *name, SSL_CTX *tls, const char *host, uint64_t ns_max,
                               struct weft_err *err)
{
    snprintf(s->name, sizeof s->name, "%s", name);
    s->ssl = NULL;
    s->fd = weft_client_socket_begin(endpoint, name, err);
    if (s->fd < 0) {
        int rc = s->fd;
        s->fd = -1;
        return rc;
    }
    int code = 0;
    socklen_t len = sizeof code;
    int rc = socket_wait(s, POLLOUT, ns_max, "connect", err);
    if (rc == WEFT_OK && getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0 && code != 0) {
        rc = weft_client_socket_refused(name, code, err);
    }
    if (rc == WEFT_OK && tls != NULL) rc = tls_handshake(s, tls, host, ns_max, err);
    if (rc < 0) weft_client_socket_close(s);
    return rc;
}

int weft_client_socket_write(struct weft_client_socket *s, struct weft_str bytes,
                             uint64_t idle_ns_max, struct weft_err *err)
{
    while (bytes.len > 0) {
        int rc;
        size_t put = 0;
        if (s->ssl != NULL) {
            ERR_clear_error();
            int result = SSL_write_ex(s->ssl, bytes.ptr, bytes.len, &put);
            rc = result == 1 ? WEFT_OK : tls_wait(s, result, idle_ns_max, "send to", err);
            if (rc == 1)
                return weft_fail(err, WEFT_CLOSED, "send to %s: connection closed", s->name);
        } else {
            ssize_t count = send(s->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
            put = count > 0 ? (size_t)count : 0;
            rc = WEFT_OK;
            if (count < 0 && errno == EAGAIN)
                rc = socket_wait(s, POLLOUT, idle_ns_max, "send to", err);
            else if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) {
                return weft_fail(err, WEFT_CLOSED, "send to %s: connection closed", s->name);
            } else if (count < 0 && errno != EINTR)
                rc = weft_fail_errno(err, "send to %s", s->name);
        }
        if (rc < 0) return rc;
        bytes = weft_str_tail(bytes, put);
    }
    return WEFT_OK;
}

int weft_client_socket_read(struct weft_client_socket *s, char *out, size_t size, size_t *got,
                            uint64_t idle_ns_max, struct weft_err *err)
{
    *got = 0;
    for (;;) {
        int rc;
        if (s->ssl != NULL) {
            ERR_clear_error();
            int result = SSL_read_ex(s->ssl, out, size, got);
            if (result == 1) return WEFT_OK;
            rc = tls_wait(s, result, idle_ns_max, "read from", err);
            if (rc == 1) return WEFT_OK;
        } else {
            ssize_t count = recv(s->fd, out, size, 0);
            if (count >= 0) {
                *got = (size_t)count;
                return WEFT_OK;
            }
            if (errno == ECONNRESET)
                return weft_fail(err, WEFT_CLOSED, "read from %s: connection closed", s->name);
            if (errno == EINTR) continue;
            if (errno != EAGAIN) return weft_fail_errno(err, "read from %s", s->name);
            rc = socket_wait(s, POLLIN, idle_ns_max, "read from", err);
        }
        if (rc < 0) return rc;
    }
}

void weft_client_socket_close(struct weft_client_socket *s)
{
    SSL_free(s->ssl);
    s->ssl = NULL;
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
}
