/* map.h -- byte strings to 64-bit numbers; the general-purpose table (hot paths have their own).
 *
 * Shape      open addressing, seeded xxh3; keys are copied into the map
 * Threads    one owner
 * Ownership  the map owns copies of its keys
 */
#ifndef WEFT_BASE_MAP_H
#define WEFT_BASE_MAP_H
#include "base/arena.h"

struct weft_map_slot {
    struct weft_str key;
    uint64_t hash;
    uint64_t value;
    bool is_used;
};
struct weft_map {
    struct weft_map_slot *slots;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
    struct weft_arena keys;
};

/* A zeroed struct is a valid empty map. */
void weft_map_release(struct weft_map *map);
void weft_map_reset(struct weft_map *map);
/* The value's place, or NULL. Valid until the next put. */
uint64_t *weft_map_get(const struct weft_map *map, struct weft_str key);
/* The value's place, made with `value` when new; *is_new (unless NULL) says so. */
uint64_t *weft_map_put(struct weft_map *map, struct weft_str key, uint64_t value, bool *is_new);
/* Walk in no particular order: start with *at = 0; NULL at the end. */
const struct weft_map_slot *weft_map_next(const struct weft_map *map, size_t *at);

#endif
