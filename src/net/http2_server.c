/* http2_server.c -- HTTP/2 connections: one nghttp2 session each; windows, deadlines, drain. Frames in: http2_frames.c, replies out:
 * http2_reply.c.
 *
 * One exchange a stream (its user data). The rest of a large DATA frame is received where the body lies (session_read_place());
 * other body bytes go from the read buffer into the exchange's buffer in one copy. Window updates are
 * nghttp2's automatic ones: memory is bounded by the body budget, which answers 429, and not by holding windows back, which would
 * let a sender hang without a word. Acks that a peer does not read are bounded by nghttp2 and by the write timeout.
 */
#include <pthread.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/http2_internal.h"

#define STREAM_WINDOW_BYTES (4 << 20)
#define CONNECTION_WINDOW_BYTES (16 << 20)
#define FRAME_BYTES_MAX (1 << 20)    /* the larger, the more of a body needs no copy */
#define DIRECT_BYTES_MIN (32u << 10) /* below, one large read for several frames costs less */
#define READ_BEHIND_BYTES (4u << 10) /* the next frame's header, and a little of its payload */
#define OUTBOUND_ACKS_MAX 200
#define FINAL_GOAWAY_NS WEFT_NS_PER_SECOND

static void *memory_alloc(size_t size, void *self)
{
    return weft_alloc(size);
}
static void memory_free(void *memory, void *self)
{
    weft_free(memory);
}
static void *memory_realloc(void *memory, size_t size, void *self)
{
    return weft_realloc(memory, size);
}
static void *memory_alloc_zero(size_t count, size_t size, void *self)
{
    return weft_alloc_array(count, size);
}
static nghttp2_mem memory = { NULL, memory_alloc, memory_free, memory_alloc_zero, memory_realloc };

static pthread_once_t shared_once = PTHREAD_ONCE_INIT; /* guards the making of the two below */
static nghttp2_session_callbacks *callbacks;
static nghttp2_option *options;

static void shared_create(void)
{
    nghttp2_session_callbacks_new(&callbacks);
    weft_http2_callbacks_set(callbacks);
    nghttp2_option_new(&options);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_outbound_ack(options, OUTBOUND_ACKS_MAX);
}

int weft_http2_session_create(struct weft_http_connection *connection)
{
    pthread_once(&shared_once, shared_create);
    const struct weft_http_limits *limits = &connection->listener->limits;
    struct weft_http2_session *session = weft_alloc_zero(sizeof *session);
    session->connection = connection;
    session->idle_since_ns = session->resets.updated_ns = session->controls.updated_ns =
        weft_http2_now_ns(session);
    connection->protocol = &weft_http2_protocol;
    connection->session = session;
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->streams_max },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES },
        { NGHTTP2_SETTINGS_MAX_FRAME_SIZE, FRAME_BYTES_MAX },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits->header_bytes_max },
        { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
    };
    if (nghttp2_session_server_new3(&session->nghttp2, callbacks, session, options, &memory) != 0)
        return WEFT_INVALID;
    nghttp2_submit_settings(session->nghttp2, NGHTTP2_FLAG_NONE, settings,
                            sizeof settings / sizeof settings[0]);
    nghttp2_session_set_local_window_size(session->nghttp2, NGHTTP2_FLAG_NONE, 0,
                                          CONNECTION_WINDOW_BYTES);
    return WEFT_OK;
}

static void session_release(struct weft_http_connection *connection)
{
    struct weft_http2_session *session = connection->session;
    nghttp2_session_del(session->nghttp2);
    weft_free(session);
}

static void session_closed(struct weft_http_connection *connection)
{
    struct weft_http2_session *session = connection->session;
    while (session->exchanges != NULL) {
        struct weft_http_exchange *exchange = session->exchanges;
        weft_http2_exchange_unlink(session, exchange);
        weft_http_exchange_orphan(exchange);
    }
}

