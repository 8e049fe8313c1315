/* clock.c -- the clocks of the system. The texts of times and durations are in time_text.c. */
#include "base/clock.h"

#include <errno.h>

static uint64_t clock_read(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * WEFT_NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

uint64_t weft_clock_unix_ns(void)
{
    return clock_read(CLOCK_REALTIME);
}

uint64_t weft_clock_monotonic_ns(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

uint64_t weft_clock_thread_cpu_ns(void)
{
    return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t weft_clock_process_cpu_ns(void)
{
    return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

void weft_clock_sleep_ns(uint64_t ns)
{
    struct timespec t = { .tv_sec = (time_t)(ns / WEFT_NS_PER_SECOND),
                          .tv_nsec = (long)(ns % WEFT_NS_PER_SECOND) };
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR) {}
}
