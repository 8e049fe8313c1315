/* client_pool_grpc.c -- unary gRPC calls over HTTP/2 on a connection of a client pool.
 *
 * Bodies are not copied by nghttp2: DATA frames go from the caller's bytes straight into the connection's output.
 */
#include "base/clock.h"
#include "net/client_pool_internal.h"
#include "wire/grpc_frame.h"
#include "wire/protobuf.h"
#include "wire/text.h"
#include <nghttp2/nghttp2.h>

#define OUT_BYTES_HIGH (256 * 1024)
#define HEADERS_MAX 24
#define WINDOW_BYTES (1024 * 1024)
#define UNAVAILABLE 14 /* WEFT_GRPC_UNAVAILABLE */
#define UNKNOWN 2

/* The slot of a stream, NULL when its call has ended already. */
static struct weft_client_slot *slot_of(nghttp2_session *session, int32_t stream_id)
{
    struct weft_client_slot *slot = nghttp2_session_get_stream_user_data(session, stream_id);
    return slot != NULL && slot->stream_id == stream_id && slot->call.done != NULL ? slot : NULL;
}

/* --- sending --- */

static ssize_t data_read(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t length,
                         uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct weft_client_slot *slot = slot_of(session, stream_id);
    if (slot == NULL) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t left = sizeof slot->prefix + slot->call.body.len - slot->sent;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (left <= length) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)(left < length ? left : length);
}

static int data_send(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *frame_header,
                     size_t length, nghttp2_data_source *source, void *user_data)
{
    struct weft_client_connection *c = user_data;
    struct weft_client_slot *slot = slot_of(session, frame->hd.stream_id);
    if (slot == NULL) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (c->out.len >= OUT_BYTES_HIGH) return NGHTTP2_ERR_WOULDBLOCK;
    weft_buf_reserve(&c->out, 9 + length);
    weft_buf_append(&c->out, frame_header, 9);
    if (slot->sent < sizeof slot->prefix) {
        size_t part =
            sizeof slot->prefix - slot->sent < length ? sizeof slot->prefix - slot->sent : length;
        weft_buf_append(&c->out, slot->prefix + slot->sent, part);
        slot->sent += part;
        length -= part;
    }
    weft_buf_append(&c->out, weft_str_tail(slot->call.body, slot->sent - sizeof slot->prefix).ptr,
                    length);
    slot->sent += length;
    return 0;
}

/* As large as the server takes: fewer frames, fewer calls. */
static ssize_t data_length(nghttp2_session *session, uint8_t frame_type, int32_t stream_id,
                           int32_t session_window, int32_t stream_window, uint32_t frame_bytes_max,
                           void *user_data)
{
    int32_t least = session_window < stream_window ? session_window : stream_window;
    return least < (int32_t)frame_bytes_max ? least : (int32_t)frame_bytes_max;
}

/* --- receiving --- */

/* The length-delimited field `number` of a message (the last one, as protobuf has it), or empty. */
static struct weft_str bytes_field(struct weft_str message, uint32_t number)
{
    struct weft_pb_reader r = weft_pb_reader_make(message);
    struct weft_str found = { NULL, 0 };
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag == (number << 3 | WEFT_PB_BYTES))
            found = weft_pb_bytes(&r);
        else
            weft_pb_skip(&r, tag);
    }
    return found;
}

static uint64_t duration_read(struct weft_str message)
{
    struct weft_pb_reader r = weft_pb_reader_make(message);
    uint64_t seconds = 0, nanos = 0;
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag == (1 << 3 | WEFT_PB_VARINT))
            seconds = weft_pb_varint(&r);
        else if (tag == (2 << 3 | WEFT_PB_VARINT))
            nanos = weft_pb_varint(&r);
        else
            weft_pb_skip(&r, tag);
    }
    /* A day is longer than any server means, and negative numbers are larger still. */
    return seconds <= 86400 && nanos < WEFT_NS_PER_SECOND ? seconds * WEFT_NS_PER_SECOND + nanos
                                                          : 0;
}

