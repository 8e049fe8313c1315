/* traceql_metrics_exemplar.c -- a few spans to show for the points of a series (Q8.7.6); how many spans a sampled one stands for. */
#include "query/traceql_metrics_internal.h"

#include "base/hash.h"

void weft_metric_exemplars_init(struct weft_metric_exemplars *exemplars,
                                const struct weft_metric_window *window, uint32_t count,
                                bool is_grouped, struct weft_arena *arena)
{
    *exemplars = (struct weft_metric_exemplars){ 0 };
    if (count == 0) return;
    exemplars->class_count =
        is_grouped && count >= WEFT_METRIC_CLASSES_MAX ? WEFT_METRIC_CLASSES_MAX : 1;
    exemplars->slice_count = count / exemplars->class_count;
    exemplars->after_ns =
        window->first_ns > window->step_ns ? window->first_ns - window->step_ns : 0;
    exemplars->slices_per_2ns =
        2.0 * exemplars->slice_count / ((double)(window->last_ns - exemplars->after_ns) + 1);
    uint32_t slots = exemplars->slice_count * exemplars->class_count;
    exemplars->slots = weft_arena_alloc_array(arena, slots, sizeof *exemplars->slots);
    for (uint32_t i = 0; i < slots; i++) exemplars->slots[i].rank = UINT64_MAX;
}

uint32_t weft_metric_exemplar_class(const struct weft_metric_exemplars *exemplars,
                                    struct weft_str key)
{
    return (uint32_t)(weft_hash(key.ptr, key.len) % exemplars->class_count);
}

static int sample_compare(const struct weft_metric_groups *groups,
                          const struct weft_metric_exemplar *a,
                          const struct weft_metric_exemplar *b)
{
    int order = memcmp(&a->shown.trace_id, &b->shown.trace_id, sizeof a->shown.trace_id);
    if (order == 0) order = memcmp(&a->shown.span_id, &b->shown.span_id, sizeof a->shown.span_id);
    if (order == 0)
        order = weft_str_compare(groups->items[a->group].key, groups->items[b->group].key);
    if (order == 0) order = (a->shown.value > b->shown.value) - (a->shown.value < b->shown.value);
    return order;
}

void weft_metric_exemplar_offer(struct weft_metric_exemplar *slot,
                                const struct weft_metric_groups *groups,
                                const struct weft_metric_exemplar *sample)
{
    uint64_t rank = weft_metric_exemplar_rank(sample->shown.time_unix_nano);
    if (rank > slot->rank) return;
    if (slot->is_there && rank == slot->rank && sample_compare(groups, sample, slot) >= 0) return;
    *slot = *sample;
    slot->rank = rank;
    slot->is_there = true;
}

/* The value of member `ot` in a tracestate, or empty. */
static struct weft_str ot_member(struct weft_str trace_state)
{
    while (trace_state.len > 0) {
        struct weft_str member = weft_str_trim(weft_str_split(&trace_state, ','));
        if (weft_str_starts_with(member, WEFT_S("ot="))) return weft_str_tail(member, 3);
    }
    return WEFT_S("");
}

/* Up to 14 hex digits behind a point: the part of spans that was not kept. Anything else is no threshold. */
static bool threshold_parse(struct weft_str hex, double *threshold)
{
    double digit_value = 1.0 / 16;
    *threshold = 0;
    if (hex.len == 0 || hex.len > 14) return false;
    for (size_t i = 0; i < hex.len; i++, digit_value /= 16) {
        char c = hex.ptr[i];
        if (c >= '0' && c <= '9')
            *threshold += (c - '0') * digit_value;
        else if (c >= 'a' && c <= 'f')
            *threshold += (c - 'a' + 10) * digit_value;
        else
            return false;
    }
    return true;
}

double weft_metric_weight(struct weft_str trace_state)
{
    double threshold;
    struct weft_str fields = ot_member(trace_state);
    while (fields.len > 0) {
        struct weft_str field = weft_str_split(&fields, ';');
        if (weft_str_starts_with(field, WEFT_S("th:")) &&
            threshold_parse(weft_str_tail(field, 3), &threshold))
            return 1 / (1 - threshold);
    }
    return 1;
}
