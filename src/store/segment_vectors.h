/* segment_vectors.h -- spans of segments as vectors (model/source.h): of traces that no block has, chunk by chunk brought together.
 *
 * A span that was received twice is in two rows with one id: such traces are set apart, to be joined.
 *
 * Errors     WEFT_TIMEOUT, WEFT_CANCELLED; *has_hole: a segment could not be read, or a page of it was lost
 * Threads    one user
 * Ownership  all is borrowed for the call
 */
#ifndef WEFT_STORE_SEGMENT_VECTORS_H
#define WEFT_STORE_SEGMENT_VECTORS_H
#include "store/store_internal.h"

/* Traces, rising; a bit each: it is set apart. */
struct weft_apart {
    const struct weft_trace_id *ids;
    uint64_t *met;
    uint32_t count;
};
static inline void weft_apart_meet(const struct weft_apart *apart, uint32_t i)
{
    apart->met[i / 64] |= UINT64_C(1) << i % 64;
}
static inline bool weft_apart_is_met(const struct weft_apart *apart, uint32_t i)
{
    return apart->met[i / 64] >> i % 64 & 1;
}

struct weft_segment_vectors {
    struct weft_store *store;
    const struct weft_store_query *query;
    const struct weft_span_scan *scan;
    struct weft_apart *apart; /* has every trace of the segments */
    uint64_t *numbering;
    uint64_t spans, bytes; /* inspected */
    bool has_hole, is_enough;
};
/* The keys that scan->wanted asks for, of one segment. */
int weft_segment_wanted_look(const struct weft_segment_view *view,
                             const struct weft_span_scan *scan, struct weft_err *err);
int weft_segment_vectors_give(struct weft_segment_vectors *vectors, struct weft_err *err);

#endif
