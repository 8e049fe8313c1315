/* traceql_metrics_math.c -- series chosen (topk, bottomk), filtered and computed with (Q6.4 - Q6.6). */
#include "query/traceql_metrics_internal.h"

#include "base/alloc.h"
#include <math.h>
#include <stdlib.h>

/* ---- topk, bottomk ---- */

/* Series numbers, the one that goes first when a better one comes on top. */
struct heap {
    uint32_t *items, count;
    const double *values;   /* of this point, by series */
    const uint32_t *places; /* of each series among its peers, for ties */
    bool is_top;
};

/* Would a rather stay than b? Of equals topk keeps the one whose labels sort first, bottomk the one whose sort last. */
static bool is_better(const struct heap *heap, uint32_t a, uint32_t b)
{
    double x = heap->values[a], y = heap->values[b];
    if (x != y) return heap->is_top ? x > y : x < y;
    return (heap->places[a] < heap->places[b]) == heap->is_top;
}

static void sift_down(struct heap *heap, uint32_t at)
{
    for (;;) {
        uint32_t worst = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap->count; child++)
            if (is_better(heap, heap->items[worst], heap->items[child])) worst = child;
        if (worst == at) return;
        uint32_t moved = heap->items[at];
        heap->items[at] = heap->items[worst];
        heap->items[worst] = moved;
        at = worst;
    }
}

static void sift_up(struct heap *heap, uint32_t at)
{
    for (uint32_t parent; at > 0; at = parent) {
        parent = (at - 1) / 2;
        if (!is_better(heap, heap->items[parent], heap->items[at])) return;
        uint32_t moved = heap->items[at];
        heap->items[at] = heap->items[parent];
        heap->items[parent] = moved;
    }
}

static void heap_offer(struct heap *heap, uint32_t k, uint32_t series)
{
    if (heap->count < k) {
        heap->items[heap->count++] = series;
        sift_up(heap, heap->count - 1);
    } else if (is_better(heap, series, heap->items[0])) {
        heap->items[0] = series;
        sift_down(heap, 0);
    }
}

struct place {
    const struct weft_series *series;
    uint32_t number;
};

/* As labels sort, but for the floats that quantile and histogram add (`p`, `__bucket`): the larger ones sort first, as recorded
 * answers have it. */
static int place_order(const void *left, const void *right)
{
    const struct weft_series *a = ((const struct place *)left)->series;
    const struct weft_series *b = ((const struct place *)right)->series;
    int order = weft_series_compare(a, b);
    if (order == 0 || a->label_count == 0 || a->label_count != b->label_count) return order;
    struct weft_series x = *a, y = *b;
    x.label_count = y.label_count = a->label_count - 1;
    if (weft_series_compare(&x, &y) != 0) return order;
    struct weft_str name = a->labels[x.label_count].name;
    bool is_added = weft_str_equal(name, WEFT_S("p")) || weft_str_equal(name, WEFT_S("__bucket"));
    return is_added ? -order : order;
}

static uint32_t *places_of(const struct weft_series_set *set)
{
    struct place *sorted = weft_alloc_array(set->count, sizeof *sorted);
    uint32_t *places = weft_alloc_array(set->count, sizeof *places);
    for (uint32_t i = 0; i < set->count; i++) sorted[i] = (struct place){ &set->items[i], i };
    qsort(sorted, set->count, sizeof *sorted, place_order);
    for (uint32_t i = 0; i < set->count; i++) places[sorted[i].number] = i;
    weft_free(sorted);
    return places;
}

/* Chosen anew for each point; what was not chosen has no point there. */
static void choose(struct weft_series_set *set, uint32_t k, bool is_top)
{
    if (set->count <= k) return; /* all of them */
    uint32_t *places = places_of(set);
    double *values = weft_alloc_array(set->count, sizeof *values);
    struct heap heap = { .items = weft_alloc_array(k, sizeof(uint32_t)),
                         .values = values,
                         .places = places,
                         .is_top = is_top };
    for (uint32_t point = 0; point < set->items[0].point_count; point++) {
        heap.count = 0;
        for (uint32_t i = 0; i < set->count; i++) {
            values[i] = set->items[i].points[point];
            set->items[i].points[point] = NAN;
            if (!isnan(values[i])) heap_offer(&heap, k, i);
        }
        for (uint32_t i = 0; i < heap.count; i++)
            set->items[heap.items[i]].points[point] = values[heap.items[i]];
    }
    weft_free(heap.items);
    weft_free(values);
    weft_free(places);
}

