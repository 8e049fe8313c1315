/* traceql_top.h -- the first so many answers of a search, whatever order they come in; one for each tuple of distinct().
 *
 * Shape      a heap, the last on top. What it drops for want of memory lowers how many it holds from then on: what it has is always
 *            the beginning of the whole answer
 * Threads    one
 * Ownership  it owns its items, they share the records of their traces
 */
#ifndef WEFT_QUERY_TRACEQL_TOP_H
#define WEFT_QUERY_TRACEQL_TOP_H
#include "base/map.h"
#include "query/traceql_search.h"

/* A trace as it is shown, for itself or for its spans. */
struct weft_found_record {
    struct weft_found_trace trace;
    struct weft_arena arena; /* of what it points to */
    uint32_t users;          /* 0: it goes */
    uint32_t number;         /* for who numbers them */
    bool is_counted;         /* in the memory of a weft_traceql_top */
};
struct weft_traceql_top_item {
    struct weft_traceql_cursor key; /* the text of its value lives in `arena` */
    struct weft_traceql_tuple tuple;
    struct weft_found_record *record;
    struct weft_found_row row; /* of a span; its spanset */
    uint32_t spanset;
    struct weft_arena arena;
    uint32_t place; /* in the heap */
};
struct weft_traceql_top {
    const struct weft_traceql_order *order;
    uint32_t count_max;
    uint64_t bytes_max; /* 0: none */
    bool is_distinct;
    struct weft_traceql_top_item **items;
    uint32_t count, capacity;
    uint64_t kept_bytes;
    struct weft_map tuples; /* to their items; some are long gone: 0 */
    bool has_more;          /* something had no place */
    bool is_memory_limited;
};

/* Whether an answer with this key has a place; if not, and it is none of a tuple that has one, there is more. */
bool weft_traceql_top_admits(struct weft_traceql_top *top, const struct weft_traceql_cursor *key,
                             const struct weft_traceql_tuple *tuple);
/* Of what it admits; one more user of the record. */
struct weft_traceql_top_item *weft_traceql_top_item_create(const struct weft_traceql_cursor *key,
                                                           const struct weft_traceql_tuple *tuple,
                                                           struct weft_found_record *record);
/* Takes it, complete; instead of the one with its tuple, if there is one. */
void weft_traceql_top_put(struct weft_traceql_top *top, struct weft_traceql_top_item *item);
/* The last that has a place, when no other can be added without dropping it; or NULL. */
const struct weft_traceql_top_item *weft_traceql_top_last(const struct weft_traceql_top *top);
void weft_traceql_top_record_leave(struct weft_traceql_top *top, struct weft_found_record *record);
/* Drops those whose trace starts earlier. */
void weft_traceql_top_cut(struct weft_traceql_top *top, uint64_t start_ns);
void weft_traceql_top_sort(struct weft_traceql_top *top); /* the first first; no heap any more */
void weft_traceql_top_release(struct weft_traceql_top *top);

#endif
