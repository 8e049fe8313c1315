/* histogram.h -- durations by how long they took, shown at /metrics as a Prometheus histogram.
 *
 * Shape      counts under fixed bounds, 50 us to 10 s in steps of 1, 2, 5
 * Threads    add from any thread: once a request or a commit, so one cache line is shared
 * Ownership  static, like every metric (base/metric.h)
 */
#ifndef WEFT_BASE_HISTOGRAM_H
#define WEFT_BASE_HISTOGRAM_H
#include "base/metric.h"

#define WEFT_HISTOGRAM_BOUNDS 17
struct weft_histogram {
    struct weft_metric metric; /* its name and help; the rest is filled on registering */
    _Atomic uint64_t sum_ns;
    _Atomic uint64_t counts[WEFT_HISTOGRAM_BOUNDS + 1]; /* the last: beyond every bound */
};
void weft_histogram_register(struct weft_histogram *histogram); /* twice is fine */
void weft_histogram_add(struct weft_histogram *histogram, uint64_t duration_ns);

#endif
