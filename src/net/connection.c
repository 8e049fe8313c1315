/* connection.c -- one accepted socket: bytes in, bytes out, TLS or not, its one timer, its end.
 *
 *      accept -> [TLS handshake] -> first bytes tell the protocol -> protocol ... -> closing: reply written, our half shut,
 *      leftovers read and dropped -> closed (weft_http_connection_close()) -> freed at the end of the round
 *
 * Everything the loop calls comes through here; protocols never read or write the socket. What they want to send they put into
 * connection->out, and it goes out in one write at the end of the round (weft_http_connection_flush_later()).
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/http_internal.h"

#define READS_A_ROUND 4
#define READ_BYTES_MAX \
    (256u << 10)             /* in one read, so a turn is at most 1 MiB and others come next */
#define TLS_READS_A_ROUND 16 /* a read gives one record, 16 KiB at most */
#define LINGER_NS WEFT_NS_PER_SECOND
#define OUT_BYTES_KEPT (64u << 10)

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; /* RFC 9113 §3.4 */

static void ready(struct weft_watch *watch, uint32_t events);
static void timer_fired(struct weft_timer *timer);
static void flush(struct weft_http_connection *connection);
static void out_count(struct weft_http_connection *connection);

/* ---- start and end ---- */

static void handshake_begin(struct weft_http_connection *connection)
{
    connection->ssl = weft_tls_open(connection->listener->tls, connection->watch.fd,
                                    weft_loop_now_ns(connection->worker->loop));
    connection->is_handshaking = true;
}

void weft_http_connection_create(struct weft_http_port *port, int fd, struct weft_str peer_address)
{
    struct weft_http_connection *connection = weft_alloc_zero(sizeof *connection);
    struct weft_http_worker *worker = port->worker;
    connection->watch = (struct weft_watch){ .fd = fd, .events = EPOLLIN, .ready = ready };
    connection->timer.fire = timer_fired;
    connection->worker = worker;
    connection->listener = port->listener;
    connection->accepted_ns = weft_loop_now_ns(worker->loop);
    memcpy(connection->peer_address, peer_address.ptr, peer_address.len);
    connection->next = worker->connections;
    if (worker->connections != NULL) worker->connections->previous = connection;
    worker->connections = connection;
    worker->connection_count++;
    atomic_fetch_add(&connection->listener->metrics->open_count, 1);
    weft_metric_add(&connection->listener->metrics->accepted, 1);
    if (connection->listener->tls != NULL) handshake_begin(connection);
    if ((connection->listener->tls != NULL && connection->ssl == NULL) ||
        weft_loop_watch(worker->loop, &connection->watch, NULL) < 0) {
        weft_http_connection_close(connection);
        return;
    }
    weft_http_connection_timer_update(connection);
}

static void destroy(void *arg)
{
    struct weft_http_connection *connection = arg;
    out_count(connection);
    if (connection->protocol != NULL) connection->protocol->release(connection);
    weft_tls_close(connection->ssl);
    weft_buf_release(&connection->in);
    weft_buf_release(&connection->out);
    weft_free((char *)(uintptr_t)connection->tls_peer_name.ptr);
    weft_free(connection);
}

static void end(struct weft_http_connection *connection)
{
    struct weft_http_worker *worker = connection->worker;
    connection->is_closed = true;
    weft_loop_unwatch(worker->loop, &connection->watch);
    weft_loop_timer_stop(worker->loop, &connection->timer);
    close(connection->watch.fd);
    connection->watch.fd = -1;
    if (connection->protocol != NULL) connection->protocol->closed(connection);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        worker->connections = connection->next;
    if (connection->next != NULL) connection->next->previous = connection->previous;
    worker->connection_count--;
    atomic_fetch_sub(&connection->listener->connection_count, 1);
    weft_http_server_connection_remove(worker->server);
    atomic_fetch_sub(&connection->listener->metrics->open_count, 1);
}

void weft_http_connection_close(struct weft_http_connection *connection)
{
    if (connection->is_closed) return;
    end(connection);
    /* Deferred calls run in order: a flush deferred earlier still finds the memory. */
    weft_loop_defer(connection->worker->loop, destroy, connection);
    weft_http_worker_connection_gone(connection->worker);
}

void weft_http_connection_destroy_now(struct weft_http_connection *connection)
{
    end(connection);
    destroy(connection);
}

/* ---- what the loop shall tell us ---- */

