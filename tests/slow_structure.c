/* slow_structure.c -- who is whose parent, as the slow judge sees it (Q1.4.2, Q1.4.4, Q4.3). */
#include "slow_traceql.h"

static bool same_id(const struct weft_span_id *a, const struct weft_span_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Of spans that share an id the first is meant. */
static uint32_t parent_by_id(const struct slow_trace *trace, uint32_t span)
{
    const struct weft_span_id *wanted = &trace->spans[span].parent_span_id;

    if (weft_span_id_is_zero(wanted)) return SLOW_NOBODY;
    for (uint32_t i = 0; i < trace->count; i++)
        if (same_id(&trace->spans[i].span_id, wanted)) return i;
    return SLOW_NOBODY;
}

static bool comes_back(const struct slow_trace *trace, uint32_t span)
{
    uint32_t at = span;

    if (same_id(&trace->spans[span].span_id, &trace->spans[span].parent_span_id))
        return true; /* it names itself, though the first that has the id may be another */
    for (uint32_t step = 0; step < trace->count; step++) {
        at = parent_by_id(trace, at);
        if (at == span) return true;
        if (at == SLOW_NOBODY) return false;
    }
    return false;
}

static void find_parents(struct slow_trace *trace)
{
    trace->parent = weft_arena_alloc_array(trace->arena, trace->count, sizeof *trace->parent);
    trace->is_on_circle = weft_arena_alloc_array(trace->arena, trace->count, sizeof(bool));
    trace->root = SLOW_NOBODY;
    for (uint32_t i = 0; i < trace->count; i++) {
        trace->is_on_circle[i] = comes_back(trace, i); /* Q4.3.7 */
        trace->parent[i] = trace->is_on_circle[i] ? SLOW_NOBODY : parent_by_id(trace, i);
        if (trace->root == SLOW_NOBODY && weft_span_id_is_zero(&trace->spans[i].parent_span_id))
            trace->root = i;
    }
}

/* Children, and roots, by start time, then id: the order of the array. */
static void number_tree(struct slow_trace *trace, uint32_t span, int64_t parent, int64_t *counter)
{
    trace->nested_parent[span] = parent;
    trace->nested_left[span] = (*counter)++;
    for (uint32_t i = 0; i < trace->count; i++)
        if (trace->parent[i] == span) number_tree(trace, i, trace->nested_left[span], counter);
    trace->nested_right[span] = (*counter)++;
}

void slow_trace_init(struct slow_trace *trace, const struct weft_batch *batch,
                     struct weft_arena *arena)
{
    const size_t size = sizeof(int64_t);
    int64_t counter = 1;

    *trace = (struct slow_trace){
        .spans = batch->spans, .count = batch->span_count, .arena = arena, .start_ns = UINT64_MAX
    };
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct weft_span *span = &trace->spans[i];
        const uint64_t end_ns = span->start_time_unix_nano + weft_span_duration_ns(span);
        if (span->start_time_unix_nano < trace->start_ns)
            trace->start_ns = span->start_time_unix_nano;
        if (end_ns > trace->end_ns) trace->end_ns = end_ns;
    }
    find_parents(trace);
    trace->nested_left = weft_arena_alloc_array(arena, trace->count, size);
    trace->nested_right = weft_arena_alloc_array(arena, trace->count, size);
    trace->nested_parent = weft_arena_alloc_array(arena, trace->count, size);
    for (uint32_t i = 0; i < trace->count; i++)
        if (weft_span_id_is_zero(&trace->spans[i].parent_span_id))
            number_tree(trace, i, -1, &counter);
}

static bool is_above(const struct slow_trace *trace, uint32_t upper, uint32_t lower)
{
    for (uint32_t at = trace->parent[lower]; at != SLOW_NOBODY; at = trace->parent[at])
        if (at == upper) return true;
    return false;
}

/* Roots have the same parent: none. Orphans may have the same missing one (Q4.3.1, Q4.3.4). */
static bool are_siblings(const struct slow_trace *trace, uint32_t a, uint32_t b)
{
    return a != b && !trace->is_on_circle[a] && !trace->is_on_circle[b] &&
           same_id(&trace->spans[a].parent_span_id, &trace->spans[b].parent_span_id);
}

bool slow_related(const struct slow_trace *trace, enum weft_spanset_op op, uint32_t left,
                  uint32_t right)
{
    switch (op) {
    case WEFT_SPANSET_CHILD: return trace->parent[right] == left;
    case WEFT_SPANSET_DESCENDANT: return is_above(trace, left, right);
    case WEFT_SPANSET_PARENT: return trace->parent[left] == right;
    case WEFT_SPANSET_ANCESTOR: return is_above(trace, right, left);
    default: return are_siblings(trace, left, right);
    }
}
