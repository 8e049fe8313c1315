/* listener.c -- endpoints: one socket a loop for TCP (SO_REUSEPORT: the kernel spreads connections), one for all on a unix path.
 *
 * SO_REUSEPORT would also let a second program of this user share the port silently, each getting some of the connections; a socket
 * without it is therefore bound first, which fails when anybody listens there.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/http_internal.h"

#define BACKLOG 4096
#define ACCEPTS_A_ROUND 64
#define ACCEPT_PAUSE_NS (100 * WEFT_NS_PER_MS)

/* ---- sockets ---- */

static int option_set(int fd, int level, int name, const char *text, const char *endpoint,
                      struct weft_err *err)
{
    int one = 1;
    if (setsockopt(fd, level, name, &one, sizeof one) == 0) return WEFT_OK;
    return weft_fail_errno(err, "listening on %s: %s", endpoint, text);
}

static int tcp_bind(int *out, const struct weft_endpoint *at, bool is_shared, const char *endpoint,
                    struct weft_err *err)
{
    int rc, fd = socket(at->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return weft_fail_errno(err, "listening on %s: socket", endpoint);
    if ((rc = option_set(fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR", endpoint, err)) < 0 ||
        (is_shared &&
         (rc = option_set(fd, SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT", endpoint, err)) < 0) ||
        (rc = option_set(fd, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY", endpoint, err)) < 0)
        goto fail;
    if (bind(fd, (const struct sockaddr *)&at->address, at->address_len) != 0) {
        rc = weft_fail_errno(err, "listening on %s", endpoint);
        if (errno == EADDRINUSE)
            rc = weft_fail(err, WEFT_BUSY, "listening on %s: another program has this address",
                           endpoint);
        goto fail;
    }
    *out = fd;
    return WEFT_OK;
fail:
    close(fd);
    return rc;
}

/* Nobody may be listening there yet. */
static int tcp_probe(const struct weft_endpoint *at, const char *endpoint, struct weft_err *err)
{
    int fd = -1, rc = tcp_bind(&fd, at, false, endpoint, err);
    if (rc < 0) return rc;
    if (listen(fd, 1) != 0)
        rc = weft_fail(err, WEFT_BUSY, "listening on %s: another program has this address",
                       endpoint);
    close(fd);
    return rc;
}

/* A socket file that nobody answers at is left over from a crash. */
static bool unix_is_stale(const struct weft_endpoint *at, const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_stale = fd >= 0 &&
                    connect(fd, (const struct sockaddr *)&at->address, at->address_len) != 0 &&
                    errno == ECONNREFUSED;
    if (fd >= 0) close(fd);
    return is_stale;
}

static int unix_bind(int *out, const struct weft_endpoint *at, const char *endpoint,
                     struct weft_err *err)
{
    const char *path = ((const struct sockaddr_un *)&at->address)->sun_path;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return weft_fail_errno(err, "listening on %s: socket", endpoint);
    if (unix_is_stale(at, path)) unlink(path);
    /* The mode of the file is that of the socket; a umask would be the whole process's. */
    if (fchmod(fd, 0600) != 0 ||
        bind(fd, (const struct sockaddr *)&at->address, at->address_len) != 0 ||
        chmod(path, 0600) != 0) {
        int rc = weft_fail_errno(err, "listening on %s", endpoint);
        close(fd);
        return rc;
    }
    *out = fd;
    return WEFT_OK;
}

/* ---- accepting ---- */

static void port_pause(struct weft_http_port *port)
{
    static struct weft_log_limit limit;
    weft_log_limited(&limit, 10 * WEFT_NS_PER_SECOND, WEFT_LOG_WARN, "net",
                     "listener %s: accepting: %s; trying again in 100 ms", port->listener->name,
                     strerror(errno));
    weft_loop_unwatch(port->worker->loop, &port->watch);
    weft_loop_timer_start(port->worker->loop, &port->pause, ACCEPT_PAUSE_NS);
}

static void port_resume(struct weft_timer *timer)
{
    struct weft_http_port *port =
        (struct weft_http_port *)((char *)timer - offsetof(struct weft_http_port, pause));
    if (weft_loop_watch(port->worker->loop, &port->watch, NULL) < 0)
        weft_loop_timer_start(port->worker->loop, timer, ACCEPT_PAUSE_NS);
}

static void accepted(struct weft_http_port *port, int fd, const struct sockaddr *peer,
                     socklen_t peer_len)
{
    struct weft_http_listener *listener = port->listener;
    bool is_over =
        atomic_fetch_add(&listener->connection_count, 1) >= listener->limits.connections_max;
    if (is_over || !weft_http_server_connection_add(listener->server)) {
        atomic_fetch_sub(&listener->connection_count, 1);
        weft_metric_add(&listener->metrics->refused[WEFT_HTTP_REFUSED_CONNECTIONS], 1);
        close(fd);
        return;
    }
    char text[108] = "unix";
    if (peer->sa_family != AF_UNIX) weft_endpoint_format(text, peer, peer_len);
    weft_http_connection_create(port, fd, weft_str_from_c(text));
}

static void port_ready(struct weft_watch *watch, uint32_t events)
{
    struct weft_http_port *port = (struct weft_http_port *)watch;
    for (unsigned i = 0; i < ACCEPTS_A_ROUND; i++) {
        struct sockaddr_storage peer = { 0 };
        socklen_t peer_len = sizeof peer;
        int fd =
            accept4(watch->fd, (struct sockaddr *)&peer, &peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accepted(port, fd, (const struct sockaddr *)&peer, peer_len);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            port_pause(port);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } /* anything else is about the one connection that failed */
    }
}

/* Takes `fd`, also on failure. */
static int port_create(struct weft_http_listener *listener, struct weft_http_worker *worker, int fd,
                       struct weft_err *err)
{
    struct weft_http_port *port = weft_alloc_zero(sizeof *port);
    port->watch =
        (struct weft_watch){ .fd = fd,
                             .events = EPOLLIN | (listener->unix_path != NULL ? EPOLLEXCLUSIVE : 0),
                             .ready = port_ready };
    port->pause.fire = port_resume;
    port->worker = worker;
    port->listener = listener;
    int rc = weft_loop_watch(worker->loop, &port->watch, err);
    if (rc < 0) {
        close(fd);
        weft_free(port);
        return rc;
    }
    port->next = worker->ports;
    worker->ports = port;
    return WEFT_OK;
}

void weft_http_port_destroy(struct weft_http_port *port)
{
    bool is_paused = port->pause.due_ns != 0;
    weft_loop_timer_stop(port->worker->loop, &port->pause);
    if (!is_paused) weft_loop_unwatch(port->worker->loop, &port->watch);
    close(port->watch.fd);
    weft_free(port);
}

/* What the kernel accepted already would be reset when the socket goes. */
void weft_http_port_accept_last(struct weft_http_port *port)
{
    if (port->pause.due_ns == 0) port_ready(&port->watch, EPOLLIN);
}

/* ---- listeners ---- */

static char *text_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(weft_alloc(size), text, size);
}

static int unix_listen(struct weft_http_listener *listener, const struct weft_endpoint *at,
                       struct weft_http_worker *workers, unsigned worker_count,
                       const char *endpoint, struct weft_err *err)
{
    int fd = -1, rc = unix_bind(&fd, at, endpoint, err);
    if (rc < 0) return rc;
    listener->unix_path = text_copy(((const struct sockaddr_un *)&at->address)->sun_path);
    weft_endpoint_format(listener->address, (const struct sockaddr *)&at->address, at->address_len);
    if (listen(fd, BACKLOG) != 0) {
        rc = weft_fail_errno(err, "listening on %s", endpoint);
        close(fd);
        return rc;
    }
    /* A descriptor of its own for each loop: they close at different times, and a closed number may be somebody else's. */
    for (unsigned i = 0; rc == WEFT_OK && i < worker_count; i++) {
        int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        rc = own < 0 ? weft_fail_errno(err, "listening on %s: dup", endpoint)
                     : port_create(listener, &workers[i], own, err);
    }
    close(fd);
    return rc;
}

static int tcp_listen(struct weft_http_listener *listener, struct weft_endpoint *at,
                      struct weft_http_worker *workers, unsigned worker_count, const char *endpoint,
                      struct weft_err *err)
{
    int rc = tcp_probe(at, endpoint, err);
    for (unsigned i = 0; rc == WEFT_OK && i < worker_count; i++) {
        int fd = -1;
        if ((rc = tcp_bind(&fd, at, true, endpoint, err)) < 0) return rc;
        if (i == 0) { /* with port 0 the other loops take the port that this one got */
            at->address_len = sizeof at->address;
            getsockname(fd, (struct sockaddr *)&at->address, &at->address_len);
            weft_endpoint_format(listener->address, (const struct sockaddr *)&at->address,
                                 at->address_len);
        }
        if (listen(fd, BACKLOG) != 0) {
            rc = weft_fail_errno(err, "listening on %s", endpoint);
            close(fd);
            return rc;
        }
        rc = port_create(listener, &workers[i], fd, err);
    }
    return rc;
}

static bool is_any_address_without_ipv6(const struct weft_endpoint *at)
{
    if (at->address.ss_family != AF_INET6) return false;
    if (!IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&at->address)->sin6_addr))
        return false;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) close(fd);
    return fd < 0;
}

static int listener_open(struct weft_http_listener *listener, struct weft_http_worker *workers,
                         unsigned worker_count, const struct weft_http_listener_options *options,
                         struct weft_err *err)
{
    struct weft_endpoint at;
    int rc = weft_endpoint_parse(&at, weft_str_from_c(options->endpoint), err);
    if (rc < 0) return rc;
    if (is_any_address_without_ipv6(&at)) {
        in_port_t port = ((const struct sockaddr_in6 *)&at.address)->sin6_port;
        struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = port };
        memcpy(&at.address, &any, sizeof any);
        at.address_len = sizeof any;
    }
    if (options->tls.cert_file != NULL &&
        (rc = weft_tls_create(&listener->tls, listener->name, &options->tls, err)) < 0)
        return rc;
    if (at.is_unix)
        return unix_listen(listener, &at, workers, worker_count, options->endpoint, err);
    return tcp_listen(listener, &at, workers, worker_count, options->endpoint, err);
}

static void ports_forget(struct weft_http_listener *listener, struct weft_http_worker *workers,
                         unsigned worker_count)
{
    for (unsigned i = 0; i < worker_count; i++) {
        struct weft_http_port **at = &workers[i].ports;
        while (*at != NULL) {
            struct weft_http_port *port = *at;
            if (port->listener != listener) {
                at = &port->next;
                continue;
            }
            *at = port->next;
            weft_http_port_destroy(port);
        }
    }
}

int weft_http_listener_create(struct weft_http_listener **out, struct weft_http_server *server,
                              struct weft_http_worker *workers, unsigned worker_count,
                              const struct weft_http_listener_options *options,
                              struct weft_err *err)
{
    struct weft_http_listener *listener = weft_alloc_zero(sizeof *listener);
    listener->server = server;
    listener->name = text_copy(options->name != NULL ? options->name : "http");
    listener->limits = options->limits;
    listener->body_budget = options->body_budget;
    listener->retry = options->retry;
    listener->handler = options->handler;
    listener->metrics = weft_http_metrics_for(listener->name);
    int rc = listener_open(listener, workers, worker_count, options, err);
    if (rc < 0) {
        ports_forget(listener, workers, worker_count);
        weft_http_listener_destroy(listener);
        return rc;
    }
    *out = listener;
    return WEFT_OK;
}

void weft_http_listener_destroy(struct weft_http_listener *listener)
{
    if (listener == NULL) return;
    if (listener->unix_path != NULL) unlink(listener->unix_path);
    weft_tls_destroy(listener->tls);
    weft_free(listener->unix_path);
    weft_free(listener->name);
    weft_free(listener);
}
