/* compactor.c -- the compacting thread: sealed segments become blocks, blocks become larger ones and
 * bundles, in the background. What comes next: compaction_policy.c; doing it: compaction_run.c.
 */
#include "base/thread.h"
#include "store/compaction_run.h"
#include <malloc.h>

#define RETRY_MIN_NS WEFT_NS_PER_SECOND
#define RETRY_MAX_NS (60 * WEFT_NS_PER_SECOND)
#define RETRY_FULL_MAX_NS (5 * WEFT_NS_PER_SECOND) /* no space: that may change any moment */
#define IDLE_NS WEFT_NS_PER_SECOND
#define TRIM_AFTER_NS (5 * WEFT_NS_PER_SECOND)

/* ---- what there is ---- */

static int item_compare(const void *a, const void *b)
{
    const struct weft_compaction_item *x = a, *y = b;
    if (x->file.source != y->file.source) return x->file.source < y->file.source ? -1 : 1;
    if (x->file.source != WEFT_COMPACT_SEGMENT && x->file.time_max != y->file.time_max)
        return x->file.time_max < y->file.time_max ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static void item_from_segment(struct weft_compaction_item *item,
                              const struct weft_store_segment *segment, uint64_t now_ns)
{
    struct weft_segment_bytes bytes;

    weft_segment_bytes(segment->segment, &bytes);
    *item = (struct weft_compaction_item){
        .number = segment->number,
        .segment = segment,
        .file = { .source = WEFT_COMPACT_SEGMENT,
                  .bytes = bytes.used,
                  .waits_ns = now_ns > segment->sealed_ns ? now_ns - segment->sealed_ns : 0 },
    };
}

/* A block adds itself to its file's item. Those of one file follow each other: sorted by file. */
static void item_add_block(struct weft_compaction_item *item, const struct weft_store_block *block)
{
    uint64_t time_ns = weft_store_block_time(block);

    if (item->container == NULL) {
        *item = (struct weft_compaction_item){
            .number = block->file->number,
            .container = block->file,
            .file = { .source = block->file->is_bundle ? WEFT_COMPACT_BUNDLE : WEFT_COMPACT_BLOCK,
                      .bytes = block->file->bytes,
                      .time_min = time_ns },
        };
    }
    item->file.spans += weft_store_block_spans(block);
    item->file.members++;
    if (time_ns < item->file.time_min) item->file.time_min = time_ns;
    if (time_ns > item->file.time_max) item->file.time_max = time_ns;
}

static int by_file(const void *a, const void *b)
{
    const struct weft_store_block *x = *(struct weft_store_block *const *)a,
                                  *y = *(struct weft_store_block *const *)b;
    if (x->file->number != y->file->number) return x->file->number < y->file->number ? -1 : 1;
    return (x->summary.member > y->summary.member) - (x->summary.member < y->summary.member);
}

static bool item_is_damaged(const struct weft_compaction_item *item)
{
    if (atomic_load(&item->container->compaction_failures) >= WEFT_STORE_FAILURES_MAX) return true;
    for (uint32_t i = 0; i < item->file.members; i++)
        if (weft_store_block_is_damaged(item->blocks[i])) return true;
    return false;
}

static void items_from_blocks(struct weft_compaction *c, const struct weft_store_set *set)
{
    c->blocks = weft_alloc_array(set->block_count + 1, sizeof *c->blocks);
    if (set->block_count > 0) memcpy(c->blocks, set->blocks, set->block_count * sizeof *c->blocks);
    if (set->block_count > 1) qsort(c->blocks, set->block_count, sizeof *c->blocks, by_file);
    for (uint32_t i = 0; i < set->block_count;) {
        struct weft_compaction_item *item = &c->items[c->item_count];
        const struct weft_store_container *file = c->blocks[i]->file;
        uint32_t first = i;
        *item = (struct weft_compaction_item){ 0 };
        for (; i < set->block_count && c->blocks[i]->file == file; i++)
            item_add_block(item, c->blocks[i]);
        item->blocks = &c->blocks[first];
        /* One that is not whole, or not readable, stays as it is. */
        c->item_count += item->file.members == file->member_count && !item_is_damaged(item);
    }
}

static void compaction_init(struct weft_compaction *c, struct weft_store_set *set,
                            uint64_t number_max)
{
    uint64_t now_ns = weft_clock_monotonic_ns();

    *c = (struct weft_compaction){ .set = set };
    c->items = weft_alloc_array(set->segment_count + set->block_count + 1, sizeof *c->items);
    for (uint32_t i = 0; i < set->segment_count; i++)
        /* A damaged segment stays as it is, for repair: a merge would keep what can be read and
         * remove the rest. */
        if (!set->segments[i].is_live && set->segments[i].number <= number_max &&
            !weft_store_segment_is_set_aside(&set->segments[i]))
            item_from_segment(&c->items[c->item_count++], &set->segments[i], now_ns);
    items_from_blocks(c, set);
    if (c->item_count > 1) qsort(c->items, c->item_count, sizeof *c->items, item_compare);
}

static void compaction_release(struct weft_compaction *c)
{
    weft_free(c->items);
    weft_free(c->blocks);
    weft_store_set_release(c->set);
}

/* Keeps the items chosen, in their order. */
static enum weft_compaction_kind compaction_choose(const struct weft_store *store,
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
    weft_compaction_choose(&policy, files, c->item_count, &choice);
    for (uint32_t i = 0; i < choice.count; i++) c->items[i] = c->items[choice.files[i]];
    c->item_count = choice.count;
    weft_free(files);
    weft_free(choice.files);
    return choice.kind;
}

static void inputs_give_up(struct weft_compaction *c, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (c->items[i].container != NULL) weft_store_container_give_up(c->items[i].container);
}

/* All inputs, or none: retention may have taken one since. */
static bool inputs_claim(struct weft_compaction *c)
{
    for (uint32_t i = 0; i < c->item_count; i++) {
        if (c->items[i].container == NULL ||
            weft_store_container_claim(c->items[i].container, WEFT_CLAIM_INPUT))
            continue;
        inputs_give_up(c, i);
        return false;
    }
    return true;
}

/* One merge or bundling, if there is something to do: 1 done, 0 nothing to do. *is_mended: it failed,
 * and the next attempt will be another one. */
static int compact_once(struct weft_store *store, bool is_due, uint64_t number_max,
                        struct weft_merge_stats *stats, bool *is_mended, struct weft_err *err)
{
    struct weft_compaction compaction;
    int rc = 0;

    pthread_mutex_lock(&store->compact_mutex);
    compaction_init(&compaction, weft_store_set_take(store), number_max);
    enum weft_compaction_kind kind = compaction_choose(store, &compaction, is_due);
    *is_mended = false;
    if (!inputs_claim(&compaction)) kind = WEFT_COMPACT_NOTHING;
    if (kind != WEFT_COMPACT_NOTHING) {
        uint64_t started_ns = weft_clock_monotonic_ns();
        atomic_store(&store->merge_started_ns, started_ns);
        rc = kind == WEFT_COMPACT_MERGE ? weft_compaction_merge(store, &compaction, stats, err)
                                        : weft_compaction_bundle(store, &compaction, stats, err);
        atomic_store(&store->merge_took_ns, weft_clock_monotonic_ns() - started_ns);
        atomic_store(&store->merge_started_ns, 0);
        atomic_fetch_add(rc == WEFT_OK ? &store->compactions : &store->compaction_errors,
                         rc != WEFT_CANCELLED);
        if (rc == WEFT_OK) atomic_fetch_add(&store->bundlings, kind == WEFT_COMPACT_BUNDLING);
        if (rc == WEFT_OK) atomic_fetch_add(&store->compacted_bytes, stats->bytes);
        if (rc < 0) {
            inputs_give_up(&compaction, compaction.item_count);
            *is_mended = weft_compaction_failed(store, &compaction, rc, err);
        } else {
            rc = 1;
        }
    }
    compaction_release(&compaction);
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
    struct weft_err failure;
    bool is_mended;
    int rc, failed = WEFT_OK;

    if (store->options.read_only)
        return weft_fail(err, WEFT_UNSUPPORTED, "%s is open read-only: it cannot be compacted",
                         store->directory);
    for (;;) {
        struct weft_merge_stats one = { 0 };
        rc = compact_once(store, true, number_max, &one, &is_mended, &failure);
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
        bool is_mended;
        int rc = compact_once(store, false, UINT64_MAX, &stats, &is_mended, &err);
        if (rc < 0 && is_mended) continue; /* what was set aside has been told */
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
