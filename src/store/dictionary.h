/* dictionary.h -- byte strings numbered by value, read without a lock while one thread adds.
 *
 * Shape      entries in pages that never move; open addressing over (32-bit hash, number), grown by
 *            replacing the slots
 * Threads    one appending thread; readers look only at numbers below a count they were given with
 *            acquire
 * Ownership  the dictionary owns copies of its strings
 *
 * Invariants
 *  1. A slot is written once the entry is whole. A reader never touches an entry at or above its
 *  count. 2. Slots are filled in the order of numbers, also after growing. So taking back the
 *  newest entries (a batch that did not
 *     fit) is clearing their slots in reverse order: no older entry was ever pushed past them.
 *  3. Replaced slots stay until the end: a reader may be walking them. They add up to less than the
 *  newest. 4. A chain of WEFT_DICTIONARY_PROBES_MAX takes no more entries: what does not get in is
 *  stored inline by the caller.
 */
#ifndef WEFT_STORE_DICTIONARY_H
#define WEFT_STORE_DICTIONARY_H
#include "base/endian.h"
#include "store/segment_memory.h"
#include <stdatomic.h>

#define WEFT_NONE 0xffffffffu
#define WEFT_DICTIONARY_PROBES_MAX 128u
#define WEFT_DICTIONARY_PAGE_SHIFT 10u

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
void weft_dictionary_init(struct weft_dictionary *dictionary);
void weft_dictionary_release(struct weft_dictionary *dictionary);
/* The new entry's number, or WEFT_NONE when there is no room. The string must not be in it yet. */
uint32_t weft_dictionary_add(struct weft_dictionary *dictionary, uint32_t hash, struct weft_str s);
/* Take back all entries from number `count` on; none of them was published. */
void weft_dictionary_cut(struct weft_dictionary *dictionary, uint32_t count);
size_t weft_dictionary_bytes(const struct weft_dictionary *dictionary);

/* Comparing and hashing, inlined: the strings are mostly 4 to 40 bytes, a call would cost as much
 * as the work. One branch for each
 * range of lengths and none within it: pieces overlap where the length asks for it, so four of 16
 * bytes cover 16 to 64. */
static inline size_t weft_piece_step(size_t len, size_t piece)
{
    size_t rest = len - piece;
    return rest < piece ? rest : piece;
}

