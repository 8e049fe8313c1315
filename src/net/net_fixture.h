/* net_fixture.h -- for tests: a server on loopback port 0 with a small handler, and a blocking socket to talk to it.
 *
 * Paths the handler knows: /echo (the body back), /later (the same, after a trip through weft_loop_post), /target (path?query),
 * /stream (three pieces), /cut (two pieces; cut off by fixture_release()), /big (1 MiB), /deny (403 from admit), /hold (no reply until fixture_release()).
 */
#ifndef WEFT_NET_NET_FIXTURE_H
#define WEFT_NET_NET_FIXTURE_H
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/thread.h"
#include "net/endpoint.h"
#include "net/grpc_server.h"
#include "net/http_internal.h"

struct fixture {
    struct weft_loop *loop;
    struct weft_http_server *server;
    struct weft_http_listener_options options;
    struct weft_budget budget;
    char address[108];
    pthread_t thread;
    _Atomic bool is_drained;
    _Atomic unsigned held_count, held_closed_count, handled, left_count;
    struct weft_exchange *held[64];
};

static inline void fixture_text(struct weft_exchange *exchange, int status, struct weft_str body)
{
    struct weft_http_reply reply = { .status = status,
                                     .content_type = WEFT_S_INIT("text/plain"),
                                     .body = body };
    weft_exchange_reply(exchange, &reply);
}

static inline void fixture_later(void *arg)
{
    struct weft_exchange *exchange = arg;
    fixture_text(exchange, 200, exchange->body);
}

static inline void fixture_stream(struct fixture *fixture, struct weft_exchange *exchange,
                                  bool is_cut)
{
    struct weft_http_reply reply = { .status = 200,
                                     .content_type = WEFT_S_INIT("text/plain"),
                                     .body = WEFT_S_INIT("one ") };
    weft_exchange_start(exchange, &reply);
    weft_exchange_write(exchange, WEFT_S("two "));
    if (is_cut) {
        fixture->held[atomic_fetch_add(&fixture->held_count, 1)] = exchange;
        return;
    }
    weft_exchange_write(exchange, WEFT_S("three"));
    weft_exchange_finish(exchange, NULL, 0);
}

static inline bool fixture_admit(void *self, struct weft_exchange *exchange)
{
    if (!weft_str_equal(exchange->path, WEFT_S("/deny"))) return true;
    fixture_text(exchange, 403, WEFT_S("denied"));
    return false;
}

static inline bool fixture_is_vital(void *self, const struct weft_exchange *exchange)
{
    return weft_str_equal(exchange->path, WEFT_S("/vital"));
}

static inline void fixture_peer_left(struct weft_exchange *exchange)
{
    struct fixture *fixture = exchange->state;
    atomic_fetch_add(&fixture->left_count, 1);
}

static inline void fixture_handle(void *self, struct weft_exchange *exchange)
{
    struct fixture *fixture = self;
    atomic_fetch_add(&fixture->handled, 1);
    if (weft_str_equal(exchange->path, WEFT_S("/later"))) {
        weft_loop_post(exchange->loop, fixture_later, exchange);
    } else if (weft_str_equal(exchange->path, WEFT_S("/stream"))) {
        fixture_stream(fixture, exchange, false);
    } else if (weft_str_equal(exchange->path, WEFT_S("/cut"))) {
        fixture_stream(fixture, exchange, true);
    } else if (weft_str_equal(exchange->path, WEFT_S("/big"))) {
        fixture_text(exchange, 200,
                     weft_str_make(weft_arena_alloc_zero(exchange->arena, 1 << 20), 1 << 20));
    } else if (weft_str_equal(exchange->path, WEFT_S("/hold"))) {
        weft_exchange_body_release(exchange);
        exchange->state = fixture;
        exchange->peer_left = fixture_peer_left;
        fixture->held[atomic_fetch_add(&fixture->held_count, 1)] = exchange;
    } else if (weft_str_starts_with(exchange->path, WEFT_S("/echo"))) {
        fixture_text(exchange, 200, exchange->body);
    } else {
        fixture_text(exchange, 200,
                     weft_arena_printf(exchange->arena, "%.*s?%.*s", WEFT_S_ARG(exchange->path),
                                       WEFT_S_ARG(exchange->query)));
    }
}

static inline void fixture_run(void *arg)
{
    weft_loop_run(((struct fixture *)arg)->loop);
}

