/* exchange.c -- one request and its reply, whatever the protocol: headers, body, bounds, hand-over, reply.
 *
 *      created -> header complete: weft_http_exchange_admit() -> body -> weft_http_exchange_hand_over() -> reply -> destroyed
 *                      |                                  |                          |
 *                      +--> refused: answered, destroyed <+                          +-> peer gone: orphan, until the reply
 *
 * Body bytes and the budget: exchange_body.c.
 */
#include <stdarg.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/clock.h"
#include "net/http_internal.h"

#define FREE_EXCHANGES_MAX 256
#define RETRY_AFTER_NS WEFT_NS_PER_SECOND
#define VITAL_A_CONNECTION_MAX 2 /* taken over the budget at once */
#define VITAL_MAX 128            /* a worker */
#define HEADER_BLOCK_BYTES 4096  /* most headers fit, with what the reply needs */

/* ---- life ---- */

static void oldest_publish(struct weft_http_worker *worker, int change)
{
    uint64_t count = atomic_load_explicit(&worker->exchange_count, memory_order_relaxed);
    uint64_t since_ns = worker->oldest != NULL ? worker->oldest->opened_ns : 0;
    atomic_store_explicit(&worker->exchange_count, count + (uint64_t)change, memory_order_relaxed);
    atomic_store_explicit(&worker->oldest_since_ns, since_ns, memory_order_relaxed);
}

static void opened_add(struct weft_http_worker *worker, struct weft_http_exchange *exchange)
{
    exchange->opened_ns = weft_loop_now_ns(worker->loop);
    exchange->older = worker->newest;
    if (worker->newest != NULL)
        worker->newest->newer = exchange;
    else
        worker->oldest = exchange;
    worker->newest = exchange;
    oldest_publish(worker, 1);
}

static void opened_remove(struct weft_http_worker *worker, struct weft_http_exchange *exchange)
{
    if (exchange->older != NULL)
        exchange->older->newer = exchange->newer;
    else
        worker->oldest = exchange->newer;
    if (exchange->newer != NULL)
        exchange->newer->older = exchange->older;
    else
        worker->newest = exchange->older;
    oldest_publish(worker, -1);
}

struct weft_http_exchange *weft_http_exchange_create(struct weft_http_connection *connection)
{
    struct weft_http_worker *worker = connection->worker;
    struct weft_http_exchange *exchange = worker->free_exchanges;
    struct weft_arena arena;
    if (exchange != NULL) {
        worker->free_exchanges = exchange->next;
        worker->free_exchange_count--;
        arena = exchange->arena;
    } else {
        exchange = weft_alloc(sizeof *exchange);
        weft_arena_init(&arena, HEADER_BLOCK_BYTES);
    }
    *exchange = (struct weft_http_exchange){
        .arena = arena,
        .worker = worker,
        .listener = connection->listener,
        .connection = connection,
        .public = { .loop = worker->loop,
                    .content_length = -1,
                    .is_tls = connection->ssl != NULL,
                    .peer_address = weft_str_from_c(connection->peer_address),
                    .tls_peer_name = connection->tls_peer_name },
    };
    exchange->public.arena = &exchange->arena;
    opened_add(worker, exchange);
    return exchange;
}

void weft_http_exchange_destroy(struct weft_http_exchange *exchange)
{
    struct weft_http_worker *worker = exchange->worker;
    opened_remove(worker, exchange);
    weft_http_exchange_body_release(exchange);
    weft_http_exchange_header_release(exchange);
    if (exchange->is_vital) {
        worker->vital_count--;
        if (exchange->connection != NULL) exchange->connection->vital_count--;
    }
    weft_buf_release(&exchange->out);
    if (WEFT_ALLOC_EXACT || worker->free_exchange_count >= FREE_EXCHANGES_MAX) {
        weft_arena_release(&exchange->arena);
        weft_free(exchange);
        return;
    }
    weft_arena_reset(&exchange->arena);
    exchange->next = worker->free_exchanges;
    worker->free_exchanges = exchange;
    worker->free_exchange_count++;
}

