/* http1_server.c -- HTTP/1.1 connections: requests in, one after the other, in order.
 *
 *                 +------------------------------ reply -----------------------------+
 *                 v                                                                  |
 *      idle -> header -> (admit) -> body -> (hand over) -> waiting for the reply ----+--> closing
 *                            \                                                       ^
 *                             +-- answered early: rest of the body is discarded -----+
 *
 * While a reply is owed nothing is parsed: pipelined requests stay in connection->in, and reading pauses when that is full.
 * A body of known length is read from the socket straight into its place.
 */
#include "base/alloc.h"
#include "net/http1_session.h"

#define HELD_BYTES_MAX (64u << 10)
#define DIRECT_BYTES_MIN \
    4096 /* below, reading on into the worker's buffer gets the next request too */

static uint64_t now_of(const struct weft_http_connection *connection)
{
    return weft_loop_now_ns(connection->worker->loop);
}

void weft_http1_session_create(struct weft_http_connection *connection)
{
    struct weft_http1_session *session = weft_alloc_zero(sizeof *session);
    const struct weft_http_limits *limits = &connection->listener->limits;
    uint32_t fields_max = limits->header_count_max < WEFT_HTTP_FIELDS_MAX ? limits->header_count_max
                                                                          : WEFT_HTTP_FIELDS_MAX;
    weft_http1_init(&session->parser, WEFT_HTTP1_REQUEST, connection->worker->fields, fields_max);
    session->parser.header_bytes_max = limits->header_bytes_max;
    session->parser.body_bytes_max =
        INT64_MAX; /* exchange.c counts, and answers in the listener's language */
    session->idle_since_ns = now_of(connection);
    connection->protocol = &weft_http1_protocol;
    connection->session = session;
}

static bool is_waiting(const struct weft_http_connection *connection)
{
    const struct weft_http1_session *session = connection->session;
    return connection->closes_after_write ||
           (session->exchange != NULL && session->exchange->is_handed_over) ||
           weft_http_connection_unsent(connection) >= WEFT_HTTP_OUT_BYTES_MAX;
}

/* ---- header ---- */

static void name_lower(struct weft_http_exchange *exchange)
{
    struct weft_str name = exchange->public.headers[exchange->public.header_count - 1].name;
    char *text = (char *)(uintptr_t)name.ptr; /* made by weft_http_exchange_header_add(), ours */
    for (size_t i = 0; i < name.len; i++)
        if (text[i] >= 'A' && text[i] <= 'Z') text[i] = (char)(text[i] + ('a' - 'A'));
}

static struct weft_http_exchange *exchange_open(struct weft_http_connection *connection)
{
    struct weft_http1_session *session = connection->session;
    session->exchange = weft_http_exchange_create(connection);
    session->exchange->public.http_major = 1;
    session->header_since_ns = 0;
    return session->exchange;
}

static bool fields_take(struct weft_http_exchange *exchange, const struct weft_http1_parser *parser)
{
    for (uint32_t i = 0; i < parser->field_count; i++) {
        if (!weft_http_exchange_header_add(exchange, parser->fields[i].name,
                                           parser->fields[i].value))
            return false;
        name_lower(exchange);
    }
    return true;
}

static bool target_take(struct weft_http_exchange *exchange, const struct weft_http1_parser *parser)
{
    struct weft_str path = parser->path;
    if (weft_str_find(parser->target, '#') >= 0) return false;
    if (parser->target_form == WEFT_HTTP1_ASTERISK || path.len == 0) path = WEFT_S("/");
    exchange->public.query = weft_arena_copy(&exchange->arena, parser->query);
    exchange->public.raw_path = weft_arena_copy(&exchange->arena, path);
    return weft_http_path_normalise(&exchange->arena, path, &exchange->public.path);
}

static void header_complete(struct weft_http_connection *connection, bool has_more_input)
{
    struct weft_http1_session *session = connection->session;
    const struct weft_http1_parser *parser = &session->parser;
    struct weft_http_exchange *exchange = exchange_open(connection);
    session->keeps_alive = parser->keeps_alive;
    session->is_minor_zero = parser->minor_version == 0;
    session->has_body = parser->body_kind != WEFT_HTTP1_NO_BODY;
    session->body_since_ns = now_of(connection);
    weft_http_exchange_method_set(exchange, parser->method);
    exchange->public.authority = weft_arena_copy(&exchange->arena, parser->host);
    exchange->public.content_length = parser->content_length;
    exchange->expects_continue = parser->expects_continue;
    if (!fields_take(exchange, parser)) {
        weft_http_exchange_refuse(exchange, WEFT_HTTP_REFUSED_HEADER, 431,
                                  "the request header has more than %u fields or %u bytes",
                                  connection->listener->limits.header_count_max,
                                  connection->listener->limits.header_bytes_max);
    } else if (!target_take(exchange, parser)) {
        weft_http_exchange_refuse(
            exchange, WEFT_HTTP_REFUSED_MALFORMED, 400,
            "the path must start with \"/\" and be percent-encoded without control characters");
    } else if (weft_http_exchange_admit(exchange, session->has_body) &&
               exchange->expects_continue && session->has_body && !has_more_input) {
        exchange->has_sent_continue = true;
        weft_buf_append_c(&connection->out, "HTTP/1.1 100 Continue\r\n\r\n");
        weft_http_connection_flush_later(connection);
    }
}

