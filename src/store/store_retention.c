/* store_retention.c -- what is too old, or too much, is deleted: whole files, oldest first.
 *
 * A file is as old as the newest of its blocks (weft_store_block_time()). It is left while a block in
 * another file that stays is masked by one of its patches: the masked traces would come to light
 * again, without the spans that had joined them.
 *
 * What a merge or bundling is reading is left until it has ended: its result would have those spans
 * once more. So is a file while something that it supersedes still lies there, kept by a reader: after
 * a crash nothing would say any more that it is superseded.
 *
 * The wall clock decides about age alone. When it has moved by more than an hour against the monotonic
 * one since the last look that was believed, nothing is deleted by age for an hour, or until it has
 * moved back: time for somebody to read the log. Then it is believed.
 */
#include "store/store_internal.h"

#define JUMP_NS (3600 * WEFT_NS_PER_SECOND)

struct candidate {
    struct weft_store_container *container;
    uint64_t time_ns, spans;
    bool is_doomed;
};
struct retention {
    struct weft_store *store;
    struct weft_store_set *set;
    struct candidate *items; /* oldest first */
    uint32_t count, doomed_count;
    uint64_t total_bytes, free_bytes, now_ns;
    bool believes_clock, is_synced;
};

static int by_container(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return (x->container->number > y->container->number) -
           (x->container->number < y->container->number);
}

static int by_time(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->time_ns != y->time_ns) return x->time_ns < y->time_ns ? -1 : 1;
    return by_container(a, b);
}

static void candidates_gather(struct retention *r)
{
    uint32_t count = r->set->block_count, kept = 0;

    r->items = weft_alloc_array(count + 1, sizeof *r->items);
    for (uint32_t i = 0; i < count; i++)
        r->items[i] = (struct candidate){ .container = r->set->blocks[i]->file,
                                          .time_ns = weft_store_block_time(r->set->blocks[i]),
                                          .spans = weft_store_block_spans(r->set->blocks[i]) };
    if (count > 1) qsort(r->items, count, sizeof *r->items, by_container);
    for (uint32_t i = 0; i < count; i++) {
        struct candidate *last = kept > 0 ? &r->items[kept - 1] : NULL;
        if (last == NULL || last->container != r->items[i].container) {
            r->items[kept++] = r->items[i];
            r->total_bytes += r->items[i].container->bytes;
            continue;
        }
        last->spans += r->items[i].spans;
        if (r->items[i].time_ns > last->time_ns) last->time_ns = r->items[i].time_ns;
    }
    r->count = kept;
    if (kept > 1) qsort(r->items, kept, sizeof *r->items, by_time);
}

/* Segments and spares count too: they are what the directory takes. */
static uint64_t other_bytes(const struct retention *r)
{
    struct weft_store *store = r->store;
    uint64_t bytes = (uint64_t)r->set->segment_count * WEFT_SEGMENT_FILE_BYTES;

    pthread_mutex_lock(&store->prepare_mutex);
    bytes += (uint64_t)store->spare_count * WEFT_SEGMENT_FILE_BYTES;
    pthread_mutex_unlock(&store->prepare_mutex);
    return bytes;
}

/* ---- the clock ---- */

static bool clock_is_believed(struct weft_store *store, uint64_t now_ns)
{
    struct weft_store_retention_clock *clock = &store->retention_clock;
    uint64_t monotonic_ns = weft_clock_monotonic_ns();
    uint64_t expected_ns = clock->unix_ns + (monotonic_ns - clock->monotonic_ns);
    uint64_t off_ns = now_ns > expected_ns ? now_ns - expected_ns : expected_ns - now_ns;
    bool is_first = clock->monotonic_ns == 0;

    if (!is_first && off_ns > JUMP_NS) {
        if (clock->held_since_ns == 0) {
            clock->held_since_ns = monotonic_ns;
            weft_log(WEFT_LOG_WARN, "store",
                     "the clock has jumped by %llu minutes: nothing is deleted by age for an hour",
                     (unsigned long long)(off_ns / (60 * WEFT_NS_PER_SECOND)));
        }
        if (monotonic_ns - clock->held_since_ns < clock->hold_ns) return false;
    }
    clock->unix_ns = now_ns;
    clock->monotonic_ns = monotonic_ns;
    clock->held_since_ns = 0;
    return true;
}

/* ---- what goes ---- */

/* Why this one is to go, or NULL. */
static const char *reason_of(const struct retention *r, const struct candidate *c)
{
    const struct weft_store_options *o = &r->store->options;

    if (o->retention_age_ns != 0 && r->believes_clock && r->now_ns > c->time_ns &&
        r->now_ns - c->time_ns > o->retention_age_ns)
        return "older than storage.retention.age";
    if (o->retention_bytes != 0 && r->total_bytes > o->retention_bytes)
        return "the store is larger than storage.retention.size";
    if (o->retention_free_bytes != 0 && r->free_bytes < o->retention_free_bytes)
        return "less is free than storage.retention.free_space";
    return NULL;
}

static bool stays(const struct retention *r, uint64_t block)
{
    for (uint32_t i = 0; i < r->set->block_count; i++) {
        if (r->set->blocks[i]->summary.number != block) continue;
        for (uint32_t k = 0; k < r->count; k++)
            if (r->items[k].container == r->set->blocks[i]->file) return !r->items[k].is_doomed;
    }
    return false;
}