/* ---- filters ---- */

static bool number_compare(enum weft_expr_op compare, double a, double b)
{
    switch (compare) {
    case WEFT_EXPR_EQ: return a == b;
    case WEFT_EXPR_NE: return a != b;
    case WEFT_EXPR_LT: return a < b;
    case WEFT_EXPR_LE: return a <= b;
    case WEFT_EXPR_GT: return a > b;
    default: return a >= b;
    }
}

static void filter(struct weft_series_set *set, enum weft_expr_op compare, double constant)
{
    for (uint32_t s = 0; s < set->count; s++) {
        struct weft_series *series = &set->items[s];
        for (uint32_t i = 0; i < series->point_count; i++)
            if (!number_compare(compare, series->points[i], constant)) series->points[i] = NAN;
    }
}

static void seconds_apply(const struct weft_metric_second *second, struct weft_series_set *set)
{
    for (; second != NULL; second = second->next) {
        if (second->kind == WEFT_SECOND_FILTER)
            filter(set, second->compare, second->constant);
        else
            choose(set, second->k, second->kind == WEFT_SECOND_TOPK);
        weft_series_set_drop_empty(set);
    }
}

/* ---- arithmetic ---- */

static bool is_unlabelled(const struct weft_series_set *set)
{
    return set->count == 1 && set->items[0].label_count == 1 &&
           weft_str_equal(set->items[0].labels[0].name, WEFT_S("__name__"));
}

/* What is divided by zero has no point, be it 0/0 or 5/0 (Q6.6.3). */
static double apply(enum weft_metric_op op, double a, double b)
{
    switch (op) {
    case WEFT_METRIC_ADD: return a + b;
    case WEFT_METRIC_SUBTRACT: return a - b;
    case WEFT_METRIC_MULTIPLY: return a * b;
    default: return b != 0 ? a / b : NAN;
    }
}

static char sign_of(enum weft_metric_op op)
{
    switch (op) {
    case WEFT_METRIC_ADD: return '+';
    case WEFT_METRIC_SUBTRACT: return '-';
    case WEFT_METRIC_MULTIPLY: return '*';
    default: return '/';
    }
}

/* Labels of `labelled` over points of left op right; exemplars of both. */
static void series_join(struct weft_metric_run *run, enum weft_metric_op op,
                        const struct weft_series *left, const struct weft_series *right,
                        const struct weft_series *labelled, struct weft_series_set *out)
{
    struct weft_series *joined = weft_series_add(out, 0, run);
    joined->labels = labelled->labels;
    joined->label_count = labelled->label_count;
    for (uint32_t i = 0; i < joined->point_count; i++)
        joined->points[i] = apply(op, left->points[i], right->points[i]);
    joined->exemplar_count = left->exemplar_count + right->exemplar_count;
    joined->exemplars =
        weft_arena_alloc_array(&run->arena, joined->exemplar_count, sizeof *joined->exemplars);
    for (uint32_t i = 0; i < joined->exemplar_count; i++)
        joined->exemplars[i] = i < left->exemplar_count
                                   ? left->exemplars[i]
                                   : right->exemplars[i - left->exemplar_count];
}

static struct weft_series_label joined_name(struct weft_metric_run *run, enum weft_metric_op op,
                                            const struct weft_series *left,
                                            const struct weft_series *right)
{
    struct weft_str a = left->labels[0].value.text, b = right->labels[0].value.text;
    return weft_series_text_label(WEFT_S("__name__"),
                                  weft_arena_printf(&run->arena, "(%.*s %c %.*s)", WEFT_S_ARG(a),
                                                    sign_of(op), WEFT_S_ARG(b)));
}

static int label_name_order(const void *a, const void *b)
{
    return weft_str_compare(((const struct weft_series_label *)a)->name,
                            ((const struct weft_series_label *)b)->name);
}

/* Equal for equal sets of labels, whatever their order. */
static void labels_key(struct weft_buf *key, const struct weft_series *series,
                       struct weft_arena *arena)
{
    struct weft_series_label *sorted =
        weft_arena_alloc_array(arena, series->label_count, sizeof *sorted);
    weft_buf_reset(key);
    for (uint32_t i = 0; i < series->label_count; i++) sorted[i] = series->labels[i];
    qsort(sorted, series->label_count, sizeof *sorted, label_name_order);
    for (uint32_t i = 0; i < series->label_count; i++) {
        struct weft_traceql_value name = { .type = WEFT_TRACEQL_STRING, .text = sorted[i].name };
        weft_metric_key_append(key, &name);
        weft_metric_key_append(key, &sorted[i].value);
    }
}

