/* slow_leaf.c -- one metrics function over the spans of one pipeline (Q6.1 - Q6.3, Q6.7); see slow_metrics.h. */
#include "slow_metrics.h"
#include <math.h>

struct sample {
    uint32_t bucket; /* of time */
    uint32_t group;
    bool has_value;
    struct weft_traceql_value value;
};
struct samples {
    struct sample *items;
    uint32_t count, capacity;
    struct slow_series_list groups; /* what by() distinguishes; their points are not used */
};

/* ---- labels ---- */

/* Words and durations are texts; arrays and what cannot be asked for are as if missing (Q6.1.5). */
static struct weft_traceql_value shown(struct slow_metering *m, struct weft_traceql_value value)
{
    struct weft_buf text = { 0 };

    switch (value.type) {
    case WEFT_TRACEQL_ARRAY:
    case WEFT_TRACEQL_OPAQUE: return (struct weft_traceql_value){ .type = WEFT_TRACEQL_NIL };
    case WEFT_TRACEQL_STATUS:
    case WEFT_TRACEQL_KIND:
    case WEFT_TRACEQL_DURATION: weft_traceql_print_value(&text, &value); break;
    default: return value;
    }
    value = slow_text(weft_arena_copy(m->arena, weft_buf_str(&text)));
    weft_buf_release(&text);
    return value;
}

/* Of events and links the first that has one. */
static struct weft_traceql_value attribute_of(struct slow_trace *trace, uint32_t span,
                                              const struct weft_traceql_attribute *attribute)
{
    const struct weft_expr expr = { .op = WEFT_EXPR_ATTRIBUTE, .attribute = *attribute };
    return slow_value(trace, &expr, span);
}

/* Missing is the string `nil` (Q6.1.5); the recorded cases (TQ-met-026, TQ-quant-013) say more: a label without value is left out beside
 * others, and of several without any the first is shown. */
static void label_by(struct slow_metering *m, struct slow_trace *trace, uint32_t span,
                     const struct weft_metric_expr *leaf, struct slow_series *group)
{
    bool has_other = leaf->function == WEFT_METRIC_QUANTILE_OVER_TIME ||
                     leaf->function == WEFT_METRIC_HISTOGRAM_OVER_TIME;

    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < leaf->by_count; i++) {
            struct weft_traceql_value value = shown(m, attribute_of(trace, span, &leaf->by[i]));
            struct weft_buf name = { 0 };
            if ((value.type == WEFT_TRACEQL_NIL) != (pass == 1) || (pass == 1 && has_other))
                continue;
            weft_traceql_print_attribute(&name, &leaf->by[i]);
            weft_buf_append_byte(&name, '\0');
            slow_label_add(group, weft_arena_copy(m->arena, weft_buf_str(&name)).ptr,
                           pass == 0 ? value : slow_text(WEFT_S("nil")));
            weft_buf_release(&name);
            has_other = true;
        }
}

/* ---- samples ---- */

static void add_sample(struct slow_metering *m, struct slow_trace *trace, uint32_t span,
                       const struct weft_metric_expr *leaf, struct samples *samples)
{
    const uint64_t start = trace->spans[span].start_time_unix_nano;
    const struct slow_window *window = &m->window;
    struct slow_series labels = { 0 };
    uint32_t g = 0;

    if (start <= window->after_ns || start > window->until_ns) return;
    label_by(m, trace, span, leaf, &labels);
    while (g < samples->groups.count && !slow_labels_equal(&samples->groups.items[g], &labels)) g++;
    if (g == samples->groups.count) *slow_series_add(m, &samples->groups) = labels;
    if (samples->count == samples->capacity) {
        const size_t size = sizeof *samples->items;
        samples->items = weft_arena_grow(m->arena, samples->items, samples->capacity * size,
                                         (samples->capacity * 2 + 64) * size);
        samples->capacity = samples->capacity * 2 + 64;
    }
    struct sample *sample = &samples->items[samples->count++];
    *sample = (struct sample){ .group = g };
    sample->bucket = (uint32_t)((start - window->after_ns - 1) / window->step_ns);
    sample->value = attribute_of(trace, span, &leaf->attribute);
    sample->has_value = slow_is_number(&sample->value);
}

