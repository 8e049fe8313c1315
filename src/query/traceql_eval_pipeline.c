/* traceql_eval_pipeline.c -- pipelines over the spansets of one trace: filters, groups, aggregates (query.md Q4.1, Q5).
 *
 * Stages work in place: the spans of a spanset only ever become fewer or are dealt out to groups, so a pipeline of any length needs one
 * array of span numbers.
 */
#include "query/traceql_eval_internal.h"
#include <stdlib.h>

/* ---- Working memory ---- */

int weft_evaluation_check(struct weft_evaluation *ev)
{
    const struct weft_trace_view *view = ev->view;

    if (view->memory_bytes_max != 0 && view->arena->total_bytes > view->memory_bytes_max)
        return weft_fail(ev->err, WEFT_FULL,
                         "evaluating the query over a trace of %u spans took %zu bytes, at most "
                         "%llu are allowed",
                         view->batch->span_count, view->arena->total_bytes,
                         (unsigned long long)view->memory_bytes_max);
    if (view->stopped == WEFT_CANCELLED)
        return weft_fail(ev->err, WEFT_CANCELLED, "the query was cancelled");
    if (view->stopped != 0)
        return weft_fail(ev->err, view->stopped, "the query ran into its time limit");
    return WEFT_OK;
}

void weft_spanset_list_add(struct weft_spanset_list *list, struct weft_span_set set,
                           const struct weft_spanset_attribute *attributes)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
        list->items = weft_realloc_array(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] = (struct weft_spanset_work){ set, attributes };
}

void weft_spanset_list_release(struct weft_spanset_list *list)
{
    weft_free(list->items);
    *list = (struct weft_spanset_list){ 0 };
}

/* Newest first here; turned round at the end. */
static void attribute_gain(struct weft_evaluation *ev, struct weft_spanset_work *spanset,
                           struct weft_str key, const struct weft_traceql_value *value)
{
    struct weft_spanset_attribute *gained = weft_arena_alloc(ev->view->arena, sizeof *gained);
    *gained = (struct weft_spanset_attribute){ key, *value, spanset->attributes };
    spanset->attributes = gained;
}

/* ---- Filters ---- */

static int filter_stage(struct weft_evaluation *ev, const struct weft_traceql_stage *stage,
                        struct weft_spanset_list *list)
{
    struct weft_span_buffer *buffer = weft_span_buffer_take(ev);
    uint32_t kept = 0;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < list->count && rc == WEFT_OK; i++) {
        struct weft_spanset_work *spanset = &list->items[i];
        struct weft_span_set out = { buffer->spans, 0 };
        rc = weft_spanset_evaluate(ev, stage->spanset, spanset->set, &out);
        if (out.count == 0) continue;
        memcpy(spanset->set.spans, out.spans, out.count * sizeof *out.spans);
        spanset->set.count = out.count;
        list->items[kept++] = *spanset;
    }
    list->count = kept;
    weft_span_buffer_give(ev, buffer);
    return rc;
}

/* ---- Aggregates ---- */

struct tally {
    uint64_t count, ints, durations;  /* numbers; how many of them are of these types */
    __extension__ __int128 whole_sum; /* of the ints and durations */
    double float_sum;                 /* of the others */
    struct weft_traceql_value least, greatest;
};

static void tally_add(struct tally *tally, const struct weft_traceql_value *value)
{
    if (value->type != WEFT_TRACEQL_INT && value->type != WEFT_TRACEQL_FLOAT &&
        value->type != WEFT_TRACEQL_DURATION)
        return;
    tally->ints += value->type == WEFT_TRACEQL_INT;
    tally->durations += value->type == WEFT_TRACEQL_DURATION;
    if (value->type == WEFT_TRACEQL_FLOAT)
        tally->float_sum += value->float_value;
    else
        tally->whole_sum += value->int_value;
    if (tally->count == 0 || weft_traceql_compare(WEFT_EXPR_LT, value, &tally->least))
        tally->least = *value;
    if (tally->count == 0 || weft_traceql_compare(WEFT_EXPR_GT, value, &tally->greatest))
        tally->greatest = *value;
    tally->count++;
}

static struct weft_traceql_value whole(enum weft_traceql_type type, int64_t n)
{
    return (struct weft_traceql_value){ .type = type, .int_value = n };
}

static struct weft_traceql_value tally_sum(const struct tally *tally)
{
    if (tally->ints == tally->count) return whole(WEFT_TRACEQL_INT, (int64_t)tally->whole_sum);
    if (tally->durations == tally->count)
        return whole(WEFT_TRACEQL_DURATION, (int64_t)tally->whole_sum);
    return (struct weft_traceql_value){ .type = WEFT_TRACEQL_FLOAT,
                                        .float_value =
                                            tally->float_sum + (double)tally->whole_sum };
}

