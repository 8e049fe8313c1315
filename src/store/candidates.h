/* candidates.h -- traces that a selection has by what one piece of the store (a row group of a block, a chunk of a segment) has of
 * them. More than the selection has may be among them: whoever asks for whole traces judges.
 *
 * Start      of a trace in the piece: its true start is that or earlier
 * Range      a piece of a trace that lies out of the range does not say that the trace does, when other parts have more of it
 * Threads    one user
 */
#ifndef WEFT_STORE_CANDIDATES_H
#define WEFT_STORE_CANDIDATES_H
#include "store/block_select.h"
#include "store/segment_select.h"
#include "store/store_split.h"

struct weft_candidate {
    struct weft_trace_id id;
    uint64_t start_ns;
    uint32_t part; /* of the caller's */
};
/* Newest first: start descending, then id. <0: a comes before b. */
static inline int weft_candidate_compare(const struct weft_candidate *a,
                                         const struct weft_candidate *b)
{
    if (a->start_ns != b->start_ns) return a->start_ns > b->start_ns ? -1 : 1;
    return memcmp(&a->id, &b->id, sizeof a->id);
}
struct weft_candidate_bounds {
    uint64_t from_ns, to_ns;            /* as in weft_trace_scan */
    uint64_t start_min;                 /* those that start earlier are left out */
    const struct weft_candidate *after; /* only those that come after this one; NULL: all */
};

/* The traces of a query that lie in several parts, listed when first asked for. */
struct weft_split_list {
    const struct weft_store_query *query;
    bool is_made, is_all; /* is_all: too many to be listed */
    struct weft_buf ids;  /* struct weft_trace_id, rising */
};
void weft_split_list_make(struct weft_split_list *list);

/* ---- of a block ---- */

struct weft_block_candidates {
    struct weft_block *block; /* NULL: not ready */
    const struct weft_block_mask *mask;
    struct weft_split_list *split;
    struct weft_select *select; /* NULL: every trace */
    bool is_spanwise;
    struct weft_scan_report *report; /* NULL: nobody asks */
    enum weft_fate fate;             /* of the row group that was asked last */
    struct weft_block_reader reader;
    struct weft_arena arena;
    uint64_t bytes_touched;
};
int weft_block_candidates_init(struct weft_block_candidates *c, struct weft_block *block,
                               const struct weft_block_mask *mask,
                               const struct weft_selection *selection,
                               struct weft_split_list *split, struct weft_scan_report *report,
                               struct weft_err *err);
void weft_block_candidates_release(struct weft_block_candidates *c);
bool weft_block_candidates_is_hopeless(const struct weft_block_candidates *c);
/* Appends (struct weft_candidate) by id, rising. `scratch` is reset. `in_doubt`: the selection cannot be read here, all traces are taken. */
int weft_block_candidates_find(struct weft_block_candidates *c, uint32_t row_group,
                               const struct weft_candidate_bounds *bounds, bool in_doubt,
                               struct weft_buf *out, struct weft_arena *scratch,
                               struct weft_err *err);

/* ---- of a chunk ---- */

enum weft_fate weft_chunk_candidates_find(struct weft_segment_select *select,
                                          const struct weft_segment_view *view, uint32_t chunk,
                                          const struct weft_candidate_bounds *bounds,
                                          struct weft_scan_report *report, struct weft_buf *out);

#endif
