/* traceql_search.h -- a TraceQL search over a source: which traces match, and what a list shows of them.
 *
 * Errors     those of the source and of the evaluation; what a limit cuts is no error: partial_reason says it
 * Threads    one query thread
 * Ownership  the answer lives in the arena
 * Spec       query.md Q4.1, Q5.3, Q8.4
 */
#ifndef WEFT_QUERY_TRACEQL_SEARCH_H
#define WEFT_QUERY_TRACEQL_SEARCH_H
#include "model/source.h"
#include "query/traceql_eval.h"
#include "query/traceql_explain.h"
#include "query/traceql_page.h"

/* Different tuples of distinct() on the pages before `after`: more are refused. */
#define WEFT_DISTINCT_PASSED_MAX 100000u

struct weft_traceql_limits {
    uint64_t from_ns, to_ns; /* traces that overlap it (Q4.1.3); to_ns 0: no end */
    uint32_t traces;         /* or spans, when the query ends in spans() */
    uint32_t spans_per_spanset;
    const struct weft_traceql_cursor *after; /* NULL: from the first; not the `last` of *out */
    bool
        is_paged; /* what a limit makes uncertain is left to the next page; otherwise all that was found is answered */
    /* Only traces that start then (of a weft_traceql_page); started_before_ns 0: no end. */
    uint64_t started_from_ns, started_before_ns;
    uint64_t duration_min_ns, duration_max_ns; /* of the trace; 0: none (tag search, Q8.4.8) */
    uint64_t memory_bytes_max;                 /* 0: none */
    uint64_t deadline_monotonic_ns;            /* 0: none */
    const _Atomic bool *cancelled;             /* NULL: never */
    struct weft_read_limits *reads;            /* NULL: not counted */
    struct weft_explain *explain;              /* added to; NULL: nobody asks */
};
struct weft_found_attribute {
    struct weft_str key; /* bare, as shown (Q5.3.2); points into the query */
    struct weft_traceql_value value;
};
struct weft_found_span {
    struct weft_span_id span_id;
    struct weft_str name; /* empty unless has_name */
    bool has_name;        /* the query mentions it */
    uint64_t start_time_unix_nano, duration_ns;
    struct weft_found_attribute *attributes;
    uint32_t attribute_count;
};
struct weft_found_spanset {
    struct weft_found_span *spans; /* at most spans_per_spanset */
    uint32_t span_count, matched;
    const struct weft_spanset_attribute *attributes;
};
struct weft_found_service {
    struct weft_str name;
    uint32_t span_count, error_count;
};
struct weft_found_trace {
    struct weft_trace_id trace_id;
    bool has_root;                                /* a span without parent id is there */
    struct weft_str root_service_name, root_name; /* as Q1.4.2 shows them */
    uint64_t start_time_unix_nano, duration_ns;
    struct weft_found_spanset *spansets; /* none for a search without query */
    uint32_t spanset_count;
    struct weft_found_service *services;
    uint32_t service_count;
};
/* A span that was found by a query that ends in spans(). */
struct weft_found_row {
    uint32_t trace; /* which of the result's traces */
    struct weft_str service_name;
    struct weft_found_span span; /* has_name */
};
struct weft_traceql_result {
    /* In the order of the query, the newest first when it says none. With spans(): the traces of the spans below, in the order of their
     * first span there; their spansets show those alone. */
    struct weft_found_trace *traces;
    uint32_t trace_count;
    bool has_spans; /* spans() */
    struct weft_found_row *rows;
    uint32_t row_count;
    struct weft_traceql_cursor last; /* of the answer, unless that is empty */
    bool has_more;                   /* there is, or may be, another page: */
    struct weft_traceql_page next;
    /* When a limit ended the search: traces that start then or later have all been looked at; UINT64_MAX: of no time can that be said,
     * and there is no page to go on with. 0: all. */
    uint64_t complete_from_ns;
    const char *partial_reason; /* NULL: exact */
    uint64_t inspected_traces, inspected_spans, inspected_bytes;
};
/* query NULL: every trace, without spansets. */
int weft_traceql_search(const struct weft_source *source, const struct weft_traceql_query *query,
                        const struct weft_traceql_limits *limits, struct weft_traceql_result *out,
                        struct weft_arena *arena, struct weft_err *err);

#endif
