/* salvage.h -- what can still be read of a damaged file, and what cannot.
 *
 * Errors     damage is no error here: it is what is looked for. WEFT_IO and the like, and what `take` returned
 * Threads    one; nothing is changed
 * Ownership  spans handed to `take` are borrowed for the call
 */
#ifndef WEFT_STORE_SALVAGE_H
#define WEFT_STORE_SALVAGE_H
#include "store/block.h"

struct weft_salvage {
    uint64_t spans_saved;          /* can be read */
    uint64_t spans_lost;           /* as far as is known */
    uint64_t traces_lost;          /* that lost spans belong to; 0: not known */
    uint64_t start_min, start_max; /* of lost spans, or a little more; 0, 0: not known */
    uint32_t places;               /* that could not be read: chunks, row groups */
    bool is_uncounted;             /* of some of them not even the number of spans is known */
    bool is_damaged;
};
/* All NULL-able: to only look, leave out `take`. */
struct weft_salvage_to {
    int (*take)(void *arg, const struct weft_batch *batch, struct weft_err *err);
    void (*report)(void *arg, const char *sentence); /* each place, and what is lost there */
    void *arg;
    bool only_masked; /* of a block: its masked traces and no others */
};

/* Chunk by chunk, also behind damage: a whole chunk is found by its header at a multiple of 4 KiB, under the segment's
 * number. Its rows are good when all they refer to in earlier chunks' tables is known. What stands behind the last whole
 * chunk of a segment without a seal mark was never acknowledged and is no damage. */
int weft_segment_salvage(const char *path, uint64_t number, const struct weft_salvage_to *to,
                         struct weft_salvage *out, struct weft_err *err);

/* Row group by row group; where one cannot be read as a whole, row by row. Masked traces are left out, also of what is
 * lost. */
int weft_block_salvage(struct weft_block *block, const struct weft_block_mask *mask,
                       const struct weft_salvage_to *to, struct weft_salvage *out,
                       struct weft_err *err);

void weft_salvage_range(struct weft_salvage *out, uint64_t start_min, uint64_t start_max);

#endif
