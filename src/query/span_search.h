/* span_search.h -- the first spans of a selection, by start or duration, from the columns of a source.
 *
 * Shape      a selection, a time range, an order, a limit, a cursor
 * Units      times in Unix nanoseconds
 * Errors     those of the source; what a limit cuts is no error: partial_reason says it
 * Threads    one query thread
 * Ownership  the answer lives in the arena
 *
 * A span is in the time range when from_ns <= start_time_unix_nano < to_ns (to_ns 0: no end).
 */
#ifndef WEFT_QUERY_SPAN_SEARCH_H
#define WEFT_QUERY_SPAN_SEARCH_H
#include "model/source.h"
#include "query/span_top.h"

struct weft_search {
    const struct weft_selection *selection; /* NULL: every span */
    uint32_t limit;                         /* hits wanted, at least 1 */
    bool is_once_per_trace;                 /* of each trace the first hit alone */
    bool wants_total;                       /* count all hits, also those that are not given */
    uint64_t from_ns, to_ns;
    enum weft_order order;
    bool has_after; /* only what stands behind `after` */
    struct weft_search_position after;
    uint64_t deadline_monotonic_ns; /* 0: none */
    const _Atomic bool *cancelled;  /* NULL: never */
    struct weft_read_limits *reads; /* NULL: not counted */
};
struct weft_search_result {
    struct weft_hit *hits; /* in order, at most `limit` */
    uint32_t hit_count;
    bool has_more;              /* hits after the last one exist */
    uint64_t total;             /* when asked for: hits in all, whatever the cursor says */
    const char *partial_reason; /* NULL: exact; as in weft_trace_scan_result */
    bool is_cut; /* ended by time or cancellation: there is no asking for what follows */
    uint64_t inspected_spans, inspected_bytes;
};
int weft_span_search(const struct weft_source *source, const struct weft_search *search,
                     struct weft_search_result *out, struct weft_arena *arena,
                     struct weft_err *err);
/* Of a spanwise selection: time range and selection; the cursor is not asked. */
bool weft_search_matches_span(const struct weft_search *search, const struct weft_span *span);

#endif
