/* http2_frames.c -- HTTP/2, the way in: what nghttp2 tells of frames becomes exchanges; floods are counted here.
 *
 * What is defended, beside the limits of every request (docs/internals/net.md):
 *   rapid reset        RST_STREAM fills `resets`, from the peer (CVE-2023-44487) or provoked from us (CVE-2025-8671)
 *   control frames     PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA and CONTINUATION fill `controls`; answered requests and
 *                      sent DATA empty it, since honest peers send these in proportion
 *   HPACK bombs        bytes of header fields are counted as they are inflated
 */
#include "base/clock.h"
#include "net/http2_internal.h"

/* Fields up to so many times the limit are inflated to answer 431; beyond, the connection ends. */
#define HEADER_BOMB_FACTOR 16
#define RESETS_MAX 200 /* more than the streams of a connection, which all may time out at once */
#define RESETS_FORGOTTEN_A_SECOND 50
#define CONTROLS_MAX 2000
#define CONTROLS_FORGOTTEN_A_SECOND 100
#define CONTROLS_PER_ANSWER 8

/* ---- floods ---- */

static bool bucket_add(struct weft_http2_bucket *bucket, uint64_t level_max,
                       uint64_t forgotten_a_second, uint64_t now_ns)
{
    uint64_t leaked = (now_ns - bucket->updated_ns) * forgotten_a_second / WEFT_NS_PER_SECOND;
    if (leaked > 0) {
        bucket->level -= leaked < bucket->level ? leaked : bucket->level;
        bucket->updated_ns = now_ns;
    }
    return ++bucket->level <= level_max;
}

static void bucket_take(struct weft_http2_bucket *bucket, uint64_t count)
{
    bucket->level -= count < bucket->level ? count : bucket->level;
}

void weft_http2_reset_count(struct weft_http2_session *session)
{
    if (!bucket_add(&session->resets, RESETS_MAX, RESETS_FORGOTTEN_A_SECOND,
                    weft_http2_now_ns(session)))
        session->is_flooded = true;
}

static void control_count(struct weft_http2_session *session)
{
    if (!bucket_add(&session->controls, CONTROLS_MAX, CONTROLS_FORGOTTEN_A_SECOND,
                    weft_http2_now_ns(session)))
        session->is_flooded = true;
}

/* ---- timelines ---- */

void weft_http2_timeline_leave(struct weft_http2_session *session,
                               struct weft_http_exchange *exchange)
{
    if (exchange->timeline == WEFT_HTTP2_NO_TIMELINE) return;
    struct weft_http2_times *times = &session->times[exchange->timeline];
    if (exchange->time_previous != NULL)
        exchange->time_previous->time_next = exchange->time_next;
    else
        times->first = exchange->time_next;
    if (exchange->time_next != NULL)
        exchange->time_next->time_previous = exchange->time_previous;
    else
        times->last = exchange->time_previous;
    exchange->time_next = exchange->time_previous = NULL;
    exchange->timeline = WEFT_HTTP2_NO_TIMELINE;
}

void weft_http2_timeline_enter(struct weft_http2_session *session,
                               struct weft_http_exchange *exchange,
                               enum weft_http2_timeline timeline)
{
    weft_http2_timeline_leave(session, exchange);
    struct weft_http2_times *times = &session->times[timeline];
    exchange->timeline = (uint8_t)timeline;
    exchange->since_ns = weft_http2_now_ns(session);
    exchange->time_previous = times->last;
    if (times->last != NULL)
        times->last->time_next = exchange;
    else
        times->first = exchange;
    times->last = exchange;
}

/* ---- exchanges and streams ---- */

static void exchange_open(struct weft_http2_session *session, int32_t stream_id)
{
    struct weft_http_exchange *exchange = weft_http_exchange_create(session->connection);
    exchange->public.http_major = 2;
    exchange->stream_id = stream_id;
    exchange->next = session->exchanges;
    if (session->exchanges != NULL) session->exchanges->previous = exchange;
    session->exchanges = exchange;
    session->exchange_count++;
    nghttp2_session_set_stream_user_data(session->nghttp2, stream_id, exchange);
}