void weft_http_exchange_peer_left(struct weft_http_exchange *exchange)
{
    void (*peer_left)(struct weft_exchange *) = exchange->public.peer_left;
    if (peer_left == NULL || !exchange->is_handed_over || exchange->is_finished) return;
    exchange->public.peer_left = NULL;
    peer_left(&exchange->public);
}

void weft_http_exchange_orphan(struct weft_http_exchange *exchange)
{
    struct weft_http_worker *worker = exchange->worker;
    bool is_owed = exchange->is_handed_over && !exchange->is_finished;
    if (!is_owed) {
        weft_http_exchange_destroy(exchange);
        return;
    }
    /* The connection's memory goes; what the handler may still read moves into the exchange. */
    exchange->public.peer_address =
        weft_arena_copy(&exchange->arena, exchange->public.peer_address);
    exchange->public.tls_peer_name =
        weft_arena_copy(&exchange->arena, exchange->public.tls_peer_name);
    exchange->connection->body_bytes -=
        (uint64_t)(exchange->budget_bytes + exchange->header_budget_bytes);
    exchange->public.is_closed = true;
    exchange->connection = NULL;
    exchange->previous = NULL;
    exchange->next = worker->orphans;
    if (worker->orphans != NULL) worker->orphans->previous = exchange;
    worker->orphans = exchange;
    weft_http_exchange_peer_left(exchange);
}

static void orphan_end(struct weft_http_exchange *exchange)
{
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        exchange->worker->orphans = exchange->next;
    if (exchange->next != NULL) exchange->next->previous = exchange->previous;
    weft_http_exchange_destroy(exchange);
}

void weft_http_worker_pool_release(struct weft_http_worker *worker)
{
    while (worker->orphans != NULL) orphan_end(worker->orphans);
    while (worker->free_exchanges != NULL) {
        struct weft_http_exchange *exchange = worker->free_exchanges;
        worker->free_exchanges = exchange->next;
        weft_arena_release(&exchange->arena);
        weft_free(exchange);
    }
    weft_loop_timer_stop(worker->loop, &worker->rate_timer);
    weft_http_blocks_release(worker);
}

/* ---- header ---- */

bool weft_http_exchange_header_add(struct weft_http_exchange *exchange, struct weft_str name,
                                   struct weft_str value)
{
    const struct weft_http_limits *limits = &exchange->listener->limits;
    struct weft_exchange *public = &exchange->public;
    exchange->header_bytes += name.len + value.len + 32; /* as RFC 9113 §6.5.2 counts */
    if (exchange->header_bytes > limits->header_bytes_max ||
        public->header_count >= limits->header_count_max) {
        exchange->is_header_refused = true;
        return false;
    }
    if (public->header_count == exchange->header_capacity) {
        exchange->header_capacity =
            exchange->header_capacity == 0 ? 16 : exchange->header_capacity * 2;
        struct weft_http_header *grown =
            weft_arena_alloc(&exchange->arena, exchange->header_capacity * sizeof *public->headers);
        if (public->header_count > 0)
            memcpy(grown, public->headers, public->header_count * sizeof *grown);
        public->headers = grown;
    }
    char *text = weft_arena_alloc(&exchange->arena, name.len + value.len + 1);
    memcpy(text, name.ptr, name.len);
    if (value.len > 0) memcpy(text + name.len, value.ptr, value.len);
    public->headers[public->header_count++] =
        (struct weft_http_header){ weft_str_make(text, name.len),
                                   weft_str_make(text + name.len, value.len) };
    return true;
}

struct weft_str weft_exchange_header(const struct weft_exchange *exchange,
                                     struct weft_str lower_case_name)
{
    for (uint32_t i = 0; i < exchange->header_count; i++)
        if (weft_str_equal(exchange->headers[i].name, lower_case_name))
            return exchange->headers[i].value;
    return (struct weft_str){ NULL, 0 };
}

