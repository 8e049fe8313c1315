/* search.h -- a plain search: what must hold for a span, in which order the hits come, where to go
 * on.
 *
 * Shape      a conjunction of predicates over one span, a time range, an order, a limit, a cursor
 * Units      times in Unix nanoseconds
 * Threads    plain data
 * Ownership  strings are borrowed for the call
 *
 * Meaning (the tests' slow judge in tests/naive_store.c follows these sentences):
 *  - A span is in the time range when from_ns <= start_time_unix_nano < to_ns (to_ns 0: no end).
 *  - An attribute predicate holds when at least one attribute of that key in its scope makes it
 *    true. A scope of several carriers (event, link) holds when one event or link has such an
 *    attribute. WEFT_SCOPE_ANY asks span and resource attributes, as TraceQL's unscoped names do.
 *  - Every comparison, != too, asks for the key to be there; WEFT_OP_NOT_EXISTS is the way to ask
 *    for absence. A value of type EMPTY (AnyValue without a value) counts as absent.
 *  - Numbers compare as numbers (int with double, exactly); strings with strings, bools with bools
 *    (= and != alone). Different kinds are never equal and never ordered; for != a value of another
 *    kind does not hold either.
 *  - An array of scalars of one type: holds when one element makes it true; NE and NOT_MATCH, when
 *    all do. Other arrays (empty, of several types, of what is no scalar), bytes and kvlists answer
 *    only to EXISTS and NOT_EXISTS.
 *  - Durations are weft_span_duration_ns(): never negative.
 *  - Order newest: start descending, then trace id ascending, then span id ascending, then kind
 *    ascending. Order slowest: duration descending, then as newest. That order is total but for
 *    exact duplicates, so paging neither repeats nor loses.
 */
#ifndef WEFT_MODEL_SEARCH_H
#define WEFT_MODEL_SEARCH_H
#include "model/span.h"

enum weft_field {
    WEFT_FIELD_ATTRIBUTE, /* `scope` and `key` say which */
    WEFT_FIELD_SERVICE,  /* resource attribute service.name; value string; empty counts as absent */
    WEFT_FIELD_NAME,     /* span name; value string */
    WEFT_FIELD_KIND,     /* value int, EQ and NE */
    WEFT_FIELD_STATUS,   /* value int, EQ and NE */
    WEFT_FIELD_DURATION, /* value int, ns */
    WEFT_FIELD_TRACE_ID, /* value bytes, 16; EQ */
    WEFT_FIELD_EVENT_NAME,
    WEFT_FIELD_SCOPE_NAME,
    WEFT_FIELD_IS_ROOT,        /* value bool: parent_span_id is zero */
    WEFT_FIELD_STATUS_MESSAGE, /* value string; empty counts as absent */
    WEFT_FIELD_SCOPE_VERSION,  /* likewise */
};
enum weft_attribute_scope {
    WEFT_SCOPE_ANY,
    WEFT_SCOPE_SPAN,
    WEFT_SCOPE_RESOURCE,
    WEFT_SCOPE_EVENT,
    WEFT_SCOPE_LINK,
    WEFT_SCOPE_INSTRUMENTATION,
};
enum weft_op {
    WEFT_OP_EQ,
    WEFT_OP_NE,
    WEFT_OP_LT,
    WEFT_OP_LE,
    WEFT_OP_GT,
    WEFT_OP_GE,
    WEFT_OP_PREFIX,
    WEFT_OP_EXISTS,
    WEFT_OP_NOT_EXISTS,
    WEFT_OP_MATCH,     /* a string for which `matcher` says yes; there must be one */
    WEFT_OP_NOT_MATCH, /* a string for which it says no; there must be one */
};
/* A question about a text that only the asker can answer: a regular expression. Asked once for each different text where a column
 * has a dictionary. Safe from several threads. */
struct weft_matcher {
    bool (*matches)(const void *self, struct weft_str text);
    const void *self;
    struct weft_str text; /* how it is shown */
};
struct weft_predicate {
    enum weft_field field;
    enum weft_attribute_scope scope;
    enum weft_op op;
    struct weft_str key;
    struct weft_value value;            /* of the other operators that compare */
    const struct weft_matcher *matcher; /* of MATCH and NOT_MATCH */
};
enum weft_order { WEFT_ORDER_NEWEST, WEFT_ORDER_SLOWEST };

/* The sort key of one hit; a cursor is the key of the last hit seen, and only hits after it are
 * returned. */