static void events_update(struct weft_http_connection *connection)
{
    if (connection->is_closed) return;
    uint32_t events = 0;
    if (connection->is_lingering || (!connection->is_read_paused && !connection->peer_has_finished))
        events |= EPOLLIN;
    if (connection->is_write_blocked || connection->tls_wants_write) events |= EPOLLOUT;
    weft_loop_change(connection->worker->loop, &connection->watch, events);
}

static uint64_t deadline(const struct weft_http_connection *connection)
{
    const struct weft_http_limits *limits = &connection->listener->limits;
    if (connection->is_lingering) return connection->linger_until_ns;
    uint64_t first = WEFT_HTTP_NEVER;
    if (connection->write_since_ns != 0) first = connection->write_since_ns + limits->write_ns_max;
    uint64_t other;
    if (connection->protocol != NULL)
        other = connection->protocol->deadline(connection);
    else if (connection->first_byte_ns != 0)
        other = connection->first_byte_ns + limits->header_ns_max;
    else
        other = connection->accepted_ns + limits->first_byte_ns_max;
    return other < first ? other : first;
}

void weft_http_connection_timer_update(struct weft_http_connection *connection)
{
    if (connection->is_closed) return;
    uint64_t due_ns = deadline(connection), now_ns = weft_loop_now_ns(connection->worker->loop);
    if (due_ns == WEFT_HTTP_NEVER) return;
    if (connection->timer.due_ns != 0 && connection->timer.due_ns <= due_ns) return;
    weft_loop_timer_start(connection->worker->loop, &connection->timer,
                          due_ns > now_ns ? due_ns - now_ns : 0);
}

static void timer_fired(struct weft_timer *timer)
{
    struct weft_http_connection *connection =
        (struct weft_http_connection *)((char *)timer -
                                        offsetof(struct weft_http_connection, timer));
    uint64_t now_ns = weft_loop_now_ns(connection->worker->loop);
    if (deadline(connection) <= now_ns) {
        bool is_write_stalled =
            connection->write_since_ns != 0 &&
            connection->write_since_ns + connection->listener->limits.write_ns_max <= now_ns;
        if (connection->is_lingering) {
            weft_http_connection_close(connection);
        } else if (is_write_stalled || connection->protocol == NULL) {
            weft_http_refused(connection, WEFT_HTTP_REFUSED_TIMEOUT);
            weft_http_connection_close(connection);
        } else {
            connection->protocol->expired(connection, now_ns);
        }
    }
    weft_http_connection_timer_update(connection);
}

/* ---- in ---- */

/* Up to `len` bytes to `place`, and what comes behind them, up to `behind`, to the worker's buffer. */
static enum weft_tls_result receive(struct weft_http_connection *connection, char *place,
                                    size_t len, size_t behind, size_t *got)
{
    struct iovec pieces[2] = { { place, len }, { connection->worker->read_buffer, behind } };
    struct msghdr message = { .msg_iov = pieces, .msg_iovlen = behind > 0 ? 2 : 1 };
    *got = 0;
    if (connection->ssl != NULL && !connection->is_lingering)
        return weft_tls_read(connection->ssl, place, len, got);
    for (;;) {
        ssize_t n = recvmsg(connection->watch.fd, &message, 0);
        if (n > 0) {
            *got = (size_t)n;
            return WEFT_TLS_DONE;
        }
        if (n == 0) return WEFT_TLS_CLOSED;
        if (errno == EINTR) continue;
        return errno == EAGAIN || errno == EWOULDBLOCK ? WEFT_TLS_WANTS_READ : WEFT_TLS_FAILED;
    }
}

/* HTTP/2 by its preface, with or without TLS; anything else is HTTP/1.1 or refused by its parser. */
static void protocol_detect(struct weft_http_connection *connection, struct weft_str bytes)
{
    weft_buf_append_str(&connection->in, bytes);
    struct weft_buf held = connection->in;
    size_t compared = held.len < sizeof preface - 1 ? held.len : sizeof preface - 1;
    bool matches = memcmp(held.data, preface, compared) == 0;
    if (matches && compared < sizeof preface - 1) return;
    connection->in = (struct weft_buf){ 0 };
    if (matches) {
        if (weft_http2_session_create(connection) < 0) weft_http_connection_close(connection);
    } else {
        weft_http1_session_create(connection);
    }
    if (!connection->is_closed) {
        if (connection->worker->is_draining) connection->protocol->drain(connection);
        if (!connection->is_closed) connection->protocol->received(connection, weft_buf_str(&held));
    }
    weft_buf_release(&held);
}