/* ---- messages ---- */

static void message_refuse(struct weft_http_connection *connection, int status,
                           const char *sentence)
{
    struct weft_http1_session *session = connection->session;
    enum weft_http_refusal why = status == 408                    ? WEFT_HTTP_REFUSED_TIMEOUT
                                 : status == 413                  ? WEFT_HTTP_REFUSED_BODY
                                 : status == 431 || status == 414 ? WEFT_HTTP_REFUSED_HEADER
                                                                  : WEFT_HTTP_REFUSED_MALFORMED;
    session->keeps_alive = false;
    if (session->is_discarding) { /* answered already */
        weft_http_refused(connection, why);
        weft_http_connection_close_after_write(connection);
        return;
    }
    if (session->exchange == NULL) exchange_open(connection);
    weft_http_exchange_refuse(session->exchange, why, status, "%s", sentence);
}

static void message_complete(struct weft_http_connection *connection)
{
    struct weft_http1_session *session = connection->session;
    if (!session->is_discarding) {
        weft_http_exchange_hand_over(session->exchange);
        return;
    }
    session->is_discarding = false;
    session->idle_since_ns = now_of(connection);
    weft_http1_reset(&session->parser);
    if (connection->worker->is_draining) weft_http_connection_close_after_write(connection);
}

/* Parse and act until more bytes are needed or a reply is owed. Returns the number of bytes done with. */
static size_t process(struct weft_http_connection *connection, struct weft_str input)
{
    struct weft_http1_session *session = connection->session;
    size_t at = 0;
    session->is_processing = true;
    while (!is_waiting(connection)) {
        size_t used;
        enum weft_http1_event event =
            weft_http1_parse(&session->parser, weft_str_tail(input, at), &used);
        at += used;
        if (event == WEFT_HTTP1_MORE) break;
        switch (event) {
        case WEFT_HTTP1_HEADER: header_complete(connection, at < input.len); break;
        case WEFT_HTTP1_BODY:
            if (!session->is_discarding)
                weft_http_exchange_body_append(session->exchange, session->parser.body);
            break;
        case WEFT_HTTP1_END: message_complete(connection); break;
        case WEFT_HTTP1_ERROR:
            message_refuse(connection, session->parser.error_status, session->parser.error);
            break;
        case WEFT_HTTP1_MORE: break;
        }
    }
    session->is_processing = false;
    return at;
}

/* After processing: what does the state mean for reading, and for a peer that has finished? */
static void settle(struct weft_http_connection *connection)
{
    struct weft_http1_session *session = connection->session;
    bool is_between = session->exchange == NULL && !session->is_discarding;
    if (is_between && connection->in.len > 0 && !is_waiting(connection)) {
        if (session->header_since_ns == 0) session->header_since_ns = now_of(connection);
    } else {
        session->header_since_ns = 0;
    }
    if (connection->peer_has_finished && !is_waiting(connection))
        weft_http_connection_close_after_write(connection);
    weft_http_connection_read_pause(connection,
                                    is_waiting(connection) && connection->in.len >= HELD_BYTES_MAX);
    weft_http_connection_timer_update(connection);
}

void weft_http1_process_held(struct weft_http_connection *connection)
{
    struct weft_http1_session *session = connection->session;
    if (session->is_processing || connection->is_closed) return;
    size_t used = process(connection, weft_buf_str(&connection->in));
    if (connection->is_closed) return;
    weft_buf_consume(&connection->in, used);
    if (connection->in.len == 0 && connection->in.capacity > 0) weft_buf_release(&connection->in);
    settle(connection);
}

/* ---- the connection's calls ---- */

static bool reads_body(const struct weft_http1_session *session)
{
    return session->exchange != NULL && !session->exchange->is_handed_over && session->has_body;
}

