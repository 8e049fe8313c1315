/* serve_status.c -- the program and its store, as members of /api/v1/status and as metrics. */
#include "app/serve.h"

#include "base/clock.h"
#include "base/metric.h"
#include "wire/json.h"
#include <unistd.h>

#define STAT(field) offsetof(struct weft_store_stats, field)
static const struct {
    const char *name, *metric, *help;
    size_t offset;
    enum weft_metric_kind kind;
} stats[] = {
    { "live_segments", "weft_store_live_segments", "Segments being written that hold spans.",
      STAT(live_segments), WEFT_METRIC_GAUGE },
    { "sealed_segments", "weft_store_sealed_segments", "Segments waiting for compaction.",
      STAT(sealed_segments), WEFT_METRIC_GAUGE },
    { "blocks", "weft_store_blocks", "Blocks of columns.", STAT(blocks), WEFT_METRIC_GAUGE },
    { "live_spans", "weft_store_live_spans", "Spans in live segments.", STAT(live_spans),
      WEFT_METRIC_GAUGE },
    { "sealed_spans", "weft_store_sealed_spans", "Spans in sealed segments.", STAT(sealed_spans),
      WEFT_METRIC_GAUGE },
    { "block_spans", "weft_store_block_spans", "Spans in blocks.", STAT(block_spans),
      WEFT_METRIC_GAUGE },
    { "segment_bytes", "weft_store_segment_bytes", "Bytes of segments with spans.",
      STAT(segment_bytes), WEFT_METRIC_GAUGE },
    { "block_bytes", "weft_store_block_bytes", "Bytes of blocks.", STAT(block_bytes),
      WEFT_METRIC_GAUGE },
    { "spare_bytes", "weft_store_spare_bytes", "Bytes of files kept for reuse.", STAT(spare_bytes),
      WEFT_METRIC_GAUGE },
    { "commits", "weft_store_commits_total", "Group commits that are on disk.", STAT(commits),
      WEFT_METRIC_COUNTER },
    { "commit_errors", "weft_store_commit_errors_total",
      "Group commits that failed; their senders were told.", STAT(commit_errors),
      WEFT_METRIC_COUNTER },
    { "committed_spans", "weft_store_committed_spans_total", "Spans acknowledged since the start.",
      STAT(committed_spans), WEFT_METRIC_COUNTER },
    { "compactions", "weft_store_compactions_total", "Merges that became a block.",
      STAT(compactions), WEFT_METRIC_COUNTER },
    { "compaction_errors", "weft_store_compaction_errors_total", "Merges that failed.",
      STAT(compaction_errors), WEFT_METRIC_COUNTER },
    { "refused_batches", "weft_store_refused_batches_total", "Batches told to come back later.",
      STAT(refused_batches), WEFT_METRIC_COUNTER },
    { "bundles", "weft_store_bundles", "Files of several blocks.", STAT(bundles),
      WEFT_METRIC_GAUGE },
    { "bundled_blocks", "weft_store_bundled_blocks", "Blocks that lie in bundles.",
      STAT(bundled_blocks), WEFT_METRIC_GAUGE },
    { "masked_spans", "weft_store_masked_spans",
      "Spans that a later block has taken over, joined with the rest of their traces.",
      STAT(masked_spans), WEFT_METRIC_GAUGE },
    { "bundlings", "weft_store_bundlings_total", "Compactions that made a bundle.", STAT(bundlings),
      WEFT_METRIC_COUNTER },
    { "compacted_bytes", "weft_store_compacted_bytes_total", "Bytes written by compactions.",
      STAT(compacted_bytes), WEFT_METRIC_COUNTER },
    { "set_aside_files", "weft_store_set_aside_files",
      "Files that compaction leaves as they are, after failures.", STAT(set_aside_files),
      WEFT_METRIC_GAUGE },
    { "retention_files", "weft_store_retention_files_total", "Files deleted by retention.",
      STAT(retention_files), WEFT_METRIC_COUNTER },
    { "retention_spans", "weft_store_retention_spans_total", "Spans deleted by retention.",
      STAT(retention_spans), WEFT_METRIC_COUNTER },
    { "retention_bytes", "weft_store_retention_bytes_total", "Bytes deleted by retention.",
      STAT(retention_bytes), WEFT_METRIC_COUNTER },
    { "refused_busy", "weft_store_refused_busy_total",
      "Batches told to come back later because the disk was behind.", STAT(refused_busy),
      WEFT_METRIC_COUNTER },
    { "refused_tail", "weft_store_refused_tail_total",
      "Batches told to come back later because compaction was behind.", STAT(refused_tail),
      WEFT_METRIC_COUNTER },
    { "refused_space", "weft_store_refused_space_total",
      "Batches told to come back later because the disk is nearly full.", STAT(refused_space),
      WEFT_METRIC_COUNTER },
    { "free_bytes", "weft_store_free_bytes", "Free bytes of the file system of the store.",
      STAT(free_bytes), WEFT_METRIC_GAUGE },
    { "free_bytes_min", "weft_store_free_bytes_min", "With fewer free bytes nothing is taken in.",
      STAT(free_bytes_min), WEFT_METRIC_GAUGE },
    { "refused_fault", "weft_store_refused_fault_total",
      "Batches told to come back later because a write failed.", STAT(refused_fault),
      WEFT_METRIC_COUNTER },
    { "tail_memory_bytes", "weft_store_tail_memory_bytes",
      "Memory of the tables of sealed segments.", STAT(tail_memory_bytes), WEFT_METRIC_GAUGE },
    { "damaged_files", "weft_store_damaged_files", "Files of the directory that cannot be read.",
      STAT(damaged_files), WEFT_METRIC_GAUGE },
    { "torn_bytes", "weft_store_torn_bytes", "Bytes cut off at opening, never acknowledged.",
      STAT(torn_bytes), WEFT_METRIC_GAUGE },
};
enum { STAT_COUNT = sizeof stats / sizeof stats[0] };

