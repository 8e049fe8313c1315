/* store_set.c -- which segments and blocks exist: immutable lists, swapped as a whole, counted by
 * their readers. */
#include "store/store_split.h"

bool weft_store_segment_is_set_aside(const struct weft_store_segment *segment)
{
    return atomic_load(&segment->memo->compaction_failures) >= WEFT_STORE_FAILURES_MAX ||
           weft_segment_damaged_bytes(segment->segment) > 0 ||
           weft_segment_intact(segment->segment, NULL) != WEFT_OK;
}

void weft_store_segment_release(struct weft_store_segment *segment)
{
    weft_store_memo_unref(segment->memo);
    weft_segment_unref(segment->segment);
}

static struct weft_store_set *set_create(uint32_t segment_capacity, uint32_t block_capacity)
{
    struct weft_store_set *set = weft_alloc_zero(sizeof *set);

    atomic_init(&set->references, 1);
    set->segments = weft_alloc_array(segment_capacity + 1, sizeof *set->segments);
    set->blocks = weft_alloc_array(block_capacity + 1, sizeof *set->blocks);
    return set;
}

/* A copy with room for one more segment and so many more blocks. Call with set_mutex held. */
static struct weft_store_set *set_copy(const struct weft_store_set *old, uint32_t more_blocks)
{
    struct weft_store_set *set = set_create(old->segment_count + 1, old->block_count + more_blocks);

    for (uint32_t i = 0; i < old->segment_count; i++) {
        set->segments[i] = old->segments[i];
        weft_segment_ref(set->segments[i].segment);
        weft_store_memo_ref(set->segments[i].memo);
    }
    for (uint32_t i = 0; i < old->block_count; i++) {
        set->blocks[i] = old->blocks[i];
        weft_store_block_ref(set->blocks[i]);
    }
    set->segment_count = old->segment_count;
    set->block_count = old->block_count;
    set->split = old->split;
    weft_block_split_ref(set->split);
    return set;
}

struct weft_store_set *weft_store_set_take(struct weft_store *store)
{
    pthread_mutex_lock(&store->set_mutex);
    struct weft_store_set *set = store->set;
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&store->set_mutex);
    return set;
}

void weft_store_set_release(struct weft_store_set *set)
{
    if (set == NULL || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < set->segment_count; i++) weft_store_segment_release(&set->segments[i]);
    for (uint32_t i = 0; i < set->block_count; i++) weft_store_block_unref(set->blocks[i]);
    weft_block_split_unref(set->split);
    weft_free(set->segments);
    weft_free(set->blocks);
    weft_free(set);
}

/* Begin and end of a change. The old set goes outside the lock: that may close, rename and unlink
 * files. */
static struct weft_store_set *change_begin(struct weft_store *store, uint32_t more_blocks)
{
    pthread_mutex_lock(&store->set_mutex);
    if (store->set != NULL) return set_copy(store->set, more_blocks);
    struct weft_store_set *set = set_create(1, more_blocks);
    set->split = weft_block_split_create();
    return set;
}

static void change_end(struct weft_store *store, struct weft_store_set *set)
{
    struct weft_store_set *old = store->set;
    store->set = set;
    weft_store_tail_update(store, set);
    pthread_mutex_unlock(&store->set_mutex);
    weft_store_set_release(old);
}

static void segment_insert(struct weft_store_set *set, struct weft_store_segment entry)
{
    uint32_t at = set->segment_count++;

    for (; at > 0 && set->segments[at - 1].number > entry.number; at--)
        set->segments[at] = set->segments[at - 1];
    set->segments[at] = entry;
}

static void segment_remove(struct weft_store_set *set, uint64_t number)
{
    for (uint32_t i = 0; i < set->segment_count; i++) {
        if (set->segments[i].number != number) continue;
        weft_store_segment_release(&set->segments[i]); /* the old set has it still */
        memmove(&set->segments[i], &set->segments[i + 1],
                (set->segment_count - i - 1) * sizeof *set->segments);
        set->segment_count--;
        return;
    }
}

static void block_insert(struct weft_store_set *set, struct weft_store_block *block)
{
    uint32_t at = set->block_count++;
    uint64_t number = block->summary.number;

    for (; at > 0 && set->blocks[at - 1]->summary.number > number; at--)
        set->blocks[at] = set->blocks[at - 1];
    set->blocks[at] = block;
    weft_store_block_ref(block);
}

void weft_store_set_add_segment(struct weft_store *store, struct weft_segment *segment,
                                bool is_live)
{
    struct weft_store_set *set = change_begin(store, 0);

    weft_segment_ref(segment);
    segment_insert(set, (struct weft_store_segment){ .segment = segment,
                                                     .number = weft_segment_number(segment),
                                                     .memo = weft_store_memo_create(),
                                                     .sealed_ns = weft_clock_monotonic_ns(),
                                                     .is_live = is_live });
    change_end(store, set);
}

void weft_store_set_mark_sealed(struct weft_store *store, uint64_t number, bool is_abandoned)
{
    struct weft_store_set *set = change_begin(store, 0);

    for (uint32_t i = 0; i < set->segment_count; i++) {
        if (set->segments[i].number != number) continue;
        set->segments[i].is_live = false;
        set->segments[i].is_abandoned = is_abandoned;
        set->segments[i].sealed_ns = weft_clock_monotonic_ns();
    }
    change_end(store, set);
}

void weft_store_set_remove_segment(struct weft_store *store, uint64_t number)
{
    struct weft_store_set *set = change_begin(store, 0);
    segment_remove(set, number);
    change_end(store, set);
}

static void block_remove(struct weft_store_set *set, uint64_t number)
{
    for (uint32_t i = 0; i < set->block_count; i++) {
        if (set->blocks[i]->summary.number != number) continue;
        weft_store_block_unref(set->blocks[i]); /* the old set has it still */
        memmove(&set->blocks[i], &set->blocks[i + 1],
                (set->block_count - i - 1) * sizeof set->blocks[0]);
        set->block_count--;
        return;
    }
}

void weft_store_set_change(struct weft_store *store, const struct weft_store_change *change)
{
    struct weft_store_set *set = change_begin(store, change->added_count);

    for (uint32_t i = 0; i < change->segment_count; i++) segment_remove(set, change->segments[i]);
    for (uint32_t i = 0; i < change->block_count; i++) block_remove(set, change->blocks[i]);
    for (uint32_t i = 0; i < change->added_count; i++) block_insert(set, change->added[i]);
    weft_store_blocks_mask(set->blocks, set->block_count, change->masked, change->masked_count);
    weft_block_split_unref(set->split);
    set->split = weft_block_split_create();
    change_end(store, set);
}

void weft_store_set_first(struct weft_store *store, struct weft_store_segment *segments,
                          uint32_t segment_count, struct weft_store_block **blocks,
                          uint32_t block_count)
{
    struct weft_store_set *set = set_create(segment_count, block_count);

    for (uint32_t i = 0; i < segment_count; i++) segment_insert(set, segments[i]);
    if (block_count > 0) memcpy(set->blocks, blocks, block_count * sizeof *blocks);
    set->block_count = block_count;
    set->split = weft_block_split_create();
    store->set = set;
    weft_store_tail_update(store, set);
}
