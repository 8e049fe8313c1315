/* traceql_metrics_leaf.c -- one metrics function takes in the spans of a trace (Q6.1, Q6.2.2, Q6.3, Q6.9.1). */
#include "query/metric_limit.h"
#include "query/traceql_metrics_internal.h"

#include <math.h>

/* An attribute as the expression that asks for it. */
static struct weft_expr attribute_expr(const struct weft_traceql_attribute *attribute)
{
    struct weft_expr expr = { .op = WEFT_EXPR_ATTRIBUTE,
                              .type = WEFT_TRACEQL_UNKNOWN,
                              .attribute = *attribute,
                              .has_event = attribute->scope == WEFT_TRACEQL_SCOPE_EVENT,
                              .has_link = attribute->scope == WEFT_TRACEQL_SCOPE_LINK };
    if (attribute->scope != WEFT_TRACEQL_SCOPE_INTRINSIC) return expr;
    const struct weft_traceql_intrinsic_info *info = &weft_traceql_intrinsics[attribute->intrinsic];
    expr.type = info->type;
    expr.has_event = info->level == WEFT_TRACEQL_SCOPE_EVENT;
    expr.has_link = info->level == WEFT_TRACEQL_SCOPE_LINK;
    return expr;
}

/* by() before a metrics function splits and does not choose, select() and coalesce() change nothing it looks at. */
static bool is_per_span(const struct weft_traceql_pipeline *pipeline)
{
    for (const struct weft_traceql_stage *stage = pipeline->first; stage != NULL;
         stage = stage->next) {
        if (stage->kind == WEFT_STAGE_AGGREGATE) return false;
        if (stage->kind == WEFT_STAGE_SPANSET && stage->spanset->op != WEFT_SPANSET_FILTER)
            return false;
    }
    return true;
}

/* Span durations are shown in seconds; the limits of buckets are, of every duration. */
static bool is_in_seconds(const struct weft_metric_leaf *leaf)
{
    const struct weft_metric_expr *expr = leaf->expr;
    switch (expr->function) {
    case WEFT_METRIC_HISTOGRAM_OVER_TIME:
    case WEFT_METRIC_QUANTILE_OVER_TIME: return leaf->value.type == WEFT_TRACEQL_DURATION;
    case WEFT_METRIC_MIN_OVER_TIME:
    case WEFT_METRIC_MAX_OVER_TIME:
    case WEFT_METRIC_AVG_OVER_TIME:
    case WEFT_METRIC_SUM_OVER_TIME:
        return expr->attribute.scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
               expr->attribute.intrinsic == WEFT_INTRINSIC_DURATION;
    default: return false;
    }
}

void weft_metric_leaf_init(struct weft_metric_leaf *leaf, const struct weft_metric_expr *expr,
                           struct weft_metric_run *run)
{
    *leaf = (struct weft_metric_leaf){ .expr = expr, .is_per_span = is_per_span(expr->pipeline) };
    leaf->value = attribute_expr(&expr->attribute);
    for (uint32_t i = 0; i < expr->by_count; i++) leaf->by[i] = attribute_expr(&expr->by[i]);
    leaf->is_in_seconds = is_in_seconds(leaf);
    leaf->is_exact = run->is_exact && expr->function == WEFT_METRIC_QUANTILE_OVER_TIME;
    leaf->is_precise = run->is_precise && expr->function == WEFT_METRIC_QUANTILE_OVER_TIME;
    weft_metric_groups_init(&leaf->groups, run->window.count);
    weft_metric_groups_init(&leaf->exact, run->window.count);
    if (expr->function == WEFT_METRIC_COMPARE) return;
    weft_metric_exemplars_init(&leaf->exemplars, &run->window, run->exemplars_max / run->leaf_count,
                               expr->by_count > 0, &run->arena);
}

void weft_metric_leaf_release(struct weft_metric_leaf *leaf)
{
    weft_metric_groups_release(&leaf->groups);
    weft_metric_groups_release(&leaf->exact);
}

/* ---- memory ---- */

static uint64_t bytes_held(const struct weft_metric_run *run)
{
    uint64_t bytes = run->arena.total_bytes;
    for (uint32_t i = 0; i < run->leaf_count; i++)
        bytes += weft_metric_groups_bytes(&run->leaves[i].groups) +
                 weft_metric_groups_bytes(&run->leaves[i].exact);
    return bytes;
}

