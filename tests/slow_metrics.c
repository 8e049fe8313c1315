/* slow_metrics.c -- windows, second stages and arithmetic of the slow judge's metrics (Q6.1.3, Q6.4 - Q6.7); see slow_metrics.h. */
#include "slow_metrics.h"
#include "base/assert.h"
#include <math.h>
#include <stdlib.h>

/* ---- series ---- */

struct slow_series *slow_series_add(struct slow_metering *m, struct slow_series_list *list)
{
    if (list->count == list->capacity) {
        list->items = weft_arena_grow(m->arena, list->items, list->capacity * sizeof *list->items,
                                      (list->capacity * 2 + 16) * sizeof *list->items);
        list->capacity = list->capacity * 2 + 16;
    }
    struct slow_series *series = &list->items[list->count++];
    *series = (struct slow_series){ .points = weft_arena_alloc_array(
                                        m->arena, m->window.point_count, sizeof(double)) };
    return series;
}

void slow_label_add(struct slow_series *series, const char *name, struct weft_traceql_value value)
{
    WEFT_ASSERT(series->label_count < SLOW_LABELS_MAX, "label %s", name);
    series->labels[series->label_count++] =
        (struct slow_label){ .name = weft_str_from_c(name), .value = value };
}

static bool has_label(const struct slow_series *series, const struct slow_label *label)
{
    for (uint32_t i = 0; i < series->label_count; i++)
        if (weft_str_equal(series->labels[i].name, label->name) &&
            slow_same(&series->labels[i].value, &label->value))
            return true;
    return false;
}

bool slow_labels_equal(const struct slow_series *a, const struct slow_series *b)
{
    for (uint32_t i = 0; i < a->label_count; i++)
        if (!has_label(b, &a->labels[i])) return false;
    return a->label_count == b->label_count;
}

/* ---- second stages ---- */

/* Is it by the text that is shown, or by the value, that these sort? */
static bool is_open(struct weft_str name)
{
    static const char *const names[] = { "duration", "traceDuration", "event:timeSinceStart",
                                         "status", "kind" };
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (weft_str_equal_c(name, names[i])) return true;
    return false;
}

/* Which of two labels sorts first; 0: equal, or the sentences do not say. Of what quantiles and histograms add the larger is first, as
 * recorded. */
static int value_order(struct weft_str name, const struct weft_traceql_value *a,
                       const struct weft_traceql_value *b)
{
    const bool is_added = weft_str_equal_c(name, "p") || weft_str_equal_c(name, "__bucket");

    if (a->type != b->type || is_open(name)) return 0;
    if (a->type == WEFT_TRACEQL_STRING) return weft_str_compare(a->text, b->text);
    if (a->type == WEFT_TRACEQL_BOOL) return a->bool_value - b->bool_value;
    if (slow_number(a) == slow_number(b)) return 0;
    return (slow_number(a) < slow_number(b)) != is_added ? -1 : 1;
}

static int label_order(struct slow_metering *m, const struct slow_series *a,
                       const struct slow_series *b)
{
    for (uint32_t i = 0; i < a->label_count && i < b->label_count; i++) {
        if (!weft_str_equal(a->labels[i].name, b->labels[i].name)) break;
        if (slow_same(&a->labels[i].value, &b->labels[i].value)) continue;
        int order = value_order(a->labels[i].name, &a->labels[i].value, &b->labels[i].value);
        if (order == 0) break;
        return order;
    }
    m->is_unsure = true;
    return 0;
}

/* Q6.4.2: of equal values topk takes the labels that sort first, bottomk the last. */
static bool is_before(struct slow_metering *m, const struct weft_metric_second *second,
                      const struct slow_series *a, const struct slow_series *b, uint32_t at)
{
    const double x = a->points[at], y = b->points[at];

    if (second->kind == WEFT_SECOND_TOPK) return x > y || (x == y && label_order(m, a, b) < 0);
    return x < y || (x == y && label_order(m, a, b) > 0);
}

static void keep_best(struct slow_metering *m, const struct weft_metric_second *second,
                      struct slow_series_list *list)
{
    bool *is_chosen = weft_arena_alloc_array(m->arena, list->count + 1, 1);

    if (list->count <= second->k) return; /* all of them */
    for (uint32_t p = 0; p < m->window.point_count; p++) {
        for (uint32_t s = 0; s < list->count; s++) {
            uint32_t better = 0;
            if (isnan(list->items[s].points[p])) continue;
            for (uint32_t k = 0; k < list->count; k++)
                better += k != s && !isnan(list->items[k].points[p]) &&
                          is_before(m, second, &list->items[k], &list->items[s], p);
            is_chosen[s] = better < second->k;
        }
        for (uint32_t s = 0; s < list->count; s++)
            if (!is_chosen[s]) list->items[s].points[p] = (double)NAN;
    }
}

static bool passes(const struct weft_metric_second *second, double value)
{
    switch (second->compare) {
    case WEFT_EXPR_EQ: return value == second->constant;
    case WEFT_EXPR_NE: return value != second->constant;
    case WEFT_EXPR_LT: return value < second->constant;
    case WEFT_EXPR_LE: return value <= second->constant;
    case WEFT_EXPR_GT: return value > second->constant;
    default: return value >= second->constant;
    }
}

