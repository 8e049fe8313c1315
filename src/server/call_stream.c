/* call_stream.c -- long answers, piece by piece: no more of them is in memory than the connection takes.
 *
 *      loop:          start -> write -- taken --> (last piece: finish; failed: cut)
 *                               ^  \                   |
 *                               |   full: RETRY_NS     | not the last
 *      query thread:            +------- more() <------+
 *
 * Between pieces no thread waits. A reader that takes nothing is cut off by the connection (`write_ns_max`), and the call ends.
 * The status went out with the first piece: what goes wrong later (cancelled, stopping, a piece that cannot be made) cuts the answer
 * off in a way that no reader takes for its end (weft_exchange_cut()).
 */
#include "base/clock.h"
#include "base/log.h"
#include "server/call_grpc.h"
#include "wire/gzip_stream.h"

#define RETRY_NS (5 * WEFT_NS_PER_MS)

static void end(struct weft_call *call, bool is_whole)
{
    weft_loop_timer_stop(call->owned_exchange->loop, &call->timer);
    const struct weft_http_header grpc_ok = { WEFT_S_INIT("grpc-status"), WEFT_S_INIT("0") };
    if (is_whole)
        weft_exchange_finish(call->owned_exchange, &grpc_ok, weft_call_is_grpc(call));
    else
        weft_exchange_cut(call->owned_exchange);
    weft_call_destroy(call);
}

static void piece_write(void *arg);
static void cut(void *arg)
{
    end(arg, false);
}

static void piece_pack(struct weft_call *call, bool is_last)
{
    struct weft_buf packed = { 0 };
    weft_gzip_stream_append(call->gzip, &packed, weft_buf_str(&call->body), is_last);
    weft_buf_release(&call->body);
    call->body = packed;
}

bool weft_call_stream_pack(struct weft_call *call)
{
    call->gzip = weft_gzip_stream_create();
    if (call->gzip != NULL) piece_pack(call, false);
    return call->gzip != NULL;
}

static int piece_append(struct weft_call *call)
{
    struct weft_err err = { 0 };
    if (atomic_load_explicit(&call->is_cancelled, memory_order_relaxed)) return WEFT_CANCELLED;
    int rc = call->more(call, &err);
    if (rc < 0) weft_log(WEFT_LOG_ERROR, "query", "an answer was cut off: %s", err.text);
    if (rc >= 0 && call->gzip != NULL) piece_pack(call, rc == WEFT_OK);
    return rc;
}

static void piece_make(struct weft_query_job *job) /* on a query thread */
{
    struct weft_call *call = (struct weft_call *)((char *)job - offsetof(struct weft_call, job));
    weft_buf_reset(&call->body);
    int rc = piece_append(call);
    call->is_last_piece = rc == WEFT_OK;
    weft_loop_post(call->owned_exchange->loop, rc < 0 ? cut : piece_write, call);
}

static void retry_later(struct weft_call *call, void (*fire)(struct weft_timer *timer))
{
    call->timer.fire = fire;
    weft_loop_timer_start(call->owned_exchange->loop, &call->timer, RETRY_NS);
}

static void piece_next(struct weft_timer *timer)
{
    struct weft_call *call =
        (struct weft_call *)((char *)timer - offsetof(struct weft_call, timer));
    call->job.run = piece_make;
    call->job.is_lookup = true; /* what has begun goes on */
    int rc = weft_query_pool_submit(call->face->parts->pool, &call->job);
    if (rc == WEFT_FULL)
        retry_later(call, piece_next);
    else if (rc < 0) /* stopping */
        end(call, false);
}

static void piece_write_again(struct weft_timer *timer)
{
    piece_write((char *)timer - offsetof(struct weft_call, timer));
}

static void piece_write(void *arg)
{
    struct weft_call *call = arg;
    int rc = weft_exchange_write(call->owned_exchange, weft_buf_str(&call->body));
    if (rc == WEFT_FULL)
        retry_later(call, piece_write_again);
    else if (rc < 0 || call->is_last_piece)
        end(call, rc == WEFT_OK);
    else
        piece_next(&call->timer);
}

void weft_call_stream(struct weft_call *call)
{
    weft_exchange_start(call->owned_exchange,
                        &(struct weft_http_reply){
                            .status = call->status,
                            .content_type = weft_call_is_grpc(call) ? WEFT_S("application/grpc")
                                                                    : call->content_type,
                            .headers = call->headers,
                            .header_count = call->header_count,
                        });
    if (call->exchange->method == WEFT_HTTP_HEAD)
        end(call, true); /* no piece of it would be sent */
    else
        piece_write(call);
}
