/* codec_dictionary.h -- a run's own sorted list of the numbers in it, and a code into that list per
 * value.
 *
 * Analysis gives up as soon as the list would be longer than WEFT_LOCAL_MAX, an eighth of the
 * values, or not smaller than packing the numbers themselves.
 */
#ifndef WEFT_STORE_CODEC_DICTIONARY_H
#define WEFT_STORE_CODEC_DICTIONARY_H
#include "store/codec_bits.h"

#define WEFT_LOCAL_MAX 4096u

struct weft_local_dictionary {
    uint64_t *values; /* sorted; memory of the analyser */
    uint32_t count;
    unsigned bits;   /* of a code */
    uint32_t *codes; /* one a value */
};
/* Zeroed is valid; its memory is used again for every run. */
struct weft_local_analyser {
    uint64_t *slots, *values;
    uint32_t *numbers, *codes;
    uint32_t slot_capacity, value_capacity, code_capacity;
};
void weft_local_analyser_release(struct weft_local_analyser *a);
/* `packed_bits`: what each value takes without a dictionary; `entry_bytes`: 4 or 8 per entry of the
 * list. */
bool weft_local_analyse(struct weft_local_analyser *a, const uint64_t *v, uint32_t count,
                        unsigned packed_bits, unsigned entry_bytes,
                        struct weft_local_dictionary *out);

#endif
