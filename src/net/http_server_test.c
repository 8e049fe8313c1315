/* http_server_test.c -- the server over two loops, and clients that others wrote (curl, nghttp, h2load), where installed. */
#include "base/metric.h"
#include "net/net_fixture.h"

#define LOOPS 2

struct many {
    struct weft_loop *loops[LOOPS];
    pthread_t threads[LOOPS];
    struct weft_http_server *server;
    char address[108];
    _Atomic unsigned served[LOOPS];
    _Atomic bool is_drained;
};

static void count_handle(void *self, struct weft_exchange *exchange)
{
    struct many *many = self;
    atomic_fetch_add(&many->served[weft_loop_index(exchange->loop)], 1);
    fixture_text(exchange, 200, exchange->body.len > 0 ? exchange->body : WEFT_S("none"));
}

static void loop_run(void *arg)
{
    weft_loop_run(arg);
}

static void all_drained(void *arg)
{
    struct many *many = arg;
    atomic_store(&many->is_drained, true);
}

static void many_start(struct many *many, const char *endpoint)
{
    struct weft_err err;
    memset(many, 0, sizeof *many);
    for (unsigned i = 0; i < LOOPS; i++)
        assert_int_equal(weft_loop_create(&many->loops[i], i, &err), WEFT_OK);
    assert_int_equal(weft_http_server_create(&many->server, many->loops, LOOPS, &err), WEFT_OK);
    struct weft_http_listener_options options = {
        .name = "many", .endpoint = endpoint, .handler = { .self = many, .handle = count_handle }
    };
    weft_http_limits_init(&options.limits);
    if (weft_http_server_listen(many->server, &options, many->address, &err) < 0)
        fail_msg("%s", err.text);
    for (unsigned i = 0; i < LOOPS; i++)
        assert_int_equal(
            weft_thread_start(&many->threads[i], "many", loop_run, many->loops[i], &err), WEFT_OK);
}

static void many_stop(struct many *many)
{
    weft_http_server_drain(many->server, 5 * WEFT_NS_PER_SECOND, all_drained, many);
    FIXTURE_WAIT(atomic_load(&many->is_drained));
    for (unsigned i = 0; i < LOOPS; i++) weft_loop_stop(many->loops[i]);
    for (unsigned i = 0; i < LOOPS; i++) pthread_join(many->threads[i], NULL);
    weft_http_server_destroy(many->server);
    for (unsigned i = 0; i < LOOPS; i++) weft_loop_destroy(many->loops[i]);
}

static void connections_spread_over_loops(void **state)
{
    static const char *const endpoints[] = { "127.0.0.1:0", "unix:/tmp/weft-net-many-test.sock" };
    for (size_t e = 0; e < 2; e++) {
        struct many many;
        struct fixture fixture = { 0 };
        struct weft_buf in = { 0 };
        many_start(&many, endpoints[e]);
        memcpy(fixture.address, many.address, sizeof fixture.address);
        unsigned asked = 0;
        /* The kernel spreads by a hash of ports: both loops get some, sooner or later. */
        while (asked < 200 || (e == 0 && (many.served[0] == 0 || many.served[1] == 0))) {
            int fd = client_connect(&fixture);
            client_send(fd, WEFT_S("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
            weft_buf_reset(&in);
            client_read_to_end(fd, &in);
            assert_true(buf_has(&in, "none"));
            close(fd);
            asked++;
        }
        assert_int_equal(many.served[0] + many.served[1], asked);
        many_stop(&many);
        weft_buf_release(&in);
    }
}

static bool is_installed(const char *program)
{
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    return system(command) == 0;
}

/* The command's output must hold `expected`. */
static void run(const char *command, const char *expected)
{
    struct weft_buf out = { 0 };
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t n;
    while ((n = fread(weft_buf_reserve(&out, 4096), 1, 4096, pipe)) > 0) out.len += n;
    int status = pclose(pipe);
    if (status != 0 || !buf_has(&out, expected))
        fail_msg("%s\nstatus %d, found: %.*s", command, status, (int)out.len, out.data);
    weft_buf_release(&out);
}

static void known_clients(void **state)
{
    static const struct {
        const char *program, *arguments, *expected;
    } cases[] = {
        { "curl", "-s -m 20 -d hello", "hello" },
        { "curl", "-s -m 20 --http2-prior-knowledge -d hello", "hello" },
        { "curl", "-s -m 20 -I --http2-prior-knowledge", "HTTP/2 200" },
        { "curl", "-s -m 20 -H 'Transfer-Encoding: chunked' -d hello", "hello" },
        { "curl", "-s -m 20 -H 'Expect: 100-continue' -d hello", "hello" },
        { "nghttp", "-t 20 --data=/etc/hostname -v", ":status: 200" },
        { "h2load", "-n 2000 -c 8 -m 32 -T 20 --data=/etc/passwd", "2000 succeeded" },
        { "h2load", "--h1 -n 1000 -c 8 -T 20 --data=/etc/hostname", "1000 succeeded" },
    };
    struct many many;
    many_start(&many, "127.0.0.1:0");
    unsigned tried = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char command[256];
        if (!is_installed(cases[i].program)) continue;
        snprintf(command, sizeof command, "%s %s http://%s/ 2>&1", cases[i].program,
                 cases[i].arguments, many.address);
        run(command, cases[i].expected);
        tried++;
    }
    many_stop(&many);
    if (tried == 0) skip();
}

static void metrics_are_shown(void **state)
{
    struct weft_buf out = { 0 };
    struct many many;
    many_start(&many, "127.0.0.1:0");
    weft_metric_write_all(&out);
    assert_true(buf_has(&out, "weft_http_connections_open{listener=\"many\"} 0"));
    assert_true(buf_has(&out, "weft_http_requests_total{listener=\"many\"}"));
    assert_true(buf_has(&out, "weft_http_refused_total{listener=\"many\",reason=\"memory\"} 0"));
    many_stop(&many);
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_spread_over_loops),
        cmocka_unit_test(known_clients),
        cmocka_unit_test(metrics_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
