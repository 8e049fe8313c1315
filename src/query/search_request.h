/* search_request.h -- what a caller asked for, as names and values, turned into a search.
 *
 * Shape      parameters by name, from a query string or a JSON body alike (docs/api/search.md has
 *            the table)
 * Errors     WEFT_INVALID: parameter, what was found, what was expected, the nearest known name
 * Threads    pure but for "now", which is handed in
 * Ownership  everything lives in the arena or in the parameters' text
 */
#ifndef WEFT_QUERY_SEARCH_REQUEST_H
#define WEFT_QUERY_SEARCH_REQUEST_H
#include "base/err.h"
#include "query/span_search.h"

#define WEFT_SEARCH_PREDICATES_MAX 64

struct weft_search_request {
    struct weft_search search; /* whole after finish() */
    struct weft_predicate *predicates;
    uint32_t predicate_count;
    enum weft_order cursor_order; /* what the cursor was made for, if search.has_after */
    bool wants_spans;             /* view=spans; otherwise hits are grouped by trace */
};
struct weft_search_limits {
    uint32_t limit_default, limit_max;
};

void weft_search_request_init(struct weft_search_request *request,
                              const struct weft_search_limits *limits, struct weft_arena *arena);
/* One parameter; repeatable ones add up. Unknown names are refused. */
int weft_search_request_set(struct weft_search_request *request, struct weft_str name,
                            struct weft_str value, const struct weft_search_limits *limits,
                            uint64_t now_unix_ns, struct weft_arena *arena, struct weft_err *err);
/* Checks what only shows when all parameters are known (start < end, a cursor of another order), and makes the selection: the spans
 * for which all conditions hold. */
int weft_search_request_finish(struct weft_search_request *request, struct weft_arena *arena,
                               struct weft_err *err);

/* One attribute condition: `span.http.status_code >= 500`, `resource.k8s.pod.name ^= "api-"`,
 * `!error`, `db.system`. */
int weft_predicate_parse(struct weft_predicate *out, struct weft_str text, struct weft_arena *arena,
                         struct weft_err *err);
/* "1795226400" (s), with fraction, ms, us or ns by size; RFC 3339; "now", "now-15m". */
int weft_search_time_parse(uint64_t *out, struct weft_str text, uint64_t now_unix_ns,
                           struct weft_err *err);

/* A cursor as text for URLs, and back. */
struct weft_str weft_cursor_format(enum weft_order order,
                                   const struct weft_search_position *position,
                                   struct weft_arena *arena);
int weft_cursor_parse(enum weft_order *order, struct weft_search_position *position,
                      struct weft_str text, struct weft_err *err);

#endif
