/* merge_keys.c -- numbers of keys that rows spell out: one look-up a key, also over row groups, since foreign programs that
 * spell keys out tend to have the same hundred thousand in each.
 *
 * A slot is one cache line with the name in it, and is asked for some rows ahead (weft_merge_keys_prefetch): a hundred
 * thousand names do not stay in any near cache, and one waiting time a key would be most of such a merge.
 */
#include "base/alloc.h"
#include "base/hash.h"
#include "store/merge_internal.h"

/* Of a row group: not among the keys of any yet; a key of the block. */
#define NO_ROW_GROUP 0
#define OF_THE_BLOCK UINT32_MAX
/* Remembered from one row group to the next. */
enum { KEYS_MAX = 1 << 17, KEY_BYTES_MAX = 8 << 20, NAME_INSIDE = 40 };

struct merge_spelt_key {
    uint64_t hash; /* 0: empty */
    uint32_t len;
    uint32_t row_group; /* the last one whose keys it is among */
    uint32_t number;    /* there; a key of the block: its number */
    uint32_t zero;
    union {
        char inside[NAME_INSIDE];
        const char *outside; /* longer names */
    } name;
};
_Static_assert(sizeof(struct merge_spelt_key) == 64, "a slot is a cache line");

static uint64_t hash_of(struct weft_str name)
{
    return weft_hash_seeded(name.ptr, name.len, weft_hash_process_seed()) | 1;
}

static const char *name_of(const struct merge_spelt_key *k)
{
    return k->len <= NAME_INSIDE ? k->name.inside : k->name.outside;
}

/* The name's slot, or the empty one where it belongs. */
static struct merge_spelt_key *slot_find(const struct merge_keys *keys, struct weft_str name,
                                         uint64_t hash)
{
    for (uint64_t at = hash >> 1;; at++) {
        struct merge_spelt_key *k = &keys->slots[at & (keys->capacity - 1)];
        if (k->hash == 0 ||
            (k->hash == hash && k->len == name.len && memcmp(name_of(k), name.ptr, name.len) == 0))
            return k;
    }
}

static struct merge_spelt_key *slots_make(struct merge_keys *keys, uint32_t capacity)
{
    /* Slots begin with cache lines. */
    keys->memory = weft_alloc_zero((size_t)capacity * sizeof *keys->slots + 64);
    keys->capacity = capacity;
    return (void *)(((uintptr_t)keys->memory + 63) & ~(uintptr_t)63);
}

static void slots_grow(struct merge_keys *keys)
{
    struct merge_keys old = *keys;

    keys->slots = slots_make(keys, old.capacity == 0 ? 256 : old.capacity * 2);
    for (uint32_t i = 0; i < old.capacity; i++) {
        const struct merge_spelt_key *k = &old.slots[i];
        if (k->hash != 0) *slot_find(keys, weft_str_make(name_of(k), k->len), k->hash) = *k;
    }
    weft_free(old.memory);
}

static struct merge_spelt_key *key_find(struct merge *m, struct weft_str name)
{
    struct merge_keys *keys = &m->spelt_keys;
    uint64_t hash = hash_of(name);

    if (keys->count >= keys->capacity / 8 * 7) slots_grow(keys);
    struct merge_spelt_key *k = slot_find(keys, name, hash);
    if (k->hash != 0) return k;
    const uint64_t *known = weft_map_get(&m->key_numbers, name);
    k->hash = hash;
    k->len = (uint32_t)name.len;
    k->row_group = known != NULL ? OF_THE_BLOCK : NO_ROW_GROUP;
    k->number = known != NULL ? (uint32_t)*known : 0;
    if (name.len > NAME_INSIDE)
        k->name.outside = weft_arena_copy(&keys->names, name).ptr;
    else if (name.len > 0)
        memcpy(k->name.inside, name.ptr, name.len);
    keys->count++;
    return k;
}

uint32_t weft_merge_spelt_key(struct merge *m, struct weft_str name)
{
    struct merge_spelt_key *k = key_find(m, name);

    if (k->row_group == OF_THE_BLOCK) return k->number;
    if (k->row_group != m->row_group_number) {
        k->row_group = m->row_group_number;
        k->number = m->local_key_count++;
        weft_buf_append_str(&m->local_key_bytes, name);
        uint32_t end = (uint32_t)m->local_key_bytes.len;
        weft_buf_append(&m->local_key_ends, &end, 4);
    }
    return m->key_count + k->number;
}

void weft_merge_keys_prefetch(const struct merge *m, const struct merge_row *row, bool is_near)
{
    const struct merge_keys *keys = &m->spelt_keys;
    const uint32_t *at = row->words + ((row->flags & WEFT_ROW_NAME_INLINE) != 0);

    if (!(row->shape & WEFT_SHAPE_INLINE)) return;
    for (uint32_t left = row->shape & ~WEFT_SHAPE_INLINE; left > 0; left--) {
        uint32_t word = *at++, type = word & 7;
        if (word & WEFT_WORD_HEAP) {
            type = *at++ & 7;
            if (is_near)
                __builtin_prefetch(&keys->slots[hash_of(weft_merge_heap(row->chunk, word)) >> 1 &
                                                (keys->capacity - 1)]);
            else
                __builtin_prefetch(row->chunk->view.heap + (word & ~WEFT_WORD_HEAP));
        }
        at += weft_merge_type_words[type];
    }
}

void weft_merge_keys_forget(struct merge *m)
{
    struct merge_keys *keys = &m->spelt_keys;

    if (keys->count > KEYS_MAX || keys->names.total_bytes > KEY_BYTES_MAX)
        weft_merge_keys_release(keys);
}

void weft_merge_keys_release(struct merge_keys *keys)
{
    weft_free(keys->memory);
    weft_arena_release(&keys->names);
    *keys = (struct merge_keys){ 0 };
}
