/* traceql_links.h -- links across traces: which spans the one side of { a } -link-> { b } names, and which spans of the other side that
 * leaves.
 *
 * Shape      collect() walks the traces of the left side once; evaluate() then takes the place of weft_traceql_eval() for the right side
 * Errors     those of the source and of the evaluation; WEFT_UNSUPPORTED for more than WEFT_LINKED_MAX spans
 * Threads    one query thread
 * Spec       docs/traceql.md
 */
#ifndef WEFT_QUERY_TRACEQL_LINKS_H
#define WEFT_QUERY_TRACEQL_LINKS_H
#include "base/map.h"
#include "query/traceql_search.h"

/* Different spans that the left side may name. */
#define WEFT_LINKED_MAX 100000u

struct weft_traceql_links {
    const struct weft_traceql_linked *linked;
    struct weft_map
        spans; /* trace id and span id: what the links point to, or what they may point to */
    struct weft_map traces; /* of those; not for has_links */
};
/* What it looked at, and what cut it short, is added to `out`. */
int weft_traceql_links_collect(struct weft_traceql_links *links, const struct weft_source *source,
                               const struct weft_traceql_query *query,
                               const struct weft_traceql_limits *limits,
                               struct weft_traceql_result *out, struct weft_arena *arena,
                               struct weft_err *err);
/* What is wanted of the right side: the traces by name when they are few, else what is selected. */
void weft_traceql_links_narrow(const struct weft_traceql_links *links,
                               struct weft_traceql_selection *selection, struct weft_arena *arena);
int weft_traceql_links_evaluate(const struct weft_traceql_links *links,
                                struct weft_trace_view *view,
                                const struct weft_traceql_pipeline *pipeline,
                                struct weft_spansets *out, struct weft_err *err);
void weft_traceql_links_release(struct weft_traceql_links *links);

/* For every evaluation of a search: what a limit stops is no error, the answer is partial. Whether to go on with the next trace; if not, and
 * no limit says so, *failed has the status. */
bool weft_traceql_goes_on(int rc, struct weft_traceql_result *out, int *failed);

#endif
