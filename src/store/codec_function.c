/* codec_function.c -- maps between columns: matching, encoding, opening. */
#include "store/codec_function.h"
#include "base/alloc.h"

enum { ENTRY = 24, SLOTS_MIN = 256, KNOWN_ONE_IN = 4 };

void weft_function_set_reset(struct weft_function_set *set)
{
    set->draft_count = set->pairs = 0;
}

void weft_function_set_release(struct weft_function_set *set)
{
    for (uint32_t i = 0; i < WEFT_FUNCTION_MAPS_MAX; i++) weft_free(set->drafts[i].slots);
    memset(set, 0, sizeof *set);
}

static struct weft_function_pair *slot_of(const struct weft_function_draft *d, uint32_t source)
{
    uint32_t mask = d->slot_count - 1, at = source * 0x9e3779b1u >> 8 & mask;
    while (d->slots[at].source != UINT32_MAX && d->slots[at].source != source) at = (at + 1) & mask;
    return &d->slots[at];
}

static void slots_clear(struct weft_function_draft *d, uint32_t slots)
{
    d->slots = weft_realloc_array(d->slots, slots, sizeof *d->slots);
    memset(d->slots, 0xff, slots * sizeof *d->slots);
    d->slot_count = slots;
}

static void grow(struct weft_function_draft *d)
{
    struct weft_function_pair *old = d->slots;
    uint32_t old_count = d->slot_count;

    d->slots = NULL;
    slots_clear(d, old_count * 2);
    for (uint32_t i = 0; i < old_count; i++)
        if (old[i].source != UINT32_MAX) *slot_of(d, old[i].source) = old[i];
    weft_free(old);
}

/* How many of the pairs it knows; WEFT_FUNCTION_NONE when it says otherwise of one. */
static uint32_t known(const struct weft_function_draft *d, const struct weft_function_pair *pairs,
                      uint32_t count)
{
    uint32_t same = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct weft_function_pair *slot = slot_of(d, pairs[i].source);
        if (slot->source == UINT32_MAX) continue;
        if (slot->target != pairs[i].target) return WEFT_FUNCTION_NONE;
        same++;
    }
    return same;
}

static void extend(struct weft_function_set *set, struct weft_function_draft *d,
                   const struct weft_function_pair *pairs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t s = pairs[i].source, t = pairs[i].target;
        struct weft_function_pair *slot = slot_of(d, s);
        if (slot->source != UINT32_MAX) continue;
        *slot = pairs[i];
        d->low = s < d->low ? s : d->low;
        d->high = s > d->high ? s : d->high;
        d->target_low = t < d->target_low ? t : d->target_low;
        d->target_high = t > d->target_high ? t : d->target_high;
        set->pairs++;
        if (++d->count * 2 > d->slot_count) grow(d);
    }
}

uint32_t weft_function_set_match(struct weft_function_set *set,
                                 const struct weft_function_pair *pairs, uint32_t count,
                                 uint64_t saved_bits, bool may_begin)
{
    for (uint32_t i = 0; i < set->draft_count; i++) {
        struct weft_function_draft *d = &set->drafts[i];
        uint32_t same = known(d, pairs, count);
        /* Columns that share few values agree by chance. */
        if (same == WEFT_FUNCTION_NONE || same < count / KNOWN_ONE_IN) continue;
        if (set->pairs + (count - same) > WEFT_FUNCTION_PAIRS_MAX) continue;
        extend(set, d, pairs, count);
        d->saved_bits += saved_bits;
        return i;
    }
    if (!may_begin || set->draft_count == WEFT_FUNCTION_MAPS_MAX ||
        set->pairs + count > WEFT_FUNCTION_PAIRS_MAX)
        return WEFT_FUNCTION_NONE;
    struct weft_function_draft *d = &set->drafts[set->draft_count];
    *d = (struct weft_function_draft){
        .slots = d->slots, .low = UINT32_MAX, .target_low = UINT32_MAX, .saved_bits = saved_bits
    };
    slots_clear(d, SLOTS_MIN);
    extend(set, d, pairs, count);
    return set->draft_count++;
}

static unsigned bits_of(const struct weft_function_draft *d)
{
    return weft_bits_width((uint64_t)d->target_high - d->target_low + 1); /* 0 says: not known */
}

static uint64_t cost_bits(const struct weft_function_draft *d)
{
    return ((uint64_t)d->high - d->low + 1) * bits_of(d) + 8 * ENTRY;
}

static void encode(const struct weft_function_draft *d, struct weft_buf *out)
{
    uint32_t count = d->high - d->low + 1, *v = weft_alloc_array(count, sizeof *v);

    for (uint32_t i = 0; i < d->slot_count; i++)
        if (d->slots[i].source != UINT32_MAX)
            v[d->slots[i].source - d->low] = d->slots[i].target - d->target_low + 1;
    weft_bits_pack_u32(out, v, count, 0, bits_of(d));
    weft_buf_pad8(out);
    weft_free(v);
}

void weft_function_set_finish(struct weft_function_set *set, struct weft_buf *out)
{
    size_t start = out->len;
    uint32_t count = 0;

    for (uint32_t i = 0; i < set->draft_count; i++) {
        struct weft_function_draft *d = &set->drafts[i];
        d->number = d->saved_bits > cost_bits(d) ? count++ : WEFT_FUNCTION_NONE;
    }
    if (count == 0) return;
    weft_buf_append_zero(out, 8 + (size_t)count * ENTRY);
    weft_store_u32(out->data + start, count);
    for (uint32_t i = 0; i < set->draft_count; i++) {
        const struct weft_function_draft *d = &set->drafts[i];
        if (d->number == WEFT_FUNCTION_NONE) continue;
        size_t offset = out->len - start;
        encode(d, out);
        char *e = out->data + start + 8 + (size_t)d->number * ENTRY;
        weft_store_u32(e, (uint32_t)offset);
        weft_store_u32(e + 4, d->low);
        weft_store_u32(e + 8, d->high - d->low + 1);
        weft_store_u32(e + 12, d->target_low);
        weft_store_u32(e + 16, bits_of(d));
    }
}

bool weft_function_open(struct weft_function *out, const uint8_t *section, size_t len,
                        uint32_t number)
{
    if (len < 8 || number >= weft_load_u32(section) || (len - 8) / ENTRY <= number) return false;
    const uint8_t *e = section + 8 + (size_t)number * ENTRY;
    uint32_t offset = weft_load_u32(e), bits = weft_load_u32(e + 16);
    *out = (struct weft_function){ .packed = section + offset,
                                   .low = weft_load_u32(e + 4),
                                   .count = weft_load_u32(e + 8),
                                   .base = weft_load_u32(e + 12),
                                   .bits = bits };
    return bits >= 1 && bits <= 32 && offset <= len &&
           weft_bits_bytes(out->count, bits) <= len - offset;
}
