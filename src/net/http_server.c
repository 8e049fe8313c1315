/* http_server.c -- the server over its loops: create, listen, drain, destroy. */
#include "net/http_server.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "net/http_internal.h"

struct weft_http_server {
    unsigned worker_count;
    struct weft_http_worker *workers;
    struct weft_http_listener *listeners;
    _Atomic uint32_t connection_count;
    uint32_t connections_max; /* 0: no bound */
    _Atomic bool is_draining;
    _Atomic unsigned undrained; /* workers that still have connections */
    uint64_t drain_ns;
    void (*drained)(void *arg);
    void *drained_arg;
};

void weft_http_limits_init(struct weft_http_limits *limits)
{
    *limits = (struct weft_http_limits){
        .header_bytes_max = 32u << 10,
        .header_count_max = 128,
        .body_bytes_max = 20u << 20,
        .connections_max = 10000,
        .streams_max = 128,
        .connection_body_bytes_max = 64u << 20,
        .first_byte_ns_max = 30 * WEFT_NS_PER_SECOND,
        .header_ns_max = 10 * WEFT_NS_PER_SECOND,
        .body_ns_max = 60 * WEFT_NS_PER_SECOND,
        .idle_ns_max = 600 * WEFT_NS_PER_SECOND,
        .write_ns_max = 60 * WEFT_NS_PER_SECOND,
    };
}

int weft_http_server_create(struct weft_http_server **out, struct weft_loop *const *loops,
                            unsigned loop_count, struct weft_err *err)
{
    if (loop_count == 0)
        return weft_fail(err, WEFT_INVALID, "HTTP server: at least one loop is needed, found 0");
    struct weft_http_server *server = weft_alloc_zero(sizeof *server);
    server->worker_count = loop_count;
    server->workers = weft_alloc_array(loop_count, sizeof *server->workers);
    for (unsigned i = 0; i < loop_count; i++) {
        struct weft_http_worker *worker = &server->workers[i];
        worker->server = server;
        worker->loop = loops[i];
        worker->read_buffer = weft_alloc(WEFT_HTTP_READ_BYTES);
        worker->fields = weft_alloc_array(WEFT_HTTP_FIELDS_MAX, sizeof *worker->fields);
    }
    *out = server;
    return WEFT_OK;
}

int weft_http_server_listen(struct weft_http_server *server,
                            const struct weft_http_listener_options *options,
                            char address[static 108], struct weft_err *err)
{
    struct weft_http_listener *listener;
    int rc = weft_http_listener_create(&listener, server, server->workers, server->worker_count,
                                       options, err);
    if (rc < 0) return rc;
    listener->next = server->listeners;
    server->listeners = listener;
    snprintf(address, 108, "%s", listener->address);
    return WEFT_OK;
}

void weft_http_server_connections_max_set(struct weft_http_server *server, uint32_t count)
{
    server->connections_max = count;
}

bool weft_http_server_connection_add(struct weft_http_server *server)
{
    uint32_t before = atomic_fetch_add(&server->connection_count, 1);
    if (server->connections_max == 0 || before < server->connections_max) return true;
    atomic_fetch_sub(&server->connection_count, 1);
    return false;
}

void weft_http_server_connection_remove(struct weft_http_server *server)
{
    atomic_fetch_sub(&server->connection_count, 1);
}

void weft_http_server_requests_open(const struct weft_http_server *server, uint64_t *count,
                                    uint64_t *oldest_ns)
{
    uint64_t now_ns = weft_clock_monotonic_ns();
    *count = *oldest_ns = 0;
    for (unsigned i = 0; i < server->worker_count; i++) {
        const struct weft_http_worker *worker = &server->workers[i];
        uint64_t since_ns = atomic_load_explicit(&worker->oldest_since_ns, memory_order_relaxed);
        *count += atomic_load_explicit(&worker->exchange_count, memory_order_relaxed);
        if (since_ns != 0 && since_ns < now_ns && now_ns - since_ns > *oldest_ns)
            *oldest_ns = now_ns - since_ns;
    }
}

