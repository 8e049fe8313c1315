/* store.c -- opening and closing the embedded store, its options and its figures.
 *
 * Threads are stopped in this order: housekeeping, compacting (its merge is cancelled), preparing, committers.
 * After that the closing thread is alone and does what is left itself.
 */
#include "store/store.h"
#include "base/random.h"
#include "store/store_internal.h"

static void options_fill(struct weft_store *store, const struct weft_store_options *options)
{
    struct weft_store_options *o = &store->options;
    size_t len = strlen(options->directory);

    *o = *options;
    while (len > 1 && options->directory[len - 1] == '/') len--;
    store->directory = weft_alloc_zero(len + 1);
    memcpy(store->directory, options->directory, len);
    o->directory = store->directory;
    if (o->segment_file_bytes == 0) o->segment_file_bytes = WEFT_SEGMENT_FILE_BYTES;
    if (o->seal_age_ns == 0) o->seal_age_ns = 30 * WEFT_NS_PER_SECOND;
    if (o->compact_segments_min == 0) o->compact_segments_min = 8;
    if (o->compact_segments_max == 0) o->compact_segments_max = 16;
    if (o->compact_segments_max < o->compact_segments_min)
        o->compact_segments_max = o->compact_segments_min;
    if (o->tail_segments_max == 0) o->tail_segments_max = 32;
    if (o->tail_segments_max < o->compact_segments_min)
        o->tail_segments_max = o->compact_segments_min;
    if (o->tail_memory_max == 0) o->tail_memory_max = 32u << 20;
    if (o->spare_files_max == 0) o->spare_files_max = 12;
    if (o->compact_fan_in == 0) o->compact_fan_in = 8;
    if (o->small_block_spans == 0) o->small_block_spans = 1u << 20;
    if (o->small_block_bytes == 0) o->small_block_bytes = 32u << 20;
    if (o->bundle_bytes_max == 0) o->bundle_bytes_max = UINT64_C(8) << 30;
    /* Retention deletes whole files, and a bundle stands beside its inputs until it is done. */
    if (o->retention_bytes != 0 && o->retention_bytes / 10 < o->bundle_bytes_max)
        o->bundle_bytes_max = o->retention_bytes / 10;
    if (o->bundle_time_max == 0) {
        o->bundle_time_max = 24 * 3600 * WEFT_NS_PER_SECOND;
        if (o->retention_age_ns != 0 && o->retention_age_ns / 20 < o->bundle_time_max)
            o->bundle_time_max = o->retention_age_ns / 20;
    }
    if (o->housekeeping_ns == 0) o->housekeeping_ns = WEFT_NS_PER_SECOND;
    if (o->compact_age_ns == 0) o->compact_age_ns = 60 * WEFT_NS_PER_SECOND;
    if (o->read_only) o->writer_count = 0;
    store->is_inline = o->post == NULL;
}

static struct weft_store *store_create(const struct weft_store_options *options)
{
    struct weft_store *store = weft_alloc_zero(sizeof *store);

    options_fill(store, options);
    store->lock_fd = -1;
    weft_random_system(&store->epoch, sizeof store->epoch);
    if (store->epoch == 0) store->epoch = 1;
    pthread_mutex_init(&store->set_mutex, NULL);
    pthread_mutex_init(&store->prepare_mutex, NULL);
    weft_store_cond_init(&store->prepare_wake);
    weft_store_compactors_init(store);
    pthread_mutex_init(&store->keep_mutex, NULL);
    pthread_mutex_init(&store->catalog_mutex, NULL);
    store->retention_clock.hold_ns = 3600 * WEFT_NS_PER_SECOND;
    weft_store_cond_init(&store->keep_wake);
    pthread_mutex_init(&store->seal_call_mutex, NULL);
    pthread_mutex_init(&store->seal_mutex, NULL);
    pthread_cond_init(&store->sealed, NULL);
    pthread_mutex_init(&store->tail_mutex, NULL);
    store->commits = weft_alloc_array(WEFT_STORE_TAIL_COMMITS, sizeof *store->commits);
    return store;
}

int weft_store_open(struct weft_store **out, const struct weft_store_options *options,
                    struct weft_err *err)
{
    struct weft_store *store = store_create(options);
    int rc;

    *out = NULL;
    if (strlen(store->directory) > WEFT_STORE_PATH_MAX - 64) {
        rc = weft_fail(err, WEFT_INVALID,
                       "the store's directory has a path of %zu bytes, at most %d expected",
                       strlen(store->directory), WEFT_STORE_PATH_MAX - 64);
        goto fail;
    }
    if (!store->options.read_only) {
        if ((rc = weft_file_make_directory(store->directory, err)) < 0) goto fail;
        if ((rc = weft_store_lock(store, err)) < 0) goto fail;
    }
    if ((rc = weft_store_scan(store, err)) < 0) goto fail;
    if (!store->options.read_only) weft_store_space_update(store);
    if ((rc = weft_store_writers_start(store, err)) < 0) goto fail;
    if ((rc = weft_store_prepare_start(store, err)) < 0) goto fail;
    if ((rc = weft_store_compactors_start(store, err)) < 0) goto fail;
    if ((rc = weft_store_housekeeping_start(store, err)) < 0) goto fail;
    *out = store;
    return WEFT_OK;
fail:
    weft_store_close(store); /* copes with a half-opened store */
    return rc;
}

