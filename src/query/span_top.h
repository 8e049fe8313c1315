/* span_top.h -- the first so many of a stream of spans, the newest or the slowest; all of them, or the first of each trace.
 *
 * Shape      a heap whose last is on top. Of equal positions the first that came stays: a span received a hundred thousand times takes one
 *            place
 * Threads    one
 * Ownership  it copies the texts of what it takes
 *
 * Order newest: start descending, then trace id, span id, kind ascending. Order slowest: duration descending, then as newest. It is
 * total but for exact duplicates, so paging neither repeats nor loses.
 */
#ifndef WEFT_QUERY_SPAN_TOP_H
#define WEFT_QUERY_SPAN_TOP_H
#include "base/arena.h"
#include "model/span.h"

enum weft_order { WEFT_ORDER_NEWEST, WEFT_ORDER_SLOWEST };
/* Where a span stands; a cursor is the position of the last one seen. */
struct weft_search_position {
    uint64_t start_time_unix_nano;
    uint64_t duration_ns;
    struct weft_trace_id trace_id;
    struct weft_span_id span_id;
    uint8_t kind;
};
/* One span found: enough to print a line. */
struct weft_hit {
    struct weft_search_position position;
    struct weft_span_id parent_span_id;
    struct weft_str service_name;
    struct weft_str name;
    uint8_t status_code;
};
/* Views of the span. */
struct weft_search_position weft_search_position_of(const struct weft_span *span);
struct weft_hit weft_hit_of(const struct weft_span *span);
/* <0 when a comes before b. */
int weft_search_position_compare(enum weft_order order, const struct weft_search_position *a,
                                 const struct weft_search_position *b);

struct weft_top {
    struct weft_top_entry {
        struct weft_hit hit;
        uint32_t place; /* in the heap */
    } * entries;
    uint32_t *heap; /* of entries */
    uint32_t count, limit;
    enum weft_order order;
    bool is_once_per_trace;
    const struct weft_search_position
        *after;      /* what stands there or before it is left out; NULL: nothing */
    uint32_t *known; /* a hash table: entry + 1, by position or trace; 0: free */
    uint32_t known_mask;
    uint64_t bound;       /* start or duration, by the order: what is below it has no place */
    uint64_t start_bound; /* what is at the bound, and starts before that, has none either */
    struct weft_arena texts;
};
void weft_top_init(struct weft_top *top, uint32_t limit, struct weft_arena *arena);
void weft_top_release(struct weft_top *top);
/* By what the order looks at first: false is certain. */
static inline bool weft_top_may_admit(const struct weft_top *top, uint64_t start, uint64_t duration)
{
    uint64_t first = top->order == WEFT_ORDER_NEWEST ? start : duration;

    if (first < top->bound || (first == top->bound && start < top->start_bound)) return false;
    return top->after == NULL ||
           first <= (top->order == WEFT_ORDER_NEWEST ? top->after->start_time_unix_nano
                                                     : top->after->duration_ns);
}
bool weft_top_admits(const struct weft_top *top, const struct weft_search_position *position);
/* Takes it, when it has a place. */
void weft_top_offer(struct weft_top *top, const struct weft_hit *hit);
/* All of them in order, copied into `arena`. It holds nothing then. */
struct weft_hit *weft_top_finish(struct weft_top *top, struct weft_arena *arena);

#endif
