/* traceql_metrics_series.c -- from groups to series: what a point is, for each function (Q6.1.4, Q6.2, Q6.3). */
#include "query/metric_limit.h"
#include "query/traceql_metrics_internal.h"

#include <math.h>
#include <stdlib.h>

static const char *const function_names[] = {
    [WEFT_METRIC_RATE] = "rate",
    [WEFT_METRIC_COUNT_OVER_TIME] = "count_over_time",
    [WEFT_METRIC_MIN_OVER_TIME] = "min_over_time",
    [WEFT_METRIC_MAX_OVER_TIME] = "max_over_time",
    [WEFT_METRIC_AVG_OVER_TIME] = "avg_over_time",
    [WEFT_METRIC_SUM_OVER_TIME] = "sum_over_time",
};

/* ---- sets of series ---- */

void weft_metric_partial(struct weft_metric_run *run, const char *reason)
{
    if (run->partial_reason == NULL) run->partial_reason = reason;
}

uint32_t weft_metric_series_room(struct weft_metric_run *run, uint64_t wanted)
{
    uint64_t each = run->window.count * sizeof(double) + 256;
    uint64_t left = run->memory_bytes_max > run->arena.total_bytes
                        ? run->memory_bytes_max - run->arena.total_bytes
                        : 0;
    uint64_t room = left / each + 1;
    if (wanted <= room) return (uint32_t)wanted;
    weft_metric_partial(run, "memory limit: some series are left out");
    return (uint32_t)room;
}

struct weft_series *weft_series_add(struct weft_series_set *set, uint32_t label_count,
                                    struct weft_metric_run *run)
{
    struct weft_series *series = &set->items[set->count++];
    *series = (struct weft_series){ .label_count = label_count, .point_count = run->window.count };
    series->labels = weft_arena_alloc_array(&run->arena, label_count, sizeof *series->labels);
    series->points = weft_arena_alloc(&run->arena, run->window.count * sizeof *series->points);
    for (uint32_t i = 0; i < series->point_count; i++) series->points[i] = NAN;
    return series;
}

struct weft_series_label weft_series_text_label(struct weft_str name, struct weft_str text)
{
    return (struct weft_series_label){ name, { .type = WEFT_TRACEQL_STRING, .text = text } };
}

static int label_compare(const struct weft_series_label *a, const struct weft_series_label *b)
{
    int order = weft_str_compare(a->name, b->name);
    if (order != 0) return order;
    if ((order = weft_traceql_value_compare(&a->value, &b->value)) != 0) return order;
    return (int)a->value.type - (int)b->value.type; /* 1 and 1.0 are two labels */
}

int weft_series_compare(const struct weft_series *a, const struct weft_series *b)
{
    uint32_t count = a->label_count < b->label_count ? a->label_count : b->label_count;
    for (uint32_t i = 0; i < count; i++) {
        int order = label_compare(&a->labels[i], &b->labels[i]);
        if (order != 0) return order;
    }
    return a->label_count < b->label_count ? -1 : a->label_count > b->label_count;
}

static int series_order(const void *a, const void *b)
{
    return weft_series_compare(a, b);
}

void weft_series_set_sort(struct weft_series_set *set)
{
    if (set->count > 1) qsort(set->items, set->count, sizeof *set->items, series_order);
}

static bool is_empty(const struct weft_series *series)
{
    for (uint32_t i = 0; i < series->point_count; i++)
        if (!isnan(series->points[i])) return false;
    return true;
}

void weft_series_set_drop_empty(struct weft_series_set *set)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++)
        if (!is_empty(&set->items[i])) set->items[kept++] = set->items[i];
    set->count = kept;
}

/* ---- groups in order ---- */

/* A group, read back: the values of by(), then the bucket or the exact value. */
struct row {
    struct weft_traceql_value *labels;
    double tail;
    struct weft_metric_group *group;
    uint32_t label_count;
};

static int labels_order(const struct row *a, const struct row *b)
{
    for (uint32_t i = 0; i < a->label_count; i++) {
        int order = weft_traceql_value_compare(&a->labels[i], &b->labels[i]);
        if (order == 0) order = (int)a->labels[i].type - (int)b->labels[i].type;
        if (order != 0) return order;
    }
    return 0;
}

static int row_order(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int order = labels_order(a, b);
    return order != 0 ? order : (a->tail > b->tail) - (a->tail < b->tail);
}

