/* traceql_print_query.c -- spansets, pipelines, metrics and whole queries back to text. */
#include "query/traceql_parser.h"
#include "query/traceql_words.h"

/* ---- spansets ---- */

static void print_pipeline(struct weft_buf *out, const struct weft_traceql_pipeline *pipeline);

static void print_filter(struct weft_buf *out, const struct weft_expr *expr)
{
    weft_buf_append_c(out, "{ ");
    if (expr != NULL) {
        weft_traceql_print_expr(out, expr);
        weft_buf_append_byte(out, ' ');
    }
    weft_buf_append_byte(out, '}');
}

static void print_operator(struct weft_buf *out, const struct weft_spanset_expr *set)
{
    static const char *const signs[] = {
        [WEFT_SPANSET_AND] = "&&",    [WEFT_SPANSET_OR] = "||",
        [WEFT_SPANSET_CHILD] = ">",   [WEFT_SPANSET_DESCENDANT] = ">>",
        [WEFT_SPANSET_PARENT] = "<",  [WEFT_SPANSET_ANCESTOR] = "<<",
        [WEFT_SPANSET_SIBLING] = "~",
    };
    weft_buf_printf(out, " %s%s%s ", set->is_negated ? "!" : "", set->is_union ? "&" : "",
                    signs[set->op]);
}

/* `among_pipelines`: every operand stands in parentheses. */
static void print_set(struct weft_buf *out, const struct weft_spanset_expr *set,
                      bool among_pipelines);

static void print_operand(struct weft_buf *out, const struct weft_spanset_expr *outer,
                          const struct weft_spanset_expr *set, bool among_pipelines)
{
    /* Balancing made this one, see parse_chain(); or it stands where grouping from the left puts it. */
    bool is_joint = set->op == outer->op && !set->has_pipeline &&
                    (outer->op == WEFT_SPANSET_AND || outer->op == WEFT_SPANSET_OR) &&
                    (set == outer->left || !outer->has_pipeline);
    bool is_bare = is_joint || (set->op == WEFT_SPANSET_FILTER && !among_pipelines);
    if (!is_bare) weft_buf_append_byte(out, '(');
    if (set->op == WEFT_SPANSET_FILTER)
        print_filter(out, set->expr);
    else if (set->op == WEFT_SPANSET_PIPELINE)
        print_pipeline(out, set->pipeline);
    else
        print_set(out, set, among_pipelines);
    if (!is_bare) weft_buf_append_byte(out, ')');
}

static void print_set(struct weft_buf *out, const struct weft_spanset_expr *set,
                      bool among_pipelines)
{
    if (set->op == WEFT_SPANSET_FILTER) {
        print_filter(out, set->expr);
        return;
    }
    print_operand(out, set, set->left, among_pipelines);
    print_operator(out, set);
    print_operand(out, set, set->right, among_pipelines);
}

/* ---- pipelines ---- */

static const char *comparison(enum weft_expr_op op)
{
    static const char *const signs[] = {
        [WEFT_EXPR_EQ] = " = ",  [WEFT_EXPR_NE] = " != ", [WEFT_EXPR_LT] = " < ",
        [WEFT_EXPR_LE] = " <= ", [WEFT_EXPR_GT] = " > ",  [WEFT_EXPR_GE] = " >= ",
    };
    return signs[op];
}

static void print_attributes(struct weft_buf *out, const struct weft_traceql_attribute *attributes,
                             uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) weft_buf_append_c(out, ", ");
        weft_traceql_print_attribute(out, &attributes[i]);
    }
}

static void print_stage(struct weft_buf *out, const struct weft_traceql_stage *stage)
{
    switch (stage->kind) {
    case WEFT_STAGE_SPANSET: print_set(out, stage->spanset, stage->spanset->has_pipeline); break;
    case WEFT_STAGE_AGGREGATE:
        weft_buf_append_str(out, stage->label);
        weft_buf_append_c(out, comparison(stage->compare));
        weft_traceql_print_literal(out, &stage->constant);
        break;
    case WEFT_STAGE_GROUP: weft_buf_append_str(out, stage->label); break;
    case WEFT_STAGE_SELECT:
        weft_buf_append_c(out, "select(");
        print_attributes(out, stage->attributes, stage->attribute_count);
        weft_buf_append_byte(out, ')');
        break;
    case WEFT_STAGE_COALESCE: weft_buf_append_c(out, "coalesce()"); break;
    }
}

static void print_pipeline(struct weft_buf *out, const struct weft_traceql_pipeline *pipeline)
{
    for (const struct weft_traceql_stage *stage = pipeline->first; stage != NULL;
         stage = stage->next) {
        if (stage != pipeline->first) weft_buf_append_c(out, " | ");
        print_stage(out, stage);
    }
}