static void collect(struct slow_metering *m, const struct weft_metric_expr *leaf,
                    struct samples *samples)
{
    for (uint32_t t = 0; t < m->trace_count; t++) {
        struct slow_trace *trace = &m->traces[t];
        struct slow_sets sets;
        slow_pipeline(trace, leaf->pipeline, &sets);
        m->is_refused |= sets.is_refused;
        for (uint32_t s = 0; s < sets.count; s++)
            for (uint32_t i = 0; i < trace->count; i++)
                if (sets.items[s].has[i]) add_sample(m, trace, i, leaf, samples);
    }
}

static bool is_of(const struct samples *samples, uint32_t i, uint32_t group, uint32_t bucket)
{
    return samples->items[i].group == group && samples->items[i].bucket == bucket;
}

/* ---- counts and values ---- */

/* Q6.1.2: of the span's own duration in seconds. */
static double scaled(const struct weft_metric_expr *leaf, const struct weft_traceql_value *value)
{
    bool is_span_duration = leaf->attribute.scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
                            leaf->attribute.intrinsic == WEFT_INTRINSIC_DURATION;
    return (double)slow_number(value) / (is_span_duration ? 1e9 : 1);
}

static double point(struct slow_metering *m, const struct weft_metric_expr *leaf,
                    const struct samples *samples, uint32_t group, uint32_t bucket)
{
    uint32_t spans = 0, values = 0;
    double sum = 0, least = 0, most = 0;

    for (uint32_t i = 0; i < samples->count; i++) {
        if (!is_of(samples, i, group, bucket)) continue;
        spans++;
        if (!samples->items[i].has_value) continue;
        const double value = scaled(leaf, &samples->items[i].value);
        if (values == 0 || value < least) least = value;
        if (values == 0 || value > most) most = value;
        sum += value;
        values++;
    }
    if (leaf->function == WEFT_METRIC_COUNT_OVER_TIME) return spans;
    if (leaf->function == WEFT_METRIC_RATE) return spans / ((double)m->window.step_ns / 1e9);
    if (values == 0) return (double)NAN;
    return leaf->function == WEFT_METRIC_MIN_OVER_TIME   ? least
           : leaf->function == WEFT_METRIC_MAX_OVER_TIME ? most
           : leaf->function == WEFT_METRIC_SUM_OVER_TIME ? sum
                                                         : sum / values;
}

static const char *function_name(enum weft_metric_function function)
{
    switch (function) {
    case WEFT_METRIC_RATE: return "rate";
    case WEFT_METRIC_COUNT_OVER_TIME: return "count_over_time";
    case WEFT_METRIC_MIN_OVER_TIME: return "min_over_time";
    case WEFT_METRIC_MAX_OVER_TIME: return "max_over_time";
    case WEFT_METRIC_AVG_OVER_TIME: return "avg_over_time";
    default: return "sum_over_time";
    }
}

static void plain(struct slow_metering *m, const struct weft_metric_expr *leaf,
                  struct samples *samples, struct slow_series_list *out)
{
    /* Q6.1.4: an ungrouped rate or count exists always. */
    if (samples->groups.count == 0 && leaf->by_count == 0) slow_series_add(m, &samples->groups);
    for (uint32_t g = 0; g < samples->groups.count; g++) {
        struct slow_series *series = slow_series_add(m, out);
        double *points = series->points;
        *series = samples->groups.items[g];
        series->points = points;
        if (leaf->by_count == 0) {
            series->is_unlabelled = true;
            slow_label_add(series, "__name__",
                           slow_text(weft_str_from_c(function_name(leaf->function))));
        }
        for (uint32_t b = 0; b < m->window.point_count; b++)
            series->points[b] = point(m, leaf, samples, g, b);
    }
}

/* ---- buckets of powers of two (Q6.2.2) ---- */

/* Exponents from -1100 to 1100 by place, and at 0 what has no bucket. */
#define POWERS 2201u
#define POWER_ZERO 1101

/* v lies in the bucket 2^n with 2^(n-1) < v <= 2^n. Whole numbers below 2 have none; the rule is silent about floats: every one that is
 * positive and finite has one. */
static uint32_t power_of(const struct weft_traceql_value *value)
{
    long double number = slow_number(value), limit = 1;
    int n = 0;

    if (value->type != WEFT_TRACEQL_FLOAT && number < 2) return 0;
    if (!(number > 0) || isinf(number)) return 0;
    for (; limit < number; limit *= 2) n++;
    for (; limit / 2 >= number; limit /= 2) n--;
    return (uint32_t)(POWER_ZERO + n);
}

