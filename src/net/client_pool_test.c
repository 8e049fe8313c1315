/* client_pool_test.c -- calls over both protocols, against servers of a few lines in a thread of their own. */
#include "net/client_pool.h"

#include "base/buf.h"
#include "base/clock.h"
#include "wire/http1.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>
#include <cmocka.h>

#define NV(name, value)                                                                \
    {                                                                                  \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), sizeof(name) - 1, \
            sizeof(value) - 1, 0                                                       \
    }

/* Serves its connections one after the other, until the listener is shut down. */
struct server {
    int listener;
    char endpoint[64];
    pthread_t thread;
    _Atomic uint64_t body_bytes;
    _Atomic unsigned connections;
    unsigned requests_max; /* per connection, then it closes; 0: no end (HTTP/1.1 only) */
};

/* --- gRPC: the path says what to answer --- */

/* A stream's user data is its path, out of this list. */
static const char *const paths[] = { "/good",  "/busy",   "/proxy", "/odd",
                                     "/reset", "/goaway", "/die",   "/silence" };

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    if (name_len != 5 || memcmp(name, ":path", 5) != 0) return 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (!weft_str_equal_c(weft_str_make((const char *)value, value_len), paths[i])) continue;
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id,
                                             (void *)(uintptr_t)paths[i]);
    }
    return 0;
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *buf, size_t length,
                       uint32_t *flags, nghttp2_data_source *source, void *user)
{
    const nghttp2_nv ok[] = { NV("grpc-status", "0") };
    memcpy(buf, "\0\0\0\0\3abc", 8);
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_submit_trailer(session, id, ok, 1);
    return 8;
}

static void answer(nghttp2_session *session, int32_t id, const char *path)
{
    const nghttp2_nv good[] = { NV(":status", "200"), NV("content-type", "application/grpc") };
    const nghttp2_nv busy[] = {
        NV(":status", "200"), NV("content-type", "application/grpc"), NV("grpc-status", "8"),
        NV("grpc-message", "too%20much"),
        /* Status{details: [Any{".../google.rpc.RetryInfo", RetryInfo{Duration{1 s, 500,000,000 ns}}}]} */
        NV("grpc-status-details-bin",
           "GjYKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SCgoICAEQgMq17gE")
    };
    const nghttp2_nv proxy[] = { NV(":status", "503") };
    const nghttp2_nv odd[] = { NV(":status", "200") };
    nghttp2_data_provider body = { .read_callback = on_read };
    if (strcmp(path, "/good") == 0) nghttp2_submit_response(session, id, good, 2, &body);
    if (strcmp(path, "/busy") == 0) nghttp2_submit_response(session, id, busy, 5, NULL);
    if (strcmp(path, "/proxy") == 0) nghttp2_submit_response(session, id, proxy, 1, NULL);
    if (strcmp(path, "/odd") == 0) nghttp2_submit_response(session, id, odd, 1, NULL);
    if (strcmp(path, "/reset") == 0)
        nghttp2_submit_rst_stream(session, 0, id, NGHTTP2_REFUSED_STREAM);
    if (strcmp(path, "/goaway") == 0) {
        nghttp2_submit_response(session, id, good, 2, &body);
        nghttp2_submit_goaway(session, 0, id, 0, NULL, 0);
    }
    if (strcmp(path, "/die") == 0)
        nghttp2_session_terminate_session(session, NGHTTP2_INTERNAL_ERROR);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 ||
        (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS))
        return 0;
    answer(session, frame->hd.stream_id,
           nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *user)
{
    ((struct server *)user)->body_bytes += len;
    return 0;
}

static void grpc_serve(struct server *s, int fd)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_server_new(&session, callbacks, s);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 8 },
                                                { NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 100000 } };
    nghttp2_submit_settings(session, 0, settings, 2);
    static _Thread_local uint8_t in[65536];
    bool is_open = true;
    while (is_open && (nghttp2_session_want_read(session) || nghttp2_session_want_write(session))) {
        const uint8_t *out;
        ssize_t len;
        while ((len = nghttp2_session_mem_send(session, &out)) > 0 && is_open)
            is_open = send(fd, out, (size_t)len, MSG_NOSIGNAL) == len;
        len = is_open && nghttp2_session_want_read(session) ? recv(fd, in, sizeof in, 0) : 0;
        is_open = len > 0 && nghttp2_session_mem_recv(session, in, (size_t)len) >= 0;
    }
    nghttp2_session_del(session);
}

/* --- HTTP/1.1 --- */

