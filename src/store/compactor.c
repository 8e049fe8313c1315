/* compactor.c -- the compacting thread: sealed segments become blocks, in the background.
 *
 * One merge, and what a crash leaves at each point:
 *   1. weft_merge() writes block-N beside and renames it      before the rename: segments, and a
 *   *.tmp that opening removes
 *   2. its footer names the segments it supersedes            after it: both lie there; opening
 *   goes by the footer
 *   3. the set is swapped                                     (memory only)
 *   4. the segment files are renamed to spares or unlinked    some are gone: the same as 2
 *   5. CATALOG is replaced                                    an old catalogue lacks the block: its
 *   footer is read
 *
 * Policy. Level 1, here: the oldest sealed segments, compact_segments_min to _max of them, or fewer
 * when the oldest has waited for compact_age_ns. Each span is truly merged once. Above it belongs
 * bundling: compaction_choose() is the place where a family of blocks would be chosen instead
 * (struct choice has room for them, weft_merge() takes blocks as input too, and opening already
 * removes superseded blocks). NEEDSWORK: bundling by copying row groups; until then a store with
 * little traffic gets one small block each compact_age_ns. When blocks supersede blocks, the new
 * footer must also name what the old ones superseded, as long as those files may still lie there
 * under a reader.
 */
#include "base/thread.h"
#include "store/store_internal.h"
#include <malloc.h>

#define RETRY_MIN_NS WEFT_NS_PER_SECOND
#define RETRY_MAX_NS (60 * WEFT_NS_PER_SECOND)
#define RETRY_FULL_MAX_NS (5 * WEFT_NS_PER_SECOND) /* no space: that may change any moment */
#define IDLE_NS WEFT_NS_PER_SECOND
#define TRIM_AFTER_NS (5 * WEFT_NS_PER_SECOND)

struct choice {
    uint32_t *segments; /* indexes into the set */
    uint32_t segment_count;
    uint64_t segment_number_max; /* later ones are left alone */
};

/* What to merge next, from the oldest on. `is_due` false: only as the policy says; true: whatever
 * is sealed. */
static bool compaction_choose(const struct weft_store *store, const struct weft_store_set *set,
                              bool is_due, struct choice *choice)
{
    const struct weft_store_options *options = &store->options;
    uint64_t now_ns = weft_clock_monotonic_ns();
    bool is_old = false;

    uint64_t bytes = 0, room = atomic_load(&store->free_bytes);

    choice->segment_count = 0;
    for (uint32_t i = 0;
         i < set->segment_count && choice->segment_count < options->compact_segments_max; i++) {
        const struct weft_store_segment *segment = &set->segments[i];
        struct weft_segment_bytes size;
        if (segment->is_live || segment->number > choice->segment_number_max) continue;
        /* A block is smaller than the rows it is made of; they go once it is there. */
        weft_segment_bytes(segment->segment, &size);
        bytes += size.used;
        if (choice->segment_count > 0 && bytes > room) break;
        choice->segments[choice->segment_count++] = i;
        is_old |= now_ns - segment->sealed_ns >= options->compact_age_ns;
    }
    return choice->segment_count > 0 &&
           (is_due || is_old || choice->segment_count >= options->compact_segments_min ||
            weft_store_tail_is_pressing(store) || weft_store_space_is_tight(store));
}

/* ---- one merge ---- */

struct merge {
    struct weft_segment_view *views;
    const struct weft_segment_view **inputs;
    uint64_t *numbers;
    uint32_t count;
};

static void merge_init(struct merge *merge, const struct weft_store_set *set,
                       const struct choice *choice)
{
    merge->count = choice->segment_count;
    merge->views = weft_alloc_array(merge->count, sizeof *merge->views);
    merge->inputs = weft_alloc_array(merge->count, sizeof *merge->inputs);
    merge->numbers = weft_alloc_array(merge->count, sizeof *merge->numbers);
    for (uint32_t i = 0; i < merge->count; i++) {
        const struct weft_store_segment *segment = &set->segments[choice->segments[i]];
        weft_segment_view_init(&merge->views[i], segment->segment);
        merge->inputs[i] = &merge->views[i];
        merge->numbers[i] = segment->number;
    }
}

static void merge_release(struct merge *merge)
{
    for (uint32_t i = 0; i < merge->count; i++) weft_segment_view_release(&merge->views[i]);
    weft_free(merge->views);
    weft_free(merge->inputs);
    weft_free(merge->numbers);
}

/* Believe a new block only when it opens and has every span; otherwise it must not stay: its footer
 * says that its inputs
 * are superseded. */
