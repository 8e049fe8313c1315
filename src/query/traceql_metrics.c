/* traceql_metrics.c -- a metrics query: one pass over the traces for all of its functions, then series (Q6, Q7.3). */
#include "query/traceql_metrics.h"

#include "query/traceql_metrics_internal.h"
#include "query/traceql_select.h"
#include <inttypes.h>
#include <math.h>

enum { DEPTH_MAX = 1000 };

/* ---- what is asked ---- */

/* Q6.1.3: first and last bucket border are multiples of the step. */
static int window_make(struct weft_metric_window *window, const struct weft_metrics_range *range,
                       struct weft_err *err)
{
    if (range->end_ns <= range->start_ns)
        return weft_fail(err, WEFT_INVALID, "end must be greater than start");
    uint64_t length = range->end_ns - range->start_ns, step = range->step_ns;
    if (step == 0) {
        *window = (struct weft_metric_window){ range->end_ns, length, range->end_ns, 1 };
        return WEFT_OK;
    }
    if (length / step > WEFT_METRIC_INTERVALS_MAX)
        return weft_fail(err, WEFT_INVALID,
                         "step of %" PRIu64 " ns cuts the range into %" PRIu64
                         " intervals, at most %u expected",
                         step, length / step, WEFT_METRIC_INTERVALS_MAX);
    uint64_t rest = range->end_ns % step, first = range->start_ns - range->start_ns % step;
    uint64_t last = range->end_ns;
    if (rest != 0 && __builtin_add_overflow(range->end_ns, step - rest, &last))
        return weft_fail(err, WEFT_INVALID, "the step that ends after end is beyond all times");
    *window =
        (struct weft_metric_window){ first, step, last, (uint32_t)((last - first) / step) + 1 };
    return WEFT_OK;
}

/* The functions below `expr`; what the parser promises is checked, and what it need not bound is bounded. */
static int leaves_count(const struct weft_metric_expr *expr, unsigned depth, uint32_t *count,
                        struct weft_err *err)
{
    int rc;
    if (expr->op == WEFT_METRIC_LEAF) {
        if (++*count <= WEFT_METRIC_LEAVES_MAX) return WEFT_OK;
        return weft_fail(err, WEFT_INVALID, "more than %u metrics in one expression",
                         WEFT_METRIC_LEAVES_MAX);
    }
    if (depth > DEPTH_MAX)
        return weft_fail(err, WEFT_INVALID, "more than %d operators within each other", DEPTH_MAX);
    if (expr->op == WEFT_METRIC_NUMBER ||
        (expr->left->op == WEFT_METRIC_NUMBER && expr->right->op == WEFT_METRIC_NUMBER))
        return weft_fail(err, WEFT_INVALID, "an expression of numbers alone is no metrics query");
    if (expr->left->op != WEFT_METRIC_NUMBER &&
        (rc = leaves_count(expr->left, depth + 1, count, err)) < 0)
        return rc;
    return expr->right->op == WEFT_METRIC_NUMBER ? WEFT_OK
                                                 : leaves_count(expr->right, depth + 1, count, err);
}

static void leaves_init(struct weft_metric_run *run, const struct weft_metric_expr *expr,
                        uint32_t *at)
{
    if (expr->op == WEFT_METRIC_LEAF)
        weft_metric_leaf_init(&run->leaves[(*at)++], expr, run);
    else if (expr->op != WEFT_METRIC_NUMBER) {
        leaves_init(run, expr->left, at);
        leaves_init(run, expr->right, at);
    }
}

static uint32_t exemplars_hint(const struct weft_traceql_value *value, uint32_t given)
{
    if (value->type == WEFT_TRACEQL_BOOL) return value->bool_value ? WEFT_METRIC_EXEMPLARS_MAX : 0;
    if (value->type != WEFT_TRACEQL_INT || value->int_value < 0) return given;
    return value->int_value < WEFT_METRIC_EXEMPLARS_MAX ? (uint32_t)value->int_value
                                                        : WEFT_METRIC_EXEMPLARS_MAX;
}

static bool is_true(const struct weft_traceql_value *value)
{
    return value->type == WEFT_TRACEQL_BOOL && value->bool_value;
}

/* Q6.9; names unknown here mean nothing. */
static void hints_read(struct weft_metric_run *run, const struct weft_traceql_hint *hint)
{
    for (; hint != NULL; hint = hint->next) {
        if (weft_str_equal(hint->name, WEFT_S("exemplars")))
            run->exemplars_max = exemplars_hint(&hint->value, run->exemplars_max);
        else if (weft_str_equal(hint->name, WEFT_S("extrapolate")))
            run->is_extrapolated = is_true(&hint->value);
        else if (weft_str_equal(hint->name, WEFT_S("exact")))
            run->is_exact = is_true(&hint->value);
        else if (weft_str_equal(hint->name, WEFT_S("precise")))
            run->is_precise = is_true(&hint->value);
        else if (weft_str_equal(hint->name, WEFT_S("sample")) ||
                 weft_str_equal(hint->name, WEFT_S("span_sample")) ||
                 weft_str_equal(hint->name, WEFT_S("trace_sample")))
            run->note = "sampling was not needed: every span was counted";
    }
}

