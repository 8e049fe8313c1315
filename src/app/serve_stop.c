/* serve_stop.c -- waiting for the signal, and the way out.
 *
 * SIGTERM or SIGINT: not ready any more, listeners close, running requests are answered (at
 * most WEFT_SERVE_DRAIN_NS), the loops stop, the store commits what is pending and closes. Should a
 * question or a disk hold that up, WEFT_SERVE_STOP_NS after the signal the process ends as it is:
 * what was acknowledged is on disk, and opening again finds it (that is what a crash is to the
 * store). A second signal ends it at once with 1.
 *
 * SIGHUP asks many servers to read their configuration again. This one cannot yet: it says so and goes on, since a sender of HUP
 * does not want an end.
 */
#include "app/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int signal_fd = -1, drained_fd = -1;

static void stop_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

int weft_serve_block_signals(struct weft_err *err)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    stop_set(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* threads made from now on inherit it */
    signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    drained_fd = eventfd(0, EFD_CLOEXEC);
    if (signal_fd < 0 || drained_fd < 0)
        return weft_fail_errno(err, "make descriptors for signals");
    return WEFT_OK;
}

static void hang_up_answer(void)
{
    weft_log(WEFT_LOG_WARN, "serve",
             "SIGHUP: the configuration cannot be read again while running; nothing changed "
             "(certificates are read again by themselves, everything else at a restart)");
}

/* The next signal that asks for an end. Negative: none came within `timeout_ms`. */
static int stop_signal_take(int timeout_ms)
{
    struct pollfd poll_fd = { .fd = signal_fd, .events = POLLIN };
    struct signalfd_siginfo info;

    int ready = poll(&poll_fd, 1, timeout_ms);
    if (ready <= 0) return ready < 0 && errno == EINTR ? 0 : -1;
    if (read(signal_fd, &info, sizeof info) != (ssize_t)sizeof info) return 0;
    if (info.ssi_signo != SIGHUP) return (int)info.ssi_signo;
    hang_up_answer();
    return 0;
}

/* From here on two things end the process by themselves: a second signal, and time. */
static void *watch_stop(void *arg)
{
    uint64_t deadline_ns = weft_clock_monotonic_ns() + WEFT_SERVE_STOP_NS;

    for (;;) {
        uint64_t now_ns = weft_clock_monotonic_ns();
        int timeout_ms =
            now_ns < deadline_ns ? (int)((deadline_ns - now_ns) / WEFT_NS_PER_MS) + 1 : 0;
        int signal = stop_signal_take(timeout_ms);
        if (signal > 0) {
            weft_log(WEFT_LOG_WARN, "serve", "a second signal: stopped at once");
            _exit(1);
        }
        if (signal < 0) {
            weft_log(WEFT_LOG_WARN, "serve",
                     "stopping takes too long: ended as it is, what was acknowledged is on disk");
            _exit(0);
        }
    }
}

static void drained(void *arg)
{
    uint64_t one = 1;

    while (write(drained_fd, &one, sizeof one) < 0 && errno == EINTR) continue;
}

int weft_serve_wait_and_drain(struct weft_serve *serve, struct weft_err *err)
{
    pthread_t watcher;
    uint64_t count;

    while (stop_signal_take(-1) <= 0) continue;
    weft_log(WEFT_LOG_INFO, "serve", "stopping: running requests are answered first");
    atomic_store(&serve->is_ready, false);
    int failed = pthread_create(&watcher, NULL, watch_stop, NULL);
    if (failed != 0) {
        errno = failed;
        return weft_fail_errno(err, "start the thread that watches the stop");
    }
    pthread_detach(watcher);
    weft_http_server_drain(serve->server, WEFT_SERVE_DRAIN_NS, drained, NULL);
    while (read(drained_fd, &count, sizeof count) < 0 && errno == EINTR) continue;
    return WEFT_OK;
}

/* The reverse of the start, but the store closes before the HTTP server goes: what it commits last
 * is still answered, to
 * exchanges that live in that server. The pool goes while the loops run, as its last replies travel
 * over them. */
void weft_serve_release(struct weft_serve *serve)
{
    weft_arrivals_stop(serve->arrivals);
    weft_query_pool_destroy(serve->pool);
    weft_serve_stop_loops(serve);
    weft_store_close(serve->store);
    if (serve->server != NULL) weft_http_server_destroy(serve->server);
    weft_receiver_otlp_destroy(serve->receiver);
    weft_arrivals_destroy(serve->arrivals);
    weft_service_slots_destroy(serve->slots);
    weft_serve_destroy_loops(serve);
}
