/* exchange_body.c -- bytes of a request: counted before they are kept, kept in the worker's blocks, given up when they come too slowly.
 *
 * Body bytes are counted three times: against limits.body_bytes_max, against what one connection may hold and against the budget of
 * all listeners, in one piece when the length is told, else each time the buffer doubles. What an open request costs beside its body
 * is counted too, or many empty ones would cost nothing.
 *
 * Small requests (up to a sixteenth of the budget) and large ones are told apart: the small ones together get a quarter of it, the large ones
 * three quarters. However many come of one kind, the other finds room; and the usual load, which is small requests, never takes more
 * than a quarter: more of them waiting would make answers later, not more.
 *
 * One connection may fill that only while it takes nothing from others: once small requests hold 3/16, a connection that holds 3/32 gets
 * no more; and once half of the whole is in use, a connection whose other requests hold a quarter gets no large one more.
 *
 * Who claims much and sends little holds what others could use: while the budget is over half full, a body must come at
 * RATE_BYTES_MIN a second after RATE_GRACE_NS, or it is refused.
 */
#include "base/clock.h"
#include "net/http_internal.h"
#include "wire/grpc_frame.h"

#define RATE_BYTES_MIN (INT64_C(16) << 10)
#define RATE_CLAIM_MIN (INT64_C(64) << 10) /* less is not worth a look */
#define RATE_GRACE_NS (5 * WEFT_NS_PER_SECOND)
#define RATE_LOOK_NS WEFT_NS_PER_SECOND

/* ---- budget ---- */

static int64_t used_bytes(const struct weft_budget *budget)
{
    return atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
}

static bool is_small(const struct weft_budget *budget, int64_t body)
{
    return body <= budget->limit_bytes / 16;
}

/* What requests of its size hold. */
static _Atomic int64_t *kind_bytes(struct weft_budget *budget, int64_t body)
{
    return is_small(budget, body) ? &budget->small_bytes : &budget->large_bytes;
}

/* May a body of `body` bytes, `more` than were counted until now, be taken as far as others are concerned? */
static bool is_fair(const struct weft_http_exchange *exchange, struct weft_budget *budget,
                    int64_t body, int64_t more)
{
    int64_t sixteenth = budget->limit_bytes / 16, held = (int64_t)exchange->connection->body_bytes;
    int64_t kind = atomic_load_explicit(kind_bytes(budget, body), memory_order_relaxed) + body;
    if (budget->limit_bytes == 0) return true;
    if (is_small(budget, body)) {
        kind -= exchange->budget_bytes;
        return kind <= 4 * sixteenth && (kind <= 3 * sixteenth || held + more <= 3 * sixteenth / 2);
    }
    if (!is_small(budget, exchange->budget_bytes)) kind -= exchange->budget_bytes;
    held -= exchange->budget_bytes + exchange->header_budget_bytes;
    return kind <= 12 * sixteenth &&
           (used_bytes(budget) + more <= 8 * sixteenth || held <= 4 * sixteenth);
}

static void kind_count(struct weft_budget *budget, int64_t body, int sign)
{
    if (body > 0)
        atomic_fetch_add_explicit(kind_bytes(budget, body), sign * body, memory_order_relaxed);
}

static bool budget_take(struct weft_http_exchange *exchange, int64_t more)
{
    struct weft_http_connection *connection = exchange->connection;
    struct weft_budget *budget = exchange->listener->body_budget;
    if (connection->body_bytes + (uint64_t)more >
        exchange->listener->limits.connection_body_bytes_max)
        return false;
    if (budget != NULL && !weft_budget_take(budget, more)) return false;
    connection->body_bytes += (uint64_t)more;
    return true;
}

static void budget_give(struct weft_http_exchange *exchange, int64_t bytes)
{
    if (exchange->listener->body_budget != NULL)
        weft_budget_give(exchange->listener->body_budget, bytes);
    if (exchange->connection != NULL) exchange->connection->body_bytes -= (uint64_t)bytes;
}

bool weft_http_exchange_header_count(struct weft_http_exchange *exchange)
{
    int64_t bytes = (int64_t)(sizeof *exchange + exchange->arena.total_bytes);
    if (!budget_take(exchange, bytes)) return false;
    exchange->header_budget_bytes = bytes;
    return true;
}