static const char *http1_answer(struct weft_str path)
{
    if (weft_str_equal_c(path, "/good")) return "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    if (weft_str_equal_c(path, "/busy"))
        return "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nTransfer-Encoding: "
               "chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n";
    if (weft_str_equal_c(path, "/last"))
        return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";
    if (weft_str_equal_c(path, "/odd")) return "HTTP/1.1 abc\r\n\r\n";
    return "";
}

static void http1_serve(struct server *s, int fd)
{
    struct weft_http1_parser p;
    struct weft_http1_field fields[32];
    struct weft_buf in = { 0 };
    char path[32] = "";
    weft_http1_init(&p, WEFT_HTTP1_REQUEST, fields, 32);
    for (unsigned requests = 0; s->requests_max == 0 || requests < s->requests_max;) {
        size_t used;
        enum weft_http1_event event = weft_http1_parse(&p, weft_buf_str(&in), &used);
        if (event == WEFT_HTTP1_HEADER) snprintf(path, sizeof path, "%.*s", WEFT_S_ARG(p.path));
        if (event == WEFT_HTTP1_BODY) s->body_bytes += p.body.len;
        weft_buf_consume(&in, used);
        if (event == WEFT_HTTP1_ERROR) break;
        if (event == WEFT_HTTP1_END) {
            const char *text = http1_answer(weft_str_from_c(path));
            if (text[0] != 0 && send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) break;
            weft_http1_reset(&p);
            requests++;
        }
        if (event != WEFT_HTTP1_MORE) continue;
        ssize_t len = recv(fd, weft_buf_reserve(&in, 65536), 65536, 0);
        if (len <= 0) break;
        in.len += (size_t)len;
    }
    weft_buf_release(&in);
}

/* --- both --- */

struct connection_arg {
    struct server *server;
    int fd;
    void (*serve)(struct server *, int);
};

static void *connection_run(void *arg)
{
    struct connection_arg *c = arg;
    c->serve(c->server, c->fd);
    close(c->fd);
    free(c);
    return NULL;
}

struct accept_arg {
    struct server *server;
    void (*serve)(struct server *, int);
};

static void *accept_run(void *arg)
{
    struct accept_arg *a = arg;
    pthread_t threads[64];
    unsigned count = 0;
    int fd;
    while (count < 64 && (fd = accept(a->server->listener, NULL, NULL)) >= 0) {
        int on = 1; /* small frames written one by one would wait 40 ms for an acknowledgement */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection_arg *c = malloc(sizeof *c);
        *c = (struct connection_arg){ a->server, fd, a->serve };
        a->server->connections++;
        pthread_create(&threads[count++], NULL, connection_run, c);
    }
    while (count > 0) pthread_join(threads[--count], NULL);
    free(a);
    return NULL;
}

static void server_start(struct server *s, enum weft_client_protocol protocol)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof in;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    getsockname(s->listener, (struct sockaddr *)&in, &len);
    snprintf(s->endpoint, sizeof s->endpoint, "127.0.0.1:%u", ntohs(in.sin_port));
    struct accept_arg *a = malloc(sizeof *a);
    *a = (struct accept_arg){ s, protocol == WEFT_CLIENT_GRPC ? grpc_serve : http1_serve };
    pthread_create(&s->thread, NULL, accept_run, a);
}

