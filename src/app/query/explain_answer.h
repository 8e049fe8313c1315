/* explain_answer.h -- the own API's answer to how a query is answered, read for the terminal (docs/api/explain.md).
 *
 * Ownership  in the arena; texts may point into the answer
 */
#ifndef WEFT_APP_QUERY_EXPLAIN_ANSWER_H
#define WEFT_APP_QUERY_EXPLAIN_ANSWER_H
#include "base/arena.h"
#include "base/str.h"

struct weft_explained_pieces {
    struct weft_str kind;
    uint64_t count, read, damaged, hopeless, out_of_range, too_old, not_reached;
};
struct weft_explained_condition {
    struct weft_str condition;
    uint64_t blocks, blocks_without, row_groups_without, rows_in, rows_out, bytes, time_ns;
};
struct weft_explained_step {
    struct weft_str step;
    uint64_t in, out, bytes, time_ns;
};
struct weft_explained_estimate {
    uint64_t bytes_least, bytes_most, rows_most;
};
struct weft_explained_inspected {
    uint64_t traces, spans, bytes;
};
struct weft_explained_pass {
    struct weft_str purpose, way, way_text, way_reason, selection, inexact_reason; /* empty: null */
    bool is_exact;
    struct weft_explained_pieces *pieces;
    uint32_t piece_count;
    struct weft_explained_condition *conditions;
    uint32_t condition_count;
    struct weft_explained_step *steps;
    uint32_t step_count;
    uint64_t candidates;
    struct weft_explained_inspected inspected;
};
struct weft_explained {
    struct weft_str query, answer_type, partial;
    uint64_t from_ns, to_ns; /* to_ns 0: no end */
    bool has_run, has_more;
    uint64_t answer_count;
    struct weft_explained_estimate estimate;
    struct weft_explained_pass *passes;
    uint32_t pass_count;
    uint64_t time_ns, cpu_ns;
    struct weft_explained_inspected inspected;
};
/* False: not such an answer. */
bool weft_explained_read(struct weft_explained *out, struct weft_str json,
                         struct weft_arena *arena);

#endif