static int block_prove(struct weft_store_block **out, const char *path,
                       const struct weft_merge_stats *stats, struct weft_err *err)
{
    struct weft_block *open = NULL;
    struct weft_block_summary summary;
    int rc = weft_block_open(&open, path, err);

    if (rc == WEFT_OK) {
        weft_block_summary_from(&summary, open);
        if (summary.span_count + stats->exact_duplicates != stats->spans_in)
            rc = weft_fail(err, WEFT_CORRUPT,
                           "%s: holds %llu spans and dropped %llu duplicates, but %llu went in",
                           path, (unsigned long long)summary.span_count,
                           (unsigned long long)stats->exact_duplicates,
                           (unsigned long long)stats->spans_in);
    }
    if (rc == WEFT_OK) {
        *out = weft_store_block_create(path, &summary, open);
        return WEFT_OK;
    }
    weft_block_unref(open);
    weft_file_unlink(path, NULL);
    return rc;
}

/* Their files go, or are kept as spares, once the last reader has left them. */
static void segments_retire(struct weft_store *store, const struct weft_store_set *set,
                            const struct choice *choice)
{
    char spare[WEFT_STORE_PATH_MAX];

    for (uint32_t i = 0; i < choice->segment_count; i++) {
        const struct weft_store_segment *segment = &set->segments[choice->segments[i]];
        bool is_kept = !segment->is_abandoned && weft_store_spare_promise(store, spare);
        weft_segment_mark_obsolete(segment->segment, is_kept ? spare : NULL);
    }
}

static int merge_run(struct weft_store *store, const struct weft_store_set *set,
                     const struct choice *choice, struct weft_merge_stats *stats,
                     struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];
    uint64_t number = atomic_fetch_add(&store->next_number, 1);
    struct weft_store_block *block = NULL;
    struct merge merge;

    merge_init(&merge, set, choice);
    const struct weft_merge_input input = { .segments = merge.inputs,
                                            .segment_count = merge.count };
    const struct weft_merge_options options = { .directory = store->directory,
                                                .number = number,
                                                .blob_min = store->options.blob_min,
                                                .cancelled = &store->is_stopping };
    int rc = weft_merge(&input, &options, stats, err);
    if (rc == WEFT_OK) {
        weft_store_path(store, path, "block", number);
        rc = block_prove(&block, path, stats, err);
    }
    if (rc == WEFT_OK) {
        weft_store_set_replace(store, merge.numbers, merge.count, block);
        weft_store_block_unref(block);
        segments_retire(store, set, choice);
    }
    merge_release(&merge);
    return rc;
}

/* One merge, if there is something to merge: 1 done, 0 nothing to do. */
static int compact_once(struct weft_store *store, bool is_due, uint64_t number_max,
                        struct weft_merge_stats *stats, struct weft_err *err)
{
    pthread_mutex_lock(&store->compact_mutex);
    struct weft_store_set *set = weft_store_set_take(store);
    struct choice choice = { .segments =
                                 weft_alloc_array(set->segment_count + 1, sizeof *choice.segments),
                             .segment_number_max = number_max };
    int rc = 0;

    if (compaction_choose(store, set, is_due, &choice)) {
        uint64_t started_ns = weft_clock_monotonic_ns();
        atomic_store(&store->merge_started_ns, started_ns);
        rc = merge_run(store, set, &choice, stats, err);
        atomic_store(&store->merge_took_ns, weft_clock_monotonic_ns() - started_ns);
        atomic_store(&store->merge_started_ns, 0);
        atomic_fetch_add(rc == WEFT_OK ? &store->compactions : &store->compaction_errors,
                         rc != WEFT_CANCELLED);
        if (rc == WEFT_OK) rc = 1;
    }
    weft_store_set_release(set);
    weft_free(choice.segments);
    if (rc == 1) weft_store_catalog_save(store);
    pthread_mutex_unlock(&store->compact_mutex);
    return rc;
}

int weft_store_compact(struct weft_store *store, struct weft_merge_stats *stats,
                       struct weft_err *err)
{
    struct weft_merge_stats sum = { 0 };
    uint64_t number_max =
        atomic_load(&store->next_number); /* what is sealed while we work comes next time */
    int rc;

    if (store->options.read_only)
        return weft_fail(err, WEFT_UNSUPPORTED, "%s is open read-only: it cannot be compacted",
                         store->directory);
    for (;;) {
        struct weft_merge_stats one = { 0 };
        if ((rc = compact_once(store, true, number_max, &one, err)) <= 0) break;
        sum.spans_in += one.spans_in;
        sum.spans_out += one.spans_out;
        sum.exact_duplicates += one.exact_duplicates;
        sum.conflicting_duplicates += one.conflicting_duplicates;
        sum.traces += one.traces;
        sum.orphans += one.orphans;
        sum.bytes += one.bytes;
    }
    if (stats != NULL) *stats = sum;
    return rc;
}