/* ---- metrics ---- */

static void print_number(struct weft_buf *out, double number)
{
    struct weft_traceql_value value = { .type = WEFT_TRACEQL_FLOAT, .float_value = number };
    weft_traceql_print_literal(out, &value);
}

static void print_arguments(struct weft_buf *out, const struct weft_metric_expr *metric)
{
    switch (metric->function) {
    case WEFT_METRIC_RATE:
    case WEFT_METRIC_COUNT_OVER_TIME: break;
    case WEFT_METRIC_COMPARE:
        print_filter(out, metric->selection);
        weft_buf_printf(out, ", %u", metric->compare_top);
        if (metric->compare_end_ns != 0)
            weft_buf_printf(out, ", %llu, %llu", (unsigned long long)metric->compare_start_ns,
                            (unsigned long long)metric->compare_end_ns);
        break;
    default:
        weft_traceql_print_attribute(out, &metric->attribute);
        for (uint32_t i = 0; i < metric->quantile_count; i++) {
            weft_buf_append_c(out, ", ");
            print_number(out, metric->quantiles[i]);
        }
    }
}

static void print_leaf(struct weft_buf *out, const struct weft_metric_expr *metric)
{
    print_pipeline(out, metric->pipeline);
    weft_buf_printf(out, " | %s(", weft_metric_function_name(metric->function));
    print_arguments(out, metric);
    weft_buf_append_byte(out, ')');
    if (metric->by_count == 0) return;
    weft_buf_append_c(out, " by(");
    print_attributes(out, metric->by, metric->by_count);
    weft_buf_append_byte(out, ')');
}

static void print_seconds(struct weft_buf *out, const struct weft_metric_second *second)
{
    for (; second != NULL; second = second->next) {
        if (second->kind == WEFT_SECOND_FILTER) {
            weft_buf_append_c(out, comparison(second->compare));
            print_number(out, second->constant);
        } else {
            weft_buf_printf(out, " | %s(%u)", second->kind == WEFT_SECOND_TOPK ? "topk" : "bottomk",
                            second->k);
        }
    }
}

static void print_metric(struct weft_buf *out, const struct weft_metric_expr *metric,
                         bool is_operand)
{
    static const char *const signs[] = {
        [WEFT_METRIC_ADD] = " + ",
        [WEFT_METRIC_SUBTRACT] = " - ",
        [WEFT_METRIC_MULTIPLY] = " * ",
        [WEFT_METRIC_DIVIDE] = " / ",
    };
    if (metric->op == WEFT_METRIC_NUMBER) {
        weft_traceql_print_literal(out, &metric->number);
        return;
    }
    if (is_operand) weft_buf_append_byte(out, '(');
    if (metric->op == WEFT_METRIC_LEAF) {
        print_leaf(out, metric);
    } else {
        print_metric(out, metric->left, true);
        weft_buf_append_c(out, signs[metric->op]);
        print_metric(out, metric->right, true);
    }
    print_seconds(out, metric->seconds);
    if (is_operand) weft_buf_append_byte(out, ')');
}

/* ---- queries ---- */

static void print_finish(struct weft_buf *out, const struct weft_traceql_finish *finish)
{
    if (finish->distinct_count > 0) {
        weft_buf_append_c(out, " | distinct(");
        print_attributes(out, finish->distinct, finish->distinct_count);
        weft_buf_append_byte(out, ')');
    }
    if (finish->order.is_given) {
        weft_buf_append_c(out, " | order(");
        if (finish->order.is_start)
            weft_buf_append_c(out, "start");
        else
            weft_traceql_print_attribute(out, &finish->order.attribute);
        weft_buf_append_c(out, finish->order.is_descending ? " desc)" : " asc)");
    }
    if (finish->has_spans) weft_buf_append_c(out, " | spans()");
}

void weft_traceql_print(struct weft_buf *out, const struct weft_traceql_query *query)
{
    if (query->linked != NULL) {
        print_set(out, query->linked->other, false);
        weft_buf_append_c(out, query->linked->has_links ? " <-link- " : " -link-> ");
    }
    if (query->metrics != NULL)
        print_metric(out, query->metrics, false);
    else
        print_pipeline(out, query->pipeline);
    print_finish(out, &query->finish);
    if (query->hints == NULL) return;
    weft_buf_append_c(out, " with (");
    for (const struct weft_traceql_hint *hint = query->hints; hint != NULL; hint = hint->next) {
        if (hint != query->hints) weft_buf_append_c(out, ", ");
        weft_buf_append_str(out, hint->name);
        weft_buf_append_c(out, " = ");
        weft_traceql_print_literal(out, &hint->value);
    }
    weft_buf_append_byte(out, ')');
}
