/* store_housekeeping.c -- a thread that looks around once a second: free space, spare files, retention. */
#include "base/thread.h"
#include "store/store_internal.h"

static void keep_house(struct weft_store *store)
{
    bool was_low = !weft_store_space_has_room(store, NULL);

    weft_store_space_update(store);
    weft_store_spares_trim(store);
    weft_store_retention_run(store);
    if (was_low && weft_store_space_has_room(store, NULL)) weft_store_compactor_wake(store);
}

static void keep_main(void *arg)
{
    struct weft_store *store = arg;

    pthread_mutex_lock(&store->keep_mutex);
    while (!store->keep_stops) {
        pthread_mutex_unlock(&store->keep_mutex);
        keep_house(store);
        pthread_mutex_lock(&store->keep_mutex);
        if (!store->keep_stops)
            weft_store_wait(&store->keep_wake, &store->keep_mutex, store->options.housekeeping_ns);
    }
    pthread_mutex_unlock(&store->keep_mutex);
}

int weft_store_housekeeping_start(struct weft_store *store, struct weft_err *err)
{
    if (store->options.read_only || store->options.writer_count == 0) return WEFT_OK;
    int rc = weft_thread_start(&store->keep_thread, "store-keep", keep_main, store, err);
    store->has_keep_thread = rc == WEFT_OK;
    return rc;
}

void weft_store_housekeeping_stop(struct weft_store *store)
{
    if (!store->has_keep_thread) return;
    pthread_mutex_lock(&store->keep_mutex);
    store->keep_stops = true;
    pthread_cond_signal(&store->keep_wake);
    pthread_mutex_unlock(&store->keep_mutex);
    pthread_join(store->keep_thread, NULL);
    store->has_keep_thread = false;
}