bool weft_http_exchange_target_set(struct weft_http_exchange *exchange, struct weft_str target)
{
    ptrdiff_t mark = weft_str_find(target, '?');
    struct weft_str raw = mark < 0 ? target : weft_str_make(target.ptr, (size_t)mark);
    if (weft_str_find(target, '#') >= 0) return false;
    if (mark >= 0)
        exchange->public.query =
            weft_arena_copy(&exchange->arena, weft_str_tail(target, (size_t)mark + 1));
    if (weft_str_equal(raw, WEFT_S("*")) && exchange->public.method == WEFT_HTTP_OPTIONS)
        raw = WEFT_S("/");
    exchange->public.raw_path = weft_arena_copy(&exchange->arena, raw);
    return weft_http_path_normalise(&exchange->arena, raw, &exchange->public.path);
}

void weft_http_exchange_method_set(struct weft_http_exchange *exchange, struct weft_str method)
{
    static const struct {
        struct weft_str name;
        enum weft_http_method method;
    } methods[] = {
        { WEFT_S_INIT("POST"), WEFT_HTTP_POST },       { WEFT_S_INIT("GET"), WEFT_HTTP_GET },
        { WEFT_S_INIT("HEAD"), WEFT_HTTP_HEAD },       { WEFT_S_INIT("PUT"), WEFT_HTTP_PUT },
        { WEFT_S_INIT("PATCH"), WEFT_HTTP_PATCH },     { WEFT_S_INIT("DELETE"), WEFT_HTTP_DELETE },
        { WEFT_S_INIT("OPTIONS"), WEFT_HTTP_OPTIONS },
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (!weft_str_equal(method, methods[i].name)) continue;
        exchange->public.method = methods[i].method;
        exchange->public.method_name = methods[i].name;
        return;
    }
    exchange->public.method_name = weft_arena_copy(&exchange->arena, method);
}

/* ---- hand-over ---- */

/* Over the budget, but how the server is must be told even then. A few at once, so that this is no way around the budget. */
static bool vital_admit(struct weft_http_exchange *exchange, bool has_body)
{
    const struct weft_http_handler *handler = &exchange->listener->handler;
    struct weft_http_connection *connection = exchange->connection;
    struct weft_http_worker *worker = exchange->worker;
    if (has_body || handler->is_vital == NULL ||
        connection->vital_count >= VITAL_A_CONNECTION_MAX || worker->vital_count >= VITAL_MAX ||
        !handler->is_vital(handler->self, &exchange->public))
        return false;
    connection->vital_count++;
    worker->vital_count++;
    exchange->is_vital = true;
    weft_http_exchange_out_count(exchange, sizeof *exchange + exchange->arena.total_bytes);
    return true;
}

bool weft_http_exchange_admit(struct weft_http_exchange *exchange, bool has_body)
{
    const struct weft_http_listener *listener = exchange->listener;
    weft_metric_add(&listener->metrics->requests, 1);
    int64_t length = exchange->public.content_length;
    if (length >= 0 && (uint64_t)length > listener->limits.body_bytes_max)
        return weft_http_exchange_too_large(exchange);
    if (!weft_http_exchange_header_count(exchange) && !vital_admit(exchange, has_body))
        return weft_http_exchange_over_budget(exchange);
    if (length > 0 && has_body && !weft_http_exchange_claim(exchange, length))
        return weft_http_exchange_over_budget(exchange);
    if (listener->handler.admit == NULL) return true;
    exchange->is_handed_over = true;
    bool goes_on = listener->handler.admit(listener->handler.self, &exchange->public);
    if (goes_on) exchange->is_handed_over = false;
    return goes_on;
}

void weft_http_exchange_hand_over(struct weft_http_exchange *exchange)
{
    const struct weft_http_handler *handler = &exchange->listener->handler;
    exchange->public.body = weft_str_make(exchange->body, exchange->body_len);
    exchange->is_handed_over = true;
    exchange->is_body_complete = true;
    handler->handle(handler->self, &exchange->public);
}