static void ports_close(struct weft_http_worker *worker, bool accepts_last)
{
    while (worker->ports != NULL) {
        struct weft_http_port *port = worker->ports;
        if (accepts_last) weft_http_port_accept_last(port);
        worker->ports = port->next;
        weft_http_port_destroy(port);
    }
}

/* ---- drain ---- */

void weft_http_worker_connection_gone(struct weft_http_worker *worker)
{
    if (!worker->is_draining || worker->has_drained || worker->connection_count > 0) return;
    struct weft_http_server *server = worker->server;
    worker->has_drained = true;
    weft_loop_timer_stop(worker->loop, &worker->drain_timer);
    if (atomic_fetch_sub(&server->undrained, 1) == 1) server->drained(server->drained_arg);
}

static void drain_bound_passed(struct weft_timer *timer)
{
    struct weft_http_worker *worker =
        (struct weft_http_worker *)((char *)timer - offsetof(struct weft_http_worker, drain_timer));
    while (worker->connections != NULL) weft_http_connection_close(worker->connections);
}

static void worker_drain(void *arg)
{
    struct weft_http_worker *worker = arg;
    ports_close(worker, true);
    worker->is_draining = true;
    worker->drain_timer.fire = drain_bound_passed;
    weft_loop_timer_start(worker->loop, &worker->drain_timer, worker->server->drain_ns);
    /* One that has not sent a byte has asked for nothing. */
    for (struct weft_http_connection *connection = worker->connections, *next; connection != NULL;
         connection = next) {
        next =
            connection
                ->next; /* drain() closes nothing but the connection it was called for, and that at the end of the round */
        if (connection->protocol != NULL)
            connection->protocol->drain(connection);
        else if (connection->first_byte_ns == 0)
            weft_http_connection_close(connection);
    }
    weft_http_worker_connection_gone(worker);
}

void weft_http_server_drain(struct weft_http_server *server, uint64_t bound_ns,
                            void (*drained)(void *arg), void *arg)
{
    if (atomic_exchange(&server->is_draining, true)) return;
    server->drain_ns = bound_ns;
    server->drained = drained;
    server->drained_arg = arg;
    atomic_store(&server->undrained, server->worker_count);
    for (unsigned i = 0; i < server->worker_count; i++)
        weft_loop_post(server->workers[i].loop, worker_drain, &server->workers[i]);
}

void weft_http_server_destroy(struct weft_http_server *server)
{
    if (server == NULL) return;
    for (unsigned i = 0; i < server->worker_count; i++) {
        struct weft_http_worker *worker = &server->workers[i];
        ports_close(worker, false);
        while (worker->connections != NULL) weft_http_connection_destroy_now(worker->connections);
        weft_loop_timer_stop(worker->loop, &worker->drain_timer);
        weft_http_worker_pool_release(worker);
        weft_free(worker->read_buffer);
        weft_free(worker->fields);
    }
    while (server->listeners != NULL) {
        struct weft_http_listener *listener = server->listeners;
        server->listeners = listener->next;
        weft_http_listener_destroy(listener);
    }
    weft_free(server->workers);
    weft_free(server);
}

/* ---- date ---- */

/* IMF-fixdate (RFC 9110 §5.6.7), made once a second; names are fixed, strftime() would follow the locale. */
struct weft_str weft_http_worker_date(struct weft_http_worker *worker)
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    uint64_t now_ns = weft_loop_now_ns(worker->loop);
    if (now_ns >= worker->date_until_ns) {
        time_t seconds = (time_t)(weft_clock_unix_ns() / WEFT_NS_PER_SECOND);
        struct tm utc;
        gmtime_r(&seconds, &utc);
        snprintf(worker->date, sizeof worker->date, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                 days[utc.tm_wday % 7], utc.tm_mday % 100, months[utc.tm_mon % 12],
                 (utc.tm_year + 1900) % 10000, utc.tm_hour % 100, utc.tm_min % 100,
                 utc.tm_sec % 100);
        worker->date_until_ns = now_ns + WEFT_NS_PER_SECOND;
    }
    return weft_str_make(worker->date, 29);
}