static struct weft_traceql_value tally_average(const struct tally *tally)
{
    if (tally->durations == tally->count)
        return whole(WEFT_TRACEQL_DURATION, (int64_t)(tally->whole_sum / (int64_t)tally->count));
    return (struct weft_traceql_value){
        .type = WEFT_TRACEQL_FLOAT,
        .float_value = (tally->float_sum + (double)tally->whole_sum) / (double)tally->count
    };
}

/* False: no span has a number (Q5.1.1). */
static bool aggregate(struct weft_evaluation *ev, const struct weft_traceql_stage *stage,
                      struct weft_span_set set, struct weft_traceql_value *out)
{
    struct tally tally = { 0 };

    if (stage->aggregate == WEFT_AGGREGATE_COUNT) {
        *out = whole(WEFT_TRACEQL_INT, set.count);
        return true;
    }
    for (uint32_t i = 0; i < set.count; i++) {
        struct weft_traceql_value value;
        weft_traceql_value(ev->view, stage->expr, set.spans[i], &value);
        tally_add(&tally, &value);
    }
    if (tally.count == 0) return false;
    switch (stage->aggregate) {
    case WEFT_AGGREGATE_MIN: *out = tally.least; break;
    case WEFT_AGGREGATE_MAX: *out = tally.greatest; break;
    case WEFT_AGGREGATE_SUM: *out = tally_sum(&tally); break;
    default: *out = tally_average(&tally);
    }
    return true;
}

static int aggregate_stage(struct weft_evaluation *ev, const struct weft_traceql_stage *stage,
                           struct weft_spanset_list *list)
{
    uint32_t kept = 0;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < list->count && rc == WEFT_OK; i++) {
        struct weft_spanset_work spanset = list->items[i];
        struct weft_traceql_value value;
        if (aggregate(ev, stage, spanset.set, &value) &&
            weft_traceql_compare(stage->compare, &value, &stage->constant)) {
            attribute_gain(ev, &spanset, stage->label, &value);
            list->items[kept++] = spanset;
        }
        rc = weft_evaluation_check(ev);
    }
    list->count = kept;
    return rc;
}

/* ---- Groups ---- */

struct keyed {
    struct weft_traceql_value value;
    uint32_t span;
};

static int compare_keyed(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    int order = weft_traceql_value_compare(&x->value, &y->value);
    return order != 0 ? order : (x->span > y->span) - (x->span < y->span);
}

/* Deals the spans of one spanset out to groups, within its own array. */
static void spanset_split(struct weft_evaluation *ev, const struct weft_traceql_stage *stage,
                          struct weft_spanset_work spanset, struct keyed *keyed,
                          struct weft_spanset_list *out)
{
    struct weft_span_set set = spanset.set;

    for (uint32_t i = 0; i < set.count; i++) {
        keyed[i].span = set.spans[i];
        weft_traceql_value(ev->view, stage->expr, set.spans[i], &keyed[i].value);
    }
    qsort(keyed, set.count, sizeof *keyed, compare_keyed);
    for (uint32_t first = 0, i = 0; i < set.count; i++) {
        set.spans[i] = keyed[i].span;
        bool is_last = i + 1 == set.count ||
                       weft_traceql_value_compare(&keyed[i].value, &keyed[i + 1].value) != 0;
        if (!is_last) continue;
        struct weft_span_set part = { set.spans + first, i + 1 - first };
        weft_spanset_list_add(out, part, spanset.attributes);
        attribute_gain(ev, &out->items[out->count - 1], stage->label, &keyed[i].value);
        first = i + 1;
    }
}

static int group_stage(struct weft_evaluation *ev, const struct weft_traceql_stage *stage,
                       struct weft_spanset_list *list)
{
    struct weft_spanset_list out = { 0 };
    struct keyed *keyed = weft_alloc_array(ev->view->batch->span_count, sizeof *keyed);
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < list->count && rc == WEFT_OK; i++) {
        spanset_split(ev, stage, list->items[i], keyed, &out);
        rc = weft_evaluation_check(ev);
    }
    weft_free(keyed);
    weft_spanset_list_release(list);
    *list = out;
    return rc;
}