static inline void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    weft_http_limits_init(&fixture->options.limits);
    fixture->options.name = "test";
    fixture->options.endpoint = "127.0.0.1:0";
    fixture->options.body_budget = &fixture->budget;
    fixture->options.handler = (struct weft_http_handler){ .self = fixture,
                                                           .admit = fixture_admit,
                                                           .is_vital = fixture_is_vital,
                                                           .handle = fixture_handle };
}

static inline void fixture_start(struct fixture *fixture)
{
    struct weft_err err = { 0 };
    assert_int_equal(weft_loop_create(&fixture->loop, 0, &err), WEFT_OK);
    assert_int_equal(weft_http_server_create(&fixture->server, &fixture->loop, 1, &err), WEFT_OK);
    if (weft_http_server_listen(fixture->server, &fixture->options, fixture->address, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(weft_thread_start(&fixture->thread, "test-loop", fixture_run, fixture, &err),
                     WEFT_OK);
}

static inline void fixture_release_now(void *arg)
{
    struct fixture *fixture = arg;
    unsigned count = atomic_exchange(&fixture->held_count, 0);
    for (unsigned i = 0; i < count; i++) {
        if (fixture->held[i]->is_closed) atomic_fetch_add(&fixture->held_closed_count, 1);
        if (weft_http_exchange_of(fixture->held[i])->is_streaming)
            weft_exchange_cut(fixture->held[i]);
        else
            fixture_text(fixture->held[i], 200, WEFT_S("released"));
    }
}

/* Answer what /hold holds and cut off what /cut holds, on the loop's thread. */
static inline void fixture_release(struct fixture *fixture)
{
    weft_loop_post(fixture->loop, fixture_release_now, fixture);
}

static inline void fixture_drained(void *arg)
{
    struct fixture *fixture = arg;
    atomic_store(&fixture->is_drained, true);
    weft_loop_stop(fixture->loop);
}

/* Every byte of body must have been given back by now. */
static inline void fixture_stop(struct fixture *fixture)
{
    if (!atomic_load(&fixture->is_drained))
        weft_http_server_drain(fixture->server, 0, fixture_drained, fixture);
    pthread_join(fixture->thread, NULL);
    weft_http_server_destroy(fixture->server);
    weft_loop_destroy(fixture->loop);
    assert_int_equal(atomic_load(&fixture->budget.used_bytes), 0);
}

static inline uint64_t fixture_refused(const struct fixture *fixture, enum weft_http_refusal why)
{
    return weft_metric_get(&weft_http_metrics_for(fixture->options.name)->refused[why]);
}

/* Wait for what another thread will do for certain; the bound is only for a broken build. */
#define FIXTURE_WAIT(claim)                                           \
    do {                                                              \
        for (int left = 10000; !(claim); left--) {                    \
            if (left == 0) fail_msg("waited in vain for %s", #claim); \
            weft_clock_sleep_ns(WEFT_NS_PER_MS);                      \
        }                                                             \
    } while (0)

/* ---- the client's side ---- */

static inline int client_connect(const struct fixture *fixture)
{
    struct weft_endpoint at;
    struct timeval limit = { .tv_sec = 10 };
    assert_int_equal(weft_endpoint_parse(&at, weft_str_from_c(fixture->address), NULL), WEFT_OK);
    int fd = socket(at.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at.address, at.address_len), 0);
    return fd;
}

/* False when the server has closed meanwhile. */
static inline bool client_send(int fd, struct weft_str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes = weft_str_tail(bytes, (size_t)n);
    }
    return true;
}

/* One read more; 0 at the end or after a reset. */
static inline size_t client_read(int fd, struct weft_buf *in)
{
    ssize_t n = recv(fd, weft_buf_reserve(in, 65536), 65536, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        fail_msg("no answer in 10 s; so far: %.*s", (int)in->len, in->data);
    if (n <= 0) return 0;
    in->len += (size_t)n;
    return (size_t)n;
}

static inline void client_read_to_end(int fd, struct weft_buf *in)
{
    while (client_read(fd, in) > 0) {}
}

static inline bool buf_has(const struct weft_buf *in, const char *text)
{
    return in->len > 0 && memmem(in->data, in->len, text, strlen(text)) != NULL;
}

static inline void client_read_until(int fd, struct weft_buf *in, const char *text)
{
    while (!buf_has(in, text))
        if (client_read(fd, in) == 0)
            fail_msg("closed before \"%s\"; so far: %.*s", text, (int)in->len, in->data);
}

static inline unsigned buf_count(const struct weft_buf *in, const char *text)
{
    unsigned count = 0;
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= in->len; i++) count += memcmp(in->data + i, text, len) == 0;
    return count;
}

#endif
