/* span_heat.h -- spans over time and duration: how many lie in each cell of a grid, for the heat map and the scatter plot.
 *
 * Shape      columns of equal time; rows of equal ratio, 8 to a factor of ten
 * Errors     those of the source; what a limit cuts is no error: inspected.partial_reason says it
 * Threads    one query thread
 * Ownership  the answer lives in the arena
 */
#ifndef WEFT_QUERY_SPAN_HEAT_H
#define WEFT_QUERY_SPAN_HEAT_H
#include "query/span_walk.h"

#define WEFT_HEAT_COLUMNS_MAX 500u
#define WEFT_HEAT_ROWS 146u /* up to 10^18 ns and beyond */

struct weft_heat_question {
    struct weft_span_walk walk; /* from_ns and to_ns are set: spans that start there are counted */
    uint32_t columns;           /* 1 to WEFT_HEAT_COLUMNS_MAX */
};
struct weft_heat_cell {
    uint32_t column, row;
    uint64_t span_count, error_count;
    struct weft_trace_id trace_id; /* of its slowest span */
    struct weft_span_id span_id;
    uint64_t duration_ns_max;
};
struct weft_heat {
    uint64_t start_ns, step_ns;
    struct weft_heat_cell *cells; /* that are not empty, by column, then row */
    uint32_t cell_count;
    uint64_t span_count, error_count;
    struct weft_trace_scan_result inspected;
};
int weft_heat(const struct weft_source *source, const struct weft_heat_question *question,
              struct weft_heat *out, struct weft_arena *arena, struct weft_err *err);

/* The least duration of a row: 0, 2, 2, 3, 4, 5, 6, 8, 10, 14, 18, 24 ... ns; a row ends where the next begins. */
uint64_t weft_heat_row_ns(uint32_t row);
uint32_t weft_heat_row_of(uint64_t duration_ns);

#endif
