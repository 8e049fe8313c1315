/* http_client.c -- a simple blocking HTTP/1.1 client. */
#include "net/http_client.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "net/client_socket.h"
#include "wire/compress.h"
#include "wire/http1.h"
#include <openssl/ssl.h>

#define FIELDS_MAX 128
#define READ_BYTES (64 * 1024)

struct weft_http_client {
    struct weft_http_client_options options;
    struct weft_endpoint endpoint;
    char name[280]; /* "127.0.0.1:16686", for connecting and the Host field */
    char host[256];
    char *prefix; /* path of the address, without '/' at its end */
    SSL_CTX *tls; /* NULL: http */
    struct weft_client_socket socket;
    struct weft_buf in; /* bytes read, not parsed yet */
    struct weft_http1_field fields[FIELDS_MAX];
};

/* --- address --- */

static int tls_make(struct weft_http_client *client, struct weft_err *err)
{
    client->tls = SSL_CTX_new(TLS_client_method());
    if (client->tls == NULL) return weft_fail(err, WEFT_IO, "OpenSSL gives no TLS context");
    SSL_CTX_set_min_proto_version(client->tls, TLS1_2_VERSION);
    SSL_CTX_set_mode(client->tls,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(
        client->tls, client->options.skips_verification ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    const char *file = client->options.ca_file;
    int loaded = file != NULL ? SSL_CTX_load_verify_locations(client->tls, file, NULL)
                              : SSL_CTX_set_default_verify_paths(client->tls);
    if (loaded != 1 && !client->options.skips_verification) {
        return weft_fail(err, WEFT_INVALID, "CA certificates: cannot read %s",
                         file != NULL ? file : "the system's");
    }
    return WEFT_OK;
}

/* "host", "host:port" or "[v6]:port" into name (always with a port) and host. */
static int authority_take(struct weft_http_client *client, struct weft_str authority,
                          const char *default_port, struct weft_err *err)
{
    bool has_brackets = authority.len > 0 && authority.ptr[0] == '[';
    ptrdiff_t bracket = weft_str_find(authority, ']');
    struct weft_str behind =
        has_brackets && bracket > 0 ? weft_str_tail(authority, (size_t)bracket + 1) : authority;
    ptrdiff_t colon = weft_str_find(behind, ':');
    size_t host_len = authority.len - (colon < 0 ? 0 : behind.len - (size_t)colon);
    struct weft_str host = { authority.ptr, host_len };
    if (host.len == 0 || authority.len > 255) {
        return weft_fail(
            err, WEFT_INVALID,
            "address has no host, expected http://host:port, https://host:port or unix:/path");
    }
    snprintf(client->name, sizeof client->name, "%.*s%s%s", WEFT_S_ARG(authority),
             colon < 0 ? ":" : "", colon < 0 ? default_port : "");
    if (has_brackets && host.len >= 2) host = weft_str_make(host.ptr + 1, host.len - 2);
    snprintf(client->host, sizeof client->host, "%.*s", WEFT_S_ARG(host));
    return weft_endpoint_parse(&client->endpoint, weft_str_from_c(client->name), err);
}

static int address_take(struct weft_http_client *client, struct weft_str address,
                        struct weft_err *err)
{
    if (weft_str_starts_with(address, WEFT_S("unix:"))) {
        snprintf(client->name, sizeof client->name, "%.*s", WEFT_S_ARG(address));
        snprintf(client->host, sizeof client->host, "localhost");
        client->prefix = weft_alloc_zero(1);
        return weft_endpoint_parse(&client->endpoint, address, err);
    }
    bool is_https = weft_str_starts_with(address, WEFT_S("https://"));
    bool is_http = weft_str_starts_with(address, WEFT_S("http://"));
    struct weft_str rest = weft_str_tail(address, is_https ? 8 : is_http ? 7 : 0);
    struct weft_str authority = weft_str_split(&rest, '/');
    if (!is_http && !is_https && weft_str_find(address, '/') >= 0 && rest.len > 0 &&
        rest.ptr[0] == '/') {
        return weft_fail(
            err, WEFT_INVALID,
            "address \"%.*s\": expected http://host:port, https://host:port or unix:/path",
            WEFT_S_ARG(address));
    }
    while (rest.len > 0 && rest.ptr[rest.len - 1] == '/') rest.len--;
    if (!weft_http1_is_field_value(address) || weft_str_find(address, ' ') >= 0) {
        return weft_fail(err, WEFT_INVALID, "address \"%.*s\" has a space or control character",
                         WEFT_S_ARG(address));
    }
    client->prefix = weft_alloc_zero(rest.len + 2);
    if (rest.len > 0) snprintf(client->prefix, rest.len + 2, "/%.*s", WEFT_S_ARG(rest));
    int rc = authority_take(client, authority, is_https ? "443" : "80", err);
    if (rc == WEFT_OK && is_https) rc = tls_make(client, err);
    return rc;
}

int weft_http_client_create(struct weft_http_client **out, struct weft_str address,
                            const struct weft_http_client_options *options, struct weft_err *err)
{
    struct weft_http_client *client = weft_alloc_zero(sizeof *client);
    client->socket.fd = -1;
    if (options != NULL) client->options = *options;
    struct weft_http_client_options *o = &client->options;
    if (o->connect_ns_max == 0) o->connect_ns_max = 5 * WEFT_NS_PER_SECOND;
    if (o->idle_ns_max == 0) o->idle_ns_max = 60 * WEFT_NS_PER_SECOND;
    if (o->response_bytes_max == 0) o->response_bytes_max = UINT64_C(256) * 1024 * 1024;
    int rc = address_take(client, address, err);
    if (rc < 0) {
        weft_http_client_destroy(client);
        return rc;
    }
    *out = client;
    return WEFT_OK;
}

void weft_http_client_destroy(struct weft_http_client *client)
{
    if (client == NULL) return;
    weft_client_socket_close(&client->socket);
    SSL_CTX_free(client->tls);
    weft_buf_release(&client->in);
    weft_free(client->prefix);
    weft_free(client);
}

void weft_http_response_release(struct weft_http_response *response)
{
    weft_buf_release(&response->body);
    weft_buf_release(&response->content_type);
    *response = (struct weft_http_response){ 0 };
}

/* --- a call --- */

struct exchange {
    const struct weft_http_call *call;
    struct weft_http_response *response;
    struct weft_http1_parser parser;
    enum weft_compression compression;
    bool is_streamed;
    bool has_answer; /* a byte of it came: the server did see the request */
};

static int request_write(struct weft_buf *out, const struct weft_http_client *client,
                         const struct weft_http_call *call, struct weft_err *err)
{
    const char *method = call->method != NULL ? call->method : call->body.len > 0 ? "POST" : "GET";
    weft_buf_printf(out, "%s %s%.*s HTTP/1.1\r\nHost: %s\r\nUser-Agent: weft/" WEFT_VERSION "\r\n",
                    method, client->prefix, WEFT_S_ARG(call->path),
                    client->endpoint.is_unix ? "localhost" : client->name);
    if (call->piece == NULL) weft_buf_append_c(out, "Accept-Encoding: gzip\r\n");
    if (call->content_type.len > 0)
        weft_buf_printf(out, "Content-Type: %.*s\r\n", WEFT_S_ARG(call->content_type));
    if (call->body.len > 0 || strcmp(method, "POST") == 0)
        weft_buf_printf(out, "Content-Length: %zu\r\n", call->body.len);
    for (uint32_t i = 0; i < call->header_count; i++) {
        const struct weft_http_header *h = &call->headers[i];
        if (!weft_http1_is_token(h->name) || !weft_http1_is_field_value(h->value)) {
            return weft_fail(
                err, WEFT_INVALID,
                "header \"%.*s\" cannot be sent: not a name, or a control character in its value",
                WEFT_S_ARG(h->name));
        }
        weft_buf_printf(out, "%.*s: %.*s\r\n", WEFT_S_ARG(h->name), WEFT_S_ARG(h->value));
    }
    weft_buf_append_c(out, "\r\n");
    for (size_t i = 0; i < call->path.len; i++) {
        if ((uint8_t)call->path.ptr[i] <= ' ' || (uint8_t)call->path.ptr[i] >= 0x7f) {
            return weft_fail(err, WEFT_INVALID,
                             "path \"%.*s\" has a byte that must be percent-encoded",
                             WEFT_S_ARG(call->path));
        }
    }
    weft_buf_append_str(out, call->body);
    return WEFT_OK;
}

static int header_take(struct exchange *x, struct weft_err *err)
{
    const struct weft_http1_parser *p = &x->parser;
    const struct weft_http1_field *encoding = weft_http1_field_find(p, WEFT_S("content-encoding"));
    const struct weft_http1_field *type = weft_http1_field_find(p, WEFT_S("content-type"));
    x->response->status = p->status;
    weft_buf_reset(&x->response->content_type);
    if (type != NULL) weft_buf_append_str(&x->response->content_type, type->value);
    x->is_streamed = x->call->piece != NULL && p->status == 200;
    x->compression = WEFT_COMPRESSION_NONE;
    if (encoding != NULL && !weft_compression_parse(encoding->value, &x->compression)) {
        return weft_fail(err, WEFT_UNSUPPORTED,
                         "answer is compressed with \"%.*s\", which is not known",
                         WEFT_S_ARG(encoding->value));
    }
    return WEFT_OK;
}

static int body_take(struct exchange *x, struct weft_err *err)
{
    if (x->is_streamed) {
        if (x->call->piece(x->call->self, x->parser.body)) return WEFT_OK;
        return weft_fail(err, WEFT_CANCELLED, "ended by the caller");
    }
    weft_buf_append_str(&x->response->body, x->parser.body);
    return WEFT_OK;
}

/* Act on what is in client->in. 1: the answer is complete. 0: more bytes are needed. */
static int answer_step(struct weft_http_client *client, struct exchange *x, struct weft_err *err)
{
    size_t at = 0;
    for (;;) {
        size_t used;
        enum weft_http1_event event =
            weft_http1_parse(&x->parser, weft_str_tail(weft_buf_str(&client->in), at), &used);
        int rc = WEFT_OK;
        at += used;
        if (event == WEFT_HTTP1_ERROR)
            return weft_fail(err, WEFT_INVALID, "answer of %s: %s", client->name, x->parser.error);
        if (event == WEFT_HTTP1_HEADER) rc = header_take(x, err);
        if (event == WEFT_HTTP1_BODY) rc = body_take(x, err);
        if (rc < 0) return rc;
        if (event == WEFT_HTTP1_MORE) {
            weft_buf_consume(&client->in, at);
            return 0;
        }
        if (event != WEFT_HTTP1_END) continue;
        if (x->parser.status >= 200) return 1;
        weft_http1_reset(&x->parser); /* 100 Continue, 103 Early Hints: the answer follows */
    }
}

static int answer_read(struct weft_http_client *client, struct exchange *x, struct weft_err *err)
{
    for (;;) {
        int rc = answer_step(client, x, err);
        if (rc != 0) return rc < 0 ? rc : WEFT_OK;
        size_t got;
        char *to = weft_buf_reserve(&client->in, READ_BYTES);
        rc = weft_client_socket_read(&client->socket, to, READ_BYTES, &got,
                                     x->is_streamed ? 0 : client->options.idle_ns_max, err);
        if (rc < 0) return rc;
        client->in.len += got;
        if (got > 0) {
            x->has_answer = true;
            continue;
        }
        enum weft_http1_event event = weft_http1_eof(&x->parser);
        if (event == WEFT_HTTP1_END) return WEFT_OK;
        return event == WEFT_HTTP1_MORE
                   ? weft_fail(err, WEFT_CLOSED, "%s closed the connection without an answer",
                               client->name)
                   : weft_fail(err, WEFT_CLOSED, "answer of %s: %s", client->name, x->parser.error);
    }
}

static int body_inflate(const struct weft_http_client *client, struct exchange *x,
                        struct weft_err *err)
{
    if (x->compression == WEFT_COMPRESSION_NONE || x->response->body.len == 0) return WEFT_OK;
    struct weft_buf packed = x->response->body;
    x->response->body = (struct weft_buf){ 0 };
    int rc = weft_decompress(&x->response->body, x->compression, weft_buf_str(&packed),
                             client->options.response_bytes_max, 0, err);
    weft_buf_release(&packed);
    return rc < 0 ? weft_err_wrap(err, "answer of %s", client->name) : WEFT_OK;
}

static int exchange_run(struct weft_http_client *client, struct exchange *x,
                        struct weft_str request, struct weft_err *err)
{
    int rc = WEFT_OK;
    if (client->socket.fd < 0) {
        rc = weft_client_socket_connect(&client->socket, &client->endpoint, client->name,
                                        client->tls, client->host, client->options.connect_ns_max,
                                        err);
    }
    weft_http1_init(&x->parser, WEFT_HTTP1_RESPONSE, client->fields, FIELDS_MAX);
    x->parser.body_bytes_max =
        x->call->piece != NULL ? UINT64_MAX : client->options.response_bytes_max;
    x->parser.answers_head = x->call->method != NULL && strcmp(x->call->method, "HEAD") == 0;
    x->has_answer = false;
    weft_buf_reset(&client->in);
    weft_buf_reset(&x->response->body);
    if (rc == WEFT_OK)
        rc = weft_client_socket_write(&client->socket, request, client->options.idle_ns_max, err);
    if (rc == WEFT_OK) rc = answer_read(client, x, err);
    if (rc < 0 || !x->parser.keeps_alive) weft_client_socket_close(&client->socket);
    return rc;
}

int weft_http_client_call(struct weft_http_client *client, const struct weft_http_call *call,
                          struct weft_http_response *response, struct weft_err *err)
{
    struct exchange x = { .call = call, .response = response };
    struct weft_buf request = { 0 };
    weft_http_response_release(response);
    int rc = request_write(&request, client, call, err);
    if (rc == WEFT_OK) {
        bool was_kept = client->socket.fd >= 0;
        rc = exchange_run(client, &x, weft_buf_str(&request), err);
        /* RFC 9112 9.3.1: a kept connection may have been closed just before; nothing of the answer came, so ask once more. */
        if (rc == WEFT_CLOSED && was_kept && !x.has_answer)
            rc = exchange_run(client, &x, weft_buf_str(&request), err);
    }
    weft_buf_release(&request);
    return rc < 0 ? rc : body_inflate(client, &x, err);
}