struct weft_search_position {
    uint64_t start_time_unix_nano;
    uint64_t duration_ns;
    struct weft_trace_id trace_id;
    struct weft_span_id span_id;
    uint8_t kind;
};
struct weft_search {
    const struct weft_predicate *predicates;
    uint32_t predicate_count;
    uint32_t limit; /* hits wanted, at least 1 */
    bool
        wants_total; /* count all hits, also those that are not given: nothing is skipped for its order */
    uint64_t from_ns, to_ns;
    enum weft_order order;
    bool has_after;
    struct weft_search_position after;
    uint64_t
        deadline_monotonic_ns; /* 0: none; checked every page: the answer is then marked partial */
    const _Atomic bool *cancelled; /* NULL: never */
};

/* One span found: enough to print a line. Strings live in the arena given to the search. */
struct weft_hit {
    struct weft_search_position position; /* trace id, span id, start, duration, kind */
    struct weft_span_id parent_span_id;
    struct weft_str service_name;
    struct weft_str name;
    uint8_t status_code;
};
struct weft_search_result {
    struct weft_hit *hits; /* in order, at most `limit` */
    uint32_t hit_count;
    bool has_more; /* hits after the last one exist */
    /* When asked for: hits in all, whatever the cursor says. A span that is stored twice, not yet
     * brought together by a merge, counts twice. */
    uint64_t total;
    const char *
        partial_reason; /* NULL: exact. "time limit" or "cancelled": what was looked at is all that is known */
    bool is_cut; /* ended by time or cancellation: there is no asking for what follows */
    uint64_t inspected_spans, inspected_bytes;
};

/* Where a span stands, and the line it makes; views of the span. */
struct weft_search_position weft_search_position_of(const struct weft_span *span);
struct weft_hit weft_hit_of(const struct weft_span *span);
/* <0 when a comes before b in `order`. */
int weft_search_position_compare(enum weft_order order, const struct weft_search_position *a,
                                 const struct weft_search_position *b);
static inline bool weft_op_is_match(enum weft_op op)
{
    return op == WEFT_OP_MATCH || op == WEFT_OP_NOT_MATCH;
}
static inline bool weft_op_is_presence(enum weft_op op)
{
    return op == WEFT_OP_EXISTS || op == WEFT_OP_NOT_EXISTS;
}
/* The type of the scalars that can hold: for numbers, INT. */
static inline enum weft_value_type weft_predicate_type(const struct weft_predicate *predicate)
{
    if (weft_op_is_match(predicate->op)) return WEFT_VALUE_STRING;
    return predicate->value.type == WEFT_VALUE_DOUBLE ? WEFT_VALUE_INT : predicate->value.type;
}
/* Exact order of an int and a double: <0, 0, >0; a cast of either would round beyond 2^53. NaN has no order: *is_ordered false. */
int weft_int_double_compare(int64_t i, double d, bool *is_ordered);
/* The sentences above for one value (not NOT_EXISTS, which is about a whole carrier). */
bool weft_predicate_holds_value(const struct weft_predicate *predicate,
                                const struct weft_value *value);
/* The sentences above for a whole span: the reference that every faster evaluation must agree
 * with. */
bool weft_predicate_holds_span(const struct weft_predicate *predicate,
                               const struct weft_span *span);
/* Time range and every predicate; the cursor is not asked. */
bool weft_search_matches_span(const struct weft_search *search, const struct weft_span *span);

/* Keeps the best `limit` different positions of a stream of hits: a heap whose worst is on top. Of
 * equal positions the first that came stays. */
struct weft_top {
    struct weft_top_entry {
        struct weft_search_position position;
        uint64_t row;
    } * heap;
    uint32_t count, limit;
    enum weft_order order;
    bool overflowed;                          /* something was pushed out: there is more */
    const struct weft_search_position *after; /* NULL: from the start */
    struct weft_search_position *known; /* a hash table of what the heap holds; kind 255: empty */
    uint32_t known_mask;
};
void weft_top_init(struct weft_top *top, const struct weft_search *search,
                   struct weft_arena *arena);
/* False when it is not among the best (or not after the cursor): the caller need not look at it
 * further. */
bool weft_top_offer(struct weft_top *top, const struct weft_search_position *position,
                    uint64_t row);
/* Sort best first; the heap is then a plain array. */
void weft_top_finish(struct weft_top *top);

#endif