/* Does a block in it mask another that stays? The candidate itself is doomed already. */
static bool masks_what_stays(const struct retention *r, const struct candidate *c)
{
    struct weft_buf entries = { 0 };
    bool found = false;

    for (uint32_t i = 0; i < r->set->block_count && !found; i++) {
        struct weft_store_block *entry = r->set->blocks[i];
        struct weft_block *block;
        if (entry->file != c->container || entry->summary.masked_count == 0) continue;
        weft_buf_reset(&entries);
        if (weft_store_block_get(entry, &block, NULL) < 0 ||
            weft_block_masked(block, &entries, NULL) < 0)
            continue; /* damaged: it masks nothing any more */
        const struct weft_mask_entry *masked = (const void *)entries.data;
        for (size_t k = 0; k < entries.len / sizeof *masked && !found; k++)
            if (k == 0 || masked[k].block != masked[k - 1].block) found = stays(r, masked[k].block);
    }
    weft_buf_release(&entries);
    return found;
}

static bool lies_there(const struct retention *r, const char *kind, const uint64_t *numbers,
                       uint32_t count)
{
    char path[WEFT_STORE_PATH_MAX];

    for (uint32_t i = 0; i < count; i++) {
        weft_store_path(r->store, path, kind, numbers[i]);
        if (weft_file_exists(path)) return true;
    }
    return false;
}

/* Does a file lie there that opening would read if this one were gone? */
static bool hides_what_lies_there(const struct retention *r, const struct candidate *c)
{
    const struct weft_store_container *file = c->container;

    if (lies_there(r, "bundle", file->superseded_bundles, file->superseded_bundle_count))
        return true;
    for (uint32_t i = 0; i < r->set->block_count; i++) {
        const struct weft_block_summary *summary = &r->set->blocks[i]->summary;
        if (r->set->blocks[i]->file == file &&
            (lies_there(r, "segment", summary->superseded_segments,
                        summary->superseded_segment_count) ||
             lies_there(r, "block", summary->superseded_blocks, summary->superseded_block_count) ||
             (file->is_bundle && lies_there(r, "block", &summary->number, 1))))
            return true;
    }
    return false;
}

/* What is gone stays gone, before what says that it is superseded goes too. */
static bool directory_is_synced(struct retention *r)
{
    struct weft_err err;

    if (r->is_synced) return true;
    r->is_synced = weft_file_sync_directory(r->store->directory, &err) == WEFT_OK;
    if (!r->is_synced) weft_log(WEFT_LOG_WARN, "store", "nothing is deleted: %s", err.text);
    return r->is_synced;
}

static void doom(struct retention *r, struct candidate *c, const char *reason)
{
    char newest[40];

    if (!weft_store_container_claim(c->container, WEFT_CLAIM_RETENTION)) return;
    c->is_doomed = true;
    if (masks_what_stays(r, c) || hides_what_lies_there(r, c) || !directory_is_synced(r)) {
        c->is_doomed = false;
        weft_store_container_give_up(c->container);
        return;
    }
    r->doomed_count++;
    r->total_bytes -= c->container->bytes;
    r->free_bytes += c->container->bytes;
    weft_time_format_rfc3339(newest, sizeof newest, c->time_ns, 0);
    weft_log(WEFT_LOG_INFO, "store", "deleted %s, %llu spans until %s: %s", c->container->path,
             (unsigned long long)c->spans, newest, reason);
}

static void doomed_remove(struct retention *r)
{
    struct weft_store *store = r->store;
    uint64_t *numbers = weft_alloc_array(r->set->block_count + 1, sizeof *numbers);
    uint32_t count = 0;

    for (uint32_t i = 0; i < r->count; i++) {
        struct candidate *c = &r->items[i];
        if (!c->is_doomed) continue;
        for (uint32_t k = 0; k < r->set->block_count; k++)
            if (r->set->blocks[k]->file == c->container)
                numbers[count++] = r->set->blocks[k]->summary.number;
        atomic_fetch_add(&store->retention_files, 1);
        atomic_fetch_add(&store->retention_spans, c->spans);
        atomic_fetch_add(&store->retention_deleted_bytes, c->container->bytes);
        /* Until its last reader has left it, it takes room still: the next look counts it as free. */
        if (c->container->leaving_bytes == NULL) {
            atomic_fetch_add(&store->leaving_bytes, c->container->bytes);
            c->container->leaving_bytes = &store->leaving_bytes;
        }
        atomic_store(&c->container->is_obsolete, true);
    }
    weft_store_set_change(store,
                          &(struct weft_store_change){ .blocks = numbers, .block_count = count });
    weft_free(numbers);
}

void weft_store_retention_run(struct weft_store *store)
{
    const struct weft_store_options *o = &store->options;
    struct retention r = { .store = store };

    if (o->retention_age_ns == 0 && o->retention_bytes == 0 && o->retention_free_bytes == 0) return;
    r.now_ns = o->unix_ns != NULL ? o->unix_ns(o->unix_self) : weft_clock_unix_ns();
    r.believes_clock = clock_is_believed(store, r.now_ns);
    r.free_bytes = atomic_load(&store->free_bytes) + atomic_load(&store->leaving_bytes);
    r.set = weft_store_set_take(store);
    candidates_gather(&r);
    r.total_bytes += other_bytes(&r);
    for (uint32_t i = 0; i < r.count; i++) {
        const char *reason = reason_of(&r, &r.items[i]);
        if (reason != NULL) doom(&r, &r.items[i], reason);
    }
    if (r.doomed_count > 0) doomed_remove(&r);
    weft_free(r.items);
    weft_store_set_release(r.set);
    if (r.doomed_count > 0) weft_store_catalog_save(store);
}