void weft_http_exchange_header_release(struct weft_http_exchange *exchange)
{
    budget_give(exchange, exchange->header_budget_bytes);
    exchange->header_budget_bytes = 0;
}

void weft_http_exchange_out_count(struct weft_http_exchange *exchange, size_t bytes)
{
    if (exchange->listener->body_budget != NULL)
        weft_budget_count(exchange->listener->body_budget, (int64_t)bytes);
    exchange->header_budget_bytes += (int64_t)bytes;
    exchange->connection->body_bytes += bytes;
}

/* ---- bodies that come too slowly ---- */

/* Is more than half in use of what there is, for either kind or for both? */
static bool is_contended(struct weft_budget *budget)
{
    if (budget == NULL || budget->limit_bytes == 0) return false;
    int64_t sixteenth = budget->limit_bytes / 16;
    return used_bytes(budget) > 8 * sixteenth ||
           atomic_load_explicit(&budget->small_bytes, memory_order_relaxed) > 2 * sixteenth ||
           atomic_load_explicit(&budget->large_bytes, memory_order_relaxed) > 6 * sixteenth;
}

static bool is_too_slow(const struct weft_http_exchange *exchange, uint64_t age_ns)
{
    int64_t due = RATE_BYTES_MIN * (int64_t)(age_ns / WEFT_NS_PER_SECOND);
    return exchange->connection != NULL && !exchange->is_handed_over &&
           exchange->budget_bytes >= RATE_CLAIM_MIN && (int64_t)exchange->body_len < due &&
           is_contended(exchange->listener->body_budget);
}

static void rate_look(struct weft_timer *timer)
{
    struct weft_http_worker *worker =
        (struct weft_http_worker *)((char *)timer - offsetof(struct weft_http_worker, rate_timer));
    uint64_t now_ns = weft_loop_now_ns(worker->loop);
    bool is_needed = false;
    struct weft_http_exchange *newer;
    for (struct weft_http_exchange *exchange = worker->oldest; exchange != NULL; exchange = newer) {
        newer = exchange->newer;
        is_needed = is_needed || is_contended(exchange->listener->body_budget);
        uint64_t age_ns = now_ns - exchange->opened_ns;
        if (age_ns < RATE_GRACE_NS) break; /* so are all behind it */
        if (is_too_slow(exchange, age_ns))
            exchange->connection->protocol->refuse_slow_body(exchange);
    }
    if (is_needed) weft_loop_timer_start(worker->loop, timer, RATE_LOOK_NS);
}

static void rate_watch(struct weft_http_exchange *exchange)
{
    struct weft_http_worker *worker = exchange->worker;
    if (worker->rate_timer.due_ns != 0 || exchange->budget_bytes < RATE_CLAIM_MIN ||
        !is_contended(exchange->listener->body_budget))
        return;
    worker->rate_timer.fire = rate_look;
    weft_loop_timer_start(worker->loop, &worker->rate_timer, RATE_LOOK_NS);
}

void weft_http_exchange_refuse_slow(struct weft_http_exchange *exchange)
{
    weft_http_exchange_refuse(exchange, WEFT_HTTP_REFUSED_BUDGET, 429,
                              "too many request bytes are in memory for a body that comes at less "
                              "than %lld bytes a second, try again later",
                              (long long)RATE_BYTES_MIN);
}

/* ---- body ---- */

/* Enough budget and connection allowance for a buffer of `bytes`? */
bool weft_http_exchange_claim(struct weft_http_exchange *exchange, int64_t bytes)
{
    struct weft_budget *budget = exchange->listener->body_budget;
    int64_t more = bytes - exchange->budget_bytes;
    if (more <= 0) return true;
    if (budget != NULL && !is_fair(exchange, budget, bytes, more)) return false;
    if (!budget_take(exchange, more)) return false;
    if (budget != NULL) {
        kind_count(budget, exchange->budget_bytes, -1);
        kind_count(budget, bytes, 1);
    }
    exchange->budget_bytes = bytes;
    rate_watch(exchange);
    return true;
}

bool weft_http_exchange_too_large(struct weft_http_exchange *exchange)
{
    weft_http_exchange_refuse(exchange, WEFT_HTTP_REFUSED_BODY, 413,
                              "the request body is larger than %llu bytes",
                              (unsigned long long)exchange->listener->limits.body_bytes_max);
    return false;
}

