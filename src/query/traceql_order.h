/* traceql_order.h -- where an answer of a search stands among all of them: its order, its cursor, what makes two of them equal.
 *
 * Shape      the field of order(), nil last; then the newest start; then ids. So the order is total, and does not change when the
 *            store moves spans from file to file
 * Threads    pure
 * Spec       docs/traceql.md; query.md Q4.1.5 for what has no order()
 */
#ifndef WEFT_QUERY_TRACEQL_ORDER_H
#define WEFT_QUERY_TRACEQL_ORDER_H
#include "query/trace_view.h"

/* Of a field to order by, texts count up to here (cut at a character). */
#define WEFT_ORDER_TEXT_BYTES_MAX 256u

/* A trace; with spans() a span. */
struct weft_traceql_cursor {
    struct weft_traceql_value value; /* of order(); no array; NIL: none */
    uint64_t start_time_unix_nano;
    struct weft_trace_id trace_id;
    struct weft_span_id span_id; /* of a span */
    uint32_t number;             /* of a span: among those of its trace with its id and start */
};
/* Below 0: a comes first. */
int weft_traceql_cursor_compare(const struct weft_traceql_order *order,
                                const struct weft_traceql_cursor *a,
                                const struct weft_traceql_cursor *b);
/* What order() looks at in a span; NIL when it is not given. Texts may point into the trace. */
void weft_traceql_order_value(const struct weft_traceql_order *order, struct weft_trace_view *view,
                              uint32_t span, struct weft_traceql_value *out);
/* Below 0: a comes first. */
int weft_traceql_order_compare(const struct weft_traceql_order *order,
                               const struct weft_traceql_value *a,
                               const struct weft_traceql_value *b);

/* The values of some attributes in 16 bytes: equal for equal values, and only for those as far as anybody will live to see. */
struct weft_traceql_tuple {
    uint8_t bytes[16];
};
struct weft_traceql_tuple weft_traceql_tuple(const struct weft_traceql_attribute *attributes,
                                             uint32_t count, struct weft_trace_view *view,
                                             uint32_t span);

/* <start>.<trace id>.<span id>.<number>.<type and value>; what needs it in URLs is percent-encoded. */
struct weft_str weft_traceql_cursor_format(const struct weft_traceql_cursor *cursor,
                                           struct weft_arena *arena);
int weft_traceql_cursor_parse(struct weft_traceql_cursor *out, struct weft_str text,
                              struct weft_arena *arena, struct weft_err *err);

#endif