static struct row row_read(struct weft_metric_group *group, uint32_t label_count, bool has_tail,
                           struct weft_arena *arena)
{
    struct row row = { .group = group, .label_count = label_count };
    struct weft_str rest = group->key;
    struct weft_traceql_value tail;
    row.labels = weft_arena_alloc_array(arena, label_count, sizeof *row.labels);
    for (uint32_t i = 0; i < label_count; i++) weft_metric_key_read(&rest, &row.labels[i]);
    if (!has_tail) return row;
    weft_metric_key_read(&rest, &tail);
    row.tail = tail.type == WEFT_TRACEQL_FLOAT ? tail.float_value : (double)tail.int_value;
    return row;
}

static struct row *rows_read(struct weft_metric_groups *groups, uint32_t label_count, bool has_tail,
                             struct weft_arena *arena)
{
    struct row *rows = weft_arena_alloc_array(arena, groups->count, sizeof *rows);
    for (uint32_t i = 0; i < groups->count; i++)
        rows[i] = row_read(&groups->items[i], label_count, has_tail, arena);
    if (groups->count > 1) qsort(rows, groups->count, sizeof *rows, row_order);
    return rows;
}

/* How many rows from here on differ in their tail alone. */
static uint32_t rows_alike(const struct row *rows, uint32_t count)
{
    uint32_t alike = 1;
    while (alike < count && labels_order(&rows[0], &rows[alike]) == 0) alike++;
    return alike;
}