static void server_end(struct server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

/* The last answer, kept. */
struct seen {
    unsigned count;
    int error, http_status, grpc_status;
    char message[200], body[32];
    bool has_retry;
    uint64_t retry_ns, latency_ns;
};

static void on_done(void *self, const struct weft_client_answer *a)
{
    struct seen *seen = self;
    seen->count++;
    seen->error = a->error;
    seen->http_status = a->http_status;
    seen->grpc_status = a->grpc_status;
    seen->has_retry = a->has_retry_after;
    seen->retry_ns = a->retry_after_ns;
    seen->latency_ns = a->latency_ns;
    snprintf(seen->message, sizeof seen->message, "%.*s", WEFT_S_ARG(a->message));
    snprintf(seen->body, sizeof seen->body, "%.*s", WEFT_S_ARG(a->body));
}

static void call_once(struct weft_client_pool *pool, struct seen *seen, const char *path,
                      struct weft_str body)
{
    struct weft_http_header headers[] = { { WEFT_S("x-test"), WEFT_S("1") } };
    struct weft_client_call call = { .path = weft_str_from_c(path),
                                     .headers = headers,
                                     .header_count = 1,
                                     .body = body,
                                     .done = on_done,
                                     .self = seen };
    struct weft_err err = { 0 };
    *seen = (struct seen){ 0 };
    int rc;
    while ((rc = weft_client_pool_submit(pool, &call, &err)) == WEFT_CLOSED || rc == WEFT_FULL)
        weft_client_pool_poll(pool, WEFT_NS_PER_MS);
    if (rc < 0) fail_msg("%s: %s", path, err.text);
    while (weft_client_pool_in_flight(pool) > 0) weft_client_pool_poll(pool, WEFT_NS_PER_SECOND);
    assert_int_equal(seen->count, 1);
}

static void test_answers(void **state)
{
    static const struct {
        enum weft_client_protocol protocol;
        const char *path;
        int error, http_status, grpc_status;
        const char *message, *body;
        uint64_t retry_ns;
    } cases[] = {
        { WEFT_CLIENT_GRPC, "/good", WEFT_OK, 200, 0, "", "abc", 0 },
        { WEFT_CLIENT_GRPC, "/busy", WEFT_OK, 200, 8, "too much", "", 1500000000 }, /* C3.5.2 */
        { WEFT_CLIENT_GRPC, "/proxy", WEFT_OK, 503, 14, "HTTP status 503", "", 0 },
        { WEFT_CLIENT_GRPC, "/odd", WEFT_INVALID, 200, -1, "answer has no grpc-status", "", 0 },
        { WEFT_CLIENT_GRPC, "/reset", WEFT_CLOSED, 0, -1,
          "stream ended by the server: REFUSED_STREAM", "", 0 },
        { WEFT_CLIENT_GRPC, "/silence", WEFT_TIMEOUT, 0, -1, "no answer in time", "", 0 },
        { WEFT_CLIENT_GRPC, "/goaway", WEFT_OK, 200, 0, "", "abc", 0 },
        { WEFT_CLIENT_GRPC, "/die", WEFT_CLOSED, 0, -1, NULL, "", 0 },
        { WEFT_CLIENT_GRPC, "/good", WEFT_OK, 200, 0, "", "abc", 0 },
        { WEFT_CLIENT_HTTP1, "/good", WEFT_OK, 200, -1, "", "abc", 0 },
        { WEFT_CLIENT_HTTP1, "/busy", WEFT_OK, 429, -1, "", "busy", 2000000000 }, /* C3.4.2 */
        { WEFT_CLIENT_HTTP1, "/last", WEFT_OK, 200, -1, "", "abc", 0 },
        { WEFT_CLIENT_HTTP1, "/good", WEFT_OK, 200, -1, "", "abc", 0 },
        { WEFT_CLIENT_HTTP1, "/silence", WEFT_TIMEOUT, 0, -1, "no answer in time", "", 0 },
        { WEFT_CLIENT_HTTP1, "/odd", WEFT_INVALID, 0, -1, NULL, "", 0 },
        { WEFT_CLIENT_HTTP1, "/good", WEFT_OK, 200, -1, "", "abc", 0 },
    };
    size_t i = 0;
    for (int protocol = WEFT_CLIENT_GRPC; protocol <= WEFT_CLIENT_HTTP1; protocol++) {
        struct server server = { 0 };
        struct weft_client_pool *pool;
        struct seen seen;
        server_start(&server, (enum weft_client_protocol)protocol);
        struct weft_client_pool_options options = { .protocol = (enum weft_client_protocol)protocol,
                                                    .endpoint = server.endpoint,
                                                    .call_ns_max = WEFT_NS_PER_SECOND / 2 };
        assert_int_equal(weft_client_pool_create(&pool, &options, NULL), WEFT_OK);
        for (; i < sizeof cases / sizeof *cases && (int)cases[i].protocol == protocol; i++) {
            call_once(pool, &seen, cases[i].path, WEFT_S("hello"));
            if (seen.error != cases[i].error)
                fail_msg("%s: %d %s", cases[i].path, seen.error, seen.message);
            assert_int_equal(seen.http_status, cases[i].http_status);
            assert_int_equal(seen.grpc_status, cases[i].grpc_status);
            if (cases[i].message != NULL)
                assert_string_equal(seen.message, cases[i].message);
            else
                assert_int_not_equal(seen.message[0], 0);
            assert_string_equal(seen.body, cases[i].body);
            assert_int_equal(seen.has_retry, cases[i].retry_ns != 0);
            assert_int_equal(seen.retry_ns, cases[i].retry_ns);
        }
        weft_client_pool_destroy(pool);
        server_end(&server);
    }
}

/* Many in flight over several connections, large bodies and small ones, submitted from the callbacks. */
struct load {
    struct weft_client_pool *pool;
    struct weft_client_call call;
    unsigned to_send, good, bad;
};

static void on_load_done(void *self, const struct weft_client_answer *a)
{
    struct load *load = self;
    if (a->error == WEFT_OK && a->grpc_status <= 0 && a->http_status == 200 &&
        weft_str_equal_c(a->body, "abc"))
        load->good++;
    else
        load->bad++;
    if (load->to_send == 0) return;
    load->to_send--;
    if (weft_client_pool_submit(load->pool, &load->call, NULL) < 0) load->to_send++;
}

static void test_load(void **state)
{
    static const size_t sizes[] = { 0, 1, 100, 70000, 1000000 };
    static char bytes[1000000];
    for (int protocol = WEFT_CLIENT_GRPC; protocol <= WEFT_CLIENT_HTTP1; protocol++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct server server = { 0 };
            server_start(&server, (enum weft_client_protocol)protocol);
            unsigned total = sizes[i] > 1000 ? 60 : 2000;
            struct load load = { .to_send = total,
                                 .call = { .path = WEFT_S("/good"),
                                           .body = { bytes, sizes[i] },
                                           .done = on_load_done } };
            load.call.self = &load;
            struct weft_client_pool_options options = { .protocol =
                                                            (enum weft_client_protocol)protocol,
                                                        .endpoint = server.endpoint,
                                                        .connections = 3,
                                                        .in_flight_max = 20 };
            assert_int_equal(weft_client_pool_create(&load.pool, &options, NULL), WEFT_OK);
            while (load.good + load.bad < total) {
                while (load.to_send > 0 && weft_client_pool_room(load.pool) > 0 &&
                       weft_client_pool_submit(load.pool, &load.call, NULL) == WEFT_OK)
                    load.to_send--;
                weft_client_pool_poll(load.pool, WEFT_NS_PER_SECOND);
            }
            assert_int_equal(load.good, total);
            weft_client_pool_destroy(load.pool);
            server_end(&server);
            assert_int_equal(server.connections, 3);
            assert_int_equal(server.body_bytes,
                             total * (sizes[i] + (protocol == WEFT_CLIENT_GRPC ? 5 : 0)));
        }
    }
}