static void sets_join_by_labels(struct weft_metric_run *run, enum weft_metric_op op,
                                const struct weft_series_set *left,
                                const struct weft_series_set *right, struct weft_series_set *out)
{
    struct weft_map numbers = { 0 };
    struct weft_buf key = { 0 };
    uint32_t room = weft_metric_series_room(run, left->count);
    out->items = weft_arena_alloc_array(&run->arena, room, sizeof *out->items);
    for (uint32_t i = 0; i < right->count; i++) {
        labels_key(&key, &right->items[i], &run->arena);
        weft_map_put(&numbers, weft_buf_str(&key), i, NULL);
    }
    for (uint32_t i = 0; i < left->count && out->count < room; i++) {
        labels_key(&key, &left->items[i], &run->arena);
        const uint64_t *number = weft_map_get(&numbers, weft_buf_str(&key));
        if (number == NULL) continue;
        series_join(run, op, &left->items[i], &right->items[*number], &left->items[i], out);
    }
    weft_buf_release(&key);
    weft_map_release(&numbers);
}

static void sets_join(struct weft_metric_run *run, enum weft_metric_op op,
                      const struct weft_series_set *left, const struct weft_series_set *right,
                      struct weft_series_set *out)
{
    bool left_alone = is_unlabelled(left), right_alone = is_unlabelled(right);
    const struct weft_series_set *many = left_alone ? right : left;
    *out = (struct weft_series_set){ 0 };
    if (!left_alone && !right_alone) {
        sets_join_by_labels(run, op, left, right, out);
        return;
    }
    uint32_t room = weft_metric_series_room(run, many->count);
    out->items = weft_arena_alloc_array(&run->arena, room, sizeof *out->items);
    for (uint32_t i = 0; i < room; i++)
        series_join(run, op, &left->items[left_alone ? 0 : i], &right->items[right_alone ? 0 : i],
                    &many->items[i], out);
    if (left_alone && right_alone) {
        out->items[0].labels = weft_arena_alloc(&run->arena, sizeof *out->items[0].labels);
        out->items[0].labels[0] = joined_name(run, op, &left->items[0], &right->items[0]);
    }
}

static double number_of(const struct weft_metric_expr *expr)
{
    return expr->number.type == WEFT_TRACEQL_FLOAT ? expr->number.float_value
                                                   : (double)expr->number.int_value;
}

static void set_apply_number(struct weft_series_set *set, enum weft_metric_op op, double number,
                             bool number_is_left)
{
    for (uint32_t s = 0; s < set->count; s++)
        for (uint32_t i = 0; i < set->items[s].point_count; i++) {
            double *point = &set->items[s].points[i];
            *point = number_is_left ? apply(op, number, *point) : apply(op, *point, number);
        }
}

static void evaluate_operator(struct weft_metric_run *run, const struct weft_metric_expr *expr,
                              struct weft_series_set *out)
{
    struct weft_series_set left, right;
    if (expr->left->op == WEFT_METRIC_NUMBER) {
        weft_metric_evaluate(run, expr->right, out);
        set_apply_number(out, expr->op, number_of(expr->left), true);
    } else if (expr->right->op == WEFT_METRIC_NUMBER) {
        weft_metric_evaluate(run, expr->left, out);
        set_apply_number(out, expr->op, number_of(expr->right), false);
    } else {
        weft_metric_evaluate(run, expr->left, &left);
        weft_metric_evaluate(run, expr->right, &right);
        sets_join(run, expr->op, &left, &right, out);
    }
    weft_series_set_drop_empty(out);
}

static struct weft_metric_leaf *leaf_of(struct weft_metric_run *run,
                                        const struct weft_metric_expr *expr)
{
    struct weft_metric_leaf *leaf = run->leaves;
    while (leaf->expr != expr) leaf++;
    return leaf;
}

void weft_metric_evaluate(struct weft_metric_run *run, const struct weft_metric_expr *expr,
                          struct weft_series_set *out)
{
    if (expr->op == WEFT_METRIC_LEAF)
        weft_metric_leaf_series(leaf_of(run, expr), run, out);
    else
        evaluate_operator(run, expr, out);
    seconds_apply(expr->seconds, out);
}