/* One spanset of all, without their attributes. */
static void coalesce_stage(struct weft_evaluation *ev, struct weft_spanset_list *list)
{
    struct weft_span_buffer *buffer;
    uint32_t count = 0;

    if (list->count == 0) return;
    buffer = weft_span_buffer_take(ev);
    for (uint32_t i = 0; i < list->count; i++) {
        struct weft_span_set set = list->items[i].set;
        memcpy(buffer->spans + count, set.spans, set.count * sizeof *set.spans);
        count += set.count;
    }
    weft_numbers_sort(ev, buffer->spans, count);
    list->items[0] = (struct weft_spanset_work){ { list->items[0].set.spans, count }, NULL };
    memcpy(list->items[0].set.spans, buffer->spans, count * sizeof *buffer->spans);
    list->count = 1;
    weft_span_buffer_give(ev, buffer);
}

/* ---- The whole ---- */

int weft_pipeline_run(struct weft_evaluation *ev, const struct weft_traceql_pipeline *pipeline,
                      struct weft_spanset_list *list)
{
    int rc = WEFT_OK;

    for (const struct weft_traceql_stage *stage = pipeline->first;
         stage != NULL && rc == WEFT_OK && list->count > 0; stage = stage->next) {
        switch (stage->kind) {
        case WEFT_STAGE_SPANSET: rc = filter_stage(ev, stage, list); break;
        case WEFT_STAGE_AGGREGATE: rc = aggregate_stage(ev, stage, list); break;
        case WEFT_STAGE_GROUP: rc = group_stage(ev, stage, list); break;
        case WEFT_STAGE_COALESCE: coalesce_stage(ev, list); break;
        case WEFT_STAGE_SELECT: break; /* says what is shown, not what is found */
        }
    }
    return rc;
}

static int compare_first_span(const void *a, const void *b)
{
    const struct weft_spanset_work *x = a, *y = b;
    return (x->set.spans[0] > y->set.spans[0]) - (x->set.spans[0] < y->set.spans[0]);
}

static const struct weft_spanset_attribute *attributes_turned(
    const struct weft_spanset_attribute *newest, struct weft_arena *arena)
{
    const struct weft_spanset_attribute *oldest = NULL;

    for (; newest != NULL; newest = newest->next) {
        struct weft_spanset_attribute *copy = weft_arena_alloc(arena, sizeof *copy);
        *copy = (struct weft_spanset_attribute){ newest->key, newest->value, oldest };
        oldest = copy;
    }
    return oldest;
}

static int list_finish(struct weft_evaluation *ev, struct weft_spanset_list *list,
                       struct weft_spansets *out)
{
    struct weft_arena *arena = ev->view->arena;
    int rc = WEFT_OK;

    if (list->count == 0) return WEFT_OK;
    qsort(list->items, list->count, sizeof *list->items, compare_first_span);
    out->items = weft_arena_alloc_array(arena, list->count, sizeof *out->items);
    for (uint32_t i = 0; i < list->count && rc == WEFT_OK; i++) {
        const struct weft_spanset_work *spanset = &list->items[i];
        out->items[out->count++] = (struct weft_spanset){
            .spans = spanset->set.spans,
            .count = spanset->set.count,
            .attributes = attributes_turned(spanset->attributes, arena),
        };
        rc = weft_evaluation_check(ev);
    }
    return rc;
}

/* `spans` become its own. */
static int evaluate(struct weft_trace_view *view, const struct weft_traceql_pipeline *pipeline,
                    struct weft_span_set spans, struct weft_spansets *out, struct weft_err *err)
{
    struct weft_evaluation ev = { .view = view, .err = err };
    struct weft_spanset_list list = { 0 };

    *out = (struct weft_spansets){ 0 };
    if (spans.count == 0) return WEFT_OK;
    weft_spanset_list_add(&list, spans, NULL);
    int rc = weft_pipeline_run(&ev, pipeline, &list);
    if (rc == WEFT_OK) rc = list_finish(&ev, &list, out);
    weft_spanset_list_release(&list);
    return rc;
}

int weft_traceql_eval(struct weft_trace_view *view, const struct weft_traceql_pipeline *pipeline,
                      struct weft_spansets *out, struct weft_err *err)
{
    uint32_t count = view->batch->span_count;
    uint32_t *spans = weft_arena_alloc_array(view->arena, count, sizeof *spans);

    for (uint32_t i = 0; i < count; i++) spans[i] = i;
    return evaluate(view, pipeline, (struct weft_span_set){ spans, count }, out, err);
}

int weft_traceql_eval_rest(struct weft_trace_view *view,
                           const struct weft_traceql_pipeline *pipeline, const uint32_t *spans,
                           uint32_t count, struct weft_spansets *out, struct weft_err *err)
{
    const struct weft_traceql_pipeline rest = { .first = pipeline->first->next };
    uint32_t *copy = weft_arena_alloc_array(view->arena, count, sizeof *copy);

    if (count > 0) memcpy(copy, spans, count * sizeof *copy);
    return evaluate(view, &rest, (struct weft_span_set){ copy, count }, out, err);
}
