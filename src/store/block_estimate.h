/* block_estimate.h -- how many bytes of a row group a question takes, from its directory.
 *
 * Errors     as in block.h
 * Threads    one user
 */
#ifndef WEFT_STORE_BLOCK_ESTIMATE_H
#define WEFT_STORE_BLOCK_ESTIMATE_H
#include "model/source.h"
#include "store/block_internal.h"

struct weft_estimate {
    uint64_t find_least,
        find_most;      /* to find out which rows: when nothing is found; when much is */
    uint64_t columns;   /* to read what is wanted of them, besides */
    uint64_t directory; /* to see that there is nothing */
};
struct weft_estimate_ask {
    const struct weft_selection *selection; /* NULL: all rows */
    bool
        of_traces; /* traces are looked for: their ids and starts are read in any case; no columns are wanted */
    const struct weft_span_column *columns;
    uint32_t column_count;
};
/* The row group is open; its groups are loaded here. */
int weft_block_estimate(struct weft_rows *rows, const struct weft_estimate_ask *ask,
                        struct weft_estimate *out, struct weft_err *err);

#endif