static void peer_finished(struct weft_http_connection *connection)
{
    connection->peer_has_finished = true;
    if (connection->is_lingering || connection->protocol == NULL)
        weft_http_connection_close(connection);
    else
        connection->protocol->peer_finished(connection);
}

static void received(struct weft_http_connection *connection, struct weft_str bytes)
{
    if (connection->is_lingering || connection->closes_after_write) return; /* read and dropped */
    if (connection->first_byte_ns == 0)
        connection->first_byte_ns = weft_loop_now_ns(connection->worker->loop);
    if (connection->protocol != NULL)
        connection->protocol->received(connection, bytes);
    else
        protocol_detect(connection, bytes);
}

/* One read and what follows from it. False: enough for now. */
static bool read_once(struct weft_http_connection *connection)
{
    size_t len = WEFT_HTTP_READ_BYTES, behind = 0, got;
    char *place = NULL;
    if (connection->protocol != NULL && !connection->is_lingering &&
        !connection->closes_after_write)
        place = connection->protocol->read_place(connection, &len);
    if (place == NULL) {
        place = connection->worker->read_buffer;
        len = WEFT_HTTP_READ_BYTES;
    } else if (len > READ_BYTES_MAX) {
        len = READ_BYTES_MAX;
    } else {
        behind = connection->protocol->read_behind_bytes;
    }
    enum weft_tls_result result = receive(connection, place, len, behind, &got);
    connection->tls_wants_write = result == WEFT_TLS_WANTS_WRITE;
    switch (result) {
    case WEFT_TLS_DONE:
        received(connection, weft_str_make(place, got < len ? got : len));
        if (got > len && !connection->is_closed)
            received(connection, weft_str_make(connection->worker->read_buffer, got - len));
        return !connection->is_closed && (connection->ssl != NULL || got == len + behind);
    case WEFT_TLS_WANTS_READ:
    case WEFT_TLS_WANTS_WRITE: return false;
    case WEFT_TLS_CLOSED: peer_finished(connection); return false;
    case WEFT_TLS_FAILED: weft_http_connection_close(connection); return false;
    }
    return false;
}

static void read_deferred(void *arg);

static void read_some(struct weft_http_connection *connection)
{
    unsigned rounds = connection->ssl != NULL ? TLS_READS_A_ROUND : READS_A_ROUND;
    bool goes_on = true;
    for (unsigned i = 0;
         i < rounds && goes_on && !connection->is_read_paused && !connection->peer_has_finished;
         i++)
        goes_on = read_once(connection);
    if (connection->is_closed) return;
    /* OpenSSL may hold bytes that epoll knows nothing of: come back without being called. */
    if (goes_on && connection->ssl != NULL && !connection->is_read_paused &&
        !connection->is_read_deferred) {
        connection->is_read_deferred = true;
        weft_loop_defer(connection->worker->loop, read_deferred, connection);
    }
}

static void read_deferred(void *arg)
{
    struct weft_http_connection *connection = arg;
    connection->is_read_deferred = false;
    if (connection->is_closed || connection->is_handshaking) return;
    read_some(connection);
    weft_http_connection_timer_update(connection);
    events_update(connection);
}

void weft_http_connection_read_pause(struct weft_http_connection *connection, bool is_paused)
{
    if (connection->is_read_paused == is_paused || connection->is_closed) return;
    connection->is_read_paused = is_paused;
    events_update(connection);
    if (!is_paused && connection->ssl != NULL && !connection->is_read_deferred) {
        connection->is_read_deferred = true;
        weft_loop_defer(connection->worker->loop, read_deferred, connection);
    }
}

static void handshake_go_on(struct weft_http_connection *connection)
{
    enum weft_tls_result result = weft_tls_handshake(connection->ssl);
    connection->tls_wants_write = result == WEFT_TLS_WANTS_WRITE;
    if (result == WEFT_TLS_WANTS_READ || result == WEFT_TLS_WANTS_WRITE) return;
    connection->is_handshaking = false;
    if (result != WEFT_TLS_DONE) {
        if (result == WEFT_TLS_FAILED) weft_http_refused(connection, WEFT_HTTP_REFUSED_TLS);
        weft_http_connection_close(connection);
        return;
    }
    struct weft_buf name = { 0 };
    weft_tls_peer_name(connection->ssl, &name);
    connection->tls_peer_name = weft_buf_str(&name);
    read_some(connection);
}

