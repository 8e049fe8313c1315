/* compactor.c -- the two compacting threads. "store-compact" merges: sealed segments become blocks, small blocks larger ones; writers
 * wait for it when it falls behind. "store-bundle" copies full blocks into bundles: gigabytes at a time, and nobody waits for it.
 *
 * They work beside each other on different files: each claims its inputs, bundling also the files it asks for earlier spans of a
 * trace. What comes next: compaction_policy.c; doing it: compaction_run.c.
 */
#include "base/thread.h"
#include "store/compaction_run.h"
#include <malloc.h>

#define RETRY_MIN_NS WEFT_NS_PER_SECOND
#define RETRY_MAX_NS (60 * WEFT_NS_PER_SECOND)
#define RETRY_FULL_MAX_NS (5 * WEFT_NS_PER_SECOND) /* no space: that may change any moment */
#define IDLE_NS WEFT_NS_PER_SECOND
#define TRIM_AFTER_NS (5 * WEFT_NS_PER_SECOND)

/* ---- one merge or bundling ---- */

/* Keeps the items chosen, in their order. */
static void compaction_choose(const struct weft_store *store, enum weft_compaction_kind kind,
                              struct weft_compaction *c, bool is_due)
{
    const struct weft_store_options *o = &store->options;
    bool is_alone = c->item_count > 0 && c->items[0].segment != NULL &&
                    c->items[0].number <= store->merge_alone_max;
    const struct weft_compaction_policy policy = {
        .segments_min = is_alone ? 1 : o->compact_segments_min,
        .segments_max = is_alone ? 1 : o->compact_segments_max,
        .segment_age_ns = o->compact_age_ns,
        .segments_now =
            is_due || weft_store_tail_is_pressing(store) || weft_store_space_is_tight(store),
        .fan_in = o->compact_fan_in,
        .small_spans = o->small_block_spans,
        .small_bytes = o->small_block_bytes,
        .bundle_bytes_max = o->bundle_bytes_max,
        .time_max_ns = o->bundle_time_max,
        .room_bytes = atomic_load(&store->free_bytes),
    };
    struct weft_compaction_file *files = weft_alloc_array(c->item_count + 1, sizeof *files);
    struct weft_compaction_choice choice = { .files = weft_alloc_array(c->item_count + 1,
                                                                       sizeof *choice.files) };

    for (uint32_t i = 0; i < c->item_count; i++) files[i] = c->items[i].file;
    weft_compaction_choose(kind, &policy, files, c->item_count, &choice);
    for (uint32_t i = 0; i < choice.count; i++) c->items[i] = c->items[choice.files[i]];
    c->item_count = choice.count;
    weft_free(files);
    weft_free(choice.files);
}

/* 1 done, 0 nothing to do. *is_mended: it failed, and the next attempt will be another one. */
static int compaction_run(struct weft_store *store, enum weft_compaction_kind kind,
                          const struct weft_compaction *c, struct weft_merge_stats *stats,
                          bool *is_mended, struct weft_err *err)
{
    bool is_merge = kind == WEFT_COMPACT_MERGE;
    uint64_t started_ns = weft_clock_monotonic_ns();

    if (is_merge) atomic_store(&store->merge_started_ns, started_ns);
    int rc = is_merge ? weft_compaction_merge(store, c, stats, err)
                      : weft_compaction_bundle(store, c, stats, err);
    if (is_merge) {
        atomic_store(&store->merge_took_ns, weft_clock_monotonic_ns() - started_ns);
        atomic_store(&store->merge_started_ns, 0);
    }
    atomic_fetch_add(rc == WEFT_OK ? &store->compactions : &store->compaction_errors,
                     rc != WEFT_CANCELLED);
    if (rc == WEFT_OK) {
        atomic_fetch_add(&store->bundlings, !is_merge);
        atomic_fetch_add(&store->compacted_bytes, stats->bytes);
        return 1;
    }
    weft_compaction_give_up(c);
    *is_mended = weft_compaction_failed(store, c, rc, err);
    return rc;
}

static int compact_once(struct weft_store_compactor *compactor, bool is_due, uint64_t number_max,
                        struct weft_merge_stats *stats, bool *is_mended, struct weft_err *err)
{
    struct weft_store *store = compactor->store;
    struct weft_compaction compaction;
    int rc = 0;

