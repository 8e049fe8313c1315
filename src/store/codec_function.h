/* codec_function.h -- columns whose values follow from another column of their rows: a map from the
 * one's numbers to the other's, shared by all groups of a row group.
 *
 * Shape      docs/format/block.md, "Maps": per map a dense array over the source's numbers
 * Way        weft_function_set_match() for every candidate (the pairs of one group), then
 *            weft_function_set_finish(): maps that cost more than they save are given up; then encode
 * Errors     opening answers false when the bytes cannot be such a map
 * Memory     the set under construction holds at most WEFT_FUNCTION_PAIRS_MAX pairs
 */
#ifndef WEFT_STORE_CODEC_FUNCTION_H
#define WEFT_STORE_CODEC_FUNCTION_H
#include "store/codec_bits.h"
#include <stdbool.h>

#define WEFT_FUNCTION_MAPS_MAX 64u
#define WEFT_FUNCTION_PAIRS_MAX 65536u /* of all maps of a row group */
#define WEFT_FUNCTION_NONE UINT32_MAX

struct weft_function_pair {
    uint32_t source, target;
};
struct weft_function_draft {
    struct weft_function_pair *slots; /* open addressing; source UINT32_MAX: free */
    uint32_t slot_count, count;
    uint32_t low, high; /* sources */
    uint32_t target_low, target_high;
    uint64_t saved_bits;
    uint32_t number; /* after finish: of the map, or WEFT_FUNCTION_NONE */
};
/* Zeroed is valid; its memory is used again for the next row group. */
struct weft_function_set {
    struct weft_function_draft drafts[WEFT_FUNCTION_MAPS_MAX];
    uint32_t draft_count, pairs;
};
void weft_function_set_reset(struct weft_function_set *set);
void weft_function_set_release(struct weft_function_set *set);
/* The draft that says the same as these pairs (each source once), extended by what it did not know;
 * a new one when there is none and `may_begin`; or WEFT_FUNCTION_NONE. `saved_bits`: what the column
 * would take without. */
uint32_t weft_function_set_match(struct weft_function_set *set,
                                 const struct weft_function_pair *pairs, uint32_t count,
                                 uint64_t saved_bits, bool may_begin);
/* Numbers the drafts that pay and appends them. */
void weft_function_set_finish(struct weft_function_set *set, struct weft_buf *out);

struct weft_function {
    const uint8_t *packed;
    uint32_t low, count; /* sources low .. low + count - 1 */
    uint32_t base;       /* of the targets */
    unsigned bits;
};
bool weft_function_open(struct weft_function *out, const uint8_t *section, size_t len,
                        uint32_t number);
/* False when the map says nothing about `source`. */
static inline bool weft_function_get(const struct weft_function *f, uint32_t source,
                                     uint32_t *target)
{
    if (source - f->low >= f->count) return false;
    uint32_t packed = (uint32_t)weft_bits_get(f->packed, source - f->low, f->bits);
    *target = f->base + packed - 1;
    return packed != 0;
}

#endif
