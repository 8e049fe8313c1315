/* jaeger_metrics.c -- counting spans into cells, cells into points (jaeger_metrics.h).
 *
 *      first - W*step            first                       end
 *      |  cell 0 | ... | cell W-1 |  cell W | ...             |
 *      |<---- point 0: cells 0 to W-1 ---->|
 *                |<---- point 1: cells 1 to W ---->|
 *
 * A span counts in the cell in which it ends; a cell does not have its left border but its right one.
 */
#include "query/jaeger_metrics.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/map.h"
#include "model/jaeger_trace.h"
#include <math.h>

#define GROWTH 1.02  /* of latency buckets: their middle is within 1 % of all in them */
#define BUCKETS 2300 /* 2^64 ns is in bucket 2,240 */
#define TALLIES_MAX (UINT32_C(4) << 20)

/* How many spans of a cell took about so long. */
struct tally {
    uint32_t cell;
    uint32_t bucket;
    uint32_t count;
};
struct cells {
    struct weft_str service, operation; /* in the arena */
    uint32_t *calls, *errors;           /* by cell */
    struct tally *tallies;
    uint32_t tally_count, tally_capacity;
};
struct counting {
    const struct weft_jaeger_metrics_query *query;
    struct weft_arena *arena;
    struct weft_map numbers; /* service and operation to place in `all` */
    struct weft_buf key;
    struct cells *all;
    uint32_t count, capacity;
    uint32_t window, cell_count; /* W; cells in all */
    uint64_t from_ns;            /* left border of cell 0 */
    uint64_t tally_count;
    int rc;
    struct weft_err *err;
};

/* ---- counting ---- */

static uint32_t bucket_of(uint64_t ns)
{
    return ns <= 1 ? 0 : (uint32_t)(log((double)ns) / log(GROWTH)) + 1;
}

static double bucket_ms(uint32_t bucket)
{
    return bucket == 0 ? 0 : pow(GROWTH, bucket - 0.5) / 1e6;
}

static int tally_compare(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    if (x->cell != y->cell) return x->cell < y->cell ? -1 : 1;
    return x->bucket < y->bucket ? -1 : x->bucket > y->bucket;
}

static void tallies_merge(struct cells *cells)
{
    uint32_t kept = 0;
    if (cells->tally_count == 0) return;
    qsort(cells->tallies, cells->tally_count, sizeof *cells->tallies, tally_compare);
    for (uint32_t i = 1; i < cells->tally_count; i++) {
        if (tally_compare(&cells->tallies[i], &cells->tallies[kept]) == 0)
            cells->tallies[kept].count += cells->tallies[i].count;
        else
            cells->tallies[++kept] = cells->tallies[i];
    }
    cells->tally_count = kept + 1;
}

static void tally_add(struct counting *counting, struct cells *cells, uint32_t cell, uint64_t ns)
{
    if (cells->tally_count == cells->tally_capacity) {
        tallies_merge(cells);
        if (cells->tally_count >= cells->tally_capacity / 2) {
            uint32_t more = cells->tally_capacity == 0 ? 64 : cells->tally_capacity;
            counting->tally_count += more;
            cells->tally_capacity += more;
            cells->tallies =
                weft_realloc_array(cells->tallies, cells->tally_capacity, sizeof *cells->tallies);
        }
    }
    if (counting->tally_count > TALLIES_MAX)
        counting->rc =
            weft_fail(counting->err, WEFT_TOO_LARGE,
                      "too many different latencies; ask for fewer services or a larger step");
    cells->tallies[cells->tally_count++] = (struct tally){ cell, bucket_of(ns), 1 };
}

