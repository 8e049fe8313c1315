/* newest_traces.h -- of a stream of traces the newest, as many as were asked for.
 *
 * Ownership  the heap is its own until release(); the answer lives in the arena
 */
#ifndef WEFT_QUERY_NEWEST_TRACES_H
#define WEFT_QUERY_NEWEST_TRACES_H
#include "model/span.h"

struct weft_newest_trace {
    struct weft_trace_id trace_id;
    uint64_t start_ns; /* by which they are ordered */
};
struct weft_newest { /* zeroed but for the limit, it is empty */
    struct weft_newest_trace *heap;
    uint32_t count, capacity, limit;
};
void weft_newest_offer(struct weft_newest *newest, const struct weft_newest_trace *trace);
/* The `count` that are there, the newest first, then by id. */
struct weft_newest_trace *weft_newest_finish(const struct weft_newest *newest,
                                             struct weft_arena *arena);
void weft_newest_release(struct weft_newest *newest);

#endif
