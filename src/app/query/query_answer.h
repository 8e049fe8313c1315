/* query_answer.h -- the own API's answer to TraceQL, read for the terminal.
 *
 * Ownership  in the arena; texts may point into the answer
 */
#ifndef WEFT_APP_QUERY_QUERY_ANSWER_H
#define WEFT_APP_QUERY_QUERY_ANSWER_H
#include "app/hit_line.h"
#include "base/arena.h"

struct weft_answer_pair {
    struct weft_str name, value; /* a label, an attribute */
};
struct weft_answer_series {
    struct weft_answer_pair *labels;
    uint32_t label_count;
    double *points; /* NaN: none */
    uint32_t point_count;
};
struct weft_answer_span {
    struct weft_str name;
    uint64_t start_time_unix_nano, duration_ns;
    struct weft_answer_pair *attributes;
    uint32_t attribute_count;
};
struct weft_answer_spanset {
    uint64_t matched_span_count;
    struct weft_answer_pair *attributes;
    uint32_t attribute_count;
    struct weft_answer_span *spans;
    uint32_t span_count;
};
struct weft_answer_trace {
    struct weft_hit_line line;
    struct weft_answer_spanset *spansets;
    uint32_t spanset_count;
};
/* A span listed for itself, by spans(). */
struct weft_answer_row {
    struct weft_hit_line line;
    struct weft_str span_id;
    struct weft_answer_pair *attributes;
    uint32_t attribute_count;
};
struct weft_answer {
    bool is_series, has_rows;
    struct weft_answer_row *rows;
    uint32_t row_count;
    struct weft_answer_trace *traces;
    uint32_t trace_count;
    struct weft_answer_series *series;
    uint32_t series_count;
    uint64_t start_ns, step_ns; /* of point 0 and between points */
    bool has_more;
    struct weft_str partial, note, next_cursor; /* empty: none */
    uint64_t complete_from_ns;                  /* of a partial one; 0: not known */
};
/* False: not such an answer. */
bool weft_answer_read(struct weft_answer *out, struct weft_str json, struct weft_arena *arena);

#endif
