/* http1_reply.c -- HTTP/1.1, the way out: a reply becomes text, whole or in chunks, and decides what the connection does next. */
#include <sys/socket.h>

#include "net/http1_session.h"

#define DISCARD_BYTES_MAX \
    (256u << 10) /* of a body nobody wants: reading it is cheaper than a new connection */
#define WAITING_BYTES_MAX (1u << 20)

static struct weft_http1_session *session_of(const struct weft_http_exchange *exchange)
{
    return exchange->connection->session;
}

static bool body_is_forbidden(int status)
{
    return status < 200 || status == 204 || status == 304;
}

/* May the connection carry another request after this reply? Decided before the head is written, which says so. */
static bool keeps_alive(const struct weft_http_exchange *exchange)
{
    const struct weft_http1_session *session = session_of(exchange);
    if (!session->keeps_alive || exchange->worker->is_draining) return false;
    if (exchange->is_body_complete || !session->has_body) return true;
    if (exchange->expects_continue && !exchange->has_sent_continue)
        return false; /* will it come or not? */
    return session->parser.body_kind == WEFT_HTTP1_LENGTH &&
           weft_http1_body_remaining(&session->parser) <= DISCARD_BYTES_MAX;
}

static void field_append(struct weft_buf *out, struct weft_str name, struct weft_str value)
{
    if (!weft_http1_is_token(name) || !weft_http1_is_field_value(value))
        return; /* never let a value split a reply */
    weft_buf_append_str(out, name);
    weft_buf_append(out, ": ", 2);
    weft_buf_append_str(out, value);
    weft_buf_append(out, "\r\n", 2);
}

static void head_append(struct weft_http_exchange *exchange, const struct weft_http_reply *reply,
                        bool is_chunked)
{
    const struct weft_http1_session *session = session_of(exchange);
    struct weft_buf *out = &exchange->connection->out;
    weft_buf_printf(out, "HTTP/1.1 %03d %s\r\n", reply->status, weft_http1_reason(reply->status));
    field_append(out, WEFT_S("date"), weft_http_worker_date(exchange->worker));
    if (reply->content_type.len > 0) field_append(out, WEFT_S("content-type"), reply->content_type);
    for (uint32_t i = 0; i < reply->header_count; i++)
        field_append(out, reply->headers[i].name, reply->headers[i].value);
    if (is_chunked)
        weft_buf_append_c(out, "transfer-encoding: chunked\r\n");
    else if (exchange->is_finished && !body_is_forbidden(reply->status))
        weft_buf_printf(out, "content-length: %zu\r\n", reply->body.len);
    if (!session->keeps_alive)
        weft_buf_append_c(out, "connection: close\r\n");
    else if (session->is_minor_zero)
        weft_buf_append_c(out, "connection: keep-alive\r\n");
    weft_buf_append(out, "\r\n", 2);
}

/* The last byte of the reply is in connection->out. */
static void exchange_end(struct weft_http_exchange *exchange)
{
    struct weft_http_connection *connection = exchange->connection;
    struct weft_http1_session *session = connection->session;
    bool is_body_complete = exchange->is_body_complete;
    session->exchange = NULL;
    weft_http_exchange_destroy(exchange);
    session->idle_since_ns = weft_loop_now_ns(connection->worker->loop);
    if (!session->keeps_alive)
        weft_http_connection_close_after_write(connection);
    else if (!is_body_complete)
        session->is_discarding = true;
    else
        weft_http1_reset(&session->parser);
    weft_http_connection_flush_later(connection);
    weft_http_connection_timer_update(connection);
    weft_http1_process_held(connection);
}

void weft_http1_reply(struct weft_http_exchange *exchange, const struct weft_http_reply *reply)
{
    struct weft_http1_session *session = session_of(exchange);
    session->keeps_alive = keeps_alive(exchange);
    head_append(exchange, reply, false);
    if (exchange->public.method != WEFT_HTTP_HEAD && !body_is_forbidden(reply->status))
        weft_buf_append_str(&exchange->connection->out, reply->body);
    exchange_end(exchange);
}

static bool sends_body(const struct weft_http_exchange *exchange)
{
    return exchange->public.method != WEFT_HTTP_HEAD;
}

static void piece_append(struct weft_http_exchange *exchange, struct weft_str bytes)
{
    struct weft_buf *out = &exchange->connection->out;
    if (bytes.len == 0 || !sends_body(exchange)) return;
    bool is_chunked = !session_of(exchange)->is_minor_zero;
    if (is_chunked) weft_buf_printf(out, "%zx\r\n", bytes.len);
    weft_buf_append_str(out, bytes);
    if (is_chunked) weft_buf_append(out, "\r\n", 2);
    weft_http_connection_flush_later(exchange->connection);
}

void weft_http1_start(struct weft_http_exchange *exchange, const struct weft_http_reply *reply)
{
    struct weft_http1_session *session = session_of(exchange);
    session->keeps_alive = keeps_alive(exchange) &&
                           !session->is_minor_zero; /* 1.0: the end is the end of the connection */
    head_append(exchange, reply, !session->is_minor_zero);
    piece_append(exchange, reply->body);
    weft_http_connection_flush_later(exchange->connection);
}

int weft_http1_write(struct weft_http_exchange *exchange, struct weft_str bytes)
{
    if (weft_http_connection_unsent(exchange->connection) > WAITING_BYTES_MAX) return WEFT_FULL;
    piece_append(exchange, bytes);
    return WEFT_OK;
}

void weft_http1_finish(struct weft_http_exchange *exchange, const struct weft_http_header *trailers,
                       uint32_t trailer_count)
{
    if (sends_body(exchange) && !session_of(exchange)->is_minor_zero)
        weft_buf_append_c(&exchange->connection->out, "0\r\n\r\n");
    exchange_end(exchange);
}

void weft_http1_cut(struct weft_http_exchange *exchange)
{
    struct weft_http_connection *connection = exchange->connection;
    struct weft_http1_session *session = connection->session;
    if (session->is_minor_zero && sends_body(exchange)) {
        /* Here the end of the connection is the end of the body; a reset alone says otherwise. */
        struct linger none = { .l_onoff = 1, .l_linger = 0 };
        setsockopt(connection->watch.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        connection->closes_after_write = true; /* nothing more is read of what has come */
        weft_http_connection_close(connection);
        return;
    }
    session->keeps_alive = false;
    exchange_end(exchange);
}
