/* zipkin_links.h -- which service calls which, told by the kinds of spans and by both endpoints.
 *
 * Errors     those of the source; WEFT_TOO_LARGE beyond WEFT_SERVICE_LINKS_MAX pairs of services
 * Ownership  in the arena
 * Spec       query.md Q12.5.1; spec.md C4.3.2, C4.3.3, C4.3.6
 */
#ifndef WEFT_QUERY_ZIPKIN_LINKS_H
#define WEFT_QUERY_ZIPKIN_LINKS_H
#include "model/source.h"
#include "query/service_links.h"

struct weft_zipkin_links_query {
    uint64_t from_us, to_us; /* when a trace starts */
    uint64_t deadline_monotonic_ns;
    const _Atomic bool *cancelled;
    struct weft_read_limits *reads; /* NULL: not counted */
};
struct weft_zipkin_links {
    struct weft_service_link *items; /* by parent, then child */
    uint32_t count;
    const char *partial_reason; /* NULL: exact */
};
int weft_zipkin_find_links(const struct weft_source *source,
                           const struct weft_zipkin_links_query *query,
                           struct weft_zipkin_links *out, struct weft_arena *arena,
                           struct weft_err *err);
/* Those of one trace. `arena` for what is needed meanwhile, which is given back. */
void weft_zipkin_count_links(struct weft_link_counter *counter, const struct weft_batch *trace,
                             struct weft_arena *arena);

#endif