static void keep_passing(const struct slow_metering *m, const struct weft_metric_second *second,
                         struct slow_series_list *list)
{
    for (uint32_t s = 0; s < list->count; s++)
        for (uint32_t p = 0; p < m->window.point_count; p++)
            if (!passes(second, list->items[s].points[p])) list->items[s].points[p] = (double)NAN;
}

static void drop_pointless(const struct slow_metering *m, struct slow_series_list *list)
{
    uint32_t kept = 0;

    for (uint32_t s = 0; s < list->count; s++) {
        uint32_t points = 0;
        for (uint32_t p = 0; p < m->window.point_count; p++)
            points += !isnan(list->items[s].points[p]);
        if (points > 0) list->items[kept++] = list->items[s];
    }
    list->count = kept;
}

/* ---- arithmetic (Q6.6) ---- */

static double combined(enum weft_metric_op op, double a, double b)
{
    switch (op) {
    case WEFT_METRIC_ADD: return a + b;
    case WEFT_METRIC_SUBTRACT: return a - b;
    case WEFT_METRIC_MULTIPLY: return a * b;
    default: return b == 0 ? (double)NAN : a / b;
    }
}

static void run(struct slow_metering *m, const struct weft_metric_expr *expr,
                struct slow_series_list *out);

static void combine(struct slow_metering *m, enum weft_metric_op op, const struct slow_series *a,
                    const struct slow_series *b, const struct slow_series *labels_of,
                    struct slow_series_list *out)
{
    struct slow_series *series = slow_series_add(m, out);
    double *points = series->points;

    *series = *labels_of;
    series->points = points;
    for (uint32_t p = 0; p < m->window.point_count; p++)
        points[p] = combined(op, a->points[p], b->points[p]);
    if (a->is_unlabelled && b->is_unlabelled && a->label_count > 0 && b->label_count > 0) {
        static const char signs[] = { [WEFT_METRIC_ADD] = '+',
                                      [WEFT_METRIC_SUBTRACT] = '-',
                                      [WEFT_METRIC_MULTIPLY] = '*',
                                      [WEFT_METRIC_DIVIDE] = '/' };
        series->labels[0].value = slow_text(
            weft_arena_printf(m->arena, "(%.*s %c %.*s)", WEFT_S_ARG(a->labels[0].value.text),
                              signs[op], WEFT_S_ARG(b->labels[0].value.text)));
    }
}

/* A number is one series that has it everywhere, without any label. */
static void run_number(struct slow_metering *m, const struct weft_metric_expr *expr,
                       struct slow_series_list *out)
{
    struct slow_series *series = slow_series_add(m, out);
    series->is_unlabelled = true;
    for (uint32_t p = 0; p < m->window.point_count; p++)
        series->points[p] = (double)slow_number(&expr->number);
}

static bool is_single(const struct slow_series_list *list)
{
    return list->count == 1 && list->items[0].is_unlabelled;
}

static void run_arithmetic(struct slow_metering *m, const struct weft_metric_expr *expr,
                           struct slow_series_list *out)
{
    struct slow_series_list a = { 0 }, b = { 0 };

    run(m, expr->left, &a);
    run(m, expr->right, &b);
    for (uint32_t i = 0; i < a.count; i++)
        for (uint32_t k = 0; k < b.count; k++) {
            const struct slow_series *x = &a.items[i], *y = &b.items[k];
            if (is_single(&a) && (!is_single(&b) || x->label_count == 0))
                combine(m, expr->op, x, y, y, out);
            else if (is_single(&b) || slow_labels_equal(x, y))
                combine(m, expr->op, x, y, x, out);
        }
}

static void run(struct slow_metering *m, const struct weft_metric_expr *expr,
                struct slow_series_list *out)
{
    if (expr->op == WEFT_METRIC_LEAF)
        slow_leaf(m, expr, out);
    else if (expr->op == WEFT_METRIC_NUMBER)
        run_number(m, expr, out);
    else
        run_arithmetic(m, expr, out);
    drop_pointless(m, out);
    for (const struct weft_metric_second *s = expr->seconds; s != NULL; s = s->next) {
        if (s->kind == WEFT_SECOND_FILTER)
            keep_passing(m, s, out);
        else
            keep_best(m, s, out);
        drop_pointless(m, out);
    }
}

/* ---- answers ---- */

static struct slow_window window_of(const struct weft_metrics_range *range)
{
    struct slow_window window = { range->start_ns, range->end_ns, range->end_ns - range->start_ns,
                                  1 };
    if (range->step_ns == 0) return window; /* Q6.7.1 */
    const uint64_t step = range->step_ns, first = range->start_ns / step * step,
                   last = (range->end_ns + step - 1) / step * step;
    return (struct slow_window){ first - step, last, step, (uint32_t)((last - first) / step) + 1 };
}

static int line_compare(const void *a, const void *b)
{
    return weft_str_compare(*(const struct weft_str *)a, *(const struct weft_str *)b);
}