static struct weft_str label_name(const struct weft_traceql_attribute *attribute,
                                  struct weft_arena *arena)
{
    struct weft_buf text = { 0 };
    weft_traceql_print_attribute(&text, attribute);
    struct weft_str name = weft_arena_copy(arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return name;
}

/* The names of by(), once for all series. */
static struct weft_str *label_names(const struct weft_metric_expr *expr, struct weft_arena *arena)
{
    struct weft_str *names = weft_arena_alloc_array(arena, expr->by_count, sizeof *names);
    for (uint32_t i = 0; i < expr->by_count; i++) names[i] = label_name(&expr->by[i], arena);
    return names;
}

/* With the labels that have a value (traceql_metrics_leaf.c sees to it that there is one); `more` are to come behind. */
static struct weft_series *series_of_row(struct weft_series_set *out, const struct row *row,
                                         const struct weft_str *names, uint32_t more,
                                         struct weft_metric_run *run)
{
    struct weft_series *series = weft_series_add(out, row->label_count + more, run);
    series->label_count = 0;
    for (uint32_t i = 0; i < row->label_count; i++)
        if (row->labels[i].type != WEFT_TRACEQL_NIL)
            series->labels[series->label_count++] =
                (struct weft_series_label){ names[i], row->labels[i] };
    return series;
}

static struct weft_series_label float_label(struct weft_str name, double value)
{
    return (struct weft_series_label){ name, { .type = WEFT_TRACEQL_FLOAT, .float_value = value } };
}

/* ---- exemplars ---- */

static void exemplar_attach(struct weft_series *series, const struct weft_metric_exemplar *exemplar,
                            uint32_t room, struct weft_metric_run *run)
{
    if (series->exemplars == NULL)
        series->exemplars = weft_arena_alloc_array(&run->arena, room, sizeof *series->exemplars);
    series->exemplars[series->exemplar_count++] = exemplar->shown;
}

/* Of the series of one set of labels (one each quantile): the one whose point is nearest. */
static struct weft_series *nearest(struct weft_series *series, uint32_t count,
                                   const struct weft_metric_exemplar *exemplar)
{
    struct weft_series *best = series;
    for (uint32_t i = 1; i < count; i++)
        if (fabs(series[i].points[exemplar->bucket] - exemplar->shown.value) <
            fabs(best->points[exemplar->bucket] - exemplar->shown.value))
            best = &series[i];
    return best;
}

/* `heads`: in order, one for every `series_each` series of the set. */
static void exemplars_attach(const struct weft_metric_leaf *leaf, struct weft_series_set *set,
                             const struct row *heads, uint32_t series_each, bool has_tail,
                             struct weft_metric_run *run)
{
    uint32_t room = leaf->exemplars.slice_count * leaf->exemplars.class_count;
    for (uint32_t i = 0; i < room && set->count > 0; i++) {
        const struct weft_metric_exemplar *exemplar = &leaf->exemplars.slots[i];
        if (!exemplar->is_there) continue;
        struct row row = row_read(&leaf->groups.items[exemplar->group], leaf->expr->by_count,
                                  has_tail, &run->arena);
        const struct row *head =
            bsearch(&row, heads, set->count / series_each, sizeof *heads, row_order);
        if (head == NULL) continue;
        struct weft_series *series = &set->items[(uint32_t)(head - heads) * series_each];
        exemplar_attach(nearest(series, series_each, exemplar), exemplar, room, run);
    }
}

/* ---- points ---- */

static double point_of(const struct weft_metric_leaf *leaf, const struct weft_metric_run *run,
                       const struct weft_metric_cell *cell)
{
    long double unit = leaf->is_in_seconds ? 1e9L : 1;
    switch (leaf->expr->function) {
    case WEFT_METRIC_RATE: return cell->weight / ((double)run->window.step_ns / 1e9);
    case WEFT_METRIC_COUNT_OVER_TIME:
    case WEFT_METRIC_HISTOGRAM_OVER_TIME: return cell->weight;
    case WEFT_METRIC_AVG_OVER_TIME: return (double)(cell->value / (long double)cell->weight / unit);
    default: return (double)(cell->value / unit);
    }
}

/* Where there was no span, counts are 0 and the others have no point. */
static bool counts_spans(enum weft_metric_function function)
{
    return function == WEFT_METRIC_RATE || function == WEFT_METRIC_COUNT_OVER_TIME ||
           function == WEFT_METRIC_HISTOGRAM_OVER_TIME;
}

static void points_fill(struct weft_series *series, const struct weft_metric_leaf *leaf,
                        const struct weft_metric_run *run, const struct weft_metric_group *group)
{
    const struct weft_metric_cell *cell;
    if (counts_spans(leaf->expr->function))
        memset(series->points, 0, series->point_count * sizeof *series->points);
    if (group == NULL) return;
    for (uint32_t i = 0; (cell = weft_metric_group_next(&leaf->groups, group, &i)) != NULL; i++)
        series->points[i] = point_of(leaf, run, cell);
}

static double limit_of(const struct weft_metric_leaf *leaf, double number)
{
    double limit = weft_metric_limit_value((int64_t)number, leaf->is_precise);
    return leaf->is_in_seconds ? limit / 1e9 : limit;
}

/* One series a group; without by() one alone, which rate and count always have (Q6.1.4). */
static void series_by_group(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                            struct weft_series_set *out)
{
    const struct weft_metric_expr *expr = leaf->expr;
    bool is_histogram = expr->function == WEFT_METRIC_HISTOGRAM_OVER_TIME;
    bool has_name = expr->by_count == 0 && !is_histogram;
    struct row nothing = { 0 };
    struct row *rows = rows_read(&leaf->groups, expr->by_count, is_histogram, &run->arena);
    uint32_t count = weft_metric_series_room(run, leaf->groups.count);
    if (count == 0 && has_name && counts_spans(expr->function)) rows = &nothing, count = 1;
    struct weft_str *names = label_names(expr, &run->arena);
    out->items = weft_arena_alloc_array(&run->arena, count, sizeof *out->items);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_series *series =
            series_of_row(out, &rows[i], names, has_name || is_histogram, run);
        if (has_name)
            series->labels[series->label_count++] = weft_series_text_label(
                WEFT_S("__name__"), weft_str_from_c(function_names[expr->function]));
        if (is_histogram)
            series->labels[series->label_count++] =
                float_label(WEFT_S("__bucket"), limit_of(leaf, rows[i].tail));
        points_fill(series, leaf, run, rows[i].group);
    }
    exemplars_attach(leaf, out, rows, 1, is_histogram, run);
}

/* ---- quantiles ---- */

/* Where each bucket of time stands while the rows go by, from the smallest value to the largest. */
struct walk {
    double total, before;
    const struct row *previous; /* with samples in this bucket */
};

/* Q6.2.2: between the limits of its bucket a value is taken to lie where the logarithm says. TraceQL's buckets reach down to the
 * one before that has samples, precise ones to their own lower limit. */
static double interpolate(const struct weft_metric_leaf *leaf, const struct row *row,
                          const struct row *previous, double part)
{
    double high = limit_of(leaf, row->tail), low = high / 2;
    if (leaf->is_precise)
        low = limit_of(leaf, row->tail - 1);
    else if (previous != NULL)
        low = limit_of(leaf, previous->tail);
    return low > 0 ? exp2(log2(low) + (log2(high) - log2(low)) * part) : high;
}

