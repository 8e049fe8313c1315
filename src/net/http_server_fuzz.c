/* http_server_fuzz.c -- whatever a peer sends, over a real socket: HTTP/1.1 or, behind its preface, HTTP/2.
 *
 * One input is one connection: all bytes are sent, then our half is closed, then the loop runs until the server has let go of it.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "net/endpoint.h"
#include "net/http_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct weft_loop *loop;
static struct weft_http_server *server;
static struct weft_budget budget;
static struct weft_endpoint endpoint;
static unsigned peers;

static void later(void *arg)
{
    struct weft_exchange *exchange = arg;
    struct weft_http_reply reply = { .status = 200,
                                     .content_type = WEFT_S_INIT("text/plain"),
                                     .body = exchange->body };
    weft_exchange_reply(exchange, &reply);
}

static void handle(void *self, struct weft_exchange *exchange)
{
    struct weft_http_reply reply = { .status = 200,
                                     .content_type = WEFT_S_INIT("text/plain"),
                                     .body = exchange->body };
    WEFT_ASSERT(exchange->path.len > 0 && exchange->path.ptr[0] == '/', "path of %zu bytes",
                exchange->path.len);
    if (exchange->path.len % 3 == 0) {
        weft_loop_post(exchange->loop, later, exchange);
    } else if (exchange->path.len % 3 == 1) {
        weft_exchange_reply(exchange, &reply);
    } else {
        weft_exchange_start(exchange, &reply);
        weft_exchange_write(exchange, WEFT_S("more"));
        if (exchange->query.len > 0)
            weft_exchange_cut(exchange);
        else
            weft_exchange_finish(exchange, NULL, 0);
    }
}

static void start(void)
{
    char text[64], address[108];
    struct weft_http_listener_options options = {
        .name = "fuzz", .endpoint = text, .body_budget = &budget, .handler = { .handle = handle }
    };
    struct weft_err err = { 0 };
    weft_log_configure(WEFT_LOG_ERROR, WEFT_LOG_TEXT, -1);
    snprintf(text, sizeof text, "unix:/tmp/weft-http-fuzz-%d.sock", (int)getpid());
    weft_http_limits_init(&options.limits);
    options.limits.body_bytes_max = 64 << 10;
    budget.limit_bytes = 256 << 10;
    WEFT_ASSERT(weft_loop_create(&loop, 0, &err) == WEFT_OK &&
                    weft_http_server_create(&server, &loop, 1, &err) == WEFT_OK &&
                    weft_http_server_listen(server, &options, address, &err) == WEFT_OK &&
                    weft_endpoint_parse(&endpoint, weft_str_from_c(text), &err) == WEFT_OK,
                "%s", err.text);
}

static void stop_when_gone(void *arg)
{
    struct weft_http_metrics *metrics = weft_http_metrics_for("fuzz");
    if (weft_metric_get(&metrics->accepted) == peers && atomic_load(&metrics->open_count) == 0)
        weft_loop_stop(loop);
    else
        weft_loop_defer(loop, stop_when_gone, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (loop == NULL) start();
    if (size > 100000) return 0; /* must fit into the socket at once */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    WEFT_ASSERT(fd >= 0 && connect(fd, (const struct sockaddr *)&endpoint.address,
                                   endpoint.address_len) == 0,
                "descriptor %d", fd);
    peers++;
    ssize_t put = send(fd, data, size, MSG_NOSIGNAL);
    WEFT_ASSERT(size == 0 || put == (ssize_t)size, "%zd of %zu bytes", put, size);
    /* The server closes when it is done; a peer that reads nothing must not keep it, so everything goes at once. */
    if (size % 2 == 0)
        shutdown(fd, SHUT_WR);
    else
        close(fd);
    weft_loop_defer(loop, stop_when_gone, NULL);
    weft_loop_run(loop);
    if (size % 2 == 0) close(fd);
    WEFT_ASSERT(atomic_load(&budget.used_bytes) == 0, "%lld bytes of budget kept",
                (long long)atomic_load(&budget.used_bytes));
    return 0;
}
