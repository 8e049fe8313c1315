/* map.c -- linear probing at a load of at most 3/4. */
#include "base/map.h"

#include "base/alloc.h"
#include "base/hash.h"

enum { MAP_CAPACITY_MIN = 16 };

void weft_map_release(struct weft_map *map)
{
    weft_free(map->slots);
    weft_arena_release(&map->keys);
    *map = (struct weft_map){ 0 };
}

void weft_map_reset(struct weft_map *map)
{
    if (map->capacity != 0) memset(map->slots, 0, map->capacity * sizeof *map->slots);
    map->count = 0;
    weft_arena_reset(&map->keys);
}

/* The slot that holds `key`, or the free one where it belongs. There is always a free one. */
static struct weft_map_slot *slot_find(const struct weft_map *map, struct weft_str key,
                                       uint64_t hash)
{
    size_t mask = map->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct weft_map_slot *slot = &map->slots[i];
        if (!slot->is_used || (slot->hash == hash && weft_str_equal(slot->key, key))) return slot;
    }
}

static void grow(struct weft_map *map)
{
    struct weft_map_slot *old = map->slots;
    size_t old_capacity = map->capacity;
    map->capacity = old_capacity != 0 ? old_capacity * 2 : MAP_CAPACITY_MIN;
    map->slots = weft_alloc_array(map->capacity, sizeof *map->slots);
    size_t mask = map->capacity - 1;
    for (size_t i = 0; i < old_capacity; i++) {
        if (!old[i].is_used) continue;
        size_t at = old[i].hash & mask;
        while (map->slots[at].is_used) at = (at + 1) & mask;
        map->slots[at] = old[i];
    }
    weft_free(old);
}

static uint64_t key_hash(struct weft_str key)
{
    return weft_hash_seeded(key.len != 0 ? key.ptr : "", key.len, weft_hash_process_seed());
}

uint64_t *weft_map_get(const struct weft_map *map, struct weft_str key)
{
    if (map->count == 0) return NULL;
    struct weft_map_slot *slot = slot_find(map, key, key_hash(key));
    return slot->is_used ? &slot->value : NULL;
}

uint64_t *weft_map_put(struct weft_map *map, struct weft_str key, uint64_t value, bool *is_new)
{
    if (map->count >= map->capacity / 4 * 3) grow(map);
    uint64_t hash = key_hash(key);
    struct weft_map_slot *slot = slot_find(map, key, hash);
    if (is_new != NULL) *is_new = !slot->is_used;
    if (!slot->is_used) {
        *slot = (struct weft_map_slot){ weft_arena_copy(&map->keys, key), hash, value, true };
        map->count++;
    }
    return &slot->value;
}

const struct weft_map_slot *weft_map_next(const struct weft_map *map, size_t *at)
{
    while (*at < map->capacity) {
        const struct weft_map_slot *slot = &map->slots[(*at)++];
        if (slot->is_used) return slot;
    }
    return NULL;
}
