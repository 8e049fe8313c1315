/* loop.h -- one event loop a thread: file descriptors, timers, messages from other threads.
 *
 * Shape      epoll, an eventfd for posted messages, a heap of timers
 * Units      times in monotonic nanoseconds
 * Threads    everything belongs to the loop's thread, except weft_loop_post() and weft_loop_stop()
 * Ownership  watches and timers are embedded in their owner, who removes them before going away
 */
#ifndef WEFT_NET_LOOP_H
#define WEFT_NET_LOOP_H
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct weft_loop;
struct weft_watch {
    int fd;
    uint32_t events; /* EPOLLIN, EPOLLOUT, ...; edge- or level-triggered as asked */
    void (*ready)(struct weft_watch *watch, uint32_t events);
};
struct weft_timer {
    uint64_t due_ns; /* 0: not running */
    uint32_t heap_index;
    void (*fire)(struct weft_timer *timer);
};

int weft_loop_create(struct weft_loop **out, unsigned index, struct weft_err *err);
void weft_loop_destroy(struct weft_loop *loop);
void weft_loop_run(struct weft_loop *loop); /* until weft_loop_stop() */
void weft_loop_stop(struct weft_loop *loop);
unsigned weft_loop_index(const struct weft_loop *loop);
uint64_t weft_loop_now_ns(const struct weft_loop *loop); /* monotonic, read once a round */
/* Run fn(arg) on the loop's thread soon; never lost, in order of posting per thread. */
void weft_loop_post(struct weft_loop *loop, void (*fn)(void *arg), void *arg);
/* Run fn(arg) once at the end of the current round, after all ready descriptors were served. */
void weft_loop_defer(struct weft_loop *loop, void (*fn)(void *arg), void *arg);

int weft_loop_watch(struct weft_loop *loop, struct weft_watch *watch, struct weft_err *err);
void weft_loop_change(struct weft_loop *loop, struct weft_watch *watch, uint32_t events);
void weft_loop_unwatch(struct weft_loop *loop, struct weft_watch *watch);
void weft_loop_timer_start(struct weft_loop *loop, struct weft_timer *timer,
                           uint64_t delay_ns); /* restarts too */
void weft_loop_timer_stop(struct weft_loop *loop, struct weft_timer *timer);

#endif
