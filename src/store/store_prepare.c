/* store_prepare.c -- the preparing thread: next segments made ahead, spare files, the age of live
 * segments.
 *
 * Making a segment renames or allocates a file of 64 MiB and syncs the directory: milliseconds that
 * an I/O thread does not have. So every writer that has begun to fill a segment finds the next one
 * ready.
 */
#include "base/thread.h"
#include "store/store_internal.h"

#define SPARE_IDLE_NS (60 * WEFT_NS_PER_SECOND)
#define PREPARE_RETRY_NS WEFT_NS_PER_SECOND /* after a failure, the disk may be full */

/* ---- spare files ---- */

void weft_store_spare_add(struct weft_store *store, uint64_t number)
{
    if (store->spare_count == store->spare_capacity) {
        store->spare_capacity = store->spare_capacity == 0 ? 8 : store->spare_capacity * 2;
        store->spares =
            weft_realloc_array(store->spares, store->spare_capacity, sizeof *store->spares);
    }
    store->spares[store->spare_count++] = number;
}

bool weft_store_spare_take(struct weft_store *store, char out[static WEFT_STORE_PATH_MAX])
{
    bool found = false;

    pthread_mutex_lock(&store->prepare_mutex);
    for (uint32_t i = 0; i < store->spare_count && !found; i++) {
        weft_store_path(store, out, "spare", store->spares[i]);
        if (!weft_file_exists(out))
            continue; /* promised: a reader still has it under its old name */
        store->spares[i] = store->spares[--store->spare_count];
        store->spare_used_ns = weft_clock_monotonic_ns();
        found = true;
    }
    pthread_mutex_unlock(&store->prepare_mutex);
    return found;
}

bool weft_store_spare_promise(struct weft_store *store, char out[static WEFT_STORE_PATH_MAX])
{
    pthread_mutex_lock(&store->prepare_mutex);
    bool wanted = store->options.writer_count > 0 && !weft_store_space_is_tight(store) &&
                  store->spare_count < store->options.writer_count + WEFT_STORE_SPARES_MIN +
                                           store->options.spare_files_max;
    if (wanted) {
        uint64_t number = atomic_fetch_add(&store->next_number, 1);
        weft_store_path(store, out, "spare", number);
        weft_store_spare_add(store, number);
        store->spare_used_ns = weft_clock_monotonic_ns();
    }
    pthread_mutex_unlock(&store->prepare_mutex);
    return wanted;
}

/* Called and left with prepare_mutex held; let go for the removal. */
static bool spare_remove(struct weft_store *store)
{
    char path[WEFT_STORE_PATH_MAX];

    for (uint32_t i = store->spare_count; i > 0; i--) {
        weft_store_path(store, path, "spare", store->spares[i - 1]);
        if (!weft_file_exists(path)) continue; /* promised */
        store->spares[i - 1] = store->spares[--store->spare_count];
        pthread_mutex_unlock(&store->prepare_mutex);
        weft_file_unlink(path, NULL);
        pthread_mutex_lock(&store->prepare_mutex);
        return true;
    }
    return false;
}

void weft_store_spares_trim(struct weft_store *store)
{
    pthread_mutex_lock(&store->prepare_mutex);
    uint64_t now_ns = weft_clock_monotonic_ns();
    uint32_t keep = now_ns - store->spare_used_ns < SPARE_IDLE_NS
                        ? UINT32_MAX
                        : store->writer_count + WEFT_STORE_SPARES_MIN;
    if (weft_store_space_is_tight(store)) keep = 0;
    while (store->spare_count > keep && spare_remove(store)) {}
    pthread_mutex_unlock(&store->prepare_mutex);
}

/* ---- next segments ---- */

void weft_store_prepare_want(struct weft_store_writer *writer)
{
    struct weft_store *store = writer->store;

    pthread_mutex_lock(&store->prepare_mutex);
    writer->wants_next = true;
    pthread_cond_signal(&store->prepare_wake);
    pthread_mutex_unlock(&store->prepare_mutex);
}

struct weft_store_lane *weft_store_prepare_take(struct weft_store_writer *writer,
                                                struct weft_err *err)
{
    struct weft_store *store = writer->store;
    struct weft_store_lane *lane;
    int rc;

