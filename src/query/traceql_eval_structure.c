/* traceql_eval_structure.c -- structural operators between two sets of spans (query.md Q4.3).
 *
 * Costs follow the sets, not the trace, for by() may have cut it into many: parents and siblings are marked; ancestors and descendants
 * are intervals of the pre-order, sorted.
 */
#include "query/traceql_eval_internal.h"
#include <stdlib.h>

void weft_marks_clear(struct weft_evaluation *ev)
{
    size_t numbers = 2 * (size_t)ev->view->batch->span_count + 1;

    if (ev->stamps == NULL) {
        ev->stamps = weft_arena_alloc_array(ev->view->arena, numbers, sizeof *ev->stamps);
        ev->tallies = weft_arena_alloc_array(ev->view->arena, numbers, sizeof *ev->tallies);
    }
    if (++ev->stamp == 0) { /* once in four thousand million times */
        memset(ev->stamps, 0, numbers * sizeof *ev->stamps);
        ev->stamp = 1;
    }
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void weft_numbers_sort(struct weft_evaluation *ev, uint32_t *numbers, uint32_t count)
{
    uint32_t span_count = ev->view->batch->span_count, at = 0;

    if (count < span_count / 8) {
        qsort(numbers, count, sizeof *numbers, compare_numbers);
        return;
    }
    weft_marks_clear(ev);
    for (uint32_t i = 0; i < count; i++) weft_mark(ev, numbers[i]);
    for (uint32_t n = 0; n < span_count; n++)
        if (weft_is_marked(ev, n)) numbers[at++] = n;
}

/* ---- One step: marks ---- */

/* r is kept when its parent is in A. */
static void children_keep(struct weft_evaluation *ev, struct weft_span_set left, bool *keep,
                          struct weft_span_set right)
{
    const uint32_t *parent = ev->view->parent;

    weft_marks_clear(ev);
    for (uint32_t i = 0; i < left.count; i++) weft_mark(ev, left.spans[i]);
    for (uint32_t i = 0; i < right.count; i++) {
        uint32_t p = parent[right.spans[i]];
        keep[i] = p != WEFT_NO_PARENT && weft_is_marked(ev, p);
    }
}

/* r is kept when one of A has it as parent. */
static void parents_keep(struct weft_evaluation *ev, struct weft_span_set left, bool *keep,
                         struct weft_span_set right)
{
    weft_marks_clear(ev);
    for (uint32_t i = 0; i < left.count; i++) {
        uint32_t p = ev->view->parent[left.spans[i]];
        if (p != WEFT_NO_PARENT) weft_mark(ev, p);
    }
    for (uint32_t i = 0; i < right.count; i++) keep[i] = weft_is_marked(ev, right.spans[i]);
}

/* r is kept when its group has one of A that is not r itself: any two, or one that is another. */
static void siblings_keep(struct weft_evaluation *ev, struct weft_span_set left, bool *keep,
                          struct weft_span_set right)
{
    const uint32_t *group = ev->view->sibling_group;
    const uint32_t several = UINT32_MAX;

    weft_marks_clear(ev);
    for (uint32_t i = 0; i < left.count; i++) {
        uint32_t g = group[left.spans[i]];
        if (g == WEFT_NO_PARENT) continue;
        ev->tallies[g] = weft_is_marked(ev, g) ? several : left.spans[i];
        weft_mark(ev, g);
    }
    for (uint32_t i = 0; i < right.count; i++) {
        uint32_t g = group[right.spans[i]];
        keep[i] = g != WEFT_NO_PARENT && weft_is_marked(ev, g) && ev->tallies[g] != right.spans[i];
    }
}

/* ---- Many steps: intervals of the pre-order ---- */

/* How many of the sorted numbers are at most `number`. */
static uint32_t count_up_to(const uint32_t *sorted, uint32_t count, uint32_t number)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted[middle] <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct weft_span_buffer *places_of(struct weft_evaluation *ev, struct weft_span_set set)
{
    struct weft_span_buffer *places = weft_span_buffer_take(ev);

    for (uint32_t i = 0; i < set.count; i++) places->spans[i] = ev->view->place[set.spans[i]];
    weft_numbers_sort(ev, places->spans, set.count);
    return places;
}

/* r is kept when it stands within the interval of one of A: among those that begin before it, the one that ends last decides. */
static void descendants_keep(struct weft_evaluation *ev, struct weft_span_set left, bool *keep,
                             struct weft_span_set right)
{
    const struct weft_trace_view *view = ev->view;
    struct weft_span_buffer *places = places_of(ev, left), *ends = weft_span_buffer_take(ev);

    for (uint32_t i = 0; i < left.count; i++) {
        uint32_t end = view->last[view->order[places->spans[i]]];
        ends->spans[i] = i > 0 && ends->spans[i - 1] > end ? ends->spans[i - 1] : end;
    }
    for (uint32_t i = 0; i < right.count; i++) {
        uint32_t place = view->place[right.spans[i]];
        uint32_t before = place > 0 ? count_up_to(places->spans, left.count, place - 1) : 0;
        keep[i] = before > 0 && ends->spans[before - 1] >= place;
    }
    weft_span_buffer_give(ev, ends);
    weft_span_buffer_give(ev, places);
}

/* r is kept when the first of A behind it is still within its interval. */
static void ancestors_keep(struct weft_evaluation *ev, struct weft_span_set left, bool *keep,
                           struct weft_span_set right)
{
    const struct weft_trace_view *view = ev->view;
    struct weft_span_buffer *places = places_of(ev, left);

    for (uint32_t i = 0; i < right.count; i++) {
        uint32_t r = right.spans[i];
        uint32_t next = count_up_to(places->spans, left.count, view->place[r]);
        keep[i] = next < left.count && places->spans[next] <= view->last[r];
    }
    weft_span_buffer_give(ev, places);
}

void weft_spans_relate(struct weft_evaluation *ev, enum weft_spanset_op op, bool is_negated,
                       struct weft_span_set left, struct weft_span_set right,
                       struct weft_span_set *out)
{
    struct weft_span_buffer *room = weft_span_buffer_take(ev);
    bool *keep = (bool *)room->spans;

    weft_trace_view_walk(ev->view);
    switch (op) {
    case WEFT_SPANSET_CHILD: children_keep(ev, left, keep, right); break;
    case WEFT_SPANSET_PARENT: parents_keep(ev, left, keep, right); break;
    case WEFT_SPANSET_SIBLING: siblings_keep(ev, left, keep, right); break;
    case WEFT_SPANSET_DESCENDANT: descendants_keep(ev, left, keep, right); break;
    default: ancestors_keep(ev, left, keep, right); break;
    }
    out->count = 0;
    for (uint32_t i = 0; i < right.count; i++)
        if (keep[i] != is_negated) out->spans[out->count++] = right.spans[i];
    weft_span_buffer_give(ev, room);
}
