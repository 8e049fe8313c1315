/* traceql_select_internal.h -- what the files that make selections share: sets of spans under construction. */
#ifndef WEFT_QUERY_TRACEQL_SELECT_INTERNAL_H
#define WEFT_QUERY_TRACEQL_SELECT_INTERNAL_H
#include "query/traceql_select.h"

struct weft_selecting {
    struct weft_arena *arena;
    _Atomic bool *is_regex_limited;
    uint32_t repeats; /* aggregates that say their spans twice: each may double the tree */
};
#define WEFT_SELECT_REPEATS_MAX 6u
enum weft_select_size { WEFT_SELECT_SOME, WEFT_SELECT_NOTHING, WEFT_SELECT_EVERYTHING };
/* At least the spans that are meant; with is_exact, these alone. */
struct weft_select_set {
    enum weft_select_size size;
    const struct weft_selection *node; /* of SOME */
    uint32_t height, leaf_count;       /* leaves as often as they are looked for */
    bool is_exact;
    const char *reason; /* why not */
};

static inline struct weft_select_set weft_select_everything(bool is_exact)
{
    return (struct weft_select_set){ .size = WEFT_SELECT_EVERYTHING, .is_exact = is_exact };
}
static inline struct weft_select_set weft_select_nothing(void)
{
    return (struct weft_select_set){ .size = WEFT_SELECT_NOTHING, .is_exact = true };
}
/* As far as known there may be others; but of nothing there are none. */
static inline struct weft_select_set weft_select_inexact(struct weft_select_set set)
{
    set.is_exact = set.size == WEFT_SELECT_NOTHING;
    return set;
}
/* Why it is not exact, unless that is said already. */
static inline struct weft_select_set weft_select_because(struct weft_select_set set,
                                                         const char *reason)
{
    if (set.reason == NULL && !set.is_exact) set.reason = reason;
    return set;
}
/* Exact. */
struct weft_select_set weft_select_leaf(struct weft_selecting *s, struct weft_predicate predicate);
/* Exact when both are. Without a place for it in a tree of full height it is everything, or of an intersection one side. */
struct weft_select_set weft_select_join(struct weft_selecting *s, enum weft_selection_op op,
                                        struct weft_select_set left, struct weft_select_set right);

/* right, in traces where left has so many. Exact when both are. */
struct weft_select_set weft_select_set_at_least(struct weft_selecting *s, uint32_t count,
                                                struct weft_select_set left,
                                                struct weft_select_set right);

/* An attribute compared with a constant. */
struct weft_select_question {
    const struct weft_traceql_attribute *attribute;
    enum weft_expr_op op;
    struct weft_traceql_value literal;
    const struct weft_regex *regex; /* of MATCH and NOT_MATCH */
};
/* The spans for which it is true; or, unless `wanted`, not true. Of events and links: with one for which it is. */
struct weft_select_set weft_select_question(struct weft_selecting *s,
                                            const struct weft_select_question *question,
                                            bool wanted);
/* The attribute is there, with a value. */
struct weft_select_set weft_select_presence(struct weft_selecting *s,
                                            const struct weft_traceql_attribute *attribute,
                                            bool is_there);
/* What is left of `set` by `aggregate compare constant`; is_grouped: it may stand in several spansets. */
struct weft_select_set weft_select_aggregate(struct weft_selecting *s,
                                             const struct weft_traceql_stage *stage,
                                             struct weft_select_set set, bool is_grouped);
/* The spans for which the expression is true. */
struct weft_select_set weft_select_filter(struct weft_selecting *s, const struct weft_expr *expr);

#endif
