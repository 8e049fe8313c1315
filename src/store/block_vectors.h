/* block_vectors.h -- the spans of a block that a selection has, as vectors of codes (model/source.h).
 *
 * Errors     WEFT_CORRUPT and so on as in block.h, WEFT_TIMEOUT, WEFT_CANCELLED; after one of a row group next() goes on behind it
 * Threads    one user
 * Ownership  block, mask and scan outlive it. Memory: some megabytes, and what values take
 */
#ifndef WEFT_STORE_BLOCK_VECTORS_H
#define WEFT_STORE_BLOCK_VECTORS_H
#include "store/block_codes.h"
#include "store/block_select.h"
#include "store/block_wanted.h"
#include "store/segment_vectors.h"

/* Where a vector comes from; more stands behind it. */
struct weft_vector_place {
    void (*identify)(const struct weft_span_vector *vector, uint32_t index,
                     struct weft_span_identity *out);
};
/* Only the newest, or the longest, are wanted: a span may be given several times. */
static inline bool weft_vectors_are_ranked(const struct weft_span_scan *scan)
{
    return scan->start_min != NULL || scan->duration_min != NULL;
}
/* What starts earlier, or is shorter, need not be given: asked anew whenever that may save work. */
static inline uint64_t weft_vectors_from(const struct weft_span_scan *scan)
{
    return scan->start_min != NULL && *scan->start_min > scan->from_ns ? *scan->start_min
                                                                       : scan->from_ns;
}
static inline uint64_t weft_vectors_duration_min(const struct weft_span_scan *scan)
{
    return scan->duration_min != NULL ? *scan->duration_min : 0;
}
/* WEFT_TIMEOUT or WEFT_CANCELLED, when the scan is to end. */
int weft_vectors_check_time(const struct weft_span_scan *scan, struct weft_err *err);

struct weft_block_vectors {
    struct weft_block *block;
    const struct weft_block_mask *mask;
    const struct weft_span_scan *scan;
    /* Traces that are left out. Those of which a row may be selected are met. */
    const struct weft_apart *apart;
    uint64_t *numbering; /* the last that was given; shared by all blocks of a scan */

    struct weft_select *select;
    struct weft_block_reader reader;
    struct weft_arena arena, scratch, temporary; /* of all; of a row group; of a group */
    struct weft_codes *codes;                    /* by column of the scan */
    uint32_t *ranked;    /* row groups in the order they come; NULL: as they are */
    uint32_t next;       /* row group that comes next */
    enum weft_fate fate; /* the best that became of a row group */
    uint64_t lost_pages; /* when the row group was begun */
    struct weft_vector_room *room;
    struct weft_block_wanted wanted; /* when the scan asks for keys */
    uint64_t spans, bytes;           /* inspected */
};
/* On an error nothing is left to release. */
int weft_block_vectors_init(struct weft_block_vectors *vectors, struct weft_err *err);
void weft_block_vectors_release(struct weft_block_vectors *vectors);
/* The vectors of the next row group. 1: there may be more; 0: that was all, or the asker has enough (*is_enough). */
int weft_block_vectors_next(struct weft_block_vectors *vectors, bool *is_enough,
                            struct weft_err *err);
#endif
