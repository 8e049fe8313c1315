/* http1_server_test.c -- HTTP/1.1 over real sockets: order, bounds, timeouts, smuggling, drain. */
#include "net/net_fixture.h"

#define MS WEFT_NS_PER_MS

static struct fixture fixture;

static int setup(void **state)
{
    fixture_init(&fixture);
    return 0;
}
static int teardown(void **state)
{
    fixture_stop(&fixture);
    return 0;
}

/* Send, read until the server closes, look for the texts. */
static void talk(const char *request, const char *const *expected)
{
    struct weft_buf in = { 0 };
    int fd = client_connect(&fixture);
    client_send(fd, weft_str_from_c(request));
    client_read_to_end(fd, &in);
    for (; *expected != NULL; expected++)
        if (!buf_has(&in, *expected))
            fail_msg("request:\n%s\nexpected \"%s\", found:\n%.*s", request, *expected, (int)in.len,
                     in.data);
    weft_buf_release(&in);
    close(fd);
}
#define TALK(request, ...) talk(request, (const char *const[]){ __VA_ARGS__, NULL })
#define LAST "Host: h\r\nConnection: close\r\n"

static void answers(void **state)
{
    fixture_start(&fixture);
    TALK("GET /a/../b%20c?x=%2F HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200 OK\r\n",
         "date: ", " GMT\r\n", "content-type: text/plain\r\n", "content-length: 10\r\n",
         "connection: close\r\n", "\r\n\r\n/b c?x=%2F");
    TALK("GET http://other/p?q HTTP/1.1\r\n" LAST "\r\n", "/p?q");
    TALK("OPTIONS * HTTP/1.1\r\n" LAST "\r\n", "200 OK", "/?");
    TALK("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK", "connection: close");
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 5\r\n\r\nhello", "\r\n\r\nhello");
    TALK("POST /later HTTP/1.1\r\n" LAST "Content-Length: 5\r\n\r\nhello", "\r\n\r\nhello");
    TALK("POST /echo HTTP/1.1\r\n" LAST
         "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
         "\r\n\r\nhello");
    TALK("GET /stream HTTP/1.1\r\n" LAST "\r\n", "transfer-encoding: chunked",
         "4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n");
    TALK("GET /stream HTTP/1.0\r\n\r\n", "connection: close", "\r\n\r\none two three");
    TALK("GET /deny HTTP/1.1\r\n" LAST "\r\n", "403 Forbidden", "denied");
}

/* An answer that is cut off ends the connection without the last chunk; without chunks it is a reset. */
static void cut_is_no_end(void **state)
{
    static const struct {
        const char *request, *found;
        int error;
    } cases[] = {
        { "GET /cut HTTP/1.1\r\nHost: h\r\n\r\n", "4\r\none \r\n4\r\ntwo \r\n", 0 },
        { "GET /cut HTTP/1.0\r\n\r\n", NULL, ECONNRESET },
        { "HEAD /cut HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n\r\n", 0 },
    };
    fixture_start(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_buf in = { 0 };
        int fd = client_connect(&fixture);
        assert_true(client_send(fd, weft_str_from_c(cases[i].request)));
        if (cases[i].found != NULL) client_read_until(fd, &in, cases[i].found);
        FIXTURE_WAIT(atomic_load(&fixture.held_count) == 1);
        fixture_release(&fixture);
        errno = 0;
        client_read_to_end(fd, &in);
        assert_int_equal(errno, cases[i].error);
        if (cases[i].found != NULL) {
            size_t len = strlen(cases[i].found);
            assert_true(in.len > len);
            assert_memory_equal(in.data + in.len - len, cases[i].found, len);
        }
        weft_buf_release(&in);
        close(fd);
    }
}

static void head_has_no_body(void **state)
{
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    int fd = client_connect(&fixture);
    client_send(fd, WEFT_S("HEAD /b HTTP/1.1\r\n" LAST "\r\n"));
    client_read_to_end(fd, &in);
    assert_true(buf_has(&in, "content-length: 3\r\n"));
    assert_memory_equal(in.data + in.len - 4, "\r\n\r\n", 4);
    weft_buf_release(&in);
    close(fd);
}

