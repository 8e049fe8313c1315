/* http2_reply.c -- HTTP/2, the way out: a reply becomes header fields, DATA frames by flow control, and trailers.
 *
 * The reply's bytes are copied into exchange->out; nghttp2 takes them from there when windows allow. An exchange stays in the
 * SENDING timeline while bytes wait, so that a peer who opens no window is cut off after limits.write_ns_max.
 */
#include "base/alloc.h"
#include "base/assert.h"
#include "net/http2_internal.h"

#define STREAM_WAITING_BYTES_MAX (1u << 20)
#define COUNTED_FROM_BYTES 4096 /* smaller replies are within what an open request counts anyway */
#define FIXED_FIELDS 4          /* :status, date, content-type, content-length */

static struct weft_http2_session *session_of(const struct weft_http_exchange *exchange)
{
    return exchange->connection->session;
}

/* Names and values of fixed texts are not copied by nghttp2; all others are. */
static nghttp2_nv field(struct weft_str name, struct weft_str value, uint8_t flags)
{
    return (nghttp2_nv){ (uint8_t *)(uintptr_t)name.ptr,
                         (uint8_t *)(uintptr_t)(value.ptr != NULL ? value.ptr : ""), name.len,
                         value.len, flags };
}

static nghttp2_nv *fields_make(struct weft_http_exchange *exchange,
                               const struct weft_http_reply *reply, bool tells_length,
                               size_t *count)
{
    nghttp2_nv *fields = weft_arena_alloc(
        &exchange->arena, (FIXED_FIELDS + (size_t)reply->header_count) * sizeof *fields);
    char *text = weft_arena_alloc(&exchange->arena, 32);
    size_t n = 0;
    int len = snprintf(text, 32, "%03d", reply->status);
    fields[n++] =
        field(WEFT_S(":status"), weft_str_make(text, (size_t)len), NGHTTP2_NV_FLAG_NO_COPY_NAME);
    if (reply->content_type.len > 0)
        fields[n++] =
            field(WEFT_S("content-type"), reply->content_type, NGHTTP2_NV_FLAG_NO_COPY_NAME);
    fields[n++] = field(WEFT_S("date"), weft_http_worker_date(exchange->worker),
                        NGHTTP2_NV_FLAG_NO_COPY_NAME);
    if (tells_length) {
        len = snprintf(text + 8, 24, "%zu", reply->body.len);
        fields[n++] = field(WEFT_S("content-length"), weft_str_make(text + 8, (size_t)len),
                            NGHTTP2_NV_FLAG_NO_COPY_NAME);
    }
    for (uint32_t i = 0; i < reply->header_count; i++)
        fields[n++] = field(reply->headers[i].name, reply->headers[i].value, NGHTTP2_NV_FLAG_NONE);
    *count = n;
    return fields;
}

static void trailers_submit(struct weft_http_exchange *exchange)
{
    nghttp2_nv *fields =
        weft_arena_alloc(&exchange->arena, exchange->trailer_count * sizeof *fields);
    for (uint32_t i = 0; i < exchange->trailer_count; i++)
        fields[i] =
            field(exchange->trailers[i].name, exchange->trailers[i].value, NGHTTP2_NV_FLAG_NONE);
    nghttp2_submit_trailer(session_of(exchange)->nghttp2, exchange->stream_id, fields,
                           exchange->trailer_count);
}

/* nghttp2 asks for the next DATA frame's content. */
static ssize_t out_read(nghttp2_session *nghttp2, int32_t stream_id, uint8_t *place, size_t len,
                        uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct weft_http2_session *session = user_data;
    struct weft_http_exchange *exchange = source->ptr;
    size_t waiting = exchange->out.len - exchange->out_framed;
    if (waiting == 0 && !exchange->is_finished) {
        exchange->is_out_deferred = true;
        weft_http2_timeline_leave(
            session, exchange); /* the handler has nothing to send: not the peer's fault */
        return NGHTTP2_ERR_DEFERRED;
    }
    size_t taken = waiting < len ? waiting : len;
    if (taken > 0) memcpy(place, exchange->out.data + exchange->out_framed, taken);
    exchange->out_framed += taken;
    weft_http2_timeline_enter(session, exchange, WEFT_HTTP2_SENDING);
    if (taken < waiting) return (ssize_t)taken;
    weft_buf_reset(&exchange->out);
    exchange->out_framed = 0;
    if (!exchange->is_finished) return (ssize_t)taken;
    weft_http2_timeline_leave(session, exchange);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (exchange->trailer_count > 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        trailers_submit(exchange);
    }
    return (ssize_t)taken;
}

/* When the reply ends before the request did, the rest of the request is not wanted (RFC 9113 §8.1). */
int weft_http2_frame_sent(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *user_data)
{
    struct weft_http2_session *session = user_data;
    if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
        weft_http2_reset_count(session);
    if (frame->hd.type == NGHTTP2_DATA)
        session->controls.level -= session->controls.level < 2 ? session->controls.level : 2;
    else if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    struct weft_http_exchange *exchange =
        nghttp2_session_get_stream_user_data(nghttp2, frame->hd.stream_id);
    if (exchange != NULL && !exchange->is_body_complete)
        nghttp2_submit_rst_stream(nghttp2, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_NO_ERROR);
    return 0;
}