static void store_free(struct weft_store *store)
{
    pthread_mutex_destroy(&store->set_mutex);
    pthread_mutex_destroy(&store->prepare_mutex);
    pthread_cond_destroy(&store->prepare_wake);
    weft_store_compactors_release(store);
    pthread_mutex_destroy(&store->keep_mutex);
    pthread_mutex_destroy(&store->catalog_mutex);
    pthread_cond_destroy(&store->keep_wake);
    pthread_mutex_destroy(&store->seal_call_mutex);
    pthread_mutex_destroy(&store->seal_mutex);
    pthread_cond_destroy(&store->sealed);
    pthread_mutex_destroy(&store->tail_mutex);
    weft_free(store->commits);
    weft_free(store->spares);
    weft_free(store->directory);
    weft_free(store);
}

void weft_store_close(struct weft_store *store)
{
    if (store == NULL) return;
    atomic_store(&store->is_stopping, true);
    weft_store_housekeeping_stop(store);
    weft_store_compactors_stop(store);
    weft_store_prepare_stop(store);
    weft_store_writers_stop(store);
    if (store->set != NULL) {
        if (!store->options.read_only) weft_store_catalog_save(store);
        weft_store_set_release(store->set);
    }
    weft_file_close(&store->lock_fd); /* and with it the lock */
    store_free(store);
}

struct weft_consumer weft_store_consumer(struct weft_store *store)
{
    return (struct weft_consumer){ .consume = weft_store_consume, .self = store };
}

/* ---- figures ---- */

static void oldest_take(struct weft_store_stats *out, uint64_t span_count, uint64_t start_min)
{
    if (span_count == 0) return;
    if (out->oldest_start_unix_nano == 0 || start_min < out->oldest_start_unix_nano)
        out->oldest_start_unix_nano = start_min;
}

static void stats_of_set(const struct weft_store_set *set, struct weft_store_stats *out)
{
    for (uint32_t i = 0; i < set->segment_count; i++) {
        struct weft_segment_view view;
        struct weft_segment_bytes bytes;
        weft_segment_view_init(&view, set->segments[i].segment);
        weft_segment_bytes(set->segments[i].segment, &bytes);
        out->segment_bytes += bytes.file;
        out->set_aside_files +=
            !set->segments[i].is_live && weft_store_segment_is_set_aside(&set->segments[i]);
        if (set->segments[i].is_live) {
            out->live_segments += view.span_count > 0;
            out->live_spans += view.span_count;
        } else {
            out->sealed_segments++;
            out->sealed_spans += view.span_count;
        }
        oldest_take(out, view.span_count, view.start_min);
        weft_segment_view_release(&view);
    }
    out->blocks = set->block_count;
    for (uint32_t i = 0; i < set->block_count; i++) {
        out->block_spans += weft_store_block_spans(set->blocks[i]);
        oldest_take(out, weft_store_block_spans(set->blocks[i]), set->blocks[i]->summary.start_min);
        out->masked_spans += weft_block_mask_spans(set->blocks[i]->mask);
        out->set_aside_files +=
            set->blocks[i]->summary.member == 0 &&
            atomic_load(&set->blocks[i]->file->compaction_failures) >= WEFT_STORE_FAILURES_MAX;
        out->block_bytes += set->blocks[i]->summary.file_bytes;
        out->bundled_blocks += set->blocks[i]->file->is_bundle;
        out->bundles += set->blocks[i]->file->is_bundle && set->blocks[i]->summary.member == 0;
    }
}

void weft_store_stats(struct weft_store *store, struct weft_store_stats *out)
{
    struct weft_store_set *set = weft_store_set_take(store);

    *out = (struct weft_store_stats){
        .commits = atomic_load(&store->committed_chunks),
        .commit_errors = atomic_load(&store->commit_errors),
        .committed_spans = atomic_load(&store->committed_spans),
        .compactions = atomic_load(&store->compactions),
        .bundlings = atomic_load(&store->bundlings),
        .compacted_bytes = atomic_load(&store->compacted_bytes),
        .compaction_errors = atomic_load(&store->compaction_errors),
        .retention_files = atomic_load(&store->retention_files),
        .retention_spans = atomic_load(&store->retention_spans),
        .retention_bytes = atomic_load(&store->retention_deleted_bytes),
        .refused_busy = atomic_load(&store->refused[WEFT_REFUSED_BUSY]),
        .refused_tail = atomic_load(&store->refused[WEFT_REFUSED_TAIL]),
        .refused_space = atomic_load(&store->refused[WEFT_REFUSED_SPACE]),
        .refused_fault = atomic_load(&store->refused[WEFT_REFUSED_FAULT]),
        .free_bytes = atomic_load(&store->free_bytes),
        .free_bytes_min = atomic_load(&store->free_bytes_min),
        .tail_memory_bytes = atomic_load(&store->tail_memory_bytes),
        .damaged_files = atomic_load(&store->damaged_files),
        .torn_bytes = atomic_load(&store->torn_bytes),
    };
    for (int i = 0; i < WEFT_REFUSAL_COUNT; i++)
        out->refused_batches += atomic_load(&store->refused[i]);
    stats_of_set(set, out);
    weft_store_set_release(set);
    pthread_mutex_lock(&store->prepare_mutex);
    out->spare_bytes = (uint64_t)store->spare_count * store->options.segment_file_bytes;
    pthread_mutex_unlock(&store->prepare_mutex);
}
