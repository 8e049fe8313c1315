/* service_links.h -- how often one service called another.
 *
 * Ownership  what is counted is the counter's until release(); the answer lives in the arena
 */
#ifndef WEFT_QUERY_SERVICE_LINKS_H
#define WEFT_QUERY_SERVICE_LINKS_H
#include "base/buf.h"
#include "base/map.h"

#define WEFT_SERVICE_LINKS_MAX 100000u

struct weft_service_link {
    struct weft_str parent, child;
    uint64_t call_count, error_count;
};
struct weft_link_counter {  /* zeroed, it is empty */
    struct weft_map places; /* length of parent, parent, child: to a place in `counts` */
    struct weft_link_count {
        uint64_t calls, errors;
    } * counts;
    uint32_t capacity;
    struct weft_buf key;
    bool has_too_many; /* there are other pairs */
};
void weft_link_counter_add(struct weft_link_counter *counter, struct weft_str parent,
                           struct weft_str child, bool is_error);
/* By parent, then child. */
struct weft_service_link *weft_link_counter_finish(const struct weft_link_counter *counter,
                                                   uint32_t *count, struct weft_arena *arena);
void weft_link_counter_release(struct weft_link_counter *counter);

#endif
