/* thread.h -- threads, named. Plain pthread mutexes and C11 atomics are used as they are. */
#ifndef WEFT_BASE_THREAD_H
#define WEFT_BASE_THREAD_H
#include "base/err.h"
#include <pthread.h>

/* `name` at most 15 characters, seen in top and gdb. Signals are blocked in the new thread. */
int weft_thread_start(pthread_t *thread, const char *name, void (*run)(void *), void *arg,
                      struct weft_err *err);
/* Long work of this thread: the same share of the processor, but it does not push others aside
 * when it wakes (SCHED_BATCH). */
void weft_thread_batch(void);
/* The same, and a smaller share of the processor (nice +10). It cannot be taken back. */
void weft_thread_lower_priority(void);
unsigned weft_cpu_count(
    void); /* processors this process may use (affinity, cgroup quota rounded up) */

#endif
