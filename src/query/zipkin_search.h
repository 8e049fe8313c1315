/* zipkin_search.h -- Zipkin's search: traces whose spans together meet all conditions, newest first.
 *
 * Units      Unix microseconds; both ends of the range belong to it
 * Errors     those of the source; what a limit cuts is no error: partial_reason says it
 * Threads    one query thread
 * Ownership  the answer lives in the arena; only ids are kept while the source is read
 * Spec       query.md Q12.3.3, Q12.3.4
 */
#ifndef WEFT_QUERY_ZIPKIN_SEARCH_H
#define WEFT_QUERY_ZIPKIN_SEARCH_H
#include "model/source.h"
#include "query/newest_traces.h"

struct weft_zipkin_term {
    struct weft_str key, value; /* empty value: a tag of that key, or an annotation of that text */
};
struct weft_zipkin_query {
    struct weft_str service, name, remote_service; /* lower case; empty: any */
    const struct weft_zipkin_term *terms;
    uint32_t term_count;     /* at most WEFT_ZIPKIN_TERMS_MAX */
    uint64_t from_us, to_us; /* when the trace starts: its root, or else the first of its spans */
    uint64_t duration_min_us, duration_max_us; /* of one span; 0: any */
    uint32_t limit;                            /* traces, at least 1 */
    uint64_t deadline_monotonic_ns;            /* 0: none */
    const _Atomic bool *cancelled;             /* NULL: never */
    struct weft_read_limits *reads;            /* NULL: not counted */
};
#define WEFT_ZIPKIN_TERMS_MAX 100
struct weft_zipkin_result {
    struct weft_newest_trace *traces;
    uint32_t trace_count;
    const char *partial_reason; /* NULL: exact */
};
int weft_zipkin_search(const struct weft_source *source, const struct weft_zipkin_query *query,
                       struct weft_zipkin_result *out, struct weft_arena *arena,
                       struct weft_err *err);

/* When a trace starts, as above; 0: no span has a time. */
uint64_t weft_zipkin_trace_start_us(const struct weft_batch *trace);

/* At least the traces that meet the conditions, into *out (NULL: all of them): 1. 0: there is no such service or span name, and so no
 * trace. The texts of the query are borrowed. (zipkin_select.c) */
int weft_zipkin_select(const struct weft_source *source, const struct weft_zipkin_query *query,
                       const struct weft_selection **out, struct weft_arena *arena,
                       struct weft_err *err);

#endif