static uint64_t stat_value(const struct weft_store_stats *from, size_t i)
{
    return *(const uint64_t *)(const void *)((const char *)from + stats[i].offset);
}

/* Resident bytes of this process, or 0 where /proc cannot be read. */
static uint64_t resident_bytes(void)
{
    FILE *statm = fopen("/proc/self/statm", "re");
    unsigned long long size, resident = 0;

    if (statm == NULL) return 0;
    if (fscanf(statm, "%llu %llu", &size, &resident) != 2) resident = 0;
    fclose(statm);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double uptime_seconds(const struct weft_serve *serve)
{
    return (double)(weft_clock_monotonic_ns() - serve->started_monotonic_ns) / 1e9;
}

void weft_serve_write_status(void *self, struct weft_buf *out)
{
    struct weft_serve *serve = self;
    struct weft_json_writer json = { .out = out };
    struct weft_store_stats now;

    weft_store_stats(serve->store, &now);
    weft_serve_write_live(serve, &now, &json);
    weft_json_key(&json, "uptime_seconds");
    weft_json_double(&json, uptime_seconds(serve));
    weft_json_key(&json, "is_ready");
    weft_json_bool(&json, atomic_load(&serve->is_ready));
    weft_json_key(&json, "resident_bytes");
    weft_json_u64(&json, resident_bytes());
    weft_json_key(&json, "body_bytes");
    weft_json_u64(&json, (uint64_t)atomic_load(&serve->body_budget.used_bytes));
    weft_json_key(&json, "body_bytes_limit");
    weft_json_u64(&json, (uint64_t)serve->body_budget.limit_bytes);
    weft_json_key(&json, "store");
    weft_json_object_start(&json);
    for (size_t i = 0; i < STAT_COUNT; i++) {
        weft_json_key(&json, stats[i].name);
        weft_json_u64(&json, stat_value(&now, i));
    }
    weft_json_object_end(&json);
}

/* Metrics stay registered; they are read by requests only, and those end before the store does. */
static struct stat_reader {
    struct weft_serve *serve;
    size_t index;
} stat_readers[STAT_COUNT];
static struct weft_metric stat_metrics[STAT_COUNT];

static uint64_t read_stat(void *self)
{
    const struct stat_reader *reader = self;
    struct weft_store_stats now;

    weft_store_stats(reader->serve->store, &now);
    return stat_value(&now, reader->index);
}

static uint64_t read_body_bytes(void *self)
{
    return (uint64_t)atomic_load(&((struct weft_serve *)self)->body_budget.used_bytes);
}

static uint64_t read_body_limit(void *self)
{
    return (uint64_t)((struct weft_serve *)self)->body_budget.limit_bytes;
}

static uint64_t read_work_bytes(void *self)
{
    return (uint64_t)atomic_load(&((struct weft_serve *)self)->work_budget.used_bytes);
}

static uint64_t read_retry_delay(void *self)
{
    return weft_retry_delay_middle_ns(&((struct weft_serve *)self)->retry) / WEFT_NS_PER_MS;
}

static uint64_t read_requests(void *self)
{
    uint64_t count, oldest_ns;
    weft_http_server_requests_open(((struct weft_serve *)self)->server, &count, &oldest_ns);
    return count;
}

static uint64_t read_oldest(void *self)
{
    uint64_t count, oldest_ns;
    weft_http_server_requests_open(((struct weft_serve *)self)->server, &count, &oldest_ns);
    return oldest_ns / WEFT_NS_PER_MS;
}

static uint64_t read_resident(void *self)
{
    return resident_bytes();
}

static uint64_t read_cpu(void *self)
{
    return weft_clock_process_cpu_ns() / WEFT_NS_PER_MS;
}

static struct weft_metric own_metrics[] = {
    { .name = "weft_request_body_bytes",
      .help = "Bytes that requests with spans hold: bodies, headers. Bounded by memory.limit.",
      .kind = WEFT_METRIC_GAUGE,
      .read = read_body_bytes },
    { .name = "weft_request_body_limit_bytes",
      .help = "The bound: memory.limit.",
      .kind = WEFT_METRIC_GAUGE,
      .read = read_body_limit },
    { .name = "weft_request_work_bytes",
      .help = "Bytes that inflating and decoding hold beside, under the same bound.",
      .kind = WEFT_METRIC_GAUGE,
      .read = read_work_bytes },
    { .name = "weft_retry_delay_milliseconds",
      .help = "What refused senders are asked to wait, in the middle.",
      .kind = WEFT_METRIC_GAUGE,
      .read = read_retry_delay },
    { .name = "weft_http_requests_open",
      .help = "Requests begun and not answered, all listeners.",
      .kind = WEFT_METRIC_GAUGE,
      .read = read_requests },
    { .name = "weft_http_oldest_request_milliseconds",
      .help = "Age of the oldest of them.",
      .kind = WEFT_METRIC_GAUGE,
      .read = read_oldest },
    { .name = "weft_process_resident_bytes",
      .help = "Resident memory.",
      .kind = WEFT_METRIC_GAUGE,
      .read = read_resident },
    { .name = "weft_process_cpu_milliseconds_total",
      .help = "Processor time used, in milliseconds.",
      .kind = WEFT_METRIC_COUNTER,
      .read = read_cpu },
};

void weft_serve_register_metrics(struct weft_serve *serve)
{
    for (size_t i = 0; i < STAT_COUNT; i++) {
        stat_readers[i].serve = serve;
        stat_readers[i].index = i;
        stat_metrics[i].name = stats[i].metric;
        stat_metrics[i].help = stats[i].help;
        stat_metrics[i].kind = stats[i].kind;
        stat_metrics[i].read = read_stat;
        stat_metrics[i].self = &stat_readers[i];
        weft_metric_register(&stat_metrics[i]);
    }
    for (size_t i = 0; i < sizeof own_metrics / sizeof own_metrics[0]; i++) {
        own_metrics[i].self = serve;
        weft_metric_register(&own_metrics[i]);
    }
}
