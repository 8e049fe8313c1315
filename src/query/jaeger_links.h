/* jaeger_links.h -- which service calls which, counted over whole traces.
 *
 * Errors     those of the source; WEFT_TOO_LARGE beyond WEFT_SERVICE_LINKS_MAX pairs of services
 * Ownership  in the arena
 * Spec       query.md Q10.5.1
 */
#ifndef WEFT_QUERY_JAEGER_LINKS_H
#define WEFT_QUERY_JAEGER_LINKS_H
#include "model/source.h"
#include "query/service_links.h"

struct weft_jaeger_links_query {
    uint64_t from_ns, to_ns; /* traces that lie within it */
    struct weft_str service; /* only links from or to it; empty: all */
    uint64_t deadline_monotonic_ns;
    const _Atomic bool *cancelled;
    struct weft_read_limits *reads; /* NULL: not counted */
};
struct weft_jaeger_links {
    struct weft_service_link *items; /* by parent, then child */
    uint32_t count;
    const char *partial_reason; /* NULL: exact */
};
int weft_jaeger_find_links(const struct weft_source *source,
                           const struct weft_jaeger_links_query *query,
                           struct weft_jaeger_links *out, struct weft_arena *arena,
                           struct weft_err *err);

#endif