void weft_http2_exchange_unlink(struct weft_http2_session *session,
                                struct weft_http_exchange *exchange)
{
    weft_http2_timeline_leave(session, exchange);
    if (session->data_exchange == exchange) session->data_exchange = NULL;
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        session->exchanges = exchange->next;
    if (exchange->next != NULL) exchange->next->previous = exchange->previous;
    exchange->next = exchange->previous = NULL;
    if (--session->exchange_count == 0) session->idle_since_ns = weft_http2_now_ns(session);
}

static int stream_closed(nghttp2_session *nghttp2, int32_t stream_id, uint32_t error_code,
                         void *user_data)
{
    struct weft_http2_session *session = user_data;
    struct weft_http_exchange *exchange = nghttp2_session_get_stream_user_data(nghttp2, stream_id);
    if (error_code == NGHTTP2_NO_ERROR) bucket_take(&session->controls, CONTROLS_PER_ANSWER);
    if (exchange == NULL) return 0;
    weft_http2_exchange_unlink(session, exchange);
    weft_http_exchange_orphan(exchange);
    if (session->is_draining) weft_http_connection_flush_later(session->connection);
    return 0;
}

/* ---- headers ---- */

static int header_begun(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *user_data)
{
    struct weft_http2_session *session = user_data;
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    session->header_since_ns = weft_http2_now_ns(session);
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) exchange_open(session, frame->hd.stream_id);
    return 0;
}

static void pseudo_set(struct weft_http_exchange *exchange, struct weft_str name,
                       struct weft_str value)
{
    exchange->header_bytes += name.len + value.len + 32;
    if (exchange->header_bytes > exchange->listener->limits.header_bytes_max)
        exchange->is_header_refused = true;
    if (exchange->is_header_refused) return;
    if (weft_str_equal(name, WEFT_S(":method")))
        weft_http_exchange_method_set(exchange, value);
    else if (weft_str_equal(name, WEFT_S(":authority")))
        exchange->public.authority = weft_arena_copy(&exchange->arena, value);
    else if (weft_str_equal(name, WEFT_S(":path")))
        exchange->target = weft_arena_copy(&exchange->arena, value);
}

