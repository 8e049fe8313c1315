/* client_pool.c -- connections and calls of a client pool; what is said on them is in client_pool_grpc.c and client_pool_http1.c.
 *
 *      closed --submit--> connecting --writable--> open --error, peer closes--> closed (not tried again for 100 ms)
 *
 * Nothing is sent or received outside of poll: submit only writes down, so callbacks may submit.
 */
#include "base/alloc.h"
#include "base/assert.h"
#include "base/clock.h"
#include "net/client_pool_internal.h"
#include "net/client_socket.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define RETRY_NS (100 * WEFT_NS_PER_MS)
#define LOOK_NS (50 * WEFT_NS_PER_MS)
#define OUT_BYTES_HIGH (256 * 1024)

int weft_client_pool_create(struct weft_client_pool **out,
                            const struct weft_client_pool_options *options, struct weft_err *err)
{
    struct weft_client_pool *pool = weft_alloc_zero(sizeof *pool);
    pool->options = *options;
    pool->epoll_fd = -1;
    struct weft_client_pool_options *o = &pool->options;
    size_t endpoint_len = strlen(options->endpoint);
    o->endpoint = memcpy(weft_alloc(endpoint_len + 1), options->endpoint, endpoint_len + 1);
    pool->speech =
        o->protocol == WEFT_CLIENT_GRPC ? &weft_client_speech_grpc : &weft_client_speech_http1;
    if (o->connections == 0) o->connections = 1;
    if (o->in_flight_max == 0) o->in_flight_max = 64;
    unsigned bound = pool->speech->in_flight_max;
    if (bound != 0 && o->in_flight_max > bound) o->in_flight_max = bound;
    if (o->call_ns_max == 0) o->call_ns_max = 60 * WEFT_NS_PER_SECOND;
    if (o->answer_bytes_max == 0) o->answer_bytes_max = 4 * 1024 * 1024;
    pool->connections = weft_alloc_array(o->connections, sizeof *pool->connections);
    for (unsigned i = 0; i < o->connections; i++) {
        struct weft_client_connection *c = &pool->connections[i];
        *c = (struct weft_client_connection){ .pool = pool, .fd = -1 };
        c->slots = weft_alloc_array(o->in_flight_max, sizeof *c->slots);
        for (unsigned k = 0; k < o->in_flight_max; k++) c->slots[k].connection = c;
    }
    int rc = weft_endpoint_parse(&pool->endpoint, weft_str_from_c(o->endpoint), err);
    if (rc == WEFT_OK && (pool->epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
        rc = weft_fail_errno(err, "epoll_create1");
    if (rc < 0) {
        weft_client_pool_destroy(pool);
        return rc;
    }
    *out = pool;
    return WEFT_OK;
}

/* --- calls --- */

bool weft_client_body_add(struct weft_client_slot *slot, struct weft_str bytes)
{
    if (slot->is_too_large ||
        bytes.len > slot->connection->pool->options.answer_bytes_max - slot->body.len) {
        slot->is_too_large = true;
        return false;
    }
    weft_buf_append_str(&slot->body, bytes);
    return true;
}

static void buf_swap(struct weft_buf *a, struct weft_buf *b)
{
    struct weft_buf kept = *a;
    *a = *b;
    *b = kept;
}

void weft_client_slot_finish(struct weft_client_slot *slot, int error, struct weft_str sentence)
{
    struct weft_client_pool *pool = slot->connection->pool;
    struct weft_client_call call = slot->call;
    if (call.done == NULL) return;
    buf_swap(&pool->done_body, &slot->body);
    buf_swap(&pool->done_message, &slot->message);
    struct weft_client_answer answer = {
        .error = error,
        .http_status = slot->http_status,
        .grpc_status = slot->grpc_status,
        .message = error < 0 ? sentence : weft_buf_str(&pool->done_message),
        .body = weft_buf_str(&pool->done_body),
        .has_retry_after = slot->has_retry_after,
        .retry_after_ns = slot->retry_after_ns,
        .latency_ns = weft_clock_monotonic_ns() - slot->start_ns,
    };
    if (error == WEFT_OK && pool->options.protocol == WEFT_CLIENT_GRPC &&
        answer.body.len >= sizeof slot->prefix) {
        answer.is_compressed = answer.body.ptr[0] == 1;
        answer.body = weft_str_tail(answer.body, sizeof slot->prefix);
    }
    slot->call.done = NULL;
    slot->connection->in_flight--;
    pool->in_flight--;
    pool->finished++;
    call.done(call.self, &answer);
}

static struct weft_client_slot *slot_take(struct weft_client_connection *c,
                                          const struct weft_client_call *call)
{
    struct weft_client_slot *slot = c->slots;
    while (slot->call.done != NULL) slot++; /* in_flight says that there is a free one */
    slot->call = *call;
    slot->start_ns = weft_clock_monotonic_ns();
    slot->stream_id = 0;
    slot->sent = 0;
    slot->http_status = 0;
    slot->grpc_status = -1;
    slot->has_retry_after = slot->is_too_large = false;
    slot->retry_after_ns = 0;
    weft_buf_reset(&slot->body);
    weft_buf_reset(&slot->message);
    c->in_flight++;
    c->pool->in_flight++;
    return slot;
}

/* --- connections --- */

static void connection_close(struct weft_client_connection *c, int status,
                             const struct weft_err *why)
{
    struct weft_client_pool *pool = c->pool;
    if (c->fd >= 0) {
        pool->speech->close(c);
        close(c->fd);
    }
    c->fd = -1;
    c->is_connecting = c->is_ending = false;
    c->retry_at_ns = weft_clock_monotonic_ns() + (why != NULL ? RETRY_NS : 0);
    weft_buf_reset(&c->out);
    c->out_at = 0;
    if (why != NULL) pool->last_failure = *why;
    struct weft_err sentence = pool->last_failure; /* a callback may fail a new call meanwhile */
    for (unsigned i = 0; i < pool->options.in_flight_max; i++) {
        if (c->slots[i].call.done != NULL)
            weft_client_slot_finish(&c->slots[i], status, weft_str_from_c(sentence.text));
    }
}

static int events_set(struct weft_client_connection *c, uint32_t events, int operation)
{
    if (operation == EPOLL_CTL_MOD && events == c->events) return 0;
    c->events = events;
    struct epoll_event event = { .events = events, .data.ptr = c };
    return epoll_ctl(c->pool->epoll_fd, operation, c->fd, &event);
}

static int connection_open(struct weft_client_connection *c, struct weft_err *err)
{
    struct weft_client_pool *pool = c->pool;
    int fd = weft_client_socket_begin(&pool->endpoint, pool->options.endpoint, err);
    if (fd < 0) {
        c->retry_at_ns = weft_clock_monotonic_ns() + RETRY_NS;
        if (err != NULL) pool->last_failure = *err;
        return WEFT_CLOSED;
    }
    c->fd = fd;
    c->is_connecting = true;
    int rc = events_set(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD) == 0
                 ? WEFT_OK
                 : weft_fail_errno(err, "epoll_ctl");
    if (rc == WEFT_OK) rc = pool->speech->open(c, err);
    if (rc < 0) {
        close(fd);
        c->fd = -1;
    }
    return rc;
}

/* The connection with the fewest calls that can take one more; NULL: none (*is_full tells why). */
static struct weft_client_connection *connection_choose(struct weft_client_pool *pool,
                                                        bool *is_full)
{
    struct weft_client_connection *best = NULL;
    *is_full = false;
    uint64_t now = 0;
    for (unsigned i = 0; i < pool->options.connections; i++) {
        struct weft_client_connection *c = &pool->connections[i];
        if (c->in_flight >= pool->options.in_flight_max || c->is_ending) {
            *is_full = true;
            continue;
        }
        if (c->fd < 0 && c->retry_at_ns != 0) {
            if (now == 0) now = weft_clock_monotonic_ns();
            if (now < c->retry_at_ns) continue;
        }
        if (best == NULL || c->in_flight < best->in_flight) best = c;
    }
    return best;
}

int weft_client_pool_submit(struct weft_client_pool *pool, const struct weft_client_call *call,
                            struct weft_err *err)
{
    WEFT_ASSERT(call->done != NULL, "path %.*s", WEFT_S_ARG(call->path));
    struct weft_err why;
    bool is_full;
    struct weft_client_connection *c = connection_choose(pool, &is_full);
    if (c == NULL && is_full)
        return weft_fail(err, WEFT_FULL, "%u calls in flight, no more fit", pool->in_flight);
    if (c == NULL) return weft_fail(err, WEFT_CLOSED, "%s", pool->last_failure.text);
    if (c->fd < 0 && connection_open(c, &why) < 0)
        return weft_fail(err, WEFT_CLOSED, "%s", why.text);
    struct weft_client_slot *slot = slot_take(c, call);
    int rc = pool->speech->submit(c, slot, err);
    if (rc < 0) { /* the caller hears it here: no callback */
        slot->call.done = NULL;
        c->in_flight--;
        pool->in_flight--;
    }
    return rc;
}

unsigned weft_client_pool_in_flight(const struct weft_client_pool *pool)
{
    return pool->in_flight;
}

unsigned weft_client_pool_room(const struct weft_client_pool *pool)
{
    unsigned room = 0;
    for (unsigned i = 0; i < pool->options.connections; i++) {
        const struct weft_client_connection *c = &pool->connections[i];
        if (!c->is_ending) room += pool->options.in_flight_max - c->in_flight;
    }
    return room;
}

/* --- poll --- */

static int connection_send(struct weft_client_connection *c, struct weft_err *err)
{
    for (;;) {
        if (c->out_at == c->out.len) {
            weft_buf_reset(&c->out);
            c->out_at = 0;
        }
        int rc = c->out.len < OUT_BYTES_HIGH ? c->pool->speech->fill(c, err) : WEFT_OK;
        if (rc < 0) return rc;
        if (c->out_at == c->out.len) break;
        ssize_t count = send(c->fd, c->out.data + c->out_at, c->out.len - c->out_at, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) {
            weft_fail_errno(err, "send to %s", c->pool->options.endpoint);
            return WEFT_CLOSED;
        }
        c->out_at += (size_t)count;
    }
    events_set(c, c->out_at < c->out.len ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    return WEFT_OK;
}

static int connection_receive(struct weft_client_connection *c, struct weft_err *err)
{
    struct weft_client_pool *pool = c->pool;
    /* Level-triggered: what stays behind is announced again, and no connection starves the others. */
    ssize_t count = recv(c->fd, pool->read_buffer, sizeof pool->read_buffer, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return WEFT_OK;
    if (count < 0) {
        weft_fail_errno(err, "read from %s", pool->options.endpoint);
        return WEFT_CLOSED;
    }
    int rc = pool->speech->receive(c, weft_str_make(pool->read_buffer, (size_t)count), err);
    if (rc == WEFT_OK && count == 0)
        rc = weft_fail(err, WEFT_CLOSED, "%s closed the connection", pool->options.endpoint);
    return rc;
}

static void connection_ready(struct weft_client_connection *c, uint32_t events)
{
    struct weft_err err;
    int rc = WEFT_OK;
    if (c->is_connecting) {
        int code = 0;
        socklen_t len = sizeof code;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &code, &len);
        if (code != 0) {
            weft_client_socket_refused(c->pool->options.endpoint, code, &err);
            connection_close(c, WEFT_CLOSED, &err);
            return;
        }
        if ((events & EPOLLOUT) == 0) return;
        c->is_connecting = false;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) rc = connection_receive(c, &err);
    if (rc < 0) connection_close(c, rc, &err);
}

static void connections_send(struct weft_client_pool *pool)
{
    for (unsigned i = 0; i < pool->options.connections; i++) {
        struct weft_client_connection *c = &pool->connections[i];
        struct weft_err err;
        if (c->fd < 0 || c->is_connecting) continue;
        int rc = connection_send(c, &err);
        if (rc < 0)
            connection_close(c, rc, &err);
        else if (c->is_ending && c->in_flight == 0)
            connection_close(c, WEFT_CLOSED, NULL);
    }
}

static void timeouts_look(struct weft_client_pool *pool)
{
    uint64_t now = weft_clock_monotonic_ns();
    if (now < pool->next_look_ns) return;
    pool->next_look_ns = now + LOOK_NS;
    for (unsigned i = 0; i < pool->options.connections; i++) {
        struct weft_client_connection *c = &pool->connections[i];
        for (unsigned k = 0; k < pool->options.in_flight_max && c->in_flight > 0; k++) {
            struct weft_client_slot *slot = &c->slots[k];
            if (slot->call.done == NULL || now < slot->start_ns + pool->options.call_ns_max)
                continue;
            if (c->fd >= 0) pool->speech->cancel(c, slot);
            weft_client_slot_finish(slot, WEFT_TIMEOUT, WEFT_S("no answer in time"));
        }
    }
}

unsigned weft_client_pool_poll(struct weft_client_pool *pool, uint64_t timeout_ns)
{
    pool->finished = 0;
    connections_send(pool);
    if (pool->finished > 0) timeout_ns = 0;
    if (pool->in_flight > 0 && timeout_ns > LOOK_NS) timeout_ns = LOOK_NS;
    struct epoll_event events[64];
    int timeout_ms = (int)((timeout_ns + WEFT_NS_PER_MS - 1) / WEFT_NS_PER_MS);
    int count = epoll_wait(pool->epoll_fd, events, 64, timeout_ms);
    for (int i = 0; i < count; i++) {
        struct weft_client_connection *c = events[i].data.ptr;
        if (c->fd >= 0) connection_ready(c, events[i].events);
    }
    if (count > 0) connections_send(pool); /* window updates, and what callbacks submitted */
    timeouts_look(pool);
    return pool->finished;
}

void weft_client_pool_destroy(struct weft_client_pool *pool)
{
    if (pool == NULL) return;
    struct weft_err err;
    weft_fail(&err, WEFT_CANCELLED, "the client is stopping");
    /* A callback that submits is told that all is full. */
    for (unsigned i = 0; i < pool->options.connections; i++) pool->connections[i].is_ending = true;
    for (unsigned i = 0; i < pool->options.connections; i++) {
        struct weft_client_connection *c = &pool->connections[i];
        if (c->fd >= 0) pool->speech->close(c);
        for (unsigned k = 0; k < pool->options.in_flight_max; k++) {
            weft_client_slot_finish(&c->slots[k], WEFT_CANCELLED, weft_str_from_c(err.text));
        }
        if (c->fd >= 0) close(c->fd);
        for (unsigned k = 0; k < pool->options.in_flight_max; k++) {
            weft_buf_release(&c->slots[k].body);
            weft_buf_release(&c->slots[k].message);
        }
        weft_free(c->slots);
        weft_buf_release(&c->out);
    }
    weft_buf_release(&pool->done_body);
    weft_buf_release(&pool->done_message);
    if (pool->epoll_fd >= 0) close(pool->epoll_fd);
    weft_free(pool->connections);
    weft_free((void *)(uintptr_t)pool->options.endpoint); /* our copy */
    weft_free(pool);
}
