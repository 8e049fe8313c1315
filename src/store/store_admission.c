/* store_admission.c -- when the store takes no more for now, and when senders shall come again.
 *
 * Every sealed segment that waits for compaction holds a file of 64 MiB and its tables in memory. So
 * the tail is bounded in both: a writer whose segment is full begins another one only while there is
 * room in the tail. Segments begun are filled to their end, so the bound is passed by at most one
 * segment a writer. What could not be merged for another reason (a full or broken disk) counts too:
 * memory stays bounded whatever keeps the compactor from its work.
 */
#include "store/store_internal.h"

#define RETRY_BUSY_NS \
    (100 * WEFT_NS_PER_MS) /* the disk is behind: one or a few commits later there is room */
#define RETRY_TAIL_MIN_NS (200 * WEFT_NS_PER_MS)
#define RETRY_TAIL_MAX_NS (5 * WEFT_NS_PER_SECOND)

void weft_store_tail_update(struct weft_store *store, const struct weft_store_set *set)
{
    uint32_t segments = 0;
    uint64_t memory_bytes = 0;

    for (uint32_t i = 0; i < set->segment_count; i++) {
        struct weft_segment_bytes bytes;
        if (set->segments[i].is_live) continue;
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

    if (!store->has_compact_thread || (segments < store->options.tail_segments_max &&
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
    return refusal == WEFT_REFUSED_TAIL ? retry_tail_ns(store) : RETRY_BUSY_NS;
}