static struct cells *cells_of(struct counting *counting, struct weft_str service,
                              struct weft_str operation)
{
    bool is_new;
    weft_buf_reset(&counting->key);
    weft_buf_append(&counting->key, &service.len, sizeof service.len);
    weft_buf_append_str(&counting->key, service);
    weft_buf_append_str(&counting->key, operation);
    uint64_t at =
        *weft_map_put(&counting->numbers, weft_buf_str(&counting->key), counting->count, &is_new);
    if (!is_new) return &counting->all[at];
    if ((uint64_t)(counting->count + 1) * counting->cell_count > WEFT_JAEGER_CELLS_MAX) {
        counting->rc = weft_fail(counting->err, WEFT_TOO_LARGE,
                                 "more than %u series of %u steps; ask for fewer services, a "
                                 "shorter lookback or a larger step",
                                 counting->count, counting->cell_count);
        return NULL;
    }
    if (counting->count == counting->capacity) {
        counting->capacity = counting->capacity == 0 ? 16 : 2 * counting->capacity;
        counting->all =
            weft_realloc_array(counting->all, counting->capacity, sizeof *counting->all);
    }
    struct cells *cells = &counting->all[counting->count++];
    *cells = (struct cells){
        .service = weft_arena_copy(counting->arena, service),
        .operation = weft_arena_copy(counting->arena, operation),
        .calls = weft_arena_alloc_array(counting->arena, counting->cell_count, sizeof(uint32_t)),
        .errors = weft_arena_alloc_array(counting->arena, counting->cell_count, sizeof(uint32_t)),
    };
    return cells;
}

static bool is_asked_for(const struct weft_jaeger_metrics_query *query, struct weft_str service,
                         const struct weft_span *span)
{
    if ((query->kinds & 1u << span->kind) == 0) return false;
    for (uint32_t i = 0; i < query->service_count; i++)
        if (weft_str_equal(query->services[i], service)) return true;
    return false;
}

static void count_span(struct counting *counting, const struct weft_span *span)
{
    const struct weft_jaeger_metrics_query *query = counting->query;
    struct weft_str service = weft_jaeger_service(span->scope->resource);
    uint64_t duration = weft_span_duration_ns(span), end = span->start_time_unix_nano + duration;
    if (end <= counting->from_ns || end > query->end_ns || !is_asked_for(query, service, span))
        return;
    uint64_t cell = (end - counting->from_ns - 1) / query->step_ns;
    if (cell >= counting->cell_count) return; /* behind the last point */
    struct cells *cells = cells_of(counting, service,
                                   query->by_operation ? weft_jaeger_name(span->name) : WEFT_S(""));
    if (cells == NULL) return;
    cells->calls[cell]++;
    cells->errors[cell] += span->status_code == WEFT_STATUS_ERROR;
    if (query->metric == WEFT_JAEGER_LATENCIES)
        tally_add(counting, cells, (uint32_t)cell, duration);
}

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct counting *counting = arg;
    for (uint32_t i = 0; i < trace->span_count && counting->rc == WEFT_OK; i++)
        count_span(counting, &trace->spans[i]);
    return counting->rc == WEFT_OK;
}

/* ---- points ---- */

static void write_calls(const struct counting *counting, const struct cells *cells, double *values,
                        uint32_t point_count)
{
    bool is_errors = counting->query->metric == WEFT_JAEGER_ERRORS;
    double seconds = (double)counting->window * (double)counting->query->step_ns / 1e9;
    uint64_t calls = 0, errors = 0;
    for (uint32_t cell = 0; cell < counting->cell_count; cell++) {
        calls += cells->calls[cell];
        errors += cells->errors[cell];
        if (cell + 1 < counting->window) continue;
        uint32_t point = cell + 1 - counting->window;
        if (point >= point_count) return;
        if (!is_errors)
            values[point] = (double)calls / seconds;
        else
            values[point] = calls > 0 ? (double)errors / (double)calls : NAN;
        calls -= cells->calls[point]; /* the cell that leaves has the point's number */
        errors -= cells->errors[point];
    }
}

static double quantile_of(const uint64_t *histogram, uint32_t bucket_end, uint64_t total,
                          double quantile)
{
    uint64_t rank = (uint64_t)ceil(quantile * (double)total), seen = 0;
    if (total == 0) return NAN;
    if (rank == 0) rank = 1;
    for (uint32_t bucket = 0; bucket < bucket_end; bucket++)
        if ((seen += histogram[bucket]) >= rank) return bucket_ms(bucket);
    return bucket_ms(bucket_end);
}

static void write_latencies(const struct counting *counting, struct cells *cells, double *values,
                            uint32_t point_count)
{
    uint64_t histogram[BUCKETS] = { 0 }, total = 0;
    uint32_t in = 0, out = 0, bucket_end = 0;
    tallies_merge(cells);
    for (uint32_t point = 0; point < point_count; point++) { /* cells point to point + W - 1 */
        for (; in < cells->tally_count && cells->tallies[in].cell < point + counting->window;
             in++) {
            const struct tally *tally = &cells->tallies[in];
            histogram[tally->bucket] += tally->count;
            total += tally->count;
            if (tally->bucket >= bucket_end) bucket_end = tally->bucket + 1;
        }
        for (; out < in && cells->tallies[out].cell < point; out++) {
            histogram[cells->tallies[out].bucket] -= cells->tallies[out].count;
            total -= cells->tallies[out].count;
        }
        values[point] = quantile_of(histogram, bucket_end, total, counting->query->quantile);
    }
}

