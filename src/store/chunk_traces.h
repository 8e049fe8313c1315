/* chunk_traces.h -- the traces of one committed chunk, in the order of their ids.
 *
 * Shape      a cursor: after init() or seek() it stands on a trace (or is_at_end), next() goes on
 * Threads    one user
 * Ownership  init() before anything else, release() at the end; the view outlives the cursor and what
 *            it gave
 */
#ifndef WEFT_STORE_CHUNK_TRACES_H
#define WEFT_STORE_CHUNK_TRACES_H
#include "store/segment.h"

struct weft_chunk_traces {
    const struct weft_segment_view *view;
    const struct weft_chunk_view *chunk;
    struct weft_trace_id id; /* of the trace at hand */
    bool is_at_end;
    uint32_t from, end; /* the trace's entries in the chunk's index, or in `sorted` */
    /* Entries of the index with equal first 40 bits, from .. to; `sorted`: their rows by the whole id,
     * NULL while all are of one trace. */
    uint32_t run_from, run_end;
    uint32_t *sorted;
};
void weft_chunk_traces_init(struct weft_chunk_traces *traces, const struct weft_segment_view *view,
                            uint32_t chunk);
void weft_chunk_traces_release(struct weft_chunk_traces *traces);
void weft_chunk_traces_next(struct weft_chunk_traces *traces);
/* To the first trace whose id is not before `id`, in whichever direction it lies. */
void weft_chunk_traces_seek(struct weft_chunk_traces *traces, const struct weft_trace_id *id);
/* Append the spans of the trace at hand, in the order they came; strings point into the view. */
void weft_chunk_traces_spans(const struct weft_chunk_traces *traces, struct weft_batch *out);
/* The row at from .. end - 1. */
uint32_t weft_chunk_traces_row(const struct weft_chunk_traces *traces, uint32_t entry);
uint32_t weft_chunk_traces_span_count(const struct weft_chunk_traces *traces);

#endif