static bool is_duration(const struct weft_metric_expr *leaf)
{
    return leaf->attribute.scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
           weft_traceql_intrinsics[leaf->attribute.intrinsic].type == WEFT_TRACEQL_DURATION;
}

static double limit_of(const struct weft_metric_expr *leaf, double power)
{
    return pow(2, power - POWER_ZERO) / (is_duration(leaf) ? 1e9 : 1);
}

static void count_powers(const struct samples *samples, uint32_t group, uint32_t bucket,
                         uint32_t counts[POWERS])
{
    memset(counts, 0, POWERS * sizeof counts[0]);
    for (uint32_t i = 0; i < samples->count; i++)
        if (is_of(samples, i, group, bucket) && samples->items[i].has_value)
            counts[power_of(&samples->items[i].value)]++;
    counts[0] = 0;
}

static double quantile(const struct weft_metric_expr *leaf, const uint32_t counts[POWERS], double q)
{
    uint32_t n = 0, before = 0, previous = 0;

    for (uint32_t p = 1; p < POWERS; p++) n += counts[p];
    if (n == 0) return 0;
    const double rank = fmax(1, ceil(q * n));
    for (uint32_t p = 1; p < POWERS; p++) {
        if (counts[p] == 0) continue;
        const double low = previous == 0 ? p - 1 : previous;
        if (before + counts[p] == rank) return limit_of(leaf, p);
        if (before + counts[p] > rank)
            return limit_of(leaf, low + (p - low) * (rank - before) / counts[p]);
        before += counts[p];
        previous = p;
    }
    return 0;
}

static bool occurs(const struct slow_metering *m, const struct samples *samples, uint32_t group,
                   uint32_t power /* 0: any */)
{
    uint32_t counts[POWERS], sum = 0;

    for (uint32_t b = 0; b < m->window.point_count; b++) {
        count_powers(samples, group, b, counts);
        for (uint32_t p = 1; p < POWERS; p++) sum += power == 0 || p == power ? counts[p] : 0;
    }
    return sum > 0;
}

static struct slow_series *series_with(struct slow_metering *m, const struct samples *samples,
                                       uint32_t group, const char *label, double value,
                                       struct slow_series_list *out)
{
    struct slow_series *series = slow_series_add(m, out);
    double *points = series->points;

    *series = samples->groups.items[group];
    series->points = points;
    slow_label_add(series, label,
                   (struct weft_traceql_value){ .type = WEFT_TRACEQL_FLOAT, .float_value = value });
    return series;
}

static void quantiles(struct slow_metering *m, const struct weft_metric_expr *leaf,
                      const struct samples *samples, struct slow_series_list *out)
{
    uint32_t counts[POWERS];

    for (uint32_t g = 0; g < samples->groups.count; g++)
        for (uint32_t q = 0; q < leaf->quantile_count; q++) {
            if (!occurs(m, samples, g, 0)) continue;
            struct slow_series *series = series_with(m, samples, g, "p", leaf->quantiles[q], out);
            for (uint32_t b = 0; b < m->window.point_count; b++) {
                count_powers(samples, g, b, counts);
                series->points[b] = quantile(leaf, counts, leaf->quantiles[q]);
            }
        }
}

static void histogram(struct slow_metering *m, const struct weft_metric_expr *leaf,
                      const struct samples *samples, struct slow_series_list *out)
{
    uint32_t counts[POWERS];

    for (uint32_t g = 0; g < samples->groups.count; g++)
        for (uint32_t p = 1; p < POWERS; p++) {
            if (!occurs(m, samples, g, p)) continue;
            struct slow_series *series =
                series_with(m, samples, g, "__bucket", limit_of(leaf, p), out);
            for (uint32_t b = 0; b < m->window.point_count; b++) {
                count_powers(samples, g, b, counts);
                series->points[b] = counts[p];
            }
        }
}

void slow_leaf(struct slow_metering *m, const struct weft_metric_expr *leaf,
               struct slow_series_list *out)
{
    struct samples samples = { .groups.point_count = m->window.point_count };

    collect(m, leaf, &samples);
    if (leaf->function == WEFT_METRIC_QUANTILE_OVER_TIME)
        quantiles(m, leaf, &samples, out);
    else if (leaf->function == WEFT_METRIC_HISTOGRAM_OVER_TIME)
        histogram(m, leaf, &samples, out);
    else
        plain(m, leaf, &samples, out);
}
