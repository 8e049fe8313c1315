/* loop.c -- epoll round: ready descriptors, posted messages, due timers, deferred calls, in that order.
 *
 * Invariants
 *   1. timers[i]->heap_index == i for every running timer; a stopped one has due_ns 0.
 *   2. Between epoll_wait() and the end of serving its events, `events[served..ready_count)` names no removed watch:
 *      weft_loop_unwatch() blanks them, so an owner may free a watch while others are being served.
 *   3. Whoever finds the post list empty when pushing writes the eventfd: one wakeup for many posts.
 */
#include "net/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/clock.h"

#define EVENTS_MAX 256
#define STOP_ROUNDS_MAX 1000

struct post {
    struct post *next;
    void (*fn)(void *arg);
    void *arg;
};
struct call {
    void (*fn)(void *arg);
    void *arg;
};
struct calls {
    struct call *list;
    size_t count, capacity;
};

struct weft_loop {
    int epoll_fd;
    unsigned index;
    uint64_t now_ns;
    struct weft_watch wake;       /* the eventfd */
    _Atomic(struct post *) posts; /* newest first */
    _Atomic bool is_stopping;
    struct weft_timer **timers; /* binary heap by due_ns */
    uint32_t timer_count, timer_capacity;
    struct calls deferred, running;
    int ready_count, served;
    struct epoll_event events[EVENTS_MAX];
};

static void wake_ready(struct weft_watch *watch, uint32_t events)
{
    uint64_t count;
    ssize_t got = read(watch->fd, &count, sizeof count);
    (void)got; /* nothing to read: another round took it */
}

int weft_loop_create(struct weft_loop **out, unsigned index, struct weft_err *err)
{
    struct weft_loop *loop = weft_alloc_zero(sizeof *loop);
    loop->index = index;
    loop->wake.fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        weft_fail_errno(err, "event loop %u: epoll", index);
        goto fail;
    }
    loop->wake = (struct weft_watch){ .events = EPOLLIN, .ready = wake_ready };
    loop->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake.fd < 0) {
        weft_fail_errno(err, "event loop %u: eventfd", index);
        goto fail;
    }
    if (weft_loop_watch(loop, &loop->wake, err) < 0) goto fail;
    loop->now_ns = weft_clock_monotonic_ns();
    *out = loop;
    return WEFT_OK;
fail:
    weft_loop_destroy(loop);
    return WEFT_IO;
}

void weft_loop_destroy(struct weft_loop *loop)
{
    if (loop == NULL) return;
    struct post *post = atomic_load(&loop->posts);
    while (post != NULL) {
        struct post *next = post->next;
        weft_free(post);
        post = next;
    }
    if (loop->wake.fd >= 0) close(loop->wake.fd);
    if (loop->epoll_fd >= 0) close(loop->epoll_fd);
    weft_free(loop->timers);
    weft_free(loop->deferred.list);
    weft_free(loop->running.list);
    weft_free(loop);
}

unsigned weft_loop_index(const struct weft_loop *loop)
{
    return loop->index;
}

uint64_t weft_loop_now_ns(const struct weft_loop *loop)
{
    return loop->now_ns;
}

/* ---- messages from other threads ---- */

static void wake(struct weft_loop *loop)
{
    uint64_t one = 1;
    ssize_t put = write(loop->wake.fd, &one, sizeof one);
    (void)put; /* EAGAIN: the counter is full, so the loop is awake */
}

void weft_loop_post(struct weft_loop *loop, void (*fn)(void *arg), void *arg)
{
    struct post *post = weft_alloc(sizeof *post);
    post->fn = fn;
    post->arg = arg;
    struct post *head = atomic_load_explicit(&loop->posts, memory_order_relaxed);
    do {
        post->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posts, &head, post, memory_order_release,
                                                    memory_order_relaxed));
    if (head == NULL) wake(loop);
}

static bool posts_run(struct weft_loop *loop)
{
    if (atomic_load_explicit(&loop->posts, memory_order_relaxed) == NULL) return false;
    struct post *newest = atomic_exchange_explicit(&loop->posts, NULL, memory_order_acquire);
    struct post *oldest = NULL;
    while (newest != NULL) {
        struct post *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct post *next = oldest->next;
        oldest->fn(oldest->arg);
        weft_free(oldest);
        oldest = next;
    }
    return true;
}

void weft_loop_stop(struct weft_loop *loop)
{
    atomic_store(&loop->is_stopping, true);
    wake(loop);
}

/* ---- deferred calls ---- */

void weft_loop_defer(struct weft_loop *loop, void (*fn)(void *arg), void *arg)
{
    struct calls *calls = &loop->deferred;
    if (calls->count == calls->capacity) {
        calls->capacity = calls->capacity == 0 ? 64 : calls->capacity * 2;
        calls->list = weft_realloc_array(calls->list, calls->capacity, sizeof *calls->list);
    }
    calls->list[calls->count++] = (struct call){ fn, arg };
}

/* What is deferred meanwhile runs in the next round, which then does not wait. */
static bool deferred_run(struct weft_loop *loop)
{
    if (loop->deferred.count == 0) return false;
    struct calls now = loop->deferred;
    loop->deferred = loop->running;
    loop->running = now;
    for (size_t i = 0; i < now.count; i++) now.list[i].fn(now.list[i].arg);
    loop->running.count = 0;
    return true;
}

/* ---- descriptors ---- */

static int control(struct weft_loop *loop, int operation, struct weft_watch *watch)
{
    struct epoll_event event = { .events = watch->events, .data.ptr = watch };
    return epoll_ctl(loop->epoll_fd, operation, watch->fd, &event);
}

