/* facets.h -- the most frequent values of attributes among the spans that a search leaves.
 *
 * Errors     those of the source; what a limit cuts is no error: partial_reason and is_complete say it
 * Threads    one query thread
 * Ownership  the answer lives in the arena
 */
#ifndef WEFT_QUERY_FACETS_H
#define WEFT_QUERY_FACETS_H
#include "query/span_walk.h"

#define WEFT_FACET_KEYS_MAX 1000u    /* of an answer */
#define WEFT_FACET_VALUES_MAX 10000u /* kept of one key */
#define WEFT_FACET_TEXT_MAX 1024u    /* longer values are not told apart */

struct weft_facet_question {
    struct weft_span_walk walk;
    /* Empty: every attribute there is, and name, status and kind. */
    const struct weft_traceql_attribute *keys;
    uint32_t key_count;
    uint32_t limit;     /* values of each key in the answer */
    uint64_t bytes_max; /* for counting; 0: no bound */
};
struct weft_facet_value {
    enum weft_traceql_type type;
    struct weft_str text; /* as TraceQL shows it */
    uint64_t span_count;
};
struct weft_facet {
    struct weft_traceql_attribute attribute;
    uint64_t span_count;             /* spans that have it */
    struct weft_facet_value *values; /* the most frequent first, then by type and text */
    uint32_t value_count;
    bool has_more;    /* there are other values */
    bool is_complete; /* false: values were left out of the counting, and may be frequent */
};
struct weft_facets {
    struct weft_facet
        *items; /* as asked; of all: the most frequent first, then by scope and name */
    uint32_t count;
    bool has_more;
    uint64_t span_count; /* that were looked at */
    struct weft_trace_scan_result inspected;
};
/* By looking at the spans. */
int weft_facets_count(const struct weft_source *source, const struct weft_facet_question *question,
                      struct weft_facets *out, struct weft_arena *arena, struct weft_err *err);
/* Of all spans, from what the source knows of its attributes: at once, for ranking, without intrinsics (source.h says what the counts are
 * worth). question->walk.pipeline is not looked at. */
int weft_facets_known(const struct weft_source *source, const struct weft_facet_question *question,
                      struct weft_facets *out, struct weft_arena *arena, struct weft_err *err);

#endif
