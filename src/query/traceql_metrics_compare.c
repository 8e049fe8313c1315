/* traceql_metrics_compare.c -- compare(): which values of which attributes are frequent among the selected spans, and which among
 * the others (Q6.8).
 *
 * A group is (side, attribute, value) or, for the totals, (side, attribute). Keys hold scopes by number and names as they are; how
 * a label is spelt is asked only of the few that are shown.
 */
#include "query/traceql_metrics_internal.h"

#include <stdlib.h>

enum side { BASELINE, SELECTION };

/* Intrinsics of a span that are compared: no ids, times and durations, no numbers of structure but childCount. */
static const enum weft_traceql_intrinsic span_intrinsics[] = {
    WEFT_INTRINSIC_NAME,
    WEFT_INTRINSIC_STATUS,
    WEFT_INTRINSIC_STATUS_MESSAGE,
    WEFT_INTRINSIC_KIND,
    WEFT_INTRINSIC_CHILD_COUNT,
    WEFT_INTRINSIC_ROOT_NAME,
    WEFT_INTRINSIC_ROOT_SERVICE,
    WEFT_INTRINSIC_INSTRUMENTATION_NAME,
    WEFT_INTRINSIC_INSTRUMENTATION_VERSION,
};

/* ---- spans in ---- */

struct sample {
    struct weft_metric_leaf *leaf;
    struct weft_metric_run *run;
    struct weft_trace_view *view;
    uint32_t span, bucket;
    enum side side;
    double weight;
};

static void attribute_key(struct weft_buf *key, enum side side,
                          const struct weft_traceql_attribute *attribute)
{
    struct weft_traceql_value words[] = {
        { .type = WEFT_TRACEQL_INT, .int_value = side },
        { .type = WEFT_TRACEQL_INT, .int_value = attribute->scope },
        { .type = WEFT_TRACEQL_INT, .int_value = attribute->intrinsic },
        { .type = WEFT_TRACEQL_STRING, .text = attribute->name },
    };
    weft_buf_reset(key);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        weft_metric_key_append(key, &words[i]);
}

/* Of several events with the same value a span is counted once. */
static void count_once(const struct sample *sample, double weight)
{
    struct weft_metric_group *group =
        weft_metric_leaf_group(sample->leaf, &sample->leaf->groups, sample->run);
    if (group == NULL || group->stamp == sample->run->span_number) return;
    group->stamp = sample->run->span_number;
    weft_metric_group_cell(&sample->leaf->groups, group, sample->bucket)->weight += weight;
}

static void value_add(const struct sample *sample, const struct weft_traceql_attribute *attribute,
                      const struct weft_traceql_value *value)
{
    struct weft_buf *key = &sample->run->key;
    /* The name is counted twice, as recorded answers have it; its total too, so that shares are right. */
    bool is_name = attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
                   attribute->intrinsic == WEFT_INTRINSIC_NAME;
    double weight = is_name ? 2 * sample->weight : sample->weight;
    if (value->type == WEFT_TRACEQL_NIL) return;
    attribute_key(key, sample->side, attribute);
    count_once(sample, weight);
    weft_metric_key_append(key, value);
    count_once(sample, weight);
}

static void intrinsic_add(const struct sample *sample, enum weft_traceql_intrinsic intrinsic,
                          uint32_t event)
{
    struct weft_traceql_attribute attribute = { .scope = WEFT_TRACEQL_SCOPE_INTRINSIC,
                                                .intrinsic = intrinsic };
    struct weft_traceql_value value;
    weft_trace_view_value(sample->view, sample->span, event, WEFT_NO_CARRIER, &attribute, &value);
    value_add(sample, &attribute, &value);
}

static void attributes_add(const struct sample *sample, enum weft_traceql_scope scope,
                           const struct weft_attributes *attributes)
{
    for (uint32_t i = 0; i < attributes->count; i++) {
        struct weft_traceql_attribute attribute = { .scope = scope,
                                                    .name =
                                                        weft_attribute_key(&attributes->items[i]) };
        struct weft_traceql_value value;
        weft_traceql_value_from(&value, &attributes->items[i], sample->view->arena);
        value_add(sample, &attribute, &value);
    }
}