int weft_loop_watch(struct weft_loop *loop, struct weft_watch *watch, struct weft_err *err)
{
    if (control(loop, EPOLL_CTL_ADD, watch) == 0) return WEFT_OK;
    return weft_fail_errno(err, "event loop %u: watching descriptor %d", loop->index, watch->fd);
}

void weft_loop_change(struct weft_loop *loop, struct weft_watch *watch, uint32_t events)
{
    if (watch->events == events) return;
    watch->events = events;
    int rc = control(loop, EPOLL_CTL_MOD, watch);
    WEFT_ASSERT(rc == 0, "descriptor %d, errno %d", watch->fd, errno);
}

void weft_loop_unwatch(struct weft_loop *loop, struct weft_watch *watch)
{
    control(loop, EPOLL_CTL_DEL, watch);
    for (int i = loop->served; i < loop->ready_count; i++)
        if (loop->events[i].data.ptr == watch) loop->events[i].data.ptr = NULL;
}

static void ready_serve(struct weft_loop *loop)
{
    for (loop->served = 0; loop->served < loop->ready_count;) {
        struct epoll_event event = loop->events[loop->served++];
        struct weft_watch *watch = event.data.ptr;
        if (watch != NULL) watch->ready(watch, event.events);
    }
    loop->ready_count = loop->served = 0;
}

/* ---- timers ---- */

static void timer_place(struct weft_loop *loop, uint32_t at, struct weft_timer *timer)
{
    loop->timers[at] = timer;
    timer->heap_index = at;
}

static void timer_rise(struct weft_loop *loop, uint32_t at, struct weft_timer *timer)
{
    while (at > 0 && loop->timers[(at - 1) / 2]->due_ns > timer->due_ns) {
        timer_place(loop, at, loop->timers[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    timer_place(loop, at, timer);
}

static void timer_sink(struct weft_loop *loop, uint32_t at, struct weft_timer *timer)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= loop->timer_count) break;
        if (child + 1 < loop->timer_count &&
            loop->timers[child + 1]->due_ns < loop->timers[child]->due_ns)
            child++;
        if (loop->timers[child]->due_ns >= timer->due_ns) break;
        timer_place(loop, at, loop->timers[child]);
        at = child;
    }
    timer_place(loop, at, timer);
}

void weft_loop_timer_stop(struct weft_loop *loop, struct weft_timer *timer)
{
    if (timer->due_ns == 0) return;
    uint32_t at = timer->heap_index;
    struct weft_timer *last = loop->timers[--loop->timer_count];
    if (last != timer) {
        if (last->due_ns < timer->due_ns)
            timer_rise(loop, at, last);
        else
            timer_sink(loop, at, last);
    }
    timer->due_ns = 0;
}

void weft_loop_timer_start(struct weft_loop *loop, struct weft_timer *timer, uint64_t delay_ns)
{
    weft_loop_timer_stop(loop, timer);
    if (loop->timer_count == loop->timer_capacity) {
        loop->timer_capacity = loop->timer_capacity == 0 ? 64 : loop->timer_capacity * 2;
        loop->timers = weft_realloc_array(loop->timers, loop->timer_capacity, sizeof *loop->timers);
    }
    if (__builtin_add_overflow(loop->now_ns, delay_ns, &timer->due_ns)) timer->due_ns = UINT64_MAX;
    timer_rise(loop, loop->timer_count++, timer);
}

/* Timers started by the ones fired here wait for the next round, also with delay 0: due_ns is then now_ns, so the bound
 * is the number of timers that were running at the start. */
static void timers_fire(struct weft_loop *loop)
{
    for (uint32_t left = loop->timer_count; left > 0 && loop->timer_count > 0; left--) {
        struct weft_timer *timer = loop->timers[0];
        if (timer->due_ns > loop->now_ns) return;
        weft_loop_timer_stop(loop, timer);
        timer->fire(timer);
    }
}

/* Milliseconds for epoll_wait(), rounded up so that a timer is due when it returns. */
static int wait_ms(const struct weft_loop *loop)
{
    if (loop->deferred.count > 0 || atomic_load(&loop->is_stopping)) return 0;
    if (loop->timer_count == 0) return -1;
    uint64_t now_ns = weft_clock_monotonic_ns(), due_ns = loop->timers[0]->due_ns;
    if (due_ns <= now_ns) return 0;
    uint64_t ms = (due_ns - now_ns + WEFT_NS_PER_MS - 1) / WEFT_NS_PER_MS;
    return ms > 3600000 ? 3600000 : (int)ms;
}

void weft_loop_run(struct weft_loop *loop)
{
    while (!atomic_load_explicit(&loop->is_stopping, memory_order_acquire)) {
        int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_MAX, wait_ms(loop));
        WEFT_ASSERT(count >= 0 || errno == EINTR, "epoll_wait errno %d", errno);
        loop->now_ns = weft_clock_monotonic_ns();
        loop->ready_count = count > 0 ? count : 0;
        ready_serve(loop);
        posts_run(loop);
        timers_fire(loop);
        deferred_run(loop);
    }
    /* What was posted before the stop still runs, with what it leads to on this thread; a call that defers itself for ever does not
     * hold up the stop. */
    bool has_run = true;
    for (int left = STOP_ROUNDS_MAX; has_run && left > 0; left--) {
        has_run = posts_run(loop);
        has_run = deferred_run(loop) || has_run;
    }
    atomic_store(&loop->is_stopping, false);
}