/* Say why, then close. */
static void session_end(struct weft_http2_session *session, uint32_t error_code,
                        enum weft_http_refusal why)
{
    if (session->connection->closes_after_write) return;
    if (error_code != NGHTTP2_NO_ERROR) weft_http_refused(session->connection, why);
    nghttp2_session_terminate_session(session->nghttp2, error_code);
    weft_http_connection_close_after_write(session->connection);
}

/* The payload of the DATA frame that is coming is certain, so it is received into the body itself; nghttp2 then walks over it
 * there and weft_http_exchange_body_append() finds it in place. Never more than the frame: when its last byte was walked over,
 * the body may be answered and its memory reused, and no byte may stand there that nghttp2 has not seen. */
static char *session_read_place(struct weft_http_connection *connection, size_t *len)
{
    const struct weft_http2_session *session = connection->session;
    const struct weft_http_exchange *exchange = session->data_exchange;
    if (exchange == NULL || exchange->is_replied || session->data_left < DIRECT_BYTES_MIN)
        return NULL;
    size_t end = exchange->body_len + session->data_left;
    if (end > exchange->body_capacity || end > (uint64_t)exchange->budget_bytes) return NULL;
    *len = session->data_left;
    return exchange->body + exchange->body_len;
}

static void session_received(struct weft_http_connection *connection, struct weft_str bytes)
{
    struct weft_http2_session *session = connection->session;
    ssize_t used =
        nghttp2_session_mem_recv(session->nghttp2, (const uint8_t *)bytes.ptr, bytes.len);
    if (used == NGHTTP2_ERR_FLOODED) session->is_flooded = true;
    if (session->is_flooded)
        session_end(session, NGHTTP2_ENHANCE_YOUR_CALM, WEFT_HTTP_REFUSED_FLOOD);
    else if (used < 0)
        session_end(session, NGHTTP2_PROTOCOL_ERROR, WEFT_HTTP_REFUSED_MALFORMED);
    weft_http_connection_flush_later(connection);
}

static void session_peer_finished(struct weft_http_connection *connection)
{
    weft_http_connection_close(
        connection); /* without its half nothing can be acknowledged or widened */
}

static void goaway_final_submit(struct weft_http2_session *session)
{
    if (session->is_final_goaway_sent) return;
    session->is_final_goaway_sent = true;
    nghttp2_submit_goaway(session->nghttp2, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session->nghttp2),
                          NGHTTP2_NO_ERROR, NULL, 0);
}

static void session_pull(struct weft_http_connection *connection)
{
    struct weft_http2_session *session = connection->session;
    if (session->is_flooded)
        session_end(session, NGHTTP2_ENHANCE_YOUR_CALM, WEFT_HTTP_REFUSED_FLOOD);
    if (session->is_draining && session->drain_since_ns == 0) goaway_final_submit(session);
    while (weft_http_connection_unsent(connection) < WEFT_HTTP_OUT_BYTES_MAX) {
        const uint8_t *frame;
        ssize_t len = nghttp2_session_mem_send(session->nghttp2, &frame);
        if (len < 0) weft_http_connection_close(connection);
        if (len <= 0) return;
        weft_buf_append(&connection->out, frame, (size_t)len);
    }
}

static void session_written(struct weft_http_connection *connection)
{
    struct weft_http2_session *session = connection->session;
    bool is_drained = session->is_final_goaway_sent && session->exchange_count == 0;
    bool is_over = !nghttp2_session_want_read(session->nghttp2) &&
                   !nghttp2_session_want_write(session->nghttp2);
    if (is_drained || is_over) weft_http_connection_close_after_write(connection);
}

/* GOAWAY in two steps (RFC 9113 §6.8): first "no more streams, please" with the highest id and a PING; what the peer sent before
 * it heard that arrives ahead of the PING's ack, and only then the final GOAWAY says which streams were taken. */