typedef uint64_t weft_u64x2 __attribute__((vector_size(16)));
static inline weft_u64x2 weft_load_u64x2(const char *p)
{
    weft_u64x2 v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* 16 to 64 bytes */
static inline bool weft_bytes_equal_64(const char *a, const char *b, size_t len)
{
    size_t step = weft_piece_step(len, 16);
    const char *a_end = a + len - 16, *b_end = b + len - 16;
    weft_u64x2 differ = (weft_load_u64x2(a) ^ weft_load_u64x2(b)) |
                        (weft_load_u64x2(a + step) ^ weft_load_u64x2(b + step)) |
                        (weft_load_u64x2(a_end - step) ^ weft_load_u64x2(b_end - step)) |
                        (weft_load_u64x2(a_end) ^ weft_load_u64x2(b_end));
    return (differ[0] | differ[1]) == 0;
}

static inline bool weft_bytes_equal(const char *a, const char *b, size_t len)
{
    if (len >= 16) {
        if (len <= 32) {
            weft_u64x2 differ = (weft_load_u64x2(a) ^ weft_load_u64x2(b)) |
                                (weft_load_u64x2(a + len - 16) ^ weft_load_u64x2(b + len - 16));
            return (differ[0] | differ[1]) == 0;
        }
        if (__builtin_expect(len <= 64, 1)) return weft_bytes_equal_64(a, b, len);
        const char *a_end = a + len - 64, *b_end = b + len - 64;
        for (; a < a_end; a += 64, b += 64) {
            if (!weft_bytes_equal_64(a, b, 64)) return false;
        }
        return weft_bytes_equal_64(a_end, b_end, 64);
    }
    if (len >= 8) {
        return ((weft_load_u64(a) ^ weft_load_u64(b)) |
                (weft_load_u64(a + len - 8) ^ weft_load_u64(b + len - 8))) == 0;
    }
    if (len >= 4) {
        return ((weft_load_u32(a) ^ weft_load_u32(b)) |
                (weft_load_u32(a + len - 4) ^ weft_load_u32(b + len - 4))) == 0;
    }
    return len == 0 || (a[0] == b[0] && a[len >> 1] == b[len >> 1] && a[len - 1] == b[len - 1]);
}

__extension__ typedef unsigned __int128 weft_u128;
static inline uint64_t weft_dictionary_fold(uint64_t a, uint64_t b)
{
    weft_u128 product = (weft_u128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* 16 bytes and a key of their place; the seed is secret, so nobody outside can make a factor
 * zero. */
static inline uint64_t weft_hash_piece(uint64_t seed, const char *p, uint64_t place)
{
    return weft_dictionary_fold(weft_load_u64(p) ^ seed ^ place,
                                weft_load_u64(p + 8) ^ (seed >> 32 | seed << 32) ^ ~place);
}

/* A hash for tables in memory alone, never stored: folded 64 x 64 bit products over the process's
 * secret seed. */
static inline uint32_t weft_dictionary_hash(uint64_t seed, const char *p, size_t len)
{
    uint64_t h;
    if (len > 16) {
        uint64_t before = 0;
        for (; len > 64; p += 16, len -= 16)
            before += weft_hash_piece(seed, p, len * UINT64_C(0x589965cc75374cc3));
        size_t step = weft_piece_step(len, 16);
        const char *end = p + len - 16;
        h = (weft_hash_piece(seed, p, UINT64_C(0xa0761d6478bd642f)) ^ before) +
            weft_hash_piece(seed, p + step, UINT64_C(0xe7037ed1a0b428db)) +
            weft_hash_piece(seed, end - step, UINT64_C(0x8ebc6af09c88c6e3)) +
            weft_hash_piece(seed, end, len);
    } else if (len >= 4) {
        size_t step = weft_piece_step(len, 4);
        const char *end = p + len - 4;
        uint64_t a = (uint64_t)weft_load_u32(p) << 32 | weft_load_u32(p + step);
        uint64_t b = (uint64_t)weft_load_u32(end - step) << 32 | weft_load_u32(end);
        h = weft_dictionary_fold(a ^ seed, b ^ (seed >> 32 | seed << 32) ^
                                               len * UINT64_C(0x9e3779b97f4a7c15));
    } else {
        uint64_t a = len == 0 ? 0
                              : (uint64_t)(uint8_t)p[0] << 16 |
                                    (uint64_t)(uint8_t)p[len >> 1] << 8 | (uint8_t)p[len - 1];
        h = weft_dictionary_fold(a ^ seed, (seed >> 32 | seed << 32) ^
                                               (len + 1) * UINT64_C(0x9e3779b97f4a7c15));
    }
    return (uint32_t)(h ^ (h >> 32));
}

static inline const struct weft_dictionary_entry *weft_dictionary_at(
    const struct weft_dictionary *dictionary, uint32_t number)
{
    /* weft_pages_at() with what it would have to look up: this is the innermost load of the
     * program. */
    const struct weft_dictionary_entry *page =
        (const void *)dictionary->entries.pages[number >> WEFT_DICTIONARY_PAGE_SHIFT];
    return &page[number & ((1u << WEFT_DICTIONARY_PAGE_SHIFT) - 1)];
}
static inline struct weft_str weft_dictionary_str(const struct weft_dictionary *dictionary,
                                                  uint32_t number)
{
    const struct weft_dictionary_entry *entry = weft_dictionary_at(dictionary, number);
    return weft_str_make(entry->ptr, entry->len);
}

/* Number of the string among the first `count`, or WEFT_NONE. */
static inline uint32_t weft_dictionary_find(const struct weft_dictionary *dictionary,
                                            uint32_t count, uint32_t hash, const char *ptr,
                                            size_t len)
{
    const struct weft_dictionary_slots *slots =
        atomic_load_explicit(&dictionary->slots, memory_order_acquire);
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

/* A private hash from 32-bit hashes to numbers; the owner compares what the numbers stand for. A
 * zeroed one is valid. */
struct weft_number_index {
    uint64_t *slots; /* hash << 32 | number + 1; 0: free */
    uint32_t mask, count;
};
void weft_number_index_release(struct weft_number_index *index);
void weft_number_index_reset(struct weft_number_index *index);
void weft_number_index_add(struct weft_number_index *index, uint32_t hash, uint32_t number);
void weft_number_index_remove(struct weft_number_index *index, uint32_t hash, uint32_t number);
/* Numbers under `hash`, one a call; start with *at = hash, WEFT_NONE at the end. */
static inline uint32_t weft_number_index_next(const struct weft_number_index *index, uint32_t hash,
                                              uint32_t *at)
{
    if (index->slots == NULL) return WEFT_NONE;
    for (;;) {
        uint64_t slot = index->slots[(*at)++ & index->mask];
        if (slot == 0) return WEFT_NONE;
        if (slot >> 32 == hash) return (uint32_t)slot - 1;
    }
}

#endif
