/* selection.h -- a set of spans described so that a source can find it by its columns: predicates, joined by what TraceQL joins
 * filters with.
 *
 * Shape      a tree. Its meaning is a set of spans of each whole trace, from the leaves up; a trace is selected when its set is
 *            not empty. There is no complement: a node that selects more makes every node above select more, never less. So a
 *            query that cannot be said exactly is said by a larger set, and what comes back is judged by its own evaluation
 * Threads    plain data
 * Ownership  borrowed for the call
 * Spec       the tests' slow judge in tests/naive_store.c follows the sentences at the operators
 *
 * A span's parent is the first span of the trace that has the id it names, unless that is zero or its own. A span whose way upwards
 * comes back to itself has no parent. Siblings name the same parent, there or not, zero too; on such a circle a span has none
 * unless it names zero.
 */
#ifndef WEFT_MODEL_SELECTION_H
#define WEFT_MODEL_SELECTION_H
#include "model/predicate.h"

/* A tree is at most this high. */
#define WEFT_SELECTION_DEPTH_MAX 256u

enum weft_selection_op {
    WEFT_SELECT_ALL,       /* every span */
    WEFT_SELECT_PREDICATE, /* for which it holds (model/predicate.h) */
    WEFT_SELECT_INTERSECT, /* in left and in right */
    WEFT_SELECT_UNION,     /* in left or in right */
    WEFT_SELECT_AT_LEAST, /* right, in traces where left has at least `count` spans; elsewhere nothing */
    WEFT_SELECT_BOTH,       /* the union, in traces where neither is empty; elsewhere nothing */
    WEFT_SELECT_CHILD,      /* of right, whose parent is in left */
    WEFT_SELECT_DESCENDANT, /* of right, with one above that is in left */
    WEFT_SELECT_PARENT,     /* of right, that are the parent of one in left */
    WEFT_SELECT_ANCESTOR,   /* of right, with one below that is in left */
    WEFT_SELECT_SIBLING,    /* of right, with a sibling, not itself, that is in left */
};
struct weft_selection {
    enum weft_selection_op op;
    const struct weft_predicate *predicate;
    const struct weft_selection *left, *right;
    uint32_t count; /* of AT_LEAST; at least 1 */
};

/* Those for which all of them hold; a tree as flat as can be. NULL when there are none: every span. */
const struct weft_selection *weft_selection_all_of(const struct weft_predicate *predicates,
                                                   uint32_t count, struct weft_arena *arena);
/* No node is AT_LEAST, BOTH or structural: each span decides for itself. */
bool weft_selection_is_spanwise(const struct weft_selection *selection);
/* Whether a spanwise selection (NULL: all) has the span. */
bool weft_selection_holds_span(const struct weft_selection *selection,
                               const struct weft_span *span);
/* The sentences above for one whole trace: in[i] says whether the set has spans[i]. */
void weft_selection_mark(const struct weft_selection *selection, const struct weft_batch *trace,
                         bool *in, struct weft_arena *arena);
struct weft_buf;
/* "(span.key = "a" and duration > 1ms)", "child(left, right)". */
void weft_selection_print(struct weft_buf *out, const struct weft_selection *selection);

#endif
