/* traceql_page.h -- where a page of a search begins: the next_cursor of the page before.
 *
 * Shape      behind an answer; or, when a limit ended the page before, among the traces that it had not come to; or both: behind an
 *            answer among those that it had come to. So nothing is repeated or lost, and nothing is kept in the server
 * Threads    pure
 */
#ifndef WEFT_QUERY_TRACEQL_PAGE_H
#define WEFT_QUERY_TRACEQL_PAGE_H
#include "query/traceql_order.h"

struct weft_traceql_page {
    bool has_after;
    struct weft_traceql_cursor after;
    /* Only traces that start then; started_before_ns 0: no end. */
    uint64_t started_from_ns, started_before_ns;
};

/* The text of `after`; of the others "w<from>-<before>", and a dot between. */
struct weft_str weft_traceql_page_format(const struct weft_traceql_page *page,
                                         struct weft_arena *arena);
int weft_traceql_page_parse(struct weft_traceql_page *out, struct weft_str text,
                            struct weft_arena *arena, struct weft_err *err);

#endif
