/* codec_dictionary.c -- finding the distinct numbers of a run. */
#include "store/codec_dictionary.h"
#include "base/alloc.h"
#include "base/hash.h"

#define NONE UINT32_MAX

void weft_local_analyser_release(struct weft_local_analyser *a)
{
    weft_free(a->slots);
    weft_free(a->values);
    weft_free(a->numbers);
    weft_free(a->codes);
    *a = (struct weft_local_analyser){ 0 };
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = weft_load_u64(a), y = weft_load_u64(b);
    return x < y ? -1 : x > y;
}

static void reserve(struct weft_local_analyser *a, uint32_t slots, uint32_t values, uint32_t codes)
{
    if (slots > a->slot_capacity) {
        a->slots = weft_realloc_array(a->slots, slots, sizeof *a->slots);
        a->numbers = weft_realloc_array(a->numbers, slots, sizeof *a->numbers);
        a->slot_capacity = slots;
    }
    if (values > a->value_capacity) {
        a->values = weft_realloc_array(a->values, values, sizeof *a->values);
        a->value_capacity = values;
    }
    if (codes > a->code_capacity) {
        a->codes = weft_realloc_array(a->codes, codes, sizeof *a->codes);
        a->code_capacity = codes;
    }
}

static inline uint32_t slot_find(const struct weft_local_analyser *a, uint64_t value, uint32_t mask)
{
    uint32_t at = (uint32_t)(value * UINT64_C(0x9e3779b97f4a7c15) >> 40) & mask;
    while (a->numbers[at] != NONE && a->slots[at] != value) at = (at + 1) & mask;
    return at;
}

/* Distinct values into a->values, or 0 when there are more than `most`. */
static uint32_t distinct(struct weft_local_analyser *a, const uint64_t *v, uint32_t count,
                         uint32_t most, uint32_t mask)
{
    uint32_t found = 0;

    memset(a->numbers, 0xff, ((size_t)mask + 1) * sizeof *a->numbers);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = slot_find(a, v[i], mask);
        if (a->numbers[at] != NONE) continue;
        if (found == most) return 0;
        a->slots[at] = v[i];
        a->numbers[at] = found;
        a->values[found++] = v[i];
    }
    return found;
}

bool weft_local_analyse(struct weft_local_analyser *a, const uint64_t *v, uint32_t count,
                        unsigned packed_bits, unsigned entry_bytes,
                        struct weft_local_dictionary *out)
{
    uint32_t most = count / 8 < WEFT_LOCAL_MAX ? count / 8 : WEFT_LOCAL_MAX, slots = 16;

    if (packed_bits <= 1 || most < 2) return false;
    if (packed_bits < 13 && most > (1u << (packed_bits - 1)))
        most = 1u << (packed_bits - 1); /* else nothing is saved */
    while (slots < most * 2) slots *= 2;
    reserve(a, slots, most, count);
    uint32_t found = distinct(a, v, count, most, slots - 1);
    if (found == 0) return false;
    unsigned bits = weft_bits_width(found - 1);
    if ((uint64_t)found * entry_bytes * 8 + (uint64_t)count * bits + 64 >=
        (uint64_t)count * packed_bits)
        return false;
    qsort(a->values, found, sizeof *a->values, compare_u64);
    for (uint32_t i = 0; i < found; i++) a->numbers[slot_find(a, a->values[i], slots - 1)] = i;
    for (uint32_t i = 0; i < count; i++) a->codes[i] = a->numbers[slot_find(a, v[i], slots - 1)];
    *out = (struct weft_local_dictionary){ a->values, found, bits, a->codes };
    return true;
}
