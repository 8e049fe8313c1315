/* store_metrics.c -- the store's figures at /metrics: read from weft_store_stats() when asked, nothing counted twice. */
#include "base/metric.h"
#include "store/store_internal.h"

/* Metrics live for ever, stores do not: the one that is shown. Guards shown. */
static pthread_mutex_t shown_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct weft_store *shown;

/* `self` points to the offset of a uint64_t in struct weft_store_stats. */
static uint64_t stat_read(void *self)
{
    struct weft_store_stats stats = { 0 };
    uint64_t value;

    pthread_mutex_lock(&shown_mutex);
    if (shown != NULL) weft_store_stats(shown, &stats);
    pthread_mutex_unlock(&shown_mutex);
    memcpy(&value, (const char *)&stats + *(const size_t *)self, sizeof value);
    return value;
}

#define STAT(field) .read = stat_read, .self = &(size_t){ offsetof(struct weft_store_stats, field) }
#define COUNTER .kind = WEFT_METRIC_COUNTER
#define GAUGE .kind = WEFT_METRIC_GAUGE

static struct weft_metric metrics[] = {
    { .name = "weft_store_commits_total", COUNTER, STAT(commits), .help = "Group commits that reached the disk." },
    { .name = "weft_store_commit_errors_total", COUNTER, STAT(commit_errors),
      .help = "Group commits that failed; their senders were told to send again." },
    { .name = "weft_store_committed_spans_total", COUNTER, STAT(committed_spans), .help = "Spans made durable." },
    { .name = "weft_store_refused_batches_total", COUNTER, STAT(refused_batches),
      .help = "Batches answered with \"send again later\" because the disk was behind or full." },
    { .name = "weft_store_compactions_total", COUNTER, STAT(compactions), .help = "Merges of segments into a block." },
    { .name = "weft_store_compaction_errors_total", COUNTER, STAT(compaction_errors), .help = "Merges that failed." },
    { .name = "weft_store_files", .labels = "kind=\"live_segment\"", GAUGE, STAT(live_segments),
      .help = "Files in use, by kind." },
    { .name = "weft_store_files", .labels = "kind=\"sealed_segment\"", GAUGE, STAT(sealed_segments) },
    { .name = "weft_store_files", .labels = "kind=\"block\"", GAUGE, STAT(blocks) },
    { .name = "weft_store_spans", .labels = "kind=\"live_segment\"", GAUGE, STAT(live_spans),
      .help = "Spans stored, by the kind of file." },
    { .name = "weft_store_spans", .labels = "kind=\"sealed_segment\"", GAUGE, STAT(sealed_spans) },
    { .name = "weft_store_spans", .labels = "kind=\"block\"", GAUGE, STAT(block_spans) },
    { .name = "weft_store_bytes", .labels = "kind=\"segment\"", GAUGE, STAT(segment_bytes),
      .help = "Bytes on disk, by the kind of file; segments and spares are preallocated." },
    { .name = "weft_store_bytes", .labels = "kind=\"block\"", GAUGE, STAT(block_bytes) },
    { .name = "weft_store_bytes", .labels = "kind=\"spare\"", GAUGE, STAT(spare_bytes) },
    { .name = "weft_store_damaged_files", GAUGE, STAT(damaged_files),
      .help = "Files that cannot be read; searches are marked partial while there are any." },
};

void weft_store_metrics_show(struct weft_store *store)
{
    pthread_mutex_lock(&shown_mutex);
    shown = store;
    pthread_mutex_unlock(&shown_mutex);
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) weft_metric_register(&metrics[i]);
}

void weft_store_metrics_hide(const struct weft_store *store)
{
    pthread_mutex_lock(&shown_mutex);
    if (shown == store) shown = NULL;
    pthread_mutex_unlock(&shown_mutex);
}
