/* facets_internal.h -- what the ways of counting share: span by span (facets.c), and by columns (facets_columns.c).
 *
 * Threads    one query thread
 */
#ifndef WEFT_QUERY_FACETS_INTERNAL_H
#define WEFT_QUERY_FACETS_INTERNAL_H
#include "base/map.h"
#include "query/facets.h"

struct weft_facet_counter {
    uint64_t count;
    uint64_t seen_at; /* mark of the span that was counted last: a span counts once */
};
struct weft_facet_tally {
    struct weft_traceql_attribute attribute;
    struct weft_facet_counter spans;
    struct weft_map values; /* type and text to a place in counters */
    struct weft_facet_counter *counters;
    bool is_complete;
};
struct weft_facet_run {
    const struct weft_facet_question *question;
    struct weft_map keys; /* scope and name to a place in tallies */
    struct weft_facet_tally *tallies;
    uint32_t count, capacity;
    uint64_t bytes;
    bool is_full;
    uint64_t span_count;
    uint64_t mark; /* of the span at hand */
    struct weft_buf text;
    struct weft_arena names;
};
/* Of an attribute that was met; NULL: there is no room for another. It moves when another one is made. */
struct weft_facet_tally *weft_facet_tally_of(struct weft_facet_run *run,
                                             enum weft_traceql_scope scope, struct weft_str name);
/* Of a value, no array, among the counters. NO_PLACE: it is not told apart, and the tally not complete. */
#define WEFT_FACET_NO_PLACE UINT32_MAX
uint32_t weft_facet_place(struct weft_facet_run *run, struct weft_facet_tally *tally,
                          const struct weft_traceql_value *value);
/* A span, whose mark is the run's: what it has of the tally's attribute; the attributes of its events and links. */
void weft_facet_count_named(struct weft_facet_run *run, struct weft_facet_tally *tally,
                            struct weft_trace_view *view, uint32_t span);
void weft_facet_count_carried(struct weft_facet_run *run, struct weft_trace_view *view,
                              uint32_t span);

/* Counts by columns, where these can tell all that is asked for; otherwise *is_done is false, and nothing was counted. */
int weft_facets_by_columns(struct weft_facet_run *run, const struct weft_source *source,
                           bool *is_done, struct weft_trace_scan_result *out, struct weft_err *err);

#endif
