/* span_columns.h -- TraceQL's attributes and intrinsics as columns of a source.
 *
 * Shape      columns are collected, each once; a field is one of them, or a second one where the first has nothing (.a: the span's, else the
 *            resource's)
 * Threads    pure
 * Ownership  names are borrowed
 */
#ifndef WEFT_QUERY_SPAN_COLUMNS_H
#define WEFT_QUERY_SPAN_COLUMNS_H
#include "model/source.h"
#include "query/traceql.h"

#define WEFT_NO_COLUMN UINT8_MAX
struct weft_span_field {
    uint8_t first, second;                 /* of the columns, or NO_COLUMN */
    enum weft_traceql_type absent, of_int; /* of no code: NIL, or an empty STRING; of ints */
};
struct weft_span_columns {
    struct weft_span_column items[WEFT_SPAN_COLUMNS_MAX];
    uint32_t count;
};
/* WEFT_NO_COLUMN: there is no room for another. */
uint8_t weft_span_columns_put(struct weft_span_columns *columns, enum weft_field field,
                              enum weft_attribute_scope scope, struct weft_str key);
/* False: no column has it, or there is no room. */
bool weft_span_columns_add(struct weft_span_columns *columns,
                           const struct weft_traceql_attribute *attribute,
                           struct weft_span_field *out);
/* The value of a span, the same that weft_traceql_value() finds in it. */
void weft_span_field_value(const struct weft_span_field *field,
                           const struct weft_span_vector *vector, uint32_t index,
                           struct weft_arena *arena, struct weft_traceql_value *out);

#endif
