/* http_client_test.c -- against a server of a few lines that answers with prepared bytes. */
#include "net/http_client.h"

#include "wire/compress.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

/* Accepts connections one after the other; each answers `answers[i]` to each request, then closes when `closes` says so. */
struct script {
    int listener;
    const struct weft_str *answers;
    size_t answer_count;
    bool closes;
    char seen[4096]; /* all requests */
    size_t seen_len;
    unsigned connections;
    pthread_t thread;
};

static bool request_read(struct script *s, int fd)
{
    size_t start = s->seen_len;
    while (s->seen_len < sizeof s->seen - 1) {
        ssize_t got = read(fd, s->seen + s->seen_len, sizeof s->seen - 1 - s->seen_len);
        if (got <= 0) return false;
        s->seen_len += (size_t)got;
        s->seen[s->seen_len] = 0;
        const char *end = strstr(s->seen + start, "\r\n\r\n"),
                   *length = strstr(s->seen + start, "Content-Length: ");
        if (end == NULL) continue;
        size_t body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
        if (s->seen + s->seen_len >= end + 4 + body) return true;
    }
    return false;
}

static void *script_run(void *arg)
{
    struct script *s = arg;
    for (size_t i = 0; i < s->answer_count;) {
        int fd = accept(s->listener, NULL, NULL);
        s->connections++;
        while (i < s->answer_count && request_read(s, fd)) {
            struct weft_str answer = s->answers[i++];
            /* In two parts, so that the client sees a cut. */
            if (write(fd, answer.ptr, answer.len / 2) < 0) break;
            usleep(1000);
            if (write(fd, answer.ptr + answer.len / 2, answer.len - answer.len / 2) < 0) break;
            if (s->closes) break;
        }
        close(fd);
    }
    return NULL;
}

static void script_start(struct script *s, char address[64])
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof in;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    getsockname(s->listener, (struct sockaddr *)&in, &len);
    snprintf(address, 64, "http://127.0.0.1:%u", ntohs(in.sin_port));
    pthread_create(&s->thread, NULL, script_run, s);
}

static void script_end(struct script *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static void test_answers(void **state)
{
    static const struct {
        const char *name;
        struct weft_str answer;
        int rc, status;
        const char *body, *sentence;
    } cases[] = {
        { "length", WEFT_S_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), WEFT_OK, 200,
          "hello", NULL },
        { "chunked",
          WEFT_S_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
          WEFT_OK, 200, "hello", NULL },
        { "until close", WEFT_S_INIT("HTTP/1.0 200 OK\r\n\r\nhello"), WEFT_OK, 200, "hello", NULL },
        { "not found", WEFT_S_INIT("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"),
          WEFT_OK, 404, "no", NULL },
        { "continue first",
          WEFT_S_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), WEFT_OK, 204,
          "", NULL },
        { "cut short", WEFT_S_INIT("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"),
          WEFT_CLOSED, 200, "hello", "closed in the middle of a body" },
        { "no HTTP", WEFT_S_INIT("220 mail.example ESMTP\r\n"), WEFT_INVALID, 0, "",
          "does not begin with HTTP/1" },
        { "too long", WEFT_S_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"), WEFT_INVALID,
          0, "", "at most 1000 allowed" },
        { "nothing", WEFT_S_INIT(""), WEFT_CLOSED, 0, "", "without an answer" },
        { "unknown encoding",
          WEFT_S_INIT("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx"),
          WEFT_UNSUPPORTED, 200, "", "\"br\"" },
    };
    struct weft_http_client_options options = { .response_bytes_max = 1000 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct script script = { .answers = &cases[i].answer, .answer_count = 1, .closes = true };
        char address[64];
        struct weft_http_client *client;
        struct weft_http_response response = { 0 };
        struct weft_err err = { 0 };
        script_start(&script, address);
        assert_int_equal(weft_http_client_create(&client, weft_str_from_c(address), &options, &err),
                         WEFT_OK);
        int rc = weft_http_client_call(
            client, &(struct weft_http_call){ .path = WEFT_S("/x?y=%20") }, &response, &err);
        if (rc != cases[i].rc) fail_msg("%s: %d %s", cases[i].name, rc, err.text);
        assert_int_equal(response.status, cases[i].status);
        assert_true(weft_str_equal_c(weft_buf_str(&response.body), cases[i].body));
        if (cases[i].sentence != NULL && strstr(err.text, cases[i].sentence) == NULL)
            fail_msg("%s: %s", cases[i].name, err.text);
        weft_http_client_destroy(client);
        script_end(&script);
        assert_non_null(strstr(script.seen, "GET /x?y=%20 HTTP/1.1\r\nHost: 127.0.0.1:"));
        weft_http_response_release(&response);
    }
}