    if (store->is_inline && writer->next == NULL) {
        writer->refusal = WEFT_REFUSED_FAULT;
        return weft_store_lane_create(store, writer->index, &rc, err);
    }
    pthread_mutex_lock(&store->prepare_mutex);
    lane = writer->next;
    writer->next = NULL;
    writer->refusal = writer->prepare_rc == WEFT_OK     ? WEFT_REFUSED_BUSY
                      : writer->prepare_rc == WEFT_FULL ? WEFT_REFUSED_SPACE
                                                        : WEFT_REFUSED_FAULT;
    if (lane == NULL && writer->prepare_rc < 0 && err != NULL)
        *err = writer->prepare_err;
    else if (lane == NULL)
        weft_fail(err, WEFT_FULL, "the next segment file is not ready yet; send again later");
    if (lane == NULL) {
        writer->wants_next = true;
        pthread_cond_signal(&store->prepare_wake);
    }
    pthread_mutex_unlock(&store->prepare_mutex);
    return lane;
}

/* Called and left with prepare_mutex held; let go while the file is made. */
static void prepare(struct weft_store *store, struct weft_store_writer *writer)
{
    struct weft_err err = { 0 };
    int rc;

    pthread_mutex_unlock(&store->prepare_mutex);
    struct weft_store_lane *lane = weft_store_lane_create(store, writer->index, &rc, &err);
    pthread_mutex_lock(&store->prepare_mutex);
    if (rc < 0) {
        if (writer->prepare_rc == WEFT_OK)
            weft_log(WEFT_LOG_ERROR, "store", "no next segment, trying again every second: %s",
                     err.text);
        writer->prepare_err = err;
        writer->prepare_retry_ns = weft_clock_monotonic_ns() + PREPARE_RETRY_NS;
    } else {
        if (writer->prepare_rc < 0)
            weft_log(WEFT_LOG_INFO, "store", "next segments can be made again");
        writer->next = lane;
        writer->wants_next = false;
    }
    writer->prepare_rc = rc;
}

/* The age of a live segment is the I/O thread's business; here only the alarm clock rings. */
static void ring(struct weft_store *store, struct weft_store_writer *writer, uint64_t now_ns)
{
    uint64_t first_ns = atomic_load(&writer->first_append_ns);

    if (first_ns == 0 || now_ns - first_ns < store->options.seal_age_ns) return;
    if (atomic_exchange(&writer->is_tick_posted, true)) return;
    store->options.post(store->options.post_self, writer->index, weft_store_writer_tick, writer);
}

static uint64_t interval_ns(const struct weft_store *store)
{
    uint64_t interval = store->options.seal_age_ns / 4;
    if (interval > WEFT_NS_PER_SECOND) interval = WEFT_NS_PER_SECOND;
    return interval < 5 * WEFT_NS_PER_MS ? 5 * WEFT_NS_PER_MS : interval;
}

void weft_store_wait(pthread_cond_t *wake, pthread_mutex_t *mutex, uint64_t ns)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t sum = (uint64_t)until.tv_nsec + ns;
    until.tv_sec += (time_t)(sum / WEFT_NS_PER_SECOND);
    until.tv_nsec = (long)(sum % WEFT_NS_PER_SECOND);
    pthread_cond_timedwait(wake, mutex, &until);
}

void weft_store_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void prepare_main(void *arg)
{
    struct weft_store *store = arg;

    pthread_mutex_lock(&store->prepare_mutex);
    while (!atomic_load(&store->is_stopping)) {
        uint64_t now_ns = weft_clock_monotonic_ns();
        for (unsigned i = 0; i < store->writer_count; i++) {
            struct weft_store_writer *writer = &store->writers[i];
            if (writer->wants_next && writer->next != NULL) writer->wants_next = false;
            if (writer->wants_next && now_ns >= writer->prepare_retry_ns) prepare(store, writer);
            ring(store, writer, now_ns);
        }
        bool wanted = false;
        for (unsigned i = 0; i < store->writer_count; i++) {
            const struct weft_store_writer *writer = &store->writers[i];
            wanted |= writer->wants_next && writer->prepare_rc == WEFT_OK && writer->next == NULL;
        }
        if (!wanted && !atomic_load(&store->is_stopping))
            weft_store_wait(&store->prepare_wake, &store->prepare_mutex, interval_ns(store));
    }
    pthread_mutex_unlock(&store->prepare_mutex);
}

int weft_store_prepare_start(struct weft_store *store, struct weft_err *err)
{
    if (store->is_inline || store->writer_count == 0) return WEFT_OK;
    int rc = weft_thread_start(&store->prepare_thread, "store-prepare", prepare_main, store, err);
    store->has_prepare_thread = rc == WEFT_OK;
    return rc;
}

void weft_store_prepare_stop(struct weft_store *store)
{
    if (!store->has_prepare_thread) return;
    pthread_mutex_lock(&store->prepare_mutex);
    pthread_cond_signal(&store->prepare_wake);
    pthread_mutex_unlock(&store->prepare_mutex);
    pthread_join(store->prepare_thread, NULL);
    store->has_prepare_thread = false;
}