/* Q6.8.1: without timestamps the filter alone decides. */
static enum side side_of(const struct weft_metric_expr *expr, struct weft_trace_view *view,
                         uint32_t span)
{
    uint64_t start = view->batch->spans[span].start_time_unix_nano;
    if (expr->compare_end_ns != 0 &&
        (start <= expr->compare_start_ns || start > expr->compare_end_ns))
        return BASELINE;
    return weft_traceql_holds(view, expr->selection, span) ? SELECTION : BASELINE;
}

void weft_metric_compare_add(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                             struct weft_trace_view *view, uint32_t span, uint32_t bucket)
{
    const struct weft_span *s = &view->batch->spans[span];
    struct sample sample = { .leaf = leaf,
                             .run = run,
                             .view = view,
                             .span = span,
                             .bucket = bucket,
                             .side = side_of(leaf->expr, view, span),
                             .weight =
                                 run->is_extrapolated ? weft_metric_weight(s->trace_state) : 1 };
    run->span_number++;
    for (size_t i = 0; i < sizeof span_intrinsics / sizeof span_intrinsics[0]; i++)
        intrinsic_add(&sample, span_intrinsics[i], WEFT_NO_CARRIER);
    attributes_add(&sample, WEFT_TRACEQL_SCOPE_SPAN, &s->attributes);
    attributes_add(&sample, WEFT_TRACEQL_SCOPE_RESOURCE, &s->scope->resource->attributes);
    attributes_add(&sample, WEFT_TRACEQL_SCOPE_INSTRUMENTATION, &s->scope->attributes);
    for (uint32_t i = 0; i < s->event_count; i++) {
        intrinsic_add(&sample, WEFT_INTRINSIC_EVENT_NAME, i);
        attributes_add(&sample, WEFT_TRACEQL_SCOPE_EVENT, &s->events[i].attributes);
    }
    for (uint32_t i = 0; i < s->link_count; i++)
        attributes_add(&sample, WEFT_TRACEQL_SCOPE_LINK, &s->links[i].attributes);
}

/* ---- series out ---- */

struct row {
    enum side side;
    struct weft_traceql_attribute attribute;
    bool is_total;
    struct weft_traceql_value value;
    double weight; /* over all buckets */
    const struct weft_metric_group *group;
};

static struct row row_read(const struct weft_metric_groups *groups,
                           const struct weft_metric_group *group)
{
    struct weft_str rest = group->key;
    struct weft_traceql_value side, scope, intrinsic, name;
    struct row row = { .group = group };
    const struct weft_metric_cell *cell;
    weft_metric_key_read(&rest, &side);
    weft_metric_key_read(&rest, &scope);
    weft_metric_key_read(&rest, &intrinsic);
    weft_metric_key_read(&rest, &name);
    row.side = (enum side)side.int_value;
    row.attribute.scope = (enum weft_traceql_scope)scope.int_value;
    row.attribute.intrinsic = (enum weft_traceql_intrinsic)intrinsic.int_value;
    row.attribute.name = name.text;
    row.is_total = rest.len == 0;
    if (!row.is_total) weft_metric_key_read(&rest, &row.value);
    for (uint32_t i = 0; (cell = weft_metric_group_next(groups, group, &i)) != NULL; i++)
        row.weight += cell->weight;
    return row;
}

static int attribute_order(const struct row *a, const struct row *b)
{
    if (a->attribute.scope != b->attribute.scope)
        return (int)a->attribute.scope - (int)b->attribute.scope;
    if (a->attribute.intrinsic != b->attribute.intrinsic)
        return (int)a->attribute.intrinsic - (int)b->attribute.intrinsic;
    return weft_str_compare(a->attribute.name, b->attribute.name);
}