static void pipelined_in_order(void **state)
{
    fixture_start(&fixture);
    struct weft_buf in = { 0 }, out = { 0 };
    int fd = client_connect(&fixture);
    for (int i = 0; i < 50; i++) /* every other reply comes later than the next request is there */
        weft_buf_printf(&out, "POST /%s HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n<%02d>",
                        i % 2 ? "echo" : "later", i);
    weft_buf_append_c(&out, "GET /last HTTP/1.1\r\n" LAST "\r\n");
    client_send(fd, weft_buf_str(&out));
    client_read_to_end(fd, &in);
    size_t at = 0;
    for (int i = 0; i < 50; i++) {
        char text[16];
        snprintf(text, sizeof text, "<%02d>", i);
        const char *found = memmem(in.data + at, in.len - at, text, 4);
        if (found == NULL) fail_msg("reply %d is missing or out of order", i);
        at = (size_t)(found - in.data);
    }
    assert_int_equal(buf_count(&in, "HTTP/1.1 200"), 51);
    weft_buf_release(&in);
    weft_buf_release(&out);
    close(fd);
}

static void byte_by_byte(void **state)
{
    fixture_start(&fixture);
    static const char request[] =
        "POST /echo HTTP/1.1\r\n" LAST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    struct weft_buf in = { 0 };
    int fd = client_connect(&fixture), one = 1;
    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one);
    for (size_t i = 0; i < sizeof request - 1; i++) client_send(fd, weft_str_make(request + i, 1));
    client_read_to_end(fd, &in);
    assert_true(buf_has(&in, "\r\n\r\nhello"));
    weft_buf_release(&in);
    close(fd);
}

static void big_bodies(void **state)
{
    fixture_start(&fixture);
    struct weft_buf in = { 0 }, out = { 0 };
    int fd = client_connect(&fixture);
    weft_buf_append_c(&out, "POST /echo HTTP/1.1\r\n" LAST "Content-Length: 3000000\r\n\r\n");
    size_t head = out.len;
    for (uint32_t i = 0; i < 750000; i++) weft_buf_append(&out, &i, 4);
    client_send(fd, weft_buf_str(&out));
    client_read_to_end(fd, &in);
    assert_true(in.len > 3000000);
    assert_memory_equal(in.data + in.len - 3000000, out.data + head, 3000000);
    weft_buf_release(&in);
    weft_buf_release(&out);
    close(fd);
}

static void expect_continue(void **state)
{
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    int fd = client_connect(&fixture);
    client_send(fd, WEFT_S("POST /echo HTTP/1.1\r\n" LAST
                           "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    client_read_until(fd, &in, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_false(buf_has(&in, "200"));
    client_send(fd, WEFT_S("hello"));
    client_read_to_end(fd, &in);
    assert_true(buf_has(&in, "\r\n\r\nhello"));
    weft_buf_release(&in);
    close(fd);
    /* Refused before the body: no 100, and the connection ends, since nobody knows whether the body comes. */
    TALK("POST /deny HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
         "HTTP/1.1 403", "connection: close");
    TALK("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 200-maybe\r\nContent-Length: 5\r\n\r\n",
         "HTTP/1.1 417");
}

static void early_answer_keeps_the_connection(void **state)
{
    fixture_start(&fixture);
    TALK("POST /deny HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /next "
         "HTTP/1.1\r\n" LAST "\r\n",
         "HTTP/1.1 403", "/next?");
}

static void limits(void **state)
{
    fixture.options.limits.header_bytes_max = 512;
    fixture.options.limits.header_count_max = 5;
    fixture.options.limits.body_bytes_max = 100;
    fixture_start(&fixture);
    struct weft_buf long_header = { 0 };
    weft_buf_printf(&long_header, "GET / HTTP/1.1\r\nHost: h\r\nX: %0600d\r\n\r\n", 1);
    weft_buf_append_byte(&long_header, '\0');
    TALK(long_header.data, "HTTP/1.1 431", "connection: close");
    weft_buf_release(&long_header);
    TALK("GET / HTTP/1.1\r\nHost: h\r\na: 1\r\nb: 1\r\nc: 1\r\nd: 1\r\ne: 1\r\n\r\n",
         "HTTP/1.1 431");
    /* Told too large: answered without a byte of it. */
    TALK("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n", "HTTP/1.1 413",
         "connection: close", "100 bytes");
    TALK("POST /echo HTTP/1.1\r\n" LAST "Transfer-Encoding: chunked\r\n\r\n80\r\n"
         "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
         "000000000000000000000000000000000000000\r\n",
         "HTTP/1.1 413");
    assert_int_equal(atomic_load(&fixture.handled), 0);
}

static void budget(void **state)
{
    fixture.budget.limit_bytes = 10000;
    fixture_start(&fixture);
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 10001\r\n\r\n", "HTTP/1.1 429",
         "retry-after: 1\r\n");
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 200", "hello");
    TALK("POST /echo HTTP/1.1\r\n" LAST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nffff\r\n"
         "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
         "000000000000000000000000000000000000000",
         "\r\n\r\n");
}

/* Large requests of others may fill half the budget; the rest is for connections that hold less than a quarter. */
static void budget_is_shared(void **state)
{
    fixture.budget.limit_bytes = 100000;
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    int large = client_connect(&fixture);
    client_send(large, WEFT_S("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 40000\r\n\r\nhalf"));
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) > 40000);
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 40000\r\n\r\n", "HTTP/1.1 429");
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 200", "hello");
    close(large);
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) == 0);
    large = client_connect(&fixture);
    client_send(large, WEFT_S("POST /echo HTTP/1.1\r\n" LAST
                              "Expect: 100-continue\r\nContent-Length: 40000\r\n\r\n"));
    client_read_until(large, &in, "100 Continue");
    close(large);
    weft_buf_release(&in);
}