bool weft_metric_has_memory(struct weft_metric_run *run)
{
    run->bytes_held = bytes_held(run);
    if (run->bytes_held <= run->memory_bytes_max) return true;
    weft_metric_partial(run, "memory limit");
    return false;
}

/* New groups may take half of the memory: those that are there then still have room to grow, and stay right. */
struct weft_metric_group *weft_metric_leaf_group(struct weft_metric_leaf *leaf,
                                                 struct weft_metric_groups *groups,
                                                 struct weft_metric_run *run)
{
    uint32_t count = groups->count;
    struct weft_metric_group *group = weft_metric_groups_find(
        groups, weft_buf_str(&run->key), run->bytes_held < run->memory_bytes_max / 2);
    if (groups->count > count) run->bytes_held = bytes_held(run);
    if (group == NULL && groups == &leaf->groups)
        weft_metric_partial(run, "memory limit: some series are left out");
    return group;
}

/* ---- one sample ---- */

bool weft_metric_number(const struct weft_traceql_value *value, long double *out)
{
    switch (value->type) {
    case WEFT_TRACEQL_INT:
    case WEFT_TRACEQL_DURATION: *out = (long double)value->int_value; return true;
    case WEFT_TRACEQL_FLOAT:
        *out = (long double)value->float_value;
        return !isnan(value->float_value);
    default: return false;
    }
}

/* Exact quantiles need every value; where they do not fit, buckets answer. */
static void exact_add(struct weft_metric_leaf *leaf, struct weft_metric_run *run, size_t labels_len,
                      long double number, uint32_t bucket, double weight)
{
    struct weft_traceql_value value = { .type = WEFT_TRACEQL_FLOAT, .float_value = (double)number };
    run->key.len = labels_len;
    weft_metric_key_append(&run->key, &value);
    struct weft_metric_group *group = weft_metric_leaf_group(leaf, &leaf->exact, run);
    if (group == NULL) {
        weft_metric_groups_release(&leaf->exact);
        leaf->is_exact = false;
        weft_metric_partial(run, "memory limit: quantiles are not exact");
        return;
    }
    weft_metric_group_cell(&leaf->exact, group, bucket)->weight += weight;
}

/* The values of by(). A label without value is not shown beside others; when there is no other, the first one says `nil`, and is
 * the same series as one whose value is that text. */
void weft_metric_labels_key(const struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                            struct weft_traceql_value *labels)
{
    uint32_t nil_count = 0, count = leaf->expr->by_count;
    for (uint32_t i = 0; i < count; i++)
        nil_count += labels[i].type == WEFT_TRACEQL_NIL || labels[i].type == WEFT_TRACEQL_ARRAY ||
                     labels[i].type == WEFT_TRACEQL_OPAQUE;
    if (nil_count == count && count > 0 && !weft_metric_has_buckets(leaf->expr->function))
        labels[0] =
            (struct weft_traceql_value){ .type = WEFT_TRACEQL_STRING, .text = WEFT_S("nil") };
    weft_buf_reset(&run->key);
    for (uint32_t i = 0; i < count; i++) weft_metric_key_append(&run->key, &labels[i]);
}

static void labels_append(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                          struct weft_trace_view *view, uint32_t span)
{
    struct weft_traceql_value labels[WEFT_TRACEQL_LABELS_MAX];
    for (uint32_t i = 0; i < leaf->expr->by_count; i++)
        weft_traceql_value(view, &leaf->by[i], span, &labels[i]);
    weft_metric_labels_key(leaf, run, labels);
}

static double weight_of(const struct weft_metric_run *run, const struct weft_span *span)
{
    return run->is_extrapolated ? weft_metric_weight(span->trace_state) : 1;
}

