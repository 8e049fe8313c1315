/* file_map.c -- mapped files, and what happens when the disk cannot read a page of one.
 *
 * The kernel then sends SIGBUS to the thread that touched the page (also when the file has become
 * shorter). Our handler looks the address up among our mappings, notes the page as unreadable, puts a
 * page of zeros in its place and lets the thread go on; readers ask afterwards whether what they
 * read was real. The note comes before the zeros: who has read a zero of these can see the note.
 *
 * Threads    the table is changed under the mutex and read by the handler without it; a mapping
 *            outlives every reader, so an entry cannot go while an address in it faults
 */
#include "base/file.h"
#include "base/file_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAPPINGS_MAX 16384 /* beyond: not guarded, an unreadable page ends the process */
#define PAGE 4096u

struct mapping {
    _Atomic uintptr_t begin, end; /* begin 0: free */
    /* What lies between the first and the last unreadable page counts as unreadable. */
    _Atomic uintptr_t bad_begin, bad_end;
};

static struct {
    pthread_mutex_t mutex; /* who writes entries */
    pthread_once_t once;
    struct mapping mappings[MAPPINGS_MAX];
    _Atomic uint32_t used; /* entries from here on were never used */
    _Atomic uint64_t lost_pages;
    struct sigaction before;
} guard = { .mutex = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT };

static struct mapping *mapping_of(uintptr_t address)
{
    uint32_t used = atomic_load(&guard.used);

    for (uint32_t i = 0; i < used; i++) {
        struct mapping *m = &guard.mappings[i];
        uintptr_t begin = atomic_load(&m->begin);
        if (begin != 0 && address >= begin && address < atomic_load(&m->end) &&
            atomic_load(&m->begin) == begin) /* it was not another's meanwhile */
            return m;
    }
    return NULL;
}

/* Only async-signal-safe calls, mmap among them on Linux. */
static bool page_replace(uintptr_t address)
{
    struct mapping *m = mapping_of(address);
    uintptr_t page = address & ~(uintptr_t)(PAGE - 1), seen;

    if (m == NULL) return false;
    seen = atomic_load(&m->bad_begin);
    while ((seen == 0 || page < seen) &&
           !atomic_compare_exchange_weak(&m->bad_begin, &seen, page)) {}
    seen = atomic_load(&m->bad_end);
    while (page + PAGE > seen && !atomic_compare_exchange_weak(&m->bad_end, &seen, page + PAGE)) {}
    atomic_fetch_add(&guard.lost_pages, 1);
    return mmap((void *)page, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
           MAP_FAILED;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    int kept = errno;
    bool is_ours = info->si_code > 0 && page_replace((uintptr_t)info->si_addr);

    errno = kept;
    if (is_ours) return;
    if ((guard.before.sa_flags & SA_SIGINFO) != 0)
        guard.before.sa_sigaction(number, info, context);
    else if (guard.before.sa_handler != SIG_DFL && guard.before.sa_handler != SIG_IGN)
        guard.before.sa_handler(number);
    else
        signal(SIGBUS, SIG_DFL); /* touched again, it ends the process as it should */
}

static void guard_install(void)
{
    struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK };

    /* Two threads may touch the same page; a handler that is interrupted is none of our cases. */
    sigemptyset(&action.sa_mask);
    if (sysconf(_SC_PAGESIZE) == PAGE) sigaction(SIGBUS, &action, &guard.before);
}

static void mapping_add(uintptr_t begin, size_t len)
{
    pthread_once(&guard.once, guard_install);
    pthread_mutex_lock(&guard.mutex);
    uint32_t used = atomic_load(&guard.used), i = 0;
    while (i < used && atomic_load(&guard.mappings[i].begin) != 0) i++;
    if (i < MAPPINGS_MAX) {
        struct mapping *m = &guard.mappings[i];
        atomic_store(&m->end, begin + len);
        atomic_store(&m->bad_begin, 0);
        atomic_store(&m->bad_end, 0);
        atomic_store(&m->begin, begin);
        if (i == used) atomic_store(&guard.used, used + 1);
    }
    pthread_mutex_unlock(&guard.mutex);
}

static void mapping_remove(uintptr_t begin)
{
    struct mapping *m;

    pthread_mutex_lock(&guard.mutex);
    if ((m = mapping_of(begin)) != NULL) atomic_store(&m->begin, 0);
    pthread_mutex_unlock(&guard.mutex);
}

int weft_file_map(const void **map, int fd, const char *path, size_t len, struct weft_err *err)
{
    *map = NULL;
    if (len == 0) return weft_fail(err, WEFT_INVALID, "could not map %s: it is empty", path);
    void *at;
    do {
        at = weft_file_may_go_on(WEFT_FILE_MMAP, path, NULL)
                 ? mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0)
                 : MAP_FAILED;
    } while (at == MAP_FAILED && errno == EINTR);
    if (at == MAP_FAILED) return weft_fail_errno(err, "could not map %zu bytes of %s", len, path);
    mapping_add((uintptr_t)at, len);
    *map = at;
    return WEFT_OK;
}

void weft_file_unmap(const void *map, size_t len)
{
    if (map == NULL) return;
    mapping_remove((uintptr_t)map);
    /* Through an integer, because munmap takes a non-const pointer to what was const all along. */
    munmap((void *)(uintptr_t)map, len);
}

uint64_t weft_file_lost_pages(void)
{
    return atomic_load(&guard.lost_pages);
}

bool weft_file_map_is_unreadable(const void *bytes, size_t len)
{
    uintptr_t begin = (uintptr_t)bytes;
    const struct mapping *m;

    if (__builtin_expect(atomic_load(&guard.lost_pages) == 0, 1)) return false;
    m = mapping_of(begin);
    return m != NULL && atomic_load(&m->bad_end) > begin &&
           atomic_load(&m->bad_begin) < begin + len;
}
