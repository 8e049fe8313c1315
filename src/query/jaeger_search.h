/* jaeger_search.h -- Jaeger's search: traces of which one span meets all conditions, newest first.
 *
 * Units      Unix nanoseconds; both ends of the range belong to it
 * Errors     those of the source; what a limit cuts is no error: partial_reason says it
 * Threads    one query thread
 * Ownership  the answer lives in the arena; only ids are kept while the source is read
 * Spec       query.md Q10.3.2, Q10.3.3
 */
#ifndef WEFT_QUERY_JAEGER_SEARCH_H
#define WEFT_QUERY_JAEGER_SEARCH_H
#include "base/buf.h"
#include "model/source.h"
#include "query/newest_traces.h"

struct weft_jaeger_tag {
    struct weft_str key, value;
};
struct weft_jaeger_query {
    struct weft_str service, operation; /* as Jaeger shows them; empty: any */
    const struct weft_jaeger_tag *tags;
    uint32_t tag_count;
    uint64_t from_ns, to_ns;                  /* when the matching span starts */
    int64_t duration_min_ns, duration_max_ns; /* of the matching span; 0: any */
    uint32_t limit;                           /* traces, at least 1 */
    uint64_t deadline_monotonic_ns;           /* 0: none */
    const _Atomic bool *cancelled;            /* NULL: never */
    struct weft_read_limits *reads;           /* NULL: not counted */
};
struct weft_jaeger_result {
    struct weft_newest_trace *traces;
    uint32_t trace_count;
    const char *partial_reason; /* NULL: exact */
};
int weft_jaeger_search(const struct weft_source *source, const struct weft_jaeger_query *query,
                       struct weft_jaeger_result *out, struct weft_arena *arena,
                       struct weft_err *err);
/* Does one span meet all conditions? `scratch` is reused from span to span. */
bool weft_jaeger_query_matches(const struct weft_jaeger_query *query, const struct weft_span *span,
                               struct weft_buf *scratch);
/* At least the spans that meet all conditions (jaeger_select.c); NULL: every span. The texts of the query are borrowed. */
const struct weft_selection *weft_jaeger_select(const struct weft_jaeger_query *query,
                                                struct weft_arena *arena);

#endif