static int header_came(nghttp2_session *nghttp2, const nghttp2_frame *frame, const uint8_t *name,
                       size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                       void *user_data)
{
    struct weft_http2_session *session = user_data;
    struct weft_http_exchange *exchange =
        nghttp2_session_get_stream_user_data(nghttp2, frame->hd.stream_id);
    if (exchange == NULL) return 0;
    struct weft_str n = weft_str_make((const char *)name, name_len),
                    v = weft_str_make((const char *)value, value_len);
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        exchange->header_bytes += n.len + v.len + 32; /* trailers are not kept */
    else if (n.len > 0 && n.ptr[0] == ':')
        pseudo_set(exchange, n, v);
    else
        weft_http_exchange_header_add(exchange, n, v);
    if (exchange->header_bytes <=
        (uint64_t)HEADER_BOMB_FACTOR * exchange->listener->limits.header_bytes_max)
        return 0;
    session->is_flooded = true;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* What the header says about itself; 0, or the status to refuse with. */
static int header_check(struct weft_http_exchange *exchange)
{
    struct weft_exchange *public = &exchange->public;
    if (exchange->is_header_refused) return 431;
    if (!weft_http_exchange_target_set(exchange, exchange->target)) return 400;
    if (public->authority.len == 0)
    public->authority = weft_exchange_header(public, WEFT_S("host"));
    struct weft_str length = weft_exchange_header(public, WEFT_S("content-length"));
    if (length.ptr != NULL && !weft_str_to_i64(length, &public->content_length)) return 400;
    struct weft_str expect = weft_exchange_header(public, WEFT_S("expect"));
    exchange->expects_continue = weft_str_equal_ignoring_case(expect, WEFT_S("100-continue"));
    return expect.ptr != NULL && !exchange->expects_continue ? 417 : 0;
}

static void header_complete(struct weft_http2_session *session, struct weft_http_exchange *exchange,
                            bool has_body)
{
    int status = header_check(exchange);
    if (status == 431)
        weft_http_exchange_refuse(exchange, WEFT_HTTP_REFUSED_HEADER, status,
                                  "the request header has more than %u fields or %u bytes",
                                  exchange->listener->limits.header_count_max,
                                  exchange->listener->limits.header_bytes_max);
    else if (status == 417)
        weft_http_exchange_refuse(exchange, WEFT_HTTP_REFUSED_MALFORMED, status,
                                  "expect: only 100-continue is known");
    else if (status != 0)
        weft_http_exchange_refuse(
            exchange, WEFT_HTTP_REFUSED_MALFORMED, status,
            "the path must start with \"/\" and be percent-encoded without control characters");
    else if (weft_http_exchange_admit(exchange, has_body) && has_body) {
        weft_http2_timeline_enter(session, exchange, WEFT_HTTP2_RECEIVING);
        if (exchange->expects_continue) weft_http2_continue(exchange);
    }
}

static void body_complete(struct weft_http2_session *session, struct weft_http_exchange *exchange)
{
    exchange->is_body_complete = true;
    if (exchange->is_replied) return;
    weft_http2_timeline_leave(session, exchange);
    weft_http_exchange_hand_over(exchange);
}

/* ---- frames ---- */

static int frame_came(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *user_data)
{
    struct weft_http2_session *session = user_data;
    bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    struct weft_http_exchange *exchange = NULL;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        session->header_since_ns = 0;
        exchange = nghttp2_session_get_stream_user_data(nghttp2, frame->hd.stream_id);
        if (exchange == NULL) return 0;
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            header_complete(session, exchange, !is_last);
        /* A trailer without END_STREAM is refused by nghttp2. The exchange is alive: a reply only queues frames. */
        if (is_last) body_complete(session, exchange);
        return 0;
    case NGHTTP2_DATA:
        if (frame->hd.length == 0) control_count(session);
        if (!is_last) return 0;
        exchange = nghttp2_session_get_stream_user_data(nghttp2, frame->hd.stream_id);
        if (exchange != NULL) body_complete(session, exchange);
        return 0;
    case NGHTTP2_RST_STREAM: weft_http2_reset_count(session); return 0;
    case NGHTTP2_PING:
        control_count(session);
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) && session->is_draining)
            session->drain_since_ns = 0; /* see session_drain() */
        return 0;
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PRIORITY:
    case NGHTTP2_WINDOW_UPDATE: control_count(session); return 0;
    default: return 0;
    }
}

/* Frame headers as they come: only here are CONTINUATION frames seen one by one. */
static int frame_begun(nghttp2_session *nghttp2, const nghttp2_frame_hd *hd, void *user_data)
{
    struct weft_http2_session *session = user_data;
    if (hd->type == NGHTTP2_CONTINUATION) control_count(session);
    session->data_exchange = NULL;
    if (hd->type == NGHTTP2_DATA && (hd->flags & NGHTTP2_FLAG_PADDED) == 0) {
        session->data_exchange = nghttp2_session_get_stream_user_data(nghttp2, hd->stream_id);
        session->data_left = hd->length;
    }
    return session->is_flooded ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int data_came(nghttp2_session *nghttp2, uint8_t flags, int32_t stream_id,
                     const uint8_t *data, size_t len, void *user_data)
{
    struct weft_http_exchange *exchange = nghttp2_session_get_stream_user_data(nghttp2, stream_id);
    struct weft_http2_session *session = user_data;
    if (session->data_exchange == exchange)
        session->data_left -= len < session->data_left ? len : session->data_left;
    if (exchange == NULL || exchange->is_replied || len == 0) return 0;
    weft_http_exchange_body_append(exchange, weft_str_make((const char *)data, len));
    return 0;
}

static int frame_invalid(nghttp2_session *nghttp2, const nghttp2_frame *frame, int error,
                         void *user_data)
{
    struct weft_http2_session *session = user_data;
    weft_http_refused(session->connection, WEFT_HTTP_REFUSED_MALFORMED);
    return 0;
}

void weft_http2_callbacks_set(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, header_begun);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header_came);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, frame_begun);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_came);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_came);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, frame_invalid);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, weft_http2_frame_sent);
}