/* ---- the pass ---- */

bool weft_metric_trace_visit(struct weft_metric_run *run, struct weft_metric_leaf *leaves,
                             uint32_t leaf_count, const struct weft_batch *trace)
{
    struct weft_trace_view view;
    bool goes_on = true;
    weft_arena_reset(&run->trace_arena);
    weft_trace_view_init(&view, trace, &run->trace_arena);
    view.deadline_monotonic_ns = run->range->deadline_monotonic_ns;
    view.cancelled = run->range->cancelled;
    view.memory_bytes_max = run->memory_bytes_max;
    for (uint32_t i = 0; i < leaf_count && goes_on; i++)
        goes_on = weft_metric_leaf_visit(&leaves[i], run, &view);
    if (view.is_regex_limited) weft_metric_partial(run, "limit of a regular expression");
    if (trace->partial_reason != NULL) weft_metric_partial(run, trace->partial_reason);
    return goes_on;
}

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct weft_metric_run *run = arg;
    return weft_metric_trace_visit(run, run->leaves, run->leaf_count, trace);
}

const char *weft_metric_purpose(const struct weft_metric_run *run,
                                const struct weft_metric_leaf *leaf)
{
    struct weft_metric_expr alone = *leaf->expr;
    const struct weft_traceql_query query = { .metrics = &alone };
    struct weft_buf text = { 0 };

    if (run->range->explain == NULL) return NULL;
    alone.seconds = NULL;
    weft_traceql_print(&text, &query);
    const char *copy = weft_arena_copy_c(run->range->explain->arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return copy;
}

/* All functions at once, trace by trace. What one of them does not need another may: then every trace is visited. */
static int traces_scan(struct weft_metric_run *run, const struct weft_source *source,
                       const char *reason, struct weft_trace_scan_result *found)
{
    struct weft_traceql_selection selection = { 0 };
    struct weft_trace_scan wanted = {
        .from_ns = weft_metric_window_from(&run->window),
        .to_ns = weft_metric_window_to(&run->window),
        .deadline_monotonic_ns = run->range->deadline_monotonic_ns,
        .cancelled = run->range->cancelled,
        .reads = run->range->reads,
    };
    selection.inexact_reason = "several functions look at the same traces";
    if (run->leaf_count == 1)
        weft_traceql_select(&selection, run->leaves[0].expr->pipeline,
                            weft_metric_selection_arena(run));
    const struct weft_explain_pass pass = {
        .purpose = run->leaf_count == 1 ? weft_metric_purpose(run, &run->leaves[0])
                                        : "all functions at once",
        .way = selection.is_empty       ? WEFT_WAY_NOTHING
               : selection.tree != NULL ? WEFT_WAY_SELECTED
                                        : WEFT_WAY_EVERY,
        .way_reason = reason,
        .selection = selection.tree,
        .is_exact = selection.is_exact,
        .inexact_reason = selection.inexact_reason,
    };
    wanted.report = weft_explain_begin(run->range->explain, &pass);
    if (selection.is_empty) return WEFT_OK;
    wanted.selection = selection.tree;
    int rc = source->traces(source->self, &wanted, visit, run, found, run->err);
    weft_explain_end(run->range->explain, found);
    if (selection.is_regex_limited != NULL && *selection.is_regex_limited)
        weft_metric_partial(run, "limit of a regular expression");
    return rc;
}

/* One function after the other, from columns. */
static int vectors_scan(struct weft_metric_run *run, const struct weft_source *source,
                        struct weft_trace_scan_result *found)
{
    int rc = WEFT_OK;
    for (uint32_t i = 0; i < run->leaf_count && rc == WEFT_OK && run->rc == WEFT_OK; i++)
        rc = weft_metric_vectors_scan(&run->leaves[i], run, source, found);
    return rc;
}

static const char *vectors_refuse(const struct weft_metric_run *run,
                                  const struct weft_source *source)
{
    const char *reason = source->spans == NULL ? "this source has no columns" : NULL;
    for (uint32_t i = 0; i < run->leaf_count && reason == NULL; i++)
        reason = weft_metric_vectors_refuse(&run->leaves[i], run);
    return reason;
}

static int scan(struct weft_metric_run *run, const struct weft_source *source,
                struct weft_metrics_result *out)
{
    struct weft_trace_scan_result found = { 0 };
    const char *reason = vectors_refuse(run, source);
    int rc = reason == NULL ? vectors_scan(run, source, &found)
                            : traces_scan(run, source, reason, &found);
    if (rc == WEFT_OK) rc = run->rc;
    if (rc < 0) return rc;
    if (found.partial_reason != NULL) weft_metric_partial(run, found.partial_reason);
    out->inspected_traces = found.inspected_traces;
    out->inspected_spans = found.inspected_spans;
    out->inspected_bytes = found.inspected_bytes;
    return WEFT_OK;
}

/* ---- the answer ---- */

/* Counts are shown at their point; an exemplar whose point was dropped goes too. */
static void exemplars_copy(struct weft_series *to, const struct weft_series *from,
                           const struct weft_metric_window *window, struct weft_arena *arena)
{
    uint32_t bucket;
    to->exemplars = weft_arena_alloc_array(arena, from->exemplar_count, sizeof *to->exemplars);
    to->exemplar_count = 0;
    for (uint32_t i = 0; i < from->exemplar_count; i++) {
        struct weft_series_exemplar exemplar = from->exemplars[i];
        if (!weft_metric_bucket(window, exemplar.time_unix_nano, &bucket)) continue;
        if (isnan(from->points[bucket])) continue;
        if (isnan(exemplar.value)) exemplar.value = from->points[bucket];
        to->exemplars[to->exemplar_count++] = exemplar;
    }
}

static void series_copy(struct weft_series *to, const struct weft_series *from,
                        const struct weft_metric_window *window, struct weft_arena *arena)
{
    *to = *from;
    to->labels = weft_arena_alloc_array(arena, from->label_count, sizeof *to->labels);
    to->points = weft_arena_alloc_array(arena, from->point_count, sizeof *to->points);
    memcpy(to->points, from->points, from->point_count * sizeof *to->points);
    for (uint32_t i = 0; i < from->label_count; i++) {
        to->labels[i] = from->labels[i];
        to->labels[i].name = weft_arena_copy(arena, from->labels[i].name);
        if (to->labels[i].value.type == WEFT_TRACEQL_STRING)
            to->labels[i].value.text = weft_arena_copy(arena, from->labels[i].value.text);
    }
    exemplars_copy(to, from, window, arena);
}

static void answer(struct weft_metric_run *run, const struct weft_metric_expr *expr,
                   struct weft_metrics_result *out, struct weft_arena *arena)
{
    struct weft_series_set set = { 0 };
    weft_metric_evaluate(run, expr, &set);
    weft_series_set_sort(&set);
    out->series_count = set.count;
    if (run->range->series_max != 0 && set.count > run->range->series_max) {
        out->series_count = run->range->series_max;
        weft_metric_partial(run, "series limit: the first ones by labels are given");
    }
    out->series = weft_arena_alloc_array(arena, out->series_count, sizeof *out->series);
    for (uint32_t i = 0; i < out->series_count; i++)
        series_copy(&out->series[i], &set.items[i], &run->window, arena);
    out->first_ns = run->window.first_ns;
    out->step_ns = run->window.step_ns;
    out->partial_reason = run->partial_reason;
    out->note = run->note;
}

static void run_release(struct weft_metric_run *run)
{
    for (uint32_t i = 0; i < run->leaf_count; i++) weft_metric_leaf_release(&run->leaves[i]);
    weft_buf_release(&run->key);
    weft_arena_release(&run->trace_arena);
    weft_arena_release(&run->arena);
}

int weft_traceql_metrics(const struct weft_source *source, const struct weft_traceql_query *query,
                         const struct weft_metrics_range *range, struct weft_metrics_result *out,
                         struct weft_arena *arena, struct weft_err *err)
{
    struct weft_metric_run run = { .range = range,
                                   .exemplars_max = range->exemplars_max,
                                   .memory_bytes_max = range->memory_bytes_max,
                                   .err = err };
    uint32_t at = 0;
    int rc;
    *out = (struct weft_metrics_result){ 0 };
    if (query->metrics == NULL)
        return weft_fail(err, WEFT_INVALID,
                         "not a metrics query: found no metrics function, expected one like "
                         "`| rate()` at the end");
    if ((rc = window_make(&run.window, range, err)) < 0) return rc;
    run.window.per_2ns = 2.0 / (double)run.window.step_ns;
    if ((rc = leaves_count(query->metrics, 0, &run.leaf_count, err)) < 0) return rc;
    if (run.memory_bytes_max == 0) run.memory_bytes_max = WEFT_METRIC_MEMORY_BYTES;
    if (run.exemplars_max > WEFT_METRIC_EXEMPLARS_MAX)
        run.exemplars_max = WEFT_METRIC_EXEMPLARS_MAX;
    hints_read(&run, query->hints);
    weft_arena_init(&run.arena, 0);
    weft_arena_init(&run.trace_arena, 0);
    run.leaves = weft_arena_alloc_array(&run.arena, run.leaf_count, sizeof *run.leaves);
    leaves_init(&run, query->metrics, &at);
    rc = scan(&run, source, out);
    if (rc == WEFT_OK) answer(&run, query->metrics, out, arena);
    run_release(&run);
    return rc;
}