/* google.rpc.Status in grpc-status-details-bin: RetryInfo among its details. C3.5.2 */
static void details_take(struct weft_client_slot *slot, struct weft_str base64)
{
    struct weft_buf bytes = { 0 };
    uint32_t tag;
    if (weft_base64_decode(&bytes, WEFT_BASE64_ANY, base64)) {
        struct weft_pb_reader status = weft_pb_reader_make(weft_buf_str(&bytes));
        while (weft_pb_next(&status, &tag)) {
            if (tag != (3 << 3 | WEFT_PB_BYTES)) {
                weft_pb_skip(&status, tag);
                continue;
            }
            struct weft_str any = weft_pb_bytes(&status);
            if (!weft_str_ends_with(bytes_field(any, 1), WEFT_S("google.rpc.RetryInfo"))) continue;
            slot->has_retry_after = true;
            slot->retry_after_ns = duration_read(bytes_field(bytes_field(any, 2), 1));
        }
    }
    weft_buf_release(&bytes);
}

static int header_receive(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                          size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                          void *user_data)
{
    struct weft_client_slot *slot = slot_of(session, frame->hd.stream_id);
    struct weft_str n = { (const char *)name, name_len }, v = { (const char *)value, value_len };
    uint64_t number;
    if (slot == NULL) return 0;
    if (weft_str_equal(n, WEFT_S(":status"))) {
        if (weft_str_to_u64(v, &number) && number < 1000) slot->http_status = (int)number;
    } else if (weft_str_equal(n, WEFT_S("grpc-status"))) {
        slot->grpc_status = weft_str_to_u64(v, &number) && number <= 16 ? (int)number : UNKNOWN;
    } else if (weft_str_equal(n, WEFT_S("grpc-message"))) {
        weft_buf_reset(&slot->message);
        weft_grpc_message_decode(&slot->message, v);
    } else if (weft_str_equal(n, WEFT_S("grpc-status-details-bin"))) {
        details_take(slot, v);
    }
    return 0;
}

static int data_receive(nghttp2_session *session, uint8_t flags, int32_t stream_id,
                        const uint8_t *data, size_t len, void *user_data)
{
    struct weft_client_slot *slot = slot_of(session, stream_id);
    if (slot != NULL) weft_client_body_add(slot, weft_str_make((const char *)data, len));
    return 0;
}

static int frame_receive(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct weft_client_connection *c = user_data;
    if (frame->hd.type == NGHTTP2_GOAWAY) c->is_ending = true;
    return 0;
}

static int stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code,
                        void *user_data)
{
    struct weft_client_slot *slot = slot_of(session, stream_id);
    struct weft_grpc_frame frame;
    struct weft_err err;
    int rc = WEFT_OK;
    if (slot == NULL) return 0;
    if (slot->is_too_large) {
        rc = weft_fail(&err, WEFT_TOO_LARGE, "answer is longer than allowed");
    } else if (slot->grpc_status < 0 && slot->http_status != 0 && slot->http_status != 200) {
        /* A proxy, or no gRPC server at all: as gRPC's http-grpc-status-mapping.md says. */
        bool may_come_back =
            slot->http_status == 429 || (slot->http_status >= 502 && slot->http_status <= 504);
        slot->grpc_status = may_come_back ? UNAVAILABLE : UNKNOWN;
        weft_buf_reset(&slot->message);
        weft_buf_printf(&slot->message, "HTTP status %d", slot->http_status);
    } else if (slot->grpc_status < 0 && error_code != 0) {
        rc = weft_fail(&err, WEFT_CLOSED, "stream ended by the server: %s",
                       nghttp2_http2_strerror(error_code));
    } else if (slot->grpc_status < 0) {
        rc = weft_fail(&err, WEFT_INVALID, "answer has no grpc-status");
    } else if (slot->grpc_status == 0) {
        rc = weft_grpc_frame_unary(&frame, weft_buf_str(&slot->body), UINT32_MAX, &err);
    }
    weft_client_slot_finish(slot, rc, rc < 0 ? weft_str_from_c(err.text) : weft_str_make(NULL, 0));
    return 0;
}

/* --- the connection --- */

static int speech_open(struct weft_client_connection *c, struct weft_err *err)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_session *session = NULL;
    nghttp2_option *option = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0) {
        nghttp2_session_callbacks_del(callbacks);
        return weft_fail(err, WEFT_FULL, "no memory for HTTP/2");
    }
    /* One call until the server's SETTINGS say how many it takes: those beyond would be refused. */
    nghttp2_option_set_peer_max_concurrent_streams(option, 1);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, data_send);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, data_length);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header_receive);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_receive);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_receive);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_close);
    int rc = nghttp2_session_client_new2(&session, callbacks, c, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
    };
    if (rc == 0) rc = nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2);
    if (rc != 0) {
        nghttp2_session_del(session);
        return weft_fail(err, WEFT_FULL, "HTTP/2: %s", nghttp2_strerror(rc));
    }
    c->state = session;
    return WEFT_OK;
}