/* C3.1.3: gzip answers; a POST with headers; the connection is kept, and opened again when it was closed meanwhile. */
static void test_kept_connection(void **state)
{
    struct weft_buf packed = { 0 }, gzip_answer = { 0 };
    assert_int_equal(weft_compress(&packed, WEFT_COMPRESSION_GZIP, WEFT_S("hello hello"), NULL),
                     WEFT_OK);
    weft_buf_printf(&gzip_answer,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: "
                    "gzip\r\nContent-Length: %zu\r\n\r\n",
                    packed.len);
    weft_buf_append_str(&gzip_answer, weft_buf_str(&packed));
    struct weft_str answers[] = { weft_buf_str(&gzip_answer), weft_buf_str(&gzip_answer),
                                  weft_buf_str(&gzip_answer) };
    for (int closes = 0; closes < 2; closes++) {
        struct script script = { .answers = answers, .answer_count = 3, .closes = closes };
        struct weft_http_header headers[] = { { WEFT_S("x-tenant"), WEFT_S("a") } };
        struct weft_http_client *client;
        struct weft_http_response response = { 0 };
        struct weft_err err = { 0 };
        char address[64], prefixed[80];
        script_start(&script, address);
        snprintf(prefixed, sizeof prefixed, "%s/tempo/", address);
        assert_int_equal(weft_http_client_create(&client, weft_str_from_c(prefixed), NULL, &err),
                         WEFT_OK);
        for (int i = 0; i < 3; i++) {
            int rc = weft_http_client_call(
                client,
                &(struct weft_http_call){ .path = WEFT_S("/v1/traces"),
                                          .headers = headers,
                                          .header_count = 1,
                                          .content_type = WEFT_S("application/json"),
                                          .body = WEFT_S("{}") },
                &response, &err);
            if (rc < 0) fail_msg("%s", err.text);
            assert_true(weft_str_equal_c(weft_buf_str(&response.body), "hello hello"));
            assert_true(weft_str_equal_c(weft_buf_str(&response.content_type), "text/plain"));
        }
        headers[0].value = WEFT_S("a\r\nb: c");
        assert_int_equal(
            weft_http_client_call(client,
                                  &(struct weft_http_call){ .headers = headers, .header_count = 1 },
                                  &response, &err),
            WEFT_INVALID);
        assert_int_equal(weft_http_client_call(client,
                                               &(struct weft_http_call){ .path = WEFT_S("/a b") },
                                               &response, &err),
                         WEFT_INVALID);
        weft_http_client_destroy(client);
        script_end(&script);
        assert_int_equal(script.connections, closes ? 3 : 1);
        assert_non_null(strstr(script.seen, "POST /tempo/v1/traces HTTP/1.1\r\n"));
        assert_non_null(strstr(script.seen, "x-tenant: a\r\n"));
        weft_http_response_release(&response);
    }
    weft_buf_release(&packed);
    weft_buf_release(&gzip_answer);
}

static bool piece_take(void *self, struct weft_str bytes)
{
    struct weft_buf *all = self;
    weft_buf_append_str(all, bytes);
    return all->len < 8;
}

static void test_stream(void **state)
{
    static const struct weft_str answer =
        WEFT_S_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none \r\n4\r\ntwo "
                    "\r\n5\r\nthree\r\n0\r\n\r\n");
    struct script script = { .answers = &answer, .answer_count = 1, .closes = true };
    struct weft_http_client *client;
    struct weft_http_response response = { 0 };
    struct weft_buf all = { 0 };
    struct weft_err err;
    char address[64];
    script_start(&script, address);
    assert_int_equal(weft_http_client_create(&client, weft_str_from_c(address), NULL, &err),
                     WEFT_OK);
    assert_int_equal(
        weft_http_client_call(
            client,
            &(struct weft_http_call){ .path = WEFT_S("/tail"), .piece = piece_take, .self = &all },
            &response, &err),
        WEFT_CANCELLED);
    assert_true(weft_str_equal_c(weft_buf_str(&all), "one two "));
    weft_http_client_destroy(client);
    script_end(&script);
    weft_http_response_release(&response);
    weft_buf_release(&all);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *address;
        int rc;
        const char *sentence;
    } cases[] = {
        { "http://127.0.0.1:1", WEFT_IO,
          "connect 127.0.0.1:1: Connection refused; is weft running?" },
        { "127.0.0.1:1", WEFT_IO, "connect 127.0.0.1:1: Connection refused; is weft running?" },
        { "https://127.0.0.1:1", WEFT_IO,
          "connect 127.0.0.1:1: Connection refused; is weft running?" },
        { "http://[::1]:1/x", WEFT_IO, "connect [::1]:1: " },
        { "unix:/nonexistent/weft.sock", WEFT_IO,
          "connect unix:/nonexistent/weft.sock: No such file or directory; is weft running?" },
        { "http://", WEFT_INVALID, "no host" },
        { "", WEFT_INVALID, "no host" },
        { "http://a b:1", WEFT_INVALID, "space" },
        { "http://127.0.0.1:99999", WEFT_INVALID, "port 0 to 65535" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_http_client *client = NULL;
        struct weft_http_response response = { 0 };
        struct weft_err err = { 0 };
        int rc = weft_http_client_create(&client, weft_str_from_c(cases[i].address), NULL, &err);
        if (rc == WEFT_OK)
            rc = weft_http_client_call(client, &(struct weft_http_call){ .path = WEFT_S("/") },
                                       &response, &err);
        if (rc != cases[i].rc || strstr(err.text, cases[i].sentence) == NULL)
            fail_msg("%s: %d %s", cases[i].address, rc, err.text);
        weft_http_client_destroy(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_kept_connection),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
