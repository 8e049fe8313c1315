/* http2_internal.h -- what the parts of the HTTP/2 server share: http2_server.c (sessions), http2_frames.c (in), http2_reply.c (out). */
#ifndef WEFT_NET_HTTP2_INTERNAL_H
#define WEFT_NET_HTTP2_INTERNAL_H
#include <nghttp2/nghttp2.h>

#include "net/http_internal.h"

/* A bucket that leaks: floods fill it faster than it empties. */
struct weft_http2_bucket {
    uint64_t level, updated_ns;
};
/* Exchanges in the order of their time stamps, oldest first: all have the same time to live, so the first is due first. */
enum weft_http2_timeline {
    WEFT_HTTP2_NO_TIMELINE,
    WEFT_HTTP2_RECEIVING,
    WEFT_HTTP2_SENDING,
    WEFT_HTTP2_TIMELINE_COUNT
};
struct weft_http2_times {
    struct weft_http_exchange *first, *last;
};
struct weft_http2_session {
    nghttp2_session *nghttp2;
    struct weft_http_connection *connection;
    struct weft_http_exchange *exchanges;
    uint32_t exchange_count;
    /* The DATA frame that is coming: whose body it is, or NULL; bytes of it still to come. */
    struct weft_http_exchange *data_exchange;
    size_t data_left;
    struct weft_http2_times times[WEFT_HTTP2_TIMELINE_COUNT];
    uint64_t header_since_ns; /* a header block is not complete, or 0 */
    uint64_t idle_since_ns;   /* no exchange since */
    uint64_t drain_since_ns;
    bool is_draining, is_final_goaway_sent, is_flooded;
    struct weft_http2_bucket resets, controls;
};
void weft_http2_timeline_enter(
    struct weft_http2_session *session, struct weft_http_exchange *exchange,
    enum weft_http2_timeline timeline); /* at its end, with the time of now */
static inline uint64_t weft_http2_now_ns(const struct weft_http2_session *session)
{
    return weft_loop_now_ns(session->connection->worker->loop);
}
void weft_http2_callbacks_set(nghttp2_session_callbacks *callbacks);
void weft_http2_exchange_unlink(struct weft_http2_session *session,
                                struct weft_http_exchange *exchange);
void weft_http2_reset_count(struct weft_http2_session *session); /* one came or went */
void weft_http2_timeline_leave(struct weft_http2_session *session,
                               struct weft_http_exchange *exchange);

void weft_http2_reply(struct weft_http_exchange *exchange, const struct weft_http_reply *reply);
void weft_http2_start(struct weft_http_exchange *exchange, const struct weft_http_reply *reply);
int weft_http2_write(struct weft_http_exchange *exchange, struct weft_str bytes);
void weft_http2_finish(struct weft_http_exchange *exchange, const struct weft_http_header *trailers,
                       uint32_t trailer_count);
void weft_http2_cut(struct weft_http_exchange *exchange);
void weft_http2_continue(struct weft_http_exchange *exchange); /* 100 */
/* nghttp2 callback: a frame was made. */
int weft_http2_frame_sent(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *user_data);

#endif