/* However many small requests are open, a large one finds room, and the other way round. */
static void budget_of_small_and_large(void **state)
{
    fixture.budget.limit_bytes = 1600000;
    fixture_start(&fixture);
    int fds[6];
    for (unsigned i = 0; i < 4; i++) {
        fds[i] = client_connect(&fixture);
        client_send(fds[i],
                    WEFT_S("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 100000\r\n\r\nx"));
        FIXTURE_WAIT(atomic_load(&fixture.budget.small_bytes) == 100000 * (i + 1));
    }
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 100\r\n\r\n", "HTTP/1.1 429");
    fds[4] = client_connect(&fixture);
    client_send(fds[4], WEFT_S("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 600000\r\n\r\nx"));
    FIXTURE_WAIT(atomic_load(&fixture.budget.large_bytes) == 600000);
    for (unsigned i = 0; i < 4; i++) close(fds[i]);
    FIXTURE_WAIT(atomic_load(&fixture.budget.small_bytes) == 0);
    fds[5] = client_connect(&fixture);
    client_send(fds[5], WEFT_S("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 600000\r\n\r\nx"));
    FIXTURE_WAIT(atomic_load(&fixture.budget.large_bytes) == 1200000);
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 110000\r\n\r\n", "HTTP/1.1 429");
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 200", "hello");
    close(fds[4]);
    close(fds[5]);
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) == 0);
    assert_int_equal(atomic_load(&fixture.budget.large_bytes), 0);
}

/* A full budget does not keep anybody from asking how the server is. */
static void vital_requests_pass(void **state)
{
    fixture.budget.limit_bytes = 10;
    fixture_start(&fixture);
    TALK("GET /vital HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200", "/vital?");
    TALK("GET /other HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 429");
    TALK("POST /vital HTTP/1.1\r\n" LAST "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 429");
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) == 0);
}

/* Who claims much and sends little gives way once memory is short. */
static void slow_body_gives_way(void **state)
{
    fixture.budget.limit_bytes = 1600000;
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    int fds[2];
    for (unsigned i = 0; i < 2; i++) {
        fds[i] = client_connect(&fixture);
        client_send(fds[i],
                    WEFT_S("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 600000\r\n\r\nx"));
        FIXTURE_WAIT(atomic_load(&fixture.budget.large_bytes) == 600000 * (i + 1));
    }
    client_read_until(fds[0], &in,
                      "HTTP/1.1 429"); /* the older one; then memory is not short any more */
    weft_buf_reset(&in);
    client_send(fds[1], WEFT_S("y"));
    assert_int_equal(atomic_load(&fixture.budget.large_bytes), 600000);
    close(fds[0]);
    close(fds[1]);
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) == 0);
    weft_buf_release(&in);
}