static void ready(struct weft_watch *watch, uint32_t events)
{
    struct weft_http_connection *connection = (struct weft_http_connection *)watch;
    if (connection->is_handshaking) {
        handshake_go_on(connection);
    } else if ((events & EPOLLOUT) && connection->is_write_blocked) {
        connection->is_write_blocked = false;
        flush(connection);
    }
    if (connection->is_closed) return;
    if (!connection->is_handshaking &&
        (events & (EPOLLIN | EPOLLHUP | EPOLLERR) || connection->tls_wants_write)) {
        /* Both directions gone while we do not read: nobody is there for the reply. */
        if ((events & (EPOLLHUP | EPOLLERR)) &&
            (connection->is_read_paused || connection->peer_has_finished))
            weft_http_connection_close(connection);
        else
            read_some(connection);
    }
    weft_http_connection_timer_update(connection);
    events_update(connection);
}

/* ---- out ---- */

static void linger_begin(struct weft_http_connection *connection)
{
    if (connection->peer_has_finished) {
        weft_http_connection_close(connection);
        return;
    }
    if (connection->ssl != NULL) weft_tls_shutdown(connection->ssl);
    shutdown(connection->watch.fd, SHUT_WR);
    connection->is_lingering = true;
    connection->is_read_paused = false;
    connection->linger_until_ns = weft_loop_now_ns(connection->worker->loop) + LINGER_NS;
}

/* False: blocked, or closed after an error. */
static bool send_once(struct weft_http_connection *connection)
{
    const char *bytes = connection->out.data + connection->out_sent;
    size_t len = weft_http_connection_unsent(connection), put = 0;
    if (connection->ssl != NULL) {
        enum weft_tls_result result = weft_tls_write(connection->ssl, bytes, len, &put);
        if (result == WEFT_TLS_CLOSED || result == WEFT_TLS_FAILED) {
            weft_http_connection_close(connection);
            return false;
        }
        /* A write that waits for the peer's bytes is tried again after reading: level-triggered, with the timeout as bound. */
    } else {
        ssize_t n = send(connection->watch.fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            weft_http_connection_close(connection);
            return false;
        }
        put = n > 0 ? (size_t)n : 0;
    }
    if (put > 0 || connection->write_since_ns == 0)
        connection->write_since_ns = weft_loop_now_ns(connection->worker->loop);
    connection->out_sent += put;
    if (put == len) return true;
    connection->is_write_blocked = true;
    return false;
}

/* Output that a peer does not read is memory too: while it waits, less is taken of others. */
static void out_count(struct weft_http_connection *connection)
{
    size_t held = connection->out.capacity;
    int64_t bytes = connection->is_closed || held <= OUT_BYTES_KEPT ? 0 : (int64_t)held;
    struct weft_budget *budget = connection->listener->body_budget;
    if (budget != NULL && bytes != connection->out_counted)
        weft_budget_count(budget, bytes - connection->out_counted);
    connection->out_counted = bytes;
}

static void out_reset(struct weft_http_connection *connection)
{
    if (connection->out.capacity > OUT_BYTES_KEPT) weft_buf_release(&connection->out);
    weft_buf_reset(&connection->out);
    connection->out_sent = 0;
    connection->write_since_ns = 0;
    out_count(connection); /* before the next request asks for its share */
}

static void flush(struct weft_http_connection *connection)
{
    while (!connection->is_closed && !connection->is_write_blocked && !connection->is_lingering) {
        if (connection->protocol != NULL &&
            weft_http_connection_unsent(connection) < WEFT_HTTP_OUT_BYTES_MAX)
            connection->protocol->pull(connection);
        if (connection->is_closed) return;
        if (weft_http_connection_unsent(connection) == 0) {
            out_reset(connection);
            if (connection->closes_after_write)
                linger_begin(connection);
            else if (connection->protocol != NULL)
                connection->protocol->written(connection);
            break;
        }
        if (send_once(connection)) out_reset(connection);
    }
    out_count(connection);
    weft_http_connection_timer_update(connection);
    events_update(connection);
}

static void flush_deferred(void *arg)
{
    struct weft_http_connection *connection = arg;
    connection->is_flush_deferred = false;
    if (!connection->is_closed) flush(connection);
}

void weft_http_connection_flush_later(struct weft_http_connection *connection)
{
    if (connection->is_flush_deferred || connection->is_closed) return;
    connection->is_flush_deferred = true;
    weft_loop_defer(connection->worker->loop, flush_deferred, connection);
}

void weft_http_connection_close_after_write(struct weft_http_connection *connection)
{
    connection->closes_after_write = true;
    weft_http_connection_flush_later(connection);
}