/* The value of that rank, which is one of this row's. */
static double value_at(const struct weft_metric_leaf *leaf, const struct row *row,
                       const struct walk *walk, double weight, double rank)
{
    if (leaf->is_exact) return leaf->is_in_seconds ? row->tail / 1e9 : row->tail;
    if (walk->before + weight <= rank) return limit_of(leaf, row->tail);
    return interpolate(leaf, row, walk->previous, (rank - walk->before) / weight);
}

/* One row's part of a bucket: answers the quantiles whose rank lies in it. Weights that are no whole numbers may add up to a hair
 * less than the rank: the last row takes what is left. */
static void row_answers(const struct weft_metric_leaf *leaf, const struct row *row,
                        struct walk *walk, double weight, uint32_t bucket,
                        struct weft_series *series)
{
    double after = walk->before + weight;
    bool is_last = after >= walk->total;
    for (uint32_t q = 0; q < leaf->expr->quantile_count; q++) {
        double rank = fmax(1, ceil(leaf->expr->quantiles[q] * walk->total));
        bool is_first = walk->before == 0;
        if ((rank > walk->before || is_first) && (rank <= after || is_last))
            series[q].points[bucket] = value_at(leaf, row, walk, weight, rank);
    }
    walk->before = after;
    walk->previous = row;
}

/* The series of one set of labels: one each quantile, over the buckets (or exact values) they have in common. */
static void quantiles_add(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                          const struct row *rows, uint32_t alike, const struct weft_str *names,
                          struct weft_series_set *out)
{
    const struct weft_metric_expr *expr = leaf->expr;
    const struct weft_metric_groups *groups = leaf->is_exact ? &leaf->exact : &leaf->groups;
    const struct weft_metric_cell *cell;
    struct weft_series *series = &out->items[out->count];
    struct walk *walks = weft_alloc_array(run->window.count, sizeof *walks);
    for (uint32_t q = 0; q < expr->quantile_count; q++) {
        struct weft_series *one = series_of_row(out, rows, names, 1, run);
        one->labels[one->label_count++] = float_label(WEFT_S("p"), expr->quantiles[q]);
        memset(one->points, 0, one->point_count * sizeof *one->points);
    }
    for (uint32_t r = 0; r < alike; r++)
        for (uint32_t i = 0; (cell = weft_metric_group_next(groups, rows[r].group, &i)); i++)
            walks[i].total += cell->weight;
    for (uint32_t r = 0; r < alike; r++)
        for (uint32_t i = 0; (cell = weft_metric_group_next(groups, rows[r].group, &i)); i++)
            row_answers(leaf, &rows[r], &walks[i], cell->weight, i, series);
    weft_free(walks);
}

static void series_by_quantile(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                               struct weft_series_set *out)
{
    const struct weft_metric_expr *expr = leaf->expr;
    struct weft_metric_groups *groups = leaf->is_exact ? &leaf->exact : &leaf->groups;
    struct row *rows = rows_read(groups, expr->by_count, true, &run->arena);
    struct row *heads = weft_arena_alloc_array(&run->arena, groups->count, sizeof *heads);
    struct weft_str *names = label_names(expr, &run->arena);
    uint32_t head_count = 0;
    for (uint32_t i = 0; i < groups->count; i += rows_alike(&rows[i], groups->count - i))
        head_count++;
    uint32_t room = weft_metric_series_room(run, (uint64_t)head_count * expr->quantile_count);
    out->items = weft_arena_alloc_array(&run->arena, room, sizeof *out->items);
    for (uint32_t i = 0, alike, head = 0; i < groups->count; i += alike, head++) {
        alike = rows_alike(&rows[i], groups->count - i);
        if (out->count + expr->quantile_count > room) break;
        heads[head] = rows[i];
        heads[head].tail = 0;
        quantiles_add(leaf, run, &rows[i], alike, names, out);
    }
    exemplars_attach(leaf, out, heads, expr->quantile_count, false, run);
}

void weft_metric_leaf_series(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                             struct weft_series_set *out)
{
    *out = (struct weft_series_set){ 0 };
    if (leaf->expr->function == WEFT_METRIC_COMPARE)
        weft_metric_compare_series(leaf, run, out);
    else if (leaf->expr->function == WEFT_METRIC_QUANTILE_OVER_TIME)
        series_by_quantile(leaf, run, out);
    else
        series_by_group(leaf, run, out);
}
