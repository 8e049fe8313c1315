/* store_traces_internal.h -- a scan over traces: its parts, and what says which traces come next.
 *
 *   store_traces.c         the scan, one trace after the other; every trace, or those of a list
 *   store_traces_parts.c   parts: put on a trace, gone on with, left out when they cannot be read
 *   store_traces_find.c    what a selection has: by id, or the newest in batches
 *   store_traces_report.c  what became of parts and pieces, for those who ask
 */
#ifndef WEFT_STORE_STORE_TRACES_INTERNAL_H
#define WEFT_STORE_STORE_TRACES_INTERNAL_H
#include "base/map.h"
#include "store/block_traces.h"
#include "store/candidates.h"
#include "store/chunk_traces.h"
#include "store/trace_join.h"

/* A chunk of a segment, or a block. */
struct weft_scan_part {
    uint32_t segment, chunk; /* of the query's views; or: */
    struct weft_store_block *block;
    bool is_lost, is_unplaced; /* cannot be read; stands anywhere */
    union {
        struct weft_chunk_traces chunk_traces;
        struct weft_block_traces *rows;
    };
    struct weft_block_candidates *candidates; /* of a block; NULL: not ready */
    bool is_hopeless;                         /* nothing of it is selected */
    uint64_t bytes_counted;                   /* of what was read of a block */
    uint8_t *fates; /* by piece (a row group, or the chunk): enum weft_fate; NULL: nobody asks */
    uint32_t fate_count;
};

struct weft_scan_place {
    uint64_t high, low; /* the id of the part's trace at hand, as numbers */
    uint32_t part;
};
/* Parts by the id they stand on, the smallest first. */
struct weft_scan_heap {
    struct weft_scan_place *items;
    uint32_t count;
};

/* What comes next of the selected traces of one part, by id. */
struct weft_scan_stream {
    uint32_t piece;        /* next one to be read: a row group, or the chunk */
    struct weft_buf found; /* of the piece read last */
    uint32_t at;
};

struct weft_scan {
    struct weft_store *store;
    const struct weft_store_query *query;
    const struct weft_trace_scan *asked;
    struct weft_trace_scan_result *result;
    struct weft_scan_part *parts;
    uint32_t part_count;
    struct weft_scan_heap heap;    /* every trace: of parts that have some left */
    struct weft_arena trace_arena; /* of the trace at hand */
    struct weft_batch found;       /* its spans, part after part, then joined */
    uint64_t lost_pages;
    struct weft_trace_id visited; /* the last one */
    bool has_visited;
    struct weft_err err;

    /* Of a selection. */
    struct weft_segment_select **segment_selects; /* by segment; NULL: hopeless */
    struct weft_split_list split;
    struct weft_arena arena, scratch;      /* of the scan; of a piece */
    struct weft_scan_stream *streams;      /* by part */
    struct weft_buf batch;                 /* newest first: struct weft_candidate, by id */
    uint64_t seeks;                        /* traces for which every block was asked */
    struct weft_store_split *blocks_split; /* NULL: not worth it yet */
    struct weft_store_split blocks_split_room;
    bool must_go_on; /* limits of reading do not count until there is something to go on from */
    struct weft_map several; /* visited traces that were found in more than one piece */
};

/* ---- store_traces_parts.c ---- */

int weft_scan_parts_open(struct weft_scan *scan);
void weft_scan_parts_release(struct weft_scan *scan);
const struct weft_trace_id *weft_scan_part_id(const struct weft_scan_part *part);
bool weft_scan_part_is_at_end(const struct weft_scan_part *part);
int weft_scan_part_seek(struct weft_scan *scan, struct weft_scan_part *part,
                        const struct weft_trace_id *id);
int weft_scan_part_next(struct weft_scan *scan, struct weft_scan_part *part);
/* Counts what was read of it since it was counted last. */
void weft_scan_part_count(struct weft_scan *scan, struct weft_scan_part *part);
/* Appends the spans of the trace at hand to scan->found. */
int weft_scan_part_spans(struct weft_scan *scan, struct weft_scan_part *part);
/* An answer from here on has a hole. */
void weft_scan_hole(struct weft_scan *scan);
/* Pages were lost since it was asked last. Nothing read since is to be believed. */
bool weft_scan_pages_were_lost(struct weft_scan *scan);
/* Files that lost a page are left out from now on; the others are unplaced. */
void weft_scan_parts_recover(struct weft_scan *scan);
/* Time is up, enough was read, or nobody waits any more: result->partial_reason says so. */
bool weft_scan_is_over(struct weft_scan *scan);

void weft_scan_heap_make(struct weft_scan_heap *heap);
void weft_scan_heap_sink(struct weft_scan_heap *heap);
struct weft_scan_place weft_scan_place_of(const struct weft_trace_id *id, uint32_t part);

/* ---- store_traces.c ---- */

/* Every trace is gone through, in or out of the range. */
bool weft_scan_is_merge(const struct weft_store_query *query, const struct weft_trace_scan *asked);

/* ---- store_traces_report.c: nothing happens when nobody asks ---- */

void weft_scan_fates_start(struct weft_scan *scan);
static inline void weft_scan_fate(struct weft_scan_part *part, uint32_t piece, enum weft_fate fate)
{
    if (part->fates != NULL && part->fates[piece] != WEFT_FATE_READ) part->fates[piece] = fate;
}
/* Of every part, before they are released. `is_merge`: every trace was gone through, without a look at pieces. */
void weft_scan_fates_count(struct weft_scan *scan, bool is_merge);

/* ---- store_traces_find.c ---- */

uint32_t weft_scan_piece_count(const struct weft_scan_part *part);

void weft_scan_find_start(struct weft_scan *scan);
void weft_scan_find_release(struct weft_scan *scan);
/* Selected traces by id, each once: true while there is one; *part has it. */
int weft_scan_selected_start(struct weft_scan *scan);
bool weft_scan_selected_next(struct weft_scan *scan, struct weft_trace_id *id, uint32_t *part,
                             int *rc);
/* The newest `count` that come after `after` (NULL: all) into scan->batch, by id. *is_last: there are no others. *oldest: behind which
 * the next batch begins. Where a limit of reading ends it, *is_cut: the batch has those that start later than oldest->start_ns. */
int weft_scan_newest_find(struct weft_scan *scan, uint32_t count,
                          const struct weft_candidate *after, struct weft_candidate *oldest,
                          bool *is_last, bool *is_cut);

#endif
