/* traceql_metrics_columns.c -- what a metrics function asks of a span, as columns of a source. */
#include "query/traceql_metrics_internal.h"

bool weft_metric_columns_init(struct weft_metric_columns *columns,
                              const struct weft_metric_leaf *leaf)
{
    const struct weft_metric_expr *expr = leaf->expr;
    *columns = (struct weft_metric_columns){ 0 };
    for (uint32_t i = 0; i < expr->by_count; i++)
        if (!weft_span_columns_add(&columns->all, &expr->by[i], &columns->by[i])) return false;
    if (weft_metric_counts(expr->function)) return true;
    columns->is_duration = expr->attribute.scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
                           expr->attribute.intrinsic == WEFT_INTRINSIC_DURATION;
    if (!columns->is_duration)
        return weft_span_columns_add(&columns->all, &expr->attribute, &columns->value);
    return weft_span_columns_put(&columns->all, WEFT_FIELD_DURATION, WEFT_SCOPE_ANY, WEFT_S("")) !=
           WEFT_NO_COLUMN;
}