static char *session_read_place(struct weft_http_connection *connection, size_t *len)
{
    struct weft_http1_session *session = connection->session;
    struct weft_http_exchange *exchange = session->exchange;
    if (!reads_body(session) || connection->in.len > 0 ||
        session->parser.body_kind != WEFT_HTTP1_LENGTH)
        return NULL;
    uint64_t remaining = weft_http1_body_remaining(&session->parser);
    if (remaining < DIRECT_BYTES_MIN) return NULL;
    /* Limits and budget were settled at admission, by Content-Length. */
    if (!weft_http_exchange_body_reserve(exchange, remaining)) return NULL;
    *len = remaining;
    return exchange->body + exchange->body_len;
}

static void session_received(struct weft_http_connection *connection, struct weft_str bytes)
{
    struct weft_http1_session *session = connection->session;
    struct weft_http_exchange *exchange = session->exchange;
    if (reads_body(session) && exchange->body != NULL &&
        bytes.ptr == exchange->body + exchange->body_len) {
        exchange->body_len += bytes.len;
        weft_http1_body_taken(&session->parser, bytes.len);
        if (weft_http1_body_remaining(&session->parser) > 0) return;
        bytes = (struct weft_str){ NULL, 0 }; /* the parser now says END */
    }
    if (connection->in.len > 0) {
        weft_buf_append_str(&connection->in, bytes);
        weft_http1_process_held(connection);
        return;
    }
    size_t used = process(connection, bytes);
    if (connection->is_closed) return;
    weft_buf_append_str(&connection->in, weft_str_tail(bytes, used));
    settle(connection);
}

static void session_peer_finished(struct weft_http_connection *connection)
{
    /* Half closed: what is owed is still answered. Half a message is not worth an answer. */
    struct weft_http1_session *session = connection->session;
    if (session->exchange != NULL) weft_http_exchange_peer_left(session->exchange);
    if (!is_waiting(connection) && weft_http_connection_unsent(connection) == 0)
        weft_http_connection_close(connection);
    else if (session->exchange == NULL)
        weft_http_connection_close_after_write(connection);
}

static void session_pull(struct weft_http_connection *connection) {}

static void session_written(struct weft_http_connection *connection)
{
    if (connection->in.len > 0) weft_http1_process_held(connection);
}

static uint64_t session_deadline(const struct weft_http_connection *connection)
{
    const struct weft_http1_session *session = connection->session;
    const struct weft_http_limits *limits = &connection->listener->limits;
    if (session->is_discarding || reads_body(session))
        return session->body_since_ns + limits->body_ns_max;
    if (is_waiting(connection)) return WEFT_HTTP_NEVER;
    if (session->header_since_ns != 0) return session->header_since_ns + limits->header_ns_max;
    return session->idle_since_ns + limits->idle_ns_max;
}

static void session_expired(struct weft_http_connection *connection, uint64_t now_ns)
{
    struct weft_http1_session *session = connection->session;
    if (reads_body(session))
        message_refuse(connection, 408, "the request body did not come in time");
    else if (session->header_since_ns != 0)
        message_refuse(connection, 408, "the request header did not come in time");
    else
        weft_http_connection_close(connection);
}

static void session_refuse_slow_body(struct weft_http_exchange *exchange)
{
    struct weft_http1_session *session = exchange->connection->session;
    session->keeps_alive = false;
    weft_http_exchange_refuse_slow(exchange);
}

static void session_drain(struct weft_http_connection *connection)
{
    const struct weft_http1_session *session = connection->session;
    bool is_idle = session->exchange == NULL && !session->is_discarding && connection->in.len == 0;
    if (is_idle && weft_http1_is_idle(&session->parser))
        weft_http_connection_close_after_write(connection);
}

static void session_closed(struct weft_http_connection *connection)
{
    struct weft_http1_session *session = connection->session;
    if (session->exchange != NULL) weft_http_exchange_orphan(session->exchange);
    session->exchange = NULL;
}

static void session_release(struct weft_http_connection *connection)
{
    weft_free(connection->session);
}

const struct weft_http_protocol weft_http1_protocol = {
    .read_place = session_read_place,
    .received = session_received,
    .peer_finished = session_peer_finished,
    .pull = session_pull,
    .written = session_written,
    .deadline = session_deadline,
    .expired = session_expired,
    .refuse_slow_body = session_refuse_slow_body,
    .drain = session_drain,
    .closed = session_closed,
    .release = session_release,
    .reply = weft_http1_reply,
    .start = weft_http1_start,
    .write = weft_http1_write,
    .finish = weft_http1_finish,
    .cut = weft_http1_cut,
};
