/* query_print.h -- an answer to TraceQL in the terminal: traces as lines, series as a table with a sparkline each; and both as CSV.
 *
 * Threads    pure; `now_unix_ns` is handed in
 */
#ifndef WEFT_APP_QUERY_QUERY_PRINT_H
#define WEFT_APP_QUERY_QUERY_PRINT_H
#include "app/query/query_answer.h"

/* One line a trace, as weft search has them; below it what by() and aggregates gave, and spans where the answer lists some. */
void weft_query_print_traces(struct weft_buf *out, const struct weft_answer *answer,
                             const struct weft_terminal *terminal);
/* One line a span with its trace's id, below it the attributes. */
void weft_query_print_spans(struct weft_buf *out, const struct weft_answer *answer,
                            const struct weft_terminal *terminal);
/* Labels, last, min, max, sparkline; the series with the highest point first. A step that is not over at `now` counts for the
 * sparkline alone. */
void weft_query_print_series(struct weft_buf *out, const struct weft_answer *answer,
                             const struct weft_terminal *terminal, uint64_t now_unix_ns,
                             struct weft_arena *arena);
/* One line a trace; one line a span; one line a point. */
void weft_query_csv_traces(struct weft_buf *out, const struct weft_answer *answer);
void weft_query_csv_spans(struct weft_buf *out, const struct weft_answer *answer);
void weft_query_csv_series(struct weft_buf *out, const struct weft_answer *answer);

/* The query with a caret under the place where it does not fit; of a long line the part around it. */
void weft_query_print_place(struct weft_buf *out, struct weft_str query, uint32_t line,
                            uint32_t column, const struct weft_terminal *terminal);
/* Says on standard error what became of a question with `query` in it, with the caret when `place` knows one. Returns the exit status. */
struct weft_command;
struct weft_ask_place;
int weft_query_fail(const struct weft_command *command, int rc, const char *query,
                    const struct weft_ask_place *place, int colour, const struct weft_err *err);

#endif
