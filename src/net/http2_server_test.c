/* http2_server_test.c -- HTTP/2 over real sockets, frames written by hand: replies, bounds, floods, drain; gRPC on it. */
#include <nghttp2/nghttp2.h>

#include "base/endian.h"
#include "net/net_fixture.h"
#include "wire/grpc_frame.h"

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

/* ---- a client ---- */

struct client {
    int fd;
    struct weft_buf in, out;
    nghttp2_hd_inflater *inflater;
    /* of the last frame read */
    unsigned type, flags;
    uint32_t stream_id;
    struct weft_str payload;
    size_t frame_bytes;
    /* collected by client_reply() */
    char status[8], grpc_status[8], grpc_message[64];
    struct weft_buf body;
    bool is_reset;
    uint32_t error_code;
};

static void frame_put(struct client *client, unsigned type, unsigned flags, uint32_t stream_id,
                      struct weft_str payload)
{
    unsigned char head[9] = { (unsigned char)(payload.len >> 16),
                              (unsigned char)(payload.len >> 8),
                              (unsigned char)payload.len,
                              (unsigned char)type,
                              (unsigned char)flags,
                              (unsigned char)(stream_id >> 24),
                              (unsigned char)(stream_id >> 16),
                              (unsigned char)(stream_id >> 8),
                              (unsigned char)stream_id };
    weft_buf_append(&client->out, head, 9);
    weft_buf_append_str(&client->out, payload);
}

static bool flush(struct client *client)
{
    bool is_sent = client_send(client->fd, weft_buf_str(&client->out));
    weft_buf_reset(&client->out);
    return is_sent;
}