bool weft_http_exchange_over_budget(struct weft_http_exchange *exchange)
{
    weft_http_exchange_refuse(exchange, WEFT_HTTP_REFUSED_BUDGET, 429,
                              "too many request bytes are in memory, try again later");
    return false;
}

static void body_grow(struct weft_http_exchange *exchange, size_t size)
{
    size_t capacity;
    char *grown = weft_http_block_take(exchange->worker, size, &capacity);
    if (exchange->body_len > 0) memcpy(grown, exchange->body, exchange->body_len);
    if (exchange->body != NULL)
        weft_http_block_give(exchange->worker, exchange->body, exchange->body_capacity);
    exchange->body = grown;
    exchange->body_capacity = capacity;
}

bool weft_http_exchange_body_reserve(struct weft_http_exchange *exchange, size_t more)
{
    size_t needed = exchange->body_len + more;
    if (needed > exchange->listener->limits.body_bytes_max)
        return weft_http_exchange_too_large(exchange);
    if ((uint64_t)exchange->budget_bytes < needed) {
        /* The length was not told. Twice as much each time, so that the copying stays linear. */
        uint64_t grown =
            needed > 2 * exchange->body_capacity ? needed : 2 * exchange->body_capacity;
        if (grown > exchange->listener->limits.body_bytes_max)
            grown = exchange->listener->limits.body_bytes_max;
        if (!weft_http_exchange_claim(exchange, (int64_t)grown))
            return weft_http_exchange_over_budget(exchange);
        if (grown > exchange->body_capacity) body_grow(exchange, grown);
    } else if (needed > exchange->body_capacity) {
        body_grow(exchange, (size_t)exchange->budget_bytes);
    }
    return true;
}

/* A gRPC message says its length in front: one buffer of the right size instead of doublings. */
static bool grpc_length_expect(struct weft_http_exchange *exchange, struct weft_str bytes)
{
    if (exchange->public.content_length >= 0 || bytes.len < WEFT_GRPC_PREFIX_BYTES ||
        exchange->public.http_major != 2 ||
        !weft_str_starts_with(weft_exchange_header(&exchange->public, WEFT_S("content-type")),
                              WEFT_S("application/grpc")))
        return true;
    const unsigned char *prefix = (const unsigned char *)bytes.ptr;
    uint64_t len = (uint64_t)prefix[1] << 24 | (uint64_t)prefix[2] << 16 |
                   (uint64_t)prefix[3] << 8 | prefix[4];
    len += WEFT_GRPC_PREFIX_BYTES;
    if (len > exchange->listener->limits.body_bytes_max)
        return weft_http_exchange_too_large(exchange);
    return weft_http_exchange_claim(exchange, (int64_t)len) ||
           weft_http_exchange_over_budget(exchange);
}

bool weft_http_exchange_body_append(struct weft_http_exchange *exchange, struct weft_str bytes)
{
    if (exchange->body_len == 0 && !grpc_length_expect(exchange, bytes)) return false;
    bool is_in_place = exchange->body != NULL && bytes.ptr == exchange->body + exchange->body_len;
    if (!is_in_place) {
        if (!weft_http_exchange_body_reserve(exchange, bytes.len)) return false;
        memcpy(exchange->body + exchange->body_len, bytes.ptr, bytes.len);
    }
    exchange->body_len += bytes.len;
    return true;
}

void weft_http_exchange_body_release(struct weft_http_exchange *exchange)
{
    if (exchange->body != NULL)
        weft_http_block_give(exchange->worker, exchange->body, exchange->body_capacity);
    exchange->body = NULL;
    exchange->body_len = exchange->body_capacity = 0;
    exchange->public.body = (struct weft_str){ NULL, 0 };
    if (exchange->listener->body_budget != NULL)
        kind_count(exchange->listener->body_budget, exchange->budget_bytes, -1);
    budget_give(exchange, exchange->budget_bytes);
    exchange->budget_bytes = 0;
}

void weft_exchange_body_release(struct weft_exchange *public)
{
    weft_http_exchange_body_release(weft_http_exchange_of(public));
}
