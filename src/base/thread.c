/* thread.c -- starting threads, and how many are worth starting. */
#include "base/thread.h"

#include "base/alloc.h"
#include "base/file.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

struct start {
    void (*run)(void *);
    void *arg;
    char name[16];
};

static void *thread_main(void *memory)
{
    struct start start = *(struct start *)memory;
    weft_free(memory);
    pthread_setname_np(pthread_self(), start.name);
    start.run(start.arg);
    return NULL;
}

int weft_thread_start(pthread_t *thread, const char *name, void (*run)(void *), void *arg,
                      struct weft_err *err)
{
    struct start *start = weft_alloc_zero(sizeof *start);
    start->run = run;
    start->arg = arg;
    snprintf(start->name, sizeof start->name, "%s", name);
    /* The mask is inherited, so it is set around the start: signals go to the main thread. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0) return WEFT_OK;
    weft_free(start);
    errno = failed;
    return weft_fail_errno(err, "could not start the thread %s", name);
}

void weft_thread_batch(void)
{
    struct sched_param param = { 0 };
    int saved = errno; /* nothing depends on it */
    (void)sched_setscheduler(0, SCHED_BATCH, &param);
    errno = saved;
}

void weft_thread_lower_priority(void)
{
    int saved = errno; /* nothing depends on it */
    weft_thread_batch();
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
    errno = saved;
}

/* "50000 100000" of cpu.max: half a processor. Returns 0 for "max" and what cannot be read. */
static unsigned quota_read(const char *path)
{
    struct weft_buf text = { 0 };
    unsigned cpus = 0;
    if (weft_file_read_all(&text, path, 256, NULL) == WEFT_OK) {
        struct weft_str rest = weft_str_trim(weft_buf_str(&text));
        struct weft_str first = weft_str_split(&rest, ' ');
        uint64_t quota, period;
        if (weft_str_to_u64(first, &quota) && weft_str_to_u64(rest, &period) && period > 0 &&
            quota > 0 && quota / period < 100000)
            cpus = (unsigned)((quota + period - 1) / period);
    }
    weft_buf_release(&text);
    return cpus;
}

/* The smallest quota on the way from this process' group (cgroup v2) to the root; 0: none. */
static unsigned quota_smallest(void)
{
    struct weft_buf text = { 0 };
    unsigned least = 0;
    char path[4200];
    if (weft_file_read_all(&text, "/proc/self/cgroup", 1 << 16, NULL) < 0) goto done;
    for (struct weft_str rest = weft_buf_str(&text); rest.len > 0;) {
        struct weft_str line = weft_str_split(&rest, '\n');
        if (!weft_str_starts_with(line, WEFT_S("0::/"))) continue;
        for (size_t len = line.len; len > 3; len--) {
            if (len != line.len && line.ptr[len - 1] != '/')
                continue; /* every ancestor, then the root */
            snprintf(path, sizeof path, "/sys/fs/cgroup%.*s/cpu.max", (int)(len - 3), line.ptr + 3);
            unsigned cpus = quota_read(path);
            if (cpus != 0 && (least == 0 || cpus < least)) least = cpus;
        }
    }
done:
    weft_buf_release(&text);
    return least;
}

unsigned weft_cpu_count(void)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = online > 0 ? (unsigned)online : 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        count = (unsigned)CPU_COUNT(&set);
    unsigned quota = quota_smallest();
    return quota != 0 && quota < count ? quota : count;
}
