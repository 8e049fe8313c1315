/* dictionary.h -- byte strings numbered by value, read without a lock while one thread adds.
 *
 * Shape      entries in pages that never move; open addressing over (32-bit hash, number), grown by replacing the slots
 * Threads    one appending thread; readers look only at numbers below a count they were given with acquire
 * Ownership  the dictionary owns copies of its strings
 *
 * Invariants
 *  1. A slot is written once the entry is whole. A reader never touches an entry at or above its count.
 *  2. Slots are filled in the order of numbers, also after growing. So taking back the newest entries (a batch that did not
 *     fit) is clearing their slots in reverse order: no older entry was ever pushed past them.
 *  3. Replaced slots stay until the end: a reader may be walking them. They add up to less than the newest.
 *  4. A chain of WEFT_DICTIONARY_PROBES_MAX takes no more entries: what does not get in is stored inline by the caller.
 */
#ifndef WEFT_STORE_DICTIONARY_H
#define WEFT_STORE_DICTIONARY_H
#include <stdatomic.h>
#include "base/endian.h"
#include "store/segment_memory.h"

#define WEFT_NONE 0xffffffffu
#define WEFT_DICTIONARY_PROBES_MAX 128u

struct weft_dictionary_entry {
    const char *ptr;
    uint32_t len;
    uint32_t hash;
};
struct weft_dictionary_slots {
    struct weft_dictionary_slots *older;
    size_t bytes;
    uint32_t mask;
    _Atomic uint64_t at[]; /* hash << 32 | number + 1; 0: free */
};
struct weft_dictionary {
    struct weft_pages entries;
    _Atomic(struct weft_dictionary_slots *) slots;
    struct weft_region bytes;
    uint32_t count; /* the appender's */
    uint64_t seed;
};
void weft_dictionary_init(struct weft_dictionary *dictionary, uint32_t page_shift);
void weft_dictionary_release(struct weft_dictionary *dictionary);
/* The new entry's number, or WEFT_NONE when there is no room. The string must not be in it yet. */
uint32_t weft_dictionary_add(struct weft_dictionary *dictionary, uint32_t hash, struct weft_str s);
/* Take back all entries from number `count` on; none of them was published. */
void weft_dictionary_cut(struct weft_dictionary *dictionary, uint32_t count);
size_t weft_dictionary_bytes(const struct weft_dictionary *dictionary);

/* Equal bytes, inlined: the strings compared are mostly 5 to 40 bytes, a call would cost as much as the work. */
static inline bool weft_bytes_equal(const char *a, const char *b, size_t len)
{
    if (len >= 16) {
        for (size_t i = 0; i + 16 < len; i += 16) {
            if (memcmp(a + i, b + i, 16) != 0) return false;
        }
        return memcmp(a + len - 16, b + len - 16, 16) == 0;
    }
    if (len >= 8) return memcmp(a, b, 8) == 0 && memcmp(a + len - 8, b + len - 8, 8) == 0;
    if (len >= 4) return memcmp(a, b, 4) == 0 && memcmp(a + len - 4, b + len - 4, 4) == 0;
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i]) return false;
    }
    return true;
}

__extension__ typedef unsigned __int128 weft_u128;
static inline uint64_t weft_dictionary_fold(uint64_t a, uint64_t b)
{
    weft_u128 product = (weft_u128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A hash for tables in memory alone, never stored: folded 64 x 64 bit products over the process's secret seed. One product for
 * up to 16 bytes; xxh3 behind a call is about twice as slow on these lengths. */
static inline uint32_t weft_dictionary_hash(uint64_t seed, const char *p, size_t len)
{
    uint64_t a, b, h = seed ^ (len * UINT64_C(0x9e3779b97f4a7c15));
    const char *end = p + len;
    if (len > 16) {
        for (; end - p > 16; p += 16) {
            h = weft_dictionary_fold(weft_load_u64(p) ^ h, weft_load_u64(p + 8) ^ UINT64_C(0xd6e8feb86659fd93));
        }
        a = weft_load_u64(end - 16);
        b = weft_load_u64(end - 8);
    } else if (len >= 8) {
        a = weft_load_u64(p);
        b = weft_load_u64(end - 8);
    } else if (len >= 4) {
        a = weft_load_u32(p);
        b = weft_load_u32(end - 4);
    } else if (len > 0) {
        a = (uint64_t)(uint8_t)p[0] << 16 | (uint64_t)(uint8_t)p[len >> 1] << 8 | (uint8_t)end[-1];
        b = 0;
    } else {
        a = b = 0;
    }
    h = weft_dictionary_fold(a ^ h, b ^ UINT64_C(0xa0761d6478bd642f) ^ seed);
    return (uint32_t)(h ^ (h >> 32));
}

static inline const struct weft_dictionary_entry *weft_dictionary_at(const struct weft_dictionary *dictionary,
                                                                     uint32_t number)
{
    return weft_pages_at(&dictionary->entries, number);
}
static inline struct weft_str weft_dictionary_str(const struct weft_dictionary *dictionary, uint32_t number)
{
    const struct weft_dictionary_entry *entry = weft_dictionary_at(dictionary, number);
    return weft_str_make(entry->ptr, entry->len);
}

/* Number of the string among the first `count`, or WEFT_NONE. */
static inline uint32_t weft_dictionary_find(const struct weft_dictionary *dictionary, uint32_t count, uint32_t hash,
                                            const char *ptr, size_t len)
{
    const struct weft_dictionary_slots *slots = atomic_load_explicit(&dictionary->slots, memory_order_acquire);
    for (uint32_t i = hash;; i++) {
        uint64_t slot = atomic_load_explicit(&slots->at[i & slots->mask], memory_order_acquire);
        if (slot == 0) return WEFT_NONE;
        if (slot >> 32 != hash) continue;
        uint32_t number = (uint32_t)slot - 1;
        if (number >= count) continue;
        const struct weft_dictionary_entry *entry = weft_dictionary_at(dictionary, number);
        if (entry->len == len && weft_bytes_equal(entry->ptr, ptr, len)) return number;
    }
}

/* A private hash from 32-bit hashes to numbers; the owner compares what the numbers stand for. A zeroed one is valid. */
struct weft_number_index {
    uint64_t *slots; /* hash << 32 | number + 1; 0: free */
    uint32_t mask, count;
};
void weft_number_index_release(struct weft_number_index *index);
void weft_number_index_reset(struct weft_number_index *index);
void weft_number_index_add(struct weft_number_index *index, uint32_t hash, uint32_t number);
void weft_number_index_remove(struct weft_number_index *index, uint32_t hash, uint32_t number);
/* Numbers under `hash`, one a call; start with *at = hash, WEFT_NONE at the end. */
static inline uint32_t weft_number_index_next(const struct weft_number_index *index, uint32_t hash, uint32_t *at)
{
    if (index->slots == NULL) return WEFT_NONE;
    for (;;) {
        uint64_t slot = index->slots[(*at)++ & index->mask];
        if (slot == 0) return WEFT_NONE;
        if (slot >> 32 == hash) return (uint32_t)slot - 1;
    }
}

#endif