static void speech_close(struct weft_client_connection *c)
{
    nghttp2_session_del(c->state);
    c->state = NULL;
}

static nghttp2_nv nv_make(struct weft_str name, struct weft_str value)
{
    return (nghttp2_nv){ (uint8_t *)(uintptr_t)name.ptr, (uint8_t *)(uintptr_t)value.ptr, name.len,
                         value.len, NGHTTP2_NV_FLAG_NONE };
}

static int speech_submit(struct weft_client_connection *c, struct weft_client_slot *slot,
                         struct weft_err *err)
{
    const struct weft_client_call *call = &slot->call;
    struct weft_str authority = c->pool->endpoint.is_unix
                                    ? WEFT_S("localhost")
                                    : weft_str_from_c(c->pool->options.endpoint);
    nghttp2_nv headers[HEADERS_MAX] = {
        nv_make(WEFT_S(":method"), WEFT_S("POST")),
        nv_make(WEFT_S(":scheme"), WEFT_S("http")),
        nv_make(WEFT_S(":path"), call->path),
        nv_make(WEFT_S(":authority"), authority),
        nv_make(WEFT_S("te"), WEFT_S("trailers")),
        nv_make(WEFT_S("content-type"), WEFT_S("application/grpc")),
        nv_make(WEFT_S("user-agent"), WEFT_S("weft/" WEFT_VERSION)),
    };
    size_t count = 7;
    if (call->header_count > HEADERS_MAX - count) {
        return weft_fail(err, WEFT_INVALID, "%u headers, at most %zu fit", call->header_count,
                         HEADERS_MAX - count);
    }
    if (call->body.len > UINT32_MAX)
        return weft_fail(err, WEFT_TOO_LARGE, "gRPC message of %zu bytes", call->body.len);
    for (uint32_t i = 0; i < call->header_count; i++)
        headers[count++] = nv_make(call->headers[i].name, call->headers[i].value);
    weft_grpc_frame_prefix(slot->prefix, call->is_compressed, (uint32_t)call->body.len);
    nghttp2_data_provider provider = { .source = { .ptr = slot }, .read_callback = data_read };
    int32_t id = nghttp2_submit_request(c->state, NULL, headers, count, &provider, slot);
    if (id < 0) {
        c->is_ending =
            c->is_ending ||
            id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE; /* a billion calls later: a new connection */
        return weft_fail(err, WEFT_CLOSED, "HTTP/2: %s", nghttp2_strerror(id));
    }
    slot->stream_id = id;
    return WEFT_OK;
}

static int speech_receive(struct weft_client_connection *c, struct weft_str bytes,
                          struct weft_err *err)
{
    if (bytes.len == 0) return WEFT_OK; /* the pool says what there is to say */
    ssize_t used = nghttp2_session_mem_recv(c->state, (const uint8_t *)bytes.ptr, bytes.len);
    if (used < 0)
        return weft_fail(err, WEFT_INVALID, "HTTP/2 from %s: %s", c->pool->options.endpoint,
                         nghttp2_strerror((int)used));
    if (nghttp2_session_want_read(c->state) == 0 && nghttp2_session_want_write(c->state) == 0) {
        return weft_fail(err, WEFT_CLOSED, "%s ended the connection", c->pool->options.endpoint);
    }
    return WEFT_OK;
}

static int speech_fill(struct weft_client_connection *c, struct weft_err *err)
{
    while (c->out.len < OUT_BYTES_HIGH) {
        const uint8_t *bytes;
        ssize_t len = nghttp2_session_mem_send(c->state, &bytes);
        if (len < 0) return weft_fail(err, WEFT_INVALID, "HTTP/2: %s", nghttp2_strerror((int)len));
        if (len == 0) break; /* nothing more, or data_send() had no room */
        weft_buf_append(&c->out, bytes, (size_t)len);
    }
    return WEFT_OK;
}

static void speech_cancel(struct weft_client_connection *c, struct weft_client_slot *slot)
{
    nghttp2_session_set_stream_user_data(c->state, slot->stream_id, NULL);
    nghttp2_submit_rst_stream(c->state, NGHTTP2_FLAG_NONE, slot->stream_id, NGHTTP2_CANCEL);
}

const struct weft_client_speech weft_client_speech_grpc = {
    .open = speech_open,
    .close = speech_close,
    .submit = speech_submit,
    .receive = speech_receive,
    .fill = speech_fill,
    .cancel = speech_cancel,
    .in_flight_max = 0,
};