static void session_drain(struct weft_http_connection *connection)
{
    struct weft_http2_session *session = connection->session;
    if (session->is_draining) return;
    session->is_draining = true;
    session->drain_since_ns = weft_http2_now_ns(session);
    nghttp2_submit_shutdown_notice(session->nghttp2);
    nghttp2_submit_ping(session->nghttp2, NGHTTP2_FLAG_NONE, NULL);
    weft_http_connection_flush_later(connection);
    weft_http_connection_timer_update(connection);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t session_deadline(const struct weft_http_connection *connection)
{
    const struct weft_http2_session *session = connection->session;
    const struct weft_http_limits *limits = &connection->listener->limits;
    const struct weft_http_exchange *receiving = session->times[WEFT_HTTP2_RECEIVING].first;
    const struct weft_http_exchange *sending = session->times[WEFT_HTTP2_SENDING].first;
    uint64_t due_ns = WEFT_HTTP_NEVER;
    if (session->header_since_ns != 0) due_ns = session->header_since_ns + limits->header_ns_max;
    if (receiving != NULL) due_ns = earlier(due_ns, receiving->since_ns + limits->body_ns_max);
    if (sending != NULL) due_ns = earlier(due_ns, sending->since_ns + limits->write_ns_max);
    if (session->exchange_count == 0)
        due_ns = earlier(due_ns, session->idle_since_ns + limits->idle_ns_max);
    if (session->drain_since_ns != 0)
        due_ns = earlier(due_ns, session->drain_since_ns + FINAL_GOAWAY_NS);
    return due_ns;
}

static void session_expired(struct weft_http_connection *connection, uint64_t now_ns)
{
    struct weft_http2_session *session = connection->session;
    const struct weft_http_limits *limits = &connection->listener->limits;
    struct weft_http_exchange *exchange;
    if (session->header_since_ns != 0 &&
        session->header_since_ns + limits->header_ns_max <= now_ns) {
        session->header_since_ns = 0;
        session_end(session, NGHTTP2_ENHANCE_YOUR_CALM, WEFT_HTTP_REFUSED_TIMEOUT);
    }
    while ((exchange = session->times[WEFT_HTTP2_RECEIVING].first) != NULL &&
           exchange->since_ns + limits->body_ns_max <= now_ns) {
        weft_http2_timeline_leave(session, exchange);
        weft_http_exchange_refuse(exchange, WEFT_HTTP_REFUSED_TIMEOUT, 408,
                                  "the request body did not come in time");
    }
    while ((exchange = session->times[WEFT_HTTP2_SENDING].first) != NULL &&
           exchange->since_ns + limits->write_ns_max <= now_ns) {
        weft_http2_timeline_leave(session, exchange);
        weft_http_refused(connection, WEFT_HTTP_REFUSED_TIMEOUT);
        nghttp2_submit_rst_stream(session->nghttp2, NGHTTP2_FLAG_NONE, exchange->stream_id,
                                  NGHTTP2_CANCEL);
    }
    if (session->drain_since_ns != 0 && session->drain_since_ns + FINAL_GOAWAY_NS <= now_ns)
        session->drain_since_ns = 0;
    if (session->exchange_count == 0 && session->idle_since_ns + limits->idle_ns_max <= now_ns) {
        session->idle_since_ns = now_ns;
        session_end(session, NGHTTP2_NO_ERROR, WEFT_HTTP_REFUSED_TIMEOUT);
    }
    weft_http_connection_flush_later(connection);
}

static void session_refuse_slow_body(struct weft_http_exchange *exchange)
{
    struct weft_http_connection *connection = exchange->connection;
    weft_http2_timeline_leave(connection->session, exchange);
    weft_http_exchange_refuse_slow(exchange);
    weft_http_connection_flush_later(connection);
}

const struct weft_http_protocol weft_http2_protocol = {
    .read_place = session_read_place,
    .read_behind_bytes = READ_BEHIND_BYTES,
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
    .reply = weft_http2_reply,
    .start = weft_http2_start,
    .write = weft_http2_write,
    .finish = weft_http2_finish,
    .cut = weft_http2_cut,
};