    pthread_mutex_lock(&compactor->mutex);
    weft_compaction_init(&compaction, weft_store_set_take(store), number_max);
    compaction_choose(store, compactor->kind, &compaction, is_due);
    *is_mended = false;
    if (compaction.item_count > 0 && weft_compaction_claim(store, &compaction))
        rc = compaction_run(store, compactor->kind, &compaction, stats, is_mended, err);
    weft_compaction_release(&compaction);
    if (rc == 1) weft_store_catalog_save(store);
    pthread_mutex_unlock(&compactor->mutex);
    return rc;
}

/* Merging as long as there is something to merge, then bundling. */
static int compact_next(struct weft_store *store, uint64_t number_max,
                        struct weft_merge_stats *stats, bool *is_mended, struct weft_err *err)
{
    int rc = compact_once(&store->merging, true, number_max, stats, is_mended, err);
    if (rc != 0) return rc;
    return compact_once(&store->bundling, true, number_max, stats, is_mended, err);
}

int weft_store_compact(struct weft_store *store, struct weft_merge_stats *stats,
                       struct weft_err *err)
{
    struct weft_merge_stats sum = { 0 };
    uint64_t number_max =
        atomic_load(&store->next_number); /* what is sealed while we work comes next time */
    struct weft_err failure;
    bool is_mended;
    int rc, failed = WEFT_OK;

    if (store->options.read_only)
        return weft_fail(err, WEFT_UNSUPPORTED, "%s is open read-only: it cannot be compacted",
                         store->directory);
    for (;;) {
        struct weft_merge_stats one = { 0 };
        rc = compact_next(store, number_max, &one, &is_mended, &failure);
        if (rc < 0 && failed == WEFT_OK) { /* the first failure is told; the others go on */
            failed = rc;
            if (err != NULL) *err = failure;
        }
        if (rc < 0 && is_mended) continue;
        if (rc <= 0) break;
        sum.spans_in += one.spans_in;
        sum.spans_out += one.spans_out;
        sum.exact_duplicates += one.exact_duplicates;
        sum.conflicting_duplicates += one.conflicting_duplicates;
        sum.traces += one.traces;
        sum.orphans += one.orphans;
        sum.bytes += one.bytes;
    }
    if (stats != NULL) *stats = sum;
    return failed;
}

static void catalog_add_bundle(struct weft_catalog *catalog,
                               const struct weft_store_container *file)
{
    const struct weft_bundle_summary summary = {
        .number = file->number,
        .file_bytes = file->bytes,
        .created_unix_ns = file->created_unix_ns,
        .member_count = file->member_count,
        .superseded_bundle_count = file->superseded_bundle_count,
        .superseded_bundles = file->superseded_bundles,
    };
    weft_catalog_add_bundle(catalog, &summary);
}

void weft_store_catalog_save(struct weft_store *store)
{
    struct weft_catalog catalog;
    char path[WEFT_STORE_PATH_MAX];
    struct weft_err err;

    pthread_mutex_lock(&store->catalog_mutex); /* and what is written last is the last set */
    weft_catalog_init(&catalog);
    struct weft_store_set *set = weft_store_set_take(store);
    for (uint32_t i = 0; i < set->block_count; i++) {
        const struct weft_store_container *file = set->blocks[i]->file;
        weft_catalog_add(&catalog, &set->blocks[i]->summary);
        if (file->is_bundle && weft_catalog_find_bundle(&catalog, file->number) == NULL)
            catalog_add_bundle(&catalog, file);
    }
    weft_store_set_release(set);
    catalog.next_number = atomic_load(&store->next_number);
    snprintf(path, sizeof path, "%s/CATALOG", store->directory);
    if (weft_catalog_write(&catalog, path, &err) < 0)
        weft_log(WEFT_LOG_WARN, "store", "%s; the next start reads the blocks' footers instead",
                 err.text);
    weft_catalog_release(&catalog);
    pthread_mutex_unlock(&store->catalog_mutex);
}

/* ---- the threads ----
 *
 * They run at normal priority: a thread that has lowered its own cannot raise it again, and at full
 * ingest one of lower priority falls behind until senders must wait for it. SCHED_BATCH costs
 * nothing and keeps them from pushing the I/O threads aside whenever they wake.
 */

/* Until woken or the policy's ages are worth another look; after a failure, the whole time: a seal
 * mends nothing. */