/* Replies that nobody reads count: nothing large is taken until they are gone. */
static void budget_counts_unread_replies(void **state)
{
    struct weft_buf requests = { 0 };
    fixture.budget.limit_bytes = 1 << 20;
    fixture_start(&fixture);
    int fd = client_connect(&fixture);
    for (int i = 0; i < 32; i++) /* more than the system's own buffers hold */
        weft_buf_append_c(&requests, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    client_send(fd, weft_buf_str(&requests));
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) > 1 << 20);
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 5\r\n\r\n", "HTTP/1.1 429");
    close(fd);
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) == 0);
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 200");
    weft_buf_release(&requests);
}

/* What an open request is counted as: regions are smaller where nothing is pooled (base/alloc.h). */
static int64_t open_request_bytes(void)
{
    fixture_start(&fixture);
    int fd = client_connect(&fixture);
    client_send(fd, WEFT_S("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    FIXTURE_WAIT(atomic_load(&fixture.held_count) == 1);
    int64_t bytes = atomic_load(&fixture.budget.used_bytes);
    fixture_release(&fixture);
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) == 0);
    close(fd);
    fixture_stop(&fixture);
    fixture_init(&fixture);
    return bytes;
}

/* Requests without a body are not free. */
static void budget_counts_open_requests(void **state)
{
    int64_t bytes = open_request_bytes();
    assert_in_range(bytes, 500, 8000);
    fixture.budget.limit_bytes = bytes * 17 / 2;
    fixture_start(&fixture);
    int fds[8];
    for (unsigned i = 0; i < 8; i++) {
        fds[i] = client_connect(&fixture);
        client_send(fds[i], WEFT_S("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
        FIXTURE_WAIT(atomic_load(&fixture.held_count) == i + 1);
    }
    TALK("GET /ninth HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 429", "retry-after: 1\r\n");
    fixture_release(&fixture);
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) == 0);
    TALK("GET /ninth HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200");
    for (unsigned i = 0; i < 8; i++) close(fds[i]);
}

