/* traceql_select.h -- a query as a selection: the spans that a source has to look for.
 *
 * Shape      a tree of model/selection.h with every span that the query can leave, and as few others as can be said. Where nothing else
 *            would be there it is_exact, and whoever counts spans need not evaluate anything
 * Threads    pure; a selection may be asked from several threads
 * Ownership  in the arena; texts and expressions of the query are borrowed
 * Spec       query.md Q3.3 - Q3.6, Q4.2, Q4.3, Q5; model/predicate.h, model/selection.h
 */
#ifndef WEFT_QUERY_TRACEQL_SELECT_H
#define WEFT_QUERY_TRACEQL_SELECT_H
#include "model/selection.h"
#include "query/traceql.h"

struct weft_traceql_selection {
    const struct weft_selection *tree; /* NULL: every span */
    bool is_empty;                     /* no span of any trace: there is nothing to ask a source */
    /* The spans of the tree are those that are left at the end of the pipeline, in every trace: not more, not fewer. */
    bool is_exact;
    const char
        *inexact_reason; /* a sentence, unless is_exact: what is decided when traces are whole */
    const _Atomic bool
        *is_regex_limited; /* a regular expression reached its limits: no match (Q3.3.4) */
};
/* Of a pipeline: what is left of each trace at its end. */
void weft_traceql_select(struct weft_traceql_selection *out,
                         const struct weft_traceql_pipeline *pipeline, struct weft_arena *arena);
/* Of one filter; NULL: every span. */
void weft_traceql_select_filter(struct weft_traceql_selection *out, const struct weft_expr *expr,
                                struct weft_arena *arena);

#endif
