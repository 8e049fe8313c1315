/* dictionary.c -- adding to, growing and cutting the tables of dictionary.h. */
#include "store/dictionary.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"

#define SLOTS_MIN 512u

static struct weft_dictionary_slots *slots_create(uint32_t slot_count)
{
    size_t bytes = sizeof(struct weft_dictionary_slots) + (size_t)slot_count * sizeof(uint64_t);
    struct weft_dictionary_slots *slots = weft_pool_take(&bytes);
    memset(slots, 0, sizeof *slots + (size_t)slot_count * sizeof(uint64_t));
    slots->bytes = bytes;
    slots->mask = slot_count - 1;
    return slots;
}

void weft_dictionary_init(struct weft_dictionary *dictionary)
{
    *dictionary = (struct weft_dictionary){ .seed = weft_hash_process_seed() };
    weft_pages_init(&dictionary->entries, sizeof(struct weft_dictionary_entry),
                    WEFT_DICTIONARY_PAGE_SHIFT);
    atomic_init(&dictionary->slots, slots_create(SLOTS_MIN));
}

void weft_dictionary_release(struct weft_dictionary *dictionary)
{
    struct weft_dictionary_slots *slots =
        atomic_load_explicit(&dictionary->slots, memory_order_relaxed);
    while (slots != NULL) {
        struct weft_dictionary_slots *older = slots->older;
        weft_pool_give(slots, slots->bytes);
        slots = older;
    }
    atomic_store_explicit(&dictionary->slots, NULL, memory_order_relaxed);
    weft_pages_release(&dictionary->entries);
    weft_region_release(&dictionary->bytes);
    dictionary->count = 0;
}

/* False when the chain is too long. */
static bool slot_fill(struct weft_dictionary_slots *slots, uint32_t hash, uint32_t number)
{
    for (uint32_t i = 0; i < WEFT_DICTIONARY_PROBES_MAX; i++) {
        _Atomic uint64_t *slot = &slots->at[(hash + i) & slots->mask];
        if (atomic_load_explicit(slot, memory_order_relaxed) != 0) continue;
        atomic_store_explicit(slot, (uint64_t)hash << 32 | (number + 1), memory_order_release);
        return true;
    }
    return false;
}

/* Twice the slots; an entry that is in the old ones always fits: chains only get shorter on
 * average, and where one does not,
 * the table is doubled again. */
static void grow(struct weft_dictionary *dictionary)
{
    struct weft_dictionary_slots *old =
        atomic_load_explicit(&dictionary->slots, memory_order_relaxed);
    uint32_t slot_count = (old->mask + 1) * 2;
    for (;;) {
        struct weft_dictionary_slots *slots = slots_create(slot_count);
        uint32_t number = 0;
        while (number < dictionary->count &&
               slot_fill(slots, weft_dictionary_at(dictionary, number)->hash, number)) {
            number++;
        }
        if (number == dictionary->count) {
            slots->older = old;
            atomic_store_explicit(&dictionary->slots, slots, memory_order_release);
            return;
        }
        weft_pool_give(slots, slots->bytes);
        slot_count *= 2;
        WEFT_ASSERT(slot_count <= 1u << 26, "%u entries", dictionary->count);
    }
}

uint32_t weft_dictionary_add(struct weft_dictionary *dictionary, uint32_t hash, struct weft_str s)
{
    uint32_t number = dictionary->count;
    if (number >= weft_pages_capacity(&dictionary->entries) || s.len >= WEFT_NONE) return WEFT_NONE;
    struct weft_dictionary_slots *slots =
        atomic_load_explicit(&dictionary->slots, memory_order_relaxed);
    if (number * 2 > slots->mask) {
        grow(dictionary);
        slots = atomic_load_explicit(&dictionary->slots, memory_order_relaxed);
    }
    struct weft_dictionary_entry *entry = weft_pages_place(&dictionary->entries, number);
    struct weft_str copy = weft_region_copy(&dictionary->bytes, s);
    *entry =
        (struct weft_dictionary_entry){ .ptr = copy.ptr, .len = (uint32_t)s.len, .hash = hash };
    if (!slot_fill(slots, hash, number)) return WEFT_NONE;
    dictionary->count++;
    return number;
}

void weft_dictionary_cut(struct weft_dictionary *dictionary, uint32_t count)
{
    struct weft_dictionary_slots *slots =
        atomic_load_explicit(&dictionary->slots, memory_order_relaxed);
    while (dictionary->count > count) {
        uint32_t number = --dictionary->count;
        uint32_t hash = weft_dictionary_at(dictionary, number)->hash;
        uint32_t i = hash;
        while ((uint32_t)atomic_load_explicit(&slots->at[i & slots->mask], memory_order_relaxed) !=
               number + 1)
            i++;
        atomic_store_explicit(&slots->at[i & slots->mask], 0, memory_order_release);
    }
}

size_t weft_dictionary_bytes(const struct weft_dictionary *dictionary)
{
    size_t bytes = weft_pages_bytes(&dictionary->entries) + dictionary->bytes.total_bytes;
    const struct weft_dictionary_slots *slots =
        atomic_load_explicit(&dictionary->slots, memory_order_acquire);
    for (; slots != NULL; slots = slots->older) bytes += slots->bytes;
    return bytes;
}

void weft_number_index_release(struct weft_number_index *index)
{
    weft_free(index->slots);
    *index = (struct weft_number_index){ 0 };
}

void weft_number_index_reset(struct weft_number_index *index)
{
    if (index->count > 0) memset(index->slots, 0, ((size_t)index->mask + 1) * sizeof *index->slots);
    index->count = 0;
}

static void index_fill(struct weft_number_index *index, uint64_t slot)
{
    uint32_t i = (uint32_t)(slot >> 32);
    while (index->slots[i & index->mask] != 0) i++;
    index->slots[i & index->mask] = slot;
}

void weft_number_index_add(struct weft_number_index *index, uint32_t hash, uint32_t number)
{
    if (index->slots == NULL || index->count * 2 > index->mask) {
        uint64_t *old = index->slots;
        uint32_t old_count = old != NULL ? index->mask + 1 : 0;
        uint32_t slot_count = old != NULL ? old_count * 2 : 256;
        index->slots = weft_alloc_array(slot_count, sizeof *index->slots);
        index->mask = slot_count - 1;
        for (uint32_t i = 0; i < old_count; i++) {
            if (old[i] != 0) index_fill(index, old[i]);
        }
        weft_free(old);
    }
    index_fill(index, (uint64_t)hash << 32 | (number + 1));
    index->count++;
}

void weft_number_index_remove(struct weft_number_index *index, uint32_t hash, uint32_t number)
{
    uint64_t wanted = (uint64_t)hash << 32 | (number + 1);
    uint32_t mask = index->mask, hole = hash & mask;
    while (index->slots[hole] != wanted) {
        if (index->slots[hole] == 0) return;
        hole = (hole + 1) & mask;
    }
    /* Move later entries of the chain back over the hole, so that lookups do not stop there. */
    for (uint32_t i = (hole + 1) & mask; index->slots[i] != 0; i = (i + 1) & mask) {
        uint32_t home = (uint32_t)(index->slots[i] >> 32) & mask;
        if (((i - home) & mask) < ((i - hole) & mask)) continue;
        index->slots[hole] = index->slots[i];
        hole = i;
    }
    index->slots[hole] = 0;
    index->count--;
}
