/* traceql_search_internal.h -- a search at work.
 *
 *   traceql_search.c         which traces are asked for, and what each is
 *   traceql_search_offer.c   what of it has a place in the answer
 *   traceql_search_page.c    what of the answer is sure, and where the next page begins
 */
#ifndef WEFT_QUERY_TRACEQL_SEARCH_INTERNAL_H
#define WEFT_QUERY_TRACEQL_SEARCH_INTERNAL_H
#include "query/traceql_found.h"
#include "query/traceql_links.h"
#include "query/traceql_search.h"

#define WEFT_MEMORY_LIMIT "memory limit"

struct weft_traceql_run {
    const struct weft_traceql_query *query;
    const struct weft_traceql_finish *finish; /* of the query */
    const struct weft_traceql_limits *limits;
    struct weft_traceql_result *out;
    struct weft_err *err;
    int rc; /* of an evaluation that failed */
    struct weft_shown shown;
    struct weft_arena scratch; /* of one trace */
    struct weft_traceql_top top;
    uint64_t start_min; /* traces that start earlier have no place in the answer */
    bool is_ended;      /* by a limit; the scan knows how far it had come: */
    uint64_t complete_from_ns;
    struct weft_map passed; /* tuples of distinct() that the pages before `after` have */
    bool is_looking_back;   /* to find those */
    struct weft_traceql_links links;
    struct weft_scan_report *report; /* of the pass at hand; NULL: nobody asks */
};
/* A trace at work. */
struct weft_traceql_seen {
    struct weft_traceql_run *run;
    struct weft_trace_view *view;
    const struct weft_spansets *spansets;
    struct weft_found_trace head;
    struct weft_found_record *record; /* made for the first answer that has a place */
    uint32_t *numbers;                /* of spans among those with their id and start */
};

static inline bool weft_traceql_is_newest_first(const struct weft_traceql_run *run)
{
    return !run->finish->order.is_given;
}

/* Whether a trace has no place, whatever the query says of it. */
bool weft_traceql_is_out_of_place(const struct weft_traceql_run *run,
                                  const struct weft_found_trace *head);
/* What the query leaves of a trace, as answers. */
void weft_traceql_offer(struct weft_traceql_seen *seen);

/* The end of the range of this page; 0: none. */
uint64_t weft_traceql_page_to_ns(const struct weft_traceql_run *run);
/* The answer, and the page that goes on from it. */
void weft_traceql_answer_make(struct weft_traceql_run *run, struct weft_arena *arena);

#endif