static void refuse_plainly(struct weft_exchange *exchange, int status, struct weft_str sentence,
                           uint64_t retry_after_ns)
{
    char seconds[24];
    int len = snprintf(
        seconds, sizeof seconds, "%llu",
        (unsigned long long)((retry_after_ns + WEFT_NS_PER_SECOND - 1) / WEFT_NS_PER_SECOND));
    struct weft_http_header retry = { WEFT_S("retry-after"), weft_str_make(seconds, (size_t)len) };
    struct weft_http_reply reply = { .status = status,
                                     .content_type = WEFT_S("text/plain; charset=utf-8"),
                                     .headers = &retry,
                                     .header_count = retry_after_ns > 0 ? 1 : 0,
                                     .body = weft_arena_printf(exchange->arena, "%.*s\n",
                                                               WEFT_S_ARG(sentence)) };
    weft_exchange_reply(exchange, &reply);
}

static uint64_t retry_after(const struct weft_http_exchange *exchange, int status)
{
    struct weft_retry_delay *retry = exchange->listener->retry;
    if (status == 429 && retry != NULL)
        return weft_retry_delay_refused(retry, weft_loop_now_ns(exchange->worker->loop));
    return status == 429 || status == 503 ? RETRY_AFTER_NS : 0;
}

void weft_http_exchange_refuse(struct weft_http_exchange *exchange, enum weft_http_refusal why,
                               int status, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const struct weft_http_handler *handler = &exchange->listener->handler;
    struct weft_str sentence = weft_arena_copy(&exchange->arena, weft_str_from_c(text));
    uint64_t retry_after_ns = retry_after(exchange, status);
    weft_metric_add(&exchange->listener->metrics->refused[why], 1);
    if (exchange->public.path.len == 0)
        exchange->public.path = WEFT_S("/"); /* handlers may look at it */
    exchange->is_handed_over = true;
    if (handler->refuse != NULL)
        handler->refuse(handler->self, &exchange->public, status, sentence, retry_after_ns);
    else
        refuse_plainly(&exchange->public, status, sentence, retry_after_ns);
}

/* ---- reply ---- */

void weft_exchange_reply(struct weft_exchange *public, const struct weft_http_reply *reply)
{
    struct weft_http_exchange *exchange = weft_http_exchange_of(public);
    WEFT_ASSERT(exchange->is_handed_over && !exchange->is_replied,
                "status %d, path %.*s: a second reply", reply->status, WEFT_S_ARG(public->path));
    exchange->is_replied = exchange->is_finished = true;
    if (exchange->connection == NULL)
        orphan_end(exchange);
    else
        exchange->connection->protocol->reply(exchange, reply);
}

void weft_exchange_start(struct weft_exchange *public, const struct weft_http_reply *reply)
{
    struct weft_http_exchange *exchange = weft_http_exchange_of(public);
    WEFT_ASSERT(exchange->is_handed_over && !exchange->is_replied, "status %d: a second reply",
                reply->status);
    exchange->is_replied = exchange->is_streaming = true;
    if (exchange->connection == NULL) return;
    exchange->connection->protocol->start(exchange, reply);
}

int weft_exchange_write(struct weft_exchange *public, struct weft_str bytes)
{
    struct weft_http_exchange *exchange = weft_http_exchange_of(public);
    WEFT_ASSERT(exchange->is_streaming && !exchange->is_finished, "status of path %.*s",
                WEFT_S_ARG(public->path));
    if (exchange->connection == NULL) return WEFT_CLOSED;
    return exchange->connection->protocol->write(exchange, bytes);
}

void weft_exchange_finish(struct weft_exchange *public, const struct weft_http_header *trailers,
                          uint32_t trailer_count)
{
    struct weft_http_exchange *exchange = weft_http_exchange_of(public);
    WEFT_ASSERT(exchange->is_streaming && !exchange->is_finished, "path %.*s",
                WEFT_S_ARG(public->path));
    exchange->is_finished = true;
    if (exchange->connection == NULL)
        orphan_end(exchange);
    else
        exchange->connection->protocol->finish(exchange, trailers, trailer_count);
}

void weft_exchange_cut(struct weft_exchange *public)
{
    struct weft_http_exchange *exchange = weft_http_exchange_of(public);
    WEFT_ASSERT(exchange->is_streaming && !exchange->is_finished, "path %.*s",
                WEFT_S_ARG(public->path));
    exchange->is_finished = true;
    if (exchange->connection == NULL)
        orphan_end(exchange);
    else
        exchange->connection->protocol->cut(exchange);
}
