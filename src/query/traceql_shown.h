/* traceql_shown.h -- which attributes a search shows with the spans it found.
 *
 * Threads    one query thread
 * Ownership  in the arena; keys and literals point into the query
 * Spec       query.md Q5.3.2
 */
#ifndef WEFT_QUERY_TRACEQL_SHOWN_H
#define WEFT_QUERY_TRACEQL_SHOWN_H
#include "query/traceql_search.h"

struct weft_shown_comparison; /* of an attribute with a literal */
struct weft_shown_attribute {
    const struct weft_traceql_attribute *attribute;
    struct weft_str key;
    bool
        is_selected; /* named in select(): whole arrays, and an unscoped one of span and resource */
    bool tests_nil;  /* compared = nil: shown as "nil" where it is missing */
    const struct weft_shown_comparison
        *comparisons; /* of an array the elements that fit one are shown */
};
struct weft_shown {
    struct weft_shown_attribute *items;
    uint32_t count;
    bool has_name; /* the span's name is mentioned: it has a field of its own */
};
void weft_shown_init(struct weft_shown *shown, const struct weft_traceql_query *query,
                     struct weft_arena *arena);
/* What is shown of one span. Values may point into the trace. */
uint32_t weft_shown_of_span(const struct weft_shown *shown, struct weft_trace_view *view,
                            uint32_t span, struct weft_found_attribute **out,
                            struct weft_arena *arena);

#endif
