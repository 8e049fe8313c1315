/* block_traces.h -- the traces of one block, in the order of their ids, each row group opened once.
 *
 * Shape      a cursor: seek() (to a zero id: the first one) and next() put it on a trace, or at_end. A
 *            trace of several row groups comes once for each
 * Errors     WEFT_CORRUPT and so on, as in block.h. After one from seek() or next(), next() goes on
 *            behind the row group that could not be read; after one from spans(), behind the trace
 * Threads    one user
 * Ownership  block and mask outlive the cursor and what it gave. Memory: about a megabyte while a row
 *            group is read from
 */
#ifndef WEFT_STORE_BLOCK_TRACES_H
#define WEFT_STORE_BLOCK_TRACES_H
#include "store/block_internal.h"

struct weft_block_traces {
    struct weft_block *block;
    const struct weft_block_mask *mask;
    struct weft_trace_id id; /* of the trace at hand */
    bool is_at_end;
    uint32_t number, trace; /* row group, and trace in it */
    bool is_open;           /* rows is of row group `number` */
    uint32_t read;          /* traces of it that were asked for */
    struct weft_rows rows;
    struct weft_arena scratch;   /* of the open row group */
    struct weft_arena temporary; /* of one trace */
    struct weft_block_reader reader;
    uint64_t bytes_touched; /* of row groups left */
};
void weft_block_traces_init(struct weft_block_traces *traces, struct weft_block *block,
                            const struct weft_block_mask *mask);
void weft_block_traces_release(struct weft_block_traces *traces);
/* Read so far. */
uint64_t weft_block_traces_bytes(const struct weft_block_traces *traces);
/* To the first trace whose id is not before `id`, in whichever direction it lies. */
int weft_block_traces_seek(struct weft_block_traces *traces, const struct weft_trace_id *id,
                           struct weft_err *err);
int weft_block_traces_next(struct weft_block_traces *traces, struct weft_err *err);
/* Append the spans of the trace at hand, as weft_block_trace() does. Nothing is appended on an error. */
int weft_block_traces_spans(struct weft_block_traces *traces, struct weft_batch *out,
                            struct weft_err *err);

#endif
