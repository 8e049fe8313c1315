/* trace_tree.h -- the tree of a trace: who called whom, in the order a person reads it.
 *
 * Shape      pre-order over spans: a parent before its children, siblings by start time, then span
 *            id
 * Threads    pure
 * Ownership  all arrays live in the arena; span numbers are indexes into the batch
 *
 * A span whose parent is not in the trace is an orphan and stands as a root. Where two spans share
 * an id (conflicting duplicates, Zipkin's shared spans), children hang below the first of them that
 * is not themselves; a shared server span hangs below its client. Circles are cut at their earliest
 * span, which becomes a root.
 */
#ifndef WEFT_QUERY_TRACE_TREE_H
#define WEFT_QUERY_TRACE_TREE_H
#include "model/span.h"

#define WEFT_NO_SPAN UINT32_MAX

struct weft_trace_node {
    uint32_t span;   /* index into the batch */
    uint32_t parent; /* index into nodes, or WEFT_NO_SPAN */
    uint32_t depth;  /* 0 for roots */
    uint32_t child_count;
    uint32_t descendant_count; /* they follow this node directly */
    bool is_orphan;            /* names a parent that is not here */
    bool is_duplicate;         /* an earlier span has the same id and kind, but other content */
};
struct weft_trace_tree {
    struct weft_trace_node *nodes; /* in pre-order */
    uint32_t count;
    uint32_t root; /* node of the earliest parentless span, or of the earliest span */
    uint32_t error_count, orphan_count, duplicate_count;
    uint32_t depth_max;
    uint64_t start_ns, end_ns; /* over all spans; an end before its start counts as the start */
};

void weft_trace_tree_build(struct weft_trace_tree *tree, const struct weft_batch *batch,
                           struct weft_arena *arena);

#endif