/* Each is read differently by some parser somewhere: refused, and the connection ends, so that "GET /smuggled" is never a request. */
static void smuggling(void **state)
{
    static const char *const vectors[] = {
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\x0b"
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n Transfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\nHost: h\n\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /# HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: h\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5;a=\n\r\nhello\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    };
    fixture_start(&fixture);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct weft_buf in = { 0 }, out = { 0 };
        int fd = client_connect(&fixture);
        weft_buf_append_c(&out, vectors[i]);
        weft_buf_append_c(&out, "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
        client_send(fd, weft_buf_str(&out));
        client_read_to_end(fd, &in);
        bool is_refused = buf_has(&in, "HTTP/1.1 400") || buf_has(&in, "HTTP/1.1 501") ||
                          buf_has(&in, "HTTP/1.1 505");
        if (!is_refused || !buf_has(&in, "connection: close") || buf_has(&in, "/smuggled") ||
            buf_count(&in, "HTTP/1.1") != 1)
            fail_msg("vector %zu:\n%s\nfound:\n%.*s", i, vectors[i], (int)in.len, in.data);
        weft_buf_release(&in);
        weft_buf_release(&out);
        close(fd);
    }
    assert_int_equal(atomic_load(&fixture.handled), 0);
}

static void timeouts(void **state)
{
    fixture.options.limits.first_byte_ns_max = 50 * MS;
    fixture.options.limits.header_ns_max = 60 * MS;
    fixture.options.limits.body_ns_max = 70 * MS;
    fixture.options.limits.idle_ns_max = 80 * MS;
    fixture_start(&fixture);
    static const struct {
        const char *name, *sent;
        int replies;
        const char *expected;
    } cases[] = {
        { "no byte", "", 0, NULL },
        { "maybe HTTP/2", "PRI *", 0, NULL },
        { "header", "GET / HTTP/1.1\r\nHost:", 1, "408" },
        { "second header", "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /", 2, "408" },
        { "body", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\nabc", 1, "408" },
        { "chunked body",
          "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", 1,
          "408" },
        { "discarded body", "POST /deny HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc", 1,
          "403" },
        { "idle", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 1, "200" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_buf in = { 0 };
        int fd = client_connect(&fixture);
        client_send(fd, weft_str_from_c(cases[i].sent));
        client_read_to_end(fd, &in);
        if (buf_count(&in, "HTTP/1.1 ") != (unsigned)cases[i].replies ||
            (cases[i].expected != NULL && !buf_has(&in, cases[i].expected)))
            fail_msg("%s: found:\n%.*s", cases[i].name, (int)in.len, in.data);
        weft_buf_release(&in);
        close(fd);
    }
}

/* One byte now and then does not move the deadline of the header. */
static void slowloris(void **state)
{
    fixture.options.limits.header_ns_max = 100 * MS;
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    int fd = client_connect(&fixture);
    client_send(fd, WEFT_S("GET / HTTP/1.1\r\n"));
    for (int i = 0; i < 1000 && client_send(fd, WEFT_S("X: y\r\n")); i++) {
        char byte;
        if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) break;
        weft_clock_sleep_ns(5 * MS);
    }
    client_read_to_end(fd, &in);
    assert_true(buf_has(&in, "HTTP/1.1 408"));
    weft_buf_release(&in);
    close(fd);
}

static void reader_that_does_not_read(void **state)
{
    fixture.options.limits.write_ns_max = 100 * MS;
    fixture_start(&fixture);
    uint64_t before = fixture_refused(&fixture, WEFT_HTTP_REFUSED_TIMEOUT);
    struct weft_buf in = { 0 };
    int fd = client_connect(&fixture);
    for (int i = 0; i < 64; i++) client_send(fd, WEFT_S("GET /big HTTP/1.1\r\nHost: h\r\n\r\n"));
    FIXTURE_WAIT(fixture_refused(&fixture, WEFT_HTTP_REFUSED_TIMEOUT) == before + 1);
    client_read_to_end(fd, &in);
    assert_true(in.len < 64u << 20);
    /* Replies were made only as far as they fit: socket buffers and a bound, not 64 MiB. */
    assert_true(atomic_load(&fixture.handled) < 64);
    weft_buf_release(&in);
    close(fd);
}

static void connections_are_bounded(void **state)
{
    fixture.options.limits.connections_max = 2;
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    int fds[3];
    for (int i = 0; i < 2; i++) {
        fds[i] = client_connect(&fixture);
        client_send(fds[i], WEFT_S("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
        weft_buf_reset(&in);
        client_read_until(fds[i], &in, "/?");
    }
    fds[2] = client_connect(&fixture);
    weft_buf_reset(&in);
    client_read_to_end(fds[2], &in);
    assert_int_equal(in.len, 0);
    for (int i = 0; i < 3; i++) close(fds[i]);
    weft_buf_release(&in);
}

static void peer_gone_before_the_reply(void **state)
{
    struct weft_buf body = { 0 };
    fixture_start(&fixture);
    int fd = client_connect(&fixture);
    client_send(fd, WEFT_S("POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n"));
    FIXTURE_WAIT(atomic_load(&fixture.budget.used_bytes) > 50000);
    weft_buf_append_zero(&body, 50000);
    client_send(fd, weft_buf_str(&body));
    weft_buf_release(&body);
    FIXTURE_WAIT(atomic_load(&fixture.held_count) == 1);
    /* /hold gave the body back; the request itself still counts */
    assert_in_range(atomic_load(&fixture.budget.used_bytes), 1, 10000);
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    FIXTURE_WAIT(atomic_load(&weft_http_metrics_for("test")->open_count) == 0);
    assert_int_equal(atomic_load(&fixture.left_count), 1);
    fixture_release(&fixture);
    FIXTURE_WAIT(atomic_load(&fixture.held_closed_count) == 1);
}

static void half_closed_peer_gets_its_reply(void **state)
{
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    int fd = client_connect(&fixture);
    client_send(
        fd, WEFT_S("GET /hold HTTP/1.1\r\nHost: h\r\n\r\nGET /second HTTP/1.1\r\nHost: h\r\n\r\n"));
    shutdown(fd, SHUT_WR);
    FIXTURE_WAIT(atomic_load(&fixture.held_count) == 1);
    FIXTURE_WAIT(atomic_load(&fixture.left_count) == 1); /* the handler is told, and may answer */
    fixture_release(&fixture);
    client_read_to_end(fd, &in);
    assert_int_equal(atomic_load(&fixture.left_count), 1);
    assert_true(buf_has(&in, "released"));
    assert_true(buf_has(&in, "/second?"));
    weft_buf_release(&in);
    close(fd);
}

static void drains(void **state)
{
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    int busy = client_connect(&fixture), idle = client_connect(&fixture);
    client_send(idle, WEFT_S("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read_until(idle, &in, "/?");
    weft_buf_reset(&in);
    client_send(busy, WEFT_S("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    FIXTURE_WAIT(atomic_load(&fixture.held_count) == 1);
    weft_http_server_drain(fixture.server, 60 * WEFT_NS_PER_SECOND, fixture_drained, &fixture);
    client_read_to_end(idle, &in);
    assert_int_equal(in.len, 0);
    assert_false(atomic_load(&fixture.is_drained));
    fixture_release(&fixture);
    client_read_to_end(busy, &in);
    assert_true(buf_has(&in, "released"));
    assert_true(buf_has(&in, "connection: close"));
    close(busy);
    close(idle);
    FIXTURE_WAIT(atomic_load(&fixture.is_drained));
    weft_buf_release(&in);
}

static void drain_is_bounded(void **state)
{
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    int fd = client_connect(&fixture);
    client_send(fd, WEFT_S("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    FIXTURE_WAIT(atomic_load(&fixture.held_count) == 1);
    weft_http_server_drain(fixture.server, 20 * MS, fixture_drained, &fixture);
    client_read_to_end(fd, &in);
    FIXTURE_WAIT(atomic_load(&fixture.is_drained));
    assert_int_equal(in.len, 0);
    weft_buf_release(&in);
    close(fd);
}

static void unix_socket(void **state)
{
    char path[64], endpoint[80];
    snprintf(path, sizeof path, "/tmp/weft-net-test-%d.sock", (int)getpid());
    snprintf(endpoint, sizeof endpoint, "unix:%s", path);
    /* A file left over from a crash is in the way, and is taken over. */
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    unlink(path);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(stale, (const struct sockaddr *)&at, sizeof at), 0);
    close(stale);
    fixture.options.endpoint = endpoint;
    fixture_start(&fixture);
    assert_string_equal(fixture.address, endpoint);
    TALK("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 5\r\n\r\nhello", "hello");
    struct weft_http_listener_options second = fixture.options;
    struct weft_http_server *other;
    struct weft_loop *loop;
    struct weft_err err;
    char address[108];
    assert_int_equal(weft_loop_create(&loop, 0, NULL), WEFT_OK);
    assert_int_equal(weft_http_server_create(&other, &loop, 1, NULL), WEFT_OK);
    assert_true(weft_http_server_listen(other, &second, address, &err) < 0); /* a live one is not */
    second.endpoint = "[::1]:0";
    if (weft_http_server_listen(other, &second, address, &err) == WEFT_OK) {
        second.endpoint = address; /* SO_REUSEPORT must not hide that it is taken */
        char again[108];
        assert_int_equal(weft_http_server_listen(other, &second, again, &err), WEFT_BUSY);
    }
    weft_http_server_destroy(other);
    weft_loop_destroy(loop);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(answers),
        TEST(cut_is_no_end),
        TEST(head_has_no_body),
        TEST(pipelined_in_order),
        TEST(byte_by_byte),
        TEST(big_bodies),
        TEST(expect_continue),
        TEST(early_answer_keeps_the_connection),
        TEST(limits),
        TEST(budget),
        TEST(budget_is_shared),
        TEST(budget_of_small_and_large),
        TEST(vital_requests_pass),
        TEST(slow_body_gives_way),
        TEST(budget_counts_open_requests),
        TEST(budget_counts_unread_replies),
        TEST(smuggling),
        TEST(timeouts),
        TEST(slowloris),
        TEST(reader_that_does_not_read),
        TEST(connections_are_bounded),
        TEST(peer_gone_before_the_reply),
        TEST(half_closed_peer_gets_its_reply),
        TEST(drains),
        TEST(drain_is_bounded),
        TEST(unix_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