static void trailers_keep(struct weft_http_exchange *exchange,
                          const struct weft_http_header *trailers, uint32_t count)
{
    if (count == 0) return;
    exchange->trailers = weft_arena_alloc_array(&exchange->arena, count, sizeof *trailers);
    exchange->trailer_count = count;
    for (uint32_t i = 0; i < count; i++) {
        exchange->trailers[i].name = weft_arena_copy(&exchange->arena, trailers[i].name);
        exchange->trailers[i].value = weft_arena_copy(&exchange->arena, trailers[i].value);
    }
}

static void respond(struct weft_http_exchange *exchange, const struct weft_http_reply *reply)
{
    struct weft_http2_session *session = session_of(exchange);
    bool is_head = exchange->public.method == WEFT_HTTP_HEAD,
         is_empty = reply->status == 204 || reply->status == 304;
    bool has_body = !is_head && !is_empty;
    bool tells_length =
        exchange->is_finished && reply->trailer_count == 0 && !is_empty && !reply->omits_length;
    size_t count;
    nghttp2_nv *fields = fields_make(exchange, reply, tells_length, &count);
    if (exchange->is_finished) trailers_keep(exchange, reply->trailers, reply->trailer_count);
    if (has_body) weft_buf_append_str(&exchange->out, reply->body);
    if (has_body && reply->body.len > COUNTED_FROM_BYTES)
        weft_http_exchange_out_count(exchange, reply->body.len);
    bool has_data = (has_body && (exchange->out.len > 0 || !exchange->is_finished)) ||
                    exchange->trailer_count > 0;
    nghttp2_data_provider provider = { .source.ptr = exchange, .read_callback = out_read };
    weft_http2_timeline_leave(session, exchange);
    int rc = nghttp2_submit_response(session->nghttp2, exchange->stream_id, fields, count,
                                     has_data ? &provider : NULL);
    if (rc != 0)
        nghttp2_submit_rst_stream(session->nghttp2, NGHTTP2_FLAG_NONE, exchange->stream_id,
                                  NGHTTP2_INTERNAL_ERROR);
    else if (has_data)
        weft_http2_timeline_enter(session, exchange, WEFT_HTTP2_SENDING);
    weft_http_connection_flush_later(exchange->connection);
    weft_http_connection_timer_update(exchange->connection);
}

void weft_http2_reply(struct weft_http_exchange *exchange, const struct weft_http_reply *reply)
{
    respond(exchange, reply);
    weft_http_exchange_body_release(exchange);
}

void weft_http2_start(struct weft_http_exchange *exchange, const struct weft_http_reply *reply)
{
    respond(exchange, reply);
}

static void resume(struct weft_http_exchange *exchange)
{
    struct weft_http2_session *session = session_of(exchange);
    if (exchange->is_out_deferred) {
        exchange->is_out_deferred = false;
        weft_http2_timeline_enter(session, exchange, WEFT_HTTP2_SENDING);
        nghttp2_session_resume_data(session->nghttp2, exchange->stream_id);
    }
    weft_http_connection_flush_later(exchange->connection);
    weft_http_connection_timer_update(exchange->connection);
}

int weft_http2_write(struct weft_http_exchange *exchange, struct weft_str bytes)
{
    if (exchange->out.len - exchange->out_framed > STREAM_WAITING_BYTES_MAX) return WEFT_FULL;
    if (exchange->public.method == WEFT_HTTP_HEAD || bytes.len == 0) return WEFT_OK;
    if (exchange->out_framed > 0) weft_buf_consume(&exchange->out, exchange->out_framed);
    exchange->out_framed = 0;
    weft_buf_append_str(&exchange->out, bytes);
    resume(exchange);
    return WEFT_OK;
}

void weft_http2_finish(struct weft_http_exchange *exchange, const struct weft_http_header *trailers,
                       uint32_t trailer_count)
{
    trailers_keep(exchange, trailers, trailer_count);
    weft_http_exchange_body_release(exchange);
    resume(exchange);
}

void weft_http2_cut(struct weft_http_exchange *exchange)
{
    nghttp2_submit_rst_stream(session_of(exchange)->nghttp2, NGHTTP2_FLAG_NONE, exchange->stream_id,
                              NGHTTP2_INTERNAL_ERROR); /* goes before DATA that waits */
    weft_http_exchange_body_release(exchange);
    weft_http_connection_flush_later(exchange->connection);
}

void weft_http2_continue(struct weft_http_exchange *exchange)
{
    nghttp2_nv status = field(WEFT_S(":status"), WEFT_S("100"),
                              NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
    nghttp2_submit_headers(session_of(exchange)->nghttp2, NGHTTP2_FLAG_NONE, exchange->stream_id,
                           NULL, &status, 1, NULL);
    weft_http_connection_flush_later(exchange->connection);
}