static int cells_compare(const void *a, const void *b)
{
    const struct cells *x = a, *y = b;
    int order = weft_str_compare(x->service, y->service);
    return order != 0 ? order : weft_str_compare(x->operation, y->operation);
}

static void write_points(struct counting *counting, struct weft_jaeger_metrics *out)
{
    out->series = weft_arena_alloc_array(counting->arena, counting->count, sizeof *out->series);
    if (counting->count > 1)
        qsort(counting->all, counting->count, sizeof *counting->all, cells_compare);
    for (; out->series_count < counting->count; out->series_count++) {
        struct cells *cells = &counting->all[out->series_count];
        double *values = weft_arena_alloc_array(counting->arena, out->point_count, sizeof *values);
        if (counting->query->metric == WEFT_JAEGER_LATENCIES)
            write_latencies(counting, cells, values, out->point_count);
        else
            write_calls(counting, cells, values, out->point_count);
        out->series[out->series_count] =
            (struct weft_jaeger_series){ cells->service, cells->operation, values };
    }
}

/* ---- the whole ---- */

static int measure(struct counting *counting, struct weft_jaeger_metrics *out)
{
    const struct weft_jaeger_metrics_query *query = counting->query;
    uint64_t points = query->lookback_ns / query->step_ns + 1;
    uint64_t window = (query->rate_per_ns + query->step_ns - 1) / query->step_ns;
    if (points > WEFT_JAEGER_POINTS_MAX || points + window > WEFT_JAEGER_CELLS_MAX)
        return weft_fail(counting->err, WEFT_INVALID,
                         "lookback and ratePer make %llu and %llu steps: expected at most %u and "
                         "%u; take a larger step",
                         (unsigned long long)points, (unsigned long long)window,
                         WEFT_JAEGER_POINTS_MAX, WEFT_JAEGER_CELLS_MAX);
    if (query->end_ns < query->lookback_ns ||
        query->end_ns - query->lookback_ns < window * query->step_ns)
        return weft_fail(counting->err, WEFT_INVALID, "lookback and ratePer reach before 1970");
    out->first_ns = query->end_ns - query->lookback_ns;
    out->point_count = (uint32_t)points;
    counting->window = (uint32_t)window;
    counting->cell_count = (uint32_t)(points - 1 + window);
    counting->from_ns = out->first_ns - window * query->step_ns;
    return WEFT_OK;
}

int weft_jaeger_metrics(const struct weft_source *source,
                        const struct weft_jaeger_metrics_query *query,
                        struct weft_jaeger_metrics *out, struct weft_arena *arena,
                        struct weft_err *err)
{
    struct counting counting = { .query = query, .arena = arena, .err = err };
    struct weft_trace_scan_result scanned = { 0 };
    *out = (struct weft_jaeger_metrics){ 0 };
    int rc = measure(&counting, out);
    if (rc < 0) return rc;
    struct weft_predicate service = {
        .field = WEFT_FIELD_SERVICE,
        .value = { .type = WEFT_VALUE_STRING, .bytes = query->services[0] },
    };
    bool is_one_service =
        query->service_count == 1 && !weft_str_equal_c(query->services[0], WEFT_JAEGER_NO_SERVICE);
    const struct weft_trace_scan scan = {
        .from_ns = counting.from_ns,
        .to_ns = query->end_ns + 1,
        .selection = weft_selection_all_of(&service, is_one_service, arena),
        .deadline_monotonic_ns = query->deadline_monotonic_ns,
        .cancelled = query->cancelled,
        .reads = query->reads,
    };
    rc = source->traces(source->self, &scan, visit, &counting, &scanned, err);
    if (rc >= 0) rc = counting.rc;
    if (rc >= 0) write_points(&counting, out);
    out->partial_reason = scanned.partial_reason;
    for (uint32_t i = 0; i < counting.count; i++) weft_free(counting.all[i].tallies);
    weft_free(counting.all);
    weft_map_release(&counting.numbers);
    weft_buf_release(&counting.key);
    return rc;
}
