/* metric.c -- the list of metrics and its text.
 *
 * Spec       Prometheus text exposition format 0.0.4
 */
#include "base/metric.h"

#include <pthread.h>

static pthread_mutex_t registry_lock =
    PTHREAD_MUTEX_INITIALIZER; /* guards first and every ->next */
static struct weft_metric *first;

void weft_metric_register(struct weft_metric *metric)
{
    pthread_mutex_lock(&registry_lock);
    /* Behind the last of its name, else at the end: HELP and TYPE come once a name. */
    struct weft_metric **end = &first, **place = NULL;
    for (; *end != NULL; end = &(*end)->next) {
        if (*end == metric) {
            pthread_mutex_unlock(&registry_lock);
            return;
        }
        if (strcmp((*end)->name, metric->name) == 0) place = &(*end)->next;
    }
    if (place == NULL) place = end;
    metric->next = *place;
    *place = metric;
    pthread_mutex_unlock(&registry_lock);
}

unsigned weft_metric_shard_of_thread(void)
{
    static _Atomic unsigned next_shard;
    static _Thread_local unsigned shard_plus_one;
    if (__builtin_expect(shard_plus_one == 0, 0))
        shard_plus_one =
            atomic_fetch_add_explicit(&next_shard, 1, memory_order_relaxed) % WEFT_METRIC_SHARDS +
            1;
    return shard_plus_one - 1;
}

void weft_metric_set(struct weft_metric *metric, uint64_t value)
{
    atomic_store_explicit(&metric->shards[0].value, value, memory_order_relaxed);
}

uint64_t weft_metric_get(const struct weft_metric *metric)
{
    if (metric->read != NULL) return metric->read(metric->self);
    uint64_t sum = 0;
    for (unsigned i = 0; i < WEFT_METRIC_SHARDS; i++)
        sum += atomic_load_explicit(&metric->shards[i].value, memory_order_relaxed);
    return sum;
}

/* In HELP texts a backslash and a line feed are escaped. */
static void help_append(struct weft_buf *out, const char *help)
{
    for (; *help != '\0'; help++) {
        if (*help == '\n')
            weft_buf_append_c(out, "\\n");
        else if (*help == '\\')
            weft_buf_append_c(out, "\\\\");
        else
            weft_buf_append_byte(out, *help);
    }
}

static const char *const type_names[] = { [WEFT_METRIC_COUNTER] = "counter",
                                          [WEFT_METRIC_GAUGE] = "gauge",
                                          [WEFT_METRIC_HISTOGRAM] = "histogram" };

void weft_metric_write_all(struct weft_buf *out)
{
    const char *name = "";
    pthread_mutex_lock(&registry_lock);
    for (const struct weft_metric *metric = first; metric != NULL; metric = metric->next) {
        if (strcmp(name, metric->name) != 0) {
            name = metric->name;
            weft_buf_printf(out, "# HELP %s ", name);
            help_append(out, metric->help != NULL ? metric->help : "");
            weft_buf_printf(out, "\n# TYPE %s %s\n", name, type_names[metric->kind]);
        }
        if (metric->write != NULL) {
            metric->write(metric->self, out);
            continue;
        }
        weft_buf_append_c(out, name);
        if (metric->labels != NULL) weft_buf_printf(out, "{%s}", metric->labels);
        weft_buf_printf(out, " %llu\n", (unsigned long long)weft_metric_get(metric));
    }
    pthread_mutex_unlock(&registry_lock);
}
