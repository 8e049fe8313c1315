/* trace_search.h -- a search whose answers are traces: hits grouped, each trace once, with what a
 * list shows of it.
 *
 * Errors     those of the source
 * Threads    one query thread
 * Ownership  the answer lives in the arena
 *
 * A trace stands where its first hit in the search's order stands, and on no other page: a cursor
 * never repeats a trace.
 */
#ifndef WEFT_QUERY_TRACE_SEARCH_H
#define WEFT_QUERY_TRACE_SEARCH_H
#include "query/span_search.h"

struct weft_service_count {
    struct weft_str name;
    uint32_t span_count, error_count;
};
struct weft_trace_summary {
    struct weft_trace_id trace_id;
    struct weft_search_position position; /* of its first hit */
    struct weft_hit first_hit;
    struct weft_str root_service_name, root_name;
    uint64_t start_time_unix_nano, duration_ns;
    uint32_t span_count, error_count, matched_span_count;
    bool has_root;                       /* a span without parent is there */
    struct weft_service_count *services; /* most spans first */
    uint32_t service_count;
};
struct weft_trace_search_result {
    struct weft_trace_summary *traces;
    uint32_t trace_count;
    bool has_more;
    struct weft_search_position next; /* the cursor, if has_more */
    const char *partial_reason;
    uint64_t total_spans; /* hits in all, when asked for */
    uint64_t inspected_traces, inspected_spans, inspected_bytes;
};
/* search->limit counts traces. */
int weft_trace_search(const struct weft_source *source, const struct weft_search *search,
                      struct weft_trace_search_result *out, struct weft_arena *arena,
                      struct weft_err *err);
/* Head of a list entry for one whole trace; position, first_hit and matched_span_count are left
 * alone. */
void weft_trace_summarise(struct weft_trace_summary *out, const struct weft_batch *trace,
                          struct weft_arena *arena);

#endif