static void client_open(struct client *client)
{
    memset(client, 0, sizeof *client);
    client->fd = client_connect(&fixture);
    nghttp2_hd_inflate_new(&client->inflater);
    weft_buf_append_c(&client->out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    frame_put(client, NGHTTP2_SETTINGS, 0, 0, WEFT_S(""));
}

static void client_close(struct client *client)
{
    nghttp2_hd_inflate_del(client->inflater);
    weft_buf_release(&client->in);
    weft_buf_release(&client->out);
    weft_buf_release(&client->body);
    close(client->fd);
}

/* A field, literal and never indexed. */
static void field_put(struct weft_buf *block, const char *name, const char *value)
{
    size_t name_len = strlen(name), value_len = strlen(value);
    weft_buf_append_byte(block, 0x10);
    weft_buf_append_byte(block, (char)name_len);
    weft_buf_append_c(block, name);
    if (value_len < 127) {
        weft_buf_append_byte(block, (char)value_len);
    } else {
        weft_buf_append_byte(block, 127);
        for (value_len -= 127; value_len >= 128; value_len >>= 7)
            weft_buf_append_byte(block, (char)(value_len | 128));
        weft_buf_append_byte(block, (char)value_len);
    }
    weft_buf_append_c(block, value);
}

static void request_fields(struct weft_buf *block, const char *method, const char *path)
{
    field_put(block, ":method", method);
    field_put(block, ":scheme", "http");
    field_put(block, ":path", path);
    field_put(block, ":authority", "h");
}

static void headers_put(struct client *client, uint32_t stream_id, const char *method,
                        const char *path, bool ends)
{
    struct weft_buf block = { 0 };
    request_fields(&block, method, path);
    frame_put(client, NGHTTP2_HEADERS,
              NGHTTP2_FLAG_END_HEADERS | (ends ? NGHTTP2_FLAG_END_STREAM : 0u), stream_id,
              weft_buf_str(&block));
    weft_buf_release(&block);
}

/* False: the server closed. */
static bool frame_read(struct client *client)
{
    weft_buf_consume(&client->in, client->frame_bytes);
    client->frame_bytes = 0;
    for (;;) {
        const unsigned char *head = (const unsigned char *)client->in.data;
        size_t len =
            client->in.len < 9 ? SIZE_MAX - 9 : (size_t)(head[0] << 16 | head[1] << 8 | head[2]);
        if (client->in.len >= 9 && client->in.len >= 9 + len) {
            client->type = head[3];
            client->flags = head[4];
            client->stream_id = (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 |
                                (uint32_t)head[7] << 8 | head[8];
            client->payload = weft_str_make(client->in.data + 9, len);
            client->frame_bytes = 9 + len;
            return true;
        }
        if (client_read(client->fd, &client->in) == 0) return false;
    }
}

static uint32_t payload_u32(const struct client *client, size_t at)
{
    const unsigned char *bytes = (const unsigned char *)client->payload.ptr + at;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void field_keep(struct client *client, const nghttp2_nv *field)
{
    struct weft_str name = weft_str_make((const char *)field->name, field->namelen);
    struct weft_str value = weft_str_make((const char *)field->value, field->valuelen);
    if (weft_str_equal_c(name, ":status"))
        snprintf(client->status, sizeof client->status, "%.*s", WEFT_S_ARG(value));
    if (weft_str_equal_c(name, "grpc-status"))
        snprintf(client->grpc_status, sizeof client->grpc_status, "%.*s", WEFT_S_ARG(value));
    if (weft_str_equal_c(name, "grpc-message"))
        snprintf(client->grpc_message, sizeof client->grpc_message, "%.*s", WEFT_S_ARG(value));
}

static void headers_read(struct client *client)
{
    const uint8_t *at = (const uint8_t *)client->payload.ptr;
    size_t left = client->payload.len;
    for (;;) {
        nghttp2_nv field;
        int flags = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(client->inflater, &field, &flags, at, left, 1);
        assert_true(used >= 0);
        at += used;
        left -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT) field_keep(client, &field);
        if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
    }
    nghttp2_hd_inflate_end_headers(client->inflater);
}

/* Read until the stream's reply has ended. Widens the windows as DATA comes. */
static void reply_read(struct client *client, uint32_t stream_id)
{
    weft_buf_reset(&client->body);
    client->status[0] = client->grpc_status[0] = client->grpc_message[0] = '\0';
    client->is_reset = false;
    for (;;) {
        if (!frame_read(client)) fail_msg("closed before the reply of stream %u", stream_id);
        if (client->type == NGHTTP2_HEADERS) headers_read(client);
        if (client->type == NGHTTP2_GOAWAY)
            fail_msg("GOAWAY %u before the reply", payload_u32(client, 4));
        if (client->stream_id != stream_id) continue;
        if (client->type == NGHTTP2_DATA) {
            weft_buf_append_str(&client->body, client->payload);
            char more[4] = { 0, 0, (char)(client->payload.len >> 8), (char)client->payload.len };
            if (client->payload.len > 0 && !(client->flags & NGHTTP2_FLAG_END_STREAM)) {
                frame_put(client, NGHTTP2_WINDOW_UPDATE, 0, 0, weft_str_make(more, 4));
                frame_put(client, NGHTTP2_WINDOW_UPDATE, 0, stream_id, weft_str_make(more, 4));
                flush(client);
            }
        }
        if (client->type == NGHTTP2_RST_STREAM) {
            client->is_reset = true;
            client->error_code = payload_u32(client, 0);
            return;
        }
        if (client->flags & NGHTTP2_FLAG_END_STREAM &&
            (client->type == NGHTTP2_DATA || client->type == NGHTTP2_HEADERS))
            return;
    }
}

/* Everything until the server closes; the last GOAWAY's error code, or -1. */
static int64_t goaway_read(struct client *client)
{
    int64_t code = -1;
    while (frame_read(client))
        if (client->type == NGHTTP2_GOAWAY) code = payload_u32(client, 4);
    return code;
}

static void body_is(const struct client *client, const char *text)
{
    if (!weft_str_equal_c(weft_buf_str(&client->body), text))
        fail_msg("body: %.*s", WEFT_S_ARG(weft_buf_str(&client->body)));
}

/* ---- requests ---- */

static void answers(void **state)
{
    fixture_start(&fixture);
    struct client client;
    client_open(&client);
    headers_put(&client, 1, "GET", "/a/..//b%20c?x=%2F", true);
    flush(&client);
    reply_read(&client, 1);
    assert_string_equal(client.status, "200");
    body_is(&client, "/b c?x=%2F");
    headers_put(&client, 3, "POST", "/echo", false);
    frame_put(&client, NGHTTP2_DATA, 0, 3, WEFT_S("hel"));
    frame_put(&client, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, WEFT_S("lo"));
    flush(&client);
    reply_read(&client, 3);
    body_is(&client, "hello");
    headers_put(&client, 5, "GET", "/stream", true);
    flush(&client);
    reply_read(&client, 5);
    body_is(&client, "one two three");
    headers_put(&client, 7, "HEAD", "/stream", true);
    flush(&client);
    reply_read(&client, 7);
    body_is(&client, "");
    headers_put(&client, 9, "GET", "/%zz", true);
    flush(&client);
    reply_read(&client, 9);
    assert_string_equal(client.status, "400");
    client_close(&client);
}

/* An answer that is cut off resets its stream; the connection goes on. */
static void cut_is_no_end(void **state)
{
    fixture_start(&fixture);
    struct client client;
    client_open(&client);
    headers_put(&client, 1, "GET", "/cut", true);
    flush(&client);
    do {
        assert_true(frame_read(&client));
        if (client.type == NGHTTP2_HEADERS) headers_read(&client);
    } while (client.type != NGHTTP2_DATA);
    assert_string_equal(client.status, "200");
    assert_true(weft_str_equal_c(client.payload, "one two "));
    fixture_release(&fixture);
    reply_read(&client, 1);
    assert_true(client.is_reset);
    assert_int_equal(client.error_code, NGHTTP2_INTERNAL_ERROR);
    assert_int_equal(client.body.len, 0);
    headers_put(&client, 3, "HEAD", "/cut", true); /* its reply had ended with the header */
    flush(&client);
    reply_read(&client, 3);
    assert_false(client.is_reset);
    fixture_release(&fixture);
    headers_put(&client, 5, "GET", "/stream", true);
    flush(&client);
    reply_read(&client, 5);
    body_is(&client, "one two three");
    client_close(&client);
}

static void many_streams_at_once(void **state)
{
    fixture_start(&fixture);
    struct client client;
    client_open(&client);
    for (uint32_t i = 0; i < 100; i++)
        headers_put(&client, 2 * i + 1, "POST", i % 2 ? "/later" : "/echo", false);
    for (uint32_t i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "<%u>", i);
        frame_put(&client, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 2 * i + 1, weft_str_from_c(text));
    }
    flush(&client);
    unsigned ended = 0;
    struct weft_buf all = { 0 };
    while (ended < 100 && frame_read(&client)) {
        if (client.type == NGHTTP2_DATA) weft_buf_append_str(&all, client.payload);
        ended += client.type == NGHTTP2_DATA && (client.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    }
    assert_int_equal(ended, 100);
    assert_int_equal(buf_count(&all, "<"), 100);
    weft_buf_release(&all);
    client_close(&client);
}

static void big_body_both_ways(void **state)
{
    fixture_start(&fixture);
    struct client client;
    struct weft_buf body = { 0 };
    client_open(&client);
    for (uint32_t i = 0; i < 500000; i++) weft_buf_append(&body, &i, 4);
    flush(&client);
    while (client.type != NGHTTP2_SETTINGS)
        assert_true(frame_read(&client)); /* its window holds once it is acknowledged */
    frame_put(&client, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, WEFT_S(""));
    headers_put(&client, 1, "POST", "/echo", false);
    for (size_t at = 0; at < body.len; at += 16384) { /* 2 MB: within the window given at once */
        size_t len = body.len - at < 16384 ? body.len - at : 16384;
        frame_put(&client, NGHTTP2_DATA, at + len == body.len ? NGHTTP2_FLAG_END_STREAM : 0, 1,
                  weft_str_make(body.data + at, len));
    }
    flush(&client);
    reply_read(&client, 1);
    assert_int_equal(client.body.len, body.len);
    assert_memory_equal(client.body.data, body.data, body.len);
    weft_buf_release(&body);
    client_close(&client);
}

static void expect_continue(void **state)
{
    fixture_start(&fixture);
    struct client client;
    struct weft_buf block = { 0 };
    client_open(&client);
    request_fields(&block, "POST", "/echo");
    field_put(&block, "expect", "100-continue");
    frame_put(&client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, weft_buf_str(&block));
    flush(&client);
    while (client.type != NGHTTP2_HEADERS) assert_true(frame_read(&client));
    headers_read(&client);
    assert_string_equal(client.status, "100");
    frame_put(&client, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, WEFT_S("hello"));
    flush(&client);
    reply_read(&client, 1);
    assert_string_equal(client.status, "200");
    body_is(&client, "hello");
    weft_buf_release(&block);
    client_close(&client);
}

/* ---- bounds ---- */

static void limits(void **state)
{
    fixture.options.limits.header_bytes_max = 1024;
    fixture.options.limits.body_bytes_max = 100;
    fixture_start(&fixture);
    struct client client;
    struct weft_buf block = { 0 };
    char value[1200];
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    client_open(&client);
    request_fields(&block, "GET", "/");
    field_put(&block, "x", value);
    frame_put(&client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
              weft_buf_str(&block));
    flush(&client);
    reply_read(&client, 1);
    assert_string_equal(client.status, "431");
    /* A body too large, told or not: 413, then the stream is reset without error, and the connection lives. */
    weft_buf_reset(&block);
    request_fields(&block, "POST", "/echo");
    field_put(&block, "content-length", "101");
    frame_put(&client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 3, weft_buf_str(&block));
    flush(&client);
    reply_read(&client, 3);
    assert_string_equal(client.status, "413");
    headers_put(&client, 5, "POST", "/echo", false);
    frame_put(&client, NGHTTP2_DATA, 0, 5, weft_str_make(value, 101));
    flush(&client);
    reply_read(&client, 5);
    assert_string_equal(client.status, "413");
    assert_true(frame_read(&client));
    assert_int_equal(client.type, NGHTTP2_RST_STREAM);
    assert_int_equal(payload_u32(&client, 0), NGHTTP2_NO_ERROR);
    headers_put(&client, 7, "GET", "/b", true);
    flush(&client);
    reply_read(&client, 7);
    body_is(&client, "/b?");
    assert_int_equal(atomic_load(&fixture.handled), 1);
    weft_buf_release(&block);
    client_close(&client);
}

static void budget(void **state)
{
    fixture.budget.limit_bytes = 18000;
    fixture_start(&fixture);
    struct client client;
    struct weft_buf body = { 0 };
    weft_buf_append_zero(&body, 16000);
    client_open(&client);
    headers_put(&client, 1, "POST", "/echo", false);
    frame_put(&client, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, weft_buf_str(&body));
    flush(&client);
    reply_read(&client, 1);
    assert_string_equal(client.status, "429");
    headers_put(&client, 3, "POST", "/echo", false);
    frame_put(&client, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, WEFT_S("fits"));
    flush(&client);
    reply_read(&client, 3);
    body_is(&client, "fits");
    weft_buf_release(&body);
    client_close(&client);
}

static void timeouts(void **state)
{
    fixture.options.limits.header_ns_max = 60 * MS;
    fixture.options.limits.body_ns_max = 70 * MS;
    fixture.options.limits.idle_ns_max = 300 * MS;
    fixture_start(&fixture);
    struct client client;
    client_open(&client);
    headers_put(&client, 1, "POST", "/echo", false);
    frame_put(&client, NGHTTP2_DATA, 0, 1, WEFT_S("half"));
    flush(&client);
    reply_read(&client, 1);
    assert_string_equal(client.status, "408");
    assert_int_equal(goaway_read(&client), NGHTTP2_NO_ERROR); /* idle */
    client_close(&client);
    client_open(&client);
    frame_put(&client, NGHTTP2_HEADERS, 0, 1, WEFT_S("\x82")); /* and no CONTINUATION */
    flush(&client);
    assert_int_equal(goaway_read(&client), NGHTTP2_ENHANCE_YOUR_CALM);
    client_close(&client);
}

/* The peer opens no window for the reply: the stream is cut off, others go on. */
static void zero_window(void **state)
{
    fixture.options.limits.write_ns_max = 100 * MS;
    fixture_start(&fixture);
    struct client client;
    static const char no_window[6] = { 0, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0, 0, 0, 0 };
    client_open(&client);
    frame_put(&client, NGHTTP2_SETTINGS, 0, 0, weft_str_make(no_window, sizeof no_window));
    headers_put(&client, 1, "GET", "/big", true);
    flush(&client);
    reply_read(&client, 1);
    assert_true(client.is_reset);
    assert_int_equal(client.error_code, NGHTTP2_CANCEL);
    headers_put(&client, 3, "HEAD", "/", true);
    flush(&client);
    reply_read(&client, 3);
    assert_string_equal(client.status, "200");
    client_close(&client);
}

static void peer_gone_before_the_reply(void **state)
{
    fixture_start(&fixture);
    struct client client;
    client_open(&client);
    headers_put(&client, 1, "POST", "/hold", false);
    frame_put(&client, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, WEFT_S("hello"));
    headers_put(&client, 3, "GET", "/hold", true);
    frame_put(&client, NGHTTP2_RST_STREAM, 0, 3, WEFT_S("\0\0\0\x08"));
    flush(&client);
    FIXTURE_WAIT(atomic_load(&fixture.held_count) == 2);
    FIXTURE_WAIT(atomic_load(&fixture.left_count) == 1); /* the stream that was reset */
    client_close(&client);
    FIXTURE_WAIT(atomic_load(&weft_http_metrics_for("test")->open_count) == 0);
    assert_int_equal(atomic_load(&fixture.left_count), 2);
    fixture_release(&fixture);
    FIXTURE_WAIT(atomic_load(&fixture.held_closed_count) == 2);
}

/* ---- floods ---- */

static void rapid_reset(void **state)
{
    fixture_start(&fixture);
    struct client client;
    client_open(&client);
    for (uint32_t i = 0; i < 2000; i++) {
        headers_put(&client, 2 * i + 1, "GET", "/echo", true);
        frame_put(&client, NGHTTP2_RST_STREAM, 0, 2 * i + 1, WEFT_S("\0\0\0\x08"));
    }
    flush(&client);
    assert_int_equal(goaway_read(&client), NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(atomic_load(&fixture.handled) <= 300);
    client_close(&client);
}

/* Resets provoked from the server by breaking the rules of a stream count the same. */
static void provoked_resets(void **state)
{
    fixture_start(&fixture);
    struct client client;
    client_open(&client);
    for (uint32_t i = 0; i < 2000; i++) {
        headers_put(&client, 2 * i + 1, "POST", "/echo", false);
        frame_put(&client, NGHTTP2_WINDOW_UPDATE, 0, 2 * i + 1,
                  WEFT_S("\x7f\xff\xff\xff")); /* overflow */
    }
    flush(&client);
    assert_int_equal(goaway_read(&client), NGHTTP2_ENHANCE_YOUR_CALM);
    client_close(&client);
}

static void control_floods(void **state)
{
    static const struct {
        const char *name;
        unsigned type;
        struct weft_str payload;
    } cases[] = {
        { "ping", NGHTTP2_PING, WEFT_S_INIT("12345678") },
        { "settings", NGHTTP2_SETTINGS, WEFT_S_INIT("") },
        { "window", NGHTTP2_WINDOW_UPDATE, WEFT_S_INIT("\0\0\0\1") },
    };
    fixture_start(&fixture);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct client client;
        client_open(&client);
        for (int i = 0; i < 5000; i++) frame_put(&client, cases[c].type, 0, 0, cases[c].payload);
        flush(&client);
        int64_t code = goaway_read(&client);
        if (code != NGHTTP2_ENHANCE_YOUR_CALM)
            fail_msg("%s: GOAWAY %lld", cases[c].name, (long long)code);
        client_close(&client);
    }
}

static void empty_data_flood(void **state)
{
    fixture_start(&fixture);
    struct client client;
    client_open(&client);
    headers_put(&client, 1, "POST", "/echo", false);
    for (int i = 0; i < 5000; i++) frame_put(&client, NGHTTP2_DATA, 0, 1, WEFT_S(""));
    flush(&client);
    assert_int_equal(goaway_read(&client), NGHTTP2_ENHANCE_YOUR_CALM);
    client_close(&client);
}

static void continuation_flood(void **state)
{
    fixture_start(&fixture);
    struct client client;
    struct weft_buf block = { 0 };
    client_open(&client);
    request_fields(&block, "GET", "/");
    frame_put(&client, NGHTTP2_HEADERS, 0, 1, weft_buf_str(&block));
    for (int i = 0; i < 20000; i++) frame_put(&client, NGHTTP2_CONTINUATION, 0, 1, WEFT_S(""));
    flush(&client);
    assert_true(goaway_read(&client) > 0);
    weft_buf_release(&block);
    client_close(&client);
}

/* One field of 4 KB in the table, then one byte for each repetition. */
static void hpack_bomb(void **state)
{
    fixture_start(&fixture);
    struct client client;
    struct weft_buf block = { 0 };
    char value[3900];
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    client_open(&client);
    request_fields(&block, "GET", "/");
    size_t at = block.len;
    field_put(&block, "x", value);
    block.data[at] = 0x40; /* with indexing */
    for (int i = 0; i < 10000; i++) weft_buf_append_byte(&block, (char)(0x80 | 62));
    frame_put(&client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
              weft_buf_str(&block));
    flush(&client);
    assert_int_equal(goaway_read(&client), NGHTTP2_ENHANCE_YOUR_CALM);
    weft_buf_release(&block);
    client_close(&client);
}

static void broken_frames(void **state)
{
    static const struct {
        const char *name;
        unsigned type, flags;
        uint32_t stream_id;
        struct weft_str payload;
    } cases[] = {
        { "DATA on stream 0", NGHTTP2_DATA, 0, 0, WEFT_S_INIT("x") },
        { "DATA on an idle stream", NGHTTP2_DATA, 0, 1, WEFT_S_INIT("x") },
        { "HEADERS on an even stream", NGHTTP2_HEADERS, 4, 2, WEFT_S_INIT("\x82") },
        { "SETTINGS of 5 bytes", NGHTTP2_SETTINGS, 0, 0, WEFT_S_INIT("12345") },
        { "PING of 7 bytes", NGHTTP2_PING, 0, 0, WEFT_S_INIT("1234567") },
        { "CONTINUATION alone", NGHTTP2_CONTINUATION, 4, 1, WEFT_S_INIT("\x82") },
        { "HPACK index beyond the table", NGHTTP2_HEADERS, 5, 1, WEFT_S_INIT("\xff\xff\xff\x0f") },
        { "PUSH_PROMISE", NGHTTP2_PUSH_PROMISE, 4, 1, WEFT_S_INIT("\0\0\0\2\x82") },
    };
    fixture_start(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client client;
        client_open(&client);
        frame_put(&client, cases[i].type, cases[i].flags, cases[i].stream_id, cases[i].payload);
        flush(&client);
        int64_t code = goaway_read(&client);
        if (code <= 0) fail_msg("%s: GOAWAY %lld", cases[i].name, (long long)code);
        client_close(&client);
    }
    /* What HTTP forbids in a header ends the stream, not the connection. */
    struct client client;
    struct weft_buf block = { 0 };
    client_open(&client);
    request_fields(&block, "GET", "/");
    field_put(&block, "transfer-encoding", "chunked");
    frame_put(&client, NGHTTP2_HEADERS, 5, 1, weft_buf_str(&block));
    flush(&client);
    reply_read(&client, 1);
    assert_true(client.is_reset);
    assert_int_equal(client.error_code, NGHTTP2_PROTOCOL_ERROR);
    weft_buf_release(&block);
    client_close(&client);
}

/* ---- drain ---- */

static void drains(void **state)
{
    fixture_start(&fixture);
    struct client client;
    client_open(&client);
    headers_put(&client, 1, "GET", "/hold", true);
    flush(&client);
    FIXTURE_WAIT(atomic_load(&fixture.held_count) == 1);
    weft_http_server_drain(fixture.server, 60 * WEFT_NS_PER_SECOND, fixture_drained, &fixture);
    while (client.type != NGHTTP2_GOAWAY) assert_true(frame_read(&client));
    assert_int_equal(payload_u32(&client, 0),
                     INT32_MAX); /* a notice: what is on its way is still taken */
    headers_put(&client, 3, "GET", "/late", true);
    frame_put(&client, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, WEFT_S("\0\0\0\0\0\0\0\0"));
    flush(&client);
    unsigned goaways = 0;
    fixture_release(&fixture);
    weft_buf_reset(&client.body);
    while (frame_read(&client)) {
        if (client.type == NGHTTP2_DATA) weft_buf_append_str(&client.body, client.payload);
        if (client.type == NGHTTP2_GOAWAY) goaways++, assert_int_equal(payload_u32(&client, 0), 3);
    }
    assert_int_equal(goaways, 1);
    assert_true(buf_has(&client.body, "released"));
    assert_true(buf_has(&client.body, "/late?"));
    client_close(&client);
    FIXTURE_WAIT(atomic_load(&fixture.is_drained));
}

/* ---- gRPC ---- */

static void grpc_handle(void *self, struct weft_exchange *exchange)
{
    struct weft_buf inflated = { 0 };
    struct weft_str message;
    struct weft_err err;
    assert_true(weft_grpc_is_call(exchange));
    int rc = weft_grpc_message(exchange, 1000, &inflated, NULL, &message, &err);
    if (rc == WEFT_OK)
        weft_grpc_reply(exchange, message);
    else
        weft_grpc_reply_error(
            exchange, rc == WEFT_UNSUPPORTED ? WEFT_GRPC_UNIMPLEMENTED : WEFT_GRPC_INVALID_ARGUMENT,
            weft_str_from_c("100% wrong"), WEFT_S("d"));
    weft_buf_release(&inflated);
}

static void grpc(void **state)
{
    static const struct {
        struct weft_str body;
        const char *status;
    } cases[] = {
        { WEFT_S_INIT("\0\0\0\0\5hello"), "0" },  { WEFT_S_INIT("\0\0\0\0\0"), "0" },
        { WEFT_S_INIT("\0\0\0\0\6hello"), "3" },  { WEFT_S_INIT("\0\0\0\0\4hello"), "3" },
        { WEFT_S_INIT("\2\0\0\0\5hello"), "3" },  { WEFT_S_INIT("\0"), "3" },
        { WEFT_S_INIT("\1\0\0\0\5hello"), "12" },
    };
    fixture.options.handler = (struct weft_http_handler){ .self = &fixture, .handle = grpc_handle };
    fixture_start(&fixture);
    struct client client;
    struct weft_buf block = { 0 };
    client_open(&client);
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weft_buf_reset(&block);
        request_fields(&block, "POST", "/service/Method");
        field_put(&block, "content-type", i % 2 ? "application/grpc+proto" : "application/grpc");
        field_put(&block, "te", "trailers");
        frame_put(&client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2 * i + 1,
                  weft_buf_str(&block));
        frame_put(&client, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 2 * i + 1, cases[i].body);
        flush(&client);
        reply_read(&client, 2 * i + 1);
        assert_string_equal(client.status, "200");
        if (strcmp(client.grpc_status, cases[i].status) != 0)
            fail_msg("case %u: grpc-status %s", i, client.grpc_status);
        if (strcmp(cases[i].status, "0") == 0)
            assert_true(weft_str_equal(weft_buf_str(&client.body), cases[i].body));
        else
            assert_string_equal(client.grpc_message, "100%25 wrong");
    }
    weft_buf_release(&block);
    client_close(&client);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(answers),
        TEST(cut_is_no_end),
        TEST(many_streams_at_once),
        TEST(big_body_both_ways),
        TEST(expect_continue),
        TEST(limits),
        TEST(budget),
        TEST(timeouts),
        TEST(zero_window),
        TEST(peer_gone_before_the_reply),
        TEST(rapid_reset),
        TEST(provoked_resets),
        TEST(control_floods),
        TEST(empty_data_flood),
        TEST(continuation_flood),
        TEST(hpack_bomb),
        TEST(broken_frames),
        TEST(drains),
        TEST(grpc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
