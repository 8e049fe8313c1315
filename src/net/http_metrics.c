/* http_metrics.c -- counters of a listener, by its name; two listeners of one name (after a reload) share them. */
#include <pthread.h>

#include "base/alloc.h"
#include "net/http_internal.h"

static const char *const refusal_names[WEFT_HTTP_REFUSED_COUNT] = {
    [WEFT_HTTP_REFUSED_MALFORMED] = "malformed",
    [WEFT_HTTP_REFUSED_HEADER] = "header_too_large",
    [WEFT_HTTP_REFUSED_BODY] = "body_too_large",
    [WEFT_HTTP_REFUSED_BUDGET] = "memory",
    [WEFT_HTTP_REFUSED_CONNECTIONS] = "connections",
    [WEFT_HTTP_REFUSED_TIMEOUT] = "timeout",
    [WEFT_HTTP_REFUSED_FLOOD] = "flood",
    [WEFT_HTTP_REFUSED_TLS] = "tls",
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards first and every ->next */
static struct weft_http_metrics *first;

static uint64_t open_read(void *self)
{
    return atomic_load_explicit((_Atomic uint64_t *)self, memory_order_relaxed);
}

static void metric_add(struct weft_metric *metric, const char *name, const char *labels,
                       const char *help)
{
    metric->name = name;
    metric->labels = labels;
    metric->help = help;
    metric->kind = metric->read != NULL ? WEFT_METRIC_GAUGE : WEFT_METRIC_COUNTER;
    weft_metric_register(metric);
}

static struct weft_http_metrics *metrics_create(const char *labels)
{
    struct weft_http_metrics *metrics = aligned_alloc(64, sizeof *metrics);
    if (metrics == NULL) abort();
    memset(metrics, 0, sizeof *metrics);
    snprintf(metrics->labels, sizeof metrics->labels, "%s", labels);
    metrics->open.read = open_read;
    metrics->open.self = &metrics->open_count;
    metric_add(&metrics->open, "weft_http_connections_open", metrics->labels,
               "Connections open now.");
    metric_add(&metrics->accepted, "weft_http_connections_total", metrics->labels,
               "Connections accepted.");
    metric_add(&metrics->requests, "weft_http_requests_total", metrics->labels,
               "Requests with a sound header.");
    for (int i = 0; i < WEFT_HTTP_REFUSED_COUNT; i++) {
        snprintf(metrics->refused_labels[i], sizeof metrics->refused_labels[i], "%s,reason=\"%s\"",
                 labels, refusal_names[i]);
        metric_add(&metrics->refused[i], "weft_http_refused_total", metrics->refused_labels[i],
                   "Requests and connections refused or cut off by the server itself.");
    }
    return metrics;
}

/* Under the lock. */
static struct weft_http_metrics *metrics_find(const char *listener_name, char labels[static 64])
{
    struct weft_http_metrics *metrics = first;
    snprintf(labels, 64, "listener=\"%.48s\"", listener_name);
    while (metrics != NULL && strcmp(metrics->labels, labels) != 0) metrics = metrics->next;
    return metrics;
}

void weft_http_counts(const char *listener_name, struct weft_http_counts *out)
{
    char labels[64];
    *out = (struct weft_http_counts){ 0 };
    pthread_mutex_lock(&lock);
    const struct weft_http_metrics *metrics = metrics_find(listener_name, labels);
    pthread_mutex_unlock(&lock);
    if (metrics == NULL) return;
    out->connections_open = atomic_load_explicit(&metrics->open_count, memory_order_relaxed);
    out->requests = weft_metric_get(&metrics->requests);
    for (int i = 0; i < WEFT_HTTP_REFUSED_COUNT; i++)
        out->refused += weft_metric_get(&metrics->refused[i]);
}

struct weft_http_metrics *weft_http_metrics_for(const char *listener_name)
{
    char labels[64];
    pthread_mutex_lock(&lock);
    struct weft_http_metrics *metrics = metrics_find(listener_name, labels);
    if (metrics == NULL) {
        metrics = metrics_create(labels);
        metrics->next = first;
        first = metrics;
    }
    pthread_mutex_unlock(&lock);
    return metrics;
}