void weft_store_catalog_save(struct weft_store *store)
{
    struct weft_catalog catalog;
    char path[WEFT_STORE_PATH_MAX];
    struct weft_err err;

    weft_catalog_init(&catalog);
    struct weft_store_set *set = weft_store_set_take(store);
    for (uint32_t i = 0; i < set->block_count; i++)
        weft_catalog_add(&catalog, &set->blocks[i]->summary);
    weft_store_set_release(set);
    catalog.next_number = atomic_load(&store->next_number);
    snprintf(path, sizeof path, "%s/CATALOG", store->directory);
    if (weft_catalog_write(&catalog, path, &err) < 0)
        weft_log(WEFT_LOG_WARN, "store", "%s; the next start reads the blocks' footers instead",
                 err.text);
    weft_catalog_release(&catalog);
}

/* ---- the thread ----
 *
 * It runs at normal priority: a thread that has lowered its own cannot raise it again, and at full
 * ingest one of lower priority falls behind until senders must wait for it. SCHED_BATCH costs
 * nothing and keeps it from pushing the I/O threads aside whenever it wakes.
 */

/* Until a segment is sealed or the policy's ages are worth another look; after a failure, the whole
 * time: a seal mends nothing. */
static void compactor_wait(struct weft_store *store, uint64_t retry_ns)
{
    uint64_t until_ns = weft_clock_monotonic_ns() + (retry_ns != 0 ? retry_ns : IDLE_NS);

    pthread_mutex_lock(&store->compact_wake_mutex);
    while (!atomic_load(&store->is_stopping) && (retry_ns != 0 || !store->is_compact_due)) {
        uint64_t now_ns = weft_clock_monotonic_ns();
        if (now_ns >= until_ns) break;
        weft_store_wait(&store->compact_wake, &store->compact_wake_mutex, until_ns - now_ns);
    }
    store->is_compact_due = false;
    pthread_mutex_unlock(&store->compact_wake_mutex);
}

static void compactor_main(void *arg)
{
    struct weft_store *store = arg;
    uint64_t retry_ns = 0, idle_since_ns = 0; /* 0: nothing to give back */

    weft_thread_batch();
    while (!atomic_load(&store->is_stopping)) {
        struct weft_merge_stats stats = { 0 };
        struct weft_err err = { 0 };
        int rc = compact_once(store, false, UINT64_MAX, &stats, &err);
        if (rc < 0 && rc != WEFT_CANCELLED) {
            if (retry_ns == 0)
                weft_log(WEFT_LOG_ERROR, "store",
                         "compaction failed, segments stay as they are: %s", err.text);
            uint64_t max_ns = rc == WEFT_FULL ? RETRY_FULL_MAX_NS : RETRY_MAX_NS;
            retry_ns = retry_ns == 0 ? RETRY_MIN_NS : retry_ns * 2;
            if (retry_ns > max_ns) retry_ns = max_ns;
        }
        if (rc == 1) {
            if (retry_ns != 0) weft_log(WEFT_LOG_INFO, "store", "compaction works again");
            retry_ns = 0;
            idle_since_ns = weft_clock_monotonic_ns();
            continue; /* perhaps there is more */
        }
        if (idle_since_ns != 0 && weft_clock_monotonic_ns() - idle_since_ns >= TRIM_AFTER_NS) {
            malloc_trim(
                0); /* what the load of the last minutes took; not sooner: it costs faults */
            idle_since_ns = 0;
        }
        compactor_wait(store, retry_ns);
    }
}

void weft_store_compactor_wake(struct weft_store *store)
{
    pthread_mutex_lock(&store->compact_wake_mutex);
    store->is_compact_due = true;
    pthread_cond_signal(&store->compact_wake);
    pthread_mutex_unlock(&store->compact_wake_mutex);
}

int weft_store_compactor_start(struct weft_store *store, struct weft_err *err)
{
    if (store->options.no_compaction || store->options.read_only) return WEFT_OK;
    int rc = weft_thread_start(&store->compact_thread, "store-compact", compactor_main, store, err);
    store->has_compact_thread = rc == WEFT_OK;
    return rc;
}

void weft_store_compactor_stop(struct weft_store *store)
{
    if (!store->has_compact_thread) return;
    weft_store_compactor_wake(store);
    pthread_join(store->compact_thread, NULL);
    store->has_compact_thread = false;
}