static void compactor_wait(struct weft_store_compactor *c, uint64_t retry_ns)
{
    uint64_t until_ns = weft_clock_monotonic_ns() + (retry_ns != 0 ? retry_ns : IDLE_NS);

    pthread_mutex_lock(&c->wake_mutex);
    while (!atomic_load(&c->store->is_stopping) && (retry_ns != 0 || !c->is_due)) {
        uint64_t now_ns = weft_clock_monotonic_ns();
        if (now_ns >= until_ns) break;
        weft_store_wait(&c->wake, &c->wake_mutex, until_ns - now_ns);
    }
    c->is_due = false;
    pthread_mutex_unlock(&c->wake_mutex);
}

static void compactor_wake(struct weft_store_compactor *c)
{
    pthread_mutex_lock(&c->wake_mutex);
    c->is_due = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->wake_mutex);
}

void weft_store_compactor_wake(struct weft_store *store)
{
    compactor_wake(&store->merging);
}

static uint64_t retry_next_ns(uint64_t retry_ns, int rc)
{
    uint64_t max_ns = rc == WEFT_FULL ? RETRY_FULL_MAX_NS : RETRY_MAX_NS;
    uint64_t next_ns = retry_ns == 0 ? RETRY_MIN_NS : retry_ns * 2;
    return next_ns < max_ns ? next_ns : max_ns;
}

static void compactor_main(void *arg)
{
    struct weft_store_compactor *c = arg;
    const char *work = c->kind == WEFT_COMPACT_MERGE ? "compaction" : "bundling";
    uint64_t retry_ns = 0, idle_since_ns = 0; /* 0: nothing to give back */

    weft_thread_batch();
    while (!atomic_load(&c->store->is_stopping)) {
        struct weft_merge_stats stats = { 0 };
        struct weft_err err = { 0 };
        bool is_mended;
        int rc = compact_once(c, false, UINT64_MAX, &stats, &is_mended, &err);
        if (rc < 0 && is_mended) continue; /* what was set aside has been told */
        if (rc < 0 && rc != WEFT_CANCELLED) {
            if (retry_ns == 0)
                weft_log(WEFT_LOG_ERROR, "store", "%s failed, the files stay as they are: %s", work,
                         err.text);
            retry_ns = retry_next_ns(retry_ns, rc);
        }
        if (rc == 1) {
            if (retry_ns != 0) weft_log(WEFT_LOG_INFO, "store", "%s works again", work);
            retry_ns = 0;
            idle_since_ns = weft_clock_monotonic_ns();
            if (c->kind == WEFT_COMPACT_MERGE) compactor_wake(&c->store->bundling);
            continue; /* perhaps there is more */
        }
        if (idle_since_ns != 0 && weft_clock_monotonic_ns() - idle_since_ns >= TRIM_AFTER_NS) {
            malloc_trim(
                0); /* what the load of the last minutes took; not sooner: it costs faults */
            idle_since_ns = 0;
        }
        compactor_wait(c, retry_ns);
    }
}

void weft_store_compactors_init(struct weft_store *store)
{
    store->merging.kind = WEFT_COMPACT_MERGE;
    store->bundling.kind = WEFT_COMPACT_BUNDLING;
    for (int i = 0; i < 2; i++) {
        struct weft_store_compactor *c = i == 0 ? &store->merging : &store->bundling;
        c->store = store;
        pthread_mutex_init(&c->mutex, NULL);
        pthread_mutex_init(&c->wake_mutex, NULL);
        weft_store_cond_init(&c->wake);
    }
}

void weft_store_compactors_release(struct weft_store *store)
{
    for (int i = 0; i < 2; i++) {
        struct weft_store_compactor *c = i == 0 ? &store->merging : &store->bundling;
        pthread_mutex_destroy(&c->mutex);
        pthread_mutex_destroy(&c->wake_mutex);
        pthread_cond_destroy(&c->wake);
    }
}

static int compactor_start(struct weft_store_compactor *c, const char *name, struct weft_err *err)
{
    int rc = weft_thread_start(&c->thread, name, compactor_main, c, err);
    c->has_thread = rc == WEFT_OK;
    return rc;
}

int weft_store_compactors_start(struct weft_store *store, struct weft_err *err)
{
    if (store->options.no_compaction || store->options.read_only) return WEFT_OK;
    int rc = compactor_start(&store->merging, "store-compact", err);
    return rc < 0 ? rc : compactor_start(&store->bundling, "store-bundle", err);
}

static void compactor_stop(struct weft_store_compactor *c)
{
    if (!c->has_thread) return;
    compactor_wake(c);
    pthread_join(c->thread, NULL);
    c->has_thread = false;
}

void weft_store_compactors_stop(struct weft_store *store)
{
    compactor_stop(&store->merging);
    compactor_stop(&store->bundling);
}