static void sample_add(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                       struct weft_trace_view *view, uint32_t span, uint32_t bucket)
{
    enum weft_metric_function function = leaf->expr->function;
    const struct weft_span *s = &view->batch->spans[span];
    bool counts = weft_metric_counts(function), has_buckets = weft_metric_has_buckets(function);
    struct weft_traceql_value value, limit = { .type = WEFT_TRACEQL_INT };
    long double number = 0;
    if (!counts) {
        weft_traceql_value(view, &leaf->value, span, &value);
        if (!weft_metric_number(&value, &number)) return;
    }
    labels_append(leaf, run, view, span);
    size_t labels_len = run->key.len;
    double weight = weight_of(run, s);
    if (leaf->is_exact) exact_add(leaf, run, labels_len, number, bucket, weight);
    run->key.len = labels_len;
    if (has_buckets) {
        if (!weft_metric_limit(&value, leaf->is_precise, &limit.int_value)) return;
        weft_metric_key_append(&run->key, &limit);
    }
    struct weft_metric_group *group = weft_metric_leaf_group(leaf, &leaf->groups, run);
    if (group == NULL) return;
    weft_metric_cell_add(weft_metric_group_cell(&leaf->groups, group, bucket), function, number,
                         weight);
    struct weft_metric_exemplar sample = {
        .group = (uint32_t)(group - leaf->groups.items),
        .bucket = bucket,
        .shown = { s->trace_id, s->span_id, s->start_time_unix_nano,
                   counts ? NAN : (double)(leaf->is_in_seconds ? number / 1e9L : number) },
    };
    if (leaf->exemplars.slice_count == 0) return;
    weft_metric_exemplar_offer(
        weft_metric_exemplar_slot(&leaf->exemplars,
                                  weft_metric_exemplar_class(&leaf->exemplars, group->key),
                                  s->start_time_unix_nano),
        &leaf->groups, &sample);
}

/* ---- one trace ---- */

static void span_add(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                     struct weft_trace_view *view, uint32_t span)
{
    bool is_walked = view->order != NULL;
    struct weft_arena_mark mark = weft_arena_mark(view->arena);
    uint32_t bucket;
    if (!weft_metric_bucket(&run->window, view->batch->spans[span].start_time_unix_nano, &bucket))
        return;
    if (leaf->expr->function == WEFT_METRIC_COMPARE)
        weft_metric_compare_add(leaf, run, view, span, bucket);
    else
        sample_add(leaf, run, view, span, bucket);
    /* What was asked of this span is in the groups now; a walk made meanwhile stays. */
    if (is_walked == (view->order != NULL)) weft_arena_rewind(view->arena, mark);
}

static bool filters_hold(const struct weft_metric_leaf *leaf, struct weft_trace_view *view,
                         uint32_t span)
{
    for (const struct weft_traceql_stage *stage = leaf->expr->pipeline->first; stage != NULL;
         stage = stage->next)
        if (stage->kind == WEFT_STAGE_SPANSET &&
            !weft_traceql_holds(view, stage->spanset->expr, span))
            return false;
    return true;
}

/* The time is asked first: most spans of a long trace may lie outside of the window. */
static void visit_per_span(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                           struct weft_trace_view *view)
{
    uint32_t bucket;
    for (uint32_t i = 0; i < view->batch->span_count; i++)
        if (weft_metric_bucket(&run->window, view->batch->spans[i].start_time_unix_nano, &bucket) &&
            filters_hold(leaf, view, i))
            span_add(leaf, run, view, i);
}

static void visit_spansets(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                           struct weft_trace_view *view)
{
    struct weft_spansets sets;
    run->rc = weft_traceql_eval(view, leaf->expr->pipeline, &sets, run->err);
    if (run->rc < 0) return;
    for (uint32_t i = 0; i < sets.count; i++)
        for (uint32_t s = 0; s < sets.items[i].count; s++)
            span_add(leaf, run, view, sets.items[i].spans[s]);
}

/* What a limit stops is no error: the answer is partial. */
static bool goes_on(struct weft_metric_run *run, int rc)
{
    if (rc == WEFT_FULL)
        weft_metric_partial(run, "memory limit: a trace is left out");
    else if (rc == WEFT_TIMEOUT)
        weft_metric_partial(run, "time limit");
    else if (rc == WEFT_CANCELLED)
        weft_metric_partial(run, "cancelled");
    run->rc = rc == WEFT_FULL || rc == WEFT_TIMEOUT || rc == WEFT_CANCELLED ? WEFT_OK : rc;
    return rc == WEFT_OK || rc == WEFT_FULL;
}

bool weft_metric_leaf_visit(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                            struct weft_trace_view *view)
{
    if (leaf->is_per_span)
        visit_per_span(leaf, run, view);
    else
        visit_spansets(leaf, run, view);
    if (!goes_on(run, run->rc == WEFT_OK ? view->stopped : run->rc)) return false;
    return weft_metric_has_memory(run);
}
