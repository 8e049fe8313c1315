/* metric.h -- weft's own counters and gauges, shown at /metrics in Prometheus' text format.
 *
 * Shape      a metric is a static struct, registered once; counters are sharded per thread to keep
 *            cache lines apart
 * Threads    add and set from any thread; register before threads start or under the registry's
 *            lock
 * Ownership  metrics are static: they are never unregistered
 */
#ifndef WEFT_BASE_METRIC_H
#define WEFT_BASE_METRIC_H
#include "base/buf.h"
#include <stdatomic.h>

#define WEFT_METRIC_SHARDS 16
enum weft_metric_kind { WEFT_METRIC_COUNTER, WEFT_METRIC_GAUGE, WEFT_METRIC_HISTOGRAM };
struct weft_metric_shard {
    _Alignas(64) _Atomic uint64_t value;
};
struct weft_metric {
    const char *name; /* weft_receiver_accepted_spans_total */
    const char *
        labels; /* "transport=\"grpc\"" or NULL; metrics of one name are registered one after the other */
    const char *help;
    enum weft_metric_kind kind;
    uint64_t (*read)(void *self); /* gauges computed when asked; NULL otherwise */
    void (*write)(void *self, struct weft_buf *out); /* histograms: their lines; NULL otherwise */
    void *self;
    struct weft_metric_shard shards[WEFT_METRIC_SHARDS];
    struct weft_metric *next;
};

void weft_metric_register(struct weft_metric *metric); /* twice is fine */
unsigned weft_metric_shard_of_thread(void);
static inline void weft_metric_add(struct weft_metric *metric, uint64_t n)
{
    atomic_fetch_add_explicit(&metric->shards[weft_metric_shard_of_thread()].value, n,
                              memory_order_relaxed);
}
void weft_metric_set(struct weft_metric *metric, uint64_t value); /* gauges */
uint64_t weft_metric_get(const struct weft_metric *metric);
/* All registered metrics as Prometheus text 0.0.4, HELP and TYPE once a name. */
void weft_metric_write_all(struct weft_buf *out);

#endif
