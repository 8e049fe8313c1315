/* client_pool_http1.c -- HTTP/1.1 POSTs on a kept connection of a client pool, one at a time. */
#include "base/alloc.h"
#include "base/clock.h"
#include "net/client_pool_internal.h"
#include "wire/http1.h"

#define FIELDS_MAX 64

struct http1_state {
    struct weft_http1_parser parser;
    struct weft_http1_field fields[FIELDS_MAX];
    struct weft_buf in;
    struct weft_client_slot *slot; /* whose answer is awaited; NULL: none */
};

static void parser_begin(struct weft_client_connection *c, struct http1_state *s)
{
    weft_http1_init(&s->parser, WEFT_HTTP1_RESPONSE, s->fields, FIELDS_MAX);
    s->parser.body_bytes_max = c->pool->options.answer_bytes_max;
}

static int speech_open(struct weft_client_connection *c, struct weft_err *err)
{
    struct http1_state *s = weft_alloc_zero(sizeof *s);
    c->state = s;
    parser_begin(c, s);
    return WEFT_OK;
}

static void speech_close(struct weft_client_connection *c)
{
    struct http1_state *s = c->state;
    weft_buf_release(&s->in);
    weft_free(s);
    c->state = NULL;
}

static int speech_submit(struct weft_client_connection *c, struct weft_client_slot *slot,
                         struct weft_err *err)
{
    struct http1_state *s = c->state;
    const struct weft_client_call *call = &slot->call;
    for (uint32_t i = 0; i < call->header_count; i++) {
        if (weft_http1_is_token(call->headers[i].name) &&
            weft_http1_is_field_value(call->headers[i].value))
            continue;
        return weft_fail(err, WEFT_INVALID, "header \"%.*s\" cannot be sent",
                         WEFT_S_ARG(call->headers[i].name));
    }
    struct weft_buf *out = &c->out;
    weft_buf_reserve(out, call->body.len + 512);
    weft_buf_printf(out,
                    "POST %.*s HTTP/1.1\r\nhost: %s\r\nuser-agent: weft/" WEFT_VERSION
                    "\r\ncontent-length: %zu\r\n",
                    WEFT_S_ARG(call->path),
                    c->pool->endpoint.is_unix ? "localhost" : c->pool->options.endpoint,
                    call->body.len);
    for (uint32_t i = 0; i < call->header_count; i++) {
        weft_buf_append_str(out, call->headers[i].name);
        weft_buf_append(out, ": ", 2);
        weft_buf_append_str(out, call->headers[i].value);
        weft_buf_append(out, "\r\n", 2);
    }
    weft_buf_append(out, "\r\n", 2);
    weft_buf_append_str(out, call->body);
    s->slot = slot;
    return WEFT_OK;
}

static void header_take(struct http1_state *s)
{
    const struct weft_http1_field *retry = weft_http1_field_find(&s->parser, WEFT_S("retry-after"));
    uint64_t seconds;
    s->slot->http_status = s->parser.status;
    if (retry != NULL && weft_str_to_u64(retry->value, &seconds) && seconds <= 86400) {
        s->slot->has_retry_after = true;
        s->slot->retry_after_ns = seconds * WEFT_NS_PER_SECOND;
    }
}

static void answer_end(struct weft_client_connection *c, struct http1_state *s)
{
    struct weft_client_slot *slot = s->slot;
    c->is_ending = c->is_ending || !s->parser.keeps_alive;
    parser_begin(c, s);
    s->slot = NULL; /* before the callback, which may submit the next call */
    weft_client_slot_finish(slot, WEFT_OK, weft_str_make(NULL, 0));
}

static int speech_receive(struct weft_client_connection *c, struct weft_str bytes,
                          struct weft_err *err)
{
    struct http1_state *s = c->state;
    if (s->slot == NULL)
        return bytes.len == 0 || c->is_ending
                   ? WEFT_OK
                   : weft_fail(err, WEFT_INVALID, "an answer that nobody asked for");
    if (bytes.len == 0) {
        if (weft_http1_eof(&s->parser) == WEFT_HTTP1_END) answer_end(c, s);
        return WEFT_OK; /* the pool ends what has not ended */
    }
    weft_buf_append_str(&s->in, bytes);
    size_t at = 0;
    while (s->slot != NULL) {
        size_t used;
        enum weft_http1_event event =
            weft_http1_parse(&s->parser, weft_str_tail(weft_buf_str(&s->in), at), &used);
        at += used;
        if (event == WEFT_HTTP1_MORE) break;
        if (event == WEFT_HTTP1_ERROR)
            return weft_fail(err, WEFT_INVALID, "%s: %s", c->pool->options.endpoint,
                             s->parser.error);
        if (event == WEFT_HTTP1_HEADER) header_take(s);
        if (event == WEFT_HTTP1_BODY) weft_client_body_add(s->slot, s->parser.body);
        if (event != WEFT_HTTP1_END) continue;
        if (s->parser.status < 200)
            weft_http1_reset(&s->parser);
        else if (at < s->in.len)
            return weft_fail(err, WEFT_INVALID, "%s: bytes behind the answer",
                             c->pool->options.endpoint);
        else
            answer_end(c, s);
    }
    weft_buf_consume(&s->in, at);
    return WEFT_OK;
}

static int speech_fill(struct weft_client_connection *c, struct weft_err *err)
{
    return WEFT_OK; /* submit wrote it all */
}

/* The answer may still come, and nothing in it would say to whom it belongs: the connection must go. */
static void speech_cancel(struct weft_client_connection *c, struct weft_client_slot *slot)
{
    struct http1_state *s = c->state;
    s->slot = NULL;
    c->is_ending = true;
}

const struct weft_client_speech weft_client_speech_http1 = {
    .open = speech_open,
    .close = speech_close,
    .submit = speech_submit,
    .receive = speech_receive,
    .fill = speech_fill,
    .cancel = speech_cancel,
    .in_flight_max = 1,
};