/* C3.4.3: a server that closes, one that is not there, and stopping with calls in flight. */
static void test_broken_connections(void **state)
{
    struct server server = { .requests_max = 2 };
    struct weft_client_pool *pool;
    struct weft_err err;
    struct seen seen = { 0 };
    server_start(&server, WEFT_CLIENT_HTTP1);
    struct weft_client_pool_options options = { .protocol = WEFT_CLIENT_HTTP1,
                                                .endpoint = server.endpoint };
    assert_int_equal(weft_client_pool_create(&pool, &options, &err), WEFT_OK);
    unsigned good = 0;
    while (good < 7) {
        call_once(pool, &seen, "/good", WEFT_S("x"));
        assert_true(seen.error == WEFT_OK || seen.error == WEFT_CLOSED);
        good += seen.error == WEFT_OK;
    }
    struct weft_client_call call = {
        .path = WEFT_S("/silence"), .body = WEFT_S("x"), .done = on_done, .self = &seen
    };
    do { /* the server may close just then: until a call stays under way and fills the connection */
        weft_client_pool_submit(pool, &call, &err);
        weft_client_pool_poll(pool, WEFT_NS_PER_MS);
    } while (weft_client_pool_submit(pool, &call, &err) != WEFT_FULL);
    seen.count = 0;
    weft_client_pool_destroy(pool);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.error, WEFT_CANCELLED);
    server_end(&server);
    for (int protocol = WEFT_CLIENT_GRPC; protocol <= WEFT_CLIENT_HTTP1; protocol++) {
        options =
            (struct weft_client_pool_options){ .protocol = (enum weft_client_protocol)protocol,
                                               .endpoint = "127.0.0.1:1" };
        assert_int_equal(weft_client_pool_create(&pool, &options, &err), WEFT_OK);
        int rc = weft_client_pool_submit(pool, &call, &err);
        if (rc == WEFT_OK) {
            while (weft_client_pool_in_flight(pool) > 0)
                weft_client_pool_poll(pool, WEFT_NS_PER_SECOND);
            assert_int_equal(seen.error, WEFT_CLOSED);
            assert_string_equal(seen.message,
                                "connect 127.0.0.1:1: Connection refused; is weft running?");
        }
        assert_int_equal(weft_client_pool_submit(pool, &call, &err), WEFT_CLOSED);
        assert_string_equal(err.text, "connect 127.0.0.1:1: Connection refused; is weft running?");
        weft_client_pool_destroy(pool);
    }
    options.endpoint = "nonsense";
    assert_int_equal(weft_client_pool_create(&pool, &options, &err), WEFT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_answers), cmocka_unit_test(test_load),
                                        cmocka_unit_test(test_broken_connections) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
