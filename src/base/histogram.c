/* histogram.c -- durations under fixed bounds, and their text.
 *
 * Spec       Prometheus text exposition format 0.0.4, histograms
 */
#include "base/histogram.h"

#include "base/clock.h"

static const struct {
    uint64_t ns;
    const char *seconds;
} bounds[WEFT_HISTOGRAM_BOUNDS] = {
    { 50000, "0.00005" },  { 100000, "0.0001" }, { 200000, "0.0002" }, { 500000, "0.0005" },
    { 1000000, "0.001" },  { 2000000, "0.002" }, { 5000000, "0.005" }, { 10000000, "0.01" },
    { 20000000, "0.02" },  { 50000000, "0.05" }, { 100000000, "0.1" }, { 200000000, "0.2" },
    { 500000000, "0.5" },  { 1000000000, "1" },  { 2000000000, "2" },  { 5000000000, "5" },
    { 10000000000, "10" },
};

/* Buckets are cumulative; the last one is the count of all, read in the same pass. */
static void write(void *self, struct weft_buf *out)
{
    const struct weft_histogram *histogram = self;
    const char *name = histogram->metric.name;
    uint64_t total = 0;
    for (int i = 0; i <= WEFT_HISTOGRAM_BOUNDS; i++) {
        total += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        weft_buf_printf(out, "%s_bucket{le=\"%s\"} %llu\n", name,
                        i < WEFT_HISTOGRAM_BOUNDS ? bounds[i].seconds : "+Inf",
                        (unsigned long long)total);
    }
    uint64_t sum_ns = atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed);
    weft_buf_printf(out, "%s_sum %.6f\n%s_count %llu\n", name,
                    (double)sum_ns / (double)WEFT_NS_PER_SECOND, name, (unsigned long long)total);
}

void weft_histogram_register(struct weft_histogram *histogram)
{
    histogram->metric.kind = WEFT_METRIC_HISTOGRAM;
    histogram->metric.write = write;
    histogram->metric.self = histogram;
    weft_metric_register(&histogram->metric);
}

void weft_histogram_add(struct weft_histogram *histogram, uint64_t duration_ns)
{
    int i = 0;
    while (i < WEFT_HISTOGRAM_BOUNDS && duration_ns > bounds[i].ns) i++;
    atomic_fetch_add_explicit(&histogram->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ns, duration_ns, memory_order_relaxed);
}
