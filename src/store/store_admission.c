/* store_admission.c -- when the store takes no more for now, and when senders shall come again.
 *
 * Every sealed segment that waits for compaction holds a file of 64 MiB and its tables in memory. So
 * the tail is bounded in both: a writer whose segment is full begins another one only while there is
 * room in the tail. Segments begun are filled to their end, so the bound is passed by at most one
 * segment a writer. What could not be merged for another reason (a full or broken disk) counts too:
 * memory stays bounded whatever keeps the compactor from its work. Only segments that are damaged or
 * set aside do not: nothing would ever take them out of the tail.
 *
 * Below the floor of free space nothing is taken at all. What is left is for compaction, which needs
 * room beside a segment before the segment can go; so a disk that filled up becomes free by itself.
 */
#include "store/store_internal.h"

#define SPACE_MIN_MAX (UINT64_C(1) << 30) /* what is kept free unless told otherwise: at most, */
#define SPACE_MIN_MIN \
    (UINT64_C(80) << 20)  /* and at least: any one segment can still be merged, and a bit */
#define SPACE_MIN_PART 20 /* of the file system */

#define RETRY_BUSY_NS \
    (100 * WEFT_NS_PER_MS) /* the disk is behind: one or a few commits later there is room */
#define RETRY_SPACE_NS (2 * WEFT_NS_PER_SECOND) /* looked at every second */
#define RETRY_TAIL_MIN_NS (200 * WEFT_NS_PER_MS)
#define RETRY_TAIL_MAX_NS (5 * WEFT_NS_PER_SECOND)

/* ---- the tail ---- */

void weft_store_tail_update(struct weft_store *store, const struct weft_store_set *set)
{
    uint32_t segments = 0;
    uint64_t memory_bytes = 0;

    for (uint32_t i = 0; i < set->segment_count; i++) {
        struct weft_segment_bytes bytes;
        if (set->segments[i].is_live || weft_store_segment_is_set_aside(&set->segments[i]))
            continue;
        weft_segment_bytes(set->segments[i].segment, &bytes);
        memory_bytes += bytes.memory;
        segments++;
    }
    atomic_store(&store->tail_segments, segments);
    atomic_store(&store->tail_memory_bytes, memory_bytes);
}

bool weft_store_tail_has_room(const struct weft_store *store, struct weft_err *err)
{
    uint32_t segments = atomic_load(&store->tail_segments);
    uint64_t memory_bytes = atomic_load(&store->tail_memory_bytes);

    if (!store->merging.has_thread || (segments < store->options.tail_segments_max &&
                                       memory_bytes < store->options.tail_memory_max))
        return true;
    weft_fail(
        err, WEFT_FULL,
        "compaction is behind: %u sealed segments with %llu MiB of tables wait for it (at most "
        "%u and %llu MiB); send again later",
        segments, (unsigned long long)(memory_bytes >> 20), store->options.tail_segments_max,
        (unsigned long long)(store->options.tail_memory_max >> 20));
    return false;
}

bool weft_store_tail_is_pressing(const struct weft_store *store)
{
    return atomic_load(&store->tail_segments) >= store->options.tail_segments_max / 2 ||
           atomic_load(&store->tail_memory_bytes) >= store->options.tail_memory_max / 2;
}

/* ---- free space ---- */

void weft_store_space_update(struct weft_store *store)
{
    struct weft_file_space space;
    struct weft_err err;
    uint64_t floor = store->options.free_space_min;

    if (weft_file_space(store->directory, &space, &err) < 0) {
        weft_log(WEFT_LOG_WARN, "store", "%s", err.text);
        return; /* what was known last stays */
    }
    if (floor == 0) {
        floor = space.total_bytes / SPACE_MIN_PART;
        if (floor > SPACE_MIN_MAX) floor = SPACE_MIN_MAX;
        if (floor < SPACE_MIN_MIN) floor = SPACE_MIN_MIN;
    }
    bool was_low = !weft_store_space_has_room(store, NULL);
    atomic_store(&store->free_bytes_min, floor);
    atomic_store(&store->free_bytes, space.free_bytes);
    bool is_low = !weft_store_space_has_room(store, &err);
    if (is_low && !was_low) weft_log(WEFT_LOG_ERROR, "store", "nothing is taken in: %s", err.text);
    if (was_low && !is_low)
        weft_log(WEFT_LOG_INFO, "store", "%llu MiB are free, spans are taken in again",
                 (unsigned long long)(space.free_bytes >> 20));
}

static bool space_has(const struct weft_store *store, uint64_t more_bytes, struct weft_err *err)
{
    uint64_t free_bytes = atomic_load(&store->free_bytes),
             floor = atomic_load(&store->free_bytes_min);

    if (free_bytes >= floor + more_bytes) return true;
    weft_fail(err, WEFT_FULL,
              "%s: %llu MiB of the disk are free, at least %llu expected (storage.free_space_min)",
              store->directory, (unsigned long long)(free_bytes >> 20),
              (unsigned long long)((floor + more_bytes) >> 20));
    return false;
}

bool weft_store_space_has_room(const struct weft_store *store, struct weft_err *err)
{
    return space_has(store, 0, err);
}

bool weft_store_space_has_segment(const struct weft_store *store, struct weft_err *err)
{
    return space_has(store, store->options.segment_file_bytes, err);
}

bool weft_store_space_is_tight(const struct weft_store *store)
{
    return !space_has(store, 2 * store->options.segment_file_bytes, NULL);
}

/* ---- when to come again ---- */

/* About when the merge at hand is over. */
static uint64_t retry_tail_ns(const struct weft_store *store)
{
    uint64_t started_ns = atomic_load(&store->merge_started_ns),
             took_ns = atomic_load(&store->merge_took_ns), now_ns = weft_clock_monotonic_ns();
    uint64_t ran_ns = started_ns != 0 && now_ns > started_ns ? now_ns - started_ns : 0;
    uint64_t left_ns = took_ns > ran_ns ? took_ns - ran_ns : 0;

    if (left_ns < RETRY_TAIL_MIN_NS) return RETRY_TAIL_MIN_NS;
    return left_ns < RETRY_TAIL_MAX_NS ? left_ns : RETRY_TAIL_MAX_NS;
}

uint64_t weft_store_retry_after_ns(const struct weft_store *store, enum weft_store_refusal refusal)
{
    if (refusal == WEFT_REFUSED_TAIL) return retry_tail_ns(store);
    return refusal == WEFT_REFUSED_SPACE ? RETRY_SPACE_NS : RETRY_BUSY_NS;
}
