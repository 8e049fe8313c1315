/* traceql_metrics_exemplar.c -- a few spans to show for the points of a series (Q8.7.6); how many spans a sampled one stands for. */
#include "query/traceql_metrics_internal.h"

#include "base/hash.h"

enum { CLASSES_MAX = 10 };

void weft_metric_exemplars_init(struct weft_metric_exemplars *exemplars, uint32_t count,
                                bool is_grouped, struct weft_arena *arena)
{
    *exemplars = (struct weft_metric_exemplars){ 0 };
    if (count == 0) return;
    exemplars->class_count = is_grouped && count >= CLASSES_MAX ? CLASSES_MAX : 1;
    exemplars->slice_count = count / exemplars->class_count;
    exemplars->slots = weft_arena_alloc_array(
        arena, (size_t)exemplars->slice_count * exemplars->class_count, sizeof *exemplars->slots);
}

static uint64_t span_hash(const struct weft_series_exemplar *shown)
{
    uint8_t id[24];
    memcpy(id, shown->trace_id.bytes, 16);
    memcpy(id + 16, shown->span_id.bytes, 8);
    return weft_hash(id, sizeof id) | 1;
}

static uint32_t slice_of(const struct weft_metric_exemplars *exemplars,
                         const struct weft_metric_window *window, uint64_t time_ns)
{
    uint64_t after = window->first_ns > window->step_ns ? window->first_ns - window->step_ns : 0;
    double part = (double)(time_ns - after) / ((double)(window->last_ns - after) + 1);
    uint32_t slice = (uint32_t)(part * exemplars->slice_count);
    return slice < exemplars->slice_count ? slice : exemplars->slice_count - 1;
}

void weft_metric_exemplar_offer(struct weft_metric_exemplars *exemplars,
                                const struct weft_metric_run *run,
                                const struct weft_metric_exemplar *sample)
{
    if (exemplars->slice_count == 0) return;
    uint32_t class = (uint32_t)(weft_hash(run->key.data, run->key.len) % exemplars->class_count);
    uint32_t slice = slice_of(exemplars, &run->window, sample->shown.time_unix_nano);
    struct weft_metric_exemplar *slot = &exemplars->slots[slice * exemplars->class_count + class];
    uint64_t hash = span_hash(&sample->shown);
    if (slot->hash != 0 && slot->hash <= hash) return;
    *slot = *sample;
    slot->hash = hash;
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