/* By attribute and side; the total before the values, these from frequent to rare. */
static int row_order(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int order = attribute_order(a, b);
    if (order != 0) return order;
    if (a->side != b->side) return (int)a->side - (int)b->side;
    if (a->is_total != b->is_total) return a->is_total ? -1 : 1;
    if (a->weight != b->weight) return a->weight > b->weight ? -1 : 1;
    order = weft_traceql_value_compare(&a->value, &b->value);
    return order != 0 ? order : (int)a->value.type - (int)b->value.type;
}

struct output {
    struct weft_metric_leaf *leaf;
    struct weft_metric_run *run;
    struct weft_series_set *set;
    uint32_t room;
    struct weft_str attribute_name; /* of the attribute being shown */
};

static const struct weft_traceql_value nil = { .type = WEFT_TRACEQL_STRING,
                                               .text = WEFT_S_INIT("nil") };

/* NULL: no room. */
static struct weft_series *series_add(struct output *output, struct weft_series_label first,
                                      struct weft_traceql_value value)
{
    if (output->set->count == output->room) return NULL;
    struct weft_series *series = weft_series_add(output->set, 2, output->run);
    series->labels[0] = first;
    series->labels[1] = (struct weft_series_label){ output->attribute_name, value };
    return series;
}

static void row_show(struct output *output, const struct row *row)
{
    static const char *const types[2][2] = { { "baseline", "baseline_total" },
                                             { "selection", "selection_total" } };
    const struct weft_metric_cell *cell;
    struct weft_series_label type = weft_series_text_label(
        WEFT_S("__meta_type"), weft_str_from_c(types[row->side][row->is_total]));
    bool is_nil = row->is_total || row->value.type == WEFT_TRACEQL_NIL;
    struct weft_series *series = series_add(output, type, is_nil ? nil : row->value);
    if (series == NULL) return;
    memset(series->points, 0, series->point_count * sizeof *series->points);
    for (uint32_t i = 0;
         (cell = weft_metric_group_next(&output->leaf->groups, row->group, &i)) != NULL; i++)
        series->points[i] = cell->weight;
}

static void name_print(struct output *output, const struct weft_traceql_attribute *attribute)
{
    struct weft_buf text = { 0 };
    weft_traceql_print_attribute(&text, attribute);
    output->attribute_name = weft_arena_copy(&output->run->arena, weft_buf_str(&text));
    weft_buf_release(&text);
}

/* Both sides of one attribute. */
static void attribute_show(struct output *output, const struct row *rows, uint32_t count)
{
    uint32_t shown[2] = { 0 }, top = output->leaf->expr->compare_top;
    bool is_cut = false;
    name_print(output, &rows[0].attribute);
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].is_total || shown[rows[i].side]++ < top)
            row_show(output, &rows[i]);
        else
            is_cut = true;
    }
    if (!is_cut) return;
    struct weft_series_label error =
        weft_series_text_label(WEFT_S("__meta_error"), WEFT_S("__too_many_values__"));
    series_add(output, error, nil);
}

void weft_metric_compare_series(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                                struct weft_series_set *out)
{
    uint32_t count = leaf->groups.count;
    struct row *rows = weft_arena_alloc_array(&run->arena, count, sizeof *rows);
    struct output output = { .leaf = leaf, .run = run, .set = out };
    for (uint32_t i = 0; i < count; i++) rows[i] = row_read(&leaf->groups, &leaf->groups.items[i]);
    if (count > 1) qsort(rows, count, sizeof *rows, row_order);
    /* At most one series a group and one error an attribute, which has two groups at least. */
    output.room = weft_metric_series_room(run, (uint64_t)count + count / 2);
    out->items = weft_arena_alloc_array(&run->arena, output.room, sizeof *out->items);
    for (uint32_t i = 0, alike; i < count; i += alike) {
        for (alike = 1; i + alike < count && attribute_order(&rows[i], &rows[i + alike]) == 0;)
            alike++;
        attribute_show(&output, &rows[i], alike);
    }
}