/* One line a series: its labels and its points, both sorted. */
static void print_series(struct weft_buf *out, struct slow_label *labels, uint32_t label_count,
                         const double *points, uint32_t point_count)
{
    struct weft_buf label = { 0 }, all = { 0 };
    struct weft_str texts[SLOW_LABELS_MAX * 2];
    size_t ends[SLOW_LABELS_MAX * 2];

    for (uint32_t i = 0; i < label_count; i++) {
        weft_buf_printf(&label, "%.*s=", WEFT_S_ARG(labels[i].name));
        slow_print_value(&label, &labels[i].value);
        ends[i] = label.len;
    }
    for (uint32_t i = 0; i < label_count; i++) {
        size_t from = i > 0 ? ends[i - 1] : 0;
        texts[i] = weft_str_make(label.data + from, ends[i] - from);
    }
    qsort(texts, label_count, sizeof texts[0], line_compare);
    weft_buf_append_c(out, "{");
    for (uint32_t i = 0; i < label_count; i++) weft_buf_printf(out, " %.*s", WEFT_S_ARG(texts[i]));
    weft_buf_append_c(out, " }");
    for (uint32_t p = 0; p < point_count; p++)
        if (!isnan(points[p])) weft_buf_printf(out, " %u:~%.17g", p, points[p] + 0.0);
    weft_buf_append_c(out, "\n");
    weft_buf_release(&label);
    weft_buf_release(&all);
}

static void sort_lines(struct weft_buf *out, size_t from)
{
    struct weft_buf copy = { 0 };
    struct weft_str rest, *lines;
    uint32_t count = 0;

    weft_buf_append(&copy, out->data + from, out->len - from);
    rest = weft_buf_str(&copy);
    lines = malloc((copy.len + 1) * sizeof *lines);
    while (rest.len > 0) lines[count++] = weft_str_split(&rest, '\n');
    qsort(lines, count, sizeof *lines, line_compare);
    out->len = from;
    for (uint32_t i = 0; i < count; i++) weft_buf_printf(out, "%.*s\n", WEFT_S_ARG(lines[i]));
    free(lines);
    weft_buf_release(&copy);
}

/* Durations, statuses and kinds are texts wherever they are shown. */
static struct weft_traceql_value as_text(const struct weft_traceql_value *value,
                                         struct weft_buf *text)
{
    if (value->type != WEFT_TRACEQL_DURATION && value->type != WEFT_TRACEQL_STATUS &&
        value->type != WEFT_TRACEQL_KIND)
        return *value;
    weft_buf_reset(text);
    weft_traceql_print_value(text, value);
    return slow_text(weft_buf_str(text));
}

void slow_print_metrics(struct weft_buf *out, const struct weft_metrics_result *result)
{
    const size_t from = out->len;

    for (uint32_t s = 0; s < result->series_count; s++) {
        const struct weft_series *series = &result->series[s];
        struct slow_label labels[SLOW_LABELS_MAX * 2];
        struct weft_buf texts[SLOW_LABELS_MAX * 2] = { 0 };
        uint32_t points = 0;
        for (uint32_t p = 0; p < series->point_count; p++) points += !isnan(series->points[p]);
        if (points == 0) continue; /* as if it were not there */
        for (uint32_t i = 0; i < series->label_count; i++)
            labels[i] = (struct slow_label){ series->labels[i].name,
                                             as_text(&series->labels[i].value, &texts[i]) };
        print_series(out, labels, series->label_count, series->points, series->point_count);
        for (uint32_t i = 0; i < series->label_count; i++) weft_buf_release(&texts[i]);
    }
    sort_lines(out, from);
    if (result->partial_reason != NULL)
        weft_buf_printf(out, "partial: %s\n", result->partial_reason);
}

enum slow_verdict slow_metrics(struct weft_buf *out, const struct slow_world *world,
                               const struct weft_traceql_query *query,
                               const struct weft_metrics_range *range)
{
    enum slow_verdict verdict = SLOW_ANSWER;
    struct slow_series_list list = { 0 };
    struct weft_arena arena;
    const size_t from = out->len;

    weft_arena_init(&arena, 1 << 16);
    struct slow_metering m = { .window = window_of(range),
                               .arena = &arena,
                               .trace_count = world->trace_count };
    m.traces = weft_arena_alloc_array(&arena, world->trace_count, sizeof *m.traces);
    for (uint32_t t = 0; t < world->trace_count; t++)
        slow_trace_init(&m.traces[t], &world->traces[t], &arena);
    run(&m, query->metrics, &list);
    for (uint32_t s = 0; s < list.count; s++)
        print_series(out, list.items[s].labels, list.items[s].label_count, list.items[s].points,
                     m.window.point_count);
    sort_lines(out, from);
    for (uint32_t t = 0; t < world->trace_count; t++)
        if (m.traces[t].has_trouble) verdict = SLOW_NO_ANSWER;
    if (m.is_unsure) verdict = SLOW_NO_ANSWER;
    if (m.is_refused && verdict == SLOW_ANSWER) verdict = SLOW_REFUSED;
    weft_arena_release(&arena);
    return verdict;
}
