/* receiver_otlp_hold.c -- requests that wait for room in the store.
 *
 * The store takes what fits into the chunk that collects while another is on its way to disk. Refusing what comes meanwhile would
 * throw away a body that was received for nothing, and the sender would send it once more. So it waits, in memory that the budget
 * counts already, and is tried again when the chunk is on disk. The budget is then what bounds the load, before bodies are read:
 * under too much of it, few wait long and the others are refused cheaply.
 *
 *      handle() -> attempt: busy -> held ----(a commit ended, or RETRY_NS passed)----> attempt, first come first served
 *                                     +------(HELD_NS_MAX passed)----> refused, with a delay
 */
#include "base/clock.h"
#include "base/metric.h"
#include "pipeline/receiver_otlp_internal.h"

/* A commit's end wakes the queue. This is for the case that somebody else's did. */
#define RETRY_NS (20 * WEFT_NS_PER_MS)
/* Senders' own timeouts are 10 s and they should hear a delay before. */
#define HELD_NS_MAX (2 * WEFT_NS_PER_SECOND)

static struct weft_metric held_requests = {
    .name = "weft_receiver_held_requests_total",
    .labels = "receiver=\"otlp\"",
    .help = "Requests that waited for room in the store after they were read.",
};
static struct weft_metric expired_requests = {
    .name = "weft_receiver_held_requests_refused_total",
    .labels = "receiver=\"otlp\"",
    .help = "Of these, requests refused because no room came in time.",
};

void weft_otlp_hold_register_metrics(void)
{
    weft_metric_register(&held_requests);
    weft_metric_register(&expired_requests);
}

static struct weft_otlp_hold *hold_of(const struct weft_otlp_call *call)
{
    return &weft_otlp_scratch_of(call->receiver, call->exchange)->hold;
}

static struct weft_otlp_call *take_first(struct weft_otlp_hold *hold)
{
    struct weft_otlp_call *call = hold->first;
    hold->first = call->next;
    if (hold->first == NULL) hold->last = NULL;
    call->next = NULL;
    return call;
}

static void put_first(struct weft_otlp_hold *hold, struct weft_otlp_call *call)
{
    call->next = hold->first;
    hold->first = call;
    if (hold->last == NULL) hold->last = call;
}

/* True: answered, no room is needed for it. */
static bool give_up(struct weft_otlp_call *call, uint64_t now_ns)
{
    if (call->exchange
            ->is_closed) { /* nobody would hear that it was taken, and would send it again */
        weft_otlp_reply_error(call, WEFT_CLOSED, WEFT_S("the sender has gone"), 0);
        return true;
    }
    if (now_ns - call->held_since_ns < HELD_NS_MAX) return false;
    weft_metric_add(&expired_requests, 1);
    weft_otlp_reply_error(call, WEFT_FULL,
                          WEFT_S("the store is busy writing to disk; send again later"), 0);
    return true;
}

static void run(struct weft_otlp_hold *hold)
{
    uint64_t now_ns = weft_loop_now_ns(hold->loop);
    bool has_room = true;

    while (hold->first != NULL && has_room) {
        struct weft_otlp_call *call = take_first(hold);
        if (give_up(call, now_ns)) continue;
        has_room = weft_otlp_attempt(call) != WEFT_OTLP_BUSY;
        if (!has_room) put_first(hold, call);
    }
    if (hold->first != NULL)
        weft_loop_timer_start(hold->loop, &hold->timer, RETRY_NS);
    else
        weft_loop_timer_stop(hold->loop, &hold->timer);
}

static void timer_fired(struct weft_timer *timer)
{
    run((struct weft_otlp_hold *)((char *)timer - offsetof(struct weft_otlp_hold, timer)));
}

static void run_deferred(void *arg)
{
    struct weft_otlp_hold *hold = arg;
    hold->is_deferred = false;
    run(hold);
}

bool weft_otlp_hold_is_empty(const struct weft_otlp_call *call)
{
    return hold_of(call)->first == NULL;
}

void weft_otlp_hold_add(struct weft_otlp_call *call)
{
    struct weft_otlp_hold *hold = hold_of(call);

    weft_metric_add(&held_requests, 1);
    hold->loop = call->exchange->loop;
    hold->timer.fire = timer_fired;
    call->held_since_ns = weft_loop_now_ns(hold->loop);
    call->next = NULL;
    if (hold->last != NULL) {
        hold->last->next = call;
    } else {
        hold->first = call;
        weft_loop_timer_start(hold->loop, &hold->timer, RETRY_NS);
    }
    hold->last = call;
}

void weft_otlp_hold_retry_soon(struct weft_otlp_call *call)
{
    struct weft_otlp_hold *hold = hold_of(call);

    if (hold->first == NULL || hold->is_deferred) return;
    hold->is_deferred = true;
    weft_loop_defer(hold->loop, run_deferred, hold);
}

void weft_otlp_hold_stop(struct weft_otlp_hold *hold)
{
    if (hold->loop != NULL) weft_loop_timer_stop(hold->loop, &hold->timer);
}
